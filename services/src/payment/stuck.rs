//! Money that was to be given back or taken back and was not: a case for admins, who have it tried again.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    ids::{BookingId, RefundId, ReversalId},
    ledger as rules,
    money::Money,
};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{refund, release, store};
use crate::{Actor, Result, Services, booking, dispute, jobs, mail::TellOfStuck};

/// What did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stuck {
    /// A refund.
    Refund(RefundId),
    /// A try to give back what was paid ahead and not charged.
    Deposit(Uuid),
    /// A reversal of a transfer: the tutor's next payouts bear it.
    Reversal(ReversalId),
}

impl Stuck {
    /// The kind of its case.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Stuck::Refund(_) => "refund_failed",
            Stuck::Deposit(_) => "deposit_not_returned",
            Stuck::Reversal(_) => "reversal_failed",
        }
    }

    /// What its case is about.
    pub(crate) const fn id(self) -> Uuid {
        match self {
            Stuck::Refund(RefundId(id)) | Stuck::Reversal(ReversalId(id)) | Stuck::Deposit(id) => id,
        }
    }
}

/// Opens the case of it, once, and has admins written to; `false` where that was done before.
pub(crate) async fn report(
    tx: &mut PgConnection,
    booking: BookingId,
    what: Stuck,
    amount: Money,
    why: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let details = json!({ "amount": amount, "why": why });
    let Some(case) = store::insert_stuck(tx, booking, what, &details, now).await? else { return Ok(false) };
    jobs::enqueue(tx, &TellOfStuck { case }).await?;
    Ok(true)
}

/// An admin has money that did not arrive given back once more: a refund of its own, under a key of its own. The case
/// is closed with that.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `NOT_FOUND` (`case_not_found`) where no such case is open, `INVALID_STATE`
/// (`refund_charged_back`) while the bank of the card has the money, `INVALID_REQUEST` where less is left of the charge.
pub async fn try_again(services: &Services, actor: &Actor, case: Uuid) -> Result<()> {
    actor.require_admin()?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let tried = again(&mut tx, actor, case, now).await;
    booking::finish(tx, tried).await
}

async fn again(tx: &mut PgConnection, actor: &Actor, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    let unknown = || Refusal::new(Code::NotFound, "case_not_found");
    let case = store::find_stuck(tx, id).await?.ok_or_else(unknown)?;
    match (&*case.kind, case.reason) {
        ("refund_failed", Some(reason)) => {
            refund_again(tx, actor, RefundId(case.about), &reason, now).await?
        }
        ("deposit_not_returned", _) => release::return_again(tx, case.booking, case.about, now).await?,
        _ => return Err(unknown().into()),
    }
    if store::close_case(tx, id, actor.user, "Tried again.", now).await? {
        return Ok(());
    }
    Err(unknown().into())
}

/// The same refund anew, under the charge's lock.
async fn refund_again(
    tx: &mut PgConnection,
    actor: &Actor,
    failed: RefundId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let before = store::find_refund_locked(tx, failed).await?.ok_or_else(booking::not_found)?;
    let owed = store::find_locked(tx, before.charge).await?.ok_or_else(booking::not_found)?;
    if dispute::has_money(tx, before.booking).await? {
        return Err(Refusal::new(Code::InvalidState, "refund_charged_back").into());
    }
    let parts = rules::refund(&owed.split, owed.given, before.parts.charge.minor)?;
    let asked = refund::Asked { reason, admin: actor.user, dispute: None };
    refund::begin(tx, before.charge, &owed, parts, &asked, now).await?;
    Ok(())
}

/// The provider tells that money which was given back has come back to it: a refund's, or what was paid ahead.
pub(super) async fn heard_of(services: &Services, id: Uuid, why: &str) -> Result<()> {
    if refund::failed(services, RefundId(id), why).await? {
        return Ok(());
    }
    release::return_failed(services, id, why).await
}
