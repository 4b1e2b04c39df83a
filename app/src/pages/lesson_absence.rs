//! The student who does not come: how long the tutor waits, and the tutor's word that nobody came.

use domain::{
    booking::{Booking, BookingState, Party},
    money::Money,
};
use leptos::prelude::*;

use super::{
    charge_words::amount,
    context::Visit,
    format,
    forms::PostForm,
    i18n::{error_sentence, td_string},
    lesson::Lesson,
    query,
};
use crate::ui::{Button, ButtonLink, ButtonVariant, Card, Dialog};

/// Whether the absence can still become a matter: agreed, not over, and the student has not joined.
fn is_open(visit: &Visit, lesson: &Lesson) -> bool {
    let joined = lesson.record.evidence.student_joined.is_some_and(|at| at <= visit.now);
    lesson.booking.state == BookingState::Confirmed && visit.now < lesson.booking.end && !joined
}

/// Half of the price; `None` for a lesson without one.
fn half(visit: &Visit, booking: &Booking) -> Option<String> {
    let price = Money { minor: booking.price_minor, currency: booking.currency };
    (price.minor > 0).then(|| amount(visit.locale(), price.half()))
}

/// Until when the tutor waits, and what follows: before the lesson and during it, for both.
#[component]
pub fn Waiting(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Lesson,
) -> impl IntoView {
    if !is_open(&visit, &lesson) {
        return ().into_any();
    }
    let title = td_string!(visit.locale(), lesson.wait_title);
    match lesson.side {
        Some(Party::Student) => {
            let text = to_student(&visit, &lesson);
            view! { <Card title><p>{text}</p></Card> }.into_any()
        }
        Some(Party::Tutor) => view! { <Card title><Mark visit lesson/></Card> }.into_any(),
        None => ().into_any(),
    }
}

/// What the student has to know about the wait.
fn to_student(visit: &Visit, lesson: &Lesson) -> String {
    let locale = visit.locale();
    let from = format::clock(locale, visit.zone, lesson.record.no_show_from());
    if visit.now >= lesson.record.no_show_from() {
        return td_string!(locale, lesson.wait_over, from = from).to_string();
    }
    match half(visit, &lesson.booking) {
        Some(half) => td_string!(locale, lesson.wait_student, from = from, half = half).to_string(),
        None => td_string!(locale, lesson.wait_student_free, from = from).to_string(),
    }
}

/// What the tutor can do about it: wait, join, or say that the student did not come.
#[component]
fn Mark(visit: Visit, lesson: Lesson) -> impl IntoView {
    let locale = visit.locale();
    let from = format::clock(locale, visit.zone, lesson.record.no_show_from());
    let name = lesson.booking.student_name.clone();
    if visit.now < lesson.record.no_show_from() {
        let text = match half(&visit, &lesson.booking) {
            Some(half) => {
                td_string!(locale, lesson.wait_tutor, name = name, from = from, half = half).to_string()
            }
            None => td_string!(locale, lesson.wait_tutor_free, name = name, from = from).to_string(),
        };
        return view! { <p>{text}</p> }.into_any();
    }
    match lesson.record.may_mark_no_show(visit.now) {
        Err(refusal) => view! { <p>{error_sentence(locale, &refusal.key)}</p> }.into_any(),
        Ok(()) => view! {
            <div class="stack">
                <p role="status">{td_string!(locale, lesson.absent_ready, name = name)}</p>
                <p><ButtonLink href="?absent=1" variant=ButtonVariant::Danger attr:data-opens="absent">{td_string!(locale, lesson.absent)}</ButtonLink></p>
            </div>
        }
        .into_any(),
    }
}

/// The question before a student is marked absent. It is on the tutor's page before it can be asked, because only
/// the parts around it are kept fresh; without script it arrives open at its own address.
#[component]
pub fn AbsentDialog(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Lesson,
) -> impl IntoView {
    if lesson.side != Some(Party::Tutor) || !is_open(&visit, &lesson) {
        return ().into_any();
    }
    let locale = visit.locale();
    let may = lesson.record.may_mark_no_show(visit.now).is_ok();
    let open = may && query::get(&visit.query, "absent").is_some();
    let page = format!("/lessons/{}", lesson.booking.id);
    let close = if open { page.clone() } else { String::new() };
    let name = lesson.booking.student_name.clone();
    let text = match half(&visit, &lesson.booking) {
        Some(half) => td_string!(locale, lesson.absent_text, name = name, half = half).to_string(),
        None => td_string!(locale, lesson.absent_text_free, name = name).to_string(),
    };
    view! {
        <Dialog id="absent" title=td_string!(locale, lesson.absent_title) close_label=td_string!(locale, site.close) open close_href=close>
            <p>{text}</p>
            <PostForm action="mark_no_show" class="form">
                <input type="hidden" name="booking" value=lesson.booking.id.to_string()/>
                <div class="form-actions">
                    <Button variant=ButtonVariant::Danger class="btn-solid">{td_string!(locale, lesson.absent)}</Button>
                    <ButtonLink href=page variant=ButtonVariant::Ghost attr:data-closes="">{td_string!(locale, lesson.absent_keep)}</ButtonLink>
                </div>
            </PostForm>
        </Dialog>
    }
    .into_any()
}
