//! Rows of refunds, and what they leave of their charge.

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, ChargeId, RefundId, UserId},
    money::{Currency, Money, Split},
};
use sqlx::PgConnection;

use crate::{AppError, Result};

/// A refund that an admin decided.
pub(crate) struct NewRefund {
    pub id: RefundId,
    pub charge: ChargeId,
    pub booking: BookingId,
    pub parts: Split,
    pub reason: String,
    pub admin: UserId,
    pub now: DateTime<Utc>,
}

/// Notes a refund, and that so much less is left of the charge.
pub(crate) async fn insert_refund(tx: &mut PgConnection, new: &NewRefund) -> Result<()> {
    sqlx::query!(
        "INSERT INTO refunds (id, charge_id, booking_id, amount_minor, fee_minor, payout_minor, reason, admin_id,
             state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9)",
        new.id.0,
        new.charge.0,
        new.booking.0,
        new.parts.charge.minor,
        new.parts.fee.minor,
        new.parts.payout.minor,
        new.reason,
        new.admin.0,
        new.now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE charges SET refunded_minor = refunded_minor + $2, refunded_fee_minor = refunded_fee_minor + $3,
             updated_at = $4
         WHERE id = $1",
        new.charge.0,
        new.parts.charge.minor,
        new.parts.fee.minor,
        new.now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A refund that waits for the provider.
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
    let row = sqlx::query!(
        "SELECT r.charge_id, r.booking_id, r.amount_minor, r.fee_minor, r.payout_minor, r.created_at, c.currency,
                c.payment_intent AS \"intent!\"
         FROM refunds r JOIN charges c ON c.id = r.charge_id WHERE r.id = $1 AND r.state = 'pending'",
        id.0
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
    let money = |minor| Money { minor, currency };
    Ok(Some(PendingRefund {
        charge: ChargeId(row.charge_id),
        booking: BookingId(row.booking_id),
        parts: Split {
            charge: money(row.amount_minor),
            fee: money(row.fee_minor),
            payout: money(row.payout_minor),
        },
        intent: row.intent,
        since: row.created_at,
    }))
}

/// Notes the provider's answer to a refund; `false` where it was noted before.
pub(crate) async fn finish_refund(
    tx: &mut PgConnection,
    id: RefundId,
    provider_refund: Option<&str>,
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE refunds SET state = $4, provider_refund = $2, failure = $3, finished_at = $5
         WHERE id = $1 AND state = 'pending'",
        id.0,
        provider_refund,
        failure,
        if failure.is_some() { "failed" } else { "succeeded" },
        now
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
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
