//! Attempts at which the bank asks the card's owner: pending, with the payment that waits for the answer.

use chrono::{DateTime, Utc};
use domain::ids::ChargeId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::set_debt;
use crate::Result;

/// The attempt of a charge at which the bank asks the card's owner, if it does.
pub(crate) async fn find_question(tx: &mut PgConnection, charge: ChargeId) -> Result<Option<Uuid>> {
    let asked = sqlx::query_scalar!(
        "SELECT id FROM charge_attempts
         WHERE charge_id = $1 AND state = 'pending' AND payment_intent IS NOT NULL",
        charge.0
    );
    Ok(asked.fetch_optional(tx).await?)
}

/// Notes that the bank asks the card's owner, and in which payment: the only one of the charge.
pub(crate) async fn set_asked(
    tx: &mut PgConnection,
    charge: ChargeId,
    attempt: Uuid,
    intent: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE charge_attempts SET payment_intent = $2 WHERE id = $1 AND state = 'pending'",
        attempt,
        intent
    )
    .execute(&mut *tx)
    .await?;
    set_debt(tx, charge, Some(intent), now).await
}

/// Ends an attempt at which the bank asked and got no answer.
pub(crate) async fn close_question(
    tx: &mut PgConnection,
    charge: ChargeId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE charge_attempts SET state = 'declined', code = 'authentication_required', finished_at = $2
         WHERE charge_id = $1 AND state = 'pending' AND payment_intent IS NOT NULL",
        charge.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}
