//! A tutor's profile and offerings: what each part may be, and when a tutor can be booked.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    Code, Refusal,
    account::{line, paragraph},
    money::{Currency, Money},
};

/// The fields of study by which tutors are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Field {
    Law,
    Medicine,
    Engineering,
    Business,
    ComputerScience,
    Psychology,
    Education,
    Arts,
    Sciences,
    Other,
}

impl Field {
    /// Every field, in the order in which they are shown.
    pub const ALL: [Field; 10] = [
        Field::Law,
        Field::Medicine,
        Field::Engineering,
        Field::Business,
        Field::ComputerScience,
        Field::Psychology,
        Field::Education,
        Field::Arts,
        Field::Sciences,
        Field::Other,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Field::Law => "LAW",
            Field::Medicine => "MEDICINE",
            Field::Engineering => "ENGINEERING",
            Field::Business => "BUSINESS",
            Field::ComputerScience => "COMPUTER_SCIENCE",
            Field::Psychology => "PSYCHOLOGY",
            Field::Education => "EDUCATION",
            Field::Arts => "ARTS",
            Field::Sciences => "SCIENCES",
            Field::Other => "OTHER",
        }
    }
}

impl FromStr for Field {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Field::ALL.into_iter().find(|field| field.name() == text).ok_or(Refusal::on(
            Code::InvalidProfileData,
            "field",
            "field",
        ))
    }
}

/// A profile as sent, before it is judged.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileInput {
    /// University, 1–150 characters.
    pub university: String,
    /// Degree, 1–150 characters.
    pub degree: String,
    /// One of [`Field::ALL`] by name.
    pub field: String,
    /// Year of study, 1–10.
    pub current_year: i64,
    /// About the tutor, 50–1000 characters.
    pub bio: String,
    /// Address of a LinkedIn profile.
    pub linkedin: Option<String>,
    /// Languages spoken, at most 20 of 1–50 characters.
    pub languages: Vec<String>,
    /// What the tutor helps with, at most 20 of 1–100 characters.
    pub goals: Vec<String>,
    /// One line under the name, at most 120 characters.
    pub headline: Option<String>,
}

/// A profile that satisfies every rule, and is therefore complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// University.
    pub university: String,
    /// Degree.
    pub degree: String,
    /// Field of study.
    pub field: Field,
    /// Year of study, 1–10.
    pub current_year: i16,
    /// About the tutor.
    pub bio: String,
    /// `https` address on linkedin.com.
    pub linkedin: Option<String>,
    /// Languages spoken.
    pub languages: Vec<String>,
    /// What the tutor helps with.
    pub goals: Vec<String>,
    /// One line under the name.
    pub headline: Option<String>,
}

impl Profile {
    /// Judges a profile field by field; the first fault is the answer.
    ///
    /// # Errors
    /// `INVALID_PROFILE_DATA` with the field.
    pub fn parse(input: &ProfileInput) -> Result<Self, Refusal> {
        let fault = |key, field| Refusal::on(Code::InvalidProfileData, key, field);
        Ok(Profile {
            university: line(&input.university, 1, 150).ok_or(fault("university", "university"))?,
            degree: line(&input.degree, 1, 150).ok_or(fault("degree", "degree"))?,
            field: input.field.parse()?,
            current_year: i16::try_from(input.current_year)
                .ok()
                .filter(|year| (1..=10).contains(year))
                .ok_or(fault("current_year", "current_year"))?,
            bio: paragraph(&input.bio, 50, 1000).ok_or(fault("bio_length", "bio"))?,
            linkedin: optional(input.linkedin.as_deref(), linkedin)
                .map_err(|()| fault("linkedin", "linkedin"))?,
            languages: list(&input.languages, 50).ok_or(fault("languages", "languages"))?,
            goals: list(&input.goals, 100).ok_or(fault("goals", "goals"))?,
            headline: optional(input.headline.as_deref(), |text| line(text, 1, 120))
                .map_err(|()| fault("headline", "headline"))?,
        })
    }
}

