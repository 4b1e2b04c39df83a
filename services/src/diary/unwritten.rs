//! Lessons that could not be written into an account: each has a state of its own, is tried again later and later, and
//! at once after the account took another one. The account warns for as long as one is left.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::BookingId;
use uuid::Uuid;

use super::{WriteLesson, lessons_store as store};
use crate::{Result, Services, busy::Problem, jobs};

/// The longest wait between two tries, and how soon a lesson is given out again whose job was lost.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// How many lessons are handed out in one transaction.
const BATCH: i64 = 200;

/// Notes that a lesson is as it should be in an account. Where the provider was asked and did it, what failed in that
/// account is tried again at once, each lesson once: none makes another due that is in a job's hands already.
///
/// # Errors
/// Where the database cannot be written.
pub(super) async fn note_done(
    services: &Services,
    account: Uuid,
    booking: BookingId,
    asked: bool,
) -> Result<()> {
    store::delete_unwritten(&mut *services.db.acquire().await?, account, booking).await?;
    if !asked {
        return Ok(());
    }
    let lost_at = services.clock.now() + LONGEST_WAIT;
    let mut tx = services.begin().await?;
    let failed = store::take_failed(&mut tx, account, lost_at).await?;
    enqueue(&mut tx, failed).await?;
    Ok(tx.commit().await?)
}

/// Notes that a lesson could not be written into an account, and when that is tried again.
///
/// # Errors
/// Where the database cannot be written.
pub(super) async fn note_failed(
    services: &Services,
    account: Uuid,
    booking: BookingId,
    problem: Problem,
) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let tries = store::count_tries(&mut tx, account, booking).await?;
    let failed =
        store::Failed { account, booking, problem, tries: tries + 1, due_at: next(now, problem, tries) };
    store::set_unwritten(&mut tx, &failed, now).await?;
    tx.commit().await?;
    tracing::info!(%account, %booking, problem = problem.name(), "a lesson is not written");
    Ok(())
}

/// When a lesson is tried again after so many tries before this one. What only the tutor can mend waits longest.
fn next(now: DateTime<Utc>, problem: Problem, tries_before: i32) -> DateTime<Utc> {
    let wait = match problem {
        Problem::Refused | Problem::Forbidden => LONGEST_WAIT,
        Problem::Unreachable | Problem::TooLarge | Problem::Unreadable => {
            TimeDelta::minutes(1 << tries_before.clamp(0, 6)).min(LONGEST_WAIT)
        }
    };
    now + wait
}

/// Hands out the lessons that are due for another try, each to a job of its own; how many.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn hand_out(services: &Services) -> Result<u64> {
    let now = services.clock.now();
    let lost_at = now + LONGEST_WAIT;
    let mut handed_out = 0;
    while store::is_any_due(&mut *services.db.acquire().await?, now, lost_at).await? {
        let mut tx = services.begin().await?;
        let due = store::take_due(&mut tx, BATCH, now, lost_at).await?;
        let count = due.len() as u64;
        if count == 0 {
            // Another server has them in hand.
            break;
        }
        enqueue(&mut tx, due).await?;
        tx.commit().await?;
        handed_out += count;
    }
    Ok(handed_out)
}

async fn enqueue(tx: &mut sqlx::PgConnection, mut bookings: Vec<BookingId>) -> Result<()> {
    // A job brings a lesson up to date in all accounts.
    bookings.sort_unstable();
    bookings.dedup();
    let work: Vec<_> = bookings.into_iter().map(|booking| WriteLesson { booking }).collect();
    jobs::enqueue_all(tx, &work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_later_and_later_and_at_least_each_hour() {
        let now = DateTime::UNIX_EPOCH;
        for (problem, tries_before, minutes) in [
            (Problem::Unreachable, 0, 1),
            (Problem::Unreachable, 1, 2),
            (Problem::TooLarge, 5, 32),
            (Problem::Unreadable, 6, 60),
            (Problem::Unreachable, i32::MAX, 60),
            (Problem::Refused, 0, 60),
            (Problem::Forbidden, 0, 60),
        ] {
            let due_at = next(now, problem, tries_before);
            assert_eq!((due_at - now).num_minutes(), minutes, "{problem:?} {tries_before}");
        }
    }
}
