//! Claims: what each of a lesson's two wants of a dispute. Each has one for a lesson, so that nobody uses up the other's.

use chrono::{DateTime, Utc};

use super::may_open;
use crate::{Code, Refusal};

/// A claim that a party has about a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// In the dispute that is open.
    Waiting,
    /// In one that was decided.
    Decided,
}

/// Whose dispute about a lesson is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// A party's.
    Party,
    /// The bank's of the student's card, about which no party has a say.
    Bank,
}

/// What becomes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It opens a dispute.
    Opens,
    /// It joins the other party's, and is decided with it.
    Joins,
}

/// What a party's claim about a lesson becomes now: `own` is the claim that they have, `open` the dispute that is open,
/// `settled` when the lesson got its outcome. The window is for opening; while the other's dispute waits, theirs can
/// join it, so that nobody is too late because the other came last.
///
/// # Errors
/// `INVALID_STATE` where they have a claim (`dispute_exists`, `dispute_decided`), while a bank decides
/// (`dispute_of_bank`), and as [`may_open`].
pub fn claim(
    own: Option<Claimed>,
    open: Option<Open>,
    settled: Option<DateTime<Utc>>,
    hours: i64,
    now: DateTime<Utc>,
) -> Result<Claim, Refusal> {
    let refusal = |key| Err(Refusal::new(Code::InvalidState, key));
    match (own, open) {
        (Some(Claimed::Waiting), _) => refusal("dispute_exists"),
        (Some(Claimed::Decided), _) => refusal("dispute_decided"),
        (None, Some(Open::Bank)) => refusal("dispute_of_bank"),
        (None, Some(Open::Party)) => Ok(Claim::Joins),
        (None, None) => may_open(settled, hours, now).map(|()| Claim::Opens),
    }
}
