//! Free slots become a calendar to read: a pure function of slots, zones and language.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, NaiveDate, SecondsFormat, TimeDelta, Utc};
use domain::{ids::OfferingId, interval::Interval, slot::Slot, zone::Zone};
use services::tutor::OfferingView;

use super::calendar_model::{CalendarView, Choice, Choose, Day, DayStarts, Span, Start, ZoneView};
use super::{
    calendar_state::{CalendarState, column},
    format,
    i18n::{Locale, td_string},
    query,
};

/// What a calendar is made of.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// The reader's language.
    pub locale: Locale,
    /// The present instant.
    pub now: DateTime<Utc>,
    /// The reader's zone.
    pub reader: Zone,
    /// Whether that zone is known, and not merely assumed.
    pub known: bool,
    /// The zone stands in the address, and stays there.
    pub zone_in_query: bool,
    /// The tutor's zone.
    pub tutor: Zone,
    /// The tutor's name.
    pub tutor_name: &'a str,
    /// What is shown.
    pub state: CalendarState,
    /// The offerings among which one can choose; empty where there is nothing to choose.
    pub offerings: &'a [OfferingView],
    /// The offering of the slots.
    pub offering: Option<OfferingId>,
    /// The duration of the slots, minutes.
    pub duration: u16,
    /// Days ahead that can be booked.
    pub horizon_days: i64,
    /// The free slots of what is shown, in order.
    pub slots: &'a [Slot],
    /// The next free start, where nothing is free in what is shown.
    pub next_free: Option<DateTime<Utc>>,
    /// What choosing a start does.
    pub choose: Choose,
}

/// The calendar as a person reads it.
#[must_use]
pub fn calendar_view(input: &Input<'_>) -> CalendarView {
    let free = domain::slot::by_day(input.slots, input.reader);
    let selected = selected(input, &free);
    let (weeks, tabbable) = match input.state.span {
        Span::Month => (weeks(input, &free, selected), tabbable(input, &free, selected)),
        Span::Week => (Vec::new(), String::new()),
    };
    let days = match (input.state.span, selected) {
        (Span::Week, _) => input.state.days().map(|date| starts_of(input, &free, date)).collect(),
        (Span::Month, Some(date)) => vec![starts_of(input, &free, date)],
        (Span::Month, None) => Vec::new(),
    };
    let title = title(input);
    CalendarView {
        span: input.state.span,
        query: own_query(input, selected),
        previous: neighbour(input, input.state.before()),
        next: neighbour(input, input.state.after()),
        spans: spans(input, selected),
        offerings: offerings(input, selected),
        durations: durations(input, selected),
        weekdays: weekdays(input.locale),
        weeks,
        tabbable,
        days,
        empty: if input.slots.is_empty() {
            td_string!(input.locale, calendar.none_in, period = title.clone()).to_string()
        } else {
            String::new()
        },
        next_free: input.next_free.map(|start| next_free(input, start)),
        announcement: announcement(input, &free, selected, &title),
        zone: zone_view(input),
        choose: input.choose.clone(),
        title,
    }
}

type FreeDays = BTreeMap<NaiveDate, Vec<Slot>>;

/// The day whose starts a month shows: the one that was chosen, else the first that has any.
fn selected(input: &Input<'_>, free: &FreeDays) -> Option<NaiveDate> {
    match input.state.span {
        Span::Month => input.state.day.or_else(|| free.keys().next().copied()),
        Span::Week => input.state.day,
    }
}

/// The query of another state with the same offering, duration and zone.
fn query_of(input: &Input<'_>, span: Span, month: Option<NaiveDate>, day: Option<NaiveDate>) -> String {
    let several = input.offerings.iter().map(|it| it.offering.durations.len()).sum::<usize>() > 1;
    let offering = input.offering.filter(|_| several);
    query::write([
        ("view", if span == Span::Week { "week".to_owned() } else { String::new() }),
        ("month", month.map(|month| month.format("%Y-%m").to_string()).unwrap_or_default()),
        ("day", day.map(|day| day.to_string()).unwrap_or_default()),
        ("offering", offering.map(|id| id.0.to_string()).unwrap_or_default()),
        ("duration", offering.map(|_| input.duration.to_string()).unwrap_or_default()),
        ("tz", if input.zone_in_query { input.reader.name().to_owned() } else { String::new() }),
    ])
}

