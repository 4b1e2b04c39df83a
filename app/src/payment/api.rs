//! Server functions about money.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]

use leptos::prelude::*;

use crate::error::WireError;

/// The student pays what is owed for a lesson with a saved card.
///
/// # Errors
/// `PAYMENT_FAILED`, `INVALID_STATE`, `BOOKING_NOT_FOUND`, `NOT_FOUND`.
#[server(prefix = "/do", endpoint = "pay_debt")]
pub async fn pay_debt(booking: String, card: String) -> Result<(), WireError> {
    crate::pages::charge_actions::pay(&booking, &card).await
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
    crate::pages::charge_actions::choose_card(&card).await
}

/// Removes a saved card.
///
/// # Errors
/// `NOT_FOUND`.
#[server(prefix = "/do", endpoint = "remove_card")]
pub async fn remove_card(card: String) -> Result<(), WireError> {
    crate::pages::charge_actions::remove_card(&card).await
}
