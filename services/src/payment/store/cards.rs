//! Rows of customers, saved cards and consents.

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use sqlx::PgConnection;

use crate::{
    Result,
    payment::{Card, Consent, provider::CardFacts},
};

/// The provider's customer of a person.
pub(crate) async fn find_customer(db: &mut PgConnection, user: UserId) -> Result<Option<String>> {
    let customer = sqlx::query_scalar!("SELECT customer FROM payment_customers WHERE user_id = $1", user.0);
    Ok(customer.fetch_optional(db).await?)
}

/// Notes the provider's customer of a person; the one that was noted first stays.
pub(crate) async fn insert_customer(
    db: &mut PgConnection,
    user: UserId,
    customer: &str,
    now: DateTime<Utc>,
) -> Result<String> {
    let kept = sqlx::query_scalar!(
        "INSERT INTO payment_customers (user_id, customer, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET customer = payment_customers.customer RETURNING customer",
        user.0,
        customer,
        now
    );
    Ok(kept.fetch_one(db).await?)
}

/// The saved cards of a person, the default first.
pub(crate) async fn list_cards(db: &mut PgConnection, user: UserId) -> Result<Vec<Card>> {
    let cards = sqlx::query_as!(
        Card,
        "SELECT id, brand, last4, exp_month, exp_year, is_default FROM cards
         WHERE user_id = $1 AND removed_at IS NULL ORDER BY is_default DESC, created_at, id",
        user.0
    );
    Ok(cards.fetch_all(db).await?)
}

/// One change of a person's cards at a time: two that are saved at once are not both the first.
async fn lock(tx: &mut PgConnection, user: UserId) -> Result<()> {
    sqlx::query_scalar!("SELECT id FROM users WHERE id = $1 FOR UPDATE", user.0).fetch_one(tx).await?;
    Ok(())
}

/// Saves a card, or what has changed about it. Where there is no default, it becomes one.
pub(crate) async fn insert_card(
    tx: &mut PgConnection,
    user: UserId,
    card: &CardFacts,
    now: DateTime<Utc>,
) -> Result<()> {
    lock(tx, user).await?;
    sqlx::query!(
        "INSERT INTO cards (id, user_id, brand, last4, exp_month, exp_year, is_default, created_at)
         SELECT $1, $2, $3, $4, $5, $6,
                NOT EXISTS (SELECT FROM cards WHERE user_id = $2 AND is_default AND removed_at IS NULL), $7
         ON CONFLICT (id) DO UPDATE SET exp_month = $5, exp_year = $6, removed_at = NULL,
             is_default = cards.is_default OR excluded.is_default",
        card.id,
        user.0,
        card.brand,
        card.last4,
        card.exp_month,
        card.exp_year,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Makes a card the default; `false` where it is no card of this person's.
pub(crate) async fn set_default_card(tx: &mut PgConnection, user: UserId, id: &str) -> Result<bool> {
    lock(tx, user).await?;
    if !is_own_card(tx, user, id).await? {
        return Ok(false);
    }
    // One after the other: there is never more than one.
    sqlx::query!("UPDATE cards SET is_default = false WHERE user_id = $1 AND is_default", user.0)
        .execute(&mut *tx)
        .await?;
    sqlx::query!("UPDATE cards SET is_default = true WHERE id = $1", id).execute(tx).await?;
    Ok(true)
}

/// Removes a card; the oldest of the others becomes the default. `false` where it is no card of this person's.
pub(crate) async fn remove_card(
    tx: &mut PgConnection,
    user: UserId,
    id: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    lock(tx, user).await?;
    let removed = sqlx::query!(
        "UPDATE cards SET removed_at = $3, is_default = false WHERE id = $1 AND user_id = $2 AND removed_at IS NULL",
        id,
        user.0,
        now
    )
    .execute(&mut *tx)
    .await?;
    if removed.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE cards SET is_default = true WHERE id = (
             SELECT id FROM cards WHERE user_id = $1 AND removed_at IS NULL
                 AND NOT EXISTS (SELECT FROM cards WHERE user_id = $1 AND is_default AND removed_at IS NULL)
             ORDER BY created_at, id LIMIT 1)",
        user.0
    )
    .execute(tx)
    .await?;
    Ok(true)
}

/// Whether a card is one of this person's.
pub(crate) async fn is_own_card(db: &mut PgConnection, user: UserId, id: &str) -> Result<bool> {
    let own = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM cards WHERE id = $1 AND user_id = $2 AND removed_at IS NULL) AS \"exists!\"",
        id,
        user.0
    );
    Ok(own.fetch_one(db).await?)
}

/// Notes the consent to charge a card later.
pub(crate) async fn insert_consent(
    tx: &mut PgConnection,
    user: UserId,
    card: &str,
    version: &str,
    text: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO card_consents (user_id, card_id, version, text, at) VALUES ($1, $2, $3, $4, $5)",
        user.0,
        card,
        version,
        text,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What a person consented to, newest first.
pub(crate) async fn list_consents(db: &mut PgConnection, user: UserId) -> Result<Vec<Consent>> {
    let rows = sqlx::query_as!(
        Consent,
        "SELECT coalesce(card_id, '') AS \"card!\", version, text, at FROM card_consents
         WHERE user_id = $1 ORDER BY id DESC",
        user.0
    );
    Ok(rows.fetch_all(db).await?)
}

/// Whether a card was removed and not saved again.
pub(crate) async fn is_removed(db: &mut PgConnection, id: &str) -> Result<bool> {
    let removed = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM cards WHERE id = $1 AND removed_at IS NOT NULL) AS \"exists!\"",
        id
    );
    Ok(removed.fetch_one(db).await?)
}
