//! What stands around the API: health, documents, files, headers, development.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{send, start, start_with};

const SECRET: &str = "a secret of more than sixteen bytes";

#[sqlx::test(migrations = "../migrations")]
async fn production_has_no_development_addresses_and_asks_for_https(pool: PgPool) {
    let site = start_with(
        &pool,
        &[
            ("LECTERN_ENV", "production"),
            ("SESSION_SECRET", SECRET),
            ("CRON_SECRET", SECRET),
            ("PUBLIC_URL", "https://lectern.test"),
            ("SMTP_URL", "smtps://mail.lectern.test"),
            ("STRIPE_SECRET_KEY", SECRET),
            ("STRIPE_PUBLISHABLE_KEY", "pk_live_x"),
            ("STRIPE_WEBHOOK_SECRET", SECRET),
        ],
    )
    .await;
    for (method, path) in [
        ("PUT", "/dev/clock"),
        ("GET", "/dev/clock"),
        ("POST", "/dev/tick"),
        ("POST", "/dev/reset"),
        ("GET", "/dev/mail"),
        ("GET", "/dev/other"),
    ] {
        let answer = send(
            site.request(method, path).header("Accept", "application/json").json(&json!({ "now": null })),
        )
        .await;
        answer.refused(404, "NOT_FOUND");
    }
    let page = site.get("/healthz").await;
    assert_eq!(page.header("strict-transport-security"), Some("max-age=31536000"));
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn kept_mails_are_a_page_and_json(pool: PgPool) {
    let site = start(&pool).await;
    site.person("Ada Lovelace", "student").await;
    let insert = "INSERT INTO mails (id, user_id, kind, dedupe_key, to_address, locale, subject, html, text, message_id,
                      created_at)
                  SELECT gen_random_uuid(), id, 'receipt', 'receipt/' || n, 'ada@example.org', 'fr', '<i>' || n,
                      '<p class=\"x\">Bonjour</p>', 'Bonjour <b>', n::text, created_at + n * interval '1 second'
                  FROM users, generate_series(1, 2) AS n";
    sqlx::raw_sql(insert).execute(&pool).await.expect("two mails");
    let kept = site.get("/dev/mail").await.json();
    let subjects: Vec<_> = kept.as_array().expect("a list").iter().map(|mail| &mail["subject"]).collect();
    assert_eq!(subjects, ["<i>2", "<i>1", "Please confirm your address"], "newest first");
    assert_eq!((&kept[0]["to"], &kept[0]["sent_at"]), (&json!("ada@example.org"), &Value::Null));
    let page = send(site.request("GET", "/dev/mail").header("Accept", "text/html")).await;
    assert!(page.header("content-security-policy").expect("a policy").contains("default-src 'none'"));
    assert!(
        page.text.contains("srcdoc=\"&lt;p class=&quot;x&quot;&gt;Bonjour&lt;/p&gt;\""),
        "shown in a frame"
    );
    assert!(page.text.contains("<iframe sandbox ") && page.text.contains("<pre>Bonjour &lt;b&gt;</pre>"));
    assert!(!page.text.contains("<i>"));
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn development_moves_the_clock_and_starts_over(pool: PgPool) {
    let site = start(&pool).await;
    let ada = site.person("Ada Lovelace", "student").await;
    for now in [json!("tomorrow"), json!(5), json!("9999-01-01T00:00:00Z")] {
        site.call("PUT", "/dev/clock", json!({ "now": now })).await.refused(400, "INVALID_REQUEST");
    }
    site.call("PUT", "/dev/clock", json!({})).await.refused(400, "INVALID_REQUEST");
    let set = site.call("PUT", "/dev/clock", json!({ "now": "2027-03-01T08:05:00+00:00" })).await.data();
    assert_eq!(set["now"], "2027-03-01T08:05:00Z");
    let ticked = send(site.request("POST", "/dev/tick")).await.data();
    assert!(ticked.as_object().expect("counts").values().all(Value::is_u64), "{ticked}");
    assert_eq!(site.get("/dev/mail").await.json()[0]["kind"], "verify_email");
    assert_eq!(ada.get("/api/v2/me").await.status, 200);
    assert_eq!(send(site.request("POST", "/dev/reset")).await.data(), json!({ "demonstration": false }));
    assert_eq!(site.get("/dev/mail").await.json(), json!([]));
    assert!(!site.services.clock.stands());
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&pool).await.expect("a count");
    assert_eq!(left, 0);
    assert_eq!(site.get("/readyz").await.json()["ready"], true);
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_demonstration_is_there_again_after_a_fresh_start(pool: PgPool) {
    let site = start(&pool).await;
    assert!(services::seed::demonstration(&site.services).await.expect("a demonstration"));
    let counts = async || -> (i64, i64) {
        let counts = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM bookings)";
        sqlx::query_as(counts).fetch_one(&pool).await.expect("counts")
    };
    let before = counts().await;
    site.person("Ada Lovelace", "student").await;
    assert_eq!(send(site.request("POST", "/dev/reset")).await.data(), json!({ "demonstration": true }));
    let after = counts().await;
    assert!(after.0 == before.0 && after.1 > 0, "{before:?} {after:?}");
    let found = site.get("/api/v2/tutors").await.json();
    assert!(found["pagination"]["total"].as_i64().is_some_and(|total| total > 50), "{}", found["pagination"]);
    assert_eq!(site.get("/api/v2/tutors?q=Ada+Lovelace").await.json()["data"], json!([]));
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_photo_is_sent_once_to_who_keeps_it(pool: PgPool) {
    let site = start(&pool).await;
    let tutor = site.tutor("Tia Tutor").await;
    let kept = format!(
        "INSERT INTO tutor_photos SELECT id, 'a photo', created_at FROM tutors WHERE id = '{0}';
         UPDATE tutors SET photo_etag = 'abc' WHERE id = '{0}'",
        tutor.tutor_id()
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(kept)).execute(&pool).await.expect("a photo");
    let path = format!("/photos/{}.jpg", tutor.tutor_id());
    let photo = site.get(&path).await;
    assert_eq!((photo.status.as_u16(), &*photo.text), (200, "a photo"));
    assert_eq!((photo.header("content-type"), photo.header("etag")), (Some("image/jpeg"), Some("\"abc\"")));
    assert_eq!(photo.header("cache-control"), Some("public, max-age=300"));
    let versioned = site.get(&format!("{path}?v=abc")).await;
    assert_eq!(versioned.header("cache-control"), Some("public, max-age=31536000, immutable"));
    for (tags, status, text) in [
        ("\"abc\"", 304, ""),
        ("W/\"abc\"", 304, ""),
        ("\"other\", \"abc\"", 304, ""),
        ("*", 304, ""),
        ("\"ab\"", 200, "a photo"),
        ("abc", 200, "a photo"),
    ] {
        let answer = send(site.request("GET", &path).header("If-None-Match", tags)).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (status, text), "{tags}");
        assert_eq!(answer.header("etag"), Some("\"abc\""), "{tags}");
    }
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn it_says_whether_it_lives_and_can_serve(pool: PgPool) {
    let site = start(&pool).await;
    assert_eq!(&*site.get("/healthz").await.text, "ok\n");
    let ready = site.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["migrated"]), (200, &json!(true)));
    sqlx::raw_sql("DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
        .execute(&pool)
        .await
        .expect("an older schema");
    let behind = site.get("/readyz").await;
    assert_eq!((behind.status.as_u16(), &behind.json()["migrated"]), (503, &json!(false)));
    let metrics = site.get("/metrics").await.text;
    for line in ["lectern_http_responses_total{class=\"5xx\"} 1\n", "lectern_mails_refused_total 0\n"] {
        assert!(metrics.contains(line), "{line} is missing: {metrics}");
    }
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_and_files_carry_their_headers(pool: PgPool) {
    let site = start(&pool).await;
    let page = send(site.request("GET", "/").header("Accept", "text/html")).await;
    assert_eq!(page.status, 200, "{page:?}");
    let policy = page.header("content-security-policy").expect("a policy");
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce");
    let scripts = policy.split(';').find(|part| part.contains("script-src")).expect("a rule for scripts");
    assert!(!scripts.contains("unsafe-inline"), "{policy}");
    for script in page.text.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap_or_default();
        assert!(tag.contains(nonce) || tag.contains("src=") || tag.contains("application/ld+json"), "{tag}");
    }
    assert_eq!(page.header("cache-control"), Some("private, no-cache"));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
    ] {
        assert_eq!(page.header(name), Some(value));
    }
    assert!(
        page.header("permissions-policy").is_some() && page.header("strict-transport-security").is_none()
    );
    assert!(policy.contains("frame-ancestors 'none'"));
    let other = send(site.request("GET", "/").header("Accept", "text/html")).await;
    assert_ne!(other.header("content-security-policy"), Some(policy));

    let lost = send(site.request("GET", "/nowhere").header("Accept", "text/html")).await;
    assert_eq!((lost.status.as_u16(), lost.text.contains("<html")), (404, true));

    let plain = site.get("/pkg/lectern.abc.js").await;
    assert_eq!((plain.status.as_u16(), &*plain.text), (200, "export const part = 1;\n"));
    let packed = send(site.request("GET", "/pkg/lectern.abc.js").header("Accept-Encoding", "gzip")).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    for file in [&plain, &packed, &site.get("/fonts/inter.woff2").await] {
        assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"), "{file:?}");
    }
    for path in ["/pkg/none.js", "/pkg/", "/fonts/../../../Cargo.toml", "/.git/config", "/fonts"] {
        assert_eq!(site.get(path).await.status, 404, "{path}");
    }
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_dynamic_is_compressed_and_the_same_inside(pool: PgPool) {
    let site = start(&pool).await;
    for encoding in ["br", "gzip"] {
        let request = site.request("GET", "/api/v2/openapi.json").header("Accept-Encoding", encoding);
        assert_eq!(send_raw(request).await.as_deref(), Some(encoding));
    }
    site.stop().await;
}

