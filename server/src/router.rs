//! Which address leads where.

use std::time::Duration;

use app::pages::{App, Visit, shell};
use axum::{
    RequestExt as _, Router,
    extract::{DefaultBodyLimit, FromRef, MatchedPath, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing,
};
use domain::{Code, Refusal};
use leptos::{
    config::LeptosOptions,
    prelude::{provide_context, use_context},
};
use leptos_axum::{
    AxumRouteListing, LeptosRoutes as _, ResponseOptions,
    generate_route_list_with_exclusions_and_ssg_and_context,
};
use services::{AppError, Services, chat, live, notice, video};
use tokio::sync::watch;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::{CompressionLevel, catch_panic::CatchPanicLayer, compression::CompressionLayer};

use crate::{
    api::{
        self,
        error::{self, ApiError},
        limit,
    },
    auth, calendar, chat_files, connect, dev, dispute_forms, files,
    headers::{self, Beyond, CardSources},
    health, hooks, join, malformed,
    metrics::{self, Metrics},
    photo_form, site, statement, uploads,
};

/// How long an answer may take to begin. A stream begins at once.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// How long it may take where files are sent: 10 MB arrive in it over a line of 300 kbit/s.
const UPLOAD_TIME: Duration = Duration::from_secs(300);

/// How long it may take in development, where one call does all work that is due.
const WORK_TIME: Duration = Duration::from_secs(600);

/// Where files are sent.
const UPLOADS: [&str; 6] = [
    photo_form::ACTION,
    chat_files::ACTION,
    dispute_forms::OPEN,
    dispute_forms::ANSWER,
    "/api/chat/threads/{id}/attachments",
    "/api/v2/bookings/{id}/disputes/files",
];

/// How many streams are opened at once: more than there are connections to the database. After a restart all pages come
/// back in the same moment; what opening takes of memory while it lasts, the process would keep for long.
const OPENING_AT_ONCE: usize = 32;

/// The largest body of a form: a photo of 10 MB and what is around it.
const MAX_FORM: usize = 11 * 1024 * 1024;

/// What handlers share.
#[derive(Clone, FromRef)]
pub struct AppState {
    /// The use cases.
    pub services: Services,
    /// What the pages' build says.
    pub options: LeptosOptions,
    /// Becomes true when the server is told to stop: streams end then.
    pub stopping: watch::Receiver<bool>,
    /// What this process counts of itself.
    #[from_ref(skip)]
    pub metrics: Metrics,
}

/// The whole site.
pub fn router(services: Services, options: LeptosOptions, stopping: watch::Receiver<bool>) -> Router {
    let metrics = Metrics::default();
    let state = AppState { services: services.clone(), options, stopping, metrics: metrics.clone() };
    let inside = Router::new()
        .route("/do/{*name}", routing::post(server_function).get(server_function))
        .leptos_routes_with_handler(page_routes(&state), page)
        .merge(api::router())
        .merge(plain_addresses())
        .merge(dev::router(&services))
        .fallback(fallback)
        .method_not_allowed_fallback(async || ApiError::method());
    let streams = api::streams().method_not_allowed_fallback(async || ApiError::method());
    let hooks = hooks::router()
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(middleware::from_fn(error::render))
        .layer(middleware::from_fn_with_state(services.clone(), auth::name));
    Router::new()
        .route("/healthz", routing::get(health::alive))
        .merge(hooks)
        // Fast enough to be worth it for every page; files of the build were compressed better beforehand. A stream
        // would carry the compressor's six kilobytes without using them.
        .merge(
            for_people(inside, &services)
                .layer(CompressionLayer::new().quality(CompressionLevel::Precise(4))),
        )
        .merge(for_people(streams, &services).layer(GlobalConcurrencyLimitLayer::new(OPENING_AT_ONCE)))
        .layer(middleware::from_fn_with_state(services, headers::secure))
        .layer(middleware::from_fn_with_state(metrics, metrics::count))
        .with_state(state)
}

/// What is around everything that people ask for: who asks, how often, from where; and answers to what goes wrong.
fn for_people(routes: Router<AppState>, services: &Services) -> Router<AppState> {
    routes
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(middleware::from_fn_with_state(services.clone(), limit::anonymous))
        .layer(middleware::from_fn_with_state(services.clone(), auth::same_origin))
        .layer(middleware::from_fn_with_state(services.clone(), auth::identify))
        .layer(middleware::from_fn(in_time))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(middleware::from_fn(error::render))
        .layer(middleware::from_fn_with_state(services.clone(), auth::name))
}

/// Addresses that are neither pages nor calls.
fn plain_addresses() -> Router<AppState> {
    Router::new()
        .route("/readyz", routing::get(health::ready))
        .route("/status/invariants", routing::get(health::invariants))
        .route("/metrics", routing::get(metrics::serve))
        .route("/connect/{name}", routing::get(connect::ask))
        .route("/connect/{name}/callback", routing::get(connect::take))
        .route("/join/{token}", routing::get(join::follow))
        .route("/lessons/{id}/calendar.ics", routing::get(calendar::file))
        .route("/tutor/earnings/statement.csv", routing::get(statement::file))
        .route(photo_form::ACTION, routing::post(photo_form::upload))
        .route(chat_files::ACTION, routing::post(chat_files::send).layer(uploads::limit()))
        .route("/files/{id}", routing::get(chat_files::open))
        .route(dispute_forms::OPEN, routing::post(dispute_forms::open).layer(uploads::limit()))
        .route(dispute_forms::ANSWER, routing::post(dispute_forms::answer).layer(uploads::limit()))
        .route("/evidence/{id}", routing::get(dispute_forms::file))
        .route("/photos/{id}", routing::get(site::photo))
        .route("/robots.txt", routing::get(site::robots))
        .route("/sw.js", routing::get(site::worker))
        .route("/sitemap.xml", routing::get(site::sitemap))
}

/// What does not begin to answer in time is a fault.
async fn in_time(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let time = time_for(&request);
    match tokio::time::timeout(time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::from(AppError::fault(format!("no answer in time: {path}"))).into_response(),
    }
}

/// How long an answer to this may take to begin.
fn time_for(request: &Request) -> Duration {
    let route = request.extensions().get::<MatchedPath>();
    match route.map(MatchedPath::as_str) {
        Some(route) if UPLOADS.contains(&route) => UPLOAD_TIME,
        Some(route) if route.starts_with("/dev/") => WORK_TIME,
        _ => ANSWER_TIME,
    }
}

/// The addresses of the pages. Listing them renders the frame once, which wants a request: an empty one.
fn page_routes(state: &AppState) -> Vec<AxumRouteListing> {
    let nobody = visit(state, &Request::default());
    let provide = move || provide_context(nobody.clone());
    generate_route_list_with_exclusions_and_ssg_and_context(App, None, provide).0
}

/// The request as pages see it.
pub(crate) fn visit(state: &AppState, request: &Request) -> Visit {
    let headers = request.headers();
    let caller = request.extensions().get::<auth::Caller>().cloned();
    let actor = caller.as_ref().and_then(|caller| caller.actor.clone());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let (zone, zone_known) = auth::zone(headers, &query, actor.as_ref());
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Visit {
        services: state.services.clone(),
        language: auth::language(headers, actor.as_ref()),
        zone,
        zone_known,
        unread: 0,
        notices: 0,
        theme: match auth::cookie(headers, "theme").as_deref() {
            Some("light") => Some("light"),
            Some("dark") => Some("dark"),
            _ => None,
        },
        now: state.services.clock.now(),
        seen_event: None,
        path: request.uri().path().to_owned(),
        query,
        request_id: caller.as_ref().map(|caller| caller.request_id.clone()).unwrap_or_default(),
        ip: caller.as_ref().and_then(|caller| caller.ip),
        user_agent: header("user-agent"),
        cookie: caller.and_then(|caller| caller.cookie),
        actor,
    }
}

async fn page(State(state): State<AppState>, request: Request) -> Response {
    let mut visit = visit(&state, &request);
    if let Some(actor) = &visit.actor {
        // Without it the page's stream begins with what is new.
        visit.seen_event = live::newest(&state.services.db, actor.user).await.ok();
    }
    visit.unread = unread(&visit).await;
    visit.notices = notices(&visit).await;
    let personal = visit.actor.is_some();
    let options = state.options.clone();
    let beyond = beyond(&visit);
    let render = leptos_axum::render_app_async_with_context(
        move || {
            set_policy(&beyond);
            provide_context(visit.clone());
        },
        move || shell(options.clone()),
    );
    let mut response = render(request).await.into_response();
    // A page names its reader: nobody else's cache may keep it, and nobody's after signing out.
    let kept = if personal { "private, no-store" } else { "private, no-cache" };
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(kept));
    response
}

