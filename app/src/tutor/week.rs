//! The week of a tutor as a grid of half hours and as ranges of time. Pure arithmetic on the minutes of a
//! week; instants are the server's business.

/// Minutes of a day.
const DAY: usize = 1_440;
/// Minutes of a week.
const WEEK: usize = 7 * DAY;
/// Minutes of a cell of the grid.
pub const CELL: u16 = 30;
/// Cells of a day.
pub const CELLS: u16 = 48;

/// A range of a weekday (0 is Sunday), as typed: `HH:MM` to `HH:MM`, past midnight where the end is not
/// after the start.
pub type Range = (u8, String, String);

/// `HH:MM` in minutes, up to `24:00`.
#[must_use]
pub fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |text: &str| (text.len() <= 2).then(|| text.parse::<u16>().ok()).flatten();
    let (hour, minute) = (number(hour)?, number(minute)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= 1_440).then_some(total)
}

/// Minutes from midnight as `HH:MM`; the end of a day is `00:00`, as fields for times write it.
#[must_use]
pub fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
}

/// Which minutes of the week are open. Ranges that cannot be read are left out.
fn open_minutes<'a>(ranges: impl IntoIterator<Item = (u8, &'a str, &'a str)>) -> Vec<bool> {
    let mut open = vec![false; WEEK];
    for (weekday, start, end) in ranges {
        let (Some(start), Some(end)) = (minutes(start).filter(|start| *start < 1_440), minutes(end)) else {
            continue;
        };
        let end = if end <= start { end + 1_440 } else { end };
        for minute in start..end {
            open[(usize::from(weekday % 7) * DAY + usize::from(minute)) % WEEK] = true;
        }
    }
    open
}

/// Which cells of the grid are open at least in part: `weekday * 48 + cell`.
#[must_use]
pub fn cells<'a>(ranges: impl IntoIterator<Item = (u8, &'a str, &'a str)>) -> Vec<bool> {
    open_minutes(ranges).chunks(usize::from(CELL)).map(|cell| cell.contains(&true)).collect()
}

/// The ranges after some cells were opened or closed. The minutes of other cells stay as they are.
#[must_use]
pub fn paint<'a>(
    ranges: impl IntoIterator<Item = (u8, &'a str, &'a str)>,
    painted: impl IntoIterator<Item = (u8, u16)>,
    to_open: bool,
) -> Vec<Range> {
    let mut open = open_minutes(ranges);
    for (weekday, cell) in painted {
        let first = usize::from(weekday % 7) * DAY + usize::from(cell % CELLS) * usize::from(CELL);
        open[first..first + usize::from(CELL)].fill(to_open);
    }
    ranges_of(&open)
}

/// Open minutes as ranges. A run over midnight is one range of the day on which it starts; one of more
/// than 24 hours is cut at each midnight.
fn ranges_of(open: &[bool]) -> Vec<Range> {
    let Some(closed) = open.iter().position(|open| !open) else {
        return (0..7).map(|day| (day, clock(0), clock(0))).collect();
    };
    let mut ranges = Vec::new();
    let mut at = closed;
    while at < closed + WEEK {
        if !open[at % WEEK] {
            at += 1;
            continue;
        }
        let end = (at..closed + WEEK).find(|minute| !open[minute % WEEK]).unwrap_or(closed + WEEK);
        if end - at <= DAY {
            ranges.push((at, end));
        } else {
            let mut from = at;
            while from < end {
                let midnight = (from / DAY + 1) * DAY;
                ranges.push((from, end.min(midnight)));
                from = midnight;
            }
        }
        at = end;
    }
    ranges.sort_by_key(|(start, _)| start % WEEK);
    ranges.into_iter().filter_map(|(start, end)| range(start, end)).collect()
}

fn range(start: usize, end: usize) -> Option<Range> {
    let weekday = u8::try_from(start / DAY % 7).ok()?;
    let (from, until) = (u16::try_from(start % DAY).ok()?, u16::try_from(end % DAY).ok()?);
    Some((weekday, clock(from), clock(until)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(ranges: &[(u8, &str, &str)], cells: &[(u8, u16)], open: bool) -> Vec<(u8, String, String)> {
        paint(ranges.iter().copied(), cells.iter().copied(), open)
    }

    #[test]
    fn painting_is_written_as_ranges() {
        type Case<'a> = (&'a [(u8, &'a str, &'a str)], &'a [(u8, u16)], bool, &'a [(u8, &'a str, &'a str)]);
        let cases: [Case<'_>; 8] = [
            (&[], &[(1, 18), (1, 19)], true, &[(1, "09:00", "10:00")]),
            (&[(1, "09:00", "10:00")], &[(1, 20)], true, &[(1, "09:00", "10:30")]),
            (&[(1, "09:00", "12:00")], &[(1, 20)], false, &[(1, "09:00", "10:00"), (1, "10:30", "12:00")]),
            // A minute that no cell touched stays.
            (&[(1, "09:10", "10:00")], &[(1, 20)], true, &[(1, "09:10", "10:30")]),
            // Over midnight, and over the end of the week.
            (&[(1, "22:00", "00:00")], &[(2, 0)], true, &[(1, "22:00", "00:30")]),
            (&[(6, "23:00", "01:00")], &[(0, 2)], true, &[(6, "23:00", "01:30")]),
            (&[(1, "10:00", "10:30")], &[(1, 20)], false, &[]),
            // More than a day is cut at midnight.
            (
                &[(1, "08:00", "00:00"), (2, "00:00", "10:00")],
                &[],
                true,
                &[(1, "08:00", "00:00"), (2, "00:00", "10:00")],
            ),
        ];
        for (ranges, cells, open, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(d, s, e)| (*d, (*s).into(), (*e).into())).collect();
            assert_eq!(painted(ranges, cells, open), expected, "{ranges:?} {cells:?}");
        }
    }

    #[test]
    fn a_whole_week_is_seven_days() {
        let week: Vec<_> = (0..7).map(|day| (day, "00:00", "24:00")).collect();
        assert_eq!(painted(&week, &[], true).len(), 7);
        assert!(cells(week).iter().all(|open| *open));
    }

    #[test]
    fn ranges_and_cells_agree() {
        // Every range of half hours that a day can have, alone: what is written opens the same cells.
        for start in 0..48_u16 {
            for length in 1..=48_u16 {
                let end = clock((start + length) * CELL % 1_440);
                let first = clock(start * CELL);
                let open = cells([(3, first.as_str(), end.as_str())]);
                assert_eq!(open.iter().filter(|open| **open).count(), usize::from(length));
                let written = painted(&[(3, &first, &end)], &[], true);
                let again = cells(written.iter().map(|(d, s, e)| (*d, s.as_str(), e.as_str())));
                assert_eq!(open, again, "{first} {end}");
            }
        }
    }

    #[test]
    fn times_are_read_as_typed() {
        for (text, read) in [
            ("09:30", Some(570)),
            ("9:30", Some(570)),
            ("24:00", Some(1_440)),
            ("24:01", None),
            ("09:60", None),
            ("", None),
            ("9", None),
            ("-1:00", None),
        ] {
            assert_eq!(minutes(text), read, "{text}");
        }
    }
}
