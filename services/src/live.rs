//! What open pages are told, and how servers tell each other that there is something to tell.
//!
//! `live_events` is the truth: an event is a row, written in the transaction in which it happened.
//! The bus only says "look": a lost hint costs at most the two seconds until the server's next look.

mod bus;
mod hints;
mod nats;
mod postgres;
mod watch;

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use crate::Result;

pub use bus::Bus;
pub use hints::{Hint, Hints, Streams};

/// Carries hints between servers.
pub trait LiveBus: Send + Sync {
    /// Says that there is something new for these people. Called after the commit; it neither waits nor fails.
    fn wake(&self, users: &[UserId]);

    /// Says that a sign-in of this person ended: streams see whether it was theirs. Called after the commit.
    fn sign_in_ended(&self, user: UserId);

    /// Hints for this person from every server, this one included.
    fn subscribe(&self, user: UserId) -> Hints;

    /// Who has an open stream at this server.
    fn listeners(&self) -> Vec<UserId>;
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
    // One writer at a time for each person: ids then grow in the order of commits, and a reader who has seen an id
    // has seen all below it. Locked in one order, so that writers never wait in a circle; and all before the first
    // row, because the count of the locks is a part of each.
    sqlx::query!(
        "WITH ordered AS MATERIALIZED (
             SELECT user_id FROM unnest($1::uuid[]) AS user_id ORDER BY user_id
         ), locked AS MATERIALIZED (
             SELECT count(pg_advisory_xact_lock(hashtextextended('live:' || user_id::text, 0))) AS locks FROM ordered
         )
         INSERT INTO live_events (user_id, kind, payload, created_at)
         SELECT user_id, $2, $3, $4 FROM ordered, locked WHERE locks >= 0",
        &users,
        kind,
        payload,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The same for people of whom each is told something of their own, all at once.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn record_each(
    tx: &mut PgConnection,
    kind: &str,
    told: &[(UserId, Value)],
    now: DateTime<Utc>,
) -> Result<()> {
    let users: Vec<_> = told.iter().map(|(user, _)| user.0).collect();
    let payloads: Vec<_> = told.iter().map(|(_, payload)| payload.clone()).collect();
    sqlx::query!(
        "WITH told AS MATERIALIZED (
             SELECT user_id, payload, place
             FROM unnest($1::uuid[], $2::jsonb[]) WITH ORDINALITY AS one (user_id, payload, place)
         ), ordered AS MATERIALIZED (
             SELECT DISTINCT user_id FROM told ORDER BY user_id
         ), locked AS MATERIALIZED (
             SELECT count(pg_advisory_xact_lock(hashtextextended('live:' || user_id::text, 0))) AS locks FROM ordered
         )
         INSERT INTO live_events (user_id, kind, payload, created_at)
         SELECT user_id, $3::text, payload, $4::timestamptz FROM told, locked WHERE locks >= 0 ORDER BY place",
        &users,
        &payloads,
        kind,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
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

/// How many events are read at once.
pub const PAGE: u16 = 500;

/// The person's events after a cursor, oldest first, at most [`PAGE`].
///
/// # Errors
/// Where the database cannot be read.
pub async fn after(db: &PgPool, user: UserId, cursor: i64) -> Result<Vec<LiveEvent>> {
    let rows = sqlx::query_as!(
        LiveEvent,
        "SELECT id, kind, payload FROM live_events WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        user.0,
        cursor,
        i64::from(PAGE)
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
