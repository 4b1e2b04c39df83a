//! Rows of payouts and of the accounts to which they go.

mod desk;
mod earnings;
mod payouts;
mod reversals;

use chrono::{DateTime, Utc};
use domain::{
    ids::{ChargeId, TutorId, UserId},
    payout::Standing,
};
use sqlx::PgConnection;

use crate::Result;

pub(super) use desk::*;
pub(super) use earnings::*;
pub(super) use payouts::*;
pub(super) use reversals::*;

/// A tutor's account with the payment provider.
pub(super) struct KnownAccount {
    /// The provider's id; none while it has not answered.
    pub account: Option<String>,
    /// What the provider said last.
    pub standing: Standing,
}

/// The account of a tutor.
pub(super) async fn find_account(db: &mut PgConnection, tutor: TutorId) -> Result<Option<KnownAccount>> {
    let row = sqlx::query!(
        "SELECT account, details_submitted, transfers_enabled, payouts_enabled FROM payout_accounts
         WHERE tutor_id = $1",
        tutor.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| KnownAccount {
        account: row.account,
        standing: Standing {
            details_submitted: row.details_submitted,
            transfers_enabled: row.transfers_enabled,
            payouts_enabled: row.payouts_enabled,
        },
    }))
}

/// Notes that the provider is about to be asked for an account, unless it was noted before; since when it is.
pub(super) async fn find_or_insert_account(
    db: &mut PgConnection,
    tutor: TutorId,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    let asked_at = sqlx::query_scalar!(
        "INSERT INTO payout_accounts (tutor_id, asked_at, updated_at) VALUES ($1, $2, $2)
         ON CONFLICT (tutor_id) DO UPDATE SET asked_at = payout_accounts.asked_at RETURNING asked_at",
        tutor.0,
        now
    );
    Ok(asked_at.fetch_one(db).await?)
}

/// Notes the provider's account of a tutor; the one that was noted first stays.
pub(super) async fn set_account(
    db: &mut PgConnection,
    tutor: TutorId,
    account: &str,
    now: DateTime<Utc>,
) -> Result<String> {
    let kept = sqlx::query_scalar!(
        "UPDATE payout_accounts SET account = coalesce(account, $2), updated_at = $3 WHERE tutor_id = $1
         RETURNING account AS \"account!\"",
        tutor.0,
        account,
        now
    );
    Ok(kept.fetch_one(db).await?)
}

/// Whose account it is.
pub(super) async fn find_owner(db: &mut PgConnection, account: &str) -> Result<Option<TutorId>> {
    let owner = sqlx::query_scalar!("SELECT tutor_id FROM payout_accounts WHERE account = $1", account);
    Ok(owner.fetch_optional(db).await?.map(TutorId))
}

/// Notes how an account stands; whom it concerns, where that has changed. One that became ready is looked at.
pub(super) async fn set_standing(
    tx: &mut PgConnection,
    account: &str,
    standing: Standing,
    now: DateTime<Utc>,
) -> Result<Option<UserId>> {
    let owner = sqlx::query_scalar!(
        "UPDATE payout_accounts a
         SET details_submitted = $2, transfers_enabled = $3, payouts_enabled = $4, updated_at = $5, look_at = $5
         FROM tutors t
         WHERE a.account = $1 AND t.id = a.tutor_id
             AND (a.details_submitted, a.transfers_enabled, a.payouts_enabled) IS DISTINCT FROM ($2, $3, $4)
         RETURNING t.user_id",
        account,
        standing.details_submitted,
        standing.transfers_enabled,
        standing.payouts_enabled,
        now
    );
    Ok(owner.fetch_optional(tx).await?.map(UserId))
}

/// Has a tutor's account looked at just after the dispute window of a charge.
pub(super) async fn look_at_end_of_window(tx: &mut PgConnection, charge: ChargeId) -> Result<()> {
    sqlx::query!(
        "UPDATE payout_accounts a SET look_at = least(a.look_at, c.payable_after + interval '1 microsecond')
         FROM charges c JOIN bookings b ON b.id = c.booking_id
         WHERE c.id = $1 AND a.tutor_id = b.tutor_id",
        charge.0
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Has a tutor's account looked at by an instant, or before it.
pub(super) async fn look_again_at(tx: &mut PgConnection, tutor: TutorId, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE payout_accounts SET look_at = least(look_at, $2) WHERE tutor_id = $1", tutor.0, at)
        .execute(tx)
        .await?;
    Ok(())
}

/// Says when a tutor's account is looked at next; never, without an instant.
pub(super) async fn set_look_at(
    tx: &mut PgConnection,
    tutor: TutorId,
    at: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!("UPDATE payout_accounts SET look_at = $2 WHERE tutor_id = $1", tutor.0, at)
        .execute(tx)
        .await?;
    Ok(())
}
