//! What makes a page keep up with what happens: it listens to the person's events, and swaps what has
//! changed for what the server shows now.
//!
//! A region is an element with an id and `data-live`; one with `data-live="rows"` is a list that grows (see
//! [`rows`]). `data-countdown="ms"` counts down to an instant by
//! the server's clock, whatever the device's says; `data-refresh-at="ms,ms"` names instants at which the
//! page looks different, and `data-unseen` says that it then keeps up though nobody sees it.

#![expect(missing_docs, reason = "the macro makes a struct of the island's props")]

mod heard;
pub(crate) mod rows;
mod stream;
mod swap;

use std::{cell::Cell, time::Duration};

use gloo_net::http::Request;
use js_sys::Reflect;
use leptos::{ev, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use stream::Told;
use wasm_bindgen::JsValue;
use web_sys::{Document, DomParser, Element, Event, SupportedType};

use crate::enhance::all;

pub(crate) use swap::{is_busy, is_pressed, wake_islands};

/// How often the page asks again in any case: the server's clock may have been set, a device sleeps.
const AGAIN: Duration = Duration::from_secs(60);

/// The event of the window after the page was brought up to date.
pub(crate) const FRESH: &str = "lectern-fresh";

thread_local! {
    /// What keeps this page up to date, once it is awake.
    static KEEPER: Cell<Option<Keeper>> = const { Cell::new(None) };
}

/// Brings the page up to date soon.
pub(crate) fn look_again() {
    if let Some(keeper) = KEEPER.get() {
        keeper.refresh_soon();
    }
}

/// The server's clock as the page knows it, milliseconds since 1970; `None` where nothing keeps the page up to date.
pub(crate) fn server_now() -> Option<f64> {
    KEEPER.get().map(Keeper::now)
}

/// Whether the stream is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Quiet,
    Lost,
    Back,
}

/// The state of a page that keeps up. All of it is `Copy`: signals and stored values.
#[derive(Clone, Copy)]
struct Keeper {
    line: RwSignal<Line>,
    /// The last event seen, from which a new stream goes on.
    cursor: StoredValue<String>,
    pending: StoredValue<Option<TimeoutHandle>>,
    /// The server's clock, milliseconds, and the browser's timer at that moment.
    clock: StoredValue<(f64, f64)>,
    /// The server's clock stands still: development.
    stands: StoredValue<bool>,
    /// How often the page was asked for, and which of these answers it shows: an older one comes too late.
    asked: StoredValue<u32>,
    shown: StoredValue<u32>,
}

/// Keeps the page's regions fresh, and says when the connection is lost and when it is back.
#[island]
pub fn Live(
    /// The server's clock when the page was made, milliseconds since 1970.
    now_ms: f64,
    /// Whether that clock stands still (development).
    stands: bool,
    /// The last event before the page was made; empty where it is not known.
    after: String,
    /// What to say while the connection is lost.
    lost: String,
    /// What to say once it is back.
    back: String,
) -> impl IntoView {
    let keeper = Keeper {
        line: RwSignal::new(Line::Quiet),
        cursor: StoredValue::new(after),
        pending: StoredValue::new(None),
        clock: StoredValue::new((now_ms, 0.0)),
        stands: StoredValue::new(stands),
        asked: StoredValue::new(0),
        shown: StoredValue::new(0),
    };
    Effect::new(move |_| keeper.wake());
    view! {
        <div
            class="connection" role="status"
            data-line=move || match keeper.line.get() { Line::Quiet => "quiet", Line::Lost => "lost", Line::Back => "back" }
        >
            {move || match keeper.line.get() {
                Line::Quiet => String::new(),
                Line::Lost => lost.clone(),
                Line::Back => back.clone(),
            }}
        </div>
    }
}

impl Keeper {
    fn wake(self) {
        KEEPER.set(Some(self));
        all("[data-live]").iter().for_each(swap::note);
        // The page was made when the first byte of the answer came; the script wakes later.
        self.clock.update_value(|(_, timer)| *timer = answer_started());
        stream::share(move || self.cursor.get_value(), move |told| self.told(told));
        self.tick();
        let _ = set_interval_with_handle(move || self.tick(), Duration::from_secs(1));
        let _ = set_interval_with_handle(move || self.refresh_soon(), AGAIN);
        // A stream without a network says nothing: the browser knows it first.
        let _ = window_event_listener(ev::offline, move |_| self.line.set(Line::Lost));
        let _ = window_event_listener(ev::online, move |_| stream::renew());
        let _ = window_event_listener(ev::visibilitychange, move |_| self.refresh_soon());
        let _ = window_event_listener(ev::focusout, move |_| self.catch_up());
        let _ = window_event_listener(ev::pointerup, move |_| self.catch_up());
        let _ = window_event_listener(ev::pointercancel, move |_| self.catch_up());
        // A press of the space bar ends with a click, a link that is dragged and a menu of the browser with neither.
        let _ = window_event_listener(ev::click, move |_| self.catch_up());
        let _ = window_event_listener(ev::dragend, move |_| self.catch_up());
        let _ = window_event_listener(ev::contextmenu, move |_| self.catch_up());
    }

    fn told(self, told: Told) {
        match told {
            Told::Open => self.opened(),
            Told::Lost => self.line.set(Line::Lost),
            Told::At(id) if self.is_behind(&id) => {
                self.cursor.set_value(id);
                self.refresh_soon();
            }
            Told::Asked | Told::At(_) => {}
            Told::Event { id, kind, data } => {
                self.cursor.set_value(id);
                match &*kind {
                    "typing" => heard::typing(&data),
                    "presence" if !heard::shows_presence(&data) => {}
                    _ => self.refresh_soon(),
                }
            }
        }
    }

