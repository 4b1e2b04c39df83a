//! From a calendar file (RFC 5545) to the times at which its owner is busy.
//!
//! Recurrence is expanded on wall clocks that know no zone; what comes out is turned into instants by our own zone
//! data. What cannot be read as it is meant makes the whole file unreadable: to guess would sell time that is taken.

use std::collections::HashSet;

use calcard::{
    common::{PartialDateTime, timezone::Tz as NamedZone},
    icalendar::{
        ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarDuration, ICalendarEntry,
        ICalendarFreeBusyType, ICalendarFrequency, ICalendarParameterName, ICalendarParameterValue,
        ICalendarPeriod, ICalendarProperty, ICalendarRecurrenceRule, ICalendarStatus, ICalendarTransparency,
        ICalendarValue,
    },
};
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use domain::{interval::Interval, zone::Zone};
use rrule::{RRule, RRuleSet, Tz, Unvalidated};

use super::Problem;

/// A time at which the calendar's owner is busy, with the name of the entry that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Busy {
    pub uid: String,
    pub during: Interval,
}

/// How many times a rule may give within the window; a year of every hour is fewer.
const MOST_TIMES: u16 = 20_000;

/// How many busy times a calendar may have within the window.
const MOST_BUSY: usize = 50_000;

/// How many rules are expanded.
const MOST_RULES: usize = 5_000;

/// The busy times of a calendar that share time with `window`, in no order. `zone` is that of times without one, where
/// the calendar itself names none.
///
/// # Errors
/// `Unreadable` for what is no calendar or cannot be read as it is meant, `TooLarge` for too many times.
pub(super) fn read(text: &str, zone: Zone, window: Interval) -> Result<Vec<Busy>, Problem> {
    // Its reader takes one that was cut off for a shorter one.
    let end = text.trim_end().lines().next_back().unwrap_or_default();
    if !end.trim().eq_ignore_ascii_case("END:VCALENDAR") {
        return Err(Problem::Unreadable);
    }
    let calendar = ICalendar::parse(text).map_err(|_| Problem::Unreadable)?;
    let zone = own_zone(&calendar).transpose()?.unwrap_or(zone);
    let all = |kind| calendar.components.iter().filter(move |part| part.component_type == kind);
    let events: Vec<_> = all(ICalendarComponentType::VEvent).collect();
    let moved = moved(&events, zone)?;
    let (mut found, mut rules) = (Vec::new(), 0);
    let mut keep = |uid: &str, times: Vec<Interval>| {
        let within = times.into_iter().filter(|during| during.overlaps(&window));
        found.extend(within.map(|during| Busy { uid: uid.to_owned(), during }));
        if found.len() > MOST_BUSY { Err(Problem::TooLarge) } else { Ok(()) }
    };
    for event in events.into_iter().filter(|event| !is_free(event)) {
        rules += event.properties(&ICalendarProperty::Rrule).count();
        if rules > MOST_RULES {
            return Err(Problem::TooLarge);
        }
        keep(event.uid().unwrap_or_default(), times(event, zone, window, &moved)?)?;
    }
    // A calendar that shows when its owner is busy, and not with what.
    for part in all(ICalendarComponentType::VFreebusy) {
        for entry in part.properties(&ICalendarProperty::Freebusy).filter(|entry| !is_marked_free(entry)) {
            keep(part.uid().unwrap_or_default(), extra(entry, zone, Length::Exact(TimeDelta::zero()))?)?;
        }
    }
    Ok(found)
}

/// The busy times of several files of one calendar.
///
/// # Errors
/// As [`read`].
pub(super) fn read_all(texts: &[String], zone: Zone, window: Interval) -> Result<Vec<Busy>, Problem> {
    let mut found = Vec::new();
    for text in texts {
        found.extend(read(text, zone, window)?);
        if found.len() > MOST_BUSY {
            return Err(Problem::TooLarge);
        }
    }
    Ok(found)
}

