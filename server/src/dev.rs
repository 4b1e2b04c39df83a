//! Addresses of development: the clock, what is due, mails, a fresh start. Production has none of them.

mod mail;

use axum::{
    Json, Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use services::{Services, reset};

use crate::{
    api::{
        error::{ApiError, ApiResult},
        extract::{ApiJson, Body},
        parse,
        wire::{Success, ok},
    },
    router::AppState,
    run::{self, Ticked},
    sandbox,
};

/// The addresses; they answer 404 outside of development.
pub fn router(services: &Services) -> Router<AppState> {
    Router::new()
        .route("/dev/clock", routing::put(set_clock).get(clock))
        .route("/dev/tick", routing::post(tick))
        .route("/dev/reset", routing::post(start_over))
        .route("/dev/mail", routing::get(mail::list))
        .route_layer(middleware::from_fn_with_state(services.clone(), development_only))
}

async fn development_only(State(services): State<Services>, request: Request, next: Next) -> Response {
    if services.config.is_development() {
        next.run(request).await
    } else {
        ApiError::not_found().into_response()
    }
}

/// What the clock is set to: an instant, or `null` for real time. It must be said.
#[derive(Deserialize)]
struct SetClock {
    #[serde(deserialize_with = "said")]
    now: Option<String>,
}

impl Body for SetClock {}

/// An option that must be present, if only as `null`.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

#[derive(Serialize)]
struct ClockView {
    now: DateTime<Utc>,
}

async fn clock(State(services): State<Services>) -> Json<Success<ClockView>> {
    ok(ClockView { now: services.clock.now() })
}

/// Sets the clock of all servers on the database; it then stands still.
async fn set_clock(
    State(services): State<Services>,
    ApiJson(body): ApiJson<SetClock>,
) -> ApiResult<Json<Success<ClockView>>> {
    let now = body.now.as_deref().map(|text| parse::instant(text, "now")).transpose()?;
    services.clock.set(&services.db, now).await?;
    sandbox::follow_clock(&services).await;
    Ok(ok(ClockView { now: services.clock.now() }))
}

/// Does everything that is due now, and says how much it was.
async fn tick(State(services): State<Services>) -> ApiResult<Json<Success<Ticked>>> {
    Ok(ok(run::tick(&services).await?))
}

#[derive(Serialize)]
struct Reset {
    demonstration: bool,
}

/// Empties the database and gives real time back; a demonstration that was there is there again.
async fn start_over(State(services): State<Services>) -> ApiResult<Json<Success<Reset>>> {
    // First of all, though a fresh start does so too: whoever renews a lease would tell the sandbox the old time.
    services.clock.set(&services.db, None).await?;
    sandbox::reset(&services).await;
    Ok(ok(Reset { demonstration: reset::start_over(&services).await? }))
}
