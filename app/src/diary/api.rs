//! Server functions of calendars.

use leptos::prelude::*;

use crate::error::WireError;

/// Gives the calendar of one's own lessons an address, or another one in its place.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for admins, who have no lessons.
#[server(prefix = "/do", endpoint = "renew_calendar")]
pub async fn renew_calendar() -> Result<(), WireError> {
    crate::pages::diary_actions::renew().await
}