/// The zone that the calendar names as its own, by the property that calendars in use write.
fn own_zone(calendar: &ICalendar) -> Option<Result<Zone, Problem>> {
    let root = calendar.components.first()?;
    let named = |entry: &&ICalendarEntry| matches!(&entry.name, ICalendarProperty::Other(name) if name.eq_ignore_ascii_case("X-WR-TIMEZONE"));
    let value = root.entries.iter().find(named)?.values.first()?.as_text()?.trim();
    (!value.is_empty()).then(|| zone_named(value))
}

/// The zone of a name as calendars in use write it: IANA's, a registry's with a path, or Microsoft's.
fn zone_named(name: &str) -> Result<Zone, Problem> {
    if let Ok(zone) = Zone::parse(name) {
        return Ok(zone);
    }
    match name.parse::<NamedZone>() {
        Ok(NamedZone::Tz(zone)) => Zone::parse(zone.name()).map_err(|_| Problem::Unreadable),
        _ => Err(Problem::Unreadable),
    }
}

/// The name of the zone that a calendar file defines (VTIMEZONE), where we know it.
#[must_use]
pub(crate) fn zone_of(definition: &str) -> Option<String> {
    let calendar = ICalendar::parse(definition).ok()?;
    let mut parts = calendar.components.iter();
    let zone = parts.find(|part| part.component_type == ICalendarComponentType::VTimezone)?;
    let name = zone.property(&ICalendarProperty::Tzid)?.values.first()?.as_text()?;
    zone_named(name.trim()).ok().map(|zone| zone.name().to_owned())
}

/// Whether an entry takes no time: called off, or marked as free.
fn is_free(event: &ICalendarComponent) -> bool {
    event.status() == Some(&ICalendarStatus::Cancelled)
        || event.transparency() == Some(&ICalendarTransparency::Transparent)
}

/// Whether times are given as those at which somebody is free.
fn is_marked_free(entry: &ICalendarEntry) -> bool {
    let free = ICalendarParameterValue::Fbtype(ICalendarFreeBusyType::Free);
    entry.parameter(&ICalendarParameterName::Fbtype) == Some(&free)
}

/// The instants at which entries say otherwise than the rule of their series, by UID.
type Moved = HashSet<(String, DateTime<Utc>)>;

fn moved(events: &[&ICalendarComponent], zone: Zone) -> Result<Moved, Problem> {
    let mut moved = HashSet::new();
    for event in events {
        let Some(entry) = event.property(&ICalendarProperty::RecurrenceId) else { continue };
        // "This and all that follow" is said by no calendar in use; nobody could say what it means for us.
        if entry.has_parameter(&ICalendarParameterName::Range) {
            return Err(Problem::Unreadable);
        }
        let original = moments(entry, zone)?.pop().ok_or(Problem::Unreadable)?;
        moved.insert((event.uid().unwrap_or_default().to_owned(), original.instant()));
    }
    Ok(moved)
}

/// A date or a wall time with its zone.
#[derive(Clone, Copy, Debug)]
struct Moment {
    wall: NaiveDateTime,
    zone: Zone,
    /// A civil day rather than a time of it.
    all_day: bool,
}

impl Moment {
    fn instant(self) -> DateTime<Utc> {
        self.zone.to_instant(self.wall)
    }
}

/// The moments of a property: of a zone of its own, or of the calendar's.
fn moments(entry: &ICalendarEntry, zone: Zone) -> Result<Vec<Moment>, Problem> {
    let named = entry.parameter(&ICalendarParameterName::Tzid).and_then(|value| value.as_text());
    let zone = named.map(zone_named).transpose()?.unwrap_or(zone);
    let values = entry.values.iter().map(|value| match value {
        ICalendarValue::PartialDateTime(value) => moment(value, zone),
        _ => Err(Problem::Unreadable),
    });
    values.collect()
}

