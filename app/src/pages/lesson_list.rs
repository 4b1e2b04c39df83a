//! Lists of lessons, for students and tutors.

use domain::booking::{Booking, BookingState, Party, may_call_off};
use leptos::prelude::*;
use services::{
    Actor, Result, Services,
    booking::{Page, party},
    payment::{self, Charged},
};

use super::{
    charge_words::{Standing, amount},
    context::Visit,
    format,
    i18n::{Locale, state_name, td_string},
    pager::pager,
};
use crate::ui::{Button, ButtonLink, ButtonSize, ButtonVariant, StateBadge};

/// The name of the other party.
#[must_use]
pub fn other_party(visit: &Visit, booking: &Booking) -> String {
    let side = visit.actor.as_ref().and_then(|actor| party(actor, booking));
    if side == Some(Party::Tutor) { booking.student_name.clone() } else { booking.tutor_name.clone() }
}

/// A lesson of a list, with what became of the money once its outcome is settled.
#[derive(Clone)]
pub struct Listed {
    booking: Booking,
    charged: Option<Charged>,
}

/// Adds what became of the money to a page of lessons: one question for all of them.
///
/// # Errors
/// Where the database cannot be read.
pub async fn listed(services: &Services, actor: &Actor, page: Page<Booking>) -> Result<Page<Listed>> {
    let ids: Vec<_> = page.rows.iter().map(|booking| booking.id).collect();
    let charges = payment::list_charged(services, actor, &ids).await?;
    let charged = |id| charges.iter().find(|charged| charged.booking == id).copied();
    let rows = page.rows.into_iter();
    let rows = rows.map(|booking| Listed { charged: charged(booking.id), booking }).collect();
    Ok(Page { rows, page: page.page, page_size: page.page_size, total: page.total })
}

/// A list of lessons with its pages.
#[component]
pub fn LessonList(
    /// The request.
    visit: Visit,
    /// The rows.
    list: Page<Listed>,
    /// The address of a page of the list, without its number.
    #[prop(into)]
    address: String,
) -> impl IntoView {
    let label = td_string!(visit.locale(), dashboard.pages);
    let pages = pager(&visit, label, &list, move |page| format!("{address}{page}"));
    let rows =
        list.rows.into_iter().map(|lesson| view! { <LessonRow visit=visit.clone() lesson/> }).collect_view();
    view! {
        <ul class="lesson-list">{rows}</ul>
        {pages}
    }
}

/// One lesson of a list.
#[component]
pub fn LessonRow(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Listed,
) -> impl IntoView {
    let locale = visit.locale();
    let Listed { booking, charged } = lesson;
    let money = charged.map(|charged| view! { <Money locale charged price=booking.price_minor/> });
    let href = format!("/lessons/{}", booking.id);
    let with = td_string!(locale, dashboard.with, name = other_party(&visit, &booking)).to_string();
    let length = format::minutes(locale, booking.duration);
    view! {
        <li class="lesson-row">
            <p class="lesson-when">
                <time datetime=booking.start.to_rfc3339()>{format::near(locale, visit.zone, booking.start, visit.now)}</time>
                <span class="quiet small">" · " {length}</span>
            </p>
            <div>
                <p class="lesson-title"><a href=href>{booking.title.clone()}</a></p>
                <p class="quiet small">{with}</p>
            </div>
            <div class="lesson-side">
                <StateBadge state=booking.state.name() text=state_name(locale, booking.state)/>
                {money}
                <RowActions visit booking/>
            </div>
        </li>
    }
}

/// What was charged and how that stands, with the way to the reason.
#[component]
pub fn Money(
    /// The language.
    locale: Locale,
    /// The charge.
    charged: Charged,
    /// The booking's price, minor units.
    price: i64,
) -> impl IntoView {
    let standing = Standing::of(&charged, price);
    let href = format!("/lessons/{}/charge", charged.booking);
    let why = (standing != Standing::Free).then(|| {
        let text = td_string!(locale, charge.why, amount = amount(locale, charged.amount)).to_string();
        view! { <ButtonLink href variant=ButtonVariant::Ghost size=ButtonSize::Small>{text}</ButtonLink> }
    });
    view! {
        <StateBadge state=standing.code() text=standing.word(locale)/>
        {why}
    }
}

/// What can be done with a lesson from its row.
#[component]
fn RowActions(visit: Visit, booking: Booking) -> impl IntoView {
    let locale = visit.locale();
    let side = visit.actor.as_ref().and_then(|actor| party(actor, &booking));
    let id = booking.id.to_string();
    let in_time = |side| may_call_off(side, booking.start, &booking.policy, visit.now).is_ok();
    match (booking.state, side) {
        (BookingState::Requested, Some(Party::Tutor)) => {
            view! { <AnswerForms locale id name=booking.student_name/> }.into_any()
        }
        (BookingState::Completed, Some(Party::Student)) if booking.rating.is_none() => {
            let href = format!("/lessons/{id}#rate");
            view! {
                <ButtonLink href variant=ButtonVariant::Secondary size=ButtonSize::Small>{td_string!(locale, lesson.rate)}</ButtonLink>
            }
            .into_any()
        }
        (state, Some(side)) if state.is_active() && in_time(side) => {
            let cancel = format!("/lessons/{id}?cancel=1");
            let reschedule = format!("/lessons/{id}/reschedule");
            view! {
                <ButtonLink href=reschedule variant=ButtonVariant::Ghost size=ButtonSize::Small>{td_string!(locale, lesson.reschedule)}</ButtonLink>
                <ButtonLink href=cancel variant=ButtonVariant::Ghost size=ButtonSize::Small>{td_string!(locale, lesson.cancel_short)}</ButtonLink>
            }
            .into_any()
        }
        _ => ().into_any(),
    }
}

/// Yes or no to a request: plain forms, so that they work in swapped content too.
#[component]
pub fn AnswerForms(
    /// The language.
    locale: Locale,
    /// The booking.
    id: String,
    /// Who asks: tells the buttons of a list apart.
    name: String,
) -> impl IntoView {
    let accept = td_string!(locale, lesson.accept);
    let decline = td_string!(locale, lesson.decline);
    view! {
        <form method="post" action="/do/accept_request">
            <input type="hidden" name="booking" value=id.clone()/>
            <Button size=ButtonSize::Small label=format::named(locale, accept, &name)>{accept}</Button>
        </form>
        <form method="post" action="/do/decline_request">
            <input type="hidden" name="booking" value=id/>
            <Button variant=ButtonVariant::Secondary size=ButtonSize::Small label=format::named(locale, decline, &name)>{decline}</Button>
        </form>
    }
}
