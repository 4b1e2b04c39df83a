//! How often an address may call the API without a credential.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use services::{AppError, Services, limit};

use super::error::{ApiError, ApiResult};
use crate::auth::Caller;

/// Anonymous calls of one address in an hour.
const ANONYMOUS_PER_HOUR: i32 = 100;

/// Counts anonymous calls of the API. Where counting fails, calls that sign in fail with it; others go on.
pub async fn anonymous(State(services): State<Services>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>();
    let ip = caller.and_then(|caller| caller.ip);
    let signed_in = caller.is_some_and(|caller| caller.actor.is_some());
    let path = request.uri().path();
    let signs_in = path.starts_with("/api/v2/auth/");
    if signed_in || !path.starts_with("/api/") || is_document(path) {
        return next.run(request).await;
    }
    match count(&services, ip).await {
        Ok(()) => next.run(request).await,
        Err(error @ AppError::Fault(_)) if !signs_in => {
            tracing::error!(?error, "the limiter failed; the call goes on");
            next.run(request).await
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Counts a call whose credential does not hold.
///
/// # Errors
/// `RATE_LIMITED`, or where it cannot be counted.
pub async fn failed_credential(services: &Services, ip: Option<IpAddr>) -> ApiResult<()> {
    Ok(count(services, ip).await?)
}

async fn count(services: &Services, ip: Option<IpAddr>) -> services::Result<()> {
    if !services.config.web.rate_limits {
        return Ok(());
    }
    let address = ip.map(|ip| ip.to_string()).unwrap_or_default();
    limit::count(services, &format!("api:{address}"), ANONYMOUS_PER_HOUR).await
}

/// The description of the API is read, not called.
fn is_document(path: &str) -> bool {
    matches!(path, "/api/docs" | "/api/docs.css" | "/api/v2/openapi.json")
}
