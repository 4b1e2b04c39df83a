//! A tutor's hours, and the slots that follow from them.

use chrono::{DateTime, Utc};
use domain::{
    availability::Availability,
    booking::Policy,
    ids::{OfferingId, TutorId},
    interval::Interval,
    slot::Slot,
    zone::Zone,
};

use crate::{Actor, Result, Services};

/// Which slots are asked for.
#[derive(Clone, Debug)]
pub struct SlotQuery {
    /// The tutor, by id or slug.
    pub tutor: String,
    /// From when, until when; at most 62 days.
    pub range: Interval,
    /// The offering; without one, the tutor's first that has the duration.
    pub offering: Option<OfferingId>,
    /// Minutes; without it, the offering's shortest.
    pub duration: Option<i64>,
}

/// The slots of a tutor with what was meant by the question.
#[derive(Clone, Debug)]
pub struct FreeSlots {
    /// The tutor.
    pub tutor: TutorId,
    /// The zone of the tutor's hours.
    pub zone: Zone,
    /// The offering that was meant, `None` where the tutor has none.
    pub offering: Option<OfferingId>,
    /// The duration that was meant, minutes.
    pub duration: u16,
    /// What governs notice and horizon.
    pub policy: Policy,
    /// The instant for which the answer holds.
    pub now: DateTime<Utc>,
    /// In order.
    pub slots: Vec<Slot>,
}

/// The free slots of a tutor; none for a tutor who cannot be booked.
///
/// # Errors
/// `PROFILE_NOT_FOUND`, `INVALID_DURATION`, `INVALID_REQUEST` on a range over 62 days.
pub async fn free_slots(_services: &Services, _query: &SlotQuery) -> Result<FreeSlots> {
    todo!()
}

/// The hours of a tutor, for the tutor.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn hours(_services: &Services, _actor: &Actor, _tutor: TutorId) -> Result<Availability> {
    todo!()
}

/// Replaces hours and overrides, and the zone in which they are meant.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `PROFILE_NOT_FOUND`.
pub async fn set_hours(
    _services: &Services,
    _actor: &Actor,
    _tutor: TutorId,
    _availability: &Availability,
) -> Result<()> {
    todo!()
}
