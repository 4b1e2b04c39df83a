//! What is shown when there is nothing to show.

use axum::http::StatusCode;
use domain::Code;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;

use super::{context::visit, gate::sign_in_address, i18n::td_string};
use crate::{
    error::WireError,
    ui::{ButtonLink, ButtonVariant, ErrorPanel},
};

/// An address that leads nowhere: 404.
#[component]
pub fn NotFound() -> impl IntoView {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::NOT_FOUND);
    }
    let locale = visit().locale();
    view! {
        <Title text=td_string!(locale, site.not_found_title).to_string()/>
        <div class="page">
            <ErrorPanel whole=true title=td_string!(locale, site.not_found_title) text=td_string!(locale, site.not_found_text)>
                <ButtonLink href="/tutors">{td_string!(locale, site.not_found_action)}</ButtonLink>
            </ErrorPanel>
        </div>
    }
}

/// A page that could not be shown: what happened, the request's name, and the way on.
#[component]
pub fn Failure(
    /// What happened.
    error: WireError,
) -> impl IntoView {
    let visit = visit();
    let locale = visit.locale();
    let fault = error.code == Code::Internal;
    let title = if fault { td_string!(locale, site.failed_title).to_string() } else { error.message.clone() };
    let text = if fault { td_string!(locale, site.failed_text) } else { "" };
    let retry = if fault { td_string!(locale, site.try_again) } else { "" };
    let (label, id) = if fault {
        (td_string!(locale, site.request_id), visit.request_id.clone())
    } else {
        ("", String::new())
    };
    let sign_in =
        matches!(error.code, Code::InvalidToken | Code::TokenExpired).then(|| sign_in_address(&visit));
    view! {
        <Title text=title/>
        <div class="page">
            <ErrorPanel whole=true title=error.message text request_label=label request_id=id retry_href=visit.path retry_label=retry>
                {sign_in.map(|href| view! { <ButtonLink href>{td_string!(locale, site.sign_in)}</ButtonLink> })}
                <ButtonLink href="/" variant=ButtonVariant::Secondary>{td_string!(locale, site.back_home)}</ButtonLink>
            </ErrorPanel>
        </div>
    }
}
