//! Giving back what was secured ahead of a lesson and no charge took.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    ids::{BookingId, DepositId, UserId},
    ledger::Event,
    money::Money,
    payment::Collection,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    provider::{Cancelled, RefundAnswer},
    store::{self, Deposit, DepositState},
    stuck::{self, Stuck},
};
use crate::{
    AppError, Result, Services, account,
    booking::{self, Found},
    chance, dispute,
    jobs::{self, Job},
    ledger, live, outbox,
};

/// The job that gives back what a deposit holds and no charge took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReleaseDeposit {
    /// Which.
    pub deposit: DepositId,
}

impl Job for ReleaseDeposit {
    const NAME: &'static str = "release_deposit";

    async fn run(self, services: &Services) -> Result<()> {
        release(services, self.deposit).await
    }
}

/// Lets the bank have an authorization back, or gives back what was paid and not charged.
async fn release(services: &Services, id: DepositId) -> Result<()> {
    let mut tx = services.begin().await?;
    let deposit = store::find_deposit(&mut tx, id).await?;
    tx.commit().await?;
    let Some(deposit) = deposit else { return Ok(()) };
    let Some(intent) = deposit.intent.as_deref() else { return Ok(()) };
    if deposit.kind == Collection::Authorize {
        return match deposit.state {
            DepositState::Released => let_go(services, &deposit, intent).await,
            _ => Ok(()),
        };
    }
    give_back(services, &deposit, intent).await
}

/// Gives back what was paid and not charged, but for what the bank of the card has, or has kept.
async fn give_back(services: &Services, deposit: &Deposit, intent: &str) -> Result<()> {
    let Some(rest) = rest(deposit) else { return Ok(()) };
    // An earlier try may be older than what the provider remembers of keys.
    let provider = services.payments()?;
    let known = provider.find_refund(deposit.return_key, intent).await?;
    let mut db = services.db.acquire().await?;
    let left = left(&mut db, rest, intent).await?;
    drop(db);
    let (answer, rest) = match (known, left) {
        (Some(answer), left) => (answer, left.unwrap_or(rest)),
        (None, Some(left)) => (provider.refund(deposit.return_key, intent, left.minor).await?, left),
        (None, None) => return Ok(()),
    };
    match answer {
        RefundAnswer::Given { .. } => returned(services, deposit, rest).await,
        RefundAnswer::Refused(why) => not_returned(services, deposit, rest, &why).await,
    }
}

/// How much of a rest banks have left; `None` where that is nothing, or while one has the payment: its decision has
/// this asked again.
async fn left(db: &mut PgConnection, rest: Money, intent: &str) -> Result<Option<Money>> {
    if dispute::has_payment(db, intent).await? {
        return Ok(None);
    }
    let minor = rest.minor - dispute::lost_beside_charge(db, intent).await?;
    Ok((minor > 0).then_some(Money { minor, ..rest }))
}

/// Lets an authorization go. One that was captured elsewhere is given back as what was paid ahead.
async fn let_go(services: &Services, deposit: &Deposit, intent: &str) -> Result<()> {
    match services.payments()?.cancel(intent, &format!("release-{}", deposit.id)).await? {
        Cancelled::Gone => Ok(()),
        Cancelled::Taken(minor) => {
            tracing::warn!(deposit = %deposit.id, minor, "what was set aside was captured elsewhere");
            match captured(services, deposit, minor).await? {
                Some(paid) => give_back(services, &paid, intent).await,
                None => Ok(()),
            }
        }
    }
}

/// Records, once, that an authorization was captured elsewhere: from now on it is what was paid ahead.
async fn captured(services: &Services, asked: &Deposit, minor: i64) -> Result<Option<Deposit>> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let (found, deposit) = locked(&mut tx, asked, now).await?;
    if deposit.kind == Collection::Authorize {
        let amount = Money { minor, ..deposit.amount };
        store::set_deposit_captured(&mut tx, deposit.id, minor, now).await?;
        ledger::post(
            &mut tx,
            &found.booking,
            Event::Paid(amount),
            &format!("deposit/{}/paid", deposit.id),
            now,
        )
        .await?;
    }
    let paid = store::find_deposit(&mut tx, deposit.id).await?;
    tx.commit().await?;
    Ok(paid)
}

/// What is to be given back of what was paid ahead; `None` where that is nothing, or not decided yet.
fn rest(deposit: &Deposit) -> Option<Money> {
    let minor = deposit.amount.minor - deposit.used - deposit.returned;
    let over = matches!(deposit.state, DepositState::Used | DepositState::Released);
    (over && minor > 0).then_some(Money { minor, ..deposit.amount })
}

