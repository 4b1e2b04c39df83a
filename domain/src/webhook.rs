//! Signatures of webhooks: ours, and those of the payment provider.

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

/// How old or how far ahead a signature of Stripe's may be, seconds.
pub const TOLERANCE: i64 = 300;

/// Whether a message is Stripe's: `header` is `t=…,v1=…`, in which any of several `v1` may fit (while a secret is
/// changed there are two), over `t.body`. Compared in constant time.
///
/// # Errors
/// `INVALID_REQUEST` (`signature`) where the header is malformed, no signature fits, or it is older or newer than
/// [`TOLERANCE`].
pub fn verify_stripe(secret: &str, header: &str, body: &[u8], now: i64) -> Result<(), Refusal> {
    let refusal = || Refusal::on(Code::InvalidRequest, "signature", "Stripe-Signature");
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let time = parts().find(|(name, _)| *name == "t").map(|(_, value)| value).ok_or_else(refusal)?;
    let seconds: i64 = time.parse().map_err(|_| refusal())?;
    if now.abs_diff(seconds) > TOLERANCE.unsigned_abs() {
        return Err(refusal());
    }
    let fits = |text: &str| {
        let Some(signature) = unhex(text) else { return false };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.verify_slice(&signature).is_ok()
    };
    if parts().any(|(name, value)| name == "v1" && fits(value)) { Ok(()) } else { Err(refusal()) }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().into())
}