    /// Whether the stream has come further than this page.
    fn is_behind(self, id: &str) -> bool {
        let number = |id: &str| id.parse::<u64>().ok();
        let own = self.cursor.with_value(|own| number(own));
        number(id).is_some_and(|id| own.is_none_or(|own| own < id))
    }

    fn opened(self) {
        if self.line.get_untracked() == Line::Lost {
            self.line.set(Line::Back);
            self.refresh_soon();
            set_timeout(
                move || {
                    self.line.update(|line| {
                        if *line == Line::Back {
                            *line = Line::Quiet
                        }
                    })
                },
                Duration::from_secs(4),
            );
        }
    }

    /// Asks for the page, once for events that come together.
    fn refresh_soon(self) {
        self.pending.update_value(|pending| {
            if let Some(pending) = pending.take() {
                pending.clear();
            }
            let handle = set_timeout_with_handle(
                move || spawn_local(async move { self.refresh().await }),
                Duration::from_millis(150),
            );
            *pending = handle.ok();
        });
    }

    /// Fetches the page as it is now and swaps the regions that differ.
    async fn refresh(self) {
        // What a page shows counts as read: one that nobody sees waits until it is seen.
        if document().hidden() && !is_due("[data-unseen][data-refresh-at]", self.now()) {
            return;
        }
        let Ok(address) = window().location().href() else { return };
        let number = self.asked.get_value() + 1;
        self.asked.set_value(number);
        let Some(fresh) = fetch_page(&address).await else { return };
        if number < self.shown.get_value() {
            return;
        }
        self.shown.set_value(number);
        let fetched_at = timer();
        if let Ok(Some(clock)) = fresh.query_selector("[data-now]") {
            let now = clock.get_attribute("data-now").and_then(|now| now.parse().ok());
            if let Some(now) = now {
                self.clock.set_value((now, fetched_at));
                self.stands.set_value(clock.has_attribute("data-stands"));
            }
        }
        for region in all("[data-live]") {
            match fresh.get_element_by_id(&region.id()) {
                Some(fresh) => swap::swap(&region, &fresh),
                // Such as the page of an error: the next look finds it again.
                None => swap::give_up(&region),
            }
        }
        self.tick();
        if let Ok(event) = Event::new(FRESH) {
            let _ = window().dispatch_event(&event);
        }
    }

    /// What waited for a person comes when they leave the field, or release what they pressed.
    fn catch_up(self) {
        if !all("[data-stale]").is_empty() {
            self.refresh_soon();
        }
    }

    /// The server's clock, milliseconds.
    fn now(self) -> f64 {
        let (server, at) = self.clock.get_value();
        if self.stands.get_value() { server } else { server + timer() - at }
    }

    /// Moves the countdowns, and refreshes at the instants that the page names.
    fn tick(self) {
        let now = self.now();
        heard::tick(now);
        for frame in all("[data-countdown]") {
            show_countdown(&frame, now);
        }
        if is_due("[data-refresh-at]", now) {
            self.refresh_soon();
        }
    }
}

/// Whether an instant has come at which one of these elements looks different.
fn is_due(selector: &str, now: f64) -> bool {
    all(selector).iter().any(|element| {
        let times = element.get_attribute("data-refresh-at").unwrap_or_default();
        times.split(',').filter_map(|time| time.parse::<f64>().ok()).any(|time| time <= now)
    })
}

/// A page of this site as the server shows it now; `None` where it cannot be had.
pub(crate) async fn fetch_page(address: &str) -> Option<Document> {
    let answer = Request::get(address).header("accept", "text/html").send().await.ok()?;
    let text = answer.text().await.ok()?;
    DomParser::new().and_then(|parser| parser.parse_from_string(&text, SupportedType::TextHtml)).ok()
}

/// Milliseconds on the browser's timer, which no change of the device's clock moves.
fn timer() -> f64 {
    window().performance().map(|performance| performance.now()).unwrap_or_default()
}

/// The timer's value when the page's answer began to arrive.
fn answer_started() -> f64 {
    let entry =
        window().performance().map(|performance| performance.get_entries_by_type("navigation").get(0));
    let start = entry.and_then(|entry| Reflect::get(&entry, &JsValue::from_str("responseStart")).ok());
    start.and_then(|start| start.as_f64()).unwrap_or_default()
}

/// Writes days, hours, minutes and seconds into the figures of a countdown.
fn show_countdown(frame: &Element, now: f64) {
    let Some(to) = frame.get_attribute("data-countdown").and_then(|to| to.parse::<f64>().ok()) else {
        return;
    };
    let figures = parts((to - now) / 1000.0);
    let Ok(places) = frame.query_selector_all(".countdown-figure") else { return };
    for (index, figure) in (0..places.length()).zip(figures) {
        if let Some(place) = places.item(index) {
            let text = figure.to_string();
            if place.text_content().as_deref() != Some(&text) {
                place.set_text_content(Some(&text));
            }
        }
    }
}

/// Whole days, hours, minutes and seconds of a time in seconds; nothing once it has passed.
#[must_use]
pub fn parts(seconds: f64) -> [u32; 4] {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within u32 by the clamp")]
    let seconds = seconds.ceil().clamp(0.0, f64::from(u32::MAX)) as u32;
    [seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_countdown_ends_at_nothing() {
        for (seconds, shown) in [
            (-5.0, [0, 0, 0, 0]),
            (0.0, [0, 0, 0, 0]),
            (0.2, [0, 0, 0, 1]),
            (59.0, [0, 0, 0, 59]),
            (3_600.0, [0, 1, 0, 0]),
            (90_061.0, [1, 1, 1, 1]),
        ] {
            assert_eq!(parts(seconds), shown, "{seconds}");
        }
    }
}
