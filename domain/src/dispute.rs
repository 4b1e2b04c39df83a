//! Disputes: what a party does not accept about a settled lesson, and what an admin decides about it.

mod chargeback;
mod claim;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Code, Refusal,
    account::paragraph,
    booking::Party,
    ledger::{self, Given},
    money::{Money, Split},
    payment::{ChargeState, smallest},
};

pub use chargeback::Standing;
pub use claim::{Claim, Claimed, Open, claim};

/// How many hours after the outcome of a lesson it can be disputed (rules, Charge 7). A setting that each booking
/// copies.
pub const WINDOW_HOURS: i64 = 72;

/// No window is longer than a year.
const LONGEST: i64 = 366 * 24;

/// At most this many characters (Unicode scalar values) in a statement.
pub const MAX_STATEMENT: usize = 2000;

/// At most this many files of one person in a dispute.
pub const MAX_FILES: usize = 10;

/// At most this many characters in what an admin says about a decision.
const MAX_NOTE: usize = 500;

/// What a dispute is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The lesson did not take place.
    NotHeld,
    /// It was shorter than agreed.
    CutShort,
    /// It was not what was agreed.
    NotAsAgreed,
    /// The connection or the meeting failed.
    Technical,
    /// The outcome on record is wrong, such as an absence.
    WrongOutcome,
    /// Something else, said in the statement.
    Other,
}

impl Reason {
    /// Every reason, in the order in which a form offers them.
    pub const ALL: [Reason; 6] = [
        Reason::NotHeld,
        Reason::CutShort,
        Reason::NotAsAgreed,
        Reason::Technical,
        Reason::WrongOutcome,
        Reason::Other,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Reason::NotHeld => "not_held",
            Reason::CutShort => "cut_short",
            Reason::NotAsAgreed => "not_as_agreed",
            Reason::Technical => "technical",
            Reason::WrongOutcome => "wrong_outcome",
            Reason::Other => "other",
        }
    }

    /// From its name.
    ///
    /// # Errors
    /// `INVALID_REQUEST` (`dispute_reason`) on `reason`.
    pub fn parse(text: &str) -> Result<Reason, Refusal> {
        let found = Reason::ALL.into_iter().find(|reason| reason.name() == text);
        found.ok_or(Refusal::on(Code::InvalidRequest, "dispute_reason", "reason"))
    }
}

/// What somebody says in a dispute: 1 to [`MAX_STATEMENT`] characters, trimmed. Line breaks are allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Statement(String);

impl Statement {
    /// From what was written.
    ///
    /// # Errors
    /// `INVALID_REQUEST` (`dispute_statement`) on `statement`.
    pub fn parse(text: &str) -> Result<Statement, Refusal> {
        let refusal = Refusal::on(Code::InvalidRequest, "dispute_statement", "statement");
        paragraph(text, 1, MAX_STATEMENT).map(Statement).ok_or(refusal)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What one does not accept, and what one states. A reason in other words than ours is [`Reason::Other`], and stands in
/// front of what is stated: nothing that was said is lost.
///
/// # Errors
/// `INVALID_REQUEST` on `reason` for none, or for the one that is a bank's (`dispute_reason`), and as [`Statement::parse`].
pub fn read_claim(reason: &str, statement: &str) -> Result<(Reason, Statement), Refusal> {
    let own = reason.trim();
    match Reason::parse(own) {
        Err(refusal) if own.is_empty() || own == "chargeback" => Err(refusal),
        Err(_) => {
            let stated = Statement::parse(statement)?;
            Ok((Reason::Other, Statement::parse(&format!("{own}: {}", stated.as_str()))?))
        }
        Ok(reason) => Ok((reason, Statement::parse(statement)?)),
    }
}

/// Why an admin decided as they did: 1 to 500 characters.
///
/// # Errors
/// `INVALID_REQUEST` (`case_note`) on `note`.
pub fn note(text: &str) -> Result<String, Refusal> {
    paragraph(text, 1, MAX_NOTE).ok_or(Refusal::on(Code::InvalidRequest, "case_note", "note"))
}

/// What an admin decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All that is left of the charge is given back.
    Full,
    /// Some of it is.
    Partial,
    /// Nothing is.
    None,
}

impl Outcome {
    /// Every outcome, in the order in which a form offers them.
    pub const ALL: [Outcome; 3] = [Outcome::Full, Outcome::Partial, Outcome::None];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Full => "full",
            Outcome::Partial => "partial",
            Outcome::None => "none",
        }
    }

    /// From its name.
    ///
    /// # Errors
    /// `INVALID_REQUEST` (`dispute_outcome`) on `outcome`.
    pub fn parse(text: &str) -> Result<Outcome, Refusal> {
        let found = Outcome::ALL.into_iter().find(|outcome| outcome.name() == text);
        found.ok_or(Refusal::on(Code::InvalidRequest, "dispute_outcome", "outcome"))
    }
}

