//! Rows of lessons and their attendance.

use chrono::{DateTime, Utc};
use domain::{
    attendance::{Kind, Record, START, seal},
    booking::{Booking, Party},
    ids::{BookingId, LessonId, UserId},
    interval::Interval,
    lesson::{Evidence, JOIN_OPENS_BEFORE, LessonState},
    presence::{Held, Sight},
};
use futures::TryStreamExt as _;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{
    JoinLink,
    presences::{self, Whose},
};
use crate::{AppError, Result, chance};

/// Sets the state of a lesson and the evidence that stands on it rather than in its attendance.
pub(crate) async fn set_progress(
    tx: &mut PgConnection,
    id: LessonId,
    state: LessonState,
    evidence: &Evidence,
) -> Result<()> {
    sqlx::query!(
        "UPDATE lessons SET state = $2, marked_no_show_at = $3, trusted_end_at = $4 WHERE id = $1",
        id.0,
        state.name(),
        evidence.marked_no_show,
        evidence.trusted_end
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes when a lesson got its outcome.
pub(crate) async fn set_settled(tx: &mut PgConnection, id: LessonId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE lessons SET settled_at = $2 WHERE id = $1", id.0, now).execute(tx).await?;
    Ok(())
}

/// Starts a lesson anew at another time.
pub(crate) async fn reset(tx: &mut PgConnection, id: LessonId, waits: (i32, i32)) -> Result<()> {
    sqlx::query!(
        "UPDATE lessons SET state = $2, no_show_wait = $3, min_payable = $4, marked_no_show_at = NULL,
             trusted_end_at = NULL, own_url = NULL, own_url_since = NULL, student_given_at = NULL,
             tutor_given_at = NULL
         WHERE id = $1",
        id.0,
        LessonState::Scheduled.name(),
        waits.0,
        waits.1
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A lesson's state as kept, and what is on record about the present time of its booking: who joined before it
/// was moved there does not count.
pub(crate) async fn find_evidence(
    db: &mut PgConnection,
    booking: &Booking,
) -> Result<(LessonState, Evidence)> {
    let row = sqlx::query!(
        "SELECT l.state, l.trusted_end_at, l.marked_no_show_at,
                (SELECT min(a.at) FROM attendance a WHERE a.lesson_id = l.id AND a.kind = 'join'
                    AND a.party = 'student' AND a.at BETWEEN $2 AND $3) AS student,
                (SELECT min(a.at) FROM attendance a WHERE a.lesson_id = l.id AND a.kind = 'join'
                    AND a.party = 'tutor' AND a.at BETWEEN $2 AND $3) AS tutor
         FROM lessons l WHERE l.id = $1",
        booking.lesson.0,
        booking.start - JOIN_OPENS_BEFORE,
        booking.end
    )
    .fetch_one(db)
    .await?;
    let evidence = Evidence {
        student_joined: row.student,
        tutor_joined: row.tutor,
        marked_no_show: row.marked_no_show_at,
        trusted_end: row.trusted_end_at,
    };
    Ok((LessonState::parse(&row.state).ok_or_else(|| AppError::fault("a lesson's state"))?, evidence))
}

/// Adds a piece of evidence to the chain of a lesson. Its booking is locked, so that nobody adds another meanwhile.
pub(crate) async fn insert_record(
    tx: &mut PgConnection,
    lesson: LessonId,
    user: Option<Uuid>,
    record: &Record,
) -> Result<()> {
    let last = sqlx::query_scalar!(
        "SELECT hash FROM attendance WHERE lesson_id = $1 ORDER BY id DESC LIMIT 1",
        lesson.0
    )
    .fetch_optional(&mut *tx)
    .await?;
    let hash = seal(last.as_deref().unwrap_or(&START), lesson, record);
    sqlx::query!(
        "INSERT INTO attendance (lesson_id, user_id, party, kind, source, reference, at, told_at, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        lesson.0,
        user,
        record.party.map(Party::name),
        record.kind.name(),
        record.source,
        record.reference,
        record.at,
        record.told_at,
        &hash[..]
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The evidence of a lesson with its seals, in the order in which it came.
pub(crate) async fn list_records(db: &mut PgConnection, lesson: LessonId) -> Result<Vec<(Record, Vec<u8>)>> {
    let rows = sqlx::query!(
        "SELECT kind, party, source, reference, at, told_at, hash FROM attendance WHERE lesson_id = $1 ORDER BY id",
        lesson.0
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| {
        let kind = Kind::parse(&row.kind).ok_or_else(|| AppError::fault("a kind of evidence"))?;
        let party = row.party.as_deref().map(party_named);
        let (source, reference, at, told_at) = (row.source, row.reference, row.at, row.told_at);
        Ok((Record { kind, party, source, reference, at, told_at }, row.hash))
    });
    read.collect()
}

/// Whether a click of a person is on record already, by the name that the browser gave it.
pub(super) async fn knows_click(
    db: &mut PgConnection,
    lesson: LessonId,
    user: UserId,
    click: &str,
) -> Result<bool> {
    let known = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM attendance WHERE lesson_id = $1 AND user_id = $2 AND reference = $3
             AND kind = 'join' AND source IN ('lectern', 'browser')) AS \"known!\"",
        lesson.0,
        user.0,
        click
    );
    Ok(known.fetch_one(db).await?)
}

/// Notes that a party was given the address of a lesson ahead, once for each time of it; `opens` is when this one
/// opened.
pub(super) async fn set_given(
    db: &mut PgConnection,
    lesson: LessonId,
    party: Party,
    opens: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    let student = party == Party::Student;
    sqlx::query!(
        "UPDATE lessons SET student_given_at = CASE WHEN $2 THEN $4 ELSE student_given_at END,
                            tutor_given_at = CASE WHEN $2 THEN tutor_given_at ELSE $4 END
         WHERE id = $1
           AND coalesce(CASE WHEN $2 THEN student_given_at ELSE tutor_given_at END, '-infinity') < $3",
        lesson.0,
        student,
        opens,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// When a party was given the address of a lesson ahead.
pub(super) async fn find_given(
    db: &mut PgConnection,
    lesson: LessonId,
    party: Party,
) -> Result<Option<DateTime<Utc>>> {
    let given = sqlx::query_scalar!(
        "SELECT CASE WHEN $2 THEN student_given_at ELSE tutor_given_at END FROM lessons WHERE id = $1",
        lesson.0,
        party == Party::Student
    );
    Ok(given.fetch_one(db).await?)
}

/// A party by its name in the database, which knows two.
fn party_named(name: &str) -> Party {
    if name == Party::Tutor.name() { Party::Tutor } else { Party::Student }
}

/// Asks an admin to decide what no rule does.
pub(crate) async fn insert_case(
    tx: &mut PgConnection,
    booking: BookingId,
    kind: &str,
    details: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO cases (id, booking_id, kind, details, opened_at) VALUES ($1, $2, $3, $4, $5)",
        chance::id::<Uuid>(),
        booking.0,
        kind,
        details,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
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

/// The booking of a lesson.
pub(crate) async fn find_booking(db: &mut PgConnection, lesson: LessonId) -> Result<Option<BookingId>> {
    let id = sqlx::query_scalar!("SELECT booking_id FROM lessons WHERE id = $1", lesson.0).fetch_optional(db);
    Ok(id.await?.map(BookingId))
}

/// The name of a student; `None` for anyone else.
pub(super) async fn find_student_name(db: &PgPool, student: UserId) -> Result<Option<String>> {
    let name = sqlx::query_scalar!("SELECT name FROM users WHERE id = $1 AND role = 'student'", student.0);
    Ok(name.fetch_optional(db).await?)
}

/// Gives each settled lesson that began in a time, with who came and went, one after the other.
pub(super) async fn each_presence(
    db: &mut PgConnection,
    whose: Whose,
    within: Interval,
    mut give: impl FnMut(presences::Row),
) -> Result<()> {
    let (tutor, student) = match whose {
        Whose::Tutor(tutor) => (Some(tutor.0), None),
        Whose::Student(student) => (None, Some(student.0)),
        Whose::Everybody => (None, None),
    };
    let mut rows = sqlx::query!(
        "SELECT b.starts_at, b.ends_at, l.trusted_end_at, t.id AS tutor, u.name AS tutor_name, s.id AS student,
                s.name AS student_name, a.kinds, a.parties, a.instants
         FROM tutors t JOIN users u ON u.id = t.user_id JOIN bookings b ON b.tutor_id = t.id
         JOIN lessons l ON l.booking_id = b.id AND l.settled_at IS NOT NULL JOIN users s ON s.id = b.student_id
         CROSS JOIN LATERAL (
             SELECT array_agg(kind ORDER BY id) AS kinds, array_agg(party ORDER BY id) AS parties,
                    array_agg(at ORDER BY id) AS instants
             FROM attendance WHERE lesson_id = l.id AND kind IN ('join', 'left') AND party IS NOT NULL
         ) a
         WHERE t.id = coalesce($1, t.id) AND s.id = coalesce($2, s.id) AND b.starts_at >= $3 AND b.starts_at < $4",
        tutor,
        student,
        within.start,
        within.end
    )
    .fetch(db);
    while let Some(row) = rows.try_next().await? {
        let parts = row.kinds.unwrap_or_default().into_iter().zip(row.parties.unwrap_or_default());
        let sights = parts.zip(row.instants.unwrap_or_default()).map(|((kind, party), at)| {
            let kind = Kind::parse(&kind).ok_or_else(|| AppError::fault("a kind of evidence"))?;
            Ok(Sight { kind, party: party_named(&party), at })
        });
        give(presences::Row {
            tutor: (row.tutor, row.tutor_name),
            student: (row.student, row.student_name),
            held: Held {
                scheduled: Interval::new(row.starts_at, row.ends_at),
                trusted_end: row.trusted_end_at,
            },
            sights: sights.collect::<Result<_>>()?,
        });
    }
    Ok(())
}
