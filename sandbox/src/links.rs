//! Account links: the way of a connected account's owner to the onboarding page.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    accounts,
    call::Call,
    chance,
    errors::{Answer, StripeError},
};

const CREATE: &[&str] = &["account", "collect", "collection_options", "refresh_url", "return_url", "type"];
/// Seconds that a link can be opened for: five minutes.
const LIFE: i64 = 300;

/// An account link.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Link {
    /// The connected account.
    pub account: String,
    /// Where its owner goes when the link is used up or too old.
    pub refresh_url: String,
    /// Where its owner goes when done.
    pub return_url: String,
    /// Until when it can be opened, in seconds since 1970.
    pub expires_at: i64,
    /// Whether it was opened; a link opens once.
    pub opened: bool,
}

/// `/v1/account_links`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    match (method, path) {
        ("POST", []) => Some(create(call)),
        _ => None,
    }
}

fn create(call: &mut Call<'_>) -> Answer {
    call.allow(CREATE)?;
    let account = call.params.require("account")?;
    accounts::known(call, &account)?;
    call.params.require("type")?;
    call.params.choice("type", &["account_onboarding", "account_update"])?;
    let (refresh_url, return_url) = (address(call, "refresh_url")?, address(call, "return_url")?);
    let secret = chance::letters(32);
    let expires_at = call.now + LIFE;
    let url = format!("{}/_pages/onboarding/{secret}", call.base);
    call.store.links.insert(secret, Link { account, refresh_url, return_url, expires_at, opened: false });
    Ok(json!({ "object": "account_link", "created": call.now, "expires_at": expires_at, "url": url }))
}

fn address(call: &Call<'_>, param: &str) -> Result<String, StripeError> {
    let text = call.params.require(param)?;
    let valid = url::Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if valid { Ok(text) } else { Err(StripeError::invalid("Not a valid URL").code("url_invalid").on(param)) }
}