/// What a decision means for the money of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing moves.
    Nothing,
    /// So much of what was paid is given back; tutor and platform each give their part.
    GiveBack(Split),
    /// So much of what is owed is not owed any more; tutor and platform each do without their part.
    Reduce(Split),
}

impl Remedy {
    /// What the student is better off by, minor units.
    #[must_use]
    pub const fn amount(self) -> i64 {
        match self {
            Remedy::Nothing => 0,
            Remedy::GiveBack(parts) | Remedy::Reduce(parts) => parts.charge.minor,
        }
    }
}

/// What a decision means: `charge` is what the lesson costs, `given` what earlier refunds gave back of it, `amount`
/// (minor units) belongs to a partial decision and to no other.
///
/// # Errors
/// `INVALID_REQUEST` on `amount` where a partial decision has none (`dispute_amount`) or another has one
/// (`dispute_no_amount`), for an amount that is none (`refund_amount`), more than is left (`refund_too_much`), or would
/// leave of a debt less than can be charged (`dispute_rest`); `INVALID_STATE` while the charge is neither paid nor owed
/// (`dispute_charge_open`), and where nothing is left to give back (`dispute_nothing_left`).
pub fn remedy(
    outcome: Outcome,
    amount: Option<i64>,
    state: ChargeState,
    charge: &Split,
    given: Given,
) -> Result<Remedy, Refusal> {
    let left = charge.charge.minor - given.amount;
    let amount = match (outcome, amount) {
        (Outcome::Partial, Some(amount)) => amount,
        (Outcome::Partial, None) => return Err(on_amount("dispute_amount")),
        (Outcome::Full, None) => left,
        // An amount that says the same once more does no harm.
        (Outcome::Full, Some(amount)) if amount == left => left,
        (Outcome::None, None | Some(0)) => return Ok(Remedy::Nothing),
        (Outcome::Full | Outcome::None, Some(_)) => return Err(on_amount("dispute_no_amount")),
    };
    match state {
        ChargeState::Scheduled => Err(Refusal::new(Code::InvalidState, "dispute_charge_open")),
        ChargeState::Nothing | ChargeState::Waived | ChargeState::Forgiven => {
            Err(Refusal::new(Code::InvalidState, "dispute_nothing_left"))
        }
        ChargeState::Paid | ChargeState::Debt if left == 0 => {
            Err(Refusal::new(Code::InvalidState, "dispute_nothing_left"))
        }
        ChargeState::Paid => Ok(Remedy::GiveBack(ledger::refund(charge, given, amount)?)),
        ChargeState::Debt => {
            let parts = ledger::refund(charge, given, amount)?;
            let rest = left - amount;
            if rest > 0 && rest < smallest(charge.charge.currency) {
                return Err(on_amount("dispute_rest"));
            }
            Ok(Remedy::Reduce(parts))
        }
    }
}

const fn on_amount(key: &'static str) -> Refusal {
    Refusal::on(Code::InvalidRequest, key, "amount")
}

/// What is left of a charge of which parts are not owed any more.
#[must_use]
pub fn rest(charge: &Split, parts: &Split) -> Split {
    let less = |all: Money, part: Money| Money { minor: all.minor - part.minor, currency: all.currency };
    Split {
        charge: less(charge.charge, parts.charge),
        fee: less(charge.fee, parts.fee),
        payout: less(charge.payout, parts.payout),
    }
}

/// The other one of the two.
#[must_use]
pub const fn other(party: Party) -> Party {
    match party {
        Party::Student => Party::Tutor,
        Party::Tutor => Party::Student,
    }
}

/// The last instant at which a lesson can be disputed that got its outcome at `settled`.
#[must_use]
pub fn window_end(settled: DateTime<Utc>, hours: i64) -> DateTime<Utc> {
    settled + TimeDelta::hours(hours.clamp(0, LONGEST))
}

/// Whether it is too late to dispute a lesson: from then on its tutor can be paid. The end of the window belongs to
/// it, so that no instant is both.
#[must_use]
pub fn window_is_over(settled: DateTime<Utc>, hours: i64, now: DateTime<Utc>) -> bool {
    now > window_end(settled, hours)
}

/// Whether a lesson can be disputed now; `settled` is when it got its outcome.
///
/// # Errors
/// `INVALID_STATE` before its outcome (`dispute_not_settled`) and after the window (`dispute_window`).
pub fn may_open(settled: Option<DateTime<Utc>>, hours: i64, now: DateTime<Utc>) -> Result<(), Refusal> {
    match settled {
        None => Err(Refusal::new(Code::InvalidState, "dispute_not_settled")),
        Some(settled) if window_is_over(settled, hours, now) => {
            Err(Refusal::new(Code::InvalidState, "dispute_window"))
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
