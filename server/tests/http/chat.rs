//! Chat over HTTP.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Person, start};

pub const THREADS: &str = "/api/chat/threads";
const UNKNOWN: &str = "00000000-0000-0000-0000-000000000000";

/// Opens a student's thread with a tutor; its address.
pub async fn open(student: &Person<'_>, tutor: &Person<'_>) -> String {
    let answer = student.call("POST", THREADS, json!({ "tutor_id": tutor.tutor_id() })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    format!("{THREADS}/{}", answer.data()["id"].as_str().expect("an id"))
}

pub async fn say(person: &Person<'_>, thread: &str, body: Value) -> Value {
    let answer = person.call("POST", &format!("{thread}/messages"), body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.data()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_conversation(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let thread = open(&student, &tutor).await;
    let again = student.call("POST", THREADS, json!({ "tutor_id": tutor.tutor_id() })).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert!(thread.ends_with(again.data()["id"].as_str().expect("an id")));

    let first = say(&student, &thread, json!({ "body": "  Hello\r\nthere ", "client_id": "c1" })).await;
    assert_eq!(first, say(&student, &thread, json!({ "body": "Hello again", "client_id": "c1" })).await);
    let id = thread.strip_prefix(&format!("{THREADS}/")).expect("an address");
    let expected = json!({
        "id": first["id"], "thread_id": id, "sender_id": student.id(), "body": "Hello\nthere",
        "client_id": "c1", "sent_at": "2027-03-01T08:00:00Z", "masked": false, "removed": false, "attachments": [],
    });
    assert_eq!(first, expected);
    let second =
        say(&tutor, &thread, json!({ "body": "My number is 06 12 34 56 78", "attachments": [] })).await;
    assert_eq!((&second["body"], &second["masked"]), (&json!("My number is •••"), &json!(true)));
    student.book(&tutor, "2027-03-01T12:00:00Z").await.data();
    let third = say(&tutor, &thread, json!({ "body": "Call 06 12 34 56 78" })).await;
    assert_eq!(third["body"], "Call 06 12 34 56 78");

    let list = student.get(THREADS).await;
    assert_eq!(list.json()["next_cursor"], Value::Null);
    let row = &list.data()[0];
    assert_eq!(row["other"], json!({ "id": tutor.id(), "name": "Tia Tutor" }));
    let last = (&row["last_message"]["id"], &row["last_message"]["body"]);
    assert_eq!((last, &row["unread"]), ((&third["id"], &third["body"]), &json!(2)));
    assert_eq!(row["read_to"], Value::Null);

    let page = student.get(&format!("{thread}/messages?limit=2")).await;
    assert_eq!(page.data(), json!([third, second]));
    let cursor = page.json()["next_cursor"].as_str().expect("a cursor").to_owned();
    let rest = student.get(&format!("{thread}/messages?limit=2&cursor={cursor}")).await.json();
    assert_eq!((&rest["data"], &rest["next_cursor"]), (&json!([first]), &Value::Null));

    let read = student.call("POST", &format!("{thread}/read"), json!({ "message_id": second["id"] })).await;
    assert_eq!(read.data()["unread"], 1);
    let seen = tutor.get(THREADS).await.data();
    assert_eq!((&seen[0]["read_to"], &seen[0]["delivered_to"]), (&second["id"], &third["id"]));
    assert_eq!(student.bare("POST", &format!("{thread}/read")).await.data()["unread"], 0);
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_message_of_another_thread_is_not_read_here(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let other = site.person("Sue Student", "student").await;
    let (thread, elsewhere) = (open(&student, &tutor).await, open(&other, &tutor).await);
    say(&student, &thread, json!({ "body": "Hello" })).await;
    let foreign = say(&other, &elsewhere, json!({ "body": "Good morning" })).await;
    let read = format!("{thread}/read");
    for id in [&foreign["id"], &json!("999999999"), &json!("0"), &json!("-1"), &json!("x"), &json!("1.5")] {
        tutor.call("POST", &read, json!({ "message_id": id })).await.refused(404, "NOT_FOUND");
    }
    let rows = tutor.get(THREADS).await.data();
    assert_eq!((&rows[0]["unread"], &rows[1]["unread"]), (&json!(1), &json!(1)));
    let rows = student.get(THREADS).await.data();
    assert_eq!((&rows[0]["delivered_to"], &rows[0]["read_to"]), (&Value::Null, &Value::Null));
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn strangers_and_bad_inputs_are_refused(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let stranger = site.person("Sue Stranger", "student").await;
    let thread = open(&student, &tutor).await;
    let (messages, read) = (format!("{thread}/messages"), format!("{thread}/read"));
    let nowhere = format!("{THREADS}/00000000-0000-0000-0000-000000000000/messages");
    for path in [&messages, &nowhere, &format!("{THREADS}/x/messages")] {
        stranger.get(path).await.refused(404, "NOT_FOUND");
        stranger.call("POST", path, json!({ "body": "Hello" })).await.refused(404, "NOT_FOUND");
    }
    for path in [&read, &format!("{thread}/typing")] {
        stranger.bare("POST", path).await.refused(404, "NOT_FOUND");
    }
    for (method, path) in [("GET", THREADS), ("POST", THREADS), ("GET", &*messages), ("POST", &*read)] {
        site.call(method, path, json!({ "body": "x" })).await.refused(401, "INVALID_TOKEN");
    }
    for (path, body, field) in [
        (THREADS, json!({}), "tutor_id"),
        (THREADS, json!({ "tutor_id": tutor.tutor_id(), "booking_id": "x" }), "tutor_id"),
        (&*messages, json!({}), "body"),
        (&*messages, json!({ "body": "" }), "body"),
        (&*messages, json!({ "body": "", "attachments": [UNKNOWN] }), "attachments"),
        (&*messages, json!({ "body": " \n " }), "body"),
        (&*messages, json!({ "body": "é".repeat(4001) }), "body"),
        (&*messages, json!({ "body": "a\u{0}" }), "body"),
        (&*messages, json!({ "body": "x", "client_id": "" }), "client_id"),
        (&*messages, json!({ "body": "x", "client_id": "x".repeat(101) }), "client_id"),
        (&*messages, json!({ "body": "x", "client_id": 7 }), "client_id"),
        (&*messages, json!({ "body": "x", "attachments": {} }), "attachments"),
        (&*messages, json!({ "body": "x", "attachments": [{}] }), "attachments[0]"),
        (&*messages, json!({ "body": "x", "attachments": ["x"] }), "attachments"),
        (&*messages, json!({ "body": "x", "attachments": [UNKNOWN] }), "attachments"),
    ] {
        let error = student.call("POST", path, body.clone()).await.refused(400, "INVALID_REQUEST");
        assert_eq!(error["details"]["field"], field, "{body}: {error}");
    }
    for (body, code) in [
        (json!({ "tutor_id": "nobody" }), "PROFILE_NOT_FOUND"),
        (json!({ "booking_id": "none" }), "BOOKING_NOT_FOUND"),
    ] {
        student.call("POST", THREADS, body).await.refused(404, code);
    }
    tutor
        .call("POST", THREADS, json!({ "tutor_id": tutor.tutor_id() }))
        .await
        .refused(403, "INSUFFICIENT_PERMISSIONS");
    student.call("POST", &read, json!({ "message_id": "x" })).await.refused(404, "NOT_FOUND");
    for query in ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=9223372036854775807.1"] {
        let (name, _) = query.split_once('=').expect("a pair");
        for path in [THREADS, &*messages] {
            let error = student.get(&format!("{path}?{query}")).await.refused(400, "INVALID_REQUEST");
            assert_eq!(error["details"]["field"], name, "{path}?{query}");
        }
    }
    assert_eq!(student.get(&messages).await.data(), json!([]));
    site.stop().await;
}
