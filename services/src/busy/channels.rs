//! Being told of changes: a provider that offers it says over a channel that a calendar changed, and the calendar is
//! read at once instead of within five minutes. The channel says nothing of what changed, and a message that is lost
//! or forged costs no more than one reading. What is told after a calendar was disconnected finds nobody; the channel
//! ends by itself.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{Code, Refusal};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use url::Url;
use uuid::Uuid;

use super::{EVERY, ReadCalendar, store};
use crate::{AppError, Result, Services, chance, diary::GoogleClient, jobs};

/// Where providers tell.
const ADDRESS: &str = "/api/google/calendar";

/// How long a channel is asked for; Google gives no more than a month.
const LIFE: TimeDelta = TimeDelta::days(7);

/// How long before its end another is asked for, and how long until one is asked for again that was refused.
const AHEAD: TimeDelta = TimeDelta::days(1);
const AGAIN: TimeDelta = TimeDelta::hours(6);

/// A calendar is read at once because of a change no more often; what comes sooner waits for the next look.
const PACE: TimeDelta = TimeDelta::seconds(5);

/// A channel that is asked for.
pub(crate) struct Channel {
    /// Its id.
    pub id: Uuid,
    /// Where to tell.
    pub address: String,
    /// What the provider says to show that it is the one that was asked.
    pub token: String,
    /// How long.
    pub life: TimeDelta,
}

/// Asks for a channel, where one is due and our address can be reached. Without one the calendar is read as it is
/// anyway.
///
/// # Errors
/// Where the database cannot be written.
pub(super) async fn keep(
    services: &Services,
    connection: Uuid,
    due_at: Option<DateTime<Utc>>,
    client: &GoogleClient<'_>,
    calendar: &Url,
) -> Result<()> {
    let now = services.clock.now();
    // Providers tell over TLS only. In development the provider may be one of ours.
    let reachable =
        services.config.is_development() || services.config.web.public_url.starts_with("https://");
    if !reachable || due_at.is_some_and(|at| at > now) {
        return Ok(());
    }
    let id = chance::id();
    let address = format!("{}{ADDRESS}", services.config.web.public_url);
    let channel = Channel { id, address, token: token(services, id)?, life: LIFE };
    let answer = client.watch(calendar, &channel).await;
    // Only now: nobody holds a connection while a provider thinks.
    let mut db = services.db.acquire().await?;
    match answer {
        Ok(until) => {
            let next = until.unwrap_or(now + LIFE) - AHEAD;
            store::set_channel(&mut db, connection, id, next.max(now + AGAIN)).await
        }
        Err(problem) => {
            tracing::info!(%connection, problem = problem.name(), "a calendar tells of no changes");
            store::set_channel_due(&mut db, connection, now + AGAIN).await
        }
    }
}

/// A provider says that the calendar of a channel changed.
///
/// # Errors
/// `NOT_FOUND` for a channel that we do not know (any more), or where what it says to show itself is wrong.
pub async fn told(services: &Services, channel: Uuid, shown: &str) -> Result<()> {
    let unknown = || Refusal::new(Code::NotFound, "not_found");
    let shown = URL_SAFE_NO_PAD.decode(shown).map_err(|_| unknown())?;
    mac(services, channel)?.verify_slice(&shown).map_err(|_| unknown())?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    match store::take_told(&mut tx, channel, now, now - PACE, now + EVERY).await? {
        Some(connection) => jobs::enqueue(&mut tx, &ReadCalendar { connection }).await?,
        // Just read because of a change: the next look takes it.
        None if store::make_told_due(&mut tx, channel, now).await? => {}
        None => return Err(unknown().into()),
    }
    Ok(tx.commit().await?)
}

fn mac(services: &Services, channel: Uuid) -> Result<Hmac<Sha256>> {
    let secret = services.config.secrets.session.as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(AppError::fault)?;
    mac.update(format!("channel:{channel}").as_bytes());
    Ok(mac)
}

fn token(services: &Services, channel: Uuid) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(mac(services, channel)?.finalize().into_bytes()))
}
