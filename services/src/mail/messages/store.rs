//! Messages that wait.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Unread, Waiting};
use crate::Result;

/// Who has not read a message that came within a span of time and was not told of it yet by a way that they want, the
/// longest waiting first; who has quiet is left out.
pub(super) async fn list_waiting(
    db: &mut PgConnection,
    (after, until): (DateTime<Utc>, DateTime<Utc>),
    except: &[i64],
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Waiting>> {
    let rows = sqlx::query_as!(
        Waiting,
        r#"SELECT c.id AS thread, u.id AS reader, first.id AS "first!"
           FROM chat_threads c
           JOIN chat_members mine ON mine.thread_id = c.id
           JOIN users u ON u.id = mine.user_id AND u.deleted_at IS NULL
           JOIN LATERAL (
               SELECT m.id, m.sent_at FROM chat_messages m
               WHERE m.thread_id = c.id AND m.id > mine.read_to AND m.sender_id <> mine.user_id
                   AND m.removed_at IS NULL
               ORDER BY m.id LIMIT 1) AS first ON true
           WHERE c.active_at > $1 AND first.sent_at > $1 AND first.sent_at <= $2 AND first.id <> ALL($3)
             AND NOT EXISTS (SELECT FROM quiet_hours q
                             WHERE q.user_id = u.id AND q.found_in = u.time_zone AND q.found_at <= $5 AND q.ends_at > $5)
             AND (NOT EXISTS (SELECT FROM mails m
                              WHERE m.dedupe_key = 'new_message/' || c.id || '/' || u.id || '/' || first.id)
                      AND NOT EXISTS (SELECT FROM refusals f
                                      WHERE f.user_id = u.id AND f.topic = 'messages' AND f.channel = 'mail')
                  OR NOT EXISTS (SELECT FROM notices n
                                 WHERE n.user_id = u.id AND n.kind = 'new_message'
                                   AND n.about = c.id || '/' || u.id || '/' || first.id)
                      AND NOT EXISTS (SELECT FROM refusals f
                                      WHERE f.user_id = u.id AND f.topic = 'messages' AND f.channel = 'notice')
                  OR EXISTS (SELECT FROM push_devices d WHERE d.user_id = u.id)
                      AND NOT EXISTS (SELECT FROM pushes p
                                      WHERE p.user_id = u.id AND p.kind = 'new_message'
                                        AND p.about = c.id || '/' || u.id || '/' || first.id)
                      AND NOT EXISTS (SELECT FROM refusals f
                                      WHERE f.user_id = u.id AND f.topic = 'messages' AND f.channel = 'push'))
           ORDER BY first.sent_at, first.id LIMIT $4"#,
        after,
        until,
        except,
        limit,
        now
    );
    Ok(rows.fetch_all(db).await?)
}

/// What waits from a message on; `None` once that is read.
pub(super) async fn find_unread(db: &mut PgConnection, waiting: Waiting) -> Result<Option<Unread>> {
    let row = sqlx::query_as!(
        Unread,
        r#"SELECT w.name AS from, count(*) AS "messages!", min(m.sent_at) AS "since!"
           FROM chat_members mine
           JOIN chat_messages m ON m.thread_id = mine.thread_id AND m.sender_id <> mine.user_id AND m.id >= $3
               AND m.removed_at IS NULL
           JOIN users w ON w.id = m.sender_id
           WHERE mine.thread_id = $1 AND mine.user_id = $2 AND mine.read_to < $3
           GROUP BY w.name"#,
        waiting.thread.0,
        waiting.reader.0,
        waiting.first
    );
    Ok(row.fetch_optional(db).await?)
}
