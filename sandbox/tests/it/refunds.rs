//! Refunds: by intent and by charge, in part, too much, late.

use serde_json::json;

use crate::support::{Stand, id};

#[tokio::test]
async fn parts_are_refunded_until_nothing_is_left() {
    let stand = Stand::new().await;
    let intent = id(&stand.pay("pm_card_visa", &[]).await.ok());
    let by_intent =
        |amount| [("payment_intent", intent.as_str()), ("amount", amount), ("metadata[row]", "1")];
    let first = stand.post("/v1/refunds", &by_intent("2000")).await.ok();
    assert_eq!((&first["status"], &first["metadata"]["row"]), (&json!("succeeded"), &json!("1")));
    let second = stand.post("/v1/refunds", &by_intent("2000")).await.ok();
    assert_ne!(first["id"], second["id"], "two equal refunds are two");
    let error = stand.post("/v1/refunds", &by_intent("1001")).await.error(400);
    assert_eq!(error["param"], "amount");
    assert_eq!(
        error["message"],
        "Refund amount (€10.01) is greater than unrefunded amount on charge (€10.00)"
    );
    let charge = first["charge"].as_str().unwrap();
    let rest =
        stand.post("/v1/refunds", &[("charge", charge), ("reason", "requested_by_customer")]).await.ok();
    assert_eq!(rest["amount"], 1000);
    stand.post("/v1/refunds", &[("charge", charge)]).await.refused(400, "charge_already_refunded");
    let charge = stand.get(&format!("/v1/charges/{charge}"), &[("expand[]", "refunds")]).await.ok();
    assert_eq!((&charge["amount_refunded"], &charge["refunded"]), (&json!(5000), &json!(true)));
    assert_eq!(charge["refunds"]["data"].as_array().unwrap().len(), 3);
    let listed = stand.get("/v1/refunds", &[("payment_intent", &intent), ("limit", "2")]).await.ok();
    assert_eq!((listed["data"].as_array().unwrap().len(), &listed["has_more"]), (2, &json!(true)));
    let lines = stand.get("/v1/balance_transactions", &[("type", "refund")]).await.ok();
    assert!(lines["data"].as_array().unwrap().iter().all(|line| line["amount"].as_i64() < Some(0)));
}

#[tokio::test]
async fn what_was_not_paid_is_not_refunded() {
    let stand = Stand::new().await;
    let held = id(&stand.pay("pm_card_visa", &[("capture_method", "manual")]).await.ok());
    stand
        .post("/v1/refunds", &[("payment_intent", &held)])
        .await
        .refused(400, "payment_intent_unexpected_state");
    stand.post("/v1/refunds", &[]).await.refused(400, "parameter_missing");
    stand.post("/v1/refunds", &[("payment_intent", "pi_none")]).await.refused(404, "resource_missing");
    stand.post("/v1/refunds", &[("charge", "ch_none")]).await.refused(404, "resource_missing");
    let paid = id(&stand.pay("pm_card_visa", &[]).await.ok());
    let zero = [("payment_intent", paid.as_str()), ("amount", "0")];
    stand.post("/v1/refunds", &zero).await.refused(400, "parameter_invalid_integer");
}

#[tokio::test]
async fn some_banks_are_late() {
    let stand = Stand::new().await;
    stand.clock("2026-12-01T10:00:00Z").await;
    let refund = async |card: &str| {
        let paid = id(&stand.pay(card, &[]).await.ok());
        stand.post("/v1/refunds", &[("payment_intent", &paid)]).await.ok()
    };
    let (pending, failing) = (refund("pm_card_pendingRefund").await, refund("pm_card_refundFail").await);
    assert_eq!((&pending["status"], &failing["status"]), (&json!("pending"), &json!("succeeded")));
    stand.clock("2026-12-01T10:01:00Z").await;
    let find =
        async |refund: &serde_json::Value| stand.get(&format!("/v1/refunds/{}", id(refund)), &[]).await.ok();
    assert_eq!(find(&pending).await["status"], "succeeded");
    let failed = find(&failing).await;
    assert_eq!(
        (&failed["status"], &failed["failure_reason"]),
        (&json!("failed"), &json!("expired_or_canceled_card"))
    );
    let charge = stand.get(&format!("/v1/charges/{}", failed["charge"].as_str().unwrap()), &[]).await.ok();
    assert_eq!((&charge["amount_refunded"], &charge["refunded"]), (&json!(0), &json!(false)));
}
