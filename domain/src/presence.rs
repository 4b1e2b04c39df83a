//! Who was at a lesson, and for how long: figures for tutors and admins. No charge rests on them.
//!
//! A party is there from opening our link, or from the moment at which the video provider saw it come, until the
//! provider saw it leave; where no provider says so, until the lesson ended.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    attendance::Kind,
    booking::Party,
    interval::{Interval, IntervalSet},
    lesson::JOIN_OPENS_BEFORE,
};

/// Whoever comes no later than so long after the start came in time.
pub const IN_TIME: TimeDelta = TimeDelta::minutes(1);

/// What is known of a lesson that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// From its scheduled start to its scheduled end.
    pub scheduled: Interval,
    /// When a trusted source saw it end.
    pub trusted_end: Option<DateTime<Utc>>,
}

/// Somebody comes or goes, as it is on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// What was seen.
    pub kind: Kind,
    /// Of whom.
    pub party: Party,
    /// When.
    pub at: DateTime<Utc>,
}

/// How one lesson was attended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// How long it was to be.
    pub scheduled: TimeDelta,
    /// How long after the start the tutor came, zero before it; `None` where the tutor never came.
    pub tutor: Option<TimeDelta>,
    /// The same of the student.
    pub student: Option<TimeDelta>,
    /// How long both were there at once, within the scheduled time.
    pub together: TimeDelta,
}

impl Presence {
    /// Judges a lesson by what is on record, in the order in which it came. What lies before joining opened, or
    /// after the scheduled end, says nothing.
    #[must_use]
    pub fn of(held: &Held, sights: &[Sight]) -> Presence {
        let Interval { start, end } = held.scheduled;
        let mut sights = sights.to_vec();
        sights.retain(|sight| start - JOIN_OPENS_BEFORE <= sight.at && sight.at < end);
        sights.sort_by_key(|sight| sight.at);
        let until = held.trusted_end.map_or(end, |seen| seen.min(end));
        let [tutor, student] = [Party::Tutor, Party::Student].map(|party| stays(&sights, party, until));
        let came = |party| {
            let first = sights.iter().find(|sight| sight.party == party && sight.kind == Kind::Join);
            first.map(|sight| (sight.at - start).max(TimeDelta::zero()))
        };
        Presence {
            scheduled: held.scheduled.length(),
            tutor: came(Party::Tutor),
            student: came(Party::Student),
            together: tutor.intersect(&student).within(&held.scheduled).length(),
        }
    }
}

/// When a party was there: from each arrival to the departure after it, else to the end.
fn stays(sights: &[Sight], party: Party, until: DateTime<Utc>) -> IntervalSet {
    let mut since = None;
    let mut stays = Vec::new();
    for sight in sights.iter().filter(|sight| sight.party == party) {
        match sight.kind {
            Kind::Join => since = since.or(Some(sight.at)),
            Kind::Left => stays.extend(since.take().map(|from| Interval::new(from, sight.at.min(until)))),
            _ => {}
        }
    }
    stays.extend(since.map(|from| Interval::new(from, until)));
    stays.into_iter().collect()
}

/// How one party attended several lessons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coming {
    /// Lessons to which the party came in time.
    pub in_time: u32,
    /// Lessons to which it came too late.
    pub late: u32,
    /// Lessons to which it never came.
    pub absent: u32,
    /// By how many seconds it was late, over all lessons to which it came too late.
    pub late_seconds: i64,
}

impl Coming {
    fn add(&mut self, after: Option<TimeDelta>) {
        match after {
            None => self.absent += 1,
            Some(after) if after <= IN_TIME => self.in_time += 1,
            Some(after) => {
                self.late += 1;
                self.late_seconds += after.num_seconds();
            }
        }
    }

    /// Of all lessons those to which the party came in time, in per cent, rounded half up; `None` of no lesson.
    #[must_use]
    pub fn in_time_percent(&self) -> Option<i64> {
        percent(self.in_time.into(), i64::from(self.in_time) + i64::from(self.late) + i64::from(self.absent))
    }

    /// By how many whole minutes the party is late when it is, on average, rounded up; `None` where it never was.
    #[must_use]
    pub fn late_minutes(&self) -> Option<i64> {
        let seconds_each = 60 * i64::from(self.late);
        (self.late > 0).then(|| (self.late_seconds + seconds_each - 1) / seconds_each)
    }
}

/// How several lessons were attended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many lessons.
    pub lessons: u32,
    /// How the tutors came.
    pub tutor: Coming,
    /// How the students came.
    pub student: Coming,
    /// Seconds that they were to last.
    pub scheduled_seconds: i64,
    /// Seconds that both were there at once.
    pub together_seconds: i64,
}

impl Tally {
    /// Counts a lesson.
    pub fn add(&mut self, presence: &Presence) {
        self.lessons += 1;
        self.tutor.add(presence.tutor);
        self.student.add(presence.student);
        self.scheduled_seconds += presence.scheduled.num_seconds();
        self.together_seconds += presence.together.num_seconds();
    }

