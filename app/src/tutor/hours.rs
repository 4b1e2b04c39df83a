//! The editor of a tutor's weekly hours: a grid for pointer and keyboard, and the same hours as ranges of
//! time in a form that works without script. Both show one list of ranges, and so stay in step.

#![expect(missing_docs, reason = "the macro makes a struct of the island's props")]

use leptos::{ev, html, prelude::*};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent, PointerEvent};

use super::week::{CELL, CELLS, Range, cells, paint};
use crate::ui::HoursCell;

/// The cell that is in sight at first: 07:30.
const FIRST_IN_SIGHT: u16 = 15;

/// The texts of the editor, in the reader's language.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HoursTexts {
    /// Names of the weekdays, from Sunday.
    pub days: Vec<String>,
    /// Their short names.
    pub days_short: Vec<String>,
    /// The order in which they are shown.
    pub order: Vec<u8>,
    /// The 48 half hours of a day, as the language writes them.
    pub times: Vec<String>,
    /// What the grid is.
    pub grid: String,
    /// How the grid is used by keyboard.
    pub help: String,
    /// Label of a range's start.
    pub from: String,
    /// Label of a range's end.
    pub until: String,
    /// Adds a range.
    pub add: String,
    /// Takes a range away.
    pub remove: String,
    /// Copies a day to all others.
    pub copy: String,
    /// Said for a day without hours.
    pub closed: String,
    /// What the language writes between an action and its day.
    pub colon: String,
}

/// A range with the number that names its fields.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    id: usize,
    weekday: u8,
    start: String,
    end: String,
}

impl Row {
    fn is_blank(&self) -> bool {
        self.start.is_empty() && self.end.is_empty()
    }
}

/// The first cell that the pointer pressed, whether it opens, and the ranges before.
type Painting = ((u8, u16), bool, Vec<Row>);

/// The state of the editor.
#[derive(Clone, Copy)]
struct Editor {
    rows: RwSignal<Vec<Row>>,
    next: StoredValue<usize>,
    /// The cell that Tab reaches.
    at: RwSignal<(u8, u16)>,
    /// While the pointer paints.
    painting: StoredValue<Option<Painting>>,
    order: StoredValue<Vec<u8>>,
}

/// The editor. Its fields are `weekly[n][weekday]`, `weekly[n][start]` and `weekly[n][end]`.
#[island(lazy)]
pub fn HoursEditor(
    /// The hours at first; with an empty range for each day, for those without script.
    ranges: Vec<Range>,
    /// The texts.
    texts: HoursTexts,
) -> impl IntoView {
    let rows: Vec<Row> = ranges
        .into_iter()
        .enumerate()
        .map(|(id, (weekday, start, end))| Row { id, weekday, start, end })
        .collect();
    let editor = Editor {
        next: StoredValue::new(rows.len()),
        rows: RwSignal::new(rows),
        at: RwSignal::new((texts.order.first().copied().unwrap_or(1), 18)),
        painting: StoredValue::new(None),
        order: StoredValue::new(texts.order.clone()),
    };
    let awake = RwSignal::new(false);
    Effect::new(move |_| {
        editor.rows.update(|rows| rows.retain(|row| !row.is_blank()));
        awake.set(true);
    });
    view! {
        <div class="stack">
            <div hidden=move || !awake.get()><Grid editor texts=texts.clone()/></div>
            <div><Days editor texts awake/></div>
        </div>
    }
}

