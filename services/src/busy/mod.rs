//! Busy times of calendars elsewhere, which take slots away: read every five minutes from their addresses. A calendar
//! that cannot be read keeps what was last known of it. What it says never changes a booking.

mod channels;
mod fetch;
mod read;
mod store;

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    ids::TutorId,
    interval::{Interval, IntervalSet},
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use url::Url;
use uuid::Uuid;

use crate::{
    Actor, AppError, Result, Services, chance,
    diary::{self, Client},
    jobs::{self, Job},
    net,
};
use read::Busy;

pub(crate) use channels::Channel;
pub use channels::told;
pub(crate) use fetch::body;
pub(crate) use read::zone_of;
pub(crate) use store::{detach, make_due};

/// How often a calendar is read.
const EVERY: TimeDelta = TimeDelta::minutes(5);

/// How many calendars a tutor may connect.
const MOST: i64 = 10;

/// How many calendars are handed out in one transaction.
const BATCH: i64 = 200;

/// Why a calendar cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No answer, or none that is a success.
    Unreachable,
    /// The password is not taken any more.
    Refused,
    /// Who signs in there may not do it.
    Forbidden,
    /// More than we read.
    TooLarge,
    /// No calendar, or one that says what we do not understand.
    Unreadable,
}

impl Problem {
    /// The name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Problem::Unreachable => "unreachable",
            Problem::Refused => "refused",
            Problem::Forbidden => "forbidden",
            Problem::TooLarge => "too_large",
            Problem::Unreadable => "unreadable",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Problem::Unreachable, Problem::Refused, Problem::Forbidden, Problem::TooLarge, Problem::Unreadable]
            .into_iter()
            .find(|it| it.name() == name)
    }

    fn refusal(self) -> Refusal {
        let on = |key| Refusal::on(Code::InvalidRequest, key, "url");
        match self {
            Problem::Unreachable | Problem::Refused | Problem::Forbidden => on("calendar_unreachable"),
            Problem::TooLarge => on("calendar_too_large"),
            Problem::Unreadable => on("calendar_unreadable"),
        }
    }
}

/// A connected calendar as its tutor sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: Uuid,
    /// Where it is; the rest of the address is a secret.
    pub host: String,
    /// When it was last read whole; `None` where it never was.
    pub read_at: Option<DateTime<Utc>>,
    /// Since when it cannot be read, and why.
    pub failing: Option<(DateTime<Utc>, Problem)>,
}

/// The calendars that a tutor has connected by their address alone, the oldest first.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn list(services: &Services, actor: &Actor, tutor: TutorId) -> Result<Vec<Connection>> {
    actor.require_tutor(tutor)?;
    store::list(&mut *services.db.acquire().await?, tutor).await
}

/// Whether a calendar of a tutor cannot be read.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn is_failing(services: &Services, actor: &Actor, tutor: TutorId) -> Result<bool> {
    actor.require_tutor(tutor)?;
    store::is_any_failing(&mut *services.db.acquire().await?, tutor).await
}

/// Connects the calendar at an address, which is read at once: what cannot be read is not connected.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`; `INVALID_REQUEST` on `url` for what is no address, leads to no calendar, is connected
/// already or is one too many.
pub async fn connect(services: &Services, actor: &Actor, tutor: TutorId, address: &str) -> Result<()> {
    actor.require_tutor(tutor)?;
    let on = |key| Refusal::on(Code::InvalidRequest, key, "url");
    let url = parse(services, address).ok_or(on("calendar_address"))?;
    let now = services.clock.now();
    let mut db = services.db.acquire().await?;
    let zone = store::find_zone(&mut db, tutor).await?;
    drop(db);
    let source = store::Source::at(tutor, url.into(), zone);
    let busy = load(services, &source, now).await?.map_err(Problem::refusal)?;
    let mut tx = services.begin().await?;
    if store::count_locked(&mut tx, tutor).await? >= MOST {
        return Err(on("calendars_full").into());
    }
    let id: Uuid = chance::id();
    let new = store::NewConnection {
        id,
        tutor,
        url: &source.url,
        offered: None,
        due_at: now + EVERY,
        read_at: Some(now),
    };
    store::insert(&mut tx, &new, now).await.map_err(known("url"))?;
    store::set_busy(&mut tx, id, tutor, &busy).await?;
    Ok(tx.commit().await?)
}

/// Connects a calendar of an account, which is to be read at once.
///
/// # Errors
/// `INVALID_REQUEST` on `calendars` for one that is connected already or is one too many.
pub(crate) async fn attach(
    tx: &mut PgConnection,
    tutor: TutorId,
    offered: Uuid,
    url: &str,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    if store::count_locked(tx, tutor).await? >= MOST {
        return Err(Refusal::on(Code::InvalidRequest, "calendars_full", "calendars").into());
    }
    let id = chance::id();
    let new = store::NewConnection { id, tutor, url, offered: Some(offered), due_at: now, read_at: None };
    store::insert(tx, &new, now).await.map_err(known("calendars"))?;
    Ok(id)
}

fn known(field: &'static str) -> impl Fn(AppError) -> AppError {
    move |error| match error.constraint() {
        Some("calendar_connections_once") => {
            Refusal::on(Code::InvalidRequest, "calendar_known", field).into()
        }
        _ => error,
    }
}

/// Disconnects a calendar; its busy times are free again.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `NOT_FOUND`.
pub async fn disconnect(services: &Services, actor: &Actor, tutor: TutorId, id: Uuid) -> Result<()> {
    actor.require_tutor(tutor)?;
    let mut db = services.db.acquire().await?;
    if store::delete(&mut db, tutor, id).await? {
        return Ok(());
    }
    Err(Refusal::new(Code::NotFound, "not_found").into())
}

