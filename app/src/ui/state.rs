//! The states of bookings and lessons as badges: a symbol and a word, never colour alone.

use leptos::prelude::*;

use super::{Glyph, Icon, classes};

/// What a colour means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Over, or of no weight.
    #[default]
    Neutral,
    /// Good to know.
    Info,
    /// Went well.
    Success,
    /// Take care, or waiting for someone.
    Warning,
    /// Failed, refused, lost.
    Danger,
}

impl Tone {
    /// The word for it in `data-tone`, which the styles read.
    pub const fn name(self) -> &'static str {
        match self {
            Tone::Neutral => "neutral",
            Tone::Info => "info",
            Tone::Success => "success",
            Tone::Warning => "warning",
            Tone::Danger => "danger",
        }
    }

    /// The symbol that stands for it.
    pub const fn glyph(self) -> Glyph {
        match self {
            Tone::Neutral | Tone::Info => Glyph::Info,
            Tone::Success => Glyph::Success,
            Tone::Warning => Glyph::Warning,
            Tone::Danger => Glyph::Error,
        }
    }
}

/// How the state of a booking, a lesson, a charge or a request looks, from its code in any case.
/// An unknown code is neutral.
pub fn look_of_state(code: &str) -> (Tone, Glyph) {
    match code.to_ascii_lowercase().as_str() {
        "requested" | "pending_review" | "pending" => (Tone::Warning, Glyph::Hourglass),
        "confirmed" => (Tone::Success, Glyph::Check),
        "scheduled" => (Tone::Info, Glyph::Calendar),
        "join_open" | "in_progress" => (Tone::Info, Glyph::Video),
        "completed" | "completed_assumed" | "paid" | "active" => (Tone::Success, Glyph::Success),
        "no_show_student" | "no_show_tutor" | "mutual_no_show" => (Tone::Danger, Glyph::User),
        "early_end" | "early_end_short" => (Tone::Warning, Glyph::Clock),
        "declined" | "failed" | "debt" => (Tone::Danger, Glyph::Error),
        "refunded" => (Tone::Neutral, Glyph::Refresh),
        "expired" => (Tone::Neutral, Glyph::Hourglass),
        "cancelled" | "inactive" => (Tone::Neutral, Glyph::Ban),
        _ => (Tone::Neutral, Glyph::Info),
    }
}

/// A state, as symbol and word.
#[component]
pub fn StateBadge(
    /// The state's code, as the API writes it.
    #[prop(into)]
    state: String,
    /// The state in the reader's language.
    #[prop(into)]
    text: String,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    let (tone, glyph) = look_of_state(&state);
    view! {
        <span class=classes("state", &class) data-tone=tone.name()>
            <Icon glyph />
            {text}
        </span>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_a_booking_and_a_lesson_has_a_look() {
        let codes = [
            "requested",
            "pending_review",
            "confirmed",
            "completed",
            "no_show_student",
            "no_show_tutor",
            "mutual_no_show",
            "early_end",
            "cancelled",
            "expired",
            "declined",
            "SCHEDULED",
            "JOIN_OPEN",
            "IN_PROGRESS",
            "COMPLETED_ASSUMED",
            "EARLY_END_SHORT",
        ];
        for code in codes {
            assert_ne!(look_of_state(code), look_of_state("unknown to all"), "{code}");
        }
    }
}
