//! Where a page of a list goes on, newest first: after the row with this time and this id.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use domain::{Code, Refusal};

/// The last row of a page: its time and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor<T> {
    /// Its time, in whole microseconds.
    pub at: DateTime<Utc>,
    /// Its id: rows of one time have an order.
    pub id: T,
}

impl<T: fmt::Display> fmt::Display for Cursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.timestamp_micros(), self.id)
    }
}

impl<T: FromStr> FromStr for Cursor<T> {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let read = || {
            let (at, id) = text.split_once('.')?;
            // Postgres counts from another epoch: what it can hold is less than what we can.
            let micros = at.parse().ok().filter(|at: &i64| at.unsigned_abs() < 1 << 53)?;
            Some(Cursor { at: DateTime::from_timestamp_micros(micros)?, id: id.parse().ok()? })
        };
        read().ok_or(Refusal::on(Code::InvalidRequest, "cursor", "cursor"))
    }
}

/// A page of a list, newest first.
#[derive(Clone, Debug)]
pub struct Slice<T, C> {
    /// Its rows.
    pub rows: Vec<T>,
    /// Where the next one goes on; `None` at the end.
    pub next: Option<Cursor<C>>,
}

impl<T, C> Slice<T, C> {
    /// From one row more than the page has, where there are as many.
    pub(super) fn new(mut rows: Vec<T>, limit: usize, cursor: impl Fn(&T) -> Cursor<C>) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor);
        Slice { rows, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let at = DateTime::from_timestamp_micros(1_803_888_000_000_001).expect("an instant");
        let cursor = Cursor { at, id: 7_i64 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in [
            "",
            ".",
            "1",
            "1.",
            ".1",
            "x.1",
            "1.x",
            "1.1.1",
            "9223372036854775807.1",
            "1.99999999999999999999",
        ] {
            assert!(text.parse::<Cursor<i64>>().is_err(), "{text}");
        }
    }
}
