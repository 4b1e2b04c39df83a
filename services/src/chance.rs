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
#[expect(clippy::disallowed_methods, reason = "this is the module that may")]
pub fn token() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}
