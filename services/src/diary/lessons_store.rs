//! Rows of lessons that are written into calendars elsewhere.

use chrono::{DateTime, Utc};
use domain::{
    booking::BookingState,
    ids::{BookingId, TutorId, UserId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::lessons::{Entry, Lesson, Target};
use crate::{AppError, Result, busy::Problem};

/// The accounts into which a lesson is to be written, or where it may be.
pub(super) async fn list_targets(db: &mut PgConnection, booking: BookingId) -> Result<Vec<Target>> {
    let rows = sqlx::query_as!(
        Target,
        "SELECT a.id AS account, a.login, a.credential AS sealed
         FROM bookings b
         JOIN calendar_accounts a ON a.tutor_id = b.tutor_id
         WHERE b.id = $1 AND (a.lessons_in IS NOT NULL
             OR EXISTS (SELECT FROM lesson_entries e WHERE e.account_id = a.id AND e.booking_id = b.id))
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
    digest: &[u8],
) -> Result<()> {
    sqlx::query!(
        "UPDATE lesson_entries SET written = $4 WHERE account_id = $1 AND booking_id = $2 AND url = $3",
        account,
        booking.0,
        url,
        digest
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

/// Notes whether lessons can be written into an account, and since when not.
pub(super) async fn set_outcome(
    db: &mut PgConnection,
    account: Uuid,
    problem: Option<Problem>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE calendar_accounts SET lessons_problem = $2,
             lessons_failing_since = CASE WHEN $2::text IS NOT NULL THEN coalesce(lessons_failing_since, $3) END
         WHERE id = $1 AND (lessons_problem IS NOT NULL OR $2::text IS NOT NULL)",
        account,
        problem.map(Problem::name),
        now
    )
    .execute(db)
    .await?;
    Ok(())
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
             OR EXISTS (SELECT FROM lesson_entries e WHERE e.account_id = $2 AND e.booking_id = b.id))",
        tutor.0,
        account,
        now
    );
    Ok(ids.fetch_all(tx).await?.into_iter().map(BookingId).collect())
}
