//! A client of Zoom (REST API v2): as much as it takes to know whose account it is, and to hold meetings.

use chrono::SecondsFormat;
use futures::future::{BoxFuture, FutureExt as _};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::{Made, Meetings, Wanted, connections::Owner};
use crate::{
    AppError, Result, Services,
    busy::Problem,
    oauth::{Answer, Calls, Token},
};

/// What an app of ours at Zoom must be permitted: to know who somebody is, to see, make, change and remove meetings.
pub(super) const SCOPES: [&str; 5] = [
    "user:read:user",
    "meeting:read:list_meetings",
    "meeting:write:meeting",
    "meeting:update:meeting",
    "meeting:delete:meeting",
];

/// How many pages of meetings are read, each of 300.
const PAGES: usize = 20;

/// The longest topic, characters.
const LONGEST_TOPIC: usize = 200;

/// What Zoom calls it when a token lacks a scope; it comes as 400.
const LACKS_SCOPES: i64 = 4711;

/// A client for one account.
pub(super) struct Client<'a>(Calls<'a>);

#[derive(Deserialize)]
struct User {
    id: String,
    email: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    meetings: Vec<Meeting>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Meeting {
    id: i64,
    join_url: String,
    #[serde(default)]
    agenda: String,
}

impl From<Meeting> for Made {
    fn from(meeting: Meeting) -> Self {
        Made { remote: meeting.id.to_string(), url: meeting.join_url }
    }
}

#[derive(Deserialize)]
struct Failure {
    code: i64,
}

/// Stands in a meeting's description, where the list of meetings shows it: after a lost answer it is found by this.
fn marker(meeting: Uuid) -> String {
    format!("lectern:{meeting}")
}

impl<'a> Client<'a> {
    /// A client that shows this token.
    ///
    /// # Errors
    /// Where Zoom is not configured.
    pub(super) fn new(services: &'a Services, token: Token) -> Result<Self> {
        let configured = services.zoom.as_ref().zip(services.config.zoom.as_ref());
        let (provider, config) = configured.ok_or_else(|| AppError::fault("Zoom is not configured"))?;
        Ok(Client(Calls { services, provider, token, root: format!("{}/v2/", config.api_base) }))
    }

    /// Whose account it is.
    ///
    /// # Errors
    /// What keeps Zoom from telling.
    pub(super) async fn owner(&self) -> Result<Owner, Problem> {
        let user: User = self.ask(Method::GET, self.0.address("users/me")?, None).await?.read()?;
        let login = user.email.unwrap_or_else(|| user.id.clone());
        Ok(Owner { account: user.id, login })
    }

    async fn ask(&self, method: Method, url: Url, body: Option<Value>) -> Result<Answer, Problem> {
        let answer = self.0.ask(method, url, body, None).await?;
        let failure: Option<Failure> = match answer.status {
            StatusCode::BAD_REQUEST => serde_json::from_str(&answer.text).ok(),
            _ => None,
        };
        if failure.is_some_and(|failure| failure.code == LACKS_SCOPES) {
            return Err(Problem::Forbidden);
        }
        Ok(answer)
    }

    fn meeting(&self, remote: &str) -> Result<Url, Problem> {
        self.0.address(&format!("meetings/{remote}"))
    }

    async fn look_up(&self, meeting: Uuid) -> Result<Option<Made>, Problem> {
        let (marker, mut next) = (marker(meeting), String::new());
        for _ in 0..PAGES {
            let mut url = self.0.address("users/me/meetings")?;
            url.query_pairs_mut().append_pair("type", "scheduled").append_pair("page_size", "300");
            if !next.is_empty() {
                url.query_pairs_mut().append_pair("next_page_token", &next);
            }
            let page: Page = self.ask(Method::GET, url, None).await?.read()?;
            if let Some(found) = page.meetings.into_iter().find(|it| it.agenda.starts_with(&marker)) {
                return Ok(Some(found.into()));
            }
            next = page.next_page_token.unwrap_or_default();
            if next.is_empty() {
                return Ok(None);
            }
        }
        Err(Problem::TooLarge)
    }
}

impl Meetings for Client<'_> {
    fn find(&self, meeting: Uuid) -> BoxFuture<'_, Result<Option<Made>, Problem>> {
        self.look_up(meeting).boxed()
    }

    fn make<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Made, Problem>> {
        async move {
            let url = self.0.address("users/me/meetings")?;
            let answer = self.ask(Method::POST, url, Some(body(wanted))).await?;
            answer.read::<Meeting>().map(Made::from)
        }
        .boxed()
    }

    fn change<'a>(
        &'a self,
        known: &'a Made,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Result<Option<Made>, Problem>> {
        async move {
            let answer = self.ask(Method::PATCH, self.meeting(&known.remote)?, Some(body(wanted))).await?;
            if answer.status == StatusCode::NOT_FOUND {
                return Ok(None);
            }
            answer.succeeded()?;
            // Its address stays.
            Ok(Some(known.clone()))
        }
        .boxed()
    }

    fn remove<'a>(&'a self, remote: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        async move {
            let answer = self.ask(Method::DELETE, self.meeting(remote)?, None).await?;
            if answer.status == StatusCode::NOT_FOUND { Ok(()) } else { answer.succeeded() }
        }
        .boxed()
    }
}

/// A meeting as Zoom takes it: scheduled, open five minutes before its start, also to a student who comes first.
fn body(wanted: &Wanted) -> Value {
    json!({
        "topic": wanted.title.chars().take(LONGEST_TOPIC).collect::<String>(),
        "type": 2,
        "start_time": wanted.start.to_rfc3339_opts(SecondsFormat::Secs, true),
        "duration": (wanted.end - wanted.start).num_minutes(),
        "timezone": "UTC",
        "agenda": format!("{}\n{}", marker(wanted.id), wanted.page),
        "settings": { "join_before_host": true, "jbh_time": 5, "waiting_room": false, "approval_type": 2 },
    })
}
