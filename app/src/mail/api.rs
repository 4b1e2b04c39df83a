//! Server functions of mails.

#![expect(missing_docs, reason = "the macro makes a struct of the arguments: the topics that are ticked")]

use leptos::prelude::*;

use crate::error::WireError;

/// Chooses which mails one gets; a topic that is not ticked is not sent.
///
/// # Errors
/// `INVALID_TOKEN` for who is not signed in.
#[server(prefix = "/do", endpoint = "choose_mails")]
pub async fn choose_mails(
    reminders: Option<String>,
    questions: Option<String>,
    messages: Option<String>,
) -> Result<(), WireError> {
    crate::pages::mail_actions::choose(reminders.is_some(), questions.is_some(), messages.is_some()).await
}
