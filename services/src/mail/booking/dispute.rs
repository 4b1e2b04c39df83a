//! Mails about disputes: what one of the two says is told to the other, what is decided to both.

use domain::{
    booking::{Booking, Party},
    dispute::{Outcome, Reason, Standing},
    ids::{BookingId, UserId},
    manners::Manners,
    money::Money,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{
    about::{About, Words},
    store,
};
use crate::{
    Result, Services, booking,
    jobs::Job,
    mail::{
        Kind, NewMail, keep,
        letter::Letter,
        store::find_reader,
        texts::{DisputeTexts, Texts, fill},
    },
    notice::{self, News, Subject},
};

/// The job that writes the mails about something that happened in a dispute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TellOfDispute {
    /// The event of the outbox.
    pub event: i64,
}

impl Job for TellOfDispute {
    const NAME: &'static str = "tell_of_dispute";

    async fn run(self, services: &Services) -> Result<()> {
        tell(services, self.event).await
    }
}

impl TellOfDispute {
    /// Whether such an event of the outbox asks for mails about a dispute.
    pub(crate) fn is_asked_for(event: &str) -> bool {
        matches!(
            event,
            "dispute.opened"
                | "dispute.claimed"
                | "dispute.answered"
                | "dispute.decided"
                | "dispute.charged_back"
                | "dispute.bank_decided"
        )
    }
}

/// An event of a dispute, as the outbox has it.
pub(super) struct Event {
    pub kind: String,
    pub booking: BookingId,
    pub told: Told,
}

/// What an event of a dispute says: its payload.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Told {
    /// student, tutor, admin or system.
    actor: String,
    /// What it is about, where somebody makes a claim.
    reason: Option<Reason>,
    /// How a chargeback stands.
    standing: Option<Standing>,
    /// Whether the bank only asked, and has taken nothing.
    #[serde(default)]
    asked_only: bool,
    /// What was decided, and why.
    decision: Option<Decision>,
}

#[derive(Clone, Debug, Deserialize)]
struct Decision {
    outcome: Outcome,
    amount: Money,
    /// What was owed is reduced; else it is given back.
    reduced: bool,
    note: String,
}

/// Writes the mails and notices about an event, once for each person but who caused it.
async fn tell(services: &Services, id: i64) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let Some(event) = store::find_dispute_event(&mut tx, id).await? else { return Ok(()) };
    let found = booking::read(&mut tx, event.booking, now).await?.ok_or_else(booking::not_found)?;
    let both = [(Party::Student, found.booking.student), (Party::Tutor, found.tutor_user)];
    let mut told = Vec::new();
    for (party, user) in both.into_iter().filter(|(party, _)| event.told.actor != party.name()) {
        let written = write(services, &mut tx, &event, &found.booking, (party, user), id).await?;
        told.extend(written.map(|sentence| (user, sentence)));
    }
    let subject = Subject::Booking(event.booking);
    let news = News { kind: Kind::Dispute, about: &id.to_string(), subject, useful_until: None };
    let told: Vec<_> = told.iter().map(|(user, sentence)| (*user, &**sentence)).collect();
    let noticed = notice::tell(&mut tx, &told, &news, now).await?;
    tx.commit().await?;
    services.live.wake(&noticed);
    Ok(())
}

/// Writes the mail to one of the two; its subject, where there is somebody.
async fn write(
    services: &Services,
    tx: &mut PgConnection,
    event: &Event,
    booking: &Booking,
    (party, user): (Party, UserId),
    id: i64,
) -> Result<Option<String>> {
    let Some(reader) = find_reader(tx, user).await? else { return Ok(None) };
    let about = About { booking, reader: &reader, party, public_url: &services.config.web.public_url };
    let (letter, subject) = (compose(&about, event)?, format!("{id}/{user}"));
    keep(services, tx, &NewMail::of(Kind::Dispute, subject, &reader, &letter)).await?;
    Ok(Some(letter.subject))
}

fn compose(about: &About<'_>, event: &Event) -> Result<Letter> {
    let texts = Texts::of(about.reader.language)?;
    let own = &texts.booking.dispute;
    let (subject, mut paragraphs) = match &*event.kind {
        "dispute.charged_back" | "dispute.bank_decided" => bank(about, own, &event.told),
        "dispute.opened" => (&own.opened_subject, vec![about.say(&own.opened), own.opened_next.clone()]),
        "dispute.claimed" => (&own.answered_subject, vec![about.say(&own.claimed)]),
        "dispute.decided" => (&own.decided_subject, vec![about.say(&own.decided)]),
        _ => (&own.answered_subject, vec![about.say(&own.answered)]),
    };
    let mut rows = about.rows(&texts);
    if let Some(reason) = event.told.reason {
        rows.push((texts.booking.reason.clone(), reason_name(own, reason).to_owned()));
    }
    if let Some(decision) = &event.told.decision {
        paragraphs.push(verdict(about, own, decision));
        rows.push((own.why.clone(), decision.note.clone()));
    }
    let (mut button, links) = (about.page(&own.link), Vec::new());
    button.1.push_str("#dispute");
    about.letter(&texts, Words { subject: about.say(subject), paragraphs, rows, button, links })
}

/// What the bank of the card does, to the one who reads it.
fn bank<'a>(about: &About<'_>, own: &'a DisputeTexts, told: &Told) -> (&'a String, Vec<String>) {
    let (subject, for_student, for_tutor) = match told.standing {
        Some(Standing::Won) if told.asked_only => {
            (&own.bank_closed_subject, &own.bank_closed, &own.bank_closed)
        }
        Some(Standing::Won) => (&own.bank_decided_subject, &own.bank_won_student, &own.bank_won_tutor),
        Some(Standing::Lost) => (&own.bank_decided_subject, &own.bank_lost_student, &own.bank_lost_tutor),
        Some(Standing::Inquiry | Standing::InquiryReview) => {
            (&own.bank_subject, &own.bank_asks_student, &own.bank_asks_tutor)
        }
        _ => (&own.bank_subject, &own.bank_took_student, &own.bank_took_tutor),
    };
    let sentence = if about.party == Party::Student { for_student } else { for_tutor };
    (subject, vec![about.say(sentence)])
}

/// What a decision means for the money.
fn verdict(about: &About<'_>, own: &DisputeTexts, decision: &Decision) -> String {
    let amount = Manners::of(about.reader.language).money(decision.amount);
    let sentence = match decision {
        Decision { outcome: Outcome::None, .. } => &own.nothing,
        Decision { reduced: true, .. } => &own.reduced,
        Decision { .. } => &own.given_back,
    };
    fill(sentence, &[("amount", &amount)])
}

fn reason_name(own: &DisputeTexts, reason: Reason) -> &str {
    match reason {
        Reason::NotHeld => &own.not_held,
        Reason::CutShort => &own.cut_short,
        Reason::NotAsAgreed => &own.not_as_agreed,
        Reason::Technical => &own.technical,
        Reason::WrongOutcome => &own.wrong_outcome,
        Reason::Other => &own.other,
    }
}
