//! Headers that every answer carries: what a browser may do with it, and how long it may be kept.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use services::Services;

/// The header in which [`PERMISSIONS`] stand.
pub const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// What is no page of the application loads nothing but its own style.
const PLAIN_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// Nobody needs the device's sensors here; the camera is the video provider's: in its own tab, or within a page that shows
/// its meeting ([`meeting_permissions`]).
const PERMISSIONS: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), \
    interest-cohort=(), browsing-topics=()";

/// Whether a card is typed on a page: in the settings, at a booking, at a charge that is owed.
#[must_use]
pub fn has_card_form(path: &str) -> bool {
    path == "/settings"
        || path.starts_with("/book/")
        || path.starts_with("/lessons/") && path.ends_with("/charge")
}

/// Where the payment provider's script, frames and answers come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardSources {
    script: String,
    frame: String,
    connect: String,
}

impl CardSources {
    /// The sources for the script at an address. Stripe's own are those that it documents
    /// (<https://docs.stripe.com/security/guide#content-security-policy>); `None` where the address has no origin.
    #[must_use]
    pub fn of(js_url: &str) -> Option<Self> {
        let (scheme, rest) = js_url.split_once("://")?;
        let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
        let origin = format!("{scheme}://{host}");
        if origin == "https://js.stripe.com" {
            let script = "https://*.js.stripe.com https://js.stripe.com".to_owned();
            let frame = format!("{script} https://hooks.stripe.com");
            return Some(CardSources { script, frame, connect: "https://api.stripe.com".to_owned() });
        }
        Some(CardSources { script: origin.clone(), frame: origin.clone(), connect: origin })
    }
}

/// Where a tutor's payout account is set up: the form there leads to pages of the payment provider.
#[must_use]
pub fn leads_to_onboarding(path: &str) -> bool {
    path == "/tutor/earnings"
}

/// The origin of those pages, for the provider whose script is at an address; `None` where that has no origin.
#[must_use]
pub fn onboarding_source(js_url: &str) -> Option<String> {
    let origin = CardSources::of(js_url)?.connect;
    Some(if origin == "https://api.stripe.com" { "https://connect.stripe.com".to_owned() } else { origin })
}

/// What a page loads and leads to beyond our own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// Where the card form comes from.
    pub cards: Option<CardSources>,
    /// Where a form leads.
    pub forms: Option<String>,
    /// The origin of the meeting that it shows.
    pub meeting: Option<String>,
}

/// Where a meeting may be shown within the page.
#[must_use]
pub fn shows_meeting(path: &str) -> bool {
    path.strip_prefix("/lessons/").is_some_and(|rest| rest.ends_with("/room"))
}

/// What a page that shows a meeting of this origin may do with the device: as any other, and pass camera and
/// microphone on to the meeting.
#[must_use]
pub fn meeting_permissions(origin: &str) -> String {
    let passed = format!("=(self \"{origin}\")");
    ["camera", "microphone"].iter().fold(PERMISSIONS.to_owned(), |all, device| {
        all.replace(&format!("{device}=()"), &format!("{device}{passed}"))
    })
}

