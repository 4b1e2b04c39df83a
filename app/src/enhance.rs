//! Small comforts of every page, each by a mark in the HTML: they work wherever the server puts the mark,
//! and the page works without them.

use js_sys::{Array, Intl, Object, Reflect};
use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::{
    Element, Event, EventTarget, HtmlDialogElement, HtmlElement, HtmlInputElement, HtmlSelectElement,
    HtmlTextAreaElement, NodeList, PageTransitionEvent,
};

use crate::chat::outbox;

/// Wakes the comforts of the page:
/// - `data-opens="id"` opens a dialog, `data-closes` closes the one around it;
/// - `data-reveals="id"` shows and hides a password, its other name is `data-shown`;
/// - `data-dismiss` takes a message away;
/// - `data-count-for="id"` counts the characters of a text;
/// - a dialog with which the page came is in front of it, and Escape leads where its cross does;
/// - Escape closes the menu of a narrow page;
/// - a page to which one goes back, and that was left by a form, is asked for anew;
/// - who signs out leaves nothing behind that was written and not sent;
/// - `data-browser-zone` chooses the browser's time zone in the list inside.
#[island]
pub fn Enhancements() -> impl IntoView {
    Effect::new(|_| {
        for button in all("[data-reveals]") {
            let _ = button.remove_attribute("hidden");
        }
        remember_zone();
        all("dialog[open]").into_iter().filter_map(|dialog| dialog.dyn_into().ok()).for_each(bring_forward);
        let key = window_event_listener(ev::keydown, |event| pressed(&event.key()));
        let click = window_event_listener(ev::click, |event| clicked(&event));
        let input = window_event_listener(ev::input, |event| count(&event));
        let submit = window_event_listener(ev::submit, |event| forget_at_sign_out(&event));
        let shown = window_event_listener(ev::pageshow, |event| begin_again(&event));
        on_cleanup(move || {
            shown.remove();
            submit.remove();
            key.remove();
            click.remove();
            input.remove();
        });
    });
}

/// Every element of the page that a selector finds.
pub(crate) fn all(selector: &str) -> Vec<Element> {
    elements(document().query_selector_all(selector))
}

/// Every element in another that a selector finds.
pub(crate) fn within(element: &Element, selector: &str) -> Vec<Element> {
    elements(element.query_selector_all(selector))
}

fn elements(found: Result<NodeList, JsValue>) -> Vec<Element> {
    let Ok(found) = found else { return Vec::new() };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
}

/// Listens for as long as the page lives; `first` is before those inside.
pub(crate) fn listen(target: &EventTarget, kind: &str, first: bool, act: impl Fn(Event) + 'static) {
    let closure = Closure::<dyn Fn(Event)>::new(act);
    let listener = closure.as_ref().unchecked_ref();
    let _ = target.add_event_listener_with_callback_and_bool(kind, listener, first);
    closure.forget();
}

fn clicked(event: &Event) {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let around = |selector: &str| target.closest(selector).ok().flatten();
    if let Some(opener) = around("[data-opens]") {
        let id = opener.get_attribute("data-opens").unwrap_or_default();
        let dialog = document().get_element_by_id(&id).and_then(|it| it.dyn_into::<HtmlDialogElement>().ok());
        if let Some(dialog) = dialog.filter(|dialog| !dialog.open()) {
            event.prevent_default();
            let _ = dialog.show_modal();
        }
    } else if around("[data-closes]").is_some() {
        if let Some(dialog) = around("dialog").and_then(|it| it.dyn_into::<HtmlDialogElement>().ok()) {
            event.prevent_default();
            dialog.close();
        }
    } else if let Some(button) = around("[data-reveals]") {
        reveal(&button);
    } else if around("[data-dismiss]").is_some()
        && let Some(message) = around(".toast-card")
    {
        message.remove();
    }
}

/// Makes a dialog with which the page came what it is when a button opens it.
fn bring_forward(dialog: HtmlDialogElement) {
    dialog.close();
    let _ = dialog.show_modal();
    let cross = dialog.query_selector("a.dialog-close").ok().flatten();
    let Some(cross) = cross.and_then(|cross| cross.dyn_into::<HtmlElement>().ok()) else { return };
    listen(&dialog, "cancel", false, move |event| {
        event.prevent_default();
        cross.click();
    });
}

/// Closes the menu by the key that closes dialogs.
fn pressed(key: &str) {
    if key != "Escape" {
        return;
    }
    for menu in all(".site-menu[open]") {
        let _ = menu.remove_attribute("open");
        let heading = menu.query_selector("summary").ok().flatten();
        if let Some(heading) = heading.and_then(|heading| heading.dyn_into::<HtmlElement>().ok()) {
            let _ = heading.focus();
        }
    }
}

/// A browser may bring a page back as it was left: with a form or a calendar that was answered, and still looks as if
/// under way.
fn begin_again(event: &PageTransitionEvent) {
    if event.persisted() && !all("[aria-busy=true]").is_empty() {
        let _ = window().location().reload();
    }
}

fn forget_at_sign_out(event: &Event) {
    let form = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    if form.and_then(|form| form.get_attribute("action")).as_deref() == Some("/do/sign_out") {
        outbox::forget_all();
    }
}

/// Shows a password, or hides it again; the button's two names change places.
fn reveal(button: &Element) {
    let id = button.get_attribute("data-reveals").unwrap_or_default();
    let field = document().get_element_by_id(&id).and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
    let Some(field) = field else { return };
    let hidden = field.type_() == "password";
    field.set_type(if hidden { "text" } else { "password" });
    let other = button.get_attribute("data-shown").unwrap_or_default();
    let name = button.text_content().unwrap_or_default();
    button.set_text_content(Some(&other));
    let _ = button.set_attribute("data-shown", name.trim());
    let _ = button.set_attribute("aria-pressed", if hidden { "true" } else { "false" });
}

/// Counts the characters of a text as the rules do: Unicode scalar values, blanks at the ends left out.
fn count(event: &Event) {
    let text = event.target().and_then(|target| target.dyn_into::<HtmlTextAreaElement>().ok());
    let Some(text) = text else { return };
    let counter = document().query_selector(&format!("[data-count-for='{}']", text.id())).ok().flatten();
    if let (Some(counter), Some(most)) = (counter, text.get_attribute("data-max-chars")) {
        let count = text.value().trim().chars().count();
        counter.set_text_content(Some(&format!("{count} / {most}")));
    }
}

/// Tells the server the browser's zone with every later request, and chooses it where the page only
/// assumed one.
fn remember_zone() {
    let options = Intl::DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
    let zone = Reflect::get(&options, &JsValue::from_str("timeZone")).ok().and_then(|zone| zone.as_string());
    let Some(zone) = zone else { return };
    let cookie = format!("tz={zone}; Path=/; Max-Age=31536000; SameSite=Lax");
    let _ = Reflect::set(&document(), &JsValue::from_str("cookie"), &JsValue::from_str(&cookie));
    for list in all("[data-browser-zone] select") {
        let Ok(list) = list.dyn_into::<HtmlSelectElement>() else { continue };
        // Browsers may know a zone by a former name.
        let offered = list.query_selector(&format!("[value='{zone}'],[data-formerly~='{zone}']"));
        let offered = offered.ok().flatten().and_then(|option| option.get_attribute("value"));
        if let Some(value) = offered.filter(|_| !list.dyn_ref::<HtmlElement>().is_some_and(is_focused)) {
            list.set_value(&value);
        }
    }
}

fn is_focused(element: &HtmlElement) -> bool {
    document().active_element().is_some_and(|active| &active == element.unchecked_ref::<Element>())
}
