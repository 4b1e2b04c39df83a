//! Signatures of webhooks: ours, and those of the payment provider and of Zoom.

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
    Ok(Signatures { standard: format!("v1,{}", STANDARD.encode(signed)), body_hex: hex(&plain) })
}

/// How old or how far ahead a signature of others may be, seconds.
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

/// What stands before a signature of Zoom's, on the wire and in what is signed.
const ZOOM_VERSION: &str = "v0";

/// Whether a message is Zoom's: `signature` is `v0=` and the hex HMAC of `v0:timestamp:body`. Compared in constant time.
///
/// # Errors
/// `INVALID_REQUEST` (`signature`) where the signature is malformed or does not fit, or is older or newer than
/// [`TOLERANCE`].
pub fn verify_zoom(
    secret: &str,
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: i64,
) -> Result<(), Refusal> {
    let refusal = || Refusal::on(Code::InvalidRequest, "signature", "x-zm-signature");
    let seconds: i64 = timestamp.parse().map_err(|_| refusal())?;
    if now.abs_diff(seconds) > TOLERANCE.unsigned_abs() {
        return Err(refusal());
    }
    let signature = signature.strip_prefix(ZOOM_VERSION).and_then(|rest| rest.strip_prefix('='));
    let signature = signature.and_then(unhex).ok_or_else(refusal)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| refusal())?;
    mac.update(format!("{ZOOM_VERSION}:{timestamp}:").as_bytes());
    mac.update(body);
    mac.verify_slice(&signature).map_err(|_| refusal())
}

/// The hex HMAC with which Zoom wants its question answered whether an address is ours.
///
/// # Errors
/// None that could be named: every key will do.
pub fn sign_zoom(secret: &str, token: &[u8]) -> Result<String, Refusal> {
    let signed = hmac(secret.as_bytes(), &[token]);
    let signed = signed.ok_or_else(|| Refusal::on(Code::InvalidRequest, "signature", "x-zm-signature"))?;
    Ok(hex(&signed))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_zooms_is_known_by_its_signature() {
        let (body, now) = (br#"{"event":"meeting.ended"}"#, 1_800_000_000_i64);
        let signed = |timestamp: i64, secret: &str| {
            let head = format!("v0:{timestamp}:");
            format!("v0={}", hex(&hmac(secret.as_bytes(), &[head.as_bytes(), body]).expect("a key")))
        };
        let judge = |timestamp: &str, signature: &str, body: &[u8]| {
            verify_zoom("secret", timestamp, signature, body, now).is_ok()
        };
        let good = signed(now, "secret");
        assert!(judge(&now.to_string(), &good, body));
        for old in [now - TOLERANCE, now + TOLERANCE] {
            assert!(judge(&old.to_string(), &signed(old, "secret"), body), "{old}");
        }
        for stale in [now - TOLERANCE - 1, now + TOLERANCE + 1] {
            assert!(!judge(&stale.to_string(), &signed(stale, "secret"), body), "{stale}");
        }
        let now = now.to_string();
        assert!(!judge(&now, &good, b"{}"), "another body");
        assert!(!judge("1800000001", &good, body), "another time");
        for wrong in ["", "v0=", "v0=zz", &good[3..], &signed(1_800_000_000, "other")] {
            assert!(!judge(&now, wrong, body), "{wrong}");
        }
        assert!(!judge("soon", &good, body));
    }
}
