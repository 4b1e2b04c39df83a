//! What is owed for a lesson becomes less, because a dispute was decided so.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    booking::Booking,
    dispute::rest,
    ids::{ChargeId, DisputeId},
    ledger::Event,
    money::Split,
    payment::ChargeState,
};
use sqlx::PgConnection;

use super::{
    charging::{self, Tried},
    store::{self, Owed},
};
use crate::{Result, Services, booking, ledger};

/// Takes back what the student was asked to pay, where it is owed: the payment that waits at the provider is cancelled,
/// so that it can never be paid any more. What was paid meanwhile is recorded as paid. Should nothing follow, the next
/// try to pay makes a payment anew. The provider's id of what was cancelled.
///
/// # Errors
/// Where the provider does not answer.
pub(crate) async fn withdraw(services: &Services, id: ChargeId) -> Result<Option<String>> {
    let mut tx = services.begin().await?;
    let owed = store::find_locked(&mut tx, id).await?.ok_or_else(booking::not_found)?;
    tx.rollback().await?;
    let (ChargeState::Debt, Some(intent)) = (owed.state, owed.intent) else { return Ok(None) };
    if let Tried::Stands(ChargeState::Paid) = charging::look_again(services, id).await? {
        return Ok(None);
    }
    services.payments()?.cancel(&intent, &format!("withdraw-{intent}")).await?;
    // Paid in between, or the end of a question that the bank had asked.
    charging::look_again(services, id).await?;
    Ok(Some(intent))
}

/// What is owed becomes less.
pub(crate) struct Reduction<'a> {
    /// The charge as it stands, locked.
    pub owed: &'a Owed,
    /// What of it is owed no more.
    pub parts: Split,
    /// The payment that was cancelled for it, as [`withdraw`] says.
    pub withdrawn: Option<&'a str>,
    /// Because of this.
    pub dispute: DisputeId,
}

/// So much of a locked charge is owed no more. A rest of nothing clears the debt.
///
/// # Errors
/// `INVALID_STATE` (`dispute_charge_open`) while the student is about to pay it.
pub(crate) async fn reduce(
    tx: &mut PgConnection,
    id: ChargeId,
    booking: &Booking,
    reduction: &Reduction<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let Reduction { owed, parts, withdrawn, dispute } = *reduction;
    if owed.intent.as_deref() != withdrawn || store::find_open_attempt(tx, id).await?.is_some() {
        return Err(Refusal::new(Code::InvalidState, "dispute_charge_open").into());
    }
    let rest = rest(&owed.split, &parts);
    store::set_reduced(tx, id, parts.charge.minor, &rest, now).await?;
    if rest.charge.minor == 0 {
        store::clear_debt(tx, id, "reduced", now).await?;
    }
    ledger::post(tx, booking, Event::Reduced(parts), &format!("dispute/{dispute}/reduced"), now).await
}
