//! Connected accounts, transfers, reversals, the balance.

use serde_json::json;

use crate::support::{Stand, id};

#[tokio::test]
async fn onboarding_enables_an_account() {
    let stand = Stand::new().await;
    let form = [
        ("type", "express"),
        ("country", "GB"),
        ("email", "tutor@example.org"),
        ("capabilities[transfers][requested]", "true"),
        ("metadata[tutor]", "5"),
    ];
    let account = stand.post("/v1/accounts", &form).await.ok();
    let path = format!("/v1/accounts/{}", id(&account));
    assert_eq!((&account["payouts_enabled"], &account["default_currency"]), (&json!(false), &json!("gbp")));
    assert_eq!(account["capabilities"]["transfers"], "inactive");
    let steps = [("leave", false, false), ("pending", true, false), ("complete", true, true)];
    for (outcome, submitted, enabled) in steps {
        assert_eq!(stand.onboard(&id(&account), outcome).await, "http://localhost:9/return");
        let now = stand.get(&path, &[]).await.ok();
        assert_eq!(now["details_submitted"], submitted, "{outcome}");
        for name in ["charges_enabled", "payouts_enabled"] {
            assert_eq!(now[name], enabled, "{outcome}");
        }
    }
    assert_eq!(stand.get(&path, &[]).await.ok()["capabilities"]["transfers"], "active");
    stand.get("/v1/accounts/acct_none", &[]).await.refused(403, "account_invalid");
}

#[tokio::test]
async fn a_link_opens_once_and_for_five_minutes() {
    let stand = Stand::new().await;
    stand.clock("2026-12-01T10:00:00Z").await;
    let account = id(&stand.post("/v1/accounts", &[("type", "express")]).await.ok());
    let link = async || {
        let form = [
            ("account", account.as_str()),
            ("type", "account_onboarding"),
            ("refresh_url", "http://localhost:9/refresh"),
            ("return_url", "http://localhost:9/return"),
        ];
        stand.post("/v1/account_links", &form).await.ok()["url"].as_str().unwrap().to_owned()
    };
    let straight = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let open = async |url: &str| {
        let page = straight.get(url).send().await.unwrap();
        (page.status().as_u16(), page.headers().get("location").map(|to| to.to_str().unwrap().to_owned()))
    };
    let used = link().await;
    assert_eq!(open(&used).await, (200, None));
    assert_eq!(open(&used).await, (303, Some("http://localhost:9/refresh".into())));
    let old = link().await;
    stand.clock("2026-12-01T10:05:00Z").await;
    assert_eq!(open(&old).await.0, 303);
}

#[tokio::test]
async fn a_transfer_draws_on_its_charge() {
    let stand = Stand::new().await;
    let account = stand.account().await;
    let paid = stand.pay("pm_card_visa", &[]).await.ok();
    let charge = paid["latest_charge"].as_str().unwrap();
    let transfer = async |amount: &str| {
        let form = [
            ("amount", amount),
            ("currency", "eur"),
            ("destination", account.as_str()),
            ("source_transaction", charge),
            ("metadata[row]", "9"),
        ];
        stand.post("/v1/transfers", &form).await
    };
    let first = transfer("4500").await.ok();
    assert_eq!(first["transfer_group"], format!("group_{}", id(&paid)));
    let error = transfer("501").await.error(400);
    assert!(
        error["message"].as_str().unwrap().contains("must not exceed the source amount of €50.00"),
        "{error}"
    );
    let path = format!("/v1/transfers/{}/reversals", id(&first));
    let part = stand.post(&path, &[("amount", "1500")]).await.ok();
    assert_eq!(part["transfer"], first["id"]);
    stand.post(&path, &[("amount", "3001")]).await.error(400);
    stand.post(&path, &[]).await.ok();
    stand.post(&path, &[]).await.error(400);
    let after = stand.get(&format!("/v1/transfers/{}", id(&first)), &[]).await.ok();
    assert_eq!((&after["amount_reversed"], &after["reversed"]), (&json!(4500), &json!(true)));
    assert_eq!(after["reversals"]["data"].as_array().unwrap().len(), 2);
    transfer("5000").await.ok();
    let grouped = stand
        .get("/v1/transfers", &[("transfer_group", first["transfer_group"].as_str().unwrap())])
        .await
        .ok();
    assert_eq!(grouped["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_transfer_needs_a_receiver_and_money() {
    let stand = Stand::new().await;
    stand.clock("2026-12-01T10:00:00Z").await;
    let ready = stand.account().await;
    let unready = id(&stand.post("/v1/accounts", &[("type", "express")]).await.ok());
    let transfer = async |to: &str, amount: &str| {
        stand.post("/v1/transfers", &[("amount", amount), ("currency", "eur"), ("destination", to)]).await
    };
    transfer(&unready, "100").await.refused(400, "insufficient_capabilities_for_transfer");
    transfer("acct_none", "100").await.refused(400, "resource_missing");
    transfer(&ready, "100").await.refused(400, "balance_insufficient");
    stand.pay("pm_card_visa", &[]).await.ok();
    transfer(&ready, "100").await.refused(400, "balance_insufficient");
    stand.clock("2026-12-03T10:00:00Z").await;
    transfer(&ready, "4906").await.refused(400, "balance_insufficient");
    transfer(&ready, "4905").await.ok();
    transfer(&ready, "1").await.refused(400, "balance_insufficient");
    stand.pay("pm_card_bypassPending", &[]).await.ok();
    transfer(&ready, "4905").await.ok();
    let lines = stand.get("/v1/balance_transactions", &[("type", "charge")]).await.ok();
    assert!(lines["data"].as_array().unwrap().iter().all(|line| line["status"] == "available"), "{lines}");
    let only = stand.get("/v1/balance_transactions", &[("created[lt]", "1796119201")]).await.ok();
    assert_eq!(only["data"].as_array().unwrap().len(), 1, "{only}");
}
