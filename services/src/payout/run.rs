//! Payouts: from what is due over the provider's transfer to the ledger.
//!
//! A payout has an amount for good once it is made, because its id is the provider's key. One that the provider
//! refuses is over; its lines are free again, and another payout has them later.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{ChargeId, PayoutId, TutorId, UserId},
    ledger::Event,
    money::{Currency, Money},
    payout::{RETRY_AFTER, sendable},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;

use super::{
    account::look_up,
    store::{self, Due, DueAccount, Outstanding, PendingPayout},
    take_back,
};
use crate::{
    Result, Services, account, chance,
    jobs::{self, Job},
    ledger, live,
    mail::TellOfPayout,
    payment::provider::{KEY_LIFE, Moved},
};

/// The job that sends a payout.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PayOut {
    /// Which.
    pub payout: PayoutId,
}

impl Job for PayOut {
    const NAME: &'static str = "pay_out";

    async fn run(self, services: &Services) -> Result<()> {
        pay(services, self.payout).await
    }
}

/// Notes that a charge was just paid, or that a dispute about it has ended: its tutor's account is looked at when the
/// part can be paid out, which may be now.
pub(crate) async fn note_payable(tx: &mut PgConnection, charge: ChargeId) -> Result<()> {
    store::look_at_end_of_window(tx, charge).await
}

/// Makes the payouts that are due, each with a job of its own; how many. Without a payment provider all wait for one.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn hand_out(services: &Services) -> Result<u64> {
    if services.payments.is_none() {
        return Ok(0);
    }
    let mut made = 0;
    loop {
        let now = services.clock.now();
        let mut tx = services.begin().await?;
        let Some(tutor) = store::find_due_tutor(&mut tx, now).await? else { return Ok(made) };
        // The charges before the account. What another has paid out meanwhile is not looked at again.
        let charges = store::lock_charges_to_pay(&mut tx, tutor, now).await?;
        if let Some(account) = store::take_due_account(&mut tx, tutor, now).await? {
            made += make(&mut tx, &account, &charges, now).await?;
        }
        tx.commit().await?;
    }
}

/// Pays a tutor what is due at the time of these services, and waits for the provider's answers; one that cannot be had
/// now is left to the payout's job.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn pay_as_of(services: &Services, tutor: TutorId) -> Result<()> {
    let mut tx = services.begin().await?;
    store::look_again_at(&mut tx, tutor, services.clock.now()).await?;
    tx.commit().await?;
    hand_out(services).await?;
    let mut db = services.db.acquire().await?;
    let pending = store::list_pending_payouts(&mut db, tutor).await?;
    drop(db);
    for payout in pending {
        // A worker may have it in hand already, and the provider then refuses the second of two equal calls.
        if let Err(error) = pay(services, payout).await {
            tracing::warn!(%payout, %error, "a payout of the demonstration is left to the worker");
        }
    }
    Ok(())
}

/// Makes a payout in each currency in which something of these locked charges is due to a tutor; how many. Says when to
/// look again.
async fn make(
    tx: &mut PgConnection,
    account: &DueAccount,
    charges: &[ChargeId],
    now: DateTime<Utc>,
) -> Result<u64> {
    let tutor = account.tutor;
    let busy = store::list_pending_currencies(tx, tutor).await?;
    let mut due = BTreeMap::<Currency, Vec<Due>>::new();
    for line in store::list_due_lessons(tx, tutor, charges, now).await? {
        due.entry(line.amount.currency).or_default().push(line);
    }
    for line in store::take_corrections(tx, tutor, charges).await? {
        due.entry(line.amount.currency).or_default().push(line);
    }
    due.retain(|currency, _| !busy.contains(currency));
    let mut made = 0;
    for (currency, lines) in due {
        let Some(minor) = sendable(currency, lines.iter().map(|line| line.amount.minor)) else { continue };
        let id: PayoutId = chance::id();
        store::insert_payout(tx, id, account, Money { minor, currency }, &lines, now).await?;
        jobs::enqueue(tx, &PayOut { payout: id }).await?;
        made += 1;
    }
    let outstanding = store::find_outstanding(tx, tutor, now).await?;
    store::set_look_at(tx, tutor, look_at(&outstanding, now)).await?;
    Ok(made)
}

