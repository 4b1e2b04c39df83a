//! What people entrust to us for calls to others (passwords, tokens): encrypted at rest.
//!
//! XChaCha20-Poly1305 with a key that derives from `SESSION_SECRET`, so that who reads the database alone reads none of
//! it. Once that secret is exchanged nothing of it can be opened any more: people are asked to connect again.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::{AppError, Result, chance, config::SecretsConfig};

/// Bytes of the nonce, which stands before what it sealed. So long a one may be drawn by chance.
const NONCE: usize = 24;

/// Seals a text for a place, such as the row that it belongs to: elsewhere it cannot be opened.
///
/// # Errors
/// None that could be named: the cipher takes every key and every text.
pub(crate) fn seal(secrets: &SecretsConfig, place: &str, text: &str) -> Result<Vec<u8>> {
    let nonce: [u8; NONCE] = chance::bytes();
    let payload = Payload { msg: text.as_bytes(), aad: place.as_bytes() };
    let sealed = cipher(secrets)?.encrypt(&XNonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| AppError::fault("nothing can be sealed"))?;
    Ok([&nonce[..], &sealed].concat())
}

/// Opens what was sealed for a place; `None` where it was changed, moved or sealed under another secret.
///
/// # Errors
/// As [`seal`].
pub(crate) fn open(secrets: &SecretsConfig, place: &str, sealed: &[u8]) -> Result<Option<String>> {
    let Some((nonce, sealed)) = sealed.split_first_chunk::<NONCE>() else { return Ok(None) };
    let payload = Payload { msg: sealed, aad: place.as_bytes() };
    let opened = cipher(secrets)?.decrypt(&XNonce::from(*nonce), payload);
    Ok(opened.ok().and_then(|text| String::from_utf8(text).ok()))
}

fn cipher(secrets: &SecretsConfig) -> Result<XChaCha20Poly1305> {
    let secret = secrets.session.as_bytes();
    let mut key = <Hmac<Sha256> as hmac::Mac>::new_from_slice(secret).map_err(AppError::fault)?;
    key.update(b"credentials:1");
    Ok(XChaCha20Poly1305::new(&key.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(session: &str) -> SecretsConfig {
        SecretsConfig { session: session.to_owned(), cron: String::new() }
    }

    #[test]
    fn only_the_same_secret_opens_it_and_only_in_its_place() {
        let own = secrets("a secret of more than sixteen bytes");
        let sealed = seal(&own, "account:1", "geheim").expect("sealed");
        assert!(!sealed.windows(6).any(|part| part == b"geheim"));
        assert_ne!(sealed, seal(&own, "account:1", "geheim").expect("sealed"), "equal texts cannot be told");
        let mut changed = sealed.clone();
        *changed.last_mut().expect("a byte") ^= 1;
        let other = secrets("another secret, as long as the first");
        for (secrets, place, sealed, opened) in [
            (&own, "account:1", &sealed[..], Some("geheim")),
            (&own, "account:2", &sealed, None),
            (&other, "account:1", &sealed, None),
            (&own, "account:1", &changed, None),
            (&own, "account:1", &sealed[..10], None),
        ] {
            assert_eq!(open(secrets, place, sealed).expect("tried").as_deref(), opened, "{place}");
        }
    }
}
