//! Server functions of the development bar. Outside of development they do not exist: 404.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]

use leptos::prelude::*;

use crate::error::WireError;

/// Moves the clock by seconds, sets it to an instant in UTC, or lets it run in real time.
///
/// # Errors
/// `NOT_FOUND` outside of development, `INVALID_REQUEST` for what is no time.
#[server(prefix = "/do", endpoint = "dev_clock")]
pub async fn dev_clock(by: Option<i64>, to: Option<String>, real: Option<String>) -> Result<(), WireError> {
    crate::pages::dev::move_clock(by, to.as_deref(), real.is_some()).await
}

/// Does everything that is due now.
///
/// # Errors
/// `NOT_FOUND` outside of development.
#[server(prefix = "/do", endpoint = "dev_tick")]
pub async fn dev_tick() -> Result<(), WireError> {
    crate::pages::dev::tick().await
}
