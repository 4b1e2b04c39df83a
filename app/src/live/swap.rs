//! The exchange of a region for what the server shows now.

use js_sys::Reflect;
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, HtmlElement};

use super::rows;
use crate::enhance::within;

/// Puts the fresh content in the place of the old. The focus stays where it was; a region in which a
/// person is busy waits until they have finished.
pub(super) fn swap(region: &Element, fresh: &Element) {
    if let Some(times) = fresh.get_attribute("data-refresh-at") {
        let _ = region.set_attribute("data-refresh-at", &times);
    } else {
        let _ = region.remove_attribute("data-refresh-at");
    }
    let _ = region.remove_attribute("data-stale");
    if region.get_attribute("data-live").as_deref() == Some("rows") && rows::merge(region, fresh) {
        return;
    }
    let content = fresh.inner_html();
    let gist = gist(&content);
    if region.get_attribute("data-seen").as_deref() == Some(&gist) {
        return;
    }
    if is_busy(region) {
        let _ = region.set_attribute("data-stale", "");
        return;
    }
    let place = place_of_focus(region);
    region.set_inner_html(&content);
    let _ = region.set_attribute("data-seen", &gist);
    wake_islands(region);
    focus_again(region, place);
}

/// Leaves a region as it is that the fresh page does not have, and waits for nothing any more.
pub(super) fn give_up(region: &Element) {
    let _ = region.remove_attribute("data-stale");
    let _ = region.remove_attribute("data-refresh-at");
}

/// Notes what the page came with: a region that is the same afterwards keeps what was typed in it.
pub(super) fn note(region: &Element) {
    let _ = region.set_attribute("data-seen", &gist(&region.inner_html()));
}

/// What counts in a comparison: an island that wakes may leave out the blank of an empty text.
fn gist(content: &str) -> String {
    content.split_whitespace().collect()
}

/// What a person has begun and not ended: a dialog, a form under way.
const BEGUN: &str = "dialog[open], form[aria-busy=true]";

/// What a finger or the mouse holds down.
const PRESSED: &str = ":is(a, button, input, label, summary):active";

/// Whether a person writes in it, or has begun something in it.
pub(crate) fn is_busy(region: &Element) -> bool {
    let writing = active_in(region)
        .is_some_and(|active| matches!(active.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"));
    writing || has(region, BEGUN) || is_pressed(region)
}

/// Whether something in it is pressed: the press would be lost if that were exchanged before it is released.
pub(crate) fn is_pressed(region: &Element) -> bool {
    has(region, PRESSED)
}

fn has(region: &Element, selector: &str) -> bool {
    region.query_selector(selector).ok().flatten().is_some()
}

fn active_in(region: &Element) -> Option<Element> {
    document().active_element().filter(|active| region.contains(Some(active)))
}

/// How an element is found again: by its id, else by its address, else by its place among those that
/// take the focus.
pub(super) enum Trail {
    Selector(String),
    Index(usize),
}

const FOCUSABLE: &str = "a[href], button, input, select, textarea, summary, [tabindex]";

/// Where the focus is in a region, if there.
pub(super) fn place_of_focus(region: &Element) -> Option<Trail> {
    active_in(region).map(|active| trail(region, &active))
}

/// Gives the focus back to where it was.
pub(super) fn focus_again(region: &Element, place: Option<Trail>) {
    if let Some(element) = place.and_then(|place| find(region, &place)) {
        let _ = element.focus();
    }
}

fn trail(region: &Element, element: &Element) -> Trail {
    if !element.id().is_empty() {
        return Trail::Selector(format!("[id='{}']", element.id()));
    }
    if let Some(href) = element.get_attribute("href").filter(|href| !href.contains('\'')) {
        return Trail::Selector(format!("[href='{href}']"));
    }
    let focusable = within(region, FOCUSABLE);
    Trail::Index(focusable.iter().position(|other| other == element).unwrap_or_default())
}

fn find(region: &Element, trail: &Trail) -> Option<HtmlElement> {
    let element = match trail {
        Trail::Selector(selector) => region.query_selector(selector).ok().flatten()?,
        Trail::Index(index) => within(region, FOCUSABLE).into_iter().nth(*index)?,
    };
    element.dyn_into().ok()
}

/// Wakes the islands of swapped content, as the page's script did for the first ones.
pub(crate) fn wake_islands(region: &Element) {
    let wake = Reflect::get(&window(), &JsValue::from_str("lecternWake")).ok();
    if let Some(wake) = wake.and_then(|it| it.dyn_into::<js_sys::Function>().ok()) {
        let _ = wake.call1(&JsValue::UNDEFINED, region);
    }
}
