//! The booking calendar in the browser: its links and forms without loading pages. The state is what the
//! links' addresses say, so that each of them also works as a page of its own.

use leptos::{
    ev::{self, KeyboardEvent, MouseEvent, SubmitEvent},
    prelude::*,
    task::{spawn_local, tick},
};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, EventTarget, FormData, HtmlElement, HtmlFormElement};

use super::{
    api,
    focus::{Go, Landing, land, step},
    parts,
    view::{CalendarTexts, CalendarView, Choose, Source, Span},
    zone,
};
use crate::{
    error::WireError,
    ui::{Alert, Glyph, Icon, Tone},
};

/// What moves in the calendar.
#[derive(Clone, Copy)]
struct Calendar {
    source: StoredValue<Source>,
    texts: StoredValue<CalendarTexts>,
    view: RwSignal<CalendarView>,
    /// The day that Tab reaches.
    roving: RwSignal<String>,
    problem: RwSignal<String>,
    busy: RwSignal<bool>,
    /// Grows with each question, so that a late answer to an old one is dropped.
    turn: StoredValue<u32>,
}

/// What happens once an answer is shown.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Stay,
    Focus(Landing),
    FocusSelected,
}

/// The booking calendar. Its child is the switch of the zone.
#[island(lazy)]
pub fn BookingCalendar(
    view: CalendarView,
    texts: CalendarTexts,
    source: Source,
    problem: String,
    children: Children,
) -> impl IntoView {
    let calendar = Calendar {
        source: StoredValue::new(source),
        texts: StoredValue::new(texts),
        roving: RwSignal::new(view.tabbable.clone()),
        view: RwSignal::new(view),
        problem: RwSignal::new(problem),
        busy: RwSignal::new(false),
        turn: StoredValue::new(0),
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
            <div class="zone-bar">
                <Icon glyph=Glyph::Globe/>
                {move || calendar.view.with(zones)}
                <div class="zone-switch">{children()}</div>
                {move || calendar.view.with(changes)}
            </div>
            <div>
                {move || calendar.problem.with(|text| (!text.is_empty()).then(|| view! { <Alert tone=Tone::Warning title=text.clone()/> }))}
            </div>
            <p class="sr-only" role="status">{move || calendar.view.with(|view| view.announcement.clone())}</p>
            {move || calendar.view.with(|view| body(view, calendar))}
        </div>
    }
}

fn zones(view: &CalendarView) -> AnyView {
    let other = (!view.zone.other.is_empty())
        .then(|| view! { <span class="zone-other">{view.zone.other.clone()}</span> });
    view! { <p class="zone-text"><strong>{view.zone.text.clone()}</strong>{other}</p> }.into_any()
}

fn changes(view: &CalendarView) -> AnyView {
    let lines = view.zone.changes.iter().cloned();
    lines
        .map(|line| view! { <p class="zone-change"><Icon glyph=Glyph::Clock/>{line}</p> })
        .collect_view()
        .into_any()
}

fn body(view: &CalendarView, calendar: Calendar) -> AnyView {
    calendar.texts.with_value(|texts| match view.span {
        Span::Month => view! {
            {parts::choices(view, texts)}
            <div class="calendar calendar-two">
                <div class="card card-pad">{parts::head(view)} {parts::month(view, texts, calendar.roving)}</div>
                <div id="times" class="card card-pad calendar-times">{parts::starts(view, texts)}</div>
            </div>
        }
        .into_any(),
        Span::Week => view! {
            {parts::choices(view, texts)}
            {parts::head(view)}
            <div id="times" class="calendar-times">{parts::starts(view, texts)}</div>
        }
        .into_any(),
    })
}

/// The query of the page's address.
fn address_query() -> String {
    window().location().search().unwrap_or_default().trim_start_matches('?').to_owned()
}

fn element(target: Option<EventTarget>) -> Option<Element> {
    target?.dyn_into().ok()
}

impl Calendar {
    /// Takes over in the browser: tells the server its zone, and follows the history.
    fn wake(self) {
        zone::remember();
        if !self.view.with_untracked(|view| view.zone.known) {
            self.load(address_query(), false, Then::Stay);
        }
        let listener =
            window_event_listener(ev::popstate, move |_| self.load(address_query(), false, Then::Stay));
        on_cleanup(move || listener.remove());
    }

    fn query(self) -> String {
        self.view.with_untracked(|view| view.query.clone())
    }

    /// The present state for another zone, in which the same day of a month may have nothing free.
    fn query_without_zone(self) -> String {
        let query = self.query();
        let month = query.contains("month=");
        let stays = |pair: &&str| !(pair.starts_with("tz=") || month && pair.starts_with("day="));
        query.split('&').filter(stays).collect::<Vec<_>>().join("&")
    }

    /// Follows a link to another state.
    fn clicked(self, event: &MouseEvent) {
        let plain = event.button() == 0
            && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        let link =
            element(event.target()).and_then(|it| it.closest("[data-states] a[href^='?']").ok().flatten());
        let Some(link) = link.filter(|_| plain) else { return };
        event.prevent_default();
        let href = link.get_attribute("href").unwrap_or_default();
        let query = href.trim_start_matches('?').split('#').next().unwrap_or_default().to_owned();
        let in_grid = link.closest("[role=grid]").ok().flatten().is_some();
        self.load(query, true, if in_grid { Then::FocusSelected } else { Then::Stay });
    }

