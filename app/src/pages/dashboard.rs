//! The student's lessons.

use domain::{
    account::Role,
    booking::{Booking, BookingState},
    lesson::join_window,
};
use leptos::prelude::*;
use leptos_meta::Title;
use services::{
    booking::{self, ListQuery, Page},
    payment::{self, Debt},
};

use super::{
    context::Visit,
    format,
    gate::only,
    i18n::{Locale, td_string},
    lesson_join::JoinAwake,
    lesson_list::{LessonList, Listed, listed},
    load::load,
    query,
    updates::{CountdownTo, Updates, refresh_at},
};
use crate::ui::{Alert, ButtonLink, ButtonVariant, Card, EmptyState, Glyph, PageHeader, TabItem, Tabs, Tone};

/// Rows on a page of the list.
const PAGE_SIZE: i64 = 10;

/// Which lessons a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// Agreed or requested, and not over.
    Coming,
    /// Over.
    Past,
    /// Called off, declined, not answered.
    Cancelled,
}

impl Shelf {
    const ALL: [Shelf; 3] = [Shelf::Coming, Shelf::Past, Shelf::Cancelled];

    /// The shelf that the address of the page names.
    #[must_use]
    pub fn of(query: &str) -> Self {
        match query::get(query, "view").as_deref() {
            Some("past") => Shelf::Past,
            Some("cancelled") => Shelf::Cancelled,
            _ => Shelf::Coming,
        }
    }

    /// The address of its first page under `base`.
    #[must_use]
    pub fn address(self, base: &str) -> String {
        match self {
            Shelf::Coming => base.to_owned(),
            Shelf::Past => format!("{base}?view=past"),
            Shelf::Cancelled => format!("{base}?view=cancelled"),
        }
    }

    /// What the list asks for.
    #[must_use]
    pub fn query(self, page: i64) -> ListQuery {
        use BookingState as S;
        let gone = [S::Cancelled, S::Declined, S::Expired];
        let kept = || S::ALL.into_iter().filter(|state| !gone.contains(state));
        let (states, upcoming) = match self {
            Shelf::Coming => (kept().filter(|state| state.is_active()).collect(), Some(true)),
            Shelf::Past => (kept().collect(), Some(false)),
            Shelf::Cancelled => (gone.to_vec(), None),
        };
        ListQuery { states, upcoming, page, page_size: PAGE_SIZE }
    }

    fn label(self, locale: Locale) -> String {
        match self {
            Shelf::Coming => td_string!(locale, dashboard.coming).to_owned(),
            Shelf::Past => td_string!(locale, dashboard.past).to_owned(),
            Shelf::Cancelled => td_string!(locale, dashboard.cancelled).to_owned(),
        }
    }
}

/// The tabs of the shelves under `base`.
#[must_use]
pub fn shelf_tabs(locale: Locale, base: &str, current: Shelf) -> Vec<TabItem> {
    let tab = |shelf: Shelf| TabItem {
        href: shelf.address(base),
        label: shelf.label(locale),
        current: shelf == current,
        ..TabItem::default()
    };
    Shelf::ALL.map(tab).to_vec()
}

/// The page of a list that the address names.
#[must_use]
pub fn page_number(query: &str) -> i64 {
    query::parse(query, "page").filter(|page| *page >= 1).unwrap_or(1)
}

/// The address of the pages of a list, without the number.
#[must_use]
pub fn paged(address: &str) -> String {
    format!("{address}{}page=", if address.contains('?') { '&' } else { '?' })
}

struct Loaded {
    next: Option<Booking>,
    list: Page<Listed>,
    debts: Vec<Debt>,
}

/// `/dashboard`
#[component]
pub fn Dashboard() -> impl IntoView {
    only(Role::Student, |_, actor| {
        load(
            move |visit| async move {
                let next = ListQuery { page_size: 1, ..Shelf::Coming.query(1) };
                let next = booking::list(&visit.services, &actor, &next).await?.rows.pop();
                let asked = Shelf::of(&visit.query).query(page_number(&visit.query));
                let list = booking::list(&visit.services, &actor, &asked).await?;
                Ok(Loaded {
                    next,
                    list: listed(&visit.services, &actor, list).await?,
                    debts: payment::open_debts(&visit.services, &actor).await?,
                })
            },
            |visit, loaded| view! { <Shown visit loaded/> },
        )
    })
}

