//! State × event: what becomes of a lesson.
#![allow(clippy::unwrap_used, reason = "a test")]

use chrono::{DateTime, Utc};
use domain::{
    Code,
    booking::Party,
    charge::{EarlyEnd, NobodyJoined, Rule, Terms},
    lesson::{Effect, Evidence, Lesson, LessonEvent, LessonState, advance},
    money::{Currency, Money},
};

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + minute * 60, 0).unwrap()
}

fn lesson(state: LessonState, evidence: Evidence) -> Lesson {
    let price = Money { minor: 2500, currency: Currency::Eur };
    Lesson {
        state,
        start: at(0),
        end: at(60),
        no_show_wait: 20,
        min_payable: 40,
        evidence,
        terms: Terms {
            price,
            fee_bps: 1000,
            early_end: EarlyEnd::Strict,
            nobody_joined: NobodyJoined::ChargeFull,
        },
    }
}

fn joined(student: Option<i64>, tutor: Option<i64>) -> Evidence {
    Evidence { student_joined: student.map(at), tutor_joined: tutor.map(at), ..Evidence::default() }
}

/// Every state meets every event, once the lesson is over and with the tutor alone on record: the moment at which
/// nothing but the state can be in the way.
#[test]
fn every_state_meets_every_event() {
    use LessonEvent as E;
    use LessonState as S;
    let events = [
        E::Joined(Party::Student),
        E::Joined(Party::Tutor),
        E::SeenJoining(Party::Student, at(5)),
        E::SeenEnding(at(30)),
        E::SeenGoingOn(at(31)),
        E::MarkedNoShow,
        E::EndedByTutor,
        E::EndReached,
        E::CalledOff,
    ];
    let open = |state: S, event: E| match event {
        E::Joined(_) | E::SeenJoining(..) if state == S::InProgress => Some(S::InProgress),
        E::Joined(_) | E::SeenJoining(..) => Some(S::InProgress),
        E::SeenEnding(_) | E::SeenGoingOn(_) => Some(state),
        E::MarkedNoShow => Some(S::NoShowStudent),
        E::EndedByTutor | E::EndReached => Some(S::CompletedAssumed),
        E::CalledOff => Some(S::Cancelled),
    };
    let closed = |state: S, event: E| match event {
        E::Joined(_) | E::SeenJoining(..) | E::SeenEnding(_) | E::SeenGoingOn(_) => Some(state),
        E::MarkedNoShow | E::EndedByTutor | E::EndReached | E::CalledOff => None,
    };
    for state in S::ALL {
        for event in events {
            let outcome = advance(&lesson(state, joined(None, Some(0))), event, at(60));
            let expected = if state.is_final() { closed(state, event) } else { open(state, event) };
            let reached = outcome.as_ref().ok().map(|advance| advance.state);
            assert_eq!(reached, expected, "{state:?} × {event:?}");
            if let Err(refusal) = outcome {
                assert_eq!(refusal.code, Code::InvalidState, "{state:?} × {event:?}");
            }
        }
    }
}

#[test]
fn an_outcome_is_settled_by_its_rule() {
    use LessonEvent as E;
    for (evidence, event, minute, state, rule) in [
        (joined(Some(0), Some(0)), E::EndReached, 60, LessonState::CompletedAssumed, Rule::Completed),
        (joined(None, None), E::EndReached, 60, LessonState::CompletedAssumed, Rule::NobodyJoined),
        (joined(Some(0), None), E::EndReached, 61, LessonState::NoShowTutor, Rule::TutorAbsent),
        (joined(Some(0), Some(0)), E::EndedByTutor, 30, LessonState::EarlyEndShort, Rule::EndedEarly),
        (joined(Some(0), Some(0)), E::EndedByTutor, 60, LessonState::CompletedAssumed, Rule::Completed),
        (joined(None, Some(0)), E::MarkedNoShow, 20, LessonState::NoShowStudent, Rule::StudentAbsent),
        (joined(Some(21), Some(0)), E::MarkedNoShow, 20, LessonState::NoShowStudent, Rule::StudentAbsent),
    ] {
        let advance = advance(&lesson(LessonState::InProgress, evidence), event, at(minute)).unwrap();
        assert_eq!((advance.state, advance.effects), (state, vec![Effect::Settle(rule)]), "{event:?}");
    }
}

#[test]
fn a_no_show_is_marked_only_by_the_rule() {
    for (state, evidence, minute, reason) in [
        (LessonState::InProgress, joined(None, Some(-3)), 20, None),
        (LessonState::Scheduled, joined(None, Some(-3)), 59, None),
        (LessonState::InProgress, joined(None, Some(-3)), 19, Some("no_show_too_early")),
        (LessonState::InProgress, joined(None, None), 20, Some("no_show_without_tutor")),
        (LessonState::InProgress, joined(None, Some(21)), 20, Some("no_show_without_tutor")),
        (LessonState::InProgress, joined(Some(20), Some(0)), 20, Some("no_show_student_joined")),
        (LessonState::CompletedAssumed, joined(None, Some(0)), 60, Some("no_show_settled")),
        (LessonState::NoShowStudent, joined(None, Some(0)), 30, Some("no_show_settled")),
        (LessonState::Cancelled, joined(None, Some(0)), 30, Some("no_show_settled")),
    ] {
        let outcome = advance(&lesson(state, evidence), LessonEvent::MarkedNoShow, at(minute));
        let told = outcome.as_ref().err().map(|refusal| &*refusal.key);
        assert_eq!(told, reason, "{state:?} {evidence:?} {minute}");
        assert!(outcome.is_ok() || outcome.is_err_and(|refusal| refusal.code == Code::InvalidState));
    }
}

