//! Who we are to push services (RFC 8292, VAPID): a key pair that derives from `SESSION_SECRET`, so that all servers have
//! the same, and a token signed with it for each call.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac as _};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::json;
use sha2::Sha256;
use url::Url;

use crate::{AppError, Result, config::Config};

/// How long a token is good for; a day is the most (RFC 8292, 2).
const GOOD_FOR: TimeDelta = TimeDelta::hours(12);

/// The key with which calls are signed.
pub(super) struct Key(SigningKey);

impl Key {
    /// The platform's key. Another `SESSION_SECRET` makes another one.
    ///
    /// # Errors
    /// None that could be named.
    pub fn of(config: &Config) -> Result<Self> {
        let secret = config.secrets.session.as_bytes();
        // One in four billion numbers of this length is no key; then the next is taken.
        for attempt in 0..8_u8 {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(AppError::fault)?;
            mac.update(b"push:1:");
            mac.update(&[attempt]);
            if let Ok(key) = SigningKey::from_slice(&mac.finalize().into_bytes()) {
                return Ok(Key(key));
            }
        }
        Err(AppError::fault("no key can be derived"))
    }

    /// The public half as browsers and push services take it: an uncompressed point in base64url.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.verifying_key().to_encoded_point(false).as_bytes())
    }

    /// The header `Authorization` for a call to an endpoint. `contact` is where the push service finds who is
    /// responsible.
    ///
    /// # Errors
    /// None that could be named.
    pub fn authorization(&self, endpoint: &Url, contact: &str, now: DateTime<Utc>) -> Result<String> {
        let head = URL_SAFE_NO_PAD.encode(json!({ "typ": "JWT", "alg": "ES256" }).to_string());
        let claims = json!({
            "aud": endpoint.origin().ascii_serialization(),
            "exp": (now + GOOD_FOR).timestamp(),
            "sub": contact,
        });
        let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature: Signature = self.0.try_sign(signed.as_bytes()).map_err(AppError::fault)?;
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
        Ok(format!("vapid t={token}, k={}", self.public()))
    }
}
