//! How the server is reached.

use std::net::SocketAddr;

use url::Url;

use super::{
    ConfigError, Mode,
    vars::{Vars, fault},
};

/// How the server is reached.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// `LECTERN_ADDR`, default `127.0.0.1:3000`.
    pub addr: SocketAddr,
    /// `PUBLIC_URL` without a slash at its end; default `http://` and the address.
    pub public_url: String,
    /// `TRUSTED_PROXIES`: networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// `RATE_LIMITS`, on unless `off` in development.
    pub rate_limits: bool,
}

/// A network such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: std::net::IpAddr,
    prefix: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse().ok()?, Some(prefix.parse().ok()?)),
            None => (text.parse().ok()?, None),
        };
        let widest = if matches!(address, std::net::IpAddr::V4(_)) { 32 } else { 128 };
        let prefix = prefix.unwrap_or(widest);
        (prefix <= widest).then_some(Network { address, prefix })
    }

    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(&self, other: std::net::IpAddr) -> bool {
        use std::net::IpAddr::{V4, V6};
        match (self.address, other) {
            (V4(a), V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= self.prefix,
            (V6(a), V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= self.prefix,
            _ => false,
        }
    }
}

impl WebConfig {
    pub(super) fn read(vars: &Vars<'_>, mode: Mode) -> Result<Self, ConfigError> {
        let addr: SocketAddr =
            vars.get("LECTERN_ADDR").unwrap_or_else(|| "127.0.0.1:3000".into()).parse().map_err(|_| {
                fault("LECTERN_ADDR", "must be an address with a port, such as 127.0.0.1:3000")
            })?;
        let public_url = match vars.get("PUBLIC_URL") {
            Some(text) => base_url(&text)?,
            None if mode == Mode::Production => return Err(fault("PUBLIC_URL", "is required in production")),
            None => format!("http://{addr}"),
        };
        let trusted_proxies = vars
            .get("TRUSTED_PROXIES")
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| {
                Network::parse(part).ok_or(fault("TRUSTED_PROXIES", "must be networks such as 10.0.0.0/8"))
            })
            .collect::<Result<_, _>>()?;
        let rate_limits = match vars.get("RATE_LIMITS").as_deref() {
            None | Some("on") => true,
            Some("off") if mode == Mode::Development => false,
            Some("off") => return Err(fault("RATE_LIMITS", "can be off in development only")),
            Some(_) => return Err(fault("RATE_LIMITS", "must be on or off")),
        };
        Ok(WebConfig { addr, public_url, trusted_proxies, rate_limits })
    }

    /// The host that names us in mails: that of `PUBLIC_URL`, or `localhost` where that is a bare address.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.public_url.split_once("://").map_or("", |(_, rest)| rest);
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let bare = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
        if bare { "localhost" } else { host }
    }
}

fn base_url(text: &str) -> Result<String, ConfigError> {
    let url =
        Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.path() == "/");
    match url {
        Some(_) => Ok(text.trim_end_matches('/').to_owned()),
        None => Err(fault("PUBLIC_URL", "must be an http or https address without a path")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_contains_its_addresses() {
        let network = Network::parse("10.1.0.0/16").expect("a network");
        for (address, inside) in [("10.1.2.3", true), ("10.2.0.1", false), ("::1", false)] {
            assert_eq!(network.contains(address.parse().expect("an address")), inside, "{address}");
        }
    }
}
