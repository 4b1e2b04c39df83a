//! Server functions of a person's own data.

use leptos::prelude::*;

use crate::error::WireError;

/// Asks for a copy of all that is kept about the person.
///
/// # Errors
/// `INVALID_TOKEN` for who is not signed in, `INVALID_STATE` while one is being made, `RATE_LIMITED` for a fourth within
/// 24 hours.
#[server(prefix = "/do", endpoint = "request_export")]
pub async fn request_export() -> Result<(), WireError> {
    crate::pages::privacy::request_export().await
}
