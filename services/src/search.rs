//! Finding a tutor.

use chrono::{DateTime, Utc};
use domain::{ids::TutorId, money::Currency, tutor::Field};
use serde::Serialize;

use crate::{Result, Services, booking::Page};

/// In which order tutors are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Most free slots in the next seven days first.
    #[default]
    Availability,
    /// Best rated first.
    Rating,
    /// Cheapest first (per hour, within one currency).
    Price,
    /// By name.
    Name,
}

/// All filters hold together.
#[derive(Clone, Debug, Default)]
pub struct SearchQuery {
    /// Words, each of which must occur in name, headline, bio, university, degree, goals or offerings.
    pub text: Option<String>,
    /// Field of study.
    pub field: Option<Field>,
    /// University, part of its name.
    pub university: Option<String>,
    /// Lowest mean rating in tenths.
    pub min_rating_tenths: Option<u32>,
    /// Highest price of the cheapest lesson, with its currency.
    pub max_price: Option<(i64, Currency)>,
    /// Has a free slot within so many days, 1–62.
    pub free_within_days: Option<i64>,
    /// The order.
    pub sort: Sort,
    /// From 1.
    pub page: i64,
    /// At most 100.
    pub page_size: i64,
}

/// A tutor in a list.
#[derive(Clone, Debug, Serialize)]
pub struct TutorSummary {
    /// The tutor.
    pub id: TutorId,
    /// The address of the page.
    pub slug: String,
    /// The name.
    pub name: String,
    /// One line under the name.
    pub headline: Option<String>,
    /// First 150 characters of the bio.
    pub excerpt: String,
    /// Field of study.
    pub field: Field,
    /// University.
    pub university: String,
    /// Degree.
    pub degree: String,
    /// Languages spoken.
    pub languages: Vec<String>,
    /// Address of the photo, where there is one.
    pub photo_url: Option<String>,
    /// Number of ratings.
    pub rating_count: i32,
    /// Mean in tenths.
    pub rating_tenths: Option<u32>,
    /// The cheapest lesson: price in minor units, currency, minutes.
    pub price_from: Option<(i64, Currency, u16)>,
    /// IANA name of the zone of the hours.
    pub time_zone: String,
    /// The next free starts, at most three, of the shortest duration of the first offering.
    pub next_slots: Vec<DateTime<Utc>>,
    /// How many slots are free in the next seven days.
    pub free_slots: usize,
}

/// The tutors that can be booked and satisfy every filter. A bounded number of database queries.
///
/// # Errors
/// `INVALID_REQUEST` for a page out of range.
pub async fn search(_services: &Services, _query: &SearchQuery) -> Result<Page<TutorSummary>> {
    todo!()
}

/// The universities of bookable tutors with their number, for the filter.
///
/// # Errors
/// Where the database cannot be read.
pub async fn universities(_services: &Services) -> Result<Vec<(String, i64)>> {
    todo!()
}
