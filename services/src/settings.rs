//! Platform settings: a default in the code, a row where it was changed.

use domain::{booking::Policy, lesson::NobodyJoined};
use sqlx::PgConnection;

use crate::Result;

/// What the platform decides for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformSettings {
    /// What tutors inherit.
    pub policy: Policy,
    /// What is charged when nobody joined.
    pub nobody_joined: NobodyJoined,
    /// Providers with which a tutor can be booked; default all.
    pub accepted_providers: Vec<String>,
}

/// Reads the settings.
///
/// # Errors
/// Where the database cannot be read.
pub async fn load(_db: &mut PgConnection) -> Result<PlatformSettings> {
    todo!()
}
