//! Server functions of lessons.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::WireError;

/// The meeting's address ahead of a join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ahead {
    /// Where it is.
    pub url: String,
    /// When it was given, by the server's clock: milliseconds since 1970.
    pub given_ms: f64,
}

/// Opens the meeting: records the attempt and sends the browser to the provider. `click` is the page's own name for the
/// press of the button: sent again, or told of afterwards, it is one join.
///
/// # Errors
/// `JOIN_CLOSED`, `INVALID_STATE`, `BOOKING_NOT_FOUND`.
#[server(prefix = "/do", endpoint = "join_lesson")]
pub async fn join_lesson(booking: String, click: Option<String>) -> Result<(), WireError> {
    crate::pages::lesson_actions::join(&booking, click.as_deref()).await
}

/// The meeting's address for a page that is open while joining is, so that it can open it though the server is away.
///
/// # Errors
/// As [`join_lesson`].
#[server(prefix = "/do", endpoint = "look_ahead")]
pub async fn look_ahead(booking: String) -> Result<Ahead, WireError> {
    crate::pages::lesson_actions::look_ahead(&booking).await
}

/// Tells of a join that the server did not see: the button was pressed at an instant (RFC 3339) under a name.
///
/// # Errors
/// As [`join_lesson`], and `INVALID_REQUEST` on `at`.
#[server(prefix = "/do", endpoint = "tell_join")]
pub async fn tell_join(booking: String, click: String, at: String) -> Result<(), WireError> {
    crate::pages::lesson_actions::tell_join(&booking, &click, &at).await
}

/// The tutor gives one lesson a link of its own, or takes it away.
///
/// # Errors
/// `INVALID_REQUEST` on `external_url`, `INVALID_STATE`, `BOOKING_NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "set_lesson_link")]
pub async fn set_lesson_link(booking: String, external_url: String) -> Result<(), WireError> {
    crate::pages::lesson_actions::set_link(&booking, &external_url).await
}

/// Calls a lesson off.
///
/// # Errors
/// `CANCELLATION_TOO_LATE`, `INVALID_STATE`, `BOOKING_NOT_FOUND`.
#[server(prefix = "/do", endpoint = "cancel_lesson")]
pub async fn cancel_lesson(booking: String, reason: Option<String>) -> Result<(), WireError> {
    crate::pages::lesson_actions::cancel(&booking, reason.as_deref()).await
}

/// The tutor says yes to a request.
///
/// # Errors
/// `INVALID_STATE`, `BOOKING_NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "accept_request")]
pub async fn accept_request(booking: String) -> Result<(), WireError> {
    crate::pages::lesson_actions::accept(&booking).await
}

/// The tutor says no to a request.
///
/// # Errors
/// As [`accept_request`].
#[server(prefix = "/do", endpoint = "decline_request")]
pub async fn decline_request(booking: String, reason: Option<String>) -> Result<(), WireError> {
    crate::pages::lesson_actions::decline(&booking, reason.as_deref()).await
}

/// The tutor ends the lesson.
///
/// # Errors
/// As [`accept_request`].
#[server(prefix = "/do", endpoint = "end_lesson")]
pub async fn end_lesson(booking: String) -> Result<(), WireError> {
    crate::pages::lesson_actions::end(&booking).await
}

/// The tutor says that the student did not come.
///
/// # Errors
/// `INVALID_STATE`, `BOOKING_NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "mark_no_show")]
pub async fn mark_no_show(booking: String) -> Result<(), WireError> {
    crate::pages::lesson_actions::mark_no_show(&booking).await
}

/// The student rates a lesson, once.
///
/// # Errors
/// `INVALID_RATING`, `SESSION_NOT_COMPLETED`, `RATING_ALREADY_EXISTS`.
#[server(prefix = "/do", endpoint = "rate_lesson")]
pub async fn rate_lesson(
    booking: String,
    rating: Option<i64>,
    feedback: Option<String>,
) -> Result<(), WireError> {
    crate::pages::lesson_actions::rate(&booking, rating.unwrap_or_default(), feedback.as_deref()).await
}
