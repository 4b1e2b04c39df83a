//! Taking back what a refund finds paid out: a reversal of the transfer, and where that is not to be had, a correction
//! of the tutor's next payouts.

use chrono::{DateTime, Utc};
use domain::{
    ids::{ChargeId, RefundId, ReversalId, UserId},
    ledger::Event,
    money::Money,
    payout::take_back,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;

use super::store::{self, AskedReversal, Correction, Reason};
use crate::{
    Result, Services, account, chance,
    jobs::{self, Job},
    ledger, live,
    payment::{
        provider::{KEY_LIFE, Moved},
        stuck::{self, Stuck},
    },
};

/// The job that takes some of a transfer back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReverseTransfer {
    /// Which reversal.
    pub reversal: ReversalId,
}

impl Job for ReverseTransfer {
    const NAME: &'static str = "reverse_transfer";

    async fn run(self, services: &Services) -> Result<()> {
        reverse(services, self.reversal).await
    }
}

/// Whether a payout has the lesson of a charge.
pub(crate) async fn has(db: &mut PgConnection, charge: ChargeId) -> Result<bool> {
    Ok(store::find_payout_of(db, charge).await?.is_some())
}

/// Notes that a refund will take so much (minor units) back from the tutor, where a payout has the lesson. Called
/// with the refund, under the charge's lock: a payout that comes later sends so much less.
pub(crate) async fn foresee(
    tx: &mut PgConnection,
    charge: ChargeId,
    refund: RefundId,
    part: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    if part > 0
        && let Some(payout) = store::find_payout_of(tx, charge).await?
    {
        store::insert_reversal(tx, chance::id(), refund, charge, payout, part, now).await?;
    }
    Ok(())
}

/// The refund was given: what it takes back is asked for, as far as the transfer has it; the rest is carried. While
/// the transfer is on its way nothing happens: once it is there, this is called again.
pub(crate) async fn given(tx: &mut PgConnection, refund: RefundId, now: DateTime<Utc>) -> Result<()> {
    let Some(waiting) = store::take_waiting_reversal(tx, refund).await? else { return Ok(()) };
    let left = store::left_of_transfer(tx, waiting.payout).await?;
    let (asked, carried) = take_back(waiting.amount.minor, left);
    store::set_asked(tx, waiting.id, asked, now).await?;
    if carried > 0 {
        carry(tx, waiting.charge, refund, -carried, waiting.amount, now).await?;
    }
    if asked > 0 {
        jobs::enqueue(tx, &ReverseTransfer { reversal: waiting.id }).await?;
    }
    Ok(())
}

/// The refund came to nothing, now or after it was given: what it was to take back stays with the tutor, and what it
/// took is given again. Called under the charge's lock.
pub(crate) async fn undone(
    tx: &mut PgConnection,
    charge: ChargeId,
    refund: RefundId,
    part: Money,
    now: DateTime<Utc>,
) -> Result<()> {
    if store::drop_waiting(tx, refund, now).await? || part.minor == 0 {
        return Ok(());
    }
    if store::find_payout_of(tx, charge).await?.is_none() {
        // It was perhaps not worth a look any more.
        return store::look_at_end_of_window(tx, charge).await;
    }
    carry(tx, charge, refund, part.minor, part, now).await
}

/// Corrects the tutor's next payouts by so much (minor units).
async fn carry(
    tx: &mut PgConnection,
    charge: ChargeId,
    refund: RefundId,
    minor: i64,
    of: Money,
    now: DateTime<Utc>,
) -> Result<()> {
    let reason = if minor < 0 { Reason::NotReversed } else { Reason::RefundFailed };
    let correction = Correction { charge, refund, reason, amount: Money { minor, ..of } };
    store::insert_correction(tx, &correction, now).await
}

/// Asks the provider for a reversal and records its answer, once.
async fn reverse(services: &Services, id: ReversalId) -> Result<()> {
    let mut db = services.db.acquire().await?;
    let Some(asked) = store::find_asked_reversal(&mut db, id).await? else { return Ok(()) };
    drop(db);
    let answer = ask(services, id, &asked).await?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    store::lock_charge(&mut tx, asked.charge).await?;
    let people = record(&mut tx, id, &asked, &answer, now).await?;
    tx.commit().await?;
    services.live.wake(&people);
    Ok(())
}

/// Asks the provider, or, where it has forgotten the key, looks up what it did.
async fn ask(services: &Services, id: ReversalId, asked: &AskedReversal) -> Result<Moved> {
    let provider = services.payments()?;
    let forgotten = services.clock.now() - asked.since >= KEY_LIFE;
    let known = if forgotten { provider.find_reversal(id, &asked.transfer).await? } else { None };
    match known {
        Some(answer) => Ok(answer),
        None => provider.reverse(id, &asked.transfer, asked.amount.minor).await,
    }
}

async fn record(
    tx: &mut PgConnection,
    id: ReversalId,
    asked: &AskedReversal,
    answer: &Moved,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let first = match answer {
        Moved::Done { id: reversal } => {
            let first = store::set_reversed(tx, id, reversal, now).await?;
            ledger::post_of(tx, asked.parties, Event::Reversed(asked.amount), &format!("reversal/{id}"), now)
                .await?;
            first
        }
        Moved::Refused { code, message } => {
            tracing::error!(reversal = %id, code, message, "a transfer is not reversed: the tutor's next payouts bear it");
            let first = store::set_not_reversed(tx, id, code, now).await?;
            if first {
                carry(tx, asked.charge, asked.refund, -asked.amount.minor, asked.amount, now).await?;
                let (booking, what) = (asked.parties.booking, Stuck::Reversal(id));
                stuck::report(tx, booking, what, asked.amount, code, now).await?;
            }
            first
        }
    };
    if !first {
        return Ok(Vec::new());
    }
    let mut people = account::list_admins(tx).await?;
    people.push(asked.tutor_user);
    live::record(tx, &people, "payout", &json!({}), now).await?;
    Ok(people)
}