    /// Of the scheduled time that in which both were there, in per cent, rounded half up; `None` of no lesson.
    #[must_use]
    pub fn together_percent(&self) -> Option<i64> {
        percent(self.together_seconds, self.scheduled_seconds)
    }
}

/// A part of a whole in per cent, rounded half up.
fn percent(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| (200 * part + whole) / (2 * whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).expect("a valid instant")
    }

    fn hour(trusted_end: Option<i64>) -> Held {
        Held { scheduled: Interval::new(instant(0), instant(60)), trusted_end: trusted_end.map(instant) }
    }

    fn sights(list: &[(Kind, Party, i64)]) -> Vec<Sight> {
        list.iter().map(|&(kind, party, minute)| Sight { kind, party, at: instant(minute) }).collect()
    }

    /// What is on record, the trusted end, then: how late each came, and how long they were together; in minutes.
    #[test]
    fn a_lesson_is_judged_by_who_came_and_went() {
        use Kind::{Join, JoinRefused, Left};
        use Party::{Student as S, Tutor as T};
        type Row<'a> = (&'a [(Kind, Party, i64)], Option<i64>, Option<i64>, Option<i64>, i64);
        let rows: [Row<'_>; 12] = [
            (&[], None, None, None, 0),
            (&[(Join, T, -3)], None, Some(0), None, 0),
            (&[(Join, T, -3), (Join, S, 0)], None, Some(0), Some(0), 60),
            (&[(Join, T, 0), (Join, S, 10)], None, Some(0), Some(10), 50),
            // A second click, and what the provider says of the same arrival, change nothing.
            (&[(Join, T, 0), (Join, S, 10), (Join, S, 11), (Join, S, 20)], None, Some(0), Some(10), 50),
            (&[(Join, T, 0), (Join, S, 0), (Left, S, 20)], None, Some(0), Some(0), 20),
            (&[(Join, T, 0), (Join, S, 0), (Left, S, 20), (Join, S, 30)], None, Some(0), Some(0), 50),
            (&[(Join, T, 0), (Join, S, 0), (Left, T, 30), (Left, S, 40)], None, Some(0), Some(0), 30),
            // The order in which it was heard of does not matter.
            (&[(Left, S, 20), (Join, S, 0), (Join, T, 5)], None, Some(5), Some(0), 15),
            (&[(Join, T, 0), (Join, S, 0)], Some(45), Some(0), Some(0), 45),
            (&[(Join, T, 0), (Join, S, 0)], Some(90), Some(0), Some(0), 60),
            // Refused, before the link opened, and after the end.
            (&[(JoinRefused, T, 1), (Join, T, -6), (Join, S, 60)], None, None, None, 0),
        ];
        for (list, trusted_end, tutor, student, together) in rows {
            let found = Presence::of(&hour(trusted_end), &sights(list));
            let minutes = |late: Option<TimeDelta>| late.map(|late| late.num_minutes());
            assert_eq!(
                (minutes(found.tutor), minutes(found.student), found.together.num_minutes()),
                (tutor, student, together),
                "{list:?} {trusted_end:?}"
            );
            assert_eq!(found.scheduled, TimeDelta::minutes(60));
        }
    }

    #[test]
    fn whoever_leaves_and_comes_back_at_one_instant_is_there() {
        let list = [(Kind::Join, Party::Tutor, 0), (Kind::Join, Party::Student, 0)];
        let back = [(Kind::Left, Party::Student, 20), (Kind::Join, Party::Student, 20)];
        let found = Presence::of(&hour(None), &sights(&[list, back].concat()));
        assert_eq!(found.together, TimeDelta::minutes(60));
    }

    #[test]
    fn lessons_are_counted_by_how_each_party_came() {
        let mut tally = Tally::default();
        assert_eq!((tally.together_percent(), tally.tutor.in_time_percent()), (None, None));
        let second = TimeDelta::seconds(1);
        for (tutor, student, together) in [
            (Some(TimeDelta::zero()), Some(IN_TIME), 60),
            (Some(IN_TIME + second), Some(TimeDelta::minutes(9)), 50),
            (Some(TimeDelta::zero()), None, 0),
        ] {
            let together = TimeDelta::minutes(together);
            tally.add(&Presence { scheduled: TimeDelta::minutes(60), tutor, student, together });
        }
        assert_eq!(tally.tutor, Coming { in_time: 2, late: 1, absent: 0, late_seconds: 61 });
        assert_eq!(tally.student, Coming { in_time: 1, late: 1, absent: 1, late_seconds: 540 });
        assert_eq!((tally.tutor.in_time_percent(), tally.student.in_time_percent()), (Some(67), Some(33)));
        assert_eq!((tally.tutor.late_minutes(), tally.student.late_minutes()), (Some(2), Some(9)));
        assert_eq!((tally.lessons, tally.together_percent()), (3, Some(61)));
        assert_eq!(Coming::default().late_minutes(), None);
    }
}
