//! The mails about a payout: what was sent to a tutor, and of what it is made; or that it could not be sent yet.

use chrono::TimeDelta;
use domain::{ids::PayoutId, manners::Manners, money::Money};
use serde::{Deserialize, Serialize};

use super::{
    Kind,
    layout::Body,
    letter::{Letter, Reader},
    store, tell,
    texts::{Texts, fill},
};
use crate::{Result, Services, jobs::Job, notice::Subject};

/// The job that writes to a tutor that a payout was sent, or was refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TellOfPayout {
    /// Which.
    pub payout: PayoutId,
}

impl Job for TellOfPayout {
    const NAME: &'static str = "tell_of_payout";

    async fn run(self, services: &Services) -> Result<()> {
        write(services, self.payout).await
    }
}

/// What the mail is written from.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub reader: Reader,
    pub amount: Money,
    /// How many lessons it pays for.
    pub lessons: i64,
    /// What their parts sum to, minor units.
    pub parts: i64,
    /// The provider's word for why it was refused; `None` where it was sent.
    pub failure: Option<String>,
}

/// After it a payout is no news any more.
const OLD: TimeDelta = TimeDelta::days(2);

/// Writes mail and notice, once for each payout that was sent, and once for refusals in a row. Nobody is told of the
/// past, or who is gone.
async fn write(services: &Services, id: PayoutId) -> Result<()> {
    let mut tx = services.begin().await?;
    let Some(about) = store::find_about_payout(&mut tx, id, services.clock.now() - OLD).await? else {
        return Ok(());
    };
    let public_url = &services.config.web.public_url;
    let (kind, letter) = match &about.failure {
        None => (Kind::Payout, compose(&about, public_url)?),
        Some(why) => (Kind::PayoutFailed, not_sent(&about, why, public_url)?),
    };
    tell(services, tx, (kind, &id.to_string(), Subject::Payout(id)), &about.reader, &letter).await
}

fn compose(about: &About, public_url: &str) -> Result<Letter> {
    let texts = Texts::of(about.reader.language)?;
    let own = &texts.payout;
    let money = |minor| Manners::of(about.reader.language).money(Money { minor, ..about.amount });
    let amount = money(about.amount.minor);
    let values = [("amount", &*amount)];
    let mut rows =
        vec![(own.lessons.clone(), about.lessons.to_string()), (own.parts.clone(), money(about.parts))];
    let corrected = about.amount.minor - about.parts;
    if corrected != 0 {
        let label = if corrected < 0 { &own.kept_back } else { &own.given_again };
        rows.push((label.clone(), money(corrected)));
    }
    rows.push((texts.amount.clone(), amount.clone()));
    let body = Body {
        language: about.reader.language,
        greeting: fill(&texts.greeting, &[("name", &about.reader.name)]),
        paragraphs: vec![fill(&own.lead, &values)],
        rows,
        button: (own.link.clone(), format!("{public_url}/tutor/earnings#payouts")),
        links: Vec::new(),
        reason: texts.reason.account.clone(),
    };
    Letter::lay_out(&texts, fill(&own.subject, &values), &body, public_url)
}

/// That the provider refused it, and what follows.
fn not_sent(about: &About, why: &str, public_url: &str) -> Result<Letter> {
    let texts = Texts::of(about.reader.language)?;
    let own = &texts.payout_failed;
    let amount = Manners::of(about.reader.language).money(about.amount);
    let values = [("amount", &*amount)];
    let next = if why == "balance_insufficient" { &own.short } else { &own.account };
    let body = Body {
        language: about.reader.language,
        greeting: fill(&texts.greeting, &[("name", &about.reader.name)]),
        paragraphs: vec![fill(&own.lead, &values), next.clone()],
        rows: vec![
            (texts.payout.lessons.clone(), about.lessons.to_string()),
            (texts.amount.clone(), amount.clone()),
        ],
        button: (own.link.clone(), format!("{public_url}/tutor/earnings")),
        links: Vec::new(),
        reason: texts.reason.account.clone(),
    };
    Letter::lay_out(&texts, fill(&own.subject, &values), &body, public_url)
}

#[cfg(test)]
mod tests {
    use domain::{account::Language, ids::UserId, money::Currency, zone::Zone};

    use super::*;

    fn told(language: Language, parts: i64) -> String {
        let reader = Reader {
            user: UserId(uuid::Uuid::from_u128(3)),
            email: "tina@example.org".into(),
            name: "Tina".into(),
            language,
            zone: Zone::parse("Europe/Paris").expect("a zone"),
        };
        let amount = Money { minor: 335_000, currency: Currency::Eur };
        let about = About { reader, amount, lessons: 2, parts, failure: None };
        let letter = compose(&about, "https://x.test").expect("sentences");
        format!("{}\n\n{}", letter.subject, letter.text)
    }

    #[test]
    fn a_tutor_reads_what_was_sent() {
        for language in Language::ALL {
            insta::assert_snapshot!(format!("payout_{}", language.tag()), told(language, 435_000));
        }
        assert!(!told(Language::En, 335_000).contains("€0.00"), "nothing was kept back");
        assert!(told(Language::En, 235_000).contains("€1,000.00"), "something was given again");
    }
}
