//! Threads as one of their people sees them, with what a list shows: one statement for a page.

use chrono::{DateTime, Utc};
use domain::{
    chat::Silence,
    ids::{ThreadId, TutorId, UserId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Result,
    chat::{Cursor, Message, Thread},
};

/// A thread with what belongs to it.
struct Row {
    id: ThreadId,
    tutor: TutorId,
    student: UserId,
    other: UserId,
    other_name: String,
    other_seen_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    active_at: DateTime<Utc>,
    delivered_to: i64,
    read_to: i64,
    unread: i64,
    blocks: bool,
    blocked: bool,
    suspended: bool,
    last_id: Option<i64>,
    last_sender: Option<Uuid>,
    last_body: Option<String>,
    last_removed: Option<bool>,
    last_masked: Option<bool>,
    last_client_id: Option<String>,
    last_file: Option<String>,
}

impl From<Row> for Thread {
    fn from(row: Row) -> Thread {
        let message = |id, sender, body, masked| Message {
            id,
            thread: row.id,
            sender: UserId(sender),
            body,
            removed: row.last_removed == Some(true),
            masked,
            client_id: row.last_client_id,
            // The thread is as recent as its last message.
            sent_at: row.active_at,
        };
        let last = match (row.last_id, row.last_sender, row.last_body, row.last_masked) {
            (Some(id), Some(sender), Some(body), Some(masked)) => Some(message(id, sender, body, masked)),
            _ => None,
        };
        Thread {
            id: row.id,
            tutor: row.tutor,
            student: row.student,
            other: row.other,
            other_name: row.other_name,
            other_seen_at: row.other_seen_at,
            last,
            last_file: row.last_file,
            unread: row.unread,
            delivered_to: row.delivered_to,
            read_to: row.read_to,
            silence: Silence { blocks: row.blocks, blocked: row.blocked, suspended: row.suspended },
            created_at: row.created_at,
            active_at: row.active_at,
        }
    }
}

/// A thread of a person's own, also while nothing is written in it.
pub(in crate::chat) async fn find_view(
    db: &mut PgConnection,
    user: UserId,
    thread: ThreadId,
) -> Result<Option<Thread>> {
    Ok(select(db, user, Some(thread), None, 1).await?.pop().map(Thread::from))
}

/// A person's threads, the one with the latest message first, from a cursor on. What the other person opened
/// and has not written in is left out.
pub(in crate::chat) async fn list_views(
    db: &mut PgConnection,
    user: UserId,
    before: Option<Cursor<ThreadId>>,
    limit: i64,
) -> Result<Vec<Thread>> {
    Ok(select(db, user, None, before, limit).await?.into_iter().map(Thread::from).collect())
}

async fn select(
    db: &mut PgConnection,
    user: UserId,
    thread: Option<ThreadId>,
    before: Option<Cursor<ThreadId>>,
    limit: i64,
) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT c.id, c.tutor_id AS tutor, c.student_id AS student, c.created_at, c.active_at,
               other.id AS other, other.name AS other_name,
               p.seen_at AS "other_seen_at?", theirs.delivered_to, theirs.read_to,
               (SELECT count(*) FROM chat_messages m
                WHERE m.thread_id = c.id AND m.id > mine.read_to AND m.sender_id <> mine.user_id
                    AND m.removed_at IS NULL) AS "unread!",
               mine.blocked_at IS NOT NULL AS "blocks!", theirs.blocked_at IS NOT NULL AS "blocked!",
               EXISTS (SELECT FROM chat_suspensions s
                       WHERE s.user_id = mine.user_id AND s.lifted_at IS NULL) AS "suspended!",
               last.id AS "last_id?", last.sender_id AS "last_sender?", last.body AS "last_body?",
               last.removed AS "last_removed?", last.masked AS "last_masked?",
               last.client_id AS "last_client_id?",
               (SELECT a.name FROM chat_attachments a
                WHERE a.message_id = last.id AND last.body = '' AND NOT last.removed
                ORDER BY a.created_at, a.id LIMIT 1) AS "last_file?"
           FROM chat_members mine
           JOIN chat_threads c ON c.id = mine.thread_id
           JOIN chat_members theirs ON theirs.thread_id = c.id AND theirs.user_id <> mine.user_id
           JOIN users other ON other.id = theirs.user_id
           LEFT JOIN presence p ON p.user_id = other.id
           LEFT JOIN LATERAL (
               SELECT id, sender_id, CASE WHEN removed_at IS NULL THEN body ELSE '' END AS body,
                   removed_at IS NOT NULL AS removed, masked, client_id
               FROM chat_messages m
               WHERE m.thread_id = c.id ORDER BY id DESC LIMIT 1) AS last ON true
           WHERE mine.user_id = $1
               AND CASE WHEN $2::uuid IS NULL THEN c.opened_by = $1 OR last.id IS NOT NULL ELSE c.id = $2 END
               AND ($3::timestamptz IS NULL OR (c.active_at, c.id) < ($3, $4))
           ORDER BY c.active_at DESC, c.id DESC
           LIMIT $5"#,
        user.0,
        thread.map(|thread| thread.0),
        before.map(|before| before.at),
        before.map(|before| before.id.0),
        limit
    );
    Ok(rows.fetch_all(db).await?)
}

/// The messages of others that a person has not read, but for one thread.
pub(in crate::chat) async fn count_unread(
    db: &mut PgConnection,
    user: UserId,
    shown: Option<ThreadId>,
) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!"
           FROM chat_members mine
           JOIN chat_messages m ON m.thread_id = mine.thread_id AND m.id > mine.read_to
               AND m.sender_id <> mine.user_id AND m.removed_at IS NULL
           WHERE mine.user_id = $1 AND mine.thread_id IS DISTINCT FROM $2"#,
        user.0,
        shown.map(|thread| thread.0)
    );
    Ok(count.fetch_one(db).await?)
}
