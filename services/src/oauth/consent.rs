//! Asking a person for permission at a provider, and taking what comes back. Between the two the browser keeps what we
//! know of the question, sealed for the person who asked: no row waits for an answer that may never come.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{Code, Refusal, ids::UserId};
use oauth2::{
    AuthorizationCode, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RequestTokenError, Scope,
    TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use url::Url;

use super::Provider;
use crate::{Result, Services, chance, seal};

/// How long a person may take to answer.
const ANSWERED_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// How long a token is taken to last whose provider does not say.
const UNSAID: TimeDelta = TimeDelta::minutes(5);

/// A question to a person.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The provider's page.
    pub url: Url,
    /// What the browser keeps until it comes back.
    pub kept: String,
}

/// What the browser comes back with (RFC 6749, 4.1.2; RFC 9207).
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Reply {
    /// Stands for the permission.
    pub code: Option<String>,
    /// Names the question.
    pub state: Option<String>,
    /// Why there is no permission.
    pub error: Option<String>,
    /// Who says so.
    pub iss: Option<String>,
}

/// What we know of a question.
#[derive(Serialize, Deserialize)]
struct Question {
    state: String,
    verifier: String,
    until: DateTime<Utc>,
}

/// What a person permitted.
pub(crate) struct Granted {
    pub access_token: String,
    pub expires_at: DateTime<Utc>,
    pub refresh_token: String,
    pub scopes: String,
}

/// Asks a person for permission of these scopes.
///
/// # Errors
/// Where the provider does not say how.
pub(crate) async fn ask(
    services: &Services,
    provider: &Provider,
    person: UserId,
    scopes: &[&str],
) -> Result<Asked> {
    let verifier = PkceCodeVerifier::new(chance::token());
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    let client = provider.client().await?;
    let way_back = provider.way_back(&services.config.web.public_url)?;
    let mut request = client
        .authorize_url(|| CsrfToken::new(chance::token()))
        .set_redirect_uri(Cow::Owned(way_back))
        .set_pkce_challenge(challenge);
    if provider.names_scopes() {
        request = request.add_scopes(scopes.iter().map(|scope| Scope::new((*scope).to_owned())));
    }
    for (name, value) in provider.manners() {
        request = request.add_extra_param(*name, *value);
    }
    let (url, state) = request.url();
    let until = services.clock.now() + ANSWERED_WITHIN;
    let question = Question { state: state.into_secret(), verifier: verifier.into_secret(), until };
    let text = serde_json::to_string(&question).map_err(crate::AppError::fault)?;
    let sealed = seal::seal(&services.config.secrets, &place(provider, person), &text)?;
    Ok(Asked { url, kept: URL_SAFE_NO_PAD.encode(sealed) })
}

/// What a question is sealed for: one person, at one provider.
fn place(provider: &Provider, person: UserId) -> String {
    format!("oauth:{}:{person}", provider.kind().name())
}

fn refused(key: &'static str) -> Refusal {
    Refusal::new(Code::InvalidRequest, key)
}

/// Takes the reply to a question. `kept` is what the browser kept of it.
///
/// # Errors
/// `INVALID_REQUEST`: `oauth_state` for a reply to no question of this person's, `oauth_expired` for one that comes too
/// late or twice, `oauth_refused` where the person said no, `oauth_scopes` where not all was permitted, `oauth_failed`
/// where the provider does not do its part.
pub(crate) async fn take(
    services: &Services,
    provider: &Provider,
    person: UserId,
    kept: Option<&str>,
    reply: &Reply,
    scopes: &[&str],
) -> Result<Granted> {
    let question = open(services, provider, person, kept)?.ok_or(refused("oauth_state"))?;
    let state = reply.state.as_deref().unwrap_or_default();
    let issued = reply.iss.as_deref().is_none_or(|iss| iss.trim_end_matches('/') == provider.issuer());
    if !issued || !bool::from(state.as_bytes().ct_eq(question.state.as_bytes())) {
        return Err(refused("oauth_state").into());
    }
    if services.clock.now() > question.until {
        return Err(refused("oauth_expired").into());
    }
    match (&reply.error, &reply.code) {
        (Some(error), _) if error == "access_denied" => Err(refused("oauth_refused").into()),
        (None, Some(code)) => exchange(services, provider, code, question.verifier, scopes).await,
        (error, _) => {
            tracing::warn!(?error, provider = provider.kind().name(), "no permission was given");
            Err(refused("oauth_failed").into())
        }
    }
}

fn open(
    services: &Services,
    provider: &Provider,
    person: UserId,
    kept: Option<&str>,
) -> Result<Option<Question>> {
    let Some(sealed) = kept.and_then(|kept| URL_SAFE_NO_PAD.decode(kept).ok()) else { return Ok(None) };
    let opened = seal::open(&services.config.secrets, &place(provider, person), &sealed)?;
    Ok(opened.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Exchanges a code for tokens.
async fn exchange(
    services: &Services,
    provider: &Provider,
    code: &str,
    verifier: String,
    scopes: &[&str],
) -> Result<Granted> {
    let (client, http) = (provider.client().await?, provider.http()?);
    let request = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(verifier))
        .set_redirect_uri(Cow::Owned(provider.way_back(&services.config.web.public_url)?));
    let tokens = match request.request_async(&http).await {
        Ok(tokens) => tokens,
        Err(RequestTokenError::ServerResponse(answer)) => {
            tracing::warn!(error = %answer.error(), provider = provider.kind().name(), "a code is not taken");
            // RFC 6749, 5.2: too old, used, or for somebody else.
            let expired = answer.error().as_ref() == "invalid_grant";
            return Err(refused(if expired { "oauth_expired" } else { "oauth_failed" }).into());
        }
        Err(error) => {
            tracing::warn!(%error, provider = provider.kind().name(), "a code cannot be exchanged");
            return Err(refused("oauth_failed").into());
        }
    };
    let permitted: Vec<String> = match tokens.scopes() {
        // RFC 6749, 5.1: what is not said is what was asked for.
        None => scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        Some(permitted) => permitted.iter().map(|scope| scope.to_string()).collect(),
    };
    if !scopes.iter().all(|scope| permitted.iter().any(|it| it == scope)) {
        return Err(refused("oauth_scopes").into());
    }
    let Some(refresh) = tokens.refresh_token() else { return Err(refused("oauth_failed").into()) };
    Ok(Granted {
        access_token: tokens.access_token().secret().clone(),
        expires_at: services.clock.now() + lifetime(tokens.expires_in()),
        refresh_token: refresh.secret().clone(),
        scopes: permitted.join(" "),
    })
}

/// How long a token lasts.
pub(super) fn lifetime(said: Option<std::time::Duration>) -> TimeDelta {
    said.and_then(|said| TimeDelta::from_std(said).ok()).unwrap_or(UNSAID)
}
