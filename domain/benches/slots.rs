//! How long the slots of a busy tutor take. The target is 20 µs for each case.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use chrono::{DateTime, Days, TimeDelta, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use domain::availability::{Availability, Override, WeeklyWindow, Window};
use domain::interval::Interval;
use domain::slot::{SlotRules, judge, slots};
use domain::zone::Zone;

/// A month with a change of the clock in the middle.
const NOW: &str = "2027-03-01T08:07:00Z";

const RULES: SlotRules = SlotRules {
    duration_min: 15,
    step_min: 15,
    buffer_before_min: 0,
    buffer_after_min: 0,
    notice_min: 120,
    horizon_days: 30,
};

/// The same hours each day, and other ones on 20 of the next 30.
fn hours(start: &str, end: &str) -> Availability {
    let window = Window::parse(start, end).unwrap();
    let weekly = (0..7).map(|weekday| WeeklyWindow { weekday, window }).collect();
    let first = NOW.parse::<DateTime<Utc>>().unwrap().date_naive();
    let other = [Window::parse("08:00", "12:00").unwrap(), Window::parse("14:00", "18:00").unwrap()];
    let overrides = (0..20).map(|day| Override {
        date: first + Days::new(day * 3 / 2),
        windows: if day % 4 == 0 { vec![] } else { other.to_vec() },
        reason: None,
    });
    Availability::new(Zone::parse("America/New_York").unwrap(), weekly, overrides.collect()).unwrap()
}

/// 200 claims of half an hour, spread over 30 days.
fn claims(now: DateTime<Utc>) -> Vec<Interval> {
    let first = now - TimeDelta::minutes(7);
    let start = |index: i64| first + TimeDelta::minutes(index * 30 * 24 * 60 / 200);
    (0..200).map(|index| Interval::new(start(index), start(index) + TimeDelta::minutes(30))).collect()
}

fn bench(criterion: &mut Criterion) {
    let now: DateTime<Utc> = NOW.parse().unwrap();
    let month = Interval::new(now, now + Days::new(30));
    let sorted = claims(now);
    let mut shuffled = sorted.clone();
    (0..200).for_each(|index| shuffled.swap(index, index * 77 % 200));
    let mut group = criterion.benchmark_group("slots");
    for (name, start, end) in [("working_day", "09:00", "17:00"), ("always_free", "00:00", "24:00")] {
        let hours = hours(start, end);
        let count = slots(&hours, &RULES, &sorted, now, month).len();
        assert_eq!(slots(&hours, &RULES, &shuffled, now, month).len(), count);
        group.bench_function(format!("{name}/{count}_slots"), |bencher| {
            bencher.iter(|| slots(black_box(&hours), black_box(&RULES), black_box(&sorted), now, month));
        });
        group.bench_function(format!("{name}/{count}_slots_claims_shuffled"), |bencher| {
            bencher.iter(|| slots(black_box(&hours), black_box(&RULES), black_box(&shuffled), now, month));
        });
        let last = slots(&hours, &RULES, &sorted, now, month)[count - 1].start;
        group.bench_function(format!("{name}/judge"), |bencher| {
            bencher.iter(|| judge(black_box(&hours), black_box(&RULES), black_box(&sorted), now, last));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
