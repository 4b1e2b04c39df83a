//! Requests that wait for the tutor's answer.

use domain::booking::Booking;
use leptos::prelude::*;
use services::booking;

use super::{Desk, Section, section, waiting};
use crate::{
    pages::{
        context::Visit,
        format,
        forms::FlashNotice,
        i18n::td_string,
        lesson_list::AnswerForms,
        updates::{Updates, refresh_at},
    },
    ui::{Card, EmptyState, Glyph},
};

/// `/tutor/requests`
#[component]
pub fn Requests() -> impl IntoView {
    section(
        Section::Requests,
        async |visit: Visit, desk: Desk| {
            Ok(booking::list(&visit.services, &desk.actor, &waiting(100)).await?.rows)
        },
        |visit, _, requests| view! { <Shown visit requests/> },
    )
}

#[component]
fn Shown(visit: Visit, requests: Vec<Booking>) -> impl IntoView {
    let locale = visit.locale();
    let lapses: Vec<_> = requests.iter().filter_map(|request| request.expires_at).collect();
    let times = refresh_at(&visit, &lapses);
    let list = if requests.is_empty() {
        view! { <EmptyState glyph=Glyph::Inbox title=td_string!(locale, console.no_requests) text=td_string!(locale, console.no_requests_text)/> }.into_any()
    } else {
        let rows =
            requests.into_iter().map(|booking| view! { <Row visit=visit.clone() booking/> }).collect_view();
        view! { <ul class="lesson-list">{rows}</ul> }.into_any()
    };
    view! {
        <FlashNotice actions=&["accept_request", "decline_request"]/>
        <div id="requests" data-live="" data-refresh-at=times><Card>{list}</Card></div>
        <Updates/>
    }
}

#[component]
fn Row(visit: Visit, booking: Booking) -> impl IntoView {
    let locale = visit.locale();
    let when = format::near(locale, visit.zone, booking.start, visit.now);
    let price = format::money(locale, booking.price_minor, booking.currency);
    let expires = booking.expires_at.map(|at| {
        let time = format::near(locale, visit.zone, at, visit.now);
        td_string!(locale, lesson.expires, time = time).to_string()
    });
    let with = td_string!(locale, dashboard.with, name = booking.student_name.clone()).to_string();
    view! {
        <li class="lesson-row">
            <p class="lesson-when">
                <time datetime=booking.start.to_rfc3339()>{when}</time>
                <span class="quiet small">" · " {format::minutes(locale, booking.duration)} " · " {price}</span>
            </p>
            <div class="stack-tight">
                <p class="lesson-title"><a href=format!("/lessons/{}", booking.id)>{booking.title}</a></p>
                <p class="quiet small">{with}</p>
                {booking.note.map(|note| view! { <blockquote class="note">{note}</blockquote> })}
                <p class="quiet small">{expires}</p>
            </div>
            <div class="lesson-side"><AnswerForms locale id=booking.id.to_string() name=booking.student_name/></div>
        </li>
    }
}
