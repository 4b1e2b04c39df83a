//! Charging a lesson: from the due row over the provider's answer to ledger and debt.
//!
//! Three steps, each of which may be the last of a process that is killed: note the attempt, ask the provider under
//! the attempt's key, record the answer. Whoever comes next finds the open attempt and asks again: the provider
//! answers as it did before, and what is recorded once is recorded.

use chrono::{DateTime, Utc};
use domain::{
    booking::Booking,
    ids::{BookingId, ChargeId, UserId},
    ledger::Event,
    payment::{ChargeEvent, ChargeState},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    deposits,
    provider::{Answer, Decline, Demand, KEY_LIFE},
    store::{self, OpenAttempt, Owed},
};
use crate::{
    AppError, Result, Services, account, booking, chance,
    jobs::{self, Job},
    ledger, live, outbox, payout,
};

/// How many charges are handed out in one transaction.
pub(super) const BATCH: i64 = 50;

/// The job that charges a lesson.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChargeLesson {
    /// What is charged.
    pub charge: ChargeId,
}

impl Job for ChargeLesson {
    const NAME: &'static str = "charge_lesson";

    async fn run(self, services: &Services) -> Result<()> {
        charge(services, self.charge).await
    }
}

/// Hands out the charges that are due, each to a job of its own. Without a payment provider they wait for one.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn hand_out(services: &Services) -> Result<Vec<ChargeId>> {
    let mut handed_out = Vec::new();
    loop {
        let due = hand_out_batch(services).await?;
        if due.is_empty() {
            return Ok(handed_out);
        }
        handed_out.extend(due);
    }
}

/// Hands out a batch of them, in one transaction.
///
/// # Errors
/// Where the database cannot be written.
pub async fn hand_out_batch(services: &Services) -> Result<Vec<ChargeId>> {
    if services.payments.is_none() {
        return Ok(Vec::new());
    }
    let mut tx = services.begin().await?;
    let due = store::take_due(&mut tx, BATCH, services.clock.now()).await?;
    let work: Vec<_> = due.iter().map(|charge| ChargeLesson { charge: *charge }).collect();
    jobs::enqueue_all(&mut tx, &work).await?;
    tx.commit().await?;
    Ok(due)
}

/// An attempt that is noted: what the provider is asked, and under which key.
struct Attempt {
    open: OpenAttempt,
    owed: Owed,
    customer: String,
}

/// Charges what is still to be charged.
///
/// # Errors
/// Where database or provider do not answer: the attempt stays open, and the next call asks for its answer.
pub(crate) async fn charge(services: &Services, id: ChargeId) -> Result<()> {
    if deposits::pay(services, id).await? {
        return Ok(());
    }
    let Some(attempt) = note(services, id).await? else { return Ok(()) };
    let answer = ask(services, id, &attempt).await?;
    record(services, id, Some(attempt.open.id), answer).await
}

/// How an owed charge stands once its student has tried to pay it.
pub(crate) enum Tried {
    /// Nothing was tried, or it is paid.
    Stands(ChargeState),
    /// The bank asks the card's owner: opens the payment to the owner's browser.
    Asks(String),
    /// It was declined.
    Declined(Decline),
}

impl From<Answer> for Tried {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Paid { .. } => Tried::Stands(ChargeState::Paid),
            Answer::Asks { secret, .. } => Tried::Asks(secret),
            Answer::Declined(decline) => Tried::Declined(decline),
        }
    }
}

