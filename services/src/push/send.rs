//! Sending to push services, encrypted for the one browser (RFC 8291).

use chrono::TimeDelta;
use domain::ids::DeviceId;
use p256::PublicKey;
use reqwest::{Client, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::{store, vapid};
use crate::{AppError, Result, Services, jobs::Job, net};

/// How long a push service keeps what it cannot deliver, at most.
const KEPT_FOR: TimeDelta = TimeDelta::hours(12);

/// The job that tells one browser of one thing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendPush {
    /// What.
    pub push: i64,
    /// Which browser.
    pub device: DeviceId,
}

impl Job for SendPush {
    const NAME: &'static str = "send_push";

    async fn run(self, services: &Services) -> Result<()> {
        send(services, &self).await
    }
}

/// What is sent, and to whom.
pub(super) struct Sending {
    pub endpoint: String,
    pub p256dh: Vec<u8>,
    pub auth: Vec<u8>,
    pub kind: String,
    pub about: String,
    pub sentence: String,
    pub page: String,
    pub useful_until: chrono::DateTime<chrono::Utc>,
    /// Our public key, with which the browser subscribed.
    pub server_key: String,
}

/// Sends it while it is of use. A browser that its push service does not know (any more) is forgotten, and one that is
/// refused because it subscribed with another key of ours; where the key is the present one the fault is on our side,
/// a clock that is wrong for one, and it is tried again. What a push service refuses otherwise is not. A process that is killed after
/// the push service's answer sends it again: it replaces the first, which has the same tag.
async fn send(services: &Services, job: &SendPush) -> Result<()> {
    let now = services.clock.now();
    let mut db = services.db.acquire().await?;
    let Some(sending) = store::find_sending(&mut db, job.push, job.device, now).await? else { return Ok(()) };
    drop(db);
    let status = post(services, &sending).await?;
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
            if sending.server_key == vapid::Key::of(&services.config)?.public() =>
        {
            Err(AppError::fault(format!("the push service does not take our word: {status}")))
        }
        StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let mut db = services.db.acquire().await?;
            store::delete_device(&mut db, job.device).await
        }
        StatusCode::TOO_MANY_REQUESTS => Err(AppError::fault("the push service asks for patience")),
        status if status.is_server_error() => Err(AppError::fault(format!("the push service says {status}"))),
        status if !status.is_success() => {
            tracing::warn!(%status, kind = sending.kind, "a push service refuses");
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Hands it to the push service; what that says.
async fn post(services: &Services, sending: &Sending) -> Result<StatusCode> {
    let now = services.clock.now();
    let endpoint = Url::parse(&sending.endpoint).map_err(AppError::fault)?;
    if !net::may_ask(&services.config, &endpoint) {
        return Ok(StatusCode::GONE);
    }
    let base = &services.config.web.public_url;
    let authorization = vapid::Key::of(&services.config)?.authorization(&endpoint, base, now)?;
    let kept_for = (sending.useful_until - now).min(KEPT_FOR).num_seconds().max(0);
    let client: Client = net::direct_client(&services.config)?;
    let call = client
        .post(endpoint)
        .header(header::AUTHORIZATION, authorization)
        .header(header::CONTENT_ENCODING, "aes128gcm")
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header("TTL", kept_for)
        .header("Urgency", "normal")
        .body(encrypted(sending)?);
    // Said without the address, by which the browser could be told.
    let answer = call.send().await.map_err(|error| AppError::fault(error.without_url()))?;
    Ok(answer.status())
}

/// The sentence and where it leads, readable by that browser alone.
fn encrypted(sending: &Sending) -> Result<Vec<u8>> {
    let message = json!({
        "sentence": sending.sentence,
        "page": sending.page,
        "tag": format!("{}/{}", sending.kind, sending.about),
    });
    let key = PublicKey::from_sec1_bytes(&sending.p256dh).map_err(AppError::fault)?;
    let auth: [u8; 16] = sending.auth.as_slice().try_into().map_err(AppError::fault)?;
    web_push_native::encrypt(message.to_string().into_bytes(), &key, &auth.into()).map_err(AppError::fault)
}
