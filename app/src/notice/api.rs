//! Server functions of notices.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]

use leptos::prelude::*;

use crate::error::WireError;

/// Notes that a notice was read, and leads to what it is about.
///
/// # Errors
/// `NOT_FOUND` for a notice of others.
#[server(prefix = "/do", endpoint = "open_notice")]
pub async fn open_notice(notice: String) -> Result<(), WireError> {
    crate::pages::notices::open(&notice).await
}

/// Notes that all notices were read.
///
/// # Errors
/// `INVALID_TOKEN` for who is not signed in.
#[server(prefix = "/do", endpoint = "read_notices")]
pub async fn read_notices() -> Result<(), WireError> {
    crate::pages::notices::read_all().await
}
