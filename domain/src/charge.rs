//! What a lesson is charged, and by which rule (rules, Charge).
//!
//! A rule is found from facts, terms and nothing else, and an amount from a rule and terms: whoever has
//! the inputs that a charge keeps can recompute it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    booking::Outcome,
    lesson::Evidence,
    money::{Money, Split},
};

/// What is charged when nobody joined (setting `nobody_joined`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NobodyJoined {
    /// As if it had been taught.
    #[default]
    ChargeFull,
    /// Nothing.
    ChargeNothing,
}

/// What an end before the scheduled one means (setting `early_end_policy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyEnd {
    /// Nothing is charged, however little is missing.
    #[default]
    Strict,
    /// So many seconds may be missing.
    Tolerance(u32),
    /// The full price from the lesson's `min_payable` minutes on.
    MinPayable,
}

/// What was agreed about money when the booking was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The price of the whole lesson.
    pub price: Money,
    /// The platform's share of a charge, in basis points.
    pub fee_bps: u32,
    /// What an early end means.
    pub early_end: EarlyEnd,
    /// What nobody's coming means.
    pub nobody_joined: NobodyJoined,
}

/// When a lesson was to take place, and what is on record about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The scheduled start.
    pub start: DateTime<Utc>,
    /// The scheduled end.
    pub end: DateTime<Utc>,
    /// Minutes from which a lesson is payable under [`EarlyEnd::MinPayable`].
    pub min_payable: i32,
    /// Whether it was called off before its start.
    pub cancelled: bool,
    /// Who came, and when it was seen to end.
    pub evidence: Evidence,
}

/// Why a lesson is charged what it is charged; in the order in which the rules are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Called off.
    Cancelled,
    /// The tutor marked the student absent.
    StudentAbsent,
    /// The student joined, the tutor never did.
    TutorAbsent,
    /// Nobody joined, and the price is due all the same.
    NobodyJoined,
    /// Nobody joined, and nothing is due.
    NobodyJoinedFree,
    /// Seen to end too early.
    EndedEarly,
    /// Seen to end before its scheduled end, within the tolerance or after enough of it.
    EndedNearly,
    /// The scheduled end was reached.
    Completed,
}

/// How much of the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    All,
    Half,
    Nothing,
}

impl Rule {
    /// Every rule, in the order of their precedence.
    pub const ALL: [Rule; 8] = [
        Rule::Cancelled,
        Rule::StudentAbsent,
        Rule::TutorAbsent,
        Rule::NobodyJoined,
        Rule::NobodyJoinedFree,
        Rule::EndedEarly,
        Rule::EndedNearly,
        Rule::Completed,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Rule::Cancelled => "cancelled",
            Rule::StudentAbsent => "student_absent",
            Rule::TutorAbsent => "tutor_absent",
            Rule::NobodyJoined => "nobody_joined",
            Rule::NobodyJoinedFree => "nobody_joined_free",
            Rule::EndedEarly => "ended_early",
            Rule::EndedNearly => "ended_nearly",
            Rule::Completed => "completed",
        }
    }

    /// Reads a name of the database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Rule::ALL.into_iter().find(|rule| rule.name() == text)
    }

    /// The rule that a lesson falls under.
    #[must_use]
    pub fn of(facts: &Facts, terms: &Terms) -> Rule {
        let Evidence { student_joined, tutor_joined, marked_no_show, trusted_end } = facts.evidence;
        if facts.cancelled {
            return Rule::Cancelled;
        }
        if marked_no_show.is_some() {
            return Rule::StudentAbsent;
        }
        match (student_joined, tutor_joined, terms.nobody_joined) {
            (Some(_), None, _) => return Rule::TutorAbsent,
            (None, None, NobodyJoined::ChargeFull) => return Rule::NobodyJoined,
            (None, None, NobodyJoined::ChargeNothing) => return Rule::NobodyJoinedFree,
            (_, Some(_), _) => {}
        }
        match trusted_end {
            Some(seen) if seen < facts.end => early(facts, terms.early_end, seen),
            _ => Rule::Completed,
        }
    }

    /// How the lesson came out; `None` for one that was called off.
    #[must_use]
    pub const fn outcome(self) -> Option<Outcome> {
        match self {
            Rule::Cancelled => None,
            Rule::StudentAbsent => Some(Outcome::NoShowStudent),
            Rule::TutorAbsent => Some(Outcome::NoShowTutor),
            Rule::NobodyJoinedFree => Some(Outcome::MutualNoShow),
            Rule::EndedEarly => Some(Outcome::EarlyEnd),
            Rule::NobodyJoined | Rule::EndedNearly | Rule::Completed => Some(Outcome::Completed),
        }
    }

    const fn share(self) -> Share {
        match self {
            Rule::Completed | Rule::EndedNearly | Rule::NobodyJoined => Share::All,
            Rule::StudentAbsent => Share::Half,
            Rule::Cancelled | Rule::TutorAbsent | Rule::NobodyJoinedFree | Rule::EndedEarly => Share::Nothing,
        }
    }

    /// What is charged by this rule, and who gets what of it.
    #[must_use]
    pub fn charge(self, terms: &Terms) -> Split {
        let charge = match self.share() {
            Share::All => terms.price,
            Share::Half => terms.price.half(),
            Share::Nothing => Money::zero(terms.price.currency),
        };
        charge.split(terms.fee_bps)
    }
}

fn early(facts: &Facts, policy: EarlyEnd, seen: DateTime<Utc>) -> Rule {
    let enough = match policy {
        EarlyEnd::Strict => false,
        EarlyEnd::Tolerance(seconds) => facts.end - seen <= TimeDelta::seconds(seconds.into()),
        EarlyEnd::MinPayable => seen - facts.start >= TimeDelta::minutes(facts.min_payable.into()),
    };
    if enough { Rule::EndedNearly } else { Rule::EndedEarly }
}