#[component]
fn Grid(editor: Editor, texts: HoursTexts) -> impl IntoView {
    let open = Memo::new(move |_| editor.rows.with(|rows| cells(rows.iter().map(triple))));
    let heads = texts.order.iter().map(|day| texts.days_short[usize::from(*day)].clone());
    let heads = heads.map(|day| view! { <th scope="col">{day}</th> }).collect_view();
    let lines = (0..CELLS)
        .map(|cell| {
            let time = texts.times[usize::from(cell)].clone();
            let row = texts.order.iter().map(|day| {
                let day = *day;
                let index = usize::from(day) * usize::from(CELLS) + usize::from(cell);
                let label = format!("{} {time}", texts.days[usize::from(day)]);
                let is_open = Signal::derive(move || open.with(|open| open.get(index) == Some(&true)));
                let tabbable = Signal::derive(move || editor.at.get() == (day, cell));
                view! { <HoursCell weekday=day minute=cell * CELL label open=is_open tabbable on_the_hour=cell % 2 == 0/> }
            });
            let row = row.collect_view();
            let name_class = if cell % 2 == 0 { "" } else { "sr-only" };
            view! { <tr><th scope="row"><span class=name_class>{time}</span></th>{row}</tr> }
        })
        .collect_view();
    let table = NodeRef::<html::Table>::new();
    let frame = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        let Some(frame) = frame.get() else { return };
        // The hours of the day, and not of the night, are in sight at first; once the grid is shown.
        request_animation_frame(move || {
            frame.set_scroll_top(frame.scroll_height() * i32::from(FIRST_IN_SIGHT) / i32::from(CELLS));
        });
    });
    window_event_listener(ev::pointerup, move |_| editor.painting.set_value(None));
    view! {
        <p class="quiet small" id="hours-help">{texts.help}</p>
        <div class="hours-frame hours-scroll" node_ref=frame>
            <table
                class="hours-grid" role="grid" aria-label=texts.grid aria-describedby="hours-help" aria-multiselectable="true" node_ref=table
                on:pointerdown=move |event| editor.press(&event)
                on:pointerover=move |event| editor.drag(&event)
                on:click=move |event| editor.tap(&event)
                on:keydown=move |event| editor.key(&event, table.get_untracked())
            >
                <thead><tr><td></td>{heads}</tr></thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Days(editor: Editor, texts: HoursTexts, awake: RwSignal<bool>) -> impl IntoView {
    let order = texts.order.clone();
    order.into_iter().map(|day| view! { <Day editor day texts=texts.clone() awake/> }).collect_view()
}

#[component]
fn Day(editor: Editor, day: u8, texts: HoursTexts, awake: RwSignal<bool>) -> impl IntoView {
    let name = texts.days[usize::from(day)].clone();
    let of_day = move || {
        editor.rows.with(|rows| rows.iter().filter(|row| row.weekday == day).cloned().collect::<Vec<_>>())
    };
    let none = move || editor.rows.with(|rows| !rows.iter().any(|row| row.weekday == day));
    let (add, copy, closed) = (texts.add.clone(), texts.copy.clone(), texts.closed.clone());
    let [add_name, copy_name] = [&add, &copy].map(|what| format!("{what}{}{name}", texts.colon));
    view! {
        <fieldset class="day-hours">
            <legend>{name.clone()}</legend>
            <div class="stack-tight">
                <p class="quiet small" hidden=move || !none()>{closed}</p>
                <For each=of_day key=|row| row.id children=move |row| view! { <RangeRow editor row texts=texts.clone() awake/> }/>
            </div>
            <div class="row" hidden=move || !awake.get()>
                <button type="button" class="btn btn-ghost btn-sm" aria-label=add_name on:click=move |_| editor.add(day)>{add}</button>
                <button
                    type="button" class="btn btn-ghost btn-sm" aria-label=copy_name disabled=none
                    on:click=move |_| editor.copy(day)
                >
                    {copy}
                </button>
            </div>
        </fieldset>
    }
}

#[component]
fn RangeRow(editor: Editor, row: Row, texts: HoursTexts, awake: RwSignal<bool>) -> impl IntoView {
    let id = row.id;
    let day = texts.days[usize::from(row.weekday)].clone();
    let name = |key: &str| format!("weekly[{id}][{key}]");
    let field = |key: &'static str, label: &str, value: String| {
        let typed = move |event: Event| editor.typed(id, key, event_target_value(&event));
        view! { <input class="input" type="time" name=name(key) aria-label=format!("{day}, {label}") value=value on:input=typed/> }
    };
    let remove = format!("{}{}{day}", texts.remove, texts.colon);
    view! {
        <div class="time-row">
            <input type="hidden" name=name("weekday") value=row.weekday.to_string()/>
            {field("start", &texts.from, row.start)}
            <span aria-hidden="true">"–"</span>
            {field("end", &texts.until, row.end)}
            <button
                type="button" class="btn btn-ghost btn-sm" hidden=move || !awake.get() aria-label=remove
                on:click=move |_| editor.rows.update(|rows| rows.retain(|row| row.id != id))
            >
                {texts.remove.clone()}
            </button>
        </div>
    }
}

fn triple(row: &Row) -> (u8, &str, &str) {
    (row.weekday, row.start.as_str(), row.end.as_str())
}

impl Editor {
    fn number(self) -> usize {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        id
    }

    fn add(self, weekday: u8) {
        let row = Row { id: self.number(), weekday, start: String::new(), end: String::new() };
        self.rows.update(|rows| rows.push(row));
    }

    fn typed(self, id: usize, key: &str, text: String) {
        self.rows.update(|rows| {
            if let Some(row) = rows.iter_mut().find(|row| row.id == id) {
                *if key == "start" { &mut row.start } else { &mut row.end } = text;
            }
        });
    }