/// The encoding of an answer.
async fn send_raw(request: reqwest::RequestBuilder) -> Option<String> {
    let response = request.send().await.expect("an answer");
    response.headers().get("content-encoding").and_then(|value| value.to_str().ok()).map(str::to_owned)
}

#[sqlx::test(migrations = "../migrations")]
async fn search_engines_find_who_can_be_booked(pool: PgPool) {
    let site = start(&pool).await;
    site.tutor("Tia Tutor").await;
    let off = site.tutor("Otto Off").await;
    off.call("PATCH", &format!("{}/status", off.tutor_path()), json!({ "is_active": false })).await.data();
    let map = site.get("/sitemap.xml").await;
    assert_eq!(map.header("content-type"), Some("application/xml; charset=utf-8"));
    let entry = format!("<loc>{}/tutors/tia-tutor</loc><lastmod>2027-03-01T08:00:00Z</lastmod>", site.base);
    assert!(map.text.contains(&entry) && !map.text.contains("otto"), "{}", map.text);
    let robots = site.get("/robots.txt").await.text;
    assert!(robots.contains(&format!("Sitemap: {}/sitemap.xml", site.base)), "{robots}");
    site.get("/photos/00000000-0000-4000-8000-000000000000").await.refused(404, "NOT_FOUND");
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_panic_is_a_fault_in_the_envelope(pool: PgPool) {
    let site = start(&pool).await;
    sqlx::raw_sql("ALTER TABLE tutors RENAME TO lost").execute(&pool).await.expect("a broken schema");
    let error = site.get("/api/v2/tutors").await.refused(500, "INTERNAL");
    assert_eq!(error["details"], json!({}));
    assert!(!error["message"].as_str().expect("a sentence").contains("tutors"), "{error}");
    site.stop().await;
}

#[test]
fn the_committed_document_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let made = server::api::openapi_json().expect("a document");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, format!("{made}\n")).expect("written");
    }
    let kept = std::fs::read_to_string(path).expect("docs/openapi.json");
    assert!(
        kept.trim_end() == made,
        "docs/openapi.json is stale: UPDATE_OPENAPI=1 cargo test -p server --test http"
    );
}

