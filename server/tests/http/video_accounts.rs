//! Accounts with Zoom and Google Meet on the tutor's page, as a browser without script connects them, through real pages
//! of consent; lessons that take place there.

use reqwest::header::SET_COOKIE;
use serde_json::{Value, json};
use services::testing::ports::free_port;
use sqlx::PgPool;

use crate::{
    calendars::post,
    google::{Consent, Google},
    pages::{cookie_of, page},
    support::{Answer, Person, Site, send, start_with},
};

const PAGE: &str = "/tutor/settings?saved=1#video";
const TINA: &str = "tina@example.org";

/// A site that knows Zoom and Google, and both.
async fn open(pool: &PgPool) -> (Site, Google, Google) {
    let ports = [free_port(), free_port()];
    let [zoom, google] = ports.map(|port| format!("http://127.0.0.1:{port}"));
    let vars = [
        ("RATE_LIMITS", "off"),
        ("GOOGLE_CLIENT_ID", "lectern"),
        ("GOOGLE_CLIENT_SECRET", "geheim"),
        ("GOOGLE_ISSUER", &google),
        ("GOOGLE_API_BASE", &google),
        ("ZOOM_CLIENT_ID", "lectern"),
        ("ZOOM_CLIENT_SECRET", "geheim"),
        ("ZOOM_WEBHOOK_SECRET", "of tests"),
        ("ZOOM_BASE", &zoom),
        ("ZOOM_API_BASE", &zoom),
    ];
    let site = start_with(pool, &vars).await;
    let zoom = Google::zoom_at(ports[0], &format!("{}/connect/zoom/callback", site.base)).await;
    let google = Google::open_at(ports[1], &format!("{}/connect/google/callback", site.base)).await;
    (site, zoom, google)
}

async fn get(site: &Site, cookies: &str, path: &str) -> Answer {
    send(site.request("GET", path).header("Accept", "text/html").header("Cookie", cookies)).await
}

fn set(answer: &Answer, name: &str) -> String {
    let cookies = answer.headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut own = cookies.filter(|cookie| cookie.starts_with(name));
    own.next().and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned()
}

