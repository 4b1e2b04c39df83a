//! Where a tutor's lessons take place.

use domain::{Code, Refusal, ids::TutorId};
use serde::Serialize;
use url::{Host, Url};

use super::{found, store};
use crate::{Actor, Result, Services, settings as platform};

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
    let provider = check(provider)?;
    let mut tx = services.db.begin().await?;
    let accepted = platform::load(&mut tx).await?.accepted_providers;
    if !accepted.iter().any(|name| name == provider.name()) {
        return Err(Refusal::on(Code::ProviderRequired, "provider_not_accepted", "provider").into());
    }
    found(store::set_provider(&mut tx, tutor, &provider, services.clock.now()).await?)?;
    tx.commit().await?;
    Ok(())
}

/// An address has at most this many bytes.
const MOST: usize = 500;

/// An external address is `https` on a public host name, without credentials; kept as browsers write it.
fn check(provider: Provider) -> Result<Provider, Refusal> {
    let Provider::External { url } = provider else { return Ok(provider) };
    let refusal = Refusal::on(Code::InvalidRequest, "external_url", "external_url");
    let url = Url::parse(url.trim()).map_err(|_| refusal.clone())?;
    let open = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    let public = matches!(url.host(), Some(Host::Domain(name)) if is_public(name));
    let url = String::from(url);
    if open && public && url.len() <= MOST { Ok(Provider::External { url }) } else { Err(refusal) }
}

/// Whether a name can be one that students reach: not of a private network.
fn is_public(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let last = name.rsplit('.').next().unwrap_or_default();
    name.contains('.') && !["local", "localhost", "internal", "lan", "home"].contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_address_is_https_on_a_public_host() {
        let kept = |url: &str| {
            check(Provider::External { url: url.into() }).map(|provider| provider.url().map(str::to_owned))
        };
        for (url, as_kept) in [
            ("https://meet.example.org/ana", "https://meet.example.org/ana"),
            (" https://MEET.example.org:8443/a b?x=1 ", "https://meet.example.org:8443/a%20b?x=1"),
        ] {
            assert_eq!(kept(url), Ok(Some(as_kept.to_owned())), "{url}");
        }
        for bad in [
            "",
            "meet.example.org/ana",
            "http://meet.example.org/ana",
            "javascript:alert(1)",
            "https://",
            "https://ana:secret@meet.example.org/",
            "https://ana@meet.example.org/",
            "https://localhost/x",
            "https://intranet/x",
            "https://printer.local/x",
            "https://127.0.0.1/x",
            "https://2130706433/x",
            "https://[::1]/x",
            &format!("https://meet.example.org/{}", "x".repeat(500)),
        ] {
            assert!(kept(bad).is_err(), "{bad}");
        }
        assert_eq!(check(Provider::Jitsi), Ok(Provider::Jitsi));
    }
}
