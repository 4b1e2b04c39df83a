//! Where lessons take place: what is asked of every provider, and a file for each of them; tutors' accounts with those
//! that have some; the meetings that are made there.

mod arrange;
mod connections;
mod external;
mod jitsi;
mod recordings;
mod standing;
mod store;
mod webhook;
mod zoom;

use chrono::{DateTime, Utc};
use domain::booking::Booking;
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::{
    Actor, Result, Services, busy::Problem, config::VideoConfig, diary::GoogleClient, oauth::Token,
    tutor::Provider,
};
use external::External;
use jitsi::Jitsi;

pub use arrange::ArrangeMeeting;
pub use connections::{Connection, Kind, begin, disconnect, finish, list};
pub use recordings::{Recording, recordings};
pub use standing::{Standing, set_own_link, standing};
pub use webhook::{HandleVideoEvent, Heard, receive};

pub(crate) use arrange::{arrange_all, hand_out};
pub(crate) use external::check as check_external;
pub(crate) use standing::{Place, find_place};
pub(crate) use store::works;
pub(crate) use webhook::KEPT_FOR;

/// Where lessons take place.
pub(crate) trait VideoProvider: Send + Sync {
    /// The address that lets a person into the meeting of a booking; `None` while there is no meeting.
    ///
    /// # Errors
    /// Where none can be made.
    fn address(&self, booking: &Booking, person: &Actor) -> Result<Option<String>>;

    /// The origin whose meetings may be shown within our pages; `None` where there is none.
    fn embeddable(&self) -> Option<String> {
        None
    }
}

/// Who holds meetings in an account: providers whose meetings have to be made.
pub(crate) trait Meetings: Send + Sync {
    /// Looks for a meeting that may have been made, though nobody was told.
    fn find(&self, meeting: Uuid) -> BoxFuture<'_, Result<Option<Made>, Problem>>;

    /// Makes a meeting.
    fn make<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Made, Problem>>;

    /// Changes a meeting; `None` where it is there no more.
    fn change<'a>(
        &'a self,
        known: &'a Made,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Result<Option<Made>, Problem>>;

    /// Removes a meeting; one that is gone already is fine.
    fn remove<'a>(&'a self, remote: &'a str) -> BoxFuture<'a, Result<(), Problem>>;
}

/// What a meeting should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Names it, for good.
    pub id: Uuid,
    pub title: String,
    /// Our page of the lesson.
    pub page: String,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

/// A meeting that a provider holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// What the provider calls it.
    pub remote: String,
    /// Where it is.
    pub url: String,
}

/// A place in which a lesson takes place that has a link already, whoever made it.
struct Linked<'a>(Option<&'a str>);

impl VideoProvider for Linked<'_> {
    fn address(&self, _: &Booking, _: &Actor) -> Result<Option<String>> {
        Ok(self.0.map(str::to_owned))
    }
}

/// Where a lesson takes place.
pub(crate) fn of<'a>(services: &'a Services, place: &'a Place) -> Box<dyn VideoProvider + 'a> {
    match (&place.own_url, &place.provider) {
        (Some(url), _) => Box::new(External { url }),
        (None, Provider::External { url }) => Box::new(External { url }),
        (None, Provider::Zoom | Provider::GoogleMeet) => Box::new(Linked(place.made.as_deref())),
        (None, Provider::Jitsi) => {
            Box::new(Jitsi { config: &services.config.video, secret: &services.config.secrets.session })
        }
    }
}

/// Who holds meetings with these tokens.
fn meetings<'a>(services: &'a Services, kind: Kind, oauth: Uuid) -> Result<Box<dyn Meetings + 'a>> {
    let token = Token::Kept(oauth);
    Ok(match kind {
        Kind::Zoom => Box::new(zoom::Client::new(services, token)?),
        Kind::GoogleMeet => Box::new(GoogleClient::new(services, token)?),
    })
}

/// The origin whose meetings may be shown within our pages; `None` where there is none.
#[must_use]
pub fn embeddable(config: &VideoConfig) -> Option<String> {
    jitsi::embeddable(config)
}

/// Whether a meeting may be shown within our pages.
#[must_use]
pub fn is_embeddable(config: &VideoConfig, url: &str) -> bool {
    embeddable(config)
        .is_some_and(|origin| url.strip_prefix(&origin).is_some_and(|path| path.starts_with('/')))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An RSA key that opens nothing.
    pub(crate) const PRIVATE_KEY: &str = include_str!("key-of-tests.pem");

    #[test]
    fn only_the_rooms_of_an_embeddable_server_are_embedded() {
        let own = VideoConfig { jitsi_domain: "meet.school.test".into(), jitsi_embeddable: true, jaas: None };
        for (url, embedded) in [
            ("https://meet.school.test/tutor1_booking2_ab", true),
            ("https://meet.school.test.evil.test/room", false),
            ("https://meet.school.test@evil.test/room", false),
            ("http://meet.school.test/room", false),
            ("https://zoom.test/j/1", false),
        ] {
            assert_eq!(is_embeddable(&own, url), embedded, "{url}");
            let linked = VideoConfig { jitsi_embeddable: false, ..own.clone() };
            assert!(!is_embeddable(&linked, url));
        }
    }
}
