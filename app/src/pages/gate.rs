//! Who may see a page. The use cases judge again: this only spares people pages that are not theirs.

use domain::{Code, Refusal, account::Role};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use services::{Actor, AppError};

use super::{
    context::{Visit, set_status, visit},
    login::with_next,
    not_found::Failure,
};

/// Shows the page to a signed-in person; sends others to sign in, and back here then.
pub fn signed_in<View: IntoView + 'static>(show: impl FnOnce(Visit, Actor) -> View) -> AnyView {
    let visit = visit();
    match visit.actor.clone() {
        Some(actor) => show(visit, actor).into_any(),
        None => {
            leptos_axum::redirect(&sign_in_address(&visit));
            ().into_any()
        }
    }
}

/// Shows the page to a signed-in person of a role; others are told that they may not.
pub fn only<View: IntoView + 'static>(role: Role, show: impl FnOnce(Visit, Actor) -> View) -> AnyView {
    signed_in(|visit, actor| {
        if actor.role == role {
            show(visit, actor).into_any()
        } else {
            refuse(&visit, Refusal::new(Code::InsufficientPermissions, "forbidden"))
        }
    })
}

/// Shows why a page is not shown, with its status.
#[must_use]
pub fn refuse(visit: &Visit, refusal: Refusal) -> AnyView {
    let error = AppError::from(refusal);
    set_status(use_context::<ResponseOptions>().as_ref(), error.code());
    let error = visit.wire(&error);
    view! { <Failure error/> }.into_any()
}

/// Where to sign in, with the way back.
#[must_use]
pub fn sign_in_address(visit: &Visit) -> String {
    with_next("/login", &visit.address())
}
