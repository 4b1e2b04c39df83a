//! The sandbox's one source of chance: ids, secrets and the order of shuffled deliveries.

use rand::{Rng as _, distr::Alphanumeric, seq::SliceRandom as _};

/// A random text of letters and digits.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the module that may")]
pub fn letters(length: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

/// An id as Stripe's: a prefix and 24 letters and digits.
#[must_use]
pub fn id(prefix: &str) -> String {
    format!("{prefix}_{}", letters(24))
}

/// Puts a list into a random order.
#[expect(clippy::disallowed_methods, reason = "this is the module that may")]
pub fn shuffle<T>(list: &mut [T]) {
    list.shuffle(&mut rand::rng());
}
