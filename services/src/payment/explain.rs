//! Why was I charged: the rule, what it was found from, the split, the lines of the ledger.

use chrono::{DateTime, Utc};
use domain::{
    booking::{Booking, BookingState, Outcome},
    charge::{Facts, Rule, Terms},
    ids::BookingId,
    lesson::Evidence,
    money::{Money, Split},
    payment::ChargeState,
};
use serde::Serialize;

use super::store;
use crate::{
    Actor, Result, Services, booking,
    ledger::{self, Line},
    lesson::{self, Attendance},
};

/// How the charge of a booking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChargeStatus {
    /// Nothing is due.
    None,
    /// It is due at the scheduled end.
    Scheduled,
    /// It is paid.
    Paid,
    /// It was declined and is owed.
    Debt,
    /// It was paid and given back, all of it.
    Refunded,
}

/// Everything from which the amount can be recomputed.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The booking.
    pub booking: Booking,
    /// How the charge stands.
    pub status: ChargeStatus,
    /// How the lesson came out; `None` before its end and for one that was called off.
    pub outcome: Option<Outcome>,
    /// The rule that applied; `None` before the end.
    pub rule: Option<Rule>,
    /// What is charged, or would be at the end of a lesson that takes place.
    pub split: Split,
    /// What was given back, minor units.
    pub refunded: i64,
    /// What the rule charged besides, and is owed no more because a dispute was decided so, minor units.
    pub reduced: i64,
    /// Less was due than can be charged, and the platform let it be.
    pub waived: bool,
    /// It was owed, and an admin let the student off it: why.
    pub forgiven: Option<String>,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// The number of the receipt, once it is paid.
    pub receipt: Option<i64>,
    /// When it was paid.
    pub paid_at: Option<DateTime<Utc>>,
    /// What the rule was found from.
    pub facts: Facts,
    /// What was agreed about money.
    pub terms: Terms,
    /// Who came.
    pub attendance: Attendance,
    /// The lines of the ledger, in their order.
    pub lines: Vec<Line>,
}

/// A charge as it is kept.
pub(super) struct Kept {
    pub state: ChargeState,
    pub rule: Rule,
    pub facts: Facts,
    pub terms: Terms,
    pub split: Split,
    pub refunded: i64,
    pub reduced: i64,
    pub forgiven: Option<String>,
    pub due_at: DateTime<Utc>,
    pub receipt: Option<i64>,
    pub paid_at: Option<DateTime<Utc>>,
}

/// Explains the charge of one of one's own bookings.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, also for another's.
pub async fn explain(services: &Services, actor: &Actor, id: BookingId) -> Result<Explanation> {
    let booking = booking::find(services, actor, id).await?;
    let attendance = lesson::attendance(services, actor, id).await?;
    let mut db = services.db.acquire().await?;
    let kept = match store::find_kept(&mut db, id).await? {
        Some(kept) => Ok(kept),
        None => Err(lesson::life::load(&mut db, &booking).await?.evidence),
    };
    let lines = ledger::store::list_lines(&mut db, id).await?;
    Ok(match kept {
        Ok(kept) => settled(booking, kept, attendance, lines),
        Err(evidence) => open(booking, evidence, attendance, lines),
    })
}

fn settled(booking: Booking, kept: Kept, attendance: Attendance, lines: Vec<Line>) -> Explanation {
    let status = match kept.state {
        ChargeState::Nothing | ChargeState::Waived | ChargeState::Forgiven => ChargeStatus::None,
        ChargeState::Scheduled => ChargeStatus::Scheduled,
        ChargeState::Debt => ChargeStatus::Debt,
        ChargeState::Paid if kept.refunded == kept.split.charge.minor => ChargeStatus::Refunded,
        ChargeState::Paid => ChargeStatus::Paid,
    };
    Explanation {
        booking,
        status,
        outcome: kept.rule.outcome(),
        rule: Some(kept.rule),
        split: kept.split,
        refunded: kept.refunded,
        reduced: kept.reduced,
        waived: kept.state == ChargeState::Waived,
        forgiven: kept.forgiven,
        due_at: kept.due_at,
        receipt: kept.receipt,
        paid_at: kept.paid_at,
        facts: kept.facts,
        terms: kept.terms,
        attendance,
        lines,
    }
}

/// A booking without a charge: not yet settled, called off, or settled before lessons were charged.
fn open(booking: Booking, evidence: Evidence, attendance: Attendance, lines: Vec<Line>) -> Explanation {
    let terms = booking.terms();
    let off =
        matches!(booking.state, BookingState::Cancelled | BookingState::Declined | BookingState::Expired);
    let due = booking.state.is_active() && terms.price.minor > 0;
    let zero = Money::zero(terms.price.currency).split(terms.fee_bps);
    let (start, end, min_payable) = (booking.start, booking.end, booking.min_payable);
    Explanation {
        status: if due { ChargeStatus::Scheduled } else { ChargeStatus::None },
        outcome: None,
        rule: off.then_some(Rule::Cancelled),
        split: if due { Rule::Completed.charge(&terms) } else { zero },
        refunded: 0,
        reduced: 0,
        waived: false,
        forgiven: None,
        due_at: end,
        receipt: None,
        paid_at: None,
        facts: Facts { start, end, min_payable, cancelled: off, evidence },
        terms,
        attendance,
        lines,
        booking,
    }
}
