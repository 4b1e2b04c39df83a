//! Recordings of lessons, as Zoom tells of them: a link for the two parties, as long as the platform keeps it. The
//! recording itself stays where it is, in the tutor's account.

mod store;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{BookingId, UserId};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;

use super::{check_external, webhook::Stored};
use crate::{
    Actor, Result, Services,
    booking::{self, Found},
    config::SecretsConfig,
    dispute, live, seal, settings,
};
use store::{Row, There};

/// The longest that a link can be kept, in days: a hundred years.
const MOST_DAYS: i64 = 36_500;

/// What a provider calls a recording has at most this many bytes.
const MOST_REMOTE: usize = 200;

/// A recording of a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Where it can be seen.
    pub url: String,
    /// What is asked there, where something is.
    pub passcode: Option<String>,
    /// When it starts.
    pub start: DateTime<Utc>,
    /// How long it is, in minutes.
    pub minutes: Option<i32>,
    /// Until when the link is kept.
    pub until: DateTime<Utc>,
}

/// The recordings of one of one's own lessons, oldest first. An admin sees them while a dispute of the lesson is open,
/// and else none.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, also for another's.
pub async fn recordings(services: &Services, actor: &Actor, id: BookingId) -> Result<Vec<Recording>> {
    let booking = booking::find(services, actor, id).await?;
    if booking::party(actor, &booking).is_none() {
        let disputed = dispute::of_lesson(services, actor, id).await?;
        if !disputed.disputes.iter().any(dispute::Dispute::is_open) {
            return Ok(Vec::new());
        }
    }
    let now = services.clock.now();
    let rows = store::list(&mut *services.db.acquire().await?, id, now).await?;
    let mut found = Vec::new();
    for Row { remote, kept_until: until, there, .. } in rows {
        let Some(There { url, passcode, start, minutes }) = there else { continue };
        let passcode = match passcode {
            Some(sealed) => seal::open(&services.config.secrets, &place(&remote), &sealed)?,
            None => None,
        };
        found.push(Recording { url, passcode, start, minutes, until });
    }
    Ok(found)
}

/// Whether messages of a kind are about recordings.
pub(super) fn are_meant(kind: &str) -> bool {
    ["recording.completed", "recording.recovered", "recording.trashed", "recording.deleted"].contains(&kind)
}

/// What is kept of such a message until it is worked off: not what would let us load the recording.
pub(super) fn kept(payload: &Value) -> Value {
    let object = &payload["payload"]["object"];
    let names = ["uuid", "share_url", "password", "start_time", "duration"].into_iter();
    let told = names.filter_map(|name| object.get(name).map(|it| (name.to_owned(), it.clone())));
    json!({ "payload": { "object": told.collect::<Map<_, _>>() } })
}

/// Takes over what a message says about a recording of a locked booking; who is told of it.
///
/// # Errors
/// Where the database cannot be written.
pub(super) async fn hear(
    services: &Services,
    tx: &mut PgConnection,
    stored: &Stored,
    found: &Found,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let object = &stored.payload["payload"]["object"];
    let remote = object["uuid"].as_str().filter(|text| text.len() <= MOST_REMOTE);
    let (Some(remote), Some(told_at)) = (remote, stored.message.at) else { return Ok(Vec::new()) };
    let days = settings::load(tx).await?.recordings_days.clamp(0, MOST_DAYS);
    // Counted from the lesson: whatever is told later does not lengthen it.
    let kept_until = found.booking.end + TimeDelta::days(days);
    if kept_until <= now {
        return Ok(Vec::new());
    }
    let there = match stored.message.kind.as_str() {
        "recording.completed" | "recording.recovered" => {
            match read(&services.config.secrets, remote, object)? {
                Some(there) => Some(there),
                None => return Ok(Vec::new()),
            }
        }
        "recording.deleted" | "recording.trashed" => None,
        _ => return Ok(Vec::new()),
    };
    let row = Row { remote: remote.to_owned(), told_at, kept_until, there };
    if !store::put(tx, found.booking.id, &row).await? {
        return Ok(Vec::new());
    }
    let people = [found.booking.student, found.tutor_user];
    live::record(tx, &people, "lesson.recording", &json!({ "booking_id": found.booking.id }), now).await?;
    Ok(people.into())
}

/// A recording, as Zoom describes it; `None` without a start, or an address that a browser can be sent to.
fn read(secrets: &SecretsConfig, remote: &str, object: &Value) -> Result<Option<There>> {
    let url = object["share_url"].as_str().and_then(|url| check_external(url).ok());
    let start = object["start_time"].as_str().and_then(|text| text.parse().ok());
    let (Some(url), Some(start)) = (url, start) else {
        tracing::warn!(remote, "a recording without an address or a start is not shown");
        return Ok(None);
    };
    let passcode = object["password"].as_str().filter(|text| !text.is_empty());
    let passcode = passcode.map(|text| seal::seal(secrets, &place(remote), text)).transpose()?;
    // Zoom says 0 where it does not know.
    let minutes = object["duration"].as_i64().filter(|minutes| *minutes > 0);
    Ok(Some(There { url, passcode, start, minutes: minutes.and_then(|minutes| i32::try_from(minutes).ok()) }))
}

/// For which place a passcode is sealed.
fn place(remote: &str) -> String {
    format!("recording:{remote}")
}
