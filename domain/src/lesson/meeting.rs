//! What became of a lesson, from what its meeting's provider tells by itself.

use chrono::{DateTime, TimeDelta, Utc};

use super::LessonEvent;
use crate::booking::Party;

/// Who took part, as far as the meeting's provider and we together know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The owner of the account.
    Tutor,
    /// Somebody signed in under the student's address.
    Student,
    /// Somebody else, or the student under another name.
    Guest,
}

impl Who {
    /// A guest is on record, and proves nothing: anybody can be one.
    #[must_use]
    pub const fn party(self) -> Option<Party> {
        match self {
            Who::Tutor => Some(Party::Tutor),
            Who::Student => Some(Party::Student),
            Who::Guest => None,
        }
    }
}

/// What was told of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Somebody came.
    Came(Who),
    /// It ended.
    Ended,
}

/// What follows for a lesson, from its start to its end, from all that was told of its meeting, in any order. It is
/// over when the meeting ended after the start and after its tutor was there, and nobody but the tutor came back before
/// the scheduled end: a connection that fails for a moment ends a meeting, too. A student who looks in before the tutor
/// comes and leaves again ends no lesson, and a tutor who tries the meeting before it and leaves was not there. Where
/// the provider does not know its tutor (a browser without their account), they were there from when they `clicked` on
/// our link. `held` is the end that is on record; one that a later message shows to be none is taken back.
#[must_use]
pub fn outcome_of_meeting(
    told: &[(Sight, DateTime<Utc>)],
    clicked: &[DateTime<Utc>],
    (start, end): (DateTime<Utc>, DateTime<Utc>),
    held: Option<DateTime<Utc>>,
) -> Option<LessonEvent> {
    let ends = || told.iter().filter(|it| it.0 == Sight::Ended).map(|it| it.1);
    let tried_until = ends().filter(|at| *at <= start).max();
    let seen: Vec<_> = told.iter().filter(|it| it.0 == Sight::Came(Who::Tutor)).map(|it| it.1).collect();
    let came = if seen.is_empty() { clicked } else { &*seen };
    let tutor = came.iter().copied().filter(|at| Some(*at) > tried_until).min();
    let ended = ends().filter(|at| *at > start && tutor.is_some_and(|came| came < *at)).max();
    let back = told.iter().filter(|(sight, at)| {
        matches!(sight, Sight::Came(Who::Student | Who::Guest)) && *at < end && Some(*at) > ended
    });
    match (ended, back.map(|it| it.1).max()) {
        (Some(_), Some(back)) => Some(LessonEvent::SeenGoingOn(back)),
        (Some(ended), None) => Some(LessonEvent::SeenEnding(ended)),
        (None, _) => {
            let mistaken = held.filter(|held| ends().any(|at| at == *held));
            mistaken.map(|at| LessonEvent::SeenGoingOn(at + TimeDelta::microseconds(1)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    /// What was told, by minutes after the start, and what follows while minute 20 is on record as the end.
    #[test]
    fn a_meeting_that_ended_with_its_tutor_ended_the_lesson() {
        use Sight::{Came, Ended};
        use Who::{Guest, Student, Tutor};
        let over = |minute| Some(LessonEvent::SeenEnding(at(minute)));
        let goes_on = |minute| Some(LessonEvent::SeenGoingOn(at(minute)));
        let taken_back = Some(LessonEvent::SeenGoingOn(at(20) + TimeDelta::microseconds(1)));
        type Row<'a> = (&'a [(Sight, i64)], Option<LessonEvent>);
        let rows: [Row<'_>; 12] = [
            (&[(Came(Tutor), 0)], None),
            (&[(Came(Tutor), 0), (Ended, 20)], over(20)),
            // Who comes early and stays is there.
            (&[(Came(Tutor), -9), (Ended, 20)], over(20)),
            // Who tried the meeting and left is not.
            (&[(Came(Tutor), -9), (Ended, -8), (Ended, 20)], taken_back),
            (&[(Came(Tutor), -9), (Ended, -8), (Came(Tutor), 1), (Ended, 20)], over(20)),
            // The student looks in before the tutor comes.
            (&[(Came(Student), -1), (Ended, 1), (Came(Tutor), 2)], None),
            (&[(Came(Student), -1), (Ended, 20), (Came(Tutor), 21)], taken_back),
            (&[(Ended, 1), (Came(Tutor), 2), (Ended, 40)], over(40)),
            (&[(Came(Tutor), 0), (Ended, 20), (Came(Guest), 21)], goes_on(21)),
            (&[(Came(Tutor), 0), (Ended, 20), (Came(Student), 21), (Ended, 22)], over(22)),
            (&[(Came(Tutor), 0), (Ended, 20), (Came(Tutor), 21)], over(20)),
            (&[(Came(Tutor), 0), (Ended, 20), (Came(Student), 60)], over(20)),
        ];
        for (list, expected) in rows {
            let mut told: Vec<_> = list.iter().map(|(sight, minute)| (*sight, at(*minute))).collect();
            for _ in 0..told.len() {
                told.rotate_left(1);
                assert_eq!(
                    outcome_of_meeting(&told, &[], (at(0), at(60)), Some(at(20))),
                    expected,
                    "{list:?}"
                );
            }
        }
    }

    /// When the tutor clicked on our link, what was told, and whether the lesson ended, by minutes.
    #[test]
    fn a_tutor_whom_zoom_does_not_know_was_there_by_our_link() {
        use Sight::{Came, Ended};
        use Who::{Guest, Student, Tutor};
        type Row<'a> = (&'a [i64], &'a [(Sight, i64)], Option<i64>);
        let rows: [Row<'_>; 8] = [
            (&[], &[(Came(Student), 0), (Came(Guest), 1), (Ended, 20)], None),
            (&[1], &[(Came(Student), 0), (Came(Guest), 1), (Ended, 20)], Some(20)),
            (&[1], &[(Ended, 20)], Some(20)),
            (&[-4], &[(Ended, 20)], Some(20)),
            (&[-4], &[(Ended, -2), (Ended, 20)], None),
            (&[-4, 1], &[(Ended, -2), (Ended, 20)], Some(20)),
            (&[20], &[(Ended, 20)], None),
            // Zoom saw the tutor come after the student had looked in: the click came before, the tutor did not.
            (&[1], &[(Came(Student), 0), (Ended, 2), (Came(Tutor), 3)], None),
        ];
        for (clicked, list, expected) in rows {
            let clicked: Vec<_> = clicked.iter().map(|minute| at(*minute)).collect();
            let told: Vec<_> = list.iter().map(|(sight, minute)| (*sight, at(*minute))).collect();
            let expected = expected.map(|minute| LessonEvent::SeenEnding(at(minute)));
            assert_eq!(
                outcome_of_meeting(&told, &clicked, (at(0), at(60)), None),
                expected,
                "{clicked:?} {list:?}"
            );
        }
    }
}
