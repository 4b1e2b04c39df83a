//! The recordings of a lesson, for its two parties.

use leptos::prelude::*;
use services::video::Kind;

use super::{console::video::name, context::Visit, format, i18n::td_string, lesson::Lesson};
use crate::ui::Card;

/// Where the recordings of a lesson can be seen; nothing where there are none.
#[component]
pub fn Recordings(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Lesson,
) -> impl IntoView {
    let locale = visit.locale();
    if lesson.recordings.is_empty() {
        return ().into_any();
    }
    let rows = lesson.recordings.into_iter().map(|recording| {
        let watch = td_string!(locale, video.recording_watch, name = name(locale, Kind::Zoom)).to_string();
        let start = format::stamp(locale, visit.zone, recording.start);
        let when = match recording.minutes {
            Some(minutes) => format!("{start} · {}", format::minutes(locale, minutes)),
            None => start,
        };
        let passcode = recording.passcode.map(|code| {
            let label = td_string!(locale, video.recording_passcode);
            view! { <span>{label} " " <code class="tabular">{code}</code></span> }
        });
        let until = format::stamp(locale, visit.zone, recording.until);
        let until = td_string!(locale, video.recording_until, time = until).to_string();
        view! {
            <li>
                <a class="link hit" href=recording.url target="_blank" rel="noopener noreferrer">{watch}</a>
                <span class="quiet small">{when}</span>
                {passcode}
                <span class="quiet small">{until}</span>
            </li>
        }
    });
    let rows = rows.collect_view();
    view! { <Card title=td_string!(locale, video.recording_title)><ol class="trail">{rows}</ol></Card> }
        .into_any()
}
