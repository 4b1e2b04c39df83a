//! Work that the clock makes due: derived from rows, idempotent, harmless when run by many at once.

use serde::Serialize;

use crate::{Result, Services};

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Holds that lapsed.
    pub holds_expired: u64,
    /// Requests that nobody answered.
    pub requests_expired: u64,
    /// Lessons that got their outcome.
    pub lessons_settled: u64,
    /// Old rows of no more use: lapsed sign-ins, idempotency keys, counters.
    pub rows_pruned: u64,
}

/// Does everything that is due now.
///
/// # Errors
/// Where the database cannot be written.
pub async fn run(_services: &Services) -> Result<Swept> {
    todo!()
}