fn moment(value: &PartialDateTime, zone: Zone) -> Result<Moment, Problem> {
    let found = value.to_date_time().ok_or(Problem::Unreadable)?;
    let (wall, zone) = match found.offset {
        Some(offset) => {
            let utc = found.date_time.checked_sub_offset(offset).ok_or(Problem::Unreadable)?;
            (utc, Zone::UTC)
        }
        None => (found.date_time, zone),
    };
    Ok(Moment { wall, zone, all_day: value.hour.is_none() })
}

/// How long an entry takes.
#[derive(Clone, Copy, Debug)]
enum Length {
    /// Civil days and exact time after them.
    Nominal(u64, TimeDelta),
    /// Exact time: what lies between a start and an end that were written out (RFC 5545, 3.8.5.3).
    Exact(TimeDelta),
}

impl Length {
    fn of(event: &ICalendarComponent, start: Moment, zone: Zone) -> Result<Self, Problem> {
        if let Some(entry) = event.property(&ICalendarProperty::Dtend) {
            let end = moments(entry, zone)?.pop().ok_or(Problem::Unreadable)?;
            if start.all_day {
                let days = (end.wall.date() - start.wall.date()).num_days();
                return Ok(Length::Nominal(days.max(1).unsigned_abs(), TimeDelta::zero()));
            }
            return Ok(Length::Exact((end.instant() - start.instant()).max(TimeDelta::zero())));
        }
        match event.property(&ICalendarProperty::Duration).and_then(|entry| entry.values.first()) {
            Some(ICalendarValue::Duration(duration)) => Ok(Length::duration(duration)),
            Some(_) => Err(Problem::Unreadable),
            None => Ok(Length::Nominal(u64::from(start.all_day), TimeDelta::zero())),
        }
    }

    fn duration(duration: &ICalendarDuration) -> Self {
        if duration.neg {
            return Length::Exact(TimeDelta::zero());
        }
        let days = u64::from(duration.weeks) * 7 + u64::from(duration.days);
        let hours = TimeDelta::hours(duration.hours.into());
        let rest = TimeDelta::minutes(duration.minutes.into()) + TimeDelta::seconds(duration.seconds.into());
        Length::Nominal(days, hours + rest)
    }

    fn from(self, start: Moment) -> Result<Interval, Problem> {
        let end = match self {
            Length::Exact(time) => start.instant().checked_add_signed(time),
            Length::Nominal(days, time) => {
                let wall = start.wall.checked_add_days(Days::new(days));
                wall.and_then(|wall| start.zone.to_instant(wall).checked_add_signed(time))
            }
        };
        Ok(Interval::new(start.instant(), end.ok_or(Problem::Unreadable)?))
    }
}

/// When an entry takes place: once, or by its rules and extra dates, but for what was taken out or moved.
fn times(
    event: &ICalendarComponent,
    zone: Zone,
    window: Interval,
    moved: &Moved,
) -> Result<Vec<Interval>, Problem> {
    let Some(entry) = event.property(&ICalendarProperty::Dtstart) else { return Ok(Vec::new()) };
    let start = moments(entry, zone)?.pop().ok_or(Problem::Unreadable)?;
    let length = Length::of(event, start, zone)?;
    if event.has_property(&ICalendarProperty::RecurrenceId) {
        return Ok(vec![length.from(start)?]);
    }
    let mut starts = vec![start];
    for entry in event.properties(&ICalendarProperty::Rrule) {
        let Some(ICalendarValue::RecurrenceRule(rule)) = entry.values.first() else {
            return Err(Problem::Unreadable);
        };
        let first = length.from(start)?;
        starts.extend(expand(rule, start, first.length(), window)?);
    }
    let mut found = starts.into_iter().map(|start| length.from(start)).collect::<Result<Vec<_>, _>>()?;
    for entry in event.properties(&ICalendarProperty::Rdate) {
        found.extend(extra(entry, zone, length)?);
    }
    let uid = event.uid().unwrap_or_default().to_owned();
    let (instants, days) = taken_out(event, zone)?;
    found.retain(|during| {
        let day = start.zone.to_wall(during.start).local.date();
        !instants.contains(&during.start)
            && !days.contains(&day)
            && !moved.contains(&(uid.clone(), during.start))
    });
    Ok(found)
}

