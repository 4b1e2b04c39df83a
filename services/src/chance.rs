//! The one source of chance: ids and secrets.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngCore as _;
use uuid::Uuid;

/// A new id, random.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the module that may")]
pub fn id<T: From<Uuid>>() -> T {
    Uuid::new_v4().into()
}

/// A secret of 256 bits, URL-safe, for cookies, links and tokens.
#[must_use]
pub fn token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// So many random bytes.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the module that may")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}
