//! The settings of a booking, and who may call it off until when (rules, Booking 5).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Code, Refusal,
    charge::{EarlyEnd, NobodyJoined},
    dispute::WINDOW_HOURS,
    payment::Collection,
};

/// The settings that a booking copies when it is made; a later change never alters it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Minutes before the start until which a slot can be booked.
    pub notice_min: i64,
    /// Days ahead that can be booked.
    pub horizon_days: i64,
    /// Minutes before the start until which the student may cancel or reschedule, exactly so many allowed.
    pub cancel_notice_min: i64,
    /// Whether the tutor confirms each request.
    pub confirm_requests: bool,
    /// The platform's fee in basis points.
    pub fee_bps: i32,
    /// What an end before the scheduled one means for the charge.
    #[serde(default)]
    pub early_end: EarlyEnd,
    /// What is charged when nobody joined.
    #[serde(default)]
    pub nobody_joined: NobodyJoined,
    /// When the money is taken.
    #[serde(default)]
    pub collection: Collection,
    /// Hours after the outcome within which the lesson can be disputed; then its tutor is paid.
    #[serde(default = "dispute_window_hours")]
    pub dispute_window_hours: i64,
}

const fn dispute_window_hours() -> i64 {
    WINDOW_HOURS
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            notice_min: 120,
            horizon_days: 30,
            cancel_notice_min: 120,
            confirm_requests: false,
            fee_bps: 1000,
            early_end: EarlyEnd::default(),
            nobody_joined: NobodyJoined::default(),
            collection: Collection::default(),
            dispute_window_hours: WINDOW_HOURS,
        }
    }
}

/// On whose behalf a booking is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// The student of the booking.
    Student,
    /// Its tutor.
    Tutor,
}

impl Party {
    /// The name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Party::Student => "student",
            Party::Tutor => "tutor",
        }
    }
}

/// Whether a party may still cancel or reschedule: the student until the notice before the start,
/// the tutor until the start.
///
/// # Errors
/// `INVALID_STATE` once the lesson has started, `CANCELLATION_TOO_LATE` for a student within the notice.
pub fn may_call_off(
    party: Party,
    start: DateTime<Utc>,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    match party {
        Party::Student if start - now < TimeDelta::minutes(policy.cancel_notice_min) => {
            Err(Refusal::new(Code::CancellationTooLate, "cancellation_too_late"))
        }
        Party::Tutor if now >= start => Err(Refusal::new(Code::InvalidState, "lesson_started")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_student_may_cancel_exactly_at_the_notice_and_a_tutor_until_the_start() {
        let start = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid instant");
        let policy = Policy::default();
        let at = |seconds| start - TimeDelta::seconds(seconds);
        for (party, before, code) in [
            (Party::Student, 7200, None),
            (Party::Student, 7199, Some(Code::CancellationTooLate)),
            (Party::Student, -1, Some(Code::CancellationTooLate)),
            (Party::Tutor, 1, None),
            (Party::Tutor, 0, Some(Code::InvalidState)),
        ] {
            let judged = may_call_off(party, start, &policy, at(before));
            assert_eq!(judged.err().map(|refusal| refusal.code), code, "{party:?} {before}");
        }
    }
}
