//! Calendars over HTTP: the feed at its secret address, the file of one lesson, and the pages that lead there.

use std::sync::{Arc, Mutex};

use serde_json::json;
use sqlx::PgPool;
use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{
    pages::{cookie_of, page},
    support::{Person, Site, send, start},
};

/// Posts a form as a browser without script does; where it leads.
pub async fn post(site: &Site, person: &Person<'_>, action: &str, fields: &[(&str, &str)]) -> String {
    let page = format!("{}/tutor/settings", site.base);
    let request = site.request("POST", &format!("/do/{action}")).header("Accept", "text/html");
    let request = request.header("Referer", page).header("Cookie", cookie_of(site, person).await);
    let answer = send(request.form(fields)).await;
    assert_eq!(answer.status, 302, "{answer:?}");
    answer.header("location").expect("a place").to_owned()
}

/// Renews the address.
async fn renew(site: &Site, person: &Person<'_>) {
    assert_eq!(post(site, person, "renew_calendar", &[]).await, "/settings?saved=1#calendar");
}

/// The path of the address that the page of settings shows.
async fn address(site: &Site, person: &Person<'_>) -> String {
    let settings = page(site, person, "/settings").await.text;
    let start = format!("value=\"{}", site.base);
    let (_, rest) = settings.split_once(&start).unwrap_or_else(|| panic!("no address on the page"));
    let path = rest.split('"').next().expect("an end").to_owned();
    let bare = site.base.trim_start_matches("http://");
    assert!(settings.contains(&format!("href=\"webcal://{bare}{path}\"")), "no link for calendar programs");
    path
}

