//! People: what an e-mail address, a password and a name may be, and the roles.

mod agent;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Code, Refusal};

pub use agent::Agent;

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Takes lessons.
    Student,
    /// Teaches.
    Tutor,
    /// Answers for the platform. Made on the command line only, never by registration.
    Admin,
}

impl Role {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Role::Student => "student",
            Role::Tutor => "tutor",
            Role::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        match text {
            "student" => Ok(Role::Student),
            "tutor" => Ok(Role::Tutor),
            "admin" => Ok(Role::Admin),
            _ => Err(Refusal::on(Code::InvalidRequest, "role", "role")),
        }
    }
}

/// The languages of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English, the default.
    #[default]
    En,
    /// French.
    Fr,
}

impl Language {
    /// Every language of the interface.
    pub const ALL: [Language; 2] = [Language::En, Language::Fr];

    /// The BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Fr => "fr",
        }
    }
}

impl FromStr for Language {
    type Err = Refusal;

    /// Accepts a tag with or without a region: `fr`, `fr-CA`.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let primary = text.split(['-', '_']).next().unwrap_or_default();
        Language::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
            .ok_or(Refusal::on(Code::InvalidRequest, "locale", "locale"))
    }
}

/// An e-mail address, trimmed and in lower case. At most 254 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads an address. The test is a light one: only a mail that arrives proves an address.
    ///
    /// # Errors
    /// `INVALID_REQUEST` on `email` where it cannot be an address.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refusal = Refusal::on(Code::InvalidRequest, "email", "email");
        let text = text.trim().to_lowercase();
        if text.len() > 254 || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(refusal);
        }
        let Some((local, host)) = text.rsplit_once('@') else { return Err(refusal) };
        let label = |part: &str| {
            !part.is_empty()
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let local_is_fine = !local.is_empty()
            && local.len() <= 64
            && !local.contains(['@', '<', '>', '(', ')', ',', ';', ':', '\\', '"', '[', ']'])
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        if local_is_fine && host.contains('.') && host.split('.').all(label) {
            Ok(Email(text))
        } else {
            Err(refusal)
        }
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A password as typed: 8 to 128 characters. Never printed.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Reads a new password.
    ///
    /// # Errors
    /// `INVALID_REQUEST` on `password` outside 8–128 characters.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if (8..=128).contains(&text.chars().count()) {
            Ok(Password(text.to_owned()))
        } else {
            Err(Refusal::on(Code::InvalidRequest, "password_length", "password"))
        }
    }

    /// The bytes to hash.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A person's name as shown: 1 to 100 characters, one line, trimmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PersonName(String);

impl PersonName {
    /// Reads a name.
    ///
    /// # Errors
    /// `INVALID_REQUEST` on `name` when empty, over 100 characters or with control characters.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        line(text, 1, 100).map(PersonName).ok_or(Refusal::on(Code::InvalidRequest, "name", "name"))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One trimmed line of `least` to `most` characters (Unicode scalar values), without control characters.
#[must_use]
pub fn line(text: &str, least: usize, most: usize) -> Option<String> {
    let text = text.trim();
    let fits = (least..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// The same for a text of several lines: line breaks and tabs are allowed.
#[must_use]
pub fn paragraph(text: &str, least: usize, most: usize) -> Option<String> {
    let text = text.trim().replace("\r\n", "\n");
    let fits = (least..=most).contains(&text.chars().count())
        && !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_a_table() {
        for good in ["a@b.co", " Ana.Lopez+x@Example.ORG ", "élève@université.fr"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "", "a", "@b.co", "a@", "a@b", "a b@c.de", "a@b..c", "a@-b.co", "a@@b.co", "<a@b.co>", "a\n@b.co",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Email::parse("X@Y.Org").map(|e| e.as_str().to_owned()), Ok("x@y.org".into()));
    }

    #[test]
    fn a_password_is_counted_in_characters_and_never_printed() {
        assert!(Password::parse("pässwör").is_err());
        assert!(Password::parse("pässwörd").is_ok());
        assert!(Password::parse(&"x".repeat(129)).is_err());
        assert_eq!(format!("{:?}", Password::parse("secret-secret")), "Ok(Password(…))");
    }
}
