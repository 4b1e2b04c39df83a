//! Accounts of tutors with calendar providers: connecting them, choosing which of their calendars are read, and writing
//! lessons into one of them.

mod caldav;
mod client;
mod consent;
pub(crate) mod google;
mod lessons;
mod lessons_store;
mod store;
mod unwritten;

use chrono::{DateTime, Utc};
use domain::{Code, Refusal, ids::TutorId};
use futures::StreamExt as _;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Actor, Result, Services,
    busy::{self, Connection, Problem},
    chance, limit, oauth, seal,
};
use caldav::Credential;
use client::Found;

pub(crate) use client::Client;
pub use consent::{begin_google, finish_google, is_google_offered};
pub(crate) use google::Client as GoogleClient;
pub use lessons::WriteLesson;
pub(crate) use unwritten::hand_out;

/// How many accounts a tutor may connect.
const MOST: i64 = 5;

/// How often a tutor may try to connect one in an hour.
const TRIES_PER_HOUR: i32 = 20;

/// The longest user name, bytes.
const LONGEST_LOGIN: usize = 320;

/// The longest password, bytes.
const LONGEST_PASSWORD: usize = 500;

/// How many calendars are read at once, when several are chosen.
const AT_ONCE: usize = 5;

/// Whose calendars an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A server that speaks CalDAV, with a password.
    CalDav,
    /// Google, with its owner's permission.
    Google,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Kind::CalDav => "caldav",
            Kind::Google => "google",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Kind::CalDav, Kind::Google].into_iter().find(|it| it.name() == name)
    }
}

/// An account as its tutor sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// Whose calendars it has.
    pub kind: Kind,
    /// Where it is.
    pub host: String,
    /// Who signs in there.
    pub login: String,
    /// Its calendars, by name.
    pub calendars: Vec<Offered>,
    /// The calendar into which lessons are written; `None` where none are.
    pub lessons_in: Option<Uuid>,
    /// Since when one of them cannot be, and why.
    pub lessons_failing: Option<(DateTime<Utc>, Problem)>,
}

impl Account {
    /// Whether its provider does not let us in any more.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        let read = self.calendars.iter().filter_map(|calendar| calendar.read.as_ref());
        let mut failing = read.filter_map(|read| read.failing).chain(self.lessons_failing);
        failing.any(|(_, problem)| problem == Problem::Refused)
    }
}

/// A calendar of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Its id.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// Whether lessons can be written into it, as far as its provider says.
    pub writable: bool,
    /// How reading it goes; `None` where its busy times do not count.
    pub read: Option<Connection>,
}

/// What a tutor types to connect an account.
#[derive(Clone)]
pub struct NewAccount {
    /// The address of the server, or of a calendar.
    pub address: String,
    /// Who signs in there.
    pub login: String,
    /// The password, best one made for us.
    pub password: String,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewAccount(…)")
    }
}

/// The accounts of a tutor, the oldest first.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn list(services: &Services, actor: &Actor, tutor: TutorId) -> Result<Vec<Account>> {
    actor.require_tutor(tutor)?;
    store::list(&mut *services.db.acquire().await?, tutor).await
}

