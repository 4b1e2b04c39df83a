//! Rows of bookings, holds, claims and keys.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    booking::{Booking, BookingState, Placement},
    ids::{BookingId, HoldId, LessonId, OfferingId, TutorId, UserId},
    interval::Interval,
    lesson::LessonState,
    money::Currency,
};
use serde_json::Value;
use sqlx::{PgConnection, postgres::types::PgRange};
use uuid::Uuid;

use super::{Hold, HoldRequest};
use crate::{AppError, Result};

/// How long a key is remembered.
pub(crate) const KEY_LIFE: TimeDelta = TimeDelta::hours(24);

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
             price_minor, currency, policy, state, note, join_token, expires_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)",
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

/// What a hold or a booking takes of a tutor's and a student's time.
pub(crate) struct Claim {
    /// The id of the hold or the booking.
    pub id: Uuid,
    pub tutor: TutorId,
    pub student: UserId,
    pub during: Interval,
    pub lesson: Interval,
    /// Holds only.
    pub expires_at: Option<DateTime<Utc>>,
    pub now: DateTime<Utc>,
}

/// Claims a slot. The constraints `claims_tutor_overlap` and `claims_student_overlap` refuse a second one.
pub(crate) async fn insert_claim(tx: &mut PgConnection, claim: &Claim) -> Result<()> {
    let kind = if claim.expires_at.is_some() { "hold" } else { "booking" };
    sqlx::query!(
        "INSERT INTO claims (id, kind, tutor_id, student_id, during, lesson, expires_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        claim.id,
        kind,
        claim.tutor.0,
        claim.student.0,
        range(claim.during),
        range(claim.lesson),
        claim.expires_at,
        claim.now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Moves the claim of a booking.
pub(crate) async fn set_claim(
    tx: &mut PgConnection,
    id: BookingId,
    during: Interval,
    lesson: Interval,
) -> Result<()> {
    let (during, lesson) = (range(during), range(lesson));
    sqlx::query!("UPDATE claims SET during = $2, lesson = $3 WHERE id = $1", id.0, during, lesson)
        .execute(tx)
        .await?;
    Ok(())
}

/// What a booking claims of the tutor's time.
pub(crate) async fn find_claim(db: &mut PgConnection, id: BookingId) -> Result<Option<Interval>> {
    let row = sqlx::query!(
        "SELECT lower(during) AS \"start!\", upper(during) AS \"end!\" FROM claims WHERE id = $1",
        id.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Interval::new(row.start, row.end)))
}

/// Gives the slot of a booking free.
pub(crate) async fn delete_claim(tx: &mut PgConnection, id: BookingId) -> Result<()> {
    sqlx::query!("DELETE FROM claims WHERE id = $1", id.0).execute(tx).await?;
    Ok(())
}

/// Closes the lapsed holds on a tutor and those of the student who asks, whom they need not keep out.
pub(crate) async fn close_holds(
    tx: &mut PgConnection,
    tutor: TutorId,
    student: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "DELETE FROM claims WHERE kind = 'hold' AND tutor_id = $1 AND (expires_at <= $3 OR student_id = $2)",
        tutor.0,
        student.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether anyone else claims some of this time of a tutor. Read without a lock it is only a hint.
pub(crate) async fn is_claimed(
    db: &mut PgConnection,
    tutor: TutorId,
    student: UserId,
    lesson: Interval,
    now: DateTime<Utc>,
) -> Result<bool> {
    let claimed = sqlx::query_scalar!(
        "SELECT EXISTS (
             SELECT FROM claims WHERE tutor_id = $1 AND during && $2 AND (kind = 'booking' OR
                 (student_id <> $3 AND expires_at > $4))
         ) AS \"exists!\"",
        tutor.0,
        range(lesson),
        student.0,
        now
    )
    .fetch_one(db)
    .await?;
    Ok(claimed)
}

/// The lessons of a student that share time with a range, one booking left out.
pub(crate) async fn list_lessons(
    db: &mut PgConnection,
    student: UserId,
    within: Interval,
    except: Option<BookingId>,
) -> Result<Vec<Interval>> {
    let rows = sqlx::query!(
        "SELECT lower(lesson) AS \"start!\", upper(lesson) AS \"end!\" FROM claims
         WHERE kind = 'booking' AND student_id = $1 AND lesson && $2 AND id IS DISTINCT FROM $3",
        student.0,
        range(within),
        except.map(|id| id.0)
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| Interval::new(row.start, row.end)).collect())
}

