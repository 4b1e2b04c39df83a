//! Slots told naively, minute by minute, straight from the rules and from `jiff`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::availability::Availability;
use domain::interval::Interval;
use domain::slot::{Slot, SlotRules};
use jiff::tz::TimeZone;

/// Minutes looked at on either side of the range: more than an interval of 24 hours, the longest
/// slot, and the widest repeated or skipped stretch.
const MARGIN: i64 = 4 * 1_440;

/// What clocks show at one minute: days since 1970 and the minute of the day.
#[derive(Clone, Copy)]
struct Face {
    day: i64,
    minute: u16,
    /// Whether no minute before showed this day.
    opens_day: bool,
}

/// Every slot that starts in `range`, whose ends are whole minutes.
pub fn slots(
    hours: &Availability,
    rules: &SlotRules,
    busy: &[Interval],
    now: DateTime<Utc>,
    range: Interval,
) -> Vec<Slot> {
    let first = range.start.timestamp() / 60 - MARGIN;
    let last = range.end.timestamp() / 60 + MARGIN;
    let faces = faces(hours, first, last);
    let open = open(hours, &faces);
    let mut starts = BTreeSet::new();
    let mut from = 0;
    while from < open.len() {
        let length = open[from..].iter().take_while(|open| **open).count();
        starts.extend(grid(&faces[from..from + length], rules).map(|minute| first + (from + minute) as i64));
        from += length.max(1);
    }
    let slots = starts.into_iter().map(|minute| slot(minute, rules));
    slots.filter(|slot| range.contains(slot.start) && is_bookable(*slot, rules, busy, now)).collect()
}

fn slot(minute: i64, rules: &SlotRules) -> Slot {
    let start = DateTime::from_timestamp(minute * 60, 0).unwrap();
    Slot { start, end: start + TimeDelta::minutes(rules.duration_min.into()) }
}

fn faces(hours: &Availability, first: i64, last: i64) -> Vec<Face> {
    let zone = TimeZone::tzif("test", &super::tzif(hours.zone().name())).unwrap();
    let mut latest = i64::MAX;
    let face = |minute: i64| {
        let offset = zone.to_offset(jiff::Timestamp::from_second(minute * 60).unwrap()).seconds();
        let local = minute + i64::from(offset / 60);
        let day = local.div_euclid(1_440);
        let opens_day = day > latest;
        latest = if latest == i64::MAX { day } else { latest.max(day) };
        Face { day, minute: u16::try_from(local.rem_euclid(1_440)).unwrap(), opens_day }
    };
    (first..last).map(face).collect()
}

/// Whether each wall clock lies in a window of its day, or in a tail of the day before that no
/// override cuts.
fn open(hours: &Availability, faces: &[Face]) -> Vec<bool> {
    let seen: BTreeSet<i64> = faces.iter().flat_map(|face| [face.day - 1, face.day]).collect();
    let days: BTreeMap<i64, _> = seen.into_iter().map(|day| (day, windows(hours, day))).collect();
    let governed: BTreeSet<i64> = days.keys().copied().filter(|day| is_governed(hours, *day)).collect();
    let inside = |day: i64, minute: u16| days[&day].iter().any(|w| w.0 <= minute && minute < w.1);
    let is_open = |face: &Face| {
        let tail = !governed.contains(&face.day) && inside(face.day - 1, face.minute + 1_440);
        tail || inside(face.day, face.minute)
    };
    faces.iter().map(is_open).collect()
}

fn is_governed(hours: &Availability, day: i64) -> bool {
    hours.overrides().iter().any(|entry| entry.date == date(day))
}

fn date(day: i64) -> NaiveDate {
    DateTime::from_timestamp(day * 86_400, 0).unwrap().date_naive()
}

fn windows(hours: &Availability, day: i64) -> Vec<(u16, u16)> {
    if let Some(entry) = hours.overrides().iter().find(|entry| entry.date == date(day)) {
        return entry.windows.iter().map(|window| (window.start(), window.end())).collect();
    }
    let weekday = date(day).format("%w").to_string();
    let weekly = hours.weekly().iter().filter(|entry| entry.weekday.to_string() == weekday);
    weekly.map(|entry| (entry.window.start(), entry.window.end())).collect()
}

/// The starts on the grid of one merged interval, in minutes from its start.
fn grid<'a>(interval: &'a [Face], rules: &'a SlotRules) -> impl Iterator<Item = usize> + 'a {
    let mut anchor = 0;
    let length = interval.len();
    interval.iter().enumerate().filter_map(move |(minute, face)| {
        if length > 1_440 && face.opens_day {
            anchor = minute;
        }
        let fits = minute + usize::from(rules.duration_min) <= length;
        (fits && (minute - anchor).is_multiple_of(rules.step_min.into())).then_some(minute)
    })
}

fn is_bookable(slot: Slot, rules: &SlotRules, busy: &[Interval], now: DateTime<Utc>) -> bool {
    let from = slot.start - TimeDelta::minutes(rules.buffer_before_min.into());
    let until = slot.end + TimeDelta::minutes(rules.buffer_after_min.into());
    let lead = slot.start - now;
    lead >= TimeDelta::minutes(rules.notice_min)
        && lead <= TimeDelta::days(rules.horizon_days)
        && !busy.iter().any(|claim| claim.start < claim.end && claim.start < until && from < claim.end)
}
