//! Who in this process waits for hints: a hint wakes the streams of one person and no others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::ids::UserId;
use tokio::sync::watch;

/// The open streams of this process, by person.
#[derive(Clone, Debug, Default)]
pub struct Streams(pub(super) Arc<Registry>);

/// Only people with an open stream are in it.
pub(super) type Registry = Mutex<HashMap<UserId, Waking>>;

/// What a stream is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hint {
    /// There may be something new.
    Look,
    /// A sign-in of the person ended: perhaps the stream's own.
    SignInEnded,
}

/// The streams of one person.
#[derive(Debug, Default)]
pub(super) struct Waking {
    open: usize,
    /// How many sign-ins of the person ended since the first of these streams was opened.
    sender: watch::Sender<u64>,
}

/// What wakes one stream of a person.
#[derive(Debug)]
pub struct Hints {
    user: UserId,
    receiver: watch::Receiver<u64>,
    ended: u64,
    streams: Streams,
}

impl Streams {
    /// What wakes a new stream of this person.
    #[must_use]
    pub fn subscribe(&self, user: UserId) -> Hints {
        let mut people = self.people();
        let waking = people.entry(user).or_default();
        waking.open += 1;
        let receiver = waking.sender.subscribe();
        let ended = *receiver.borrow();
        Hints { user, receiver, ended, streams: self.clone() }
    }

    /// Wakes this person's streams. One that is busy finds the hint when it next waits.
    pub fn wake(&self, user: UserId, hint: Hint) {
        if let Some(waking) = self.people().get(&user) {
            waking.sender.send_modify(|ended| *ended += u64::from(hint == Hint::SignInEnded));
        }
    }

    /// Who has an open stream here.
    #[must_use]
    pub fn listeners(&self) -> Vec<UserId> {
        self.people().keys().copied().collect()
    }

    /// Whether nobody has an open stream here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people().is_empty()
    }

    fn people(&self) -> MutexGuard<'_, HashMap<UserId, Waking>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hints {
    /// Completes when there is something new: after the last call, or since the subscription. That a sign-in ended
    /// is told before what else came meanwhile.
    pub async fn next(&mut self) -> Hint {
        if self.receiver.changed().await.is_err() {
            // The sender lives as long as a stream is open; a hint that never comes costs a look by time.
            std::future::pending::<()>().await;
        }
        let ended = *self.receiver.borrow_and_update();
        if std::mem::replace(&mut self.ended, ended) == ended { Hint::Look } else { Hint::SignInEnded }
    }
}

impl Drop for Hints {
    fn drop(&mut self) {
        let mut people = self.streams.people();
        if let Some(waking) = people.get_mut(&self.user) {
            waking.open -= 1;
            if waking.open == 0 {
                people.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::chance;

    async fn is_woken(hints: &mut Hints) -> bool {
        tokio::time::timeout(Duration::from_millis(20), hints.next()).await.is_ok()
    }

    #[tokio::test]
    async fn a_hint_wakes_the_streams_of_one_person_once() {
        let streams = Streams::default();
        let (ada, ben): (UserId, UserId) = (chance::id(), chance::id());
        streams.wake(ada, Hint::Look);
        let (mut one, mut two, mut other) =
            (streams.subscribe(ada), streams.subscribe(ada), streams.subscribe(ben));
        assert!(!is_woken(&mut one).await, "a hint before the subscription is none");
        // Nobody waits at this moment, and two hints are one.
        streams.wake(ada, Hint::Look);
        streams.wake(ada, Hint::Look);
        for (hints, woken) in [(&mut one, true), (&mut two, true), (&mut other, false)] {
            assert_eq!(is_woken(hints).await, woken);
            assert!(!is_woken(hints).await, "only once");
        }
        drop(one);
        streams.wake(ada, Hint::Look);
        assert!(is_woken(&mut two).await, "the other stream goes on");
    }

    #[tokio::test]
    async fn an_ended_sign_in_is_not_lost_among_other_hints() {
        let streams = Streams::default();
        let user = chance::id();
        let mut early = streams.subscribe(user);
        for hint in [Hint::Look, Hint::SignInEnded, Hint::Look] {
            streams.wake(user, hint);
        }
        let mut late = streams.subscribe(user);
        streams.wake(user, Hint::Look);
        assert_eq!((early.next().await, late.next().await), (Hint::SignInEnded, Hint::Look));
    }

    #[tokio::test]
    async fn who_has_no_open_stream_is_forgotten() {
        let streams = Streams::default();
        let user = chance::id();
        let (one, two) = (streams.subscribe(user), streams.subscribe(user));
        drop(one);
        assert_eq!(streams.listeners(), [user]);
        drop(two);
        assert_eq!(streams.listeners(), []);
    }
}
