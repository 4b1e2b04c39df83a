//! Tutors' accounts with Zoom and Google Meet: connected by their owner's permission, chosen, disconnected.

use chrono::{DateTime, Utc};
use domain::{Code, Refusal, ids::TutorId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{arrange_all, store, works, zoom};
use crate::{
    Actor, Result, Services,
    busy::Problem,
    diary::GoogleClient,
    limit,
    oauth::{self, Asked, Granted, Reply, Token},
    settings as platform,
    tutor::{self, Provider},
};

/// How often a tutor may try to connect an account in an hour.
const TRIES_PER_HOUR: i32 = 20;

/// What is asked of people for Google Meet: to see whose calendar it is, and to write events with a conference.
const GOOGLE_SCOPES: [&str; 2] = [
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
    "https://www.googleapis.com/auth/calendar.events",
];

/// With whom tutors have accounts in which lessons can take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Zoom.
    Zoom,
    /// Google Meet.
    GoogleMeet,
}

impl Kind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Kind; 2] = [Kind::Zoom, Kind::GoogleMeet];

    /// The name in the database, in forms and in the setting `accepted_providers`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Zoom => "zoom",
            Kind::GoogleMeet => "google_meet",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Lessons that take place there.
    #[must_use]
    pub const fn provider(self) -> Provider {
        match self {
            Kind::Zoom => Provider::Zoom,
            Kind::GoogleMeet => Provider::GoogleMeet,
        }
    }

    /// Who lets us act for people there; `None` where that is not configured.
    fn door(self, services: &Services) -> Option<&oauth::Provider> {
        match self {
            Kind::Zoom => services.zoom.as_ref(),
            Kind::GoogleMeet => services.google.as_ref(),
        }
    }

    /// Whether meetings can be made there by this server.
    pub(crate) fn is_configured(self, services: &Services) -> bool {
        self.door(services).is_some()
    }

    const fn scopes(self) -> &'static [&'static str] {
        match self {
            Kind::Zoom => &zoom::SCOPES,
            Kind::GoogleMeet => &GOOGLE_SCOPES,
        }
    }
}

/// Whose account it is.
pub(super) struct Owner {
    /// Who it is in the provider's messages.
    pub account: String,
    /// What its owner knows it by.
    pub login: String,
}

/// A provider that can be connected, as its tutor sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// With whom.
    pub kind: Kind,
    /// What the tutor knows the account by; `None` where none is connected.
    pub login: Option<String>,
    /// Whether the account lets us in.
    pub is_active: bool,
    /// Whether it can be connected, also once more.
    pub is_offered: bool,
}

fn not_found() -> Refusal {
    Refusal::new(Code::NotFound, "not_found")
}

/// The providers that a tutor can connect, or has connected: those that are configured and that the platform accepts.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn list(services: &Services, actor: &Actor, tutor: TutorId) -> Result<Vec<Connection>> {
    actor.require_tutor(tutor)?;
    let mut db = services.db.acquire().await?;
    let accepted = platform::load_here(services, &mut db).await?.accepted_providers;
    let rows = store::list(&mut db, tutor).await?;
    let offered = Kind::ALL.into_iter().filter_map(|kind| {
        let row = rows.iter().find(|row| row.provider == kind.name());
        let is_offered = accepted.iter().any(|name| name == kind.name());
        (is_offered || row.is_some()).then(|| Connection {
            kind,
            login: row.map(|row| row.login.clone()),
            is_active: row.is_some_and(|row| row.is_active),
            is_offered,
        })
    });
    Ok(offered.collect())
}

/// Asks a tutor for permission.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `RATE_LIMITED`; `NOT_FOUND` where it is not offered; `INVALID_REQUEST` where the
/// provider does not answer.
pub async fn begin(services: &Services, actor: &Actor, tutor: TutorId, kind: Kind) -> Result<Asked> {
    actor.require_tutor(tutor)?;
    let platform = platform::load_here(services, &mut *services.db.acquire().await?).await?;
    if !platform.accepted_providers.iter().any(|name| name == kind.name()) {
        return Err(not_found().into());
    }
    let door = kind.door(services).ok_or_else(not_found)?;
    limit::count(services, &format!("video_account:{tutor}"), TRIES_PER_HOUR).await?;
    oauth::ask(services, door, actor.user, kind.scopes()).await.map_err(|error| {
        tracing::warn!(%error, provider = kind.name(), "nobody can be asked for permission");
        Refusal::new(Code::InvalidRequest, "oauth_failed").into()
    })
}

