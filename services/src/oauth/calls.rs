//! Calls to a provider in the name of a person, with a token that is renewed where it is not taken.

use reqwest::{Method, StatusCode, header::IF_MATCH};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{Lost, Provider, access};
use crate::{
    Services,
    busy::{self, Problem},
};

/// How we show that we may ask.
pub(crate) enum Token {
    /// By one that was just given.
    Given(String),
    /// By those of a connection, which are renewed.
    Kept(Uuid),
}

/// Who calls a provider for one person.
pub(crate) struct Calls<'a> {
    pub services: &'a Services,
    pub provider: &'a Provider,
    pub token: Token,
    /// Where all addresses of the interface begin: the token goes nowhere else.
    pub root: String,
}

/// What a provider answered.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub text: String,
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
    /// What it says.
    ///
    /// # Errors
    /// As [`Answer::succeeded`]; where it says something else.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.succeeded()?;
        serde_json::from_str(&self.text).map_err(|_| Problem::Unreadable)
    }

    /// Whether the provider did what it was asked. A quota that is used up is refused as 403, too, and passes.
    ///
    /// # Errors
    /// Why it did not.
    pub(crate) fn succeeded(&self) -> Result<(), Problem> {
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

impl Calls<'_> {
    /// Asks, once more with another token where the first is not taken.
    ///
    /// # Errors
    /// Where there is no answer, or no token. A refusal is an answer.
    pub(crate) async fn ask(
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

    /// An address of the interface.
    ///
    /// # Errors
    /// Where it is none.
    pub(crate) fn address(&self, path: &str) -> Result<Url, Problem> {
        Url::parse(&format!("{}{path}", self.root)).map_err(|_| Problem::Unreachable)
    }

    async fn access(&self, stale: Option<&str>) -> Result<String, Problem> {
        let id = match &self.token {
            Token::Given(token) => return Ok(token.clone()),
            Token::Kept(id) => *id,
        };
        match access(self.services, self.provider, id, stale).await {
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
        // The token is the provider's: it goes nowhere but there, whatever address was kept.
        if !url.as_str().starts_with(&self.root) {
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
}
