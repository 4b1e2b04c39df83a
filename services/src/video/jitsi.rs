//! Jitsi: a room for each booking, without an account.

use domain::booking::Booking;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::VideoProvider;
use crate::{Actor, AppError, Result, config::VideoConfig};

/// Rooms on a Jitsi server, named so that only our server can tell them.
pub(super) struct Jitsi<'a> {
    pub config: &'a VideoConfig,
    /// What makes the names of rooms unguessable.
    pub secret: &'a str,
}

impl VideoProvider for Jitsi<'_> {
    fn address(&self, booking: &Booking, _: &Actor) -> Result<String> {
        let suffix = suffix(self.secret, booking)?;
        Ok(format!("{}/tutor{}_booking{}_{suffix}", origin(self.config), booking.tutor, booking.id))
    }

    fn embeddable(&self) -> Option<String> {
        embeddable(self.config)
    }
}

/// The server's origin, where its meetings may be shown within our pages.
pub(super) fn embeddable(config: &VideoConfig) -> Option<String> {
    config.jitsi_embeddable.then(|| origin(config))
}

fn origin(config: &VideoConfig) -> String {
    format!("https://{}", config.jitsi_domain)
}

/// The first 16 hex digits of the HMAC over booking and reschedule number.
fn suffix(secret: &str, booking: &Booking) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(AppError::fault)?;
    mac.update(format!("room:{}:{}", booking.id, booking.sequence).as_bytes());
    let digest = mac.finalize().into_bytes();
    Ok(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}
