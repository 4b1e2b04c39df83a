//! Where a tutor's lessons take place.

use domain::{Code, Refusal, ids::TutorId, lesson::JOIN_CLOSES_AFTER};
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
    /// Meetings in the tutor's account with Zoom.
    Zoom,
    /// Meetings in the tutor's account with Google.
    #[serde(rename = "google_meet")]
    GoogleMeet,
}

impl Provider {
    /// The name in the database and in the setting `accepted_providers`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Provider::Jitsi => "jitsi",
            Provider::External { .. } => "external",
            Provider::Zoom => "zoom",
            Provider::GoogleMeet => "google_meet",
        }
    }

    /// Reads what the database says.
    #[must_use]
    pub fn parse(name: &str, external_url: Option<String>) -> Self {
        match (name, external_url) {
            ("external", Some(url)) => Provider::External { url },
            ("zoom", _) => Provider::Zoom,
            ("google_meet", _) => Provider::GoogleMeet,
            _ => Provider::Jitsi,
        }
    }

    /// The account in which meetings have to be made; `None` where none are.
    #[must_use]
    pub const fn account(&self) -> Option<video::Kind> {
        match self {
            Provider::Jitsi | Provider::External { .. } => None,
            Provider::Zoom => Some(video::Kind::Zoom),
            Provider::GoogleMeet => Some(video::Kind::GoogleMeet),
        }
    }

    /// The tutor's own address, where that is the provider.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Provider::External { url } => Some(url),
            Provider::Jitsi | Provider::Zoom | Provider::GoogleMeet => None,
        }
    }
}

/// Chooses where lessons take place, also those that are booked.
///
/// # Errors
/// `INVALID_REQUEST` on `external_url`, also where another tutor's lesson takes place there; `PROVIDER_REQUIRED` where the platform does not accept it, or no account there
/// lets us in; `INSUFFICIENT_PERMISSIONS`, `PROFILE_NOT_FOUND`.
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
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    found(store::lock(&mut tx, tutor).await?)?;
    // Who keeps it may change other settings, though the platform does not accept it any more.
    let before = store::find_settings(&mut tx, tutor).await?.map(|(_, provider)| provider);
    if before.as_ref() == Some(&provider) {
        return Ok(());
    }
    let accepted = platform::load_here(services, &mut tx).await?.accepted_providers;
    let refusal = |key| Refusal::on(Code::ProviderRequired, key, "provider");
    if !accepted.iter().any(|name| name == provider.name()) {
        return Err(refusal("provider_not_accepted").into());
    }
    if !video::works(&mut tx, tutor, &provider).await? {
        return Err(refusal("provider_not_connected").into());
    }
    if let Some(url) = provider.url()
        && !store::has_room(&mut tx, tutor, url, now - JOIN_CLOSES_AFTER).await?
    {
        return Err(Refusal::on(Code::InvalidRequest, "room_taken", "external_url").into());
    }
    store::set_provider(&mut tx, tutor, &provider, now).await?;
    video::arrange_all(&mut tx, tutor, now).await?;
    tx.commit().await?;
    Ok(())
}