fn own_query(input: &Input<'_>, selected: Option<NaiveDate>) -> String {
    let first = input.state.first;
    match input.state.span {
        Span::Month => query_of(input, Span::Month, Some(first), selected),
        Span::Week => query_of(input, Span::Week, None, Some(selected.unwrap_or(first))),
    }
}

/// "December 2026", or the first and the last day of the week.
fn title(input: &Input<'_>) -> String {
    period(input.locale, input.state.span, input.state.first)
}

fn period(locale: Locale, span: Span, first: NaiveDate) -> String {
    match span {
        Span::Month => format::month(locale, first),
        Span::Week => {
            let last = first + chrono::Days::new(6);
            let from = format::day_brief(locale, first);
            let to = format::day_brief(locale, last);
            td_string!(locale, calendar.week_title, from = from, to = to, year = last.year()).to_string()
        }
    }
}

/// The way to the month or week that starts on `first`; without an address where it cannot be booked.
fn neighbour(input: &Input<'_>, first: NaiveDate) -> Choice {
    let state = CalendarState { first, day: None, ..input.state };
    let reachable = Interval::new(input.now, input.now + TimeDelta::days(input.horizon_days));
    let shown = state.interval(input.reader);
    let can = shown.overlaps(&reachable);
    let (month, day) = match state.span {
        Span::Month => (Some(first), None),
        Span::Week => (None, Some(first)),
    };
    let href =
        if can { format!("?{}#calendar", query_of(input, state.span, month, day)) } else { String::new() };
    Choice { href, label: period(input.locale, state.span, first), ..Choice::default() }
}

fn spans(input: &Input<'_>, selected: Option<NaiveDate>) -> Vec<Choice> {
    let locale = input.locale;
    let day = selected.unwrap_or(input.state.first);
    let choice = |span: Span, label: String, query: String| Choice {
        href: format!("?{query}#calendar"),
        label,
        hint: String::new(),
        current: input.state.span == span,
    };
    vec![
        choice(
            Span::Month,
            td_string!(locale, calendar.month).to_string(),
            query_of(input, Span::Month, Some(super::calendar_state::first_of_month(day)), selected),
        ),
        choice(
            Span::Week,
            td_string!(locale, calendar.week).to_string(),
            query_of(input, Span::Week, None, Some(day)),
        ),
    ]
}

fn offerings(input: &Input<'_>, selected: Option<NaiveDate>) -> Vec<Choice> {
    if input.offerings.len() < 2 {
        return Vec::new();
    }
    let choice = |it: &OfferingView| {
        let offering = &it.offering;
        let (shortest, currency) = (offering.durations.first(), offering.currency);
        let minutes = shortest.map_or(input.duration, |it| it.minutes);
        let hint = shortest.map(|it| {
            let price = format::price(input.locale, it.price_minor, currency);
            let several = it.price_minor > 0 && offering.durations.len() > 1;
            if several {
                td_string!(input.locale, calendar.price_from, price = price).to_string()
            } else {
                price
            }
        });
        let chosen = Input { offering: Some(it.id), duration: minutes, ..input.clone() };
        Choice {
            href: format!("?{}#calendar", own_query(&chosen, selected)),
            label: it.offering.title.clone(),
            hint: hint.unwrap_or_default(),
            current: input.offering == Some(it.id),
        }
    };
    input.offerings.iter().map(choice).collect()
}

fn durations(input: &Input<'_>, selected: Option<NaiveDate>) -> Vec<Choice> {
    let Some(chosen) = input.offerings.iter().find(|it| Some(it.id) == input.offering) else {
        return Vec::new();
    };
    let choice = |it: &domain::tutor::PricedDuration| {
        let other = Input { duration: it.minutes, ..input.clone() };
        Choice {
            href: format!("?{}#calendar", own_query(&other, selected)),
            label: format::minutes(input.locale, it.minutes),
            hint: format::price(input.locale, it.price_minor, chosen.offering.currency),
            current: it.minutes == input.duration,
        }
    };
    chosen.offering.durations.iter().map(choice).collect()
}

