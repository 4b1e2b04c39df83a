//! Links to files: each is one person's, and ends after an hour or two.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    Code, Refusal,
    ids::{AttachmentId, UserId},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::{Home, Size, not_found};
use crate::{AppError, Result, Services};

/// Links are made for the present hour and the next, seconds: a page that is loaded again has the same ones, and the
/// browser keeps what they show.
const HOUR: i64 = 3600;

/// Bytes of a seal.
const SEAL: usize = 16;

/// What a link leads to, for whom, and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// What the file belongs to.
    pub home: Home,
    /// Which file.
    pub id: AttachmentId,
    /// Which of its two sizes.
    pub size: Size,
    /// Whose link it is.
    pub reader: UserId,
    /// When it ends, seconds since 1970.
    pub until: i64,
}

/// The address of a file for a person, under our own.
///
/// # Errors
/// Where no seal can be made.
pub fn link(services: &Services, home: Home, reader: UserId, id: AttachmentId, size: Size) -> Result<String> {
    let until = (services.clock.now().timestamp().div_euclid(HOUR) + 2) * HOUR;
    let asked = Asked { home, id, size, reader, until };
    let seal = &seal(services, &asked)?.finalize().into_bytes()[..SEAL];
    let small = if size == Size::Thumbnail { "&small=1" } else { "" };
    let (address, seal) = (home.address(), URL_SAFE_NO_PAD.encode(seal));
    Ok(format!("/{address}/{id}?for={reader}&until={until}&seal={seal}{small}"))
}

fn seal(services: &Services, asked: &Asked) -> Result<Hmac<Sha256>> {
    let secret = &services.config.secrets.session;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(AppError::fault)?;
    let Asked { home, id, size, reader, until } = asked;
    mac.update(format!("{}:{id}:{size:?}:{reader}:{until}", home.sealed()).as_bytes());
    Ok(mac)
}

/// Whether a link is one of ours, and in time.
///
/// # Errors
/// `NOT_FOUND`, `LINK_EXPIRED`.
pub(super) fn check(services: &Services, asked: &Asked, sealed: &str) -> Result<()> {
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok().filter(|sealed| sealed.len() == SEAL);
    let sealed = sealed.ok_or_else(not_found)?;
    seal(services, asked)?.verify_truncated_left(&sealed).map_err(|_| not_found())?;
    if services.clock.now().timestamp() >= asked.until {
        return Err(Refusal::new(Code::LinkExpired, "link_expired").into());
    }
    Ok(())
}
