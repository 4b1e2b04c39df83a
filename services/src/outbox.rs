//! What happened, for other programs and for jobs: a row in the transaction in which it happened.

use chrono::{DateTime, Utc};
use domain::ids::BookingId;
use serde_json::Value;
use sqlx::PgConnection;

use crate::{Result, trace::Trace};

/// Records an event of a booking, such as `booking.created`.
pub(crate) async fn record(
    tx: &mut PgConnection,
    kind: &str,
    booking: BookingId,
    payload: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let cause = Trace::current();
    sqlx::query!(
        "INSERT INTO outbox (kind, booking_id, payload, correlation_id, traceparent, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        kind,
        booking.0,
        payload,
        cause.correlation_id,
        cause.traceparent,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}
