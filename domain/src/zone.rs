//! The one place where wall time becomes an instant and an instant becomes wall time.
//!
//! The zone data is the committed IANA release of [`TZDB_VERSION`] (`scripts/refresh-tzdata`),
//! read by `jiff` once per zone into a table of segments of constant offset. Changes of the
//! clock are known until the end of 2199; after that each zone keeps its last offset.

mod renamed;
mod table;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use serde::{Deserialize, Serialize};

use crate::interval::Interval;
use crate::{Code, Refusal};

pub(crate) use table::{LAST_CHANGE, Table};

/// The IANA release of the committed zone data, such as `2026f`.
pub const TZDB_VERSION: &str = include_str!("../data/tzdata.version");

/// Seconds in a day without a change of the clock.
pub(crate) const DAY_SECONDS: i64 = 86_400;

/// A time zone of the IANA database, by its present name. On the wire it is that name, such as `Europe/Paris`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Zone = Zone(Tz::UTC);

    /// The zone of this IANA name; a former name, such as `Asia/Calcutta`, gives the present one.
    ///
    /// # Errors
    /// `INVALID_REQUEST` (`time_zone`) when the database has no such name.
    pub fn parse(name: &str) -> Result<Zone, Refusal> {
        Tz::from_str(renamed::present(name).unwrap_or(name))
            .map(Zone)
            .map_err(|_| Refusal::on(Code::InvalidRequest, "time_zone", "time_zone"))
    }

    /// The IANA name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Every zone of the database once, by name.
    pub fn all() -> impl Iterator<Item = Zone> {
        let present = TZ_VARIANTS.iter().filter(|zone| renamed::present(zone.name()).is_none());
        present.copied().map(Zone)
    }

    /// The former names of the zone, which [`Zone::parse`] reads too.
    pub fn former_names(self) -> impl Iterator<Item = &'static str> {
        let named = move |(_, present): &&(&str, &str)| *present == self.name();
        renamed::RENAMED.iter().filter(named).map(|(former, _)| *former)
    }

    /// The instant at which clocks of the zone show `local`: of two, the first; when clocks skip
    /// it, `local` moved forward by the gap (rules, Time 6).
    #[must_use]
    pub fn to_instant(self, local: NaiveDateTime) -> DateTime<Utc> {
        let instant = self.table().instant(local.and_utc().timestamp());
        let nanos = local.and_utc().timestamp_subsec_nanos();
        DateTime::from_timestamp(instant, nanos).unwrap_or_else(|| limit(instant))
    }

    /// What clocks of the zone show at an instant.
    #[must_use]
    pub fn to_wall(self, instant: DateTime<Utc>) -> Wall {
        let offset_seconds = self.table().offset(instant.timestamp());
        let local = local_seconds(instant.timestamp(), offset_seconds);
        let nanos = instant.timestamp_subsec_nanos();
        let local = DateTime::from_timestamp(local, nanos).unwrap_or_else(|| limit(local));
        Wall { local: local.naive_utc(), offset_seconds }
    }

    /// The civil day: from the first instant at which clocks reach it until the first instant of
    /// the day after. `None` where the zone skipped the date, as Samoa did 2011-12-30, and at the
    /// ends of the calendar.
    #[must_use]
    pub fn day(self, date: NaiveDate) -> Option<Interval> {
        let midnight = local_midnight(date);
        let table = self.table();
        let start = table.reach(midnight);
        let end = table.reach(midnight + DAY_SECONDS);
        let interval = Interval::new(DateTime::from_timestamp(start, 0)?, DateTime::from_timestamp(end, 0)?);
        (start < end).then_some(interval)
    }

    /// The changes of the clock within `[start, end)`, in order.
    #[must_use]
    pub fn changes(self, within: Interval) -> Vec<Change> {
        let table = self.table();
        let from = table.index(within.start.timestamp()).saturating_sub(1);
        let pairs = table.segments().windows(2).skip(from);
        pairs
            .map_while(|pair| Some((DateTime::from_timestamp(pair[1].start, 0)?, pair)))
            .take_while(|(at, _)| *at < within.end)
            .filter(|(at, _)| within.contains(*at))
            .map(|(at, pair)| Change { at, before_seconds: pair[0].offset, after_seconds: pair[1].offset })
            .collect()
    }

    /// The segments of constant offset of the zone.
    pub(crate) fn table(self) -> &'static Table {
        table::of(self.0)
    }
}

/// The wall clock of a zone at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wall {
    /// What clocks show.
    pub local: NaiveDateTime,
    /// Seconds by which they are ahead of UTC.
    pub offset_seconds: i32,
}

impl Wall {
    /// As in RFC 3339, such as `2027-03-14T14:00:00+01:00`; fractions of a second are left out.
    #[must_use]
    pub fn rfc3339(&self) -> String {
        let sign = if self.offset_seconds < 0 { '-' } else { '+' };
        let minutes = self.offset_seconds.abs() / 60;
        format!("{}{sign}{:02}:{:02}", self.local.format("%Y-%m-%dT%H:%M:%S"), minutes / 60, minutes % 60)
    }
}

/// A change of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The first instant of the new offset.
    pub at: DateTime<Utc>,
    /// Seconds ahead of UTC until then.
    pub before_seconds: i32,
    /// Seconds ahead of UTC from then on.
    pub after_seconds: i32,
}

/// Midnight of a date as seconds of local time since 1970-01-01T00:00.
pub(crate) fn local_midnight(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce() - 719_163) * DAY_SECONDS
}

/// Local seconds of an instant, both since 1970-01-01T00:00.
pub(crate) fn local_seconds(instant: i64, offset: i32) -> i64 {
    instant.saturating_add(i64::from(offset))
}

/// The end of the calendar that an instant lies beyond.
fn limit(instant: i64) -> DateTime<Utc> {
    if instant < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC }
}

impl Ord for Zone {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialOrd for Zone {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = Refusal;

    fn from_str(name: &str) -> Result<Zone, Refusal> {
        Zone::parse(name)
    }
}

impl Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Zone, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Zone::parse(&name).map_err(serde::de::Error::custom)
    }
}
