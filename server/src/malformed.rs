//! Failures of server functions as the library tells them, and as they are told here. Arguments that could not
//! be read are a 500 there, or a way back without a word: they are the caller's fault, and told as such. And an
//! error that the page finds in its flash is not written into an address as well.

use app::{
    error::WireError,
    pages::{Visit, i18n::code_sentence},
};
use axum::{
    Json,
    body::{Body, to_bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{Code, Refusal};
use services::AppError;

use crate::api::error::ApiError;

/// How the library's error begins in the query of an address.
const ERROR: &str = "__err=";

/// How the library names the form that failed.
const FORM: &str = "__path=";

/// The largest error that is looked into.
const LARGEST: usize = 64 * 1024;

/// The answer without an error in its address, or 400 in its place where the arguments could not be read.
pub async fn told(visit: &Visit, mut response: Response) -> Response {
    if response.status() == StatusCode::FOUND {
        if sent_back_unheard(&response) {
            return page();
        }
        clean_place(&mut response);
        return response;
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
    let left = response.headers().get_all(header::SET_COOKIE).iter();
    let left = left.filter_map(|value| value.to_str().ok()).any(|cookie| cookie.starts_with("flash="));
    place(response).contains(ERROR) && !left
}

/// Where the answer leads.
fn place(response: &Response) -> &str {
    response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Takes the error out of the address to which a browser is sent back.
fn clean_place(response: &mut Response) {
    if let Ok(place) = HeaderValue::from_str(&without_error(place(response))) {
        response.headers_mut().insert(header::LOCATION, place);
    }
}

/// An address without the library's error, and with the name of the last form that failed alone: the library
/// adds to what an earlier failure left there.
fn without_error(address: &str) -> String {
    let Some((path, query)) = address.split_once('?') else { return address.to_owned() };
    let failed = query.split('&').rfind(|pair| pair.starts_with(FORM));
    let rest = query.split('&').filter(|pair| !pair.starts_with(ERROR) && !pair.starts_with(FORM));
    let kept: Vec<_> = rest.chain(failed).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

fn page() -> Response {
    ApiError::from(AppError::from(Refusal::new(Code::InvalidRequest, "malformed"))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_the_error_alone() {
        for (address, clean) in [
            ("/login", "/login"),
            ("/login?__err=e30", "/login"),
            (
                "/login?next=%2Fme&__path=%2Fdo%2Fsign_in&__err=e30%3D",
                "/login?next=%2Fme&__path=%2Fdo%2Fsign_in",
            ),
            ("/login?__path=%2Fdo%2Fa&q=1&__path=%2Fdo%2Fb&__err=e30", "/login?q=1&__path=%2Fdo%2Fb"),
            ("https://a.test/x?__err=1&q=__err&__err=2", "https://a.test/x?q=__err"),
        ] {
            assert_eq!(without_error(address), clean);
        }
    }
}
