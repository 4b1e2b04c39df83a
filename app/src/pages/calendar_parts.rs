//! How the calendar's data is laid out. Links and forms do everything without the browser's code.

use leptos::prelude::*;

use super::calendar_model::{CalendarTexts, CalendarView, Choice, Choose, Day, DayStarts, Span, Start};
use super::zone_switch::ZoneSwitch;
use crate::ui::{
    Alert, ButtonLink, ButtonSize, ButtonVariant, CalendarLegend, DayCell, EmptyState, Glyph, Icon, SlotChip,
    SlotDay, Tone,
};

/// The whole state: zones, choices, days and starts. It is what the browser's code exchanges.
#[component]
pub fn CalendarBody(
    /// The state.
    view: CalendarView,
    /// The words that never change.
    texts: CalendarTexts,
    /// What went wrong with the start that was chosen before.
    problem: String,
) -> impl IntoView {
    let problem = (!problem.is_empty()).then(|| view! { <Alert tone=Tone::Warning title=problem/> });
    view! {
        <div
            id="calendar-state" data-query=view.query.clone() data-announcement=view.announcement.clone()
            data-zone-known=view.zone.known.to_string()
        >
            <div class="zone-bar">
                <Icon glyph=Glyph::Globe/>
                {zones(&view)}
                <div class="zone-switch" data-states=""><ZoneSwitch/></div>
                {changes(&view)}
            </div>
            {problem}
            {body(&view, &texts)}
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

fn body(view: &CalendarView, texts: &CalendarTexts) -> AnyView {
    match view.span {
        Span::Month => view! {
            {choices(view, texts)}
            <div class="calendar calendar-two">
                <div class="card card-pad">{head(view)} {month(view, texts)}</div>
                <div id="times" class="card card-pad calendar-times">{starts(view, texts)}</div>
            </div>
        }
        .into_any(),
        Span::Week => view! {
            {choices(view, texts)}
            {head(view)}
            <div id="times" class="calendar-times">{starts(view, texts)}</div>
        }
        .into_any(),
    }
}

/// The way to the period before, the title, the way to the period after.
fn head(view: &CalendarView) -> AnyView {
    let way = |choice: Choice, icon: Glyph, name: &'static str| {
        if choice.href.is_empty() {
            view! { <span class="calendar-way"></span> }.into_any()
        } else {
            view! { <ButtonLink href=choice.href variant=ButtonVariant::Ghost icon label=choice.label attr:data-way=name/> }
                .into_any()
        }
    };
    view! {
        <div class="calendar-head" data-states="">
            {way(view.previous.clone(), Glyph::ChevronLeft, "previous")}
            <h3 class="calendar-title">{view.title.clone()}</h3>
            {way(view.next.clone(), Glyph::ChevronRight, "next")}
        </div>
    }
    .into_any()
}

/// Offering, duration, month or week: each a row of links.
fn choices(view: &CalendarView, texts: &CalendarTexts) -> AnyView {
    let row = |label: &str, choices: &[Choice]| {
        (choices.len() > 1).then(|| {
            let links = choices.iter().cloned().map(choice_link).collect_view();
            view! {
                <nav class="calendar-choice" aria-label=label.to_owned()>
                    <span class="field-label" aria-hidden="true">{label.to_owned()}</span>
                    <ul>{links}</ul>
                </nav>
            }
        })
    };
    view! {
        <div class="calendar-choices" data-states="">
            {row(&texts.offerings, &view.offerings)}
            {row(&texts.durations, &view.durations)}
            {row(&texts.spans, &view.spans)}
        </div>
    }
    .into_any()
}

fn choice_link(choice: Choice) -> impl IntoView {
    let hint = (!choice.hint.is_empty()).then(|| view! { <span class="choice-hint">{choice.hint}</span> });
    view! {
        <li>
            <a class="choice-link" href=choice.href aria-current=choice.current.then_some("true")>
                <span>{choice.label}</span>
                {hint}
            </a>
        </li>
    }
}

/// The days of a month.
fn month(view: &CalendarView, texts: &CalendarTexts) -> AnyView {
    let names = view
        .weekdays
        .iter()
        .cloned()
        .map(|(short, whole)| view! { <th scope="col"><abbr title=whole>{short}</abbr></th> })
        .collect_view();
    let rows = view
        .weeks
        .iter()
        .map(|week| {
            let days = week.iter().cloned().map(|day| place(day, &view.tabbable)).collect_view();
            view! { <tr>{days}</tr> }
        })
        .collect_view();
    let CalendarTexts { none, few, some, many, .. } = texts.clone();
    view! {
        <table class="month" role="grid" aria-label=view.title.clone() aria-describedby="calendar-keys" data-states="">
            <thead>
                <tr>{names}</tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        <p id="calendar-keys" class="sr-only">{texts.keys.clone()}</p>
        <CalendarLegend none few some many/>
    }
    .into_any()
}

fn place(day: Option<Day>, tabbable: &str) -> AnyView {
    let Some(day) = day else {
        return view! { <td role="gridcell" class="day"></td> }.into_any();
    };
    let tabbable = day.date == tabbable;
    view! {
        <DayCell
            day=day.number date=day.date free=day.free free_text=day.free_text label=day.label href=day.href
            selected=day.selected today=day.today tabbable
        />
    }
    .into_any()
}

/// The starts of the days that are shown, or why there are none.
fn starts(view: &CalendarView, texts: &CalendarTexts) -> AnyView {
    if !view.empty.is_empty() {
        return nothing(view);
    }
    let days = view.days.iter().map(|day| starts_of(day, &view.choose, &texts.no_times)).collect::<Vec<_>>();
    let class = if view.span == Span::Week { "week" } else { "" };
    match &view.choose {
        Choose::Move { .. } => view! { <div class=class>{days}</div> }.into_any(),
        Choose::Hold { slug, offering, duration } => view! {
            <form method="post" action="/do/hold_slot" data-states="" class=class>
                <input type="hidden" name="slug" value=slug.clone()/>
                <input type="hidden" name="offering" value=offering.clone()/>
                <input type="hidden" name="duration" value=duration.to_string()/>
                {days}
            </form>
        }
        .into_any(),
    }
}

fn nothing(view: &CalendarView) -> AnyView {
    let way = view.next_free.clone().map(|choice| {
        view! {
            <ButtonLink href=choice.href variant=ButtonVariant::Secondary size=ButtonSize::Small icon=Glyph::ArrowRight>
                {choice.label}
            </ButtonLink>
        }
    });
    view! {
        <div data-states="">
            <EmptyState glyph=Glyph::Calendar title=view.empty.clone()>{way}</EmptyState>
        </div>
    }
    .into_any()
}

fn starts_of(day: &DayStarts, choose: &Choose, no_times: &str) -> AnyView {
    let (weekday, date, today) = (day.weekday.clone(), day.date.clone(), day.today);
    if day.starts.is_empty() {
        return view! { <SlotDay weekday date today empty_text=no_times.to_owned()/> }.into_any();
    }
    let starts = day.starts.iter().cloned().map(|start| chip(start, choose)).collect_view();
    view! { <SlotDay weekday date today>{starts}</SlotDay> }.into_any()
}

fn chip(start: Start, choose: &Choose) -> AnyView {
    match choose {
        Choose::Move { href } => {
            let href = format!("{href}{}", start.start);
            view! { <SlotChip href time=start.time note=start.note datetime=start.start/> }.into_any()
        }
        Choose::Hold { .. } => {
            let note =
                (!start.note.is_empty()).then(|| view! { <span class="slot-note">{start.note}</span> });
            let instant = start.start.clone();
            view! {
                <button type="submit" name="start" value=instant class="slot" aria-label=start.label>
                    <time datetime=start.start.clone() class="tabular">{start.time}</time>
                    {note}
                </button>
            }
            .into_any()
        }
    }
}
