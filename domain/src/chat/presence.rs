//! Whether somebody is there, by when they last had a page open.

use chrono::{DateTime, TimeDelta, Utc};

/// For so long after the last sign of a page its person counts as there: between two pages there is none, and
/// servers note signs every 20 seconds.
pub const PRESENT: TimeDelta = TimeDelta::seconds(60);

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// A page is open.
    Here {
        /// Until then, unless there is another sign.
        until: DateTime<Utc>,
    },
    /// None is.
    Gone {
        /// When the last one was.
        since: DateTime<Utc>,
    },
}

impl Presence {
    /// From the last sign.
    #[must_use]
    pub fn of(seen_at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let until = seen_at + PRESENT;
        if now < until { Presence::Here { until } } else { Presence::Gone { since: seen_at } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_there_for_a_minute_after_the_last_sign() {
        let at = DateTime::from_timestamp(1_803_888_000, 0).expect("an instant");
        let (here, gone) = (Presence::Here { until: at + PRESENT }, Presence::Gone { since: at });
        for (seconds, expected) in [(0, here), (59, here), (60, gone), (86_400, gone)] {
            assert_eq!(Presence::of(at, at + TimeDelta::seconds(seconds)), expected, "{seconds}");
        }
    }
}
