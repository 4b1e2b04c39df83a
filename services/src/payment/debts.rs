//! What a student owes after a decline, and paying it.

use chrono::{DateTime, Utc};
use domain::{Code, Refusal, ids::BookingId, money::Money, payment::ChargeState};
use serde_json::json;

use super::{ChargeStatus, charging, store};
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

/// The student pays what is owed for a lesson with a saved card. What is paid already is simply paid.
///
/// # Errors
/// `BOOKING_NOT_FOUND` for another's, `NOT_FOUND` for a card that is not one's own, `INVALID_STATE` where nothing is
/// owed, `PAYMENT_FAILED` with `details.code` where the card is declined again.
pub async fn pay_debt(services: &Services, actor: &Actor, id: BookingId, card: &str) -> Result<ChargeStatus> {
    let student = actor.require_student()?;
    let found = booking::find(services, actor, id).await?;
    let mut db = services.db.acquire().await?;
    if !store::is_own_card(&mut db, student, card).await? {
        return Err(Refusal::new(Code::NotFound, "card_not_found").into());
    }
    let charge = store::find_charge(&mut db, found.id).await?;
    drop(db);
    let nothing = || AppError::from(Refusal::new(Code::InvalidState, "nothing_due"));
    match charging::charge_again(services, charge.ok_or_else(nothing)?, card).await? {
        (ChargeState::Paid, _) => Ok(ChargeStatus::Paid),
        (ChargeState::Debt, Some(decline)) => {
            let refusal = Refusal::on(Code::PaymentFailed, "card_declined", "payment_method");
            let details = json!({ "code": decline.code, "decline_code": decline.decline_code });
            Err(AppError::with_details(refusal, details))
        }
        _ => Err(nothing()),
    }
}
