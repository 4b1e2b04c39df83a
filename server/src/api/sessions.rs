//! `/api/sessions`: lessons under the names of the tutoring sessions.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::{Code, booking::Booking, ids::LessonId, lesson::join_window};
use serde::{Deserialize, Serialize};
use services::{Services, booking, lesson};
use utoipa::ToSchema;

use super::{
    error::{ApiError, ApiResult},
    extract::{ApiJson, ApiPath, Body, SignedIn},
    wire::{Success, ok},
};

/// The lesson of a booking.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// Opaque: the lesson's id.
    id: String,
    /// Its booking.
    booking_id: String,
    /// SCHEDULED, JOIN_OPEN, IN_PROGRESS, COMPLETED_ASSUMED, NO_SHOW_STUDENT, NO_SHOW_TUTOR, MUTUAL_NO_SHOW,
    /// EARLY_END_SHORT or CANCELLED.
    #[schema(example = "SCHEDULED")]
    state: &'static str,
    /// When it starts, UTC.
    start: DateTime<Utc>,
    /// When it ends, UTC.
    end: DateTime<Utc>,
    /// From when it can be joined.
    join_opens_at: DateTime<Utc>,
    /// Minutes after the start from which the tutor may mark the student absent.
    #[schema(example = 20)]
    no_show_wait: i32,
    /// Minutes from which the lesson is payable under that policy.
    #[schema(example = 40)]
    min_payable: i32,
}

impl SessionView {
    fn new(services: &Services, booking: &Booking) -> Self {
        let state = booking.lesson_state.at(booking.start, booking.end, services.clock.now());
        SessionView {
            id: booking.lesson.to_string(),
            booking_id: booking.id.to_string(),
            state: state.name(),
            start: booking.start,
            end: booking.end,
            join_opens_at: join_window(booking.start, booking.end).0,
            no_show_wait: booking.no_show_wait,
            min_payable: booking.min_payable,
        }
    }
}

/// Which booking.
#[derive(Deserialize, ToSchema)]
pub struct SessionBody {
    /// One's own.
    booking_id: String,
}

impl Body for SessionBody {}

/// The lesson of a booking. Every booking has one from the start, so that asking twice changes nothing.
#[utoipa::path(post, path = "/api/sessions/create-for-booking", tag = "lessons", operation_id = "session",
    request_body = SessionBody,
    responses((status = 200, description = "The lesson", body = Success<SessionView>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn create_for_booking(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    ApiJson(body): ApiJson<SessionBody>,
) -> ApiResult<Json<Success<SessionView>>> {
    let unknown = |_| ApiError::coded(Code::BookingNotFound, "booking_not_found", "booking_id");
    let booking = booking::find(&services, &actor, body.booking_id.parse().map_err(unknown)?).await?;
    Ok(ok(SessionView::new(&services, &booking)))
}

/// The tutor says that the student did not come: from the waiting time on, with the tutor's own join on record and
/// none of the student's, until the outcome is settled.
#[utoipa::path(post, path = "/api/sessions/{id}/mark-no-show", tag = "lessons", operation_id = "mark_no_show",
    params(("id" = String, Path, description = "The lesson")),
    responses(
        (status = 200, description = "The lesson", body = Success<SessionView>),
        (status = 409, description = "`INVALID_STATE`", body = super::wire::Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn mark_no_show(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
) -> ApiResult<Json<Success<SessionView>>> {
    let id: LessonId = path.id(Code::NotFound, "not_found")?;
    let booking = lesson::mark_no_show(&services, &actor, id).await?;
    Ok(ok(SessionView::new(&services, &booking)))
}
