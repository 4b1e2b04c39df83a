//! Accounts at Google: permission through real pages of consent, busy times, lessons out.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod diaries;
mod google;
mod radicale;

use chrono::{DateTime, TimeDelta, Utc};
use diaries::{choose, is_free, list, only, pass};
use domain::{
    Code,
    booking::{Booking, BookingState},
};
use google::{Consent, Google};
use serde_json::json;
use services::{
    Services, booking, busy, chance,
    diary::{self, Kind},
    jobs,
    oauth::Reply,
    testing::{self, Tutor, at_hour, booked, now, refused},
};
use sqlx::PgPool;
use url::Url;
use uuid::Uuid;

const WAY_BACK: &str = "http://127.0.0.1:3000/connect/google/callback";
const TINA: &str = "tina@example.org";

/// Services that know Google, a tutor, and Google.
async fn open(db: PgPool) -> (Services, Tutor, Google) {
    let google = Google::open(WAY_BACK).await;
    jobs::migrate(&db).await.expect("the queue");
    let services = knowing(db, &google);
    services.clock.set(&services.db, Some(now())).await.expect("the clock");
    let tutor = testing::tutor(&services, "Tina").await;
    (services, tutor, google)
}

fn knowing(db: PgPool, google: &Google) -> Services {
    let url = google.url();
    let vars = [
        ("GOOGLE_CLIENT_ID", "lectern"),
        ("GOOGLE_CLIENT_SECRET", "geheim"),
        ("GOOGLE_ISSUER", &url),
        ("GOOGLE_API_BASE", &url),
    ];
    testing::services_in(db, &vars, None)
}

fn reply(back: &Url) -> Reply {
    let value =
        |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    Reply { code: value("code"), state: value("state"), error: value("error"), iss: value("iss") }
}

/// Asks Tina for permission; what the browser kept, and what it came back with.
async fn asked(services: &Services, tutor: &Tutor, google: &Google, consent: Consent) -> (String, Reply) {
    let asked = diary::begin_google(services, &tutor.actor, tutor.id).await.expect("a question");
    let back = google.visit(&asked.url, TINA, consent).await;
    (asked.kept, reply(&back))
}

async fn finish(services: &Services, tutor: &Tutor, kept: &str, reply: &Reply) -> services::Result<()> {
    diary::finish_google(services, &tutor.actor, tutor.id, Some(kept), reply).await
}

async fn connect(services: &Services, tutor: &Tutor, google: &Google) {
    let (kept, reply) = asked(services, tutor, google, Consent::Yes).await;
    finish(services, tutor, &kept, &reply).await.expect("connected");
}

/// Services, a tutor whose lessons are written into Work, and Google.
async fn writing(db: PgPool) -> (Services, Tutor, Google) {
    let (services, tutor, google) = open(db).await;
    connect(&services, &tutor, &google).await;
    choose(&services, &tutor, &["Work"], Some("Work")).await;
    (services, tutor, google)
}

/// An event that somebody else put there.
async fn put(google: &Google, id: &str, start: DateTime<Utc>, minutes: i64) {
    let at = |at: DateTime<Utc>| json!({ "dateTime": at.to_rfc3339() });
    let event = json!({ "start": at(start), "end": at(start + TimeDelta::minutes(minutes)) });
    google.test("event", &json!({ "calendar": "work", "id": id, "event": event })).await;
}

/// The names of the events in Work, and when they start.
async fn shown(google: &Google) -> Vec<(String, DateTime<Utc>)> {
    let events = google.events("work").await.into_iter().map(|event| {
        let start = event["start"]["dateTime"].as_str().expect("a start").parse().expect("an instant");
        (event["id"].as_str().expect("a name").to_owned(), start)
    });
    let mut events: Vec<_> = events.collect();
    events.sort();
    events
}

fn as_shown(booking: &Booking) -> (String, DateTime<Utc>) {
    (booking.id.0.simple().to_string(), booking.start)
}

