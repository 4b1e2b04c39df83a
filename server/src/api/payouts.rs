//! `/api/v2/tutors/{id}/payouts`: what was paid out to a tutor, and what it was made of.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use services::{
    Services,
    payout::{self, PayoutLine, PayoutView},
};
use utoipa::ToSchema;

use super::{
    error::ApiResult,
    extract::{ApiPath, ApiQuery, SignedIn, Visitor},
    parse,
    stats::PageQuery,
    tutors::tutor_id,
    wire::{Listing, listing},
};

/// A payout to a tutor.
#[derive(Debug, Serialize, ToSchema)]
pub struct Payout {
    /// Opaque.
    id: String,
    /// What was sent, minor units.
    #[schema(example = 3350)]
    amount: i64,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: &'static str,
    /// `pending` until the payment provider has answered, then `paid` or `failed`; the lines of one that failed come
    /// again in a later one.
    #[schema(example = "paid")]
    status: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was sent; `null` until then, and where it failed.
    paid_at: Option<DateTime<Utc>>,
    /// The payment provider's word for why it failed.
    failure: Option<String>,
    /// What it is made of: they sum to the amount.
    lines: Vec<Line>,
}

/// A line of a payout.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutLine)]
pub struct Line {
    /// The booking that it is of.
    booking_id: String,
    /// `lesson`: the tutor's part of it. `kept_back`: for a refund that could not be taken back. `given_again`: because
    /// a refund failed.
    #[schema(example = "lesson")]
    kind: &'static str,
    /// Minor units; below zero where it is kept back.
    #[schema(example = 2250)]
    amount: i64,
}

impl From<PayoutView> for Payout {
    fn from(view: PayoutView) -> Self {
        let line = |line: PayoutLine| Line {
            booking_id: line.booking.to_string(),
            kind: line.kind.name(),
            amount: line.amount,
        };
        Payout {
            id: view.id.to_string(),
            amount: view.amount.minor,
            currency: view.amount.currency.code(),
            paid_at: view.finished_at.filter(|_| view.state == "paid"),
            status: view.state,
            created_at: view.created_at,
            failure: view.failure,
            lines: view.lines.into_iter().map(line).collect(),
        }
    }
}

/// The payouts of a tutor, the latest first: for the tutor and for admins.
#[utoipa::path(get, path = "/api/v2/tutors/{id}/payouts", tag = "tutors", operation_id = "payouts",
    params(("id" = String, Path, description = "Id or slug"), PageQuery),
    responses((status = 200, description = "A page of payouts", body = Listing<Payout>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn payouts(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> ApiResult<Json<Listing<Payout>>> {
    let tutor = tutor_id(&services, &Visitor(Some(actor.clone())), &path).await?;
    let (page, page_size) = parse::page(query.page, query.page_size)?;
    Ok(listing(payout::list_payouts(&services, &actor, tutor, page, page_size).await?))
}
