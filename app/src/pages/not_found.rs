//! What is shown when there is nothing to show.

use axum::http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;

use super::{context::visit, i18n::td_string};
use crate::error::WireError;

/// An address that leads nowhere: 404.
#[component]
pub fn NotFound() -> impl IntoView {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::NOT_FOUND);
    }
    let locale = visit().locale();
    view! {
        <Title text=td_string!(locale, site.not_found_title).to_string()/>
        <h1>{td_string!(locale, site.not_found_title)}</h1>
        <p>{td_string!(locale, site.not_found_text)}</p>
        <a href="/tutors">{td_string!(locale, site.not_found_action)}</a>
    }
}

/// A page that could not be shown: what happened, the request's name, and "try again".
#[component]
pub fn Failure(
    /// What happened.
    error: WireError,
) -> impl IntoView {
    let visit = visit();
    let locale = visit.locale();
    view! {
        <Title text=td_string!(locale, site.failed_title).to_string()/>
        <h1>{error.message}</h1>
        <p>{td_string!(locale, site.request_id)} " " <code>{visit.request_id}</code></p>
        <a href="">{td_string!(locale, site.try_again)}</a>
    }
}
