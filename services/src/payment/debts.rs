//! What a student owes after a decline, and paying it.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    ids::{BookingId, ChargeId},
    money::Money,
    payment::ChargeState,
};
use serde_json::json;

use super::{
    charging::{self, Tried},
    store,
};
use crate::{Actor, AppError, Result, Services, booking};

/// What is owed for a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debt {
    /// The booking.
    pub booking: BookingId,
    /// Its title.
    pub title: String,
    /// How much.
    pub amount: Money,
    /// Since when.
    pub opened_at: DateTime<Utc>,
}

/// One's own open debts, oldest first.
///
/// # Errors
/// Where the database cannot be read.
pub async fn open_debts(services: &Services, actor: &Actor) -> Result<Vec<Debt>> {
    let mut db = services.db.acquire().await?;
    store::list_debts(&mut db, actor.user).await
}

/// How far the student has come with paying a debt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DebtPayment {
    /// It is paid.
    Paid,
    /// The bank asks the card's owner: the browser shows its question, then [`finish_debt_payment`] is called.
    Asks {
        /// Opens the payment to the owner's browser.
        client_secret: String,
    },
}

/// The student pays what is owed for a lesson with a saved card, and is there to answer the bank (3-D Secure).
/// It is the one payment of the booking that is tried again. What is paid already is simply paid.
///
/// # Errors
/// `BOOKING_NOT_FOUND` for another's, `NOT_FOUND` for a card that is not one's own, `INVALID_STATE` where nothing is
/// owed, `PAYMENT_FAILED` with `details.code` where the card is declined again.
pub async fn begin_debt_payment(
    services: &Services,
    actor: &Actor,
    id: BookingId,
    card: &str,
) -> Result<DebtPayment> {
    let student = actor.require_student()?;
    let charge = own_charge(services, actor, id).await?;
    let mut db = services.db.acquire().await?;
    if !store::is_own_card(&mut db, student, card).await? {
        return Err(Refusal::new(Code::NotFound, "card_not_found").into());
    }
    drop(db);
    paid_or(charging::charge_again(services, charge, card).await?)
}

/// How the payment stands once the bank has asked: the provider is asked, whatever the browser says. Called before
/// or after the provider's own message, and however often, it is recorded once.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, `INVALID_STATE` where nothing is owed, `PAYMENT_FAILED` with `details.code` where the card
/// was declined or its owner refused.
pub async fn finish_debt_payment(services: &Services, actor: &Actor, id: BookingId) -> Result<DebtPayment> {
    actor.require_student()?;
    let charge = own_charge(services, actor, id).await?;
    paid_or(charging::look_again(services, charge).await?)
}

async fn own_charge(services: &Services, actor: &Actor, id: BookingId) -> Result<ChargeId> {
    let found = booking::find(services, actor, id).await?;
    let mut db = services.db.acquire().await?;
    store::find_charge(&mut db, found.id).await?.ok_or_else(nothing)
}

fn nothing() -> AppError {
    Refusal::new(Code::InvalidState, "nothing_due").into()
}

fn paid_or(tried: Tried) -> Result<DebtPayment> {
    match tried {
        Tried::Stands(ChargeState::Paid) => Ok(DebtPayment::Paid),
        Tried::Stands(_) => Err(nothing()),
        Tried::Asks(client_secret) => Ok(DebtPayment::Asks { client_secret }),
        Tried::Declined(decline) => {
            let refusal = Refusal::on(Code::PaymentFailed, "card_declined", "payment_method");
            let details = json!({ "code": decline.code, "decline_code": decline.decline_code });
            Err(AppError::with_details(refusal, details))
        }
    }
}
