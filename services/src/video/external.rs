//! An address of the tutor's own, for all lessons.

use domain::{Code, Refusal, booking::Booking};
use url::{Host, Url};

use super::VideoProvider;
use crate::{Actor, Result};

/// An address of the tutor's own.
pub(super) struct External<'a> {
    pub url: &'a str,
}

impl VideoProvider for External<'_> {
    fn address(&self, _: &Booking, _: &Actor) -> Result<Option<String>> {
        Ok(Some(self.url.to_owned()))
    }
}

/// An address has at most this many bytes.
const MOST: usize = 500;

/// An external address is `https` on a public host name, without credentials; kept as browsers write it.
///
/// # Errors
/// `INVALID_REQUEST` on `external_url`.
pub(crate) fn check(url: &str) -> Result<String, Refusal> {
    let refusal = Refusal::on(Code::InvalidRequest, "external_url", "external_url");
    let url = Url::parse(url.trim()).map_err(|_| refusal.clone())?;
    let open = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    let public = matches!(url.host(), Some(Host::Domain(name)) if is_public(name));
    let url = String::from(url);
    if open && public && url.len() <= MOST { Ok(url) } else { Err(refusal) }
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
        for (url, as_kept) in [
            ("https://meet.example.org/ana", "https://meet.example.org/ana"),
            (" https://MEET.example.org:8443/a b?x=1 ", "https://meet.example.org:8443/a%20b?x=1"),
        ] {
            assert_eq!(check(url), Ok(as_kept.to_owned()), "{url}");
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
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
