//! Server functions of chat.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]

use leptos::prelude::*;

use crate::error::WireError;

/// Opens the thread with a tutor, or with the other party of a booking, and goes there.
///
/// # Errors
/// `PROFILE_NOT_FOUND`, `BOOKING_NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "open_thread")]
pub async fn open_thread(tutor: Option<String>, booking: Option<String>) -> Result<(), WireError> {
    crate::pages::chat_actions::open(tutor.as_deref(), booking.as_deref()).await
}

/// Sends a message under the name that the browser gave it: sent again under it, it is the same message.
///
/// # Errors
/// `NOT_FOUND`, `INVALID_REQUEST`.
#[server(prefix = "/do", endpoint = "post_message")]
pub async fn post_message(thread: String, name: String, body: String) -> Result<(), WireError> {
    crate::pages::chat_actions::post(&thread, &name, &body).await
}

/// Sends a message. `form` is the name of the form that it was written in: sent twice, it is one message.
///
/// # Errors
/// `NOT_FOUND`, `INVALID_REQUEST`.
#[server(prefix = "/do", endpoint = "send_message")]
pub async fn send_message(thread: String, form: String, body: String) -> Result<(), WireError> {
    crate::pages::chat_actions::send(&thread, &form, &body).await
}