    /// Moves through the grid of days.
    fn pressed(self, event: &KeyboardEvent) {
        let cell = element(event.target()).and_then(|it| it.closest("td[data-date]").ok().flatten());
        let Some(date) = cell.and_then(|cell| cell.get_attribute("data-date")) else { return };
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let (first, days) = self.days();
        let Some(at) = days.iter().position(|day| *day == date) else { return };
        let Some(go) = step(&event.key(), at, first, days.len()) else { return };
        event.prevent_default();
        let way = |back: bool| {
            let choice =
                self.view.with_untracked(|view| if back { view.previous.clone() } else { view.next.clone() });
            let query = choice.href.trim_start_matches('?').split('#').next().unwrap_or_default().to_owned();
            (!choice.href.is_empty()).then_some(query)
        };
        match go {
            Go::To(place) => self.focus(days.get(place)),
            Go::Previous(landing) => {
                way(true).into_iter().for_each(|it| self.load(it, true, Then::Focus(landing)))
            }
            Go::Next(landing) => {
                way(false).into_iter().for_each(|it| self.load(it, true, Then::Focus(landing)))
            }
        }
    }

    /// The column of the first day, and the dates of the month.
    fn days(self) -> (usize, Vec<String>) {
        self.view.with_untracked(|view| {
            let first =
                view.weeks.first().map_or(0, |week| week.iter().take_while(|day| day.is_none()).count());
            let days = view.weeks.iter().flatten().flatten();
            (first, days.map(|day| day.date.clone()).collect())
        })
    }

    fn focus(self, date: Option<&String>) {
        let Some(date) = date else { return };
        self.roving.set(date.clone());
        let face = document().query_selector(&format!("td[data-date='{date}'] .day-face")).ok().flatten();
        if let Some(face) = face.and_then(|face| face.dyn_into::<HtmlElement>().ok()) {
            let _ = face.focus();
        }
    }

    /// Asks for another state and shows it.
    fn load(self, query: String, push: bool, then: Then) {
        let turn = self.turn.with_value(|turn| turn.wrapping_add(1));
        self.turn.set_value(turn);
        self.busy.set(true);
        spawn_local(async move {
            let answer = match self.source.get_value() {
                Source::Tutor(slug) => api::calendar(slug, query).await,
                Source::Booking(booking) => api::reschedule_calendar(booking, query).await,
            };
            if self.turn.get_value() != turn {
                return;
            }
            self.busy.set(false);
            match answer {
                Ok(view) => self.show(view, push, then).await,
                Err(error) => self.tell(&error),
            }
        });
    }

    async fn show(self, view: CalendarView, push: bool, then: Then) {
        if push {
            self.problem.set(String::new());
            let address = format!("?{}", view.query);
            if let Ok(history) = window().history() {
                let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&address));
            }
        }
        self.roving.set(view.tabbable.clone());
        self.view.set(view);
        tick().await;
        let (first, days) = self.days();
        match then {
            Then::Stay => {}
            Then::Focus(landing) => self.focus(days.get(land(landing, first, days.len()))),
            Then::FocusSelected => self.focus(Some(&self.roving.get_untracked())),
        }
    }

    fn tell(self, error: &WireError) {
        let unreachable = self.texts.with_value(|texts| texts.unreachable.clone());
        self.problem.set(if error.message.is_empty() { unreachable } else { error.message.clone() });
    }

    /// Holds a start, or changes the zone.
    fn submitted(self, event: &SubmitEvent) {
        let Some(form) = element(event.target()).and_then(|it| it.dyn_into::<HtmlFormElement>().ok()) else {
            return;
        };
        if form.has_attribute("data-zone-form") {
            event.prevent_default();
            self.change_zone(form);
        } else if form.has_attribute("data-hold-form") {
            event.prevent_default();
            let start = event.submitter().and_then(|button| button.get_attribute("value"));
            if let (Some(start), false) = (start, self.busy.get_untracked()) {
                self.hold(start);
            }
        }
    }

    /// Holds a start and goes on; a start that was taken meanwhile is told, and the calendar shown anew.
    fn hold(self, start: String) {
        let Choose::Hold { slug, offering, duration } = self.view.with_untracked(|view| view.choose.clone())
        else {
            return;
        };
        self.busy.set(true);
        spawn_local(async move {
            match api::hold_slot(slug, offering, i64::from(duration), start).await {
                Ok(address) => {
                    let _ = window().location().set_href(&address);
                }
                Err(error) => {
                    self.busy.set(false);
                    self.tell(&error);
                    self.load(self.query(), false, Then::Stay);
                }
            }
        });
    }

    fn change_zone(self, form: HtmlFormElement) {
        let value = |name: &str| {
            FormData::new_with_form(&form)
                .ok()
                .and_then(|data| data.get(name).as_string())
                .unwrap_or_default()
        };
        let name = value("zone");
        spawn_local(async move {
            match api::choose_zone(name, String::new()).await {
                Ok(()) => {
                    if let Some(details) = form.closest("details").ok().flatten() {
                        let _ = details.remove_attribute("open");
                    }
                    self.load(self.query_without_zone(), true, Then::Stay);
                }
                Err(error) => self.tell(&error),
            }
        });
    }
}
