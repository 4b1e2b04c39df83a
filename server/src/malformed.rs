//! Arguments of a server function that could not be read. The library answers 500, or sends a browser back
//! without a word; it is the caller's fault, and is told as such.

use app::{
    error::WireError,
    pages::{Visit, i18n::code_sentence},
};
use axum::{
    Json,
    body::{Body, to_bytes},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{Code, Refusal};
use services::AppError;

use crate::api::error::ApiError;

/// The largest error that is looked into.
const LARGEST: usize = 64 * 1024;

/// The answer, or 400 in its place where the arguments could not be read.
pub async fn told(visit: &Visit, response: Response) -> Response {
    if response.status() == StatusCode::FOUND {
        return if sent_back_unheard(&response) { page() } else { response };
    }
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        return ApiError::from(AppError::fault("an error without a body")).into_response();
    };
    match serde_json::from_slice::<WireError>(&bytes) {
        Ok(error) if error.code == Code::InvalidRequest => {
            let message = code_sentence(visit.locale(), Code::InvalidRequest);
            let request_id = Some(visit.request_id.clone());
            (StatusCode::BAD_REQUEST, Json(WireError { message, request_id, ..error })).into_response()
        }
        _ => Response::from_parts(parts, Body::from(bytes)),
    }
}

/// A browser that posted a form is sent back with an error that no use case left for its page.
fn sent_back_unheard(response: &Response) -> bool {
    let headers = response.headers();
    let place = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let left = headers.get_all(header::SET_COOKIE).iter();
    let left = left.filter_map(|value| value.to_str().ok()).any(|cookie| cookie.starts_with("flash="));
    place.contains("__err=") && !left
}

fn page() -> Response {
    ApiError::from(AppError::from(Refusal::new(Code::InvalidRequest, "malformed"))).into_response()
}