#[component]
fn Shown(visit: Visit, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let shelf = Shelf::of(&visit.query);
    let address = paged(&shelf.address("/dashboard"));
    let instants = loaded.next.as_ref().map(|next| {
        let (opens, closes) = join_window(next.start, next.end);
        [opens, next.start, next.end, closes]
    });
    let times = instants.and_then(|instants| refresh_at(&visit, &instants));
    let list = if loaded.list.rows.is_empty() {
        view! { <Nothing locale shelf/> }.into_any()
    } else {
        view! { <LessonList visit=visit.clone() list=loaded.list address/> }.into_any()
    };
    view! {
        <Title text=td_string!(locale, dashboard.title).to_string()/>
        <div class="page flow">
            <PageHeader title=td_string!(locale, dashboard.title) lead=td_string!(locale, dashboard.lead, zone = format::zone(visit.zone, visit.now)).to_string()>
                <ButtonLink href="/tutors" variant=ButtonVariant::Secondary icon=Glyph::Search>{td_string!(locale, site.find_tutor)}</ButtonLink>
            </PageHeader>
            <JoinAwake visit=visit.clone()/>
            <div id="debts" data-live=""><Debts visit=visit.clone() debts=loaded.debts/></div>
            <div id="next-lesson" data-live="" data-refresh-at=times>
                {loaded.next.map(|next| view! { <NextLesson visit=visit.clone() booking=next/> })}
            </div>
            <section>
                <Tabs label=td_string!(locale, dashboard.title) items=shelf_tabs(locale, "/dashboard", shelf)/>
                <div id="lessons" data-live=""><Card>{list}</Card></div>
            </section>
            <Updates/>
        </div>
    }
}

/// What the student still owes, with the way to pay it.
#[component]
pub fn Debts(
    /// The request.
    visit: Visit,
    /// Oldest first.
    debts: Vec<Debt>,
) -> impl IntoView {
    if debts.is_empty() {
        return ().into_any();
    }
    let locale = visit.locale();
    let rows = debts.into_iter().map(|debt| {
        let href = format!("/lessons/{}/charge", debt.booking);
        let date = format::day_brief(locale, visit.zone.to_wall(debt.opened_at).local.date());
        let amount = format::money(locale, debt.amount.minor, debt.amount.currency);
        let text =
            td_string!(locale, dashboard.debt, title = debt.title, date = date, amount = amount).to_string();
        view! { <li><a class="link hit" href=href>{text}</a></li> }
    });
    let rows = rows.collect_view();
    view! {
        <Alert tone=Tone::Danger title=td_string!(locale, dashboard.debts_title)>
            <p>{td_string!(locale, dashboard.debts_text)}</p>
            <ul>{rows}</ul>
        </Alert>
    }
    .into_any()
}

/// The next lesson, counted down to by the server's clock.
#[component]
pub fn NextLesson(
    /// The request.
    visit: Visit,
    /// The lesson.
    booking: Booking,
) -> impl IntoView {
    let locale = visit.locale();
    let href = format!("/lessons/{}", booking.id);
    let with = super::lesson_list::other_party(&visit, &booking);
    let when = format::moment(locale, visit.zone, booking.start);
    let (opens, closes) = join_window(booking.start, booking.end);
    let open = booking.state == BookingState::Confirmed && opens <= visit.now && visit.now < closes;
    let action = if open { td_string!(locale, lesson.to_join) } else { td_string!(locale, lesson.open_page) };
    let variant = if open { ButtonVariant::Primary } else { ButtonVariant::Secondary };
    view! {
        <Card title=td_string!(locale, dashboard.next)>
            <div class="next-lesson">
                <div class="stack-tight">
                    <p class="lesson-title">{booking.title.clone()}</p>
                    <p>{td_string!(locale, dashboard.with, name = with)}</p>
                    <p class="quiet">{when}</p>
                    <p><ButtonLink href variant>{action}</ButtonLink></p>
                </div>
                {(booking.start > visit.now).then(|| view! {
                    <CountdownTo locale at=booking.start label=td_string!(locale, lesson.starts_in)/>
                })}
            </div>
        </Card>
    }
}

#[component]
fn Nothing(locale: Locale, shelf: Shelf) -> impl IntoView {
    let (title, text) = match shelf {
        Shelf::Coming => {
            (td_string!(locale, dashboard.none_coming), td_string!(locale, dashboard.none_coming_text))
        }
        Shelf::Past => {
            (td_string!(locale, dashboard.none_past), td_string!(locale, dashboard.none_past_text))
        }
        Shelf::Cancelled => (td_string!(locale, dashboard.none_cancelled), ""),
    };
    view! {
        <EmptyState glyph=Glyph::Calendar title text>
            {(shelf != Shelf::Cancelled).then(|| view! { <ButtonLink href="/tutors">{td_string!(locale, site.find_tutor)}</ButtonLink> })}
        </EmptyState>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_shelf() {
        for state in BookingState::ALL {
            let shelves = Shelf::ALL.iter().filter(|shelf| shelf.query(1).states.contains(&state)).count();
            assert_eq!(shelves, if state.is_active() { 2 } else { 1 }, "{state:?}");
        }
    }

    #[test]
    fn addresses_of_pages() {
        assert_eq!(paged("/dashboard"), "/dashboard?page=");
        assert_eq!(paged("/dashboard?view=past"), "/dashboard?view=past&page=");
        for (query, page) in [("", 1), ("page=3", 3), ("page=0", 1), ("page=x", 1)] {
            assert_eq!(page_number(query), page, "{query}");
        }
    }
}
