//! A person's copy of their own data over HTTP.

use serde_json::{Value, json};
use services::jobs;
use sqlx::PgPool;

use crate::{
    chat_files::{path, start},
    chat_pages::assert_has,
    pages::{cookie_of, page},
    support::{Site, send},
};

const EXPORTS: &str = "/api/gdpr/export";

async fn work(site: &Site) {
    jobs::drain(&site.services).await.expect("worked off");
}

#[sqlx::test(migrations = "../migrations")]
async fn one_asks_for_it_and_downloads_it_alone(pool: PgPool) {
    let (site, _folder) = start(&pool).await;
    let (sam, eve) = (site.person("Sam Student", "student").await, site.person("Eve Other", "student").await);
    for method in ["GET", "POST"] {
        send(site.request(method, EXPORTS)).await.refused(401, "INVALID_TOKEN");
    }
    assert_eq!(sam.get(EXPORTS).await.data(), json!([]));
    let asked = sam.bare("POST", EXPORTS).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let asked = asked.data();
    assert_eq!((&asked["status"], &asked["download_url"]), (&json!("requested"), &Value::Null));
    sam.bare("POST", EXPORTS).await.refused(409, "INVALID_STATE");
    work(&site).await;
    let list = sam.get(EXPORTS).await;
    assert_eq!(list.json()["pagination"]["total"], 1);
    let ready = list.data()[0].clone();
    assert_eq!((&ready["id"], &ready["status"]), (&asked["id"], &json!("ready")));
    assert_eq!(ready["expires_at"], "2027-03-08T08:00:00Z");
    assert_eq!(eve.get(EXPORTS).await.data(), json!([]));

    let address = path(&site, &ready["download_url"]);
    let answer =
        sam.request("GET", address).header("Accept-Encoding", "gzip").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let header =
        |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("a text").to_owned());
    for (name, expected) in [
        ("content-type", Some("application/zip")),
        ("content-disposition", Some("attachment; filename=\"lectern-data.zip\"")),
        ("content-security-policy", Some("default-src 'none'; sandbox")),
        ("cache-control", Some("private, no-store")),
        ("x-content-type-options", Some("nosniff")),
        ("content-encoding", None),
        ("content-length", Some(&*ready["size"].to_string())),
    ] {
        assert_eq!(header(name).as_deref(), expected, "{name}");
    }
    let content = answer.bytes().await.expect("a content");
    assert!(content.starts_with(b"PK\x03\x04"), "an archive");

    eve.get(address).await.refused(404, "NOT_FOUND");
    send(site.request("GET", address)).await.refused(401, "INVALID_TOKEN");
    let bare = format!("{EXPORTS}/{}/file", asked["id"].as_str().expect("an id"));
    sam.get(&bare).await.refused(400, "INVALID_REQUEST");
    sam.get(&format!("{bare}?until=1&seal=x")).await.refused(404, "NOT_FOUND");
    sam.get(&format!("{EXPORTS}/none/file?until=1&seal=x")).await.refused(404, "NOT_FOUND");
    site.set_clock("2027-03-01T10:00:00Z").await;
    let sam = sam.again().await;
    sam.get(address).await.refused(410, "LINK_EXPIRED");
    for _ in 0..2 {
        assert_eq!(sam.bare("POST", EXPORTS).await.status, 202);
        work(&site).await;
    }
    let refused = sam.bare("POST", EXPORTS).await;
    refused.refused(429, "RATE_LIMITED");
    assert_eq!(refused.header("retry-after"), Some(&*(22 * 3600).to_string()));
    sam.get(&format!("{EXPORTS}?page_size=0")).await.refused(400, "INVALID_REQUEST");
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_form_asks_for_it_without_javascript(pool: PgPool) {
    let (site, _folder) = start(&pool).await;
    let sam = site.person("Sam Student", "student").await;
    let cookie = cookie_of(&site, &sam).await;
    let shown = page(&site, &sam, "/settings").await;
    assert_has(&shown, &["id=\"your-data\"", "action=\"/do/request_export#your-data\"", "Ask for a copy"]);
    let post = async || {
        let request = site.request("POST", "/do/request_export").header("Accept", "text/html");
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        send(request.header("Origin", &site.base).header("Cookie", &cookie)).await
    };
    assert_eq!(post().await.header("location"), Some("/settings#your-data"));
    let shown = page(&site, &sam, "/settings").await;
    assert_has(&shown, &["Your copy is being made.", "Being made"]);
    assert!(!shown.text.contains("action=\"/do/request_export#your-data\""));
    work(&site).await;
    let shown = page(&site, &sam, "/settings").await;
    assert_has(
        &shown,
        &["href=\"/api/gdpr/export/", "Can be downloaded until", "action=\"/do/request_export#your-data\""],
    );
    let notices = page(&site, &sam, "/notices").await;
    assert_has(&notices, &["Your data is ready to download"]);
    site.stop().await;
}
