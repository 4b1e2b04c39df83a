//! Holds and bookings: from a free slot to a settled lesson.

use chrono::{DateTime, Utc};
use domain::{
    booking::{Booking, BookingRequest, BookingState, Party},
    ids::{BookingId, HoldId, OfferingId, TutorId},
};
use serde::Serialize;

use crate::{Actor, Result, Services};

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

/// Reserves a slot for ten minutes. A new hold of a student with the same tutor replaces the former one.
///
/// # Errors
/// As [`place`].
pub async fn hold(_services: &Services, _actor: &Actor, _request: &HoldRequest) -> Result<Hold> {
    todo!()
}

/// One's own hold with what it reserves, `None` once it has lapsed.
///
/// # Errors
/// Where the database cannot be read.
pub async fn find_hold(
    _services: &Services,
    _actor: &Actor,
    _hold: HoldId,
) -> Result<Option<(Hold, HoldRequest)>> {
    todo!()
}

/// Gives a hold back. Giving back a lapsed one is fine.
///
/// # Errors
/// Where the database cannot be written.
pub async fn release(_services: &Services, _actor: &Actor, _hold: HoldId) -> Result<()> {
    todo!()
}

/// Books a slot: confirmed at once, or requested where the tutor asks to confirm.
/// With a key it is idempotent for 24 h.
///
/// # Errors
/// `PROFILE_NOT_FOUND`, the tutor's readiness, `INVALID_DURATION`, `MINIMUM_NOTICE_REQUIRED`,
/// `OUTSIDE_HORIZON`, `BOOKING_CONFLICT` (details: `slots`, fresh ones), `IDEMPOTENCY_MISMATCH`.
pub async fn place(
    _services: &Services,
    _actor: &Actor,
    _request: &BookingRequest,
    _key: Option<&str>,
) -> Result<Booking> {
    todo!()
}

/// One of one's own bookings (any for an admin).
///
/// # Errors
/// `BOOKING_NOT_FOUND`, also for another's.
pub async fn find(_services: &Services, _actor: &Actor, _booking: BookingId) -> Result<Booking> {
    todo!()
}

/// One's own bookings, as student or as tutor.
///
/// # Errors
/// `INVALID_REQUEST` for a page out of range.
pub async fn list(_services: &Services, _actor: &Actor, _query: &ListQuery) -> Result<Page<Booking>> {
    todo!()
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

/// Calls a booking off.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, `CANCELLATION_TOO_LATE`, `INVALID_STATE`.
pub async fn cancel(
    _services: &Services,
    _actor: &Actor,
    _booking: BookingId,
    _reason: Option<&str>,
) -> Result<Booking> {
    todo!()
}

/// Moves a booking to another slot in one swap: same id, new meeting link, the old one retired.
///
/// # Errors
/// As [`cancel`] and [`place`].
pub async fn reschedule(
    _services: &Services,
    _actor: &Actor,
    _booking: BookingId,
    _start: DateTime<Utc>,
    _duration: Option<i64>,
) -> Result<Booking> {
    todo!()
}

/// The tutor says yes to a request.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, `INSUFFICIENT_PERMISSIONS` for the student, `INVALID_STATE`.
pub async fn confirm(_services: &Services, _actor: &Actor, _booking: BookingId) -> Result<Booking> {
    todo!()
}

/// The tutor says no to a request.
///
/// # Errors
/// As [`confirm`].
pub async fn decline(
    _services: &Services,
    _actor: &Actor,
    _booking: BookingId,
    _reason: Option<&str>,
) -> Result<Booking> {
    todo!()
}

/// The tutor ends the lesson, from its start on: a trusted end. Before the scheduled end it is an early end.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`, `INVALID_STATE`.
pub async fn complete(_services: &Services, _actor: &Actor, _booking: BookingId) -> Result<Booking> {
    todo!()
}

/// What became of the booking, for its page: state changes with their time, actor and reason.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryRow {
    /// The state after it.
    pub to: BookingState,
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
pub async fn history(_services: &Services, _actor: &Actor, _booking: BookingId) -> Result<Vec<HistoryRow>> {
    todo!()
}
