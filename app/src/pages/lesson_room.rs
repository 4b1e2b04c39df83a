//! The way into a lesson: the countdown, the door, and what to do when it does not open.

use domain::{
    booking::{BookingState, Party},
    lesson::join_window,
};
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_params_map;
use services::video;

use super::{
    context::Visit,
    flash, format,
    forms::PostForm,
    gate::signed_in,
    i18n::{Locale, td_string},
    lesson::Lesson,
    lesson_list::AnswerForms,
    lesson_meeting::{Meeting as MeetingStanding, NEW_MEETING},
    query,
    updates::CountdownTo,
};
use crate::lesson::JOIN;
use crate::ui::{
    Alert, Button, ButtonLink, ButtonSize, ButtonVariant, Card, Dialog, Disclosure, Glyph, PageHeader, Tone,
};

/// `/lessons/{id}/room`: the page from which a browser that has joined goes on to the provider.
#[component]
pub fn Meeting() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    signed_in(move |visit, _| {
        let url = flash::of(JOIN, &visit.query).and_then(|mut flash| flash.kept.remove("url"));
        let lesson = format!("/lessons/{}", query::encode(&id));
        let Some(url) = url.filter(|url| url.starts_with("https://")) else {
            leptos_axum::redirect(&lesson);
            return ().into_any();
        };
        if video::is_embeddable(&visit.services.config.video, &url) {
            view! { <Embedded locale=visit.locale() url lesson/> }.into_any()
        } else {
            view! { <GoOn locale=visit.locale() url lesson/> }.into_any()
        }
    })
}

/// The way on to a meeting that is somewhere else.
#[component]
fn GoOn(locale: Locale, url: String, lesson: String) -> impl IntoView {
    let title = td_string!(locale, lesson.meeting_title);
    view! {
        <Title text=title.to_owned()/>
        <Meta http_equiv="refresh" content=format!("0; url={url}")/>
        <div class="page page-narrow flow">
            <PageHeader title lead=td_string!(locale, lesson.meeting_text)/>
            <div class="row">
                <ButtonLink href=url icon=Glyph::Video>{td_string!(locale, lesson.meeting_link)}</ButtonLink>
                <ButtonLink href=lesson variant=ButtonVariant::Secondary>{td_string!(locale, lesson.meeting_back)}</ButtonLink>
            </div>
        </div>
    }
}

/// A meeting within the page, with the way to a tab of its own for a browser that refuses it a camera here.
#[component]
fn Embedded(locale: Locale, url: String, lesson: String) -> impl IntoView {
    let title = td_string!(locale, lesson.meeting_here);
    let devices =
        "camera; microphone; display-capture; autoplay; fullscreen; clipboard-write; speaker-selection";
    view! {
        <Title text=title.to_owned()/>
        <div class="meeting">
            <div class="row meeting-bar">
                <ButtonLink href=lesson variant=ButtonVariant::Ghost icon=Glyph::ChevronLeft>{td_string!(locale, lesson.meeting_back)}</ButtonLink>
                <h1 class="meeting-title">{title}</h1>
                <ButtonLink href=url.clone() variant=ButtonVariant::Ghost attr:target="_blank" attr:rel="noopener">{td_string!(locale, lesson.meeting_own_tab)}</ButtonLink>
            </div>
            <iframe class="meeting-frame" src=url title=title allow=devices allowfullscreen></iframe>
        </div>
    }
}

/// What the reader can do now: wait, answer, join, end.
#[component]
pub fn Room(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Lesson,
) -> impl IntoView {
    let locale = visit.locale();
    let (opens, closes) = join_window(lesson.booking.start, lesson.booking.end);
    let over = visit.now >= closes;
    match lesson.booking.state {
        BookingState::Requested => view! { <Request visit lesson/> }.into_any(),
        BookingState::PendingReview => {
            view! { <Alert tone=Tone::Warning title=td_string!(locale, lesson.join_review)/> }.into_any()
        }
        BookingState::Confirmed | BookingState::Completed if over => {
            view! { <p class="quiet">{td_string!(locale, lesson.join_closed)}</p> }.into_any()
        }
        BookingState::Confirmed if visit.now < opens => view! { <Waiting visit lesson/> }.into_any(),
        BookingState::Confirmed | BookingState::Completed => view! { <Door visit lesson/> }.into_any(),
        _ => ().into_any(),
    }
}

/// A request: the tutor answers, the student waits.
#[component]
fn Request(visit: Visit, lesson: Lesson) -> impl IntoView {
    let locale = visit.locale();
    let booking = lesson.booking;
    let expires = booking.expires_at.map(|at| {
        td_string!(locale, lesson.expires, time = format::moment(locale, visit.zone, at)).to_string()
    });
    if lesson.side == Some(Party::Tutor) {
        view! {
            <Card title=td_string!(locale, lesson.answer_title)>
                <div class="stack">
                    <p class="quiet">{expires}</p>
                    <div class="row"><AnswerForms locale id=booking.id.to_string() name=booking.student_name/></div>
                </div>
            </Card>
        }
        .into_any()
    } else {
        view! { <Alert tone=Tone::Warning title=td_string!(locale, lesson.join_requested)>{expires}</Alert> }
            .into_any()
    }
}

