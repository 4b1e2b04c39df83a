//! Deliveries of events: signed by the sandbox's clock, tried again when not taken, and at a test's wish
//! held, doubled, late or out of order.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::{Semaphore, mpsc};

use crate::{app::App, chance, events, store::text};

/// Deliveries under way at once.
const AT_ONCE: usize = 8;
/// Tries of one delivery, the waits between them doubling.
const TRIES: u32 = 12;
/// Attempts that the log keeps.
const LOGGED: usize = 500;
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How events are delivered.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Manner {
    /// Keep deliveries back until they are released.
    pub hold: bool,
    /// How many times more each is sent.
    pub duplicate: u32,
    /// Milliseconds that each waits first.
    pub delay_ms: u64,
    /// Deliver none; they are lost.
    pub lose: bool,
}

/// In which order held deliveries are released.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// As the events happened.
    #[default]
    Kept,
    /// The last first.
    Reversed,
    /// By chance.
    Shuffled,
}

#[derive(Clone, Debug)]
struct Delivery {
    event: String,
    kind: String,
    body: String,
    url: String,
    secret: String,
}

#[derive(Debug, Default)]
struct State {
    manner: Manner,
    held: Vec<Delivery>,
    log: VecDeque<Value>,
    under_way: usize,
    delivered: u64,
    refused: u64,
    given_up: u64,
}

/// All deliveries.
#[derive(Debug)]
pub struct Deliveries {
    client: reqwest::Client,
    queue: mpsc::UnboundedSender<Delivery>,
    state: Mutex<State>,
    first_wait: Duration,
}

impl Deliveries {
    /// Deliveries, and the queue that [`work`] reads.
    #[must_use]
    pub fn new(first_wait: Duration) -> (Self, Queue) {
        let (queue, reader) = mpsc::unbounded_channel();
        let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap_or_default();
        (Self { client, queue, state: Mutex::default(), first_wait }, Queue(reader))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how events are delivered.
    pub fn set_manner(&self, manner: Manner) {
        self.state().manner = manner;
    }

    /// Releases what is held, one after the other, and holds no more. Answers how many.
    pub async fn release(self: &Arc<Self>, app: &Arc<App>, order: Order) -> usize {
        let mut held = {
            let mut state = self.state();
            state.manner.hold = false;
            std::mem::take(&mut state.held)
        };
        match order {
            Order::Kept => {}
            Order::Reversed => held.reverse(),
            Order::Shuffled => chance::shuffle(&mut held),
        }
        let count = held.len();
        for delivery in held {
            if !self.send(app, &delivery, 1).await {
                self.state().under_way += 1;
                tokio::spawn(again(Arc::clone(app), delivery));
            }
        }
        count
    }

    /// Forgets what is held and logged, and delivers as at the start.
    pub fn clear(&self) {
        let mut state = self.state();
        let under_way = state.under_way;
        *state = State { under_way, ..State::default() };
    }

    /// What was delivered, is under way and is held.
    #[must_use]
    pub fn report(&self) -> Value {
        let state = self.state();
        let held: Vec<Value> = state
            .held
            .iter()
            .map(|one| json!({ "event": one.event, "type": one.kind, "url": one.url }))
            .collect();
        json!({
            "manner": state.manner, "held": held, "under_way": state.under_way, "delivered": state.delivered,
            "refused": state.refused, "given_up": state.given_up, "attempts": state.log
        })
    }

    fn log(&self, delivery: &Delivery, attempt: u32, status: Option<u16>, signature: &str) {
        let mut state = self.state();
        let taken = status.is_some_and(|status| (200..300).contains(&status));
        if taken {
            state.delivered += 1
        } else {
            state.refused += 1
        }
        if state.log.len() >= LOGGED {
            state.log.pop_front();
        }
        state.log.push_back(json!({
            "event": delivery.event, "type": delivery.kind, "url": delivery.url, "attempt": attempt,
            "status": status, "signature": signature
        }));
    }

    /// One try. Answers whether it was taken.
    async fn send(&self, app: &App, delivery: &Delivery, attempt: u32) -> bool {
        let signature = sign(&delivery.secret, app.clock.seconds(), &delivery.body);
        let request = self
            .client
            .post(&delivery.url)
            .header("content-type", "application/json; charset=utf-8")
            .header("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
            .header("stripe-signature", &signature)
            .body(delivery.body.clone());
        let status = request.send().await.ok().map(|response| response.status().as_u16());
        self.log(delivery, attempt, status, &signature);
        let taken = status.is_some_and(|status| (200..300).contains(&status));
        if taken {
            app.delivered(&delivery.event);
        }
        taken
    }
}

/// The value of `Stripe-Signature`: `t=…,v1=…`, HMAC-SHA256 over time and body.
#[must_use]
pub fn sign(secret: &str, at: i64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{at}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}

/// What waits to be delivered.
#[derive(Debug)]
pub struct Queue(mpsc::UnboundedReceiver<Delivery>);

/// Delivers until the sandbox ends: in the order of events, some at once.
pub async fn work(app: Arc<App>, mut queue: Queue) {
    let free = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(delivery) = queue.0.recv().await {
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else { return };
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            let wait = app.deliveries.state().manner.delay_ms;
            if wait > 0 {
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            let taken = app.deliveries.send(&app, &delivery, 1).await;
            drop(permit);
            if taken {
                app.deliveries.state().under_way -= 1;
            } else {
                again(app, delivery).await;
            }
        });
    }
}

/// Tries again, the waits doubling, until it is taken or given up.
async fn again(app: Arc<App>, delivery: Delivery) {
    let mut wait = app.deliveries.first_wait;
    for attempt in 2..=TRIES {
        tokio::time::sleep(wait).await;
        wait *= 2;
        if app.deliveries.send(&app, &delivery, attempt).await {
            app.deliveries.state().under_way -= 1;
            return;
        }
    }
    let mut state = app.deliveries.state();
    state.under_way -= 1;
    state.given_up += 1;
}

/// Hands new events to the endpoints that want them. Called with the events in hand.
pub fn dispatch(app: &App, events: Vec<Value>) {
    for event in events {
        let id = text(&event, "id");
        let targets = app.endpoints(|types| events::selects(types, &event));
        app.expects(&id, targets.len());
        let mut event = event;
        event["pending_webhooks"] = json!(targets.len());
        for (url, secret) in targets {
            let delivery = Delivery {
                event: id.clone(),
                kind: text(&event, "type"),
                body: event.to_string(),
                url,
                secret,
            };
            enqueue(&app.deliveries, &delivery);
        }
    }
}

fn enqueue(deliveries: &Deliveries, delivery: &Delivery) {
    let mut state = deliveries.state();
    if state.manner.lose {
        return;
    }
    for _ in 0..=state.manner.duplicate {
        if state.manner.hold {
            state.held.push(delivery.clone());
        } else {
            state.under_way += 1;
            // The reader lives as long as the sandbox: what cannot be queued will not be delivered anyway.
            let _ = deliveries.queue.send(delivery.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_openssl() {
        // printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test
        let signed = sign("whsec_test", 1_700_000_000, r#"{"id":"evt_1"}"#);
        assert_eq!(
            signed,
            "t=1700000000,v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925"
        );
    }
}