#[test]
fn every_call_is_described_with_its_failures() {
    let document = serde_json::to_value(server::api::document()).expect("JSON");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let paths = document["paths"].as_object().expect("paths");
    let calls = paths.values().flat_map(|item| item.as_object().into_iter().flatten());
    let mut ids = std::collections::BTreeSet::new();
    for (method, call) in calls {
        let id = call["operationId"].as_str().expect("an id");
        assert!(ids.insert(id.to_owned()), "{id} twice");
        let answers = call["responses"].as_object().expect("answers");
        assert!(
            answers.contains_key("500") && answers.keys().any(|status| status.starts_with('2')),
            "{method} {id}"
        );
        assert!(call["summary"].is_string() && call["tags"].is_array(), "{method} {id}");
    }
    for path in [
        "/api/v2/bookings/{id}/reschedule",
        "/api/v2/students/by-field/{field}",
        "/api/v2/students/{id}/availability",
        "/api/events",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    // As for `/tutors`, and no more than the router has.
    let mentoring = paths.keys().filter_map(|path| path.strip_prefix("/api/v2/students/{id}"));
    let mentoring: Vec<_> = mentoring.collect();
    assert_eq!(mentoring, ["", "/availability", "/profile", "/ratings", "/stats", "/status"]);
    let refs = document.to_string();
    for part in refs.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().expect("a name");
        assert!(document["components"]["schemas"].get(name).is_some(), "{name} is not described");
    }
}

#[test]
fn the_two_configurations_of_the_build_agree() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let read = |name: &str| {
        let text = std::fs::read_to_string(format!("{root}/{name}")).expect(name);
        let section = text.split("[[workspace.metadata.leptos]]").nth(1).expect("a section").to_owned();
        let lines = section.lines().map(str::to_owned).collect::<Vec<_>>();
        lines
            .iter()
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| line.split_once(" = "))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let (build, run) = (read("Cargo.toml"), read("Leptos.toml"));
    assert!(run.len() > 4, "{run:?}");
    for (key, value) in &run {
        assert_eq!(build.get(key), Some(value), "{key} differs between Cargo.toml and Leptos.toml");
    }
}
