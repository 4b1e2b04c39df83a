//! Idempotency keys: the same request sent twice makes one booking.

use domain::{Code, Refusal, booking::BookingRequest};
use sha2::{Digest as _, Sha256};

use crate::{AppError, Result};

/// The longest key, in bytes.
const LONGEST: usize = 255;

/// A key with the fingerprint of the request that came with it.
pub(super) struct Key {
    text: String,
    hash: Vec<u8>,
}

impl Key {
    /// Reads a key of 1–255 bytes without control characters.
    ///
    /// # Errors
    /// `INVALID_REQUEST` on `idempotency_key`.
    pub fn parse(text: &str, request: &BookingRequest) -> Result<Key> {
        if !(1..=LONGEST).contains(&text.len()) || text.chars().any(char::is_control) {
            return Err(Refusal::on(Code::InvalidRequest, "idempotency_key", "idempotency_key").into());
        }
        let body = (
            request.tutor,
            request.offering,
            request.start,
            request.duration,
            request.hold,
            request.note.as_ref().map(domain::booking::Note::as_str),
            request.card.as_deref(),
        );
        let body = serde_json::to_vec(&body).map_err(AppError::fault)?;
        Ok(Key { text: text.to_owned(), hash: Sha256::digest(body).to_vec() })
    }

    /// The key itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of what was asked for.
    pub fn hash(&self) -> &[u8] {
        &self.hash
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use domain::{booking::Note, ids::TutorId};

    use super::*;

    fn request() -> BookingRequest {
        BookingRequest {
            tutor: TutorId(uuid::Uuid::nil()),
            offering: None,
            start: DateTime::UNIX_EPOCH,
            duration: 60,
            hold: None,
            note: None,
            card: None,
        }
    }

    #[test]
    fn a_key_has_1_to_255_bytes_and_no_control_characters() {
        let long = |length: usize| "x".repeat(length);
        for (text, fits) in [
            (long(0), false),
            (long(1), true),
            (long(255), true),
            (long(256), false),
            ("é".repeat(128), false),
            ("a\u{0}b".to_owned(), false),
        ] {
            assert_eq!(Key::parse(&text, &request()).is_ok(), fits, "{text:?}");
        }
    }

    #[test]
    fn every_part_of_the_request_counts() {
        let hash = |request: &BookingRequest| Key::parse("k", request).expect("a key").hash;
        let same = hash(&request());
        let note = Note::parse("Hello").expect("a note");
        for other in [
            BookingRequest { tutor: TutorId(uuid::Uuid::max()), ..request() },
            BookingRequest { offering: Some(uuid::Uuid::max().into()), ..request() },
            BookingRequest { start: DateTime::UNIX_EPOCH + TimeDelta::minutes(1), ..request() },
            BookingRequest { duration: 30, ..request() },
            BookingRequest { hold: Some(uuid::Uuid::max().into()), ..request() },
            BookingRequest { note, ..request() },
            BookingRequest { card: Some("pm_1".to_owned()), ..request() },
        ] {
            assert_ne!(hash(&other), same, "{other:?}");
        }
        assert_eq!(hash(&request()), same);
    }
}
