//! When a tutor teaches: weekly hours and what replaces them on single dates (rules, Time 3, 4, 6).

mod spans;
mod window;

use chrono::{DateTime, Datelike, NaiveDate};

use crate::interval::{Interval, IntervalSet};
use crate::zone::{Zone, local_midnight};
use crate::{Code, Refusal};

pub(crate) use spans::{EARLIEST, LATEST, Span, push_merged};
pub use window::{Override, WeeklyWindow, Window};

/// At most this many windows in a week.
pub const MAX_WEEKLY: usize = 100;
/// At most this many dates with an override.
pub const MAX_OVERRIDES: usize = 400;
/// At most this many windows on the date of an override.
pub const MAX_OVERRIDE_WINDOWS: usize = 24;
/// At most this many characters (Unicode scalar values) in the reason of an override.
pub const MAX_REASON: usize = 200;
/// [`Availability::intervals`] looks at no more days than these from the start of its range.
pub const MAX_RANGE_DAYS: i64 = 1_100;

/// The hours of a tutor: the instants whose wall clock in `zone` lies in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    zone: Zone,
    /// By weekday, then by start.
    weekly: Vec<WeeklyWindow>,
    /// Where in `weekly` each weekday starts, and where Saturday ends.
    weekdays: [usize; 8],
    /// By date, the windows of each by start.
    overrides: Vec<Override>,
}

impl Availability {
    /// Hours in `zone`: windows of each week, and overrides that each govern one civil date.
    /// Windows may touch and overlap: they merge.
    ///
    /// # Errors
    /// `INVALID_REQUEST`: `weekday` above 6; `too_many_windows`; `too_many_overrides`;
    /// `override_twice` when two have the same date; `override_date` outside 1970 to 2199;
    /// `override_reason` longer than [`MAX_REASON`].
    pub fn new(
        zone: Zone,
        mut weekly: Vec<WeeklyWindow>,
        mut overrides: Vec<Override>,
    ) -> Result<Availability, Refusal> {
        check_weekly(&weekly)?;
        overrides.sort_by_key(|day| day.date);
        check_overrides(&overrides)?;
        weekly.sort_by_key(|entry| (entry.weekday, entry.window.start()));
        for day in &mut overrides {
            day.windows.sort_by_key(|window| window.start());
        }
        let weekdays = std::array::from_fn(|day| weekly.partition_point(|w| usize::from(w.weekday) < day));
        Ok(Availability { zone, weekly, weekdays, overrides })
    }

    /// The zone whose wall clock the windows mean.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// The weekly windows, by weekday (0 = Sunday) and start.
    #[must_use]
    pub fn weekly(&self) -> &[WeeklyWindow] {
        &self.weekly
    }

    /// The overrides by date.
    #[must_use]
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// The instants of `range` at which the tutor teaches, bookings not considered. Of a range
    /// longer than [`MAX_RANGE_DAYS`] only that much is looked at, and nothing outside 1970 to 2199.
    #[must_use]
    pub fn intervals(&self, range: Interval) -> IntervalSet {
        let from = range.start.timestamp().max(EARLIEST);
        let last = from.saturating_add(MAX_RANGE_DAYS * crate::zone::DAY_SECONDS);
        let until = range.end.timestamp().saturating_add(1).min(last).min(LATEST);
        if until <= from {
            return IntervalSet::default();
        }
        let seen = Interval::new(range.start.max(instant(from)), range.end.min(instant(until)));
        let spans = self.spans(from, until);
        spans
            .iter()
            .map(|span| Interval::new(instant(span.start), instant(span.end)).intersect(&seen))
            .collect()
    }
}

fn instant(seconds: i64) -> DateTime<chrono::Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

fn check_weekly(weekly: &[WeeklyWindow]) -> Result<(), Refusal> {
    let refuse = |key| Err(Refusal::on(Code::InvalidRequest, key, "weekly"));
    if weekly.len() > MAX_WEEKLY {
        return refuse("too_many_windows");
    }
    if weekly.iter().any(|entry| entry.weekday > 6) {
        return refuse("weekday");
    }
    Ok(())
}

/// Wants them sorted by date.
fn check_overrides(overrides: &[Override]) -> Result<(), Refusal> {
    let refuse = |key| Err(Refusal::on(Code::InvalidRequest, key, "overrides"));
    if overrides.len() > MAX_OVERRIDES {
        return refuse("too_many_overrides");
    }
    if overrides.windows(2).any(|pair| pair[0].date == pair[1].date) {
        return refuse("override_twice");
    }
    if overrides.iter().any(|day| !(1970..2200).contains(&day.date.year())) {
        return refuse("override_date");
    }
    if overrides.iter().any(|day| day.windows.len() > MAX_OVERRIDE_WINDOWS) {
        return refuse("too_many_windows");
    }
    let length = |day: &Override| day.reason.as_ref().map_or(0, |reason| reason.chars().count());
    if overrides.iter().any(|day| length(day) > MAX_REASON) {
        return refuse("override_reason");
    }
    Ok(())
}

/// The number of a date in days since 1970-01-01.
fn day_number(date: NaiveDate) -> i64 {
    local_midnight(date) / crate::zone::DAY_SECONDS
}
