//! What an offering and its tutor ask of a slot.

use serde::{Deserialize, Serialize};

use crate::{Code, Refusal};

/// Minutes in a day.
const DAY: u16 = 1_440;

/// Notice and horizon reach at most this many days ahead.
const MAX_DAYS: i64 = 366;

/// The settings that decide which starts are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRules {
    /// The length of a slot in minutes, 1 to 1440.
    pub duration_min: u16,
    /// Minutes of elapsed time from one start of the grid to the next, 1 to 1440; usually the duration.
    pub step_min: u16,
    /// Minutes that the tutor keeps free before, 0 to 1440.
    pub buffer_before_min: u16,
    /// Minutes that the tutor keeps free after, 0 to 1440.
    pub buffer_after_min: u16,
    /// A slot starts at least this many minutes from now, 0 to 366 days.
    pub notice_min: i64,
    /// A slot starts at most this many days of 24 hours from now, 0 to 366.
    pub horizon_days: i64,
}

impl SlotRules {
    /// Whether every setting is within its bounds.
    ///
    /// # Errors
    /// `INVALID_DURATION` (`duration_range`); `INVALID_REQUEST` (`step_range`, `buffer_range`,
    /// `notice_range`, `horizon_range`).
    pub fn check(&self) -> Result<(), Refusal> {
        let refuse = |key, field| Err(Refusal::on(Code::InvalidRequest, key, field));
        if !(1..=DAY).contains(&self.duration_min) {
            return Err(Refusal::on(Code::InvalidDuration, "duration_range", "duration_min"));
        }
        if !(1..=DAY).contains(&self.step_min) {
            return refuse("step_range", "step_min");
        }
        if self.buffer_before_min > DAY {
            return refuse("buffer_range", "buffer_before_min");
        }
        if self.buffer_after_min > DAY {
            return refuse("buffer_range", "buffer_after_min");
        }
        if !(0..=MAX_DAYS * i64::from(DAY)).contains(&self.notice_min) {
            return refuse("notice_range", "notice_min");
        }
        if !(0..=MAX_DAYS).contains(&self.horizon_days) {
            return refuse("horizon_range", "horizon_days");
        }
        Ok(())
    }
}
