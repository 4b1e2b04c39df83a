//! Google Meet: events of their owner's first calendar that have a conference. Each has a name of our own, so that none
//! is there twice. It takes no time in the calendar, where the lesson may stand already.

use chrono::{DateTime, SecondsFormat, Utc};
use futures::future::{BoxFuture, FutureExt as _};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::Client;
use crate::{
    busy::Problem,
    oauth::Answer,
    video::{Made, Meetings, Wanted},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    id: String,
    status: Option<String>,
    hangout_link: Option<String>,
}

impl Event {
    /// The meeting, once Google has made its conference.
    fn made(self) -> Result<Made, Problem> {
        let url = self.hangout_link.ok_or(Problem::Unreachable)?;
        Ok(Made { remote: self.id, url })
    }
}

/// The event of a meeting: letters and digits that Google takes (base32hex; RFC 4648, 7).
fn name(meeting: Uuid) -> String {
    format!("meet{}", meeting.simple())
}

impl Client<'_> {
    fn event_address(&self, name: &str) -> Result<Url, Problem> {
        let mut url = self.address(&format!("calendars/primary/events/{name}"))?;
        url.query_pairs_mut().append_pair("conferenceDataVersion", "1");
        Ok(url)
    }

    async fn insert(&self, wanted: &Wanted) -> Result<Made, Problem> {
        let mut url = self.address("calendars/primary/events")?;
        url.query_pairs_mut().append_pair("conferenceDataVersion", "1");
        let mut body = event(wanted);
        body["id"] = Value::from(name(wanted.id));
        let answer = self.ask(Method::POST, url, Some(body), None).await?;
        if answer.status != StatusCode::CONFLICT {
            return answer.read::<Event>()?.made();
        }
        // It is there, or was: Google keeps the names of events that were removed, and brings them back.
        let answer = self.patch(&name(wanted.id), wanted).await?;
        answer.read::<Event>()?.made()
    }

    async fn patch(&self, name: &str, wanted: &Wanted) -> Result<Answer, Problem> {
        self.ask(Method::PATCH, self.event_address(name)?, Some(event(wanted)), None).await
    }
}

impl Meetings for Client<'_> {
    fn find(&self, meeting: Uuid) -> BoxFuture<'_, Result<Option<Made>, Problem>> {
        async move {
            let url = self.event_address(&name(meeting))?;
            let answer = self.ask(Method::GET, url, None, None).await?;
            if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
                return Ok(None);
            }
            let found: Event = answer.read()?;
            // One that was removed is made anew under the same name, one without a conference is given another.
            let is_there = found.status.as_deref() != Some("cancelled") && found.hangout_link.is_some();
            if is_there { found.made().map(Some) } else { Ok(None) }
        }
        .boxed()
    }

    fn make<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Made, Problem>> {
        self.insert(wanted).boxed()
    }

    fn change<'a>(
        &'a self,
        known: &'a Made,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Result<Option<Made>, Problem>> {
        async move {
            let answer = self.patch(&known.remote, wanted).await?;
            if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
                return Ok(None);
            }
            answer.read::<Event>()?.made().map(Some)
        }
        .boxed()
    }

    fn remove<'a>(&'a self, remote: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        async move {
            let answer = self.ask(Method::DELETE, self.event_address(remote)?, None, None).await?;
            match answer.status {
                StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
                _ => answer.succeeded(),
            }
        }
        .boxed()
    }
}

/// An event as Google takes it. A conference is asked for once: Google does not answer a request of the same id twice.
fn event(wanted: &Wanted) -> Value {
    let at = |instant: DateTime<Utc>| json!({ "dateTime": instant.to_rfc3339_opts(SecondsFormat::Secs, true), "timeZone": "UTC" });
    json!({
        "summary": wanted.title,
        "start": at(wanted.start),
        "end": at(wanted.end),
        "status": "confirmed",
        "transparency": "transparent",
        "visibility": "private",
        "source": { "title": "Lectern", "url": wanted.page },
        "conferenceData": {
            "createRequest": {
                "requestId": name(wanted.id),
                "conferenceSolutionKey": { "type": "hangoutsMeet" },
            },
        },
    })
}
