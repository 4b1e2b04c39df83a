//! What must never happen, counted.

use serde::Serialize;

use crate::{Result, Services};

/// Violations by kind; all are 0 on a healthy system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Violations {
    /// Pairs of claims of one tutor that overlap.
    pub overlapping_claims: i64,
    /// Pairs of active bookings of one student that overlap.
    pub overlapping_lessons: i64,
    /// Active bookings without a claim of just their time.
    pub bookings_without_claim: i64,
    /// Claims of bookings that are not active any more.
    pub claims_without_booking: i64,
    /// Bookings whose last history row is not their state.
    pub history_mismatches: i64,
    /// Bookings without a lesson.
    pub bookings_without_lesson: i64,
    /// Tutors whose rating counters differ from their ratings.
    pub rating_mismatches: i64,
}

/// Counts.
///
/// # Errors
/// Where the database cannot be read.
pub async fn count(_services: &Services) -> Result<Violations> {
    todo!()
}
