//! Accounts at Google, connected by their owner's permission instead of a password.

use domain::{Code, Refusal, ids::TutorId};

use super::{
    TRIES_PER_HOUR,
    google::{self, Client, Listed, SCOPES, Token},
    keep, known_or_new, store,
};
use crate::{
    Actor, Result, Services,
    busy::Problem,
    chance, limit,
    oauth::{self, Asked, Granted, Reply},
};

/// Whether accounts at Google can be connected: only where the server is configured for it.
#[must_use]
pub fn is_google_offered(services: &Services) -> bool {
    services.google.is_some()
}

fn not_offered() -> Refusal {
    Refusal::new(Code::NotFound, "not_found")
}

/// Asks a tutor for permission at Google.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `RATE_LIMITED`; `NOT_FOUND` where it is not offered; `INVALID_REQUEST` where Google does
/// not answer.
pub async fn begin_google(services: &Services, actor: &Actor, tutor: TutorId) -> Result<Asked> {
    actor.require_tutor(tutor)?;
    let Ok((provider, _)) = google::provider(services) else { return Err(not_offered().into()) };
    limit::count(services, &format!("calendar_account:{tutor}"), TRIES_PER_HOUR).await?;
    oauth::ask(services, provider, actor.user, &SCOPES).await.map_err(|error| {
        tracing::warn!(%error, "nobody can be asked for permission at Google");
        Refusal::new(Code::InvalidRequest, "oauth_failed").into()
    })
}

/// Connects the account at Google for which the tutor was asked, or gives one that is connected a new permission. None
/// of its calendars is read before it is chosen. `kept` is what the browser kept of the question.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `NOT_FOUND` as above; `INVALID_REQUEST` as [`oauth`] says, where Google does not tell
/// the calendars, or on `address` for one too many.
pub async fn finish_google(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    kept: Option<&str>,
    reply: &Reply,
) -> Result<()> {
    actor.require_tutor(tutor)?;
    let Ok((provider, config)) = google::provider(services) else { return Err(not_offered().into()) };
    let granted = oauth::take(services, provider, actor.user, kept, reply, &SCOPES).await?;
    let client = Client::new(services, Token::Given(granted.access_token.clone()))?;
    let listed = client.list().await.map_err(|problem| {
        tracing::warn!(problem = problem.name(), "Google does not list calendars");
        let key = if problem == Problem::TooLarge { "calendar_too_large" } else { "oauth_failed" };
        Refusal::new(Code::InvalidRequest, key)
    })?;
    save(services, actor, tutor, &google::home(config), &granted, &listed).await
}

async fn save(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    url: &str,
    granted: &Granted,
    listed: &Listed,
) -> Result<()> {
    let (provider, _) = google::provider(services)?;
    let mut tx = services.begin().await?;
    let known = known_or_new(&mut tx, tutor, url, &listed.owner).await?;
    let permission = match known {
        Some(account) => store::find_permission(&mut tx, account).await?,
        None => None,
    };
    let permission = match permission {
        Some(permission) => {
            oauth::replace(&mut tx, services, permission, granted).await?;
            permission
        }
        None => oauth::insert(&mut tx, services, provider, actor.user, &listed.owner, granted).await?,
    };
    let account = store::NewAccount {
        id: known.unwrap_or_else(chance::id),
        tutor,
        url,
        login: &listed.owner,
        way_in: store::WayIn::Google(permission),
    };
    keep(&mut tx, &account, &listed.calendars, services.clock.now()).await?;
    Ok(tx.commit().await?)
}
