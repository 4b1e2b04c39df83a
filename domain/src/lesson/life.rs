//! The life cycle: what becomes of a lesson when something happens, and what has to be done about it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Evidence, LessonState};
use crate::{
    Code, Refusal,
    booking::Party,
    charge::{Facts, Rule, Terms},
};

/// A lesson with all that decides about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Its state as kept.
    pub state: LessonState,
    /// The scheduled start.
    pub start: DateTime<Utc>,
    /// The scheduled end.
    pub end: DateTime<Utc>,
    /// Minutes after the start from which the tutor may mark the student absent.
    pub no_show_wait: i32,
    /// Minutes from which it is payable under a policy that says so.
    pub min_payable: i32,
    /// What is on record.
    pub evidence: Evidence,
    /// What was agreed about money.
    pub terms: Terms,
}

/// What can happen to a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LessonEvent {
    /// A party opened the meeting by our own link.
    Joined(Party),
    /// Somebody else says that a party came to the meeting at an instant: the video provider, or afterwards the party's
    /// browser.
    SeenJoining(Party, DateTime<Utc>),
    /// The tutor says that the student did not come.
    MarkedNoShow,
    /// The tutor ends the lesson.
    EndedByTutor,
    /// The video provider says that the meeting ended at an instant.
    SeenEnding(DateTime<Utc>),
    /// The video provider says that the meeting goes on at an instant: an end before it was none.
    SeenGoingOn(DateTime<Utc>),
    /// The scheduled end is reached.
    EndReached,
    /// The booking was called off.
    CalledOff,
}

/// What has to be done about it. Whoever records the new state carries it out, or has it done by a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The outcome is settled: what the rule says is charged at the scheduled end.
    Settle(Rule),
    /// What was set aside on the student's card is released, what was paid ahead is given back.
    Release,
    /// An admin has to look: the evidence came after the outcome, which it would have changed to this.
    OpenCase(Rule),
    /// Both are told that somebody came.
    TellOfArrival(Party),
}

/// The lesson after an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// Its state.
    pub state: LessonState,
    /// What is on record now.
    pub evidence: Evidence,
    /// What has to be done.
    pub effects: Vec<Effect>,
}

/// What becomes of a lesson.
///
/// # Errors
/// `INVALID_STATE` where the event does not belong to the state or comes before its time.
pub fn advance(lesson: &Lesson, event: LessonEvent, now: DateTime<Utc>) -> Result<Advance, Refusal> {
    let mut evidence = lesson.evidence;
    match event {
        LessonEvent::Joined(party) => {
            note_join(&mut evidence, lesson, party, now);
            let mut after = lesson.seen(evidence, |lesson, evidence| lesson.arrived(evidence, party, now));
            if lesson.state.is_final() {
                after.effects.push(Effect::TellOfArrival(party));
            }
            Ok(after)
        }
        LessonEvent::SeenJoining(party, at) => {
            note_join(&mut evidence, lesson, party, at);
            let tries = !lesson.counts(at);
            Ok(lesson.seen(evidence, |lesson, evidence| match tries {
                // Whoever tries the meeting days before has not come to the lesson.
                true => lesson.stays(evidence),
                false => lesson.arrived(evidence, party, at),
            }))
        }
        LessonEvent::SeenEnding(at) => {
            evidence.trusted_end = Some(evidence.trusted_end.map_or(at, |before| before.max(at)));
            Ok(lesson.seen(evidence, Lesson::stays))
        }
        LessonEvent::SeenGoingOn(at) => {
            evidence.trusted_end = evidence.trusted_end.filter(|end| *end >= at);
            Ok(lesson.seen(evidence, Lesson::stays))
        }
        LessonEvent::MarkedNoShow => {
            lesson.may_mark_no_show(now)?;
            evidence.marked_no_show = Some(now);
            Ok(lesson.settle(evidence))
        }
        LessonEvent::EndedByTutor => {
            lesson.require_open("booking_state")?;
            if now < lesson.start {
                return Err(Refusal::new(Code::InvalidState, "lesson_not_started"));
            }
            evidence.trusted_end = Some(now);
            Ok(lesson.settle(evidence))
        }
        LessonEvent::EndReached => {
            lesson.require_open("booking_state")?;
            if now < lesson.end {
                return Err(Refusal::new(Code::InvalidState, "lesson_not_over"));
            }
            Ok(lesson.settle(evidence))
        }
        LessonEvent::CalledOff => {
            lesson.require_open("booking_state")?;
            Ok(Advance { state: LessonState::Cancelled, evidence, effects: vec![Effect::Release] })
        }
    }
}

