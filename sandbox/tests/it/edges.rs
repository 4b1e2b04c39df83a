//! The edges of the protocol: keys, parameters, lists, versions, idempotency, amounts.

use reqwest::Method;
use sandbox::Options;
use serde_json::json;

use crate::support::{Stand, id};

#[tokio::test]
async fn keys_are_needed() {
    let stand = Stand::new().await;
    let ask = async |authorization: Option<&str>| {
        let mut request = stand.client.get(stand.url("/v1/balance"));
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json::<serde_json::Value>().await.unwrap())
    };
    assert_eq!(ask(None).await.0, 401);
    let (status, body) = ask(Some("Bearer sk_test_wrong1234")).await;
    assert_eq!(
        (status, &body["error"]["message"]),
        (401, &json!("Invalid API Key provided: sk_test_****1234"))
    );
    assert_eq!(ask(Some("Bearer sk_test_sandbox")).await.0, 200);
    assert_eq!(ask(Some("Basic c2tfdGVzdF9zYW5kYm94Og==")).await.0, 200);
}

#[tokio::test]
async fn what_is_not_known_is_refused() {
    let stand = Stand::new().await;
    let error = stand.post("/v1/customers", &[("colour", "red")]).await.refused(400, "parameter_unknown");
    assert_eq!(error["param"], "colour");
    assert!(error["doc_url"].as_str().unwrap().ends_with("/parameter-unknown"));
    let nested = [("invoice_settings[colour]", "red")];
    let error = stand.post("/v1/customers", &nested).await.refused(400, "parameter_unknown");
    assert_eq!(error["param"], "invoice_settings[colour]");
    stand.get("/v1/unicorns", &[]).await.error(404);
    stand.delete("/v1/refunds").await.error(404);
    for kind in [
        "customers/cus_1",
        "payment_intents/pi_1",
        "refunds/re_1",
        "events/evt_1",
        "disputes/dp_1",
        "transfers/tr_1",
    ] {
        stand.get(&format!("/v1/{kind}"), &[]).await.refused(404, "resource_missing");
    }
    stand.post("/v1/payment_intents", &[("amount", "500")]).await.refused(400, "parameter_missing");
    stand
        .post("/v1/payment_intents", &[("amount", "x"), ("currency", "eur")])
        .await
        .refused(400, "parameter_invalid_integer");
    stand
        .post("/v1/payment_intents", &[("amount", ""), ("currency", "eur")])
        .await
        .refused(400, "parameter_invalid_empty");
    stand
        .post("/v1/payment_intents", &[("amount", "49"), ("currency", "eur")])
        .await
        .refused(400, "amount_too_small");
    assert_eq!(
        stand.post("/v1/payment_intents", &[("amount", "500"), ("currency", "xxx")]).await.error(400)["param"],
        "currency"
    );
    let version = [("stripe-version", "2019-01-01")];
    assert_eq!(stand.send(Method::GET, "/v1/balance", &[], &version).await.unwrap().status, 400);
    let version = [("stripe-version", sandbox::API_VERSION)];
    assert_eq!(stand.send(Method::GET, "/v1/balance", &[], &version).await.unwrap().status, 200);
}

#[tokio::test]
async fn lists_are_cut_into_pages() {
    let stand = Stand::new().await;
    let mut made = Vec::new();
    for at in [
        "2026-12-01T10:00:00Z",
        "2026-12-01T10:00:01Z",
        "2026-12-01T10:00:02Z",
        "2026-12-01T10:00:03Z",
        "2026-12-01T10:00:04Z",
    ] {
        stand.clock(at).await;
        made.insert(0, stand.customer().await);
    }
    let list = async |query: &[(&str, &str)]| {
        let got = stand.get("/v1/customers", query).await.ok();
        let ids: Vec<String> = got["data"].as_array().unwrap().iter().map(id).collect();
        (ids, got["has_more"].as_bool().unwrap())
    };
    assert_eq!(list(&[]).await, (made.clone(), false));
    assert_eq!(list(&[("limit", "2")]).await, (made[..2].to_vec(), true));
    assert_eq!(list(&[("limit", "2"), ("starting_after", &made[1])]).await, (made[2..4].to_vec(), true));
    assert_eq!(list(&[("limit", "2"), ("starting_after", &made[3])]).await, (made[4..].to_vec(), false));
    assert_eq!(list(&[("limit", "2"), ("ending_before", &made[4])]).await, (made[2..4].to_vec(), true));
    assert_eq!(list(&[("limit", "3"), ("ending_before", &made[3])]).await, (made[..3].to_vec(), false));
    let second = "1796119202";
    assert_eq!(list(&[("created[gte]", second)]).await.0, made[..3]);
    assert_eq!(list(&[("created[gt]", second)]).await.0, made[..2]);
    assert_eq!(list(&[("created[lt]", second)]).await.0, made[3..]);
    assert_eq!(list(&[("created", second)]).await.0, [made[2].clone()]);
    for limit in ["0", "101", "x"] {
        stand.get("/v1/customers", &[("limit", limit)]).await.error(400);
    }
    stand.get("/v1/customers", &[("starting_after", "cus_none")]).await.refused(404, "resource_missing");
}

