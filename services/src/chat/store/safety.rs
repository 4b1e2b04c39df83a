//! Blocks, and reports as the two make them.

use chrono::{DateTime, Utc};
use domain::{
    chat::{ReportReason, Silence},
    ids::{ReportId, ThreadId, UserId},
};
use sqlx::PgConnection;

use crate::{
    Result, chance,
    chat::{Message, safety::Report},
};

/// Sets since when a member blocks the other; `false` where it blocks or does not already.
pub(in crate::chat) async fn set_block(
    db: &mut PgConnection,
    thread: ThreadId,
    user: UserId,
    since: Option<DateTime<Utc>>,
) -> Result<bool> {
    let set = sqlx::query!(
        "UPDATE chat_members SET blocked_at = $3
         WHERE thread_id = $1 AND user_id = $2 AND (blocked_at IS NULL) <> ($3::timestamptz IS NULL)",
        thread.0,
        user.0,
        since
    );
    Ok(set.execute(db).await?.rows_affected() == 1)
}

/// What keeps a member from writing.
pub(in crate::chat) async fn find_silence(
    db: &mut PgConnection,
    thread: ThreadId,
    user: UserId,
) -> Result<Silence> {
    let found = sqlx::query_as!(
        Silence,
        r#"SELECT coalesce(bool_or(blocked_at IS NOT NULL) FILTER (WHERE user_id = $2), false) AS "blocks!",
               coalesce(bool_or(blocked_at IS NOT NULL) FILTER (WHERE user_id <> $2), false) AS "blocked!",
               EXISTS (SELECT FROM chat_suspensions s WHERE s.user_id = $2 AND s.lifted_at IS NULL) AS "suspended!"
           FROM chat_members WHERE thread_id = $1"#,
        thread.0,
        user.0
    );
    Ok(found.fetch_one(db).await?)
}

/// The message of this id, where this person wrote it in this thread.
pub(in crate::chat) async fn find_written(
    db: &mut PgConnection,
    thread: ThreadId,
    sender: UserId,
    message: i64,
) -> Result<Option<Message>> {
    let found = sqlx::query_as!(
        Message,
        r#"SELECT id, thread_id AS thread, sender_id AS sender,
               CASE WHEN removed_at IS NULL THEN body ELSE '' END AS "body!", removed_at IS NOT NULL AS "removed!",
               masked, client_id, sent_at
           FROM chat_messages
           WHERE id = $3 AND thread_id = $1 AND sender_id = $2"#,
        thread.0,
        sender.0,
        message
    );
    Ok(found.fetch_optional(db).await?)
}

/// A report that is not yet written.
pub(in crate::chat) struct ReportDraft<'a> {
    pub thread: ThreadId,
    pub message: Option<i64>,
    pub reporter: UserId,
    pub about: UserId,
    pub reason: ReportReason,
    pub note: Option<&'a str>,
    pub created_at: DateTime<Utc>,
}

/// Writes a report, or finds the open one about the same thing.
pub(in crate::chat) async fn insert_report(db: &mut PgConnection, draft: &ReportDraft<'_>) -> Result<Report> {
    let id: ReportId = chance::id();
    // Where there is one, setting its reason to what it is gives it back.
    let row = sqlx::query!(
        "INSERT INTO chat_reports (id, thread_id, message_id, reporter_id, about_id, reason, note, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (thread_id, reporter_id, coalesce(message_id, 0)) WHERE decision IS NULL
         DO UPDATE SET reason = chat_reports.reason
         RETURNING id, reason, note, created_at",
        id.0,
        draft.thread.0,
        draft.message,
        draft.reporter.0,
        draft.about.0,
        draft.reason.name(),
        draft.note,
        draft.created_at
    )
    .fetch_one(db)
    .await?;
    Ok(Report {
        id: ReportId(row.id),
        thread: draft.thread,
        message: draft.message,
        reason: ReportReason::parse(&row.reason)?,
        note: row.note,
        created_at: row.created_at,
    })
}
