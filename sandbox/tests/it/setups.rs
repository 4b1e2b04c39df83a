//! Customers, payment methods and SetupIntents.

use serde_json::json;

use crate::support::{NO_REDIRECT, Stand, id};

#[tokio::test]
async fn customers_live() {
    let stand = Stand::new().await;
    let form = [
        ("email", "ada@example.org"),
        ("name", "Ada"),
        ("metadata[user]", "1"),
        ("payment_method", "pm_card_visa"),
    ];
    let customer = stand.post("/v1/customers", &form).await.ok();
    let path = format!("/v1/customers/{}", id(&customer));
    let cards = stand.get(&format!("{path}/payment_methods"), &[("type", "card")]).await.ok();
    let card = id(&cards["data"][0]);
    let default = "invoice_settings[default_payment_method]";
    let changed =
        stand.post(&path, &[(default, card.as_str()), ("name", ""), ("metadata[user]", "2")]).await.ok();
    assert_eq!(changed["invoice_settings"]["default_payment_method"], card.as_str());
    assert_eq!((&changed["name"], &changed["metadata"]), (&json!(null), &json!({ "user": "2" })));
    let stranger = stand.save(&stand.customer().await, "pm_card_visa").await;
    stand.post(&path, &[(default, &stranger)]).await.refused(400, "resource_missing");
    stand.post(&format!("/v1/payment_methods/{card}/detach"), &[]).await.ok();
    let after = stand.get(&path, &[]).await.ok();
    assert!(after["invoice_settings"]["default_payment_method"].is_null());
    let customer_id = id(&customer);
    stand.post(&format!("/v1/payment_methods/{card}/attach"), &[("customer", &customer_id)]).await.error(400);
    assert_eq!(stand.delete(&path).await.ok()["deleted"], true);
    assert_eq!(stand.get(&path, &[]).await.ok()["deleted"], true);
    stand.post(&path, &[("name", "x")]).await.refused(404, "resource_missing");
    let listed = stand.get("/v1/customers", &[("email", "ada@example.org")]).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    stand.post("/v1/customers", &[("email", "nonsense")]).await.refused(400, "email_invalid");
}

#[tokio::test]
async fn cards_are_attached_once_and_refused_by_their_banks() {
    let stand = Stand::new().await;
    let (customer, other) = (stand.customer().await, stand.customer().await);
    let card = stand.post("/v1/payment_methods/pm_card_visa/attach", &[("customer", &customer)]).await.ok();
    assert_eq!(card["customer"], customer.as_str());
    let attach = format!("/v1/payment_methods/{}/attach", id(&card));
    stand.post(&attach, &[("customer", &other)]).await.error(400);
    stand.post(&attach, &[("customer", &customer)]).await.ok();
    for token in [
        "pm_card_visa_chargeDeclined",
        "pm_card_chargeDeclinedExpiredCard",
        "pm_card_chargeDeclinedIncorrectCvc",
    ] {
        stand
            .post(&format!("/v1/payment_methods/{token}/attach"), &[("customer", &customer)])
            .await
            .error(402);
    }
    let listed = stand.get("/v1/payment_methods", &[("customer", &customer), ("type", "card")]).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let fingerprints = [&card["card"]["fingerprint"], &listed["data"][0]["card"]["fingerprint"]];
    assert_eq!(fingerprints[0], fingerprints[1]);
}

#[tokio::test]
async fn what_was_typed_is_judged() {
    let stand = Stand::new().await;
    stand.clock("2026-11-21T12:00:00Z").await;
    for (number, month, year, cvc, code) in [
        ("4242424242424241", "1", "2030", "123", "incorrect_number"),
        ("4111111111111111", "1", "2030", "123", "card_declined"),
        ("4242424242424242", "13", "2030", "123", "invalid_expiry_month"),
        ("4242424242424242", "10", "2026", "123", "invalid_expiry_year"),
        ("4242424242424242", "1", "30", "12", "invalid_cvc"),
        ("378282246310005", "1", "30", "123", "invalid_cvc"),
    ] {
        let form = [
            ("type", "card"),
            ("card[number]", number),
            ("card[exp_month]", month),
            ("card[exp_year]", year),
            ("card[cvc]", cvc),
        ];
        stand.post("/v1/payment_methods", &form).await.refused(402, code);
    }
    let form = [
        ("type", "card"),
        ("card[number]", "4242424242424242"),
        ("card[exp_month]", "11"),
        ("card[exp_year]", "2026"),
    ];
    let card = stand.post("/v1/payment_methods", &form).await.ok();
    assert_eq!(
        (&card["card"]["last4"], &card["card"]["checks"]["cvc_check"]),
        (&json!("4242"), &json!(null))
    );
}

