//! What the forms about money do on the server.

use domain::{Code, Refusal, ids::BookingId};
use services::{Actor, Result, Services, payment};

use super::{
    console::actions::typed_amount,
    context::{answer_form, visit},
};
use crate::error::WireError;

/// Acts as the signed-in person, then shows `page`.
pub(super) async fn act<T>(
    typed: &[(&str, &str)],
    page: &str,
    action: impl AsyncFnOnce(&Services, &Actor) -> Result<T>,
) -> Result<(), WireError> {
    let visit = visit();
    let acting = async {
        action(&visit.services, visit.actor()?).await?;
        leptos_axum::redirect(page);
        Ok(())
    };
    answer_form(&visit, typed, acting).await
}

/// The address of a booking's charge. An id that is none leads nowhere else.
pub(super) fn charge_page(booking: &str) -> String {
    format!("/lessons/{}/charge", super::query::encode(booking))
}

/// Lets the student off what is owed.
///
/// # Errors
/// As `services::payment::forgive`.
pub async fn forgive(booking: &str, note: &str) -> Result<(), WireError> {
    act(&[("note", note)], &format!("{}?saved=1", charge_page(booking)), async |services, actor| {
        payment::forgive(services, actor, booking.parse()?, note).await
    })
    .await
}

/// Gives money back; an empty amount is all that is left.
///
/// # Errors
/// As `services::payment::refund`; `INVALID_REQUEST` on `amount` for what is no amount of the charge's currency.
pub async fn refund(booking: &str, amount: &str, reason: &str) -> Result<(), WireError> {
    let typed = [("amount", amount), ("reason", reason)];
    act(&typed, &format!("{}?saved=1", charge_page(booking)), async |services, actor| {
        let id: BookingId = booking.parse()?;
        let minor = if amount.trim().is_empty() {
            None
        } else {
            let currency = services::booking::find(services, actor, id).await?.currency;
            let refusal = || Refusal::on(Code::InvalidRequest, "amount_typed", "amount");
            Some(typed_amount(amount, currency).ok_or_else(refusal)?)
        };
        payment::refund(services, actor, id, minor, reason).await
    })
    .await
}
