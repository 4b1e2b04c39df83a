//! Ratings of lessons.

use chrono::{DateTime, Utc};
use domain::{
    ids::BookingId,
    review::{Feedback, Rating},
};
use serde::Serialize;

use crate::{Actor, Result, Services, booking::Page};

/// A rating as everybody may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RatingView {
    /// 1–5.
    pub rating: i16,
    /// Words with it.
    pub feedback: Option<String>,
    /// The student's first name.
    pub student: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Rates a completed lesson, once.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, `INSUFFICIENT_PERMISSIONS` for the tutor, `SESSION_NOT_COMPLETED`, `RATING_ALREADY_EXISTS`.
pub async fn rate(
    _services: &Services,
    _actor: &Actor,
    _booking: BookingId,
    _rating: Rating,
    _feedback: Option<Feedback>,
) -> Result<()> {
    todo!()
}

/// The ratings of a tutor, newest first.
///
/// # Errors
/// `PROFILE_NOT_FOUND`.
pub async fn list(
    _services: &Services,
    _id_or_slug: &str,
    _page: i64,
    _page_size: i64,
) -> Result<Page<RatingView>> {
    todo!()
}
