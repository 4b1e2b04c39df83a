//! Fetching a calendar from an address that somebody typed.

use futures::StreamExt as _;
use reqwest::header::ACCEPT;

use super::Problem;
use crate::{Result, Services, net};

/// The largest answer that is read, bytes.
const MOST_BYTES: usize = 5 * 1024 * 1024;

/// The text at an address.
///
/// # Errors
/// Where the client cannot be made; what the other side does wrong is a [`Problem`].
pub(super) async fn fetch(services: &Services, url: &str) -> Result<Result<String, Problem>> {
    let client = net::client(&services.config)?;
    let asked = client.get(url).header(ACCEPT, "text/calendar, text/plain;q=0.5, */*;q=0.1").send().await;
    let Ok(answer) = asked.and_then(reqwest::Response::error_for_status) else {
        return Ok(Err(Problem::Unreachable));
    };
    Ok(body(answer).await)
}

/// The text of an answer.
///
/// # Errors
/// `TooLarge` for more than we read.
pub(crate) async fn body(answer: reqwest::Response) -> Result<String, Problem> {
    if answer.content_length().is_some_and(|length| length > MOST_BYTES as u64) {
        return Err(Problem::TooLarge);
    }
    let mut bytes = Vec::new();
    let mut parts = answer.bytes_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| Problem::Unreachable)?;
        if bytes.len() + part.len() > MOST_BYTES {
            return Err(Problem::TooLarge);
        }
        bytes.extend_from_slice(&part);
    }
    String::from_utf8(bytes).map_err(|_| Problem::Unreadable)
}
