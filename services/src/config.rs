//! What the environment says: one struct for each section, read once at the start.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use async_nats::ServerAddr;
use lettre::{
    Address, AsyncSmtpTransport, Tokio1Executor, message::Mailbox, transport::smtp::AsyncSmtpTransportBuilder,
};
use percent_encoding::percent_decode_str;
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
    /// Who charges cards; `None` in development without `STRIPE_*`: the server then starts the sandbox.
    pub stripe: Option<StripeConfig>,
    /// Who sends mails; `None` in development where they are only kept.
    pub mail: Option<MailConfig>,
    /// The folder of files: `STORAGE_URL` (`file:///…`), default `files` in `LECTERN_DATA`.
    pub files: PathBuf,
    /// Who carries hints between servers; `None` where Postgres does.
    pub nats: Option<NatsConfig>,
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

/// Who carries hints between servers instead of Postgres.
#[derive(Clone)]
pub struct NatsConfig {
    /// `NATS_URL`, read: one address or several, with a comma between them.
    pub servers: Vec<ServerAddr>,
    /// User and password, which the first address carries.
    pub login: Option<(String, String)>,
}

impl std::fmt::Debug for NatsConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NatsConfig(…)")
    }
}

/// Who sends mails.
#[derive(Clone)]
pub struct MailConfig {
    /// `SMTP_URL`, read: server, encryption, user and password.
    pub smtp: AsyncSmtpTransportBuilder,
    /// `MAIL_FROM`, default `Lectern <no-reply@HOST>` with the host of `PUBLIC_URL`.
    pub from: Mailbox,
}

impl std::fmt::Debug for MailConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailConfig(…)")
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
        let web = WebConfig::read(&vars, mode)?;
        let data = PathBuf::from(vars.get("LECTERN_DATA").unwrap_or_else(|| "./data".into()));
        Ok(Config {
            files: files(&vars, &data)?,
            mode,
            mail: MailConfig::read(&vars, mode, web.host())?,
            web,
            database: DatabaseConfig { url: vars.get("DATABASE_URL"), data, connections: 20 },
            secrets: SecretsConfig {
                session: vars.secret("SESSION_SECRET", mode, 16)?,
                cron: vars.secret("CRON_SECRET", mode, 16)?,
            },
            video: VideoConfig { jitsi_domain: host(&vars, "JITSI_DOMAIN", "meet.jit.si")? },
            stripe: StripeConfig::read(&vars, mode)?,
            nats: NatsConfig::read(&vars)?,
        })
    }

    /// Whether this is a developer's machine.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.mode == Mode::Development
    }
}

impl NatsConfig {
    fn read(vars: &Vars<'_>) -> Result<Option<Self>, ConfigError> {
        let Some(text) = vars.get("NATS_URL") else { return Ok(None) };
        // Said without the text, which has the password in it.
        let malformed = || fault("NATS_URL", "must be like nats://user:password@host:4222, or tls://…");
        let servers: Result<Vec<ServerAddr>, _> =
            text.split(',').map(|address| address.trim().parse()).collect();
        let servers = servers.map_err(|_| malformed())?;
        let carried =
            |server: &ServerAddr| matches!(server.scheme(), "nats" | "tls") && !server.host().is_empty();
        let Some(first) = servers.first().filter(|_| servers.iter().all(carried)) else {
            return Err(malformed());
        };
        let login = first.username().zip(first.password());
        let read = |part: &str| percent_decode_str(part).decode_utf8().map(|text| text.into_owned());
        let login = login.map(|(user, password)| Ok((read(user)?, read(password)?)));
        let login = login.transpose().map_err(|_: std::str::Utf8Error| malformed())?;
        Ok(Some(NatsConfig { servers, login }))
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

    /// The host that names us in mails: that of `PUBLIC_URL`, or `localhost` where that is a bare address.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.public_url.split_once("://").map_or("", |(_, rest)| rest);
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let bare = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
        if bare { "localhost" } else { host }
    }
}

impl MailConfig {
    /// In development without `SMTP_URL` nothing.
    fn read(vars: &Vars<'_>, mode: Mode, host: &str) -> Result<Option<Self>, ConfigError> {
        let Some(text) = vars.get("SMTP_URL") else {
            return match mode {
                Mode::Development => Ok(None),
                Mode::Production => Err(fault("SMTP_URL", "is required in production")),
            };
        };
        // Said without the text, which has the password in it.
        let malformed = || fault("SMTP_URL", "must be like smtps://user:password@host:465");
        let url = Url::parse(&text).map_err(|_| malformed())?;
        let encrypted = url.scheme() == "smtps"
            || url.query_pairs().any(|pair| pair == ("tls".into(), "required".into()));
        if mode == Mode::Production && url.password().is_some() && !encrypted {
            return Err(fault("SMTP_URL", "sends a password unencrypted: use smtps:// or ?tls=required"));
        }
        let smtp = AsyncSmtpTransport::<Tokio1Executor>::from_url(&text).map_err(|_| malformed())?;
        let from = match vars.get("MAIL_FROM") {
            Some(text) => text.parse().ok(),
            None => Address::new("no-reply", host)
                .ok()
                .map(|address| Mailbox::new(Some("Lectern".into()), address)),
        };
        let from = from.ok_or_else(|| fault("MAIL_FROM", "must be like Lectern <no-reply@example.org>"))?;
        Ok(Some(MailConfig { smtp, from }))
    }
}