/// The content security policy of a page: scripts of our own files, and the inline ones that carry the nonce; forms
/// that lead to pages of ours; and what it needs beyond. Style attributes are allowed, because they place things in the
/// calendar.
#[must_use]
pub fn page_policy(nonce: Option<&str>, reload: bool, beyond: &Beyond) -> String {
    let nonce = nonce.map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    // The development server tells the page by a web socket when to load anew.
    let reload = if reload { " ws:" } else { "" };
    let forms = beyond.forms.as_ref().map(|origin| format!(" {origin}")).unwrap_or_default();
    let (script, connect) = match &beyond.cards {
        Some(cards) => (format!(" {}", cards.script), format!(" {}", cards.connect)),
        None => (String::new(), String::new()),
    };
    let frames = [beyond.cards.as_ref().map(|cards| &*cards.frame), beyond.meeting.as_deref()];
    let frames: Vec<_> = frames.into_iter().flatten().collect();
    let frame = if frames.is_empty() { "'none'".to_owned() } else { frames.join(" ") };
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{nonce}{script}; style-src 'self'{nonce}; \
         style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'{reload}{connect}; \
         object-src 'none'; base-uri 'self'; form-action 'self'{forms}; frame-src {frame}; frame-ancestors 'none'"
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
    or_insert(headers, PERMISSIONS_POLICY, PERMISSIONS);
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

    fn part<'a>(policy: &'a str, name: &str) -> &'a str {
        let found = policy.split(';').map(str::trim).find(|part| part.split(' ').next() == Some(name));
        found.unwrap_or_else(|| panic!("no {name} in {policy}"))
    }

    #[test]
    fn a_page_runs_no_inline_script_without_its_nonce() {
        let policy = page_policy(Some("abc"), false, &Beyond::default());
        assert_eq!(part(&policy, "script-src"), "script-src 'self' 'wasm-unsafe-eval' 'nonce-abc'");
        assert_eq!(part(&policy, "frame-src"), "frame-src 'none'");
        assert!(!page_policy(None, false, &Beyond::default()).contains("nonce") && !policy.contains("ws:"));
    }

    /// Each row: where the script is, and what else may then be loaded: script, frame, connection.
    #[test]
    fn where_a_card_is_typed_the_providers_sources_are_allowed() {
        for (js_url, script, frame, connect) in [
            (
                "https://js.stripe.com/v3/",
                "https://*.js.stripe.com https://js.stripe.com",
                "https://*.js.stripe.com https://js.stripe.com https://hooks.stripe.com",
                "https://api.stripe.com",
            ),
            (
                "http://127.0.0.1:8420/v3/",
                "http://127.0.0.1:8420",
                "http://127.0.0.1:8420",
                "http://127.0.0.1:8420",
            ),
        ] {
            let sources = CardSources::of(js_url).expect("an origin");
            let policy = page_policy(None, false, &Beyond { cards: Some(sources), ..Beyond::default() });
            let own = "script-src 'self' 'wasm-unsafe-eval'";
            assert_eq!(part(&policy, "script-src"), format!("{own} {script}"));
            assert_eq!(part(&policy, "frame-src"), format!("frame-src {frame}"));
            assert_eq!(part(&policy, "connect-src"), format!("connect-src 'self' {connect}"));
        }
        assert_eq!(CardSources::of("nowhere"), None);
    }

    /// Each row: where the script is, and where the form about payouts leads.
    #[test]
    fn the_form_about_payouts_leads_to_the_provider() {
        for (js_url, there) in [
            ("https://js.stripe.com/v3/", "https://connect.stripe.com"),
            ("http://127.0.0.1:8420/v3/", "http://127.0.0.1:8420"),
        ] {
            assert_eq!(onboarding_source(js_url).as_deref(), Some(there));
            let policy = page_policy(None, false, &Beyond { forms: Some(there.into()), ..Beyond::default() });
            assert_eq!(part(&policy, "form-action"), format!("form-action 'self' {there}"));
        }
        assert_eq!(part(&page_policy(None, false, &Beyond::default()), "form-action"), "form-action 'self'");
        assert!(leads_to_onboarding("/tutor/earnings") && !leads_to_onboarding("/tutor"));
    }

    #[test]
    fn a_page_with_a_meeting_frames_it_and_passes_camera_and_microphone_on() {
        let origin = "https://meet.school.test";
        let policy = page_policy(None, false, &Beyond { meeting: Some(origin.into()), ..Beyond::default() });
        assert_eq!(part(&policy, "frame-src"), format!("frame-src {origin}"));
        let permissions = meeting_permissions(origin);
        for passed in ["camera", "microphone"] {
            let passed = format!("{passed}=(self \"{origin}\")");
            assert!(permissions.contains(&passed), "{permissions}");
        }
        assert!(permissions.contains("geolocation=()") && !PERMISSIONS.contains("self"));
        assert!(
            shows_meeting("/lessons/8a/room") && !shows_meeting("/lessons/8a") && !shows_meeting("/room")
        );
    }

    #[test]
    fn a_card_is_typed_on_three_kinds_of_pages() {
        for path in ["/settings", "/book/lea", "/lessons/8a/charge"] {
            assert!(has_card_form(path), "{path}");
        }
        for path in ["/", "/tutors/lea", "/lessons/8a", "/settings/x", "/booking", "/dashboard"] {
            assert!(!has_card_form(path), "{path}");
        }
    }
}
