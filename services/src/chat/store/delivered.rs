//! What has reached people, many rows at once.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::ids::{ThreadId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, chat::Delivery};

/// Deliveries as columns: threads, people, messages.
fn columns(deliveries: &[Delivery]) -> (Vec<Uuid>, Vec<Uuid>, Vec<i64>) {
    let threads = deliveries.iter().map(|delivery| delivery.thread.0).collect();
    let users = deliveries.iter().map(|delivery| delivery.user.0).collect();
    let messages = deliveries.iter().map(|delivery| delivery.message).collect();
    (threads, users, messages)
}

/// How far the messages of a sender have come now.
pub(in crate::chat) struct Delivered {
    pub thread: ThreadId,
    pub user: UserId,
    pub message: i64,
    pub sender: UserId,
}

/// Locks the threads of which something is news, and gives them. In the order of their ids, so that servers never wait
/// for each other in a circle: everybody else locks one thread only.
pub(in crate::chat) async fn lock_undelivered(
    db: &mut PgConnection,
    deliveries: &[Delivery],
) -> Result<HashSet<ThreadId>> {
    let (threads, users, messages) = columns(deliveries);
    let locked = sqlx::query_scalar!(
        "SELECT c.id FROM chat_threads c
         WHERE c.id IN (
             SELECT mine.thread_id
             FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS told (thread_id, user_id, message_id)
             JOIN chat_members mine ON mine.thread_id = told.thread_id AND mine.user_id = told.user_id
             WHERE EXISTS (
                 SELECT FROM chat_messages m
                 WHERE m.thread_id = mine.thread_id AND m.sender_id <> mine.user_id
                     AND m.id > mine.delivered_to AND m.id <= told.message_id))
         ORDER BY c.id
         FOR NO KEY UPDATE OF c",
        &threads,
        &users,
        &messages
    );
    Ok(locked.fetch_all(db).await?.into_iter().map(ThreadId).collect())
}

/// Notes that the messages of the other one of each thread came, up to these; gives what is news. The threads are
/// locked.
pub(in crate::chat) async fn set_delivered(
    db: &mut PgConnection,
    deliveries: &[Delivery],
    now: DateTime<Utc>,
) -> Result<Vec<Delivered>> {
    let (threads, users, messages) = columns(deliveries);
    let noted = sqlx::query_as!(
        Delivered,
        r#"WITH told AS (
               SELECT thread_id, user_id, max(message_id) AS message_id
               FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS told (thread_id, user_id, message_id)
               GROUP BY thread_id, user_id
           ), last AS (
               SELECT mine.thread_id, mine.user_id,
                   (SELECT max(m.id) FROM chat_messages m
                    WHERE m.thread_id = mine.thread_id AND m.sender_id <> mine.user_id
                        AND m.id <= told.message_id) AS id
               FROM told JOIN chat_members mine ON mine.thread_id = told.thread_id AND mine.user_id = told.user_id
           ), moved AS (
               UPDATE chat_members mine
               SET delivered_to = greatest(mine.delivered_to, last.id), revision = nextval('chat_revisions')
               FROM last
               WHERE mine.thread_id = last.thread_id AND mine.user_id = last.user_id
                   AND last.id > mine.delivered_to
               RETURNING mine.thread_id, mine.user_id, last.id
           ), steps AS (
               INSERT INTO chat_steps (thread_id, user_id, message_id, receipt, at)
               SELECT thread_id, user_id, id, 'delivered', $4::timestamptz FROM moved
           )
           SELECT moved.thread_id AS "thread!", moved.user_id AS "user!", moved.id AS "message!",
               other.user_id AS "sender!"
           FROM moved
           JOIN chat_members other ON other.thread_id = moved.thread_id AND other.user_id <> moved.user_id
           ORDER BY moved.thread_id, moved.user_id"#,
        &threads,
        &users,
        &messages,
        now
    );
    Ok(noted.fetch_all(db).await?)
}
