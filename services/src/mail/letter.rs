//! What every mail is made of: who reads it, what it says, and how it says times.

use chrono::{DateTime, Utc};
use domain::{
    account::Language,
    ids::UserId,
    manners::{self, Manners},
    zone::Zone,
};

use super::{
    layout::{self, Body},
    texts::Texts,
};
use crate::Result;

/// Whom a mail is for.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub user: UserId,
    pub email: String,
    pub name: String,
    pub language: Language,
    pub zone: Zone,
}

impl Reader {
    /// An instant in the reader's zone, which is named.
    pub fn moment(&self, at: DateTime<Utc>) -> String {
        let moment = Manners::of(self.language).moment(self.zone, at);
        format!("{moment}, {}", manners::zone(self.zone, at))
    }

    /// From when until when in a zone, which is named, in the reader's language. Lessons end within a day.
    pub fn span(&self, zone: Zone, start: DateTime<Utc>, end: DateTime<Utc>) -> String {
        let manners = Manners::of(self.language);
        let end = manners.time(zone.to_wall(end).local.time());
        format!("{} – {end}, {}", manners.moment(zone, start), manners::zone(zone, start))
    }

    /// An instant in the reader's zone, as short as a subject wants it: "Mon 1 Mar, 1:00 pm".
    pub fn moment_short(&self, at: DateTime<Utc>) -> String {
        let manners = Manners::of(self.language);
        let local = self.zone.to_wall(at).local;
        format!("{}, {}", manners.day_short(local.date()), manners.time(local.time()))
    }
}

/// A mail that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Letter {
    /// Lays a mail out.
    ///
    /// # Errors
    /// Where the layout cannot be read.
    pub fn lay_out(texts: &Texts, subject: String, body: &Body, public_url: &str) -> Result<Self> {
        let text = layout::text(texts, body);
        let html = layout::html(texts, body, &subject, public_url)?;
        Ok(Letter { subject, text, html })
    }
}
