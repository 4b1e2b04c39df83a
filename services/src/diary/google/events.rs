//! Events, each under a name of our own, so that a lesson is never there twice.

use chrono::SecondsFormat;
use domain::ids::BookingId;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::Client;
use crate::{
    busy::Problem,
    calendar::Plain,
    diary::client::{Standing, Written},
};

/// The event of a booking: hexadecimal digits are among the signs of base32hex, which Google takes (RFC 4648, 7).
pub(in crate::diary) fn name(booking: BookingId) -> String {
    booking.0.simple().to_string()
}

#[derive(Deserialize)]
struct Event {
    etag: Option<String>,
}

impl Client<'_> {
    /// What is at a place. One that was removed counts as being there: Google keeps its name, and it can be brought back.
    ///
    /// # Errors
    /// What keeps Google from telling.
    pub(in crate::diary) async fn standing(&self, place: &Url) -> Result<Standing, Problem> {
        let answer = self.ask(Method::GET, place.clone(), None, None).await?;
        if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(Standing::Missing);
        }
        let event: Event = answer.read()?;
        Ok(Standing::There(event.etag))
    }

    /// Writes an event where all is still as it was when we looked. One that is there already, 409, was written since.
    ///
    /// # Errors
    /// What keeps it from being written.
    pub(in crate::diary) async fn put(
        &self,
        place: &Url,
        plain: &Plain,
        seen: &Standing,
    ) -> Result<Written, Problem> {
        let (events, name) = place.as_str().rsplit_once('/').ok_or(Problem::Unreachable)?;
        let mut event = event(plain);
        let answer = match seen {
            Standing::Missing => {
                event["id"] = Value::from(name);
                let events = Url::parse(events).map_err(|_| Problem::Unreachable)?;
                self.ask(Method::POST, events, Some(event), None).await?
            }
            Standing::There(version) => {
                self.ask(Method::PUT, place.clone(), Some(event), version.as_deref()).await?
            }
        };
        match answer.status {
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => Ok(Written::Overtaken),
            _ => answer.succeeded().map(|()| Written::Done),
        }
    }

    /// Removes an event; one that is gone already is fine.
    ///
    /// # Errors
    /// What keeps it from being removed.
    pub(in crate::diary) async fn delete(&self, place: &Url) -> Result<(), Problem> {
        let answer = self.ask(Method::DELETE, place.clone(), None, None).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
            _ => answer.succeeded(),
        }
    }
}

/// An event as Google takes it. It names nobody whom Google could write to.
fn event(plain: &Plain) -> Value {
    let at = |instant: chrono::DateTime<chrono::Utc>| json!({ "dateTime": instant.to_rfc3339_opts(SecondsFormat::Secs, true), "timeZone": "UTC" });
    json!({
        "summary": plain.summary,
        "description": plain.description,
        "location": plain.link,
        "start": at(plain.start),
        "end": at(plain.end),
        "status": "confirmed",
        "transparency": "opaque",
        "visibility": "private",
        "source": { "title": "Lectern", "url": plain.page },
    })
}
