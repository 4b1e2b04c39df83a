//! Who uses the sandbox. With `--leased` it lives as long as someone does: a server that was killed is given up after
//! [`LIFE`], one that stops in good order says so.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a holder may be silent.
pub const LIFE: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Lease {
    seen: Instant,
    webhook_url: Option<String>,
}

/// All who use the sandbox.
#[derive(Debug)]
pub struct Leases {
    held: Mutex<HashMap<String, Lease>>,
    since: Instant,
}

impl Default for Leases {
    fn default() -> Self {
        Self { held: Mutex::default(), since: Instant::now() }
    }
}

impl Leases {
    fn held(&self) -> MutexGuard<'_, HashMap<String, Lease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes or renews a lease. `webhook_url` is where its holder takes events.
    pub fn take(&self, holder: String, webhook_url: Option<String>) {
        self.held().insert(holder, Lease { seen: Instant::now(), webhook_url });
    }

    /// Gives a lease back; whether it was the last.
    pub fn give_back(&self, holder: &str) -> bool {
        let mut held = self.held();
        held.remove(holder).is_some() && held.is_empty()
    }

    /// Whether nobody has used the sandbox for as long as a holder may be silent.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        let mut held = self.held();
        held.retain(|_, lease| lease.seen.elapsed() < LIFE);
        held.is_empty() && self.since.elapsed() >= LIFE
    }

    /// Where a living holder takes events: of several, the one that was heard of last.
    #[must_use]
    pub fn webhook_url(&self) -> Option<String> {
        let held = self.held();
        let newest =
            held.values().filter(|lease| lease.webhook_url.is_some()).max_by_key(|lease| lease.seen)?;
        newest.webhook_url.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_holder_is_known() {
        let leases = Leases::default();
        leases.take("a".into(), Some("http://a".into()));
        leases.take("b".into(), None);
        assert_eq!(leases.webhook_url().as_deref(), Some("http://a"));
        assert!(!leases.is_abandoned());
        assert!(!leases.give_back("nobody"));
        assert!(!leases.give_back("a"));
        assert!(leases.give_back("b"));
        assert!(!leases.give_back("b"), "only once");
    }
}
