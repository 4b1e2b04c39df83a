//! Where the keys of a grid of days lead. Plain arithmetic over the days that are shown.

/// Where the focus lands in the month that a key led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landing {
    /// The first day.
    First,
    /// The last day.
    Last,
    /// The first day in a column.
    FirstIn(usize),
    /// The last day in a column.
    LastIn(usize),
    /// The day of that place in the month, or the last one.
    Place(usize),
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// Another day of this month, by its place.
    To(usize),
    /// The month before.
    Previous(Landing),
    /// The month after.
    Next(Landing),
}

/// What `key` asks for at the day of place `at` of a month with `count` days whose first day stands in
/// column `first`. `None` for keys that mean nothing here.
pub fn step(key: &str, at: usize, first: usize, count: usize) -> Option<Go> {
    let column = (first + at) % 7;
    Some(match key {
        "ArrowLeft" => at.checked_sub(1).map_or(Go::Previous(Landing::Last), Go::To),
        "ArrowRight" if at + 1 < count => Go::To(at + 1),
        "ArrowRight" => Go::Next(Landing::First),
        "ArrowUp" => at.checked_sub(7).map_or(Go::Previous(Landing::LastIn(column)), Go::To),
        "ArrowDown" if at + 7 < count => Go::To(at + 7),
        "ArrowDown" => Go::Next(Landing::FirstIn(column)),
        "Home" => Go::To(at.saturating_sub(column)),
        "End" => Go::To((at + 6 - column).min(count.saturating_sub(1))),
        "PageUp" => Go::Previous(Landing::Place(at)),
        "PageDown" => Go::Next(Landing::Place(at)),
        _ => return None,
    })
}

/// The place of the day on which the focus lands.
pub fn land(landing: Landing, first: usize, count: usize) -> usize {
    let last = count.saturating_sub(1);
    match landing {
        Landing::First => 0,
        Landing::Last => last,
        Landing::FirstIn(column) => (column + 7 - first % 7) % 7,
        Landing::LastIn(column) => last - (first + last + 7 - column) % 7,
        Landing::Place(place) => place.min(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_move_by_days_weeks_and_months() {
        // December 2026 in weeks from Monday: the 1st is a Tuesday, 31 days.
        let cases = [
            ("ArrowRight", 0, Some(Go::To(1))),
            ("ArrowLeft", 0, Some(Go::Previous(Landing::Last))),
            ("ArrowRight", 30, Some(Go::Next(Landing::First))),
            ("ArrowDown", 0, Some(Go::To(7))),
            ("ArrowDown", 24, Some(Go::Next(Landing::FirstIn(4)))),
            ("ArrowUp", 6, Some(Go::Previous(Landing::LastIn(0)))),
            ("ArrowUp", 7, Some(Go::To(0))),
            ("Home", 3, Some(Go::To(0))),
            ("Home", 9, Some(Go::To(6))),
            ("End", 0, Some(Go::To(5))),
            ("End", 29, Some(Go::To(30))),
            ("PageUp", 9, Some(Go::Previous(Landing::Place(9)))),
            ("PageDown", 30, Some(Go::Next(Landing::Place(30)))),
            ("Tab", 3, None),
        ];
        for (key, at, expected) in cases {
            assert_eq!(step(key, at, 1, 31), expected, "{key} at {at}");
        }
    }

    #[test]
    fn the_focus_lands_in_the_same_column() {
        // November 2026: the 1st is a Sunday (column 6), 30 days; the 30th is a Monday.
        let cases = [
            (Landing::First, 0),
            (Landing::Last, 29),
            (Landing::FirstIn(6), 0),
            (Landing::FirstIn(0), 1),
            (Landing::LastIn(0), 29),
            (Landing::LastIn(1), 23),
            (Landing::Place(30), 29),
        ];
        for (landing, place) in cases {
            assert_eq!(land(landing, 6, 30), place, "{landing:?}");
        }
    }
}
