//! Rows of lessons that are written into calendars elsewhere.

use chrono::{DateTime, Utc};
use domain::{
    booking::BookingState,
    ids::{BookingId, TutorId, UserId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Kept,
    lessons::{Entry, Lesson},
};
use crate::{AppError, Result, busy::Problem, calendar::Stored};

/// The accounts into which a lesson is to be written, or where it may be.
pub(super) async fn list_targets(db: &mut PgConnection, booking: BookingId) -> Result<Vec<Kept>> {
    let rows = sqlx::query_as!(
        Kept,
        "SELECT a.id, a.url, a.login, a.credential AS sealed, a.oauth_id
         FROM bookings b
         JOIN calendar_accounts a ON a.tutor_id = b.tutor_id
         WHERE b.id = $1 AND (a.lessons_in IS NOT NULL
             OR EXISTS (SELECT FROM lesson_entries e WHERE e.account_id = a.id AND e.booking_id = b.id)
             OR EXISTS (SELECT FROM unwritten_lessons u WHERE u.account_id = a.id AND u.booking_id = b.id))
         ORDER BY a.id",
        booking.0
    );
    Ok(rows.fetch_all(db).await?)
}

/// The calendar into which an account's lessons are written; `None` where none are.
pub(super) async fn find_calendar(db: &mut PgConnection, account: Uuid) -> Result<Option<String>> {
    let url = sqlx::query_scalar!(
        "SELECT o.url FROM calendar_accounts a JOIN offered_calendars o ON o.id = a.lessons_in WHERE a.id = $1",
        account
    );
    Ok(url.fetch_optional(db).await?)
}

/// A booking, as far as calendars are concerned.
pub(super) async fn find_lesson(db: &mut PgConnection, booking: BookingId) -> Result<Option<Lesson>> {
    let row = sqlx::query!(
        "SELECT b.state, b.ends_at, t.user_id FROM bookings b JOIN tutors t ON t.id = b.tutor_id WHERE b.id = $1",
        booking.0
    );
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let state = BookingState::parse(&row.state).map_err(AppError::fault)?;
    Ok(Some(Lesson { state, end: row.ends_at, tutor_user: UserId(row.user_id) }))
}

/// Where a lesson is in an account, or may be.
pub(super) async fn list_entries(
    db: &mut PgConnection,
    account: Uuid,
    booking: BookingId,
) -> Result<Vec<Entry>> {
    let rows = sqlx::query_as!(
        Entry,
        "SELECT url, written FROM lesson_entries WHERE account_id = $1 AND booking_id = $2",
        account,
        booking.0
    );
    Ok(rows.fetch_all(db).await?)
}

/// Notes that a lesson may be at a place from now on, whatever is there.
pub(super) async fn insert(
    db: &mut PgConnection,
    account: Uuid,
    booking: BookingId,
    url: &str,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO lesson_entries (account_id, booking_id, url) VALUES ($1, $2, $3)
         ON CONFLICT (account_id, booking_id, url) DO UPDATE SET written = NULL",
        account,
        booking.0,
        url
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes what was written.
pub(super) async fn set_written(
    db: &mut PgConnection,
    account: Uuid,
    booking: BookingId,
    url: &str,
    stored: &Stored,
) -> Result<()> {
    sqlx::query!(
        "UPDATE lesson_entries SET written = $4, shown_from = $5, shown_to = $6
         WHERE account_id = $1 AND booking_id = $2 AND url = $3",
        account,
        booking.0,
        url,
        stored.digest,
        stored.plain.start,
        stored.plain.end
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets a place at which a lesson is no more.
pub(super) async fn delete(
    db: &mut PgConnection,
    account: Uuid,
    booking: BookingId,
    url: &str,
) -> Result<()> {
    sqlx::query!(
        "DELETE FROM lesson_entries WHERE account_id = $1 AND booking_id = $2 AND url = $3",
        account,
        booking.0,
        url
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that a lesson is as it should be in an account.
pub(super) async fn delete_unwritten(db: &mut PgConnection, account: Uuid, booking: BookingId) -> Result<()> {
    sqlx::query!(
        "DELETE FROM unwritten_lessons WHERE account_id = $1 AND booking_id = $2",
        account,
        booking.0
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How often a lesson was tried in vain; nobody else counts another try until the end of the transaction.
pub(super) async fn count_tries(tx: &mut PgConnection, account: Uuid, booking: BookingId) -> Result<i32> {
    let found = sqlx::query_scalar!(
        "SELECT tries FROM unwritten_lessons WHERE account_id = $1 AND booking_id = $2 FOR UPDATE",
        account,
        booking.0
    );
    Ok(found.fetch_optional(tx).await?.unwrap_or(0))
}

/// A lesson that could not be written.
pub(super) struct Failed {
    pub account: Uuid,
    pub booking: BookingId,
    pub problem: Problem,
    pub tries: i32,
    pub due_at: DateTime<Utc>,
}

/// Notes that a lesson could not be written. Of an account that is gone nothing is noted.
pub(super) async fn set_unwritten(tx: &mut PgConnection, failed: &Failed, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO unwritten_lessons (account_id, booking_id, state, problem, failing_since, tries, due_at)
         SELECT id, $2, 'failed', $3, $4, $5, $6 FROM calendar_accounts WHERE id = $1 FOR KEY SHARE
         ON CONFLICT (account_id, booking_id)
             DO UPDATE SET state = 'failed', problem = $3, tries = $5, due_at = $6",
        failed.account,
        failed.booking.0,
        failed.problem.name(),
        now,
        failed.tries,
        failed.due_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes the failed lessons of an account, and notes when they are due should their jobs be lost.
pub(super) async fn take_failed(
    tx: &mut PgConnection,
    account: Uuid,
    lost_at: DateTime<Utc>,
) -> Result<Vec<BookingId>> {
    let taken = sqlx::query_scalar!(
        "UPDATE unwritten_lessons SET state = 'pending', due_at = $2
         WHERE account_id = $1 AND booking_id IN (
             SELECT booking_id FROM unwritten_lessons WHERE account_id = $1 AND state = 'failed'
             FOR UPDATE SKIP LOCKED)
         RETURNING booking_id",
        account,
        lost_at
    );
    Ok(taken.fetch_all(tx).await?.into_iter().map(BookingId).collect())
}

/// Whether a lesson is due for another try.
pub(super) async fn is_any_due(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    lost_at: DateTime<Utc>,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM unwritten_lessons WHERE due_at <= $1 OR due_at > $2) AS \"due!\"",
        now,
        lost_at
    );
    Ok(found.fetch_one(db).await?)
}

/// Takes lessons that are due for another try, and notes when they are due should their jobs be lost. Later than that
/// none should be: then the clock was set back.
pub(super) async fn take_due(
    tx: &mut PgConnection,
    limit: i64,
    now: DateTime<Utc>,
    lost_at: DateTime<Utc>,
) -> Result<Vec<BookingId>> {
    let taken = sqlx::query_scalar!(
        "UPDATE unwritten_lessons SET state = 'pending', due_at = $3 WHERE (account_id, booking_id) IN (
             SELECT account_id, booking_id FROM unwritten_lessons WHERE due_at <= $2 OR due_at > $3
             ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING booking_id",
        limit,
        now,
        lost_at
    );
    Ok(taken.fetch_all(tx).await?.into_iter().map(BookingId).collect())
}

/// The lessons to come of a tutor that are certain, and those that are in an account.
pub(super) async fn list_bookings(
    tx: &mut PgConnection,
    tutor: TutorId,
    account: Uuid,
    now: DateTime<Utc>,
) -> Result<Vec<BookingId>> {
    let ids = sqlx::query_scalar!(
        "SELECT b.id FROM bookings b
         WHERE b.tutor_id = $1 AND b.ends_at > $3 AND (b.state = 'confirmed'
             OR EXISTS (SELECT FROM lesson_entries e WHERE e.account_id = $2 AND e.booking_id = b.id)
             OR EXISTS (SELECT FROM unwritten_lessons u WHERE u.account_id = $2 AND u.booking_id = b.id))",
        tutor.0,
        account,
        now
    );
    Ok(ids.fetch_all(tx).await?.into_iter().map(BookingId).collect())
}
