//! The HTTP API: one file for each resource, one envelope for all.

use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing,
};
use domain::Refusal;
use serde_json::json;

use crate::{auth::Caller, router::AppState};

/// Every address of the API.
pub fn router() -> Router<AppState> {
    Router::new().route("/healthz", routing::get(|| async { "ok" }))
}

/// The OpenAPI document.
///
/// # Errors
/// Where it cannot be serialized.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&json!({ "openapi": "3.1.0" }))
}

/// Answers with a refusal in the API's envelope.
pub fn refuse(refusal: &Refusal, caller: Option<&Caller>) -> Response {
    let status = StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let sentence = app::pages::i18n::sentence(app::pages::i18n::Locale::en, refusal);
    let error = json!({
        "code": refusal.code.name(),
        "message": sentence,
        "details": { "field": refusal.field },
        "request_id": caller.map(|caller| caller.request_id.clone()),
    });
    (status, Json(json!({ "status": "error", "error": error }))).into_response()
}
