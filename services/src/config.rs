//! What the environment says: one struct for each section, read once at the start.

use std::{net::SocketAddr, path::PathBuf};

use url::Url;

/// A variable that is missing or malformed: one line that names it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{name}: {problem}")]
pub struct ConfigError {
    /// The variable.
    pub name: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// Where the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// On a developer's machine: clock can be set, demonstration accounts, mails kept.
    Development,
    /// For people: secrets are required.
    Production,
}

/// Everything that the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    /// `LECTERN_ENV`.
    pub mode: Mode,
    /// How it is reached.
    pub web: WebConfig,
    /// Where its data is.
    pub database: DatabaseConfig,
    /// What signs tokens and links.
    pub secrets: SecretsConfig,
    /// Where lessons take place.
    pub video: VideoConfig,
    /// Who charges cards; `None` without `STRIPE_SECRET_KEY`: lessons are then agreed and not charged.
    pub stripe: Option<StripeConfig>,
}

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

/// Where the data is.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// `DATABASE_URL`; without it the server keeps a cluster of its own.
    pub url: Option<String>,
    /// `LECTERN_DATA`, default `./data`.
    pub data: PathBuf,
    /// Connections of one process, at most.
    pub connections: u32,
}

/// Secrets. Never printed.
#[derive(Clone)]
pub struct SecretsConfig {
    /// `SESSION_SECRET`, at least 16 bytes.
    pub session: String,
    /// `CRON_SECRET`.
    pub cron: String,
}

impl std::fmt::Debug for SecretsConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretsConfig(…)")
    }
}

/// Who charges cards.
#[derive(Clone)]
pub struct StripeConfig {
    /// `STRIPE_SECRET_KEY`.
    pub secret_key: String,
    /// `STRIPE_PUBLISHABLE_KEY`, which pages show.
    pub publishable_key: String,
    /// `STRIPE_WEBHOOK_SECRET`.
    pub webhook_secret: String,
    /// `STRIPE_API_BASE`; Stripe's own without.
    pub api_base: Option<String>,
    /// `STRIPE_JS_URL`, the script of the card form.
    pub js_url: String,
}

impl std::fmt::Debug for StripeConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StripeConfig(…)")
    }
}

/// Where lessons take place.
#[derive(Clone, Debug)]
pub struct VideoConfig {
    /// `JITSI_DOMAIN`, default `meet.jit.si`.
    pub jitsi_domain: String,
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

impl Config {
    /// Reads the environment of the process.
    ///
    /// # Errors
    /// The first variable that is missing or malformed.
    pub fn from_env() -> Result<Self, ConfigError> {
        Config::read(|name| std::env::var(name).ok())
    }

    /// Reads from a look-up by name; an empty value is an unset one.
    ///
    /// # Errors
    /// The first variable that is missing or malformed.
    pub fn read(look_up: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let vars = Vars(&|name| look_up(name).map(|value| value.trim().to_owned()).filter(|v| !v.is_empty()));
        let mode = match vars.get("LECTERN_ENV").as_deref() {
            None | Some("development") => Mode::Development,
            Some("production") => Mode::Production,
            Some(_) => return Err(fault("LECTERN_ENV", "must be development or production")),
        };
        Ok(Config {
            mode,
            web: WebConfig::read(&vars, mode)?,
            database: DatabaseConfig {
                url: vars.get("DATABASE_URL"),
                data: vars.get("LECTERN_DATA").unwrap_or_else(|| "./data".into()).into(),
                connections: 20,
            },
            secrets: SecretsConfig {
                session: vars.secret("SESSION_SECRET", mode, 16)?,
                cron: vars.secret("CRON_SECRET", mode, 16)?,
            },
            video: VideoConfig { jitsi_domain: host(&vars, "JITSI_DOMAIN", "meet.jit.si")? },
            stripe: StripeConfig::read(&vars)?,
        })
    }

    /// Whether this is a developer's machine.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.mode == Mode::Development
    }
}

impl WebConfig {
    fn read(vars: &Vars<'_>, mode: Mode) -> Result<Self, ConfigError> {
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
}

impl StripeConfig {
    /// All of it, or nothing.
    fn read(vars: &Vars<'_>) -> Result<Option<Self>, ConfigError> {
        if vars.get("STRIPE_SECRET_KEY").is_none() {
            return Ok(None);
        }
        let required = |name| vars.get(name).ok_or_else(|| fault(name, "is required"));
        let address = |name, default: Option<&str>| match vars.get(name).or(default.map(str::to_owned)) {
            Some(text) if Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) => {
                Ok(Some(text))
            }
            Some(_) => Err(fault(name, "must be an http or https address")),
            None => Ok(None),
        };
        let js_url = address("STRIPE_JS_URL", Some("https://js.stripe.com/v3/"))?;
        Ok(Some(StripeConfig {
            secret_key: required("STRIPE_SECRET_KEY")?,
            publishable_key: required("STRIPE_PUBLISHABLE_KEY")?,
            webhook_secret: required("STRIPE_WEBHOOK_SECRET")?,
            api_base: address("STRIPE_API_BASE", None)?,
            js_url: js_url.unwrap_or_default(),
        }))
    }
}

