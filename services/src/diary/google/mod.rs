//! A client of Google Calendar (API v3): as much as it takes to list calendars, to learn when somebody is busy, and to
//! write events.

mod channels;
mod conferences;
mod events;
mod lists;

use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::{
    AppError, Result, Services,
    busy::Problem,
    config::GoogleConfig,
    oauth::{Answer, Calls, Provider},
};

pub(super) use events::name;
pub(crate) use lists::Listed;

pub(crate) use crate::oauth::Token;

/// What is asked of people: to see which calendars they have, when they are busy, and to write events.
pub(super) const SCOPES: [&str; 3] = [
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
    "https://www.googleapis.com/auth/calendar.freebusy",
    "https://www.googleapis.com/auth/calendar.events",
];

/// A client for one account.
pub(crate) struct Client<'a>(Calls<'a>);

impl<'a> Client<'a> {
    /// A client that shows this token.
    ///
    /// # Errors
    /// Where Google is not configured.
    pub(crate) fn new(services: &'a Services, token: Token) -> Result<Self> {
        let (provider, config) = provider(services)?;
        Ok(Client(Calls { services, provider, token, root: home(config) }))
    }

    async fn ask(
        &self,
        method: Method,
        url: Url,
        body: Option<Value>,
        version: Option<&str>,
    ) -> Result<Answer, Problem> {
        self.0.ask(method, url, body, version).await
    }

    fn address(&self, path: &str) -> Result<Url, Problem> {
        self.0.address(path)
    }
}

/// The address that stands for Google's calendars: all addresses of the interface begin there.
pub(super) fn home(config: &GoogleConfig) -> String {
    format!("{}/calendar/v3/", config.api_base)
}

/// Google, where it is configured.
pub(crate) fn provider(services: &Services) -> Result<(&Provider, &GoogleConfig)> {
    let configured = services.google.as_ref().zip(services.config.google.as_ref());
    configured.ok_or_else(|| AppError::fault("Google is not configured"))
}
