//! Money that is secured for a lesson before it, where the setting `collection` asks for that: authorized on the card
//! some days ahead, or paid at once.
//!
//! The charge itself still follows from the outcome. It is captured of what was authorized, or kept of what was paid;
//! the rest is released or given back. Where nothing could be secured the lesson is charged as all others.

use chrono::{DateTime, Utc};
use domain::{
    booking::{Booking, BookingState},
    ids::{BookingId, ChargeId, DepositId, UserId},
    ledger::Event,
    money::Money,
    payment::{ChargeState, Collection, ask_again_at, smallest},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;

use super::{
    charging::{self, BATCH},
    provider::{Captured, Decline, KEY_LIFE, Security, Wanted},
    release::ReleaseDeposit,
    store::{self, Deposit, DepositState},
};
use crate::{
    Result, Services,
    booking::{self, Found},
    chance, dispute,
    jobs::{self, Job},
    ledger, live, outbox,
};

/// The job that asks the card's bank for a deposit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SecureDeposit {
    /// Which.
    pub deposit: DepositId,
}

impl Job for SecureDeposit {
    const NAME: &'static str = "secure_deposit";

    async fn run(self, services: &Services) -> Result<()> {
        secure(services, self.deposit).await
    }
}

/// Plans the deposit of a booking that is now certain, where its settings ask for one.
pub(crate) async fn plan(tx: &mut PgConnection, booking: &Booking, now: DateTime<Utc>) -> Result<()> {
    let collection = booking.policy.collection;
    let price = Money { minor: booking.price_minor, currency: booking.currency };
    let due = collection.secures_at(booking.end, now);
    match due.filter(|_| booking.state == BookingState::Confirmed && price.minor >= smallest(price.currency))
    {
        Some(due) => store::insert_deposit(tx, chance::id(), booking.id, collection, price, due, now).await,
        None => Ok(()),
    }
}

/// Plans the deposit anew after a booking was moved; what holds for the new time and price too stays.
pub(crate) async fn plan_again(tx: &mut PgConnection, moved: &Booking, now: DateTime<Utc>) -> Result<()> {
    if let Some(deposit) = store::find_active_deposit(tx, moved.id).await? {
        let lasts = deposit.kind == Collection::Prepay
            || deposit.capture_before.is_none_or(|until| until > moved.end);
        let same = deposit.amount == Money { minor: moved.price_minor, currency: moved.currency };
        if deposit.state == DepositState::Secured && same && lasts {
            return Ok(());
        }
        give_up(tx, &deposit, now).await?;
    }
    plan(tx, moved, now).await
}

/// Gives up the deposit of a booking that is called off.
pub(crate) async fn call_off(tx: &mut PgConnection, booking: BookingId, now: DateTime<Utc>) -> Result<()> {
    match store::find_active_deposit(tx, booking).await? {
        Some(deposit) => give_up(tx, &deposit, now).await,
        None => Ok(()),
    }
}

/// Keeps the deposit of a lesson that has its outcome for its charge, where there is something to charge.
pub(super) async fn decide(
    tx: &mut PgConnection,
    booking: BookingId,
    charge: ChargeState,
    now: DateTime<Utc>,
) -> Result<()> {
    match store::find_active_deposit(tx, booking).await? {
        Some(Deposit { state: DepositState::Secured, .. }) if charge == ChargeState::Scheduled => Ok(()),
        Some(deposit) => give_up(tx, &deposit, now).await,
        None => Ok(()),
    }
}

/// Takes nothing of a deposit. One that is being asked for is released by the job that asks, once it has the answer.
async fn give_up(tx: &mut PgConnection, deposit: &Deposit, now: DateTime<Utc>) -> Result<()> {
    store::set_deposit_state(tx, deposit.id, DepositState::Released, 0, now).await?;
    match deposit.state {
        DepositState::Secured => jobs::enqueue(tx, &ReleaseDeposit { deposit: deposit.id }).await,
        _ => Ok(()),
    }
}

/// Hands out the deposits that are due, each to a job of its own; how many.
pub(crate) async fn hand_out(services: &Services) -> Result<u64> {
    let now = services.clock.now();
    let mut handed_out = 0;
    if services.payments.is_none() {
        return Ok(handed_out);
    }
    loop {
        let mut tx = services.begin().await?;
        let due = store::take_due_deposits(&mut tx, BATCH, now).await?;
        let work: Vec<_> = due.iter().map(|deposit| SecureDeposit { deposit: *deposit }).collect();
        jobs::enqueue_all(&mut tx, &work).await?;
        tx.commit().await?;
        if due.is_empty() {
            return Ok(handed_out);
        }
        handed_out += due.len() as u64;
    }
}

