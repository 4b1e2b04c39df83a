//! An admin lets a student off what is owed for a lesson. It is the platform's gift: the tutor has earned the part all
//! the same.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    account::paragraph,
    ids::{BookingId, ChargeId, UserId},
    ledger::Event,
    payment::ChargeState,
};
use serde_json::json;
use sqlx::PgConnection;

use super::{charging, reduce::withdraw, store, store::Owed};
use crate::{
    Actor, Result, Services,
    booking::{self, By},
    ledger, payout,
};

/// What is forgiven, by whom and why.
struct Gift<'a> {
    charge: ChargeId,
    admin: &'a Actor,
    note: &'a str,
    /// The payment that was cancelled, so that nobody pays any more.
    withdrawn: Option<String>,
    now: DateTime<Utc>,
}

/// An admin forgives what a student owes for a lesson, with words that both of the lesson read. Nothing is owed any
/// more, the student can book again, the platform bears it, and the tutor is paid the part that was earned.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `BOOKING_NOT_FOUND`, `INVALID_REQUEST` (`case_note`) on `note` unless it has 1 to 500
/// characters, `INVALID_STATE` where nothing is owed (`nothing_due`), while the lesson is disputed, because that is
/// decided there (`debt_disputed`), and while the student is about to pay (`debt_being_paid`).
pub async fn forgive(services: &Services, actor: &Actor, id: BookingId, note: &str) -> Result<()> {
    actor.require_admin()?;
    let note = paragraph(note, 1, 500).ok_or(Refusal::on(Code::InvalidRequest, "case_note", "note"))?;
    let charge = may(services, id).await?;
    let withdrawn = withdraw(services, charge).await?;
    let gift = Gift { charge, admin: actor, note: &note, withdrawn, now: services.clock.now() };
    let mut tx = services.begin().await?;
    let forgiven = record(&mut tx, &gift).await;
    let people = booking::finish(tx, forgiven).await?;
    services.live.wake(&people);
    Ok(())
}

/// The charge that can be forgiven; what cannot is refused before anything is withdrawn.
async fn may(services: &Services, id: BookingId) -> Result<ChargeId> {
    let mut tx = services.begin().await?;
    booking::read(&mut tx, id, services.clock.now()).await?.ok_or_else(booking::not_found)?;
    let charge = store::find_charge(&mut tx, id).await?.ok_or_else(nothing)?;
    let owed = store::find_locked(&mut tx, charge).await?.ok_or_else(nothing)?;
    allowed(&mut tx, &owed).await?;
    tx.rollback().await?;
    Ok(charge)
}

async fn allowed(tx: &mut PgConnection, owed: &Owed) -> Result<()> {
    if owed.state != ChargeState::Debt {
        return Err(nothing());
    }
    if store::is_disputed(tx, owed.booking).await? {
        return Err(Refusal::new(Code::InvalidState, "debt_disputed").into());
    }
    Ok(())
}

fn nothing() -> crate::AppError {
    Refusal::new(Code::InvalidState, "nothing_due").into()
}

async fn record(tx: &mut PgConnection, gift: &Gift<'_>) -> Result<Vec<UserId>> {
    let Gift { charge, admin, note, now, .. } = *gift;
    let owed = store::find_locked(tx, charge).await?.ok_or_else(nothing)?;
    let found = booking::find_locked(tx, owed.booking, now).await?.ok_or_else(booking::not_found)?;
    allowed(tx, &owed).await?;
    if owed.intent != gift.withdrawn || store::find_open_attempt(tx, charge).await?.is_some() {
        return Err(Refusal::new(Code::InvalidState, "debt_being_paid").into());
    }
    store::set_forgiven(tx, charge, admin.user, note, now).await?;
    let source = format!("charge/{charge}/forgiven");
    ledger::post(tx, &found.booking, Event::Forgiven(owed.split.charge), &source, now).await?;
    let by = By::actor(admin, &found.booking);
    let noted = json!({ "event": "payment.forgiven", "amount": owed.split.charge });
    booking::note(tx, &found, by, Some(note), &noted, now).await?;
    payout::note_payable(tx, charge).await?;
    charging::tell(tx, &found, "payment.forgiven", &owed, now).await
}
