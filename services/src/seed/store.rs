//! Writes the rows of the demonstration, a statement for each table.

use chrono::{DateTime, Utc};
use domain::ids::{BookingId, TutorId, UserId};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::rows::Rows;
use crate::Result;

/// Whether there are people. Waits for another who fills the database, until the transaction ends.
pub(super) async fn has_people(db: &mut PgConnection) -> Result<bool> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('demonstration', 0))")
        .execute(&mut *db)
        .await?;
    let people = sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM users) AS "people!""#);
    Ok(people.fetch_one(db).await?)
}

/// Writes a statement that fills a table from a list of rows as JSON.
macro_rules! fill {
    ($db:expr, $rows:expr, $statement:literal) => {
        sqlx::query!($statement, Value::Array($rows)).execute(&mut *$db).await?
    };
}

/// In the order in which tables refer to each other.
pub(super) async fn insert(db: &mut PgConnection, rows: Rows) -> Result<()> {
    fill!(db, rows.users, "INSERT INTO users SELECT * FROM jsonb_populate_recordset(NULL::users, $1)");
    fill!(db, rows.tutors, "INSERT INTO tutors SELECT * FROM jsonb_populate_recordset(NULL::tutors, $1)");
    fill!(
        db,
        rows.weekly_windows,
        "INSERT INTO weekly_windows SELECT * FROM jsonb_populate_recordset(NULL::weekly_windows, $1)"
    );
    fill!(
        db,
        rows.availability_overrides,
        "INSERT INTO availability_overrides
         SELECT * FROM jsonb_populate_recordset(NULL::availability_overrides, $1)"
    );
    fill!(
        db,
        rows.offerings,
        "INSERT INTO offerings SELECT * FROM jsonb_populate_recordset(NULL::offerings, $1)"
    );
    fill!(
        db,
        rows.bookings,
        "INSERT INTO bookings SELECT * FROM jsonb_populate_recordset(NULL::bookings, $1)"
    );
    fill!(db, rows.claims, "INSERT INTO claims SELECT * FROM jsonb_populate_recordset(NULL::claims, $1)");
    fill!(db, rows.lessons, "INSERT INTO lessons SELECT * FROM jsonb_populate_recordset(NULL::lessons, $1)");
    fill!(db, rows.ratings, "INSERT INTO ratings SELECT * FROM jsonb_populate_recordset(NULL::ratings, $1)");
    fill!(
        db,
        rows.booking_history,
        "INSERT INTO booking_history (booking_id, from_state, to_state, actor, actor_id, reason, at)
         SELECT booking_id, from_state, to_state, actor, actor_id, reason, at
         FROM jsonb_populate_recordset(NULL::booking_history, $1)"
    );
    fill!(
        db,
        rows.attendance,
        "INSERT INTO attendance (lesson_id, user_id, party, kind, source, at, hash)
         SELECT lesson_id, user_id, party, kind, source, at, hash FROM jsonb_populate_recordset(NULL::attendance, $1)"
    );
    insert_chat(db, rows.chat_threads, rows.chat_messages, rows.chat_members).await
}

async fn insert_chat(
    db: &mut PgConnection,
    threads: Vec<Value>,
    messages: Vec<Value>,
    members: Vec<Value>,
) -> Result<()> {
    fill!(
        db,
        threads,
        "INSERT INTO chat_threads SELECT * FROM jsonb_populate_recordset(NULL::chat_threads, $1)"
    );
    fill!(
        db,
        messages,
        "INSERT INTO chat_messages (thread_id, sender_id, body, masked, sent_at)
         SELECT thread_id, sender_id, body, masked, sent_at
         FROM jsonb_populate_recordset(NULL::chat_messages, $1) ORDER BY sent_at"
    );
    fill!(
        db,
        members.clone(),
        "INSERT INTO chat_members (thread_id, user_id, delivered_to, read_to, revision)
         SELECT thread_id, user_id, seen.id, seen.id, nextval('chat_revisions')
         FROM jsonb_to_recordset($1) AS member (thread_id uuid, user_id uuid, seen_at timestamptz),
             LATERAL (SELECT coalesce(max(m.id), 0) AS id FROM chat_messages m
                      WHERE m.thread_id = member.thread_id AND m.sender_id <> member.user_id
                          AND m.sent_at <= member.seen_at) AS seen"
    );
    fill!(
        db,
        members,
        "INSERT INTO presence (user_id, seen_at)
         SELECT user_id, max(seen_at) FROM jsonb_to_recordset($1) AS member (user_id uuid, seen_at timestamptz)
         GROUP BY user_id"
    );
    Ok(())
}

pub(super) async fn insert_photos(
    db: &mut PgConnection,
    tutors: &[Uuid],
    photos: &[Vec<u8>],
    now: chrono::DateTime<chrono::Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO tutor_photos (tutor_id, content, updated_at)
         SELECT tutor_id, content, $3 FROM unnest($1::uuid[], $2::bytea[]) AS photo (tutor_id, content)",
        tutors,
        photos,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// All students.
pub(super) async fn list_students(db: &mut PgConnection) -> Result<Vec<UserId>> {
    let ids =
        sqlx::query_scalar!("SELECT id FROM users WHERE role = 'student' ORDER BY id").fetch_all(db).await?;
    Ok(ids.into_iter().map(UserId).collect())
}

/// What the people of the demonstration accounts taught and were taught, and was not charged yet.
pub(super) async fn list_taught(db: &mut PgConnection) -> Result<Vec<BookingId>> {
    let ids = sqlx::query_scalar!(
        "SELECT b.id FROM bookings b
         JOIN lessons l ON l.booking_id = b.id AND l.settled_at IS NOT NULL
         JOIN tutors t ON t.id = b.tutor_id
         JOIN users u ON u.id IN (b.student_id, t.user_id)
             AND u.email IN ('student@demo.test', 'tutor@demo.test')
         WHERE NOT EXISTS (SELECT FROM charges c WHERE c.booking_id = b.id)
         GROUP BY b.id ORDER BY b.ends_at"
    );
    Ok(ids.fetch_all(db).await?.into_iter().map(BookingId).collect())
}

/// The tutor of the demonstration.
pub(super) async fn find_demo_tutor(db: &mut PgConnection) -> Result<(UserId, TutorId)> {
    let row = sqlx::query!(
        "SELECT u.id AS user, t.id FROM tutors t JOIN users u ON u.id = t.user_id WHERE u.email = 'tutor@demo.test'"
    )
    .fetch_one(db)
    .await?;
    Ok((UserId(row.user), TutorId(row.id)))
}

/// Marks every event as handed to its jobs.
pub(super) async fn set_dispatched(db: &PgPool, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE outbox SET dispatched_at = $1 WHERE dispatched_at IS NULL", now).execute(db).await?;
    Ok(())
}
