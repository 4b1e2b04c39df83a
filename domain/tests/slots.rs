//! Slots against a naive oracle around every kind of change of the clock, and by tables.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use common::{ZONES, oracle, utc, zone};
use domain::Code;
use domain::availability::{Availability, Override, WeeklyWindow, Window};
use domain::interval::Interval;
use domain::slot::{Slot, SlotRules, by_day, judge, slots};
use domain::zone::Zone;
use proptest::prelude::*;

/// Zones with a date on which their clocks do something.
const SCENES: &[(&str, &str)] = &[
    ("UTC", "2027-03-14"),
    ("America/New_York", "2027-03-14"),
    ("America/New_York", "2027-11-07"),
    ("Australia/Lord_Howe", "2027-04-04"),
    ("Australia/Lord_Howe", "2027-10-03"),
    ("Africa/Cairo", "2027-04-30"),
    ("Africa/Cairo", "2027-10-29"),
    ("Africa/Casablanca", "2026-09-20"),
    ("America/Havana", "2025-11-02"),
    ("America/Nuuk", "2027-03-28"),
    ("America/Santiago", "2027-04-03"),
    ("America/Santiago", "2027-09-05"),
    ("America/St_Johns", "2010-11-07"),
    ("Antarctica/Troll", "2027-03-28"),
    ("Asia/Beirut", "2027-03-28"),
    ("Asia/Kathmandu", "2027-03-14"),
    ("Europe/Dublin", "2027-10-31"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Kwajalein", "1993-08-21"),
];

/// A tutor, a question and the moment at which it is asked.
#[derive(Clone, Debug)]
struct Scene {
    hours: Availability,
    rules: SlotRules,
    busy: Vec<Interval>,
    now: DateTime<Utc>,
    range: Interval,
}

impl Scene {
    fn slots(&self) -> Vec<Slot> {
        slots(&self.hours, &self.rules, &self.busy, self.now, self.range)
    }
}

fn window() -> impl Strategy<Value = Window> {
    let any = (0_u16..1_440, 1_u16..=1_440).prop_map(|(start, length)| (start, start + length));
    let round = (0_u16..24, 1_u16..=24).prop_map(|(start, length)| (start * 60, (start + length) * 60));
    prop_oneof![any, round, Just((0, 1_440))].prop_map(|(start, end)| Window::new(start, end).unwrap())
}

fn weekly() -> impl Strategy<Value = Vec<WeeklyWindow>> {
    let some = prop::collection::vec((0_u8..7, window()), 0..12);
    let always = window().prop_map(|window| (0..7).map(|day| (day, window)).collect::<Vec<_>>());
    prop_oneof![some, always].prop_map(|entries| {
        entries.into_iter().map(|(weekday, window)| WeeklyWindow { weekday, window }).collect()
    })
}

fn overrides(around: NaiveDate) -> impl Strategy<Value = Vec<Override>> {
    let day = (-3_i64..5, prop::collection::vec(window(), 0..3));
    prop::collection::btree_map(day.0, day.1, 0..4).prop_map(move |days| {
        let date = |offset| around + TimeDelta::days(offset);
        days.into_iter().map(|(day, windows)| Override { date: date(day), windows, reason: None }).collect()
    })
}

fn rules() -> impl Strategy<Value = SlotRules> {
    let duration = prop_oneof![5_u16..120, Just(15), Just(60), Just(1_440)];
    let step = prop_oneof![5_u16..120, Just(15), Just(60), Just(1_440)];
    let buffers = (prop_oneof![Just(0_u16), 0_u16..60], prop_oneof![Just(0_u16), 0_u16..60]);
    let reach = (prop_oneof![Just(0_i64), 0_i64..3_000], prop_oneof![Just(30_i64), 0_i64..4]);
    (duration, step, buffers, reach).prop_map(|(duration_min, step_min, buffers, reach)| SlotRules {
        duration_min,
        step_min,
        buffer_before_min: buffers.0,
        buffer_after_min: buffers.1,
        notice_min: reach.0,
        horizon_days: reach.1,
    })
}

/// Claims of a few minutes to a few hours, to the microsecond, within some days.
fn claims() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let minute = 60_000_000;
    let round = (0_i64..4 * 1_440, 0_i64..240).prop_map(move |(at, length)| (at * minute, length * minute));
    let exact = (0_i64..4 * 1_440 * minute, 0_i64..200 * minute);
    prop::collection::vec(prop_oneof![round, exact], 0..8)
}

