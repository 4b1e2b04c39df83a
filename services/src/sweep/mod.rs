//! Work that the clock makes due: derived from rows, idempotent, harmless when run by many at once.

mod store;

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use serde::Serialize;
use sqlx::PgConnection;

use crate::{
    Result, Services,
    booking::{self, By, Found},
};

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
async fn one_due(tx: &mut PgConnection, due: Due, now: DateTime<Utc>) -> Result<Option<[UserId; 2]>> {
    let Some(found) = next(tx, due, now).await? else { return Ok(None) };
    let people = match due {
        Due::Request => booking::expire(tx, &found, now).await?,
        Due::Lesson => booking::settle(tx, &found, By::System, now).await?,
    };
    Ok(Some(people))
}

async fn next(tx: &mut PgConnection, due: Due, now: DateTime<Utc>) -> Result<Option<Found>> {
    let id = match due {
        Due::Request => store::next_request(tx, now).await?,
        Due::Lesson => store::next_lesson(tx, now).await?,
    };
    match id {
        Some(id) => booking::find_locked(tx, id, now).await,
        None => Ok(None),
    }
}
