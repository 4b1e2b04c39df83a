//! Idempotency keys (<https://docs.stripe.com/api/idempotent_requests>): the first answer is kept for 24
//! hours, for errors that came after work had begun too; other parameters are an error.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::errors::StripeError;

const KEPT_SECONDS: i64 = 86_400;
const LONGEST: usize = 255;
/// Old keys are removed each time that their number is a multiple of this.
const SWEPT_EVERY: usize = 1024;

/// An answer as it was sent.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Stored {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: String,
    /// The request that it answered.
    pub request_id: String,
}

/// A key, and what came of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Kept {
    request: Value,
    since: i64,
    /// None while the first request is under way.
    answer: Option<Stored>,
}

/// What a key says to a request.
#[derive(Debug)]
pub enum Claim {
    /// The first with this key: it must [`Keys::finish`].
    First,
    /// One that was answered.
    Replay(Stored),
}

/// All keys.
#[derive(Debug, Default)]
pub struct Keys(Mutex<HashMap<String, Kept>>);

impl Keys {
    /// Claims a key for a request (method, path and parameters).
    ///
    /// # Errors
    /// `idempotency_error` for other parameters, 409 while the first is under way.
    pub fn claim(&self, key: &str, request: &Value, now: i64) -> Result<Claim, StripeError> {
        if key.len() > LONGEST {
            return Err(StripeError::invalid("Idempotency keys can have up to 255 characters."));
        }
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let alive = |kept: &Kept| kept.answer.is_none() || now - kept.since < KEPT_SECONDS;
        if keys.len().is_multiple_of(SWEPT_EVERY) {
            keys.retain(|_, kept| alive(kept));
        }
        let Some(kept) = keys.get(key).filter(|kept| alive(kept)) else {
            let kept = Kept { request: request.clone(), since: now, answer: None };
            keys.insert(key.to_owned(), kept);
            return Ok(Claim::First);
        };
        if kept.request != *request {
            let message = format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. \
                 Try using a key other than '{key}' if you meant to execute a different request."
            );
            return Err(StripeError { kind: "idempotency_error", ..StripeError::invalid(message) });
        }
        kept.answer.clone().map(Claim::Replay).ok_or_else(|| {
            let message = format!(
                "There is currently another in-progress request using this Idempotent Key (that probably means you \
                 submitted twice, and the other request is still going through): {key}. Please try again later."
            );
            let error = StripeError::invalid(message).code("idempotency_key_in_use").status(409);
            StripeError { kind: "idempotency_error", ..error }
        })
    }

    /// Keeps the answer to the first request of a key; none frees the key.
    pub fn finish(&self, key: &str, answer: Option<Stored>) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (answer, keys.get_mut(key)) {
            (Some(answer), Some(kept)) => kept.answer = Some(answer),
            _ => {
                keys.remove(key);
            }
        }
    }

    /// The keys that were answered.
    #[must_use]
    pub fn save(&self) -> Vec<(String, Kept)> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = keys.iter().filter(|(_, kept)| kept.answer.is_some());
        answered.map(|(key, kept)| (key.clone(), kept.clone())).collect()
    }

    /// Takes up keys that were saved.
    pub fn load(&self, keys: Vec<(String, Kept)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = keys.into_iter().collect();
    }

    /// Forgets all keys.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
