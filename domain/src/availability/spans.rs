//! From windows of wall clock to instants, in whole seconds.

use super::{Availability, Window, day_number};
use crate::zone::{DAY_SECONDS, LAST_CHANGE, Table, local_seconds};

/// 1970-01-01T00:00Z: nothing is offered before.
pub(crate) const EARLIEST: i64 = 0;
/// 2200-01-01T00:00Z: nothing is offered from here on.
pub(crate) const LATEST: i64 = LAST_CHANGE;

/// Days looked at before and after those asked for, so that what is seen of an interval tells its
/// true start, or else that it is longer than 24 hours, be a day 23 hours long or skipped.
const DAYS_BEFORE: i64 = 4;
const DAYS_AFTER: i64 = 3;

/// `[start, end)` in seconds, of UTC or of a wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first second.
    pub start: i64,
    /// The first second after it.
    pub end: i64,
}

/// Adds a span that starts no earlier than those before; what touches becomes one.
pub(crate) fn push_merged(spans: &mut Vec<Span>, span: Span) {
    match spans.last_mut() {
        Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
        _ => spans.push(span),
    }
}

impl Availability {
    /// The merged intervals that hold or follow the instants of `[from, until)`, both in
    /// `EARLIEST..=LATEST`. Those that reach beyond are given with at least a day more on either
    /// side, or with their true ends.
    pub(crate) fn spans(&self, from: i64, until: i64) -> Vec<Span> {
        let table = self.zone.table();
        let day = |instant| local_seconds(instant, table.offset(instant)).div_euclid(DAY_SECONDS);
        instants(table, &self.walls(day(from) - DAYS_BEFORE, day(until) + DAYS_AFTER))
    }

    /// The windows of the days `first..=last` (since 1970-01-01), merged, as spans of wall clock.
    fn walls(&self, first: i64, last: i64) -> Vec<Span> {
        let mut walls = Vec::with_capacity(usize::try_from(last - first).unwrap_or(0) * 2 + 2);
        let skipped = self.overrides.partition_point(|day| day_number(day.date) < first);
        let mut overrides =
            self.overrides.iter().skip(skipped).map(|day| (day_number(day.date), day)).peekable();
        let mut weekday = usize::try_from((first + 4).rem_euclid(7)).unwrap_or(0);
        for day in first..=last {
            let own = overrides.next_if(|(date, _)| *date == day);
            let cut = overrides.peek().is_some_and(|(date, _)| *date == day + 1);
            let mut add = |window: Window| push_merged(&mut walls, wall(day, window, cut));
            match own {
                Some((_, day)) => day.windows.iter().copied().for_each(&mut add),
                None => {
                    let windows = self.weekdays[weekday]..self.weekdays[weekday + 1];
                    self.weekly[windows].iter().map(|entry| entry.window).for_each(&mut add);
                }
            }
            weekday = if weekday == 6 { 0 } else { weekday + 1 };
        }
        walls
    }
}

/// A window on its day; an override of the next day cuts its tail.
fn wall(day: i64, window: Window, cut: bool) -> Span {
    let midnight = day * DAY_SECONDS;
    let end = midnight + i64::from(window.end()) * 60;
    let start = midnight + i64::from(window.start()) * 60;
    Span { start, end: if cut { end.min(midnight + DAY_SECONDS) } else { end } }
}

/// The instants at which clocks show one of the walls: none in a gap, both passes of a fold.
fn instants(table: &Table, walls: &[Span]) -> Vec<Span> {
    let mut spans = Vec::with_capacity(walls.len() + 2);
    let (Some(first), Some(last)) = (walls.first(), walls.last()) else { return spans };
    let from = table.index_before_local(first.start);
    for (index, segment) in table.segments().iter().enumerate().skip(from) {
        let offset = i64::from(segment.offset);
        let start = segment.start.saturating_add(offset);
        let end = table.end(index).saturating_add(offset);
        let seen = walls.partition_point(|wall| wall.end <= start);
        for wall in walls[seen..].iter().take_while(|wall| wall.start < end) {
            push_merged(
                &mut spans,
                Span { start: wall.start.max(start) - offset, end: wall.end.min(end) - offset },
            );
        }
        // Two days are more than any fold repeats.
        if start > last.end + 2 * DAY_SECONDS {
            break;
        }
    }
    spans
}
