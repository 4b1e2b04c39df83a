//! How lessons were attended, by week and by person: for a tutor, and for admins.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    booking::Booking,
    ids::{TutorId, UserId},
    interval::Interval,
    presence::{Held, Presence, Sight, Tally},
    zone::Zone,
};
use uuid::Uuid;

use super::{Attendance, store};
use crate::{Actor, Result, Services};

/// A report covers so many weeks at most.
pub const MOST_WEEKS: u32 = 52;

/// A report names so many tutors and so many students at most.
pub const MOST_PEOPLE: usize = 200;

/// Whose lessons a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of one tutor.
    Tutor(TutorId),
    /// Those of one student.
    Student(UserId),
    /// All.
    Everybody,
}

/// A person of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// A tutor's own id, a student's account.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// How their lessons were attended.
    pub tally: Tally,
}

/// How lessons were attended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// All lessons.
    pub total: Tally,
    /// By the Monday of their week, the latest first; weeks without lessons are left out.
    pub weeks: Vec<(NaiveDate, Tally)>,
    /// By tutor, whoever had most lessons first; [`MOST_PEOPLE`] at most.
    pub tutors: Vec<Person>,
    /// By student, likewise.
    pub students: Vec<Person>,
}

/// A settled lesson, with what is on record about who came and went.
pub(super) struct Row {
    /// Who taught it.
    pub(super) tutor: (Uuid, String),
    /// Who took it.
    pub(super) student: (Uuid, String),
    /// When it was to be, and when it was seen to end.
    pub(super) held: Held,
    /// In the order in which it came.
    pub(super) sights: Vec<Sight>,
}

/// How the settled lessons of the last weeks were attended, this week among them. Weeks begin on Monday, in the
/// asker's zone.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but the tutor and admins, `INVALID_REQUEST` for no or too many weeks.
pub async fn presences(services: &Services, actor: &Actor, whose: Whose, weeks: u32) -> Result<Report> {
    match whose {
        Whose::Tutor(tutor) => actor.require_tutor(tutor)?,
        Whose::Student(_) | Whose::Everybody => actor.require_admin()?,
    }
    if !(1..=MOST_WEEKS).contains(&weeks) {
        return Err(Refusal::on(Code::InvalidRequest, "weeks", "weeks").into());
    }
    let within = last_weeks(services.clock.now(), actor.zone, weeks);
    let mut gathered = Gathered {
        zone: actor.zone,
        report: Report::default(),
        weeks: BTreeMap::new(),
        tutors: BTreeMap::new(),
        students: BTreeMap::new(),
    };
    let mut db = services.db.acquire().await?;
    store::each_presence(&mut db, whose, within, |row| gathered.add(row)).await?;
    Ok(gathered.finish())
}

/// The name of a student whom a report is about.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but admins, `NOT_FOUND` for an unknown student.
pub async fn student_name(services: &Services, actor: &Actor, student: UserId) -> Result<String> {
    actor.require_admin()?;
    let name = store::find_student_name(&services.db, student).await?;
    name.ok_or_else(|| Refusal::new(Code::NotFound, "not_found").into())
}

/// How a lesson was attended, by what is on record about it.
#[must_use]
pub fn presence(booking: &Booking, attendance: &Attendance) -> Presence {
    let records = attendance.rows.iter().map(|row| &row.record);
    let sights = records
        .filter_map(|record| record.party.map(|party| Sight { kind: record.kind, party, at: record.at }));
    let held =
        Held { scheduled: Interval::new(booking.start, booking.end), trusted_end: attendance.trusted_end };
    Presence::of(&held, &sights.collect::<Vec<_>>())
}

/// From the Monday so many weeks ago to now.
fn last_weeks(now: DateTime<Utc>, zone: Zone, weeks: u32) -> Interval {
    let first = monday(zone, now) - TimeDelta::weeks(i64::from(weeks) - 1);
    Interval::new(zone.to_instant(first.and_time(NaiveTime::MIN)), now)
}

/// The Monday of the week of an instant.
fn monday(zone: Zone, at: DateTime<Utc>) -> NaiveDate {
    let date = zone.to_wall(at).local.date();
    date.checked_sub_days(Days::new(date.weekday().num_days_from_monday().into())).unwrap_or(date)
}

/// A report in the making: one lesson at a time, so that it needs no more memory for more lessons.
struct Gathered {
    zone: Zone,
    report: Report,
    weeks: BTreeMap<NaiveDate, Tally>,
    tutors: BTreeMap<Uuid, Person>,
    students: BTreeMap<Uuid, Person>,
}

impl Gathered {
    fn add(&mut self, row: Row) {
        let presence = Presence::of(&row.held, &row.sights);
        let week = self.weeks.entry(monday(self.zone, row.held.scheduled.start)).or_default();
        let tutor = tally_of(&mut self.tutors, row.tutor);
        let student = tally_of(&mut self.students, row.student);
        for tally in [&mut self.report.total, week, tutor, student] {
            tally.add(&presence);
        }
    }

    fn finish(mut self) -> Report {
        self.report.weeks = self.weeks.into_iter().rev().collect();
        self.report.tutors = ranked(self.tutors);
        self.report.students = ranked(self.students);
        self.report
    }
}

fn tally_of(people: &mut BTreeMap<Uuid, Person>, (id, name): (Uuid, String)) -> &mut Tally {
    &mut people.entry(id).or_insert_with(|| Person { id, name, tally: Tally::default() }).tally
}

/// Whoever had most lessons first.
fn ranked(people: BTreeMap<Uuid, Person>) -> Vec<Person> {
    let mut people: Vec<_> = people.into_values().collect();
    people.sort_by(|a, b| {
        b.tally.lessons.cmp(&a.tally.lessons).then_with(|| a.name.cmp(&b.name)).then(a.id.cmp(&b.id))
    });
    people.truncate(MOST_PEOPLE);
    people
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_had_most_lessons_comes_first_and_a_report_names_not_too_many() {
        let person = |number: u32| {
            let id = Uuid::from_u128(number.into());
            let tally = Tally { lessons: number % 3, ..Tally::default() };
            (id, Person { id, name: format!("{}", number % 2), tally })
        };
        let few = ranked((0..6).map(person).collect());
        let order: Vec<_> = few.iter().map(|person| person.id.as_u128()).collect();
        assert_eq!(order, [2, 5, 4, 1, 0, 3], "by lessons, then by name");
        let many = ranked((0..500).map(person).collect());
        assert_eq!(many.len(), MOST_PEOPLE);
        assert!(many.iter().take(166).all(|person| person.tally.lessons == 2));
    }

    #[test]
    fn weeks_begin_on_monday_in_the_zone_of_the_asker() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let zone = |name| Zone::parse(name).expect("a zone");
        for (now, name, weeks, start) in [
            // A Saturday.
            ("2026-11-21T20:00:00Z", "UTC", 1, "2026-11-16T00:00:00Z"),
            ("2026-11-21T20:00:00Z", "UTC", 2, "2026-11-09T00:00:00Z"),
            ("2026-11-16T00:00:00Z", "UTC", 1, "2026-11-16T00:00:00Z"),
            // Already Monday there, still Sunday here.
            ("2026-11-22T18:00:00Z", "Asia/Tokyo", 1, "2026-11-22T15:00:00Z"),
            // Over the end of summer time.
            ("2026-11-03T12:00:00Z", "Europe/Paris", 2, "2026-10-25T23:00:00Z"),
        ] {
            let within = last_weeks(at(now), zone(name), weeks);
            assert_eq!(within, Interval::new(at(start), at(now)), "{now} {name}");
        }
    }
}
