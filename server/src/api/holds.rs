//! `/api/v2/holds`.

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use domain::Code;
use serde::{Deserialize, Serialize};
use services::{
    Services,
    booking::{self, HoldRequest},
};
use utoipa::ToSchema;

use super::{
    booking_view::{duration_code, offering, tutor},
    error::ApiResult,
    extract::{ApiJson, Body, SignedIn},
    parse,
    wire::{Success, created},
};
use crate::metrics::Metrics;

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
