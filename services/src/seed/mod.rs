//! The demonstration: people, hours, bookings and ratings with which every page has something to show.

use crate::{Result, Services};

/// Fills an empty database; does nothing to one that has people. Development only.
///
/// # Errors
/// Where the database cannot be written.
pub async fn demonstration(_services: &Services) -> Result<bool> {
    todo!()
}
