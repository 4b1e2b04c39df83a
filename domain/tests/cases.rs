//! The worked examples of `cases.json`, each run by what its id says it is about.
#![allow(clippy::unwrap_used, reason = "a test")]

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use domain::availability::{Availability, Override, WeeklyWindow, Window};
use domain::interval::Interval;
use domain::money::{Currency, Money, Split};
use domain::review::{Rating, mean_tenths};
use domain::slot::{Slot, SlotRules, judge, slots};
use domain::zone::{Wall, Zone};
use domain::{series, webhook};
use serde_json::{Value, json};

#[test]
fn every_worked_example_holds() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("cases.json")).unwrap();
    assert_eq!(cases.len(), 21);
    for case in &cases {
        let (id, given) = (case["id"].as_str().unwrap(), &case["given"]);
        let found = match id.split_once('-').unwrap().0 {
            "SLOT" => slot_case(given, &case["expect"]),
            "REC" => series_case(given),
            "MONEY" => money_case(given),
            "HOOK" => webhook_case(given),
            "RATE" => rating_case(given),
            "TZ" => zone_case(given, &case["expect"]),
            other => panic!("no runner for {other}"),
        };
        assert_eq!(found, case["expect"], "{id}: {}", case["title"]);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn instant(value: &Value) -> DateTime<Utc> {
    text(value).parse().unwrap()
}

fn number(given: &Value, key: &str, default: i64) -> i64 {
    given[key].as_i64().unwrap_or(default)
}

fn stamp(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// As `Sun 2027-03-14 14:00 +0100`.
fn shown(Wall { local, offset_seconds }: Wall) -> String {
    let sign = if offset_seconds < 0 { '-' } else { '+' };
    let minutes = offset_seconds.abs() / 60;
    format!("{} {sign}{:02}{:02}", local.format("%a %Y-%m-%d %H:%M"), minutes / 60, minutes % 60)
}

fn availability(given: &Value) -> Availability {
    let weekly: Vec<WeeklyWindow> = serde_json::from_value(given["weekly"].clone()).unwrap();
    let overrides = given["overrides"].as_object().unwrap().iter().map(|(date, windows)| {
        let windows = windows.as_array().unwrap().iter();
        let windows = windows.map(|pair| Window::parse(text(&pair[0]), text(&pair[1])).unwrap()).collect();
        Override { date: date.parse().unwrap(), windows, reason: None }
    });
    let zone = Zone::parse(text(&given["tutor_tz"])).unwrap();
    Availability::new(zone, weekly, overrides.collect()).unwrap()
}

fn slot_case(given: &Value, expect: &Value) -> Value {
    let availability = availability(given);
    let range = Interval::new(instant(&given["from_utc"]), instant(&given["to_utc"]));
    let now = given.get("now").map_or(range.start, instant);
    let rules = SlotRules {
        duration_min: number(given, "duration_min", 0).try_into().unwrap(),
        step_min: number(given, "step_min", 0).try_into().unwrap(),
        buffer_before_min: 0,
        buffer_after_min: 0,
        notice_min: number(given, "min_notice_min", 0),
        horizon_days: number(given, "horizon_days", 30),
    };
    let busy = given.get("busy").map_or(&[][..], |busy| busy.as_array().unwrap());
    let busy: Vec<_> = busy.iter().map(|pair| Interval::new(instant(&pair[0]), instant(&pair[1]))).collect();
    let found = slots(&availability, &rules, &busy, now, range);
    for slot in &found {
        assert_eq!(slot.end - slot.start, TimeDelta::minutes(rules.duration_min.into()));
        assert_eq!(judge(&availability, &rules, &busy, now, slot.start), Ok(*slot));
    }
    let starts: Vec<_> = found.iter().map(|slot| stamp(slot.start)).collect();
    let mut answer = json!({"count": found.len(), "starts_utc": starts});
    if expect.get("student_local").is_some() {
        let zone = Zone::parse(text(&given["student_tz"])).unwrap();
        answer["student_local"] =
            found.iter().map(|Slot { start, .. }| shown(zone.to_wall(*start))).collect();
    }
    answer
}

fn series_case(given: &Value) -> Value {
    let zone = Zone::parse(text(&given["anchor_tz"])).unwrap();
    let first: NaiveDate = text(&given["first"]).parse().unwrap();
    let time = NaiveTime::parse_from_str(text(&given["time"]), "%H:%M").unwrap();
    let count = number(given, "count", 0).try_into().unwrap();
    assert_eq!(given["freq"], "WEEKLY");
    let starts = series::weekly(zone, first, time, count);
    let mut answer = json!({"starts_utc": starts.iter().copied().map(stamp).collect::<Vec<_>>()});
    for name in ["America/New_York", "Europe/Paris", "America/Port_of_Spain"] {
        let reader = Zone::parse(name).unwrap();
        answer[name] = starts.iter().map(|start| shown(reader.to_wall(*start))).collect();
    }
    answer
}

fn money_case(given: &Value) -> Value {
    let currency = Currency::parse(text(&given["currency"])).unwrap();
    assert_eq!(i64::from(currency.exponent()), number(given, "exponent", -1));
    assert_eq!(currency.quantum(), number(given, "stripe_quantum", -1));
    let price = Money::price(number(given, "price_minor", -1), currency).unwrap();
    let fee_bps = number(given, "fee_bps", -1).try_into().unwrap();
    let parts = |charge: Money| {
        let Split { charge, fee, payout } = charge.split(fee_bps);
        json!({"charge": charge.minor, "payout": payout.minor, "fee": fee.minor})
    };
    let early = parts(Money::zero(currency));
    json!({"completed": parts(price), "no_show": parts(price.half()), "early_end": early})
}

fn webhook_case(given: &Value) -> Value {
    let timestamp = text(&given["timestamp"]).parse().unwrap();
    let body = text(&given["body"]).as_bytes();
    let signed = webhook::sign(text(&given["secret"]), text(&given["id"]), timestamp, body).unwrap();
    json!({"webhook_signature": signed.standard})
}

fn rating_case(given: &Value) -> Value {
    let ratings = given["ratings"].as_array().unwrap().iter();
    let ratings: Vec<Rating> = ratings.map(|stars| Rating::parse(stars.as_i64().unwrap()).unwrap()).collect();
    let sum = ratings.iter().map(|rating| u64::from(rating.stars())).sum();
    let tenths = mean_tenths(sum, ratings.len() as u64).unwrap();
    json!({"average": format!("{}.{}", tenths / 10, tenths % 10)})
}

fn zone_case(given: &Value, expect: &Value) -> Value {
    let local = NaiveDateTime::parse_from_str(text(&given["local"]), "%Y-%m-%dT%H:%M").unwrap();
    let utc = stamp(Zone::parse(text(&given["tz"])).unwrap().to_instant(local));
    json!({"utc": utc, "stale_2025b": expect["stale_2025b"]})
}