/// What is asked of the card's bank.
struct Asking {
    deposit: Deposit,
    booking: Booking,
    /// Customer and card; `None` where there is no saved card.
    payer: Option<(String, String)>,
}

/// Asks for a deposit and records the answer. Killed in between, the next try asks under the same key.
async fn secure(services: &Services, id: DepositId) -> Result<()> {
    let Some(asking) = note(services, id).await? else { return Ok(()) };
    let Some(answer) = ask(services, &asking).await? else { return Ok(()) };
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    // In the order in which whoever calls a booking off takes the locks.
    let found = booking::find_locked(&mut tx, asking.booking.id, now).await?;
    let found = found.ok_or_else(booking::not_found)?;
    let deposit = store::find_deposit(&mut tx, id).await?.ok_or_else(booking::not_found)?;
    let people = match answer {
        // Recorded by another try of this job.
        _ if deposit.intent.is_some() => Vec::new(),
        Security::Given { intent, capture_before } => {
            given(&mut tx, &found, &deposit, &intent, capture_before, now).await?;
            Vec::new()
        }
        Security::Refused(decline) => {
            tracing::info!(deposit = %id, code = decline.code, decline_code = decline.decline_code, "declined");
            refused(&mut tx, &found, &deposit, now).await?
        }
    };
    tx.commit().await?;
    services.live.wake(&people);
    Ok(())
}

/// Notes which card is about to be asked; `None` where there is nothing to ask for any more.
async fn note(services: &Services, id: DepositId) -> Result<Option<Asking>> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let Some(deposit) = store::find_deposit(&mut tx, id).await? else { return Ok(None) };
    // Given up after it was asked for, and before the answer was known: what was secured must be found and released.
    let unknown =
        deposit.state == DepositState::Released && deposit.card.is_some() && deposit.intent.is_none();
    if deposit.state != DepositState::Scheduled && !unknown {
        return Ok(None);
    }
    let found = booking::read(&mut tx, deposit.booking, now).await?.ok_or_else(booking::not_found)?;
    // Once asked, it is that card's answer that counts, even if it was removed meanwhile.
    let payer = match &deposit.card {
        Some(card) => {
            store::find_customer_of(&mut tx, deposit.booking).await?.map(|customer| (customer, card.clone()))
        }
        None => store::find_payer(&mut tx, deposit.booking).await?,
    };
    if let Some((_, card)) = &payer {
        store::set_deposit_card(&mut tx, id, card).await?;
    }
    tx.commit().await?;
    Ok(Some(Asking { deposit, booking: found.booking, payer }))
}

/// Asks the provider, or, where it has forgotten the key, looks up what it did. What was given up is looked up only;
/// `None` where nothing came of it.
async fn ask(services: &Services, asking: &Asking) -> Result<Option<Security>> {
    let Asking { deposit, booking, payer } = asking;
    let Some((customer, card)) = payer else { return Ok(Some(Security::Refused(Decline::no_card()))) };
    let captures = deposit.kind == Collection::Prepay;
    let wanted = Wanted { deposit: deposit.id, booking, amount: deposit.amount, customer, card, captures };
    let provider = services.payments()?;
    let now = services.clock.now();
    let forgotten = deposit.asked_at.is_some_and(|since| now - since >= KEY_LIFE);
    let given_up = deposit.state != DepositState::Scheduled;
    let known = if given_up || forgotten { provider.find_secured(&wanted).await? } else { None };
    match known {
        None if !given_up => provider.secure(&wanted).await.map(Some),
        known => Ok(known),
    }
}

