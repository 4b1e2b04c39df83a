//! The calendar of one's own lessons at an address that nobody can guess.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use domain::{Code, Refusal, account::Role, ids::UserId};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    entry::{self, Method},
    store, words,
};
use crate::{Actor, AppError, Result, Services, chance};

/// How long a lesson stays in the feed after its end.
const KEPT: TimeDelta = TimeDelta::days(90);

/// Where a person's calendar is. Whoever knows it can read it.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// As calendars fetch it.
    pub https: String,
    /// The same as a link that opens a calendar program.
    pub webcal: String,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(…)")
    }
}

/// A feed as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// The file.
    pub text: String,
    /// Names what it says (RFC 9110, 8.8.3), weakly: when it was written is left out.
    pub etag: String,
}

/// The address of one's own calendar; `None` before it has one. So it is too once the server's secret was exchanged: the
/// address still holds then, and can be shown no more.
///
/// # Errors
/// Where the database cannot be read.
pub async fn address(services: &Services, actor: &Actor) -> Result<Option<Address>> {
    let mut db = services.db.acquire().await?;
    let Some((serial, hash)) = store::find_feed(&mut db, actor.user).await? else { return Ok(None) };
    let secret = secret(&services.config.secrets.session, actor.user, serial)?;
    if hash_of(&secret) != hash {
        return Ok(None);
    }
    let https = format!("{}/calendar/{secret}.ics", services.config.web.public_url);
    let bare = https.split_once("://").map_or(https.as_str(), |(_, rest)| rest);
    Ok(Some(Address { webcal: format!("webcal://{bare}"), https }))
}

/// Gives one's own calendar an address, or another one: the old one leads nowhere from then on.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for admins, who have no lessons.
pub async fn renew(services: &Services, actor: &Actor) -> Result<()> {
    if actor.role == Role::Admin {
        return Err(Refusal::new(Code::InsufficientPermissions, "forbidden").into());
    }
    let serial: Uuid = chance::id();
    let secret = secret(&services.config.secrets.session, actor.user, serial)?;
    let mut db = services.db.acquire().await?;
    store::set_feed(&mut db, actor.user, serial, &hash_of(&secret), services.clock.now()).await
}

/// The calendar at an address: all lessons of the last 90 days and to come, in its owner's language.
///
/// # Errors
/// `NOT_FOUND` for an address that leads nowhere, or nowhere any more.
pub async fn feed(services: &Services, secret: &str) -> Result<Feed> {
    let now = services.clock.now();
    let unknown = || Refusal::new(Code::NotFound, "not_found");
    let mut db = services.db.acquire().await?;
    let owner = store::find_feed_owner(&mut db, &hash_of(secret)).await?.ok_or_else(unknown)?;
    let reader = store::find_reader(&mut db, owner).await?.ok_or_else(unknown)?;
    let lessons = store::list(&mut db, owner, now - KEPT).await?;
    drop(db);
    let name = words::feed(reader.language);
    let text = entry::file(&services.config, Some(Method::Publish), &reader, &lessons, Some(name), now)?;
    let etag = etag(&text);
    Ok(Feed { text, etag })
}

/// 256 bits that only this server can tell.
fn secret(session: &str, user: UserId, serial: Uuid) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(session.as_bytes()).map_err(AppError::fault)?;
    mac.update(format!("calendar:{user}:{serial}").as_bytes());
    Ok(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn hash_of(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

fn etag(text: &str) -> String {
    let digest = digest(text);
    format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or(&digest)))
}

/// Names what a file says; when it was written is left out.
pub(super) fn digest(text: &str) -> Vec<u8> {
    let mut said = Sha256::new();
    for line in text.lines().filter(|line| !line.starts_with("DTSTAMP:")) {
        said.update(line.as_bytes());
        said.update(b"\n");
    }
    said.finalize().to_vec()
}
