//! The live meeting of a booking: joining, attendance, links.

use chrono::{DateTime, Utc};
use domain::{booking::Party, ids::BookingId};
use serde::Serialize;

use crate::{Actor, Result, Services};

/// An attempt to join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttendanceRow {
    /// Who.
    pub party: Party,
    /// Whether they were let in.
    pub joined: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// Opens the meeting: the provider's address. Every attempt is recorded as evidence of attendance.
///
/// # Errors
/// `BOOKING_NOT_FOUND` for others, `JOIN_CLOSED` with `details.opens_at` (and `closes_at`) out of its
/// time or while under review, `INVALID_STATE` for a booking that is not confirmed.
pub async fn join(_services: &Services, _actor: &Actor, _booking: BookingId) -> Result<String> {
    todo!()
}

/// What a meeting link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinLink {
    /// The lesson page of a booking.
    Valid(BookingId),
    /// A link that a reschedule replaced.
    Retired,
    /// No link of ours.
    Unknown,
}

/// Looks a meeting link up, `/join/{token}`.
///
/// # Errors
/// Where the database cannot be read.
pub async fn resolve(_services: &Services, _token: &str) -> Result<JoinLink> {
    todo!()
}

/// The attempts to join of one of one's own lessons, oldest first.
///
/// # Errors
/// `BOOKING_NOT_FOUND`.
pub async fn attendance(
    _services: &Services,
    _actor: &Actor,
    _booking: BookingId,
) -> Result<Vec<AttendanceRow>> {
    todo!()
}
