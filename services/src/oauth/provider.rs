//! A provider: its addresses, which its discovery document names (OpenID Connect Discovery 1.0) where it has one, and
//! our name there.

use std::sync::OnceLock;

use oauth2::{
    AuthUrl, ClientId, ClientSecret, EndpointNotSet, EndpointSet, RedirectUrl, TokenUrl, basic::BasicClient,
};
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::{
    AppError, Result,
    config::{GoogleConfig, ZoomConfig},
    net,
};

/// Which provider it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProviderKind {
    /// Google.
    Google,
    /// Zoom.
    Zoom,
}

impl ProviderKind {
    /// The name in the database and in addresses.
    pub(super) const fn name(self) -> &'static str {
        match self {
            ProviderKind::Google => "google",
            ProviderKind::Zoom => "zoom",
        }
    }

    /// Whether the provider of this name withdraws a permission by its access token: Zoom's documents name that one
    /// for it, the standard (RFC 7009) allows both.
    pub(super) fn withdraws_access(name: &str) -> bool {
        name == ProviderKind::Zoom.name()
    }
}

/// A provider at which people let us act for them.
pub struct Provider {
    kind: ProviderKind,
    issuer: String,
    client_id: String,
    client_secret: String,
    http: OnceLock<reqwest::Client>,
    endpoints: OnceCell<Endpoints>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Provider(…)")
    }
}

/// Where a provider is asked for what.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Endpoints {
    /// The issuer that the document is about.
    issuer: String,
    authorization_endpoint: AuthUrl,
    token_endpoint: TokenUrl,
    /// Where permission is withdrawn (RFC 7009).
    pub revocation_endpoint: Option<url::Url>,
}

/// A client of the library that can ask for permission and for tokens.
pub(super) type Client =
    BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

impl Provider {
    /// Google, as it is configured.
    #[must_use]
    pub fn google(config: &GoogleConfig) -> Self {
        Provider {
            kind: ProviderKind::Google,
            issuer: config.issuer.clone(),
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            http: OnceLock::new(),
            endpoints: OnceCell::new(),
        }
    }

    /// Zoom, as it is configured. It has no discovery document: its addresses are fixed.
    ///
    /// # Errors
    /// Where the configured address is none.
    pub fn zoom(config: &ZoomConfig) -> Result<Self> {
        let at = |path: &str| format!("{}/oauth/{path}", config.base);
        let endpoints = Endpoints {
            issuer: config.base.clone(),
            authorization_endpoint: AuthUrl::new(at("authorize")).map_err(AppError::fault)?,
            token_endpoint: TokenUrl::new(at("token")).map_err(AppError::fault)?,
            revocation_endpoint: Some(at("revoke").parse().map_err(AppError::fault)?),
        };
        Ok(Provider {
            kind: ProviderKind::Zoom,
            issuer: config.base.clone(),
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            http: OnceLock::new(),
            endpoints: OnceCell::new_with(Some(endpoints)),
        })
    }

    /// What is said beside the standard's own words when a person is asked. Google gives a token that can be renewed
    /// only to who asks for it, and the second time only with the consent. Zoom's scopes are its app's, and are not
    /// asked for.
    pub(super) fn manners(&self) -> &'static [(&'static str, &'static str)] {
        match self.kind {
            ProviderKind::Google => &[("access_type", "offline"), ("prompt", "consent")],
            ProviderKind::Zoom => &[],
        }
    }

    /// Whether scopes are named when a person is asked.
    pub(super) fn names_scopes(&self) -> bool {
        self.kind == ProviderKind::Google
    }

    /// Whether a refusal means that a permission is over (RFC 6749, 5.2: withdrawn or expired). Zoom has said
    /// `invalid_request` for that, too.
    pub(super) fn is_over(&self, error: &str) -> bool {
        error == "invalid_grant" || self.kind == ProviderKind::Zoom && error == "invalid_request"
    }

    pub(super) fn kind(&self) -> ProviderKind {
        self.kind
    }

    /// Who answers for the provider's tokens.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Our name and password there.
    pub(super) fn login(&self) -> (&str, &str) {
        (&self.client_id, &self.client_secret)
    }

    /// Who makes calls: redirects are not followed, as the library asks for.
    ///
    /// # Errors
    /// Where the machine's TLS cannot be set up.
    pub(crate) fn http(&self) -> Result<reqwest::Client> {
        if let Some(http) = self.http.get() {
            return Ok(http.clone());
        }
        let http = net::provider_client()?;
        Ok(self.http.get_or_init(|| http).clone())
    }

    /// Its addresses, which are asked for once in the life of a process.
    ///
    /// # Errors
    /// Where the document cannot be had, or is about somebody else.
    pub(super) async fn endpoints(&self) -> Result<&Endpoints> {
        self.endpoints.get_or_try_init(|| self.discover()).await
    }

    async fn discover(&self) -> Result<Endpoints> {
        let address = format!("{}/.well-known/openid-configuration", self.issuer);
        let answer = self.http()?.get(address).send().await.map_err(AppError::fault)?;
        let answer = answer.error_for_status().map_err(AppError::fault)?;
        let found: Endpoints = answer.json().await.map_err(AppError::fault)?;
        if found.issuer.trim_end_matches('/') == self.issuer {
            Ok(found)
        } else {
            Err(AppError::fault(format!("the discovery document of {} is about another issuer", self.issuer)))
        }
    }

    /// The library's client.
    ///
    /// # Errors
    /// As [`Provider::endpoints`].
    pub(super) async fn client(&self) -> Result<Client> {
        let endpoints = self.endpoints().await?;
        Ok(BasicClient::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.client_secret.clone()))
            .set_auth_uri(endpoints.authorization_endpoint.clone())
            .set_token_uri(endpoints.token_endpoint.clone()))
    }

    /// Where the provider sends people back to: this is to be registered there.
    ///
    /// # Errors
    /// Where our own address is none.
    pub(super) fn way_back(&self, public_url: &str) -> Result<RedirectUrl> {
        let address = format!("{public_url}/connect/{}/callback", self.kind.name());
        RedirectUrl::new(address).map_err(AppError::fault)
    }
}
