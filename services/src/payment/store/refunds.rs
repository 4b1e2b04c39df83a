//! Rows of refunds, and what they leave of their charge.

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, ChargeId, RefundId},
    money::{Currency, Money, Split},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    AppError, Result,
    payment::{Asked, Loss},
};

/// A refund that an admin decided.
pub(crate) struct NewRefund<'a> {
    pub id: RefundId,
    pub charge: ChargeId,
    pub booking: BookingId,
    pub parts: Split,
    pub asked: &'a Asked<'a>,
    pub now: DateTime<Utc>,
}

/// Notes a refund, and that so much less is left of the charge.
pub(crate) async fn insert_refund(tx: &mut PgConnection, new: &NewRefund<'_>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO refunds (id, charge_id, booking_id, amount_minor, fee_minor, payout_minor, reason, admin_id,
             dispute_id, state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', $10)",
        new.id.0,
        new.charge.0,
        new.booking.0,
        new.parts.charge.minor,
        new.parts.fee.minor,
        new.parts.payout.minor,
        new.asked.reason,
        new.asked.admin.0,
        new.asked.dispute.map(|id| id.0),
        new.now
    )
    .execute(&mut *tx)
    .await?;
    set_less(tx, new.charge, new.parts, new.now).await
}

/// Notes what a bank took back for good, and that so much less is left of the charge.
pub(crate) async fn insert_loss(
    tx: &mut PgConnection,
    id: RefundId,
    (charge, booking): (ChargeId, BookingId),
    parts: Split,
    lost: &Loss<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO refunds (id, charge_id, booking_id, amount_minor, fee_minor, payout_minor, reason, chargeback_id,
             state, created_at, finished_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'succeeded', $9, $9)",
        id.0,
        charge.0,
        booking.0,
        parts.charge.minor,
        parts.fee.minor,
        parts.payout.minor,
        lost.reason,
        lost.chargeback,
        now
    )
    .execute(&mut *tx)
    .await?;
    set_less(tx, charge, parts, now).await
}

/// Leaves so much less of a charge.
async fn set_less(tx: &mut PgConnection, charge: ChargeId, parts: Split, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE charges SET refunded_minor = refunded_minor + $2, refunded_fee_minor = refunded_fee_minor + $3,
             updated_at = $4
         WHERE id = $1",
        charge.0,
        parts.charge.minor,
        parts.fee.minor,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A refund with what is needed to ask for it and to record its answer.
pub(crate) struct PendingRefund {
    pub charge: ChargeId,
    pub booking: BookingId,
    pub parts: Split,
    pub intent: String,
    /// Before it the provider was not asked.
    pub since: DateTime<Utc>,
}

/// A refund that the provider has not answered yet.
pub(crate) async fn find_refund(db: &mut PgConnection, id: RefundId) -> Result<Option<PendingRefund>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT r.charge_id, r.booking_id, r.amount_minor, r.fee_minor, r.payout_minor, r.created_at, c.currency,
                c.payment_intent AS \"intent!\"
         FROM refunds r JOIN charges c ON c.id = r.charge_id WHERE r.id = $1 AND r.state = 'pending'",
        id.0
    );
    row.fetch_optional(db).await?.map(Row::read).transpose()
}

/// A refund, whose charge nobody else changes until the end of the transaction.
pub(crate) async fn find_refund_locked(tx: &mut PgConnection, id: RefundId) -> Result<Option<PendingRefund>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT r.charge_id, r.booking_id, r.amount_minor, r.fee_minor, r.payout_minor, r.created_at, c.currency,
                c.payment_intent AS \"intent!\"
         FROM refunds r JOIN charges c ON c.id = r.charge_id WHERE r.id = $1 FOR UPDATE OF c",
        id.0
    );
    row.fetch_optional(tx).await?.map(Row::read).transpose()
}

/// A refund with what is needed of its charge.
struct Row {
    charge_id: Uuid,
    booking_id: Uuid,
    amount_minor: i64,
    fee_minor: i64,
    payout_minor: i64,
    created_at: DateTime<Utc>,
    currency: String,
    intent: String,
}

impl Row {
    fn read(self) -> Result<PendingRefund> {
        let currency = Currency::parse(&self.currency).map_err(AppError::fault)?;
        let money = |minor| Money { minor, currency };
        Ok(PendingRefund {
            charge: ChargeId(self.charge_id),
            booking: BookingId(self.booking_id),
            parts: Split {
                charge: money(self.amount_minor),
                fee: money(self.fee_minor),
                payout: money(self.payout_minor),
            },
            intent: self.intent,
            since: self.created_at,
        })
    }
}

/// Notes that the provider gives a refund; `false` where its answer was noted before.
pub(crate) async fn finish_refund(
    tx: &mut PgConnection,
    id: RefundId,
    provider_refund: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE refunds SET state = 'succeeded', provider_refund = $2, finished_at = $3
         WHERE id = $1 AND state = 'pending'",
        id.0,
        provider_refund,
        now
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that a refund came to nothing: whether it had been given before. `None` where that was noted before.
pub(crate) async fn fail_refund(
    tx: &mut PgConnection,
    id: RefundId,
    why: &str,
    now: DateTime<Utc>,
) -> Result<Option<bool>> {
    let was_given = sqlx::query_scalar!(
        "UPDATE refunds SET state = 'failed', failure = $2, finished_at = $3
         WHERE id = $1 AND state <> 'failed' RETURNING provider_refund IS NOT NULL AS \"given!\"",
        id.0,
        why,
        now
    );
    Ok(was_given.fetch_optional(tx).await?)
}

/// A refund that came to nothing leaves as much of the charge as before.
pub(crate) async fn give_up_refund(
    tx: &mut PgConnection,
    refund: &PendingRefund,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE charges SET refunded_minor = refunded_minor - $2, refunded_fee_minor = refunded_fee_minor - $3,
             updated_at = $4
         WHERE id = $1",
        refund.charge.0,
        refund.parts.charge.minor,
        refund.parts.fee.minor,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}
