//! What a page hears of the other person of a conversation, and shows at once: that somebody writes, that somebody
//! came.

use js_sys::{Date, JSON, Reflect};
use wasm_bindgen::JsValue;
use web_sys::Element;

use crate::enhance::all;

/// Where it is shown that somebody writes: the thread's id. `data-until` says until when, milliseconds.
const TYPING: &str = "data-typing";
const UNTIL: &str = "data-until";

/// Somebody writes in a thread, until an instant.
pub(super) fn typing(data: &str) {
    let (Some(thread), Some(until)) = (field(data, "thread_id"), field(data, "until")) else { return };
    for place in all(&format!("[{TYPING}='{thread}']")) {
        let _ = place.set_attribute(UNTIL, &Date::parse(&until).to_string());
    }
}

/// A row of a conversation came: who has just sent has stopped writing.
pub(super) fn said(row: &Element) {
    if !row.has_attribute("data-own") {
        stop_typing(|_| true);
    }
}

/// What is over by the server's clock.
pub(super) fn tick(now: f64) {
    stop_typing(|until| until <= now);
}

fn stop_typing(is_over: impl Fn(f64) -> bool) {
    for place in all(&format!("[{UNTIL}]")) {
        let until = place.get_attribute(UNTIL).and_then(|until| until.parse().ok());
        if until.is_none_or(&is_over) {
            let _ = place.remove_attribute(UNTIL);
        }
    }
}

/// Whether the page shows if the person of an event is there.
pub(super) fn shows_presence(data: &str) -> bool {
    field(data, "user_id").is_some_and(|user| !all(&format!("[data-presence='{user}']")).is_empty())
}

/// A text of an event's data; ids of ours need no escaping in selectors.
fn field(data: &str, name: &str) -> Option<String> {
    let data = JSON::parse(data).ok()?;
    Reflect::get(&data, &JsValue::from_str(name)).ok()?.as_string().filter(|text| !text.contains('\''))
}
