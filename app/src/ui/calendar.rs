//! Parts of the booking calendar. Month and week are laid out by their users; the texts come formatted.

use leptos::prelude::*;

use super::{Glyph, Icon, classes, given};

/// One day of a month (`<table class="month" role="grid">`).
#[component]
pub fn DayCell(
    /// Day of the month.
    day: u32,
    /// The civil date, `YYYY-MM-DD`, in the reader's zone.
    #[prop(into)]
    date: String,
    /// How many slots are free.
    free: u32,
    /// The same in few words, such as "5 free"; shown where there is room.
    #[prop(optional, into)]
    free_text: String,
    /// The whole in words, such as "Friday 12 March, 5 free slots".
    #[prop(into)]
    label: String,
    /// Where the day's slots are; empty for a day that cannot be chosen.
    #[prop(optional, into)]
    href: String,
    /// It is the day whose slots are shown.
    #[prop(optional, into)]
    selected: Signal<bool>,
    /// It is the one day of the grid that Tab reaches.
    #[prop(optional, into)]
    tabbable: Signal<bool>,
    /// It is today.
    #[prop(optional)]
    today: bool,
    /// It belongs to the month before or after.
    #[prop(optional)]
    outside: bool,
) -> impl IntoView {
    let level = match free {
        0 => "none",
        1..=2 => "few",
        3..=7 => "some",
        _ => "many",
    };
    let inner = view! {
        <span class="day-number tabular">{day}</span>
        <span class="day-free">{free_text}</span>
        <span class="day-dots" aria-hidden="true"></span>
    };
    let inner = if href.is_empty() {
        view! {
            <span class="day-face" aria-label=label role="link" aria-disabled="true" tabindex=move || tabindex(tabbable)>
                {inner}
            </span>
        }
        .into_any()
    } else {
        view! {
            <a class="day-face" href=href aria-label=label tabindex=move || tabindex(tabbable)>
                {inner}
            </a>
        }
        .into_any()
    };
    view! {
        <td
            role="gridcell"
            class="day"
            data-date=date
            data-free=level
            data-outside=outside.then_some("true")
            aria-current=today.then_some("date")
            aria-selected=move || if selected.get() { "true" } else { "false" }
        >
            {inner}
        </td>
    }
}

fn tabindex(tabbable: Signal<bool>) -> &'static str {
    if tabbable.get() { "0" } else { "-1" }
}

/// A free start as a link to its booking.
#[component]
pub fn SlotChip(
    /// Where it is booked.
    #[prop(into)]
    href: String,
    /// The start in the reader's zone.
    #[prop(into)]
    time: String,
    /// The instant, RFC 3339 in UTC.
    #[prop(into)]
    datetime: String,
    /// The same start in the tutor's zone, where it differs.
    #[prop(optional, into)]
    note: String,
    /// It is the chosen one.
    #[prop(optional, into)]
    selected: Signal<bool>,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    view! {
        <a class=classes("slot", &class) href=href data-start=datetime.clone() aria-current=move || selected.get().then_some("true")>
            <time datetime=datetime.clone() class="tabular">{time}</time>
            {given(&note).map(|note| view! { <span class="slot-note">{note}</span> })}
        </a>
    }
}

/// A free start as a choice of a form.
#[component]
pub fn SlotRadio(
    /// Name in the form.
    #[prop(into)]
    name: String,
    /// What is sent: the instant, RFC 3339 in UTC.
    #[prop(into)]
    value: String,
    /// The start in the reader's zone.
    #[prop(into)]
    time: String,
    /// The same start in the tutor's zone, where it differs.
    #[prop(optional, into)]
    note: String,
    /// Chosen at first.
    #[prop(optional)]
    checked: bool,
    /// Taken meanwhile: shown struck out, not to be chosen.
    #[prop(optional)]
    taken: bool,
) -> impl IntoView {
    view! {
        <label class="slot" data-taken=taken.then_some("true")>
            <input type="radio" class="sr-only" name=name value=value.clone() checked=checked disabled=taken required=true />
            <time datetime=value.clone() class="tabular">{time}</time>
            {given(&note).map(|note| view! { <span class="slot-note">{note}</span> })}
        </label>
    }
}

/// The slots of one day: a heading and its chips, or why there are none. Also a column of the week view.
#[component]
pub fn SlotDay(
    /// The weekday.
    #[prop(into)]
    weekday: String,
    /// The date.
    #[prop(into)]
    date: String,
    /// Said when the day has no slots.
    #[prop(optional, into)]
    empty_text: String,
    /// It is today.
    #[prop(optional)]
    today: bool,
    /// The chips.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <section class="slot-day" aria-current=today.then_some("date")>
            <h3 class="slot-day-head">
                <span class="slot-day-weekday">{weekday}</span>
                <span class="slot-day-date">{date}</span>
            </h3>
            {children.map(|children| view! { <div class="slot-list">{children()}</div> })}
            {given(&empty_text).map(|text| view! { <p class="slot-none">{text}</p> })}
        </section>
    }
}

/// What the looks of the days mean, from few to many.
#[component]
pub fn CalendarLegend(
    /// The word for a day without free slots.
    #[prop(into)]
    none: String,
    /// The word for one or two.
    #[prop(into)]
    few: String,
    /// The word for up to seven.
    #[prop(into)]
    some: String,
    /// The word for more.
    #[prop(into)]
    many: String,
) -> impl IntoView {
    let entry = |level: &'static str, text: String| {
        view! {
            <li data-free=level>
                <span class="day-dots" aria-hidden="true"></span>
                {text}
            </li>
        }
    };
    view! {
        <ul class="legend">
            {entry("none", none)} {entry("few", few)} {entry("some", some)} {entry("many", many)}
        </ul>
    }
}

/// The bar that names the zone of all times on the page; it stays in sight.
#[component]
pub fn ZoneBar(
    /// The zone in words, such as "Times in Lisbon (UTC+1)".
    #[prop(into)]
    text: String,
    /// The tutor's zone, where it differs.
    #[prop(optional, into)]
    other: String,
    /// A change of clocks in the days that are shown.
    #[prop(optional, into)]
    change: String,
    /// The switch.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="zone-bar">
            <Icon glyph=Glyph::Globe />
            <p class="zone-text">
                <strong>{text}</strong>
                {given(&other).map(|other| view! { <span class="zone-other">{other}</span> })}
            </p>
            {children.map(|children| view! { <div class="zone-switch">{children()}</div> })}
            {given(&change)
                .map(|change| {
                    view! {
                        <p class="zone-change">
                            <Icon glyph=Glyph::Clock />
                            {change}
                        </p>
                    }
                })}
        </div>
    }
}
