//! Links in mails that stand for a person.

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::{Result, account::Purpose};

/// Keeps a link to a person's present address.
pub(in crate::account) async fn insert_link(
    db: &mut PgConnection,
    hash: &[u8],
    user: UserId,
    purpose: Purpose,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO account_links (token_hash, user_id, purpose, email, created_at, expires_at)
         SELECT $1, id, $3, email, $4, $5 FROM users WHERE id = $2",
        hash,
        user.0,
        purpose.name(),
        now,
        expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether a link was neither used nor lapsed, and its person has still the address to which it was sent.
pub(in crate::account) async fn is_link_good(
    db: &PgPool,
    hash: &[u8],
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<bool> {
    let good = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM account_links l JOIN users u ON u.id = l.user_id
               WHERE l.token_hash = $1 AND l.purpose = $2 AND l.used_at IS NULL AND l.expires_at > $3
                 AND u.email = l.email AND u.deleted_at IS NULL
           ) AS "good!""#,
        hash,
        purpose.name(),
        now
    );
    Ok(good.fetch_one(db).await?)
}

/// Uses up a link that is good; whose it is.
pub(in crate::account) async fn use_link(
    db: &mut PgConnection,
    hash: &[u8],
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Option<UserId>> {
    let used = sqlx::query_scalar!(
        "UPDATE account_links l SET used_at = $3 FROM users u
         WHERE l.token_hash = $1 AND l.purpose = $2 AND l.used_at IS NULL AND l.expires_at > $3
           AND u.id = l.user_id AND u.email = l.email AND u.deleted_at IS NULL
         RETURNING l.user_id",
        hash,
        purpose.name(),
        now
    );
    Ok(used.fetch_optional(db).await?.map(UserId))
}

/// Who has an address.
pub(in crate::account) async fn find_by_email(db: &mut PgConnection, email: &str) -> Result<Option<UserId>> {
    let found = sqlx::query_scalar!("SELECT id FROM users WHERE email = $1 AND deleted_at IS NULL", email);
    Ok(found.fetch_optional(db).await?.map(UserId))
}

pub(in crate::account) async fn set_verified(
    db: &mut PgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!("UPDATE users SET email_verified_at = $2 WHERE id = $1", user.0, now).execute(db).await?;
    Ok(())
}

pub(in crate::account) async fn is_verified(db: impl PgExecutor<'_>, user: UserId) -> Result<bool> {
    let verified = sqlx::query_scalar!(
        r#"SELECT email_verified_at IS NOT NULL AS "verified!" FROM users WHERE id = $1"#,
        user.0
    );
    Ok(verified.fetch_one(db).await?)
}
