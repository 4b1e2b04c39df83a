//! When people were last seen.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{chat::PRESENT, ids::UserId};
use sqlx::PgConnection;

use crate::Result;

/// A sign that is younger than this needs no other.
const OFTEN: TimeDelta = TimeDelta::seconds(10);

/// With how many people's open pages an arrival is shared: those who talked last.
const PARTNERS: i64 = 50;

/// Notes a sign of a person; whether they were not there before.
pub(in crate::chat) async fn set_seen(
    db: &mut PgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let before = sqlx::query_scalar!(
        r#"WITH before AS (SELECT seen_at FROM presence WHERE user_id = $1)
           INSERT INTO presence (user_id, seen_at) VALUES ($1, $2)
           ON CONFLICT (user_id) DO UPDATE SET seen_at = EXCLUDED.seen_at
               WHERE presence.seen_at NOT BETWEEN $3 AND $2
           RETURNING (SELECT seen_at FROM before) AS before"#,
        user.0,
        now,
        now - OFTEN
    );
    let noted = before.fetch_optional(db).await?;
    Ok(noted.is_some_and(|before| before.is_none_or(|before| before <= now - PRESENT)))
}

/// Notes a sign of many people.
pub(in crate::chat) async fn set_all_seen(
    db: &mut PgConnection,
    users: &[UserId],
    now: DateTime<Utc>,
) -> Result<()> {
    let users: Vec<_> = users.iter().map(|user| user.0).collect();
    sqlx::query!(
        "INSERT INTO presence (user_id, seen_at)
         SELECT u.id, $2 FROM unnest($1::uuid[]) AS here (id) JOIN users u ON u.id = here.id ORDER BY u.id
         ON CONFLICT (user_id) DO UPDATE SET seen_at = EXCLUDED.seen_at
             WHERE presence.seen_at <> EXCLUDED.seen_at",
        &users,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Those with whom a person talks and of whom there was a sign since; none where one has blocked the other.
pub(in crate::chat) async fn list_partners_seen(
    db: &mut PgConnection,
    user: UserId,
    since: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let partners = sqlx::query_scalar!(
        "SELECT theirs.user_id
         FROM chat_members mine
         JOIN chat_threads c ON c.id = mine.thread_id
         JOIN chat_members theirs ON theirs.thread_id = c.id AND theirs.user_id <> mine.user_id
         JOIN presence p ON p.user_id = theirs.user_id AND p.seen_at > $2
         WHERE mine.user_id = $1 AND mine.blocked_at IS NULL AND theirs.blocked_at IS NULL
         ORDER BY c.active_at DESC
         LIMIT $3",
        user.0,
        since,
        PARTNERS
    );
    Ok(partners.fetch_all(db).await?.into_iter().map(UserId).collect())
}
