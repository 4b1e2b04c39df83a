//! Who appears in the demonstration, as the files beside this one tell it.

use std::collections::HashMap;

use domain::{
    availability::{WeeklyWindow, Window},
    money::Currency,
    tutor::{Offering, PricedDuration},
    zone::Zone,
};
use serde::Deserialize;

use super::talks::TalkPart;
use crate::{AppError, Result};

/// On which weekdays (0 is Sunday), from which hour until which.
type Part = (&'static [u8], &'static [(u16, u16)]);

/// A tutor of the file.
#[derive(Deserialize)]
pub(super) struct TutorPart {
    pub name: String,
    pub zone: Zone,
    pub currency: Currency,
    /// What an hour costs, in minor units.
    pub hour: i64,
    pub field: String,
    pub university: String,
    pub degree: String,
    pub year: i16,
    pub headline: String,
    pub bio: String,
    pub languages: Vec<String>,
    pub goals: Vec<String>,
    /// Titles, the usual lesson first.
    pub offerings: Vec<String>,
    /// The name of a pattern of weekly hours.
    hours: String,
    /// What the portrait shows.
    pub look: String,
}

/// A student of the file; the first is the one of the demonstration account.
#[derive(Deserialize)]
pub(super) struct StudentPart {
    pub name: String,
    pub zone: Zone,
    /// The language of the student's feedback.
    pub speaks: String,
    pub languages: Vec<String>,
    pub goals: Vec<String>,
}

/// What students write: by language and by stars.
pub(super) type FeedbackTexts = HashMap<String, HashMap<String, Vec<String>>>;

/// Everybody.
pub(super) struct Cast {
    /// The first is the one of the demonstration account.
    pub tutors: Vec<TutorPart>,
    pub students: Vec<StudentPart>,
    pub feedback: FeedbackTexts,
    pub talks: Vec<TalkPart>,
}

impl Cast {
    /// Reads the files, which are part of the binary.
    pub(super) fn read() -> Result<Self> {
        Ok(Cast {
            tutors: serde_json::from_str(include_str!("tutors.json")).map_err(AppError::fault)?,
            students: serde_json::from_str(include_str!("students.json")).map_err(AppError::fault)?,
            feedback: serde_json::from_str(include_str!("feedback.json")).map_err(AppError::fault)?,
            talks: serde_json::from_str(include_str!("talks.json")).map_err(AppError::fault)?,
        })
    }
}

impl TutorPart {
    /// The weekly hours of the tutor's pattern.
    pub(super) fn weekly(&self) -> Result<Vec<WeeklyWindow>> {
        const MON_TO_FRI: [u8; 5] = [1, 2, 3, 4, 5];
        const EVERY_DAY: [u8; 7] = [0, 1, 2, 3, 4, 5, 6];
        // Hours of the day; past 24 is the tail in the next day.
        let parts: &[Part] = match self.hours.as_str() {
            "demo" => &[(&MON_TO_FRI, &[(8, 12), (13, 19)])],
            "days" => &[(&MON_TO_FRI, &[(9, 12), (14, 18)])],
            "mornings" => &[(&MON_TO_FRI, &[(7, 11)]), (&[6], &[(8, 12)])],
            "evenings" => &[(&[1, 2, 3, 4], &[(17, 21)]), (&[0], &[(15, 18)])],
            "weekend" => &[(&[6], &[(9, 13), (14, 18)]), (&[0], &[(10, 16)]), (&[3], &[(18, 21)])],
            "split" => &[(&[2, 4], &[(8, 10), (18, 21)]), (&[6], &[(10, 13)])],
            "night" => &[(&[1, 2, 3, 4], &[(22, 26)]), (&[6], &[(14, 18)])],
            "always" => &[(&EVERY_DAY, &[(0, 24)])],
            other => return Err(AppError::fault(format!("no pattern of hours is called {other}"))),
        };
        let mut weekly = Vec::new();
        for (weekdays, spans) in parts {
            for weekday in *weekdays {
                for (start, end) in *spans {
                    let window = Window::new(start * 60, end * 60).map_err(AppError::fault)?;
                    weekly.push(WeeklyWindow { weekday: *weekday, window });
                }
            }
        }
        Ok(weekly)
    }

    /// The offerings: a free first talk for some, the usual lesson, a shorter second one.
    pub(super) fn lessons(&self, number: usize) -> Result<Vec<Offering>> {
        let price = |minutes: u16| PricedDuration { minutes, price_minor: self.price(minutes) };
        let offering = |title: &str, durations: Vec<PricedDuration>| Offering {
            title: title.to_owned(),
            durations,
            currency: self.currency,
            step_min: None,
            buffer_before_min: 0,
            buffer_after_min: 0,
            fixed: false,
        };
        let mut offerings = Vec::new();
        let titles = self.offerings.iter().enumerate();
        for (place, title) in titles {
            let durations = match (place, number % 3) {
                (0, 0) => vec![price(30), price(60), price(90)],
                (0, 1) => vec![price(60), price(90)],
                (0, _) => vec![price(45), price(60)],
                (_, 0) => vec![price(90)],
                _ => vec![price(30), price(45)],
            };
            let buffer_after_min = if number % 4 == 1 { 10 } else { 0 };
            let step_min = (number % 5 == 2).then_some(30);
            offerings.push(Offering { buffer_after_min, step_min, ..offering(title, durations) });
        }
        if number.is_multiple_of(3) {
            let title = if self.languages.first().is_some_and(|language| language == "Français") {
                "Faire connaissance"
            } else {
                "Getting to know each other"
            };
            let free = vec![PricedDuration { minutes: 15, price_minor: 0 }];
            offerings.push(Offering { fixed: true, ..offering(title, free) });
        }
        offerings.into_iter().map(|offering| offering.check().map_err(AppError::fault)).collect()
    }

    /// What so many minutes cost: rounded to half a unit, or to tens where there are no decimals.
    fn price(&self, minutes: u16) -> i64 {
        let round = match self.currency.exponent() {
            0 => 10,
            3 => 100,
            _ => 50,
        };
        self.hour * i64::from(minutes) / 60 / round * round
    }
}
