//! Server functions of calendars.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]

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

/// Connects the calendar at an address: its busy times take slots of the tutor away.
///
/// # Errors
/// `INVALID_REQUEST` on `url`.
#[server(prefix = "/do", endpoint = "connect_calendar")]
pub async fn connect_calendar(url: String) -> Result<(), WireError> {
    crate::pages::console::actions::connect_calendar(&url).await
}

/// Disconnects a calendar.
///
/// # Errors
/// `NOT_FOUND`.
#[server(prefix = "/do", endpoint = "disconnect_calendar")]
pub async fn disconnect_calendar(connection: String) -> Result<(), WireError> {
    crate::pages::console::actions::disconnect_calendar(&connection).await
}

/// Connects an account with a calendar provider, or gives one that is connected another password.
///
/// # Errors
/// `INVALID_REQUEST` on `address`, `login` or `password`.
#[server(prefix = "/do", endpoint = "connect_account")]
pub async fn connect_account(address: String, login: String, password: String) -> Result<(), WireError> {
    crate::pages::diary_actions::connect_account(address, login, password).await
}

/// Says which calendars of an account are read, and into which lessons are written.
///
/// # Errors
/// `NOT_FOUND`, `INVALID_REQUEST` on `calendars`.
#[server(prefix = "/do", endpoint = "choose_calendars")]
pub async fn choose_calendars(
    account: String,
    #[server(default)] calendars: Vec<String>,
    #[server(default)] lessons_in: String,
) -> Result<(), WireError> {
    crate::pages::diary_actions::choose_calendars(&account, &calendars, &lessons_in).await
}

/// Disconnects an account.
///
/// # Errors
/// `NOT_FOUND`.
#[server(prefix = "/do", endpoint = "disconnect_account")]
pub async fn disconnect_account(account: String) -> Result<(), WireError> {
    crate::pages::diary_actions::disconnect_account(&account).await
}
