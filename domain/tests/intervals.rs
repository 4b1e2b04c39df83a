//! Sets of instants against a plain list of minutes.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::interval::{Interval, IntervalSet};
use proptest::prelude::*;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute)
}

/// Pairs of minutes, some empty or backwards.
fn pairs() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((0_i64..60, 0_i64..60), 0..12)
}

fn set(pairs: &[(i64, i64)]) -> IntervalSet {
    pairs.iter().map(|&(start, end)| Interval::new(at(start), at(end))).collect()
}

fn minutes(pairs: &[(i64, i64)]) -> BTreeSet<i64> {
    pairs.iter().flat_map(|&(start, end)| start..end).collect()
}

/// Holds the shape that the type promises, and gives the minutes of a set.
fn checked(set: &IntervalSet) -> BTreeSet<i64> {
    assert!(set.iter().all(|interval| interval.start < interval.end));
    assert!(set.as_slice().windows(2).all(|pair| pair[0].end < pair[1].start));
    (0..60).filter(|minute| set.contains(at(*minute))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn sets_are_sets_of_minutes(a in pairs(), b in pairs()) {
        let (left, right) = (set(&a), set(&b));
        let (x, y) = (minutes(&a), minutes(&b));
        prop_assert_eq!(checked(&left), x.clone());
        prop_assert_eq!(checked(&left.union(&right)), &x | &y);
        prop_assert_eq!(checked(&left.intersect(&right)), &x & &y);
        prop_assert_eq!(checked(&left.subtract(&right)), &x - &y);
        prop_assert_eq!(left.length(), TimeDelta::minutes(i64::try_from(x.len()).unwrap()));
        prop_assert_eq!(left.is_empty(), x.is_empty());
    }

    #[test]
    fn the_laws_hold(a in pairs(), b in pairs(), c in pairs()) {
        let (a, b, c) = (set(&a), set(&b), set(&c));
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.intersect(&b), b.intersect(&a));
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(a.intersect(&b.union(&c)), a.intersect(&b).union(&a.intersect(&c)));
        prop_assert_eq!(a.subtract(&b).subtract(&c), a.subtract(&b.union(&c)));
        prop_assert_eq!(a.subtract(&b).union(&a.intersect(&b)), a.clone());
        prop_assert_eq!(a.iter().copied().collect::<IntervalSet>(), a);
    }

    #[test]
    fn overlap_is_a_shared_instant(a in (0_i64..20, 0_i64..20), b in (0_i64..20, 0_i64..20)) {
        let shared = !(&minutes(&[a]) & &minutes(&[b])).is_empty();
        let (a, b) = (Interval::new(at(a.0), at(a.1)), Interval::new(at(b.0), at(b.1)));
        prop_assert_eq!(a.overlaps(&b), shared);
    }
}

#[test]
fn back_to_back_is_allowed_and_a_microsecond_is_not() {
    let first = Interval::new(at(0), at(60));
    let next = Interval::new(at(60), at(120));
    assert!(!first.overlaps(&next) && !next.overlaps(&first));
    let early = Interval::new(at(60) - TimeDelta::microseconds(1), at(120));
    assert!(first.overlaps(&early) && early.overlaps(&first));
    assert!(first.contains(at(0)) && !first.contains(at(60)));
    assert_eq!(IntervalSet::from_iter([next, first]).as_slice(), [Interval::new(at(0), at(120))]);
    let apart = IntervalSet::from_iter([first, Interval::new(at(61), at(62))]);
    assert_eq!(apart.within(&Interval::new(at(30), at(61))).as_slice(), [Interval::new(at(30), at(60))]);
}