#[tokio::test]
async fn setups_succeed_ask_and_fail() {
    let stand = Stand::new().await;
    let customer = stand.customer().await;
    let setup = async |card: &str| {
        let form = [
            ("customer", customer.as_str()),
            ("payment_method", card),
            ("confirm", "true"),
            ("usage", "off_session"),
            NO_REDIRECT[0],
            NO_REDIRECT[1],
        ];
        stand.post("/v1/setup_intents", &form).await
    };
    let done = setup("pm_card_visa").await.ok();
    assert_eq!((&done["status"], &done["usage"]), (&json!("succeeded"), &json!("off_session")));
    let card = stand
        .get(&format!("/v1/payment_methods/{}", done["payment_method"].as_str().unwrap()), &[])
        .await
        .ok();
    assert_eq!(card["customer"], customer.as_str());
    let error = setup("pm_card_visa_chargeDeclinedInsufficientFunds").await.refused(402, "card_declined");
    assert_eq!(error["setup_intent"]["status"], "requires_payment_method");
    assert_eq!(error["setup_intent"]["last_setup_error"]["decline_code"], "insufficient_funds");
    for (outcome, status, code) in [
        ("complete", "succeeded", json!(null)),
        ("fail", "requires_payment_method", json!("setup_intent_authentication_failure")),
    ] {
        let asked = setup("pm_card_authenticationRequiredOnSetup").await.ok();
        assert_eq!(asked["status"], "requires_action");
        stand.answer_bank(&asked, outcome).await;
        let after = stand.get(&format!("/v1/setup_intents/{}", id(&asked)), &[]).await.ok();
        assert_eq!((&after["status"], &after["last_setup_error"]["code"]), (&json!(status), &code));
    }
    let open = stand.post("/v1/setup_intents", &[("customer", &customer)]).await.ok();
    let path = format!("/v1/setup_intents/{}", id(&open));
    assert_eq!(stand.post(&format!("{path}/cancel"), &[]).await.ok()["status"], "canceled");
    stand
        .post(&format!("{path}/confirm"), &[("payment_method", "pm_card_visa")])
        .await
        .refused(400, "setup_intent_unexpected_state");
}

#[tokio::test]
async fn a_page_may_do_little() {
    let stand = Stand::new().await;
    let customer = stand.customer().await;
    let setup = stand
        .post("/v1/setup_intents", &[("customer", customer.as_str()), ("metadata[secret]", "x")])
        .await
        .ok();
    let (path, secret) =
        (stand.url(&format!("/v1/setup_intents/{}", id(&setup))), setup["client_secret"].as_str().unwrap());
    let get = async |url: &str, query: &[(&str, &str)]| {
        let response = stand.client.get(url).query(query).send().await.unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        (response.status().as_u16(), response.json::<serde_json::Value>().await.unwrap())
    };
    let key = ("key", "pk_test_sandbox");
    let (status, seen) = get(&path, &[key, ("client_secret", secret)]).await;
    assert_eq!((status, seen.get("metadata")), (200, None));
    assert_eq!(get(&path, &[key]).await.0, 400);
    assert_eq!(get(&path, &[key, ("client_secret", "seti_x_secret_y")]).await.0, 400);
    assert_eq!(get(&stand.url("/v1/customers"), &[key]).await.1["error"]["code"], "secret_key_required");
    let typed = [
        key,
        ("client_secret", secret),
        ("use_stripe_sdk", "true"),
        ("return_url", "http://localhost:9/"),
        ("payment_method_data[type]", "card"),
        ("payment_method_data[card][number]", "4000002500003155"),
        ("payment_method_data[card][exp_month]", "1"),
        ("payment_method_data[card][exp_year]", "2040"),
        ("payment_method_data[card][cvc]", "123"),
        ("payment_method_data[billing_details][name]", "Ada"),
    ];
    let sent = stand.client.post(format!("{path}/confirm")).form(&typed).send().await.unwrap();
    let asked: serde_json::Value = sent.json().await.unwrap();
    assert_eq!(asked["next_action"]["type"], "use_stripe_sdk", "{asked}");
}