/// Notes what a hold was asked for.
pub(crate) async fn insert_hold(
    tx: &mut PgConnection,
    id: HoldId,
    student: UserId,
    request: &HoldRequest,
    placed: &Placement,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO holds (id, tutor_id, student_id, offering_id, starts_at, duration_min, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id.0,
        request.tutor.0,
        student.0,
        placed.offering.0,
        placed.slot.start,
        placed.duration.cast_signed(),
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A hold, live or lapsed.
pub(crate) struct FoundHold {
    pub request: HoldRequest,
    pub created_at: DateTime<Utc>,
    /// `None` once it reserves nothing any more.
    pub live: Option<Hold>,
}

/// A student's own hold.
pub(crate) async fn find_hold(
    db: &mut PgConnection,
    id: HoldId,
    student: UserId,
    now: DateTime<Utc>,
) -> Result<Option<FoundHold>> {
    let row = sqlx::query!(
        "SELECT h.tutor_id, h.offering_id, h.starts_at, h.duration_min, h.created_at, c.expires_at AS \"expires_at?\"
         FROM holds h LEFT JOIN claims c ON c.id = h.id AND c.expires_at > $3
         WHERE h.id = $1 AND h.student_id = $2",
        id.0,
        student.0,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| FoundHold {
        request: HoldRequest {
            tutor: TutorId(row.tutor_id),
            offering: Some(OfferingId(row.offering_id)),
            start: row.starts_at,
            duration: i64::from(row.duration_min),
        },
        created_at: row.created_at,
        live: row.expires_at.map(|expires_at| Hold { id, expires_at }),
    }))
}

/// Gives a student's own hold back.
pub(crate) async fn delete_hold(db: &mut PgConnection, id: HoldId, student: UserId) -> Result<()> {
    sqlx::query!("DELETE FROM claims WHERE kind = 'hold' AND id = $1 AND student_id = $2", id.0, student.0)
        .execute(db)
        .await?;
    Ok(())
}

/// What a key was used for, while it is remembered: the hash of the request, and the booking.
pub(crate) async fn find_key(
    db: &mut PgConnection,
    student: UserId,
    key: &str,
    now: DateTime<Utc>,
) -> Result<Option<(Vec<u8>, BookingId)>> {
    let row = sqlx::query!(
        "SELECT request_hash, booking_id FROM idempotency_keys
         WHERE user_id = $1 AND key = $2 AND created_at > $3",
        student.0,
        key,
        now - KEY_LIFE
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.request_hash, BookingId(row.booking_id))))
}

/// Remembers what a key was used for; a forgotten use gives way.
pub(crate) async fn insert_key(
    tx: &mut PgConnection,
    student: UserId,
    key: &str,
    hash: &[u8],
    booking: BookingId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO idempotency_keys (user_id, key, request_hash, booking_id, created_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (user_id, key) DO UPDATE
         SET request_hash = excluded.request_hash, booking_id = excluded.booking_id,
             created_at = excluded.created_at",
        student.0,
        key,
        hash,
        booking.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

fn range(interval: Interval) -> PgRange<DateTime<Utc>> {
    PgRange::from(interval.start..interval.end)
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
pub(crate) async fn list_history(db: &mut PgConnection, id: BookingId) -> Result<Vec<super::HistoryRow>> {
    let rows = sqlx::query!(
        "SELECT to_state, actor, reason, at FROM booking_history WHERE booking_id = $1 ORDER BY id",
        id.0
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let to = BookingState::parse(&row.to_state).map_err(AppError::fault)?;
            Ok(super::HistoryRow { to, actor: row.actor, reason: row.reason, at: row.at })
        })
        .collect()
}