/// Before the door opens.
#[component]
fn Waiting(visit: Visit, lesson: Lesson) -> impl IntoView {
    let locale = visit.locale();
    let opens = join_window(lesson.booking.start, lesson.booking.end).0;
    let time = format::moment(locale, visit.zone, opens);
    view! {
        <Card>
            <div class="stack">
                <CountdownTo locale at=lesson.booking.start label=td_string!(locale, lesson.starts_in)/>
                <p class="quiet center">{td_string!(locale, lesson.join_opens, time = time)}</p>
                <MeetingStanding visit=visit.clone() lesson=lesson.clone()/>
                <p class="center"><Button kind="button" size=ButtonSize::Large icon=Glyph::Video disabled=true>{td_string!(locale, lesson.join)}</Button></p>
            </div>
        </Card>
    }
}

/// While the lesson can be joined. Where the meeting is elsewhere the form opens a new tab by itself, and works without
/// JavaScript; where scripts run, [`crate::lesson::Join`] hears of it.
#[component]
fn Door(visit: Visit, lesson: Lesson) -> impl IntoView {
    let locale = visit.locale();
    let booking = lesson.booking.clone();
    let id = booking.id.to_string();
    let started = visit.now >= booking.start;
    let embedded = lesson.is_embedded;
    let tab = (!embedded).then_some("_blank");
    let hint =
        if embedded { td_string!(locale, lesson.join_here) } else { td_string!(locale, lesson.join_new_tab) };
    let end = (lesson.side == Some(Party::Tutor) && booking.state == BookingState::Confirmed && started)
        .then(|| {
            let time = format::clock(locale, visit.zone, booking.end);
            view! { <EndLesson locale time/> }
        });
    view! {
        <Card>
            <div class="stack">
                {(!started).then(|| view! { <CountdownTo locale at=booking.start label=td_string!(locale, lesson.starts_in)/> })}
                <p class="center" role="status">{td_string!(locale, lesson.join_open_now)}</p>
                <MeetingStanding visit=visit.clone() lesson=lesson.clone()/>
                {lesson.side.map(|_| view! {
                    <form method="post" action=JOIN target=tab class="center">
                        <input type="hidden" name="booking" value=id/>
                        <Button size=ButtonSize::Large icon=Glyph::Video>{td_string!(locale, lesson.join)}</Button>
                    </form>
                })}
                <p class="quiet small center">{hint}</p>
                {end}
                <Help locale side=lesson.side/>
            </div>
        </Card>
    }
}

#[component]
fn EndLesson(locale: Locale, time: String) -> impl IntoView {
    view! {
        <div class="center stack-tight">
            <p><ButtonLink href="?end=1" variant=ButtonVariant::Secondary attr:data-opens="end-lesson">{td_string!(locale, lesson.end)}</ButtonLink></p>
            <p class="quiet small">{td_string!(locale, lesson.end_hint, time = time)}</p>
        </div>
    }
}

/// The question before a tutor ends a lesson: before its scheduled end it costs the tutor the price. It is on the page
/// before it can be asked, because only the parts around it are kept fresh; without script it arrives open at its own
/// address.
#[component]
pub fn EndDialog(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Lesson,
) -> impl IntoView {
    let Lesson { booking, side, .. } = lesson;
    if side != Some(Party::Tutor) || booking.state != BookingState::Confirmed {
        return ().into_any();
    }
    let locale = visit.locale();
    let open = visit.now >= booking.start && query::get(&visit.query, "end").is_some();
    let page = format!("/lessons/{}", booking.id);
    let close = if open { page.clone() } else { String::new() };
    let time = format::clock(locale, visit.zone, booking.end);
    view! {
        <Dialog id="end-lesson" title=td_string!(locale, lesson.end_title) close_label=td_string!(locale, site.close) open close_href=close>
            <p>{td_string!(locale, lesson.end_text, time = time)}</p>
            <PostForm action="end_lesson" class="form">
                <input type="hidden" name="booking" value=booking.id.to_string()/>
                <div class="form-actions">
                    <Button variant=ButtonVariant::Danger class="btn-solid">{td_string!(locale, lesson.end)}</Button>
                    <ButtonLink href=page variant=ButtonVariant::Ghost attr:data-closes="">{td_string!(locale, lesson.end_keep)}</ButtonLink>
                </div>
            </PostForm>
        </Dialog>
    }
    .into_any()
}

/// What to do where the meeting cannot be reached, to the last resort: another one, made by hand.
#[component]
fn Help(locale: Locale, side: Option<Party>) -> impl IntoView {
    let last = side.map(|side| match side {
        Party::Tutor => view! {
            <li>
                {td_string!(locale, lesson.help_tutor)} " "
                <a class="link hit" href=NEW_MEETING target="_blank" rel="noopener noreferrer">{td_string!(locale, video.own_make)}</a> ", "
                <a class="link hit" href="#own-link">{td_string!(locale, lesson.help_own)}</a> "."
            </li>
        }
        .into_any(),
        Party::Student => view! { <li>{td_string!(locale, lesson.help_student)}</li> }.into_any(),
    });
    view! {
        <Disclosure summary=td_string!(locale, lesson.help_title)>
            <ol class="prose-list">
                <li>{td_string!(locale, lesson.help_1)}</li>
                <li>{td_string!(locale, lesson.help_2)}</li>
                <li>{td_string!(locale, lesson.help_3)}</li>
                {last}
            </ol>
        </Disclosure>
    }
}
