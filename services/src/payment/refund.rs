//! Giving money back. Each refund is a row, and the row's id the provider's key: two equal ones are two.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    account::paragraph,
    ids::{BookingId, ChargeId, DisputeId, RefundId, UserId},
    ledger::{self as rules, Event},
    money::{Money, Split},
    payment::ChargeState,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;

use super::{
    provider::{KEY_LIFE, RefundAnswer},
    store::{self, NewRefund, Owed, PendingRefund},
    stuck::{self, Stuck},
};
use crate::{
    Actor, AppError, Result, Services, account, booking, chance, dispute,
    jobs::{self, Job},
    ledger, live, outbox, payout,
};

/// A refund as the admin sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefundView {
    /// Its id.
    pub id: RefundId,
    /// Minor units of the charge's currency.
    pub amount: i64,
    /// `pending` until the provider has answered, then `succeeded` or `failed`.
    pub status: String,
}

/// The job that asks the provider for a refund.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefundCharge {
    /// Which.
    pub refund: RefundId,
}

impl Job for RefundCharge {
    const NAME: &'static str = "refund_charge";

    async fn run(self, services: &Services) -> Result<()> {
        give_back(services, self.refund).await
    }
}

/// An admin gives back some of a paid charge, without an amount all that is left. What is left is reckoned
/// under the charge's lock: refunds that arrive together never give back too much.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `BOOKING_NOT_FOUND`, `INVALID_STATE` where nothing was paid (`nothing_paid`)
/// and while the bank of the card has the money (`refund_charged_back`), `INVALID_REQUEST` for an
/// amount that is none or more than is left, or a reason that is not 1 to 500 characters.
pub async fn refund(
    services: &Services,
    actor: &Actor,
    id: BookingId,
    amount: Option<i64>,
    reason: &str,
) -> Result<RefundView> {
    actor.require_admin()?;
    let reason = paragraph(reason, 1, 500).ok_or(Refusal::on(Code::InvalidRequest, "reason", "reason"))?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let charge = match store::find_charge(&mut tx, id).await? {
        Some(charge) => charge,
        None => {
            booking::read(&mut tx, id, now).await?.ok_or_else(booking::not_found)?;
            return Err(Refusal::new(Code::InvalidState, "nothing_paid").into());
        }
    };
    let owed = store::find_locked(&mut tx, charge).await?.ok_or_else(booking::not_found)?;
    if owed.state != ChargeState::Paid {
        return Err(Refusal::new(Code::InvalidState, "nothing_paid").into());
    }
    if dispute::has_money(&mut tx, id).await? {
        return Err(Refusal::new(Code::InvalidState, "refund_charged_back").into());
    }
    let amount = amount.unwrap_or(owed.split.charge.minor - owed.given.amount);
    let parts = rules::refund(&owed.split, owed.given, amount)?;
    let asked = Asked { reason: &reason, admin: actor.user, dispute: None };
    let refund = begin(&mut tx, charge, &owed, parts, &asked, now).await?;
    tx.commit().await?;
    Ok(RefundView { id: refund, amount, status: "pending".to_owned() })
}

/// Who wants money to be given back, and why.
pub(crate) struct Asked<'a> {
    /// In the admin's words.
    pub reason: &'a str,
    /// Who.
    pub admin: UserId,
    /// The dispute in which it was decided.
    pub dispute: Option<DisputeId>,
}

/// Notes that so much of a locked charge, which is paid, is given back; the provider is asked after the commit.
pub(crate) async fn begin(
    tx: &mut PgConnection,
    charge: ChargeId,
    owed: &Owed,
    parts: Split,
    asked: &Asked<'_>,
    now: DateTime<Utc>,
) -> Result<RefundId> {
    let refund: RefundId = chance::id();
    let new = NewRefund { id: refund, charge, booking: owed.booking, parts, asked, now };
    store::insert_refund(tx, &new).await?;
    payout::foresee(tx, charge, refund, parts.payout.minor, now).await?;
    jobs::enqueue(tx, &RefundCharge { refund }).await?;
    Ok(refund)
}

