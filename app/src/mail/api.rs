//! Server functions of mails and notices.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of the arguments: the boxes that are ticked, the times"
)]

use leptos::prelude::*;

use crate::error::WireError;

/// Chooses by which ways one is told of what (`reminders-mail`); what is not ticked is not told so.
///
/// # Errors
/// `INVALID_TOKEN` for who is not signed in, `INVALID_REQUEST` for what is no choice.
#[server(prefix = "/do", endpoint = "choose_ways")]
pub async fn choose_ways(#[server(default)] wanted: Vec<String>) -> Result<(), WireError> {
    crate::pages::mail_actions::choose(wanted).await
}

/// Sets one's quiet hours, two times of the clock (`22:00`); two empty ones are none.
///
/// # Errors
/// `INVALID_TOKEN` for who is not signed in, `INVALID_REQUEST` on `from` or `until`.
#[server(prefix = "/do", endpoint = "set_quiet_hours")]
pub async fn set_quiet_hours(
    #[server(default)] from: String,
    #[server(default)] until: String,
) -> Result<(), WireError> {
    crate::pages::mail_actions::set_quiet_hours(&from, &until).await
}
