//! What the streams of live events hand out counts as delivered. There are thousands of streams and hundreds of
//! messages a second: a stream only gathers what has left, in memory, and one task of the process notes all of it at
//! once, now and then.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use domain::{
    chat::Receipt,
    ids::{ThreadId, UserId},
};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::store;
use crate::{
    Result, Services,
    booking::finish,
    live::{self, LiveEvent},
};

/// How many are noted in one transaction, which holds their threads for as long.
const AT_ONCE: usize = 500;

/// A message of somebody else's that has reached a page or a program of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Whom it has reached.
    pub user: UserId,
    /// Where it stands.
    pub thread: ThreadId,
    /// Its id.
    pub message: i64,
}

impl Delivery {
    /// What an event of a person's stream delivers; `None` for one's own message and for every other event.
    #[must_use]
    pub fn of(user: UserId, event: &LiveEvent) -> Option<Self> {
        let text = |name: &str| event.payload.get(name).and_then(Value::as_str);
        let sender: UserId = text("sender_id")?.parse().ok()?;
        if event.kind != "message" || sender == user {
            return None;
        }
        let thread = text("thread_id")?.parse().ok()?;
        let message = text("message_id")?.parse().ok()?;
        Some(Delivery { user, thread, message })
    }
}

/// What has left this process by its streams and is not noted yet. What is in it when the process dies is lost, which
/// does no harm: the next list of the messages delivers them, and so does the next message of the thread.
#[derive(Debug, Default)]
pub struct Deliveries(Mutex<BTreeMap<(ThreadId, UserId), i64>>);

impl Deliveries {
    /// Keeps what has left until it is noted: of each person and thread the latest message, which covers those before.
    pub fn gather(&self, deliveries: impl IntoIterator<Item = Delivery>) {
        let mut waiting = self.waiting();
        for Delivery { user, thread, message } in deliveries {
            let latest = waiting.entry((thread, user)).or_default();
            *latest = message.max(*latest);
        }
    }

    /// As much as is noted at once.
    fn take(&self) -> Vec<Delivery> {
        let mut waiting = self.waiting();
        let taken = std::iter::from_fn(|| waiting.pop_first()).take(AT_ONCE);
        taken.map(|((thread, user), message)| Delivery { user, thread, message }).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<(ThreadId, UserId), i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes what the streams of this process have gathered. What cannot be noted is tried again by the next call.
///
/// # Errors
/// Where the database cannot be written.
pub async fn note_deliveries(services: &Services) -> Result<()> {
    loop {
        let gathered = services.deliveries.take();
        if let Err(error) = deliver(services, &gathered).await {
            services.deliveries.gather(gathered);
            return Err(error);
        }
        if gathered.len() < AT_ONCE {
            return Ok(());
        }
    }
}

/// Notes what has reached people, all of it in one transaction, and tells those who wrote it where that is news. It
/// never goes back, and says nothing of people who have no part in a thread.
///
/// # Errors
/// Where the database cannot be written.
pub async fn deliver(services: &Services, deliveries: &[Delivery]) -> Result<()> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let noted = note(&mut tx, deliveries, now).await;
    let senders = finish(tx, noted).await?;
    services.live.wake(&senders);
    Ok(())
}

/// Gives those who wrote what was delivered. Only they are told: to the one whom it reached it says nothing new.
async fn note(tx: &mut PgConnection, deliveries: &[Delivery], now: DateTime<Utc>) -> Result<Vec<UserId>> {
    let threads = store::lock_undelivered(tx, deliveries).await?;
    if threads.is_empty() {
        return Ok(Vec::new());
    }
    let news: Vec<_> = deliveries.iter().filter(|one| threads.contains(&one.thread)).copied().collect();
    let noted = store::set_delivered(tx, &news, now).await?;
    let told = noted.into_iter().map(|noted| {
        let told = json!({
            "thread_id": noted.thread, "user_id": noted.user, "receipt": Receipt::Delivered,
            "message_id": noted.message.to_string(),
        });
        (noted.sender, told)
    });
    let told: Vec<_> = told.collect();
    live::record_each(tx, "receipt", &told, now).await?;
    let mut senders: Vec<_> = told.into_iter().map(|(sender, _)| sender).collect();
    senders.sort_unstable();
    senders.dedup();
    Ok(senders)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance;

    #[test]
    fn the_latest_message_of_each_person_and_thread_waits_to_be_noted() {
        let (ada, ben): (UserId, UserId) = (chance::id(), chance::id());
        let thread: ThreadId = chance::id();
        let deliveries = Deliveries::default();
        let delivery = |user, message| Delivery { user, thread, message };
        deliveries.gather([delivery(ada, 7), delivery(ben, 5), delivery(ada, 9), delivery(ada, 8)]);
        let mut taken = deliveries.take();
        taken.sort_unstable_by_key(|delivery| delivery.message);
        assert_eq!(taken, [delivery(ben, 5), delivery(ada, 9)]);
        assert_eq!(deliveries.take(), []);
        deliveries.gather((0..=AT_ONCE).map(|_| delivery(chance::id(), 1)));
        assert_eq!((deliveries.take().len(), deliveries.take().len()), (AT_ONCE, 1));
    }

    #[test]
    fn messages_of_others_are_deliveries() {
        let (ada, ben): (UserId, UserId) = (chance::id(), chance::id());
        let thread: ThreadId = chance::id();
        let payload = json!({ "thread_id": thread, "message_id": "12", "sender_id": ben });
        let of = |user, kind: &str, payload: &Value| {
            let event = LiveEvent { id: 1, kind: kind.to_owned(), payload: payload.clone() };
            Delivery::of(user, &event)
        };
        let expected = Delivery { user: ada, thread, message: 12 };
        assert_eq!(of(ada, "message", &payload), Some(expected));
        assert_eq!(of(ben, "message", &payload), None, "one's own");
        assert_eq!(of(ada, "receipt", &payload), None);
        assert_eq!(of(ada, "message", &json!({ "booking_id": thread })), None);
    }
}
