//! A payment that a bank took back for good.

use chrono::{DateTime, Utc};
use domain::{
    ids::{ChargeId, RefundId},
    ledger::{self as rules, Event},
};
use sqlx::PgConnection;

use super::store::{self, Owed};
use crate::{Result, booking, chance, ledger, payout};

/// What a bank decided for the owner of the card.
pub(crate) struct Loss<'a> {
    /// The provider's id.
    pub chargeback: &'a str,
    /// In the bank's words.
    pub reason: &'a str,
    /// Minor units, no more than is left of the charge.
    pub amount: i64,
    /// Some of it was entered before, when less was left of the charge.
    pub again: bool,
}

/// So much of a locked charge, which is paid, is gone: tutor and platform each do without their part, as with a refund,
/// and what was paid out of it is taken back.
pub(crate) async fn lose(
    tx: &mut PgConnection,
    charge: ChargeId,
    owed: &Owed,
    lost: &Loss<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let parts = rules::refund(&owed.split, owed.given, lost.amount)?;
    let refund: RefundId = chance::id();
    store::insert_loss(tx, refund, (charge, owed.booking), parts, lost, now).await?;
    let found = booking::read(tx, owed.booking, now).await?.ok_or_else(booking::not_found)?;
    let first = format!("chargeback/{}/lost", lost.chargeback);
    let source = if lost.again { format!("{first}/{refund}") } else { first };
    ledger::post(tx, &found.booking, Event::Lost(parts), &source, now).await?;
    payout::foresee(tx, charge, refund, parts.payout.minor, now).await?;
    payout::given(tx, refund, now).await
}
