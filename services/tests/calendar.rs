//! Lessons in calendars, read by a reader of another house.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use calcard::icalendar::{ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{account::Role, booking::Booking, ids::UserId};
use services::{
    Services, booking,
    calendar::{self, Method},
    testing::{self, at_hour, booked, execute, now, refused},
};
use sqlx::PgPool;

/// The entries of a file.
fn entries(text: &str) -> Vec<ICalendarComponent> {
    let calendar = ICalendar::parse(text).expect("a calendar");
    let is_entry = |part: &ICalendarComponent| part.component_type == ICalendarComponentType::VEvent;
    calendar.components.into_iter().filter(is_entry).collect()
}

fn text<'a>(entry: &'a ICalendarComponent, name: &ICalendarProperty) -> &'a str {
    let value = entry.property(name).and_then(|property| property.values.first());
    value.and_then(|value| value.as_text()).unwrap_or_else(|| panic!("no {name:?}"))
}

fn sequence(entry: &ICalendarComponent) -> i64 {
    let value = entry.property(&ICalendarProperty::Sequence).and_then(|property| property.values.first());
    value.and_then(|value| value.as_integer()).expect("a sequence")
}

fn instant(entry: &ICalendarComponent, name: &ICalendarProperty) -> DateTime<Utc> {
    let value = entry.property(name).and_then(|property| property.values.first());
    let found = value.and_then(|value| value.as_partial_date_time()).expect("an instant");
    assert_eq!((found.tz_hour, found.tz_minute), (Some(0), Some(0)), "{name:?} is no UTC instant");
    found.to_rfc3339().expect("a whole instant").parse().expect("an instant")
}

async fn invitation(services: &Services, booking: &Booking, reader: UserId) -> Option<calendar::Invitation> {
    let mut db = services.db.acquire().await.expect("a connection");
    let now = services.clock.now();
    calendar::invitation(&mut db, &services.config, booking.id, reader, now).await.expect("read")
}

#[sqlx::test(migrations = "../migrations")]
async fn an_entry_keeps_its_uid_and_each_change_raises_its_sequence(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    execute(&services, "UPDATE tutors SET confirm_requests = true").await;
    let placed = booked(&services, &student, &tutor, at_hour(29)).await;
    let mut seen = Vec::new();
    for change in ["asked", "confirmed", "moved", "cancelled"] {
        services.clock.show(Some(services.clock.now() + TimeDelta::minutes(1)));
        let changed = match change {
            "confirmed" => booking::confirm(&services, &tutor.actor, placed.id).await.expect("confirmed"),
            "moved" => {
                let start = at_hour(53);
                booking::reschedule(&services, &student, placed.id, start, None).await.expect("moved")
            }
            "cancelled" => booking::cancel(&services, &student, placed.id, None).await.expect("cancelled"),
            _ => placed.clone(),
        };
        let told = invitation(&services, &placed, student.user).await.expect("an invitation");
        let entry = entries(&told.text).pop().expect("an entry");
        assert_eq!(text(&entry, &ICalendarProperty::Uid), placed.id.to_string());
        assert_eq!(instant(&entry, &ICalendarProperty::Dtstart), changed.start);
        assert_eq!(instant(&entry, &ICalendarProperty::Dtend), changed.end);
        assert_eq!(instant(&entry, &ICalendarProperty::Dtstamp), services.clock.now());
        if change != "cancelled" {
            let link = format!("{}/join/{}", services.config.web.public_url, changed.join_token);
            assert_eq!(text(&entry, &ICalendarProperty::Location), link);
            assert_eq!(text(&entry, &ICalendarProperty::Url), link);
        }
        let status = text(&entry, &ICalendarProperty::Status).to_owned();
        seen.push((told.method, status, sequence(&entry)));
    }
    let expected = [
        (Method::Request, "TENTATIVE", 0),
        (Method::Request, "CONFIRMED", 1),
        (Method::Request, "CONFIRMED", 2),
        (Method::Cancel, "CANCELLED", 3),
    ];
    assert_eq!(seen, expected.map(|(method, status, sequence)| (method, status.to_owned(), sequence)));
}

