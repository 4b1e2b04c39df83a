//! What a decision about a dispute would do, before it is made.

use domain::{
    dispute::{Outcome, Remedy, remedy},
    ids::DisputeId,
    ledger::Given,
    money::{Money, Split},
    payment::ChargeState,
};

use super::{not_found, of_dispute, store};
use crate::{Actor, Result, Services, payment, payout};

/// What a decision would do to the money of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// What the student is better off by, and what of it tutor and platform each bear.
    pub parts: Split,
    /// It is owed and would be owed no more; else it is paid and would be given back.
    pub reduces: bool,
    /// What would be left of the charge.
    pub rest: Money,
    /// The tutor was paid for the lesson: what the tutor bears is taken back, or kept back from the next payouts.
    pub paid_out: bool,
}

/// What a decision would do now. Nothing is changed by looking at it, and what is decided afterwards is reckoned anew.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `NOT_FOUND`, and as `domain::dispute::remedy`.
pub async fn weigh(
    services: &Services,
    actor: &Actor,
    id: DisputeId,
    outcome: Outcome,
    amount: Option<i64>,
) -> Result<Weighed> {
    actor.require_admin()?;
    let mut tx = services.begin().await?;
    let booking = store::find_booking(&mut tx, id).await?.ok_or_else(not_found)?;
    let found = of_dispute(&mut tx, id, services.clock.now()).await?;
    let zero = Money::zero(found.booking.currency).split(0);
    let (mut state, mut split, mut given, mut paid_out) =
        (ChargeState::Nothing, zero, Given::default(), false);
    if let Some(charge) = payment::store::find_charge(&mut tx, booking).await?
        && let Some(owed) = payment::store::find_locked(&mut tx, charge).await?
    {
        (state, split, given) = (owed.state, owed.split, owed.given);
        paid_out = payout::has(&mut tx, charge).await?;
    }
    tx.rollback().await?;
    let decided = remedy(outcome, amount, state, &split, given)?;
    let (parts, reduces) = match decided {
        Remedy::Nothing => (zero, false),
        Remedy::GiveBack(parts) => (parts, false),
        Remedy::Reduce(parts) => (parts, true),
    };
    let rest = Money { minor: split.charge.minor - given.amount - parts.charge.minor, ..split.charge };
    Ok(Weighed { parts, reduces, rest, paid_out })
}
