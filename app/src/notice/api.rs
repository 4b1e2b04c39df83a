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

/// Has this browser told from now on.
///
/// # Errors
/// `INVALID_TOKEN` for who is not signed in, `INVALID_REQUEST` for what is no subscription, `RATE_LIMITED`.
#[server(prefix = "/do", endpoint = "keep_push")]
pub async fn keep_push(endpoint: String, p256dh: String, auth: String) -> Result<(), WireError> {
    crate::pages::push::keep(&endpoint, &p256dh, &auth).await
}

/// Whether this browser is told.
///
/// # Errors
/// `INVALID_TOKEN` for who is not signed in.
#[server(prefix = "/do", endpoint = "is_push_kept")]
pub async fn is_push_kept(endpoint: String) -> Result<bool, WireError> {
    crate::pages::push::is_kept(&endpoint).await
}

/// Has this browser told no more.
///
/// # Errors
/// `INVALID_TOKEN` for who is not signed in.
#[server(prefix = "/do", endpoint = "end_push")]
pub async fn end_push(endpoint: String) -> Result<(), WireError> {
    crate::pages::push::end(&endpoint).await
}

/// Has none of one's browsers told any more.
///
/// # Errors
/// `INVALID_TOKEN` for who is not signed in.
#[server(prefix = "/do", endpoint = "end_all_push")]
pub async fn end_all_push() -> Result<(), WireError> {
    crate::pages::push::end_all().await
}
