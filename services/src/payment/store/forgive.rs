//! What is owed and forgiven.

use chrono::{DateTime, Utc};
use domain::ids::{BookingId, ChargeId, UserId};
use sqlx::PgConnection;

use crate::Result;

/// Whether a dispute about a lesson is open.
pub(crate) async fn is_disputed(db: &mut PgConnection, booking: BookingId) -> Result<bool> {
    let open = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM disputes WHERE booking_id = $1 AND state = 'open') AS \"open!\"",
        booking.0
    );
    Ok(open.fetch_one(db).await?)
}

/// Notes that an owed charge is forgiven, and forgets the payment that was cancelled for it.
pub(crate) async fn set_forgiven(
    tx: &mut PgConnection,
    id: ChargeId,
    admin: UserId,
    note: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE charges SET state = 'forgiven', payment_intent = NULL, updated_at = $2
         WHERE id = $1 AND state = 'debt'",
        id.0,
        now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE student_debts SET cleared_at = $2, cleared_by = 'forgiven', forgiven_by = $3, note = $4
         WHERE charge_id = $1 AND cleared_at IS NULL",
        id.0,
        now,
        admin.0,
        note
    )
    .execute(tx)
    .await?;
    Ok(())
}
