//! Where lessons take place: what is asked of every provider, and a file for each of them.

mod external;
mod jitsi;

use domain::booking::Booking;

use crate::{Actor, Result, Services, config::VideoConfig, tutor::Provider};
use external::External;
use jitsi::Jitsi;

pub(crate) use external::check as check_external;

/// Where lessons take place.
pub(crate) trait VideoProvider: Send + Sync {
    /// The address that lets a person into the meeting of a booking.
    ///
    /// # Errors
    /// Where none can be made.
    fn address(&self, booking: &Booking, person: &Actor) -> Result<String>;

    /// The origin whose meetings may be shown within our pages; `None` where there is none.
    fn embeddable(&self) -> Option<String> {
        None
    }
}

/// What a tutor chose.
pub(crate) fn of<'a>(services: &'a Services, chosen: &'a Provider) -> Box<dyn VideoProvider + 'a> {
    match chosen {
        Provider::Jitsi => {
            Box::new(Jitsi { config: &services.config.video, secret: &services.config.secrets.session })
        }
        Provider::External { url } => Box::new(External { url }),
    }
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