#[test]
fn a_meeting_that_goes_on_has_not_ended() {
    for (end, seen, kept) in
        [(Some(20), 21, None), (Some(20), 19, Some(20)), (Some(20), 20, Some(20)), (None, 21, None)]
    {
        let evidence = Evidence { trusted_end: end.map(at), ..joined(Some(0), Some(0)) };
        let event = LessonEvent::SeenGoingOn(at(seen));
        let after = advance(&lesson(LessonState::InProgress, evidence), event, at(30)).unwrap();
        assert_eq!((after.evidence.trusted_end, after.effects), (kept.map(at), vec![]), "{end:?} {seen}");
    }
}

#[test]
fn only_the_first_join_within_the_lesson_counts() {
    let student = |evidence, minute| {
        let lesson = lesson(LessonState::JoinOpen, evidence);
        advance(&lesson, LessonEvent::Joined(Party::Student), at(minute)).unwrap().evidence.student_joined
    };
    for (before, minute, kept) in [
        (None, -6, None),
        (None, -5, Some(-5)),
        (None, 60, Some(60)),
        (None, 61, None),
        (Some(3), 7, Some(3)),
    ] {
        assert_eq!(student(joined(before, None), minute), kept.map(at), "{minute}");
    }
    let seen = LessonEvent::SeenJoining(Party::Tutor, at(2));
    let told_late = advance(&lesson(LessonState::InProgress, joined(None, Some(9))), seen, at(20)).unwrap();
    assert_eq!(told_late.evidence.tutor_joined, Some(at(2)));
}

#[test]
fn evidence_after_the_outcome_opens_a_case_only_where_it_would_matter() {
    let settled = |evidence, event| {
        let lesson = lesson(LessonState::CompletedAssumed, evidence);
        let advance = advance(&lesson, event, at(90)).unwrap();
        assert_eq!(advance.state, LessonState::CompletedAssumed);
        advance.effects
    };
    let both = joined(Some(0), Some(0));
    let case = |rule| vec![Effect::OpenCase(rule)];
    assert_eq!(settled(both, LessonEvent::SeenEnding(at(30))), case(Rule::EndedEarly));
    assert_eq!(settled(both, LessonEvent::SeenEnding(at(60))), vec![]);
    assert_eq!(settled(both, LessonEvent::SeenJoining(Party::Tutor, at(5))), vec![]);
    let nobody = joined(None, None);
    assert_eq!(settled(nobody, LessonEvent::SeenJoining(Party::Student, at(5))), case(Rule::TutorAbsent));
}

/// The minute of an arrival that the provider tells of, and the state after it.
#[test]
fn whoever_tries_the_meeting_before_joining_opens_has_not_come() {
    for (minute, state) in [
        (-3000, LessonState::Scheduled),
        (-6, LessonState::Scheduled),
        (-5, LessonState::JoinOpen),
        (0, LessonState::InProgress),
        (60, LessonState::InProgress),
        (61, LessonState::Scheduled),
    ] {
        let event = LessonEvent::SeenJoining(Party::Tutor, at(minute));
        let after = advance(&lesson(LessonState::Scheduled, Evidence::default()), event, at(minute)).unwrap();
        let told = !matches!(state, LessonState::Scheduled);
        assert_eq!((after.state, !after.effects.is_empty()), (state, told), "{minute}");
    }
}

#[test]
fn evidence_that_leads_back_to_the_outcome_opens_no_second_case() {
    let early = Evidence { trusted_end: Some(at(20)), ..joined(Some(0), Some(0)) };
    let settled = lesson(LessonState::EarlyEndShort, early);
    let voided = advance(&settled, LessonEvent::SeenGoingOn(at(21)), at(90)).unwrap();
    assert_eq!(voided.effects, [Effect::OpenCase(Rule::Completed)]);
    let then = Lesson { evidence: voided.evidence, ..settled };
    let again = advance(&then, LessonEvent::SeenEnding(at(22)), at(91)).unwrap();
    assert_eq!(again.effects, []);
}

#[test]
fn what_comes_before_its_time_is_refused() {
    for (event, minute, reason) in [
        (LessonEvent::EndedByTutor, -1, "lesson_not_started"),
        (LessonEvent::EndReached, 59, "lesson_not_over"),
    ] {
        let refusal = advance(&lesson(LessonState::JoinOpen, joined(None, Some(-2))), event, at(minute));
        assert_eq!(refusal.unwrap_err().key, reason);
    }
}
