//! Who asks: the middleware that turns a request into a [`Visit`], and keeps strangers' forms out.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

pub use app::pages::flash::cookie;
use app::pages::query;
use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{Code, Refusal, account::Language, zone::Zone};
use services::{
    Actor, Services, account,
    config::Config,
    trace::{self, Trace},
};

use crate::api::{
    error::{ApiError, ApiResult},
    limit,
};

/// The name of the sign-in cookie.
pub const COOKIE: &str = "lectern_session";

/// What the middleware found out about the request; pages make their `Visit` of it.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Who asks, by bearer or cookie.
    pub actor: Option<Actor>,
    /// The token of the cookie.
    pub cookie: Option<String>,
    /// The caller's address.
    pub ip: Option<IpAddr>,
    /// Names the request in the log and in answers.
    pub request_id: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Caller>().cloned().unwrap_or_default())
    }
}

/// Names the request and finds its address, before anything can fail.
pub async fn name(State(services): State<Services>, mut request: Request, next: Next) -> Response {
    let id: uuid::Uuid = services::chance::id();
    let request_id = id.simple().to_string();
    let header = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    let cause = Trace { correlation_id: id, traceparent: header.and_then(trace::traceparent) };
    let ip = caller_ip(&request, &services.config);
    let value = HeaderValue::from_str(&request_id);
    request.extensions_mut().insert(Caller { ip, request_id, ..Caller::default() });
    let mut response = cause.scope(next.run(request)).await;
    if let Ok(value) = value {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// Finds out who asks: calls of the API by their bearer where they send one, all else by the cookie.
/// A credential that does not hold is refused on the API, also where none is needed.
pub async fn identify(State(services): State<Services>, mut request: Request, next: Next) -> Response {
    let api = is_api(&request);
    let ip = request.extensions().get::<Caller>().and_then(|caller| caller.ip);
    let headers = request.headers().clone();
    match actor(&services, &headers, api, ip).await {
        Ok((actor, cookie)) => {
            if let Some(caller) = request.extensions_mut().get_mut::<Caller>() {
                *caller = Caller { actor, cookie, ..caller.clone() };
            }
            next.run(request).await
        }
        Err(refused) => refused.into_response(),
    }
}

async fn actor(
    services: &Services,
    headers: &HeaderMap,
    api: bool,
    ip: Option<IpAddr>,
) -> ApiResult<(Option<Actor>, Option<String>)> {
    services.clock.follow(&services.db).await?;
    let cookie = cookie(headers, COOKIE);
    match headers.get(header::AUTHORIZATION) {
        Some(credential) if api => {
            let actor = by_bearer(services, credential).await;
            match actor {
                // Guessing credentials is calling without one.
                Err(refused) => limit::failed_credential(services, ip).await.and(Err(refused)),
                Ok(actor) => Ok((Some(actor), None)),
            }
        }
        _ => match &cookie {
            None => Ok((None, None)),
            Some(token) => Ok((account::actor_by_cookie(services, token).await?, cookie)),
        },
    }
}

async fn by_bearer(services: &Services, credential: &HeaderValue) -> ApiResult<Actor> {
    let text = credential.to_str().map_err(|_| ApiError::unauthenticated())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(ApiError::unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::unauthenticated());
    }
    Ok(account::actor_by_jwt(services, token.trim()).await?)
}

/// Whether the person behind a long answer is still signed in: by the same credential as at its start.
pub async fn still_signed_in(services: &Services, headers: &HeaderMap) -> bool {
    let found = match headers.get(header::AUTHORIZATION) {
        Some(credential) => by_bearer(services, credential).await.map(Some).map_err(|error| error.code()),
        None => match cookie(headers, COOKIE) {
            Some(token) => account::actor_by_cookie(services, &token).await.map_err(|error| error.code()),
            None => Ok(None),
        },
    };
    // A fault of ours ends nobody's stream.
    matches!(found, Ok(Some(_)) | Err(domain::Code::Internal))
}

fn is_api(request: &Request) -> bool {
    request.uri().path().starts_with("/api/")
}

/// Whether a person's browser asks for a page.
pub fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("text/html")
}

