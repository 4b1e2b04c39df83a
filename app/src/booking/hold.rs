//! What remains of a hold, counted down by the server's clock.

use std::time::Duration;

use leptos::{ev, prelude::*, task::spawn_local};

use super::api;
use crate::ui::{Countdown, CountdownPart};

/// How often the server's clock is asked again, seconds.
const ASK_EVERY: u32 = 30;

/// The words of the countdown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HoldTexts {
    /// "This time is yours for".
    pub label: String,
    /// "minutes".
    pub minutes: String,
    /// "seconds".
    pub seconds: String,
    /// Said once a minute is left.
    pub last_minute: String,
    /// Said when it has lapsed.
    pub lapsed: String,
}

/// Counts a hold down; when it has lapsed, the page is loaded anew, which says so and offers the calendar.
#[island(lazy)]
pub fn HoldCountdown(
    /// The hold's id.
    hold: String,
    /// Milliseconds that are left as the page is made.
    remaining_ms: f64,
    /// The words.
    texts: HoldTexts,
) -> impl IntoView {
    let seconds = RwSignal::new(whole_seconds(remaining_ms));
    let until = StoredValue::new(0.0);
    let hold = StoredValue::new(hold);
    let ask = move || {
        spawn_local(async move {
            if let Ok(state) = api::hold_state(hold.get_value()).await {
                until.set_value(elapsed() + state.remaining_ms);
                seconds.set(whole_seconds(state.remaining_ms));
                if state.remaining_ms <= 0.0 {
                    let _ = window().location().reload();
                }
            }
        });
    };
    Effect::new(move |_| {
        until.set_value(elapsed() + remaining_ms);
        ask();
        let ticks = StoredValue::new(0_u32);
        let tick = move || {
            let left = whole_seconds(until.get_value() - elapsed());
            let before = seconds.get_untracked();
            seconds.set(left);
            ticks.update_value(|count| *count += 1);
            if ticks.get_value().is_multiple_of(ASK_EVERY) || (left == 0 && before > 0) {
                ask();
            }
        };
        if let Ok(timer) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || timer.clear());
        }
        let shown = window_event_listener(ev::pageshow, move |_| ask());
        on_cleanup(move || shown.remove());
    });
    let said = move || match seconds.get() {
        0 => texts.lapsed.clone(),
        1..=60 => texts.last_minute.clone(),
        _ => String::new(),
    };
    view! {
        <Countdown label=texts.label.clone()>
            <CountdownPart value=Signal::derive(move || format!("{}", seconds.get() / 60)) unit=texts.minutes.clone()/>
            <CountdownPart value=Signal::derive(move || format!("{:02}", seconds.get() % 60)) unit=texts.seconds.clone()/>
        </Countdown>
        <p class="sr-only" role="status">{said}</p>
    }
}

/// Milliseconds since the page was opened, by a clock that nobody sets.
fn elapsed() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by 0 and a day")]
fn whole_seconds(ms: f64) -> u32 {
    (ms / 1000.0).ceil().clamp(0.0, 86_400.0) as u32
}
