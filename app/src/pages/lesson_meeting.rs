//! How the meeting of a lesson stands, and what its tutor can do where there is none.

use domain::{
    booking::{BookingState, Party},
    lesson::join_window,
};
use leptos::prelude::*;
use services::{
    busy::Problem,
    video::{Kind, Standing},
};

use super::{
    console::video::name,
    context::Visit,
    forms::{PostForm, TextField},
    i18n::{Locale, td_string},
    lesson::Lesson,
};
use crate::ui::{Alert, Button, ButtonVariant, Card, Disclosure, Tone};

/// Where Google makes a meeting for whoever opens it.
pub(super) const NEW_MEETING: &str = "https://meet.google.com/new";

/// How the meeting stands: for the tutor always, for the student while it should be there and is not.
#[component]
pub fn Meeting(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Lesson,
) -> impl IntoView {
    let locale = visit.locale();
    let open = visit.now >= join_window(lesson.booking.start, lesson.booking.end).0;
    let is_tutor = lesson.side == Some(Party::Tutor);
    let missing = (open && !lesson.meeting.can_open()).then(|| {
        let text = match is_tutor {
            true => td_string!(locale, video.missing_tutor),
            false => td_string!(locale, video.missing_student),
        };
        view! { <Alert tone=Tone::Warning title=td_string!(locale, video.missing)>{text}</Alert> }
    });
    let standing = is_tutor.then(|| view! { <Known locale lesson=lesson.clone()/> });
    view! { {missing}{standing} }
}

/// What the tutor is told of it.
#[component]
fn Known(locale: Locale, lesson: Lesson) -> impl IntoView {
    let called = lesson.meeting_at.map(|kind: Kind| name(locale, kind)).unwrap_or_default();
    let quiet = |text: String| view! { <p class="quiet small center">{text}</p> }.into_any();
    match lesson.meeting {
        Standing::Unneeded => ().into_any(),
        Standing::Waiting => quiet(td_string!(locale, video.meeting_waiting, name = called).to_string()),
        Standing::Ready => quiet(td_string!(locale, video.meeting_ready, name = called).to_string()),
        Standing::Moving => quiet(td_string!(locale, video.meeting_moving, name = called).to_string()),
        Standing::Own(_) => quiet(td_string!(locale, video.meeting_own).to_owned()),
        Standing::Failed(_, problem) => {
            let title = td_string!(locale, video.meeting_failed, name = called).to_string();
            view! { <Alert tone=Tone::Warning title><Remedy locale problem/></Alert> }.into_any()
        }
        Standing::NotMoved(_, problem) => {
            let title = td_string!(locale, video.meeting_not_moved, name = called).to_string();
            view! { <Alert tone=Tone::Warning title><Remedy locale problem/></Alert> }.into_any()
        }
    }
}

#[component]
fn Remedy(locale: Locale, problem: Problem) -> impl IntoView {
    match problem {
        Problem::Refused | Problem::Forbidden => view! {
            {td_string!(locale, video.meeting_refused_text)} " "
            <a class="link hit" href="/tutor/settings#video">{td_string!(locale, video.to_accounts)}</a>
        }
        .into_any(),
        Problem::Unreachable | Problem::TooLarge | Problem::Unreadable => {
            view! { {td_string!(locale, video.meeting_failed_text)} }.into_any()
        }
    }
}

/// The form by which the tutor gives the lesson a link of its own, until the lesson can be joined no more.
#[component]
pub fn OwnLink(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Lesson,
) -> impl IntoView {
    let over = visit.now >= join_window(lesson.booking.start, lesson.booking.end).1;
    let certain = matches!(lesson.booking.state, BookingState::Confirmed | BookingState::Completed);
    if lesson.side != Some(Party::Tutor) || over || !certain {
        return ().into_any();
    }
    let locale = visit.locale();
    let url = match &lesson.meeting {
        Standing::Own(url) => url.clone(),
        _ => String::new(),
    };
    let open = !lesson.meeting.can_open() || super::flash::of("/do/set_lesson_link", &visit.query).is_some();
    view! {
        <Card>
            <Disclosure summary=td_string!(locale, video.own_title) open class="disclosure-last">
                // Within what is folded: a browser that is led here unfolds it.
                <ol class="prose-list" id="own-link">
                    <li>{td_string!(locale, video.own_1)}</li>
                    <li>{td_string!(locale, video.own_2)}</li>
                </ol>
                <p><a class="link hit" href=NEW_MEETING target="_blank" rel="noopener noreferrer">{td_string!(locale, video.own_make)}</a></p>
                <PostForm action="set_lesson_link" class="form">
                    <input type="hidden" name="booking" value=lesson.booking.id.to_string()/>
                    <TextField
                        name="external_url" kind="url" value=url label=td_string!(locale, video.own_url)
                        hint=td_string!(locale, video.own_hint)
                    />
                    <div class="form-actions"><Button variant=ButtonVariant::Secondary>{td_string!(locale, video.own_save)}</Button></div>
                </PostForm>
            </Disclosure>
        </Card>
    }
    .into_any()
}
