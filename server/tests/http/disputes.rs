//! Disputes over HTTP: opened, answered, decided; and everything that is refused.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    money::{admin, book, cron_now, start},
    support::{Person, Site},
};

/// A lesson that is over and paid, and those concerned, signed in anew.
pub async fn taught<'a>(site: &'a Site) -> (Person<'a>, Person<'a>, Value) {
    let (tutor, student) = (site.tutor("Tina").await, site.person("Sam", "student").await);
    let booking = book(&student, &tutor, "pm_card_visa").await;
    site.set_clock("2027-03-01T15:00:00Z").await;
    cron_now(site).await;
    (tutor.again().await, student.again().await, booking["id"].clone())
}

async fn refused(person: &Person<'_>, path: &str, rows: Vec<(Value, u16, &str, Option<&str>)>) {
    for (body, status, code, field) in rows {
        let answer = person.call("POST", path, body.clone()).await;
        let error = answer.refused(status, code);
        assert_eq!(error["details"]["field"].as_str(), field, "{body}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dispute_is_opened_answered_and_decided(db: PgPool) {
    let (site, _sandbox) = start(&db).await;
    let (tutor, student, id) = taught(&site).await;
    let (admin, other) = (admin(&site).await, site.person("Olga", "student").await);
    let path = format!("/api/v2/bookings/{}/disputes", id.as_str().expect("an id"));
    let body = json!({ "reason": "cut_short", "statement": "Forty minutes only." });
    let invalid = "INVALID_REQUEST";
    refused(
        &student,
        &path,
        vec![
            (json!({ "reason": "cut_short" }), 400, invalid, Some("statement")),
            (json!({ "statement": "x" }), 400, invalid, Some("reason")),
            (json!({ "reason": " ", "statement": "x" }), 400, invalid, Some("reason")),
            (json!({ "reason": "chargeback", "statement": "x" }), 400, invalid, Some("reason")),
            (json!({ "reason": "other", "statement": " " }), 400, invalid, Some("statement")),
            (json!({ "reason": "other", "statement": "é".repeat(2001) }), 400, invalid, Some("statement")),
            (json!({ "reason": 7, "statement": "x" }), 400, invalid, Some("reason")),
        ],
    )
    .await;
    other.call("POST", &path, body.clone()).await.refused(404, "BOOKING_NOT_FOUND");
    admin.call("POST", &path, body.clone()).await.refused(403, "INSUFFICIENT_PERMISSIONS");
    let opened = student.call("POST", &path, body.clone()).await;
    assert_eq!(opened.status, 201, "{opened:?}");
    let dispute = opened.data();
    assert_eq!((&dispute["state"], &dispute["origin"]), (&json!("open"), &json!("student")));
    student.call("POST", &path, body).await.refused(409, "INVALID_STATE");

    let at = format!("/api/v2/disputes/{}", dispute["id"].as_str().expect("an id"));
    let answered = tutor.call("POST", &format!("{at}/statements"), json!({ "statement": "Fifty." })).await;
    assert_eq!(
        (answered.status, &answered.data()["statements"][1]["by"]),
        (201.try_into().expect("a status"), &json!("tutor"))
    );
    other
        .call("POST", &format!("{at}/statements"), json!({ "statement": "I" }))
        .await
        .refused(404, "NOT_FOUND");
    other.get(&at).await.refused(404, "NOT_FOUND");

    let claim = json!({ "reason": "technical", "statement": "The line was cut." });
    let joined = tutor.call("POST", &path, claim.clone()).await.data();
    assert_eq!((&joined["id"], &joined["state"]), (&dispute["id"], &json!("open")));
    let claims: Vec<_> = (0..3).map(|at| joined["statements"][at]["claim"].clone()).collect();
    assert_eq!(claims, [json!("cut_short"), json!(null), json!("technical")]);
    tutor.call("POST", &path, claim).await.refused(409, "INVALID_STATE");

    let decide = format!("{at}/decide");
    let none = json!({ "outcome": "none", "note": "No." });
    student.call("POST", &decide, none.clone()).await.refused(403, "INSUFFICIENT_PERMISSIONS");
    refused(
        &admin,
        &decide,
        vec![
            (json!({ "outcome": "partial", "note": "x" }), 400, invalid, Some("amount")),
            (json!({ "outcome": "partial", "amount": 2501, "note": "x" }), 400, invalid, Some("amount")),
            (json!({ "outcome": "partial", "amount": 0, "note": "x" }), 400, invalid, Some("amount")),
            (json!({ "outcome": "partial", "amount": "10", "note": "x" }), 400, invalid, Some("amount")),
            (json!({ "outcome": "full", "amount": 10, "note": "x" }), 400, invalid, Some("amount")),
            (json!({ "outcome": "half", "note": "x" }), 400, invalid, Some("outcome")),
            (json!({ "outcome": "none", "note": "" }), 400, invalid, Some("note")),
            (json!({ "outcome": "none", "note": "x".repeat(501) }), 400, invalid, Some("note")),
        ],
    )
    .await;
    let partial = json!({ "outcome": "partial", "amount": 1000, "note": "A third was lost." });
    let decided = admin.call("POST", &decide, partial).await.data();
    assert_eq!((&decided["state"], &decided["amount"]), (&json!("decided"), &json!(1000)));
    admin.call("POST", &decide, none).await.refused(409, "INVALID_STATE");
    cron_now(&site).await;
    for person in [&student, &tutor, &admin] {
        let list = person.get(&path).await.data();
        assert_eq!((&list[0]["outcome"], &list[0]["note"]), (&json!("partial"), &json!("A third was lost.")));
        let charge = person.get(&path.replace("/disputes", "/charge")).await.data();
        assert_eq!((&charge["refunded_amount"], &charge["reduced_amount"]), (&json!(1000), &json!(0)));
    }
    site.stop().await;
}
