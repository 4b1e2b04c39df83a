//! Server functions about money.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::WireError;

/// What opens one saving or one payment to its owner's browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderAccess {
    /// Opens it, to nobody else.
    pub client_secret: String,
    /// The provider's key for pages.
    pub publishable_key: String,
    /// The address of the provider's script.
    pub js_url: String,
}

/// Prepares the saving of a card in the browser.
///
/// # Errors
/// `INVALID_TOKEN`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "begin_setup")]
pub async fn begin_setup() -> Result<ProviderAccess, WireError> {
    crate::pages::card_actions::begin_setup().await
}

/// Saves a card that was typed, with the consent whose words stood beside the button.
///
/// # Errors
/// `INVALID_REQUEST` on `card`, `PAYMENT_FAILED`.
#[server(prefix = "/do", endpoint = "save_card")]
pub async fn save_card(#[server(default)] card: String) -> Result<(), WireError> {
    crate::pages::card_actions::save(&card).await
}

/// The student pays what is owed for a lesson with a card; a new one is saved first. Answers what the bank's question
/// needs, where it asks.
///
/// # Errors
/// `PAYMENT_FAILED`, `INVALID_STATE`, `BOOKING_NOT_FOUND`, `INVALID_REQUEST` on `card`.
#[server(prefix = "/do", endpoint = "begin_payment")]
pub async fn begin_payment(
    booking: String,
    #[server(default)] card: String,
) -> Result<Option<ProviderAccess>, WireError> {
    crate::pages::card_actions::begin_payment(&booking, &card).await
}

/// Sees how the payment of a debt came out, once the bank has asked.
///
/// # Errors
/// `PAYMENT_FAILED`, `INVALID_STATE`, `BOOKING_NOT_FOUND`.
#[server(prefix = "/do", endpoint = "finish_payment")]
pub async fn finish_payment(booking: String) -> Result<(), WireError> {
    crate::pages::card_actions::finish_payment(&booking).await
}

/// The same as [`begin_payment`] for a browser without script, which cannot show the bank's question.
///
/// # Errors
/// As [`begin_payment`]; `PAYMENT_FAILED` where the bank asks.
#[server(prefix = "/do", endpoint = "pay_debt")]
pub async fn pay_debt(booking: String, #[server(default)] card: String) -> Result<(), WireError> {
    crate::pages::card_actions::pay(&booking, &card).await
}

/// An admin gives money back; without an amount all that is left.
///
/// # Errors
/// `INVALID_REQUEST` with the field, `INVALID_STATE`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "refund_charge")]
pub async fn refund_charge(
    booking: String,
    #[server(default)] amount: String,
    #[server(default)] reason: String,
) -> Result<(), WireError> {
    crate::pages::charge_actions::refund(&booking, &amount, &reason).await
}

/// Makes a saved card the default.
///
/// # Errors
/// `NOT_FOUND`.
#[server(prefix = "/do", endpoint = "choose_card")]
pub async fn choose_card(card: String) -> Result<(), WireError> {
    crate::pages::card_actions::choose(&card).await
}

/// Removes a saved card.
///
/// # Errors
/// `NOT_FOUND`.
#[server(prefix = "/do", endpoint = "remove_card")]
pub async fn remove_card(card: String) -> Result<(), WireError> {
    crate::pages::card_actions::remove(&card).await
}

/// An admin lets the student off what is owed for a lesson.
///
/// # Errors
/// `INVALID_REQUEST` (`note`), `INVALID_STATE`, `BOOKING_NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "forgive_debt")]
pub async fn forgive_debt(booking: String, #[server(default)] note: String) -> Result<(), WireError> {
    crate::pages::charge_actions::forgive(&booking, &note).await
}
