//! Variables by name, and what may be wrong with them.

use super::{ConfigError, Mode};

/// The variables that are set; an empty one is not.
pub(super) struct Vars<'a>(pub(super) &'a dyn Fn(&str) -> Option<String>);

impl Vars<'_> {
    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name)
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
