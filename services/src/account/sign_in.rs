//! Signing in: cookies of browsers, tokens of programs.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    account::{Email, Role},
    ids::UserId,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Browser, Entered, Tokens, devices, jwt, password, store};
use crate::{Actor, Result, Services, chance};

/// A browser stays signed in so long after it was last seen.
const SESSION: TimeDelta = TimeDelta::days(30);

/// That a browser was seen is written at most so often.
const SEEN: TimeDelta = TimeDelta::minutes(5);

/// How long a refresh token is good for.
const REFRESH: TimeDelta = TimeDelta::days(30);

/// Of a browser's name no more characters than these are kept.
const AGENT: usize = 300;

/// Signs a browser in: the tokens for its cookies. Its person is told where it was never seen before.
///
/// # Errors
/// `INVALID_TOKEN` (key `credentials`) for a wrong address or password, in equal time for both.
pub async fn sign_in(
    services: &Services,
    email: &str,
    password: &str,
    browser: Browser<'_>,
) -> Result<Entered> {
    let (user, _) = check(services, email, password).await?;
    let mut tx = services.begin().await?;
    let entered = begin(services, &mut tx, user, browser).await?;
    tx.commit().await?;
    Ok(entered)
}

/// Begins the sign-in of a person's browser.
pub(super) async fn begin(
    services: &Services,
    tx: &mut sqlx::PgConnection,
    user: UserId,
    browser: Browser<'_>,
) -> Result<Entered> {
    let now = services.clock.now();
    let agent: Option<String> =
        browser.agent.map(|text| text.chars().filter(|c| !c.is_control()).take(AGENT).collect());
    let (token, device) = (chance::token(), browser.token());
    store::insert_session(tx, &digest(&token), user, agent.as_deref(), now, now + SESSION).await?;
    browser.note(services, tx, user, &device).await?;
    store::set_signed_in(tx, user, browser.ip, now).await?;
    Ok(Entered { token, device })
}

/// Who has this address and password.
async fn check(services: &Services, email: &str, password: &str) -> Result<(UserId, Role)> {
    // The work is the same for an address that nobody has: the time tells nothing.
    let known = match Email::parse(email) {
        Ok(email) => store::find_credentials(&services.db, &email).await?,
        Err(_) => None,
    };
    let (person, kept) = known.unzip();
    let right = password::verify(kept.flatten(), password).await?;
    person.filter(|_| right).ok_or_else(|| Refusal::new(Code::InvalidToken, "credentials").into())
}

/// Ends the sign-in of a cookie, and the streams that rest on it. Ending one that does not exist is fine.
///
/// # Errors
/// Where the database cannot be written.
pub async fn sign_out(services: &Services, token: &str) -> Result<()> {
    if let Some(user) = store::delete_session(&services.db, &digest(token)).await? {
        services.live.sign_in_ended(user);
    }
    Ok(())
}

/// Who a cookie belongs to; `None` for an unknown or lapsed one.
///
/// # Errors
/// Where the database cannot be read.
pub async fn actor_by_cookie(services: &Services, token: &str) -> Result<Option<Actor>> {
    let now = services.clock.now();
    let hash = digest(token);
    let Some((actor, seen)) = store::find_actor_by_session(&services.db, &hash, now).await? else {
        return Ok(None);
    };
    if now - seen >= SEEN {
        store::set_session_seen(&services.db, &hash, now, now + SESSION).await?;
    }
    Ok(Some(actor))
}

/// Who a JWT belongs to. It ends with its sign-in, whatever is left of its time.
///
/// # Errors
/// `INVALID_TOKEN`, `TOKEN_EXPIRED`.
pub async fn actor_by_jwt(services: &Services, jwt: &str) -> Result<Actor> {
    let (user, family) = jwt::verify(&services.config.secrets.session, jwt, services.clock.now())?;
    store::find_actor(&services.db, user, family).await?.ok_or_else(|| jwt::invalid().into())
}

/// Signs a program in.
///
/// # Errors
/// `INVALID_TOKEN` (key `credentials`).
pub async fn tokens(services: &Services, email: &str, password: &str, ip: Option<IpAddr>) -> Result<Tokens> {
    let (user, role) = check(services, email, password).await?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let family = chance::id();
    let refresh_token = add_refresh_token(&mut tx, family, user, now).await?;
    devices::note_program(services, &mut tx, user, ip).await?;
    store::set_signed_in(&mut tx, user, ip, now).await?;
    tx.commit().await?;
    pair(services, (user, role), family, refresh_token, now)
}

/// The next pair for a refresh token; a token that was used before revokes its whole family.
///
/// # Errors
/// `INVALID_TOKEN`, `TOKEN_EXPIRED`.
pub async fn refresh(services: &Services, refresh_token: &str) -> Result<Tokens> {
    let now = services.clock.now();
    let hash = digest(refresh_token);
    let mut tx = services.begin().await?;
    let Some(family) = store::find_family(&mut tx, &hash).await? else {
        return Err(jwt::invalid().into());
    };
    // One at a time in a family: no token is added to it while a reuse revokes it.
    store::lock_family(&mut tx, family).await?;
    let Some(token) = store::find_refresh_token(&mut tx, &hash).await? else {
        return Err(jwt::invalid().into());
    };
    if token.used {
        store::set_family_revoked(&mut tx, family, now).await?;
        tx.commit().await?;
        services.live.sign_in_ended(token.user);
        return Err(jwt::invalid().into());
    }
    if token.revoked {
        return Err(jwt::invalid().into());
    }
    if token.expires_at <= now {
        return Err(jwt::expired().into());
    }
    store::set_refresh_token_used(&mut tx, &hash, now).await?;
    let next = add_refresh_token(&mut tx, family, token.user, now).await?;
    tx.commit().await?;
    pair(services, (token.user, token.role), family, next, now)
}

/// Revokes the family of a refresh token, and ends the streams that rest on it. Revoking an unknown one is fine.
///
/// # Errors
/// Where the database cannot be written.
pub async fn revoke(services: &Services, refresh_token: &str) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let hash = digest(refresh_token);
    let Some(family) = store::find_family(&mut tx, &hash).await? else { return Ok(()) };
    store::lock_family(&mut tx, family).await?;
    store::set_family_revoked(&mut tx, family, now).await?;
    let token = store::find_refresh_token(&mut tx, &hash).await?;
    tx.commit().await?;
    if let Some(token) = token {
        services.live.sign_in_ended(token.user);
    }
    Ok(())
}

async fn add_refresh_token(
    tx: &mut sqlx::PgConnection,
    family: Uuid,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<String> {
    let token = chance::token();
    store::insert_refresh_token(tx, &digest(&token), family, user, now, now + REFRESH).await?;
    Ok(token)
}

fn pair(
    services: &Services,
    person: (UserId, Role),
    family: Uuid,
    refresh_token: String,
    now: DateTime<Utc>,
) -> Result<Tokens> {
    let access_token = jwt::sign(&services.config.secrets.session, person, family, now)?;
    Ok(Tokens { access_token, refresh_token, expires_in: jwt::LIFE.num_seconds() })
}

/// What is kept of a token of ours. It is random, so that one fast hash is enough.
pub(crate) fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
