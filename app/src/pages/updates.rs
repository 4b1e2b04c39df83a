//! What a page needs to keep up with what happens: see [`crate::live`].

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use super::{
    context::{Visit, visit},
    i18n::{Locale, td_string},
};
use crate::{
    live::{Live, parts},
    ui::{Countdown, CountdownPart},
};

/// Makes the page keep up: once on a page, for signed-in people.
#[component]
pub fn Updates() -> impl IntoView {
    let visit = visit();
    let locale = visit.locale();
    let stands = visit.services.clock.stands();
    view! {
        <span hidden=true data-now=visit.now.timestamp_millis() data-stands=stands.then_some("")></span>
        <Live
            now_ms=milliseconds(visit.now) stands
            after=visit.seen_event.map(|seen| seen.to_string()).unwrap_or_default()
            lost=td_string!(locale, site.offline).to_string() back=td_string!(locale, site.online).to_string()
        />
    }
}

/// Milliseconds since 1970, as browsers count.
#[expect(clippy::cast_precision_loss, reason = "exact for the next quarter of a million years")]
pub(super) fn milliseconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64
}

/// Of these instants those that are still to come, as `data-refresh-at` wants them.
#[must_use]
pub fn refresh_at(visit: &Visit, instants: &[DateTime<Utc>]) -> Option<String> {
    let coming: Vec<_> =
        instants.iter().filter(|at| **at > visit.now).map(|at| at.timestamp_millis().to_string()).collect();
    (!coming.is_empty()).then(|| coming.join(","))
}

/// A countdown to an instant by the server's clock.
#[component]
pub fn CountdownTo(
    /// The language.
    locale: Locale,
    /// The instant.
    at: DateTime<Utc>,
    /// What is counted down to.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let left = milliseconds(at) - milliseconds(visit().now);
    let units = [
        td_string!(locale, lesson.unit_days),
        td_string!(locale, lesson.unit_hours),
        td_string!(locale, lesson.unit_minutes),
        td_string!(locale, lesson.unit_seconds),
    ];
    let figures = parts(left / 1000.0).into_iter().zip(units);
    let figures = figures
        .map(|(figure, unit)| view! { <CountdownPart value=Signal::stored(figure.to_string()) unit/> })
        .collect_view();
    view! {
        <div data-countdown=at.timestamp_millis()>
            <Countdown label>{figures}</Countdown>
        </div>
    }
}
