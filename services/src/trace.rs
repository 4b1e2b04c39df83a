//! What ties together all that follows from one cause: from a request over outbox and jobs to the mails.
//!
//! A request's cause is named by its id, the one in the log and in `x-request-id`. What the clock makes due begins a
//! cause of its own. The W3C trace context that came with a request goes along, for those who trace.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chance;

tokio::task_local! {
    static CURRENT: Trace;
}

/// The cause of what is going on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The same for all that follows from one cause.
    pub correlation_id: Uuid,
    /// The `traceparent` of the request, if it came with one (<https://www.w3.org/TR/trace-context/>).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl Trace {
    /// A cause of its own.
    #[must_use]
    pub fn begin() -> Self {
        Trace { correlation_id: chance::id(), traceparent: None }
    }

    /// The cause of what this task does; a new one where none is known.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_else(|_| Trace::begin())
    }

    /// Does something because of this.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }
}

/// A `traceparent` as it may be passed on: version 00, with ids that are not all zero.
#[must_use]
pub fn traceparent(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let named = |part: &str, length| hex(part, length) && part.bytes().any(|byte| byte != b'0');
    match parts[..] {
        ["00", trace, parent, flags] if named(trace, 32) && named(parent, 16) && hex(flags, 2) => {
            Some(text.to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_contexts_are_passed_on() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(traceparent(good).as_deref(), Some(good));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(traceparent(bad), None, "{bad}");
        }
    }
}
