//! Calendar files: one's own lessons at a secret address, and one lesson to take along.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::Code;
use services::{AppError, Services, calendar};

use crate::{
    api::{
        error::{ApiError, ApiResult},
        extract::ApiPath,
    },
    auth::{self, Caller},
    site::matches,
};

const TYPE: (header::HeaderName, HeaderValue) =
    (header::CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8"));

/// `/calendar/{secret}.ics`: the secret is the credential. It is written into no log: a failure names the request by its
/// id only.
pub async fn feed(
    State(services): State<Services>,
    path: ApiPath,
    headers: HeaderMap,
) -> ApiResult<Response> {
    services.clock.follow(&services.db).await?;
    let secret = path.text("file")?.strip_suffix(".ics").ok_or_else(ApiError::not_found)?;
    let feed = calendar::feed(&services, secret).await?;
    let tag = HeaderValue::from_str(&feed.etag).map_err(AppError::fault)?;
    let known = headers.get_all(header::IF_NONE_MATCH).iter().any(|tags| matches(tags, &tag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([TYPE, file_name("lectern.ics")], feed.text).into_response()
    };
    let kept = [
        (header::ETAG, tag),
        // Nobody's cache but the calendar's own, and that asks again after five minutes.
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300")),
        (header::HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
    ];
    response.headers_mut().extend(kept);
    Ok(response)
}

/// `/lessons/{id}/calendar.ics`: one lesson, for its two parties.
pub async fn file(
    State(services): State<Services>,
    caller: Caller,
    path: ApiPath,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let actor = caller.actor.ok_or_else(ApiError::unauthenticated)?;
    let booking = path.id(Code::BookingNotFound, "booking_not_found")?;
    let language = auth::language(&headers, Some(&actor));
    let text = calendar::file(&services, &actor, booking, language).await?;
    Ok(([TYPE, file_name("lesson.ics")], text).into_response())
}

fn file_name(name: &str) -> (header::HeaderName, HeaderValue) {
    let value = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    (header::CONTENT_DISPOSITION, value.unwrap_or(HeaderValue::from_static("attachment")))
}
