//! Rows of permissions at providers.

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// Tokens, sealed.
pub(super) struct Tokens {
    pub access: Vec<u8>,
    pub refresh: Vec<u8>,
    pub expires_at: DateTime<Utc>,
    /// What was permitted; `None` where that stays as it was.
    pub scopes: Option<String>,
}

/// A connection to be written.
pub(super) struct NewConnection<'a> {
    pub id: Uuid,
    pub person: UserId,
    pub provider: &'a str,
    pub subject: &'a str,
}

/// Writes a connection.
pub(super) async fn insert(
    tx: &mut PgConnection,
    new: &NewConnection<'_>,
    tokens: &Tokens,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO oauth_connections (id, user_id, provider, subject, scopes, access_token, expires_at,
             refresh_token, state, created_at, renewed_at)
         VALUES ($1, $2, $3, $4, coalesce($5, ''), $6, $7, $8, 'active', $9, $9)",
        new.id,
        new.person.0,
        new.provider,
        new.subject,
        tokens.scopes,
        tokens.access,
        tokens.expires_at,
        tokens.refresh,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives a connection other tokens; it is active with them, and nobody renews it.
pub(super) async fn set_tokens(
    db: &mut PgConnection,
    id: Uuid,
    tokens: &Tokens,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE oauth_connections SET access_token = $2, refresh_token = $3, expires_at = $4,
             scopes = coalesce($5, scopes), state = 'active', renewing_until = NULL, renewed_at = $6
         WHERE id = $1",
        id,
        tokens.access,
        tokens.refresh,
        tokens.expires_at,
        tokens.scopes,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Gives a connection the tokens into which those were renewed that it has; `false` where it has others meanwhile, or is
/// forgotten.
pub(super) async fn set_renewed(
    db: &mut PgConnection,
    id: Uuid,
    before: &[u8],
    tokens: &Tokens,
    now: DateTime<Utc>,
) -> Result<bool> {
    let set = sqlx::query!(
        "UPDATE oauth_connections SET access_token = $3, refresh_token = $4, expires_at = $5, state = 'active',
             renewing_until = NULL, renewed_at = $6
         WHERE id = $1 AND access_token = $2",
        id,
        before,
        tokens.access,
        tokens.refresh,
        tokens.expires_at,
        now
    );
    Ok(set.execute(db).await?.rows_affected() > 0)
}

/// A connection.
pub(super) struct Row {
    pub access: Vec<u8>,
    pub refresh: Vec<u8>,
    pub expires_at: DateTime<Utc>,
    /// Whether the provider still renews it.
    pub is_active: bool,
}

/// A connection; `None` once it is forgotten.
pub(super) async fn find(db: &mut PgConnection, id: Uuid) -> Result<Option<Row>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT access_token AS access, refresh_token AS refresh, expires_at, state = 'active' AS \"is_active!\"
         FROM oauth_connections WHERE id = $1",
        id
    );
    Ok(row.fetch_optional(db).await?)
}

/// Takes over the renewal of a token; `false` where somebody else has it, or has done it already.
pub(super) async fn take_lease(
    db: &mut PgConnection,
    id: Uuid,
    access: &[u8],
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool> {
    let taken = sqlx::query!(
        "UPDATE oauth_connections SET renewing_until = $4
         WHERE id = $1 AND access_token = $2 AND state = 'active'
           AND (renewing_until IS NULL OR renewing_until <= $3 OR renewing_until > $4)",
        id,
        access,
        now,
        until
    )
    .execute(db)
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// Gives a renewal up, and notes whether it needs the person; `false` where the connection has other tokens meanwhile,
/// or is forgotten.
pub(super) async fn end_lease(
    db: &mut PgConnection,
    id: Uuid,
    access: &[u8],
    needs_reauth: bool,
) -> Result<bool> {
    let ended = sqlx::query!(
        "UPDATE oauth_connections SET renewing_until = NULL,
             state = CASE WHEN $3 THEN 'needs_reauth' ELSE state END
         WHERE id = $1 AND access_token = $2",
        id,
        access,
        needs_reauth
    );
    Ok(ended.execute(db).await?.rows_affected() > 0)
}

/// Ends what was permitted in an account before an instant, for whomever; the connections that it was given to.
pub(super) async fn end_all(
    tx: &mut PgConnection,
    provider: &str,
    subject: &str,
    before: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let ended = sqlx::query_scalar!(
        "UPDATE oauth_connections SET state = 'needs_reauth', renewing_until = NULL
         WHERE provider = $1 AND subject = $2 AND state = 'active' AND renewed_at < $3 RETURNING id",
        provider,
        subject,
        before
    );
    Ok(ended.fetch_all(tx).await?)
}

/// A connection that is no more.
pub(super) struct Deleted {
    pub provider: String,
    pub access: Vec<u8>,
    pub refresh: Vec<u8>,
    /// Whether another connection is with the same account at the provider.
    pub is_shared: bool,
}

/// Forgets a connection; `None` where there is none.
pub(super) async fn delete(tx: &mut PgConnection, id: Uuid) -> Result<Option<Deleted>> {
    let gone = sqlx::query_as!(
        Deleted,
        "DELETE FROM oauth_connections d WHERE id = $1
         RETURNING provider, access_token AS access, refresh_token AS refresh, EXISTS (
             SELECT FROM oauth_connections o
             WHERE o.provider = d.provider AND o.subject = d.subject AND o.id <> d.id) AS \"is_shared!\"",
        id
    );
    Ok(gone.fetch_optional(tx).await?)
}
