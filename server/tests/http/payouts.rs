//! What tutors are paid, what banks take back, and what differs from the provider, over HTTP.

use reqwest::redirect::Policy;
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    chat_pages::{place, post},
    money::{admin, book, signed, start},
    pages::page,
    support::{Person, Site, send},
};

/// The tutor gives the provider what it asks for before it pays.
async fn ready(site: &Site, tutor: &Person<'_>) {
    let there = place(&post(site, tutor, "/do/begin_onboarding", &[]).await);
    let browser = reqwest::Client::builder().redirect(Policy::none()).build().expect("a client");
    assert!(browser.get(&there).send().await.expect("asked").status().is_success(), "{there}");
    let sent = browser.post(&there).form(&[("outcome", "complete")]).send().await.expect("sent");
    assert!(sent.status().is_redirection(), "{there}: {}", sent.status());
    assert_eq!(page(site, tutor, "/tutor/earnings?onboarding=done").await.status, 200);
}

/// Asks the provider for something, as its own pages do.
async fn elsewhere(sandbox: &Sandbox, method: &str, path: &str, form: &[(&str, &str)]) -> Value {
    let method = method.parse().expect("a method");
    let url = format!("{}/v1/{path}", sandbox.url());
    let asked = reqwest::Client::new().request(method, url).bearer_auth(Options::default().secret_key);
    asked.form(form).send().await.expect("asked").json().await.expect("an object")
}

async fn tick(site: &Site) {
    let ticked = site.call("POST", "/dev/tick", json!({})).await;
    assert_eq!(ticked.status, 200, "{ticked:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payout_is_read_shown_and_counted(db: PgPool) {
    let (site, sandbox) = start(&db).await;
    let (tutor, student) = (site.tutor("Tina").await, site.person("Sam", "student").await);
    ready(&site, &tutor).await;
    let booking = book(&student, &tutor, "pm_card_bypassPending").await;
    let earnings = page(&site, &tutor, "/tutor/earnings").await.text;
    for tile in ["Earned", "Held", "To be paid out", "Paid out", "Carried forward", "€0.00"] {
        assert!(earnings.contains(tile), "{tile} is shown before anything is earned: {earnings}");
    }
    site.set_clock("2027-03-01T15:00:00Z").await;
    tick(&site).await;
    site.set_clock("2027-03-04T15:00:01Z").await;
    tick(&site).await;

    let (tutor, admin) = (tutor.again().await, admin(&site).await);
    let path = format!("{}/payouts", tutor.tutor_path());
    for person in [&tutor, &admin] {
        let list = person.get(&path).await.data();
        let [payout] = &list.as_array().expect("a list")[..] else { panic!("{list}") };
        assert!(payout["id"].is_string(), "{payout}");
        assert_eq!((&payout["amount"], &payout["currency"]), (&json!(2250), &json!("EUR")));
        assert_eq!((&payout["status"], &payout["failure"]), (&json!("paid"), &Value::Null));
        for at in ["created_at", "paid_at"] {
            assert_eq!(payout[at], "2027-03-04T15:00:01Z", "{at}");
        }
        let line = json!([{ "booking_id": booking["id"], "kind": "lesson", "amount": 2250 }]);
        assert_eq!(payout["lines"], line);
    }
    let balances = admin.get("/api/v2/ledger/balances").await.data();
    let tutors = balances
        .as_array()
        .expect("balances")
        .iter()
        .filter(|line| line["account"].as_str().is_some_and(|account| account.starts_with("tutor:")));
    assert_eq!(tutors.map(|line| line["balance"].as_i64()).collect::<Vec<_>>(), [Some(0)]);
    let metrics = site.get("/metrics").await.text;
    for line in [
        "lectern_payouts{state=\"paid\"} 1\n",
        "lectern_payouts{state=\"pending\"} 0\n",
        "lectern_payouts{state=\"failed\"} 0\n",
        "lectern_payouts_short_of_balance 0\n",
        "lectern_reversals_failed_total 0\n",
        "lectern_reconciliation_differences 0\n",
    ] {
        assert!(metrics.contains(line), "{line} is missing: {metrics}");
    }
    // Somebody takes a second payment for the same lesson, at the provider.
    let charge: String =
        sqlx::query_scalar("SELECT id::text FROM charges").fetch_one(&db).await.expect("a charge");
    let form = [
        ("amount", "2500"),
        ("currency", "eur"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
        ("metadata[charge]", &*charge),
    ];
    assert_eq!(elsewhere(&sandbox, "POST", "payment_intents", &form).await["status"], "succeeded");
    site.set_clock("2027-03-05T16:00:00Z").await;
    tick(&site).await;
    let metrics = site.get("/metrics").await.text;
    for line in ["lectern_reconciliation_differences 1\n", "lectern_reconciliation_age_seconds 0\n"] {
        assert!(metrics.contains(line), "{line} is missing: {metrics}");
    }
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_admin_has_evidence_sent_to_the_bank_once(db: PgPool) {
    let (site, sandbox) = start(&db).await;
    let (tutor, student) = (site.tutor("Tina").await, site.person("Sam", "student").await);
    let booking = book(&student, &tutor, "pm_card_createDisputeProductNotReceived").await;
    site.set_clock("2027-03-01T15:00:00Z").await;
    tick(&site).await;
    let told = elsewhere(&sandbox, "GET", "events?type=charge.dispute.created", &[]).await;
    let body = told["data"][0].to_string();
    let request = site.request("POST", "/api/stripe/webhook").body(body.clone());
    let now = site.services.clock.now().timestamp();
    assert_eq!(send(request.header("stripe-signature", signed(&body, now))).await.status, 200);
    tick(&site).await;

    let (student, admin) = (student.again().await, admin(&site).await);
    let path = format!("/api/v2/bookings/{}/disputes", booking["id"].as_str().expect("an id"));
    let dispute = student.get(&path).await.data()[0].clone();
    assert_eq!((&dispute["origin"], &dispute["reason"]), (&json!("provider"), &json!("chargeback")));
    assert_eq!(dispute["chargebacks"][0]["standing"], "needs_response");
    let path = format!("/api/v2/disputes/{}/evidence", dispute["id"].as_str().expect("an id"));
    let words = json!({ "statement": "Both were in the meeting for an hour." });
    site.call("POST", &path, words.clone()).await.refused(401, "INVALID_TOKEN");
    student.call("POST", &path, words.clone()).await.refused(403, "INSUFFICIENT_PERMISSIONS");
    for wrong in [json!({}), json!({ "statement": " " })] {
        admin.call("POST", &path, wrong).await.refused(400, "INVALID_REQUEST");
    }
    let nowhere = format!("/api/v2/disputes/{}/evidence", booking["id"].as_str().expect("an id"));
    admin.call("POST", &nowhere, words.clone()).await.refused(404, "NOT_FOUND");
    let sent = admin.call("POST", &path, words.clone()).await;
    assert_eq!((sent.status.as_u16(), &sent.data()["id"]), (202, &dispute["id"]), "{sent:?}");
    admin.call("POST", &path, words).await.refused(409, "INVALID_STATE");
    tick(&site).await;
    let disputes = elsewhere(&sandbox, "GET", "disputes", &[]).await;
    let kept = &disputes["data"][0]["evidence"]["uncategorized_text"];
    assert!(kept.as_str().is_some_and(|text| text.contains("for an hour")), "{disputes}");
    site.stop().await;
}
