//! How often an address may call.

use crate::{Result, Services};

/// Counts one call of `key` (such as `api:203.0.113.7`) against `limit` calls in the present hour.
///
/// # Errors
/// `RATE_LIMITED` with `details.retry_after` (seconds) once it is used up.
pub async fn count(_services: &Services, _key: &str, _limit: i32) -> Result<()> {
    todo!()
}
