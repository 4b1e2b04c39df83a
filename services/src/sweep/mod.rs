//! Work that the clock makes due: derived from rows, idempotent, harmless when run by many at once.

mod store;

use chrono::{DateTime, Utc};
use domain::ids::{BookingId, UserId};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, Services, booking};

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
    let holds_expired = store::delete_lapsed_holds(&mut *services.db.acquire().await?, now).await?;
    let requests_expired = each_due(services, Due::Request, now).await?;
    let lessons_settled = each_due(services, Due::Lesson, now).await?;
    let rows_pruned = store::prune(&mut *services.db.acquire().await?, now).await?;
    Ok(Swept { holds_expired, requests_expired, lessons_settled, rows_pruned })
}

/// What the clock makes due.
#[derive(Clone, Copy)]
enum Due {
    /// A request that nobody answered.
    Request,
    /// A lesson whose scheduled end is reached.
    Lesson,
}

/// Works off what is due, one booking in a transaction: each locks one booking only. One that cannot be
/// written is logged and left for the next sweep; it keeps none of the others waiting.
async fn each_due(services: &Services, due: Due, now: DateTime<Utc>) -> Result<u64> {
    let mut done = 0;
    let mut failed = Vec::new();
    let mut retries = booking::Retries::default();
    loop {
        let mut tx = services.db.begin().await?;
        let Some(id) = next(&mut tx, due, &failed, now).await? else { return Ok(done) };
        let outcome = advance(&mut tx, due, id, now).await;
        let outcome = booking::finish(tx, outcome).await;
        if retries.again(&outcome).await {
            continue;
        }
        retries = booking::Retries::default();
        match outcome {
            Ok(people) => {
                services.live.wake(&people);
                done += 1;
            }
            Err(error) => {
                tracing::error!(booking = %id, %error, "cannot do what is due");
                failed.push(id.0);
            }
        }
    }
}

/// Locks a booking that is due.
async fn next(
    tx: &mut PgConnection,
    due: Due,
    except: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Option<BookingId>> {
    match due {
        Due::Request => store::next_request(tx, except, now).await,
        Due::Lesson => store::next_lesson(tx, except, now).await,
    }
}

/// Changes a booking that is due.
async fn advance(tx: &mut PgConnection, due: Due, id: BookingId, now: DateTime<Utc>) -> Result<Vec<UserId>> {
    let found = booking::find_locked(tx, id, now).await?.ok_or_else(booking::not_found)?;
    match due {
        Due::Request => booking::expire(tx, &found, now).await,
        Due::Lesson => booking::settle(tx, &found, now).await,
    }
}