fn optional(text: Option<&str>, parse: impl Fn(&str) -> Option<String>) -> Result<Option<String>, ()> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => parse(text).map(Some).ok_or(()),
    }
}

fn linkedin(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://")?;
    let (host, path) = rest.split_once('/')?;
    let ours = host == "linkedin.com" || host.ends_with(".linkedin.com");
    let plain = path.chars().all(|c| c.is_alphanumeric() || "-_/%.?=&".contains(c));
    (ours && plain && !path.is_empty() && text.len() <= 300).then(|| text.to_owned())
}

/// At most 20 lines of 1 to `most` characters; blank ones are dropped, repeated ones kept once.
#[must_use]
pub fn list(items: &[String], most: usize) -> Option<Vec<String>> {
    let mut kept: Vec<String> = Vec::new();
    for item in items.iter().filter(|item| !item.trim().is_empty()) {
        let item = line(item, 1, most)?;
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    (kept.len() <= 20).then_some(kept)
}

/// The first `most` characters of a text on a word boundary, with an ellipsis where it was cut.
/// The excerpt of a bio is 150 characters.
#[must_use]
pub fn excerpt(text: &str, most: usize) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= most {
        return flat;
    }
    let head: String = flat.chars().take(most.saturating_sub(1)).collect();
    let cut = head.rfind(' ').filter(|at| *at > head.len() / 2).unwrap_or(head.len());
    format!("{}…", head[..cut].trim_end_matches([',', '.', ';', ':', ' ']))
}

/// A duration of an offering with its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedDuration {
    /// Minutes, 5–480 in steps of 5.
    pub minutes: u16,
    /// Price in minor units of the offering's currency, 0 for a free lesson.
    pub price_minor: i64,
}

/// A lesson type of a tutor, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offering {
    /// What it is called, 1–100 characters.
    pub title: String,
    /// Durations allowed, each with its price, shortest first; 1–12 of them.
    pub durations: Vec<PricedDuration>,
    /// The currency of all its prices.
    pub currency: Currency,
    /// Minutes between two starts on the grid; `None` means the duration.
    pub step_min: Option<u16>,
    /// Minutes kept free before a lesson, 0–240.
    pub buffer_before_min: u16,
    /// Minutes kept free after a lesson, 0–240.
    pub buffer_after_min: u16,
    /// Whether there is just one duration and it cannot be chosen (the mentoring preset).
    pub fixed: bool,
}

impl Offering {
    /// Judges an offering that was read from a request.
    ///
    /// # Errors
    /// `INVALID_REQUEST` with the field, or `INVALID_DURATION`.
    pub fn check(mut self) -> Result<Self, Refusal> {
        let fault = |key, field| Refusal::on(Code::InvalidRequest, key, field);
        self.title = line(&self.title, 1, 100).ok_or(fault("offering_title", "title"))?;
        self.durations.sort_by_key(|priced| priced.minutes);
        let repeated = self.durations.windows(2).any(|pair| pair[0].minutes == pair[1].minutes);
        let count = self.durations.len();
        if !(1..=12).contains(&count) || repeated || (self.fixed && count != 1) {
            return Err(Refusal::on(Code::InvalidDuration, "offering_durations", "durations"));
        }
        for priced in &self.durations {
            if !(5..=480).contains(&priced.minutes) || priced.minutes % 5 != 0 {
                return Err(Refusal::on(Code::InvalidDuration, "duration_range", "durations"));
            }
            Money::price(priced.price_minor, self.currency).map_err(|_| fault("price", "prices"))?;
        }
        if self.step_min.is_some_and(|step| !(5..=480).contains(&step) || step % 5 != 0) {
            return Err(fault("step", "step"));
        }
        if self.buffer_before_min > 240 || self.buffer_after_min > 240 {
            return Err(fault("buffer", "buffer_before"));
        }
        Ok(self)
    }

    /// The mentoring preset: one fixed, free lesson of 15 minutes.
    #[must_use]
    pub fn mentoring() -> Self {
        Offering {
            title: "Mentoring".to_owned(),
            durations: vec![PricedDuration { minutes: 15, price_minor: 0 }],
            currency: Currency::Eur,
            step_min: None,
            buffer_before_min: 0,
            buffer_after_min: 0,
            fixed: true,
        }
    }

