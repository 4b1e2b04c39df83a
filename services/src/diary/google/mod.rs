//! A client of Google Calendar (API v3): as much as it takes to list calendars, to learn when somebody is busy, and to
//! write events.

mod channels;
mod events;
mod lists;

use reqwest::{Method, StatusCode, header::IF_MATCH};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::{
    AppError, Result, Services,
    busy::{self, Problem},
    config::GoogleConfig,
    oauth::{self, Lost, Provider},
};

pub(super) use events::name;
pub(super) use lists::Listed;

/// What is asked of people: to see which calendars they have, when they are busy, and to write events.
pub(super) const SCOPES: [&str; 3] = [
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
    "https://www.googleapis.com/auth/calendar.freebusy",
    "https://www.googleapis.com/auth/calendar.events",
];

/// How a client shows that it may ask.
pub(super) enum Token {
    /// By one that was just given.
    Given(String),
    /// By those of a connection, which are renewed.
    Kept(Uuid),
}

/// A client for one account.
pub(crate) struct Client<'a> {
    services: &'a Services,
    provider: &'a Provider,
    token: Token,
}

/// What Google answered.
struct Answer {
    status: StatusCode,
    text: String,
}

/// Why Google does not do it.
#[derive(Deserialize)]
struct Failure {
    error: FailureDetails,
}

#[derive(Deserialize)]
struct FailureDetails {
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    reason: String,
}

impl Answer {
    fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.succeeded()?;
        serde_json::from_str(&self.text).map_err(|_| Problem::Unreadable)
    }

    /// Whether Google did what it was asked. A quota that is used up is refused as 403, too, and passes.
    fn succeeded(&self) -> Result<(), Problem> {
        match self.status {
            status if status.is_success() => Ok(()),
            StatusCode::UNAUTHORIZED => Err(Problem::Refused),
            StatusCode::FORBIDDEN if !self.is_for_now() => Err(Problem::Forbidden),
            _ => Err(Problem::Unreachable),
        }
    }

    fn is_for_now(&self) -> bool {
        let failure: Option<Failure> = serde_json::from_str(&self.text).ok();
        let mut reasons = failure.into_iter().flat_map(|failure| failure.error.errors);
        reasons.any(|it| {
            matches!(it.reason.as_str(), "rateLimitExceeded" | "userRateLimitExceeded" | "quotaExceeded")
        })
    }
}

impl<'a> Client<'a> {
    pub(super) fn new(services: &'a Services, provider: &'a Provider, token: Token) -> Self {
        Client { services, provider, token }
    }

    /// Asks, once more with another token where the first is not taken.
    async fn ask(
        &self,
        method: Method,
        url: Url,
        body: Option<Value>,
        version: Option<&str>,
    ) -> Result<Answer, Problem> {
        let token = self.access(None).await?;
        let first = self.send(&token, method.clone(), url.clone(), body.as_ref(), version).await?;
        if first.status != StatusCode::UNAUTHORIZED || matches!(self.token, Token::Given(_)) {
            return Ok(first);
        }
        let renewed = self.access(Some(&token)).await?;
        self.send(&renewed, method, url, body.as_ref(), version).await
    }

    async fn access(&self, stale: Option<&str>) -> Result<String, Problem> {
        let id = match &self.token {
            Token::Given(token) => return Ok(token.clone()),
            Token::Kept(id) => *id,
        };
        match oauth::access(self.services, self.provider, id, stale).await {
            Ok(Ok(token)) => Ok(token),
            Ok(Err(Lost::NeedsReauth)) => Err(Problem::Refused),
            Ok(Err(Lost::Unreachable)) => Err(Problem::Unreachable),
            Err(error) => {
                tracing::error!(%error, "the tokens of a connection cannot be read");
                Err(Problem::Unreachable)
            }
        }
    }

    async fn send(
        &self,
        token: &str,
        method: Method,
        url: Url,
        body: Option<&Value>,
        version: Option<&str>,
    ) -> Result<Answer, Problem> {
        // The token is Google's: it goes nowhere but there, whatever address was kept.
        if !url.as_str().starts_with(&root(self.services)?) {
            return Err(Problem::Unreachable);
        }
        let http = self.provider.http().map_err(|_| Problem::Unreachable)?;
        let mut request = http.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(version) = version {
            request = request.header(IF_MATCH, version);
        }
        let answer = request.send().await.map_err(|_| Problem::Unreachable)?;
        Ok(Answer { status: answer.status(), text: busy::body(answer).await? })
    }

    fn address(&self, path: &str) -> Result<Url, Problem> {
        Url::parse(&format!("{}{path}", root(self.services)?)).map_err(|_| Problem::Unreachable)
    }
}

/// Where all addresses of the interface begin.
fn root(services: &Services) -> Result<String, Problem> {
    let config = services.config.google.as_ref().ok_or(Problem::Unreachable)?;
    Ok(home(config))
}

/// The address that stands for Google's calendars.
pub(super) fn home(config: &GoogleConfig) -> String {
    format!("{}/calendar/v3/", config.api_base)
}

/// Google, where it is configured.
pub(super) fn provider(services: &Services) -> Result<(&Provider, &GoogleConfig)> {
    let configured = services.google.as_ref().zip(services.config.google.as_ref());
    configured.ok_or_else(|| AppError::fault("Google is not configured"))
}
