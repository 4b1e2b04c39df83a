//! Push over HTTP: the worker that browsers run, and what the switch in the settings posts.

use sqlx::PgPool;

use crate::{
    pages::{cookie_of, page},
    support::{Answer, send, start},
};

/// The keys of the example in RFC 8291.
const P256DH: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

#[sqlx::test(migrations = "../migrations")]
async fn the_worker_is_served_for_the_whole_site(pool: PgPool) {
    let site = start(&pool).await;
    let worker = site.get("/sw.js").await;
    assert_eq!(worker.status, 200);
    assert_eq!(worker.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(worker.header("cache-control"), Some("no-cache"), "a new release is found");
    let policy = worker.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(worker.text.contains("showNotification"));
    let settings = site.person("Sam Student", "student").await;
    let settings = page(&site, &settings, "/settings").await;
    let policy = settings.header("content-security-policy").expect("a policy");
    // Without a source of their own, workers come from where scripts do.
    assert!(!policy.contains("worker-src") && policy.contains("script-src 'self'"), "{policy}");
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_browser_asks_to_be_told_and_signs_out(pool: PgPool) {
    let site = start(&pool).await;
    let sam = site.person("Sam Student", "student").await;
    let cookie = cookie_of(&site, &sam).await;
    let post = async |action: &str, fields: &[(&str, &str)]| -> Answer {
        let request = site.request("POST", action).header("Accept", "application/json");
        send(request.header("Origin", &site.base).header("Cookie", &cookie).form(fields)).await
    };
    let endpoint = ("endpoint", "http://127.0.0.1:9/push");
    let keys = [endpoint, ("p256dh", P256DH), ("auth", AUTH)];
    let refused = post("/do/keep_push", &[endpoint, ("p256dh", P256DH), ("auth", "short")]).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert_eq!(post("/do/is_push_kept", &[endpoint]).await.text, "false");
    assert_eq!(post("/do/keep_push", &keys).await.status, 200);
    assert_eq!(post("/do/is_push_kept", &[endpoint]).await.text, "true");
    let settings = site.request("GET", "/settings").header("Cookie", &cookie).header("Accept", "text/html");
    assert!(send(settings).await.text.contains("One browser shows what we tell you."));
    let count = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM push_devices").fetch_one(&pool).await.expect("a count")
    };
    assert_eq!(post("/do/end_push", &[endpoint]).await.status, 200);
    assert_eq!(count().await, 0);
    assert_eq!(post("/do/keep_push", &keys).await.status, 200);
    let form =
        site.request("POST", "/do/end_all_push").header("Accept", "text/html").header("Origin", &site.base);
    let ended = send(form.header("Cookie", &cookie)).await;
    assert_eq!((ended.status.as_u16(), ended.header("location")), (302, Some("/settings?saved=1#push")));
    assert_eq!(count().await, 0);
    assert_eq!(post("/do/keep_push", &keys).await.status, 200);
    post("/do/sign_out", &[]).await;
    assert_eq!(count().await, 0, "it ends with the sign-in");
    assert_eq!(post("/do/keep_push", &keys).await.status, 401);
    site.stop().await;
}