    /// The price of a duration, `None` where it is not offered.
    #[must_use]
    pub fn price(&self, minutes: u16) -> Option<i64> {
        self.durations.iter().find(|priced| priced.minutes == minutes).map(|priced| priced.price_minor)
    }
}

/// Whether a tutor can be found and booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// All five required parts of the profile are there.
    pub complete: bool,
    /// The tutor's own switch.
    pub active: bool,
    /// The tutor's video provider is valid and accepted by the platform.
    pub provider: bool,
}

impl Readiness {
    /// Why a booking is refused, if it is.
    ///
    /// # Errors
    /// `PROFILE_INCOMPLETE`, `PROFILE_INACTIVE` or `PROVIDER_REQUIRED`, in this order.
    pub fn check(self) -> Result<(), Refusal> {
        match self {
            Readiness { complete: false, .. } => {
                Err(Refusal::new(Code::ProfileIncomplete, "profile_incomplete"))
            }
            Readiness { active: false, .. } => Err(Refusal::new(Code::ProfileInactive, "profile_inactive")),
            Readiness { provider: false, .. } => {
                Err(Refusal::new(Code::ProviderRequired, "provider_required"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> ProfileInput {
        ProfileInput {
            university: "Sorbonne".into(),
            degree: "MSc".into(),
            field: "LAW".into(),
            current_year: 3,
            bio: "é".repeat(50),
            ..ProfileInput::default()
        }
    }

    #[test]
    fn a_bio_is_counted_in_characters() {
        for (length, fits) in [(0, false), (49, false), (50, true), (1000, true), (1001, false)] {
            let judged = Profile::parse(&ProfileInput { bio: "😀".repeat(length), ..input() });
            assert_eq!(judged.is_ok(), fits, "{length}");
        }
    }

    #[test]
    fn each_fault_names_its_field() {
        let faults: [(&str, ProfileInput); 6] = [
            ("university", ProfileInput { university: " ".into(), ..input() }),
            ("degree", ProfileInput { degree: "x\u{0}y".into(), ..input() }),
            ("field", ProfileInput { field: "law".into(), ..input() }),
            ("current_year", ProfileInput { current_year: 11, ..input() }),
            ("linkedin", ProfileInput { linkedin: Some("https://evil.test/in/x".into()), ..input() }),
            ("languages", ProfileInput { languages: (0..21).map(|n| n.to_string()).collect(), ..input() }),
        ];
        for (field, input) in faults {
            let refusal = Profile::parse(&input).expect_err(field);
            assert_eq!((refusal.code, refusal.field.as_deref()), (Code::InvalidProfileData, Some(field)));
        }
    }

    #[test]
    fn an_offering_keeps_to_the_prices_that_can_be_charged() {
        for (currency, price_minor, fits) in [
            (Currency::Eur, 0, true),
            (Currency::Eur, 99_999_999, true),
            (Currency::Eur, 100_000_000, false),
            (Currency::Eur, -1, false),
            (Currency::Kwd, 99_999_990, true),
            (Currency::Kwd, 99_999_995, false),
        ] {
            let durations = vec![PricedDuration { minutes: 15, price_minor }];
            let judged = Offering { currency, durations, ..Offering::mentoring() }.check();
            let fault = judged.err().map(|refusal| (refusal.code, refusal.key, refusal.field));
            let expected = (Code::InvalidRequest, "price".into(), Some("prices".into()));
            assert_eq!(fault, (!fits).then_some(expected), "{currency} {price_minor}");
        }
    }

    #[test]
    fn an_excerpt_ends_on_a_word_within_its_length() {
        let text = "one two three ".repeat(40);
        let short = excerpt(&text, 150);
        assert!(short.chars().count() <= 150 && short.ends_with('…'), "{short}");
        assert_eq!(excerpt("short  text", 150), "short text");
        assert!(excerpt(&"x".repeat(400), 150).chars().count() <= 150);
    }
}
