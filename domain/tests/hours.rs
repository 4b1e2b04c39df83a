//! Windows, weekly hours and overrides: what may be written, and how it reads back.
#![allow(clippy::unwrap_used, reason = "a test")]

use chrono::NaiveDate;
use domain::Code;
use domain::availability::{
    Availability, MAX_OVERRIDE_WINDOWS, MAX_OVERRIDES, MAX_REASON, MAX_WEEKLY, Override, WeeklyWindow, Window,
};
use domain::interval::Interval;
use domain::zone::Zone;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn windows_are_read_and_written() {
    let rows = [
        ("09:00", "17:00", Some((540, 1_020, "17:00"))),
        ("00:00", "24:00", Some((0, 1_440, "24:00"))),
        ("22:00", "02:00", Some((1_320, 1_560, "02:00"))),
        ("22:00", "24:00", Some((1_320, 1_440, "24:00"))),
        ("22:00", "00:00", Some((1_320, 1_440, "24:00"))),
        ("00:00", "00:00", Some((0, 1_440, "24:00"))),
        ("09:00", "09:00", Some((540, 1_980, "09:00"))),
        ("23:59", "23:58", Some((1_439, 2_878, "23:58"))),
        ("24:00", "02:00", None),
        ("09:00", "24:01", None),
        ("09:60", "10:00", None),
        ("9:00", "10:00", None),
        ("09:00", "10:00:00", None),
        ("-1:00", "10:00", None),
        ("+9:00", "10:00", None),
        ("", "", None),
        ("０９:00", "10:00", None),
    ];
    for (start, end, expected) in rows {
        let window = Window::parse(start, end);
        let read = window.as_ref().map(|window| (window.start(), window.end())).ok();
        assert_eq!(read, expected.map(|(start, end, _)| (start, end)), "{start} {end}");
        match (window, expected) {
            (Ok(window), Some((_, _, shown))) => {
                assert_eq!(window.to_hhmm(), (start.to_owned(), shown.to_owned()));
            }
            (refusal, _) => assert_eq!(refusal.unwrap_err().code, Code::InvalidRequest),
        }
    }
}

#[test]
fn windows_last_a_minute_to_a_day() {
    let rows = [
        (0, 1, true),
        (1_439, 2_879, true),
        (0, 0, false),
        (5, 4, false),
        (0, 1_441, false),
        (1_440, 1_441, false),
    ];
    for (start, end, valid) in rows {
        assert_eq!(Window::new(start, end).is_ok(), valid, "{start} {end}");
    }
}

#[test]
fn hours_cross_the_wire_as_people_write_them() {
    let weekly: WeeklyWindow =
        serde_json::from_value(json!({"weekday": 5, "start": "22:00", "end": "02:00"})).unwrap();
    assert_eq!((weekly.weekday, weekly.window.start(), weekly.window.end()), (5, 1_320, 1_560));
    assert_eq!(
        serde_json::to_value(weekly).unwrap(),
        json!({"weekday": 5, "start": "22:00", "end": "02:00"})
    );
    let away = json!({"date": "2027-03-16", "windows": [{"start": "09:00", "end": "24:00"}]});
    let day: Override = serde_json::from_value(away.clone()).unwrap();
    assert_eq!(serde_json::to_value(day).unwrap(), away);
    assert!(serde_json::from_value::<Window>(json!({"start": "24:00", "end": "02:00"})).is_err());
}

fn date(offset: usize) -> NaiveDate {
    NaiveDate::from_ymd_opt(2027, 1, 1).unwrap() + chrono::Days::new(offset as u64)
}

fn day(date: NaiveDate, windows: usize, reason: usize) -> Override {
    let window = Window::parse("09:00", "10:00").unwrap();
    Override { date, windows: vec![window; windows], reason: Some("é".repeat(reason)) }
}

fn weekly(weekday: u8, count: usize) -> Vec<WeeklyWindow> {
    vec![WeeklyWindow { weekday, window: Window::parse("09:00", "10:00").unwrap() }; count]
}

