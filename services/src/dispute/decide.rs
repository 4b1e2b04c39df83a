//! What an admin decides about a dispute, and what follows for the money, in one transaction.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    booking::Booking,
    dispute::{Outcome, Remedy, remedy},
    ids::{BookingId, ChargeId, DisputeId, UserId},
    ledger::Given,
    money::Money,
    payment::ChargeState,
};
use serde_json::json;
use sqlx::PgConnection;

use super::{Dispute, News, chargeback::has_open, find, not_found, of_dispute, store, tell};
use crate::{
    Actor, Result, Services,
    booking::{self, By},
    payment::{self, store::Owed},
    payout,
};

/// What is decided about a dispute.
struct Ruling<'a> {
    dispute: DisputeId,
    admin: UserId,
    outcome: Outcome,
    amount: Option<i64>,
    note: &'a str,
    seen: Option<i64>,
    /// The payment that was cancelled so that nobody pays what is not owed any more.
    withdrawn: Option<String>,
    now: DateTime<Utc>,
}

/// An admin decides a dispute, once: what was paid is given back, what is owed is reduced, or nothing moves. What is
/// left is reckoned under the charge's lock, so that a refund at the same time never makes it too much. `seen` is how many
/// statements the admin read, where that is known: nobody says anything in between that the decision does not know of.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `NOT_FOUND`, `INVALID_STATE` where it was decided before (`dispute_decided`),
/// where more was said than the admin read (`dispute_changed`), while the student is about to pay what is owed
/// (`dispute_charge_open`), where the bank of the card decides
/// (`dispute_of_bank`), and as `domain::dispute::remedy`.
pub async fn decide(
    services: &Services,
    actor: &Actor,
    id: DisputeId,
    outcome: Outcome,
    amount: Option<i64>,
    note: &str,
    seen: Option<i64>,
) -> Result<Dispute> {
    actor.require_admin()?;
    let now = services.clock.now();
    let withdrawn = withdraw(services, id, outcome, amount, seen).await?;
    let ruling = Ruling { dispute: id, admin: actor.user, outcome, amount, note, seen, withdrawn, now };
    let mut tx = services.begin().await?;
    let decided = record(&mut tx, actor, &ruling).await;
    let people = booking::finish(tx, decided).await?;
    services.live.wake(&people);
    find(services, actor, id).await
}

/// Sees to it that nobody pays what is about to be owed no more. A decision that cannot be is refused before.
async fn withdraw(
    services: &Services,
    id: DisputeId,
    outcome: Outcome,
    amount: Option<i64>,
    seen: Option<i64>,
) -> Result<Option<String>> {
    let mut tx = services.begin().await?;
    let booking = store::find_booking(&mut tx, id).await?.ok_or_else(not_found)?;
    may_decide(&mut tx, id, booking, seen).await?;
    if !store::is_open(&mut tx, id).await? {
        return Err(Refusal::new(Code::InvalidState, "dispute_decided").into());
    }
    let Some(charge) = payment::store::find_charge(&mut tx, booking).await? else { return Ok(None) };
    let Some(owed) = payment::store::find_locked(&mut tx, charge).await? else { return Ok(None) };
    remedy(outcome, amount, owed.state, &owed.split, owed.given)?;
    tx.rollback().await?;
    if outcome == Outcome::None { Ok(None) } else { payment::withdraw(services, charge).await }
}

/// Whether an admin may decide: not while a bank is about to, not what a bank decides itself, and not
/// what they have not read.
async fn may_decide(
    db: &mut PgConnection,
    id: DisputeId,
    booking: BookingId,
    seen: Option<i64>,
) -> Result<()> {
    if store::is_of_bank(db, id).await? || has_open(db, booking).await? {
        return Err(Refusal::new(Code::InvalidState, "dispute_of_bank").into());
    }
    if let Some(seen) = seen
        && store::count_statements(db, id).await? != seen
    {
        return Err(Refusal::new(Code::InvalidState, "dispute_changed").into());
    }
    Ok(())
}

async fn record(tx: &mut PgConnection, actor: &Actor, ruling: &Ruling<'_>) -> Result<Vec<UserId>> {
    let id = ruling.dispute;
    let booking = store::find_booking(tx, id).await?.ok_or_else(not_found)?;
    // The charge before the booking, as everywhere.
    let charge = match payment::store::find_charge(tx, booking).await? {
        Some(charge) => payment::store::find_locked(tx, charge).await?.map(|owed| (charge, owed)),
        None => None,
    };
    booking::find_locked(tx, booking, ruling.now).await?.ok_or_else(not_found)?;
    may_decide(tx, id, booking, ruling.seen).await?;
    let found = of_dispute(tx, id, ruling.now).await?;
    let zero = Money { minor: 0, currency: found.booking.currency }.split(0);
    let decided = match &charge {
        Some((_, owed)) => remedy(ruling.outcome, ruling.amount, owed.state, &owed.split, owed.given)?,
        None => remedy(ruling.outcome, ruling.amount, ChargeState::Nothing, &zero, Given::default())?,
    };
    if !store::set_decided(tx, id, ruling.outcome, decided, ruling.note, ruling.admin, ruling.now).await? {
        return Err(Refusal::new(Code::InvalidState, "dispute_decided").into());
    }
    if let Some((charge, owed)) = &charge {
        carry_out(tx, *charge, owed, decided, ruling, &found.booking).await?;
        payout::note_payable(tx, *charge).await?;
    }
    payment::store::close_cases(tx, booking, ruling.admin, ruling.note, ruling.now).await?;
    let by = By::actor(actor, &found.booking);
    let amount = Money { minor: decided.amount(), currency: found.booking.currency };
    let reduced = matches!(decided, Remedy::Reduce(_));
    let decision =
        json!({ "outcome": ruling.outcome, "amount": amount, "reduced": reduced, "note": ruling.note });
    let details = json!({ "decision": decision });
    let news = News { kind: "dispute.decided", dispute: id, by, details };
    let noted = json!({ "event": news.kind, "dispute_id": id, "outcome": ruling.outcome });
    booking::note(tx, &found, by, Some(ruling.note), &noted, ruling.now).await?;
    tell(tx, &found, &news, ruling.now).await
}

async fn carry_out(
    tx: &mut PgConnection,
    charge: ChargeId,
    owed: &Owed,
    decided: Remedy,
    ruling: &Ruling<'_>,
    booking: &Booking,
) -> Result<()> {
    match decided {
        Remedy::Nothing => Ok(()),
        Remedy::GiveBack(parts) => {
            let asked =
                payment::Asked { reason: ruling.note, admin: ruling.admin, dispute: Some(ruling.dispute) };
            payment::begin_refund(tx, charge, owed, parts, &asked, ruling.now).await.map(|_| ())
        }
        Remedy::Reduce(parts) => {
            let withdrawn = ruling.withdrawn.as_deref();
            let reduction = payment::Reduction { owed, parts, withdrawn, dispute: ruling.dispute };
            payment::reduce(tx, charge, booking, &reduction, ruling.now).await
        }
    }
}
