//! Conversations and uploads. Of the other person: the name, and what was written to this one.

use domain::ids::{AttachmentId, UserId};
use serde_json::Value;
use sqlx::PgConnection;

use crate::{Result, files::Home, privacy::write::Upload};

/// Conversations with their messages; for each message when it was delivered and read, as `chat_message_receipts` has
/// it. What an admin removed is told of the person's own messages only.
pub(in crate::privacy) async fn messages(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"SELECT coalesce(json_agg(r ORDER BY r.opened_at, r.id), '[]') AS "json!: Value" FROM (
               SELECT c.id, other.name AS "with", c.created_at AS opened_at, me.blocked_at AS you_blocked_at, (
                   SELECT coalesce(json_agg(json_build_object(
                       'id', m.id,
                       'from', CASE WHEN m.sender_id = $1 THEN 'you' ELSE 'other' END,
                       'text', CASE WHEN m.removed_at IS NULL OR m.sender_id = $1 THEN m.body END,
                       'masked', m.masked, 'sent_at', m.sent_at, 'removed_at', m.removed_at,
                       'receipt', json_build_object('delivered', g.delivered, 'read', g.read,
                           'delivered_at', g.delivered_at, 'read_at', g.read_at),
                       'files', (
                           SELECT coalesce(json_agg(json_build_object('name', a.name, 'path', CASE WHEN a.owner_id = $1
                               THEN 'files/messages/' || a.id || '-' || a.name END) ORDER BY a.created_at, a.id), '[]')
                           FROM chat_attachments a
                           WHERE a.message_id = m.id AND (m.removed_at IS NULL OR m.sender_id = $1))
                   ) ORDER BY m.id), '[]')
                   FROM chat_messages m
                   LEFT JOIN chat_message_receipts g ON g.message_id = m.id AND g.thread_id = m.thread_id
                   WHERE m.thread_id = c.id) AS messages
               FROM chat_members me
               JOIN chat_threads c ON c.id = me.thread_id
               JOIN chat_members them ON them.thread_id = c.id AND them.user_id <> me.user_id
               JOIN users other ON other.id = them.user_id
               WHERE me.user_id = $1) r"#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}

/// What they told admins about others, and whether an admin let them send nothing. Who told something about them is
/// not theirs to know.
pub(in crate::privacy) async fn reports(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"SELECT json_build_object(
               'reports', (
                   SELECT coalesce(json_agg(json_build_object('about', about.name, 'conversation', p.thread_id,
                       'message', p.message_id, 'reason', p.reason, 'note', p.note, 'sent_at', p.created_at,
                       'decision', p.decision, 'decided_at', p.decided_at) ORDER BY p.created_at, p.id), '[]')
                   FROM chat_reports p JOIN users about ON about.id = p.about_id WHERE p.reporter_id = $1),
               'suspensions', (
                   SELECT coalesce(json_agg(json_build_object('since', since, 'lifted_at', lifted_at)
                       ORDER BY since), '[]')
                   FROM chat_suspensions WHERE user_id = $1)
           ) AS "json!: Value""#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}

/// What they uploaded, for messages and as evidence, with its path in the export.
pub(in crate::privacy) async fn uploads(db: &mut PgConnection, user: UserId) -> Result<Vec<Upload>> {
    let chat = sqlx::query!(
        r#"SELECT id, 'files/messages/' || id || '-' || name AS "path!" FROM chat_attachments
           WHERE owner_id = $1 AND stored_at IS NOT NULL ORDER BY created_at, id"#,
        user.0
    );
    let chat = chat.fetch_all(&mut *db).await?.into_iter();
    let chat = chat.map(|row| Upload { home: Home::Chat, id: AttachmentId(row.id), path: row.path });
    let evidence = sqlx::query!(
        r#"SELECT id, 'files/disputes/' || id || '-' || name AS "path!" FROM dispute_files
           WHERE owner_id = $1 AND stored_at IS NOT NULL ORDER BY created_at, id"#,
        user.0
    );
    let evidence = evidence.fetch_all(db).await?.into_iter();
    let evidence =
        evidence.map(|row| Upload { home: Home::Dispute, id: AttachmentId(row.id), path: row.path });
    Ok(chat.chain(evidence).collect())
}
