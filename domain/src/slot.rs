//! Slots: the starts that a student can book (rules, Time 5, 6, 8).

mod grid;
mod rules;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::availability::Availability;
use crate::interval::Interval;
use crate::zone::Zone;
use crate::{Code, Refusal};

pub use rules::SlotRules;

/// A bookable lesson `[start, end)`, without its buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// When it starts.
    pub start: DateTime<Utc>,
    /// When it ends.
    pub end: DateTime<Utc>,
}

/// The slots that start within `range`, in order. `busy` are the claims of the tutor, each with
/// its own buffers, in any order: a slot extended by the buffers of `rules` overlaps none of them.
/// Empty when `rules` break their bounds (see [`SlotRules::check`]).
#[must_use]
pub fn slots(
    availability: &Availability,
    rules: &SlotRules,
    busy: &[Interval],
    now: DateTime<Utc>,
    range: Interval,
) -> Vec<Slot> {
    match rules.check() {
        Ok(()) => grid::slots(availability, rules, busy, now, range),
        Err(_) => Vec::new(),
    }
}

/// Whether the slot that starts at `start` can be booked: it can when [`slots`] offers it.
///
/// # Errors
/// What [`SlotRules::check`] refuses; `MINIMUM_NOTICE_REQUIRED` (`notice`); `OUTSIDE_HORIZON`
/// (`horizon`); `BOOKING_CONFLICT`: `slot_off_grid` where the tutor offers no such start,
/// `slot_taken` where a claim overlaps it.
pub fn judge(
    availability: &Availability,
    rules: &SlotRules,
    busy: &[Interval],
    now: DateTime<Utc>,
    start: DateTime<Utc>,
) -> Result<Slot, Refusal> {
    rules.check()?;
    let lead = start - now;
    if lead < TimeDelta::minutes(rules.notice_min) {
        return Err(Refusal::on(Code::MinimumNoticeRequired, "notice", "start"));
    }
    if lead > TimeDelta::days(rules.horizon_days) {
        return Err(Refusal::on(Code::OutsideHorizon, "horizon", "start"));
    }
    let end = start.checked_add_signed(TimeDelta::nanoseconds(1)).unwrap_or(start);
    let only =
        |busy: &[Interval]| grid::slots(availability, rules, busy, now, Interval::new(start, end)).pop();
    if only(&[]).is_none() {
        return Err(Refusal::on(Code::BookingConflict, "slot_off_grid", "start"));
    }
    only(busy).ok_or(Refusal::on(Code::BookingConflict, "slot_taken", "start"))
}

/// The slots by the civil date on which they start in a reader's zone.
#[must_use]
pub fn by_day(slots: &[Slot], zone: Zone) -> BTreeMap<NaiveDate, Vec<Slot>> {
    let mut days = BTreeMap::<NaiveDate, Vec<Slot>>::new();
    for slot in slots {
        days.entry(zone.to_wall(slot.start).local.date()).or_default().push(*slot);
    }
    days
}
