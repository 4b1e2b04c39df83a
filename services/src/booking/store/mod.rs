//! Rows of bookings; those of claims, holds and keys stand beside.

mod claims;
mod holds;

use chrono::{DateTime, Utc};
use domain::{
    booking::{Booking, BookingState, Placement},
    ids::{BookingId, LessonId, OfferingId, TutorId, UserId},
    lesson::LessonState,
    money::Currency,
};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{AppError, Result, booking::HistoryRow};

pub(crate) use claims::*;
pub(crate) use holds::*;

/// A booking with what its view does not show.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub booking: Booking,
    /// The tutor's account.
    pub tutor_user: UserId,
}

struct BookingRow {
    id: Uuid,
    state: String,
    tutor_id: Uuid,
    tutor_user: Uuid,
    tutor_name: String,
    tutor_slug: String,
    tutor_zone: String,
    student_id: Uuid,
    student_name: String,
    student_zone: String,
    offering_id: Uuid,
    title: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    duration_min: i16,
    price_minor: i64,
    currency: String,
    policy: Value,
    note: Option<String>,
    reason: Option<String>,
    sequence: i32,
    join_token: String,
    expires_at: Option<DateTime<Utc>>,
    lesson_id: Uuid,
    lesson_state: String,
    no_show_wait: i32,
    min_payable: i32,
    rating: Option<i16>,
    created_at: DateTime<Utc>,
}

impl BookingRow {
    fn parse(self, now: DateTime<Utc>) -> Result<Found> {
        let state = BookingState::parse(&self.state).map_err(AppError::fault)?;
        let lesson =
            LessonState::parse(&self.lesson_state).ok_or_else(|| AppError::fault("a lesson's state"))?;
        let booking = Booking {
            id: BookingId(self.id),
            state,
            tutor: TutorId(self.tutor_id),
            tutor_name: self.tutor_name,
            tutor_slug: self.tutor_slug,
            tutor_zone: self.tutor_zone,
            student: UserId(self.student_id),
            student_name: self.student_name,
            student_zone: self.student_zone,
            offering: OfferingId(self.offering_id),
            title: self.title,
            start: self.starts_at,
            end: self.ends_at,
            duration: u16::try_from(self.duration_min).map_err(AppError::fault)?,
            price_minor: self.price_minor,
            currency: Currency::parse(&self.currency).map_err(AppError::fault)?,
            policy: serde_json::from_value(self.policy).map_err(AppError::fault)?,
            note: self.note,
            reason: self.reason,
            sequence: self.sequence,
            join_token: self.join_token,
            expires_at: self.expires_at,
            lesson: LessonId(self.lesson_id),
            lesson_state: match state {
                BookingState::Confirmed => lesson.at(self.starts_at, self.ends_at, now),
                _ => lesson,
            },
            no_show_wait: self.no_show_wait,
            min_payable: self.min_payable,
            rating: self.rating,
            created_at: self.created_at,
        };
        Ok(Found { booking, tutor_user: UserId(self.tutor_user) })
    }
}

/// Reads bookings as their parties see them; the argument says which, in what order.
macro_rules! bookings {
    ($tail:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            BookingRow,
            "SELECT b.id, b.state, b.tutor_id, t.user_id AS tutor_user, tu.name AS tutor_name, t.slug AS tutor_slug,
                    t.time_zone AS tutor_zone, b.student_id, s.name AS student_name, s.time_zone AS student_zone,
                    b.offering_id, b.title, b.starts_at, b.ends_at, b.duration_min, b.price_minor, b.currency,
                    b.policy, b.note, b.reason, b.sequence, b.join_token, b.expires_at, l.id AS lesson_id,
                    l.state AS lesson_state, l.no_show_wait, l.min_payable, r.rating AS \"rating?\", b.created_at
             FROM bookings b
             JOIN tutors t ON t.id = b.tutor_id
             JOIN users tu ON tu.id = t.user_id
             JOIN users s ON s.id = b.student_id
             JOIN lessons l ON l.booking_id = b.id
             LEFT JOIN ratings r ON r.booking_id = b.id "
                + $tail,
            $($argument),*
        )
    };
}

/// A booking.
pub(crate) async fn find(db: &mut PgConnection, id: BookingId, now: DateTime<Utc>) -> Result<Option<Found>> {
    let row = bookings!("WHERE b.id = $1", id.0).fetch_optional(db).await?;
    row.map(|row| row.parse(now)).transpose()
}

/// The same, and nobody else changes it until the end of the transaction.
pub(crate) async fn find_locked(
    tx: &mut PgConnection,
    id: BookingId,
    now: DateTime<Utc>,
) -> Result<Option<Found>> {
    let row = bookings!("WHERE b.id = $1 FOR UPDATE OF b", id.0).fetch_optional(tx).await?;
    row.map(|row| row.parse(now)).transpose()
}

/// Whose bookings are listed, and which.
pub(crate) struct Filter {
    pub student: Option<UserId>,
    pub tutor: Option<TutorId>,
    pub states: Vec<String>,
    pub upcoming: Option<bool>,
    pub limit: i64,
    pub offset: i64,
    pub now: DateTime<Utc>,
}