#[sqlx::test(migrations = "../migrations")]
async fn an_account_is_connected_by_its_owners_permission(db: PgPool) {
    let (services, tutor, google) = open(db.clone()).await;
    connect(&services, &tutor, &google).await;
    let account = only(&services, &tutor).await;
    assert_eq!((account.kind, &*account.login), (Kind::Google, TINA));
    let calendars: Vec<_> =
        account.calendars.iter().map(|it| (&*it.name, it.writable, it.read.is_none())).collect();
    assert_eq!(calendars, [("Team", false, true), ("Work", true, true), (TINA, true, true)]);
    let row: String = sqlx::query_scalar("SELECT row_to_json(c)::text FROM oauth_connections c")
        .fetch_one(&db)
        .await
        .expect("a row");
    assert!(row.contains("calendar.events") && row.contains(TINA), "{row}");
    // Connected again it is the same account, with another permission.
    connect(&services, &tutor, &google).await;
    assert_eq!(only(&services, &tutor).await.id, account.id);
    assert_eq!(testing::number(&services, "SELECT count(*) FROM oauth_connections").await, 1);
    let cannot = account.calendars.iter().find(|it| !it.writable).expect("Team").id;
    let choice = diary::Choice { read: vec![cannot], lessons_in: Some(cannot) };
    let refusal = diary::choose(&services, &tutor.actor, tutor.id, account.id, &choice).await;
    assert_eq!(refused(refusal).0, Code::NotFound);
    diary::disconnect(&services, &tutor.actor, tutor.id, account.id).await.expect("disconnected");
    assert_eq!(list(&services, &tutor).await, []);
    assert_eq!(testing::number(&services, "SELECT count(*) FROM oauth_connections").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn disconnecting_withdraws_the_permission_unless_another_account_needs_it(db: PgPool) {
    let (services, tutor, google) = open(db).await;
    let other = testing::tutor(&services, "Otto").await;
    connect(&services, &tutor, &google).await;
    connect(&services, &other, &google).await;
    let alive = async || google.test("look", &json!({})).await["tokens"].as_u64().expect("a number");
    let before = alive().await;
    let own = only(&services, &tutor).await.id;
    diary::disconnect(&services, &tutor.actor, tutor.id, own).await.expect("disconnected");
    assert_eq!(alive().await, before, "Google would end both");
    let own = only(&services, &other).await.id;
    diary::disconnect(&services, &other.actor, other.id, own).await.expect("disconnected");
    assert!(alive().await < before);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_no_permission_connects_nothing_and_says_why(db: PgPool) {
    let (services, tutor, mut google) = open(db.clone()).await;
    let other = testing::tutor(&services, "Otto").await;
    let key = async |kept: Option<&str>, reply: &Reply| {
        refused(diary::finish_google(&services, &tutor.actor, tutor.id, kept, reply).await).1
    };
    let (kept, no) = asked(&services, &tutor, &google, Consent::No).await;
    assert_eq!(key(Some(&kept), &no).await, "oauth_refused");

    let (kept, yes) = asked(&services, &tutor, &google, Consent::Yes).await;
    assert_eq!(key(None, &yes).await, "oauth_state", "another browser");
    assert_eq!(key(Some("made up"), &yes).await, "oauth_state");
    for wrong in [
        Reply { state: Some("made up".into()), ..yes.clone() },
        Reply { state: None, ..yes.clone() },
        Reply { iss: Some("https://evil.test".into()), ..yes.clone() },
    ] {
        assert_eq!(key(Some(&kept), &wrong).await, "oauth_state", "{wrong:?}");
    }
    let theirs = diary::finish_google(&services, &other.actor, other.id, Some(&kept), &yes).await;
    assert_eq!(refused(theirs).1, "oauth_state", "another person");
    let failed = Reply { code: None, error: Some("server_error".into()), ..yes.clone() };
    assert_eq!(key(Some(&kept), &failed).await, "oauth_failed");
    services.clock.set(&services.db, Some(now() + TimeDelta::minutes(11))).await.expect("the clock");
    assert_eq!(key(Some(&kept), &yes).await, "oauth_expired");
    services.clock.set(&services.db, Some(now())).await.expect("the clock");
    finish(&services, &tutor, &kept, &yes).await.expect("connected");
    assert_eq!(key(Some(&kept), &yes).await, "oauth_expired", "a code is taken once");

    // Who permits less than what is needed.
    let asked = diary::begin_google(&services, &tutor.actor, tutor.id).await.expect("a question");
    let less = asked.url.as_str().replace("+https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcalendar.events", "");
    assert_ne!(less, asked.url.as_str());
    let back = google.visit(&less.parse().expect("an address"), "otto@example.org", Consent::Yes).await;
    assert_eq!(key(Some(&asked.kept), &reply(&back)).await, "oauth_scopes");

    google.stop();
    assert_eq!(
        refused(diary::begin_google(&knowing(db.clone(), &google), &tutor.actor, tutor.id).await).1,
        "oauth_failed"
    );
    let without = testing::services(db);
    assert!(!diary::is_google_offered(&without) && diary::is_google_offered(&services));
    assert_eq!(refused(diary::begin_google(&without, &tutor.actor, tutor.id).await).0, Code::NotFound);
    assert_eq!(list(&services, &tutor).await.len(), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn busy_times_take_slots_away_and_what_fails_keeps_what_was_known(db: PgPool) {
    let (services, tutor, mut google) = open(db).await;
    put(&google, "meeting", at_hour(26), 60).await;
    connect(&services, &tutor, &google).await;
    assert!(is_free(&services, &tutor, 26).await, "nothing is read before it is chosen");
    choose(&services, &tutor, &["Work"], None).await;
    assert!(!is_free(&services, &tutor, 26).await);
    pass(&services, 0).await;
    put(&google, "later", at_hour(28), 60).await;
    pass(&services, 4).await;
    assert!(is_free(&services, &tutor, 28).await, "not yet");
    pass(&services, 1).await;
    assert!(!is_free(&services, &tutor, 28).await, "read every five minutes");
    let read = async || {
        let account = only(&services, &tutor).await;
        account.calendars.into_iter().find_map(|calendar| calendar.read).expect("it is read")
    };
    let known_at = services.clock.now();
    assert_eq!((read().await.read_at, read().await.failing), (Some(known_at), None));
    let since = known_at + TimeDelta::minutes(5);
    for (status, reason, problem) in [
        (503, "backendError", busy::Problem::Unreachable),
        (403, "rateLimitExceeded", busy::Problem::Unreachable),
        (403, "forbidden", busy::Problem::Forbidden),
        (429, "rateLimitExceeded", busy::Problem::Unreachable),
    ] {
        google.test("fail", &json!({ "status": status, "reason": reason })).await;
        pass(&services, 5).await;
        assert_eq!((read().await.read_at, read().await.failing), (Some(known_at), Some((since, problem))));
        assert!(!is_free(&services, &tutor, 26).await, "what was known stays");
    }
    google.test("fail", &json!({})).await;
    google.test("remove", &json!({ "calendar": "work", "id": "meeting" })).await;
    pass(&services, 5).await;
    assert_eq!(read().await.failing, None);
    assert!(is_free(&services, &tutor, 26).await && !is_free(&services, &tutor, 28).await);
    google.test("forget", &json!({ "calendar": "work" })).await;
    pass(&services, 5).await;
    assert_eq!(read().await.failing.expect("it fails").1, busy::Problem::Unreachable);
    google.stop();
    pass(&services, 5).await;
    assert!(!is_free(&services, &tutor, 28).await);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_is_written_moved_and_removed_and_takes_no_time_twice(db: PgPool) {
    let (services, tutor, google) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    pass(&services, 5).await;
    assert_eq!(shown(&google).await, [as_shown(&placed)]);
    let event = google.events("work").await.remove(0);
    assert!(event["summary"].as_str().expect("a name").contains("Sam"), "{event}");
    assert!(
        event["location"].as_str().expect("a place").starts_with("http://127.0.0.1:3000/join/"),
        "{event}"
    );
    let half = at_hour(26) + TimeDelta::minutes(30);
    let moved = booking::reschedule(&services, &student, placed.id, half, None).await.expect("over itself");
    pass(&services, 5).await;
    assert_eq!(shown(&google).await, [as_shown(&moved)]);
    booking::cancel(&services, &student, placed.id, None).await.expect("cancelled");
    assert!(is_free(&services, &tutor, 26).await, "before the calendar is read again");
    pass(&services, 5).await;
    assert_eq!(shown(&google).await, []);
    assert!(is_free(&services, &tutor, 26).await);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_becomes_of_an_event_changes_no_lesson_and_none_is_doubled(db: PgPool) {
    let (services, tutor, google) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    pass(&services, 0).await;
    let id = as_shown(&placed).0;
    google.test("remove", &json!({ "calendar": "work", "id": id })).await;
    pass(&services, 5).await;
    let kept = booking::find(&services, &student, placed.id).await.expect("the lesson");
    assert_eq!((kept.state, kept.start), (BookingState::Confirmed, placed.start));
    assert_eq!(shown(&google).await, [], "who removed it does not want it there");
    let moved = booking::reschedule(&services, &student, placed.id, at_hour(29), None).await.expect("moved");
    pass(&services, 0).await;
    assert_eq!(shown(&google).await, [as_shown(&moved)], "that it was moved is news");
    // A server that was killed before it noted what it wrote: the name is taken already, and it is looked again.
    testing::execute(&services, "DELETE FROM lesson_entries").await;
    google.test("state", &json!({})).await;
    use services::jobs::Job as _;
    diary::WriteLesson { booking: placed.id }.run(&services).await.expect("written");
    assert_eq!(shown(&google).await, [as_shown(&moved)]);
    google.test("remove", &json!({ "calendar": "work", "id": id })).await;
    booking::cancel(&services, &student, placed.id, None).await.expect("cancelled");
    pass(&services, 0).await;
    assert_eq!(testing::number(&services, "SELECT count(*) FROM unwritten_lessons").await, 0);
    assert_eq!(testing::number(&services, "SELECT count(*) FROM lesson_entries").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn tokens_are_renewed_once_by_many_servers(db: PgPool) {
    let (services, tutor, google) = writing(db.clone()).await;
    let student = testing::student(&services, "Sam").await;
    let renewals = async || google.test("look", &json!({})).await["renewals"].as_u64().expect("a number");
    assert_eq!(renewals().await, 0);
    // By our clock they are old.
    pass(&services, 60).await;
    assert_eq!(renewals().await, 1);
    // Google takes them no more although they are young: many jobs of two servers find that out at the same time.
    let second = knowing(db, &google);
    second.clock.follow(&second.db).await.expect("the clock");
    for (round, expected) in [(0, 2), (1, 3)] {
        google.test("expire", &json!({})).await;
        let placed = booked(&services, &student, &tutor, at_hour(26 + round)).await;
        let work = (0..8).map(|number| {
            let services = if number % 2 == 0 { services.clone() } else { second.clone() };
            tokio::spawn(async move {
                use services::jobs::Job as _;
                diary::WriteLesson { booking: placed.id }.run(&services).await
            })
        });
        for job in work.collect::<Vec<_>>() {
            let _ = job.await.expect("no panic");
        }
        pass(&services, 0).await;
        assert_eq!(renewals().await, expected, "round {round}");
        assert!(shown(&google).await.contains(&as_shown(&placed)));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_withdrawn_permission_asks_for_another_and_then_all_is_written(db: PgPool) {
    let (services, tutor, google) = writing(db.clone()).await;
    let student = testing::student(&services, "Sam").await;
    google.test("withdraw", &json!({})).await;
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    pass(&services, 5).await;
    let account = only(&services, &tutor).await;
    assert!(account.is_refused() && account.lessons_failing.is_some());
    let state = "SELECT count(*) FROM oauth_connections WHERE state = 'needs_reauth'";
    assert_eq!(testing::number(&services, state).await, 1);
    google.test("state", &json!({})).await;
    pass(&services, 60).await;
    let asked = google.test("state", &json!({})).await["asked"].clone();
    assert_eq!(asked, json!([]), "nobody is asked in vain");
    connect(&services, &tutor, &google).await;
    pass(&services, 0).await;
    assert_eq!(shown(&google).await, [as_shown(&placed)]);
    let again = only(&services, &tutor).await;
    assert!(again.id == account.id && !again.is_refused() && again.lessons_failing.is_none());
    // Under another secret of the server the tokens cannot be opened.
    let vars = [
        ("SESSION_SECRET", "a secret of more than sixteen bytes"),
        ("GOOGLE_CLIENT_ID", "lectern"),
        ("GOOGLE_CLIENT_SECRET", "geheim"),
        ("GOOGLE_ISSUER", &google.url()),
        ("GOOGLE_API_BASE", &google.url()),
    ];
    let renewed = testing::services_in(db, &vars, None);
    renewed.clock.follow(&renewed.db).await.expect("the clock");
    pass(&renewed, 5).await;
    assert!(only(&renewed, &tutor).await.is_refused());
}

/// The channels that Google was asked for: id and token of each.
async fn channels(google: &Google) -> Vec<(Uuid, String)> {
    let state = google.test("look", &json!({})).await;
    let channels = state["channels"].as_array().expect("channels").iter().map(|channel| {
        assert_eq!(channel["address"], "http://127.0.0.1:3000/api/google/calendar");
        let text = |name: &str| channel[name].as_str().expect("a text").to_owned();
        (text("id").parse().expect("an id"), text("token"))
    });
    channels.collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn what_google_tells_is_read_at_once_and_only_from_google(db: PgPool) {
    let (services, tutor, google) = open(db).await;
    connect(&services, &tutor, &google).await;
    choose(&services, &tutor, &["Work"], None).await;
    pass(&services, 0).await;
    let asked = channels(&google).await;
    let [(channel, token)] = &asked[..] else { panic!("{asked:?}") };
    put(&google, "meeting", at_hour(26), 60).await;
    for (channel, token) in [
        (*channel, "".to_owned()),
        (*channel, "A".repeat(43)),
        (*channel, token.chars().rev().collect()),
        (chance::id(), token.clone()),
    ] {
        assert_eq!(refused(busy::told(&services, channel, &token).await).0, Code::NotFound, "{token}");
    }
    jobs::drain(&services).await.expect("done");
    assert!(is_free(&services, &tutor, 26).await, "a stranger has nothing read");
    busy::told(&services, *channel, token).await.expect("known");
    jobs::drain(&services).await.expect("done");
    assert!(!is_free(&services, &tutor, 26).await);

    // Told again within seconds, it waits for the next look.
    put(&google, "another", at_hour(28), 60).await;
    google.test("state", &json!({})).await;
    for _ in 0..2 {
        busy::told(&services, *channel, token).await.expect("known");
    }
    pass(&services, 0).await;
    assert!(!is_free(&services, &tutor, 28).await);
    let asked = google.test("state", &json!({})).await["asked"].to_string();
    assert_eq!(asked.matches("freeBusy").count(), 7, "402 days in steps of 60, once: {asked}");

    // A day before its end another channel is asked for, and the old one is known no more.
    pass(&services, 7 * 24 * 60).await;
    let asked = channels(&google).await;
    let [_, (next, token)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(refused(busy::told(&services, *channel, &asked[0].1).await).0, Code::NotFound);
    busy::told(&services, *next, token).await.expect("known");
    diary::disconnect(&services, &tutor.actor, tutor.id, only(&services, &tutor).await.id)
        .await
        .expect("disconnected");
    assert_eq!(refused(busy::told(&services, *next, token).await).0, Code::NotFound);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_calendar_that_tells_nothing_is_read_all_the_same(db: PgPool) {
    let (services, tutor, google) = open(db).await;
    connect(&services, &tutor, &google).await;
    google.test("mute", &json!({ "calendar": "work" })).await;
    put(&google, "meeting", at_hour(26), 60).await;
    choose(&services, &tutor, &["Work"], None).await;
    pass(&services, 0).await;
    assert!(!is_free(&services, &tutor, 26).await);
    assert_eq!(channels(&google).await, []);
    let watched = async || {
        let asked = google.test("state", &json!({})).await["asked"].to_string();
        asked.matches("events/watch").count()
    };
    assert_eq!(watched().await, 1);
    pass(&services, 5).await;
    assert_eq!(watched().await, 0, "it is not asked each time");
    pass(&services, 6 * 60).await;
    assert_eq!(watched().await, 1);
}
