//! The sandbox's clock: the machine's, until the control address sets it. A set clock stands still.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

const REAL: i64 = i64::MIN;

/// Tells the time that objects are dated and signatures are made by.
#[derive(Debug)]
pub struct Clock(AtomicI64);

impl Default for Clock {
    fn default() -> Self {
        Self(AtomicI64::new(REAL))
    }
}

impl Clock {
    /// The present instant.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match self.0.load(Ordering::Acquire) {
            REAL => machine(),
            micros => DateTime::from_timestamp_micros(micros).unwrap_or_else(machine),
        }
    }

    /// The present instant as Stripe writes it: whole seconds since 1970.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.now().timestamp()
    }

    /// Lets it stand at an instant; `None` is the machine's time.
    pub fn set(&self, now: Option<DateTime<Utc>>) {
        self.0.store(now.map_or(REAL, |now| now.timestamp_micros()), Ordering::Release);
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the module that may")]
fn machine() -> DateTime<Utc> {
    Utc::now()
}
