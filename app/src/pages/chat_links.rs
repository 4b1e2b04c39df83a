//! The text of a message as it is shown: its links lead where they say.

use domain::chat::{Piece, pieces};
use leptos::prelude::*;
use url::Url;

/// The text of a message, with its links.
pub fn written(text: &str) -> AnyView {
    pieces(text).into_iter().map(shown).collect_view().into_any()
}

fn shown(piece: Piece<'_>) -> AnyView {
    let (text, link) = match piece {
        Piece::Plain(text) => return text.to_owned().into_any(),
        Piece::Link(text) => match Link::read(text) {
            Some(link) => (text.to_owned(), link),
            None => return text.to_owned().into_any(),
        },
    };
    let host = link.host.map(|host| view! { <bdi class="chat-host">" ("{host}")"</bdi> });
    view! {
        <a href=link.href target="_blank" rel="noopener noreferrer nofollow ugc" dir="ltr">{text}</a>
        {host}
    }
    .into_any()
}

/// Where a written address leads.
#[derive(Debug, PartialEq, Eq)]
struct Link {
    /// The address as a browser reads it.
    href: String,
    /// The host as the network knows it, where that is not what was written: `xn--…` for letters that may only look like
    /// others.
    host: Option<String>,
}

impl Link {
    /// `None` for what a browser would not follow to the web.
    fn read(text: &str) -> Option<Link> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let plain = url.username().is_empty() && url.password().is_none();
        let host = url.host_str().filter(|_| plain)?.to_owned();
        let (_, rest) = text.split_once("://")?;
        let written = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
        let host = (!written.eq_ignore_ascii_case(&host)).then_some(host);
        Some(Link { href: url.into(), host })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_told_where_it_is_not_what_is_seen() {
        for (text, href, host) in [
            ("https://example.org/a?b#c", "https://example.org/a?b#c", None),
            ("HTTP://Example.ORG:8080", "http://example.org:8080/", None),
            // Cyrillic letters that look like Latin ones.
            ("https://аррӏе.com", "https://xn--80ak6aa92e.com/", Some("xn--80ak6aa92e.com")),
            ("https://münchen.de/é", "https://xn--mnchen-3ya.de/%C3%A9", Some("xn--mnchen-3ya.de")),
            ("https://ｅxample.org", "https://example.org/", Some("example.org")),
            ("http://0x7f.1/", "http://127.0.0.1/", Some("127.0.0.1")),
            ("http://2130706433", "http://127.0.0.1/", Some("127.0.0.1")),
        ] {
            let expected = Link { href: href.to_owned(), host: host.map(str::to_owned) };
            assert_eq!(Link::read(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_does_not_lead_to_the_web_is_no_link() {
        for text in [
            "javascript://example.org/%0aalert(1)",
            "data:text/html,x",
            "ftp://example.org",
            "https://bank.example@evil.example",
            "https://",
            "http://256.256.256.256",
            "https://xn--a",
            "//example.org",
        ] {
            assert_eq!(Link::read(text), None, "{text}");
        }
    }

    #[test]
    fn hostile_text_stays_text() {
        let html = |text: &str| written(text).to_html();
        let shown = html("<img src=x onerror=alert(1)> javascript:alert(1) https://a.org/\"onclick=\"x");
        assert!(!shown.contains("<img") && !shown.contains("href=\"javascript"), "{shown}");
        assert_eq!(shown.matches("<a ").count(), 1);
        assert!(shown.contains("href=\"https://a.org/\" target"), "{shown}");
        assert!(shown.contains("rel=\"noopener noreferrer nofollow ugc\""), "{shown}");
        let shown = html("https://аррӏе.com/login");
        assert!(shown.contains("href=\"https://xn--80ak6aa92e.com/login\""), "{shown}");
        assert_eq!(shown.matches("xn--80ak6aa92e.com").count(), 2, "{shown}");
    }
}