/// Times that are written out one by one; where an end is missing they take `length`.
fn extra(entry: &ICalendarEntry, zone: Zone, length: Length) -> Result<Vec<Interval>, Problem> {
    let named = entry.parameter(&ICalendarParameterName::Tzid).and_then(|value| value.as_text());
    let zone = named.map(zone_named).transpose()?.unwrap_or(zone);
    let times = entry.values.iter().map(|value| match value {
        ICalendarValue::PartialDateTime(value) => length.from(moment(value, zone)?),
        ICalendarValue::Period(ICalendarPeriod::Range { start, end }) => {
            Ok(Interval::new(moment(start, zone)?.instant(), moment(end, zone)?.instant()))
        }
        ICalendarValue::Period(ICalendarPeriod::Duration { start, duration }) => {
            Length::duration(duration).from(moment(start, zone)?)
        }
        _ => Err(Problem::Unreadable),
    });
    times.collect()
}

/// What was taken out of a series: starts, and whole days.
fn taken_out(
    event: &ICalendarComponent,
    zone: Zone,
) -> Result<(HashSet<DateTime<Utc>>, HashSet<NaiveDate>), Problem> {
    let (mut instants, mut days) = (HashSet::new(), HashSet::new());
    for entry in event.properties(&ICalendarProperty::Exdate) {
        for moment in moments(entry, zone)? {
            if moment.all_day {
                days.insert(moment.wall.date());
            } else {
                instants.insert(moment.instant());
            }
        }
    }
    Ok((instants, days))
}

/// The starts that a rule gives after the first one and near the window. The rule runs on the wall clock of the start,
/// which it takes for UTC: so it meets no change of the clock.
fn expand(
    rule: &ICalendarRecurrenceRule,
    start: Moment,
    length: TimeDelta,
    window: Interval,
) -> Result<Vec<Moment>, Problem> {
    // So quick a rule is no appointment's, and costs as much as all others together.
    if matches!(rule.freq, ICalendarFrequency::Secondly | ICalendarFrequency::Minutely) {
        return Err(Problem::Unreadable);
    }
    let floating = |wall: NaiveDateTime| Tz::UTC.from_utc_datetime(&wall);
    let mut parsed: RRule<Unvalidated> = ICalendarRecurrenceRule { until: None, ..rule.clone() }
        .to_string()
        .parse()
        .map_err(|_| Problem::Unreadable)?;
    if let Some(until) = &rule.until {
        let last = last(until, start)?;
        if last < start.wall {
            return Ok(Vec::new());
        }
        parsed = parsed.until(floating(last));
    }
    let rule = parsed.validate(floating(start.wall)).map_err(|_| Problem::Unreadable)?;
    let day = TimeDelta::days(1);
    let wall = |at: DateTime<Utc>| start.zone.to_wall(at).local;
    let set = RRuleSet::new(floating(start.wall)).rrule(rule);
    let set = set.after(floating(wall(window.start) - length - day)).before(floating(wall(window.end) + day));
    let found = set.all(MOST_TIMES);
    if found.limited {
        return Err(Problem::TooLarge);
    }
    let walls = found.dates.into_iter().map(|at| at.naive_utc()).filter(|wall| *wall != start.wall);
    Ok(walls.map(|wall| Moment { wall, ..start }).collect())
}