/// Records that it is given back, once.
async fn returned(services: &Services, asked: &Deposit, rest: Money) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let (found, deposit) = locked(&mut tx, asked, now).await?;
    if deposit.return_key != asked.return_key || deposit.returned > 0 {
        return Ok(());
    }
    store::set_deposit_returned(&mut tx, asked.id, rest.minor, now).await?;
    let source = source(asked, "returned");
    ledger::post(&mut tx, &found.booking, Event::Returned(rest), &source, now).await?;
    Ok(tx.commit().await?)
}

/// The provider gives nothing back: an admin is asked to see to it, and the student is told.
async fn not_returned(services: &Services, asked: &Deposit, rest: Money, why: &str) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let (found, deposit) = locked(&mut tx, asked, now).await?;
    if deposit.return_key != asked.return_key || deposit.returned > 0 {
        return Ok(());
    }
    let people = report(&mut tx, &found, asked, rest, why, now).await?;
    tx.commit().await?;
    services.live.wake(&people);
    Ok(())
}

/// What was given back came back to the provider, days later, under this key: as much is held as before, and an admin
/// is asked to see to it.
pub(super) async fn return_failed(services: &Services, key: Uuid, why: &str) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let Some(known) = store::find_deposit_by_return(&mut tx, key).await? else { return Ok(()) };
    let (found, deposit) = locked(&mut tx, &known, now).await?;
    if store::is_stuck(&mut tx, Stuck::Deposit(key)).await? || deposit.return_key != key {
        return Ok(());
    }
    if deposit.returned == 0 {
        return Err(AppError::fault("a return that failed before it was recorded: to be tried again"));
    }
    let rest = Money { minor: deposit.returned, ..deposit.amount };
    store::set_deposit_returned(&mut tx, deposit.id, 0, now).await?;
    let source = source(&deposit, "return_failed");
    ledger::post(&mut tx, &found.booking, Event::ReturnFailed(rest), &source, now).await?;
    let people = report(&mut tx, &found, &deposit, rest, why, now).await?;
    tx.commit().await?;
    services.live.wake(&people);
    Ok(())
}

/// Has it given back once more, under another key.
///
/// # Errors
/// `INVALID_STATE` (`refund_charged_back`) while the bank of the card has the money, `INVALID_REQUEST`
/// (`refund_too_much`) where it has kept it.
pub(super) async fn return_again(
    tx: &mut PgConnection,
    booking: BookingId,
    key: Uuid,
    now: DateTime<Utc>,
) -> Result<()> {
    booking::find_locked(tx, booking, now).await?.ok_or_else(booking::not_found)?;
    let known = store::find_deposit_by_return(tx, key).await?.ok_or_else(booking::not_found)?;
    let intent = known.intent.as_deref().unwrap_or_default();
    if dispute::has_payment(tx, intent).await? {
        return Err(Refusal::new(Code::InvalidState, "refund_charged_back").into());
    }
    let left = match rest(&known) {
        Some(rest) => left(tx, rest, intent).await?,
        None => None,
    };
    if left.is_none() {
        return Err(Refusal::on(Code::InvalidRequest, "refund_too_much", "amount").into());
    }
    store::set_return_key(tx, known.id, chance::id(), now).await?;
    jobs::enqueue(tx, &ReleaseDeposit { deposit: known.id }).await
}

/// The booking before its deposit, in the order in which whoever calls a booking off takes the locks.
async fn locked(tx: &mut PgConnection, deposit: &Deposit, now: DateTime<Utc>) -> Result<(Found, Deposit)> {
    let found = booking::find_locked(tx, deposit.booking, now).await?.ok_or_else(booking::not_found)?;
    let deposit = store::find_deposit(tx, deposit.id).await?.ok_or_else(booking::not_found)?;
    Ok((found, deposit))
}

/// What the ledger knows it by; each try to give it back is one of its own.
fn source(deposit: &Deposit, what: &str) -> String {
    let (id, key) = (deposit.id, deposit.return_key);
    if key == id.0 { format!("deposit/{id}/{what}") } else { format!("deposit/{id}/{what}/{key}") }
}

/// Opens the case and tells the student, once for each try; whom to wake after the commit.
async fn report(
    tx: &mut PgConnection,
    found: &Found,
    deposit: &Deposit,
    rest: Money,
    why: &str,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let booking = found.booking.id;
    if !stuck::report(tx, booking, Stuck::Deposit(deposit.return_key), rest, why, now).await? {
        return Ok(Vec::new());
    }
    tracing::error!(deposit = %deposit.id, why, "what was paid ahead is not given back");
    let told = json!({
        "booking_id": booking,
        "deposit_id": deposit.id,
        "amount": rest.minor,
        "currency": rest.currency,
    });
    outbox::record(tx, "payment.refund_failed", booking, &told, now).await?;
    let mut people = vec![found.booking.student];
    people.extend(account::list_admins(tx).await?);
    live::record(tx, &people, "payment.refund_failed", &json!({ "booking_id": booking }), now).await?;
    Ok(people)
}
