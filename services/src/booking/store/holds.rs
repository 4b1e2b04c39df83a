//! Rows of holds, and of the keys that bookings were asked for with.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    booking::Placement,
    ids::{BookingId, HoldId, OfferingId, TutorId, UserId},
};
use sqlx::PgConnection;

use crate::{
    Result,
    booking::{Hold, HoldRequest},
};

/// How long a key is remembered.
const KEY_LIFE: TimeDelta = TimeDelta::hours(24);

/// Closes the lapsed holds on a tutor, and those of the student who asks: they need not keep their owner out.
pub(crate) async fn close_holds(
    tx: &mut PgConnection,
    tutor: TutorId,
    student: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "DELETE FROM claims WHERE kind = 'hold' AND tutor_id = $1 AND (expires_at <= $3 OR student_id = $2)",
        tutor.0,
        student.map(|id| id.0),
        now
    )
    .execute(tx)
    .await?;
    Ok(())
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
