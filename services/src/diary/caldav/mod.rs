//! A client of CalDAV (RFC 4791): as much as it takes to find calendars, to read them and to write into them.

mod discover;
mod files;
mod xml;

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::interval::Interval;
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, HeaderName, LOCATION},
};
use url::Url;

use crate::{
    AppError, Result, Services,
    busy::{self, Problem},
    net,
};

pub(super) use discover::discover;

/// Who asks, and the password, made for us where the provider knows such.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    /// The address that its owner typed: whose it is may be told the password, and nobody else.
    pub home: Url,
    pub login: String,
    pub password: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential(…)")
    }
}

/// How long the calls of one use case may take together.
const TIME: Duration = Duration::from_secs(40);

/// A client for one account.
pub(crate) struct Client<'a> {
    services: &'a Services,
    http: reqwest::Client,
    credential: Credential,
}

/// What a server answered.
struct Answer {
    status: StatusCode,
    /// Where it came from, after all redirects.
    url: Url,
    text: String,
}

impl Answer {
    /// Whether the server did what it was asked.
    fn succeeded(&self) -> Result<(), Problem> {
        match self.status {
            status if status.is_success() => Ok(()),
            StatusCode::UNAUTHORIZED => Err(Problem::Refused),
            StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED => Err(Problem::Forbidden),
            _ => Err(Problem::Unreachable),
        }
    }

    /// The places that it tells of (RFC 4918, 13).
    async fn places(self) -> Result<Vec<xml::Place>, Problem> {
        self.succeeded()?;
        if self.status != StatusCode::MULTI_STATUS {
            return Err(Problem::Unreadable);
        }
        // Much text takes long to read.
        let read = tokio::task::spawn_blocking(move || xml::places(&self.text)).await;
        read.unwrap_or(Err(Problem::Unreadable))
    }
}

/// What is asked.
#[derive(Clone, Debug)]
struct Question<'a> {
    method: &'static str,
    depth: Option<&'static str>,
    content_type: &'static str,
    body: &'a str,
    condition: Option<(HeaderName, &'a str)>,
}

impl Default for Question<'_> {
    fn default() -> Self {
        Question {
            method: "GET",
            depth: None,
            content_type: "application/xml; charset=utf-8",
            body: "",
            condition: None,
        }
    }
}

impl<'a> Client<'a> {
    /// A client for one account.
    ///
    /// # Errors
    /// Where the machine's TLS cannot be set up.
    pub(crate) fn new(services: &'a Services, credential: Credential) -> Result<Self> {
        Ok(Client { services, http: net::direct_client(&services.config)?, credential })
    }

    /// The calendar files of the appointments that share time with a window, each with all of its series.
    ///
    /// # Errors
    /// What keeps the calendar from being read.
    pub(crate) async fn files(&self, url: &Url, window: Interval) -> Result<Vec<String>, Problem> {
        let stamp = |at: DateTime<Utc>| at.format("%Y%m%dT%H%M%SZ");
        // Series are not expanded by the server: some do it wrongly, and our own zones may be newer.
        let body = format!(
            r#"<?xml version="1.0" encoding="utf-8"?><C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="{}" end="{}"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"#,
            stamp(window.start),
            stamp(window.end)
        );
        let question = Question { method: "REPORT", depth: Some("1"), body: &body, ..Question::default() };
        let answer = self.in_time(self.follow(url.clone(), &question)).await?;
        let places = answer.places().await?;
        Ok(places.into_iter().filter_map(|place| place.file).collect())
    }

    /// Asks for the properties of a place, and of those in it where `depth` is 1.
    async fn properties(
        &self,
        url: Url,
        depth: &'static str,
        asked: &str,
    ) -> Result<(Url, Vec<xml::Place>), Problem> {
        let body = format!(
            r#"<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop>{asked}</D:prop></D:propfind>"#
        );
        let question =
            Question { method: "PROPFIND", depth: Some(depth), body: &body, ..Question::default() };
        let answer = self.follow(url, &question).await?;
        let base = answer.url.clone();
        Ok((base, answer.places().await?))
    }

    /// Where a reference of an answer leads. From an encrypted place none leads to one that is not, and none to others
    /// than the account's provider.
    fn join(&self, base: &Url, reference: &str) -> Option<Url> {
        let url = base.join(reference).ok()?;
        let kept = base.scheme() == url.scheme() || url.scheme() == "https";
        (kept && net::is_same_owner(&self.credential.home, &url)).then_some(url)
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
        tokio::time::timeout(TIME, work).await.unwrap_or(Err(Problem::Unreachable))
    }

    /// Asks, and follows where the server leads.
    async fn follow(&self, mut url: Url, question: &Question<'_>) -> Result<Answer, Problem> {
        for _ in 0..=net::MOST_REDIRECTS {
            match self.send(&url, question).await? {
                Sent::Answer(answer) => return Ok(answer),
                Sent::Elsewhere(next) => url = next,
            }
        }
        Err(Problem::Unreachable)
    }

    async fn send(&self, url: &Url, question: &Question<'_>) -> Result<Sent, Problem> {
        if !may_ask(self.services, url) || !net::is_same_owner(&self.credential.home, url) {
            return Err(Problem::Unreachable);
        }
        let method = Method::from_bytes(question.method.as_bytes()).map_err(|_| Problem::Unreachable)?;
        let mut request = self
            .http
            .request(method, url.clone())
            .basic_auth(&self.credential.login, Some(&self.credential.password));
        if !question.body.is_empty() {
            request = request.header(CONTENT_TYPE, question.content_type).body(question.body.to_owned());
        }
        if let Some(depth) = question.depth {
            request = request.header("Depth", depth);
        }
        if let Some((name, value)) = &question.condition {
            request = request.header(name, *value);
        }
        let answer = request.send().await.map_err(|_| Problem::Unreachable)?;
        let status = answer.status();
        if status.is_redirection() {
            let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| self.join(url, location)).ok_or(Problem::Unreachable)?;
            return Ok(Sent::Elsewhere(next));
        }
        Ok(Sent::Answer(Answer { status, url: url.clone(), text: busy::body(answer).await? }))
    }
}

/// What came back.
enum Sent {
    Answer(Answer),
    /// The server leads elsewhere.
    Elsewhere(Url),
}

/// Whether a place may be sent a password: outside of our own network, and encrypted but on a developer's machine.
pub(super) fn may_ask(services: &Services, url: &Url) -> bool {
    let encrypted = url.scheme() == "https" || services.config.is_development();
    encrypted && net::may_ask(&services.config, url)
}

/// The address of an account as people type it: of a server, a calendar or a bare name such as `caldav.example.org`.
pub(super) fn parse(services: &Services, address: &str) -> Option<Url> {
    let address = address.trim();
    let written = if address.contains("://") { address.to_owned() } else { format!("https://{address}") };
    let mut url = Url::parse(&written).ok()?;
    url.set_fragment(None);
    let bare = url.username().is_empty() && url.password().is_none();
    (bare && url.as_str().len() <= 2000 && may_ask(services, &url)).then_some(url)
}

/// An address that was kept.
///
/// # Errors
/// Where it is none.
pub(crate) fn kept(url: &str) -> Result<Url> {
    Url::parse(url).map_err(AppError::fault)
}
