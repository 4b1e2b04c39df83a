//! Rows to measure on. They are written as rows, because how they come to be is not what is measured.

use std::ops::RangeInclusive;

use chrono::{DateTime, Days, NaiveTime, Utc};
use domain::booking::Policy;
use sqlx::{PgPool, raw_sql};

use crate::Outcome;

/// Tutors, signed-in students, and orders of which no two conflict.
const MARKET: &str = include_str!("../sql/market.sql");
/// One tutor with 200 bookings and 20 overrides in the next 30 days.
const BUSY: &str = include_str!("../sql/busy.sql");
/// Tutors and students without lessons.
const TEACHERS: &str = include_str!("../sql/teachers.sql");
/// Lessons between them.
const LESSONS: &str = include_str!("../sql/lessons.sql");
/// Payments of them.
const LEDGER: &str = include_str!("../sql/ledger.sql");
/// Tutors who are to be paid.
const PAYOUTS: &str = include_str!("../sql/payouts.sql");
/// Pairs of people who talk.
const STREAMS: &str = include_str!("../sql/streams.sql");
/// The slug of that tutor.
pub const BUSY_SLUG: &str = "bench-busy";

/// The session token of the n-th student of the market, or of the n-th of those who talk. Only its hash is stored.
pub fn token(student: i32) -> String {
    format!("benchmark-session-{student}")
}

/// Midnight UTC of tomorrow: the fixtures' slots lie after it, within notice and horizon.
pub fn first_day(now: DateTime<Utc>) -> DateTime<Utc> {
    (now.date_naive() + Days::new(1)).and_time(NaiveTime::MIN).and_utc()
}

/// Fills a migrated database with the market.
pub async fn market(db: &PgPool, now: DateTime<Utc>) -> Outcome {
    fill(db, now, MARKET).await
}

/// Adds the busy tutor.
pub async fn busy(db: &PgPool, now: DateTime<Utc>) -> Outcome {
    fill(db, now, BUSY).await
}

/// Adds tutors and students without lessons.
pub async fn teachers(db: &PgPool, now: DateTime<Utc>) -> Outcome {
    fill(db, now, TEACHERS).await
}

/// Adds lessons with these numbers, which have just ended or are to come.
pub async fn lessons(db: &PgPool, now: DateTime<Utc>, numbers: RangeInclusive<i32>, due: bool) -> Outcome {
    let more = [
        ("bench.first", numbers.start().to_string()),
        ("bench.last", numbers.end().to_string()),
        ("bench.due", due.to_string()),
    ];
    fill_with(db, now, LESSONS, &more).await
}

/// Adds so many payments to the ledger, from an instant on (seconds since 1970).
pub async fn ledger(db: &PgPool, now: DateTime<Utc>, from: i64, payments: u64) -> Outcome {
    let more = [("bench.from", from.to_string()), ("bench.last", payments.to_string())];
    fill_with(db, now, LEDGER, &more).await
}

/// Adds tutors with a lesson each that is to be paid out.
pub async fn payees(db: &PgPool, now: DateTime<Utc>) -> Outcome {
    fill(db, now, PAYOUTS).await
}

/// Adds so many pairs of people who talk.
pub async fn talk(db: &PgPool, now: DateTime<Utc>, pairs: usize) -> Outcome {
    fill_with(db, now, STREAMS, &[("bench.last", pairs.to_string())]).await
}

/// Runs a script on one connection, to which it is told when it is.
async fn fill(db: &PgPool, now: DateTime<Utc>, script: &'static str) -> Outcome {
    fill_with(db, now, script, &[]).await
}

/// The same with more settings.
async fn fill_with(
    db: &PgPool,
    now: DateTime<Utc>,
    script: &'static str,
    more: &[(&str, String)],
) -> Outcome {
    let mut db = db.acquire().await?;
    let policy = serde_json::to_string(&Policy::default())?;
    for (name, value) in [
        ("bench.now", now.to_rfc3339()),
        ("bench.first_day", first_day(now).to_rfc3339()),
        ("bench.policy", policy),
    ]
    .iter()
    .chain(more)
    {
        sqlx::query("SELECT set_config($1, $2, false)").bind(name).bind(value).execute(&mut *db).await?;
    }
    raw_sql(script).execute(&mut *db).await?;
    Ok(())
}
