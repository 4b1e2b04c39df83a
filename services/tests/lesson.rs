//! Joining lessons on a real database.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use chrono::TimeDelta;
use domain::{Code, account::Role, attendance::Kind, booking::Party, lesson::LessonState};
use services::{
    AppError, booking, lesson,
    testing::{self, assert_invariants, at_hour, booked, now, refused},
};
use sqlx::PgPool;

/// Each row: seconds after the start of an hour's lesson, whether the parties are let in, the state after it.
#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_is_joined_from_five_minutes_before_to_fifteen_after(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let rows = [
        (-301, false, LessonState::Scheduled),
        (-300, true, LessonState::JoinOpen),
        (0, true, LessonState::InProgress),
        (3600 + 899, true, LessonState::InProgress),
        (3600 + 900, false, LessonState::JoinOpen),
    ];
    for (day, (seconds, open, state)) in (0..).zip(rows) {
        for (hour, actor) in [(4, &student), (6, &tutor.actor)] {
            services.clock.show(Some(now()));
            let placed = booked(&services, &student, &tutor, at_hour(24 * day + hour)).await;
            services.clock.show(Some(placed.start + TimeDelta::seconds(seconds)));
            let answer = lesson::join(&services, actor, placed.id).await;
            match answer {
                Ok(url) => assert!(open && url.starts_with("https://meet.jit.si/tutor"), "{seconds} {url}"),
                Err(AppError::Refused { refusal, details }) => {
                    assert_eq!((open, refusal.code), (false, Code::JoinClosed), "{seconds}");
                    let instant = |name: &str| {
                        details[name].as_str().expect("text").parse::<chrono::DateTime<chrono::Utc>>()
                    };
                    assert_eq!(instant("opens_at"), Ok(placed.start - TimeDelta::minutes(5)));
                    assert_eq!(instant("closes_at"), Ok(placed.end + TimeDelta::minutes(15)));
                }
                Err(fault) => panic!("{fault}"),
            }
            let attempts = lesson::attendance(&services, &student, placed.id).await.expect("attendance");
            let party = booking::party(actor, &placed).expect("a party");
            assert_eq!(attempts.rows.len(), 1);
            let record = &attempts.rows[0].record;
            assert_eq!((record.party, record.kind == Kind::Join), (Some(party), open));
            assert_eq!((record.at, attempts.intact), (services.clock.now(), true));
            let shown = booking::find(&services, actor, placed.id).await.expect("found").lesson_state;
            assert_eq!(shown, state, "{seconds}");
        }
    }
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_that_somebody_joined_early_is_in_progress_at_its_start(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let placed = booked(&services, &student, &tutor, at_hour(4)).await;
    services.clock.show(Some(placed.start - TimeDelta::minutes(2)));
    lesson::join(&services, &student, placed.id).await.expect("let in");
    for (at, state) in [
        (placed.start - TimeDelta::seconds(1), LessonState::JoinOpen),
        (placed.start, LessonState::InProgress),
    ] {
        services.clock.show(Some(at));
        assert_eq!(booking::find(&services, &student, placed.id).await.expect("found").lesson_state, state);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn only_the_two_parties_join(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let placed = booked(&services, &student, &tutor, at_hour(4)).await;
    services.clock.show(Some(placed.start));
    let others = [
        testing::student(&services, "Eve").await,
        testing::tutor(&services, "Theo").await.actor,
        testing::user(&services, "Ada", Role::Admin).await,
    ];
    for actor in &others {
        assert_eq!(refused(lesson::join(&services, actor, placed.id).await).0, Code::BookingNotFound);
    }
    for actor in &others[..2] {
        let read = lesson::attendance(&services, actor, placed.id).await;
        assert_eq!(refused(read).0, Code::BookingNotFound);
    }
    let seen = lesson::attendance(&services, &others[2], placed.id).await.expect("an admin may look");
    assert!(seen.rows.is_empty(), "others leave no evidence");
}

/// Each row: the booking's state, and the answer within the time of joining.
#[sqlx::test(migrations = "../migrations")]
async fn a_booking_that_is_not_agreed_is_not_joined(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let placed = booked(&services, &student, &tutor, at_hour(4)).await;
    services.clock.show(Some(placed.end));
    for (set, answer) in [
        ("UPDATE bookings SET state = 'requested'", Some(Code::InvalidState)),
        ("UPDATE bookings SET state = 'pending_review'", Some(Code::JoinClosed)),
        ("UPDATE bookings SET state = 'cancelled'", Some(Code::InvalidState)),
        ("UPDATE bookings SET state = 'early_end'", Some(Code::InvalidState)),
        ("UPDATE bookings SET state = 'completed'", None),
        ("UPDATE bookings SET state = 'confirmed'", None),
    ] {
        testing::execute(&services, set).await;
        let joined = lesson::join(&services, &student, placed.id).await;
        assert_eq!(joined.as_ref().err().map(AppError::code), answer, "{set}");
    }
    let attempts = lesson::attendance(&services, &tutor.actor, placed.id).await.expect("attendance");
    let kept: Vec<_> = attempts.rows.iter().map(|row| (row.record.party, row.record.kind)).collect();
    let (no, yes) = ((Some(Party::Student), Kind::JoinRefused), (Some(Party::Student), Kind::Join));
    assert!(attempts.intact);
    assert_eq!(kept, [no, no, no, no, yes, yes]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_room_is_one_for_both_and_another_after_a_move(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let placed = booked(&services, &student, &tutor, at_hour(4)).await;
    let room = async |actor| {
        let found = booking::find(&services, &student, placed.id).await.expect("found");
        services.clock.show(Some(found.start));
        lesson::join(&services, actor, placed.id).await.expect("let in")
    };
    let before = room(&student).await;
    assert_eq!(before, room(&tutor.actor).await);
    let (name, suffix) = before.rsplit_once('_').expect("a suffix");
    assert_eq!(name, format!("https://meet.jit.si/tutor{}_booking{}", tutor.id, placed.id));
    assert!(suffix.len() == 16 && suffix.chars().all(|c| c.is_ascii_hexdigit()), "{suffix}");
    services.clock.show(Some(now()));
    booking::reschedule(&services, &student, placed.id, at_hour(6), None).await.expect("moved");
    assert_ne!(room(&student).await, before);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_own_address_is_where_the_lesson_is(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let placed = booked(&services, &student, &tutor, at_hour(4)).await;
    testing::execute(
        &services,
        "UPDATE tutors SET provider = 'external', external_url = 'https://meet.test/x'",
    )
    .await;
    services.clock.show(Some(placed.start));
    assert_eq!(lesson::join(&services, &student, placed.id).await.expect("let in"), "https://meet.test/x");
}

#[sqlx::test(migrations = "../migrations")]
async fn with_jitsi_as_a_service_each_party_has_a_token_of_its_own(db: PgPool) {
    const KEY: &str = include_str!("../src/video/key-of-tests.pem");
    let vars = [("JAAS_APP_ID", "vpaas-test"), ("JAAS_KEY_ID", "4f4910"), ("JAAS_PRIVATE_KEY", KEY)];
    let services = testing::services_in(db, &vars, None);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let placed = booked(&services, &student, &tutor, at_hour(4)).await;
    services.clock.show(Some(placed.start));
    let mut rooms = Vec::new();
    for (actor, name, moderator) in [(&tutor.actor, "Tina", "true"), (&student, "Sam", "false")] {
        let url = lesson::join(&services, actor, placed.id).await.expect("let in");
        let (room, token) = url.split_once("?jwt=").expect("a token");
        let room = room.strip_prefix("https://8x8.vc/vpaas-test/").expect("the account's room").to_owned();
        let header = jsonwebtoken::decode_header(token).expect("a header");
        assert_eq!(header.kid.as_deref(), Some("vpaas-test/4f4910"));
        let mut asked = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
        asked.set_audience(&["jitsi"]);
        asked.set_issuer(&["chat"]);
        // The lesson is on a day of the test's own clock.
        (asked.validate_exp, asked.validate_nbf) = (false, false);
        let public = jsonwebtoken::DecodingKey::from_rsa_pem(PUBLIC_KEY.as_bytes()).expect("a key");
        let claims =
            jsonwebtoken::decode::<serde_json::Value>(token, &public, &asked).expect("signed").claims;
        let (opens, closes) = domain::lesson::join_window(placed.start, placed.end);
        assert_eq!((claims["sub"].as_str(), claims["room"].as_str()), (Some("vpaas-test"), Some(&*room)));
        assert_eq!(
            (claims["nbf"].as_i64(), claims["exp"].as_i64()),
            (Some(opens.timestamp()), Some(closes.timestamp()))
        );
        let user = &claims["context"]["user"];
        assert_eq!((user["name"].as_str(), user["moderator"].as_str()), (Some(name), Some(moderator)));
        assert!(lesson::is_embeddable(&services, &placed).await.expect("read"));
        rooms.push(room);
    }
    assert_eq!(rooms[0], rooms[1], "one room for both");
}

/// The other half of `key-of-tests.pem`.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAzzH+qRFe3tnW2MnoZnXW
xKVWPVVZNqTeINZexTH6OhyyT/WVg/cd381IWcO2yhYTwlrA9mJ/QGQg+OFbQvzb
SWxjteev3EIQhLwwy7GwB5fFV1rqXzTNHvxY7lNx7y9iKzOnWKFao7jypZUXqAVc
e3T1b27FjKJJvl48m5IiJ1Ia0z/Vd4U/vPcmfgIQGkXdu0S8Xq2dQFKZULx8PWw2
OzpMPQq2mroXHHPqWv//QOESwyaOfqNvnGelkJSiWN7EFZinpGeseFEtB05aDJ1o
c8FLeZAcQr1g1VMJcpz2D2gZiA2ZBg+O9J0j9NeLpNB0IJ6OYIxGdMpEP2XOdEqK
gwIDAQAB
-----END PUBLIC KEY-----";
