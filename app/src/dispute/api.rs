//! Server functions of disputes. What the two of a lesson send comes with files, to `server/src/dispute_forms.rs`.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]

use leptos::prelude::*;

use crate::error::WireError;

/// Decides a dispute. `seen` is how many statements the page showed; pages of an earlier release do not say.
///
/// # Errors
/// `INVALID_REQUEST` (`outcome`, `amount`, `note`), `INVALID_STATE`, `NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "decide_dispute")]
pub async fn decide_dispute(
    dispute: String,
    #[server(default)] outcome: String,
    #[server(default)] amount: String,
    #[server(default)] note: String,
    #[server(default)] seen: Option<i64>,
) -> Result<(), WireError> {
    crate::pages::dispute_actions::decide(&dispute, &outcome, &amount, &note, seen).await
}

/// Has our evidence sent to the bank that took a payment back.
///
/// # Errors
/// `INVALID_REQUEST` (`statement`), `INVALID_STATE`, `NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "submit_evidence")]
pub async fn submit_evidence(dispute: String, #[server(default)] statement: String) -> Result<(), WireError> {
    crate::pages::dispute_actions::submit_evidence(&dispute, &statement).await
}
