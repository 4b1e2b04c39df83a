//! What pages and server functions know about the request that they answer.

use axum::http::{HeaderValue, StatusCode, header};
use chrono::{DateTime, Utc};
use domain::{Code, account::Language, zone::Zone};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use services::{Actor, AppError, Services};

use super::{
    flash::{self, Flash},
    i18n::{self, Locale},
};
use crate::error::WireError;

/// One request, as the server's middleware understood it.
#[derive(Clone)]
pub struct Visit {
    /// The use cases.
    pub services: Services,
    /// Who asks, where signed in.
    pub actor: Option<Actor>,
    /// The reader's language: switch (`lang` cookie), profile, or negotiation, in this order.
    pub language: Language,
    /// The reader's zone: the page's `tz` parameter, profile, or the browser's (`tz` cookie); UTC before it is known.
    pub zone: Zone,
    /// How many messages wait to be read, but for those that the page shows.
    pub unread: i64,
    /// How many notices wait to be read.
    pub notices: i64,
    /// Whether the zone is known, and not merely assumed.
    pub zone_known: bool,
    /// `light` or `dark` where chosen; else the device decides.
    pub theme: Option<&'static str>,
    /// The instant for which the page holds.
    pub now: DateTime<Utc>,
    /// The newest live event of the person before anything was read for the page: its stream goes on there.
    pub seen_event: Option<i64>,
    /// The path of the request, without its query.
    pub path: String,
    /// The query of the request, without the question mark.
    pub query: String,
    /// Names the request in the log.
    pub request_id: String,
    /// The address of the caller.
    pub ip: Option<std::net::IpAddr>,
    /// The browser's own description.
    pub user_agent: Option<String>,
    /// The token of the sign-in cookie, where one was sent.
    pub cookie: Option<String>,
}

/// The request that is being answered.
///
/// # Panics
/// Outside of a request: the router provides it for every page and server function.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "provided by the router for every request; its absence is a wiring fault"
)]
pub fn visit() -> Visit {
    use_context::<Visit>().expect("the router provides the visit")
}

impl Visit {
    /// The locale of its sentences.
    #[must_use]
    pub const fn locale(&self) -> Locale {
        i18n::locale(self.language)
    }

    /// The address of the page on this site.
    #[must_use]
    pub fn address(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// The signed-in person.
    ///
    /// # Errors
    /// `INVALID_TOKEN` where nobody is signed in.
    pub fn actor(&self) -> services::Result<&Actor> {
        self.actor.as_ref().ok_or_else(|| domain::Refusal::new(Code::InvalidToken, "token_invalid").into())
    }

    /// An error in the reader's language. Faults are logged here, once, and told without detail.
    #[must_use]
    pub fn wire(&self, error: &AppError) -> WireError {
        let (message, details) = match error {
            AppError::Refused { refusal, details } => {
                (i18n::sentence(self.locale(), refusal), details.clone())
            }
            AppError::Fault(fault) => {
                leptos::logging::error!("request {}: {fault:?}", self.request_id);
                (i18n::code_sentence(self.locale(), Code::Internal), serde_json::Value::Null)
            }
        };
        let field = match error {
            AppError::Refused { refusal, .. } => refusal.field.as_deref().map(str::to_owned),
            AppError::Fault(_) => None,
        };
        WireError { code: error.code(), message, field, details, request_id: Some(self.request_id.clone()) }
    }
}

/// Answers a server function: the error is told in the reader's language, with its status.
///
/// # Errors
/// The use case's.
pub async fn answer<T>(
    visit: &Visit,
    outcome: impl Future<Output = services::Result<T>>,
) -> Result<T, WireError> {
    answer_form(visit, &[], outcome).await
}

/// The same for a form, whose fields then hold what was typed. Give no password.
///
/// # Errors
/// The use case's.
pub async fn answer_form<T>(
    visit: &Visit,
    typed: &[(&str, &str)],
    outcome: impl Future<Output = services::Result<T>>,
) -> Result<T, WireError> {
    let response = use_context::<ResponseOptions>();
    // A browser that posted the form itself is sent back to its page, which finds the error there; the
    // status must then stay that of the redirect.
    let page_follows = flash::wants_page();
    outcome.await.map_err(|error| {
        let mut told = visit.wire(&error);
        if told.code == Code::Internal {
            // There is no panel around it: the sentence itself names the request.
            let label = i18n::td_string!(visit.locale(), site.request_id);
            told.message = format!("{} ({label} {})", told.message, visit.request_id);
        }
        if page_follows {
            let kept = typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            flash::leave(Flash { action: visit.path.clone(), error: Some(told.clone()), kept });
        } else {
            set_status(response.as_ref(), error.code());
            if let (Some(response), Some(seconds)) = (response, told.retry_after()) {
                response.insert_header(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
        }
        told
    })
}

/// Gives the response the status of a code.
pub fn set_status(response: Option<&ResponseOptions>, code: Code) {
    if let (Some(response), Ok(status)) = (response, StatusCode::from_u16(code.status())) {
        response.set_status(status);
    }
}
