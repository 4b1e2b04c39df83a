//! Calls to addresses that people typed: they reach the world outside, never the network in which the server stands.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::{Attempt, Policy},
};
use url::{Host, Url};

use crate::{AppError, Result, config::Config};

/// How long a call may take in all.
const TIME: Duration = Duration::from_secs(20);

/// How long connecting may take.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// How often an answer may lead elsewhere.
pub(crate) const MOST_REDIRECTS: usize = 5;

/// A client for addresses that people typed. In production it connects to public addresses only: names are judged by
/// what they resolve to at the moment of connecting, so that none can mean another place by then.
///
/// # Errors
/// Where the machine's TLS cannot be set up.
pub fn client(config: &Config) -> Result<Client> {
    let guarded = !config.is_development();
    build(guarded, Policy::custom(move |attempt| redirect(attempt, guarded)))
}

/// The same for calls that carry a password, or that are no plain reading: it follows no redirects.
///
/// # Errors
/// As [`client`].
pub fn direct_client(config: &Config) -> Result<Client> {
    build(!config.is_development(), Policy::none())
}

/// A client for providers whose addresses the operator configured; it follows no redirects.
///
/// # Errors
/// As [`client`].
pub fn provider_client() -> Result<Client> {
    build(false, Policy::none())
}

fn build(guarded: bool, redirects: Policy) -> Result<Client> {
    let mut builder = Client::builder()
        .timeout(TIME)
        .connect_timeout(CONNECT_TIME)
        .no_proxy()
        .user_agent(concat!("Lectern/", env!("CARGO_PKG_VERSION")))
        .redirect(redirects);
    if guarded {
        builder = builder.dns_resolver(Arc::new(PublicOnly));
    }
    builder.build().map_err(AppError::fault)
}

/// Whether an address may be asked: an address of the network is written out in it, or it has a name, which is judged
/// when it is resolved.
#[must_use]
pub fn may_ask(config: &Config, url: &Url) -> bool {
    may_ask_host(url, !config.is_development())
}

fn may_ask_host(url: &Url, guarded: bool) -> bool {
    let public = match url.host() {
        Some(Host::Ipv4(ip)) => is_public(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => is_public(IpAddr::V6(ip)),
        Some(Host::Domain(_)) => true,
        None => false,
    };
    matches!(url.scheme(), "http" | "https") && (public || !guarded && url.has_host())
}

fn redirect(attempt: Attempt<'_>, guarded: bool) -> reqwest::redirect::Action {
    if attempt.previous().len() > MOST_REDIRECTS {
        return attempt.error("too many redirects");
    }
    if may_ask_host(attempt.url(), guarded) {
        attempt.follow()
    } else {
        attempt.error("not a public address")
    }
}

/// Whether two addresses belong to one owner, as far as names tell: their hosts are the same, or lie below the same
/// domain that can be registered (by the public suffix list, such as `example.co.uk`).
#[must_use]
pub fn is_same_owner(one: &Url, other: &Url) -> bool {
    let registered = |url: &Url| url.domain().and_then(psl::domain_str).map(str::to_owned);
    one.host() == other.host() || registered(one).is_some_and(|domain| Some(domain) == registered(other))
}

/// Resolves names to their public addresses and to nothing else.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet, by the registries of special addresses (RFC 6890 and what IANA
/// added). An IPv6 address that carries an IPv4 address is judged by that.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 224;
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let carried = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => carried(g, h),
        [0x2002, ..] => carried(b, c),
        // Only 2000::/3 is given out; of it, some is for protocols and documents.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_asked() {
        for (ip, public) in [
            ("93.184.215.14", true),
            ("172.15.255.255", true),
            ("172.32.0.0", true),
            ("100.63.255.255", true),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("10.0.0.1", false),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("172.16.0.1", false),
            ("192.0.0.8", false),
            ("192.0.2.1", false),
            ("192.168.0.1", false),
            ("198.18.0.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", true),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:93.184.215.14", true),
            ("::7f00:1", false),
            ("64:ff9b::a00:1", false),
            ("64:ff9b::5db8:d70e", true),
            ("2002:a00:1::", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("fc00::1", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(ip.parse().expect("an address")), public, "{ip}");
        }
    }

    #[test]
    fn an_address_written_out_is_judged_where_it_stands() {
        for (url, guarded, asked) in [
            ("https://calendar.example/x.ics", true, true),
            ("http://127.0.0.1/x.ics", true, false),
            ("http://127.0.0.1/x.ics", false, true),
            ("http://2130706433/x.ics", true, false),
            ("http://0x7f.1/x.ics", true, false),
            ("http://[::1]/x.ics", true, false),
            ("http://[::ffff:10.0.0.1]/x.ics", true, false),
            ("file:///etc/passwd", false, false),
            ("ftp://calendar.example/x.ics", false, false),
        ] {
            assert_eq!(may_ask_host(&url.parse().expect("an address"), guarded), asked, "{url}");
        }
    }

    #[test]
    fn one_owner_has_what_lies_below_one_registered_domain() {
        for (one, other, same) in [
            ("https://caldav.icloud.com/", "https://p34-caldav.icloud.com:443/x/", true),
            ("https://example.org/", "https://dav.example.org:8443/", true),
            ("https://a.example.co.uk/", "https://b.example.co.uk/", true),
            ("https://example.co.uk/", "https://other.co.uk/", false),
            ("https://example.org/", "https://example.com/", false),
            ("https://example.org/", "https://badexample.org/", false),
            ("https://example.org/", "https://example.org.evil.test/", false),
            ("https://tina.duckdns.org/", "https://eve.duckdns.org/", false),
            ("https://tina.github.io/", "https://github.io/", false),
            ("https://a.xn--55qx5d.cn/", "https://b.xn--55qx5d.cn/", false),
            ("https://a.b.xn--55qx5d.cn/", "https://b.xn--55qx5d.cn/", true),
            ("https://localhost/", "http://localhost:5232/", true),
            ("https://localhost/", "https://127.0.0.1/", false),
            ("https://192.0.2.1/", "https://192.0.2.1:8443/", true),
            ("https://192.0.2.1/", "https://192.0.2.2/", false),
            ("https://[2001:db8::1]/", "https://[2001:db8::2]/", false),
        ] {
            let url = |text: &str| text.parse::<Url>().expect("an address");
            assert_eq!(is_same_owner(&url(one), &url(other)), same, "{one} {other}");
            assert_eq!(is_same_owner(&url(other), &url(one)), same, "{other} {one}");
        }
    }

    #[tokio::test]
    async fn a_name_that_means_this_machine_is_not_connected_to() {
        let error = PublicOnly.resolve("localhost".parse().expect("a name")).await;
        assert_eq!(error.err().map(|error| error.to_string()).as_deref(), Some("no public address"));
    }
}
