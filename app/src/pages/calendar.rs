//! The booking calendar of a page: which slots it needs, and where it stands.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{booking::Booking, ids::OfferingId, interval::Interval, slot::Slot, zone::Zone};
use leptos::prelude::*;
use services::{
    Result,
    availability::{FreeSlots, SlotQuery, free_slots},
    tutor::{OfferingView, TutorView},
};

use super::{
    calendar_model::{CalendarTexts, CalendarView, Choose},
    calendar_parts::CalendarBody,
    calendar_state::CalendarState,
    calendar_view::{Input, calendar_view},
    context::Visit,
    format,
    i18n::{Locale, td_string},
    query,
};
use crate::booking::BookingCalendar;

/// How far ahead a free start is looked for, days: as far as one question may reach.
const LOOK_AHEAD_DAYS: i64 = 62;

/// The calendar for a new booking with a tutor.
///
/// # Errors
/// As `services::availability::free_slots`.
pub async fn for_booking(visit: &Visit, tutor: &TutorView, text: &str) -> Result<CalendarView> {
    let asked = query::parse::<OfferingId>(text, "offering");
    let offering = tutor.offerings.iter().find(|it| Some(it.id) == asked).or(tutor.offerings.first());
    let minutes = query::parse::<u16>(text, "duration");
    let duration = offering.and_then(|it| {
        let offered = &it.offering.durations;
        offered.iter().find(|it| Some(it.minutes) == minutes).or(offered.first()).map(|it| it.minutes)
    });
    let choose = Choose::Hold {
        slug: tutor.slug.clone(),
        offering: offering.map(|it| it.id.0.to_string()).unwrap_or_default(),
        duration: duration.unwrap_or_default(),
    };
    let wanted = Wanted {
        tutor: tutor.id.0.to_string(),
        name: &tutor.name,
        zone: Zone::parse(&tutor.time_zone).unwrap_or(Zone::UTC),
        offerings: &tutor.offerings,
        offering: offering.map(|it| it.id),
        duration: duration.unwrap_or_default(),
        choose,
    };
    build(visit, &wanted, text).await
}

/// The calendar for moving a booking: the same offering and duration, another start.
///
/// # Errors
/// As `services::availability::free_slots`.
pub async fn for_move(visit: &Visit, booking: &Booking, text: &str) -> Result<CalendarView> {
    let wanted = Wanted {
        tutor: booking.tutor.0.to_string(),
        name: &booking.tutor_name,
        zone: Zone::parse(&booking.tutor_zone).unwrap_or(Zone::UTC),
        offerings: &[],
        offering: Some(booking.offering),
        duration: booking.duration,
        choose: Choose::Move { href: format!("/lessons/{}/reschedule?start=", booking.id.0) },
    };
    build(visit, &wanted, text).await
}

struct Wanted<'a> {
    tutor: String,
    name: &'a str,
    zone: Zone,
    offerings: &'a [OfferingView],
    offering: Option<OfferingId>,
    duration: u16,
    choose: Choose,
}

impl Wanted<'_> {
    async fn slots(&self, visit: &Visit, range: Interval) -> Result<FreeSlots> {
        let query = SlotQuery {
            tutor: self.tutor.clone(),
            range,
            offering: self.offering,
            duration: self.offering.map(|_| i64::from(self.duration)),
        };
        free_slots(&visit.services, &query).await
    }
}

/// Loads the slots of what is asked for. Where the address names no day and the present month has
/// nothing free, the month of the next free start is shown instead.
async fn build(visit: &Visit, wanted: &Wanted<'_>, text: &str) -> Result<CalendarView> {
    let locale = visit.locale();
    let in_query = query::get(text, "tz").and_then(|name| Zone::parse(&name).ok());
    let reader = in_query.unwrap_or(visit.zone);
    let week_start = format::week_start(locale);
    let today = reader.to_wall(visit.now).local.date();
    let mut state = CalendarState::parse(text, today, week_start);
    let mut found = wanted.slots(visit, state.interval(reader)).await?;
    let mut next = None;
    if found.slots.is_empty() {
        next = first_free(visit, wanted).await?;
        if let Some(start) = next.filter(|_| !state.asked) {
            state = CalendarState::around(state.span, reader.to_wall(start).local.date(), week_start);
            found = wanted.slots(visit, state.interval(reader)).await?;
        }
    }
    let slots: &[Slot] = &found.slots;
    Ok(calendar_view(&Input {
        locale,
        now: visit.now,
        reader,
        known: visit.zone_known || in_query.is_some(),
        zone_in_query: in_query.is_some(),
        tutor: wanted.zone,
        tutor_name: wanted.name,
        state,
        offerings: wanted.offerings,
        offering: wanted.offering,
        duration: wanted.duration,
        horizon_days: found.policy.horizon_days,
        slots,
        next_free: next.filter(|_| slots.is_empty()),
        choose: wanted.choose.clone(),
    }))
}

async fn first_free(visit: &Visit, wanted: &Wanted<'_>) -> Result<Option<DateTime<Utc>>> {
    let range = Interval::new(visit.now, visit.now + TimeDelta::days(LOOK_AHEAD_DAYS));
    Ok(wanted.slots(visit, range).await?.slots.first().map(|slot| slot.start))
}

/// The calendar with its zone switch.
#[component]
pub fn CalendarSection(
    /// The state to begin with.
    view: CalendarView,
    /// What went wrong with the start that was chosen before.
    #[prop(optional, into)]
    problem: String,
) -> impl IntoView {
    let visit = super::visit();
    let locale = visit.locale();
    view! {
        <section id="calendar" class="booking-calendar" aria-labelledby="calendar-heading">
            <h2 id="calendar-heading">{td_string!(locale, calendar.title).to_string()}</h2>
            <BookingCalendar unreachable=td_string!(locale, calendar.unreachable).to_string()>
                <CalendarBody view problem texts=texts(locale)/>
            </BookingCalendar>
        </section>
    }
}

/// The words of the calendar that never change.
fn texts(locale: Locale) -> CalendarTexts {
    CalendarTexts {
        offerings: td_string!(locale, calendar.offerings).to_string(),
        durations: td_string!(locale, calendar.durations).to_string(),
        spans: td_string!(locale, calendar.spans).to_string(),
        none: td_string!(locale, calendar.legend_none).to_string(),
        few: td_string!(locale, calendar.legend_few).to_string(),
        some: td_string!(locale, calendar.legend_some).to_string(),
        many: td_string!(locale, calendar.legend_many).to_string(),
        no_times: td_string!(locale, calendar.no_times).to_string(),
        keys: td_string!(locale, calendar.keys).to_string(),
    }
}
