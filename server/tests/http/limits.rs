//! How often an address may call.

use serde_json::json;
use sqlx::PgPool;

use crate::{
    chat::{THREADS, open, say},
    chat_pages::{place, post},
    pages::cookie_of,
    support::{send, start_with},
};

#[sqlx::test(migrations = "../migrations")]
async fn an_address_has_a_hundred_anonymous_calls_an_hour(pool: PgPool) {
    let site = start_with(&pool, &[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let from = |address: &'static str, path: &str| {
        send(site.request("GET", path).header("X-Forwarded-For", address))
    };
    for _ in 0..100 {
        assert_eq!(from("203.0.113.7", "/api/v2/tutors").await.status, 200);
    }
    let refused = from("203.0.113.7", "/api/v2/tutors").await;
    refused.refused(429, "RATE_LIMITED");
    assert_eq!(refused.header("retry-after"), Some("3600"));
    from("203.0.113.7", "/api/v2/nothing").await.refused(429, "RATE_LIMITED");
    // What a stranger claims before the proxy's word does not count.
    from("198.51.100.1, 203.0.113.7", "/api/v2/tutors").await.refused(429, "RATE_LIMITED");
    for path in ["/healthz", "/readyz", "/status/invariants", "/api/v2/openapi.json", "/"] {
        assert_eq!(from("203.0.113.7", path).await.status, 200, "{path}");
    }
    // Another address, and someone who is signed in, have not used theirs.
    assert_eq!(from("203.0.113.8", "/api/v2/tutors").await.status, 200);
    let ada = site.person("Ada Lovelace", "student").await;
    for _ in 0..101 {
        let request = ada.request("GET", "/api/v2/me").header("X-Forwarded-For", "203.0.113.7");
        assert_eq!(send(request).await.status, 200);
    }
    let guess =
        site.request("GET", "/api/v2/me").bearer_auth("guess").header("X-Forwarded-For", "203.0.113.7");
    send(guess).await.refused(429, "RATE_LIMITED");
    site.set_clock("2027-03-01T09:00:00Z").await;
    assert_eq!(from("203.0.113.7", "/api/v2/tutors").await.status, 200);
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn signing_in_fails_closed_and_reading_open(pool: PgPool) {
    let site = start_with(&pool, &[]).await;
    sqlx::raw_sql("ALTER TABLE rate_counts RENAME TO lost").execute(&pool).await.expect("a broken limiter");
    assert_eq!(site.get("/api/v2/tutors").await.status, 200);
    let body = json!({ "email": "a@example.org", "password": "whatever it is" });
    site.call("POST", "/api/v2/auth/token", body).await.refused(500, "INTERNAL");
    site.stop().await;
}

/// Every way of writing counts; who is refused is told when to try again.
#[sqlx::test(migrations = "../migrations")]
async fn a_person_writes_so_many_messages_in_an_hour(pool: PgPool) {
    let site = start_with(&pool, &[]).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let thread = open(&student, &tutor).await;
    let id = thread.strip_prefix(&format!("{THREADS}/")).expect("an address");
    for at in 0..70 {
        say(&student, &thread, json!({ "body": format!("Message {at}") })).await;
    }
    let fields = [("thread", id), ("form", "a"), ("body", "By the form")];
    assert!(place(&post(&site, &student, "/do/send_message", &fields).await).ends_with("?sent=1"));
    let used = "UPDATE rate_counts SET calls = calls + 1500 - 71 WHERE key LIKE 'message:%'";
    sqlx::raw_sql(used).execute(&pool).await.expect("an hour of writing");
    let refused = student.call("POST", &format!("{thread}/messages"), json!({ "body": "More" })).await;
    assert_eq!(refused.header("retry-after"), Some("3600"));
    refused.refused(429, "RATE_LIMITED");
    let fields = [("thread", id), ("form", "a"), ("body", "More")];
    let request = site.request("POST", "/do/send_message").header("Accept", "application/json");
    let by_script = send(request.header("Cookie", cookie_of(&site, &student).await).form(&fields)).await;
    assert_eq!((by_script.status.as_u16(), by_script.header("retry-after")), (429, Some("3600")));
    assert!(
        place(&post(&site, &student, "/do/send_message", &fields).await).contains("send_message"),
        "it says why"
    );
    let sent: i64 =
        sqlx::query_scalar("SELECT count(*) FROM chat_messages").fetch_one(&pool).await.expect("a count");
    assert_eq!(sent, 71);
    site.stop().await;
}