/// An address as people copy it: `webcal` is the web's with another name.
fn parse(services: &Services, address: &str) -> Option<Url> {
    let address = address.trim();
    let scheme = |name: &str| address.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let url = if scheme("webcal://") {
        Url::parse(&format!("https://{}", address.get("webcal://".len()..)?))
    } else {
        Url::parse(address)
    };
    let mut url = url.ok()?;
    url.set_fragment(None);
    let bare = url.username().is_empty() && url.password().is_none();
    (bare && url.as_str().len() <= 2000 && net::may_ask(&services.config, &url)).then_some(url)
}

/// The host of an address.
pub(crate) fn host(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// The job that reads a calendar.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadCalendar {
    /// Which.
    pub connection: Uuid,
}

impl Job for ReadCalendar {
    const NAME: &'static str = "read_calendar";

    async fn run(self, services: &Services) -> Result<()> {
        again(services, self.connection).await
    }
}

/// Hands out the calendars that are due, each to a job of its own and each once in five minutes; how many.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn hand_out(services: &Services) -> Result<u64> {
    let now = services.clock.now();
    let latest = now + EVERY;
    let mut handed_out = 0;
    while store::is_any_due(&mut *services.db.acquire().await?, now, latest).await? {
        let mut tx = services.begin().await?;
        let due = store::take_due(&mut tx, BATCH, now, latest).await?;
        if due.is_empty() {
            // Another server has them in hand.
            break;
        }
        let work: Vec<_> = due.iter().map(|connection| ReadCalendar { connection: *connection }).collect();
        jobs::enqueue_all(&mut tx, &work).await?;
        tx.commit().await?;
        handed_out += work.len() as u64;
    }
    Ok(handed_out)
}

/// Reads a calendar again. One that fails is no fault of ours: it is noted, and read again when it is next due.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn again(services: &Services, id: Uuid) -> Result<()> {
    let mut db = services.db.acquire().await?;
    let Some(source) = store::find(&mut db, id).await? else { return Ok(()) };
    drop(db);
    let now = services.clock.now();
    match load(services, &source, now).await? {
        Ok(busy) => {
            let mut tx = services.begin().await?;
            if store::set_read(&mut tx, id, now).await? {
                store::set_busy(&mut tx, id, source.tutor, &busy).await?;
            }
            Ok(tx.commit().await?)
        }
        Err(problem) => {
            tracing::info!(connection = %id, host = host(&source.url), problem = problem.name(), "a calendar fails");
            store::set_failing(&mut *services.db.acquire().await?, id, problem, now).await
        }
    }
}

/// Fetches a calendar and reads its busy times. Our own lessons in it are left out: the tutor's bookings say when those
/// are, and a copy of one that was moved or called off takes no time.
async fn load(
    services: &Services,
    source: &store::Source,
    now: DateTime<Utc>,
) -> Result<Result<IntervalSet, Problem>> {
    let window = store::window(now);
    let texts = match &source.account {
        None => fetch::fetch(services, &source.url).await?.map(|text| vec![text]),
        Some(account) => {
            let url = Url::parse(&source.url).map_err(AppError::fault)?;
            match diary::open(services, account)? {
                Err(problem) => Err(problem),
                Ok(Client::CalDav(client)) => client.files(&url, window).await,
                Ok(Client::Google(client)) => {
                    // Before the reading: a change after it is told.
                    if let Some(id) = source.connection {
                        channels::keep(services, id, source.channel_due_at, &client, &url).await?;
                    }
                    return without_shown(services, source, account.id, client.busy(&url, window)).await;
                }
            }
        }
    };
    match texts {
        Ok(texts) => read_files(services, source, texts, window).await,
        Err(problem) => Ok(Err(problem)),
    }
}

/// Busy times of which nobody says what they are, without those at which our own lessons are there. One that is moved
/// meanwhile is where it was or where it goes.
async fn without_shown(
    services: &Services,
    source: &store::Source,
    account: Uuid,
    asking: impl Future<Output = Result<IntervalSet, Problem>>,
) -> Result<Result<IntervalSet, Problem>> {
    let shown = async || store::list_shown(&mut *services.db.acquire().await?, account, &source.url).await;
    let before = shown().await?;
    let busy = match asking.await {
        Ok(busy) => busy,
        Err(problem) => return Ok(Err(problem)),
    };
    Ok(Ok(busy.subtract(&before).subtract(&shown().await?)))
}

/// The busy times of calendar files.
async fn read_files(
    services: &Services,
    source: &store::Source,
    texts: Vec<String>,
    window: Interval,
) -> Result<Result<IntervalSet, Problem>> {
    let zone = source.zone;
    // Much text takes long to read, and what is written by others may make its reader panic.
    let read = tokio::task::spawn_blocking(move || read::read_all(&texts, zone, window)).await;
    let busy = match read.unwrap_or(Err(Problem::Unreadable)) {
        Ok(busy) => busy,
        Err(problem) => return Ok(Err(problem)),
    };
    let named: Vec<Uuid> = busy.iter().filter_map(|it| it.uid.parse().ok()).collect();
    let mut db = services.db.acquire().await?;
    let own: HashSet<Uuid> = store::list_own(&mut db, source.tutor, &named).await?.into_iter().collect();
    Ok(Ok(others(busy, &own)))
}

/// The busy times that are not of our own lessons.
fn others(busy: Vec<Busy>, own: &HashSet<Uuid>) -> IntervalSet {
    let is_own = |busy: &Busy| busy.uid.parse().is_ok_and(|uid: Uuid| own.contains(&uid));
    let others = busy.into_iter().filter(|busy| !is_own(busy));
    others.map(|busy| busy.during).filter(|during: &Interval| !during.is_empty()).collect()
}
