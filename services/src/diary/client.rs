//! What is asked of a calendar provider, whichever it is.

use domain::ids::BookingId;
use url::Url;

use super::{caldav, google};
use crate::{Result, busy::Problem, calendar::Stored};

/// A calendar of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub url: Url,
    /// What its owner calls it.
    pub name: String,
    /// Its zone, where it names one that we know.
    pub time_zone: Option<String>,
    /// Whether entries can be written into it, as far as its provider says.
    pub writable: bool,
}

/// What is at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing.
    Missing,
    /// An entry, whose version has a name where the server gives one.
    There(Option<String>),
}

/// How an attempt to write went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is there now.
    Done,
    /// Somebody else has written since we looked.
    Overtaken,
}

/// A client for one account.
pub(crate) enum Client<'a> {
    /// Over CalDAV.
    CalDav(caldav::Client<'a>),
    /// At Google.
    Google(google::Client<'a>),
}

impl Client<'_> {
    /// Where the entry of a booking is in a calendar.
    ///
    /// # Errors
    /// Where the calendar's address is none.
    pub(super) fn place(&self, calendar: &str, booking: BookingId) -> Result<Url> {
        let calendar = calendar.trim_end_matches('/');
        caldav::kept(&match self {
            Client::CalDav(_) => format!("{calendar}/{booking}.ics"),
            Client::Google(_) => format!("{calendar}/events/{}", google::name(booking)),
        })
    }

    /// What is at a place.
    ///
    /// # Errors
    /// What keeps the provider from telling.
    pub(super) async fn standing(&self, place: &Url) -> Result<Standing, Problem> {
        match self {
            Client::CalDav(client) => client.standing(place).await,
            Client::Google(client) => client.standing(place).await,
        }
    }

    /// Writes an entry where all is still as it was when we looked.
    ///
    /// # Errors
    /// What keeps it from being written.
    pub(super) async fn put(
        &self,
        place: &Url,
        stored: &Stored,
        seen: &Standing,
    ) -> Result<Written, Problem> {
        match self {
            Client::CalDav(client) => client.put(place, &stored.text, seen).await,
            Client::Google(client) => client.put(place, &stored.plain, seen).await,
        }
    }

    /// Removes an entry, whatever its version; one that is gone already is fine.
    ///
    /// # Errors
    /// What keeps it from being removed.
    pub(super) async fn delete(&self, place: &Url) -> Result<(), Problem> {
        match self {
            Client::CalDav(client) => client.delete(place).await,
            Client::Google(client) => client.delete(place).await,
        }
    }
}