fn scene() -> impl Strategy<Value = Scene> {
    let place = (0..SCENES.len()).prop_flat_map(|index| {
        let date: NaiveDate = SCENES[index].1.parse().unwrap();
        (Just((zone(SCENES[index].0), date)), weekly(), overrides(date), rules(), claims())
    });
    let when = (-2_880_i64..1_440, 0_i64..4_000, 0_i64..3_000, 0_i64..60_000_000);
    (place, when).prop_map(|((place, weekly, overrides, rules, claims), when)| {
        let midnight = place.1.and_time(chrono::NaiveTime::MIN).and_utc();
        let start = midnight + TimeDelta::minutes(when.0);
        let claim = |(at, length)| {
            let from = start - TimeDelta::hours(12) + TimeDelta::microseconds(at);
            Interval::new(from, from + TimeDelta::microseconds(length))
        };
        Scene {
            hours: Availability::new(place.0, weekly, overrides).unwrap(),
            rules,
            busy: claims.into_iter().map(claim).collect(),
            now: start - TimeDelta::minutes(when.2) + TimeDelta::microseconds(when.3),
            range: Interval::new(start, start + TimeDelta::minutes(when.1)),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Every slot offered satisfies every rule, and every start that satisfies them is offered.
    #[test]
    fn slots_are_those_of_the_oracle(scene in scene()) {
        let Scene { hours, rules, busy, now, range } = &scene;
        prop_assert_eq!(scene.slots(), oracle::slots(hours, rules, busy, *now, *range));
    }

    /// One start is judged as the list offers it, in time or out of it.
    #[test]
    fn judge_agrees_with_slots(scene in scene(), moments in prop::collection::vec(0_i64..4_000, 24)) {
        let Scene { hours, rules, busy, now, range } = &scene;
        let offered = scene.slots();
        let starts = offered.iter().map(|slot| slot.start);
        let others = moments.iter().map(|minute| range.start + TimeDelta::minutes(*minute));
        for start in starts.take(24).chain(others).filter(|start| range.contains(*start)) {
            let expected = offered.iter().find(|slot| slot.start == start);
            let verdict = judge(hours, rules, busy, *now, start);
            prop_assert_eq!(verdict.as_ref().ok(), expected, "{} {:?}", start, verdict);
            let later = start + TimeDelta::microseconds(1);
            prop_assert!(judge(hours, rules, busy, *now, later).is_err());
        }
    }

    /// A range gives the same slots in one piece and in two.
    #[test]
    fn ranges_can_be_cut(scene in scene(), share in 0_i64..=100) {
        let Scene { hours, rules, busy, now, range } = &scene;
        let middle = range.start + range.length() * i32::try_from(share).unwrap() / 100;
        let part = |start, end| slots(hours, rules, busy, *now, Interval::new(start, end));
        let parts = [part(range.start, middle), part(middle, range.end)].concat();
        prop_assert_eq!(scene.slots(), parts);
    }

    /// Reading the slots in any zone groups them, and changes none.
    #[test]
    fn the_zone_of_the_reader_changes_no_start(scene in scene(), reader in 0..ZONES) {
        let offered = scene.slots();
        let reader = Zone::all().nth(reader).unwrap();
        let days = by_day(&offered, reader);
        for (date, group) in &days {
            prop_assert!(group.iter().all(|slot| reader.to_wall(slot.start).local.date() == *date));
        }
        let mut read: Vec<Slot> = days.into_values().flatten().collect();
        read.sort_unstable();
        prop_assert_eq!(read, offered);
    }

    /// The order in which claims come is nothing to the slots.
    #[test]
    fn claims_come_in_any_order(scene in scene()) {
        let mut other = scene.clone();
        other.busy.reverse();
        prop_assert_eq!(scene.slots(), other.slots());
    }

    /// No settings, moment or range make the engine panic, and what breaks the bounds offers nothing.
    #[test]
    fn nothing_panics(
        weekly in weekly(),
        minutes in prop::array::uniform4(any::<u16>()),
        reach in prop::array::uniform2(prop_oneof![any::<i64>(), 0_i64..400]),
        moments in prop::array::uniform3(-8_000_000_000_000_i64..8_000_000_000_000),
        near in any::<bool>(),
    ) {
        let hours = Availability::new(zone("America/New_York"), weekly, vec![]).unwrap();
        let rules = SlotRules {
            duration_min: minutes[0],
            step_min: minutes[1] | 64,
            buffer_before_min: minutes[2],
            buffer_after_min: minutes[3],
            notice_min: reach[0],
            horizon_days: reach[1],
        };
        let [start, end, now] = moments.map(|s| DateTime::from_timestamp(s, 1).unwrap());
        let now = if near { start } else { now };
        let range = Interval::new(start, end);
        let offered = slots(&hours, &rules, &[range], now, range);
        prop_assert!(rules.check().is_ok() || offered.is_empty());
        let _ = judge(&hours, &rules, &[range], now, start);
        prop_assert!(hours.intervals(range).iter().all(|one| range.start <= one.start && one.end <= range.end));
    }
}

fn weekdays(days: std::ops::Range<u8>, start: &str, end: &str) -> Vec<WeeklyWindow> {
    let window = Window::parse(start, end).unwrap();
    days.map(|weekday| WeeklyWindow { weekday, window }).collect()
}

fn hourly() -> SlotRules {
    SlotRules {
        duration_min: 60,
        step_min: 60,
        buffer_before_min: 0,
        buffer_after_min: 0,
        notice_min: 120,
        horizon_days: 30,
    }
}

fn hours_of(found: &[Slot]) -> Vec<String> {
    found.iter().map(|slot| slot.start.format("%dT%H:%M").to_string()).collect()
}

#[test]
fn a_start_is_refused_for_its_reason() {
    let hours = Availability::new(Zone::UTC, weekdays(0..7, "09:00", "17:00"), vec![]).unwrap();
    let now = utc("2027-03-15T09:00:00Z");
    let busy = [Interval::new(utc("2027-03-15T13:30:00Z"), utc("2027-03-15T14:30:00Z"))];
    let rows = [
        ("2027-03-15T11:00:00Z", None),
        ("2027-03-15T10:59:59Z", Some((Code::MinimumNoticeRequired, "notice"))),
        ("2027-03-14T11:00:00Z", Some((Code::MinimumNoticeRequired, "notice"))),
        ("2027-04-14T09:00:00Z", None),
        ("2027-04-14T10:00:00Z", Some((Code::OutsideHorizon, "horizon"))),
        ("2027-03-15T11:30:00Z", Some((Code::BookingConflict, "slot_off_grid"))),
        ("2027-03-15T17:00:00Z", Some((Code::BookingConflict, "slot_off_grid"))),
        ("2027-03-15T11:00:00.000001Z", Some((Code::BookingConflict, "slot_off_grid"))),
        ("2027-03-15T13:00:00Z", Some((Code::BookingConflict, "slot_taken"))),
        ("2027-03-15T14:00:00Z", Some((Code::BookingConflict, "slot_taken"))),
        ("2027-03-15T15:00:00Z", None),
    ];
    for (start, expected) in rows {
        let verdict = judge(&hours, &hourly(), &busy, now, utc(start)).err();
        let found = verdict.as_ref().map(|refusal| (refusal.code, &*refusal.key));
        assert_eq!(found, expected, "{start}");
    }
}

#[test]
fn notice_and_horizon_count_to_the_microsecond() {
    let hours = Availability::new(Zone::UTC, weekdays(0..7, "09:00", "17:00"), vec![]).unwrap();
    let rules = SlotRules { horizon_days: 1, ..hourly() };
    let offered = |now: &str| {
        let range = Interval::new(utc(now), utc(now) + Days::new(5));
        let found = hours_of(&slots(&hours, &rules, &[], utc(now), range));
        (found[0].clone(), found[found.len() - 1].clone())
    };
    let rows = [
        ("2027-03-15T09:00:00Z", "15T11:00", "16T09:00"),
        ("2027-03-15T09:00:00.000001Z", "15T12:00", "16T09:00"),
        ("2027-03-15T08:59:59.999999Z", "15T11:00", "15T16:00"),
    ];
    for (now, first, last) in rows {
        assert_eq!(offered(now), (first.to_owned(), last.to_owned()), "{now}");
    }
}

#[test]
fn settings_out_of_bounds_are_named() {
    let good = hourly();
    let rows = [
        (SlotRules { duration_min: 0, ..good }, Code::InvalidDuration, "duration_range"),
        (SlotRules { duration_min: 1_441, ..good }, Code::InvalidDuration, "duration_range"),
        (SlotRules { step_min: 0, ..good }, Code::InvalidRequest, "step_range"),
        (SlotRules { buffer_before_min: 1_441, ..good }, Code::InvalidRequest, "buffer_range"),
        (SlotRules { buffer_after_min: 1_441, ..good }, Code::InvalidRequest, "buffer_range"),
        (SlotRules { notice_min: -1, ..good }, Code::InvalidRequest, "notice_range"),
        (SlotRules { horizon_days: 367, ..good }, Code::InvalidRequest, "horizon_range"),
    ];
    let hours = Availability::new(Zone::UTC, weekdays(0..7, "00:00", "24:00"), vec![]).unwrap();
    let now = utc("2027-03-15T09:00:00Z");
    assert_eq!(good.check(), Ok(()));
    for (rules, code, key) in rows {
        let refusal = judge(&hours, &rules, &[], now, now + TimeDelta::days(1)).unwrap_err();
        assert_eq!((refusal.code, &*refusal.key), (code, key));
        assert_eq!(slots(&hours, &rules, &[], now, Interval::new(now, now + Days::new(2))), []);
    }
}

#[test]
fn the_grid_is_anchored_at_the_true_start() {
    let now = utc("2027-03-01T00:00:00Z");
    let ninety = SlotRules { duration_min: 90, step_min: 90, ..hourly() };
    let range = |start, end| Interval::new(utc(start), utc(end));
    // 20:00 to 20:00, exactly 24 hours: not anchored anew at midnight.
    let day = Availability::new(Zone::UTC, weekdays(1..2, "20:00", "20:00"), vec![]).unwrap();
    let night = range("2027-03-15T23:00:00Z", "2027-03-16T02:30:00Z");
    assert_eq!(hours_of(&slots(&day, &ninety, &[], now, night)), ["15T23:00", "16T00:30", "16T02:00"]);
    // A minute more: the last slot of the evening runs past midnight, where a new grid starts.
    let mut longer = weekdays(1..2, "20:00", "20:00");
    longer.extend(weekdays(1..2, "19:59", "20:30"));
    let day = Availability::new(Zone::UTC, longer, vec![]).unwrap();
    let expected = ["15T22:59", "16T00:00", "16T01:30"];
    assert_eq!(
        hours_of(&slots(&day, &ninety, &[], now, range("2027-03-15T22:30:00Z", "2027-03-16T02:30:00Z"))),
        expected
    );
}

#[test]
fn long_intervals_are_known_from_far_before_the_range() {
    let now = utc("2027-03-01T00:00:00Z");
    let ninety = SlotRules { duration_min: 90, step_min: 90, ..hourly() };
    // Monday 22:00 to Wednesday 02:00: 28 hours, anchored anew at Wednesday's midnight.
    let long = [weekdays(1..2, "22:00", "22:00"), weekdays(2..3, "22:00", "02:00")].concat();
    let hours = Availability::new(Zone::UTC, long, vec![]).unwrap();
    let range = Interval::new(utc("2027-03-17T00:00:00Z"), utc("2027-03-18T00:00:00Z"));
    assert_eq!(hours_of(&slots(&hours, &ninety, &[], now, range)), ["17T00:00"]);
}

/// At 00:01 on 7 November 2010 clocks in St John's went back to 23:01 of the day before, whose
/// second 23:30 starts an interval after the first instant of the 7th.
#[test]
fn a_fold_over_midnight_anchors_no_day_twice() {
    let forty = SlotRules { duration_min: 40, step_min: 40, ..hourly() };
    let long = [weekdays(6..7, "23:30", "23:30"), weekdays(0..1, "23:00", "23:45")].concat();
    let hours = Availability::new(zone("America/St_Johns"), long, vec![]).unwrap();
    let range = Interval::new(utc("2010-11-07T02:00:00Z"), utc("2010-11-07T05:00:00Z"));
    let found = slots(&hours, &forty, &[], utc("2010-11-01T00:00:00Z"), range);
    assert_eq!(hours_of(&found), ["07T03:00", "07T03:40", "07T04:20"]);
}

#[test]
fn hours_are_looked_at_within_bounds() {
    let hours = Availability::new(Zone::UTC, weekdays(0..7, "00:00", "24:00"), vec![]).unwrap();
    let rows = [
        (
            "2027-01-01T00:00:00.5Z",
            "2027-01-03T00:00:00.25Z",
            ("2027-01-01T00:00:00.5Z", "2027-01-03T00:00:00.25Z"),
        ),
        ("2027-01-01T00:00:00Z", "2040-01-01T00:00:00Z", ("2027-01-01T00:00:00Z", "2030-01-05T00:00:00Z")),
        ("1969-12-31T00:00:00Z", "1970-01-02T00:00:00Z", ("1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z")),
        ("2199-12-31T00:00:00Z", "2200-01-02T00:00:00Z", ("2199-12-31T00:00:00Z", "2200-01-01T00:00:00Z")),
    ];
    for (start, end, (first, last)) in rows {
        let found = hours.intervals(Interval::new(utc(start), utc(end)));
        assert_eq!(found.as_slice(), [Interval::new(utc(first), utc(last))], "{start} {end}");
    }
}

#[test]
fn buffers_are_kept_from_claims_and_not_from_closing() {
    let hours = Availability::new(Zone::UTC, weekdays(1..2, "09:00", "13:00"), vec![]).unwrap();
    let rules = SlotRules { buffer_before_min: 15, buffer_after_min: 15, ..hourly() };
    let (now, day) = (utc("2027-03-14T00:00:00Z"), utc("2027-03-15T00:00:00Z"));
    let found = |claim: (&str, &str)| {
        let busy = [Interval::new(utc(claim.0), utc(claim.1))];
        hours_of(&slots(&hours, &rules, &busy, now, Interval::new(day, day + Days::new(1))))
    };
    // The claim has its own buffers already: touching is allowed, a microsecond is not.
    let touching = ("2027-03-15T10:15:00Z", "2027-03-15T11:45:00Z");
    assert_eq!(found(touching), ["15T09:00", "15T12:00"]);
    assert_eq!(found(("2027-03-15T10:14:59.999999Z", "2027-03-15T11:45:00Z")), ["15T12:00"]);
    assert_eq!(found(("2027-03-15T10:15:00Z", "2027-03-15T11:45:00.000001Z")), ["15T09:00"]);
}

#[test]
fn an_override_cuts_the_tail_of_the_night_before() {
    let date = |day: u32| NaiveDate::from_ymd_opt(2027, 3, day).unwrap();
    let late = Window::parse("22:00", "02:00").unwrap();
    let overrides = vec![
        Override { date: date(20), windows: vec![], reason: Some("away".into()) },
        Override { date: date(23), windows: vec![late], reason: None },
    ];
    let hours = Availability::new(Zone::UTC, weekdays(0..7, "22:00", "02:00"), overrides).unwrap();
    let now = utc("2027-03-18T00:00:00Z");
    let week = Interval::new(utc("2027-03-19T12:00:00Z"), utc("2027-03-24T12:00:00Z"));
    let expected = [
        "19T22:00", "19T23:00", "21T22:00", "21T23:00", "22T00:00", "22T01:00", "22T22:00", "22T23:00",
        "23T22:00", "23T23:00", "24T00:00", "24T01:00",
    ];
    assert_eq!(hours_of(&slots(&hours, &hourly(), &[], now, week)), expected);
}
