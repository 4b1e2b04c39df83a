//! Rows of the outbox.

use chrono::{DateTime, Utc};
use domain::ids::BookingId;
use sqlx::PgConnection;

use crate::{Result, trace::Trace};

/// A row that nobody has dispatched yet.
pub(super) struct Undispatched {
    /// What happened, such as `payment.succeeded`.
    pub kind: String,
    /// The booking that it concerns.
    pub booking: Option<BookingId>,
    /// Why it happened.
    pub cause: Trace,
}

/// Takes rows in their order and notes them as dispatched. Rows that another transaction holds are passed over.
pub(super) async fn take_undispatched(
    tx: &mut PgConnection,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Undispatched>> {
    let mut rows = sqlx::query!(
        "UPDATE outbox SET dispatched_at = $2 WHERE id IN (
             SELECT id FROM outbox WHERE dispatched_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING id, kind, booking_id, correlation_id, traceparent",
        limit,
        now
    )
    .fetch_all(tx)
    .await?;
    rows.sort_unstable_by_key(|row| row.id);
    let read = rows.into_iter().map(|row| Undispatched {
        kind: row.kind,
        booking: row.booking_id.map(BookingId),
        cause: Trace { correlation_id: row.correlation_id, traceparent: row.traceparent },
    });
    Ok(read.collect())
}
