//! Platform settings: a default in the code, a row where it was changed.

use domain::booking::Policy;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::PgConnection;

use crate::{AppError, Result, Services, video::Kind};

/// What the platform decides for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformSettings {
    /// What tutors inherit.
    pub policy: Policy,
    /// Providers with which a tutor can be booked; default all.
    pub accepted_providers: Vec<String>,
    /// Whether contact data is masked in the chat of two people who never had a confirmed booking; default yes.
    pub chat_masks_contacts: bool,
    /// How much room the files of one person in conversations may take, and again in disputes, in megabytes; default 500.
    pub chat_files_mb: i64,
    /// How many days after a lesson the links to its recordings are kept; default 90.
    pub recordings_days: i64,
}

impl Default for PlatformSettings {
    fn default() -> Self {
        PlatformSettings {
            policy: Policy::default(),
            accepted_providers: ["jitsi", "zoom", "google_meet", "external"].map(str::to_owned).into(),
            chat_masks_contacts: true,
            chat_files_mb: 500,
            recordings_days: 90,
        }
    }
}

impl PlatformSettings {
    /// Takes one row over. A name of which this release knows nothing is left alone.
    fn set(&mut self, name: &str, value: Value) -> Result<()> {
        let policy = &mut self.policy;
        match name {
            "notice_min" => policy.notice_min = read(name, value)?,
            "horizon_days" => policy.horizon_days = read(name, value)?,
            "cancel_notice_min" => policy.cancel_notice_min = read(name, value)?,
            "confirm_requests" => policy.confirm_requests = read(name, value)?,
            "fee_bps" => policy.fee_bps = read(name, value)?,
            "early_end_policy" => policy.early_end = read(name, value)?,
            "nobody_joined" => policy.nobody_joined = read(name, value)?,
            "collection" => policy.collection = read(name, value)?,
            "dispute_window_hours" => policy.dispute_window_hours = read(name, value)?,
            "accepted_providers" => self.accepted_providers = read(name, value)?,
            "chat_masks_contacts" => self.chat_masks_contacts = read(name, value)?,
            "chat_files_mb" => self.chat_files_mb = read(name, value)?,
            "recordings_days" => self.recordings_days = read(name, value)?,
            _ => {}
        }
        Ok(())
    }
}

fn read<T: DeserializeOwned>(name: &str, value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| AppError::fault(format!("setting {name}: {error}")))
}

/// Reads the settings.
///
/// # Errors
/// Where the database cannot be read, or holds a value of a wrong type.
pub async fn load(db: &mut PgConnection) -> Result<PlatformSettings> {
    let mut settings = PlatformSettings::default();
    for row in sqlx::query!("SELECT name, value FROM settings").fetch_all(db).await? {
        settings.set(&row.name, row.value)?;
    }
    Ok(settings)
}

/// Reads the settings, with those of the accepted providers that are configured here: where the other ones are, nobody
/// can make a meeting.
///
/// # Errors
/// As [`load`].
pub(crate) async fn load_here(services: &Services, db: &mut PgConnection) -> Result<PlatformSettings> {
    let mut settings = load(db).await?;
    settings
        .accepted_providers
        .retain(|name| Kind::parse(name).is_none_or(|kind| kind.is_configured(services)));
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use domain::{
        charge::{EarlyEnd, NobodyJoined},
        payment::Collection,
    };
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_replaces_the_default_and_a_wrong_type_is_named() {
        let mut settings = PlatformSettings::default();
        settings.set("notice_min", json!(30)).expect("a number");
        settings.set("nobody_joined", json!("charge_nothing")).expect("a choice");
        settings.set("collection", json!("prepay")).expect("a choice");
        settings.set("dispute_window_hours", json!(48)).expect("a number");
        settings.set("of_a_later_release", json!(1)).expect("ignored");
        settings.set("early_end_policy", json!({ "tolerance": 90 })).expect("a policy");
        let expected = Policy {
            notice_min: 30,
            nobody_joined: NobodyJoined::ChargeNothing,
            collection: Collection::Prepay,
            dispute_window_hours: 48,
            early_end: EarlyEnd::Tolerance(90),
            ..Policy::default()
        };
        assert_eq!(settings.policy, expected);
        let fault = settings.set("fee_bps", json!("much")).expect_err("no number");
        assert!(fault.to_string().contains("fee_bps"), "{fault}");
    }
}
