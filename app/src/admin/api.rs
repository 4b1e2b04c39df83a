//! Server functions of admins.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]

use leptos::prelude::*;

use crate::error::WireError;

/// Lets a job that was given up run again.
///
/// # Errors
/// `NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "run_job_again")]
pub async fn run_job_again(job: i64) -> Result<(), WireError> {
    crate::pages::admin_jobs::run_again(job).await
}
