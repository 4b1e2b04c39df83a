//! PaymentIntents: what each card does, capture, cancelling, search.

use serde_json::json;

use crate::support::{NO_REDIRECT, Stand, id};

#[tokio::test]
async fn every_card_does_what_is_documented() {
    let stand = Stand::new().await;
    let declines = [
        ("pm_card_visa_chargeDeclined", "card_declined", json!("generic_decline")),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", json!("insufficient_funds")),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", json!("lost_card")),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", json!("stolen_card")),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", json!(null)),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", json!(null)),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", json!(null)),
        (
            "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
            "card_declined",
            json!("card_velocity_exceeded"),
        ),
        ("pm_card_chargeCustomerFail", "card_declined", json!("generic_decline")),
        ("pm_card_radarBlock", "card_declined", json!("fraudulent")),
    ];
    for (card, code, decline) in declines {
        let error = stand.pay(card, &[]).await.refused(402, code);
        assert_eq!(error["decline_code"], decline, "{card}");
        assert_eq!(error["type"], "card_error");
        let intent = &error["payment_intent"];
        assert_eq!(intent["status"], "requires_payment_method", "{card}");
        assert_eq!(intent["last_payment_error"]["code"], code);
        assert!(intent["payment_method"].is_null());
        let charge = stand.get(&format!("/v1/charges/{}", error["charge"].as_str().unwrap()), &[]).await.ok();
        assert_eq!(
            (&charge["status"], &charge["paid"], &charge["failure_code"]),
            (&json!("failed"), &json!(false), &json!(code))
        );
    }
    for card in [
        "visa",
        "visa_debit",
        "mastercard",
        "amex",
        "discover",
        "diners",
        "jcb",
        "unionpay",
        "fr",
        "cvcCheckFail",
    ] {
        let intent = stand.pay(&format!("pm_card_{card}"), &[]).await.ok();
        assert_eq!(intent["status"], "succeeded", "{card}");
        assert_eq!(intent["amount_received"], 5000);
    }
}

#[tokio::test]
async fn a_payment_leaves_a_charge_and_a_line_of_the_balance() {
    let stand = Stand::new().await;
    let more = [("expand[]", "latest_charge.balance_transaction"), ("metadata[booking]", "7")];
    let intent = stand.pay("pm_card_mastercard", &more).await.ok();
    let charge = &intent["latest_charge"];
    assert_eq!((charge["amount_captured"].as_i64(), charge["captured"].as_bool()), (Some(5000), Some(true)));
    assert_eq!(charge["metadata"]["booking"], "7");
    assert_eq!(charge["payment_method_details"]["card"]["brand"], "mastercard");
    let line = &charge["balance_transaction"];
    // 1.4 % of 50.00 and 0.25.
    assert_eq!(
        (line["amount"].as_i64(), line["fee"].as_i64(), line["net"].as_i64()),
        (Some(5000), Some(95), Some(4905))
    );
    assert_eq!((&line["status"], &line["type"]), (&json!("pending"), &json!("charge")));
    let balance = stand.get("/v1/balance", &[]).await.ok();
    assert_eq!(balance["pending"][0]["amount"], 4905);
    assert_eq!(balance["available"][0]["amount"], 0);
}

#[tokio::test]
async fn the_owner_is_asked_as_the_card_says() {
    let stand = Stand::new().await;
    let customer = stand.customer().await;
    // Asked on session always; off session only where it was not set up.
    let setup_card = stand.save(&customer, "pm_card_authenticationRequiredOnSetup").await;
    assert_eq!(stand.pay_absent(&customer, &setup_card).await.ok()["status"], "succeeded");
    let unset = stand.pay_absent(&customer, "pm_card_authenticationRequiredOnSetup").await;
    assert_eq!(
        unset.refused(402, "authentication_required")["payment_intent"]["status"],
        "requires_payment_method"
    );
    assert_eq!(stand.pay(&setup_card, &[("customer", &customer)]).await.ok()["status"], "requires_action");
    // Asked always, set up or not.
    let always = stand.save(&customer, "pm_card_authenticationRequired").await;
    let error = stand.pay_absent(&customer, &always).await.refused(402, "authentication_required");
    assert_eq!(error["decline_code"], "authentication_required");
    assert_eq!(error["payment_method"]["id"], always.as_str());
    // Saved and asked, and then without money.
    let poor = stand.save(&customer, "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds").await;
    let error = stand.pay_absent(&customer, &poor).await.refused(402, "card_declined");
    assert_eq!(error["decline_code"], "insufficient_funds");
    // Saved without a word, and then declined.
    let late = stand.save(&customer, "pm_card_chargeCustomerFail").await;
    stand.pay_absent(&customer, &late).await.refused(402, "card_declined");
    // Set up from the start.
    let ready = stand.save(&customer, "pm_card_authenticationRequiredSetupForOffSession").await;
    assert_eq!(stand.pay_absent(&customer, &ready).await.ok()["status"], "succeeded");
}

