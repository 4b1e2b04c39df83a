//! What the environment says: one struct for each section, read once at the start.

mod files;
mod google;
mod mail;
mod nats;
mod stripe;
mod vars;
mod video;
mod web;
mod zoom;

use std::path::PathBuf;

pub use files::{BucketConfig, FilesConfig};
pub use google::GoogleConfig;
pub use mail::MailConfig;
pub use nats::NatsConfig;
pub use stripe::StripeConfig;
use vars::{Vars, fault};
pub use video::{JaasConfig, VideoConfig};
pub use web::{Network, WebConfig};
pub use zoom::ZoomConfig;

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
    /// Where files are kept.
    pub files: FilesConfig,
    /// Who carries hints between servers; `None` where Postgres does.
    pub nats: Option<NatsConfig>,
    /// Google, at which people let us act for them; `None` where it is not offered.
    pub google: Option<GoogleConfig>,
    /// Zoom, in whose meetings lessons can take place; `None` where it is not offered.
    pub zoom: Option<ZoomConfig>,
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
            files: FilesConfig::read(&vars, &data)?,
            mode,
            mail: MailConfig::read(&vars, mode, web.host())?,
            web,
            database: DatabaseConfig { url: vars.get("DATABASE_URL"), data, connections: 20 },
            secrets: SecretsConfig {
                session: vars.secret("SESSION_SECRET", mode, 16)?,
                cron: vars.secret("CRON_SECRET", mode, 16)?,
            },
            video: VideoConfig::read(&vars)?,
            stripe: StripeConfig::read(&vars, mode)?,
            nats: NatsConfig::read(&vars)?,
            google: GoogleConfig::read(&vars, mode)?,
            zoom: ZoomConfig::read(&vars, mode)?,
        })
    }

    /// Whether this is a developer's machine.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.mode == Mode::Development
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn read(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
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
            ("JITSI_EMBEDDABLE", "maybe"),
            ("STORAGE_URL", "/var/files"),
            ("SMTP_URL", "mail.example.org"),
            ("SMTP_URL", "https://mail.example.org"),
            ("SMTP_URL", "smtp://mail.example.org?tls=maybe"),
        ] {
            assert_eq!(read(&[(name, value)]).expect_err(name).name, name);
        }
    }
}
