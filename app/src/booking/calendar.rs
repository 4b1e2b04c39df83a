//! What moves in the booking calendar. The server renders every state of it as a page of its own; here
//! the calendar's links and forms fetch that page and put its calendar in the place of the present one.

use std::time::Duration;

use leptos::{
    ev::{self, KeyboardEvent, MouseEvent, SubmitEvent},
    prelude::*,
    task::spawn_local,
};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, EventTarget, HtmlElement, HtmlFormElement};

use super::{
    focus::{Go, Landing, land, step},
    zone,
};
use crate::{
    form::{data, send},
    live::{fetch_page, is_busy, is_pressed, wake_islands},
};

/// The id of the element that is exchanged. It carries the state: `data-query` (its address),
/// `data-zone-known`, and `data-announcement` (what a live region says of it).
const STATE: &str = "calendar-state";

/// How often to look whether a press has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What moves in the calendar.
#[derive(Clone, Copy)]
struct Calendar {
    unreachable: StoredValue<String>,
    problem: RwSignal<String>,
    said: RwSignal<String>,
    busy: RwSignal<bool>,
    /// A form is under way: pressed twice, it is sent once.
    sending: StoredValue<bool>,
    /// Grows with each question, so that a late answer to an old one is dropped.
    turn: StoredValue<u32>,
    /// The state that was asked for last; it may not be shown yet.
    asked: StoredValue<String>,
}

/// What happens once an answer is shown.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Stay,
    Focus(Landing),
    FocusSelected,
}

/// The booking calendar around the state that the server rendered.
#[island]
pub fn BookingCalendar(
    /// What to say when the server cannot be reached.
    unreachable: String,
    /// The state, an element with the id `calendar-state`.
    children: Children,
) -> impl IntoView {
    let calendar = Calendar {
        unreachable: StoredValue::new(unreachable),
        problem: RwSignal::new(String::new()),
        said: RwSignal::new(String::new()),
        busy: RwSignal::new(false),
        sending: StoredValue::new(false),
        turn: StoredValue::new(0),
        asked: StoredValue::new(String::new()),
    };
    Effect::new(move |_| calendar.wake());
    view! {
        <div
            class="calendar-island"
            aria-busy=move || calendar.busy.get().then_some("true")
            on:click=move |event| calendar.clicked(&event)
            on:keydown=move |event| calendar.pressed(&event)
            on:submit=move |event| calendar.submitted(&event)
        >
            <p class="form-error" role="alert" hidden=move || calendar.problem.with(String::is_empty)>
                {move || calendar.problem.get()}
            </p>
            <p class="sr-only" role="status">{move || calendar.said.get()}</p>
            {children()}
        </div>
    }
}

/// The query of the page's address.
fn address_query() -> String {
    window().location().search().unwrap_or_default().trim_start_matches('?').to_owned()
}

/// The query of a link within the page, such as `?month=2026-12#calendar`.
fn link_query(link: &Element) -> String {
    let href = link.get_attribute("href").unwrap_or_default();
    href.trim_start_matches('?').split('#').next().unwrap_or_default().to_owned()
}

fn element(target: Option<EventTarget>) -> Option<Element> {
    target?.dyn_into().ok()
}

fn state() -> Option<Element> {
    document().get_element_by_id(STATE)
}

fn of_state(name: &str) -> String {
    state().and_then(|state| state.get_attribute(name)).unwrap_or_default()
}

/// Every element of the state that a selector finds.
fn all(selector: &str) -> Vec<Element> {
    let Some(found) = state().and_then(|state| state.query_selector_all(selector).ok()) else {
        return Vec::new();
    };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
}

/// The column of the first day, and the days of the month as cells.
fn days() -> (usize, Vec<Element>) {
    let blank = |cell: &Element| !cell.has_attribute("data-date");
    let first = all("tbody td").iter().take_while(|cell| blank(cell)).count();
    (first, all("td[data-date]"))
}

/// Moves the focus to a day, which then is the one that Tab reaches.
fn focus(cell: Option<&Element>) {
    let Some(cell) = cell else { return };
    for face in all("td[data-date] .day-face") {
        let _ = face.set_attribute("tabindex", "-1");
    }
    let face = cell.query_selector(".day-face").ok().flatten();
    if let Some(face) = face.and_then(|face| face.dyn_into::<HtmlElement>().ok()) {
        let _ = face.set_attribute("tabindex", "0");
        let _ = face.focus();
    }
}

/// A state in another zone.
fn without_zone(query: &str) -> String {
    query.split('&').filter(|pair| !pair.starts_with("tz=")).collect::<Vec<_>>().join("&")
}

/// A month of which no day is chosen: in another zone the same one may have nothing free.
fn without_day(query: &str) -> String {
    let month = query.contains("month=");
    query.split('&').filter(|pair| !(month && pair.starts_with("day="))).collect::<Vec<_>>().join("&")
}

impl Calendar {
    /// Takes over in the browser: tells the server its zone, and follows the history.
    fn wake(self) {
        zone::remember();
        self.asked.set_value(of_state("data-query"));
        if of_state("data-zone-known") != "true" {
            self.load(address_query(), false, Then::Stay);
        }
        let listener =
            window_event_listener(ev::popstate, move |_| self.load(address_query(), false, Then::Stay));
        let online = window_event_listener(ev::online, move |_| self.recover());
        on_cleanup(move || {
            listener.remove();
            online.remove();
        });
    }

    /// The network is back: what was said of its loss is taken back.
    fn recover(self) {
        if self.problem.with_untracked(|problem| *problem == self.unreachable.get_value()) {
            self.problem.set(String::new());
        }
    }

