//! Rows of lessons and their attendance.

use chrono::{DateTime, Utc};
use domain::{
    Code,
    booking::{Booking, Party},
    ids::{BookingId, LessonId, TutorId, UserId},
    lesson::{Evidence, JOIN_OPENS_BEFORE, LessonState},
};
use sqlx::PgConnection;

use super::{AttendanceRow, JoinLink};
use crate::{Result, tutor::Provider};

/// Sets the state of a lesson.
pub(crate) async fn set_state(tx: &mut PgConnection, id: LessonId, state: LessonState) -> Result<()> {
    sqlx::query!("UPDATE lessons SET state = $2 WHERE id = $1", id.0, state.name()).execute(tx).await?;
    Ok(())
}

/// Sets the outcome of a lesson.
pub(crate) async fn settle(
    tx: &mut PgConnection,
    id: LessonId,
    state: LessonState,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!("UPDATE lessons SET state = $2, settled_at = $3 WHERE id = $1", id.0, state.name(), now)
        .execute(tx)
        .await?;
    Ok(())
}

/// Records that a trusted source saw the lesson end.
pub(crate) async fn set_trusted_end(tx: &mut PgConnection, id: LessonId, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE lessons SET trusted_end_at = $2 WHERE id = $1", id.0, at).execute(tx).await?;
    Ok(())
}

/// Starts a lesson anew at another time.
pub(crate) async fn reset(tx: &mut PgConnection, id: LessonId, waits: (i32, i32)) -> Result<()> {
    sqlx::query!(
        "UPDATE lessons SET state = $2, no_show_wait = $3, min_payable = $4 WHERE id = $1",
        id.0,
        LessonState::Scheduled.name(),
        waits.0,
        waits.1
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What is on record about the present time of a booking: who joined before it was moved there does not count.
pub(crate) async fn find_evidence(db: &mut PgConnection, booking: &Booking) -> Result<Evidence> {
    let row = sqlx::query!(
        "SELECT l.trusted_end_at,
                EXISTS (SELECT FROM attendance a WHERE a.lesson_id = l.id AND a.kind = 'join'
                    AND a.party = 'student' AND a.at BETWEEN $2 AND $3) AS \"student!\",
                EXISTS (SELECT FROM attendance a WHERE a.lesson_id = l.id AND a.kind = 'join'
                    AND a.party = 'tutor' AND a.at BETWEEN $2 AND $3) AS \"tutor!\"
         FROM lessons l WHERE l.id = $1",
        booking.lesson.0,
        booking.start - JOIN_OPENS_BEFORE,
        booking.end
    )
    .fetch_one(db)
    .await?;
    Ok(Evidence {
        student_joined: row.student,
        tutor_joined: row.tutor,
        marked_no_show: false,
        trusted_end: row.trusted_end_at,
    })
}

/// Records an attempt to join; a refused one with its code.
pub(crate) async fn insert_attempt(
    tx: &mut PgConnection,
    lesson: LessonId,
    user: UserId,
    party: Party,
    refused: Option<Code>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO attendance (lesson_id, user_id, party, kind, code, at) VALUES ($1, $2, $3, $4, $5, $6)",
        lesson.0,
        user.0,
        party.name(),
        if refused.is_some() { "join_refused" } else { "join" },
        refused.map(Code::name),
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The attempts to join a lesson, oldest first.
pub(crate) async fn list_attempts(db: &mut PgConnection, lesson: LessonId) -> Result<Vec<AttendanceRow>> {
    let rows =
        sqlx::query!("SELECT party, kind, at FROM attendance WHERE lesson_id = $1 ORDER BY id", lesson.0)
            .fetch_all(db)
            .await?;
    let party = |name: &str| if name == Party::Tutor.name() { Party::Tutor } else { Party::Student };
    Ok(rows
        .into_iter()
        .map(|row| AttendanceRow { party: party(&row.party), joined: row.kind == "join", at: row.at })
        .collect())
}

/// Where a tutor's lessons take place.
pub(crate) async fn find_provider(db: &mut PgConnection, tutor: TutorId) -> Result<Provider> {
    let row = sqlx::query!("SELECT provider, external_url FROM tutors WHERE id = $1", tutor.0)
        .fetch_one(db)
        .await?;
    Ok(match row.external_url.filter(|_| row.provider == "external") {
        Some(url) => Provider::External { url },
        None => Provider::Jitsi,
    })
}

/// What a meeting link leads to.
pub(crate) async fn find_link(db: &mut PgConnection, token: &str) -> Result<JoinLink> {
    let row = sqlx::query!(
        "SELECT (SELECT id FROM bookings WHERE join_token = $1) AS valid,
                EXISTS (SELECT FROM retired_join_tokens WHERE token = $1) AS \"retired!\"",
        token
    )
    .fetch_one(db)
    .await?;
    Ok(match row.valid {
        Some(booking) => JoinLink::Valid(BookingId(booking)),
        None if row.retired => JoinLink::Retired,
        None => JoinLink::Unknown,
    })
}
