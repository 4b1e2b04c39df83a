//! A person's right to a copy of what is kept about them (GDPR, articles 15 and 20).

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Code, Refusal};

/// How many exports a person may ask for within [`WITHIN`].
pub const MOST_EXPORTS: usize = 3;

/// The time over which they are counted.
pub const WITHIN: TimeDelta = TimeDelta::hours(24);

/// How long an export can be downloaded once it is ready; and how long making one is tried.
pub const KEPT_FOR: TimeDelta = TimeDelta::days(7);

/// The life of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportState {
    /// It is being made.
    Requested,
    /// It can be downloaded.
    Ready,
    /// Its file is gone.
    Expired,
}

impl ExportState {
    /// The name in the database and on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ExportState::Requested => "requested",
            ExportState::Ready => "ready",
            ExportState::Expired => "expired",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for what is none.
    pub fn parse(name: &str) -> Result<Self, Refusal> {
        [ExportState::Requested, ExportState::Ready, ExportState::Expired]
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| Refusal::new(Code::InvalidRequest, "status"))
    }

    /// What it is now: one that ends at `ends_at` is over then, whenever its file is removed.
    #[must_use]
    pub fn at(self, ends_at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        if now >= ends_at { ExportState::Expired } else { self }
    }
}

/// Why a person cannot ask for an export now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNow {
    /// One is being made.
    Waits,
    /// Enough were asked for; the next one can be from this instant on.
    Until(DateTime<Utc>),
}

/// Whether a person who asked for exports at these instants, the latest first, can ask for another one.
///
/// # Errors
/// Why not.
pub fn may_ask(waits: bool, asked: &[DateTime<Utc>], now: DateTime<Utc>) -> Result<(), NotNow> {
    if waits {
        return Err(NotNow::Waits);
    }
    match asked.get(MOST_EXPORTS - 1).map(|at| *at + WITHIN) {
        Some(next) if next > now => Err(NotNow::Until(next)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_in_a_day_and_one_at_a_time() {
        let now = DateTime::from_timestamp(1_803_888_000, 0).expect("an instant");
        let before = |hours: i64| now - TimeDelta::hours(hours);
        for (waits, hours, expected) in [
            (false, &[][..], Ok(())),
            (true, &[], Err(NotNow::Waits)),
            (false, &[0, 1], Ok(())),
            (false, &[0, 1, 2], Err(NotNow::Until(before(2) + WITHIN))),
            (true, &[0, 1, 2], Err(NotNow::Waits)),
            (false, &[0, 1, 23, 23], Err(NotNow::Until(before(23) + WITHIN))),
            (false, &[0, 1, 24], Ok(())),
        ] {
            let asked: Vec<_> = hours.iter().map(|hours| before(*hours)).collect();
            assert_eq!(may_ask(waits, &asked, now), expected, "{waits} {hours:?}");
        }
    }

    #[test]
    fn what_is_over_is_over_before_it_is_swept() {
        let now = DateTime::from_timestamp(1_803_888_000, 0).expect("an instant");
        for state in [ExportState::Requested, ExportState::Ready, ExportState::Expired] {
            assert_eq!(ExportState::parse(state.name()), Ok(state));
            assert_eq!(state.at(now, now), ExportState::Expired);
            assert_eq!(state.at(now + TimeDelta::seconds(1), now), state);
        }
        assert!(ExportState::parse("gone").is_err());
    }
}