/// Until when a rule runs, on the wall clock of its start; a date is its whole day.
fn last(until: &PartialDateTime, start: Moment) -> Result<NaiveDateTime, Problem> {
    let end = moment(until, start.zone)?;
    if end.all_day {
        return Ok(end.wall.date().and_time(NaiveTime::MIN) + TimeDelta::seconds(86_399));
    }
    Ok(start.zone.to_wall(end.instant()).local)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOGLE: &str = include_str!("../../tests/calendars/google.ics");
    const OUTLOOK: &str = include_str!("../../tests/calendars/outlook.ics");

    fn march() -> Interval {
        let at = |text: &str| text.parse().expect("an instant");
        Interval::new(at("2027-03-01T00:00:00Z"), at("2027-05-01T00:00:00Z"))
    }

    fn zone(name: &str) -> Zone {
        Zone::parse(name).expect("a zone")
    }

    /// Start and end of what is found, in order, as `03-01 09:00–10:00`.
    fn found(text: &str, zone: Zone) -> Result<Vec<String>, Problem> {
        let mut found: Vec<_> = read(text, zone, march())?.into_iter().map(|busy| busy.during).collect();
        found.sort_unstable_by_key(|during| during.start);
        let shown = found.iter().map(|Interval { start, end }| {
            let same = start.date_naive() == end.date_naive();
            let end = end.format(if same { "%H:%M" } else { "%m-%d %H:%M" });
            format!("{}–{end}", start.format("%m-%d %H:%M"))
        });
        Ok(shown.collect())
    }

    /// A calendar of one entry with these properties.
    fn calendar(lines: &str) -> String {
        let lines = lines.replace('|', "\r\n");
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    }

    #[test]
    fn a_calendar_of_google_is_read() {
        let expected = [
            "03-01 09:00–10:00",
            "03-03 12:00–12:45",
            // Floating, in the calendar's zone.
            "03-04 07:00–08:30",
            // 8 March was taken out, 15 March moved, 22 March called off.
            "03-16 13:00–14:30",
            // Two civil days of 47 hours, and an hour earlier from then on.
            "03-26 23:00–03-28 22:00",
            "03-29 08:00–09:00",
        ];
        assert_eq!(found(GOOGLE, zone("Asia/Tokyo")).expect("readable"), expected);
    }

    #[test]
    fn a_calendar_of_outlook_is_read() {
        let expected = [
            // A day of the tutor's zone, for the calendar names none.
            "03-01 15:00–03-02 15:00",
            "03-09 13:30–14:30",
            "03-11 14:00–15:00",
            "03-18 13:00–14:00",
            "03-19 10:00–10:30",
            "04-13 12:30–13:30",
        ];
        assert_eq!(found(OUTLOOK, zone("Asia/Tokyo")).expect("readable"), expected);
    }

    #[test]
    fn entries_are_read_as_they_are_meant() {
        let paris = "Europe/Paris";
        for (lines, expected) in [
            ("DTSTART:20270301T080000Z|DTEND:20270301T090000Z", &["03-01 08:00–09:00"][..]),
            // No end: a moment takes no time, a day its day.
            ("DTSTART:20270301T080000Z", &[]),
            ("DTSTART;VALUE=DATE:20270302", &["03-01 23:00–03-02 23:00"]),
            ("DTSTART:20270301T080000Z|DURATION:P1DT2H", &["03-01 08:00–03-02 10:00"]),
            // Current data: since 2026 Vancouver keeps its summer time.
            ("DTSTART;TZID=America/Vancouver:20270301T090000|DURATION:PT1H", &["03-01 16:00–17:00"]),
            (
                "DTSTART;TZID=/freeassociation.sourceforge.net/Tzfile/Europe/Paris:20270301T090000|DURATION:PT1H",
                &["03-01 08:00–09:00"],
            ),
            // The gap moves what it holds, the fold takes the first pass.
            ("DTSTART;TZID=Europe/Paris:20270328T023000|DURATION:PT1H", &["03-28 01:30–02:30"]),
            // Until a day is until its end.
            (
                "DTSTART:20270301T080000Z|DURATION:PT1H|RRULE:FREQ=DAILY;UNTIL=20270302",
                &["03-01 08:00–09:00", "03-02 08:00–09:00"],
            ),
            // A series keeps its wall clock over the change, and what is taken out by the day is out.
            (
                "DTSTART;TZID=Europe/Paris:20270327T090000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=4|EXDATE;VALUE=DATE:20270329",
                &["03-27 08:00–09:00", "03-28 07:00–08:00", "03-30 07:00–08:00"],
            ),
            // Before the window and reaching into it.
            ("DTSTART:20270227T080000Z|DTEND:20270302T090000Z", &["02-27 08:00–03-02 09:00"]),
            (
                "DTSTART:20200101T230000Z|DURATION:PT2H|RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28",
                &["02-28 23:00–03-01 01:00"],
            ),
            (
                "DTSTART:20270301T080000Z|DURATION:PT1H|RRULE:FREQ=DAILY;UNTIL=20270201",
                &["03-01 08:00–09:00"],
            ),
            ("SUMMARY:Without a start", &[]),
        ] {
            let expected: Vec<_> = expected.iter().map(|text| (*text).to_owned()).collect();
            let read =
                found(&calendar(lines), zone(paris)).unwrap_or_else(|fault| panic!("{lines}: {fault:?}"));
            assert_eq!(read, expected, "{lines}");
        }
    }

    #[test]
    fn a_calendar_that_shows_only_when_its_owner_is_busy_is_read() {
        let times = "BEGIN:VFREEBUSY\r\nUID:u\r\nDTSTART:20270301T000000Z\r\nDTEND:20270401T000000Z\r\n\
            FREEBUSY:20270301T080000Z/20270301T090000Z,20270302T080000Z/PT90M\r\n\
            FREEBUSY;FBTYPE=BUSY-TENTATIVE:20270303T080000Z/PT1H\r\n\
            FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20270304T080000Z/PT1H\r\n\
            FREEBUSY;FBTYPE=FREE:20270305T080000Z/PT1H\r\n\
            FREEBUSY;FBTYPE=X-NEW:20270306T080000Z/PT1H\r\n\
            FREEBUSY:20271001T080000Z/PT1H\r\nEND:VFREEBUSY";
        let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{times}\r\nEND:VCALENDAR\r\n");
        let expected = [
            "03-01 08:00–09:00",
            "03-02 08:00–09:30",
            "03-03 08:00–09:00",
            "03-04 08:00–09:00",
            "03-06 08:00–09:00",
        ];
        assert_eq!(found(&text, Zone::UTC).expect("readable"), expected);
        assert_eq!(found(&text.replace("/PT90M", "/soon"), Zone::UTC), Err(Problem::Unreadable));
    }

    #[test]
    fn what_cannot_be_read_as_it_is_meant_is_not_guessed() {
        let whole = calendar("DTSTART:20270301T080000Z|DURATION:PT1H");
        for text in [
            "",
            "<!doctype html><title>Sign in</title>",
            whole.trim_end().trim_end_matches("END:VCALENDAR"),
            &calendar("DTSTART;TZID=Nowhere/Else:20270301T080000"),
            &calendar("DTSTART:yesterday"),
            &calendar("DTSTART:20270231T080000Z"),
            &calendar("DTSTART:20270301T080000Z|RRULE:FREQ=MINUTELY"),
            &calendar("DTSTART:20270301T080000Z|RRULE:FREQ=SOMETIMES"),
            &calendar("DTSTART:20270301T080000Z|RECURRENCE-ID;RANGE=THISANDFUTURE:20270301T080000Z"),
            &whole.replace("VERSION:2.0", "X-WR-TIMEZONE:Mars/Phobos"),
        ] {
            assert_eq!(found(text, Zone::UTC), Err(Problem::Unreadable), "{text}");
        }
    }

    #[test]
    fn a_calendar_has_no_more_times_than_can_be_kept() {
        let rule = "BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20270301T000000Z\r\nDURATION:PT1M\r\nRRULE:FREQ=HOURLY\r\nEND:VEVENT\r\n";
        let many = |times: usize| {
            format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", rule.repeat(times))
        };
        assert_eq!(found(&many(1), Zone::UTC).map(|found| found.len()), Ok(61 * 24));
        assert_eq!(found(&many(40), Zone::UTC), Err(Problem::TooLarge));
    }
}
