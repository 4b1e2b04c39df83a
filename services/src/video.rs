//! Where a lesson takes place: the address of its meeting, and whether a page of ours may show it.

use domain::booking::Booking;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::{AppError, Result, Services, config::VideoConfig, tutor::Provider};

/// The provider's address. A Jitsi room is named so that only the server can tell it.
pub(crate) fn address(services: &Services, booking: &Booking, provider: &Provider) -> Result<String> {
    match provider {
        Provider::External { url } => Ok(url.clone()),
        Provider::Jitsi => {
            let server = jitsi(&services.config.video);
            let suffix = suffix(&services.config.secrets.session, booking)?;
            Ok(format!("{server}/tutor{}_booking{}_{suffix}", booking.tutor, booking.id))
        }
    }
}

/// The origin whose meetings may be shown within our pages; `None` where there is none.
#[must_use]
pub fn embeddable(config: &VideoConfig) -> Option<String> {
    config.jitsi_embeddable.then(|| jitsi(config))
}

/// Whether a meeting may be shown within our pages.
#[must_use]
pub fn is_embeddable(config: &VideoConfig, url: &str) -> bool {
    embeddable(config)
        .is_some_and(|origin| url.strip_prefix(&origin).is_some_and(|path| path.starts_with('/')))
}

fn jitsi(config: &VideoConfig) -> String {
    format!("https://{}", config.jitsi_domain)
}

/// The first 16 hex digits of the HMAC over booking and reschedule number.
fn suffix(secret: &str, booking: &Booking) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(AppError::fault)?;
    mac.update(format!("room:{}:{}", booking.id, booking.sequence).as_bytes());
    let digest = mac.finalize().into_bytes();
    Ok(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_rooms_of_an_embeddable_server_are_embedded() {
        let own = VideoConfig { jitsi_domain: "meet.school.test".into(), jitsi_embeddable: true };
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