/// When to look for what can be paid out: just after the next dispute window, and in a while where something waits
/// whose window is past (a dispute, a payout under way, what is carried).
fn look_at(outstanding: &Outstanding, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let retry = outstanding.waits.then(|| now + RETRY_AFTER);
    let next = outstanding.next.map(|at| at + TimeDelta::microseconds(1));
    retry.into_iter().chain(next).min()
}

/// Sends a payout, once.
async fn pay(services: &Services, id: PayoutId) -> Result<()> {
    let mut db = services.db.acquire().await?;
    let Some(pending) = store::find_pending_payout(&mut db, id).await? else { return Ok(()) };
    drop(db);
    let answer = ask(services, id, &pending).await?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    store::lock_charges_of(&mut tx, id).await?;
    let people = match &answer {
        Moved::Done { id: transfer } => sent(&mut tx, id, &pending, transfer, now).await?,
        Moved::Refused { code, message } => {
            tracing::error!(payout = %id, code, message, "the provider sends nothing");
            refused(&mut tx, id, &pending, code, now).await?
        }
    };
    tx.commit().await?;
    services.live.wake(&people);
    match answer {
        // What we know of the account may be old.
        Moved::Refused { .. } => look_up(services, &pending.account).await,
        Moved::Done { .. } => Ok(()),
    }
}

/// Asks the provider, or, where it has forgotten the key, looks up what it did.
async fn ask(services: &Services, id: PayoutId, pending: &PendingPayout) -> Result<Moved> {
    let provider = services.payments()?;
    let forgotten = services.clock.now() - pending.since >= KEY_LIFE;
    let known = if forgotten { provider.find_transfer(id).await? } else { None };
    match known {
        Some(answer) => Ok(answer),
        None => provider.transfer(id, pending.amount, &pending.account).await,
    }
}

/// The money is on its way: each line is entered for its lesson, and what refunds want back meanwhile is asked for.
async fn sent(
    tx: &mut PgConnection,
    id: PayoutId,
    pending: &PendingPayout,
    transfer: &str,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    if !store::set_paid(tx, id, transfer, now).await? {
        return Ok(Vec::new());
    }
    for line in store::list_lines(tx, id).await? {
        let amount = Money { minor: line.amount.abs(), ..pending.amount };
        let event = if line.amount > 0 { Event::Transferred(amount) } else { Event::Withheld(amount) };
        ledger::post_of(tx, line.parties, event, &format!("payout/{id}/{}", line.id), now).await?;
    }
    for refund in store::list_waiting_refunds(tx, id).await? {
        take_back::given(tx, refund, now).await?;
    }
    jobs::enqueue(tx, &TellOfPayout { payout: id }).await?;
    tell(tx, pending, now).await
}

/// Nothing was sent: the lines are free for another payout, to be tried in a while.
async fn refused(
    tx: &mut PgConnection,
    id: PayoutId,
    pending: &PendingPayout,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    if !store::set_failed(tx, id, code, now).await? {
        return Ok(Vec::new());
    }
    store::release_lines(tx, id, now).await?;
    store::look_again_at(tx, pending.tutor, now + RETRY_AFTER).await?;
    jobs::enqueue(tx, &TellOfPayout { payout: id }).await?;
    tell(tx, pending, now).await
}

async fn tell(tx: &mut PgConnection, pending: &PendingPayout, now: DateTime<Utc>) -> Result<Vec<UserId>> {
    let mut people = account::list_admins(tx).await?;
    people.push(pending.tutor_user);
    live::record(tx, &people, "payout", &json!({}), now).await?;
    Ok(people)
}
