//! What the provider tells us by itself: verified first, stored once, worked off as a job. In any order, and however
//! often it comes, it leads to the same state.

use domain::{Code, Refusal, ids::ChargeId, webhook::verify_stripe};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{charging, provider::Answer, store, stuck};
use crate::{
    Result, Services, dispute,
    jobs::{self, Job},
    payout,
};

/// The part of an event that is read before it is stored.
#[derive(Deserialize)]
struct Envelope {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// The job that works off an event of the provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandlePaymentEvent {
    /// The provider's id of it.
    pub event: String,
}

impl Job for HandlePaymentEvent {
    const NAME: &'static str = "handle_payment_event";

    async fn run(self, services: &Services) -> Result<()> {
        handle(services, &self.event).await
    }
}

/// Takes a message of the provider: the raw body, and its signature.
///
/// # Errors
/// `INVALID_REQUEST` where the signature does not hold (`signature`) or the body is no event (`malformed`).
pub async fn receive(services: &Services, signature: &str, body: &[u8]) -> Result<()> {
    let now = services.clock.now();
    verify(&services.payments()?.config().webhook_secret, signature, body, now.timestamp())?;
    let malformed = |_| Refusal::new(Code::InvalidRequest, "malformed");
    let payload: Value = serde_json::from_slice(body).map_err(malformed)?;
    let event = Envelope::deserialize(&payload).map_err(malformed)?;
    let mut tx = services.begin().await?;
    if store::insert_payment_event(&mut tx, &event.id, &event.kind, &payload, now).await? {
        jobs::enqueue(&mut tx, &HandlePaymentEvent { event: event.id }).await?;
    }
    Ok(tx.commit().await?)
}

/// Stripe signs what it tells of the platform's own account and of its tutors' accounts with a secret each: several
/// stand behind one another, separated by commas.
fn verify(secrets: &str, signature: &str, body: &[u8], now: i64) -> Result<(), Refusal> {
    let secrets = secrets.split(',').map(str::trim).filter(|secret| !secret.is_empty());
    let mut refusal = Refusal::on(Code::InvalidRequest, "signature", "Stripe-Signature");
    for secret in secrets {
        match verify_stripe(secret, signature, body, now) {
            Ok(()) => return Ok(()),
            Err(refused) => refusal = refused,
        }
    }
    Err(refusal)
}

/// Whether there is such a charge: an account may serve another platform too.
async fn is_ours(services: &Services, charge: ChargeId) -> Result<bool> {
    let mut tx = services.begin().await?;
    Ok(store::find_locked(&mut tx, charge).await?.is_some())
}

/// A refund can fail days after it was given: the card's account may be closed. Every other news of one is none.
async fn heard_of_refund(services: &Services, refund: &Value) -> Result<()> {
    let over = matches!(refund["status"].as_str(), Some("failed" | "canceled"));
    let ours = refund["metadata"]["refund"].as_str().and_then(|id| id.parse::<Uuid>().ok());
    match ours.filter(|_| over) {
        Some(id) => {
            stuck::heard_of(services, id, refund["failure_reason"].as_str().unwrap_or("failed")).await
        }
        None => Ok(()),
    }
}

async fn handle(services: &Services, event: &str) -> Result<()> {
    let mut db = services.db.acquire().await?;
    let Some((kind, payload)) = store::find_payment_event(&mut db, event).await? else { return Ok(()) };
    drop(db);
    let object = &payload["data"]["object"];
    let charge = object["metadata"]["charge"].as_str().and_then(|id| id.parse::<ChargeId>().ok());
    match (&*kind, charge, object["id"].as_str()) {
        // Its amount is the charge's own: nobody else can make one with our metadata.
        ("payment_intent.succeeded", Some(charge), Some(intent)) if is_ours(services, charge).await? => {
            charging::record(services, charge, None, Answer::Paid { intent: intent.to_owned() }).await?;
        }
        ("refund.failed" | "refund.updated" | "charge.refund.updated", ..) => {
            heard_of_refund(services, object).await?
        }
        // How it stands is asked for: what this message says may be old.
        (kind, _, Some(chargeback)) if kind.starts_with("charge.dispute.") => {
            dispute::hear(services, chargeback).await?;
        }
        ("account.updated", _, Some(account)) => payout::look_up(services, account).await?,
        // A decline is answered to whoever asked; a payment that nobody here asked for is none of ours.
        _ => tracing::debug!(event, kind, "an event that changes nothing"),
    }
    let mut db = services.db.acquire().await?;
    store::set_payment_event_processed(&mut db, event, services.clock.now()).await
}
