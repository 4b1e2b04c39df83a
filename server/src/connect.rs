//! `/connect/google`: to Google's page that asks for permission, and back. Plain addresses, because our pages' forms may
//! not lead to other sites.

use app::pages::{
    console::own_tutor,
    flash::{self, Flash},
};
use axum::{
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use services::{Result, Services, diary, oauth::Reply};

use crate::{
    auth,
    router::{AppState, visit},
};

/// What the page of settings knows the way by.
const ACTION: &str = "/do/connect_google";

/// Where accounts are listed.
const PAGE: &str = "/tutor/settings";

/// Keeps the question until the browser comes back: for this way only, as long as a person may take to answer.
const COOKIE: &str = "oauth_google";
const SECONDS: i64 = 600;

/// Sends a tutor to Google.
pub async fn ask(State(state): State<AppState>, request: Request) -> Response {
    let visit = visit(&state, &request);
    let asking = async {
        let actor = visit.actor()?;
        diary::begin_google(&visit.services, actor, own_tutor(actor)?).await
    };
    match asking.await {
        Ok(asked) => {
            let kept = cookie(&visit.services, &asked.kept, SECONDS);
            to(asked.url.as_str(), &[Some(kept)])
        }
        Err(error) => refused(Flash { error: Some(visit.wire(&error)), ..Flash::default() }, None),
    }
}

/// Takes what Google sends a tutor back with.
pub async fn take(
    State(state): State<AppState>,
    reply: Result<Query<Reply>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Response {
    let visit = visit(&state, &request);
    let kept = auth::cookie(request.headers(), COOKIE);
    let reply = reply.map(|Query(reply)| reply).unwrap_or_default();
    let taking = async {
        let actor = visit.actor()?;
        diary::finish_google(&visit.services, actor, own_tutor(actor)?, kept.as_deref(), &reply).await
    };
    let done = cookie(&visit.services, "", 0);
    match taking.await {
        Ok(()) => to(&format!("{PAGE}?saved=1#accounts"), &[Some(done)]),
        Err(error) => refused(Flash { error: Some(visit.wire(&error)), ..Flash::default() }, Some(done)),
    }
}

fn cookie(services: &Services, value: &str, seconds: i64) -> String {
    let secure = if services.config.is_development() { "" } else { "; Secure" };
    format!("{COOKIE}={value}; Path=/connect/google; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// Sends the browser back to the page, which says what was wrong.
fn refused(flash: Flash, done: Option<String>) -> Response {
    let flash = flash::cookie_of(Flash { action: ACTION.to_owned(), ..flash });
    to(&format!("{PAGE}?__path={ACTION}"), &[flash, done])
}

fn to(place: &str, cookies: &[Option<String>]) -> Response {
    let mut headers = HeaderMap::new();
    let places = [(header::LOCATION, place)].into_iter();
    let cookies = cookies.iter().flatten().map(|cookie| (header::SET_COOKIE, cookie.as_str()));
    for (name, value) in places.chain(cookies) {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(name, value);
        }
    }
    (StatusCode::SEE_OTHER, headers).into_response()
}
