//! Tokens that are kept: given out while they last, renewed by one server while all others wait, and withdrawn.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::UserId;
use oauth2::{RefreshToken, RequestTokenError, TokenResponse as _};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Granted, Provider,
    consent::lifetime,
    provider::ProviderKind,
    store::{self, Row, Tokens},
};
use crate::{AppError, Result, Services, chance, jobs, mail::TellOfPermission, seal};

/// So long before its end a token is renewed: a call takes its time.
const MARGIN: TimeDelta = TimeDelta::minutes(1);

/// How long a server may take to renew a token before another one does.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// How long a call waits for another server that renews the token, and how often it looks.
const WAIT: Duration = Duration::from_secs(25);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why there is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The provider renews it no more, or it cannot be opened: the person has to permit it again.
    NeedsReauth,
    /// The provider does not answer as it should.
    Unreachable,
}

/// Keeps what a person permitted, under an id that is new.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    services: &Services,
    provider: &Provider,
    person: UserId,
    subject: &str,
    granted: &Granted,
) -> Result<Uuid> {
    let id = chance::id();
    let tokens = sealed(services, id, granted)?;
    let new = store::NewConnection { id, person, provider: provider.kind().name(), subject };
    store::insert(tx, &new, &tokens, services.clock.now()).await?;
    Ok(id)
}

/// Keeps what a person permitted again.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn replace(
    tx: &mut PgConnection,
    services: &Services,
    id: Uuid,
    granted: &Granted,
) -> Result<()> {
    store::set_tokens(tx, id, &sealed(services, id, granted)?, services.clock.now()).await
}

fn sealed(services: &Services, id: Uuid, granted: &Granted) -> Result<Tokens> {
    let secrets = &services.config.secrets;
    Ok(Tokens {
        access: seal::seal(secrets, &place(id, "access"), &granted.access_token)?,
        refresh: seal::seal(secrets, &place(id, "refresh"), &granted.refresh_token)?,
        expires_at: granted.expires_at,
        scopes: Some(granted.scopes.clone()),
    })
}

/// What a token is sealed for.
fn place(id: Uuid, which: &str) -> String {
    format!("oauth_connection:{id}:{which}")
}

