//! The bus: what goes from server to server, whoever carries it.

use std::{
    fmt,
    sync::{Arc, Weak},
};

use domain::ids::UserId;
use sqlx::PgPool;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Hint, Hints, LiveBus, Streams, hints::Registry, nats, postgres, watch};
use crate::{Result, chance, config::NatsConfig};

/// Hints told at once. The payload of a NOTIFY ends at 8000 bytes, a hint takes 38 with its mark and comma, the
/// server 37.
pub(super) const TOLD_AT_ONCE: usize = 200;

/// Hints that wait to be told. What is more than that is left to the looks at the table.
const WAITING: usize = 4096;

/// Carries hints between servers, ids only, and looks at the table for what no hint told.
pub struct Bus {
    told: mpsc::Sender<Told>,
    streams: Streams,
}

impl Bus {
    /// Starts; by NATS where there is one, else by Postgres. Connections are made anew whenever they are lost; what is
    /// missed meanwhile is found by the looks at the table. A NATS that does not answer yet is tried until it does.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn start(db: PgPool, nats: Option<&NatsConfig>) -> Result<Self> {
        let streams = Streams::default();
        let (told, waiting) = mpsc::channel(WAITING);
        let telling = Telling { server: chance::id(), waiting };
        let hearing = Hearing { server: telling.server, streams: Arc::downgrade(&streams.0) };
        match nats {
            Some(nats) => nats::start(nats, telling, hearing).await?,
            None => postgres::start(db.clone(), telling, hearing).await?,
        }
        tokio::spawn(watch::watch(db, Arc::downgrade(&streams.0)));
        Ok(Bus { told, streams })
    }

    /// Tells this server's streams now, and the others soon.
    fn tell(&self, told: Told) {
        self.streams.wake(told.0, told.1);
        // Full only while the carrier does not keep up: the others then find it by their own looks.
        let _ = self.told.try_send(told);
    }
}

impl LiveBus for Bus {
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

    fn listeners(&self) -> Vec<UserId> {
        self.streams.listeners()
    }
}

/// What a server has to tell the others.
pub(super) struct Telling {
    server: Uuid,
    waiting: mpsc::Receiver<Told>,
}

impl Telling {
    /// The next payload: everything that waits, as far as it fits, because hints that come while one is under way
    /// leave together in the next. `None` when the bus is gone.
    pub(super) async fn next(&mut self) -> Option<String> {
        let mut hints = Vec::with_capacity(TOLD_AT_ONCE);
        if self.waiting.recv_many(&mut hints, TOLD_AT_ONCE).await == 0 {
            return None;
        }
        hints.sort_unstable();
        hints.dedup();
        Some(payload(self.server, &hints))
    }
}

/// What a server hears of the others.
pub(super) struct Hearing {
    server: Uuid,
    streams: Weak<Registry>,
}

impl Hearing {
    /// Wakes whom a payload names, unless it is our own: our streams have heard. False when the bus is gone.
    pub(super) fn hear(&self, text: &str) -> bool {
        let Some(streams) = self.streams.upgrade().map(Streams) else { return false };
        let told = read_payload(text).filter(|(other, _)| *other != self.server);
        for Told(user, hint) in told.into_iter().flat_map(|(_, hints)| hints) {
            streams.wake(user, hint);
        }
        true
    }
}

/// What a server tells the others at once: who it is, and hints.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Each row: how many people are woken, how often each, and in how many payloads that leaves.
    #[tokio::test]
    async fn what_waits_leaves_together_and_none_of_it_is_lost() {
        let (told, waiting) = mpsc::channel(WAITING);
        let mut telling = Telling { server: chance::id(), waiting };
        for (people, times, payloads) in [(1, 1, 1), (1, 200, 1), (50, 4, 1), (50, 5, 2), (300, 2, 3)] {
            let people: BTreeSet<Told> = (0..people).map(|_| Told(chance::id(), Hint::Look)).collect();
            for _ in 0..times {
                for hint in &people {
                    told.try_send(*hint).expect("room");
                }
            }
            let mut heard = BTreeSet::new();
            for _ in 0..payloads {
                let text = telling.next().await.expect("a payload");
                heard.extend(read_payload(&text).expect("a payload").1);
            }
            assert_eq!(heard, people);
            assert!(telling.waiting.is_empty(), "{times} times {}", people.len());
        }
        drop(told);
        assert_eq!(telling.next().await, None);
    }

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
