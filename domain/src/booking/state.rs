//! What a booking can be, and what leads from one state to another (rules, Booking 1).

use serde::{Deserialize, Serialize};

use crate::{Code, Refusal, lesson::LessonState};

/// The life of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingState {
    /// Waits for the tutor's answer; holds the slot.
    Requested,
    /// Waits for a look by an admin; holds the slot, joining is closed.
    PendingReview,
    /// Agreed.
    Confirmed,
    /// Taught to its end.
    Completed,
    /// The student did not come.
    NoShowStudent,
    /// The tutor did not come.
    NoShowTutor,
    /// Nobody came.
    MutualNoShow,
    /// Ended before its scheduled end, by trusted evidence.
    EarlyEnd,
    /// Called off by one of the two before its start.
    Cancelled,
    /// Requested and not answered in time.
    Expired,
    /// Requested and refused by the tutor.
    Declined,
}

impl BookingState {
    /// Every state.
    pub const ALL: [BookingState; 11] = [
        BookingState::Requested,
        BookingState::PendingReview,
        BookingState::Confirmed,
        BookingState::Completed,
        BookingState::NoShowStudent,
        BookingState::NoShowTutor,
        BookingState::MutualNoShow,
        BookingState::EarlyEnd,
        BookingState::Cancelled,
        BookingState::Expired,
        BookingState::Declined,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            BookingState::Requested => "requested",
            BookingState::PendingReview => "pending_review",
            BookingState::Confirmed => "confirmed",
            BookingState::Completed => "completed",
            BookingState::NoShowStudent => "no_show_student",
            BookingState::NoShowTutor => "no_show_tutor",
            BookingState::MutualNoShow => "mutual_no_show",
            BookingState::EarlyEnd => "early_end",
            BookingState::Cancelled => "cancelled",
            BookingState::Expired => "expired",
            BookingState::Declined => "declined",
        }
    }

    /// Reads a name of the database or the wire.
    ///
    /// # Errors
    /// `INVALID_REQUEST` on `status` for any other text.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        BookingState::ALL.into_iter().find(|state| state.name() == text).ok_or(Refusal::on(
            Code::InvalidRequest,
            "status",
            "status",
        ))
    }

    /// Whether it claims its slot.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, BookingState::Requested | BookingState::PendingReview | BookingState::Confirmed)
    }

    /// Whether its lesson was to take place and has an outcome.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(
            self,
            BookingState::Completed
                | BookingState::NoShowStudent
                | BookingState::NoShowTutor
                | BookingState::MutualNoShow
                | BookingState::EarlyEnd
        )
    }

    /// What becomes of it when something happens.
    ///
    /// # Errors
    /// `INVALID_STATE` where the event does not belong to the state.
    pub fn on(self, event: BookingEvent) -> Result<BookingState, Refusal> {
        use BookingEvent as E;
        use BookingState as S;
        match (self, event) {
            (S::Requested, E::Confirm) | (S::PendingReview, E::Approve) => Ok(S::Confirmed),
            (S::Requested, E::Decline) | (S::PendingReview, E::Reject) => Ok(S::Declined),
            (S::Requested, E::Expire) => Ok(S::Expired),
            (S::Requested | S::PendingReview | S::Confirmed, E::Cancel) => Ok(S::Cancelled),
            (S::Confirmed, E::Settle(outcome)) => Ok(outcome.booking_state()),
            _ => Err(Refusal::new(Code::InvalidState, "booking_state")),
        }
    }
}

/// What can happen to a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookingEvent {
    /// The tutor says yes to a request.
    Confirm,
    /// The tutor says no to a request.
    Decline,
    /// Nobody answered the request in time.
    Expire,
    /// An admin lets a booking under review through.
    Approve,
    /// An admin refuses a booking under review.
    Reject,
    /// One of the two calls it off.
    Cancel,
    /// The lesson has its outcome.
    Settle(Outcome),
}

/// How a lesson came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its end was reached.
    Completed,
    /// The student was absent, marked by the tutor.
    NoShowStudent,
    /// The student joined, the tutor never did.
    NoShowTutor,
    /// Nobody joined.
    MutualNoShow,
    /// A trusted source says that it ended before its scheduled end.
    EarlyEnd,
}

impl Outcome {
    /// The booking's state after it.
    #[must_use]
    pub const fn booking_state(self) -> BookingState {
        match self {
            Outcome::Completed => BookingState::Completed,
            Outcome::NoShowStudent => BookingState::NoShowStudent,
            Outcome::NoShowTutor => BookingState::NoShowTutor,
            Outcome::MutualNoShow => BookingState::MutualNoShow,
            Outcome::EarlyEnd => BookingState::EarlyEnd,
        }
    }

    /// The lesson's state after it.
    #[must_use]
    pub const fn lesson_state(self) -> LessonState {
        match self {
            Outcome::Completed => LessonState::CompletedAssumed,
            Outcome::NoShowStudent => LessonState::NoShowStudent,
            Outcome::NoShowTutor => LessonState::NoShowTutor,
            Outcome::MutualNoShow => LessonState::MutualNoShow,
            Outcome::EarlyEnd => LessonState::EarlyEndShort,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// State × event: each row lists what leads from a state; all other pairs are refused.
    #[test]
    fn every_state_meets_every_event() {
        use BookingEvent as E;
        use BookingState as S;
        let outcomes = [
            Outcome::Completed,
            Outcome::NoShowStudent,
            Outcome::NoShowTutor,
            Outcome::MutualNoShow,
            Outcome::EarlyEnd,
        ];
        let mut events = vec![E::Confirm, E::Decline, E::Expire, E::Approve, E::Reject, E::Cancel];
        events.extend(outcomes.map(E::Settle));
        let allowed = |state, event| match (state, event) {
            (S::Requested, E::Confirm) | (S::PendingReview, E::Approve) => Some(S::Confirmed),
            (S::Requested, E::Decline) | (S::PendingReview, E::Reject) => Some(S::Declined),
            (S::Requested, E::Expire) => Some(S::Expired),
            (S::Requested | S::PendingReview | S::Confirmed, E::Cancel) => Some(S::Cancelled),
            (S::Confirmed, E::Settle(Outcome::Completed)) => Some(S::Completed),
            (S::Confirmed, E::Settle(Outcome::NoShowStudent)) => Some(S::NoShowStudent),
            (S::Confirmed, E::Settle(Outcome::NoShowTutor)) => Some(S::NoShowTutor),
            (S::Confirmed, E::Settle(Outcome::MutualNoShow)) => Some(S::MutualNoShow),
            (S::Confirmed, E::Settle(Outcome::EarlyEnd)) => Some(S::EarlyEnd),
            _ => None,
        };
        for state in S::ALL {
            for event in &events {
                assert_eq!(state.on(*event).ok(), allowed(state, *event), "{state:?} × {event:?}");
            }
            assert_eq!(S::parse(state.name()), Ok(state));
        }
    }
}
