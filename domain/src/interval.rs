//! Half-open intervals `[start, end)` of instants and sets of them (rules, Time 1).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The instants from `start` until just before `end`. Empty when `end` is not after `start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// The first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
}

impl Interval {
    /// `[start, end)`.
    #[must_use]
    pub const fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Interval {
        Interval { start, end }
    }

    /// Whether it holds no instant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// Its length; zero when it is empty.
    #[must_use]
    pub fn length(&self) -> TimeDelta {
        (self.end - self.start).max(TimeDelta::zero())
    }

    /// Whether the instant lies in it.
    #[must_use]
    pub fn contains(&self, instant: DateTime<Utc>) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Whether the two share an instant. Back-to-back intervals do not.
    #[must_use]
    pub fn overlaps(&self, other: &Interval) -> bool {
        !self.intersect(other).is_empty()
    }

    /// The instants in both, perhaps none.
    #[must_use]
    pub fn intersect(&self, other: &Interval) -> Interval {
        Interval::new(self.start.max(other.start), self.end.min(other.end))
    }
}

/// A set of instants as intervals: sorted, disjoint, none empty; intervals that touch are one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntervalSet(Vec<Interval>);

impl IntervalSet {
    /// The intervals, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Interval] {
        &self.0
    }

    /// The intervals, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Interval> {
        self.0.iter()
    }

    /// Whether it holds no instant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time that it covers.
    #[must_use]
    pub fn length(&self) -> TimeDelta {
        self.0.iter().fold(TimeDelta::zero(), |sum, interval| sum + interval.length())
    }

    /// Whether the instant is in the set.
    #[must_use]
    pub fn contains(&self, instant: DateTime<Utc>) -> bool {
        let after = self.0.partition_point(|interval| interval.start <= instant);
        after.checked_sub(1).and_then(|index| self.0.get(index)).is_some_and(|last| instant < last.end)
    }

    /// The instants of either set.
    #[must_use]
    pub fn union(&self, other: &IntervalSet) -> IntervalSet {
        self.0.iter().chain(&other.0).copied().collect()
    }

    /// The instants of both sets.
    #[must_use]
    pub fn intersect(&self, other: &IntervalSet) -> IntervalSet {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = Vec::new();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let both = a.intersect(b);
            if !both.is_empty() {
                common.push(both);
            }
            if a.end <= b.end {
                left.next()
            } else {
                right.next()
            };
        }
        IntervalSet(common)
    }

    /// The instants of this set that are not in the other.
    #[must_use]
    pub fn subtract(&self, other: &IntervalSet) -> IntervalSet {
        let mut rest = Vec::new();
        let mut from = 0;
        for interval in &self.0 {
            let mut start = interval.start;
            from += other.0.iter().skip(from).take_while(|cut| cut.end <= start).count();
            for cut in other.0.iter().skip(from).take_while(|cut| cut.start < interval.end) {
                if start < cut.start {
                    rest.push(Interval::new(start, cut.start));
                }
                start = start.max(cut.end);
            }
            if start < interval.end {
                rest.push(Interval::new(start, interval.end));
            }
        }
        IntervalSet(rest)
    }

    /// The instants of the set within one interval.
    #[must_use]
    pub fn within(&self, range: &Interval) -> IntervalSet {
        self.intersect(&IntervalSet::from_iter([*range]))
    }
}

impl FromIterator<Interval> for IntervalSet {
    /// In any order, overlapping or not; empty intervals are left out.
    fn from_iter<I: IntoIterator<Item = Interval>>(intervals: I) -> IntervalSet {
        let mut sorted: Vec<Interval> = intervals.into_iter().filter(|one| !one.is_empty()).collect();
        sorted.sort_unstable_by_key(|interval| interval.start);
        sorted.dedup_by(|next, last| {
            let touches = next.start <= last.end;
            if touches {
                last.end = last.end.max(next.end);
            }
            touches
        });
        IntervalSet(sorted)
    }
}

impl IntoIterator for IntervalSet {
    type Item = Interval;
    type IntoIter = std::vec::IntoIter<Interval>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a IntervalSet {
    type Item = &'a Interval;
    type IntoIter = std::slice::Iter<'a, Interval>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
