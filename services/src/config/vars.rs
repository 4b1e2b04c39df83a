//! Variables by name, and what may be wrong with them.

use url::Url;

use super::{ConfigError, Mode};

/// The variables that are set; an empty one is not.
pub(super) struct Vars<'a>(pub(super) &'a dyn Fn(&str) -> Option<String>);

impl Vars<'_> {
    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }

    /// The address of a provider, without a slash at its end: encrypted but on a developer's machine.
    pub(super) fn provider_address(
        &self,
        name: &'static str,
        default: &str,
        mode: Mode,
    ) -> Result<String, ConfigError> {
        let text = self.get(name).unwrap_or_else(|| default.to_owned());
        let encrypted =
            |url: &Url| url.scheme() == "https" || url.scheme() == "http" && mode == Mode::Development;
        let plain = |url: &Url| url.query().is_none() && url.fragment().is_none();
        match Url::parse(&text).ok().filter(|url| encrypted(url) && plain(url)) {
            Some(_) => Ok(text.trim_end_matches('/').to_owned()),
            None => Err(fault(name, "must be an https address")),
        }
    }

    /// A secret of so many bytes at least. Development has one that is known to all.
    pub(super) fn secret(&self, name: &'static str, mode: Mode, least: usize) -> Result<String, ConfigError> {
        match (self.get(name), mode) {
            (Some(secret), _) if secret.len() >= least => Ok(secret),
            (Some(_), _) => Err(fault(name, &format!("must have at least {least} bytes"))),
            (None, Mode::Production) => Err(fault(name, "is required in production")),
            (None, Mode::Development) => Ok(format!("{name} of development, known to all")),
        }
    }
}

/// What is wrong with a variable.
pub(super) fn fault(name: &'static str, problem: &str) -> ConfigError {
    ConfigError { name, problem: problem.to_owned() }
}