impl StripeConfig {
    /// All of it, or, in development, nothing.
    fn read(vars: &Vars<'_>, mode: Mode) -> Result<Option<Self>, ConfigError> {
        let names = ["SECRET_KEY", "PUBLISHABLE_KEY", "WEBHOOK_SECRET", "API_BASE", "JS_URL"];
        let named = names.iter().any(|name| vars.get(&format!("STRIPE_{name}")).is_some());
        if mode == Mode::Development && !named {
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

/// Where files are kept.
fn files(vars: &Vars<'_>, data: &Path) -> Result<PathBuf, ConfigError> {
    let Some(text) = vars.get("STORAGE_URL") else { return Ok(data.join("files")) };
    let folder = Url::parse(&text).ok().filter(|url| url.scheme() == "file");
    let folder = folder.and_then(|url| url.to_file_path().ok());
    folder.ok_or_else(|| {
        fault("STORAGE_URL", "must be the address of a folder, such as file:///var/lib/lectern/files")
    })
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
            ("SMTP_URL", "smtps://lectern:geheim@mail.lectern.test"),
            ("STRIPE_SECRET_KEY", "sk_live_x"),
            ("STRIPE_PUBLISHABLE_KEY", "pk_live_x"),
            ("STRIPE_WEBHOOK_SECRET", "whsec_x"),
        ];
        let config = read(&all).expect("all that is required");
        let from = config.mail.as_ref().map(|mail| mail.from.to_string());
        assert_eq!(from.as_deref(), Some("Lectern <no-reply@lectern.test>"));
        assert!(!format!("{config:?}").contains("geheim"), "a password is never printed");
        for (missing, _) in &all[1..] {
            let some: Vec<_> = all.iter().copied().filter(|(name, _)| name != missing).collect();
            assert_eq!(read(&some).expect_err(missing).name, *missing);
            let empty: Vec<_> = all.iter().map(|(n, v)| (*n, if n == missing { " " } else { v })).collect();
            assert_eq!(read(&empty).expect_err(missing).name, *missing);
        }
    }

    #[test]
    fn nats_is_read_with_its_login_which_is_never_printed() {
        assert!(read(&[]).expect("none").nats.is_none());
        let two = "nats://lectern:ge%20heim@one.test:4222, tls://two.test";
        let config = read(&[("NATS_URL", two)]).expect("two addresses");
        assert!(!format!("{config:?}").contains("heim"));
        let nats = config.nats.expect("configured");
        let found: Vec<_> = nats.servers.iter().map(|server| (server.host(), server.port())).collect();
        assert_eq!(found, [("one.test", 4222), ("two.test", 4222)]);
        assert_eq!(nats.login, Some(("lectern".into(), "ge heim".into())));
        for text in ["http://nats.test", "ws://nats.test", "nats://", "nats://a b", "nats://one.test,,"] {
            assert_eq!(read(&[("NATS_URL", text)]).expect_err(text).name, "NATS_URL");
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
        for (missing, _) in all {
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
            ("STORAGE_URL", "/var/files"),
            ("STORAGE_URL", "s3://bucket"),
            ("SMTP_URL", "mail.example.org"),
            ("SMTP_URL", "https://mail.example.org"),
            ("SMTP_URL", "smtp://mail.example.org?tls=maybe"),
        ] {
            assert_eq!(read(&[(name, value)]).expect_err(name).name, name);
        }
    }

    #[test]
    fn a_password_goes_to_the_mail_server_encrypted() {
        let secret = "x".repeat(32);
        for (url, fine) in [
            ("smtps://u:geheim@mail.test", true),
            ("smtp://u:geheim@mail.test?tls=required", true),
            ("smtp://127.0.0.1:25", true),
            ("smtp://u:geheim@mail.test", false),
            ("smtp://u:geheim@mail.test?tls=opportunistic", false),
        ] {
            let all = [
                ("LECTERN_ENV", "production"),
                ("PUBLIC_URL", "https://lectern.test"),
                ("SESSION_SECRET", &secret),
                ("CRON_SECRET", &secret),
                ("SMTP_URL", url),
                ("STRIPE_SECRET_KEY", "sk_live_x"),
                ("STRIPE_PUBLISHABLE_KEY", "pk_live_x"),
                ("STRIPE_WEBHOOK_SECRET", "whsec_x"),
            ];
            let answer = read(&all).map(|_| ()).map_err(|error| error.to_string());
            assert_eq!(answer.is_ok(), fine, "{answer:?}");
            assert!(!format!("{answer:?}").contains("geheim"));
        }
    }

    #[test]
    fn the_host_names_us_in_mails() {
        for (url, host) in [
            ("https://lectern.test", "lectern.test"),
            ("https://lectern.test:8443", "lectern.test"),
            ("http://127.0.0.1:3000", "localhost"),
            ("http://[::1]:3000", "localhost"),
        ] {
            assert_eq!(read(&[("PUBLIC_URL", url)]).expect(url).web.host(), host);
        }
        let malformed = [("SMTP_URL", "smtp://127.0.0.1:25"), ("MAIL_FROM", "nobody")];
        assert_eq!(read(&malformed).expect_err("no address").name, "MAIL_FROM");
    }

    #[test]
    fn a_network_contains_its_addresses() {
        let network = Network::parse("10.1.0.0/16").expect("a network");
        for (address, inside) in [("10.1.2.3", true), ("10.2.0.1", false), ("::1", false)] {
            assert_eq!(network.contains(address.parse().expect("an address")), inside, "{address}");
        }
    }
}