/// A page of bookings: the coming ones soonest first, else latest first.
pub(crate) async fn list(db: &mut PgConnection, filter: &Filter) -> Result<Vec<Booking>> {
    let rows = bookings!(
        "WHERE (b.student_id = $1 OR b.tutor_id = $2)
           AND (cardinality($3::text[]) = 0 OR b.state = ANY($3))
           AND ($4::boolean IS NULL OR (b.ends_at > $5) = $4)
         ORDER BY CASE WHEN $4 THEN b.starts_at END, b.starts_at DESC, b.id
         LIMIT $6 OFFSET $7",
        filter.student.map(|id| id.0),
        filter.tutor.map(|id| id.0),
        &filter.states,
        filter.upcoming,
        filter.now,
        filter.limit,
        filter.offset
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|row| Ok(row.parse(filter.now)?.booking)).collect()
}

/// How many bookings there are on all pages.
pub(crate) async fn count(db: &mut PgConnection, filter: &Filter) -> Result<i64> {
    let total = sqlx::query_scalar!(
        "SELECT count(*) AS \"count!\" FROM bookings b
         WHERE (b.student_id = $1 OR b.tutor_id = $2)
           AND (cardinality($3::text[]) = 0 OR b.state = ANY($3))
           AND ($4::boolean IS NULL OR (b.ends_at > $5) = $4)",
        filter.student.map(|id| id.0),
        filter.tutor.map(|id| id.0),
        &filter.states,
        filter.upcoming,
        filter.now
    )
    .fetch_one(db)
    .await?;
    Ok(total)
}

/// Waits until no other transaction changes what the tutor, then the student, has claimed.
pub(crate) async fn lock_parties(tx: &mut PgConnection, tutor: TutorId, student: UserId) -> Result<()> {
    for key in [format!("tutor:{tutor}"), format!("student:{student}")] {
        sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key).execute(&mut *tx).await?;
    }
    Ok(())
}

/// A new booking with its lesson.
pub(crate) struct NewBooking<'a> {
    pub id: BookingId,
    pub tutor: TutorId,
    pub student: UserId,
    pub placement: &'a Placement,
    pub note: Option<&'a str>,
    /// The card to charge.
    pub card: Option<&'a str>,
    pub join_token: String,
    pub lesson: LessonId,
    pub waits: (i32, i32),
    pub now: DateTime<Utc>,
}

/// Writes a booking and its lesson.
pub(crate) async fn insert(tx: &mut PgConnection, new: &NewBooking<'_>) -> Result<()> {
    let placed = new.placement;
    sqlx::query!(
        "INSERT INTO bookings (id, tutor_id, student_id, offering_id, title, starts_at, ends_at, duration_min,
             price_minor, currency, policy, state, note, join_token, expires_at, card_id, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)",
        new.id.0,
        new.tutor.0,
        new.student.0,
        placed.offering.0,
        placed.title,
        placed.slot.start,
        placed.slot.end,
        placed.duration.cast_signed(),
        placed.price_minor,
        placed.currency.code(),
        serde_json::to_value(placed.policy).map_err(AppError::fault)?,
        placed.state.name(),
        new.note,
        new.join_token,
        placed.expires_at,
        new.card,
        new.now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO lessons (id, booking_id, state, no_show_wait, min_payable) VALUES ($1, $2, $3, $4, $5)",
        new.lesson.0,
        new.id.0,
        LessonState::Scheduled.name(),
        new.waits.0,
        new.waits.1
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Moves a booking from one state to another; `false` where it was not in the first.
pub(crate) async fn set_state(
    tx: &mut PgConnection,
    id: BookingId,
    from: BookingState,
    to: BookingState,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = sqlx::query_scalar!(
        "UPDATE bookings SET state = $3, reason = coalesce($4, reason), expires_at = NULL, updated_at = $5
         WHERE id = $1 AND state = $2 RETURNING id",
        id.0,
        from.name(),
        to.name(),
        reason,
        now
    )
    .fetch_optional(tx)
    .await?;
    Ok(changed.is_some())
}

/// Moves a booking to another slot; `false` where its state or its slot is no longer the one that was judged.
pub(crate) async fn set_slot(
    tx: &mut PgConnection,
    old: &Booking,
    placed: &Placement,
    join_token: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = sqlx::query_scalar!(
        "UPDATE bookings SET starts_at = $4, ends_at = $5, duration_min = $6, price_minor = $7, currency = $8,
             join_token = $9, sequence = sequence + 1, updated_at = $10,
             expires_at = CASE WHEN expires_at IS NOT NULL THEN least(expires_at, $4) END
         WHERE id = $1 AND state = $2 AND sequence = $3 RETURNING id",
        old.id.0,
        old.state.name(),
        old.sequence,
        placed.slot.start,
        placed.slot.end,
        placed.duration.cast_signed(),
        placed.price_minor,
        placed.currency.code(),
        join_token,
        now
    )
    .fetch_optional(tx)
    .await?;
    Ok(changed.is_some())
}

/// Remembers the present meeting link of a booking as one that was valid once.
pub(crate) async fn retire_token(tx: &mut PgConnection, booking: &Booking, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO retired_join_tokens (token, booking_id, retired_at) VALUES ($1, $2, $3)",
        booking.join_token,
        booking.id.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The changes of a booking, oldest first.
pub(crate) async fn list_history(db: &mut PgConnection, id: BookingId) -> Result<Vec<HistoryRow>> {
    let rows = sqlx::query!(
        "SELECT to_state, actor, reason, details ->> 'event' AS event, at FROM booking_history WHERE booking_id = $1 ORDER BY id",
        id.0
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let to = BookingState::parse(&row.to_state).map_err(AppError::fault)?;
            Ok(HistoryRow { to, event: row.event, actor: row.actor, reason: row.reason, at: row.at })
        })
        .collect()
}
