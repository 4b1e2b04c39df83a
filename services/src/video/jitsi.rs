//! Jitsi: a room for each booking, without an account of the tutor's. With an account of the platform's at Jitsi as a
//! Service each person is let in by a token of ours, the tutor as the moderator.

use domain::{
    booking::{Booking, Party},
    lesson::join_window,
};
use hmac::{Hmac, Mac as _};
use jsonwebtoken::{Algorithm, Header, encode};
use serde::Serialize;
use sha2::Sha256;

use super::VideoProvider;
use crate::{
    Actor, AppError, Result, booking,
    config::{JaasConfig, VideoConfig},
};

/// Rooms on a Jitsi server, named so that only our server can tell them.
pub(super) struct Jitsi<'a> {
    pub config: &'a VideoConfig,
    /// What makes the names of rooms unguessable.
    pub secret: &'a str,
}

impl VideoProvider for Jitsi<'_> {
    fn address(&self, booking: &Booking, person: &Actor) -> Result<Option<String>> {
        let suffix = suffix(self.secret, booking)?;
        let room = format!("tutor{}_booking{}_{suffix}", booking.tutor, booking.id);
        let origin = origin(self.config);
        match &self.config.jaas {
            None => Ok(Some(format!("{origin}/{room}"))),
            Some(jaas) => {
                let token = token(jaas, booking, person, &room)?;
                Ok(Some(format!("{origin}/{}/{room}?jwt={token}", jaas.app_id)))
            }
        }
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

/// What Jitsi as a Service is told of who comes. Its form is 8x8's, and so are `jitsi` and `chat`.
#[derive(Serialize)]
struct Claims<'a> {
    aud: &'static str,
    iss: &'static str,
    sub: &'a str,
    room: &'a str,
    nbf: i64,
    exp: i64,
    context: Context<'a>,
}

#[derive(Serialize)]
struct Context<'a> {
    user: Guest<'a>,
}

#[derive(Serialize)]
struct Guest<'a> {
    id: String,
    name: &'a str,
    /// A word, not a value: `true` or `false`.
    moderator: &'static str,
}

/// Lets one party into one room, while joining is open.
fn token(jaas: &JaasConfig, booking: &Booking, person: &Actor, room: &str) -> Result<String> {
    let (opens, closes) = join_window(booking.start, booking.end);
    let (name, moderator) = match booking::party(person, booking) {
        Some(Party::Tutor) => (&booking.tutor_name, "true"),
        Some(Party::Student) => (&booking.student_name, "false"),
        None => return Err(booking::not_found()),
    };
    let user = Guest { id: person.user.to_string(), name, moderator };
    let claims = Claims {
        aud: "jitsi",
        iss: "chat",
        sub: &jaas.app_id,
        room,
        nbf: opens.timestamp(),
        exp: closes.timestamp(),
        context: Context { user },
    };
    let header = Header { kid: Some(jaas.key_id.clone()), ..Header::new(Algorithm::RS256) };
    encode(&header, &claims, &jaas.key).map_err(AppError::fault)
}

/// The first 16 hex digits of the HMAC over booking and reschedule number.
fn suffix(secret: &str, booking: &Booking) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(AppError::fault)?;
    mac.update(format!("room:{}:{}", booking.id, booking.sequence).as_bytes());
    let digest = mac.finalize().into_bytes();
    Ok(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}
