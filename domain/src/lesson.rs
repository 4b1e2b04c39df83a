//! The live meeting of a booking: when it can be joined, and how it comes out.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{Code, Refusal};

mod life;
mod meeting;
mod told;

pub use life::{Advance, Effect, Lesson, LessonEvent, advance};
pub use meeting::{Sight, Who, outcome_of_meeting};
pub use told::{TOLD_WITHIN, ToldJoin};

/// Joining opens so long before the start.
pub const JOIN_OPENS_BEFORE: TimeDelta = TimeDelta::minutes(5);

/// Joining closes so long after the end.
pub const JOIN_CLOSES_AFTER: TimeDelta = TimeDelta::minutes(15);

/// The life of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LessonState {
    /// Agreed, not yet open.
    Scheduled,
    /// From five minutes before the start.
    JoinOpen,
    /// One of the two has joined and the start has passed.
    InProgress,
    /// Reached its end.
    CompletedAssumed,
    /// The student was absent.
    NoShowStudent,
    /// The tutor was absent.
    NoShowTutor,
    /// Nobody came.
    MutualNoShow,
    /// Ended before its scheduled end.
    EarlyEndShort,
    /// Called off.
    Cancelled,
}

impl LessonState {
    /// Every state.
    pub const ALL: [LessonState; 9] = [
        LessonState::Scheduled,
        LessonState::JoinOpen,
        LessonState::InProgress,
        LessonState::CompletedAssumed,
        LessonState::NoShowStudent,
        LessonState::NoShowTutor,
        LessonState::MutualNoShow,
        LessonState::EarlyEndShort,
        LessonState::Cancelled,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LessonState::Scheduled => "SCHEDULED",
            LessonState::JoinOpen => "JOIN_OPEN",
            LessonState::InProgress => "IN_PROGRESS",
            LessonState::CompletedAssumed => "COMPLETED_ASSUMED",
            LessonState::NoShowStudent => "NO_SHOW_STUDENT",
            LessonState::NoShowTutor => "NO_SHOW_TUTOR",
            LessonState::MutualNoShow => "MUTUAL_NO_SHOW",
            LessonState::EarlyEndShort => "EARLY_END_SHORT",
            LessonState::Cancelled => "CANCELLED",
        }
    }

    /// Reads a name of the database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        LessonState::ALL.into_iter().find(|state| state.name() == text)
    }

    /// Whether the outcome is settled.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, LessonState::Scheduled | LessonState::JoinOpen | LessonState::InProgress)
    }

    /// The state to show at `now`: whether joining is open follows from the clock, not from a job.
    /// `JoinOpen` is kept once somebody has joined before the start: the lesson is then in progress
    /// when it starts.
    #[must_use]
    pub fn at(self, start: DateTime<Utc>, end: DateTime<Utc>, now: DateTime<Utc>) -> LessonState {
        match self {
            LessonState::Scheduled if join_window(start, end).0 <= now => LessonState::JoinOpen,
            LessonState::JoinOpen if start <= now => LessonState::InProgress,
            other => other,
        }
    }
}

/// From when until when (exclusive) a lesson can be joined.
#[must_use]
pub fn join_window(start: DateTime<Utc>, end: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    (start - JOIN_OPENS_BEFORE, end + JOIN_CLOSES_AFTER)
}

/// Whether a lesson can be joined now.
///
/// # Errors
/// `JOIN_CLOSED`, before or after its time.
pub fn may_join(start: DateTime<Utc>, end: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Refusal> {
    let (opens, closes) = join_window(start, end);
    match now {
        now if now < opens => Err(Refusal::new(Code::JoinClosed, "join_too_early")),
        now if now >= closes => Err(Refusal::new(Code::JoinClosed, "join_too_late")),
        _ => Ok(()),
    }
}

/// Minutes that a tutor waits for an absent student, and minutes from which a lesson is payable:
/// 33 % and 66 % of the duration, rounded down, with the pinned exception 60 → 20 and 40.
#[must_use]
pub const fn waits(minutes: u16) -> (i32, i32) {
    match minutes {
        60 => (20, 40),
        minutes => (minutes as i32 * 33 / 100, minutes as i32 * 66 / 100),
    }
}

/// What is on record about a lesson: the first of each kind that counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When the student joined, within the lesson's time.
    pub student_joined: Option<DateTime<Utc>>,
    /// When the tutor joined, within the lesson's time.
    pub tutor_joined: Option<DateTime<Utc>>,
    /// When the tutor marked the student absent.
    pub marked_no_show: Option<DateTime<Utc>>,
    /// When a trusted source saw it end.
    pub trusted_end: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).expect("a valid instant")
    }

    #[test]
    fn waits_are_floored_with_one_pinned_exception() {
        for (minutes, expected) in
            [(15, (4, 9)), (30, (9, 19)), (60, (20, 40)), (90, (29, 59)), (100, (33, 66))]
        {
            assert_eq!(waits(minutes), expected, "{minutes}");
        }
    }

    #[test]
    fn joining_opens_five_minutes_before_and_closes_fifteen_after() {
        let (start, end) = (instant(0), instant(60));
        let second = TimeDelta::seconds(1);
        for (now, open) in [
            (instant(-5) - second, false),
            (instant(-5), true),
            (instant(75) - second, true),
            (instant(75), false),
        ] {
            assert_eq!(may_join(start, end, now).is_ok(), open, "{now}");
        }
    }

    #[test]
    fn the_state_to_show_follows_from_the_clock() {
        let (start, end) = (instant(0), instant(60));
        for (kept, minute, shown) in [
            (LessonState::Scheduled, -6, LessonState::Scheduled),
            (LessonState::Scheduled, -5, LessonState::JoinOpen),
            (LessonState::Scheduled, 10, LessonState::JoinOpen),
            (LessonState::JoinOpen, -1, LessonState::JoinOpen),
            (LessonState::JoinOpen, 0, LessonState::InProgress),
            (LessonState::InProgress, 10, LessonState::InProgress),
            (LessonState::Cancelled, 10, LessonState::Cancelled),
        ] {
            assert_eq!(kept.at(start, end, instant(minute)), shown, "{kept:?} {minute}");
        }
    }
}
