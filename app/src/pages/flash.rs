//! What a plain form says to the page to which the browser is sent back: the error, and what was typed.
//!
//! It travels in a cookie that lives for a minute, never in an address: an address ends up in logs, and
//! anyone could write one. The enhancement of forms needs none of it.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use serde::{Deserialize, Serialize};

use crate::error::WireError;

const COOKIE: &str = "flash";

/// What browsers keep of a cookie, with room for its name and attributes.
const MOST_BYTES: usize = 3_900;

/// What went wrong with a form, and what it held.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Flash {
    /// The address to which the form was posted, such as `/do/sign_in`.
    pub action: String,
    /// What went wrong.
    pub error: Option<WireError>,
    /// What was typed, by field; never a password.
    pub kept: BTreeMap<String, String>,
}

impl Flash {
    /// As the value of a cookie; the longest texts are left out until it fits.
    fn encode(mut self) -> Option<String> {
        loop {
            let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&self).ok()?);
            if text.len() <= MOST_BYTES {
                return Some(text);
            }
            let longest = self.kept.iter().max_by_key(|(_, value)| value.len())?.0.clone();
            self.kept.remove(&longest);
        }
    }

    fn decode(text: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

/// Whether the browser itself posted the form, and so will show a page next.
#[must_use]
pub fn wants_page() -> bool {
    use_context::<Parts>().is_some_and(|parts| {
        let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        accept.is_some_and(|accept| accept.contains("text/html"))
    })
}

/// Leaves a flash for the next page.
pub fn leave(flash: Flash) {
    if let Some(cookie) = cookie_of(flash) {
        set_cookie(&cookie);
    }
}

/// The `Set-Cookie` that carries a flash.
#[must_use]
pub fn cookie_of(flash: Flash) -> Option<String> {
    let value = flash.encode()?;
    Some(format!("{COOKIE}={value}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"))
}

/// The flash that a form to `action` left, where the address of the page says that it failed.
#[must_use]
pub fn of(action: &str, query: &str) -> Option<Flash> {
    let escaped = action.replace('/', "%2F");
    let failed = query
        .split('&')
        .any(|pair| pair.strip_prefix("__path=").is_some_and(|p| p == escaped || p == action));
    let headers = use_context::<Parts>()?.headers;
    let flash = Flash::decode(&cookie(&headers, COOKIE)?)?;
    (failed && flash.action == action).then_some(flash)
}

/// Adds a `Set-Cookie` to the answer.
pub fn set_cookie(value: &str) {
    if let (Some(response), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(value)) {
        response.append_header(header::SET_COOKIE, value);
    }
}

/// The value of a cookie of a request.
#[must_use]
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lists = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    lists
        .flat_map(|list| list.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_survives_the_way_and_gives_way_to_the_limit() {
        let kept = |long: usize| {
            [("name", "Zoë".to_owned()), ("bio", "é".repeat(long))].map(|(k, v)| (k.to_owned(), v)).into()
        };
        for (long, keys) in [(10, vec!["bio", "name"]), (4_000, vec!["name"])] {
            let flash = Flash { action: "/do/x".into(), error: None, kept: kept(long) };
            let text = flash.encode().expect("a cookie");
            assert!(text.len() <= MOST_BYTES);
            let back = Flash::decode(&text).expect("a flash");
            assert_eq!(back.kept.keys().map(String::as_str).collect::<Vec<_>>(), keys);
        }
        assert_eq!(Flash::decode("nonsense"), None);
    }
}
