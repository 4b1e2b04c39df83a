//! The grid of starts, in whole seconds: every start of a grid is one, because windows, steps and
//! offsets are. Bounds that are not are rounded so that the answer stays exact.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::{Slot, SlotRules};
use crate::availability::{Availability, EARLIEST, LATEST, Span, push_merged};
use crate::interval::Interval;
use crate::zone::{DAY_SECONDS, Table, local_seconds};

/// The slots of [`super::slots`], for rules within their bounds.
pub(super) fn slots(
    availability: &Availability,
    rules: &SlotRules,
    busy: &[Interval],
    now: DateTime<Utc>,
    range: Interval,
) -> Vec<Slot> {
    let starts = starts(rules, now, range);
    if starts.end <= starts.start {
        return Vec::new();
    }
    let busy = merge(busy, rules, starts);
    let mut grid = Grid::new(rules, starts, &busy);
    let table = availability.zone().table();
    let spans = availability.spans(starts.start, starts.end);
    grid.reserve(&spans);
    for span in spans {
        if span.end - span.start > DAY_SECONDS { grid.by_days(span, table) } else { grid.steps(span, span) }
    }
    grid.slots
}

/// The seconds at which a slot may start by range, notice and horizon.
fn starts(rules: &SlotRules, now: DateTime<Utc>, range: Interval) -> Span {
    let notice = ceil(now) + rules.notice_min * 60;
    let horizon = now.timestamp() + rules.horizon_days * DAY_SECONDS;
    Span {
        start: ceil(range.start).max(notice).max(EARLIEST),
        end: ceil(range.end).min(horizon + 1).min(LATEST),
    }
}

fn ceil(instant: DateTime<Utc>) -> i64 {
    instant.timestamp() + i64::from(instant.timestamp_subsec_nanos() > 0)
}

/// The busy ranges that slots with these starts can meet, sorted and merged.
fn merge(busy: &[Interval], rules: &SlotRules, starts: Span) -> Vec<Span> {
    let first = starts.start - i64::from(rules.buffer_before_min) * 60;
    let last = starts.end + (i64::from(rules.duration_min) + i64::from(rules.buffer_after_min)) * 60;
    let mut near = Vec::with_capacity(busy.len());
    near.extend(
        busy.iter()
            .filter(|claim| !claim.is_empty())
            .map(|claim| Span { start: claim.start.timestamp(), end: ceil(claim.end) })
            .filter(|claim| claim.end > first && claim.start < last),
    );
    near.sort_unstable_by_key(|claim| claim.start);
    let mut merged = Vec::with_capacity(near.len());
    for claim in near {
        push_merged(&mut merged, claim);
    }
    merged
}

/// Walks the grid from the earliest start to the latest.
struct Grid<'a> {
    starts: Span,
    step: i64,
    duration: i64,
    before: i64,
    /// From the start of a slot to the end of the buffer after it.
    after: i64,
    /// The claims that end after the buffer before the last candidate starts.
    busy: &'a [Span],
    calendar: Calendar,
    slots: Vec<Slot>,
}

impl<'a> Grid<'a> {
    fn new(rules: &SlotRules, starts: Span, busy: &'a [Span]) -> Grid<'a> {
        let seconds = |minutes: u16| i64::from(minutes) * 60;
        Grid {
            starts,
            step: seconds(rules.step_min),
            duration: seconds(rules.duration_min),
            before: seconds(rules.buffer_before_min),
            after: seconds(rules.duration_min) + seconds(rules.buffer_after_min),
            busy,
            calendar: Calendar::default(),
            slots: Vec::new(),
        }
    }

    /// Makes room for the slots of a tutor without claims.
    fn reserve(&mut self, spans: &[Span]) {
        let seen = |span: &Span| span.end.min(self.starts.end) - span.start.max(self.starts.start);
        let room = spans.iter().map(|span| seen(span).max(0) / self.step + 1).sum::<i64>();
        self.slots.reserve(usize::try_from(room).unwrap_or(0));
    }

    /// The starts of an interval longer than 24 hours, anchored anew at each civil day.
    fn by_days(&mut self, span: Span, table: &Table) {
        let mut anchor = span.start;
        let mut day = local_seconds(anchor, table.offset(anchor)).div_euclid(DAY_SECONDS) + 1;
        let end = span.end.min(self.starts.end);
        while anchor < end {
            let next = table.reach(day * DAY_SECONDS);
            if next > anchor {
                self.steps(Span { start: anchor, end: next }, span);
                anchor = next;
            }
            day += 1;
        }
    }

    /// The starts within `part` from its start on, whose slots fit into `whole`: run by run, up to
    /// the next claim and on after it.
    fn steps(&mut self, part: Span, whole: Span) {
        let end = part.end.min(self.starts.end).min(whole.end - self.duration + 1);
        let mut start = self.skip(part.start, self.starts.start);
        while start < end {
            let claim = self.next_claim(start);
            let clear = claim.map_or(end, |claim| end.min(claim.start - self.after + 1));
            while start < clear {
                let (from, until) = (self.calendar.at(start), self.calendar.at(start + self.duration));
                self.slots.push(Slot { start: from, end: until });
                start += self.step;
            }
            if let Some(claim) = claim {
                start = self.skip(start, claim.end + self.before);
            }
        }
    }

    /// The first start of the grid through `start` that is neither before it nor before `bound`.
    fn skip(&self, start: i64, bound: i64) -> i64 {
        start + ((bound - start).max(0) + self.step - 1) / self.step * self.step
    }

    /// The first claim that is not over when the buffer before `start` begins. Asked in order of time.
    fn next_claim(&mut self, start: i64) -> Option<Span> {
        while let [first, rest @ ..] = self.busy
            && first.end <= start - self.before
        {
            self.busy = rest;
        }
        self.busy.first().copied()
    }
}

/// Seconds to instants, remembering the date, which costs the most.
#[derive(Default)]
struct Calendar {
    midnight: i64,
    date: NaiveDate,
}

impl Calendar {
    fn at(&mut self, instant: i64) -> DateTime<Utc> {
        let mut second = instant - self.midnight;
        if !(0..DAY_SECONDS).contains(&second) {
            let day = instant.div_euclid(DAY_SECONDS);
            self.midnight = day * DAY_SECONDS;
            second = instant - self.midnight;
            self.date = DateTime::from_timestamp(self.midnight, 0).unwrap_or_default().date_naive();
        }
        let second = u32::try_from(second).unwrap_or(0);
        let time = NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap_or_default();
        NaiveDateTime::new(self.date, time).and_utc()
    }
}
