//! Addresses that other programs call: the payment provider, Zoom, an outside scheduler, people's calendars.

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing,
};
use domain::{Code, Refusal};
use serde::Serialize;
use serde_json::json;
use services::{
    Services, busy, jobs, payment, sweep,
    video::{self, Heard},
};

use crate::{
    api::{
        error::{ApiError, ApiResult},
        wire::{Success, ok},
    },
    calendar,
    metrics::Metrics,
    router::AppState,
    unsubscribe,
};

/// `POST /api/stripe/webhook`: the raw body is verified before anything is read of it.
pub async fn stripe(
    State(services): State<Services>,
    State(metrics): State<Metrics>,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<Json<Success<Received>>> {
    services.clock.follow(&services.db).await?;
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let received = payment::receive(&services, signature, &body).await;
    received.inspect_err(|error| {
        tracing::warn!(%error, "a message to the payment webhook was refused");
        metrics.refused_webhook();
    })?;
    Ok(ok(Received { received: true }))
}

/// `POST /api/zoom/webhook`: the raw body is verified before anything is read of it. Zoom wants its challenge answered
/// in a form of its own.
pub async fn zoom(
    State(services): State<Services>,
    State(metrics): State<Metrics>,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<Response> {
    services.clock.follow(&services.db).await?;
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let heard =
        video::receive(&services, said("x-zm-request-timestamp"), said("x-zm-signature"), &body).await;
    let heard = heard.inspect_err(|error| {
        tracing::warn!(%error, "a message to Zoom's webhook was refused");
        metrics.refused_video_webhook();
    })?;
    Ok(match heard {
        Heard::Taken => ok(Received { received: true }).into_response(),
        Heard::Challenge { plain_token, encrypted_token } => {
            Json(json!({ "plainToken": plain_token, "encryptedToken": encrypted_token })).into_response()
        }
    })
}

/// `POST /api/google/calendar`: Google says that a calendar changed. The first message of a channel says only that it
/// is open.
pub async fn google_calendar(State(services): State<Services>, headers: HeaderMap) -> ApiResult<StatusCode> {
    services.clock.follow(&services.db).await?;
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if said("x-goog-resource-state") != "sync" {
        let channel = said("x-goog-channel-id").parse();
        let channel = channel.map_err(|_| Refusal::new(Code::NotFound, "not_found"))?;
        busy::told(&services, channel, said("x-goog-channel-token")).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// That a message was taken.
#[derive(Debug, Serialize)]
pub struct Received {
    received: bool,
}

/// What a run of the scheduler did.
#[derive(Debug, Serialize)]
pub struct Processed {
    /// Lessons that got their outcome or came to their charge.
    processed: u64,
    /// Of them, those that were paid.
    charged: i64,
    /// Of them, those that were declined.
    failed: i64,
}

/// `GET` and `POST /api/cron/process-charges`: does what is due, for schedulers outside. The one GET that acts.
pub async fn process_charges(
    State(services): State<Services>,
    headers: HeaderMap,
) -> ApiResult<Json<Success<Processed>>> {
    let text = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = text.strip_prefix("Bearer ").unwrap_or_default();
    if !payment::is_cron_secret(&services, token) {
        return Err(ApiError::from(Refusal::new(Code::InvalidToken, "credentials")));
    }
    services.clock.follow(&services.db).await?;
    let swept = sweep::run(&services).await?;
    let due = jobs::hand_out(&services).await?.charges;
    jobs::drain(&services).await?;
    let totals = payment::totals(&services, &due).await?;
    let processed = swept.lessons_settled.max(due.len() as u64);
    Ok(ok(Processed { processed, charged: totals.paid, failed: totals.declined }))
}

/// These addresses have credentials of their own: they are outside of what identifies people, keeps strangers' forms
/// out and counts anonymous calls.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/stripe/webhook", routing::post(stripe))
        .route("/api/zoom/webhook", routing::post(zoom))
        .route("/api/google/calendar", routing::post(google_calendar))
        .route("/unsubscribe/{token}", routing::get(unsubscribe::ask).post(unsubscribe::end))
        .route("/calendar/{file}", routing::get(calendar::feed))
        .route("/api/cron/process-charges", routing::get(process_charges).post(process_charges))
}
