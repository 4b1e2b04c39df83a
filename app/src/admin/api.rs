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