#[test]
fn hours_that_cannot_be_are_refused() {
    let year = |year| NaiveDate::from_ymd_opt(year, 12, 31).unwrap();
    let rows = [
        (weekly(6, MAX_WEEKLY), (0..MAX_OVERRIDES).map(|index| day(date(index), 0, 0)).collect(), None),
        (vec![], vec![day(date(0), MAX_OVERRIDE_WINDOWS, MAX_REASON)], None),
        (vec![], vec![day(year(1970), 0, 0), day(year(2199), 0, 0)], None),
        (weekly(7, 1), vec![], Some("weekday")),
        (weekly(0, MAX_WEEKLY + 1), vec![], Some("too_many_windows")),
        (vec![], vec![day(date(1), 0, 0), day(date(0), 1, 0), day(date(1), 1, 0)], Some("override_twice")),
        (
            vec![],
            (0..=MAX_OVERRIDES).map(|index| day(date(index), 0, 0)).collect(),
            Some("too_many_overrides"),
        ),
        (vec![], vec![day(date(0), MAX_OVERRIDE_WINDOWS + 1, 0)], Some("too_many_windows")),
        (vec![], vec![day(date(0), 0, MAX_REASON + 1)], Some("override_reason")),
        (vec![], vec![day(year(1969), 0, 0)], Some("override_date")),
        (vec![], vec![day(year(2200), 0, 0)], Some("override_date")),
        (vec![], vec![day(NaiveDate::MIN, 0, 0)], Some("override_date")),
        (vec![], vec![day(NaiveDate::MAX, 0, 0)], Some("override_date")),
    ];
    for (weekly, overrides, expected) in rows {
        let refusal = Availability::new(Zone::UTC, weekly, overrides).err();
        assert_eq!(refusal.as_ref().map(|refusal| &*refusal.key), expected);
    }
}

/// The hours of 01:00 to 02:30 or so on days whose clock changes, by their true ends.
#[test]
fn windows_follow_the_wall_clock_through_gap_and_fold() {
    let rows = [
        ("America/New_York", "2027-03-14", "01:30", "02:30", vec![("06:30", "07:00")]),
        ("America/New_York", "2027-03-14", "02:00", "03:00", vec![]),
        ("America/New_York", "2027-03-14", "02:30", "03:30", vec![("07:00", "07:30")]),
        ("America/New_York", "2027-11-07", "01:00", "01:30", vec![("05:00", "05:30"), ("06:00", "06:30")]),
        ("America/New_York", "2027-11-07", "01:30", "02:30", vec![("05:30", "06:00"), ("06:30", "07:30")]),
    ];
    for (name, date, start, end, expected) in rows {
        let window = Window::parse(start, end).unwrap();
        let zone = Zone::parse(name).unwrap();
        let day = Override { date: date.parse().unwrap(), windows: vec![window], reason: None };
        let hours = Availability::new(zone, vec![], vec![day]).unwrap();
        let found = hours.intervals(zone.day(date.parse().unwrap()).unwrap());
        let at = |time: &&str| format!("{date}T{time}:00Z").parse().unwrap();
        let expected: Vec<_> =
            expected.iter().map(|(start, end)| Interval::new(at(start), at(end))).collect();
        assert_eq!(found.as_slice(), expected, "{date} {start} {end}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn windows_read_back(start in any::<u16>(), end in any::<u16>()) {
        if let Ok(window) = Window::new(start, end) {
            let (from, until) = window.to_hhmm();
            prop_assert_eq!(Window::parse(&from, &until), Ok(window));
        }
    }

    #[test]
    fn no_text_panics(start in ".{0,6}", end in "[0-9:]{0,6}") {
        if let Ok(window) = Window::parse(&start, &end) {
            prop_assert!(Window::new(window.start(), window.end()).is_ok());
        }
    }
}