#[tokio::test]
async fn an_id_is_expanded() {
    let stand = Stand::new().await;
    let customer = stand.customer().await;
    stand.pay("pm_card_visa", &[("customer", &customer)]).await.ok();
    let query = [("expand[]", "data.customer"), ("expand[]", "data.latest_charge.balance_transaction")];
    let listed = stand.get("/v1/payment_intents", &query).await.ok();
    assert_eq!(listed["data"][0]["customer"]["email"], "ada@example.org");
    assert_eq!(listed["data"][0]["latest_charge"]["balance_transaction"]["object"], "balance_transaction");
    for path in
        ["data.amount", "data.status", "data.nonsense", "data.latest_charge.payment_intent.customer.id.x"]
    {
        stand.get("/v1/payment_intents", &[("expand[]", path)]).await.error(400);
    }
}

#[tokio::test]
async fn the_same_key_does_nothing_twice() {
    let stand = Stand::new().await;
    stand.clock("2026-12-01T10:00:00Z").await;
    let form = [("email", "a@example.org")];
    let first = stand.keyed("k1", "/v1/customers", &form).await.unwrap();
    let second = stand.keyed("k1", "/v1/customers", &form).await.unwrap();
    assert!(!first.replayed && second.replayed);
    assert_eq!(first.body, second.body);
    let other = stand.keyed("k1", "/v1/customers", &[("email", "b@example.org")]).await.unwrap().error(400);
    assert_eq!(other["type"], "idempotency_error");
    assert_eq!(stand.state().await["customers"], 1);
    stand.clock("2026-12-02T10:00:00Z").await;
    assert_ne!(
        stand.keyed("k1", "/v1/customers", &form).await.unwrap().body,
        first.body,
        "a day later it is new"
    );
    // A declined card is an answer, a wrong parameter is none.
    let pay = |amount| {
        [
            ("amount", amount),
            ("currency", "eur"),
            ("payment_method", "pm_card_visa_chargeDeclined"),
            ("confirm", "true"),
            ("return_url", "http://localhost:9/"),
        ]
    };
    stand.keyed("k2", "/v1/payment_intents", &pay("5000")).await.unwrap().error(402);
    assert!(stand.keyed("k2", "/v1/payment_intents", &pay("5000")).await.unwrap().replayed);
    stand.keyed("k3", "/v1/payment_intents", &pay("1")).await.unwrap().refused(400, "amount_too_small");
    stand.keyed("k3", "/v1/payment_intents", &pay("5000")).await.unwrap().error(402);
    assert_eq!(stand.state().await["payment_intents"], 2);
    // What cannot be expanded is told after the work was done.
    for _ in 0..2 {
        let form = [("name", "Ada"), ("expand[]", "nonsense")];
        assert_eq!(stand.keyed("k4", "/v1/customers", &form).await.unwrap().error(400)["param"], "expand");
    }
    assert_eq!(stand.state().await["customers"], 3);
    let long = "x".repeat(256);
    assert_eq!(stand.keyed(&long, "/v1/customers", &form).await.unwrap().status, 400);
}

#[tokio::test]
async fn a_key_in_use_is_a_conflict() {
    let stand = Stand::new().await;
    stand.control(Method::PUT, "/latency", json!({ "ms": 2000 })).await;
    let form = [("email", "a@example.org")];
    let ask = || stand.keyed("k", "/v1/customers", &form);
    let (first, second, third) = tokio::join!(ask(), ask(), ask());
    let mut statuses = [first, second, third].map(|got| got.unwrap().status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409]);
    let again = ask().await.unwrap();
    assert!(again.replayed);
    assert_eq!(stand.state().await["customers"], 1);
}

#[tokio::test]
async fn requests_are_limited_where_that_is_asked_for() {
    let stand = Stand::with(Options { rate_limit: Some(5), ..Options::default() }).await;
    let asked = futures::future::join_all((0..12).map(|_| stand.get("/v1/balance", &[]))).await;
    let limited = asked.iter().filter(|got| got.status == 429).count();
    assert!((2..=7).contains(&limited), "{limited} of 12 were refused");
}

#[tokio::test]
async fn reset_forgets_everything() {
    let stand = Stand::new().await;
    stand.keyed("k", "/v1/customers", &[]).await.unwrap().ok();
    stand.clock("2030-01-01T00:00:00Z").await;
    stand.control(Method::POST, "/reset", json!({})).await;
    assert_eq!(stand.state().await["customers"], 0);
    assert!(!stand.keyed("k", "/v1/customers", &[]).await.unwrap().replayed);
    let now = stand.control(Method::GET, "/clock", json!({})).await;
    assert!(!now["now"].as_str().unwrap().starts_with("2030-01-01T00:00:00"));
}