/// The bank said yes. What was given up meanwhile is released; what would lapse before the end is asked for later.
async fn given(
    tx: &mut PgConnection,
    found: &Found,
    deposit: &Deposit,
    intent: &str,
    capture_before: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    let booking = &found.booking;
    store::set_deposit_payment(tx, deposit.id, intent, capture_before, now).await?;
    if deposit.kind == Collection::Prepay {
        let source = format!("deposit/{}/paid", deposit.id);
        ledger::post(tx, booking, Event::Paid(deposit.amount), &source, now).await?;
    }
    let again = ask_again_at(booking.end, now, capture_before);
    let secured = Deposit { state: DepositState::Secured, ..deposit.clone() };
    if deposit.state != DepositState::Scheduled {
        return jobs::enqueue(tx, &ReleaseDeposit { deposit: deposit.id }).await;
    }
    let Some(later) = again else {
        return store::set_deposit_state(tx, deposit.id, DepositState::Secured, 0, now).await;
    };
    give_up(tx, &secured, now).await?;
    store::insert_deposit(tx, chance::id(), booking.id, deposit.kind, deposit.amount, later, now).await
}

/// The bank said no, or there is no card. A booking that is to be paid ahead ends with that; any other is charged at
/// its end like all, and its student has until then to choose another card.
async fn refused(
    tx: &mut PgConnection,
    found: &Found,
    deposit: &Deposit,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let booking = &found.booking;
    if deposit.state != DepositState::Scheduled {
        return Ok(Vec::new());
    }
    store::set_deposit_state(tx, deposit.id, DepositState::Declined, 0, now).await?;
    let told = json!({
        "booking_id": booking.id,
        "deposit_id": deposit.id,
        "amount": deposit.amount.minor,
        "currency": deposit.amount.currency,
    });
    outbox::record(tx, "deposit.failed", booking.id, &told, now).await?;
    if deposit.kind == Collection::Prepay && booking.state == BookingState::Confirmed && now < booking.start {
        return Ok(booking::withdraw(tx, found, now).await?.into());
    }
    let people = vec![booking.student];
    live::record(tx, &people, "deposit.failed", &json!({ "booking_id": booking.id }), now).await?;
    Ok(people)
}

/// Pays a charge out of the deposit of its lesson; whether there was one to pay it from.
///
/// # Errors
/// Where database or provider do not answer: nothing is decided, and the next call asks again.
pub(super) async fn pay(services: &Services, id: ChargeId) -> Result<bool> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let owed = store::find_locked(&mut tx, id).await?.ok_or_else(booking::not_found)?;
    let deposit = store::find_active_deposit(&mut tx, owed.booking).await?;
    tx.commit().await?;
    let (ChargeState::Scheduled, Some(deposit)) = (owed.state, deposit) else { return Ok(false) };
    let Some(intent) = deposit.intent.as_deref().filter(|_| deposit.state == DepositState::Secured) else {
        return Ok(false);
    };
    if deposit.kind == Collection::Authorize {
        let captured =
            services.payments()?.capture(intent, owed.split.charge.minor, &format!("capture-{id}")).await?;
        if let Captured::Lapsed(why) = captured {
            tracing::warn!(deposit = %deposit.id, why, "an authorization lapsed: the card is charged anew");
            let mut tx = services.begin().await?;
            store::set_deposit_state(&mut tx, deposit.id, DepositState::Released, 0, now).await?;
            tx.commit().await?;
            return Ok(false);
        }
    }
    take(services, id, &deposit, intent).await?;
    Ok(true)
}

/// Records that the charge took its amount of the deposit, once.
async fn take(services: &Services, id: ChargeId, deposit: &Deposit, intent: &str) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let owed = store::find_locked(&mut tx, id).await?.ok_or_else(booking::not_found)?;
    if owed.state != ChargeState::Scheduled {
        return Ok(());
    }
    let used = owed.split.charge.minor;
    if let Some(card) = &deposit.card {
        let attempt = store::find_or_insert_attempt(&mut tx, id, "off_session", card, now).await?;
        store::finish_attempt(&mut tx, id, Some(attempt.id), Some(intent), None, now).await?;
    }
    store::set_deposit_state(&mut tx, deposit.id, DepositState::Used, used, now).await?;
    let paid_ahead = deposit.kind == Collection::Prepay;
    let people = charging::paid(&mut tx, id, &owed, intent, paid_ahead, now).await?;
    // What was paid ahead may be lost to a bank already.
    dispute::bear_losses(&mut tx, id, now).await?;
    if paid_ahead && used < deposit.amount.minor {
        jobs::enqueue(&mut tx, &ReleaseDeposit { deposit: deposit.id }).await?;
    }
    tx.commit().await?;
    services.live.wake(&people);
    Ok(())
}
