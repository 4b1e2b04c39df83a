//! Ratings, feedback and their mean.
#![allow(clippy::unwrap_used, reason = "a test")]

use domain::Code;
use domain::review::{Feedback, MAX_FEEDBACK, Rating, mean_tenths};
use proptest::prelude::*;

#[test]
fn ratings_are_whole_stars() {
    for (stars, low) in [(1, true), (2, true), (3, false), (4, false), (5, false)] {
        let rating = Rating::parse(stars).unwrap();
        assert_eq!((i64::from(rating.stars()), rating.is_low()), (stars, low));
        assert_eq!(serde_json::to_value(rating).unwrap(), stars);
    }
    for wrong in [0, 6, -1, 257, 260, i64::MIN, i64::MAX] {
        assert_eq!(Rating::parse(wrong).unwrap_err().code, Code::InvalidRating, "{wrong}");
        assert!(serde_json::from_value::<Rating>(wrong.into()).is_err());
    }
    assert!(serde_json::from_str::<Rating>("4.5").is_err());
}

#[test]
fn feedback_is_counted_in_characters() {
    let rows = [
        ("", 0, true),
        ("é", MAX_FEEDBACK, true),
        ("🎓", MAX_FEEDBACK, true),
        ("a", MAX_FEEDBACK + 1, false),
    ];
    for (text, count, valid) in rows {
        let text = text.repeat(count);
        assert_eq!(Feedback::parse(&text).is_ok(), valid, "{count} times {text:.4}");
        assert_eq!(serde_json::from_value::<Feedback>(text.into()).is_ok(), valid);
    }
    assert_eq!(Feedback::parse("  thank you\n").unwrap().as_str(), "thank you");
    assert_eq!(
        Feedback::parse(&format!(" {} ", "a".repeat(MAX_FEEDBACK))).unwrap().as_str().len(),
        MAX_FEEDBACK
    );
}

#[test]
fn means_round_half_up() {
    let rows = [
        (0, 0, None),
        (5, 0, None),
        (87, 20, Some(44)),
        (86, 20, Some(43)),
        (5, 1, Some(50)),
        (9, 2, Some(45)),
        (13, 3, Some(43)),
        (14, 3, Some(47)),
        (69, 20, Some(35)),
        (u64::MAX, 1, None),
        (u64::MAX, u64::MAX, Some(10)),
    ];
    for (sum, count, tenths) in rows {
        assert_eq!(mean_tenths(sum, count), tenths, "{sum} / {count}");
    }
}

proptest! {
    #[test]
    fn means_lie_between_the_ratings(ratings in prop::collection::vec(1_u64..=5, 1..50)) {
        let (sum, count) = (ratings.iter().sum(), ratings.len() as u64);
        let tenths = u64::from(mean_tenths(sum, count).unwrap());
        prop_assert!(ratings.iter().min().unwrap() * 10 <= tenths);
        prop_assert!(tenths <= ratings.iter().max().unwrap() * 10);
        // |tenths - 10 sum / count| is at most a half, and a half only upwards.
        let twice = 2 * i128::from(tenths * count) - 20 * i128::from(sum);
        prop_assert!(-i128::from(count) < twice && twice <= i128::from(count));
    }
}
