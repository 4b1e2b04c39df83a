//! Quiet hours: while the clock of one's zone shows a time within them, what can wait waits.

use chrono::{DateTime, NaiveTime, TimeDelta, Timelike as _, Utc};

use crate::{Code, Refusal, interval::Interval, zone::Zone};

/// Minutes in a day of the clock.
const DAY: u16 = 24 * 60;

/// From when until when one wants quiet, on the clock of one's zone: half-open, and across midnight where the end is
/// not after the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Minutes from midnight.
    from: u16,
    /// Minutes from midnight.
    until: u16,
}

impl Quiet {
    /// From minutes from midnight, `0..1440` each and not the same.
    #[must_use]
    pub fn new(from: u16, until: u16) -> Option<Self> {
        (from < DAY && until < DAY && from != until).then_some(Quiet { from, until })
    }

    /// From two times of the clock (`22:00`); two empty ones are no quiet hours.
    ///
    /// # Errors
    /// `INVALID_REQUEST` on `from` or `until` for what is no time and where only one is given, and on `until`
    /// (`quiet_same`) where both are the same.
    pub fn parse(from: &str, until: &str) -> Result<Option<Self>, Refusal> {
        if from.trim().is_empty() && until.trim().is_empty() {
            return Ok(None);
        }
        let minute = |text: &str, field| {
            let time = NaiveTime::parse_from_str(text.trim(), "%H:%M");
            let time = time.map_err(|_| Refusal::on(Code::InvalidRequest, "quiet_time", field))?;
            Ok(minute_of(time))
        };
        let (from, until) = (minute(from, "from")?, minute(until, "until")?);
        Quiet::new(from, until).map(Some).ok_or(Refusal::on(Code::InvalidRequest, "quiet_same", "until"))
    }

    /// The start, minutes from midnight.
    #[must_use]
    pub const fn from(self) -> u16 {
        self.from
    }

    /// The end, minutes from midnight.
    #[must_use]
    pub const fn until(self) -> u16 {
        self.until
    }

    /// When the quiet of this instant ends: the first instant after it at which clocks of the zone show no time within
    /// the hours. `None` where it is not quiet. In a gap of the clock nothing is within them; in a fold both passes are
    /// (rules, Time 6).
    #[must_use]
    pub fn ends(self, zone: Zone, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut at = now;
        let mut end = at + self.left(zone, at)?;
        // At a change of the clock before that, or just then, it shows another time.
        while let Some(change) = zone.changes(Interval::new(at + TICK, end + TICK)).first() {
            at = change.at;
            match self.left(zone, at) {
                Some(left) => end = at + left,
                None => return Some(at),
            }
        }
        Some(end)
    }

    /// How long until the clock shows the end, if nobody changes it; `None` where it shows no time within the hours.
    fn left(self, zone: Zone, at: DateTime<Utc>) -> Option<TimeDelta> {
        let time = zone.to_wall(at).local.time();
        let since = (minute_of(time) + DAY - self.from) % DAY;
        let length = (self.until + DAY - self.from) % DAY;
        let within =
            TimeDelta::seconds(time.second().into()) + TimeDelta::nanoseconds(time.nanosecond().into());
        (since < length).then(|| TimeDelta::minutes((length - since).into()) - within)
    }
}

/// The least step of our clock.
const TICK: TimeDelta = TimeDelta::microseconds(1);

