//! Joins that a browser tells of afterwards: its page opened the meeting by an address that it was given ahead, because
//! the server did not answer.

use chrono::{DateTime, TimeDelta, Utc};

use super::{join_window, may_join};
use crate::{Code, Refusal, booking::BookingState};

/// So long after the end of a lesson a browser can tell of a join: an outage and a night.
pub const TOLD_WITHIN: TimeDelta = TimeDelta::hours(24);

/// A join as a browser tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToldJoin {
    /// When the person pressed the button, as the browser says.
    pub at: DateTime<Utc>,
    /// When the server gave this person the address of this lesson ahead, for the last time of the lesson that it
    /// knows of; `None` where it never did.
    pub given: Option<DateTime<Utc>>,
}

impl ToldJoin {
    /// Whether it is put on record. Who was given the address at its time was on the page then, and could have been
    /// seen joining by a click: so a join that is told counts for no more than a click did, however late it is told.
    /// It says nothing before the address was given, and nothing of the future.
    ///
    /// # Errors
    /// `INVALID_STATE` for a booking that never was a lesson, or of whose meeting this person was not given the address
    /// while joining was open; `JOIN_CLOSED` for an instant at which joining was not open, or once it is too late to
    /// tell; `INVALID_REQUEST` on `at` for an instant before the address was given, or to come.
    pub fn check(
        &self,
        state: BookingState,
        (start, end): (DateTime<Utc>, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        if state != BookingState::Confirmed && !state.is_settled() {
            return Err(Refusal::new(Code::InvalidState, "booking_state"));
        }
        let opens = join_window(start, end).0;
        let given = self.given.filter(|given| *given >= opens);
        let given = given.ok_or_else(|| Refusal::new(Code::InvalidState, "told_without_link"))?;
        may_join(start, end, self.at)?;
        if now >= end + TOLD_WITHIN {
            return Err(Refusal::new(Code::JoinClosed, "told_too_late"));
        }
        if self.at < given || self.at > now {
            return Err(Refusal::on(Code::InvalidRequest, "told_time", "at"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).expect("a valid instant")
    }

    /// When the address was given, when the button was pressed, when that is told; in minutes after the start of an
    /// hour's lesson; and why it is not put on record.
    #[test]
    fn a_join_is_told_by_whom_the_address_was_given_in_time() {
        let day = 24 * 60;
        for (given, at, now, refused) in [
            (Some(-5), -5, -5, None),
            (Some(-5), 0, 1, None),
            (Some(10), 10, 59, None),
            // An outage over the whole lesson, and the last moment at which it is told.
            (Some(-5), 0, 60 + day - 1, None),
            (Some(-5), 0, 60 + day, Some("told_too_late")),
            // The address was not given, or before the lesson was moved here.
            (None, 0, 1, Some("told_without_link")),
            (Some(-6), 0, 1, Some("told_without_link")),
            // Before the address was given, and to come.
            (Some(10), 9, 59, Some("told_time")),
            (Some(-5), 2, 1, Some("told_time")),
            // When joining was not open.
            (Some(-5), -6, 1, Some("join_too_early")),
            (Some(-5), 74, 74, None),
            (Some(-5), 75, 80, Some("join_too_late")),
        ] {
            let told = ToldJoin { at: instant(at), given: given.map(instant) };
            let found = told.check(BookingState::Confirmed, (instant(0), instant(60)), instant(now));
            let key = found.err().map(|refusal| refusal.key);
            assert_eq!(key.as_deref(), refused, "{given:?} {at} {now}");
        }
    }

    #[test]
    fn a_join_is_told_of_a_lesson_that_was_to_be() {
        use BookingState as S;
        let told = ToldJoin { at: instant(0), given: Some(instant(-5)) };
        for state in S::ALL {
            let lesson =
                !matches!(state, S::Requested | S::PendingReview | S::Declined | S::Expired | S::Cancelled);
            let found = told.check(state, (instant(0), instant(60)), instant(1));
            let key = found.err().map(|refusal| refusal.key);
            assert_eq!(key.as_deref(), (!lesson).then_some("booking_state"), "{state:?}");
        }
    }
}
