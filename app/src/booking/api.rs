//! What the booking pages ask of the server.

#![expect(missing_docs, reason = "the macro makes fields of the arguments")]
#![expect(clippy::too_many_arguments, reason = "the fields of a form")]

use leptos::prelude::*;

use serde::{Deserialize, Serialize};

use crate::error::WireError;

/// What remains of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remaining {
    /// Milliseconds until it lapses, by the server's clock; 0 when it has.
    pub remaining_ms: f64,
}

/// Holds a start and leads to its details: answers their address. A visitor is led to sign in first.
///
/// # Errors
/// As `services::booking::hold`.
#[server(prefix = "/do", endpoint = "hold_slot")]
pub async fn hold_slot(
    slug: String,
    offering: String,
    duration: i64,
    start: String,
) -> Result<String, WireError> {
    crate::pages::book_actions::hold_slot(slug, offering, duration, start).await
}

/// How long a hold still lasts.
///
/// # Errors
/// `INVALID_TOKEN`.
#[server(prefix = "/do", endpoint = "hold_state", input = server_fn::codec::GetUrl)]
pub async fn hold_state(hold: String) -> Result<Remaining, WireError> {
    crate::pages::book_actions::hold_state(hold).await
}

/// Gives a hold back and leads to the calendar.
///
/// # Errors
/// `INVALID_TOKEN`.
#[server(prefix = "/do", endpoint = "release_hold")]
pub async fn release_hold(hold: String, slug: String) -> Result<(), WireError> {
    crate::pages::book_actions::release_hold(hold, slug).await
}

/// Books the held start and leads to the lesson.
///
/// # Errors
/// As `services::booking::place`.
#[server(prefix = "/do", endpoint = "confirm_booking")]
pub async fn confirm_booking(
    slug: String,
    hold: String,
    offering: String,
    start: String,
    duration: i64,
    key: String,
    #[server(default)] note: String,
    #[server(default)] card: String,
) -> Result<(), WireError> {
    let asked =
        crate::pages::book_actions::Confirmation { slug, hold, offering, start, duration, key, note, card };
    crate::pages::book_actions::confirm(asked).await
}

/// Moves a booking to another start and leads to the lesson.
///
/// # Errors
/// As `services::booking::reschedule`.
#[server(prefix = "/do", endpoint = "reschedule")]
pub async fn reschedule(booking: String, start: String) -> Result<(), WireError> {
    crate::pages::book_actions::reschedule(booking, start).await
}

/// Keeps the reader's choice of a zone, and leads back.
///
/// # Errors
/// `INVALID_REQUEST` on `zone` for a zone that does not exist.
#[server(prefix = "/do", endpoint = "choose_zone")]
pub async fn choose_zone(zone: String, #[server(default)] back: String) -> Result<(), WireError> {
    crate::pages::zone_switch::choose(zone, back).await
}
