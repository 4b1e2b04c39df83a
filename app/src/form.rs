//! The one island that makes every plain form quick.
//!
//! It sends the form by `fetch`, shows errors where they belong, never sends twice, and follows the
//! answer. Before it wakes, or without JavaScript, the browser posts the form as it is.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Element, FormData, Headers, HtmlElement, HtmlFormElement, RequestInit, Response, Url, UrlSearchParams,
};

use crate::{error::WireError, live::look_again};

/// A form that posts to a server function. Its fields are rendered by the server as its children; the
/// place of a field's error is `[data-error-for]` with the field's id or name.
///
/// Where the server function redirects, the page goes there; else it is loaded again.
#[component]
pub fn Form(
    /// Where it posts: the address of a server function.
    #[prop(into)]
    action: String,
    /// What to say when the server cannot be reached.
    #[prop(into)]
    unreachable: String,
    /// Classes of the form.
    #[prop(optional, into)]
    class: String,
    /// Sends files: as `multipart/form-data`.
    #[prop(optional)]
    files: bool,
    /// What is wrong with what was sent before, where the browser posted the form itself.
    #[prop(optional)]
    error: Option<WireError>,
    /// The fields and buttons.
    children: Children,
) -> impl IntoView {
    let failed = error.map(|error| error.message).unwrap_or_default();
    view! { <FormIsland action unreachable class files failed>{children()}</FormIsland> }
}

/// The moving part of [`Form`]: islands know no optional props.
#[island]
fn FormIsland(
    action: String,
    unreachable: String,
    class: String,
    files: bool,
    failed: String,
    children: Children,
) -> impl IntoView {
    let busy = RwSignal::new(false);
    let message = RwSignal::new(failed);
    let target = action.clone();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        let Some(form) = form.filter(|_| !busy.get_untracked()) else { return };
        let data = data(&form, event.submitter());
        busy.set(true);
        message.set(String::new());
        clear(&form);
        let (target, unreachable) = (target.clone(), unreachable.clone());
        spawn_local(async move {
            match send(&target, data, files).await {
                Ok(place) => go(place),
                Err(error) => {
                    let sentence = if error.message.is_empty() { unreachable } else { error.message.clone() };
                    if !show(&form, &error, &sentence) {
                        message.set(sentence);
                        reveal(form);
                    }
                    busy.set(false);
                    // What waited for the form comes now.
                    look_again();
                }
            }
        });
    };
    view! {
        <form
            method="post"
            action=action
            class=class
            enctype=if files { "multipart/form-data" } else { "application/x-www-form-urlencoded" }
            aria-busy=move || busy.get().then_some("true")
            on:submit=submit
        >
            <p class="form-error" role="alert" hidden=move || message.with(String::is_empty)>
                {move || message.get()}
            </p>
            {children()}
        </form>
    }
}

/// What the form holds, with the button that was pressed.
pub(crate) fn data(form: &HtmlFormElement, submitter: Option<HtmlElement>) -> Result<FormData, WireError> {
    let data = FormData::new_with_form(form).map_err(|_| WireError::unreachable())?;
    if let Some(button) = submitter
        && let Some(name) = button.get_attribute("name")
    {
        let _ = data.append_with_str(&name, &button.get_attribute("value").unwrap_or_default());
    }
    Ok(data)
}

/// Sends the form. Answers where to go; `None` means to stay, and see what has changed.
pub(crate) async fn send(
    target: &str,
    data: Result<FormData, WireError>,
    files: bool,
) -> Result<Option<String>, WireError> {
    let data = data?;
    let lost = |_: JsValue| WireError::unreachable();
    let headers = Headers::new().map_err(lost)?;
    headers.set("accept", "application/json").map_err(lost)?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    if files {
        init.set_body(&data);
    } else {
        init.set_body(&UrlSearchParams::new_with_str_sequence_sequence(&data).map_err(lost)?.into());
    }
    let answer = JsFuture::from(window().fetch_with_str_and_init(target, &init)).await.map_err(lost)?;
    let answer: Response = answer.dyn_into().map_err(lost)?;
    if answer.ok() {
        return Ok(answer.headers().get("location").ok().flatten());
    }
    let text = JsFuture::from(answer.text().map_err(lost)?).await.map_err(lost)?;
    let text = text.as_string().unwrap_or_default();
    Err(serde_json::from_str(&text).unwrap_or_else(|_| WireError::unreachable()))
}

fn go(place: Option<String>) {
    let location = window().location();
    let went = match place {
        // To another part of the page that is open a browser only scrolls: what has changed must be seen, too.
        Some(place) if is_part_of_this(&place) => location.set_href(&place).and_then(|()| location.reload()),
        Some(place) => location.set_href(&place),
        None => location.reload(),
    };
    if let Err(error) = went {
        leptos::logging::error!("{error:?}");
    }
}

/// Whether an address differs from the page's own at most by its fragment, and has one.
fn is_part_of_this(place: &str) -> bool {
    let Ok(here) = window().location().href() else { return false };
    let Ok(there) = Url::new_with_base(place, &here) else { return false };
    let page = |address: &str| address.split('#').next().map(str::to_owned);
    !there.hash().is_empty() && page(&there.href()) == page(&here)
}

/// Shows an error at its field and goes there; `false` where the form has no such field.
fn show(form: &HtmlFormElement, error: &WireError, sentence: &str) -> bool {
    let Some(name) =
        error.field.as_deref().filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    else {
        return false;
    };
    let Ok(Some(field)) = form.query_selector(&format!("[name={name}], [name$='[{name}]']")) else {
        return false;
    };
    let id = field.id();
    let place = form
        .query_selector(&format!("[data-error-for={name}]"))
        .ok()
        .flatten()
        .or_else(|| form.query_selector(&format!("[data-error-for='{id}']")).ok().flatten());
    let Some(place) = place else { return false };
    let text = place.query_selector("[data-error-text]").ok().flatten().unwrap_or_else(|| place.clone());
    text.set_text_content(Some(sentence));
    let _ = place.remove_attribute("hidden");
    let _ = field.set_attribute("aria-invalid", "true");
    if let Some(field) = field.dyn_ref::<HtmlElement>() {
        let _ = field.focus();
    }
    true
}

/// Brings the sentence above the form into view, once it stands there: the button may be far below it.
fn reveal(form: HtmlFormElement) {
    request_animation_frame(move || {
        if let Ok(Some(place)) = form.query_selector(".form-error") {
            place.scroll_into_view();
        }
    });
}

/// Takes back the errors of the last try.
fn clear(form: &HtmlFormElement) {
    each(form, "[aria-invalid]", |field| {
        let _ = field.remove_attribute("aria-invalid");
    });
    each(form, "[data-error-for]", |place| {
        let _ = place.set_attribute("hidden", "");
    });
}

fn each(form: &HtmlFormElement, selector: &str, act: impl Fn(&Element)) {
    let Ok(found) = form.query_selector_all(selector) else { return };
    for index in 0..found.length() {
        if let Some(element) = found.item(index).and_then(|node| node.dyn_into::<Element>().ok()) {
            act(&element);
        }
    }
}
