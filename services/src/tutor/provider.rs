//! Where a tutor's lessons take place.

use domain::{Code, Refusal, ids::TutorId};
use serde::Serialize;

use super::{found, store};
use crate::{Actor, Result, Services, settings as platform, video};

/// Where the tutor's lessons take place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "provider", rename_all = "lowercase")]
pub enum Provider {
    /// A Jitsi room.
    Jitsi,
    /// The tutor's own address, `https`.
    External {
        /// The address.
        url: String,
    },
}

impl Provider {
    /// The name in the database and in the setting `accepted_providers`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Provider::Jitsi => "jitsi",
            Provider::External { .. } => "external",
        }
    }

    /// The tutor's own address, where that is the provider.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Provider::Jitsi => None,
            Provider::External { url } => Some(url),
        }
    }
}

/// Chooses where lessons take place.
///
/// # Errors
/// `INVALID_REQUEST` on `external_url`, `PROVIDER_REQUIRED` where the platform does not accept it,
/// `INSUFFICIENT_PERMISSIONS`, `PROFILE_NOT_FOUND`.
pub async fn set_provider(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    provider: Provider,
) -> Result<()> {
    actor.require_tutor(tutor)?;
    let provider = match provider {
        Provider::External { url } => Provider::External { url: video::check_external(&url)? },
        other => other,
    };
    let mut tx = services.db.begin().await?;
    let accepted = platform::load(&mut tx).await?.accepted_providers;
    if !accepted.iter().any(|name| name == provider.name()) {
        return Err(Refusal::on(Code::ProviderRequired, "provider_not_accepted", "provider").into());
    }
    found(store::set_provider(&mut tx, tutor, &provider, services.clock.now()).await?)?;
    tx.commit().await?;
    Ok(())
}
