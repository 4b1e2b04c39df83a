//! Whether the server lives, whether it can serve, and whether what must never happen has happened.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;
use services::{Services, db, invariants};

use crate::{api::error::ApiResult, router::AppState};

/// `/healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `/readyz`: not told to stop, the database answers, and its schema is this binary's.
pub async fn ready(State(state): State<AppState>) -> Response {
    let stopping = *state.stopping.borrow();
    let migrated = match db::is_migrated(&state.services.db).await {
        Ok(migrated) => Some(migrated),
        Err(error) => {
            tracing::warn!(%error, "readiness");
            None
        }
    };
    let ready = !stopping && migrated == Some(true);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let told = json!({
        "ready": ready,
        "accepting": !stopping,
        "database": migrated.is_some(),
        "migrated": migrated.unwrap_or_default(),
    });
    (status, Json(told)).into_response()
}

/// `/status/invariants`: violations by kind, all 0 on a healthy system.
pub async fn invariants(State(services): State<Services>) -> ApiResult<Json<invariants::Violations>> {
    Ok(Json(invariants::count(&services).await?))
}
