//! Which address leads where.

use std::error::Error;

use app::pages::{App, Visit, shell};
use axum::{
    Router,
    body::Body,
    extract::{FromRef, Request, State},
    middleware,
    response::{IntoResponse, Response},
    routing,
};
use leptos::{config::LeptosOptions, prelude::provide_context};
use leptos_axum::{LeptosRoutes as _, file_and_error_handler_with_context, generate_route_list};
use services::Services;
use tokio::sync::watch;

use crate::{api, auth};

/// What handlers share.
#[derive(Clone, FromRef)]
pub struct AppState {
    /// The use cases.
    pub services: Services,
    /// What the pages' build says.
    pub options: LeptosOptions,
    /// Becomes true when the server is told to stop: streams end then.
    pub stopping: watch::Receiver<bool>,
}

/// The whole site.
///
/// # Errors
/// Where `Leptos.toml` cannot be read.
pub fn router(services: Services, stopping: watch::Receiver<bool>) -> Result<Router, Box<dyn Error>> {
    let options = leptos::config::get_configuration(Some("Leptos.toml"))?.leptos_options;
    let state = AppState { services: services.clone(), options, stopping };
    let routes = generate_route_list(App);
    Ok(Router::new()
        .route("/do/{*name}", routing::post(server_function).get(server_function))
        .leptos_routes_with_handler(routes, page)
        .merge(api::router())
        .fallback(fallback)
        .layer(middleware::from_fn_with_state(services.clone(), auth::same_origin))
        .layer(middleware::from_fn_with_state(services, auth::identify))
        .with_state(state))
}

/// The request as pages see it.
fn visit(state: &AppState, request: &Request) -> Visit {
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
        theme: match auth::cookie(headers, "theme").as_deref() {
            Some("light") => Some("light"),
            Some("dark") => Some("dark"),
            _ => None,
        },
        now: state.services.clock.now(),
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
    let visit = visit(&state, &request);
    let options = state.options.clone();
    let render = leptos_axum::render_app_async_with_context(
        move || provide_context(visit.clone()),
        move || shell(options.clone()),
    );
    render(request).await.into_response()
}

async fn server_function(State(state): State<AppState>, request: Request) -> Response {
    let visit = visit(&state, &request);
    leptos_axum::handle_server_fns_with_context(move || provide_context(visit.clone()), request)
        .await
        .into_response()
}

/// Files of the site, and a page of our own for what is not there.
async fn fallback(State(state): State<AppState>, request: Request<Body>) -> Response {
    let visit = visit(&state, &request);
    let handler =
        file_and_error_handler_with_context::<AppState, _>(move || provide_context(visit.clone()), shell);
    let (uri, state) = (request.uri().clone(), State(state));
    handler(uri, state, request).await.into_response()
}
