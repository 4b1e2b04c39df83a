//! Server functions of blocking and reporting.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]

use leptos::prelude::*;

use crate::error::WireError;

/// Blocks the other person of a thread.
///
/// # Errors
/// `NOT_FOUND`.
#[server(prefix = "/do", endpoint = "block_person")]
pub async fn block_person(thread: String) -> Result<(), WireError> {
    crate::pages::chat_safety_actions::block(&thread, true).await
}

/// Undoes one's own block.
///
/// # Errors
/// `NOT_FOUND`.
#[server(prefix = "/do", endpoint = "unblock_person")]
pub async fn unblock_person(thread: String) -> Result<(), WireError> {
    crate::pages::chat_safety_actions::block(&thread, false).await
}

/// Reports a message, or with an empty one the conversation.
///
/// # Errors
/// `NOT_FOUND`, `INVALID_REQUEST`.
#[server(prefix = "/do", endpoint = "report_chat")]
pub async fn report_chat(
    thread: String,
    #[server(default)] message: String,
    #[server(default)] reason: String,
    #[server(default)] note: String,
) -> Result<(), WireError> {
    crate::pages::chat_safety_actions::report(&thread, &message, &reason, &note).await
}
