//! The link by which mails of a topic end with a click, without signing in (RFC 8058). Other ways by which their reader
//! is told of the same stay as they are.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    Code, Refusal,
    ids::UserId,
    notice::{Channel, Choice, Topic},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use super::store;
use crate::{AppError, Result, Services, notice};

/// Where mails of a topic to a person end with a click. Nobody else can make such an address.
pub(super) fn address(services: &Services, user: UserId, topic: Topic) -> Result<String> {
    let seal = URL_SAFE_NO_PAD.encode(&seal(services, user, topic)?.finalize().into_bytes()[..SEAL]);
    Ok(format!("{}/unsubscribe/{}.{}.{seal}", services.config.web.public_url, topic.name(), user.0.simple()))
}

/// Bytes of a seal.
const SEAL: usize = 16;

fn seal(services: &Services, user: UserId, topic: Topic) -> Result<Hmac<Sha256>> {
    let secret = &services.config.secrets.session;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(AppError::fault)?;
    mac.update(format!("unsubscribe:{}:{}", topic.name(), user.0).as_bytes());
    Ok(mac)
}

/// What a link of ours ends.
///
/// # Errors
/// `NOT_FOUND` for a link that is not ours.
pub fn read_link(services: &Services, token: &str) -> Result<(UserId, Topic)> {
    let unknown = || AppError::from(Refusal::new(Code::NotFound, "not_found"));
    let mut parts = token.split('.');
    let (Some(topic), Some(user), Some(sealed), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(unknown());
    };
    let topic = Topic::parse(topic).ok_or_else(unknown)?;
    if !topic.can_be_refused(Channel::Mail) {
        return Err(unknown());
    }
    let user = UserId(Uuid::try_parse(user).map_err(|_| unknown())?);
    let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| unknown())?;
    if sealed.len() != SEAL {
        return Err(unknown());
    }
    seal(services, user, topic)?.verify_truncated_left(&sealed).map_err(|_| unknown())?;
    Ok((user, topic))
}

/// Ends what a link ends, as often as it is pressed.
///
/// # Errors
/// `NOT_FOUND` for a link that is not ours, or of a person who is gone.
pub async fn unsubscribe(services: &Services, token: &str) -> Result<Topic> {
    let (user, topic) = read_link(services, token)?;
    let mut db = services.db.acquire().await?;
    if store::find_reader(&mut db, user).await?.is_none() {
        return Err(Refusal::new(Code::NotFound, "not_found").into());
    }
    let choice = Choice { topic, channel: Channel::Mail };
    notice::refuse(&mut db, user, choice, services.clock.now()).await?;
    Ok(topic)
}
