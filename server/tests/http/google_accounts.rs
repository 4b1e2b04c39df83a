//! Accounts at Google on the tutor's page, as a browser without script connects them, through real pages of consent.

use reqwest::header::SET_COOKIE;
use serde_json::json;
use services::testing::ports::free_port;
use sqlx::PgPool;

use crate::{
    calendars::post,
    google::{Consent, Google},
    pages::{cookie_of, page},
    support::{Answer, Person, Site, send, start, start_with},
};

const PAGE: &str = "/tutor/settings?saved=1#accounts";
const BUTTON: &str = "href=\"/connect/google\"";

/// A site that knows Google, and Google: its calendars are where its sign-in is.
async fn open(pool: &PgPool) -> (Site, Google) {
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}");
    let vars = [
        ("RATE_LIMITS", "off"),
        ("GOOGLE_CLIENT_ID", "lectern"),
        ("GOOGLE_CLIENT_SECRET", "geheim"),
        ("GOOGLE_ISSUER", &url),
    ];
    let site = start_with(pool, &vars).await;
    let google = Google::open_at(port, &format!("{}/connect/google/callback", site.base)).await;
    (site, google)
}

async fn get(site: &Site, cookies: &str, path: &str) -> Answer {
    send(site.request("GET", path).header("Accept", "text/html").header("Cookie", cookies)).await
}

/// The name and value of a cookie that an answer sets.
fn set(answer: &Answer, name: &str) -> String {
    let cookies = answer.headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut own = cookies.filter(|cookie| cookie.starts_with(name));
    own.next().and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned()
}

/// Presses the button and goes through Google's pages; where the browser ends up, and what it is told there.
async fn connect(site: &Site, tutor: &Person<'_>, google: &Google, consent: Consent) -> (String, String) {
    let session = cookie_of(site, tutor).await;
    let asked = get(site, &session, "/connect/google").await;
    assert_eq!(asked.status, 303, "{asked:?}");
    let kept = set(&asked, "oauth");
    let question = asked.header("location").expect("a place").parse().expect("an address");
    let back = google.visit(&question, "tina@example.org", consent).await;
    let back = back.as_str().strip_prefix(&site.base).expect("our own address").to_owned();
    let answer = get(site, &format!("{session}; {kept}"), &back).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(set(&answer, "oauth"), "oauth=", "the question is forgotten");
    let place = answer.header("location").expect("a place").to_owned();
    let told = match consent {
        Consent::Yes => String::new(),
        Consent::No => get(site, &format!("{session}; {}", set(&answer, "flash")), &place).await.text,
    };
    (place, told)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_connects_google_and_is_asked_again_once_it_is_withdrawn(pool: PgPool) {
    let (site, google) = open(&pool).await;
    let tutor = site.tutor("Tia Tutor").await;
    assert!(page(&site, &tutor, "/tutor/settings").await.text.contains(BUTTON));
    let (place, told) = connect(&site, &tutor, &google, Consent::No).await;
    assert!(place.contains("__path="), "{place}");
    assert!(told.contains("Nothing was connected: you did not permit it."));
    assert_eq!(connect(&site, &tutor, &google, Consent::Yes).await.0, PAGE);
    let settings = page(&site, &tutor, "/tutor/settings").await.text;
    assert!(settings.contains("Google Calendar, tina@example.org"), "what is disconnected has a name");
    let select = settings.split("<select").nth(1).and_then(|rest| rest.split("</select>").next());
    let select = select.expect("a choice");
    assert!(select.contains("Work") && !select.contains("Team"), "one can only be read: {select}");

    let account: String = sqlx::query_scalar("SELECT id::text FROM calendar_accounts")
        .fetch_one(&pool)
        .await
        .expect("an account");
    let work: String = sqlx::query_scalar("SELECT id::text FROM offered_calendars WHERE name = 'Work'")
        .fetch_one(&pool)
        .await
        .expect("a calendar");
    let chosen = [("account", &*account), ("calendars[0]", &*work), ("lessons_in", &*work)];
    assert_eq!(post(&site, &tutor, "choose_calendars", &chosen).await, PAGE);
    // What Google tells is read at once.
    assert_eq!(send(site.request("POST", "/dev/tick")).await.status, 200);
    let read = async || -> Option<chrono::DateTime<chrono::Utc>> {
        let told = sqlx::query_scalar("SELECT told_at FROM calendar_connections");
        told.fetch_one(&pool).await.expect("a calendar")
    };
    assert_eq!(read().await, None);
    let at = |hour: u8| json!({ "dateTime": format!("2027-03-02T{hour:02}:00:00Z") });
    let event = json!({ "start": at(10), "end": at(11) });
    google.test("event", &json!({ "calendar": "work", "id": "dentist", "event": event })).await;
    assert!(read().await.is_some(), "Google has told, and was understood");
    send(site.request("POST", "/api/google/calendar")).await.refused(404, "NOT_FOUND");
    let opened = site.request("POST", "/api/google/calendar").header("X-Goog-Resource-State", "sync");
    assert_eq!(send(opened).await.status, 204);

    google.test("withdraw", &json!({})).await;
    site.set_clock("2027-03-01T08:05:00Z").await;
    assert_eq!(send(site.request("POST", "/dev/tick")).await.status, 200);
    let warning = "Google does not let Lectern in any more.";
    assert!(page(&site, &tutor, "/tutor/settings").await.text.contains(warning));
    assert_eq!(connect(&site, &tutor, &google, Consent::Yes).await.0, PAGE);
    assert_eq!(send(site.request("POST", "/dev/tick")).await.status, 200);
    assert!(!page(&site, &tutor, "/tutor/settings").await.text.contains(warning));

    let asked = page(&site, &tutor, &format!("/tutor/settings?disconnect={account}")).await.text;
    assert!(asked.contains("access to the Google Calendar of tina@example.org is withdrawn"));
    assert_eq!(post(&site, &tutor, "disconnect_account", &[("account", &*account)]).await, PAGE);
    assert!(!page(&site, &tutor, "/tutor/settings").await.text.contains("tina@example.org"));
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_but_a_tutor_is_sent_to_google_and_only_where_it_is_configured(pool: PgPool) {
    let (site, _google) = open(&pool).await;
    let student = site.person("Sam Student", "student").await;
    let session = cookie_of(&site, &student).await;
    for (cookies, path) in [
        (session.as_str(), "/connect/google"),
        (&session, "/connect/google/callback?code=x&state=y"),
        ("", "/connect/google"),
        ("", "/connect/google/callback?code=x&code=y"),
    ] {
        let answer = get(&site, cookies, path).await;
        assert_eq!(answer.header("location"), Some("/tutor/settings?__path=/do/connect_google"), "{path}");
    }
    site.stop().await;
    let site = start(&pool).await;
    let tutor = site.tutor("Tia Tutor").await;
    assert!(!page(&site, &tutor, "/tutor/settings").await.text.contains(BUTTON));
    let answer = get(&site, &cookie_of(&site, &tutor).await, "/connect/google").await;
    assert_eq!(answer.header("location"), Some("/tutor/settings?__path=/do/connect_google"));
    site.stop().await;
}
