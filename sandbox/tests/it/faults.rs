//! Faults: lost answers, errors before and after the effect, delays.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::Stand;

const PAY: [(&str, &str); 5] = [
    ("amount", "5000"),
    ("currency", "eur"),
    ("payment_method", "pm_card_visa"),
    ("confirm", "true"),
    ("return_url", "http://localhost:9/"),
];

#[tokio::test]
async fn a_lost_answer_is_there_on_the_second_try() {
    let stand = Stand::new().await;
    for (kind, done) in [("drop_after", 1), ("drop_before", 0)] {
        let before = stand.state().await["payment_intents"].as_u64().unwrap();
        stand.fault(json!({ "path": "/v1/payment_intents*", "method": "POST", "kind": kind })).await;
        let lost = stand.keyed(kind, "/v1/payment_intents", &PAY).await;
        assert!(lost.is_err(), "{kind}: the connection closes without an answer");
        assert_eq!(stand.state().await["payment_intents"], before + done, "{kind}");
        let again = stand.keyed(kind, "/v1/payment_intents", &PAY).await.unwrap();
        assert_eq!(again.replayed, done == 1, "{kind}");
        assert_eq!(again.ok()["status"], "succeeded");
        assert_eq!(stand.state().await["payment_intents"], before + 1, "{kind}");
    }
}

#[tokio::test]
async fn an_answer_can_be_lost_again_and_again() {
    let stand = Stand::new().await;
    stand.fault(json!({ "path": "/v1/payment_intents", "kind": "drop_after", "times": 3 })).await;
    for _ in 0..3 {
        assert!(stand.keyed("k", "/v1/payment_intents", &PAY).await.is_err());
    }
    assert!(stand.keyed("k", "/v1/payment_intents", &PAY).await.unwrap().replayed);
    assert_eq!(stand.state().await["payment_intents"], 1);
}

#[tokio::test]
async fn errors_come_before_or_after_the_effect() {
    let stand = Stand::new().await;
    for (kind, status, remember, again, made) in [
        ("error_before", 500, false, 200, 1),
        ("error_before", 503, false, 200, 1),
        ("error_before", 429, false, 200, 1),
        ("error_after", 502, false, 200, 1),
        ("error_after", 500, true, 500, 1),
    ] {
        stand.control(reqwest::Method::POST, "/reset", json!({})).await;
        stand.fault(json!({ "path": "/v1/payment_intents", "kind": kind, "status": status, "remember": remember })).await;
        let first = stand.keyed("k", "/v1/payment_intents", &PAY).await.unwrap();
        assert_eq!(first.status, status, "{kind}");
        let kind_of = first.body["error"]["type"].as_str().unwrap().to_owned();
        assert_eq!(kind_of == "api_error", status >= 500);
        let second = stand.keyed("k", "/v1/payment_intents", &PAY).await.unwrap();
        assert_eq!(second.status, again, "{kind} {status}");
        assert_eq!(stand.state().await["payment_intents"], made, "{kind} {status}");
    }
}

#[tokio::test]
async fn a_fault_befalls_as_many_as_it_says() {
    let stand = Stand::new().await;
    stand
        .fault(json!({ "path": "/v1/bal*", "method": "get", "kind": "error_before", "times": 2, "skip": 1 }))
        .await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(stand.get("/v1/balance", &[]).await.status);
    }
    assert_eq!(statuses, [200, 500, 500, 200]);
    assert_eq!(stand.control(reqwest::Method::GET, "/faults", json!({})).await["faults"], json!([]));
}

#[tokio::test]
async fn answers_are_late() {
    let stand = Stand::new().await;
    stand.fault(json!({ "path": "/v1/payment_intents", "kind": "delay", "delay_ms": 4000 })).await;
    let hasty = reqwest::Client::builder().timeout(Duration::from_secs(2)).build().unwrap();
    let request = hasty.post(stand.url("/v1/payment_intents")).bearer_auth("sk_test_sandbox");
    let request = request.header("idempotency-key", "k").form(&PAY);
    assert!(request.send().await.is_err_and(|error| error.is_timeout()));
    assert_eq!(stand.state().await["payment_intents"], 1, "the work was done all the same");
    assert_eq!(stand.keyed("k", "/v1/payment_intents", &PAY).await.unwrap().status, 409, "still under way");
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(stand.keyed("k", "/v1/payment_intents", &PAY).await.unwrap().replayed);
    stand.control(reqwest::Method::PUT, "/latency", json!({ "ms": 50 })).await;
    let began = Instant::now();
    stand.get("/v1/balance", &[]).await.ok();
    assert!(began.elapsed() >= Duration::from_millis(50));
}
