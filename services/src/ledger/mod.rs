//! The ledger: what each event about money writes, and what it sums up to.

pub(crate) mod store;

use chrono::{DateTime, Utc};
use domain::{
    booking::Booking,
    ids::{BookingId, TutorId, UserId},
    ledger::{Event, fee},
    money::{Currency, Money},
};
use serde::Serialize;
use sqlx::PgConnection;

use crate::{Actor, Result, Services};

/// What an account is owed in a currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// Such as `tutor:…`, `platform`.
    pub account: String,
    /// Its currency.
    pub currency: Currency,
    /// In minor units; negative where the account owes.
    pub balance: i64,
}

/// A line of a booking's part of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What happened, such as `settled`.
    pub event: String,
    /// Such as `tutor:…`, `platform`.
    pub account: String,
    /// Its currency.
    pub currency: Currency,
    /// In minor units.
    pub amount: i64,
    /// When.
    pub at: DateTime<Utc>,
}

/// The balances of all accounts, for an admin. Every currency sums to zero.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn balances(services: &Services, actor: &Actor) -> Result<Vec<Balance>> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    store::list_balances(&mut db).await
}

/// Enters what happened to the money of a booking, once for each `source`: a second time changes nothing.
/// An event without money leaves nothing to enter.
pub(crate) async fn post(
    tx: &mut PgConnection,
    booking: &Booking,
    event: Event,
    source: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let of = Parties { booking: booking.id, student: booking.student, tutor: booking.tutor };
    post_of(tx, of, event, source, now).await
}

/// The two between whom money passes, and for which booking.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parties {
    pub booking: BookingId,
    pub student: UserId,
    pub tutor: TutorId,
}

/// The same, where no more is at hand than whom it concerns.
pub(crate) async fn post_of(
    tx: &mut PgConnection,
    of: Parties,
    event: Event,
    source: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let entries = event.entries(of.student, of.tutor);
    if entries.is_empty() {
        return Ok(());
    }
    store::insert(tx, Some(of.booking), event.name(), source, &entries, now).await
}

/// Enters what the payment provider kept for its work on many bookings, once for each `source`.
pub(crate) async fn post_fee(
    tx: &mut PgConnection,
    amount: Money,
    source: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let entries = fee(amount);
    if entries.is_empty() {
        return Ok(());
    }
    store::insert(tx, None, Event::Fee(amount).name(), source, &entries, now).await
}
