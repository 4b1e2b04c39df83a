//! Cells of the week grid on which a tutor paints hours.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// One cell of the week grid (`<table class="hours-grid" role="grid">`): a stretch of one day.
#[component]
pub fn HoursCell(
    /// Weekday, 0 is Sunday.
    weekday: u8,
    /// Minutes from midnight at which the cell begins.
    minute: u16,
    /// Day and time in words, such as "Monday 09:00".
    #[prop(into)]
    label: String,
    /// The tutor teaches then.
    #[prop(into)]
    open: Signal<bool>,
    /// It is the one cell of the grid that Tab reaches.
    #[prop(optional, into)]
    tabbable: Signal<bool>,
    /// It begins a whole hour, which draws its line.
    #[prop(optional)]
    on_the_hour: bool,
) -> impl IntoView {
    view! {
        <td
            role="gridcell"
            class="hours-cell"
            data-weekday=weekday
            data-minute=minute
            data-hour=on_the_hour.then_some("true")
            aria-label=label
            aria-selected=move || if open.get() { "true" } else { "false" }
            tabindex=move || if tabbable.get() { "0" } else { "-1" }
        >
            <Icon glyph=Glyph::Check />
        </td>
    }
}

/// What the looks of the cells mean.
#[component]
pub fn HoursLegend(
    /// The word for open.
    #[prop(into)]
    open: String,
    /// The word for closed.
    #[prop(into)]
    closed: String,
) -> impl IntoView {
    view! {
        <ul class="legend">
            <li>
                <span class="hours-cell legend-swatch" data-open="true">
                    <Icon glyph=Glyph::Check />
                </span>
                {open}
            </li>
            <li>
                <span class="hours-cell legend-swatch"></span>
                {closed}
            </li>
        </ul>
    }
}
