//! The mail to admins that ledger and payment provider differ.

use domain::{ids::ReconciliationId, manners::Manners};
use serde::{Deserialize, Serialize};

use super::{
    Kind, NewMail, keep,
    layout::Body,
    letter::{Letter, Reader},
    store,
    texts::{Texts, fill},
};
use crate::{Result, Services, jobs::Job};

/// The job that writes to every admin what a comparison found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TellOfDifferences {
    /// Which.
    pub run: ReconciliationId,
}

impl Job for TellOfDifferences {
    const NAME: &'static str = "tell_of_differences";

    async fn run(self, services: &Services) -> Result<()> {
        write(services, self.run).await
    }
}

/// What the mail is written from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct About {
    /// Differences that were found.
    pub found: i64,
    /// Differences that are open.
    pub open: i64,
}

/// Writes the mail, once for each comparison and admin. What has closed since then is no news.
async fn write(services: &Services, run: ReconciliationId) -> Result<()> {
    let mut tx = services.begin().await?;
    let Some(about) = store::find_about_differences(&mut tx, run).await? else { return Ok(()) };
    for reader in store::list_admin_readers(&mut tx).await? {
        let letter = compose(&reader, about, &services.config.web.public_url)?;
        let subject = format!("{run}/{}", reader.user);
        keep(services, &mut tx, &NewMail::of(Kind::Reconciliation, subject, &reader, &letter)).await?;
    }
    Ok(tx.commit().await?)
}

fn compose(reader: &Reader, about: About, public_url: &str) -> Result<Letter> {
    let texts = Texts::of(reader.language)?;
    let own = &texts.reconciliation;
    let number = |count: i64| Manners::of(reader.language).number(count);
    let subject = if about.found == 1 { &own.subject_one } else { &own.subject_other };
    let count = number(about.found);
    let body = Body {
        language: reader.language,
        greeting: fill(&texts.greeting, &[("name", &reader.name)]),
        paragraphs: vec![own.lead.clone()],
        rows: vec![(own.found.clone(), count.clone()), (own.open.clone(), number(about.open))],
        button: (own.link.clone(), format!("{public_url}/admin/reconciliation#differences")),
        links: Vec::new(),
        reason: texts.reason.account.clone(),
    };
    Letter::lay_out(&texts, fill(subject, &[("count", &count)]), &body, public_url)
}

#[cfg(test)]
mod tests {
    use domain::{account::Language, ids::UserId, zone::Zone};

    use super::*;

    fn told(language: Language, found: i64) -> String {
        let reader = Reader {
            user: UserId(uuid::Uuid::from_u128(3)),
            email: "ada@example.org".into(),
            name: "Ada".into(),
            language,
            zone: Zone::parse("Europe/Paris").expect("a zone"),
        };
        let letter = compose(&reader, About { found, open: 1234 }, "https://x.test").expect("sentences");
        format!("{}\n\n{}", letter.subject, letter.text)
    }

    #[test]
    fn admins_read_how_much_differs() {
        for language in Language::ALL {
            insta::assert_snapshot!(format!("reconciliation_{}", language.tag()), told(language, 2));
        }
        assert!(told(Language::En, 1).starts_with("1 new difference between"));
    }
}
