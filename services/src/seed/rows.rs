//! The rows of the demonstration: people, tutors, hours, offerings.

use std::collections::HashSet;

use chrono::{DateTime, Datelike as _, TimeDelta, Utc, Weekday};
use domain::{
    account::Role,
    availability::{Availability, Override, WeeklyWindow, Window},
    ids::{OfferingId, TutorId, UserId},
    tutor::{Offering, Profile, ProfileInput},
    zone::Zone,
};
use serde_json::{Value, json};

use super::{
    cast::{StudentPart, TutorPart},
    dice::Dice,
};
use crate::{AppError, Result, account::slug};

/// Rows by table, in the form of `jsonb_populate_recordset`.
#[derive(Default)]
pub(super) struct Rows {
    pub users: Vec<Value>,
    pub tutors: Vec<Value>,
    pub weekly_windows: Vec<Value>,
    pub availability_overrides: Vec<Value>,
    pub offerings: Vec<Value>,
    pub bookings: Vec<Value>,
    pub claims: Vec<Value>,
    pub booking_history: Vec<Value>,
    pub lessons: Vec<Value>,
    pub attendance: Vec<Value>,
    pub ratings: Vec<Value>,
    pub chat_threads: Vec<Value>,
    pub chat_messages: Vec<Value>,
    /// With `seen_at`: up to when the person has read.
    pub chat_members: Vec<Value>,
}

/// A tutor whose rows are written.
pub(super) struct Tutor {
    pub id: TutorId,
    pub user: UserId,
    pub languages: Vec<String>,
    pub hours: Availability,
    pub offerings: Vec<(OfferingId, Offering)>,
    /// Whether the tutor answers each request.
    pub confirms: bool,
}

/// A student whose rows are written.
pub(super) struct Student {
    pub id: UserId,
    pub speaks: String,
}

/// Writes people.
pub(super) struct People<'a> {
    pub now: DateTime<Utc>,
    pub password_hash: &'a str,
    slugs: HashSet<String>,
}

/// A person's own data.
struct Person<'a> {
    email: String,
    name: &'a str,
    role: Role,
    zone: Zone,
    languages: &'a [String],
    goals: &'a [String],
}

impl<'a> People<'a> {
    pub(super) fn new(now: DateTime<Utc>, password_hash: &'a str) -> Self {
        People { now, password_hash, slugs: HashSet::new() }
    }

    fn user(&self, rows: &mut Rows, dice: &mut Dice, person: &Person<'_>, since: DateTime<Utc>) -> UserId {
        let id = UserId(dice.id());
        let locale =
            if person.languages.first().is_some_and(|first| first == "Français") { "fr" } else { "en" };
        rows.users.push(json!({
            "id": id,
            "email": person.email,
            "password_hash": self.password_hash,
            "name": person.name,
            "role": person.role,
            "time_zone": person.zone,
            "locale": locale,
            "languages": person.languages,
            "goals": person.goals,
            "created_at": since,
            "email_verified_at": since,
        }));
        id
    }

    pub(super) fn admin(&self, rows: &mut Rows, dice: &mut Dice) {
        let person = Person {
            email: "admin@demo.test".into(),
            name: "Robin Vale",
            role: Role::Admin,
            zone: Zone::UTC,
            languages: &["English".to_owned()],
            goals: &[],
        };
        self.user(rows, dice, &person, self.now - TimeDelta::days(500));
    }

    pub(super) fn student(
        &mut self,
        rows: &mut Rows,
        dice: &mut Dice,
        part: &StudentPart,
        number: usize,
    ) -> Student {
        let name = self.address(&part.name);
        let person = Person {
            email: if number == 0 { "student@demo.test".into() } else { format!("{name}@demo.test") },
            name: &part.name,
            role: Role::Student,
            zone: part.zone,
            languages: &part.languages,
            goals: &part.goals,
        };
        let since = self.now - TimeDelta::days(100) - TimeDelta::hours(dice.below(4000) as i64);
        Student { id: self.user(rows, dice, &person, since), speaks: part.speaks.clone() }
    }