/// The first join within the lesson's time counts.
fn note_join(evidence: &mut Evidence, lesson: &Lesson, party: Party, at: DateTime<Utc>) {
    if !lesson.counts(at) {
        return;
    }
    let joined = match party {
        Party::Student => &mut evidence.student_joined,
        Party::Tutor => &mut evidence.tutor_joined,
    };
    *joined = Some(joined.map_or(at, |before| before.min(at)));
}

impl Lesson {
    /// The rule that this evidence means.
    #[must_use]
    pub fn rule(&self, evidence: Evidence) -> Rule {
        Rule::of(&self.facts(evidence), &self.terms)
    }

    /// What a rule is found from.
    #[must_use]
    pub fn facts(&self, evidence: Evidence) -> Facts {
        Facts {
            start: self.start,
            end: self.end,
            min_payable: self.min_payable,
            cancelled: self.state == LessonState::Cancelled,
            evidence,
        }
    }

    /// From when the tutor may mark the student absent.
    #[must_use]
    pub fn no_show_from(&self) -> DateTime<Utc> {
        self.start + TimeDelta::minutes(self.no_show_wait.into())
    }

    /// Whether the tutor may mark the student absent now (rules, Lesson 4): after the waiting time, with the
    /// tutor's own join on record and none of the student, until the outcome is settled.
    ///
    /// # Errors
    /// `INVALID_STATE`, with a sentence for each reason.
    pub fn may_mark_no_show(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.require_open("no_show_settled")?;
        let joined = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at <= now);
        let reason = match self.evidence {
            _ if now < self.no_show_from() => "no_show_too_early",
            Evidence { tutor_joined, .. } if !joined(tutor_joined) => "no_show_without_tutor",
            Evidence { student_joined, .. } if joined(student_joined) => "no_show_student_joined",
            _ => return Ok(()),
        };
        Err(Refusal::new(Code::InvalidState, reason))
    }

    /// Whether who comes then comes to the lesson.
    fn counts(&self, at: DateTime<Utc>) -> bool {
        self.start - super::JOIN_OPENS_BEFORE <= at && at <= self.end
    }

    fn require_open(&self, reason: &'static str) -> Result<(), Refusal> {
        if self.state.is_final() { Err(Refusal::new(Code::InvalidState, reason)) } else { Ok(()) }
    }

    fn settle(&self, evidence: Evidence) -> Advance {
        let rule = self.rule(evidence);
        let state = rule.outcome().map_or(self.state, crate::booking::Outcome::lesson_state);
        Advance { state, evidence, effects: vec![Effect::Settle(rule)] }
    }

    fn stays(&self, evidence: Evidence) -> Advance {
        Advance { state: self.state, evidence, effects: Vec::new() }
    }

    fn arrived(&self, evidence: Evidence, party: Party, at: DateTime<Utc>) -> Advance {
        let state = match self.state {
            LessonState::Scheduled | LessonState::JoinOpen if at < self.start => LessonState::JoinOpen,
            LessonState::Scheduled | LessonState::JoinOpen => LessonState::InProgress,
            settled_or_under_way => settled_or_under_way,
        };
        Advance { state, evidence, effects: vec![Effect::TellOfArrival(party)] }
    }

    /// Evidence that comes from outside may come late. It never changes a settled outcome: where it would have,
    /// an admin decides. What only takes evidence back that came after the outcome leads back to it.
    fn seen(&self, evidence: Evidence, open: impl FnOnce(&Lesson, Evidence) -> Advance) -> Advance {
        if !self.state.is_final() {
            return open(self, evidence);
        }
        let (before, after) = (self.rule(self.evidence), self.rule(evidence));
        let decided = after.outcome().is_some_and(|outcome| outcome.lesson_state() == self.state);
        let effects = if before == after || decided { Vec::new() } else { vec![Effect::OpenCase(after)] };
        Advance { state: self.state, evidence, effects }
    }
}
