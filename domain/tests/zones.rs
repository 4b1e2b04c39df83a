//! Wall time and instants: the data's freshness, the edges of days, every zone and day.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use common::{ZONES, local, utc, zone};
use domain::Code;
use domain::availability::{Availability, WeeklyWindow, Window};
use domain::interval::Interval;
use domain::zone::{Change, TZDB_VERSION, Zone};
use jiff::civil;
use jiff::tz::TimeZone;
use proptest::prelude::*;

/// Zones that changed after the data that the crates carry: 2025b, and 2026e for Havana.
#[test]
fn the_zone_data_is_current() {
    assert_eq!(TZDB_VERSION, "2026f", "refreshed data wants its newest change added to this test");
    let rows = [
        ("America/Vancouver", "2026-12-15T17:00:00Z"),
        ("Africa/Casablanca", "2026-12-15T10:00:00Z"),
        ("America/Havana", "2026-12-15T14:00:00Z"),
    ];
    for (name, expected) in rows {
        let found = zone(name).to_instant(local("2026-12-15T10:00"));
        assert_eq!(found, utc(expected), "{name}: the data of {TZDB_VERSION} lacks a known change");
    }
}

#[test]
fn wall_times_become_instants() {
    let rows = [
        ("Europe/Paris", "2027-07-01T12:00", "2027-07-01T10:00:00Z"),
        // Skipped: moved forward by the gap.
        ("America/New_York", "2027-03-14T02:30", "2027-03-14T07:30:00Z"),
        ("Australia/Lord_Howe", "2027-10-03T02:15", "2027-10-02T15:45:00Z"),
        ("Africa/Cairo", "2027-04-30T00:00", "2027-04-29T22:00:00Z"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T22:00:00Z"),
        // Shown twice: the first pass.
        ("America/New_York", "2027-11-07T01:30", "2027-11-07T05:30:00Z"),
        ("Australia/Lord_Howe", "2027-04-04T01:45", "2027-04-03T14:45:00Z"),
        ("America/Havana", "2025-11-02T00:30", "2025-11-02T04:30:00Z"),
        // The edges of gap and fold.
        ("America/New_York", "2027-03-14T01:59", "2027-03-14T06:59:00Z"),
        ("America/New_York", "2027-03-14T02:00", "2027-03-14T07:00:00Z"),
        ("America/New_York", "2027-03-14T03:00", "2027-03-14T07:00:00Z"),
        ("America/New_York", "2027-11-07T01:00", "2027-11-07T05:00:00Z"),
        ("America/New_York", "2027-11-07T02:00", "2027-11-07T07:00:00Z"),
    ];
    for (name, wall, expected) in rows {
        assert_eq!(zone(name).to_instant(local(wall)), utc(expected), "{name} {wall}");
    }
}

#[test]
fn instants_become_wall_times() {
    let rows = [
        ("Europe/Paris", "2027-03-14T13:00:00Z", "2027-03-14T14:00:00+01:00"),
        ("America/New_York", "2027-11-07T05:30:00Z", "2027-11-07T01:30:00-04:00"),
        ("America/New_York", "2027-11-07T06:30:00Z", "2027-11-07T01:30:00-05:00"),
        ("America/New_York", "2027-03-14T06:59:59Z", "2027-03-14T01:59:59-05:00"),
        ("America/New_York", "2027-03-14T07:00:00Z", "2027-03-14T03:00:00-04:00"),
        ("Asia/Kathmandu", "2027-03-14T18:15:00Z", "2027-03-15T00:00:00+05:45"),
        ("America/St_Johns", "2027-01-01T00:00:00Z", "2026-12-31T20:30:00-03:30"),
        ("UTC", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00+00:00"),
    ];
    for (name, instant, expected) in rows {
        assert_eq!(zone(name).to_wall(utc(instant)).rfc3339(), expected, "{name}");
    }
}

#[test]
fn days_start_at_their_first_instant() {
    let rows = [
        ("America/New_York", "2027-03-14", Some(("2027-03-14T05:00:00Z", "2027-03-15T04:00:00Z"))),
        ("America/New_York", "2027-11-07", Some(("2027-11-07T04:00:00Z", "2027-11-08T05:00:00Z"))),
        // The clock jumps over midnight, at the start of a day and at its end.
        ("Africa/Cairo", "2027-04-30", Some(("2027-04-29T22:00:00Z", "2027-04-30T21:00:00Z"))),
        ("America/Nuuk", "2027-03-27", Some(("2027-03-27T02:00:00Z", "2027-03-28T01:00:00Z"))),
        // The gap holds midnight within it: 23:30 to 00:30.
        ("America/Toronto", "1919-03-31", Some(("1919-03-31T04:30:00Z", "1919-04-01T04:00:00Z"))),
        // The clock goes back to midnight: the first one counts.
        ("America/Havana", "2025-11-02", Some(("2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"))),
        ("Pacific/Apia", "2011-12-29", Some(("2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"))),
        ("Pacific/Apia", "2011-12-30", None),
        ("Pacific/Apia", "2011-12-31", Some(("2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"))),
    ];
    for (name, date, expected) in rows {
        let expected = expected.map(|(start, end)| Interval::new(utc(start), utc(end)));
        assert_eq!(zone(name).day(date.parse().unwrap()), expected, "{name} {date}");
    }
}

#[test]
fn changes_are_listed_half_open() {
    let york = zone("America/New_York");
    let (spring, autumn) = (utc("2027-03-14T07:00:00Z"), utc("2027-11-07T06:00:00Z"));
    let forward = Change { at: spring, before_seconds: -18_000, after_seconds: -14_400 };
    let back = Change { at: autumn, before_seconds: -14_400, after_seconds: -18_000 };
    assert_eq!(york.changes(Interval::new(spring, autumn)), [forward]);
    assert_eq!(york.changes(Interval::new(spring, autumn + TimeDelta::seconds(1))), [forward, back]);
    assert_eq!(york.changes(Interval::new(spring + TimeDelta::nanoseconds(1), autumn)), []);
    assert_eq!(york.changes(Interval::new(autumn, spring)), []);
    assert_eq!(zone("Asia/Kathmandu").changes(Interval::new(spring, autumn)), []);
}

#[test]
fn zones_are_their_names() {
    assert_eq!(Zone::all().count(), ZONES);
    assert!(Zone::all().is_sorted_by_key(Zone::name));
    for zone in Zone::all() {
        assert_eq!(Zone::parse(zone.name()), Ok(zone));
        let json = serde_json::to_string(&zone).unwrap();
        assert_eq!(json, format!("\"{zone}\""));
        assert_eq!(serde_json::from_str::<Zone>(&json).unwrap(), zone);
    }
    assert_eq!(Zone::UTC.name(), "UTC");
    for wrong in ["", "Mars/Olympus", "europe/paris", "Europe/Paris ", "+01:00", "Factory"] {
        let refusal = Zone::parse(wrong).unwrap_err();
        assert_eq!((refusal.code, &*refusal.key), (Code::InvalidRequest, "time_zone"), "{wrong}");
        assert!(serde_json::from_value::<Zone>(wrong.into()).is_err());
    }
}

#[test]
fn former_names_give_the_present_one() {
    for (former, present) in [
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Asia/Katmandu", "Asia/Kathmandu"),
        ("Asia/Saigon", "Asia/Ho_Chi_Minh"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("Africa/Asmera", "Africa/Asmara"),
        ("US/Eastern", "America/New_York"),
        // Not renamed: a place of its own that shares the clock of another.
        ("Europe/Oslo", "Europe/Oslo"),
        ("Africa/Asmara", "Africa/Asmara"),
    ] {
        assert_eq!(zone(former).name(), present, "{former}");
        assert_eq!(zone(present).former_names().any(|name| name == former), former != present, "{former}");
        assert!(former == present || Zone::all().all(|zone| zone.name() != former), "{former}");
    }
}

/// For every zone and every day of 2026 to 2028, hours of one weekday from 00:00 to 24:00 are
/// exactly that day, as `jiff` itself tells it, and so are hours of all days within it.
#[test]
fn all_day_hours_last_as_long_as_the_day() {
    let dates: Vec<NaiveDate> = first_day().iter_days().take_while(|date| date.year() < 2029).collect();
    assert_eq!(dates.len(), 1096);
    let zones: Vec<Zone> = Zone::all().collect();
    std::thread::scope(|scope| {
        for half in zones.chunks(zones.len().div_ceil(2)) {
            scope.spawn(|| half.iter().for_each(|zone| check_days(*zone, &dates)));
        }
    });
}

fn check_days(zone: Zone, dates: &[NaiveDate]) {
    let oracle = TimeZone::tzif(zone.name(), &common::tzif(zone.name())).unwrap();
    let days: Vec<Interval> = dates.iter().map(|date| day_by_jiff(&oracle, *date)).collect();
    let years = Interval::new(days[0].start, days[days.len() - 1].end);
    let all: Vec<WeeklyWindow> = (0..7).map(all_day).collect();
    for entry in &all {
        let hours = Availability::new(zone, vec![*entry], vec![]).unwrap().intervals(years);
        let expected = dates.iter().zip(&days).filter(|(date, _)| weekday(**date) == entry.weekday);
        assert!(hours.iter().eq(expected.map(|(_, day)| day)), "{zone} weekday {}", entry.weekday);
    }
    let always = Availability::new(zone, all, vec![]).unwrap();
    assert_eq!(always.intervals(years).as_slice(), [years], "{zone}");
    for (date, day) in dates.iter().zip(&days) {
        assert_eq!(zone.day(*date), Some(*day), "{zone} {date}");
        assert_eq!(always.intervals(*day).length(), day.length(), "{zone} {date}");
    }
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()
}

fn weekday(date: NaiveDate) -> u8 {
    u8::try_from(date.weekday().num_days_from_sunday()).unwrap()
}

fn all_day(weekday: u8) -> WeeklyWindow {
    WeeklyWindow { weekday, window: Window::parse("00:00", "24:00").unwrap() }
}

fn day_by_jiff(zone: &TimeZone, date: NaiveDate) -> Interval {
    let start = |date: NaiveDate| {
        let (month, day) = (i8::try_from(date.month()).unwrap(), i8::try_from(date.day()).unwrap());
        let date = civil::date(i16::try_from(date.year()).unwrap(), month, day);
        let start = zone.to_zoned(date.at(12, 0, 0, 0)).unwrap().start_of_day().unwrap();
        DateTime::from_timestamp(start.timestamp().as_second(), 0).unwrap()
    };
    Interval::new(start(date), start(date + Days::new(1)))
}

/// Any instant that `chrono` has.
fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    let (first, last) = (DateTime::<Utc>::MIN_UTC.timestamp(), DateTime::<Utc>::MAX_UTC.timestamp());
    let seconds = prop_oneof![first..=last, -5_000_000_000_i64..9_000_000_000, Just(first), Just(last)];
    (seconds, 0_u32..1_000_000_000).prop_map(|(s, nanos)| DateTime::from_timestamp(s, nanos).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    /// Wall and offset give the instant back; the wall alone gives it or the other pass.
    #[test]
    fn walls_lead_back(index in 0..ZONES, seconds in -2_000_000_000_i64..7_200_000_000) {
        let zone = Zone::all().nth(index).unwrap();
        let instant = DateTime::from_timestamp(seconds, 0).unwrap();
        let wall = zone.to_wall(instant);
        let offset = TimeDelta::seconds(wall.offset_seconds.into());
        prop_assert_eq!(wall.local.and_utc() - offset, instant);
        let first = zone.to_instant(wall.local);
        prop_assert!(first <= instant);
        prop_assert_eq!(zone.to_wall(first).local, wall.local);
    }

    /// The tables say what `jiff` says, of wall times too.
    #[test]
    fn tables_agree_with_jiff(index in 0..ZONES, seconds in -2_000_000_000_i64..7_200_000_000) {
        let zone = Zone::all().nth(index).unwrap();
        let oracle = TimeZone::tzif(zone.name(), &common::tzif(zone.name())).unwrap();
        let at = jiff::Timestamp::from_second(seconds).unwrap();
        let wall = zone.to_wall(DateTime::from_timestamp(seconds, 0).unwrap());
        prop_assert_eq!(wall.offset_seconds, oracle.to_offset(at).seconds());
        let civil = TimeZone::UTC.to_datetime(at);
        let expected = oracle.to_ambiguous_timestamp(civil).compatible().unwrap();
        let found = zone.to_instant(DateTime::from_timestamp(seconds, 0).unwrap().naive_utc());
        prop_assert_eq!(found.timestamp(), expected.as_second());
    }

    /// No input makes the module panic, and a name is read only when it is one.
    #[test]
    fn nothing_panics(name in ".{0,40}", index in 0..ZONES, one in any_instant(), other in any_instant()) {
        if let Ok(zone) = Zone::parse(&name) {
            prop_assert_eq!(zone.name(), name);
        }
        let zone = Zone::all().nth(index).unwrap();
        let wall = zone.to_wall(one);
        prop_assert!(wall.rfc3339().len() >= 25);
        let naive: NaiveDateTime = other.naive_utc();
        let _ = zone.to_instant(naive);
        if let Some(day) = zone.day(naive.date()) {
            prop_assert!(!day.is_empty());
        }
        let range = Interval::new(one.min(other), one.max(other));
        prop_assert!(zone.changes(range).iter().all(|change| range.contains(change.at)));
    }
}

#[test]
fn the_ends_of_the_calendar_are_answered() {
    for zone in Zone::all() {
        for instant in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let _ = zone.to_wall(instant).rfc3339();
            let _ = zone.to_instant(instant.naive_utc());
        }
        for date in [NaiveDate::MIN, NaiveDate::MAX] {
            let _ = zone.day(date);
        }
    }
}
