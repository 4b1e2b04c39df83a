//! Signatures of outgoing webhooks.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::{Code, Refusal};

/// What stands before the base64 of a secret (Standard Webhooks).
const SECRET_PREFIX: &str = "whsec_";

/// The two signature headers of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signatures {
    /// `webhook-signature`: `v1,` and the base64 HMAC of `id.timestamp.body` (Standard Webhooks 1.0).
    pub standard: String,
    /// `X-Signature-SHA256`: the hex HMAC of the body, keyed with the secret as it is written.
    pub body_hex: String,
}

/// Signs a delivery. `timestamp` is in seconds since 1970, as sent in `webhook-timestamp`.
///
/// # Errors
/// `INVALID_REQUEST` (`webhook_secret`) when the secret is not `whsec_` and base64.
pub fn sign(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Result<Signatures, Refusal> {
    let refusal = || Refusal::on(Code::InvalidRequest, "webhook_secret", "secret");
    let key = secret.strip_prefix(SECRET_PREFIX).and_then(|text| STANDARD.decode(text).ok());
    let key = key.filter(|key| !key.is_empty()).ok_or_else(refusal)?;
    let head = format!("{id}.{timestamp}.");
    let signed = hmac(&key, &[head.as_bytes(), body]).ok_or_else(refusal)?;
    let plain = hmac(secret.as_bytes(), &[body]).ok_or_else(refusal)?;
    let mut body_hex = String::with_capacity(plain.len() * 2);
    for byte in plain {
        // Writing to a String cannot fail.
        let _ = write!(body_hex, "{byte:02x}");
    }
    Ok(Signatures { standard: format!("v1,{}", STANDARD.encode(signed)), body_hex })
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().into())
}
