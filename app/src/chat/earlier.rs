//! Earlier messages come when a person has scrolled up to the first, or follows the link above it. The link leads to a
//! page of its own where there are no scripts; here its rows are put before the others.

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};

use crate::{
    enhance::{listen, within},
    live::{fetch_page, rows, wake_islands},
};

/// How near to the first message, in CSS pixels, the earlier ones are fetched.
const NEAR: i32 = 300;

/// Fetches earlier messages into a region whenever they are wanted.
pub(super) fn on_the_way_up(region: &Element, scrolled: &Element) {
    let busy = StoredValue::new(false);
    let place = region.id();
    let load = move || {
        if !busy.get_value() {
            busy.set_value(true);
            let place = place.clone();
            spawn_local(async move {
                load(&place).await;
                busy.set_value(false);
            });
        }
    };
    let (upwards, element) = (load.clone(), scrolled.clone());
    listen(scrolled, "scroll", false, move |_| {
        // It counts from its end: 0 there, negative above.
        let above = element.scroll_height() - element.client_height() + element.scroll_top();
        if element.scroll_top() < 0 && above < NEAR {
            upwards();
        }
    });
    let _ = window_event_listener(ev::click, move |event| {
        let other = event.ctrl_key() || event.meta_key() || event.shift_key() || event.button() != 0;
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let link = target.and_then(|target| target.closest(".chat-earlier a").ok().flatten());
        if link.is_some() && !other {
            event.prevent_default();
            load();
        }
    });
}

/// Fetches the page to which the link leads, and puts its rows and its link in their places.
async fn load(place: &str) {
    let Some(region) = document().get_element_by_id(place) else { return };
    let Some(way) = within(&region, ".chat-earlier").pop() else { return };
    let Some(href) = within(&way, "a").pop().and_then(|link| link.get_attribute("href")) else { return };
    let Some(page) = fetch_page(&href).await else { return };
    let Some(earlier) = page.get_element_by_id(place) else { return };
    let focused = document().active_element().is_some_and(|active| way.contains(Some(&active)));
    rows::prepend(&region, &earlier);
    match within(&earlier, ".chat-earlier").pop() {
        Some(next) => {
            let _ = way.replace_with_with_node_1(&next);
            wake_islands(&next);
        }
        None => way.remove(),
    }
    if focused {
        let next = within(&region, ".chat-earlier a").pop();
        let next = next.or_else(|| region.closest("[data-scrolled]").ok().flatten());
        if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
            let _ = next.focus();
        }
    }
}