/// Refuses what changes something on the strength of a cookie and comes from another site.
pub async fn same_origin(State(services): State<Services>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let bearer = is_api(&request) && request.headers().contains_key(header::AUTHORIZATION);
    let with_cookie = cookie(request.headers(), COOKIE).is_some() || !is_api(&request);
    if reads || bearer || !with_cookie || is_ours(request.headers(), &services.config.web.public_url) {
        return next.run(request).await;
    }
    ApiError::from(Refusal::new(Code::InsufficientPermissions, "origin")).into_response()
}

/// By `Sec-Fetch-Site` where the browser sends it, else by `Origin`; a program without either is no browser.
fn is_ours(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some("same-origin" | "none"), _) => true,
        (Some(_), _) => false,
        (None, Some(origin)) => {
            let host = text("host").unwrap_or_default();
            origin == public_url || origin.split_once("://").is_some_and(|(_, authority)| authority == host)
        }
        (None, None) => true,
    }
}

/// The connection's address; a forwarded one only from a trusted proxy.
fn caller_ip(request: &Request, config: &Config) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
    let trusted = |ip: IpAddr| config.web.trusted_proxies.iter().any(|network| network.contains(ip));
    if !trusted(peer) {
        return Some(peer);
    }
    let forwarded =
        request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        forwarded.flat_map(|list| list.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    hops.iter().rev().copied().find(|hop| !trusted(*hop)).or(Some(peer))
}

/// The reader's language: the switch's cookie, the profile, then what the browser asks for.
pub fn language(headers: &HeaderMap, actor: Option<&Actor>) -> Language {
    if let Some(language) = cookie(headers, "lang").and_then(|tag| tag.parse().ok()) {
        return language;
    }
    if let Some(actor) = actor {
        return actor.language;
    }
    let accepted =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    negotiate(accepted)
}

/// The best of our languages by RFC 9110 quality values; English where none fits.
fn negotiate(accepted: &str) -> Language {
    let mut wishes: Vec<(u16, Language)> = accepted
        .split(',')
        .filter_map(|wish| {
            let mut parts = wish.split(';');
            let language = parts.next()?.trim().parse().ok()?;
            let quality = parts
                .find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok())
                .unwrap_or(1.0)
                .clamp(0.0, 1.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 and 1000")]
            Some(((quality * 1000.0) as u16, language))
        })
        .filter(|(quality, _)| *quality > 0)
        .collect();
    wishes.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    wishes.first().map(|(_, language)| *language).unwrap_or_default()
}

/// The reader's zone: the page's `tz` parameter, the switch's cookie, the profile, the browser's; and whether it is known.
pub fn zone(headers: &HeaderMap, query: &str, actor: Option<&Actor>) -> (Zone, bool) {
    let cookie = |name| cookie(headers, name).map(|text| text.replace("%2F", "/"));
    let known = query::get(query, "tz")
        .and_then(|name| Zone::parse(&name).ok())
        .or_else(|| cookie("tz_choice").and_then(|name| Zone::parse(&name).ok()))
        .or_else(|| actor.map(|actor| actor.zone))
        .or_else(|| cookie("tz").and_then(|name| Zone::parse(&name).ok()));
    (known.unwrap_or(Zone::UTC), known.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_negotiated_by_quality() {
        for (accepted, expected) in [
            ("", Language::En),
            ("fr", Language::Fr),
            ("fr-CA,en;q=0.8", Language::Fr),
            ("en;q=0.4, fr;q=0.9", Language::Fr),
            ("de, en;q=0.5, fr;q=0", Language::En),
            ("de", Language::En),
        ] {
            assert_eq!(negotiate(accepted), expected, "{accepted}");
        }
    }

    #[test]
    fn only_our_own_pages_may_post_with_a_cookie() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|(name, value)| {
                    (axum::http::HeaderName::from_static(name), axum::http::HeaderValue::from_static(value))
                })
                .collect::<HeaderMap>()
        };
        for (pairs, ours) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://lectern.test")][..], false),
            (&[("origin", "https://lectern.test")][..], true),
            (&[("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:3000")][..], true),
            (&[("origin", "https://evil.test"), ("host", "lectern.test")][..], false),
            (&[("origin", "null"), ("host", "lectern.test")][..], false),
            (&[][..], true),
        ] {
            assert_eq!(is_ours(&headers(pairs), "https://lectern.test"), ours, "{pairs:?}");
        }
    }
}
