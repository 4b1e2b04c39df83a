//! Disputes: what a party does not accept about a settled lesson, and what an admin decides about it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Code, Refusal};

/// How many hours after the outcome of a lesson it can be disputed (rules, Charge 7). A setting that each booking
/// copies.
pub const WINDOW_HOURS: i64 = 72;

/// No window is longer than a year.
const LONGEST: i64 = 366 * 24;

/// The last instant at which a lesson can be disputed that got its outcome at `settled`.
#[must_use]
pub fn window_end(settled: DateTime<Utc>, hours: i64) -> DateTime<Utc> {
    settled + TimeDelta::hours(hours.clamp(0, LONGEST))
}

/// Whether it is too late to dispute a lesson: from then on its tutor can be paid. The end of the window belongs to
/// it, so that no instant is both.
#[must_use]
pub fn window_is_over(settled: DateTime<Utc>, hours: i64, now: DateTime<Utc>) -> bool {
    now > window_end(settled, hours)
}

/// Whether a lesson can be disputed now; `settled` is when it got its outcome.
///
/// # Errors
/// `INVALID_STATE` before its outcome (`dispute_not_settled`) and after the window (`dispute_window`).
pub fn may_open(settled: Option<DateTime<Utc>>, hours: i64, now: DateTime<Utc>) -> Result<(), Refusal> {
    match settled {
        None => Err(Refusal::new(Code::InvalidState, "dispute_not_settled")),
        Some(settled) if window_is_over(settled, hours, now) => {
            Err(Refusal::new(Code::InvalidState, "dispute_window"))
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_window_belongs_to_it() {
        let settled: DateTime<Utc> = "2027-03-01T12:00:00Z".parse().expect("an instant");
        let micro = TimeDelta::microseconds(1);
        for (hours, after, open) in [
            (72, TimeDelta::zero(), true),
            (72, TimeDelta::hours(72), true),
            (72, TimeDelta::hours(72) + micro, false),
            (0, TimeDelta::zero(), true),
            (0, micro, false),
            (-1, TimeDelta::zero(), true),
            (i64::MAX, TimeDelta::hours(LONGEST), true),
        ] {
            let now = settled + after;
            assert_eq!(may_open(Some(settled), hours, now).is_ok(), open, "{hours} {after}");
            assert_eq!(window_is_over(settled, hours, now), !open, "{hours} {after}");
        }
        let refusal = may_open(None, 72, settled).expect_err("no outcome yet");
        assert_eq!((refusal.code, &*refusal.key), (Code::InvalidState, "dispute_not_settled"));
    }
}