/// What the navigation says about messages; a page whose database fails has more to say than that.
async fn unread(visit: &Visit) -> i64 {
    let Some(actor) = &visit.actor else { return 0 };
    let shown = visit.path.strip_prefix("/messages/").and_then(|id| id.parse().ok());
    chat::unread(&visit.services, actor, shown).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "unread messages could not be counted");
        0
    })
}

/// The number beside the bell.
async fn notices(visit: &Visit) -> i64 {
    let Some(actor) = &visit.actor else { return 0 };
    notice::unread(&visit.services, actor).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "notices could not be counted");
        0
    })
}

/// What the page loads and leads to beyond our own.
fn beyond(visit: &Visit) -> Beyond {
    let provider = visit.services.payments.as_ref().map(|provider| &*provider.config().js_url);
    let path = &*visit.path;
    Beyond {
        cards: provider.filter(|_| headers::has_card_form(path)).and_then(CardSources::of),
        forms: provider.filter(|_| headers::leads_to_onboarding(path)).and_then(headers::onboarding_source),
        meeting: video::embeddable(&visit.services.config.video).filter(|_| headers::shows_meeting(path)),
    }
}

/// The policies of the page that is being rendered, with the nonce of its scripts.
fn set_policy(beyond: &Beyond) {
    let nonce = leptos::nonce::use_nonce();
    let reload = std::env::var_os("LEPTOS_WATCH").is_some();
    let Some(response) = use_context::<ResponseOptions>() else { return };
    let policy = headers::page_policy(nonce.as_deref(), reload, beyond);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    let permissions = beyond.meeting.as_deref().map(headers::meeting_permissions);
    if let Some(Ok(permissions)) = permissions.map(|text| HeaderValue::from_str(&text)) {
        response.insert_header(headers::PERMISSIONS_POLICY, permissions);
    }
}

