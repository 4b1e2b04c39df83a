//! The rows of chat.

mod delivered;
mod files;
mod moderation;
mod news;
mod presence;
mod safety;
mod search;
mod views;

use chrono::{DateTime, Utc};
use domain::{
    chat::{ClientId, Receipt},
    ids::{ThreadId, TutorId, UserId},
};
use sqlx::PgConnection;

use super::{Cursor, Message, Pair};
use crate::{Result, chance};

pub(super) use delivered::{lock_undelivered, set_delivered};
pub(super) use files::{
    find_attachment, insert_attachment, list_attachments, list_names, set_name, take_attachments,
};
pub(super) use moderation::{
    count_reports, find_report, insert_suspension, lift_suspension, list_lines, list_reports, list_suspended,
    remove_message, set_decision,
};
pub(super) use news::{list_after, list_progress, newest, set_typing};
pub(super) use presence::{list_partners_seen, set_all_seen, set_seen};
pub(super) use safety::{ReportDraft, find_silence, find_written, insert_report, set_block};
pub(super) use search::{find_newer, find_place, list_found};
pub(super) use views::{count_unread, find_view, list_views};

/// The two people of a thread, and when it was last written to.
pub(super) struct Members {
    pub tutor: TutorId,
    pub tutor_user: UserId,
    pub student: UserId,
    pub active_at: DateTime<Utc>,
}

impl Members {
    /// The other one of the two.
    pub fn other(&self, user: UserId) -> UserId {
        if user == self.student { self.tutor_user } else { self.student }
    }
}

pub(super) async fn find(db: &mut PgConnection, thread: ThreadId) -> Result<Option<Members>> {
    let members = sqlx::query_as!(
        Members,
        "SELECT c.tutor_id AS tutor, t.user_id AS tutor_user, c.student_id AS student, c.active_at
         FROM chat_threads c JOIN tutors t ON t.id = c.tutor_id
         WHERE c.id = $1",
        thread.0
    );
    Ok(members.fetch_optional(db).await?)
}

/// The same; nobody else writes to the thread until the transaction ends.
pub(super) async fn lock(db: &mut PgConnection, thread: ThreadId) -> Result<Option<Members>> {
    let members = sqlx::query_as!(
        Members,
        "SELECT c.tutor_id AS tutor, t.user_id AS tutor_user, c.student_id AS student, c.active_at
         FROM chat_threads c JOIN tutors t ON t.id = c.tutor_id
         WHERE c.id = $1
         FOR NO KEY UPDATE OF c",
        thread.0
    );
    Ok(members.fetch_optional(db).await?)
}

pub(super) async fn find_pair(db: &mut PgConnection, (tutor, student): Pair) -> Result<Option<ThreadId>> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM chat_threads WHERE tutor_id = $1 AND student_id = $2",
        tutor.0,
        student.0
    );
    Ok(found.fetch_optional(db).await?.map(ThreadId))
}

/// A new thread with its two members; `None` where the two have one.
pub(super) async fn insert(
    db: &mut PgConnection,
    (tutor, student): Pair,
    opened_by: UserId,
    now: DateTime<Utc>,
) -> Result<Option<ThreadId>> {
    let id: ThreadId = chance::id();
    let inserted = sqlx::query!(
        "WITH thread AS (
             INSERT INTO chat_threads (id, tutor_id, student_id, opened_by, created_at, active_at)
             VALUES ($1, $2, $3, $4, $5, $5)
             ON CONFLICT ON CONSTRAINT chat_threads_pair DO NOTHING
             RETURNING id, tutor_id, student_id
         )
         INSERT INTO chat_members (thread_id, user_id)
         SELECT id, student_id FROM thread
         UNION ALL SELECT thread.id, t.user_id FROM thread JOIN tutors t ON t.id = thread.tutor_id",
        id.0,
        tutor.0,
        student.0,
        opened_by.0,
        now
    )
    .execute(db)
    .await?;
    Ok((inserted.rows_affected() > 0).then_some(id))
}

/// Whether a booking of the two was ever confirmed.
pub(super) async fn were_ever_confirmed(
    db: &mut PgConnection,
    tutor: TutorId,
    student: UserId,
) -> Result<bool> {
    let confirmed = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM bookings b JOIN booking_history h ON h.booking_id = b.id
               WHERE b.tutor_id = $1 AND b.student_id = $2 AND h.to_state = 'confirmed'
           ) AS "confirmed!""#,
        tutor.0,
        student.0
    );
    Ok(confirmed.fetch_one(db).await?)
}

/// The message that a person sent under this name.
pub(super) async fn find_sent(
    db: &mut PgConnection,
    thread: ThreadId,
    sender: UserId,
    client_id: &ClientId,
) -> Result<Option<Message>> {
    let found = sqlx::query_as!(
        Message,
        r#"SELECT id, thread_id AS thread, sender_id AS sender,
               CASE WHEN removed_at IS NULL THEN body ELSE '' END AS "body!", removed_at IS NOT NULL AS "removed!",
               masked, client_id, sent_at
           FROM chat_messages
           WHERE thread_id = $1 AND sender_id = $2 AND client_id = $3"#,
        thread.0,
        sender.0,
        client_id.as_str()
    );
    Ok(found.fetch_optional(db).await?)
}

