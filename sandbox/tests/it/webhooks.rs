//! Deliveries: signed, tried again, held, doubled, out of order.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use reqwest::Method;
use sandbox::{Options, webhooks::sign};
use serde_json::{Value, json};

use crate::support::{Stand, id};

/// What arrived: signature and body; and what is answered.
#[derive(Clone, Default)]
struct Receiver {
    got: Arc<Mutex<Vec<(String, String)>>>,
    answer: Arc<AtomicU16>,
}

impl Receiver {
    async fn start() -> (Self, String) {
        let receiver = Self::default();
        receiver.answer.store(200, Ordering::Relaxed);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new().route("/hook", post(Self::take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (receiver, url)
    }

    async fn take(State(receiver): State<Self>, headers: HeaderMap, body: String) -> StatusCode {
        let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
        receiver.got.lock().unwrap().push((signature, body));
        StatusCode::from_u16(receiver.answer.load(Ordering::Relaxed)).unwrap()
    }

    /// Waits until so many arrived.
    async fn wait(&self, count: usize) -> Vec<(String, Value)> {
        for _ in 0..200 {
            let got = self.got.lock().unwrap().clone();
            if got.len() >= count {
                return got
                    .into_iter()
                    .map(|(sign, body)| (sign, serde_json::from_str(&body).unwrap()))
                    .collect();
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{} of {count} arrived", self.got.lock().unwrap().len());
    }

    fn clear(&self) {
        self.got.lock().unwrap().clear();
    }
}

fn types(got: &[(String, Value)]) -> Vec<String> {
    got.iter().map(|(_, event)| event["type"].as_str().unwrap().to_owned()).collect()
}

async fn stand() -> (Stand, Receiver) {
    let (receiver, url) = Receiver::start().await;
    let options = Options {
        webhook_url: Some(url),
        webhook_secret: "whsec_known".into(),
        webhook_retry_ms: 20,
        ..Options::default()
    };
    (Stand::with(options).await, receiver)
}

#[tokio::test]
async fn events_are_signed_by_the_sandboxes_clock() {
    let (stand, receiver) = stand().await;
    stand.clock("2030-05-01T00:00:00Z").await;
    let paid = stand.pay("pm_card_visa", &[]).await.ok();
    let got = receiver.wait(3).await;
    let mut kinds = types(&got);
    kinds.sort();
    assert_eq!(kinds, ["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"]);
    for (signature, body) in receiver.got.lock().unwrap().iter() {
        assert_eq!(*signature, sign("whsec_known", 1_903_824_000, body));
    }
    let done = got.iter().find(|(_, event)| event["type"] == "payment_intent.succeeded").unwrap().1.clone();
    assert_eq!(done["data"]["object"]["id"], paid["id"]);
    assert_eq!(
        (&done["api_version"], &done["created"]),
        (&json!(sandbox::API_VERSION), &json!(1_903_824_000))
    );
    let stored = stand.get(&format!("/v1/events/{}", id(&done)), &[]).await.ok();
    assert_eq!((&stored["pending_webhooks"], &stored["data"]), (&json!(0), &done["data"]));
    let listed = stand.get("/v1/events", &[("type", "charge.*")]).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_refused_delivery_comes_again() {
    let (stand, receiver) = stand().await;
    receiver.answer.store(500, Ordering::Relaxed);
    stand.customer().await;
    let first = receiver.wait(2).await;
    assert_eq!(first[0].1["id"], first[1].1["id"]);
    receiver.answer.store(200, Ordering::Relaxed);
    let before = receiver.got.lock().unwrap().len();
    receiver.wait(before + 1).await;
    for _ in 0..100 {
        let report = stand.control(Method::GET, "/webhooks", json!({})).await;
        if report["delivered"] == 1 && report["under_way"] == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the delivery did not end");
}

#[tokio::test]
async fn deliveries_are_held_doubled_and_turned_around() {
    let (stand, receiver) = stand().await;
    stand.control(Method::PUT, "/webhooks", json!({ "hold": true })).await;
    stand.pay("pm_card_visa", &[]).await.ok();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(receiver.got.lock().unwrap().is_empty());
    let report = stand.control(Method::GET, "/webhooks", json!({})).await;
    assert_eq!(report["held"].as_array().unwrap().len(), 3);
    stand.control(Method::POST, "/webhooks/release", json!({ "order": "reversed" })).await;
    let got = receiver.wait(3).await;
    assert_eq!(types(&got), ["payment_intent.succeeded", "charge.succeeded", "payment_intent.created"]);
    receiver.clear();
    stand.control(Method::PUT, "/webhooks", json!({ "duplicate": 2 })).await;
    stand.customer().await;
    let got = receiver.wait(3).await;
    assert!(got.iter().all(|(_, event)| event["id"] == got[0].1["id"]), "three times the same event");
    receiver.clear();
    stand.control(Method::PUT, "/webhooks", json!({ "lose": true })).await;
    stand.customer().await;
    stand.control(Method::PUT, "/webhooks", json!({})).await;
    let lost = stand.get("/v1/events", &[("limit", "1")]).await.ok()["data"][0].clone();
    stand.control(Method::POST, "/webhooks/resend", json!({ "event": id(&lost) })).await;
    assert_eq!(receiver.wait(1).await[0].1["id"], lost["id"]);
}

#[tokio::test]
async fn deliveries_are_late_and_shuffled() {
    let (stand, receiver) = stand().await;
    stand.control(Method::PUT, "/webhooks", json!({ "delay_ms": 2000 })).await;
    stand.customer().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(receiver.got.lock().unwrap().is_empty());
    receiver.wait(1).await;
    receiver.clear();
    stand.control(Method::PUT, "/webhooks", json!({ "hold": true })).await;
    let mut made = Vec::new();
    for _ in 0..20 {
        made.push(stand.customer().await);
    }
    let released = stand.control(Method::POST, "/webhooks/release", json!({ "order": "shuffled" })).await;
    assert_eq!(released["released"], 20);
    let mut came: Vec<String> =
        receiver.wait(20).await.iter().map(|(_, event)| id(&event["data"]["object"])).collect();
    // One order of 20! is the one in which they were made.
    assert_ne!(came, made);
    came.sort();
    made.sort();
    assert_eq!(came, made);
}

#[tokio::test]
async fn endpoints_take_what_they_asked_for() {
    let (receiver, url) = Receiver::start().await;
    let stand = Stand::new().await;
    let form = [
        ("url", url.as_str()),
        ("enabled_events[]", "customer.deleted"),
        ("enabled_events[]", "charge.succeeded"),
    ];
    let endpoint = stand.post("/v1/webhook_endpoints", &form).await.ok();
    let secret = endpoint["secret"].as_str().unwrap();
    let path = format!("/v1/webhook_endpoints/{}", id(&endpoint));
    assert!(stand.get(&path, &[]).await.ok().get("secret").is_none(), "told once");
    stand.clock("2030-05-01T00:00:00Z").await;
    stand.pay("pm_card_visa", &[]).await.ok();
    let customer = stand.customer().await;
    stand.delete(&format!("/v1/customers/{customer}")).await.ok();
    assert_eq!(types(&receiver.wait(2).await), ["charge.succeeded", "customer.deleted"]);
    let (signature, body) = receiver.got.lock().unwrap()[0].clone();
    assert_eq!(signature, sign(secret, 1_903_824_000, &body));
    stand.post(&path, &[("disabled", "true")]).await.ok();
    stand.pay("pm_card_visa", &[]).await.ok();
    stand.delete(&path).await.ok();
    stand.get(&path, &[]).await.refused(404, "resource_missing");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.got.lock().unwrap().len(), 2);
    stand
        .post("/v1/webhook_endpoints", &[("url", "nonsense"), ("enabled_events[]", "*")])
        .await
        .refused(400, "url_invalid");
}