#[sqlx::test(migrations = "../migrations")]
async fn a_feed_is_fetched_without_signing_in_and_kept_while_nothing_changes(pool: PgPool) {
    let site = start(&pool).await;
    let tutor = site.tutor("Tia Tutor").await;
    let student = site.person("Sam Student", "student").await;
    let booked = student.book(&tutor, "2027-03-01T12:00:00Z").await.data();
    let before = page(&site, &student, "/settings").await.text;
    assert!(before.contains("action=\"/do/renew_calendar\"") && !before.contains("/calendar/"), "{before}");
    renew(&site, &student).await;
    let path = address(&site, &student).await;
    let feed = site.get(&path).await;
    assert_eq!(feed.status, 200);
    assert_eq!(feed.header("content-type"), Some("text/calendar; charset=utf-8"));
    assert_eq!(feed.header("cache-control"), Some("private, max-age=300"));
    assert_eq!((feed.header("set-cookie"), feed.header("x-robots-tag")), (None, Some("noindex")));
    let unfolded = feed.text.replace("\r\n ", "");
    assert!(unfolded.contains(booked["meeting_url"].as_str().expect("a link")), "{unfolded}");
    assert!(unfolded.contains("STATUS:CONFIRMED\r\n"), "{unfolded}");

    let tag = feed.header("etag").expect("a tag").to_owned();
    site.set_clock("2027-03-01T08:10:00Z").await;
    let same = send(site.request("GET", &path).header("If-None-Match", &tag)).await;
    assert_eq!((same.status.as_u16(), same.text.as_str(), same.header("etag")), (304, "", Some(&*tag)));
    let cancelled = format!("/api/v2/bookings/{}", booked["id"].as_str().expect("an id"));
    assert_eq!(student.call("DELETE", &cancelled, json!({})).await.status, 200);
    let news = send(site.request("GET", &path).header("If-None-Match", &tag)).await;
    assert!(news.status == 200 && news.text.contains("STATUS:CANCELLED\r\n"), "{news:?}");
    let head = send(site.request("HEAD", &path)).await;
    assert_eq!((head.status.as_u16(), head.header("etag")), (200, news.header("etag")));

    renew(&site, &student).await;
    site.get(&path).await.refused(404, "NOT_FOUND");
    assert_eq!(site.get(&address(&site, &student).await).await.status, 200);
    for path in ["/calendar/x.ics", "/calendar/x", "/calendar/.ics", "/calendar/%00.ics"] {
        site.get(path).await.refused(404, "NOT_FOUND");
    }
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_file_of_a_lesson_is_for_its_two_parties(pool: PgPool) {
    let site = start(&pool).await;
    let tutor = site.tutor("Tia Tutor").await;
    let student = site.person("Sam Student", "student").await;
    let stranger = site.person("Eve Else", "student").await;
    let booked = student.book(&tutor, "2027-03-01T12:00:00Z").await.data();
    let lesson = format!("/lessons/{}", booked["id"].as_str().expect("an id"));
    let path = format!("{lesson}/calendar.ics");
    for (person, name) in [(&student, "Tia Tutor"), (&tutor, "Sam Student")] {
        let shown = page(&site, person, &lesson).await.text;
        assert!(shown.contains(&format!("href=\"{path}\"")), "no file is offered");
        for host in ["calendar.google.com", "outlook.live.com", "outlook.office.com"] {
            assert!(shown.contains(&format!("href=\"https://{host}/")), "{host} is not offered");
        }
        let request = site.request("GET", &path).header("Cookie", cookie_of(&site, person).await);
        let file = send(request.header("Accept-Language", "fr")).await;
        assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"lesson.ics\""));
        assert!(file.text.contains(&format!("SUMMARY:Contract law with {name}\r\n")), "{}", file.text);
    }
    let request = site.request("GET", &path).header("Cookie", cookie_of(&site, &stranger).await);
    send(request).await.refused(404, "BOOKING_NOT_FOUND");
    site.get(&path).await.refused(401, "INVALID_TOKEN");
    let request = site.request("GET", "/lessons/x/calendar.ics");
    send(request.header("Cookie", cookie_of(&site, &student).await)).await.refused(404, "BOOKING_NOT_FOUND");
    site.set_clock("2027-03-01T13:00:00Z").await;
    assert!(!page(&site, &student, &lesson).await.text.contains("calendar.google.com"), "it is over");
    site.stop().await;
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_secret_is_in_no_log_at_any_level(pool: PgPool) {
    let log = Log::default();
    let lines = tracing_subscriber::fmt::layer().with_writer(log.clone()).with_ansi(false);
    let own = ["server", "services", "app", "tower_http", "axum"];
    let levels =
        own.into_iter().map(|crate_name| (crate_name, tracing_subscriber::filter::LevelFilter::TRACE));
    let filter = tracing_subscriber::filter::Targets::new().with_targets(levels);
    tracing_subscriber::registry().with(filter).with(lines).init();
    let site = start(&pool).await;
    let student = site.person("Sam Student", "student").await;
    renew(&site, &student).await;
    let path = address(&site, &student).await;
    assert_eq!(site.get(&path).await.status, 200);
    // A fault is logged, and names the request by its id.
    sqlx::raw_sql("ALTER TABLE bookings RENAME TO mislaid").execute(&pool).await.expect("renamed");
    let fault = site.get(&path).await.refused(500, "INTERNAL");
    let text = String::from_utf8(log.0.lock().expect("the log").clone()).expect("text");
    assert!(text.contains(fault["request_id"].as_str().expect("an id")), "the fault is in the log: {text}");
    let secret = path.trim_start_matches("/calendar/").trim_end_matches(".ics");
    assert_eq!(secret.len(), 43);
    assert!(!text.contains(secret), "{text}");
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_connects_a_calendar_is_warned_when_it_fails_and_disconnects_it(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, other) = (site.tutor("Tia Tutor").await, site.tutor("Otto Other").await);
    let student = site.person("Sam Student", "student").await;
    student.book(&tutor, "2027-03-01T12:00:00Z").await.data();
    // The calendar elsewhere is the student's own feed, of this very site.
    renew(&site, &student).await;
    let url = format!("{}{}", site.base, address(&site, &student).await);
    let wrong = post(&site, &other, "connect_calendar", &[("url", "nothing")]).await;
    assert!(wrong.contains("__path="), "{wrong}");
    let connected = "/tutor/settings?saved=1#calendars";
    assert_eq!(post(&site, &other, "connect_calendar", &[("url", &url)]).await, connected);
    let settings = page(&site, &other, "/tutor/settings").await.text;
    assert!(settings.contains("Disconnect: 127.0.0.1") && !settings.contains(&url), "only the host is shown");
    let taken = student.book(&other, "2027-03-01T12:00:00Z").await;
    taken.refused(409, "BOOKING_CONFLICT");

    let warning = "A connected calendar cannot be read.";
    assert!(!page(&site, &other, "/tutor").await.text.contains(warning));
    renew(&site, &student).await;
    site.set_clock("2027-03-01T08:05:00Z").await;
    assert_eq!(send(site.request("POST", "/dev/tick")).await.status, 200);
    for path in ["/tutor", "/tutor/settings"] {
        assert!(page(&site, &other, path).await.text.contains(warning), "{path}");
    }
    let settings = page(&site, &other, "/tutor/settings").await.text;
    let (_, id) = settings.split_once("?disconnect=").expect("a way to disconnect it");
    let id = id.split('#').next().expect("an id");
    let asked = page(&site, &other, &format!("/tutor/settings?disconnect={id}")).await.text;
    let dialogs = asked.split("<dialog").map(|rest| rest.split('>').next().unwrap_or_default());
    let mut own = dialogs.filter(|tag| tag.contains("id=\"disconnect-0\""));
    assert!(own.next().is_some_and(|tag| tag.contains(" open")), "the question is not open");
    assert_eq!(post(&site, &other, "disconnect_calendar", &[("connection", id)]).await, connected);
    assert!(!page(&site, &other, "/tutor").await.text.contains(warning));
    site.stop().await;
}