#[tokio::test]
async fn an_answer_to_the_bank_ends_the_payment() {
    let stand = Stand::new().await;
    let find = async |intent: &serde_json::Value| {
        stand.get(&format!("/v1/payment_intents/{}", id(intent)), &[]).await.ok()
    };
    for (card, outcome, status, error) in [
        ("pm_card_threeDSecure2Required", "complete", "succeeded", json!(null)),
        (
            "pm_card_authenticationRequired",
            "fail",
            "requires_payment_method",
            json!("payment_intent_authentication_failure"),
        ),
        (
            "pm_card_authenticationRequired",
            "close",
            "requires_payment_method",
            json!("payment_intent_authentication_failure"),
        ),
        (
            "pm_card_threeDSecureRequiredChargeDeclined",
            "complete",
            "requires_payment_method",
            json!("card_declined"),
        ),
        (
            "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
            "complete",
            "requires_payment_method",
            json!("card_declined"),
        ),
    ] {
        let intent = stand.pay(card, &[]).await.ok();
        assert_eq!(intent["status"], "requires_action", "{card}");
        assert_eq!(intent["next_action"]["type"], "use_stripe_sdk");
        stand.answer_bank(&intent, outcome).await;
        let after = find(&intent).await;
        assert_eq!(after["status"], status, "{card} {outcome}");
        assert_eq!(after["last_payment_error"]["code"], error, "{card} {outcome}");
        assert!(after["next_action"].is_null());
    }
    let paid = stand.pay("pm_card_authenticationRequired", &[]).await.ok();
    stand.answer_bank(&paid, "complete").await;
    stand.answer_bank(&paid, "complete").await;
    assert_eq!(find(&paid).await["amount_received"], 5000);
    assert_eq!(
        stand.get("/v1/charges", &[("payment_intent", &id(&paid))]).await.ok()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_return_url_makes_a_redirect_that_comes_back() {
    let stand = Stand::new().await;
    let form = [
        ("amount", "1500"),
        ("currency", "eur"),
        ("payment_method", "pm_card_authenticationRequired"),
        ("confirm", "true"),
        ("return_url", "http://localhost:9/back?lesson=3"),
    ];
    let intent = stand.post("/v1/payment_intents", &form).await.ok();
    let url = intent["next_action"]["redirect_to_url"]["url"].as_str().unwrap();
    let straight = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let sent = straight.post(url).form(&[("outcome", "complete")]).send().await.unwrap();
    let back = sent.headers()["location"].to_str().unwrap().to_owned();
    assert!(
        back.starts_with(&format!("http://localhost:9/back?lesson=3&payment_intent={}&", id(&intent))),
        "{back}"
    );
    assert!(back.ends_with("redirect_status=succeeded"), "{back}");
    let without =
        [("amount", "1500"), ("currency", "eur"), ("payment_method", "pm_card_visa"), ("confirm", "true")];
    assert_eq!(stand.post("/v1/payment_intents", &without).await.error(400)["param"], "return_url");
    assert_eq!(stand.state().await["payment_intents"], 1, "a refused request makes none");
}

#[tokio::test]
async fn an_authorisation_is_captured_in_part_once() {
    let stand = Stand::new().await;
    stand.clock("2026-12-01T10:00:00Z").await;
    let intent =
        stand.pay("pm_card_visa", &[("capture_method", "manual"), ("expand[]", "latest_charge")]).await.ok();
    assert_eq!((&intent["status"], &intent["amount_capturable"]), (&json!("requires_capture"), &json!(5000)));
    let charge = &intent["latest_charge"];
    assert_eq!(charge["captured"], false);
    let seven_days = charge["created"].as_i64().unwrap() + 7 * 86_400;
    assert_eq!(charge["payment_method_details"]["card"]["capture_before"], seven_days);
    let path = format!("/v1/payment_intents/{}/capture", id(&intent));
    stand.post(&path, &[("amount_to_capture", "5001")]).await.refused(400, "amount_too_large");
    let captured =
        stand.post(&path, &[("amount_to_capture", "2000"), ("expand[]", "latest_charge")]).await.ok();
    assert_eq!((&captured["status"], &captured["amount_received"]), (&json!("succeeded"), &json!(2000)));
    let charge = &captured["latest_charge"];
    assert_eq!((&charge["amount_captured"], &charge["amount_refunded"]), (&json!(2000), &json!(3000)));
    stand.post(&path, &[]).await.refused(400, "payment_intent_unexpected_state");
    let too_much = [("payment_intent", id(&intent)), ("amount", "2001".into())];
    let too_much: Vec<(&str, &str)> = too_much.iter().map(|(name, value)| (*name, value.as_str())).collect();
    stand.post("/v1/refunds", &too_much).await.error(400);
}

#[tokio::test]
async fn an_authorisation_lapses_after_seven_days() {
    let stand = Stand::new().await;
    stand.clock("2026-12-01T10:00:00Z").await;
    let intent = stand.pay("pm_card_visa", &[("capture_method", "manual")]).await.ok();
    let path = format!("/v1/payment_intents/{}", id(&intent));
    stand.clock("2026-12-08T09:59:59Z").await;
    assert_eq!(stand.get(&path, &[]).await.ok()["status"], "requires_capture");
    stand.clock("2026-12-08T10:00:00Z").await;
    let lapsed = stand.get(&path, &[]).await.ok();
    assert_eq!(
        (&lapsed["status"], &lapsed["cancellation_reason"]),
        (&json!("canceled"), &json!("automatic"))
    );
    stand.post(&format!("{path}/capture"), &[]).await.refused(400, "payment_intent_unexpected_state");
}

#[tokio::test]
async fn cancelling_keeps_to_the_status() {
    let stand = Stand::new().await;
    let held = stand.pay("pm_card_visa", &[("capture_method", "manual")]).await.ok();
    let path = |intent: &serde_json::Value| format!("/v1/payment_intents/{}/cancel", id(intent));
    let canceled = stand
        .post(&path(&held), &[("cancellation_reason", "abandoned"), ("expand[]", "latest_charge")])
        .await
        .ok();
    assert_eq!(
        (&canceled["status"], &canceled["latest_charge"]["refunded"]),
        (&json!("canceled"), &json!(true))
    );
    stand.post(&path(&held), &[]).await.refused(400, "payment_intent_unexpected_state");
    let paid = stand.pay("pm_card_visa", &[]).await.ok();
    let error = stand.post(&path(&paid), &[]).await.refused(400, "payment_intent_unexpected_state");
    assert_eq!(error["payment_intent"]["id"], paid["id"]);
    stand
        .post(
            &format!("/v1/payment_intents/{}/confirm", id(&paid)),
            &[("payment_method", "pm_card_visa"), ("return_url", "http://localhost:9/")],
        )
        .await
        .refused(400, "payment_intent_unexpected_state");
}

#[tokio::test]
async fn an_intent_is_made_changed_confirmed_and_found() {
    let stand = Stand::new().await;
    let form = [
        ("amount", "900"),
        ("currency", "eur"),
        ("metadata[booking]", "it's 7"),
        NO_REDIRECT[0],
        NO_REDIRECT[1],
    ];
    let intent = stand.post("/v1/payment_intents", &form).await.ok();
    assert_eq!(intent["status"], "requires_payment_method");
    let path = format!("/v1/payment_intents/{}", id(&intent));
    let changed = [("amount", "1000"), ("metadata[more]", "x"), ("description", "A lesson")];
    let changed = stand.post(&path, &changed).await.ok();
    assert_eq!(changed["metadata"], json!({ "booking": "it's 7", "more": "x" }));
    stand.post(&format!("{path}/confirm"), &[]).await.refused(400, "payment_intent_unexpected_state");
    let paid = stand.post(&format!("{path}/confirm"), &[("payment_method", "pm_card_visa")]).await.ok();
    assert_eq!((&paid["status"], &paid["amount_received"]), (&json!("succeeded"), &json!(1000)));
    stand.post(&path, &[("amount", "1100")]).await.refused(400, "payment_intent_unexpected_state");
    assert_eq!(
        stand.post(&path, &[("metadata[more]", "")]).await.ok()["metadata"],
        json!({ "booking": "it's 7" })
    );
    stand.pay("pm_card_visa", &[("metadata[booking]", "8")]).await.ok();
    let query = r"metadata['booking']:'it\'s 7' AND status:'succeeded'";
    let found = stand.get("/v1/payment_intents/search", &[("query", query)]).await.ok();
    assert_eq!(found["object"], "search_result");
    assert_eq!(found["data"].as_array().unwrap().iter().map(id).collect::<Vec<_>>(), [id(&intent)]);
}

#[tokio::test]
async fn a_card_that_belongs_to_nobody_pays_once() {
    let stand = Stand::new().await;
    let card = [
        ("type", "card"),
        ("card[number]", "4242 4242 4242 4242"),
        ("card[exp_month]", "1"),
        ("card[exp_year]", "2040"),
        ("card[cvc]", "123"),
    ];
    let method = id(&stand.post("/v1/payment_methods", &card).await.ok());
    stand.pay(&method, &[]).await.ok();
    assert_eq!(stand.pay(&method, &[]).await.error(400)["param"], "payment_method");
    let customer = stand.customer().await;
    let saved = stand
        .pay(
            "pm_card_visa",
            &[("customer", &customer), ("setup_future_usage", "off_session"), ("expand[]", "payment_method")],
        )
        .await
        .ok();
    assert_eq!(saved["payment_method"]["customer"], customer.as_str());
    let method = id(&saved["payment_method"]);
    stand.pay_absent(&customer, &method).await.ok();
    assert_eq!(
        stand.pay(&method, &[]).await.error(400)["param"],
        "payment_method",
        "its customer must be named"
    );
    let other = stand.customer().await;
    assert_eq!(stand.pay_absent(&other, &method).await.error(400)["param"], "payment_method");
}

#[tokio::test]
async fn some_owners_dispute() {
    let stand = Stand::new().await;
    let paid = stand.pay("pm_card_createDispute", &[]).await.ok();
    let disputes = stand.get("/v1/disputes", &[("payment_intent", &id(&paid))]).await.ok();
    let dispute = &disputes["data"][0];
    assert_eq!((&dispute["status"], &dispute["reason"]), (&json!("needs_response"), &json!("fraudulent")));
    stand.post("/v1/refunds", &[("payment_intent", &id(&paid))]).await.refused(400, "charge_disputed");
    // 4905 of the charge are pending; 5000 and the fee of 1500 were taken.
    let balance = stand.get("/v1/balance", &[]).await.ok();
    assert_eq!(
        (&balance["available"][0]["amount"], &balance["pending"][0]["amount"]),
        (&json!(-6500), &json!(4905))
    );
    let path = format!("/v1/disputes/{}", id(dispute));
    let won = stand
        .post(&path, &[("evidence[uncategorized_text]", "winning_evidence"), ("submit", "true")])
        .await
        .ok();
    assert_eq!((&won["status"], won["balance_transactions"].as_array().unwrap().len()), (&json!("won"), 2));
    assert_eq!(stand.get("/v1/balance", &[]).await.ok()["available"][0]["amount"], 0);
    stand.post(&format!("{path}/close"), &[]).await.error(400);
    let lost = stand.pay("pm_card_createDisputeProductNotReceived", &[]).await.ok();
    let dispute = stand.get("/v1/disputes", &[("payment_intent", &id(&lost))]).await.ok()["data"][0].clone();
    assert_eq!(stand.post(&format!("/v1/disputes/{}/close", id(&dispute)), &[]).await.ok()["status"], "lost");
    let asked = stand.pay("pm_card_createDisputeInquiry", &[]).await.ok();
    stand.post("/v1/refunds", &[("payment_intent", &id(&asked))]).await.ok();
}

#[tokio::test]
async fn a_bank_warns_of_fraud() {
    let stand = Stand::new().await;
    let paid = stand.pay("pm_card_createIssuerFraudRecord", &[]).await.ok();
    let listed = stand.get("/v1/radar/early_fraud_warnings", &[("payment_intent", &id(&paid))]).await.ok();
    let warning = &listed["data"][0];
    assert_eq!(warning["charge"], paid["latest_charge"]);
    let found = stand.get(&format!("/v1/radar/early_fraud_warnings/{}", id(warning)), &[]).await.ok();
    assert_eq!(found, *warning);
    let events = stand.get("/v1/events", &[("type", "radar.early_fraud_warning.created")]).await.ok();
    assert_eq!(events["data"].as_array().unwrap().len(), 1);
}
