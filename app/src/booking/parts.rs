//! How the calendar's data is laid out. Links and forms do everything without the browser's code.

use leptos::prelude::*;

use super::view::{CalendarTexts, CalendarView, Choice, Choose, Day, DayStarts, Span, Start};
use crate::ui::{
    ButtonLink, ButtonSize, ButtonVariant, CalendarLegend, DayCell, EmptyState, Glyph, SlotChip, SlotDay,
};

/// The way to the period before, the title, the way to the period after.
pub fn head(view: &CalendarView) -> AnyView {
    let way = |choice: Choice, icon: Glyph| {
        if choice.href.is_empty() {
            view! { <span class="calendar-way"></span> }.into_any()
        } else {
            view! { <ButtonLink href=choice.href variant=ButtonVariant::Ghost icon label=choice.label/> }
                .into_any()
        }
    };
    view! {
        <div class="calendar-head" data-states="">
            {way(view.previous.clone(), Glyph::ChevronLeft)}
            <h3 class="calendar-title">{view.title.clone()}</h3>
            {way(view.next.clone(), Glyph::ChevronRight)}
        </div>
    }
    .into_any()
}

/// Offering, duration, month or week: each a row of links.
pub fn choices(view: &CalendarView, texts: &CalendarTexts) -> AnyView {
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
pub fn month(view: &CalendarView, texts: &CalendarTexts, roving: RwSignal<String>) -> AnyView {
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
            let days = week.iter().cloned().map(|day| place(day, roving)).collect_view();
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

fn place(day: Option<Day>, roving: RwSignal<String>) -> AnyView {
    let Some(day) = day else {
        return view! { <td role="gridcell" class="day"></td> }.into_any();
    };
    let date = day.date.clone();
    let tabbable = Signal::derive(move || roving.with(|at| *at == date));
    view! {
        <DayCell
            day=day.number date=day.date free=day.free free_text=day.free_text label=day.label href=day.href
            selected=day.selected today=day.today tabbable
        />
    }
    .into_any()
}

/// The starts of the days that are shown, or why there are none.
pub fn starts(view: &CalendarView, texts: &CalendarTexts) -> AnyView {
    if !view.empty.is_empty() {
        return nothing(view);
    }
    let days = view.days.iter().map(|day| starts_of(day, &view.choose, &texts.no_times)).collect::<Vec<_>>();
    let class = if view.span == Span::Week { "week" } else { "" };
    match &view.choose {
        Choose::Move { .. } => view! { <div class=class>{days}</div> }.into_any(),
        Choose::Hold { slug, offering, duration } => view! {
            <form method="post" action="/do/hold_slot" data-hold-form="" class=class>
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
