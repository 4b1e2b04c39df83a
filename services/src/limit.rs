//! How often an address may call, and how often a person may do something.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use domain::{Code, Refusal};
use serde_json::json;
use sqlx::PgConnection;

use crate::{AppError, Result, Services};

/// Counts one call of `key` (such as `api:203.0.113.7`) against `limit` calls in the present hour.
/// Counts nothing where limits are off (development only).
///
/// # Errors
/// `RATE_LIMITED` with `details.retry_after` (seconds) once it is used up.
pub async fn count(services: &Services, key: &str, limit: i32) -> Result<()> {
    if !services.config.web.rate_limits {
        return Ok(());
    }
    let mut db = services.db.acquire().await?;
    count_within(services, &mut db, key, limit).await
}

/// The same in a transaction: a call whose transaction comes to nothing is not counted.
///
/// # Errors
/// As [`count`].
pub(crate) async fn count_within(
    services: &Services,
    tx: &mut PgConnection,
    key: &str,
    limit: i32,
) -> Result<()> {
    if !services.config.web.rate_limits {
        return Ok(());
    }
    let now = services.clock.now();
    let hour = TimeDelta::hours(1);
    let since = now.duration_trunc(hour).map_err(AppError::fault)?;
    if add(tx, key, since).await? <= limit {
        return Ok(());
    }
    let left = since + hour - now;
    let retry_after = (left.num_milliseconds() + 999) / 1000;
    let refusal = Refusal::new(Code::RateLimited, "rate_limited");
    Err(AppError::with_details(refusal, json!({ "retry_after": retry_after })))
}

/// One call more; how many that are since then.
async fn add(tx: &mut PgConnection, key: &str, since: DateTime<Utc>) -> Result<i32> {
    let calls = sqlx::query_scalar!(
        "INSERT INTO rate_counts (key, hour, calls) VALUES ($1, $2, 1)
         ON CONFLICT (key, hour) DO UPDATE SET calls = least(rate_counts.calls, 2147483646) + 1
         RETURNING calls",
        key,
        since
    );
    Ok(calls.fetch_one(tx).await?)
}
