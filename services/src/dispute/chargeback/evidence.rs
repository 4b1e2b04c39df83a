//! The evidence that is sent to a bank: who came, what was paid, what was agreed to, and the words of an admin.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{Code, Refusal, attendance::Record, booking::Party, dispute::Statement, ids::DisputeId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    super::{Dispute, find},
    hear,
    store::{self, Asked, Consent, Receipt},
};
use crate::{
    Actor, Result, Services, booking, chance,
    jobs::{self, Job},
    lesson,
    payment::provider::{Evidence, Taken},
};

/// At most this many characters in a field of the provider's (Stripe).
const MAX_FIELD: usize = 20_000;

/// The job that sends evidence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubmitEvidence {
    /// Which: the provider's key too.
    pub evidence: Uuid,
}

impl Job for SubmitEvidence {
    const NAME: &'static str = "submit_evidence";

    async fn run(self, services: &Services) -> Result<()> {
        submit(services, self.evidence).await
    }
}

/// An admin has our evidence sent to the bank, once for each time that it asks, and again where it was not taken: who
/// came, the receipt, what was agreed to, and these words.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `NOT_FOUND`, `INVALID_STATE` (`dispute_no_evidence`) where no bank waits for evidence, or
/// it was sent.
pub async fn submit_evidence(
    services: &Services,
    actor: &Actor,
    id: DisputeId,
    words: &Statement,
) -> Result<Dispute> {
    actor.require_admin()?;
    find(services, actor, id).await?;
    let (evidence, now) = (chance::id::<Uuid>(), services.clock.now());
    let mut tx = services.begin().await?;
    if !store::insert_evidence(&mut tx, evidence, id, words.as_str(), actor.user, now).await? {
        return Err(Refusal::new(Code::InvalidState, "dispute_no_evidence").into());
    }
    jobs::enqueue(&mut tx, &SubmitEvidence { evidence }).await?;
    tx.commit().await?;
    find(services, actor, id).await
}

async fn submit(services: &Services, id: Uuid) -> Result<()> {
    let mut db = services.db.acquire().await?;
    let Some(asked) = store::find_asked(&mut db, id).await? else { return Ok(()) };
    let evidence = gather(services, &mut db, &asked).await?;
    drop(db);
    let provider = services.payments()?;
    let failure = match provider.submit_evidence(&asked.chargeback, &evidence, &id.to_string()).await? {
        Taken::Yes => None,
        Taken::No(why) => {
            tracing::error!(chargeback = asked.chargeback, why, "the bank takes no evidence");
            Some(why)
        }
    };
    // Before the end is noted: whoever is killed in between comes back to both.
    hear(services, &asked.chargeback).await?;
    let mut db = services.db.acquire().await?;
    store::set_finished(&mut db, id, failure.as_deref(), services.clock.now()).await
}

async fn gather(services: &Services, db: &mut PgConnection, asked: &Asked) -> Result<Evidence> {
    let found = booking::read(db, asked.booking, services.clock.now()).await?;
    let lesson = found.ok_or_else(booking::not_found)?.booking;
    let records = lesson::store::list_records(db, lesson.lesson).await?;
    let (start, end) = (stamp(lesson.start), stamp(lesson.end));
    let (title, tutor) = (&lesson.title, &lesson.tutor_name);
    let mut product = format!("An online lesson, \"{title}\", with {tutor}, from {start} to {end}.");
    if let Some(Receipt { number, paid_at, amount }) = &asked.receipt {
        let _ = write!(
            product,
            " Receipt {number}: {} paid on {}.",
            {
                let currency = amount.currency.code();
                format!("{} {currency}", amount.decimal())
            },
            stamp(*paid_at)
        );
    }
    Ok(Evidence {
        product,
        service_date: lesson.start.date_naive().to_string(),
        customer_name: lesson.student_name.clone(),
        customer_email: asked.email.clone(),
        attendance: short(attendance(&records)),
        policy: short(policy(lesson.policy.cancel_notice_min, asked.consent.as_ref())),
        words: asked.words.clone(),
    })
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// As much of a text as the provider takes.
fn short(text: String) -> String {
    text.chars().take(MAX_FIELD).collect()
}

/// The sealed list of who came, a line for each record with its seal.
fn attendance(records: &[(Record, Vec<u8>)]) -> String {
    let mut text =
        "Recorded by the platform, each line sealed by SHA-256 over it and all before it:".to_owned();
    for (record, seal) in records {
        let party = record.party.map_or("-", Party::name);
        let _ = write!(text, "\n{} {} {} by {} ", stamp(record.at), record.kind.name(), party, record.source);
        if let Some(told) = record.told_at {
            let _ = write!(text, "told {} ", stamp(told));
        }
        for byte in seal {
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

/// What was agreed to: until when a lesson can be called off, and the words with which the card was saved.
fn policy(cancel_notice_min: i64, consent: Option<&Consent>) -> String {
    let mut text = format!(
        "A lesson can be cancelled or moved at no cost until {cancel_notice_min} minutes before its start; this is shown \
         before booking and on the page of the lesson."
    );
    if let Some(Consent { version, text: words, at }) = consent {
        let at = stamp(*at);
        let _ = write!(
            text,
            "\nOn {at} the customer saved the card and agreed to this (version {version}): {words}"
        );
    }
    text
}