#[sqlx::test(migrations = "../migrations")]
async fn each_party_is_invited_by_the_platform_and_learns_nobody_s_address(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let placed = booked(&services, &student, &tutor, at_hour(29)).await;
    for (reader, other, name) in [(&student, &tutor.actor, "Tina"), (&tutor.actor, &student, "Sam")] {
        let told = invitation(&services, &placed, reader.user).await.expect("an invitation");
        assert_eq!(told.content_type(), "text/calendar; charset=utf-8; method=REQUEST");
        let entry = entries(&told.text).pop().expect("an entry");
        assert_eq!(text(&entry, &ICalendarProperty::Summary), format!("Mathematics with {name}"));
        let address = |user: UserId| format!("{}@fixture.test", user.0.simple());
        let attendee = text(&entry, &ICalendarProperty::Attendee);
        assert_eq!(attendee, format!("mailto:{}", address(reader.user)));
        assert_eq!(text(&entry, &ICalendarProperty::Organizer), "mailto:no-reply@localhost");
        let unfolded = told.text.replace("\r\n ", "");
        assert!(!unfolded.contains(&address(other.user)), "{unfolded}");
    }
    let stranger = testing::student(&services, "Eve").await;
    assert_eq!(invitation(&services, &placed, stranger.user).await, None);
    let admin = testing::user(&services, "Ada", Role::Admin).await;
    assert_eq!(invitation(&services, &placed, admin.user).await, None);
    execute(&services, "UPDATE users SET deleted_at = created_at WHERE role = 'tutor'").await;
    assert_eq!(invitation(&services, &placed, tutor.actor.user).await, None);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_feed_shows_ninety_days_and_all_that_comes_with_what_was_cancelled(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let first = booked(&services, &student, &tutor, at_hour(29)).await;
    let second = booked(&services, &student, &tutor, at_hour(53)).await;
    booking::cancel(&services, &student, second.id, None).await.expect("cancelled");
    let other = testing::student(&services, "Eve").await;
    booked(&services, &other, &tutor, at_hour(54)).await;
    calendar::renew(&services, &student).await.expect("an address");
    let secret = secret(&services, &student).await;
    let feed = calendar::feed(&services, &secret).await.expect("a feed");
    assert!(feed.text.contains("METHOD:PUBLISH\r\n") && !feed.text.contains("ATTENDEE"), "{}", feed.text);
    let found = entries(&feed.text);
    let told: Vec<_> = found
        .iter()
        .map(|entry| {
            let status = text(entry, &ICalendarProperty::Status);
            (text(entry, &ICalendarProperty::Uid), status, text(entry, &ICalendarProperty::Summary))
        })
        .collect();
    let (first_id, second_id) = (first.id.to_string(), second.id.to_string());
    assert_eq!(
        told,
        [
            (&*first_id, "CONFIRMED", "Mathematics with Tina"),
            (&*second_id, "CANCELLED", "Cancelled: Mathematics with Tina"),
        ]
    );
    services.clock.show(Some(first.end + TimeDelta::days(90) - TimeDelta::seconds(1)));
    let later = calendar::feed(&services, &secret).await.expect("a feed");
    assert_eq!((entries(&later.text).len(), &later.etag), (2, &feed.etag), "only the time went by");
    services.clock.show(Some(first.end + TimeDelta::days(90)));
    let later = calendar::feed(&services, &secret).await.expect("a feed");
    assert_eq!(entries(&later.text).len(), 1);
    assert_ne!(later.etag, feed.etag);
}

async fn secret(services: &Services, actor: &services::Actor) -> String {
    let address = calendar::address(services, actor).await.expect("read").expect("an address");
    let file = address.https.rsplit('/').next().expect("a name");
    assert_eq!(
        address.webcal.split_once("://"),
        Some(("webcal", address.https.split_once("://").expect("an address").1))
    );
    file.strip_suffix(".ics").expect("an ending").to_owned()
}

#[sqlx::test(migrations = "../migrations")]
async fn an_address_is_one_s_own_until_it_is_renewed(db: PgPool) {
    let services = testing::services(db.clone());
    let student = testing::student(&services, "Sam").await;
    assert!(calendar::address(&services, &student).await.expect("read").is_none());
    calendar::renew(&services, &student).await.expect("an address");
    let first = secret(&services, &student).await;
    assert_eq!((first.len(), secret(&services, &student).await), (43, first.clone()));
    let kept: Vec<u8> = sqlx::query_scalar("SELECT secret_hash FROM calendar_feeds")
        .fetch_one(&services.db)
        .await
        .expect("a hash");
    assert!(
        kept.len() == 32 && !kept.windows(8).any(|part| first.as_bytes().windows(8).any(|own| own == part))
    );
    calendar::renew(&services, &student).await.expect("another address");
    let second = secret(&services, &student).await;
    assert_ne!(first, second);
    assert_eq!(refused(calendar::feed(&services, &first).await).1, "not_found");
    calendar::feed(&services, &second).await.expect("a feed");
    let exchanged = testing::services_in(db, &[("SESSION_SECRET", "another secret of the server")], None);
    assert!(calendar::address(&exchanged, &student).await.expect("read").is_none());
    calendar::feed(&exchanged, &second).await.expect("the address still holds");
    execute(&services, "UPDATE users SET deleted_at = created_at").await;
    assert_eq!(refused(calendar::feed(&services, &second).await).1, "not_found");
    let admin = testing::user(&services, "Ada", Role::Admin).await;
    assert_eq!(refused(calendar::renew(&services, &admin).await).1, "forbidden");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_file_is_for_the_two_parties_in_the_language_of_the_page(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let placed = booked(&services, &student, &tutor, at_hour(29)).await;
    let french = domain::account::Language::Fr;
    let file = calendar::file(&services, &student, placed.id, french).await.expect("a file");
    let entry = entries(&file).pop().expect("an entry");
    assert_eq!(text(&entry, &ICalendarProperty::Summary), "Mathematics avec Tina");
    calendar::file(&services, &tutor.actor, placed.id, french).await.expect("a file");
    for actor in
        [testing::student(&services, "Eve").await, testing::user(&services, "Ada", Role::Admin).await]
    {
        assert_eq!(
            refused(calendar::file(&services, &actor, placed.id, french).await).1,
            "booking_not_found"
        );
        assert_eq!(calendar::links(&services, &actor, french, &placed), None);
    }
    let links = |services: &Services| calendar::links(services, &student, french, &placed);
    assert!(links(&services).expect("links").google.contains("text=Mathematics+avec+Tina&"));
    services.clock.show(Some(placed.end));
    assert_eq!(links(&services), None, "it is over");
    services.clock.show(Some(now()));
    let gone = booking::cancel(&services, &student, placed.id, None).await.expect("cancelled");
    assert_eq!(calendar::links(&services, &student, french, &gone), None, "it is off");
}
