//! Rows of the lessons that calendars show, and of the feeds' secrets.

use chrono::{DateTime, Utc};
use domain::{
    account::Language,
    booking::BookingState,
    ids::{BookingId, UserId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::entry::{Lesson, Reader};
use crate::{AppError, Result};

struct Row {
    id: Uuid,
    title: String,
    state: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    join_token: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    changes: i64,
    tutor: String,
    student: String,
    teaches: bool,
}

impl Row {
    fn parse(self) -> Result<Lesson> {
        let (with, tutor) =
            if self.teaches { (self.student, self.tutor) } else { (self.tutor.clone(), self.tutor) };
        Ok(Lesson {
            booking: BookingId(self.id),
            title: self.title,
            state: BookingState::parse(&self.state).map_err(AppError::fault)?,
            start: self.starts_at,
            end: self.ends_at,
            join_token: self.join_token,
            created_at: self.created_at,
            changed_at: self.updated_at,
            // The first row of the history is the booking itself.
            sequence: u32::try_from((self.changes - 1).max(0)).map_err(AppError::fault)?,
            tutor,
            with,
        })
    }
}

/// Reads lessons as one of their parties (`$1`) sees them in a calendar; the argument says which, in what order.
macro_rules! lessons {
    ($tail:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            Row,
            "SELECT b.id, b.title, b.state, b.starts_at, b.ends_at, b.join_token, b.created_at, b.updated_at,
                    (SELECT count(*) FROM booking_history h WHERE h.booking_id = b.id) AS \"changes!\",
                    tu.name AS tutor, s.name AS student, t.user_id = $1 AS \"teaches!\"
             FROM bookings b
             JOIN tutors t ON t.id = b.tutor_id
             JOIN users tu ON tu.id = t.user_id
             JOIN users s ON s.id = b.student_id
             WHERE (b.student_id = $1 OR b.tutor_id = (SELECT id FROM tutors WHERE user_id = $1)) "
                + $tail,
            $($argument),*
        )
    };
}

/// A lesson as one of its parties sees it; `None` for others.
pub(super) async fn find(
    db: &mut PgConnection,
    reader: UserId,
    booking: BookingId,
) -> Result<Option<Lesson>> {
    let row = lessons!("AND b.id = $2", reader.0, booking.0).fetch_optional(db).await?;
    row.map(Row::parse).transpose()
}

/// The lessons of a person that end after an instant, the earliest first.
pub(super) async fn list(db: &mut PgConnection, reader: UserId, from: DateTime<Utc>) -> Result<Vec<Lesson>> {
    let rows =
        lessons!("AND b.ends_at > $2 ORDER BY b.starts_at, b.id", reader.0, from).fetch_all(db).await?;
    rows.into_iter().map(Row::parse).collect()
}

/// Whose calendar it is; `None` where the account is gone.
pub(super) async fn find_reader(db: &mut PgConnection, user: UserId) -> Result<Option<Reader>> {
    let row =
        sqlx::query!("SELECT name, email, locale FROM users WHERE id = $1 AND deleted_at IS NULL", user.0)
            .fetch_optional(db)
            .await?;
    Ok(row.map(|row| Reader {
        user,
        name: row.name,
        email: row.email,
        language: row.locale.parse::<Language>().unwrap_or_default(),
    }))
}

/// The serial and hash of a person's feed.
pub(super) async fn find_feed(db: &mut PgConnection, user: UserId) -> Result<Option<(Uuid, Vec<u8>)>> {
    let row = sqlx::query!("SELECT serial, secret_hash FROM calendar_feeds WHERE user_id = $1", user.0)
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| (row.serial, row.secret_hash)))
}

/// Whose feed has a hash; `None` where there is none.
pub(super) async fn find_feed_owner(db: &mut PgConnection, hash: &[u8]) -> Result<Option<UserId>> {
    let user = sqlx::query_scalar!("SELECT user_id FROM calendar_feeds WHERE secret_hash = $1", hash)
        .fetch_optional(db)
        .await?;
    Ok(user.map(UserId))
}

/// Gives a person's feed a secret, in the place of one that it had.
pub(super) async fn set_feed(
    db: &mut PgConnection,
    user: UserId,
    serial: Uuid,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO calendar_feeds (user_id, serial, secret_hash, renewed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE SET serial = $2, secret_hash = $3, renewed_at = $4",
        user.0,
        serial,
        hash,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
