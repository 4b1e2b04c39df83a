//! Server functions of disputes.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]

use leptos::prelude::*;

use crate::error::WireError;

/// Disputes a lesson.
///
/// # Errors
/// `INVALID_REQUEST` (`reason`, `statement`), `INVALID_STATE`, `BOOKING_NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "open_dispute")]
pub async fn open_dispute(
    booking: String,
    #[server(default)] reason: String,
    #[server(default)] statement: String,
) -> Result<(), WireError> {
    crate::pages::dispute_actions::open(&booking, &reason, &statement).await
}

/// Adds a statement to a dispute.
///
/// # Errors
/// `INVALID_REQUEST` (`statement`), `INVALID_STATE`, `NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "answer_dispute")]
pub async fn answer_dispute(dispute: String, #[server(default)] statement: String) -> Result<(), WireError> {
    crate::pages::dispute_actions::answer(&dispute, &statement).await
}

/// Decides a dispute.
///
/// # Errors
/// `INVALID_REQUEST` (`outcome`, `amount`, `note`), `INVALID_STATE`, `NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "decide_dispute")]
pub async fn decide_dispute(
    dispute: String,
    #[server(default)] outcome: String,
    #[server(default)] amount: String,
    #[server(default)] note: String,
) -> Result<(), WireError> {
    crate::pages::dispute_actions::decide(&dispute, &outcome, &amount, &note).await
}

/// Has our evidence sent to the bank that took a payment back.
///
/// # Errors
/// `INVALID_REQUEST` (`statement`), `INVALID_STATE`, `NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "submit_evidence")]
pub async fn submit_evidence(dispute: String, #[server(default)] statement: String) -> Result<(), WireError> {
    crate::pages::dispute_actions::submit_evidence(&dispute, &statement).await
}
