//! The mail to admins that money which was to be given back or taken back has not arrived.

use chrono::{DateTime, Utc};
use domain::{manners::Manners, money::Money};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Kind, NewMail, keep,
    layout::Body,
    letter::{Letter, Reader},
    store,
    texts::{Texts, fill},
};
use crate::{Result, Services, jobs::Job};

/// The job that writes to every admin what did not arrive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TellOfStuck {
    /// The case that was opened.
    pub case: Uuid,
}

impl Job for TellOfStuck {
    const NAME: &'static str = "tell_of_stuck";

    async fn run(self, services: &Services) -> Result<()> {
        write(services, self.case).await
    }
}

/// What the mail is written from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct About {
    /// The kind of the case.
    pub kind: String,
    pub amount: Money,
    pub title: String,
    pub start: DateTime<Utc>,
    pub student: String,
    pub tutor: String,
    /// The provider's word for why.
    pub why: String,
}

/// Writes the mail, once for each case and admin. What an admin has seen to since then is no news.
async fn write(services: &Services, case: Uuid) -> Result<()> {
    let mut tx = services.begin().await?;
    let Some(about) = store::find_about_case(&mut tx, case).await? else { return Ok(()) };
    for reader in store::list_admin_readers(&mut tx).await? {
        let letter = compose(&reader, &about, &services.config.web.public_url)?;
        let subject = format!("{case}/{}", reader.user);
        keep(services, &mut tx, &NewMail::of(Kind::MoneyStuck, subject, &reader, &letter)).await?;
    }
    Ok(tx.commit().await?)
}

fn compose(reader: &Reader, about: &About, public_url: &str) -> Result<Letter> {
    let texts = Texts::of(reader.language)?;
    let own = &texts.money_stuck;
    let (subject, lead) = match &*about.kind {
        "reversal_failed" => (&own.reversal_subject, &own.reversal_lead),
        "deposit_not_returned" => (&own.deposit_subject, &own.deposit_lead),
        _ => (&own.refund_subject, &own.refund_lead),
    };
    let amount = Manners::of(reader.language).money(about.amount);
    let values = [("amount", &*amount), ("title", &*about.title)];
    let lesson = fill(&texts.with, &[("title", &about.title), ("name", &about.tutor)]);
    let body = Body {
        language: reader.language,
        greeting: fill(&texts.greeting, &[("name", &reader.name)]),
        paragraphs: vec![fill(lead, &values)],
        rows: vec![
            (texts.lesson.clone(), lesson),
            (own.student.clone(), about.student.clone()),
            (texts.time.clone(), reader.moment(about.start)),
            (texts.amount.clone(), amount.clone()),
            (own.why.clone(), about.why.clone()),
        ],
        button: (own.link.clone(), format!("{public_url}/admin#cases")),
        links: Vec::new(),
        reason: texts.reason.account.clone(),
    };
    Letter::lay_out(&texts, fill(subject, &values), &body, public_url)
}

#[cfg(test)]
mod tests {
    use domain::{account::Language, ids::UserId, money::Currency, zone::Zone};

    use super::*;

    fn told(language: Language, kind: &str) -> String {
        let reader = Reader {
            user: UserId(Uuid::from_u128(3)),
            email: "ada@example.org".into(),
            name: "Ada".into(),
            language,
            zone: Zone::parse("Europe/Paris").expect("a zone"),
        };
        let about = About {
            kind: kind.into(),
            amount: Money { minor: 123_450, currency: Currency::Eur },
            title: "Maths <b>& more</b> {{ amount }}".into(),
            start: "2027-03-01T12:00:00Z".parse().expect("an instant"),
            student: "Sam".into(),
            tutor: "Tina".into(),
            why: "insufficient_funds".into(),
        };
        let letter = compose(&reader, &about, "https://x.test").expect("sentences");
        format!("{}\n\n{}", letter.subject, letter.text)
    }

    #[test]
    fn admins_read_what_did_not_arrive() {
        for language in Language::ALL {
            let kinds = ["refund_failed", "deposit_not_returned", "reversal_failed"];
            let told = kinds.map(|kind| told(language, kind)).join("\n\n----\n\n");
            insta::assert_snapshot!(format!("money_stuck_{}", language.tag()), told);
        }
    }
}
