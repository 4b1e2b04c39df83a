//! How bookings are named and shown.

use chrono::{DateTime, Utc};
use domain::{
    Code,
    booking::Booking,
    ids::{BookingId, OfferingId, TutorId},
    lesson::join_window,
};
use serde::Serialize;
use services::Services;
use utoipa::ToSchema;

use super::{
    error::{ApiError, ApiResult},
    extract::ApiPath,
};

/// A booking as its parties see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BookingView {
    /// Opaque.
    id: String,
    /// requested, pending_review, confirmed, completed, no_show_student, no_show_tutor, mutual_no_show,
    /// early_end, cancelled, expired or declined.
    #[schema(example = "confirmed")]
    status: &'static str,
    /// The tutor.
    tutor_id: String,
    /// The student.
    student_id: String,
    /// The offering.
    offering_id: String,
    /// When the lesson starts, UTC.
    start: DateTime<Utc>,
    /// When it ends, UTC.
    end: DateTime<Utc>,
    /// Minutes.
    #[schema(example = 60)]
    duration: u16,
    /// Minor units.
    #[schema(example = 2500)]
    price: i64,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: &'static str,
    /// The link to the meeting, on this site; new at each reschedule.
    #[schema(example = "https://lectern.example/join/8vZ…")]
    meeting_url: String,
    /// The live meeting.
    lesson: LessonView,
    /// When the booking was made.
    created_at: DateTime<Utc>,
    /// The offering's title when the booking was made.
    title: String,
    /// The tutor's name.
    tutor_name: String,
    /// The address of the tutor's page, `/tutors/{slug}`.
    tutor_slug: String,
    /// The student's name.
    student_name: String,
    /// Words of the student to the tutor.
    note: Option<String>,
    /// Why it was called off.
    reason: Option<String>,
    /// The student's rating.
    rating: Option<i16>,
    /// How often it was rescheduled.
    sequence: i32,
    /// When an unanswered request lapses.
    expires_at: Option<DateTime<Utc>>,
}

/// The live meeting of a booking.
#[derive(Debug, Serialize, ToSchema)]
pub struct LessonView {
    /// Opaque.
    id: String,
    /// SCHEDULED, JOIN_OPEN, IN_PROGRESS, COMPLETED_ASSUMED, NO_SHOW_STUDENT, NO_SHOW_TUTOR, MUTUAL_NO_SHOW,
    /// EARLY_END_SHORT or CANCELLED.
    #[schema(example = "SCHEDULED")]
    state: &'static str,
    /// From when it can be joined.
    join_opens_at: DateTime<Utc>,
    /// Minutes after the start from which the tutor may mark the student absent.
    #[schema(example = 20)]
    no_show_wait: i32,
    /// Minutes from which the lesson is payable under that policy.
    #[schema(example = 40)]
    min_payable: i32,
}

impl BookingView {
    /// As it is now.
    pub(super) fn new(services: &Services, booking: Booking) -> Self {
        let now = services.clock.now();
        let state = booking.lesson_state.at(booking.start, booking.end, now);
        BookingView {
            lesson: LessonView {
                id: booking.lesson.to_string(),
                state: state.name(),
                join_opens_at: join_window(booking.start, booking.end).0,
                no_show_wait: booking.no_show_wait,
                min_payable: booking.min_payable,
            },
            id: booking.id.to_string(),
            status: booking.state.name(),
            tutor_id: booking.tutor.to_string(),
            student_id: booking.student.to_string(),
            offering_id: booking.offering.to_string(),
            start: booking.start,
            end: booking.end,
            duration: booking.duration,
            price: booking.price_minor,
            currency: booking.currency.code(),
            meeting_url: format!("{}/join/{}", services.config.web.public_url, booking.join_token),
            created_at: booking.created_at,
            title: booking.title,
            tutor_name: booking.tutor_name,
            tutor_slug: booking.tutor_slug,
            student_name: booking.student_name,
            note: booking.note,
            reason: booking.reason,
            rating: booking.rating,
            sequence: booking.sequence,
            expires_at: booking.expires_at,
        }
    }
}

/// The booking of an address.
pub(super) fn booking_id(path: &ApiPath) -> ApiResult<BookingId> {
    path.id(Code::BookingNotFound, "booking_not_found")
}

/// The tutor of a body.
pub(super) fn tutor(text: &str) -> ApiResult<TutorId> {
    text.parse().map_err(|_| ApiError::coded(Code::ProfileNotFound, "profile_not_found", "tutor_id"))
}

/// The offering of a body.
pub(super) fn offering(text: Option<&str>) -> ApiResult<Option<OfferingId>> {
    let unknown = |_| ApiError::coded(Code::NotFound, "offering_not_found", "offering_id");
    text.map(str::parse).transpose().map_err(unknown)
}

/// A duration that is no whole number of minutes is not offered.
pub(super) fn duration_code(field: &str) -> Code {
    if field == "duration" { Code::InvalidDuration } else { Code::InvalidRequest }
}