/// Tries an owed charge again with a card of the student, who is there. What was paid meanwhile is not asked for
/// again; a question of the bank that was left without an answer is over, and asked anew about this card.
///
/// # Errors
/// Where the provider does not answer: the attempt stays open, and the next call asks for its answer.
pub(crate) async fn charge_again(services: &Services, id: ChargeId, card: &str) -> Result<Tried> {
    if let paid @ Tried::Stands(ChargeState::Paid) = look_again(services, id).await? {
        return Ok(paid);
    }
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let owed = store::find_locked(&mut tx, id).await?.ok_or_else(booking::not_found)?;
    if owed.state != ChargeState::Debt {
        return Ok(Tried::Stands(owed.state));
    }
    let payer = store::find_customer_of(&mut tx, owed.booking).await?;
    let customer = payer.ok_or_else(|| AppError::fault("a card without a customer"))?;
    store::close_question(&mut tx, id, now).await?;
    let open = store::find_or_insert_attempt(&mut tx, id, "on_session", card, now).await?;
    tx.commit().await?;
    let other = open.card != card;
    let attempt = Attempt { open, owed, customer };
    let answer = ask(services, id, &attempt).await?;
    record(services, id, Some(attempt.open.id), answer.clone()).await?;
    match answer {
        // That was the answer to an earlier try, which had been lost; now the card that was chosen.
        Answer::Declined(_) | Answer::Asks { .. } if other => {
            Box::pin(charge_again(services, id, card)).await
        }
        answer => Ok(answer.into()),
    }
}

/// How an owed charge stands after the bank has asked: by the provider's word, never by the browser's.
///
/// # Errors
/// Where the provider does not answer.
pub(crate) async fn look_again(services: &Services, id: ChargeId) -> Result<Tried> {
    let mut tx = services.begin().await?;
    let owed = store::find_locked(&mut tx, id).await?.ok_or_else(booking::not_found)?;
    let question = store::find_question(&mut tx, id).await?;
    tx.commit().await?;
    let (ChargeState::Debt, Some(intent)) = (owed.state, &owed.intent) else {
        return Ok(Tried::Stands(owed.state));
    };
    let answer = services.payments()?.find_payment(intent).await?;
    match &answer {
        Answer::Paid { .. } => record(services, id, question, answer.clone()).await?,
        Answer::Declined(_) if question.is_some() => record(services, id, question, answer.clone()).await?,
        // A decline that is on record already, or a question that is still open.
        Answer::Declined(_) | Answer::Asks { .. } => {}
    }
    Ok(answer.into())
}

/// Asks the provider, or, where it has forgotten the key, looks up what it did.
async fn ask(services: &Services, id: ChargeId, attempt: &Attempt) -> Result<Answer> {
    let booking = found(services, attempt.owed.booking).await?;
    let demand = Demand {
        attempt: attempt.open.id,
        charge: id,
        booking: &booking,
        amount: attempt.owed.split.charge,
        customer: &attempt.customer,
        card: &attempt.open.card,
        intent: attempt.owed.intent.as_deref(),
        present: attempt.open.present,
    };
    let provider = services.payments()?;
    let forgotten = services.clock.now() - attempt.open.since >= KEY_LIFE;
    let known = if forgotten { provider.find_attempt(&demand).await? } else { None };
    match known {
        Some(answer) => Ok(answer),
        None => provider.charge(&demand).await,
    }
}

/// Notes what is about to be tried. `None` where nothing is left to do; without a card the debt is at hand.
async fn note(services: &Services, id: ChargeId) -> Result<Option<Attempt>> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let owed = store::find_locked(&mut tx, id).await?.ok_or_else(booking::not_found)?;
    if owed.state != ChargeState::Scheduled {
        return Ok(None);
    }
    // A try whose answer was lost comes first: its card may be removed meanwhile, and yet have paid.
    if let Some(open) = store::find_open_attempt(&mut tx, id).await? {
        let customer = store::find_customer_of(&mut tx, owed.booking).await?;
        let customer = customer.ok_or_else(|| AppError::fault("a card without a customer"))?;
        return Ok(Some(Attempt { open, owed, customer }));
    }
    let Some((customer, card)) = store::find_payer(&mut tx, owed.booking).await? else {
        let decline = Decline::no_card();
        let people = declined(&mut tx, id, &owed, &decline, now).await?;
        tx.commit().await?;
        services.live.wake(&people);
        return Ok(None);
    };
    let open = store::find_or_insert_attempt(&mut tx, id, "off_session", &card, now).await?;
    tx.commit().await?;
    Ok(Some(Attempt { open, owed, customer }))
}

/// Notes that a charge is paid, where its answer was lost and something else says so.
pub(crate) async fn note_paid(services: &Services, id: ChargeId, intent: &str) -> Result<()> {
    record(services, id, None, Answer::Paid { intent: intent.to_owned() }).await
}

