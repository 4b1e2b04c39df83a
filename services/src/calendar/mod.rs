//! Lessons in people's calendars: files, invitations for mails, and a feed at a secret address.

mod entry;
mod feed;
mod links;
mod store;
mod words;

use chrono::{DateTime, Utc};
use domain::{
    account::Language,
    ids::{BookingId, UserId},
};
use icalendar::EventStatus;
use sqlx::PgConnection;

use crate::{Actor, Result, Services, booking, config::Config};

pub use entry::Method;
pub use feed::{Address, Feed, address, feed, renew};
pub use links::{Links, links};

/// A file of calendar entries, for a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// What it asks the calendar to do.
    pub method: Method,
    /// The file, in lines that end in CR LF.
    pub text: String,
}

impl Invitation {
    /// The media type of the part of the mail (RFC 6047, 2.4).
    #[must_use]
    pub fn content_type(&self) -> String {
        format!("text/calendar; charset=utf-8; method={}", self.method.name())
    }
}

/// The calendar entry of a booking as it stands, for a mail to one of its parties: an invitation, or its end once the
/// lesson does not take place. The platform is the organizer and the reader the attendee. `None` where the reader has
/// no part in it or is gone.
///
/// # Errors
/// Where the database cannot be read.
pub async fn invitation(
    db: &mut PgConnection,
    config: &Config,
    booking: BookingId,
    reader: UserId,
    now: DateTime<Utc>,
) -> Result<Option<Invitation>> {
    let Some(reader) = store::find_reader(db, reader).await? else { return Ok(None) };
    let Some(lesson) = store::find(db, reader.user, booking).await? else { return Ok(None) };
    let cancelled = lesson.status() == EventStatus::Cancelled;
    let method = if cancelled { Method::Cancel } else { Method::Request };
    let text = entry::file(config, Some(method), &reader, &[lesson], None, now)?;
    Ok(Some(Invitation { method, text }))
}

/// What an entry of a lesson that takes place says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    pub summary: String,
    pub description: String,
    /// How to join.
    pub link: String,
    /// Our page of the lesson.
    pub page: String,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

/// The entry of a booking as a calendar stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The file.
    pub text: String,
    /// The same for calendars that take no files.
    pub plain: Plain,
    /// Names what it says.
    pub digest: Vec<u8>,
}

/// The entry of a booking as it stands, for one of its parties' own calendar. `None` where the reader has no part in it
/// or is gone.
///
/// # Errors
/// Where the database cannot be read.
pub(crate) async fn stored(
    db: &mut PgConnection,
    config: &Config,
    booking: BookingId,
    reader: UserId,
    now: DateTime<Utc>,
) -> Result<Option<Stored>> {
    let Some(reader) = store::find_reader(db, reader).await? else { return Ok(None) };
    let Some(lesson) = store::find(db, reader.user, booking).await? else { return Ok(None) };
    let plain = entry::plain(config, &reader, &lesson);
    let text = entry::file(config, None, &reader, &[lesson], None, now)?;
    Ok(Some(Stored { digest: feed::digest(&text), text, plain }))
}

/// The calendar file of one of one's own lessons, in a language.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, also for an admin, whose lesson it is not.
pub async fn file(
    services: &Services,
    actor: &Actor,
    booking: BookingId,
    language: Language,
) -> Result<String> {
    let mut db = services.db.acquire().await?;
    let reader = store::find_reader(&mut db, actor.user).await?.ok_or_else(booking::not_found)?;
    let lesson = store::find(&mut db, reader.user, booking).await?.ok_or_else(booking::not_found)?;
    let reader = entry::Reader { language, ..reader };
    entry::file(&services.config, Some(Method::Publish), &reader, &[lesson], None, services.clock.now())
}