    /// Gives every other day the ranges of this one.
    fn copy(self, from: u8) {
        let source = self.rows.with_untracked(|rows| {
            rows.iter().filter(|row| row.weekday == from && !row.is_blank()).cloned().collect::<Vec<_>>()
        });
        let copies = (0..7)
            .filter(|day| *day != from)
            .flat_map(|weekday| source.iter().map(move |row| Row { weekday, ..row.clone() }));
        let copies: Vec<_> = copies.map(|row| Row { id: self.number(), ..row }).collect();
        self.rows.update(|rows| {
            rows.retain(|row| row.weekday == from);
            rows.extend(copies);
        });
    }

    fn is_open(self, (weekday, cell): (u8, u16)) -> bool {
        let index = usize::from(weekday) * usize::from(CELLS) + usize::from(cell);
        self.rows.with_untracked(|rows| cells(rows.iter().map(triple)).get(index) == Some(&true))
    }

    /// Opens or closes cells of `base`, and shows the result.
    fn paint(self, base: &[Row], painted: impl IntoIterator<Item = (u8, u16)>, open: bool) {
        let ranges = paint(base.iter().map(triple), painted, open);
        let rows =
            ranges.into_iter().map(|(weekday, start, end)| Row { id: self.number(), weekday, start, end });
        self.rows.set(rows.collect());
    }

    fn press(self, event: &PointerEvent) {
        // A finger scrolls; it opens and closes single cells by a tap.
        let Some(cell) = cell_of(event).filter(|_| event.pointer_type() != "touch" && event.button() == 0)
        else {
            return;
        };
        let open = !self.is_open(cell);
        let base = self.rows.get_untracked();
        self.paint(&base, [cell], open);
        self.painting.set_value(Some((cell, open, base)));
        self.at.set(cell);
    }

    fn drag(self, event: &PointerEvent) {
        let Some(to) = cell_of(event) else { return };
        if let Some((from, open, base)) = self.painting.get_value() {
            self.paint(&base, self.rectangle(from, to), open);
        }
    }

    fn tap(self, event: &ev::MouseEvent) {
        let touch = event.dyn_ref::<PointerEvent>().is_some_and(|event| event.pointer_type() == "touch");
        if let Some(cell) = cell_of(event).filter(|_| touch) {
            self.toggle(cell);
        }
    }

    fn toggle(self, cell: (u8, u16)) {
        let base = self.rows.get_untracked();
        self.paint(&base, [cell], !self.is_open(cell));
        self.at.set(cell);
    }

    /// The cells between two, in the order of the columns that are shown.
    fn rectangle(self, from: (u8, u16), to: (u8, u16)) -> Vec<(u8, u16)> {
        let order = self.order.get_value();
        let column = |day: u8| order.iter().position(|other| *other == day).unwrap_or_default();
        let (a, b) = (column(from.0), column(to.0));
        let days = &order[a.min(b)..=a.max(b)];
        let span = from.1.min(to.1)..=from.1.max(to.1);
        days.iter().flat_map(|day| span.clone().map(|cell| (*day, cell))).collect()
    }

    /// Arrows move, with Shift they paint as the cell is that they leave; space and Enter change a cell.
    fn key(self, event: &KeyboardEvent, table: Option<web_sys::HtmlTableElement>) {
        // The cell that has the focus, whichever way it came there.
        let at = cell_of(event).unwrap_or_else(|| self.at.get_untracked());
        let order = self.order.get_value();
        let column = order.iter().position(|day| *day == at.0).unwrap_or_default();
        let day = |column: usize| order.get(column).copied().unwrap_or(at.0);
        let to = match event.key().as_str() {
            "ArrowUp" => (at.0, at.1.saturating_sub(1)),
            "ArrowDown" => (at.0, (at.1 + 1).min(CELLS - 1)),
            "ArrowLeft" => (day(column.saturating_sub(1)), at.1),
            "ArrowRight" => (day(column + 1), at.1),
            "Home" => (at.0, 0),
            "End" => (at.0, CELLS - 1),
            " " | "Enter" => {
                event.prevent_default();
                self.toggle(at);
                return;
            }
            _ => return,
        };
        event.prevent_default();
        if event.shift_key() {
            let base = self.rows.get_untracked();
            self.paint(&base, self.rectangle(at, to), self.is_open(at));
        }
        self.at.set(to);
        let selector = format!("[data-weekday='{}'][data-minute='{}']", to.0, to.1 * CELL);
        let cell = table.and_then(|table| table.query_selector(&selector).ok().flatten());
        if let Some(cell) = cell.and_then(|cell| cell.dyn_into::<HtmlElement>().ok()) {
            let _ = cell.focus();
        }
    }
}

/// The cell on which an event happened.
fn cell_of(event: &Event) -> Option<(u8, u16)> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let cell = target.closest("[data-minute]").ok().flatten()?;
    let number = |name: &str| cell.get_attribute(name)?.parse::<u16>().ok();
    Some((u8::try_from(number("data-weekday")?).ok()?, number("data-minute")? / CELL))
}
