//! Push: what a person is told is shown by their browsers' system, also where no page of ours is open (RFC 8030). A
//! browser is told only after its person asked for it there; it stops when they sign out of it.

mod send;
mod store;
mod vapid;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    ids::{DeviceId, UserId},
};
use p256::PublicKey;
use sqlx::PgConnection;
use url::Url;

use crate::{Actor, Result, Services, account, chance, jobs, limit, net, notice::News};

pub use send::SendPush;

/// The longest address of a push service that is kept, bytes.
const LONGEST_ENDPOINT: usize = 2000;

/// How often a person may ask for it in an hour.
const ASKED_PER_HOUR: i32 = 30;

/// What a browser gives to be told (Push API): its address at its push service, and its keys in base64url.
#[derive(Clone, Copy, Debug)]
pub struct Subscription<'a> {
    /// Where it is reached.
    pub endpoint: &'a str,
    /// Its public key, an uncompressed point of P-256.
    pub p256dh: &'a str,
    /// Its secret of 16 bytes.
    pub auth: &'a str,
}

/// The same, judged.
struct Device {
    endpoint: String,
    p256dh: Vec<u8>,
    auth: Vec<u8>,
}

/// The key with which browsers subscribe, in base64url.
///
/// # Errors
/// None that could be named.
pub fn server_key(services: &Services) -> Result<String> {
    Ok(vapid::Key::of(&services.config)?.public())
}

/// Tells a browser from now on, for as long as the sign-in with this cookie lasts. A browser that was told before is told
/// anew by what it gives now.
///
/// # Errors
/// `INVALID_REQUEST` (`push`) for what is no subscription or leads into a network of ours, `INVALID_TOKEN` where the
/// cookie is not the person's, `RATE_LIMITED`.
pub async fn subscribe(
    services: &Services,
    actor: &Actor,
    cookie: &str,
    subscription: Subscription<'_>,
) -> Result<()> {
    limit::count(services, &format!("push:{}", actor.user), ASKED_PER_HOUR).await?;
    let device = read(services, subscription)?;
    let mut db = services.db.acquire().await?;
    let id: DeviceId = chance::id();
    let sign_in = account::digest(cookie);
    let key = server_key(services)?;
    let now = services.clock.now();
    match store::insert_device(&mut db, id, (actor.user, &sign_in), &device, &key, now).await? {
        true => Ok(()),
        false => Err(Refusal::new(Code::InvalidToken, "token_invalid").into()),
    }
}

fn read(services: &Services, subscription: Subscription<'_>) -> Result<Device> {
    let refusal = || Refusal::on(Code::InvalidRequest, "push", "endpoint");
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| refusal());
    let url = Url::parse(subscription.endpoint).map_err(|_| refusal())?;
    let secure = url.scheme() == "https" || services.config.is_development();
    let (p256dh, auth) = (decode(subscription.p256dh)?, decode(subscription.auth)?);
    let fits =
        subscription.endpoint.len() <= LONGEST_ENDPOINT && secure && net::may_ask(&services.config, &url);
    if !fits || PublicKey::from_sec1_bytes(&p256dh).is_err() || auth.len() != 16 {
        return Err(refusal().into());
    }
    // As the browser says it: it is asked for in the same words.
    Ok(Device { endpoint: subscription.endpoint.to_owned(), p256dh, auth })
}

/// Whether a browser of the person is told by this address.
///
/// # Errors
/// Where the database cannot be read.
pub async fn is_told(services: &Services, actor: &Actor, endpoint: &str) -> Result<bool> {
    let key = server_key(services)?;
    let mut db = services.db.acquire().await?;
    store::has_device(&mut db, actor.user, endpoint, &key).await
}

/// How many browsers of the person are told.
///
/// # Errors
/// Where the database cannot be read.
pub async fn count(services: &Services, actor: &Actor) -> Result<i64> {
    let mut db = services.db.acquire().await?;
    store::count_devices(&mut db, actor.user).await
}

/// Tells none of the person's browsers any more; with an address, that one.
///
/// # Errors
/// Where the database cannot be written.
pub async fn unsubscribe(services: &Services, actor: &Actor, endpoint: Option<&str>) -> Result<()> {
    let mut db = services.db.acquire().await?;
    store::delete_devices(&mut db, actor.user, endpoint).await
}

/// Has news told by all browsers of a person who wants that, once, after the commit: by a sentence in the person's
/// language.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn tell(
    tx: &mut PgConnection,
    user: UserId,
    news: &News<'_>,
    sentence: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(id) = store::insert_push(tx, user, news, sentence, now).await? else { return Ok(()) };
    let devices = store::list_devices(tx, user).await?;
    let jobs: Vec<_> = devices.into_iter().map(|device| SendPush { push: id, device }).collect();
    jobs::enqueue_all(tx, &jobs).await
}
