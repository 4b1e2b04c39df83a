//! The rows of files.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{AttachmentId, ThreadId, UserId};
use sqlx::PgConnection;

use crate::{Result, files::Attachment};

pub(in crate::chat) async fn insert_attachment(
    db: &mut PgConnection,
    thread: ThreadId,
    owner: UserId,
    attachment: &Attachment,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO chat_attachments (id, thread_id, owner_id, name, content_type, size, width, height, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        attachment.id.0,
        thread.0,
        owner.0,
        attachment.name,
        attachment.content_type,
        attachment.size,
        attachment.width,
        attachment.height,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Gives a person's uploads to a message of the same thread, in this order; `false` where one of them is not theirs, was
/// taken, or is not there.
pub(in crate::chat) async fn take_attachments(
    db: &mut PgConnection,
    (thread, owner, message): (ThreadId, UserId, i64),
    ids: &[AttachmentId],
    since: DateTime<Utc>,
) -> Result<bool> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let taken = sqlx::query!(
        "UPDATE chat_attachments SET message_id = $3
         WHERE id = ANY($4) AND thread_id = $1 AND owner_id = $2 AND message_id IS NULL
             AND stored_at IS NOT NULL AND created_at > $5",
        thread.0,
        owner.0,
        message,
        &ids,
        since
    );
    Ok(taken.execute(db).await?.rows_affected() == ids.len() as u64)
}

/// The files of messages; those of removed ones for admins only.
pub(in crate::chat) async fn list_attachments(
    db: &mut PgConnection,
    messages: &[i64],
    for_admin: bool,
) -> Result<HashMap<i64, Vec<Attachment>>> {
    let rows = sqlx::query!(
        r#"SELECT a.message_id AS "message!", a.id, a.name, a.content_type, a.size, a.width, a.height
           FROM chat_attachments a JOIN chat_messages m ON m.id = a.message_id
           WHERE a.message_id = ANY($1) AND (m.removed_at IS NULL OR $2)
           ORDER BY a.created_at, a.id"#,
        messages,
        for_admin
    );
    let mut found: HashMap<i64, Vec<Attachment>> = HashMap::new();
    for row in rows.fetch_all(db).await? {
        let (id, name, content_type) = (AttachmentId(row.id), row.name, row.content_type);
        let attachment =
            Attachment { id, name, content_type, size: row.size, width: row.width, height: row.height };
        found.entry(row.message).or_default().push(attachment);
    }
    Ok(found)
}

/// A file that a person may see: one of the two, while its message is not removed; the one who sent it, before it has a
/// message; an admin, where something was reported in its thread.
pub(in crate::chat) async fn find_attachment(
    db: &mut PgConnection,
    id: AttachmentId,
    reader: UserId,
) -> Result<Option<Attachment>> {
    let found = sqlx::query_as!(
        Attachment,
        "SELECT a.id, a.name, a.content_type, a.size, a.width, a.height
         FROM chat_attachments a LEFT JOIN chat_messages m ON m.id = a.message_id
         WHERE a.id = $1 AND a.stored_at IS NOT NULL AND (
             m.removed_at IS NULL AND (a.message_id IS NOT NULL OR a.owner_id = $2)
                 AND EXISTS (SELECT FROM chat_members r WHERE r.thread_id = a.thread_id AND r.user_id = $2)
             OR a.message_id IS NOT NULL
                 AND EXISTS (SELECT FROM chat_reports r WHERE r.thread_id = a.thread_id)
                 AND EXISTS (SELECT FROM users u WHERE u.id = $2 AND u.role = 'admin'))
             AND EXISTS (SELECT FROM users u WHERE u.id = $2 AND u.deleted_at IS NULL)",
        id.0,
        reader.0
    );
    Ok(found.fetch_optional(db).await?)
}

/// The names of files, by id.
pub(in crate::chat) async fn list_names(
    db: &mut PgConnection,
    ids: &[AttachmentId],
) -> Result<Vec<(AttachmentId, String)>> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!("SELECT id, name FROM chat_attachments WHERE id = ANY($1) ORDER BY id", &ids);
    Ok(rows.fetch_all(db).await?.into_iter().map(|row| (AttachmentId(row.id), row.name)).collect())
}

/// Gives a file another name.
pub(in crate::chat) async fn set_name(db: &mut PgConnection, id: AttachmentId, name: &str) -> Result<()> {
    sqlx::query!("UPDATE chat_attachments SET name = $2 WHERE id = $1", id.0, name).execute(db).await?;
    Ok(())
}
