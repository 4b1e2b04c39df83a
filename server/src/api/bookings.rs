//! `/api/v2/bookings`.

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use domain::{
    Code,
    booking::{BookingRequest, BookingState, Note},
    ids::HoldId,
};
use serde::Deserialize;
use services::{
    Services,
    booking::{self, ListQuery},
};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use super::{
    booking_view::{BookingView, booking_id, duration_code, offering, tutor},
    error::{ApiError, ApiResult},
    extract::{ApiJson, ApiPath, ApiQuery, Body, OptionalJson, SignedIn},
    parse,
    wire::{Listing, Pagination, Success, created, ok},
};
use crate::metrics::Metrics;

/// A slot to book.
#[derive(Deserialize, ToSchema)]
pub struct BookingBody {
    /// The tutor's id.
    tutor_id: String,
    /// The offering; without it the tutor's first that has the duration.
    offering_id: Option<String>,
    /// A start from the tutor's availability, RFC 3339.
    #[schema(example = "2026-12-01T14:00:00Z")]
    start: String,
    /// Minutes.
    #[schema(example = 60)]
    duration: i64,
    /// The student's hold on the slot.
    hold_id: Option<String>,
    /// The payment provider's id of a card, which is saved. Sending it is consent to charge it at the end of the
    /// lesson. Without one, the default of the saved cards is charged; a free lesson leaves it alone.
    #[schema(example = "pm_1234")]
    payment_method: Option<String>,
    /// Words to the tutor, at most 1000 characters.
    note: Option<String>,
    /// Someone without an account; needs a widget's key.
    guest: Option<GuestBody>,
}

impl Body for BookingBody {
    fn code(field: &str) -> Code {
        duration_code(field)
    }
}

/// Someone without an account.
#[derive(Deserialize, ToSchema)]
pub struct GuestBody {
    /// The name.
    #[expect(dead_code, reason = "read once widgets have keys")]
    name: String,
    /// The address.
    #[expect(dead_code, reason = "read once widgets have keys")]
    email: String,
}

impl BookingBody {
    fn parse(self) -> ApiResult<BookingRequest> {
        if self.guest.is_some() {
            // Only a widget's key lets a guest book, and a user's credential is none.
            return Err(ApiError::coded(Code::InvalidToken, "guest", "guest"));
        }
        if self.payment_method.as_ref().is_some_and(|method| method.is_empty() || method.len() > 255) {
            return Err(ApiError::invalid("payment_method", "payment_method"));
        }
        Ok(BookingRequest {
            tutor: tutor(&self.tutor_id)?,
            offering: offering(self.offering_id.as_deref())?,
            start: parse::start(&self.start)?,
            duration: self.duration,
            hold: self.hold_id.as_deref().map(hold_id).transpose()?,
            note: self.note.as_deref().map(Note::parse).transpose()?.flatten(),
            card: self.payment_method,
        })
    }
}

fn hold_id(text: &str) -> ApiResult<HoldId> {
    text.parse().map_err(|_| ApiError::coded(Code::NotFound, "not_found", "hold_id"))
}

/// The key under which a repeated request gives the same booking: 1 to 255 visible ASCII characters.
fn idempotency_key(headers: &HeaderMap) -> ApiResult<Option<&str>> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let plain = |key: &&str| (1..=255).contains(&key.len());
    match value.to_str().map(str::trim).ok().filter(plain) {
        Some(key) => Ok(Some(key)),
        None => Err(ApiError::invalid("idempotency_key", "Idempotency-Key")),
    }
}

