//! Headers that every answer carries: what a browser may do with it, and how long it may be kept.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use services::Services;

/// What is no page of the application loads nothing but its own style.
const PLAIN_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// Nobody needs the device's sensors here; the camera is the video provider's, in its own tab.
const PERMISSIONS: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), \
    interest-cohort=(), browsing-topics=()";

/// The content security policy of a page: scripts of our own files, and the inline ones that carry the nonce.
/// Style attributes are allowed, because they place things in the calendar.
#[must_use]
pub fn page_policy(nonce: Option<&str>, reload: bool) -> String {
    let nonce = nonce.map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    // The development server tells the page by a web socket when to load anew.
    let reload = if reload { " ws:" } else { "" };
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{nonce}; style-src 'self'{nonce}; \
         style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'{reload}; \
         object-src 'none'; base-uri 'self'; form-action 'self'; frame-src 'none'; frame-ancestors 'none'"
    )
}

/// Adds what is missing.
pub async fn secure(State(services): State<Services>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    or_insert(headers, header::CONTENT_SECURITY_POLICY, PLAIN_POLICY);
    or_insert(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    or_insert(headers, header::X_FRAME_OPTIONS, "DENY");
    or_insert(headers, header::REFERRER_POLICY, "strict-origin-when-cross-origin");
    or_insert(headers, HeaderName::from_static("permissions-policy"), PERMISSIONS);
    or_insert(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    or_insert(headers, header::CACHE_CONTROL, "no-store");
    if !services.config.is_development() {
        or_insert(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

fn or_insert(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_runs_no_inline_script_without_its_nonce() {
        let policy = page_policy(Some("abc"), false);
        let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src "));
        assert_eq!(scripts.map(str::trim), Some("script-src 'self' 'wasm-unsafe-eval' 'nonce-abc'"));
        assert!(!page_policy(None, false).contains("nonce") && !policy.contains("ws:"));
    }
}
