//! The mail about a refund: what was given back to a student, and why.

use domain::{ids::BookingId, manners::Manners, money::Money};
use serde::{Deserialize, Serialize};

use super::{
    Kind,
    layout::Body,
    letter::{Letter, Reader},
    store, tell,
    texts::{Texts, fill},
};
use crate::{Result, Services, jobs::Job, notice::Subject};

/// The job that writes to a student that money was given back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TellOfRefund {
    /// The event of the outbox.
    pub event: i64,
}

impl Job for TellOfRefund {
    const NAME: &'static str = "tell_of_refund";

    async fn run(self, services: &Services) -> Result<()> {
        write(services, self.event).await
    }
}

impl TellOfRefund {
    /// Whether such an event of the outbox asks for it.
    pub(crate) fn is_asked_for(event: &str) -> bool {
        event == "payment.refunded"
    }
}

/// What the mail is written from.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub booking: BookingId,
    /// The refund: about each there is one mail.
    pub subject: String,
    pub reader: Reader,
    pub amount: Money,
    pub title: String,
    pub tutor: String,
    /// Why, in an admin's words.
    pub reason: String,
    /// The brand and the last digits of the card that paid, where it is known.
    pub card: Option<(String, String)>,
}

/// Writes the mail and the notice, once for each refund that was given. What failed meanwhile is not told.
async fn write(services: &Services, event: i64) -> Result<()> {
    let mut tx = services.begin().await?;
    let Some(about) = store::find_about_refund(&mut tx, event).await? else { return Ok(()) };
    let letter = compose(&about, &services.config.web.public_url)?;
    let what = (Kind::Refund, &*about.subject, Subject::Booking(about.booking));
    tell(services, tx, what, &about.reader, &letter).await
}

fn compose(about: &About, public_url: &str) -> Result<Letter> {
    let texts = Texts::of(about.reader.language)?;
    let own = &texts.refund;
    let amount = Manners::of(about.reader.language).money(about.amount);
    let values = [("amount", &*amount), ("title", &*about.title)];
    let lesson = fill(&texts.with, &[("title", &about.title), ("name", &about.tutor)]);
    let mut rows = vec![(texts.lesson.clone(), lesson), (texts.amount.clone(), amount.clone())];
    if let Some((brand, last4)) = &about.card {
        let brand = super::money::capitalized(brand);
        let known = fill(&texts.card_number, &[("brand", &brand), ("last4", last4)]);
        rows.push((texts.card.clone(), known));
    }
    rows.push((own.why.clone(), about.reason.clone()));
    let body = Body {
        language: about.reader.language,
        greeting: fill(&texts.greeting, &[("name", &about.reader.name)]),
        paragraphs: vec![fill(&own.lead, &values), own.days.clone()],
        rows,
        button: (own.link.clone(), format!("{public_url}/lessons/{}/charge", about.booking)),
        links: Vec::new(),
        reason: texts.reason.lesson.clone(),
    };
    Letter::lay_out(&texts, fill(&own.subject, &values), &body, public_url)
}
