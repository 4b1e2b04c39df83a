//! What open pages are told, and how servers tell each other that there is something to tell.
//!
//! `live_events` is the truth: an event is a row, written in the transaction in which it happened.
//! The bus only says "look": a lost hint costs at most the two seconds until the next look.

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use serde_json::Value;
use sqlx::PgConnection;
use tokio::sync::broadcast;

use crate::Result;

/// Carries hints between servers.
#[async_trait::async_trait]
pub trait LiveBus: Send + Sync {
    /// Says that there is something new for these people. Called after the commit; never fails a use case.
    async fn wake(&self, users: &[UserId]);

    /// Hints from every server, this one included.
    fn subscribe(&self) -> broadcast::Receiver<UserId>;
}

/// Writes what the open pages of some people are told, in the order of commits for each person.
///
/// # Errors
/// Where the database cannot be written.
pub async fn record(
    tx: &mut PgConnection,
    users: &[UserId],
    kind: &str,
    payload: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut users: Vec<_> = users.iter().map(|user| user.0).collect();
    users.sort_unstable();
    users.dedup();
    // One writer at a time for each person: ids then grow in the order of commits, and a reader who
    // has seen an id has seen all below it. Locked in one order, so that writers never wait in a circle.
    for user in &users {
        sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('live:' || $1::text, 0))", user.to_string())
            .execute(&mut *tx)
            .await?;
    }
    sqlx::query!(
        "INSERT INTO live_events (user_id, kind, payload, created_at)
         SELECT user_id, $2, $3, $4 FROM unnest($1::uuid[]) AS user_id",
        &users,
        kind,
        payload,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}