/// Follows the link and goes through the provider's pages; where the browser ends up, and what it is told there.
async fn connect(
    site: &Site,
    tutor: &Person<'_>,
    (door, provider): (&str, &Google),
    consent: Consent,
) -> (String, String) {
    let session = cookie_of(site, tutor).await;
    let asked = get(site, &session, door).await;
    assert_eq!(asked.status, 303, "{asked:?}");
    let kept = set(&asked, "oauth");
    let question = asked.header("location").expect("a place").parse().expect("an address");
    let back = provider.visit(&question, TINA, consent).await;
    let back = back.as_str().strip_prefix(&site.base).expect("our own address").to_owned();
    let answer = get(site, &format!("{session}; {kept}"), &back).await;
    let place = answer.header("location").expect("a place").to_owned();
    let told = match consent {
        Consent::Yes => String::new(),
        Consent::No => get(site, &format!("{session}; {}", set(&answer, "flash")), &place).await.text,
    };
    (place, told)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_connects_switches_and_keeps_the_last_account(pool: PgPool) {
    let (site, zoom, google) = open(&pool).await;
    let tutor = site.tutor("Tia Tutor").await;
    let settings = async || page(&site, &tutor, "/tutor/settings").await.text;
    let shown = settings().await;
    assert!(shown.contains("href=\"/connect/zoom\"") && shown.contains("href=\"/connect/google-meet\""));
    assert!(!shown.contains("value=\"zoom\""), "what is not connected is not offered");
    let (at_zoom, at_meet) = (("/connect/zoom", &zoom), ("/connect/google-meet", &google));
    let (place, told) = connect(&site, &tutor, at_zoom, Consent::No).await;
    assert!(place.contains("__path="), "{place}");
    assert!(told.contains("Nothing was connected: you did not permit it."));
    for door in [at_zoom, at_meet] {
        assert_eq!(connect(&site, &tutor, door, Consent::Yes).await.0, PAGE);
    }
    let shown = settings().await;
    for text in ["value=\"zoom\"", "value=\"google_meet\"", "Zoom, tina@example.org"] {
        assert!(shown.contains(text), "{text}");
    }
    let names = ["confirm_requests", "notice_min", "horizon_days", "cancel_notice_min", "external_url"];
    let fields: Vec<_> = names.iter().map(|name| format!("settings[{name}]")).collect();
    let mut chosen: Vec<_> = fields.iter().map(|name| (name.as_str(), "")).collect();
    chosen.push(("settings[provider]", "zoom"));
    assert!(post(&site, &tutor, "save_tutor_settings", &chosen).await.contains("saved=1"));

    sqlx::query("INSERT INTO settings VALUES ('accepted_providers', '[\"zoom\", \"google_meet\"]')")
        .execute(&pool)
        .await
        .expect("settings");
    assert_eq!(post(&site, &tutor, "disconnect_video", &[("provider", "google_meet")]).await, PAGE);
    let refused = post(&site, &tutor, "disconnect_video", &[("provider", "zoom")]).await;
    assert!(refused.contains("__path="), "the last one: {refused}");
    // Once the account lets nobody in, the page says so, with the way to connect it again.
    zoom.test("withdraw", &json!({})).await;
    let student = site.person("Sam Student", "student").await;
    let booking = student.book(&tutor, "2027-03-02T10:00:00Z").await.data();
    let booking = booking["id"].as_str().expect("an id").to_owned();
    assert_eq!(send(site.request("POST", "/dev/tick")).await.status, 200);
    assert!(settings().await.contains("Zoom does not let Lectern in any more."));
    let lesson = page(&site, &tutor, &format!("/lessons/{booking}")).await.text;
    assert!(lesson.contains("The meeting at Zoom could not be made."));
    assert_eq!(connect(&site, &tutor, at_zoom, Consent::Yes).await.0, PAGE);
    assert_eq!(send(site.request("POST", "/dev/tick")).await.status, 200);
    let lesson = page(&site, &tutor, &format!("/lessons/{booking}")).await.text;
    assert!(lesson.contains("The meeting at Zoom is ready."));
    site.set_clock("2027-03-02T10:00:00Z").await;
    let joined =
        student.again().await.call("POST", &format!("/api/v2/bookings/{booking}/join"), Value::Null).await;
    let url = joined.data()["url"].as_str().expect("a link").to_owned();
    assert!(url.starts_with("https://zoom.example/j/"), "{url}");
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_but_a_tutor_is_sent_there(pool: PgPool) {
    let (site, _zoom, _google) = open(&pool).await;
    let student = site.person("Sam Student", "student").await;
    let session = cookie_of(&site, &student).await;
    for (cookies, path) in [
        (session.as_str(), "/connect/zoom"),
        (&session, "/connect/zoom/callback?code=x&state=y"),
        ("", "/connect/google-meet"),
    ] {
        let answer = get(&site, cookies, path).await;
        assert_eq!(answer.header("location"), Some("/tutor/settings?__path=/do/connect_video"), "{path}");
    }
    for path in ["/connect/elsewhere", "/connect/elsewhere/callback"] {
        assert_eq!(get(&site, &session, path).await.status, 404, "{path}");
    }
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn zoom_is_heard_only_by_its_signature(pool: PgPool) {
    let (site, _zoom, _google) = open(&pool).await;
    let body =
        json!({ "event": "endpoint.url_validation", "payload": { "plainToken": "token" } }).to_string();
    let now = chrono::DateTime::parse_from_rfc3339("2027-03-01T08:00:00Z").expect("an instant").timestamp();
    site.set_clock("2027-03-01T08:00:00Z").await;
    let tell = async |signature: &str| {
        let request = site.request("POST", "/api/zoom/webhook").body(body.clone());
        let request = request.header("x-zm-request-timestamp", now.to_string());
        send(request.header("x-zm-signature", signature)).await
    };
    tell("v0=00").await.refused(400, "INVALID_REQUEST");
    tell("").await.refused(400, "INVALID_REQUEST");
    let signed =
        domain::webhook::sign_zoom("of tests", format!("v0:{now}:{body}").as_bytes()).expect("signed");
    let answer = tell(&format!("v0={signed}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let expected = domain::webhook::sign_zoom("of tests", b"token").expect("signed");
    assert_eq!(answer.json(), json!({ "plainToken": "token", "encryptedToken": expected }));
    site.stop().await;
}

/// What Zoom sends once a meeting was recorded.
fn recorded(remote: i64, sent: i64) -> String {
    let object = json!({
        "id": remote, "uuid": "a==", "start_time": "2027-03-02T10:01:00Z", "duration": 58,
        "share_url": "https://zoom.example/rec/share/a", "password": "W3t!$00v",
    });
    json!({ "event": "recording.completed", "event_ts": sent * 1000, "payload": { "object": object } })
        .to_string()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_recording_is_on_the_page_of_its_lesson_for_the_two_parties(pool: PgPool) {
    let (site, _zoom, _google) = open(&pool).await;
    let tutor = site.tutor("Tia Tutor").await;
    let student = site.person("Sam Student", "student").await;
    let third = site.person("Theo Third", "student").await;
    let booking = student.book(&tutor, "2027-03-02T10:00:00Z").await.data();
    let booking = booking["id"].as_str().expect("an id").to_owned();
    sqlx::query(
        "INSERT INTO meetings (id, booking_id, provider, account, remote_id, url, starts_at, ends_at, created_at)
         SELECT id, id, 'zoom', 'host', '81', 'https://zoom.example/j/81', starts_at, ends_at, created_at
         FROM bookings",
    )
    .execute(&pool)
    .await
    .expect("a meeting");
    // Without an account that lets us in, what was made there stays as it is.
    sqlx::query("UPDATE tutors SET provider = 'zoom'").execute(&pool).await.expect("a provider");
    site.set_clock("2027-03-02T12:00:00Z").await;
    let now = chrono::DateTime::parse_from_rfc3339("2027-03-02T12:00:00Z").expect("an instant").timestamp();
    let body = recorded(81, now);
    let signed =
        domain::webhook::sign_zoom("of tests", format!("v0:{now}:{body}").as_bytes()).expect("signed");
    let request = site.request("POST", "/api/zoom/webhook").header("x-zm-request-timestamp", now.to_string());
    let answer = send(request.header("x-zm-signature", format!("v0={signed}")).body(body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(send(site.request("POST", "/dev/tick")).await.status, 200);
    let path = format!("/lessons/{booking}");
    for party in [&student, &tutor] {
        let lesson = page(&site, party, &path).await.text;
        for shown in ["href=\"https://zoom.example/rec/share/a\"", "W3t!$00v", "58 min", "31 May 2027"] {
            assert!(lesson.contains(shown), "{shown}");
        }
    }
    let answer = page(&site, &third, &path).await;
    assert_eq!(answer.status, 404);
    assert!(!answer.text.contains("rec/share"), "nobody else sees it");
    site.stop().await;
}