async fn server_function(State(state): State<AppState>, request: Request) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if length.and_then(|text| text.parse::<usize>().ok()).is_some_and(|length| length > MAX_FORM) {
        return ApiError::from(Refusal::new(Code::PayloadTooLarge, "too_large")).into_response();
    }
    // A body that does not say its length ends at the limit too.
    let request = request.with_limited_body();
    let visit = visit(&state, &request);
    let asked = visit.clone();
    let response =
        leptos_axum::handle_server_fns_with_context(move || provide_context(visit.clone()), request);
    malformed::told(&asked, response.await.into_response()).await
}

/// Files of the site, and an answer of our own for what is not there.
async fn fallback(State(state): State<AppState>, request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") || path == "/api" || path.starts_with("/dev/") {
        return ApiError::not_found().into_response();
    }
    if let Some(asked) = files::question(&request)
        && let Some(file) = files::find(&state.options, asked).await
    {
        return file;
    }
    let path = request.uri().path();
    if !auth::wants_html(request.headers()) && request.headers().contains_key(header::ACCEPT) && is_file(path)
    {
        return ApiError::not_found().into_response();
    }
    let mut response = page(State(state), request).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// A name with an ending is a file's: whoever asks for one has no use for a page.
fn is_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.contains('.'))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use tower::ServiceExt as _;

    use super::*;

    /// How many seconds an address is given, as a layer around all routes finds it.
    async fn given(path: &str) -> u64 {
        let told = async |request: Request, _: Next| time_for(&request).as_secs().to_string();
        let handler = || routing::post(async || StatusCode::NO_CONTENT);
        let routes = UPLOADS.into_iter().fold(Router::new(), |routes, path| routes.route(path, handler()));
        let routes =
            routes.route("/do/{*name}", handler()).route("/api/v2/bookings/{id}/disputes", handler());
        let routes = routes.route("/dev/tick", handler());
        let asked = Request::post(path).body(Body::empty()).expect("a request");
        let Ok(response) = Router::new().merge(routes).layer(middleware::from_fn(told)).oneshot(asked).await;
        let told = to_bytes(response.into_body(), 16).await.expect("a body");
        String::from_utf8_lossy(&told).parse().expect("seconds")
    }

    #[tokio::test]
    async fn files_and_development_have_more_time_than_anything_else() {
        for (path, seconds) in [
            ("/do/sign_in", 30),
            ("/do/open_dispute/", 30),
            ("/api/v2/bookings/7/disputes", 30),
            ("/nowhere", 30),
            ("/dev/tick", 600),
            ("/do/upload_photo", 300),
            ("/do/send_file", 300),
            ("/do/open_dispute", 300),
            ("/do/answer_dispute", 300),
            ("/api/chat/threads/7/attachments", 300),
            ("/api/v2/bookings/7/disputes/files", 300),
        ] {
            assert_eq!(given(path).await, seconds, "{path}");
        }
    }

    #[test]
    fn every_call_that_takes_a_file_has_that_time() {
        let document: serde_json::Value =
            serde_json::from_str(include_str!("../../docs/openapi.json")).expect("a document");
        let takes_files =
            |call: &serde_json::Value| !call["requestBody"]["content"]["multipart/form-data"].is_null();
        let paths = document["paths"].as_object().expect("paths").iter();
        let with_files =
            paths.filter(|(_, calls)| calls.as_object().is_some_and(|calls| calls.values().any(takes_files)));
        let mut missing = with_files.map(|(path, _)| path.as_str()).peekable();
        assert!(missing.peek().is_some(), "a call takes a file");
        assert_eq!(missing.find(|path| !UPLOADS.contains(path)), None);
    }
}