/// Connects an account, or gives one that is connected a new password and looks for its calendars again. None is read
/// before it is chosen.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `RATE_LIMITED`; `INVALID_REQUEST` on `address`, `login` or `password` for what is none,
/// leads to no calendars, is not taken by the provider or is one too many.
pub async fn connect(services: &Services, actor: &Actor, tutor: TutorId, new: &NewAccount) -> Result<()> {
    actor.require_tutor(tutor)?;
    let on = |key, field| Refusal::on(Code::InvalidRequest, key, field);
    // A wrong password is told from a wrong address: nobody is to guess here.
    limit::count(services, &format!("calendar_account:{tutor}"), TRIES_PER_HOUR).await?;
    let address = caldav::parse(services, &new.address).ok_or(on("calendar_server", "address"))?;
    let login = new.login.trim();
    if login.is_empty() || login.len() > LONGEST_LOGIN || login.contains([':', '\0', '\r', '\n']) {
        return Err(on("calendar_login", "login").into());
    }
    if new.password.is_empty() || new.password.len() > LONGEST_PASSWORD {
        return Err(on("calendar_password", "password").into());
    }
    let credential =
        Credential { home: address.clone(), login: login.to_owned(), password: new.password.clone() };
    let found = caldav::discover(&caldav::Client::new(services, credential)?, &address).await;
    let found = found.map_err(|problem| match problem {
        Problem::Refused => on("calendar_password", "password"),
        Problem::TooLarge => on("calendar_too_large", "address"),
        Problem::Unreachable | Problem::Forbidden | Problem::Unreadable => {
            on("calendar_server_none", "address")
        }
    })?;
    let mut tx = services.begin().await?;
    let id = known_or_new(&mut tx, tutor, address.as_str(), login).await?.unwrap_or_else(chance::id);
    let sealed = seal::seal(&services.config.secrets, &place(id), &new.password)?;
    let way_in = store::WayIn::Password(&sealed);
    let account = store::NewAccount { id, tutor, url: address.as_str(), login, way_in };
    keep(&mut tx, &account, &found, services.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// The account of a tutor at an address, under a name; `None` where it would be a new one. Nobody else connects one for
/// that tutor until the end of the transaction.
///
/// # Errors
/// `INVALID_REQUEST` on `address` where a new one would be one too many.
async fn known_or_new(tx: &mut PgConnection, tutor: TutorId, url: &str, login: &str) -> Result<Option<Uuid>> {
    store::lock_tutor(tx, tutor).await?;
    let known = store::find_id(tx, tutor, url, login).await?;
    if known.is_none() && store::count(tx, tutor).await? >= MOST {
        return Err(Refusal::on(Code::InvalidRequest, "calendar_accounts_full", "address").into());
    }
    Ok(known)
}

/// Keeps an account with what it offers, and has all that waited for it done.
async fn keep(
    tx: &mut PgConnection,
    account: &store::NewAccount<'_>,
    found: &[Found],
    now: DateTime<Utc>,
) -> Result<()> {
    store::set(tx, account, now).await?;
    store::set_offered(tx, account.id, found).await?;
    busy::make_due(tx, account.id, now).await?;
    lessons::write_all(tx, account.tutor, account.id, now).await
}

/// What a password is sealed for.
fn place(account: Uuid) -> String {
    format!("calendar_account:{account}")
}

/// What a tutor chooses of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The calendars whose busy times count.
    pub read: Vec<Uuid>,
    /// The calendar into which lessons are written; `None` for none.
    pub lessons_in: Option<Uuid>,
}

/// Says whose busy times count: those of the chosen calendars of an account, and of none of its others; and where
/// lessons are written. Calendars that are new are read at once; one that cannot be read says so in the list. Lessons
/// that are elsewhere in the account are moved.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`; `NOT_FOUND` for what is not the tutor's; `INVALID_REQUEST` on `calendars` for one that
/// is connected already or is one too many.
pub async fn choose(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    account: Uuid,
    choice: &Choice,
) -> Result<()> {
    actor.require_tutor(tutor)?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    store::lock_tutor(&mut tx, tutor).await?;
    let offered = store::list_offered(&mut tx, tutor, account).await?;
    let is_offered = |id: &Uuid| offered.iter().any(|offered| offered.id == *id);
    let is_writable = |id: &Uuid| offered.iter().any(|offered| offered.id == *id && offered.writable);
    if offered.is_empty() || !choice.read.iter().all(is_offered) || !choice.lessons_in.iter().all(is_writable)
    {
        return Err(Refusal::new(Code::NotFound, "not_found").into());
    }
    let (chosen, others): (Vec<_>, Vec<_>) =
        offered.into_iter().partition(|offered| choice.read.contains(&offered.id));
    let others: Vec<Uuid> = others.into_iter().filter_map(|offered| offered.connection).collect();
    busy::detach(&mut tx, &others).await?;
    let mut new = Vec::new();
    for offered in chosen.iter().filter(|offered| offered.connection.is_none()) {
        new.push(busy::attach(&mut tx, tutor, offered.id, &offered.url, now).await?);
    }
    if store::set_lessons_in(&mut tx, account, choice.lessons_in).await? {
        lessons::write_all(&mut tx, tutor, account, now).await?;
    }
    tx.commit().await?;
    let read = futures::stream::iter(new).map(|id| busy::again(services, id)).buffer_unordered(AT_ONCE);
    let read: Vec<Result<()>> = read.collect().await;
    read.into_iter().collect()
}

/// Disconnects an account and forgets its password, or withdraws our permission; its busy times are free again. Lessons
/// that were written there stay there.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `NOT_FOUND`.
pub async fn disconnect(services: &Services, actor: &Actor, tutor: TutorId, account: Uuid) -> Result<()> {
    actor.require_tutor(tutor)?;
    let mut tx = services.begin().await?;
    let Some(permission) = store::delete(&mut tx, tutor, account).await? else {
        return Err(Refusal::new(Code::NotFound, "not_found").into());
    };
    let token = match permission {
        Some(permission) => oauth::delete(&mut tx, services, permission).await?,
        None => None,
    };
    tx.commit().await?;
    if let Some((provider, token)) = services.google.as_ref().zip(token) {
        oauth::withdraw(provider, &token).await;
    }
    Ok(())
}

/// An account as it is kept.
pub(crate) struct Kept {
    pub id: Uuid,
    /// The address that its owner typed, or Google's.
    pub url: String,
    pub login: String,
    /// The password, encrypted; `None` at Google.
    pub sealed: Option<Vec<u8>>,
    /// The permission at Google; `None` elsewhere.
    pub oauth_id: Option<Uuid>,
}

/// A client for an account. It is `Refused` where the password can be opened no more.
///
/// # Errors
/// Where no client can be made; what the account lacks is a [`Problem`].
pub(crate) fn open<'a>(services: &'a Services, account: &Kept) -> Result<Result<Client<'a>, Problem>> {
    let sealed = match (&account.sealed, account.oauth_id) {
        (Some(sealed), _) => sealed,
        (None, Some(permission)) => {
            let client = google::Client::new(services, google::Token::Kept(permission));
            return Ok(client.map(Client::Google).map_err(|_| Problem::Unreachable));
        }
        (None, None) => return Ok(Err(Problem::Refused)),
    };
    let home = caldav::kept(&account.url)?;
    let password = seal::open(&services.config.secrets, &place(account.id), sealed)?;
    let Some(password) = password else { return Ok(Err(Problem::Refused)) };
    let credential = Credential { home, login: account.login.clone(), password };
    Ok(Ok(Client::CalDav(caldav::Client::new(services, credential)?)))
}
