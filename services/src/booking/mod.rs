//! Holds and bookings: from a free slot to a settled lesson.

mod change;
mod conflict;
mod events;
mod hold;
mod key;
mod place;
mod reschedule;
mod store;
mod transaction;

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    account::Role,
    booking::{Booking, BookingState, Party},
    ids::{BookingId, HoldId, OfferingId, TutorId},
};
use serde::Serialize;

use crate::{Actor, Result, Services};

pub use change::{cancel, complete, confirm, decline};
pub use hold::{find_hold, hold, release};
pub use place::place;
pub use reschedule::reschedule;

pub(crate) use change::{Step, advance, expire, mark_no_show, settle, withdraw};
pub(crate) use events::{By, note};
pub(crate) use store::{Found, delete_claim as free_slot, find as read, find_locked};
pub(crate) use transaction::{Retries, finish};

/// A short reservation of a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// When it lapses.
    pub expires_at: DateTime<Utc>,
}

/// What a hold is asked for.
#[derive(Clone, Debug)]
pub struct HoldRequest {
    /// The tutor.
    pub tutor: TutorId,
    /// The offering; without one, the tutor's first that has the duration.
    pub offering: Option<OfferingId>,
    /// When the lesson would start.
    pub start: DateTime<Utc>,
    /// Minutes.
    pub duration: i64,
}

/// Which of one's bookings are listed.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// Only those in these states; all without.
    pub states: Vec<BookingState>,
    /// `Some(true)`: those that end after now, soonest first; `Some(false)`: the others, latest first.
    pub upcoming: Option<bool>,
    /// From 1.
    pub page: i64,
    /// At most 100.
    pub page_size: i64,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// From 1.
    pub page: i64,
    /// Rows on a page.
    pub page_size: i64,
    /// Rows in all.
    pub total: i64,
}

/// One of one's own bookings (any for an admin).
///
/// # Errors
/// `BOOKING_NOT_FOUND`, also for another's.
pub async fn find(services: &Services, actor: &Actor, booking: BookingId) -> Result<Booking> {
    let mut db = services.db.acquire().await?;
    Ok(own(actor, store::find(&mut db, booking, services.clock.now()).await?)?.booking)
}

/// One's own bookings, as student or as tutor.
///
/// # Errors
/// `INVALID_REQUEST` for a page out of range.
pub async fn list(services: &Services, actor: &Actor, query: &ListQuery) -> Result<Page<Booking>> {
    let filter = store::Filter {
        student: (actor.role == Role::Student).then_some(actor.user),
        tutor: actor.tutor,
        states: query.states.iter().map(|state| state.name().to_owned()).collect(),
        upcoming: query.upcoming,
        limit: query.page_size,
        offset: offset(query.page, query.page_size)?,
        now: services.clock.now(),
    };
    let mut db = services.db.acquire().await?;
    let rows = store::list(&mut db, &filter).await?;
    let total = store::count(&mut db, &filter).await?;
    Ok(Page { rows, page: query.page, page_size: query.page_size, total })
}

/// The largest page of a list.
const LARGEST_PAGE: i64 = 100;

/// How many rows come before a page.
///
/// # Errors
/// `INVALID_REQUEST` on `page` or `page_size` for a page out of range.
pub(crate) fn offset(page: i64, page_size: i64) -> Result<i64> {
    if !(1..=LARGEST_PAGE).contains(&page_size) {
        return Err(Refusal::on(Code::InvalidRequest, "page_size", "page_size").into());
    }
    let before = page.checked_sub(1).filter(|before| *before >= 0);
    let rows = before.and_then(|before| before.checked_mul(page_size));
    Ok(rows.ok_or(Refusal::on(Code::InvalidRequest, "page", "page"))?)
}

/// Which side of a booking the actor is; `None` for an admin.
#[must_use]
pub fn party(actor: &Actor, booking: &Booking) -> Option<Party> {
    match actor {
        actor if actor.user == booking.student => Some(Party::Student),
        actor if actor.tutor == Some(booking.tutor) => Some(Party::Tutor),
        _ => None,
    }
}

/// What became of the booking, for its page: state changes with their time, actor and reason.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryRow {
    /// The state after it.
    pub to: BookingState,
    /// What happened besides, such as `dispute.opened`: the state is as before.
    pub event: Option<String>,
    /// student, tutor, admin or system.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// The history of one of one's own bookings, oldest first.
///
/// # Errors
/// `BOOKING_NOT_FOUND`.
pub async fn history(services: &Services, actor: &Actor, booking: BookingId) -> Result<Vec<HistoryRow>> {
    let mut db = services.db.acquire().await?;
    own(actor, store::find(&mut db, booking, services.clock.now()).await?)?;
    store::list_history(&mut db, booking).await
}

/// A booking that the actor may know of.
fn own(actor: &Actor, booking: Option<Found>) -> Result<Found> {
    let found = found(booking)?;
    if party(actor, &found.booking).is_none() && actor.role != Role::Admin {
        return Err(not_found());
    }
    Ok(found)
}

/// A booking that exists.
fn found(booking: Option<Found>) -> Result<Found> {
    booking.ok_or_else(not_found)
}

/// One may not know that it exists.
pub(crate) fn not_found() -> crate::AppError {
    Refusal::new(Code::BookingNotFound, "booking_not_found").into()
}
