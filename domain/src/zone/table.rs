//! The offsets of one zone as a sorted table, for lookups by integer arithmetic alone.

use std::sync::OnceLock;

use chrono_tz::{TZ_VARIANTS, Tz};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `NAME OFFSET LENGTH` lines, an empty line, then the TZif files (`scripts/refresh-tzdata`).
static PACKED: &[u8] = include_bytes!("../../data/tzdata.bin");

/// 2200-01-01T00:00Z: no change of the clock is looked up from here on.
pub(crate) const LAST_CHANGE: i64 = 7_258_118_400;

/// No zone is or was this many seconds away from UTC.
const WIDEST_OFFSET: i64 = 26 * 3_600;

/// A stretch of constant offset, which lasts until the next one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Its first instant, seconds since 1970-01-01T00:00Z.
    pub start: i64,
    /// Seconds ahead of UTC.
    pub offset: i32,
}

impl Segment {
    /// The local time at which it starts, seconds since 1970-01-01T00:00.
    fn local_start(self) -> i64 {
        self.start.saturating_add(i64::from(self.offset))
    }
}

/// All segments of a zone in order; the first starts before every other instant.
#[derive(Debug)]
pub(crate) struct Table(Vec<Segment>);

/// Where a local time stands in a table.
enum Place {
    /// Clocks show it, first in this segment.
    Shown(Segment),
    /// Clocks jump over it from the first segment to the second.
    Skipped(Segment, Segment),
}

/// The table of a zone, read at its first use.
pub(crate) fn of(zone: Tz) -> &'static Table {
    static TABLES: [OnceLock<Table>; TZ_VARIANTS.len()] = [const { OnceLock::new() }; TZ_VARIANTS.len()];
    static UTC: OnceLock<Table> = OnceLock::new();
    // A test holds every zone's data readable and the order of the two lists equal, so that UTC
    // stands in for nothing.
    match TABLES.get(zone as usize) {
        Some(cell) => cell.get_or_init(|| read(zone.name()).unwrap_or_else(Table::utc)),
        None => UTC.get_or_init(Table::utc),
    }
}

/// Reads a zone out of the packed data; `None` when it has no such zone.
pub(super) fn read(name: &str) -> Option<Table> {
    let header_end = PACKED.windows(2).position(|pair| pair == b"\n\n")?;
    let header = std::str::from_utf8(PACKED.get(..header_end)?).ok()?;
    let body = PACKED.get(header_end + 2..)?;
    let place = header.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    let (offset, length) = place.split_once(' ')?;
    let offset: usize = offset.parse().ok()?;
    let data = body.get(offset..)?.get(..length.parse().ok()?)?;
    Some(Table::build(&TimeZone::tzif(name, data).ok()?))
}

impl Table {
    fn utc() -> Table {
        Table(vec![Segment { start: i64::MIN, offset: 0 }])
    }

    fn build(zone: &TimeZone) -> Table {
        let first = zone.to_offset(Timestamp::MIN).seconds();
        let mut segments = vec![Segment { start: i64::MIN, offset: first }];
        let mut offset = first;
        for change in zone.following(Timestamp::MIN) {
            let start = change.timestamp().as_second();
            if start >= LAST_CHANGE {
                break;
            }
            if change.offset().seconds() != offset {
                offset = change.offset().seconds();
                segments.push(Segment { start, offset });
            }
        }
        Table(segments)
    }

    /// Every segment, in order.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The index of the segment in force at an instant.
    pub(crate) fn index(&self, instant: i64) -> usize {
        self.0.partition_point(|segment| segment.start <= instant).saturating_sub(1)
    }

    /// The end of the segment at `index`, exclusive.
    pub(crate) fn end(&self, index: usize) -> i64 {
        self.0.get(index + 1).map_or(i64::MAX, |next| next.start)
    }

    /// The index of a segment at or before the first one in which clocks show `local`.
    pub(crate) fn index_before_local(&self, local: i64) -> usize {
        self.index(local.saturating_sub(WIDEST_OFFSET))
    }

    /// Seconds ahead of UTC at an instant.
    pub(crate) fn offset(&self, instant: i64) -> i32 {
        self.0.get(self.index(instant)).map_or(0, |segment| segment.offset)
    }

    fn place(&self, local: i64) -> Place {
        let from = self.index_before_local(local);
        let mut before = Segment { start: i64::MIN, offset: 0 };
        for (index, &segment) in self.0.iter().enumerate().skip(from) {
            if local < segment.local_start() {
                return Place::Skipped(before, segment);
            }
            if local < self.end(index).saturating_add(i64::from(segment.offset)) {
                return Place::Shown(segment);
            }
            before = segment;
        }
        Place::Shown(before)
    }

    /// The instant of a local time: of two the first, in a gap moved forward by the gap.
    pub(crate) fn instant(&self, local: i64) -> i64 {
        let (Place::Shown(segment) | Place::Skipped(segment, _)) = self.place(local);
        local.saturating_sub(i64::from(segment.offset))
    }

    /// The first instant at which clocks show `local` or, where they skip it, have passed it.
    pub(crate) fn reach(&self, local: i64) -> i64 {
        match self.place(local) {
            Place::Shown(segment) => local.saturating_sub(i64::from(segment.offset)),
            Place::Skipped(_, after) => after.start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_zone_has_its_data_at_its_own_index() {
        for (index, zone) in TZ_VARIANTS.iter().enumerate() {
            assert_eq!(*zone as usize, index, "{zone}");
            let table = read(zone.name());
            assert!(table.is_some_and(|table| table.0 == of(*zone).0), "{zone}");
        }
    }

    #[test]
    fn no_offset_reaches_the_widest() {
        for zone in TZ_VARIANTS {
            for segment in of(zone).segments() {
                assert!(i64::from(segment.offset).abs() < WIDEST_OFFSET, "{zone} {segment:?}");
            }
        }
    }
}