/// Book a slot: confirmed at once, or requested where the tutor asks to confirm. With an `Idempotency-Key`
/// the same request within 24 hours gives the same booking.
#[utoipa::path(post, path = "/api/v2/bookings", tag = "bookings", operation_id = "book",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; 24 hours")),
    request_body = BookingBody,
    responses(
        (status = 201, description = "The booking", body = Success<BookingView>),
        (status = 409, description = "`BOOKING_CONFLICT` with `details.slots`, `IDEMPOTENCY_MISMATCH`, or the tutor cannot be booked", body = super::wire::Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn place(
    State(services): State<Services>,
    State(metrics): State<Metrics>,
    SignedIn(actor): SignedIn,
    headers: HeaderMap,
    ApiJson(body): ApiJson<BookingBody>,
) -> ApiResult<Response> {
    let key = idempotency_key(&headers)?;
    let request = body.parse()?;
    let placed = booking::place(&services, &actor, &request, key).await;
    let booking = placed.map_err(|error| metrics.refused(error))?;
    metrics.booked();
    Ok(created(BookingView::new(&services, booking)))
}

/// Which bookings.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BookingsQuery {
    /// Only these states, separated by commas.
    #[param(example = "confirmed,requested")]
    status: Option<String>,
    /// `true`: those that end after now, soonest first; `false`: the others, latest first.
    upcoming: Option<bool>,
    /// From 1.
    page: Option<i64>,
    /// 1 to 100, default 20.
    page_size: Option<i64>,
}

/// One's own bookings, as student or as tutor.
#[utoipa::path(get, path = "/api/v2/bookings", tag = "bookings", operation_id = "bookings", params(BookingsQuery),
    responses((status = 200, description = "A page of bookings", body = Listing<BookingView>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn list(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    ApiQuery(query): ApiQuery<BookingsQuery>,
) -> ApiResult<Json<Listing<BookingView>>> {
    let (page, page_size) = parse::page(query.page, query.page_size)?;
    let states = query.status.as_deref().unwrap_or_default().split(',').map(str::trim);
    let states = states.filter(|state| !state.is_empty()).map(BookingState::parse);
    let query =
        ListQuery { states: states.collect::<Result<_, _>>()?, upcoming: query.upcoming, page, page_size };
    let found = booking::list(&services, &actor, &query).await?;
    let pagination = Pagination { page: found.page, page_size: found.page_size, total: found.total };
    let data = found.rows.into_iter().map(|booking| BookingView::new(&services, booking)).collect();
    Ok(Json(Listing { status: "success", data, pagination }))
}

/// One of one's own bookings.
#[utoipa::path(get, path = "/api/v2/bookings/{id}", tag = "bookings", operation_id = "booking",
    params(("id" = String, Path, description = "The booking")),
    responses((status = 200, description = "The booking", body = Success<BookingView>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn find(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
) -> ApiResult<Json<Success<BookingView>>> {
    let booking = booking::find(&services, &actor, booking_id(&path)?).await?;
    Ok(ok(BookingView::new(&services, booking)))
}

/// Why.
#[derive(Default, Deserialize, ToSchema)]
pub struct ReasonBody {
    /// At most 500 characters.
    #[schema(example = "I am ill")]
    reason: Option<String>,
}

impl Body for ReasonBody {}

/// The answers of what changes a booking's state.
#[derive(IntoResponses)]
#[expect(dead_code, clippy::large_enum_variant, reason = "it only describes answers")]
enum Changed {
    /// The booking
    #[response(status = 200)]
    Booking(Success<BookingView>),
    /// `INVALID_STATE`
    #[response(status = 409)]
    Refused(super::wire::Failure),
}

/// Call a booking off: the student until the notice before the start, the tutor until the start.
#[utoipa::path(delete, path = "/api/v2/bookings/{id}", tag = "bookings", operation_id = "cancel",
    params(("id" = String, Path, description = "The booking")),
    request_body(content = Option<ReasonBody>),
    responses(Changed),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn cancel(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    OptionalJson(body): OptionalJson<ReasonBody>,
) -> ApiResult<Json<Success<BookingView>>> {
    let (id, reason) = (booking_id(&path)?, parse::reason(body.reason)?);
    let booking = booking::cancel(&services, &actor, id, reason.as_deref()).await?;
    Ok(ok(BookingView::new(&services, booking)))
}

/// Another slot.
#[derive(Deserialize, ToSchema)]
pub struct RescheduleBody {
    /// A start from the tutor's availability, RFC 3339.
    #[schema(example = "2026-12-02T14:00:00Z")]
    start: String,
    /// Minutes; without it as before.
    #[schema(example = 60)]
    duration: Option<i64>,
}

impl Body for RescheduleBody {
    fn code(field: &str) -> Code {
        duration_code(field)
    }
}

/// Move a booking to another slot in one swap: the same id, a new meeting link, the old one answers 410.
#[utoipa::path(patch, path = "/api/v2/bookings/{id}/reschedule", tag = "bookings", operation_id = "reschedule",
    params(("id" = String, Path, description = "The booking")),
    request_body = RescheduleBody,
    responses(
        (status = 200, description = "The booking", body = Success<BookingView>),
        (status = 409, description = "`BOOKING_CONFLICT` with `details.slots`, or `INVALID_STATE`", body = super::wire::Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn reschedule(
    State(services): State<Services>,
    State(metrics): State<Metrics>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<RescheduleBody>,
) -> ApiResult<Json<Success<BookingView>>> {
    let (id, start) = (booking_id(&path)?, parse::start(&body.start)?);
    let moved = booking::reschedule(&services, &actor, id, start, body.duration).await;
    let booking = moved.map_err(|error| metrics.refused(error))?;
    Ok(ok(BookingView::new(&services, booking)))
}

/// The tutor says yes to a request.
#[utoipa::path(post, path = "/api/v2/bookings/{id}/confirm", tag = "bookings", operation_id = "confirm",
    params(("id" = String, Path, description = "The booking")),
    responses(Changed),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn confirm(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
) -> ApiResult<Json<Success<BookingView>>> {
    let booking = booking::confirm(&services, &actor, booking_id(&path)?).await?;
    Ok(ok(BookingView::new(&services, booking)))
}

/// The tutor says no to a request.
#[utoipa::path(post, path = "/api/v2/bookings/{id}/decline", tag = "bookings", operation_id = "decline",
    params(("id" = String, Path, description = "The booking")),
    request_body(content = Option<ReasonBody>),
    responses(Changed),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn decline(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    OptionalJson(body): OptionalJson<ReasonBody>,
) -> ApiResult<Json<Success<BookingView>>> {
    let (id, reason) = (booking_id(&path)?, parse::reason(body.reason)?);
    let booking = booking::decline(&services, &actor, id, reason.as_deref()).await?;
    Ok(ok(BookingView::new(&services, booking)))
}

/// The tutor ends the lesson, from its start on.
#[utoipa::path(post, path = "/api/v2/bookings/{id}/complete", tag = "bookings", operation_id = "complete",
    params(("id" = String, Path, description = "The booking")),
    responses(Changed),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn complete(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
) -> ApiResult<Json<Success<BookingView>>> {
    let booking = booking::complete(&services, &actor, booking_id(&path)?).await?;
    Ok(ok(BookingView::new(&services, booking)))
}
