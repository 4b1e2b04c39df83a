//! Ratings and what is said with them (rules, Text and numbers).

use serde::{Deserialize, Serialize};

use crate::{Code, Refusal};

/// At most this many characters (Unicode scalar values) of feedback.
pub const MAX_FEEDBACK: usize = 500;

/// A whole number of stars, 1 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Rating(u8);

impl Rating {
    /// From a number of stars.
    ///
    /// # Errors
    /// `INVALID_RATING` (`rating`) outside 1 to 5.
    pub fn parse(stars: i64) -> Result<Rating, Refusal> {
        let stars = u8::try_from(stars).ok().filter(|stars| (1..=5).contains(stars));
        stars.map(Rating).ok_or(Refusal::on(Code::InvalidRating, "rating", "rating"))
    }

    /// The number of stars.
    #[must_use]
    pub fn stars(self) -> u8 {
        self.0
    }

    /// Whether an admin should look at it: below 3.
    #[must_use]
    pub fn is_low(self) -> bool {
        self.0 < 3
    }
}

impl TryFrom<i64> for Rating {
    type Error = Refusal;

    fn try_from(stars: i64) -> Result<Rating, Refusal> {
        Rating::parse(stars)
    }
}

impl From<Rating> for i64 {
    fn from(rating: Rating) -> i64 {
        i64::from(rating.0)
    }
}

/// What a student writes with a rating: at most [`MAX_FEEDBACK`] characters, trimmed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Feedback(String);

impl Feedback {
    /// From what was written; nothing is allowed.
    ///
    /// # Errors
    /// `INVALID_REQUEST` (`feedback_length`).
    pub fn parse(text: &str) -> Result<Feedback, Refusal> {
        let text = text.trim();
        if text.chars().nth(MAX_FEEDBACK).is_some() {
            return Err(Refusal::on(Code::InvalidRequest, "feedback_length", "feedback"));
        }
        Ok(Feedback(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Feedback {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Feedback, Refusal> {
        Feedback::parse(&text)
    }
}

impl From<Feedback> for String {
    fn from(feedback: Feedback) -> String {
        feedback.0
    }
}

/// The mean of `count` ratings that add up to `sum`, in tenths, half up: 87 of 20 is 44, shown
/// as 4.4. `None` without ratings.
#[must_use]
pub fn mean_tenths(sum: u64, count: u64) -> Option<u32> {
    let (sum, count) = (u128::from(sum), u128::from(count));
    let tenths = (20 * sum + count).checked_div(2 * count)?;
    u32::try_from(tenths).ok()
}
