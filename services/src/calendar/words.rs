//! The sentences of calendar entries, in the reader's language.

use domain::account::Language;

/// What an entry is called: the lesson, and with whom.
pub(super) fn summary(language: Language, title: &str, with: &str) -> String {
    match language {
        Language::En => format!("{title} with {with}"),
        Language::Fr => format!("{title} avec {with}"),
    }
}

/// The same of a lesson that does not take place. Many calendars ignore the status of an entry, so its name says it.
pub(super) fn cancelled(language: Language, summary: &str) -> String {
    match language {
        Language::En => format!("Cancelled: {summary}"),
        Language::Fr => format!("Annulé\u{a0}: {summary}"),
    }
}

/// What stands in an entry: how to join, and where the lesson can be changed.
pub(super) fn description(language: Language, link: &str, page: &str) -> String {
    match language {
        Language::En => format!(
            "Join from 5 minutes before the start:\n{link}\n\nDetails, another time, calling it off:\n{page}"
        ),
        Language::Fr => format!(
            "Rejoindre dès 5 minutes avant le début\u{a0}:\n{link}\n\nDétails, report, annulation\u{a0}:\n{page}"
        ),
    }
}

/// What stands in the entry of a lesson that does not take place.
pub(super) fn cancelled_description(language: Language, page: &str) -> String {
    match language {
        Language::En => format!("This lesson does not take place.\n{page}"),
        Language::Fr => format!("Ce cours n’a pas lieu.\n{page}"),
    }
}

/// What the calendar of one's own lessons is called.
pub(super) const fn feed(language: Language) -> &'static str {
    match language {
        Language::En => "Lectern lessons",
        Language::Fr => "Cours Lectern",
    }
}
