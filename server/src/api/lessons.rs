//! `/api/v2/bookings/{id}/join` and `/rating`: the lesson of a booking.

use axum::{Json, extract::State, response::Response};
use domain::{
    Code,
    review::{Feedback, Rating},
};
use serde::{Deserialize, Serialize};
use services::{Services, lesson, review};
use utoipa::ToSchema;

use super::{
    booking_view::booking_id,
    error::ApiResult,
    extract::{ApiJson, ApiPath, Body, SignedIn},
    wire::{Success, created, ok},
};

/// A rating of a lesson.
#[derive(Deserialize, ToSchema)]
pub struct RatingBody {
    /// Whole stars, 1 to 5.
    #[schema(example = 5, minimum = 1, maximum = 5)]
    rating: i64,
    /// At most 500 characters.
    #[schema(example = "Patient and clear.")]
    feedback: Option<String>,
}

impl Body for RatingBody {
    fn code(field: &str) -> Code {
        if field == "rating" { Code::InvalidRating } else { Code::InvalidRequest }
    }
}

/// A rating that was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rated {
    /// The booking.
    booking_id: String,
    /// 1 to 5.
    #[schema(example = 5)]
    rating: u8,
    /// Words with it.
    feedback: Option<String>,
}

/// Rate a completed lesson, once.
#[utoipa::path(post, path = "/api/v2/bookings/{id}/rating", tag = "bookings", operation_id = "rate",
    params(("id" = String, Path, description = "The booking")),
    request_body = RatingBody,
    responses(
        (status = 201, description = "The rating", body = Success<Rated>),
        (status = 409, description = "`SESSION_NOT_COMPLETED` or `RATING_ALREADY_EXISTS`", body = super::wire::Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn rate(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<RatingBody>,
) -> ApiResult<Response> {
    let (id, rating) = (booking_id(&path)?, Rating::parse(body.rating)?);
    let feedback = body.feedback.filter(|text| !text.trim().is_empty());
    let parsed = feedback.as_deref().map(Feedback::parse).transpose()?;
    let words = parsed.as_ref().map(|feedback| feedback.as_str().to_owned());
    review::rate(&services, &actor, id, rating, parsed).await?;
    Ok(created(Rated { booking_id: id.to_string(), rating: rating.stars(), feedback: words }))
}

/// Where the lesson takes place.
#[derive(Debug, Serialize, ToSchema)]
pub struct Joined {
    /// The provider's address.
    #[schema(example = "https://meet.jit.si/tutor1_booking1_x")]
    url: String,
}

/// Join the lesson, from five minutes before its start until fifteen minutes after its end. Every attempt is
/// recorded as evidence of attendance.
#[utoipa::path(post, path = "/api/v2/bookings/{id}/join", tag = "bookings", operation_id = "join",
    params(("id" = String, Path, description = "The booking")),
    responses(
        (status = 200, description = "The meeting", body = Success<Joined>),
        (status = 403, description = "`JOIN_CLOSED` with `details.opens_at`", body = super::wire::Failure),
        (status = 409, description = "`INVALID_STATE`: the booking is not confirmed, or its meeting is missing", body = super::wire::Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn join(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
) -> ApiResult<Json<Success<Joined>>> {
    let url = lesson::join(&services, &actor, booking_id(&path)?).await?;
    Ok(ok(Joined { url }))
}
