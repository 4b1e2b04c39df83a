//! The form with which a tutor sends a photo: `multipart/form-data`, with and without JavaScript.

use std::collections::BTreeMap;

use app::{
    error::WireError,
    pages::{
        console::own_tutor,
        flash::{self, Flash},
    },
};
use axum::{
    Json, RequestExt as _,
    extract::{Multipart, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{Code, Refusal};
use services::{AppError, Result, tutor};

use crate::router::{AppState, visit};

/// The address of the form.
pub const ACTION: &str = "/do/upload_photo";

/// The page to which the browser is sent.
const PAGE: &str = "/tutor/profile";

/// Keeps the photo and sends the browser back to the profile.
pub async fn upload(State(state): State<AppState>, request: Request) -> Response {
    let visit = visit(&state, &request);
    let page_follows = wants_page(&request);
    let keeping = async {
        let actor = visit.actor()?;
        let id = own_tutor(actor)?;
        let photo = photo(request).await?;
        tutor::set_photo(&visit.services, actor, id, &photo).await
    };
    match keeping.await {
        Ok(_) => kept(page_follows, &format!("{PAGE}?saved=1")),
        Err(error) => refused(visit.wire(&error), page_follows, PAGE, ACTION, BTreeMap::new()),
    }
}

/// The bytes of the field `photo`.
async fn photo(request: Request) -> Result<Vec<u8>> {
    let refusal = || AppError::from(Refusal::on(Code::InvalidRequest, "photo", "photo"));
    let mut form: Multipart = request.extract().await.map_err(|_| refusal())?;
    while let Some(field) = form.next_field().await.map_err(|_| refusal())? {
        if field.name() == Some("photo") {
            return Ok(field.bytes().await.map_err(|_| refusal())?.to_vec());
        }
    }
    Err(refusal())
}

/// Whether a browser posted the form itself.
pub(crate) fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Sends the browser, or the script of the form, to a page.
pub(crate) fn kept(page_follows: bool, page: &str) -> Response {
    let place = [(header::LOCATION, page.to_owned())];
    let status = if page_follows { StatusCode::SEE_OTHER } else { StatusCode::OK };
    (status, place).into_response()
}

/// Tells the script of the form what was wrong, or sends the browser back to the page, which then says it and has what
/// was typed.
pub(crate) fn refused(
    error: WireError,
    page_follows: bool,
    page: &str,
    action: &str,
    typed: BTreeMap<String, String>,
) -> Response {
    if !page_follows {
        let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let wait = error.retry_after().map(|seconds| [(header::RETRY_AFTER, HeaderValue::from(seconds))]);
        return (status, wait.map(HeaderMap::from_iter).unwrap_or_default(), Json(error)).into_response();
    }
    let mut headers = HeaderMap::new();
    let back = format!("{page}?__path={action}");
    let flash = Flash { action: action.to_owned(), error: Some(error), kept: typed };
    let cookie = flash::cookie_of(flash);
    let pairs = [(header::LOCATION, Some(back)), (header::SET_COOKIE, cookie)];
    for (name, value) in pairs {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    (StatusCode::SEE_OTHER, headers).into_response()
}
