//! What is owed and becomes less.

use chrono::{DateTime, Utc};
use domain::{ids::ChargeId, money::Split};
use sqlx::PgConnection;

use crate::Result;

/// Leaves `rest` of an owed charge, and forgets the payment that was cancelled for it.
pub(crate) async fn set_reduced(
    tx: &mut PgConnection,
    id: ChargeId,
    by: i64,
    rest: &Split,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE charges SET amount_minor = $2::bigint, fee_minor = $3, payout_minor = $4, reduced_minor = reduced_minor + $5,
             state = CASE WHEN $2::bigint = 0 THEN 'nothing' ELSE state END, payment_intent = NULL, updated_at = $6
         WHERE id = $1 AND state = 'debt'",
        id.0,
        rest.charge.minor,
        rest.fee.minor,
        rest.payout.minor,
        by,
        now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE student_debts SET amount_minor = $2::bigint WHERE charge_id = $1 AND cleared_at IS NULL AND $2::bigint > 0",
        id.0,
        rest.charge.minor
    )
    .execute(tx)
    .await?;
    Ok(())
}
