//! Channels over which Google tells of changes of a calendar, so that nobody has to ask.

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::Client;
use crate::busy::{Channel, Problem};

#[derive(Deserialize)]
struct Opened {
    /// Milliseconds since 1970, as a text.
    expiration: Option<String>,
}

impl Client<'_> {
    /// Asks Google to tell of changes of a calendar over a channel; until when it does.
    ///
    /// # Errors
    /// What keeps Google from it.
    pub(crate) async fn watch(
        &self,
        calendar: &Url,
        channel: &Channel,
    ) -> Result<Option<DateTime<Utc>>, Problem> {
        let url = Url::parse(&format!("{}/events/watch", calendar.as_str().trim_end_matches('/')));
        let body = json!({
            "id": channel.id,
            "type": "web_hook",
            "address": channel.address,
            "token": channel.token,
            "params": { "ttl": channel.life.num_seconds().to_string() },
        });
        let url = url.map_err(|_| Problem::Unreachable)?;
        let opened: Opened = self.ask(Method::POST, url, Some(body), None).await?.read()?;
        let until = opened.expiration.and_then(|text| text.parse().ok());
        Ok(until.and_then(DateTime::from_timestamp_millis))
    }
}
