//! The running sandbox: everything that requests share.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;

use crate::{
    api,
    call::{Call, Caller},
    chance,
    clock::Clock,
    errors::StripeError,
    faults::Faults,
    idempotency::Keys,
    leases::Leases,
    options::Options,
    params::Params,
    state::State,
    store::{Store, number, text},
    webhooks::{self, Deliveries, Queue},
};

/// Everything that requests share.
#[derive(Debug)]
pub struct App {
    /// What it was started with.
    pub options: Options,
    /// How browsers reach it, without a slash at the end.
    pub base: String,
    /// Its clock.
    pub clock: Clock,
    /// Its idempotency keys.
    pub keys: Keys,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// Its deliveries.
    pub deliveries: Arc<Deliveries>,
    /// Who uses it.
    pub leases: Leases,
    /// Whether something happened that the file of the state does not say yet.
    pub changed: AtomicBool,
    /// Told when it is to end.
    pub end: Notify,
    store: Mutex<Store>,
}

/// Where an event goes: address, secret.
pub type Target = (String, String);

impl App {
    /// A sandbox without objects, reached at `base`.
    #[must_use]
    pub fn new(options: Options, base: String) -> (Arc<Self>, Queue) {
        let (deliveries, queue) = Deliveries::new(Duration::from_millis(options.webhook_retry_ms));
        let app = Self {
            base: options.public_url.clone().unwrap_or(base).trim_end_matches('/').to_owned(),
            options,
            clock: Clock::default(),
            keys: Keys::default(),
            faults: Faults::default(),
            deliveries: Arc::new(deliveries),
            leases: Leases::default(),
            changed: AtomicBool::new(false),
            end: Notify::new(),
            store: Mutex::default(),
        };
        (Arc::new(app), queue)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the objects alone, after all that was due has happened; hands the events on.
    pub fn act<T>(&self, request: Request, work: impl FnOnce(&mut Call<'_>) -> T) -> T {
        let mut store = self.store();
        let mut call = Call {
            store: &mut store,
            params: request.params,
            caller: request.caller,
            now: self.clock.seconds(),
            base: self.base.clone(),
            request_id: request.id,
            key: request.key,
        };
        api::catch_up(&mut call);
        let done = work(&mut call);
        let events = std::mem::take(&mut store.outbox);
        drop(store);
        if !events.is_empty() {
            self.note_change();
        }
        webhooks::dispatch(self, events);
        done
    }

    /// Forgets all objects, keys, faults and deliveries, and lets the clock run.
    pub fn reset(&self) {
        *self.store() = Store::default();
        self.keys.clear();
        self.faults.clear();
        self.faults.set_latency(0);
        self.deliveries.clear();
        self.clock.set(None);
        self.note_change();
    }

    /// Notes that something happened that the file of the state has to say.
    pub fn note_change(&self) {
        self.changed.store(true, Ordering::Release);
    }

    /// What outlives the process.
    #[must_use]
    pub fn state(&self) -> State {
        State { store: self.store().save(), keys: self.keys.save() }
    }

    /// Takes up what outlived a process.
    ///
    /// # Errors
    /// For a card that the sandbox does not know.
    pub fn take_up(&self, state: State) -> Result<(), StripeError> {
        *self.store() = Store::load(state.store)?;
        self.keys.load(state.keys);
        Ok(())
    }

    /// The endpoints whose list of types is taken.
    pub fn endpoints(&self, takes: impl Fn(&[String]) -> bool) -> Vec<Target> {
        let store = self.store();
        let own = self.leases.webhook_url().or_else(|| self.options.webhook_url.clone());
        let own = own.map(|url| (url, self.options.webhook_secret.clone()));
        let others = store.all("we").filter(|row| row["status"] == "enabled").filter_map(|row| {
            let types =
                row["enabled_events"].as_array()?.iter().filter_map(|kind| kind.as_str().map(str::to_owned));
            let id = text(row, "id");
            let secret = store.secrets.get(&id)?.clone();
            takes(&types.collect::<Vec<_>>()).then(|| (text(row, "url"), secret))
        });
        own.into_iter().chain(others).collect()
    }

    /// Notes how many endpoints have yet to take an event.
    pub fn expects(&self, event: &str, endpoints: usize) {
        self.store().set(event, &json!({ "pending_webhooks": endpoints }));
    }

    /// Notes that an endpoint took an event.
    pub fn delivered(&self, event: &str) {
        let mut store = self.store();
        let pending = store.find(event).map_or(0, |found| number(found, "pending_webhooks"));
        store.set(event, &json!({ "pending_webhooks": (pending - 1).max(0) }));
    }
}

/// What a request brings beside its address.
#[derive(Debug)]
pub struct Request {
    /// `req_…`.
    pub id: String,
    /// Who calls.
    pub caller: Caller,
    /// Query and body.
    pub params: Params,
    /// The idempotency key.
    pub key: Option<String>,
}

impl Request {
    /// One that the sandbox makes itself: for its pages, its control address and the passing of time.
    #[must_use]
    pub fn own() -> Self {
        Self { id: chance::id("req"), caller: Caller::Server, params: Params::default(), key: None }
    }
}
