//! Work that the clock makes due: derived from rows, idempotent, harmless when run by many at once.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::BookingId;
use serde::Serialize;
use sqlx::PgConnection;

use crate::{
    Result, Services,
    booking::{self, By, Found},
};

/// How long open pages can catch up on what they missed.
const LIVE_EVENTS_KEPT: TimeDelta = TimeDelta::days(7);

/// How long holds and keys are remembered.
const DAY: TimeDelta = TimeDelta::hours(24);

/// How long calls are counted: an hour, and one to spare.
const COUNTS_KEPT: TimeDelta = TimeDelta::hours(2);

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Holds that lapsed.
    pub holds_expired: u64,
    /// Requests that nobody answered.
    pub requests_expired: u64,
    /// Lessons that got their outcome.
    pub lessons_settled: u64,
    /// Old rows of no more use: lapsed sign-ins, idempotency keys, counters.
    pub rows_pruned: u64,
}

/// Does everything that is due now. Rows that another sweep works on are left to it.
///
/// # Errors
/// Where the database cannot be written.
pub async fn run(services: &Services) -> Result<Swept> {
    let now = services.clock.now();
    Ok(Swept {
        holds_expired: expire_holds(services, now).await?,
        requests_expired: each_due(services, Due::Request, now).await?,
        lessons_settled: each_due(services, Due::Lesson, now).await?,
        rows_pruned: prune(services, now).await?,
    })
}

async fn expire_holds(services: &Services, now: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM claims WHERE id IN (
             SELECT id FROM claims WHERE kind = 'hold' AND expires_at <= $1 FOR UPDATE SKIP LOCKED)",
        now
    )
    .execute(&services.db)
    .await?;
    Ok(done.rows_affected())
}

/// What the clock makes due.
#[derive(Clone, Copy)]
enum Due {
    /// A request that nobody answered.
    Request,
    /// A lesson whose scheduled end is reached.
    Lesson,
}

/// Works off what is due, one booking in a transaction: each locks one booking only, and one that
/// cannot be written stops none of those before it.
async fn each_due(services: &Services, due: Due, now: DateTime<Utc>) -> Result<u64> {
    let mut done = 0;
    let mut retries = booking::Retries::default();
    loop {
        let mut tx = services.db.begin().await?;
        let outcome = one_due(&mut tx, due, now).await;
        let outcome = booking::finish(tx, outcome).await;
        if retries.again(&outcome).await {
            continue;
        }
        let Some(people) = outcome? else { return Ok(done) };
        services.live.wake(&people).await;
        retries = booking::Retries::default();
        done += 1;
    }
}

/// Changes one booking that is due; `None` where there is none.
async fn one_due(
    tx: &mut PgConnection,
    due: Due,
    now: DateTime<Utc>,
) -> Result<Option<[domain::ids::UserId; 2]>> {
    let Some(found) = next(tx, due, now).await? else { return Ok(None) };
    let people = match due {
        Due::Request => booking::expire(tx, &found, now).await?,
        Due::Lesson => booking::settle(tx, &found, By::System, now).await?,
    };
    Ok(Some(people))
}

async fn next(tx: &mut PgConnection, due: Due, now: DateTime<Utc>) -> Result<Option<Found>> {
    let id = match due {
        Due::Request => {
            sqlx::query_scalar!(
                "SELECT id FROM bookings WHERE state = 'requested' AND expires_at <= $1
             ORDER BY expires_at LIMIT 1 FOR UPDATE SKIP LOCKED",
                now
            )
            .fetch_optional(&mut *tx)
            .await?
        }
        Due::Lesson => {
            sqlx::query_scalar!(
                "SELECT id FROM bookings WHERE state = 'confirmed' AND ends_at <= $1
             ORDER BY ends_at LIMIT 1 FOR UPDATE SKIP LOCKED",
                now
            )
            .fetch_optional(&mut *tx)
            .await?
        }
    };
    match id {
        Some(id) => booking::find_locked(tx, BookingId(id), now).await,
        None => Ok(None),
    }
}

/// Deletes what is of no more use.
async fn prune(services: &Services, now: DateTime<Utc>) -> Result<u64> {
    let mut db = services.db.acquire().await?;
    let db = &mut *db;
    let mut pruned = 0;
    pruned += sqlx::query!(
        "DELETE FROM user_sessions WHERE token_hash IN (
             SELECT token_hash FROM user_sessions WHERE expires_at <= $1 FOR UPDATE SKIP LOCKED)",
        now
    )
    .execute(&mut *db)
    .await?
    .rows_affected();
    pruned += sqlx::query!(
        "DELETE FROM refresh_tokens WHERE token_hash IN (
             SELECT token_hash FROM refresh_tokens WHERE expires_at <= $1 FOR UPDATE SKIP LOCKED)",
        now
    )
    .execute(&mut *db)
    .await?
    .rows_affected();
    pruned += sqlx::query!(
        "DELETE FROM idempotency_keys WHERE (user_id, key) IN (
             SELECT user_id, key FROM idempotency_keys WHERE created_at <= $1 FOR UPDATE SKIP LOCKED)",
        now - DAY
    )
    .execute(&mut *db)
    .await?
    .rows_affected();
    pruned += sqlx::query!(
        "DELETE FROM holds WHERE id IN (
             SELECT id FROM holds WHERE created_at <= $1 FOR UPDATE SKIP LOCKED)",
        now - DAY
    )
    .execute(&mut *db)
    .await?
    .rows_affected();
    pruned += sqlx::query!(
        "DELETE FROM rate_counts WHERE (key, hour) IN (
             SELECT key, hour FROM rate_counts WHERE hour <= $1 FOR UPDATE SKIP LOCKED)",
        now - COUNTS_KEPT
    )
    .execute(&mut *db)
    .await?
    .rows_affected();
    pruned += sqlx::query!(
        "DELETE FROM live_events WHERE id IN (
             SELECT id FROM live_events WHERE created_at <= $1 FOR UPDATE SKIP LOCKED)",
        now - LIVE_EVENTS_KEPT
    )
    .execute(&mut *db)
    .await?
    .rows_affected();
    Ok(pruned)
}