/// Records what the provider said, by the call's answer or by its own message: once.
pub(crate) async fn record(
    services: &Services,
    id: ChargeId,
    attempt: Option<Uuid>,
    answer: Answer,
) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let owed = store::find_locked(&mut tx, id).await?.ok_or_else(booking::not_found)?;
    let people = match &answer {
        Answer::Paid { intent } => {
            store::finish_attempt(&mut tx, id, attempt, Some(intent), None, now).await?;
            paid(&mut tx, id, &owed, intent, false, now).await?
        }
        Answer::Asks { intent, .. } => {
            if let Some(attempt) = attempt {
                store::set_asked(&mut tx, id, attempt, intent, now).await?;
            }
            Vec::new()
        }
        Answer::Declined(decline) => {
            store::finish_attempt(&mut tx, id, attempt, decline.intent.as_deref(), Some(decline), now)
                .await?;
            declined(&mut tx, id, &owed, decline, now).await?
        }
    };
    tx.commit().await?;
    services.live.wake(&people);
    Ok(())
}

/// Notes that a charge is paid; `ahead` where the ledger has the money already.
pub(super) async fn paid(
    tx: &mut PgConnection,
    id: ChargeId,
    owed: &Owed,
    intent: &str,
    ahead: bool,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    owed.state.on(ChargeEvent::Paid)?;
    if owed.state == ChargeState::Paid {
        return Ok(Vec::new());
    }
    let found = booking::find_locked(tx, owed.booking, now).await?.ok_or_else(booking::not_found)?;
    if !ahead {
        let source = format!("charge/{id}/paid");
        ledger::post(tx, &found.booking, Event::Paid(owed.split.charge), &source, now).await?;
    }
    store::clear_debt(tx, id, "paid", now).await?;
    // The tutor's account before the people who are told, as everywhere.
    payout::note_payable(tx, id).await?;
    let people = tell(tx, &found, "payment.succeeded", owed, now).await?;
    // Last of all: receipts are numbered without gaps, so that whoever takes a number keeps all others waiting.
    let receipt = store::next_receipt(tx).await?;
    store::set_paid(tx, id, intent, receipt, now).await?;
    Ok(people)
}

async fn declined(
    tx: &mut PgConnection,
    id: ChargeId,
    owed: &Owed,
    decline: &Decline,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    if owed.state.on(ChargeEvent::Declined)? != ChargeState::Debt {
        return Ok(Vec::new());
    }
    tracing::info!(charge = %id, code = decline.code, decline_code = decline.decline_code, "declined");
    store::set_debt(tx, id, decline.intent.as_deref(), now).await?;
    if owed.state == ChargeState::Debt {
        return Ok(Vec::new());
    }
    let found = booking::find_locked(tx, owed.booking, now).await?.ok_or_else(booking::not_found)?;
    store::insert_debt(tx, chance::id(), id, &found.booking, owed.split.charge, now).await?;
    tell(tx, &found, "payment.failed", owed, now).await
}

/// Writes the event for jobs and open pages.
pub(super) async fn tell(
    tx: &mut PgConnection,
    found: &booking::Found,
    kind: &str,
    owed: &Owed,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let booking = &found.booking;
    let amount = owed.split.charge;
    let told = json!({
        "booking_id": booking.id,
        "student_id": booking.student,
        "tutor_id": booking.tutor,
        "amount": amount.minor,
        "currency": amount.currency,
    });
    outbox::record(tx, kind, booking.id, &told, now).await?;
    let mut people = vec![booking.student, found.tutor_user];
    if kind != "payment.succeeded" {
        // Debts come and go on the desk of admins. Payments are the rule, and far too many to be told of each.
        people.extend(account::list_admins(tx).await?);
    }
    live::record(tx, &people, kind, &json!({ "booking_id": booking.id }), now).await?;
    Ok(people)
}

async fn found(services: &Services, id: BookingId) -> Result<Booking> {
    let mut db = services.db.acquire().await?;
    let found = booking::read(&mut db, id, services.clock.now()).await?;
    found.map(|found| found.booking).ok_or_else(|| AppError::fault("a charge without a booking"))
}
