//! What is new in a thread.

use chrono::{DateTime, Utc};
use domain::ids::{ThreadId, UserId};
use sqlx::PgConnection;

use crate::{
    Result,
    chat::{Message, Position, Progress},
};

/// The position behind all that there is.
pub(in crate::chat) async fn newest(db: &mut PgConnection, thread: ThreadId) -> Result<Position> {
    let newest = sqlx::query_as!(
        Position,
        r#"SELECT coalesce((SELECT max(id) FROM chat_messages WHERE thread_id = $1), 0) AS "message!",
               coalesce((SELECT max(revision) FROM chat_members WHERE thread_id = $1), 0) AS "receipt!""#,
        thread.0
    );
    Ok(newest.fetch_one(db).await?)
}

/// The messages after one, oldest first.
pub(in crate::chat) async fn list_after(
    db: &mut PgConnection,
    thread: ThreadId,
    message: i64,
) -> Result<Vec<Message>> {
    let rows = sqlx::query_as!(
        Message,
        r#"SELECT id, thread_id AS thread, sender_id AS sender,
               CASE WHEN removed_at IS NULL THEN body ELSE '' END AS "body!", removed_at IS NOT NULL AS "removed!",
               masked, client_id, sent_at
           FROM chat_messages
           WHERE thread_id = $1 AND id > $2
           ORDER BY id
           LIMIT 500"#,
        thread.0,
        message
    );
    Ok(rows.fetch_all(db).await?)
}

/// How far the two have come, who changed last comes last.
pub(in crate::chat) async fn list_progress(db: &mut PgConnection, thread: ThreadId) -> Result<Vec<Progress>> {
    let rows = sqlx::query_as!(
        Progress,
        "SELECT user_id AS user, delivered_to, read_to, revision, typing_at
         FROM chat_members WHERE thread_id = $1 ORDER BY revision",
        thread.0
    );
    Ok(rows.fetch_all(db).await?)
}

/// Notes that a member writes; whether that is news since `again`.
pub(in crate::chat) async fn set_typing(
    db: &mut PgConnection,
    thread: ThreadId,
    user: UserId,
    (again, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool> {
    let noted = sqlx::query!(
        "UPDATE chat_members SET typing_at = $4
         WHERE thread_id = $1 AND user_id = $2 AND (typing_at IS NULL OR typing_at NOT BETWEEN $3 AND $4)",
        thread.0,
        user.0,
        again,
        now
    );
    Ok(noted.execute(db).await?.rows_affected() > 0)
}
