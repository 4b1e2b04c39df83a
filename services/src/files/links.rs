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
    let until = ends(services);
    let asked = Asked { home, id, size, reader, until };
    let seal = sealed(services, &asked.told())?;
    let small = if size == Size::Thumbnail { "&small=1" } else { "" };
    let address = home.address();
    Ok(format!("/{address}/{id}?for={reader}&until={until}&seal={seal}{small}"))
}

impl Asked {
    /// What is sealed of it.
    fn told(&self) -> String {
        let Asked { home, id, size, reader, until } = self;
        format!("{}:{id}:{size:?}:{reader}:{until}", home.sealed())
    }
}

/// When a link that is made now ends, seconds since 1970.
pub(crate) fn ends(services: &Services) -> i64 {
    (services.clock.now().timestamp().div_euclid(HOUR) + 2) * HOUR
}

fn seal(services: &Services, told: &str) -> Result<Hmac<Sha256>> {
    let secret = &services.config.secrets.session;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(AppError::fault)?;
    mac.update(told.as_bytes());
    Ok(mac)
}

/// The seal of what a link tells.
///
/// # Errors
/// Where none can be made.
pub(crate) fn sealed(services: &Services, told: &str) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(&seal(services, told)?.finalize().into_bytes()[..SEAL]))
}

/// Whether a link is one of ours, and in time.
///
/// # Errors
/// `NOT_FOUND`, `LINK_EXPIRED`.
pub(super) fn check(services: &Services, asked: &Asked, sealed: &str) -> Result<()> {
    check_seal(services, &asked.told(), asked.until, sealed)
}

/// The same of what any link of ours tells.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_seal(services: &Services, told: &str, until: i64, sealed: &str) -> Result<()> {
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok().filter(|sealed| sealed.len() == SEAL);
    let sealed = sealed.ok_or_else(not_found)?;
    seal(services, told)?.verify_truncated_left(&sealed).map_err(|_| not_found())?;
    if services.clock.now().timestamp() >= until {
        return Err(Refusal::new(Code::LinkExpired, "link_expired").into());
    }
    Ok(())
}