/// Connects the account for which the tutor was asked, in the place of one that is connected. Where the tutor's lessons
/// could take place nowhere, they do so there. `kept` is what the browser kept of the question.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `NOT_FOUND` as above; `INVALID_REQUEST` as [`oauth`] says, or where the provider does
/// not tell whose account it is.
pub async fn finish(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    kind: Kind,
    kept: Option<&str>,
    reply: &Reply,
) -> Result<()> {
    actor.require_tutor(tutor)?;
    let door = kind.door(services).ok_or_else(not_found)?;
    let granted = oauth::take(services, door, actor.user, kept, reply, kind.scopes()).await?;
    let owner = owner(services, kind, &granted).await?.map_err(|problem| {
        tracing::warn!(problem = problem.name(), provider = kind.name(), "nobody says whose account it is");
        Refusal::new(Code::InvalidRequest, "oauth_failed")
    })?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    tutor::store::lock(&mut tx, tutor).await?;
    let replaced = keep(&mut tx, services, actor, tutor, kind, &owner, &granted).await?;
    let (_, chosen) = tutor::store::find_settings(&mut tx, tutor).await?.ok_or_else(not_found)?;
    let has_no_place = !can_take_place(services, &mut tx, tutor, &chosen).await?;
    if has_no_place && can_take_place(services, &mut tx, tutor, &kind.provider()).await? {
        tutor::store::set_provider(&mut tx, tutor, &kind.provider(), now).await?;
    }
    arrange_all(&mut tx, tutor, now).await?;
    tx.commit().await?;
    if let Some(token) = replaced {
        oauth::withdraw(door, &token).await;
    }
    Ok(())
}

async fn owner(services: &Services, kind: Kind, granted: &Granted) -> Result<Result<Owner, Problem>> {
    let token = Token::Given(granted.access_token.clone());
    Ok(match kind {
        Kind::Zoom => zoom::Client::new(services, token)?.owner().await,
        Kind::GoogleMeet => {
            let listed = GoogleClient::new(services, token)?.list().await;
            listed.map(|listed| Owner { account: listed.owner.clone(), login: listed.owner })
        }
    })
}

/// Keeps a permission. What is left of one with another account, whose end its provider is to be told.
async fn keep(
    tx: &mut PgConnection,
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    kind: Kind,
    owner: &Owner,
    granted: &Granted,
) -> Result<Option<String>> {
    let door = kind.door(services).ok_or_else(not_found)?;
    let known = store::find(tx, tutor, kind).await?;
    let mut replaced = None;
    if let Some(known) = known {
        if known.account == owner.account {
            oauth::replace(tx, services, known.oauth, granted).await?;
            store::set_login(tx, tutor, kind, &owner.login).await?;
            return Ok(None);
        }
        replaced = oauth::delete(tx, services, known.oauth).await?;
    }
    let permission = oauth::insert(tx, services, door, actor.user, &owner.account, granted).await?;
    store::insert(tx, tutor, kind, owner, permission, services.clock.now()).await?;
    Ok(replaced)
}

/// Whether a tutor's lessons can take place there: the platform accepts it, it is configured, and an account lets us in.
async fn can_take_place(
    services: &Services,
    tx: &mut PgConnection,
    tutor: TutorId,
    provider: &Provider,
) -> Result<bool> {
    let accepted = platform::load_here(services, tx).await?.accepted_providers;
    Ok(accepted.iter().any(|name| name == provider.name()) && works(tx, tutor, provider).await?)
}

/// Disconnects an account and withdraws our permission. Lessons that took place there do so elsewhere; meetings that
/// were made there stay there. Where else they could take place, the last place cannot be taken away.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `NOT_FOUND`; `PROVIDER_REQUIRED` for the last account that works.
pub async fn disconnect(services: &Services, actor: &Actor, tutor: TutorId, kind: Kind) -> Result<()> {
    actor.require_tutor(tutor)?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    tutor::store::lock(&mut tx, tutor).await?;
    let known = store::find(&mut tx, tutor, kind).await?.ok_or_else(not_found)?;
    let (_, chosen) = tutor::store::find_settings(&mut tx, tutor).await?.ok_or_else(not_found)?;
    let other = other_place(services, &mut tx, tutor, kind, &chosen).await?;
    if other.is_none() && can_take_place(services, &mut tx, tutor, &kind.provider()).await? {
        return Err(Refusal::new(Code::ProviderRequired, "provider_last").into());
    }
    let token = oauth::delete(&mut tx, services, known.oauth).await?;
    move_away(&mut tx, tutor, kind, &chosen, other, now).await?;
    tx.commit().await?;
    if let Some((door, token)) = kind.door(services).zip(token) {
        oauth::withdraw(door, &token).await;
    }
    Ok(())
}

/// Where else a tutor's lessons can take place, what was chosen first.
async fn other_place(
    services: &Services,
    tx: &mut PgConnection,
    tutor: TutorId,
    kind: Kind,
    chosen: &Provider,
) -> Result<Option<Provider>> {
    let others = [chosen.clone(), Provider::Jitsi, Provider::Zoom, Provider::GoogleMeet];
    for other in others.into_iter().filter(|other| *other != kind.provider()) {
        if can_take_place(services, tx, tutor, &other).await? {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

async fn move_away(
    tx: &mut PgConnection,
    tutor: TutorId,
    kind: Kind,
    chosen: &Provider,
    other: Option<Provider>,
    now: DateTime<Utc>,
) -> Result<()> {
    if let Some(other) = other.filter(|_| *chosen == kind.provider()) {
        tutor::store::set_provider(tx, tutor, &other, now).await?;
    }
    arrange_all(tx, tutor, now).await
}

/// An account as it is kept.
pub(super) struct Known {
    pub account: String,
    pub oauth: Uuid,
}
