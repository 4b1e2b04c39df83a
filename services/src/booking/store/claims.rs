//! Rows of claims: what holds and bookings take of people's time.

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, TutorId, UserId},
    interval::Interval,
};
use sqlx::{PgConnection, postgres::types::PgRange};
use uuid::Uuid;

use crate::Result;

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

fn range(interval: Interval) -> PgRange<DateTime<Utc>> {
    PgRange::from(interval.start..interval.end)
}
