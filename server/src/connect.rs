//! `/connect/…`: to the page of a provider that asks for permission, and back. Plain addresses, because our pages' forms
//! may not lead to other sites.

use app::pages::{
    console::own_tutor,
    flash::{self, Flash},
};
use axum::{
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use services::{
    Actor, Result, Services, diary,
    oauth::{Asked, Reply},
    video::{self, Kind},
};

use crate::{
    auth,
    router::{AppState, visit},
};

/// Where accounts are listed.
const PAGE: &str = "/tutor/settings";

/// Keeps the question until the browser comes back: for this way only, as long as a person may take to answer.
const COOKIE: &str = "oauth";
const SECONDS: i64 = 600;

/// What an account is connected for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Calendars at Google.
    Calendars,
    /// Meetings.
    Video(Kind),
}

impl Purpose {
    const ALL: [Purpose; 3] =
        [Purpose::Calendars, Purpose::Video(Kind::Zoom), Purpose::Video(Kind::GoogleMeet)];

    /// The address below `/connect`.
    const fn name(self) -> &'static str {
        match self {
            Purpose::Calendars => "google",
            Purpose::Video(Kind::Zoom) => "zoom",
            Purpose::Video(Kind::GoogleMeet) => "google-meet",
        }
    }

    /// Who sends people back: Google does so for both, to one address.
    const fn provider(self) -> &'static str {
        match self {
            Purpose::Calendars | Purpose::Video(Kind::GoogleMeet) => "google",
            Purpose::Video(Kind::Zoom) => "zoom",
        }
    }

    /// What the page of settings knows the way by, and the part of it.
    const fn page(self) -> (&'static str, &'static str) {
        match self {
            Purpose::Calendars => ("/do/connect_google", "accounts"),
            Purpose::Video(_) => ("/do/connect_video", "video"),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Purpose::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    async fn begin(self, services: &Services, actor: &Actor) -> Result<Asked> {
        let tutor = own_tutor(actor)?;
        match self {
            Purpose::Calendars => diary::begin_google(services, actor, tutor).await,
            Purpose::Video(kind) => video::begin(services, actor, tutor, kind).await,
        }
    }

    async fn finish(
        self,
        services: &Services,
        actor: &Actor,
        kept: Option<&str>,
        reply: &Reply,
    ) -> Result<()> {
        let tutor = own_tutor(actor)?;
        match self {
            Purpose::Calendars => diary::finish_google(services, actor, tutor, kept, reply).await,
            Purpose::Video(kind) => video::finish(services, actor, tutor, kind, kept, reply).await,
        }
    }
}

/// Sends a tutor to a provider.
pub async fn ask(State(state): State<AppState>, Path(name): Path<String>, request: Request) -> Response {
    let Some(purpose) = Purpose::parse(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let visit = visit(&state, &request);
    let asking = async { purpose.begin(&visit.services, visit.actor()?).await };
    match asking.await {
        Ok(asked) => {
            let kept = cookie(&visit.services, &format!("{}.{}", purpose.name(), asked.kept), SECONDS);
            to(asked.url.as_str(), &[Some(kept)])
        }
        Err(error) => refused(purpose, Flash { error: Some(visit.wire(&error)), ..Flash::default() }, None),
    }
}

/// Takes what a provider sends a tutor back with. What for, the browser has kept; without that it is the reply to no
/// question.
pub async fn take(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    reply: Result<Query<Reply>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Response {
    let cookie_text = auth::cookie(request.headers(), COOKIE).unwrap_or_default();
    let (name, kept) = cookie_text.split_once('.').unwrap_or_default();
    let asked = Purpose::parse(name).filter(|purpose| purpose.provider() == provider);
    let kept = asked.map(|_| kept);
    let Some(purpose) = asked.or_else(|| Purpose::parse(&provider)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let visit = visit(&state, &request);
    let reply = reply.map(|Query(reply)| reply).unwrap_or_default();
    let taking = async { purpose.finish(&visit.services, visit.actor()?, kept, &reply).await };
    let done = cookie(&visit.services, "", 0);
    match taking.await {
        Ok(()) => to(&format!("{PAGE}?saved=1#{}", purpose.page().1), &[Some(done)]),
        Err(error) => {
            refused(purpose, Flash { error: Some(visit.wire(&error)), ..Flash::default() }, Some(done))
        }
    }
}

fn cookie(services: &Services, value: &str, seconds: i64) -> String {
    let secure = if services.config.is_development() { "" } else { "; Secure" };
    format!("{COOKIE}={value}; Path=/connect; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// Sends the browser back to the page, which says what was wrong.
fn refused(purpose: Purpose, flash: Flash, done: Option<String>) -> Response {
    let action = purpose.page().0;
    let flash = flash::cookie_of(Flash { action: action.to_owned(), ..flash });
    to(&format!("{PAGE}?__path={action}"), &[flash, done])
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
