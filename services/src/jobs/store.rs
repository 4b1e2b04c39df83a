//! Rows of the outbox, and of the queue.

use chrono::{DateTime, Utc};
use domain::ids::BookingId;
use sqlx::{PgConnection, PgPool};

use crate::{Result, trace::Trace};

/// A row that nobody has dispatched yet.
pub(super) struct Undispatched {
    /// Which.
    pub id: i64,
    /// What happened, such as `payment.succeeded`.
    pub kind: String,
    /// The booking that it concerns.
    pub booking: Option<BookingId>,
    /// Whether the tutor of that booking has lessons written into a calendar elsewhere, or this one stands in one.
    pub in_calendar: bool,
    /// Whether that booking has a meeting that somebody makes, or may need one.
    pub has_meeting: bool,
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
         RETURNING id, kind, booking_id, correlation_id, traceparent,
             EXISTS (SELECT FROM bookings b JOIN calendar_accounts a ON a.tutor_id = b.tutor_id
                     WHERE b.id = booking_id AND (a.lessons_in IS NOT NULL OR EXISTS (
                         SELECT FROM lesson_entries e WHERE e.account_id = a.id AND e.booking_id = b.id))) AS \"in_calendar!\",
             EXISTS (SELECT FROM bookings b JOIN tutors t ON t.id = b.tutor_id
                     WHERE b.id = booking_id AND (t.provider IN ('zoom', 'google_meet') OR EXISTS (
                         SELECT FROM meetings m WHERE m.booking_id = b.id))) AS \"has_meeting!\"",
        limit,
        now
    )
    .fetch_all(tx)
    .await?;
    rows.sort_unstable_by_key(|row| row.id);
    let read = rows.into_iter().map(|row| Undispatched {
        id: row.id,
        kind: row.kind,
        booking: row.booking_id.map(BookingId),
        in_calendar: row.in_calendar,
        has_meeting: row.has_meeting,
        cause: Trace { correlation_id: row.correlation_id, traceparent: row.traceparent },
    });
    Ok(read.collect())
}

/// What is not done yet.
pub(super) struct OpenWork {
    /// Jobs that are due.
    pub due: u64,
    /// Jobs under way.
    pub under_way: u64,
    /// Events and due payments that no job knows of yet.
    pub in_no_job: u64,
}

impl OpenWork {
    /// Whether all is done.
    pub const fn is_none(&self) -> bool {
        self.due == 0 && self.under_way == 0 && self.in_no_job == 0
    }
}

/// What is not done yet, all of one moment: between two looks a row could become a job, or a job leave a row. Payments
/// count where there is a provider.
pub(super) async fn open_work(db: &PgPool, with_payments: bool, now: DateTime<Utc>) -> Result<OpenWork> {
    // Not checked while compiling: the schema is the library's.
    let (due, under_way, in_no_job): (i64, i64, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE locked_at IS NULL AND run_at <= now() AND attempts < max_attempts),
                count(*) FILTER (WHERE locked_at >= now() - interval '5 minutes'),
                (SELECT count(*) FROM outbox WHERE dispatched_at IS NULL) + CASE WHEN $1 THEN
                    (SELECT count(*) FROM charges
                     WHERE state = 'scheduled' AND handed_out_at IS NULL AND due_at <= $2)
                    + (SELECT count(*) FROM deposits
                       WHERE state = 'scheduled' AND handed_out_at IS NULL AND due_at <= $2)
                    + (SELECT count(*) FROM payout_accounts
                       WHERE look_at <= $2 AND transfers_enabled AND payouts_enabled) ELSE 0 END
         FROM graphile_worker._private_jobs",
    )
    .bind(with_payments)
    .bind(now)
    .fetch_one(db)
    .await?;
    Ok(OpenWork {
        due: due.unsigned_abs(),
        under_way: under_way.unsigned_abs(),
        in_no_job: in_no_job.unsigned_abs(),
    })
}
