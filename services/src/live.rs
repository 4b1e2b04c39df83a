//! What open pages are told, and how servers tell each other that there is something to tell.
//!
//! `live_events` is the truth: an event is a row, written in the transaction in which it happened.
//! The bus only says "look": a lost hint costs at most the two seconds until the server's next look.

mod hints;
mod watch;

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use serde_json::Value;
use sqlx::{PgConnection, PgPool, postgres::PgListener};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{Result, chance};

pub use hints::{Hint, Hints, Streams};

/// Carries hints between servers.
pub trait LiveBus: Send + Sync {
    /// Says that there is something new for these people. Called after the commit; it neither waits nor fails.
    fn wake(&self, users: &[UserId]);

    /// Says that a sign-in of this person ended: streams see whether it was theirs. Called after the commit.
    fn sign_in_ended(&self, user: UserId);

    /// Hints for this person from every server, this one included.
    fn subscribe(&self, user: UserId) -> Hints;
}

/// Writes what the open pages of some people are told, in the order of commits for each person.
///
/// # Errors
/// Where the database cannot be written.
pub async fn record(
    tx: &mut PgConnection,
    users: &[UserId],
    kind: &str,
    payload: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut users: Vec<_> = users.iter().map(|user| user.0).collect();
    users.sort_unstable();
    users.dedup();
    // One writer at a time for each person: ids then grow in the order of commits, and a reader who
    // has seen an id has seen all below it. Locked in one order, so that writers never wait in a circle.
    for user in &users {
        sqlx::query!(
            "SELECT pg_advisory_xact_lock(hashtextextended('live:' || $1::text, 0))",
            user.to_string()
        )
        .execute(&mut *tx)
        .await?;
    }
    sqlx::query!(
        "INSERT INTO live_events (user_id, kind, payload, created_at)
         SELECT user_id, $2, $3, $4 FROM unnest($1::uuid[]) AS user_id",
        &users,
        kind,
        payload,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The channel of the hints.
const CHANNEL: &str = "lectern_live";

/// Hints told in one NOTIFY: its payload ends at 8000 bytes, a hint takes 38 with its mark and comma, the server 37.
const TOLD_AT_ONCE: usize = 200;

/// Hints that wait to be told. What is more than that is left to the looks at the table.
const WAITING: usize = 4096;

/// Carries hints by Postgres NOTIFY, ids only, and looks at the table for what no hint told.
///
/// Commits that notify wait for one another, so that one task tells what many use cases have to say:
/// the hints that come while a NOTIFY is under way leave together in the next.
pub struct PostgresBus {
    told: mpsc::Sender<Told>,
    streams: Streams,
}

/// What a server tells the others at once: who it is, because its own streams have heard, and hints.
fn payload(server: Uuid, hints: &[Told]) -> String {
    let hints: Vec<_> = hints.iter().map(ToString::to_string).collect();
    format!("{server};{}", hints.join(","))
}

/// Who tells, and the hints that can be read.
fn read_payload(text: &str) -> Option<(Uuid, impl Iterator<Item = Told>)> {
    let (server, hints) = text.split_once(';')?;
    Some((server.parse().ok()?, hints.split(',').filter_map(Told::parse)))
}

/// A hint for a person, as servers tell it to each other: the id, with a mark where a sign-in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told(UserId, Hint);

impl Told {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('!') {
            Some(id) => Some(Told(id.parse().ok()?, Hint::SignInEnded)),
            None => Some(Told(text.parse().ok()?, Hint::Look)),
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.1 == Hint::SignInEnded { "!" } else { "" };
        write!(f, "{mark}{}", self.0)
    }
}

impl PostgresBus {
    /// Starts listening. The connection is made anew whenever it is lost; what is missed meanwhile is found by the
    /// looks at the table.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn start(db: PgPool) -> Result<Self> {
        let streams = Streams::default();
        let mut listener = PgListener::connect_with(&db).await?;
        listener.listen(CHANNEL).await?;
        let server = chance::id::<Uuid>();
        tokio::spawn(listen(listener, server, Arc::downgrade(&streams.0)));
        let (told, waiting) = mpsc::channel(WAITING);
        tokio::spawn(notify(db.clone(), server, waiting));
        tokio::spawn(watch::watch(db, Arc::downgrade(&streams.0)));
        Ok(PostgresBus { told, streams })
    }
}

impl PostgresBus {
    /// Tells this server's streams now, and the others soon.
    fn tell(&self, told: Told) {
        self.streams.wake(told.0, told.1);
        // Full only while the database does not keep up: the others then find it by their own looks.
        let _ = self.told.try_send(told);
    }
}

async fn notify(db: PgPool, server: Uuid, mut waiting: mpsc::Receiver<Told>) {
    let mut hints = Vec::with_capacity(TOLD_AT_ONCE);
    while waiting.recv_many(&mut hints, TOLD_AT_ONCE).await > 0 {
        hints.sort_unstable();
        hints.dedup();
        let told = payload(server, &hints);
        hints.clear();
        if let Err(error) = sqlx::query!("SELECT pg_notify($1, $2)", CHANNEL, told).execute(&db).await {
            tracing::warn!(%error, "live events: a hint was lost");
        }
    }
}

/// Passes hints on until nobody is left who could wait for one.
async fn listen(mut listener: PgListener, server: Uuid, streams: Weak<hints::Registry>) {
    loop {
        match listener.recv().await {
            Ok(notification) => {
                let Some(streams) = streams.upgrade().map(Streams) else { return };
                let told = read_payload(notification.payload()).filter(|(other, _)| *other != server);
                for Told(user, hint) in told.into_iter().flat_map(|(_, hints)| hints) {
                    streams.wake(user, hint);
                }
            }
            // The server stops, and waits for this connection.
            Err(sqlx::Error::PoolClosed) => return,
            // The listener connects anew at the next call; a moment's wait keeps it from spinning.
            Err(error) => {
                tracing::warn!(%error, "live events: the listening connection was lost");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

impl LiveBus for PostgresBus {
    fn wake(&self, users: &[UserId]) {
        for user in users {
            self.tell(Told(*user, Hint::Look));
        }
    }

    fn sign_in_ended(&self, user: UserId) {
        self.tell(Told(user, Hint::SignInEnded));
    }

    fn subscribe(&self, user: UserId) -> Hints {
        self.streams.subscribe(user)
    }
}

/// An event of a person's stream.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveEvent {
    /// The cursor: what comes later has a greater one.
    pub id: i64,
    /// Such as `booking.created`.
    pub kind: String,
    /// Ids and what a page needs to show.
    pub payload: Value,
}

/// How many events are read at once.
pub const PAGE: u16 = 500;

/// The person's events after a cursor, oldest first, at most [`PAGE`].
///
/// # Errors
/// Where the database cannot be read.
pub async fn after(db: &PgPool, user: UserId, cursor: i64) -> Result<Vec<LiveEvent>> {
    let rows = sqlx::query_as!(
        LiveEvent,
        "SELECT id, kind, payload FROM live_events WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        user.0,
        cursor,
        i64::from(PAGE)
    );
    Ok(rows.fetch_all(db).await?)
}

/// The person's newest cursor: a stream without one starts there.
///
/// # Errors
/// Where the database cannot be read.
pub async fn newest(db: &PgPool, user: UserId) -> Result<i64> {
    let newest = sqlx::query_scalar!(
        "SELECT coalesce(max(id), 0) AS \"id!\" FROM live_events WHERE user_id = $1",
        user.0
    );
    Ok(newest.fetch_one(db).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_read_as_they_were_told() {
        let server = chance::id::<Uuid>();
        let hints: Vec<_> = (0..TOLD_AT_ONCE)
            .map(|n| Told(chance::id(), if n % 2 == 0 { Hint::Look } else { Hint::SignInEnded }))
            .collect();
        let text = payload(server, &hints);
        assert!(text.len() < 8000, "{}", text.len());
        let (told_by, read) = read_payload(&text).expect("a payload");
        assert_eq!((told_by, read.collect::<Vec<_>>()), (server, hints));
        for (text, expected) in [("", None), ("x;y", None), (&*format!("{server};?"), Some(0))] {
            assert_eq!(read_payload(text).map(|(_, hints)| hints.count()), expected, "{text}");
        }
    }
}
