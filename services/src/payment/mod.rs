//! Money for lessons: what is charged, when, and what became of it.

mod cards;
mod charging;
mod debts;
pub(crate) mod deposits;
mod explain;
mod forgive;
mod lists;
mod lost;
pub mod provider;
mod reduce;
mod refund;
mod release;
pub mod sandbox;
pub(crate) mod store;
pub(crate) mod stuck;
mod webhook;

use chrono::{DateTime, Utc};
use domain::{
    booking::Booking,
    charge::Rule,
    dispute::window_end,
    ids::ChargeId,
    ledger::Event,
    lesson::Lesson,
    payment::{ChargeState, smallest},
};
use sqlx::PgConnection;
use subtle::ConstantTimeEq as _;

use crate::{Result, Services, chance, ledger};
use store::NewCharge;

pub(crate) use cards::CONSENT_BY_API;
pub use cards::{
    CONSENT, Card, CardSetup, Consent, DetachCard, begin_setup, choose_card, keep_card, list_cards,
    list_consents, remove_card, save_card,
};
pub use charging::{ChargeLesson, hand_out_batch};
pub(crate) use charging::{charge, hand_out, note_paid};
pub use debts::{Debt, DebtPayment, begin_debt_payment, finish_debt_payment, open_debts};
pub use deposits::SecureDeposit;
pub use explain::{ChargeStatus, Explanation, explain};
pub use forgive::forgive;
pub use lists::{Case, Charged, RefundRow, close_case, list_charged, list_refunds, open_cases};
pub(crate) use lost::{Loss, lose};
pub(crate) use reduce::{Reduction, reduce, withdraw};
pub(crate) use refund::{Asked, begin as begin_refund};
pub use refund::{RefundCharge, RefundView, refund};
pub use release::ReleaseDeposit;
pub(crate) use store::is_own_card;
pub use stuck::try_again;
pub use webhook::{HandlePaymentEvent, receive};

/// Opens the charge of a lesson that has its outcome: what the rule says, due at the scheduled end.
/// From now on the student owes it, and tutor and platform have earned their parts.
pub(crate) async fn open(
    tx: &mut PgConnection,
    booking: &Booking,
    lesson: &Lesson,
    rule: Rule,
    now: DateTime<Utc>,
) -> Result<ChargeId> {
    let facts = lesson.facts(lesson.evidence);
    let split = rule.charge(&lesson.terms);
    let state = match split.charge.minor {
        0 => ChargeState::Nothing,
        minor if minor < smallest(split.charge.currency) => ChargeState::Waived,
        _ => ChargeState::Scheduled,
    };
    let id: ChargeId = chance::id();
    let payable_after = window_end(now, booking.policy.dispute_window_hours);
    let new = NewCharge {
        id,
        booking: booking.id,
        rule,
        facts,
        terms: lesson.terms,
        split,
        state,
        payable_after,
        now,
    };
    store::insert_charge(tx, &new).await?;
    if state == ChargeState::Scheduled {
        ledger::post(tx, booking, Event::Settled(split), &format!("charge/{id}/settled"), now).await?;
    }
    deposits::decide(tx, booking.id, state, now).await?;
    Ok(id)
}

/// Whether a token is that of the outside scheduler. Compared in constant time.
#[must_use]
pub fn is_cron_secret(services: &Services, token: &str) -> bool {
    token.as_bytes().ct_eq(services.config.secrets.cron.as_bytes()).into()
}

/// How some charges stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Paid.
    pub paid: i64,
    /// Declined, and owed.
    pub declined: i64,
}

/// How the attempts to charge came out, ever since.
///
/// # Errors
/// Where the database cannot be read.
pub async fn count_attempts(services: &Services) -> Result<Totals> {
    let mut db = services.db.acquire().await?;
    store::count_attempts(&mut db).await
}

/// How some charges stand now.
///
/// # Errors
/// Where the database cannot be read.
pub async fn totals(services: &Services, charges: &[ChargeId]) -> Result<Totals> {
    let mut db = services.db.acquire().await?;
    store::count_states(&mut db, charges).await
}