/// A message that is not yet written.
pub(super) struct Draft<'a> {
    pub thread: ThreadId,
    pub sender: UserId,
    pub body: &'a str,
    pub masked: bool,
    pub client_id: Option<&'a ClientId>,
    pub sent_at: DateTime<Utc>,
}

/// Writes a message and moves its thread to the top. The thread is locked.
pub(super) async fn insert_message(db: &mut PgConnection, draft: &Draft<'_>) -> Result<Message> {
    let message = sqlx::query_as!(
        Message,
        r#"WITH moved AS (
             UPDATE chat_threads SET active_at = $6 WHERE id = $1
         ), quiet AS (
             -- Who has just sent has stopped writing.
             UPDATE chat_members SET typing_at = NULL
             WHERE thread_id = $1 AND user_id = $2 AND typing_at IS NOT NULL
         )
         INSERT INTO chat_messages (thread_id, sender_id, body, masked, client_id, sent_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         RETURNING id, thread_id AS thread, sender_id AS sender, body, false AS "removed!", masked, client_id,
             sent_at"#,
        draft.thread.0,
        draft.sender.0,
        draft.body,
        draft.masked,
        draft.client_id.map(ClientId::as_str),
        draft.sent_at
    );
    Ok(message.fetch_one(db).await?)
}

/// Newest first, from a cursor on.
pub(super) async fn list_messages(
    db: &mut PgConnection,
    thread: ThreadId,
    before: Option<Cursor<i64>>,
    limit: i64,
) -> Result<Vec<Message>> {
    let before = before.unwrap_or(Cursor { at: DateTime::<Utc>::MAX_UTC, id: i64::MAX });
    let rows = sqlx::query_as!(
        Message,
        r#"SELECT id, thread_id AS thread, sender_id AS sender,
               CASE WHEN removed_at IS NULL THEN body ELSE '' END AS "body!", removed_at IS NOT NULL AS "removed!",
               masked, client_id, sent_at
           FROM chat_messages
           WHERE thread_id = $1 AND (sent_at, id) < ($2, $3)
           ORDER BY sent_at DESC, id DESC
           LIMIT $4"#,
        thread.0,
        before.at,
        before.id,
        limit
    );
    Ok(rows.fetch_all(db).await?)
}

/// Whether the other person's messages up to this one say more than was noted.
pub(super) async fn is_news(
    db: &mut PgConnection,
    thread: ThreadId,
    user: UserId,
    receipt: Receipt,
    up_to: Option<i64>,
) -> Result<bool> {
    let news = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM chat_members mine
               JOIN chat_messages m ON m.thread_id = mine.thread_id AND m.sender_id <> mine.user_id
                   AND m.id > CASE WHEN $3 THEN mine.read_to ELSE mine.delivered_to END AND m.id <= $4
               WHERE mine.thread_id = $1 AND mine.user_id = $2
           ) AS "news!""#,
        thread.0,
        user.0,
        receipt == Receipt::Read,
        up_to.unwrap_or(i64::MAX)
    );
    Ok(news.fetch_one(db).await?)
}

/// Notes that the other person's messages up to this one came, or were read; gives the last of them, `None`
/// where that was noted already. The thread is locked.
pub(super) async fn set_receipt(
    db: &mut PgConnection,
    thread: ThreadId,
    user: UserId,
    receipt: Receipt,
    up_to: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Option<i64>> {
    let noted = sqlx::query_scalar!(
        r#"WITH last AS (
               SELECT (SELECT max(id) FROM chat_messages
                       WHERE thread_id = $1 AND sender_id <> $2 AND id <= $4) AS id, mine.delivered_to
               FROM chat_members mine
               WHERE mine.thread_id = $1 AND mine.user_id = $2
           ), moved AS (
               UPDATE chat_members mine
               SET delivered_to = greatest(mine.delivered_to, last.id),
                   read_to = CASE WHEN $3 THEN last.id ELSE mine.read_to END,
                   revision = nextval('chat_revisions')
               FROM last
               WHERE mine.thread_id = $1 AND mine.user_id = $2
                   AND last.id > CASE WHEN $3 THEN mine.read_to ELSE mine.delivered_to END
               RETURNING last.id, last.delivered_to
           ), steps AS (
               INSERT INTO chat_steps (thread_id, user_id, message_id, receipt, at)
               SELECT $1, $2, id, 'delivered', $5::timestamptz FROM moved WHERE id > delivered_to
               UNION ALL SELECT $1, $2, id, 'read', $5::timestamptz FROM moved WHERE $3
           )
           SELECT id AS "id!" FROM moved"#,
        thread.0,
        user.0,
        receipt == Receipt::Read,
        up_to.unwrap_or(i64::MAX),
        now
    );
    Ok(noted.fetch_optional(db).await?)
}
