//! Work that the clock makes due: derived from rows, idempotent, harmless when run by many at once.

mod store;

use chrono::{DateTime, Utc};
use domain::ids::{BookingId, UserId};
use futures::StreamExt as _;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, Services, booking, files, mail, privacy};

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Holds that lapsed.
    pub holds_expired: u64,
    /// Requests that nobody answered.
    pub requests_expired: u64,
    /// Lessons that got their outcome.
    pub lessons_settled: u64,
    /// Mails that were due: reminders, and the question how a lesson was.
    pub mails_written: u64,
    /// Uploads that no message and no dispute took.
    pub uploads_removed: u64,
    /// Copies of people's data whose time was over.
    pub exports_removed: u64,
    /// Old rows of no more use: lapsed sign-ins, idempotency keys, counters, links to recordings.
    pub rows_pruned: u64,
}

impl std::ops::AddAssign for Swept {
    fn add_assign(&mut self, more: Swept) {
        self.holds_expired += more.holds_expired;
        self.requests_expired += more.requests_expired;
        self.lessons_settled += more.lessons_settled;
        self.mails_written += more.mails_written;
        self.uploads_removed += more.uploads_removed;
        self.exports_removed += more.exports_removed;
        self.rows_pruned += more.rows_pruned;
    }
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
    let mails_written = mail::write_due(services).await?;
    let uploads_removed = files::sweep(services).await?;
    let exports_removed = privacy::sweep(services).await?;
    let rows_pruned = store::prune(&mut *services.db.acquire().await?, now).await?;
    Ok(Swept {
        holds_expired,
        requests_expired,
        lessons_settled,
        mails_written,
        uploads_removed,
        exports_removed,
        rows_pruned,
    })
}

/// What the clock makes due.
#[derive(Clone, Copy)]
enum Due {
    /// A request that nobody answered.
    Request,
    /// A lesson whose scheduled end is reached.
    Lesson,
}

/// How many bookings are looked up at once.
const BATCH: i64 = 200;

/// How many of them are worked on at once: their commits share the waits for the disk.
const AT_ONCE: usize = 8;

/// The lessons that are due, the earliest first, at most a batch of them: what each look of the scheduler asks.
///
/// # Errors
/// Where the database cannot be read.
pub async fn due_lessons(services: &Services) -> Result<Vec<BookingId>> {
    let now = services.clock.now();
    list(services, Due::Lesson, &[], now).await
}

/// Works off what is due, in batches, one booking in a transaction: each locks one booking only. One that someone else
/// works on is left to them; one that cannot be written is logged and left for the next sweep. Neither keeps the
/// others waiting.
async fn each_due(services: &Services, due: Due, now: DateTime<Utc>) -> Result<u64> {
    let mut done = 0;
    let mut left = Vec::new();
    loop {
        let batch = list(services, due, &left, now).await?;
        if batch.is_empty() {
            return Ok(done);
        }
        let mut worked = futures::stream::iter(batch)
            .map(|id| async move { (id, advance_one(services, due, id, now).await) })
            .buffer_unordered(AT_ONCE);
        while let Some((id, outcome)) = worked.next().await {
            match outcome {
                Ok(true) => done += 1,
                Ok(false) => left.push(id.0),
                Err(error) => {
                    tracing::error!(booking = %id, %error, "cannot do what is due");
                    left.push(id.0);
                }
            }
        }
    }
}

/// Bookings that are due.
async fn list(services: &Services, due: Due, except: &[Uuid], now: DateTime<Utc>) -> Result<Vec<BookingId>> {
    let mut db = services.db.acquire().await?;
    match due {
        Due::Request => store::list_requests(&mut db, except, BATCH, now).await,
        Due::Lesson => store::list_lessons(&mut db, except, BATCH, now).await,
    }
}

/// Changes a booking that is due; whether it was still ours to change.
async fn advance_one(services: &Services, due: Due, id: BookingId, now: DateTime<Utc>) -> Result<bool> {
    let mut retries = booking::Retries::default();
    loop {
        let mut tx = services.begin().await?;
        let locked = match due {
            Due::Request => store::lock_request(&mut tx, id, now).await?,
            Due::Lesson => store::lock_lesson(&mut tx, id, now).await?,
        };
        if !locked {
            return Ok(false);
        }
        let outcome = advance(&mut tx, due, id, now).await;
        let outcome = booking::finish(tx, outcome).await;
        if retries.again(&outcome).await {
            continue;
        }
        services.live.wake(&outcome?);
        return Ok(true);
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