    /// A tutor with profile, hours and offerings. `version` is the photo's.
    pub(super) fn tutor(
        &mut self,
        rows: &mut Rows,
        dice: &mut Dice,
        part: &TutorPart,
        number: usize,
        version: &str,
    ) -> Result<Tutor> {
        let address = self.address(&part.name);
        let person = Person {
            email: if number == 0 { "tutor@demo.test".into() } else { format!("{address}@demo.test") },
            name: &part.name,
            role: Role::Tutor,
            zone: part.zone,
            languages: &part.languages,
            goals: &[],
        };
        let since = self.now - TimeDelta::days(120) - TimeDelta::hours(dice.below(6000) as i64);
        let user = self.user(rows, dice, &person, since);
        let id = TutorId(dice.id());
        let confirms = number % 10 == 4;
        let profile = profile(part)?;
        rows.tutors.push(json!({
            "id": id, "user_id": user, "slug": address, "time_zone": part.zone,
            "university": profile.university, "degree": profile.degree, "field": profile.field,
            "current_year": profile.current_year, "bio": profile.bio, "headline": profile.headline,
            "languages": profile.languages, "goals": profile.goals,
            "is_active": true, "confirm_requests": confirms.then_some(true),
            "notice_min": (number % 7 == 3).then_some(360), "horizon_days": (number % 9 == 5).then_some(60),
            "provider": "jitsi", "rating_count": 0, "rating_sum": 0, "photo_etag": version,
            "created_at": since, "updated_at": since,
        }));
        let hours = self.hours(dice, part, number)?;
        hours_rows(rows, id, &hours);
        let offerings: Vec<_> =
            part.lessons(number)?.into_iter().map(|offering| (OfferingId(dice.id()), offering)).collect();
        for (position, (offering_id, offering)) in offerings.iter().enumerate() {
            rows.offerings.push(offering_row(id, position, *offering_id, offering));
        }
        Ok(Tutor { id, user, languages: part.languages.clone(), hours, offerings, confirms })
    }

    /// The next free address of a name.
    fn address(&mut self, name: &str) -> String {
        let base = slug::base(name);
        let free = slug::candidates(&base).find(|slug| !self.slugs.contains(slug)).unwrap_or_default();
        self.slugs.insert(free.clone());
        free
    }

    /// Weekly hours, with a day off for every second tutor and an additional day for every third.
    fn hours(&self, dice: &mut Dice, part: &TutorPart, number: usize) -> Result<Availability> {
        let today = part.zone.to_wall(self.now).local.date();
        let mut overrides: Vec<Override> = Vec::new();
        let mut add = |days: u64, windows: Vec<Window>, reason: &str| {
            let date = today + chrono::Days::new(days);
            if overrides.iter().all(|day| day.date != date) {
                overrides.push(Override { date, windows, reason: Some(reason.to_owned()) });
            }
        };
        let off = ["Conference", "Family", "Exam day", "Field trip", "Public holiday", "Moving house"];
        if number % 2 == 1 || number == 0 {
            add(4 + dice.below(12) as u64, Vec::new(), dice.pick(&off).copied().unwrap_or("Away"));
        }
        if number.is_multiple_of(3) {
            let to_saturday =
                (7 + Weekday::Sat.num_days_from_sunday() - today.weekday().num_days_from_sunday()) % 7;
            let hours = Window::parse("10:00", "13:00").map_err(AppError::fault)?;
            add(u64::from(to_saturday) + 7, vec![hours], "More hours before the exams");
        }
        Availability::new(part.zone, part.weekly()?, overrides).map_err(AppError::fault)
    }
}

fn profile(part: &TutorPart) -> Result<Profile> {
    Profile::parse(&ProfileInput {
        university: part.university.clone(),
        degree: part.degree.clone(),
        field: part.field.clone(),
        current_year: part.year.into(),
        bio: part.bio.clone(),
        linkedin: None,
        languages: part.languages.clone(),
        goals: part.goals.clone(),
        headline: Some(part.headline.clone()),
    })
    .map_err(AppError::fault)
}

fn hours_rows(rows: &mut Rows, tutor: TutorId, hours: &Availability) {
    for WeeklyWindow { weekday, window } in hours.weekly() {
        rows.weekly_windows.push(json!({
            "tutor_id": tutor, "weekday": weekday, "start_min": window.start(), "end_min": window.end(),
        }));
    }
    for day in hours.overrides() {
        let (starts, ends): (Vec<_>, Vec<_>) = day.windows.iter().map(|w| (w.start(), w.end())).unzip();
        rows.availability_overrides.push(json!({
            "tutor_id": tutor, "date": day.date, "starts": starts, "ends": ends, "reason": day.reason,
        }));
    }
}

fn offering_row(tutor: TutorId, position: usize, id: OfferingId, offering: &Offering) -> Value {
    let (durations, prices): (Vec<_>, Vec<_>) =
        offering.durations.iter().map(|priced| (priced.minutes, priced.price_minor)).unzip();
    json!({
        "id": id, "tutor_id": tutor, "position": position, "title": offering.title,
        "durations": durations, "prices": prices, "currency": offering.currency,
        "step_min": offering.step_min, "buffer_before_min": offering.buffer_before_min,
        "buffer_after_min": offering.buffer_after_min, "fixed": offering.fixed,
    })
}
