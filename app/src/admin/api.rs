//! Server functions of admins.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]

use leptos::prelude::*;

use crate::error::WireError;

/// Closes a case, with words on what was decided.
///
/// # Errors
/// `INVALID_REQUEST` (`note`), `NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "close_case")]
pub async fn close_case(case: String, #[server(default)] note: String) -> Result<(), WireError> {
    crate::pages::admin_jobs::close_case(&case, &note).await
}

/// Lets a job that was given up run again.
///
/// # Errors
/// `NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "run_job_again")]
pub async fn run_job_again(job: i64) -> Result<(), WireError> {
    crate::pages::admin_jobs::run_again(job).await
}

/// Tries at once what is due to a tutor.
///
/// # Errors
/// `NOT_FOUND`, `INVALID_STATE`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "pay_again")]
pub async fn pay_again(tutor: String) -> Result<(), WireError> {
    crate::pages::admin_payouts_tutor::pay_again(&tutor).await
}

/// Decides a report about a conversation.
///
/// # Errors
/// `INVALID_REQUEST` (`note`, `decision`), `NOT_FOUND`, `INVALID_STATE`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "decide_report")]
pub async fn decide_report(
    report: String,
    #[server(default)] decision: String,
    #[server(default)] note: String,
) -> Result<(), WireError> {
    crate::pages::chat_safety_actions::decide(&report, &decision, &note).await
}

/// Lets a suspended person send messages again.
///
/// # Errors
/// `INVALID_REQUEST` (`note`), `NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "lift_suspension")]
pub async fn lift_suspension(user: String, #[server(default)] note: String) -> Result<(), WireError> {
    crate::pages::chat_safety_actions::lift(&user, &note).await
}

/// Has money that did not arrive given back once more.
///
/// # Errors
/// `NOT_FOUND`, `INVALID_STATE`, `INVALID_REQUEST`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "try_again")]
pub async fn try_again(case: String) -> Result<(), WireError> {
    crate::pages::admin_jobs::try_again(&case).await
}

/// Has the ledger compared with the payment provider's account now, unless that is under way.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "reconcile")]
pub async fn reconcile() -> Result<(), WireError> {
    crate::pages::admin_reconciliation::run_now().await
}

/// Closes a difference that was settled by hand, with words on what was done. `seen` is what the page showed of it,
/// `page` the one of the list on which it stood.
///
/// # Errors
/// `INVALID_REQUEST` (`note`), `NOT_FOUND`, `INVALID_STATE`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "close_difference")]
pub async fn close_difference(
    difference: i64,
    #[server(default)] page: i64,
    #[server(default)] seen: String,
    #[server(default)] note: String,
) -> Result<(), WireError> {
    crate::pages::admin_reconciliation_decide::close(difference, page.max(1), &seen, &note).await
}

/// Opens a difference again that was closed by hand.
///
/// # Errors
/// `NOT_FOUND`, `INVALID_STATE`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "open_difference")]
pub async fn open_difference(difference: i64) -> Result<(), WireError> {
    crate::pages::admin_reconciliation_decide::open_again(difference).await
}
