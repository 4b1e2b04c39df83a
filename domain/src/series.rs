//! Recurring lessons.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use crate::zone::Zone;

/// A series has at most this many lessons: ten years of weeks.
pub const MAX_SERIES: u32 = 520;

/// The starts of `count` weekly lessons (at most [`MAX_SERIES`]) that keep the wall time `time` in
/// `zone`, whatever its clock does (rules, Time 7); the first on `first`. Fewer when the calendar ends.
#[must_use]
pub fn weekly(zone: Zone, first: NaiveDate, time: NaiveTime, count: u32) -> Vec<DateTime<Utc>> {
    (0..count.min(MAX_SERIES))
        .map_while(|week| first.checked_add_days(Days::new(u64::from(week) * 7)))
        .map(|date| zone.to_instant(date.and_time(time)))
        .collect()
}
