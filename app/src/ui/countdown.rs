//! The frame of a countdown. What it counts, and by which clock, is its user's matter.

use leptos::prelude::*;

/// A row of [`CountdownPart`]s under a heading. Figures change silently; announce milestones in a live region.
#[component]
pub fn Countdown(
    /// What is counted down to.
    #[prop(into)]
    label: String,
    /// The parts, the largest first.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="countdown-frame" role="timer" aria-label=label.clone() aria-live="off">
            <p class="countdown-label" aria-hidden="true">{label.clone()}</p>
            <div class="countdown-parts">{children()}</div>
        </div>
    }
}

/// One figure of a countdown with its unit.
#[component]
pub fn CountdownPart(
    /// The figure, padded by its user where wanted.
    #[prop(into)]
    value: Signal<String>,
    /// Its unit.
    #[prop(into)]
    unit: String,
) -> impl IntoView {
    view! {
        <span class="countdown-part">
            <span class="countdown-figure tabular">{move || value.get()}</span>
            <span class="countdown-unit">{unit}</span>
        </span>
    }
}
