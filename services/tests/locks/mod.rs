//! Rows that somebody holds, and who waits for them: how a test puts two servers at the same point.
#![allow(dead_code, reason = "each test file uses its part")]

use std::time::{Duration, Instant};

use domain::booking::Booking;
use services::{Services, testing::number};
use sqlx::{Postgres, Transaction};

/// What does not happen in this time never does.
pub const LONG: Duration = Duration::from_secs(60);

/// Between two looks.
pub const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Rows of a booking.
pub const BOOKING: &str = "SELECT id FROM bookings WHERE id = $1 FOR UPDATE";
pub const CHARGE: &str = "SELECT id FROM charges WHERE booking_id = $1 FOR UPDATE";
pub const MEETING: &str = "SELECT id FROM meetings WHERE booking_id = $1 FOR UPDATE";

/// Somebody holds a row of a booking, until the transaction ends.
pub async fn hold(
    services: &Services,
    row: &'static str,
    booking: &Booking,
) -> Transaction<'static, Postgres> {
    let mut tx = services.begin().await.expect("a transaction");
    let locked = sqlx::query(row).bind(booking.id.0).fetch_one(&mut *tx).await;
    locked.expect("a row");
    tx
}

/// How many wait for a lock.
pub async fn count_waiting(services: &Services) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    number(services, sql).await
}

/// Until so many wait for a lock.
pub async fn waiting(services: &Services, wanted: i64) {
    let began = Instant::now();
    while count_waiting(services).await < wanted {
        assert!(began.elapsed() < LONG, "nobody waits");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
