//! Messages that are looked for.

use chrono::{DateTime, Utc};
use domain::ids::ThreadId;
use sqlx::PgConnection;

use crate::{
    Result,
    chat::{Cursor, Message},
};

/// Those that have every one of these words, newest first, from a cursor on; one that says nothing has those of the names
/// of its files. The thread is read from its newest message on until there are enough: an index over the messages of all
/// threads would find more of others than of this one.
pub(in crate::chat) async fn list_found(
    db: &mut PgConnection,
    thread: ThreadId,
    words: &[String],
    before: Option<Cursor<i64>>,
    limit: i64,
) -> Result<Vec<Message>> {
    let before = before.unwrap_or(Cursor { at: DateTime::<Utc>::MAX_UTC, id: i64::MAX });
    let rows = sqlx::query_as!(
        Message,
        r#"SELECT id, thread_id AS thread, sender_id AS sender, body, false AS "removed!", masked, client_id, sent_at
           FROM chat_messages m
           WHERE thread_id = $1 AND (sent_at, id) < ($3, $4) AND removed_at IS NULL
               AND NOT EXISTS (
                   SELECT FROM unnest($2::text[]) AS word
                   WHERE strpos(m.folded, chat_folded(word)) = 0
                       AND NOT (m.folded = '' AND EXISTS (
                           SELECT FROM chat_attachments a
                           WHERE a.message_id = m.id AND strpos(chat_folded(a.name), chat_folded(word)) > 0)))
           ORDER BY sent_at DESC, id DESC
           LIMIT $5"#,
        thread.0,
        words,
        before.at,
        before.id,
        limit
    );
    Ok(rows.fetch_all(db).await?)
}

/// Where a message of the thread stands.
pub(in crate::chat) async fn find_place(
    db: &mut PgConnection,
    thread: ThreadId,
    message: i64,
) -> Result<Option<Cursor<i64>>> {
    let place = sqlx::query!(
        "SELECT sent_at, id FROM chat_messages WHERE id = $2 AND thread_id = $1",
        thread.0,
        message
    );
    Ok(place.fetch_optional(db).await?.map(|row| Cursor { at: row.sent_at, id: row.id }))
}

/// The place of the message that comes so many after.
pub(in crate::chat) async fn find_newer(
    db: &mut PgConnection,
    thread: ThreadId,
    after: Cursor<i64>,
    many: i64,
) -> Result<Option<Cursor<i64>>> {
    let place = sqlx::query!(
        "SELECT sent_at, id FROM chat_messages
         WHERE thread_id = $1 AND (sent_at, id) > ($2, $3)
         ORDER BY sent_at, id OFFSET $4 LIMIT 1",
        thread.0,
        after.at,
        after.id,
        many
    );
    Ok(place.fetch_optional(db).await?.map(|row| Cursor { at: row.sent_at, id: row.id }))
}
