//! Charges, refunds, no-shows, the scheduler and the provider's messages, over HTTP.

use domain::money::Currency;
use hmac::{Hmac, Mac as _};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::PgPool;

use crate::{
    pages::page,
    support::{Person, Site, send, start_with},
};

const SECRET: &str = "whsec_of_this_test";
const CRON: &str = "a scheduler outside, at least 16 bytes";

/// A server with a payment provider.
pub async fn start(db: &PgPool) -> (Site, Sandbox) {
    start_in(db, &[]).await
}

/// The same with more variables of the environment.
pub async fn start_in(db: &PgPool, more: &[(&str, &str)]) -> (Site, Sandbox) {
    let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
    let url = sandbox.url();
    let vars = [
        ("RATE_LIMITS", "off"),
        ("STRIPE_SECRET_KEY", "sk_test_sandbox"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_test_sandbox"),
        ("STRIPE_WEBHOOK_SECRET", SECRET),
        ("STRIPE_API_BASE", &url),
        ("CRON_SECRET", CRON),
    ];
    (start_with(db, &[&vars[..], more].concat()).await, sandbox)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_is_asked_before_a_lesson_ends(db: PgPool) {
    let (site, _sandbox) = start(&db).await;
    let (tutor, student) = (site.tutor("Tina").await, site.person("Sam", "student").await);
    let booking = book(&student, &tutor, "pm_card_visa").await;
    let path = format!("/lessons/{}", booking["id"].as_str().expect("an id"));
    site.set_clock("2027-03-01T14:10:00Z").await;
    let (tutor, student) = (tutor.again().await, student.again().await);
    for (person, query, open) in [(&tutor, "", false), (&tutor, "?end=1", true)] {
        let shown = page(&site, person, &format!("{path}{query}")).await.text;
        let (before, dialog) = shown.split_once("id=\"end-lesson\"").expect("a dialog");
        assert!(
            dialog.contains("action=\"/do/end_lesson\"") && !before.contains("/do/end_lesson"),
            "asked first"
        );
        let tag = dialog.split_once('>').expect("a tag").0;
        assert_eq!(tag.contains(" open"), open, "{tag}");
    }
    assert!(!page(&site, &student, &path).await.text.contains("end-lesson"));
    site.stop().await;
}

/// An hour from 14:00, booked with a card.
pub async fn book(student: &Person<'_>, tutor: &Person<'_>, card: &str) -> Value {
    let body = json!({
        "tutor_id": tutor.tutor_id(), "start": "2027-03-01T14:00:00Z", "duration": 60, "payment_method": card,
    });
    let answer = student.call("POST", "/api/v2/bookings", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.data()
}

/// Everything that is due, by the scheduler's call.
pub async fn cron_now(site: &Site) {
    let answer = cron(site, "POST", CRON).await;
    assert!(answer.status.is_success(), "{answer:?}");
}

async fn cron(site: &Site, method: &str, token: &str) -> crate::support::Answer {
    let request = site.request(method, "/api/cron/process-charges");
    send(request.header("authorization", format!("Bearer {token}"))).await
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_is_charged_by_the_scheduler_and_explained(db: PgPool) {
    let (site, _sandbox) = start(&db).await;
    let (tutor, student) = (site.tutor("Tina").await, site.person("Sam", "student").await);
    let booking = book(&student, &tutor, "pm_card_visa").await;
    let charge = format!("/api/v2/bookings/{}/charge", booking["id"].as_str().expect("an id"));
    let before = student.get(&charge).await.data();
    assert_eq!((&before["status"], &before["rule"]), (&json!("scheduled"), &Value::Null));

    site.set_clock("2027-03-01T14:00:00Z").await;
    let (tutor, student) = (tutor.again().await, student.again().await);
    for person in [&student, &tutor] {
        let join = format!("/api/v2/bookings/{}/join", booking["id"].as_str().expect("an id"));
        assert_eq!(person.bare("POST", &join).await.status, 200);
    }
    site.set_clock("2027-03-01T15:00:00Z").await;
    cron(&site, "GET", "wrong").await.refused(401, "INVALID_TOKEN");
    let ran = cron(&site, "GET", CRON).await.data();
    assert_eq!(ran, json!({ "processed": 1, "charged": 1, "failed": 0 }));
    let again = cron(&site, "POST", CRON).await.data();
    assert_eq!(again, json!({ "processed": 0, "charged": 0, "failed": 0 }));

    let (tutor, student) = (tutor.again().await, student.again().await);
    let price = booking["price"].as_i64().expect("a price");
    let fee = domain::money::Money { minor: price, currency: Currency::Eur }.split(1000).fee.minor;
    for person in [&student, &tutor] {
        let told = person.get(&charge).await.data();
        assert_eq!((&told["status"], &told["rule"]), (&json!("paid"), &json!("completed")));
        assert_eq!(told["charge_amount"], price);
        assert_eq!((&told["platform_fee"], &told["payout_amount"]), (&json!(fee), &json!(price - fee)));
        assert_eq!(told["inputs"]["student_joined_at"], "2027-03-01T14:00:00Z");
        assert_eq!(
            (told["evidence"].as_array().map(Vec::len), &told["evidence_intact"]),
            (Some(2), &json!(true))
        );
        assert_eq!(told["entries"].as_array().map(Vec::len), Some(5));
    }
    let stranger = site.person("Eve", "student").await;
    stranger.get(&charge).await.refused(404, "BOOKING_NOT_FOUND");
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_decline_blocks_booking_and_an_admin_refunds_what_was_paid(db: PgPool) {
    let (site, _sandbox) = start(&db).await;
    let (tutor, student) = (site.tutor("Tina").await, site.person("Sam", "student").await);
    let declined = site.person("Dora", "student").await;
    let paid = book(&student, &tutor, "pm_card_visa").await;
    let body = json!({
        "tutor_id": tutor.tutor_id(), "start": "2027-03-01T15:00:00Z", "duration": 60,
        "payment_method": "pm_card_chargeCustomerFail",
    });
    assert_eq!(declined.call("POST", "/api/v2/bookings", body).await.status, 201);
    let refused = json!({
        "tutor_id": tutor.tutor_id(), "start": "2027-03-01T12:00:00Z", "duration": 60,
        "payment_method": "pm_card_chargeDeclined",
    });
    declined.call("POST", "/api/v2/bookings", refused).await.refused(402, "PAYMENT_FAILED");
    site.set_clock("2027-03-01T16:00:00Z").await;
    assert_eq!(cron(&site, "POST", CRON).await.data(), json!({ "processed": 2, "charged": 1, "failed": 1 }));
    let (declined, student) = (declined.again().await, student.again().await);
    let next = json!({ "tutor_id": tutor.tutor_id(), "start": "2027-03-02T14:00:00Z", "duration": 60 });
    declined.call("POST", "/api/v2/bookings", next).await.refused(409, "DEBT_OUTSTANDING");
    let told = page(&site, &declined, "/book/tina?start=2027-03-02T14:00:00Z").await;
    assert!(
        told.status == 409 && told.text.contains("/charge\"") && !told.text.contains("hold_slot"),
        "{told:?}"
    );

    let refunds = format!("/api/v2/bookings/{}/refunds", paid["id"].as_str().expect("an id"));
    let reason = json!({ "reason": "The line broke." });
    student.call("POST", &refunds, reason.clone()).await.refused(403, "INSUFFICIENT_PERMISSIONS");
    let admin = admin(&site).await;
    let too_much = json!({ "amount": 1_000_000, "reason": "The line broke." });
    admin.call("POST", &refunds, too_much).await.refused(400, "INVALID_REQUEST");
    let given = admin.call("POST", &refunds, reason).await;
    assert_eq!((given.status.as_u16(), &given.data()["status"]), (201, &json!("pending")));
    site.call("POST", "/dev/tick", json!({})).await;
    let charge = refunds.replace("/refunds", "/charge");
    assert_eq!(student.get(&charge).await.data()["status"], "refunded");
    let balances = admin.get("/api/v2/ledger/balances").await.data();
    let sum: i64 =
        balances.as_array().expect("balances").iter().filter_map(|line| line["balance"].as_i64()).sum();
    assert_eq!(sum, 0, "{balances}");
    student.get("/api/v2/ledger/balances").await.refused(403, "INSUFFICIENT_PERMISSIONS");
    site.stop().await;
}

pub async fn admin(site: &Site) -> Person<'_> {
    let admin = site.person("Ada", "student").await;
    sqlx::query("UPDATE users SET role = 'admin' WHERE id = $1::uuid")
        .bind(admin.id())
        .execute(&site.services.db)
        .await
        .expect("an admin");
    admin
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_marks_a_no_show_under_the_names_of_sessions(db: PgPool) {
    let (site, _sandbox) = start(&db).await;
    let (tutor, student) = (site.tutor("Tina").await, site.person("Sam", "student").await);
    let booking = book(&student, &tutor, "pm_card_visa").await;
    let asked = json!({ "booking_id": booking["id"] });
    let session = tutor.call("POST", "/api/sessions/create-for-booking", asked.clone()).await;
    assert_eq!((session.status.as_u16(), &session.data()["id"]), (200, &booking["lesson"]["id"]));
    let stranger = site.person("Eve", "student").await;
    stranger.call("POST", "/api/sessions/create-for-booking", asked).await.refused(404, "BOOKING_NOT_FOUND");
    let mark = format!("/api/sessions/{}/mark-no-show", booking["lesson"]["id"].as_str().expect("an id"));
    site.set_clock("2027-03-01T14:19:00Z").await;
    let (tutor, student, stranger) = (tutor.again().await, student.again().await, stranger.again().await);
    let join = format!("/api/v2/bookings/{}/join", booking["id"].as_str().expect("an id"));
    assert_eq!(tutor.bare("POST", &join).await.status, 200);
    tutor.bare("POST", &mark).await.refused(409, "INVALID_STATE");
    site.set_clock("2027-03-01T14:20:00Z").await;
    student.bare("POST", &mark).await.refused(403, "INSUFFICIENT_PERMISSIONS");
    stranger.bare("POST", &mark).await.refused(404, "BOOKING_NOT_FOUND");
    tutor.bare("POST", "/api/sessions/nothing/mark-no-show").await.refused(404, "NOT_FOUND");
    let marked = tutor.bare("POST", &mark).await.data();
    assert_eq!(marked["state"], "NO_SHOW_STUDENT");
    tutor.bare("POST", &mark).await.refused(409, "INVALID_STATE");
    site.stop().await;
}

/// What the provider sends, signed at an instant.
pub fn signed(body: &str, at: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(format!("{at}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}

#[sqlx::test(migrations = "../migrations")]
async fn messages_of_the_provider_are_verified_and_taken_once(db: PgPool) {
    let (site, _sandbox) = start(&db).await;
    let (tutor, student) = (site.tutor("Tina").await, site.person("Sam", "student").await);
    let booking = book(&student, &tutor, "pm_card_chargeCustomerFail").await;
    site.set_clock("2027-03-01T15:00:00Z").await;
    site.call("POST", "/dev/tick", json!({})).await;
    let charge: String =
        sqlx::query_scalar("SELECT id::text FROM charges").fetch_one(&db).await.expect("a charge");
    let intent: String =
        sqlx::query_scalar("SELECT payment_intent FROM charges").fetch_one(&db).await.expect("a payment");
    let body = json!({
        "id": "evt_1", "object": "event", "type": "payment_intent.succeeded",
        "data": { "object": { "id": intent, "object": "payment_intent", "metadata": { "charge": charge } } },
    })
    .to_string();
    let now = site.services.clock.now().timestamp();
    let post = async |signature: String, body: &str| {
        let request = site.request("POST", "/api/stripe/webhook").body(body.to_owned());
        send(request.header("stripe-signature", signature)).await
    };
    for (signature, sent) in [
        (signed(&body, now - 301), &*body),
        (signed("{}", now), &*body),
        (String::new(), &*body),
        (signed("no json", now), "no json"),
    ] {
        post(signature, sent).await.refused(400, "INVALID_REQUEST");
    }
    for _ in 0..3 {
        assert_eq!(post(signed(&body, now), &body).await.status, 200);
        site.call("POST", "/dev/tick", json!({})).await;
    }
    let path = format!("/api/v2/bookings/{}/charge", booking["id"].as_str().expect("an id"));
    let student = student.again().await;
    assert_eq!(student.get(&path).await.data()["status"], "paid");
    let entered: i64 = sqlx::query_scalar("SELECT count(*) FROM ledger_events WHERE kind = 'paid'")
        .fetch_one(&db)
        .await
        .expect("a number");
    assert_eq!(entered, 1);
    let metrics = site.get("/metrics").await;
    assert!(metrics.text.contains("lectern_payment_webhooks_refused_total 4"), "{}", metrics.text);
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_reads_payouts_and_the_statement(db: PgPool) {
    let (site, _sandbox) = start(&db).await;
    let (tutor, other) = (site.tutor("Tina").await, site.tutor("Theo").await);
    let student = site.person("Sam", "student").await;
    book(&student, &tutor, "pm_card_visa").await;
    let payouts = format!("/api/v2/tutors/{}/payouts", tutor.tutor_id());
    let list = tutor.get(&payouts).await;
    assert_eq!((list.status.as_u16(), list.data()), (200, json!([])));
    for stranger in [&student, &other] {
        stranger.get(&payouts).await.refused(403, "INSUFFICIENT_PERMISSIONS");
    }
    tutor.get(&format!("{payouts}?page=0")).await.refused(400, "INVALID_REQUEST");
    send(site.request("GET", &payouts)).await.refused(401, "INVALID_TOKEN");

    let file = "/tutor/earnings/statement.csv";
    let shown = page(&site, &tutor, &format!("{file}?month=2027-03")).await;
    assert_eq!((shown.status.as_u16(), shown.text.lines().count()), (200, 1), "{}", shown.text);
    assert!(shown.text.starts_with("start,booking_id,lesson,student,currency,"), "{}", shown.text);
    for wrong in ["", "?month=", "?month=2027-13", "?month=2027-03-01"] {
        assert_eq!(page(&site, &tutor, &format!("{file}{wrong}")).await.status, 400, "{wrong}");
    }
    assert_eq!(page(&site, &student, &format!("{file}?month=2027-03")).await.status, 403);
    let earnings = page(&site, &tutor, "/tutor/earnings?month=2027-03").await;
    assert!(earnings.status.is_success() && earnings.text.contains("id=\"statement\""));
    site.stop().await;
}