struct Vars<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Vars<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }

    fn secret(&self, name: &'static str, mode: Mode, least: usize) -> Result<String, ConfigError> {
        match (self.get(name), mode) {
            (Some(secret), _) if secret.len() >= least => Ok(secret),
            (Some(_), _) => Err(fault(name, &format!("must have at least {least} bytes"))),
            (None, Mode::Production) => Err(fault(name, "is required in production")),
            (None, Mode::Development) => Ok(format!("{name} of development, known to all")),
        }
    }
}

fn fault(name: &'static str, problem: &str) -> ConfigError {
    ConfigError { name, problem: problem.to_owned() }
}

fn base_url(text: &str) -> Result<String, ConfigError> {
    let url =
        Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.path() == "/");
    match url {
        Some(_) => Ok(text.trim_end_matches('/').to_owned()),
        None => Err(fault("PUBLIC_URL", "must be an http or https address without a path")),
    }
}

fn host(vars: &Vars<'_>, name: &'static str, default: &str) -> Result<String, ConfigError> {
    let text = vars.get(name).unwrap_or_else(|| default.into());
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'));
    if plain { Ok(text) } else { Err(fault(name, "must be a host name")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn development_needs_nothing() {
        let config = read(&[]).expect("defaults");
        assert_eq!(config.web.public_url, "http://127.0.0.1:3000");
        assert!(config.is_development() && config.web.rate_limits);
    }

    #[test]
    fn production_names_what_is_missing() {
        let secret = "x".repeat(32);
        let all = [
            ("LECTERN_ENV", "production"),
            ("PUBLIC_URL", "https://lectern.test"),
            ("SESSION_SECRET", &secret),
            ("CRON_SECRET", &secret),
        ];
        assert!(read(&all).is_ok());
        for (missing, _) in &all[1..] {
            let some: Vec<_> = all.iter().copied().filter(|(name, _)| name != missing).collect();
            assert_eq!(read(&some).expect_err(missing).name, *missing);
            let empty: Vec<_> = all.iter().map(|(n, v)| (*n, if n == missing { " " } else { v })).collect();
            assert_eq!(read(&empty).expect_err(missing).name, *missing);
        }
    }

    #[test]
    fn whoever_charges_cards_is_configured_wholly_or_not_at_all() {
        let all = [
            ("STRIPE_SECRET_KEY", "sk_test"),
            ("STRIPE_PUBLISHABLE_KEY", "pk_test"),
            ("STRIPE_WEBHOOK_SECRET", "whsec"),
        ];
        assert!(read(&[]).expect("none").stripe.is_none());
        let stripe = read(&all).expect("all").stripe.expect("configured");
        assert_eq!((stripe.api_base, &*stripe.js_url), (None, "https://js.stripe.com/v3/"));
        for missing in ["STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET"] {
            let some: Vec<_> = all.into_iter().filter(|(name, _)| *name != missing).collect();
            assert_eq!(read(&some).expect_err(missing).name, missing);
        }
        let base = [&all[..], &[("STRIPE_API_BASE", "localhost")]].concat();
        assert_eq!(read(&base).expect_err("no address").name, "STRIPE_API_BASE");
    }

    #[test]
    fn malformed_values_are_named() {
        for (name, value) in [
            ("LECTERN_ENV", "staging"),
            ("LECTERN_ADDR", "localhost"),
            ("PUBLIC_URL", "ftp://x"),
            ("PUBLIC_URL", "https://x.test/path"),
            ("RATE_LIMITS", "maybe"),
            ("TRUSTED_PROXIES", "10.0.0.0/33"),
            ("SESSION_SECRET", "short"),
            ("JITSI_DOMAIN", "a b"),
        ] {
            assert_eq!(read(&[(name, value)]).expect_err(name).name, name);
        }
    }

    #[test]
    fn a_network_contains_its_addresses() {
        let network = Network::parse("10.1.0.0/16").expect("a network");
        for (address, inside) in [("10.1.2.3", true), ("10.2.0.1", false), ("::1", false)] {
            assert_eq!(network.contains(address.parse().expect("an address")), inside, "{address}");
        }
    }
}
