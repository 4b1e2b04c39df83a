//! The rows of people, their sign-ins and tokens.

mod links;

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use domain::{
    account::{Email, Role},
    ids::{TutorId, UserId},
    zone::Zone,
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{Me, MeChange, Registration};
use crate::{Actor, AppError, Result};

pub(super) use links::{find_by_email, insert_link, is_link_good, is_verified, set_verified, use_link};

/// Lets nobody else change what is counted for a person, until the end of the transaction.
pub(crate) async fn lock(tx: &mut PgConnection, user: UserId) -> Result<()> {
    sqlx::query!("SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE", user.0).fetch_one(tx).await?;
    Ok(())
}

/// All admins: what waits for one of them is told to each.
pub(crate) async fn list_admins(db: &mut PgConnection) -> Result<Vec<UserId>> {
    let ids =
        sqlx::query_scalar!("SELECT id FROM users WHERE role = 'admin' AND deleted_at IS NULL ORDER BY id");
    Ok(ids.fetch_all(db).await?.into_iter().map(UserId).collect())
}

pub(super) async fn insert_user(
    db: &mut PgConnection,
    user: UserId,
    registration: &Registration,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO users
             (id, email, password_hash, name, role, time_zone, locale, marketing_opt_in, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        user.0,
        registration.email.as_str(),
        hash,
        registration.name.as_str(),
        registration.role.name(),
        registration.zone.name(),
        registration.language.tag(),
        registration.marketing_opt_in,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The addresses that begin like this one.
pub(super) async fn list_slugs(db: &mut PgConnection, base: &str) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!("SELECT slug FROM tutors WHERE starts_with(slug, $1)", base).fetch_all(db).await?)
}

/// False where the address is taken.
pub(super) async fn insert_tutor(
    db: &mut PgConnection,
    tutor: TutorId,
    user: UserId,
    slug: &str,
    zone: Zone,
    now: DateTime<Utc>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO tutors (id, user_id, slug, time_zone, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (slug) DO NOTHING",
        tutor.0,
        user.0,
        slug,
        zone.name(),
        now
    )
    .execute(db)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub(super) async fn find_me(db: &mut PgConnection, user: UserId) -> Result<Me> {
    let row = sqlx::query!(
        r#"SELECT u.id, u.email, u.name, u.role, u.time_zone, u.locale, t.id AS "tutor_id?",
                  u.languages, u.goals, u.marketing_opt_in
           FROM users u LEFT JOIN tutors t ON t.user_id = u.id
           WHERE u.id = $1"#,
        user.0
    )
    .fetch_one(db)
    .await?;
    Ok(Me {
        id: row.id.into(),
        email: row.email,
        name: row.name,
        role: role(&row.role)?,
        time_zone: row.time_zone,
        locale: row.locale,
        tutor_id: row.tutor_id.map(TutorId),
        languages: row.languages,
        goals: row.goals,
        marketing_opt_in: row.marketing_opt_in,
    })
}

pub(super) async fn set_me(db: &mut PgConnection, user: UserId, change: &MeChange) -> Result<()> {
    sqlx::query!(
        "UPDATE users SET
             name = coalesce($2, name),
             time_zone = coalesce($3, time_zone),
             locale = coalesce($4, locale),
             languages = coalesce($5, languages),
             goals = coalesce($6, goals),
             marketing_opt_in = coalesce($7, marketing_opt_in)
         WHERE id = $1",
        user.0,
        change.name.as_ref().map(|name| name.as_str()),
        change.zone.map(Zone::name),
        change.language.map(|language| language.tag()),
        change.languages.as_deref(),
        change.goals.as_deref(),
        change.marketing_opt_in
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The person of an address, with the hash of the password; nobody whose account was deleted.
pub(super) async fn find_credentials(
    db: &PgPool,
    email: &Email,
) -> Result<Option<((UserId, Role), Option<String>)>> {
    let row = sqlx::query!(
        "SELECT id, role, password_hash FROM users WHERE email = $1 AND deleted_at IS NULL",
        email.as_str()
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| Ok(((row.id.into(), role(&row.role)?), some(row.password_hash)))).transpose()
}

/// A hash; none is kept as an empty text.
fn some(hash: String) -> Option<String> {
    Some(hash).filter(|hash| !hash.is_empty())
}

/// The hash of a person's password, where there is one.
pub(super) async fn find_password(db: &PgPool, user: UserId) -> Result<Option<String>> {
    let found = sqlx::query_scalar!("SELECT password_hash FROM users WHERE id = $1", user.0);
    Ok(found.fetch_optional(db).await?.and_then(some))
}

/// Keeps the hash of another password, or an empty text for none.
pub(super) async fn set_password(db: &mut PgConnection, user: UserId, hash: &str) -> Result<()> {
    sqlx::query!("UPDATE users SET password_hash = $2 WHERE id = $1", user.0, hash).execute(db).await?;
    Ok(())
}

/// Ends a person's sign-ins but for that of one cookie, and what could become one.
pub(super) async fn end_sign_ins(
    db: &mut PgConnection,
    user: UserId,
    but: Option<Vec<u8>>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "WITH ended AS (
             DELETE FROM user_sessions WHERE user_id = $1 AND token_hash IS DISTINCT FROM $2),
         void AS (UPDATE account_links SET used_at = $3 WHERE user_id = $1 AND used_at IS NULL)
         UPDATE refresh_tokens SET revoked_at = $3 WHERE user_id = $1 AND revoked_at IS NULL",
        user.0,
        but,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that a person signs in with a device; whether it is its first time that we know of, and not the person's.
pub(super) async fn see_device(
    db: &mut PgConnection,
    user: UserId,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<bool> {
    let is_news = sqlx::query_scalar!(
        r#"INSERT INTO known_devices (user_id, device_hash, seen_at) VALUES ($1, $2, $3)
           ON CONFLICT (user_id, device_hash) DO UPDATE SET seen_at = excluded.seen_at
           RETURNING xmax = 0 AND EXISTS (
               SELECT FROM users u WHERE u.id = $1 AND u.last_sign_in_at IS NOT NULL) AS "is_news!""#,
        user.0,
        hash,
        now
    );
    Ok(is_news.fetch_one(db).await?)
}

pub(super) async fn set_signed_in(
    db: &mut PgConnection,
    user: UserId,
    ip: Option<IpAddr>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE users SET last_sign_in_at = $2, last_sign_in_ip = coalesce($3::text::inet, last_sign_in_ip)
         WHERE id = $1",
        user.0,
        now,
        ip.map(|ip| ip.to_string())
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn insert_session(
    db: &mut PgConnection,
    hash: &[u8],
    user: UserId,
    agent: Option<&str>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO user_sessions (token_hash, user_id, user_agent, created_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $4, $5)",
        hash,
        user.0,
        agent,
        now,
        expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn delete_session(db: &PgPool, hash: &[u8]) -> Result<Option<UserId>> {
    let whose =
        sqlx::query_scalar!("DELETE FROM user_sessions WHERE token_hash = $1 RETURNING user_id", hash);
    Ok(whose.fetch_optional(db).await?.map(UserId))
}

pub(super) async fn set_session_seen(
    db: &PgPool,
    hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE user_sessions SET last_seen_at = $2, expires_at = $3 WHERE token_hash = $1 AND last_seen_at < $2",
        hash,
        now,
        expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

struct ActorRow {
    user_id: Uuid,
    role: String,
    name: String,
    time_zone: String,
    locale: String,
    tutor_id: Option<Uuid>,
}

impl TryFrom<ActorRow> for Actor {
    type Error = AppError;

    fn try_from(row: ActorRow) -> Result<Actor> {
        Ok(Actor {
            user: row.user_id.into(),
            role: role(&row.role)?,
            tutor: row.tutor_id.map(TutorId),
            name: row.name,
            zone: Zone::parse(&row.time_zone).map_err(AppError::fault)?,
            language: row.locale.parse().unwrap_or_default(),
        })
    }
}

fn role(name: &str) -> Result<Role> {
    name.parse::<Role>().map_err(AppError::fault)
}

/// Who a cookie belongs to and when it was last seen to be used.
pub(super) async fn find_actor_by_session(
    db: &PgPool,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<(Actor, DateTime<Utc>)>> {
    let row = sqlx::query!(
        r#"SELECT s.last_seen_at, u.id AS user_id, u.role, u.name, u.time_zone, u.locale, t.id AS "tutor_id?"
           FROM user_sessions s
           JOIN users u ON u.id = s.user_id
           LEFT JOIN tutors t ON t.user_id = u.id
           WHERE s.token_hash = $1 AND s.expires_at > $2 AND u.deleted_at IS NULL"#,
        hash,
        now
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let actor = ActorRow {
        user_id: row.user_id,
        role: row.role,
        name: row.name,
        time_zone: row.time_zone,
        locale: row.locale,
        tutor_id: row.tutor_id,
    };
    Ok(Some((actor.try_into()?, row.last_seen_at)))
}

/// A person whose account exists, by a sign-in that was not revoked.
pub(super) async fn find_actor(db: &PgPool, user: UserId, family: Uuid) -> Result<Option<Actor>> {
    sqlx::query_as!(
        ActorRow,
        r#"SELECT u.id AS user_id, u.role, u.name, u.time_zone, u.locale, t.id AS "tutor_id?"
           FROM users u LEFT JOIN tutors t ON t.user_id = u.id
           WHERE u.id = $1 AND u.deleted_at IS NULL
               AND NOT EXISTS (SELECT FROM refresh_tokens r WHERE r.family = $2 AND r.revoked_at IS NOT NULL)"#,
        user.0,
        family
    )
    .fetch_optional(db)
    .await?
    .map(Actor::try_from)
    .transpose()
}

pub(super) async fn insert_refresh_token(
    db: &mut PgConnection,
    hash: &[u8],
    family: Uuid,
    user: UserId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO refresh_tokens (token_hash, family, user_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5)",
        hash,
        family,
        user.0,
        now,
        expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn find_family(db: &mut PgConnection, hash: &[u8]) -> Result<Option<Uuid>> {
    let family = sqlx::query_scalar!("SELECT family FROM refresh_tokens WHERE token_hash = $1", hash);
    Ok(family.fetch_optional(db).await?)
}

/// Waits until no other transaction works on a family; held until the transaction ends.
/// The families of a person's tokens that are not revoked, in the order in which they are locked.
pub(super) async fn list_families(db: &mut PgConnection, user: UserId) -> Result<Vec<Uuid>> {
    let families = sqlx::query_scalar!(
        "SELECT DISTINCT family FROM refresh_tokens WHERE user_id = $1 AND revoked_at IS NULL ORDER BY family",
        user.0
    );
    Ok(families.fetch_all(db).await?)
}

pub(super) async fn lock_family(db: &mut PgConnection, family: Uuid) -> Result<()> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('family:' || $1::text, 0))",
        family.to_string()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What is known of a refresh token.
pub(super) struct RefreshToken {
    pub user: UserId,
    pub role: Role,
    pub expires_at: DateTime<Utc>,
    pub used: bool,
    pub revoked: bool,
}

/// A refresh token of a person whose account exists.
pub(super) async fn find_refresh_token(db: &mut PgConnection, hash: &[u8]) -> Result<Option<RefreshToken>> {
    let row = sqlx::query!(
        r#"SELECT r.user_id, u.role, r.expires_at, r.used_at IS NOT NULL AS "used!",
                  r.revoked_at IS NOT NULL AS "revoked!"
           FROM refresh_tokens r JOIN users u ON u.id = r.user_id
           WHERE r.token_hash = $1 AND u.deleted_at IS NULL"#,
        hash
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(RefreshToken {
            user: row.user_id.into(),
            role: role(&row.role)?,
            expires_at: row.expires_at,
            used: row.used,
            revoked: row.revoked,
        })
    })
    .transpose()
}

pub(super) async fn set_refresh_token_used(
    db: &mut PgConnection,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!("UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1", hash, now)
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn set_family_revoked(
    db: &mut PgConnection,
    family: Uuid,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE refresh_tokens SET revoked_at = $2 WHERE family = $1 AND revoked_at IS NULL",
        family,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
