//! What open pages are told, and how servers tell each other that there is something to tell.
//!
//! `live_events` is the truth: an event is a row, written in the transaction in which it happened.
//! The bus only says "look": a lost hint costs at most the two seconds until the next look.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use serde_json::Value;
use sqlx::{PgConnection, PgPool, postgres::PgListener};
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
        sqlx::query!(
            "SELECT pg_advisory_xact_lock(hashtextextended('live:' || $1::text, 0))",
            user.to_string()
        )
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

/// The channel of the hints.
const CHANNEL: &str = "lectern_live";

/// Carries hints by Postgres NOTIFY, ids only.
pub struct PostgresBus {
    db: PgPool,
    hints: broadcast::Sender<UserId>,
}

impl PostgresBus {
    /// Starts listening. The connection is made anew whenever it is lost; what is missed meanwhile is
    /// found by the readers' own looks at the table.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn start(db: PgPool) -> Result<Self> {
        let (hints, _) = broadcast::channel(1024);
        let mut listener = PgListener::connect_with(&db).await?;
        listener.listen(CHANNEL).await?;
        tokio::spawn(listen(listener, hints.clone()));
        Ok(PostgresBus { db, hints })
    }
}

async fn listen(mut listener: PgListener, hints: broadcast::Sender<UserId>) {
    loop {
        match listener.recv().await {
            Ok(notification) => {
                for user in notification.payload().split(',').filter_map(|id| id.parse().ok()) {
                    // Nobody listens where no page is open.
                    let _ = hints.send(user);
                }
            }
            // The server stops, and waits for this connection.
            Err(sqlx::Error::PoolClosed) => return,
            // The listener connects anew at the next call; a moment's wait keeps it from spinning.
            Err(error) => {
                tracing::warn!(%error, "live events: the listening connection was lost");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        if hints.strong_count() == 1 {
            return;
        }
    }
}

#[async_trait::async_trait]
impl LiveBus for PostgresBus {
    async fn wake(&self, users: &[UserId]) {
        let ids = users.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let told = sqlx::query!("SELECT pg_notify($1, $2)", CHANNEL, ids).execute(&self.db).await;
        if let Err(error) = told {
            tracing::warn!(%error, "live events: a hint was lost");
        }
    }

    fn subscribe(&self) -> broadcast::Receiver<UserId> {
        self.hints.subscribe()
    }
}

/// An event of a person's stream.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveEvent {
    /// The cursor: what comes later has a greater one.
    pub id: i64,
    /// Such as `booking.created`.
    pub kind: String,
    /// Ids and what a page needs to show.
    pub payload: Value,
}

/// The person's events after a cursor, oldest first, at most 500.
///
/// # Errors
/// Where the database cannot be read.
pub async fn after(db: &PgPool, user: UserId, cursor: i64) -> Result<Vec<LiveEvent>> {
    let rows = sqlx::query_as!(
        LiveEvent,
        "SELECT id, kind, payload FROM live_events WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT 500",
        user.0,
        cursor
    );
    Ok(rows.fetch_all(db).await?)
}

/// The person's newest cursor: a stream without one starts there.
///
/// # Errors
/// Where the database cannot be read.
pub async fn newest(db: &PgPool, user: UserId) -> Result<i64> {
    let newest = sqlx::query_scalar!(
        "SELECT coalesce(max(id), 0) AS \"id!\" FROM live_events WHERE user_id = $1",
        user.0
    );
    Ok(newest.fetch_one(db).await?)
}
