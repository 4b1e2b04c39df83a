//! Rows of payouts and of the accounts to which they go.

use chrono::{DateTime, Utc};
use domain::{
    ids::{TutorId, UserId},
    payout::Standing,
};
use sqlx::PgConnection;

use crate::Result;

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

/// Notes how an account stands; whom it concerns, where that has changed.
pub(super) async fn set_standing(
    tx: &mut PgConnection,
    account: &str,
    standing: Standing,
    now: DateTime<Utc>,
) -> Result<Option<UserId>> {
    let owner = sqlx::query_scalar!(
        "UPDATE payout_accounts a
         SET details_submitted = $2, transfers_enabled = $3, payouts_enabled = $4, updated_at = $5
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
