//! How often an address may call.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use domain::{Code, Refusal};
use serde_json::json;

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
    let now = services.clock.now();
    let hour = now.duration_trunc(TimeDelta::hours(1)).map_err(AppError::fault)?;
    if add(services, key, hour).await? <= limit {
        return Ok(());
    }
    let left = hour + TimeDelta::hours(1) - now;
    let retry_after = (left.num_milliseconds() + 999) / 1000;
    let refusal = Refusal::new(Code::RateLimited, "rate_limited");
    Err(AppError::with_details(refusal, json!({ "retry_after": retry_after })))
}

/// One call more; the number of this hour's calls so far.
async fn add(services: &Services, key: &str, hour: DateTime<Utc>) -> Result<i32> {
    let calls = sqlx::query_scalar!(
        "INSERT INTO rate_counts (key, hour, calls) VALUES ($1, $2, 1)
         ON CONFLICT (key, hour) DO UPDATE SET calls = least(rate_counts.calls, 2147483646) + 1
         RETURNING calls",
        key,
        hour
    );
    Ok(calls.fetch_one(&services.db).await?)
}