fn weekdays(locale: Locale) -> Vec<(String, String)> {
    let start = format::week_start(locale);
    (start..start + 7)
        .map(|index| (format::weekday_short(locale, index), format::weekday(locale, index)))
        .collect()
}

/// The month in rows of seven places.
fn weeks(input: &Input<'_>, free: &FreeDays, selected: Option<NaiveDate>) -> Vec<Vec<Option<Day>>> {
    let before = column(input.state.first, format::week_start(input.locale)) as usize;
    let mut places: Vec<Option<Day>> = vec![None; before];
    places.extend(input.state.days().map(|date| Some(day(input, free, selected, date))));
    places.resize(places.len().div_ceil(7) * 7, None);
    places.chunks(7).map(<[Option<Day>]>::to_vec).collect()
}

fn day(input: &Input<'_>, free: &FreeDays, selected: Option<NaiveDate>, date: NaiveDate) -> Day {
    let count = u32::try_from(free.get(&date).map_or(0, Vec::len)).unwrap_or(u32::MAX);
    let name = format::day(input.locale, date);
    let (free_text, label, href) = if count == 0 {
        (String::new(), td_string!(input.locale, calendar.day_none, day = name).to_string(), String::new())
    } else {
        (
            td_string!(input.locale, calendar.free, count = count).to_string(),
            td_string!(input.locale, calendar.day_free, day = name, count = count).to_string(),
            format!("?{}#times", query_of(input, Span::Month, Some(input.state.first), Some(date))),
        )
    };
    Day {
        date: date.to_string(),
        number: date.day(),
        free: count,
        free_text,
        label,
        href,
        selected: selected == Some(date),
        today: today(input) == date,
    }
}

fn today(input: &Input<'_>) -> NaiveDate {
    input.reader.to_wall(input.now).local.date()
}

/// Tab reaches the selected day, else the first free one, else today or the first.
fn tabbable(input: &Input<'_>, free: &FreeDays, selected: Option<NaiveDate>) -> String {
    let within = |date: &NaiveDate| (input.state.first..input.state.after()).contains(date);
    let date = selected.or_else(|| free.keys().next().copied()).filter(within);
    date.or(Some(today(input)).filter(within)).unwrap_or(input.state.first).to_string()
}

fn starts_of(input: &Input<'_>, free: &FreeDays, date: NaiveDate) -> DayStarts {
    let slots = free.get(&date).map_or(&[][..], Vec::as_slice);
    DayStarts {
        weekday: match input.state.span {
            Span::Month => format::weekday(input.locale, date.weekday().num_days_from_sunday()),
            Span::Week => format::weekday_short(input.locale, date.weekday().num_days_from_sunday()),
        },
        date: format::day_brief(input.locale, date),
        today: today(input) == date,
        starts: slots.iter().map(|slot| start(input, slots, slot, date)).collect(),
    }
}

fn start(input: &Input<'_>, day: &[Slot], slot: &Slot, date: NaiveDate) -> Start {
    let wall = input.reader.to_wall(slot.start);
    let time = format::time(input.locale, wall.local.time());
    let twice = day.iter().filter(|it| input.reader.to_wall(it.start).local == wall.local).count() > 1;
    let offset = twice.then(|| format::offset(wall.offset_seconds));
    let tutors = tutors_time(input, slot.start, date);
    let note = [offset, tutors.clone()].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let spoken = td_string!(
        input.locale,
        calendar.start_label,
        time = time.clone(),
        day = format::day(input.locale, date)
    );
    let label = match (&tutors, note.is_empty()) {
        (Some(_), _) | (None, false) => format!("{spoken}, {note}"),
        (None, true) => spoken.to_string(),
    };
    Start { start: slot.start.to_rfc3339_opts(SecondsFormat::Secs, true), time, note, label }
}