/// A token that lasts a while yet. One that the provider did not take, `stale`, is renewed whatever its age.
///
/// # Errors
/// Where the database cannot be read or written; what the provider does not do is [`Lost`].
pub(crate) async fn access(
    services: &Services,
    provider: &Provider,
    id: Uuid,
    stale: Option<&str>,
) -> Result<Result<String, Lost>> {
    let until = tokio::time::Instant::now() + WAIT;
    loop {
        let row = store::find(&mut *services.db.acquire().await?, id).await?;
        let Some(row) = row.filter(|row| row.is_active) else { return Ok(Err(Lost::NeedsReauth)) };
        let token = seal::open(&services.config.secrets, &place(id, "access"), &row.access)?;
        let now = services.clock.now();
        // One that was sealed with another secret is renewed, as one that ended is.
        if let Some(token) = token
            && lasts(&row, now)
            && stale != Some(token.as_str())
        {
            return Ok(Ok(token));
        }
        let mut db = services.db.acquire().await?;
        if store::take_lease(&mut db, id, &row.access, now, now + LEASE).await? {
            drop(db);
            match renew(services, provider, id, &row).await? {
                Some(outcome) => return Ok(outcome),
                // The person permitted it anew meanwhile: those tokens count.
                None => continue,
            }
        }
        drop(db);
        if tokio::time::Instant::now() > until {
            return Ok(Err(Lost::Unreachable));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether a token lasts long enough for a call.
fn lasts(row: &Row, now: DateTime<Utc>) -> bool {
    row.expires_at > now + MARGIN
}

/// Renews the tokens of a connection, whose lease is held; `None` where it got others meanwhile.
async fn renew(
    services: &Services,
    provider: &Provider,
    id: Uuid,
    row: &Row,
) -> Result<Option<Result<String, Lost>>> {
    let outcome = match seal::open(&services.config.secrets, &place(id, "refresh"), &row.refresh)? {
        None => Err(Lost::NeedsReauth),
        Some(refresh) => ask(services, provider, refresh).await,
    };
    match outcome {
        Ok(granted) => {
            let tokens = Tokens { scopes: None, ..sealed(services, id, &granted)? };
            let (now, mut db) = (services.clock.now(), services.db.acquire().await?);
            let is_kept = store::set_renewed(&mut db, id, &row.access, &tokens, now).await?;
            Ok(is_kept.then_some(Ok(granted.access_token)))
        }
        Err(lost) => {
            let is_over = lost == Lost::NeedsReauth;
            let mut tx = services.begin().await?;
            let is_kept = store::end_lease(&mut tx, id, &row.access, is_over).await?;
            if is_kept && is_over {
                jobs::enqueue(&mut tx, &TellOfPermission { permission: id }).await?;
            }
            tx.commit().await?;
            Ok(is_kept.then_some(Err(lost)))
        }
    }
}

/// Ends what was permitted in an account at a provider before an instant, and tells those who had permitted it. What
/// was permitted again since stands.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn end(
    tx: &mut PgConnection,
    provider: &Provider,
    subject: &str,
    before: DateTime<Utc>,
) -> Result<()> {
    for permission in store::end_all(tx, provider.kind().name(), subject, before).await? {
        jobs::enqueue(tx, &TellOfPermission { permission }).await?;
    }
    Ok(())
}

/// Asks the provider for other tokens.
async fn ask(services: &Services, provider: &Provider, refresh: String) -> Result<Granted, Lost> {
    let asked = async {
        let (client, http) = (provider.client().await?, provider.http()?);
        let token = RefreshToken::new(refresh.clone());
        match client.exchange_refresh_token(&token).request_async(&http).await {
            Ok(tokens) => Ok(Ok(tokens)),
            Err(RequestTokenError::ServerResponse(answer)) if provider.is_over(answer.error().as_ref()) => {
                Ok(Err(Lost::NeedsReauth))
            }
            Err(error) => Err(AppError::fault(error.to_string())),
        }
    };
    let tokens = match asked.await {
        Ok(tokens) => tokens?,
        Err(error) => {
            tracing::warn!(%error, provider = provider.kind().name(), "a token is not renewed");
            return Err(Lost::Unreachable);
        }
    };
    Ok(Granted {
        access_token: tokens.access_token().secret().clone(),
        expires_at: services.clock.now() + lifetime(tokens.expires_in()),
        // Some providers give another one each time.
        refresh_token: tokens.refresh_token().map_or(refresh, |token| token.secret().clone()),
        scopes: String::new(),
    })
}

/// Forgets a connection; what [`withdraw`] needs to end it at the provider too, unless somebody else's connection with
/// the same account there would end with it.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn delete(tx: &mut PgConnection, services: &Services, id: Uuid) -> Result<Option<String>> {
    let Some(row) = store::delete(tx, id).await? else { return Ok(None) };
    if row.is_shared {
        return Ok(None);
    }
    let (which, token) = match ProviderKind::withdraws_access(&row.provider) {
        true => ("access", &row.access),
        false => ("refresh", &row.refresh),
    };
    seal::open(&services.config.secrets, &place(id, which), token)
}

/// Tells the provider that a token is not used any more (RFC 7009). A provider that does not hear it does no harm: the
/// token is forgotten here.
pub(crate) async fn withdraw(provider: &Provider, token: &str) {
    if let Err(error) = tell(provider, token).await {
        tracing::warn!(%error, provider = provider.kind().name(), "a permission is not withdrawn");
    }
}

async fn tell(provider: &Provider, token: &str) -> Result<()> {
    let Some(address) = &provider.endpoints().await?.revocation_endpoint else { return Ok(()) };
    let (name, password) = provider.login();
    let request = provider.http()?.post(address.clone()).basic_auth(name, Some(password));
    let answer = request.form(&[("token", token)]).send().await.map_err(AppError::fault)?;
    answer.error_for_status().map_err(AppError::fault)?;
    Ok(())
}
