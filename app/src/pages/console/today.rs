//! Today and what comes: the first page of the console, which keeps up by itself.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    booking::{Booking, BookingState},
    lesson::join_window,
};
use leptos::prelude::*;
use services::{
    availability,
    booking::{self, ListQuery, Page},
    busy,
};

use super::{Desk, Section, calendars::FailingNotice, section};
use crate::{
    pages::{
        context::Visit,
        dashboard::{NextLesson, Shelf, page_number, paged, shelf_tabs},
        format,
        forms::FlashNotice,
        i18n::{Locale, td_string},
        lesson_join::JoinAwake,
        lesson_list::{LessonList, Listed, listed},
        updates::{Updates, refresh_at},
    },
    ui::{ButtonLink, Card, EmptyState, Glyph, Icon, Tabs},
};

/// How long an arrival is told as news.
const NEWS: TimeDelta = TimeDelta::minutes(10);

/// What the page shows.
struct Loaded {
    /// The next agreed lesson.
    next: Option<Booking>,
    /// The chosen list.
    list: Page<Listed>,
    /// The newest of the coming bookings, where it has just come in.
    news: Option<Booking>,
    /// Whether there are hours.
    has_hours: bool,
    /// Whether a connected calendar cannot be read.
    failing: bool,
}

/// `/tutor`
#[component]
pub fn Today() -> impl IntoView {
    section(
        Section::Today,
        async |visit: Visit, desk: Desk| {
            let (services, actor) = (&visit.services, &desk.actor);
            let coming = ListQuery { page_size: 100, ..Shelf::Coming.query(1) };
            let coming = booking::list(services, actor, &coming).await?.rows;
            let hours = availability::hours(services, actor, desk.id).await?;
            let failing = busy::is_failing(services, actor, desk.id).await?;
            let asked = Shelf::of(&visit.query).query(page_number(&visit.query));
            let list = booking::list(services, actor, &asked).await?;
            Ok(Loaded {
                next: coming.iter().find(|booking| booking.state == BookingState::Confirmed).cloned(),
                list: listed(services, actor, list).await?,
                news: newest(coming, visit.now),
                has_hours: !hours.weekly().is_empty() || !hours.overrides().is_empty(),
                failing,
            })
        },
        |visit, desk, loaded| view! { <Shown visit desk loaded/> },
    )
}

/// The booking that came in last, while it is news.
fn newest(coming: Vec<Booking>, now: DateTime<Utc>) -> Option<Booking> {
    let last = coming.into_iter().max_by_key(|booking| booking.created_at);
    last.filter(|booking| now - booking.created_at < NEWS)
}

#[component]
fn Shown(visit: Visit, desk: Desk, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let shelf = Shelf::of(&visit.query);
    let address = paged(&shelf.address("/tutor"));
    let instants = loaded.next.as_ref().map(|next| {
        let (opens, closes) = join_window(next.start, next.end);
        [opens, next.start, next.end, closes]
    });
    let times = instants.and_then(|instants| refresh_at(&visit, &instants));
    let list = if loaded.list.rows.is_empty() {
        view! { <EmptyState glyph=Glyph::Calendar title=td_string!(locale, console.none) text=td_string!(locale, console.none_text)/> }.into_any()
    } else {
        view! { <LessonList visit=visit.clone() list=loaded.list address/> }.into_any()
    };
    // No text at all, not an empty one: the box is drawn only around something.
    let news = loaded.news.map(|booking| arrival(&visit, &booking));
    let bookable =
        desk.tutor.readiness.check().is_ok() && !desk.tutor.offerings.is_empty() && loaded.has_hours;
    view! {
        <FlashNotice actions=&["accept_request", "decline_request"]/>
        <JoinAwake visit=visit.clone()/>
        {loaded.failing.then(|| view! { <FailingNotice locale/> })}
        {(!bookable).then(|| view! { <CheckList locale desk=desk.clone() has_hours=loaded.has_hours/> })}
        <p id="arrivals" data-live="" role="status" aria-live="polite" class="arrival">{news}</p>
        <div id="next-lesson" data-live="" data-refresh-at=times>
            {loaded.next.map(|next| view! { <NextLesson visit=visit.clone() booking=next/> })}
        </div>
        <section>
            <Tabs label=td_string!(locale, console.lessons) items=shelf_tabs(locale, "/tutor", shelf)/>
            <div id="lessons" data-live=""><Card>{list}</Card></div>
        </section>
        <Updates/>
    }
}

/// The sentence with which a new booking is announced.
fn arrival(visit: &Visit, booking: &Booking) -> String {
    let locale = visit.locale();
    let name = booking.student_name.clone();
    let (title, time) = (booking.title.clone(), format::near(locale, visit.zone, booking.start, visit.now));
    if booking.state == BookingState::Requested {
        td_string!(locale, console.arrived_request, name = name, title = title, time = time).to_string()
    } else {
        td_string!(locale, console.arrived_booking, name = name, title = title, time = time).to_string()
    }
}

/// What is missing before students can book.
#[component]
fn CheckList(locale: Locale, desk: Desk, has_hours: bool) -> impl IntoView {
    let readiness = desk.tutor.readiness;
    let steps = [
        (readiness.complete, "/tutor/profile", td_string!(locale, console.check_profile)),
        (!desk.tutor.offerings.is_empty(), "/tutor/offerings", td_string!(locale, console.check_offering)),
        (has_hours, "/tutor/availability", td_string!(locale, console.check_hours)),
        (readiness.provider, "/tutor/settings", td_string!(locale, console.check_provider)),
        (readiness.active, "/tutor/profile#active", td_string!(locale, console.check_active)),
    ];
    let first = steps.iter().find(|(done, ..)| !done).map(|(_, href, _)| *href);
    let steps = steps.map(|(done, href, label)| {
        let glyph = if done { Glyph::Success } else { Glyph::ArrowRight };
        let state = if done {
            td_string!(locale, console.check_done)
        } else {
            td_string!(locale, console.check_open)
        };
        view! {
            <li data-done=done.then_some("")>
                <Icon glyph/>
                <span class="sr-only">{state} ": "</span>
                <a class="link" href=href>{label}</a>
            </li>
        }
    });
    view! {
        <Card title=td_string!(locale, console.check_title)>
            <div class="stack">
                <p>{td_string!(locale, console.check_text)}</p>
                <ul class="check-list">{steps.collect_view()}</ul>
                {first.map(|href| view! { <p><ButtonLink href>{td_string!(locale, console.check_next)}</ButtonLink></p> })}
            </div>
        </Card>
    }
}
