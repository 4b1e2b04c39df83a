//! What lists show of money: the charges of a page of bookings, the refunds of one, what an admin has to decide.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    account::{Role, paragraph},
    ids::BookingId,
    money::Money,
    payment::ChargeState,
};
use uuid::Uuid;

use super::store;
use crate::{Actor, Result, Services, booking};

/// What became of the money for a booking, for a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    /// The booking.
    pub booking: BookingId,
    /// How its charge stands.
    pub state: ChargeState,
    /// What is charged by the rule.
    pub amount: Money,
    /// What refunds gave back or are about to, minor units.
    pub refunded: i64,
}

/// A refund as all three concerned see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRow {
    /// How much.
    pub amount: Money,
    /// Why, in the admin's words, or in the bank's.
    pub reason: String,
    /// A bank took it back for good; else it was given back.
    pub by_bank: bool,
    /// `pending` until the provider has answered, then `succeeded` or `failed`.
    pub status: String,
    /// When it was decided.
    pub at: DateTime<Utc>,
}

/// What no rule decides and an admin has to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: Uuid,
    /// The booking that it is about.
    pub booking: BookingId,
    /// The booking's title.
    pub title: String,
    /// Such as `late_evidence`.
    pub kind: String,
    /// How much did not arrive, where that is what it is about.
    pub amount: Option<Money>,
    /// Since when it is open.
    pub opened_at: DateTime<Utc>,
}

/// The charges of those of these bookings that are one's own (all for an admin) and have one.
///
/// # Errors
/// Where the database cannot be read.
pub async fn list_charged(
    services: &Services,
    actor: &Actor,
    bookings: &[BookingId],
) -> Result<Vec<Charged>> {
    if bookings.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = bookings.iter().map(|id| id.0).collect();
    let mut db = services.db.acquire().await?;
    store::list_charged(&mut db, &ids, (actor.role != Role::Admin).then_some(actor.user)).await
}

/// The refunds of one of one's own bookings, oldest first.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, also for another's.
pub async fn list_refunds(services: &Services, actor: &Actor, id: BookingId) -> Result<Vec<RefundRow>> {
    booking::find(services, actor, id).await?;
    let mut db = services.db.acquire().await?;
    store::list_refunds(&mut db, id).await
}

/// The cases that wait for an admin, oldest first, at most a hundred.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn open_cases(services: &Services, actor: &Actor) -> Result<Vec<Case>> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    store::list_cases(&mut db).await
}

/// An admin closes a case, with words on what was decided; money is moved by a refund, never by this.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `INVALID_REQUEST` (`note`) unless it has 1 to 500 characters, `NOT_FOUND` where the case
/// is not open (any more).
pub async fn close_case(services: &Services, actor: &Actor, id: Uuid, note: &str) -> Result<()> {
    actor.require_admin()?;
    let note = paragraph(note, 1, 500).ok_or(Refusal::on(Code::InvalidRequest, "case_note", "note"))?;
    let mut db = services.db.acquire().await?;
    if store::close_case(&mut db, id, actor.user, &note, services.clock.now()).await? {
        return Ok(());
    }
    Err(Refusal::new(Code::NotFound, "case_not_found").into())
}