    /// Follows a link to another state.
    fn clicked(self, event: &MouseEvent) {
        let plain = event.button() == 0
            && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        let link =
            element(event.target()).and_then(|it| it.closest("[data-states] a[href^='?']").ok().flatten());
        let Some(link) = link.filter(|_| plain) else { return };
        event.prevent_default();
        let in_grid = link.closest("[role=grid]").ok().flatten().is_some();
        self.load(link_query(&link), true, if in_grid { Then::FocusSelected } else { Then::Stay });
    }

    /// Moves through the grid of days.
    fn pressed(self, event: &KeyboardEvent) {
        let cell = element(event.target()).and_then(|it| it.closest("td[data-date]").ok().flatten());
        let Some(cell) = cell else { return };
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let (first, days) = days();
        let Some(at) = days.iter().position(|day| *day == cell) else { return };
        let Some(go) = step(&event.key(), at, first, days.len()) else { return };
        event.prevent_default();
        match go {
            Go::To(place) => focus(days.get(place)),
            Go::Previous(landing) => self.turn_page("[data-way=previous]", landing),
            Go::Next(landing) => self.turn_page("[data-way=next]", landing),
        }
    }

    /// Goes to the month before or after, where there is one.
    fn turn_page(self, way: &str, landing: Landing) {
        if let Some(link) = all(way).first() {
            self.load(link_query(link), true, Then::Focus(landing));
        }
    }

    /// Begins a question: the answers to all before it are dropped.
    fn next_turn(self) -> u32 {
        let turn = self.turn.with_value(|turn| turn.wrapping_add(1));
        self.turn.set_value(turn);
        self.busy.set(true);
        turn
    }

    /// Fetches the page of another state and shows its calendar.
    fn load(self, query: String, push: bool, then: Then) {
        let turn = self.next_turn();
        self.asked.set_value(query.clone());
        spawn_local(async move {
            let path = window().location().pathname().unwrap_or_default();
            let fresh = fetch_page(&format!("{path}?{query}")).await;
            if self.turn.get_value() != turn {
                return;
            }
            match fresh.and_then(|page| page.get_element_by_id(STATE)) {
                Some(fresh) => self.show_once_free(turn, fresh, push, then),
                // What is wrong already is worth more than that the calendar could not be shown anew.
                None => {
                    self.busy.set(false);
                    self.problem.update(|problem| {
                        if push || problem.is_empty() {
                            *problem = self.unreachable.get_value();
                        }
                    });
                }
            }
        });
    }

    /// Shows an answer once nothing in the present state is held down; what is pressed there may make it an old one.
    /// For what nobody pressed it also waits while somebody writes there.
    fn show_once_free(self, turn: u32, fresh: Element, push: bool, then: Then) {
        if self.turn.get_value() != turn {
            return;
        }
        let waits = |state: Element| if push { is_pressed(&state) } else { is_busy(&state) };
        if state().is_some_and(waits) {
            set_timeout(move || self.show_once_free(turn, fresh, push, then), LOOK_EVERY);
            return;
        }
        self.busy.set(false);
        self.show(&fresh, push, then);
    }

    fn show(self, fresh: &Element, push: bool, then: Then) {
        let Some(old) = state() else { return };
        old.set_outer_html(&fresh.outer_html());
        if let Some(state) = state() {
            wake_islands(&state);
        }
        self.asked.set_value(of_state("data-query"));
        self.said.set(of_state("data-announcement"));
        if push {
            self.problem.set(String::new());
            let address = format!("?{}", of_state("data-query"));
            if let Ok(history) = window().history() {
                let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&address));
            }
        }
        let (first, days) = days();
        match then {
            Then::Stay => {}
            Then::Focus(landing) => focus(days.get(land(landing, first, days.len()))),
            Then::FocusSelected => {
                let tabbable = |day: &&Element| day.query_selector("[tabindex='0']").ok().flatten().is_some();
                focus(days.iter().find(tabbable));
            }
        }
    }

    /// Holds a start, or changes the zone. What is pressed counts also while another state is fetched, which then is
    /// not shown.
    fn submitted(self, event: &SubmitEvent) {
        let form = element(event.target()).and_then(|it| it.dyn_into::<HtmlFormElement>().ok());
        let Some(form) = form.filter(|form| form.closest("[data-states]").ok().flatten().is_some()) else {
            return;
        };
        event.prevent_default();
        if self.sending.get_value() {
            return;
        }
        let zone = form.has_attribute("data-zone-form");
        let (target, data) =
            (form.get_attribute("action").unwrap_or_default(), data(&form, event.submitter()));
        let turn = self.next_turn();
        self.sending.set_value(true);
        spawn_local(async move {
            let answer = send(&target, data, false).await;
            self.sending.set_value(false);
            if self.turn.get_value() == turn {
                self.busy.set(false);
            }
            match answer {
                Ok(_) if zone => {
                    // What was pressed meanwhile is shown, in the new zone.
                    let (shown, asked) = (of_state("data-query"), self.asked.get_value());
                    let query = if asked == shown { without_day(&shown) } else { asked };
                    self.load(without_zone(&query), true, Then::Stay);
                }
                Ok(place) => {
                    // The page is left: what was asked for meanwhile is not shown any more.
                    self.next_turn();
                    let _ = window().location().set_href(&place.unwrap_or_default());
                }
                // A start that was taken meanwhile is told, and the calendar shown as it is now; and what was pressed
                // before or meanwhile is not forgotten.
                Err(error) => {
                    let unknown = error.message.is_empty();
                    self.problem.set(if unknown { self.unreachable.get_value() } else { error.message });
                    let asked = self.asked.get_value();
                    if !zone || asked != of_state("data-query") {
                        self.load(asked, false, Then::Stay);
                    }
                }
            }
        });
    }
}