/// Minutes from midnight, without seconds.
fn minute_of(time: NaiveTime) -> u16 {
    u16::try_from(time.num_seconds_from_midnight() / 60).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(text: &str) -> Quiet {
        let (from, until) = text.split_once('-').expect("two times");
        Quiet::parse(from, until).expect("quiet hours").expect("some")
    }

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    /// Each row: zone, hours, an instant, and when its quiet ends. In Paris clocks go from 02:00 to 03:00 on 28 March
    /// 2027 and from 03:00 to 02:00 on 31 October, both at 01:00Z.
    #[test]
    fn quiet_ends_as_a_table() {
        for (zone, hours, now, ends) in [
            ("UTC", "22:00-07:00", "2027-01-01T21:59:59.999999Z", None),
            ("UTC", "22:00-07:00", "2027-01-01T22:00:00Z", Some("2027-01-02T07:00:00Z")),
            ("UTC", "22:00-07:00", "2027-01-02T00:00:00Z", Some("2027-01-02T07:00:00Z")),
            ("UTC", "22:00-07:00", "2027-01-02T06:59:59.999999Z", Some("2027-01-02T07:00:00Z")),
            ("UTC", "22:00-07:00", "2027-01-02T07:00:00Z", None),
            ("UTC", "13:00-14:00", "2027-01-01T13:30:30.5Z", Some("2027-01-01T14:00:00Z")),
            ("UTC", "13:00-14:00", "2027-01-01T14:00:00Z", None),
            ("UTC", "00:00-23:59", "2027-01-01T00:00:00Z", Some("2027-01-01T23:59:00Z")),
            ("UTC", "12:00-00:00", "2027-01-01T23:00:00Z", Some("2027-01-02T00:00:00Z")),
            ("Asia/Kathmandu", "22:00-07:00", "2027-01-01T16:15:00Z", Some("2027-01-02T01:15:00Z")),
            // The night that is an hour shorter: its quiet ends where the clock skips the end.
            ("Europe/Paris", "22:00-07:00", "2027-03-27T23:00:00Z", Some("2027-03-28T05:00:00Z")),
            ("Europe/Paris", "22:00-02:30", "2027-03-27T23:00:00Z", Some("2027-03-28T01:00:00Z")),
            ("Europe/Paris", "22:00-02:00", "2027-03-27T23:00:00Z", Some("2027-03-28T01:00:00Z")),
            ("Europe/Paris", "02:15-02:45", "2027-03-28T01:00:00Z", None),
            ("Europe/Paris", "02:15-04:00", "2027-03-28T01:00:00Z", Some("2027-03-28T02:00:00Z")),
            // The night that is an hour longer: what the clock shows twice is quiet twice.
            ("Europe/Paris", "22:00-07:00", "2027-10-30T22:00:00Z", Some("2027-10-31T06:00:00Z")),
            ("Europe/Paris", "22:00-03:00", "2027-10-31T00:30:00Z", Some("2027-10-31T02:00:00Z")),
            ("Europe/Paris", "22:00-02:30", "2027-10-30T22:00:00Z", Some("2027-10-31T00:30:00Z")),
            ("Europe/Paris", "22:00-02:30", "2027-10-31T00:45:00Z", None),
            ("Europe/Paris", "22:00-02:30", "2027-10-31T01:10:00Z", Some("2027-10-31T01:30:00Z")),
        ] {
            let found = quiet(hours).ends(Zone::parse(zone).expect("a zone"), instant(now));
            assert_eq!(found, ends.map(instant), "{zone} {hours} {now}");
        }
    }

    /// Against the clock itself, looked at each minute over days with and without a change.
    #[test]
    fn it_is_quiet_while_the_clock_says_so() {
        let zones = ["Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca"];
        for zone in zones.map(|name| Zone::parse(name).expect("a zone")) {
            for (from, until) in [(1320, 420), (90, 135), (150, 160), (0, 120), (720, 0)] {
                let quiet = Quiet::new(from, until).expect("hours");
                let within = |at: DateTime<Utc>| {
                    let minute = minute_of(zone.to_wall(at).local.time());
                    if from < until {
                        (from..until).contains(&minute)
                    } else {
                        minute >= from || minute < until
                    }
                };
                for start in [
                    "2027-02-06T00:00:00Z",
                    "2027-03-13T00:00:00Z",
                    "2027-04-03T00:00:00Z",
                    "2027-10-30T00:00:00Z",
                ] {
                    let mut expected = None;
                    for minute in (0..3 * 1440).rev() {
                        let at = instant(start) + TimeDelta::minutes(minute);
                        expected = if within(at) { expected } else { Some(at) };
                        // The last quiet of the days ends after them.
                        if within(at) && expected.is_some() {
                            assert_eq!(quiet.ends(zone, at), expected, "{zone} {from} {until} {at}");
                        } else if !within(at) {
                            assert_eq!(quiet.ends(zone, at), None, "{zone} {from} {until} {at}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn hours_are_read_as_a_table() {
        let refused = |key, field| Err(Refusal::on(Code::InvalidRequest, key, field));
        for (from, until, expected) in [
            ("22:00", "07:30", Ok(Quiet::new(1320, 450))),
            (" 00:00 ", "23:59", Ok(Quiet::new(0, 1439))),
            ("", " ", Ok(None)),
            ("", "07:00", refused("quiet_time", "from")),
            ("22:00", "", refused("quiet_time", "until")),
            ("24:00", "07:00", refused("quiet_time", "from")),
            ("22:00", "7", refused("quiet_time", "until")),
            ("22:00", "22:00", refused("quiet_same", "until")),
        ] {
            assert_eq!(Quiet::parse(from, until), expected, "{from} {until}");
        }
        assert_eq!((Quiet::new(1440, 0), Quiet::new(0, 1440), Quiet::new(5, 5)), (None, None, None));
    }
}