/// Asks the provider, or, where it has forgotten the key, looks up what it did.
async fn ask(services: &Services, id: RefundId, pending: &PendingRefund) -> Result<RefundAnswer> {
    let provider = services.payments()?;
    let forgotten = services.clock.now() - pending.since >= KEY_LIFE;
    let known = if forgotten { provider.find_refund(id.0, &pending.intent).await? } else { None };
    match known {
        Some(answer) => Ok(answer),
        None => provider.refund(id.0, &pending.intent, pending.parts.charge.minor).await,
    }
}

async fn give_back(services: &Services, id: RefundId) -> Result<()> {
    let mut db = services.db.acquire().await?;
    let Some(pending) = store::find_refund(&mut db, id).await? else { return Ok(()) };
    drop(db);
    match ask(services, id, &pending).await? {
        RefundAnswer::Given { refund } => given(services, id, &refund).await,
        RefundAnswer::Refused(why) => failed(services, id, &why).await.map(|_| ()),
    }
}

/// Records that the provider gives the money back, once.
async fn given(services: &Services, id: RefundId, provider_refund: &str) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let Some(refund) = store::find_refund_locked(&mut tx, id).await? else { return Ok(()) };
    if !store::finish_refund(&mut tx, id, provider_refund, now).await? {
        return Ok(());
    }
    let found = booking::find_locked(&mut tx, refund.booking, now).await?.ok_or_else(booking::not_found)?;
    let source = format!("refund/{id}");
    ledger::post(&mut tx, &found.booking, Event::Refunded(refund.parts), &source, now).await?;
    payout::given(&mut tx, id, now).await?;
    let people = tell(&mut tx, &found, "payment.refunded", id, &refund, now).await?;
    tx.commit().await.map_err(AppError::from)?;
    services.live.wake(&people);
    Ok(())
}

/// Records that a refund came to nothing, by the provider's answer or, days later, by its own message: once. What was
/// entered is undone, as much is left of the charge as before, and an admin is asked to see to it. `false` where there
/// is no such refund.
pub(super) async fn failed(services: &Services, id: RefundId, why: &str) -> Result<bool> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let Some(refund) = store::find_refund_locked(&mut tx, id).await? else { return Ok(false) };
    let Some(was_given) = store::fail_refund(&mut tx, id, why, now).await? else { return Ok(true) };
    tracing::error!(refund = %id, why, was_given, "the provider gives nothing back");
    let found = booking::find_locked(&mut tx, refund.booking, now).await?.ok_or_else(booking::not_found)?;
    if was_given {
        let source = format!("refund/{id}/failed");
        ledger::post(&mut tx, &found.booking, Event::RefundFailed(refund.parts), &source, now).await?;
    }
    store::give_up_refund(&mut tx, &refund, now).await?;
    payout::undone(&mut tx, refund.charge, id, refund.parts.payout, now).await?;
    // What is left again may be lost to a bank already.
    dispute::bear_losses(&mut tx, refund.charge, now).await?;
    stuck::report(&mut tx, refund.booking, Stuck::Refund(id), refund.parts.charge, why, now).await?;
    let people = tell(&mut tx, &found, "payment.refund_failed", id, &refund, now).await?;
    tx.commit().await.map_err(AppError::from)?;
    services.live.wake(&people);
    Ok(true)
}

/// Writes the event for jobs and open pages.
async fn tell(
    tx: &mut PgConnection,
    found: &booking::Found,
    kind: &str,
    id: RefundId,
    refund: &PendingRefund,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let Money { minor, currency } = refund.parts.charge;
    let told =
        json!({ "booking_id": refund.booking, "refund_id": id, "amount": minor, "currency": currency });
    outbox::record(tx, kind, refund.booking, &told, now).await?;
    let mut people = vec![found.booking.student, found.tutor_user];
    people.extend(account::list_admins(tx).await?);
    live::record(tx, &people, kind, &json!({ "booking_id": refund.booking }), now).await?;
    Ok(people)
}
