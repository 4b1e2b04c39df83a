//! `/api/v2/holds` and `/api/v2/bookings`.

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use domain::{
    Code,
    booking::{Booking, BookingRequest, BookingState, Note},
    ids::{BookingId, HoldId, OfferingId, TutorId},
    lesson::join_window,
    review::{Feedback, Rating},
};
use serde::{Deserialize, Serialize};
use services::{
    Services,
    booking::{self, HoldRequest, ListQuery},
    lesson, review,
};
use utoipa::{IntoParams, ToSchema};

use super::{
    error::{ApiError, ApiResult},
    extract::{ApiJson, ApiPath, ApiQuery, Body, OptionalJson, SignedIn},
    parse,
    wire::{Listing, Pagination, Success, created, ok},
};
use crate::{metrics::Metrics, router::AppState};

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
    fn new(services: &Services, booking: Booking) -> Self {
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
fn booking_id(path: &ApiPath) -> ApiResult<BookingId> {
    path.id(Code::BookingNotFound, "booking_not_found")
}

fn tutor(text: &str) -> ApiResult<TutorId> {
    text.parse().map_err(|_| ApiError::coded(Code::ProfileNotFound, "profile_not_found", "tutor_id"))
}

fn offering(text: Option<&str>) -> ApiResult<Option<OfferingId>> {
    let unknown = |_| ApiError::coded(Code::NotFound, "offering_not_found", "offering_id");
    text.map(str::parse).transpose().map_err(unknown)
}

/// A duration that is no whole number of minutes is not offered.
fn duration_code(field: &str) -> Code {
    if field == "duration" { Code::InvalidDuration } else { Code::InvalidRequest }
}

/// A slot to reserve.
#[derive(Deserialize, ToSchema)]
pub struct HoldBody {
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
}

impl Body for HoldBody {
    fn code(field: &str) -> Code {
        duration_code(field)
    }
}

/// A reserved slot.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldView {
    /// Opaque.
    id: String,
    /// When it lapses.
    expires_at: DateTime<Utc>,
}

/// Reserve a slot for ten minutes. A student's new hold with the same tutor replaces the former one.
#[utoipa::path(post, path = "/api/v2/holds", tag = "bookings", operation_id = "hold",
    request_body = HoldBody,
    responses(
        (status = 201, description = "The hold", body = Success<HoldView>),
        (status = 409, description = "`BOOKING_CONFLICT` with `details.slots`, or the tutor cannot be booked", body = super::wire::Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn hold(
    State(services): State<Services>,
    State(metrics): State<Metrics>,
    SignedIn(actor): SignedIn,
    ApiJson(body): ApiJson<HoldBody>,
) -> ApiResult<Response> {
    let request = HoldRequest {
        tutor: tutor(&body.tutor_id)?,
        offering: offering(body.offering_id.as_deref())?,
        start: parse::start(&body.start)?,
        duration: body.duration,
    };
    let hold = booking::hold(&services, &actor, &request).await.map_err(|error| metrics.refused(error))?;
    Ok(created(HoldView { id: hold.id.to_string(), expires_at: hold.expires_at }))
}

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
    /// The payment provider's id of a payment method. Accepted and not used until lessons are charged.
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
        if self.payment_method.is_some_and(|method| method.is_empty() || method.len() > 255) {
            return Err(ApiError::invalid("payment_method", "payment_method"));
        }
        Ok(BookingRequest {
            tutor: tutor(&self.tutor_id)?,
            offering: offering(self.offering_id.as_deref())?,
            start: parse::start(&self.start)?,
            duration: self.duration,
            hold: self.hold_id.as_deref().map(hold_id).transpose()?,
            note: self.note.as_deref().map(Note::parse).transpose()?.flatten(),
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

/// Call a booking off: the student until the notice before the start, the tutor until the start.
#[utoipa::path(delete, path = "/api/v2/bookings/{id}", tag = "bookings", operation_id = "cancel",
    params(("id" = String, Path, description = "The booking")),
    request_body(content = Option<ReasonBody>),
    responses(
        (status = 200, description = "The booking", body = Success<BookingView>),
        (status = 409, description = "`INVALID_STATE`", body = super::wire::Failure),
    ),
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
    responses(
        (status = 200, description = "The booking", body = Success<BookingView>),
        (status = 409, description = "`INVALID_STATE`", body = super::wire::Failure),
    ),
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
    responses(
        (status = 200, description = "The booking", body = Success<BookingView>),
        (status = 409, description = "`INVALID_STATE`", body = super::wire::Failure),
    ),
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
    responses(
        (status = 200, description = "The booking", body = Success<BookingView>),
        (status = 409, description = "`INVALID_STATE`", body = super::wire::Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn complete(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
) -> ApiResult<Json<Success<BookingView>>> {
    let booking = booking::complete(&services, &actor, booking_id(&path)?).await?;
    Ok(ok(BookingView::new(&services, booking)))
}

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
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn join(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
) -> ApiResult<Response> {
    let url = lesson::join(&services, &actor, booking_id(&path)?).await?;
    Ok(ok(Joined { url }).into_response())
}

impl axum::extract::FromRef<AppState> for Metrics {
    fn from_ref(state: &AppState) -> Self {
        state.metrics.clone()
    }
}
