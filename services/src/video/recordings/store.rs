//! Rows of recordings.

use chrono::{DateTime, Utc};
use domain::ids::BookingId;
use sqlx::PgConnection;

use crate::Result;

/// A recording as it is stored.
pub(super) struct Row {
    pub remote: String,
    pub told_at: DateTime<Utc>,
    pub kept_until: DateTime<Utc>,
    /// `None` once it was removed.
    pub there: Option<There>,
}

/// A recording that can be seen.
pub(super) struct There {
    pub url: String,
    /// Sealed.
    pub passcode: Option<Vec<u8>>,
    pub start: DateTime<Utc>,
    pub minutes: Option<i32>,
}

/// Writes what was told of a recording; `false` where something later was told of it already. Of two messages of one
/// instant, that which says that it is removed counts.
pub(super) async fn put(tx: &mut PgConnection, booking: BookingId, row: &Row) -> Result<bool> {
    let there = row.there.as_ref();
    let put = sqlx::query!(
        "INSERT INTO recordings AS r
             (provider, remote_id, booking_id, url, passcode, started_at, minutes, told_at, kept_until)
         VALUES ('zoom', $1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (provider, remote_id) DO UPDATE
             SET url = excluded.url, passcode = excluded.passcode, started_at = excluded.started_at,
                 minutes = excluded.minutes, told_at = excluded.told_at, kept_until = excluded.kept_until
             WHERE r.booking_id = excluded.booking_id
               AND (r.told_at, r.url IS NULL) < (excluded.told_at, excluded.url IS NULL)",
        row.remote,
        booking.0,
        there.map(|it| &*it.url),
        there.and_then(|it| it.passcode.as_deref()),
        there.map(|it| it.start),
        there.and_then(|it| it.minutes),
        row.told_at,
        row.kept_until
    )
    .execute(tx)
    .await?;
    Ok(put.rows_affected() > 0)
}

/// The recordings of a lesson that can be seen now, oldest first.
pub(super) async fn list(db: &mut PgConnection, booking: BookingId, now: DateTime<Utc>) -> Result<Vec<Row>> {
    let rows = sqlx::query!(
        "SELECT remote_id, told_at, kept_until, url AS \"url!\", passcode, started_at AS \"started_at!\", minutes
         FROM recordings WHERE booking_id = $1 AND url IS NOT NULL AND kept_until > $2
         ORDER BY started_at, remote_id",
        booking.0,
        now
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| Row {
        remote: row.remote_id,
        told_at: row.told_at,
        kept_until: row.kept_until,
        there: Some(There {
            url: row.url,
            passcode: row.passcode,
            start: row.started_at,
            minutes: row.minutes,
        }),
    });
    Ok(read.collect())
}
