//! Faults that a test asks for: lost answers, errors, delays, rate limits.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The work waits for `delay_ms`, then is done and answered.
    DelayBefore,
    /// The work is done; the answer waits for `delay_ms`.
    Delay,
    /// The connection closes before the work is done.
    DropBefore,
    /// The work is done; the connection closes without an answer.
    DropAfter,
    /// `status` is answered and nothing is done.
    ErrorBefore,
    /// The work is done, and `status` is answered.
    ErrorAfter,
}

/// A fault, for requests that fit.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The method; any when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// The path, in which `*` stands for any text.
    pub path: String,
    /// What goes wrong.
    pub kind: Kind,
    /// How many requests it befalls.
    #[serde(default = "once")]
    pub times: u32,
    /// How many fitting requests pass before.
    #[serde(default)]
    pub skip: u32,
    /// Milliseconds to wait, before anything else goes wrong.
    #[serde(default)]
    pub delay_ms: u64,
    /// The HTTP status of an error: 429, 500, 502, 503, 409.
    #[serde(default = "internal")]
    pub status: u16,
    /// Whether an error after the effect is the answer that the idempotency key replays, as Stripe's own 500
    /// is; else the key replays the true answer, as after a gateway's error.
    #[serde(default)]
    pub remember: bool,
}

const fn once() -> u32 {
    1
}

const fn internal() -> u16 {
    500
}

/// All faults under way, the answer's delay for all, and the rate limit.
#[derive(Debug, Default)]
pub struct Faults {
    planned: Mutex<Vec<Fault>>,
    latency_ms: AtomicU64,
    window: Mutex<Option<(Instant, u32)>>,
}

impl Faults {
    /// Plans a fault.
    pub fn plan(&self, fault: Fault) {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// The faults that did not happen yet.
    #[must_use]
    pub fn planned(&self) -> Vec<Fault> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets all faults.
    pub fn clear(&self) {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The fault that befalls a request, which counts as one of its times.
    #[must_use]
    pub fn strike(&self, method: &str, path: &str) -> Option<Fault> {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |fault: &Fault| {
            fault.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(method)) && glob(&fault.path, path)
        };
        let place = planned.iter().position(fits)?;
        let fault = planned.get_mut(place)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        let struck = fault.clone();
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            planned.remove(place);
        }
        Some(struck)
    }

    /// Sets how long every answer of the API takes at least.
    pub fn set_latency(&self, millis: u64) {
        self.latency_ms.store(millis, Ordering::Relaxed);
    }

    /// How long every answer takes at least.
    #[must_use]
    pub fn latency(&self) -> Duration {
        Duration::from_millis(self.latency_ms.load(Ordering::Relaxed))
    }

    /// Whether one request more in this second of the machine is within a limit.
    #[must_use]
    pub fn within(&self, limit: u32) -> bool {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (since, count) = match *window {
            Some((since, count)) if now - since < Duration::from_secs(1) => (since, count + 1),
            _ => (now, 1),
        };
        *window = Some((since, count));
        count <= limit
    }
}

/// Whether a pattern with `*` fits a whole text.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    (0..=text.len()).any(|at| text.get(at..).is_some_and(|tail| glob(rest, tail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit() {
        let path = "/v1/payment_intents/pi_1/confirm";
        for pattern in ["*", path, "/v1/payment_intents*", "/v1/*/confirm", "*pi_1*"] {
            assert!(glob(pattern, path), "{pattern}");
        }
        for pattern in ["/v1/payment_intents", "/v1/*/capture", ""] {
            assert!(!glob(pattern, path), "{pattern}");
        }
    }
}
