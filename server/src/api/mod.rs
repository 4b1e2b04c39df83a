//! The HTTP API: one file for each resource, one envelope for all.

pub mod account;
pub mod availability;
pub mod booking_view;
pub mod bookings;
pub mod charges;
pub mod chat;
pub mod chat_files;
pub mod chat_safety;
pub mod disputes;
pub mod document;
pub mod error;
pub mod extract;
pub mod file_view;
pub mod holds;
pub mod lessons;
pub mod limit;
pub mod offerings;
mod page;
pub mod parse;
pub mod payouts;
pub mod privacy;
pub mod search;
pub mod sessions;
pub mod stats;
pub mod tutors;
pub mod wire;

use axum::{Router, routing};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use document::{document, openapi_json};

use crate::{chat_stream, router::AppState, stream};

/// Every call with its description.
fn calls() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(account::register))
        .routes(routes!(account::token))
        .routes(routes!(account::refresh))
        .routes(routes!(account::revoke))
        .routes(routes!(account::me, account::change_me))
        .routes(routes!(search::list))
        .routes(routes!(tutors::find))
        .routes(routes!(tutors::set_profile))
        .routes(routes!(tutors::set_status))
        .routes(routes!(stats::stats))
        .routes(routes!(stats::ratings))
        .routes(routes!(payouts::payouts))
        .routes(routes!(search::by_field))
        .routes(routes!(tutors::create_profile))
        .routes(routes!(offerings::set_offerings))
        .routes(routes!(availability::slots, availability::set_hours))
        .routes(routes!(holds::hold))
        .routes(routes!(bookings::list, bookings::place))
        .routes(routes!(bookings::find, bookings::cancel))
        .routes(routes!(bookings::reschedule))
        .routes(routes!(bookings::confirm))
        .routes(routes!(bookings::decline))
        .routes(routes!(bookings::complete))
        .routes(routes!(lessons::rate))
        .routes(routes!(lessons::join))
        .routes(routes!(charges::explain))
        .routes(routes!(charges::refund))
        .routes(routes!(charges::balances))
        .routes(routes!(disputes::list, disputes::open))
        .routes(routes!(disputes::attach))
        .routes(routes!(disputes::find))
        .routes(routes!(disputes::answer))
        .routes(routes!(disputes::submit))
        .routes(routes!(disputes::decide))
        .routes(routes!(sessions::create_for_booking))
        .routes(routes!(sessions::mark_no_show))
        .routes(routes!(chat::threads, chat::open))
        .routes(routes!(chat::messages, chat::send))
        .routes(routes!(chat::read))
        .routes(routes!(chat::typing))
        .routes(routes!(chat_files::upload))
        .routes(routes!(chat_safety::block, chat_safety::unblock))
        .routes(routes!(chat_safety::report))
        .routes(routes!(chat_safety::reports))
        .routes(routes!(chat_safety::decide))
        .routes(routes!(chat_safety::lift))
        .routes(routes!(privacy::exports, privacy::request_export))
}

/// The streams, which stay open, and downloads, which are small already.
fn open_calls() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(chat_stream::events))
        .routes(routes!(stream::events))
        .routes(routes!(privacy::download))
}

/// The calls under their mentoring names: the same handlers. `document` lists them by copying.
fn mentoring_names() -> Router<AppState> {
    let (slots, hours) = (availability::slots, availability::set_hours);
    Router::new()
        .route("/api/v2/students/{id}", routing::get(tutors::find))
        .route("/api/v2/students/{id}/profile", routing::put(tutors::set_profile))
        .route("/api/v2/students/{id}/status", routing::patch(tutors::set_status))
        .route("/api/v2/students/{id}/stats", routing::get(stats::stats))
        .route("/api/v2/students/{id}/ratings", routing::get(stats::ratings))
        .route("/api/v2/students/{id}/availability", routing::get(slots).put(hours))
}

/// The streams of the API. They are kept apart because thousands are open: a layer costs each of them its room.
pub fn streams() -> Router<AppState> {
    open_calls().split_for_parts().0
}

/// Every other address of the API.
pub fn router() -> Router<AppState> {
    let (calls, _) = calls().split_for_parts();
    calls
        .merge(mentoring_names())
        .route("/api/v2/openapi.json", routing::get(document::serve))
        .route("/api/docs", routing::get(page::serve))
        .route("/api/docs.css", routing::get(page::style))
}