/// What the tutor's clock shows then, where it differs from the reader's: "4:00 pm London".
fn tutors_time(input: &Input<'_>, at: DateTime<Utc>, date: NaiveDate) -> Option<String> {
    let (mine, theirs) = (input.reader.to_wall(at).local, input.tutor.to_wall(at).local);
    if mine == theirs {
        return None;
    }
    let time = format::time(input.locale, theirs.time());
    let place = format::city(input.tutor);
    Some(if theirs.date() == date {
        format!("{time} {place}")
    } else {
        let weekday = format::weekday_short(input.locale, theirs.weekday().num_days_from_sunday());
        format!("{weekday} {time} {place}")
    })
}

fn next_free(input: &Input<'_>, start: DateTime<Utc>) -> Choice {
    let date = input.reader.to_wall(start).local.date();
    let first = super::calendar_state::first_of_month(date);
    let query = match input.state.span {
        Span::Month => query_of(input, Span::Month, Some(first), Some(date)),
        Span::Week => query_of(input, Span::Week, None, Some(date)),
    };
    let day = format::day(input.locale, date);
    Choice {
        href: format!("?{query}#calendar"),
        label: td_string!(input.locale, calendar.next_free, day = day).to_string(),
        ..Choice::default()
    }
}

fn announcement(input: &Input<'_>, free: &FreeDays, selected: Option<NaiveDate>, title: &str) -> String {
    let locale = input.locale;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    match (input.state.span, selected) {
        _ if input.slots.is_empty() => {
            td_string!(locale, calendar.none_in, period = title.to_owned()).to_string()
        }
        (Span::Month, Some(date)) => {
            let day = format::day(locale, date);
            match count(free.get(&date).map_or(0, Vec::len)) {
                0 => td_string!(locale, calendar.day_none, day = day).to_string(),
                free => td_string!(locale, calendar.free_on, count = free, day = day).to_string(),
            }
        }
        _ => {
            let free = count(input.slots.len());
            td_string!(locale, calendar.free_in, count = free, period = title.to_owned()).to_string()
        }
    }
}

fn zone_view(input: &Input<'_>) -> ZoneView {
    let shown = input.state.interval(input.reader);
    let at = shown.start.max(input.now);
    let mine = format::zone(input.reader, at);
    let other = if input.reader == input.tutor {
        String::new()
    } else {
        let (name, zone) = (input.tutor_name.to_owned(), format::zone(input.tutor, at));
        td_string!(input.locale, calendar.tutor_in, name = name, zone = zone).to_string()
    };
    let coming = Interval::new(at, shown.end.max(at));
    let mut zones = vec![input.reader];
    if input.tutor != input.reader {
        zones.push(input.tutor);
    }
    let changes = zones.into_iter().flat_map(|zone| changes(input.locale, zone, coming)).collect();
    ZoneView {
        name: input.reader.name().to_owned(),
        text: td_string!(input.locale, calendar.times_in, zone = mine).to_string(),
        other,
        changes,
        known: input.known,
    }
}

/// "Clocks change in Europe/Paris on Sunday 25 October: 3:00 am becomes 2:00 am."
fn changes(locale: Locale, zone: Zone, within: Interval) -> Vec<String> {
    let wall = |at: DateTime<Utc>, offset: i32| (at + TimeDelta::seconds(i64::from(offset))).naive_utc();
    let sentence = |change: domain::zone::Change| {
        let before = wall(change.at, change.before_seconds);
        let after = wall(change.at, change.after_seconds);
        td_string!(
            locale,
            calendar.clocks_change,
            zone = format::zone_name(zone),
            day = format::day(locale, before.date()),
            before = format::time(locale, before.time()),
            after = format::time(locale, after.time())
        )
        .to_string()
    };
    zone.changes(within)
        .into_iter()
        .filter(|change| change.before_seconds != change.after_seconds)
        .map(sentence)
        .collect()
}

#[cfg(test)]
#[path = "calendar_view_tests.rs"]
mod tests;
