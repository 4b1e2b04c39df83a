//! What Zoom tells by itself: forged, replayed, out of order; who came, when the lesson ended, what was recorded.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code,
    account::Role,
    attendance::Kind,
    booking::{Booking, BookingState, Party},
    chat::ClientId,
};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use services::{
    Actor, Services, booking, jobs, lesson, sweep,
    testing::{self, Tutor, at_hour, booked, now, refused},
    video::{self, Heard},
};
use sha2::Sha256;
use sqlx::PgPool;

const SECRET: &str = "of tests";
const OWNER: &str = "host-tina";

async fn open(db: PgPool) -> (Services, Tutor, Actor) {
    jobs::migrate(&db).await.expect("the queue");
    let vars =
        [("ZOOM_CLIENT_ID", "lectern"), ("ZOOM_CLIENT_SECRET", "geheim"), ("ZOOM_WEBHOOK_SECRET", SECRET)];
    let services = testing::services_in(db, &vars, None);
    services.clock.set(&services.db, Some(now())).await.expect("the clock");
    let tutor = testing::tutor(&services, "Tina").await;
    let student = testing::student(&services, "Sam").await;
    (services, tutor, student)
}

/// A lesson whose meeting at Zoom has this number.
async fn meeting(services: &Services, tutor: &Tutor, student: &Actor, hour: i64, remote: i64) -> Booking {
    testing::execute(services, "UPDATE tutors SET provider = 'jitsi'").await;
    let booking = booked(services, student, tutor, at_hour(hour)).await;
    // Without an account that lets us in, what was made there stays as it is.
    testing::execute(services, "UPDATE tutors SET provider = 'zoom'").await;
    sqlx::query(
        "INSERT INTO meetings (id, booking_id, provider, account, remote_id, url, starts_at, ends_at, created_at)
         VALUES (gen_random_uuid(), $1, 'zoom', $2, $3::text, 'https://zoom.example/j/' || $3::text, $4, $5, $4)",
    )
    .bind(booking.id.0)
    .bind(OWNER)
    .bind(remote.to_string())
    .bind(booking.start)
    .bind(booking.end)
    .execute(&services.db)
    .await
    .expect("a meeting");
    booking
}

fn sign(timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().fold("v0=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// Sends a message as Zoom does.
async fn send(services: &Services, message: &Value) -> services::Result<Heard> {
    let timestamp = services.clock.now().timestamp().to_string();
    let body = message.to_string();
    video::receive(services, &timestamp, &sign(&timestamp, body.as_bytes()), body.as_bytes()).await
}

/// Sends a message and has it worked off.
async fn tell(services: &Services, message: &Value) {
    assert_eq!(send(services, message).await.expect("taken"), Heard::Taken);
    jobs::drain(services).await.expect("all jobs");
}

fn ended(remote: i64, at: DateTime<Utc>) -> Value {
    let object = json!({ "id": remote, "uuid": "x==", "host_id": OWNER, "end_time": at });
    json!({ "event": "meeting.ended", "event_ts": at.timestamp_millis(), "payload": { "object": object } })
}

fn took_part(kind: &str, remote: i64, participant: &Value) -> Value {
    let object =
        json!({ "id": remote.to_string(), "uuid": "x==", "host_id": OWNER, "participant": participant });
    json!({ "event": format!("meeting.participant_{kind}"), "payload": { "object": object } })
}

async fn came(services: &Services, actor: &Actor, booking: &Booking) -> Vec<(Kind, Option<Party>)> {
    let found = lesson::attendance(services, actor, booking.id).await.expect("evidence");
    assert!(found.intact);
    let rows = found.rows.into_iter().filter(|row| row.record.source == "zoom");
    rows.map(|row| (row.record.kind, row.record.party)).collect()
}

/// What became of a lesson at its scheduled end.
async fn outcome(services: &Services, actor: &Actor, booking: &Booking) -> BookingState {
    services.clock.set(&services.db, Some(booking.end)).await.expect("the clock");
    sweep::run(services).await.expect("a sweep");
    booking::find(services, actor, booking.id).await.expect("a booking").state
}

#[sqlx::test(migrations = "../migrations")]
async fn only_what_zoom_signed_is_taken_and_its_challenge_is_answered(db: PgPool) {
    let (services, ..) = open(db.clone()).await;
    let body = ended(81, now()).to_string();
    let stamp = |seconds: i64| (now().timestamp() + seconds).to_string();
    for (timestamp, signature) in [
        (stamp(0), String::new()),
        (stamp(0), sign(&stamp(0), b"{}")),
        (stamp(1), sign(&stamp(0), body.as_bytes())),
        (stamp(-301), sign(&stamp(-301), body.as_bytes())),
        (stamp(301), sign(&stamp(301), body.as_bytes())),
    ] {
        let refusal = video::receive(&services, &timestamp, &signature, body.as_bytes()).await;
        assert_eq!(
            refused(refusal),
            (Code::InvalidRequest, "signature".to_owned()),
            "{timestamp} {signature}"
        );
    }
    for malformed in ["", "[]", "{\"event\":7}", "{\"event\":\"endpoint.url_validation\",\"payload\":{}}"] {
        let signature = sign(&stamp(0), malformed.as_bytes());
        let refusal = video::receive(&services, &stamp(0), &signature, malformed.as_bytes()).await;
        assert_eq!(refused(refusal).1, "malformed", "{malformed}");
    }
    let challenge =
        json!({ "event": "endpoint.url_validation", "payload": { "plainToken": "qgg8vlvZRS6UYooatFL8Aw" } });
    let Heard::Challenge { plain_token, encrypted_token } = send(&services, &challenge).await.expect("heard")
    else {
        unreachable!("it was a challenge")
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(plain_token.as_bytes());
    let signed: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((plain_token.as_str(), encrypted_token), ("qgg8vlvZRS6UYooatFL8Aw", signed));
    assert_eq!(testing::number(&services, "SELECT count(*) FROM video_events").await, 0);
    let refusal = video::receive(&testing::services(db), &stamp(0), "", b"{}").await;
    assert_eq!(refused(refusal).0, Code::NotFound, "where Zoom is not configured");
}

#[sqlx::test(migrations = "../migrations")]
async fn who_took_part_is_on_record_once_and_a_guest_stands_for_nobody(db: PgPool) {
    let (services, tutor, student) = open(db).await;
    let booking = meeting(&services, &tutor, &student, 26, 81).await;
    let email: String = sqlx::query_scalar("SELECT email::text FROM users WHERE id = $1")
        .bind(student.user.0)
        .fetch_one(&services.db)
        .await
        .expect("an address");
    let at = booking.start + TimeDelta::minutes(1);
    services.clock.set(&services.db, Some(at)).await.expect("the clock");
    let guest =
        took_part("joined", 81, &json!({ "id": "", "user_name": "Sam", "email": "", "join_time": at }));
    for _ in 0..3 {
        tell(&services, &guest).await;
    }
    assert_eq!(came(&services, &student, &booking).await, [(Kind::Join, None)], "replayed it is one");
    let evidence = async || lesson::read(&services, &booking).await.expect("a lesson").evidence;
    assert_eq!(evidence().await.student_joined, None);
    tell(&services, &took_part("joined", 81, &json!({ "id": OWNER, "join_time": at }))).await;
    let signed_in = json!({ "id": "u", "email": email.to_uppercase(), "join_time": at });
    tell(&services, &took_part("joined", 81, &signed_in)).await;
    tell(
        &services,
        &took_part("left", 81, &json!({ "id": OWNER, "leave_time": at + TimeDelta::minutes(9) })),
    )
    .await;
    tell(&services, &took_part("joined", 99, &signed_in)).await;
    // Nothing is kept of a meeting that is none of ours, of our people no names, and nothing for ever.
    let kept = "SELECT count(*) FROM video_events";
    assert_eq!(testing::number(&services, kept).await, 4);
    let named = "SELECT count(*) FROM video_events WHERE remote_id = '99' OR payload::text LIKE '%Sam%'";
    assert_eq!(testing::number(&services, named).await, 0);
    let (join, left) = (Kind::Join, Kind::Left);
    let (teaches, learns) = (Some(Party::Tutor), Some(Party::Student));
    let expected = [(join, None), (join, teaches), (join, learns), (left, teaches)];
    assert_eq!(came(&services, &student, &booking).await, expected, "of another meeting nothing is known");
    let found = evidence().await;
    assert_eq!((found.student_joined, found.tutor_joined), (Some(at), Some(at)));
    let told = "SELECT count(*) FROM live_events WHERE kind = 'lesson.meeting'";
    assert_eq!(testing::number(&services, told).await, 8, "both read each of them at once");
    services.clock.set(&services.db, Some(at + TimeDelta::days(30))).await.expect("the clock");
    sweep::run(&services).await.expect("a sweep");
    assert_eq!(testing::number(&services, kept).await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_end_counts_unless_the_meeting_went_on_whatever_comes_first(db: PgPool) {
    let (services, tutor, student) = open(db).await;
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (place, order) in orders.into_iter().enumerate() {
        for came_back in [false, true] {
            let day = 24 * (1 + i64::try_from(place).expect("a place"));
            let hour = day + if came_back { 4 } else { 2 };
            let remote = 1000 + hour;
            services.clock.set(&services.db, Some(at_hour(hour - 3))).await.expect("the clock");
            let booking = meeting(&services, &tutor, &student, hour, remote).await;
            let at = |minute| booking.start + TimeDelta::minutes(minute);
            services.clock.set(&services.db, Some(at(0))).await.expect("the clock");
            for actor in [&student, &tutor.actor] {
                lesson::join(&services, actor, booking.id).await.expect("joined");
            }
            services.clock.set(&services.db, Some(at(45))).await.expect("the clock");
            let teaches = json!({ "id": OWNER, "join_time": at(0) });
            tell(&services, &took_part("joined", remote, &teaches)).await;
            // The tutor tries the meeting before the lesson; it ends after 20 minutes; a guest comes back, or the tutor
            // alone does.
            let who = if came_back { "" } else { OWNER };
            let messages = [
                ended(remote, at(-30)),
                ended(remote, at(20)),
                took_part("joined", remote, &json!({ "id": who, "join_time": at(21) })),
            ];
            for index in order {
                tell(&services, &messages[index]).await;
            }
            let expected = if came_back { BookingState::Completed } else { BookingState::EarlyEnd };
            assert_eq!(outcome(&services, &student, &booking).await, expected, "{order:?} {came_back}");
        }
    }
    // Evidence that comes after the outcome is for an admin to judge.
    let cases = "SELECT count(*) FROM cases";
    let before = testing::number(&services, cases).await;
    let start: DateTime<Utc> = at_hour(28);
    tell(&services, &ended(1028, start + TimeDelta::minutes(40))).await;
    assert_eq!(testing::number(&services, cases).await, before + 1);
}

/// A lesson that begins now, to which both came by our link.
async fn begun(
    services: &Services,
    tutor: &Tutor,
    student: &Actor,
    (hour, remote): (i64, i64),
    party: &[&Actor],
) -> Booking {
    services.clock.set(&services.db, Some(at_hour(hour - 3))).await.expect("the clock");
    let booking = meeting(services, tutor, student, hour, remote).await;
    services.clock.set(&services.db, Some(booking.start)).await.expect("the clock");
    for actor in party {
        lesson::join(services, actor, booking.id).await.expect("joined");
    }
    booking
}

#[sqlx::test(migrations = "../migrations")]
async fn a_student_who_looks_in_before_the_tutor_ends_no_lesson(db: PgPool) {
    let (services, tutor, student) = open(db).await;
    for (day, order) in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1]].into_iter().enumerate() {
        let hour = 26 + 24 * i64::try_from(day).expect("a day");
        let booking = begun(&services, &tutor, &student, (hour, hour), &[&tutor.actor]).await;
        let at = |second| booking.start + TimeDelta::seconds(second);
        services.clock.set(&services.db, Some(at(2400))).await.expect("the clock");
        let messages = [
            took_part("joined", hour, &json!({ "id": "", "join_time": at(-60) })),
            ended(hour, at(10)),
            took_part("joined", hour, &json!({ "id": OWNER, "join_time": at(30) })),
        ];
        for index in order {
            tell(&services, &messages[index]).await;
        }
        let mut seen = came(&services, &student, &booking).await;
        seen.sort_by_key(|row| row.0.name());
        assert_eq!(seen[0], (Kind::Ended, None), "on record, whatever follows from it");
        assert_eq!(seen.len(), 3);
        let found = lesson::read(&services, &booking).await.expect("a lesson").evidence;
        assert_eq!(found.trusted_end, None, "{order:?}");
        assert_eq!(outcome(&services, &student, &booking).await, BookingState::Completed, "{order:?}");
    }
}

/// The tutor is in the meeting as a guest: Zoom tells of nobody that we know, and the evidence of our own link counts.
#[sqlx::test(migrations = "../migrations")]
async fn an_end_counts_for_a_tutor_who_came_by_our_link(db: PgPool) {
    let (services, tutor, student) = open(db).await;
    for (hour, party, expected) in [
        (26, &[&student, &tutor.actor][..], BookingState::EarlyEnd),
        (50, &[&student], BookingState::NoShowTutor),
    ] {
        let booking = begun(&services, &tutor, &student, (hour, hour), party).await;
        let at = |minute| booking.start + TimeDelta::minutes(minute);
        services.clock.set(&services.db, Some(at(20))).await.expect("the clock");
        tell(&services, &ended(hour, at(20))).await;
        let found = lesson::read(&services, &booking).await.expect("a lesson").evidence;
        assert_eq!(found.trusted_end, (expected == BookingState::EarlyEnd).then_some(at(20)));
        assert_eq!(outcome(&services, &student, &booking).await, expected);
    }
}

/// When the lesson gets a link of its own, when the student follows it, when Zoom tells of the end; and whether the
/// lesson is over with its meeting.
#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_that_goes_on_elsewhere_does_not_end_with_its_meeting(db: PgPool) {
    let (services, tutor, student) = open(db).await;
    let rows = [
        (Some(4), Some(5), false, 6, false),
        (Some(4), Some(7), false, 6, false),
        // While our server was away: the student's browser says so.
        (Some(4), Some(5), true, 6, false),
        (Some(4), Some(7), true, 6, false),
        // A link that nobody followed, and none.
        (Some(4), None, false, 6, true),
        (None, None, false, 6, true),
    ];
    for (day, (linked, followed, by_browser, told, is_over)) in rows.into_iter().enumerate() {
        let hour = 26 + 24 * i64::try_from(day).expect("a day");
        let booking = begun(&services, &tutor, &student, (hour, hour), &[&student, &tutor.actor]).await;
        let at = |minute| booking.start + TimeDelta::minutes(minute);
        tell(&services, &took_part("joined", hour, &json!({ "id": OWNER, "join_time": at(0) }))).await;
        for minute in 1..9 {
            services.clock.set(&services.db, Some(at(minute))).await.expect("the clock");
            if Some(minute) == linked {
                let url = format!("https://meet.example/{hour}");
                video::set_own_link(&services, &tutor.actor, booking.id, &url).await.expect("set");
            }
            if Some(minute) == linked && by_browser {
                lesson::look_ahead(&services, &student, booking.id).await.expect("given");
            }
            if Some(minute) == followed && by_browser {
                let click = ClientId::parse("one").expect("a name");
                lesson::tell_join(&services, &student, booking.id, &click, at(minute)).await.expect("heard");
            } else if Some(minute) == followed {
                lesson::join(&services, &student, booking.id).await.expect("joined");
            }
            if minute == told {
                tell(&services, &ended(hour, at(5))).await;
            }
        }
        let expected = if is_over { BookingState::EarlyEnd } else { BookingState::Completed };
        assert_eq!(outcome(&services, &student, &booking).await, expected, "{linked:?} {followed:?} {told}");
    }
    let noted = "SELECT count(*) FROM booking_history WHERE details ->> 'event' = 'lesson.own_link'";
    assert_eq!(testing::number(&services, noted).await, 5);
}

/// A message about a recording of a meeting, sent so many minutes after the first.
fn recorded(kind: &str, remote: i64, uuid: &str, start: DateTime<Utc>, minute: i64) -> Value {
    let object = json!({
        "id": remote, "uuid": uuid, "host_id": OWNER, "start_time": start, "duration": 58,
        "share_url": format!("https://zoom.example/rec/share/{uuid}"), "password": "W3t!$00v",
    });
    let sent = (start + TimeDelta::minutes(90 + minute)).timestamp_millis();
    json!({
        "event": format!("recording.{kind}"), "event_ts": sent, "download_token": "opens-it",
        "payload": { "object": object },
    })
}

/// What a person sees of the recordings of a lesson.
async fn watched(services: &Services, actor: &Actor, booking: &Booking) -> Vec<String> {
    let found = video::recordings(services, actor, booking.id).await.expect("recordings");
    found.into_iter().map(|it| it.url).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_recording_is_shown_once_to_the_two_parties_and_to_nobody_else(db: PgPool) {
    let (services, tutor, student) = open(db).await;
    let booking = meeting(&services, &tutor, &student, 26, 81).await;
    let after = booking.end + TimeDelta::hours(2);
    services.clock.set(&services.db, Some(after)).await.expect("the clock");
    let message = recorded("completed", 81, "a==", booking.start, 0);
    let (stamp, body) = (services.clock.now().timestamp().to_string(), message.to_string());
    let forged = video::receive(&services, &stamp, &sign(&stamp, b"{}"), body.as_bytes()).await;
    assert_eq!(refused(forged).1, "signature");
    assert!(watched(&services, &student, &booking).await.is_empty(), "forged");
    for _ in 0..2 {
        tell(&services, &message).await;
    }
    // Of another meeting nothing is kept; where a browser should not be sent, neither.
    tell(&services, &recorded("completed", 99, "b==", booking.start, 0)).await;
    let mut elsewhere = recorded("completed", 81, "c==", booking.start, 0);
    elsewhere["payload"]["object"]["share_url"] = json!("javascript:alert(1)");
    tell(&services, &elsewhere).await;
    let expected = video::Recording {
        url: "https://zoom.example/rec/share/a==".to_owned(),
        passcode: Some("W3t!$00v".to_owned()),
        start: booking.start,
        minutes: Some(58),
        until: booking.end + TimeDelta::days(90),
    };
    for party in [&student, &tutor.actor] {
        let found = video::recordings(&services, party, booking.id).await.expect("recordings");
        assert_eq!(found, std::slice::from_ref(&expected));
    }
    let told = "SELECT count(*) FROM live_events WHERE kind = 'lesson.recording'";
    assert_eq!(testing::number(&services, told).await, 2, "each party once");
    let third = testing::student(&services, "Theo").await;
    let refusal = video::recordings(&services, &third, booking.id).await;
    assert_eq!(refused(refusal).0, Code::BookingNotFound);
    let admin = testing::user(&services, "Ada", Role::Admin).await;
    assert!(watched(&services, &admin, &booking).await.is_empty(), "nothing is disputed");
    sqlx::query(
        "INSERT INTO disputes (id, booking_id, origin, opened_by, reason, state, opened_at)
         VALUES (gen_random_uuid(), $1, 'student', $2, 'cut_short', 'open', $3)",
    )
    .bind(booking.id.0)
    .bind(student.user.0)
    .bind(after)
    .execute(&services.db)
    .await
    .expect("a dispute");
    assert_eq!(watched(&services, &admin, &booking).await.len(), 1, "a dispute is open");
    let open = "SELECT count(*) FROM video_events WHERE payload <> '{}'";
    assert_eq!(testing::number(&services, open).await, 0, "what opens it is kept nowhere else");
    let clear = "SELECT count(*) FROM recordings WHERE position('W3t!$00v'::bytea IN passcode) > 0";
    assert_eq!(testing::number(&services, clear).await, 0, "it is sealed");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_last_word_about_a_recording_counts_whatever_comes_first(db: PgPool) {
    let (services, tutor, student) = open(db).await;
    let booking = meeting(&services, &tutor, &student, 26, 81).await;
    let after = booking.end + TimeDelta::hours(2);
    services.clock.set(&services.db, Some(after)).await.expect("the clock");
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (place, order) in orders.into_iter().enumerate() {
        for (last, there) in [("trashed", false), ("deleted", false), ("recovered", true)] {
            let uuid = format!("{place}-{last}");
            let [first, then, last] = [("completed", 0), ("trashed", 1), (last, 2)]
                .map(|(kind, minute)| recorded(kind, 81, &uuid, booking.start, minute));
            let messages = [first, then, last];
            for index in order {
                tell(&services, &messages[index]).await;
            }
            let url = format!("https://zoom.example/rec/share/{uuid}");
            let shown = watched(&services, &student, &booking).await.contains(&url);
            assert_eq!(shown, there, "{order:?} {uuid}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_recording_is_kept_for_some_days_after_the_lesson_and_comes_back_no_more(db: PgPool) {
    let (services, tutor, student) = open(db).await;
    let booking = meeting(&services, &tutor, &student, 26, 81).await;
    testing::execute(&services, "INSERT INTO settings VALUES ('recordings_days', '30')").await;
    let stand = async |at: DateTime<Utc>| {
        services.clock.set(&services.db, Some(at)).await.expect("the clock");
    };
    stand(booking.end + TimeDelta::hours(2)).await;
    tell(&services, &recorded("completed", 81, "a==", booking.start, 0)).await;
    let rows = async || testing::number(&services, "SELECT count(*) FROM recordings").await;
    let until = booking.end + TimeDelta::days(30);
    stand(until - TimeDelta::seconds(1)).await;
    sweep::run(&services).await.expect("a sweep");
    assert_eq!((rows().await, watched(&services, &student, &booking).await.len()), (1, 1));
    stand(until).await;
    assert!(watched(&services, &student, &booking).await.is_empty(), "even before the sweep");
    sweep::run(&services).await.expect("a sweep");
    assert_eq!(rows().await, 0);
    tell(&services, &recorded("recovered", 81, "a==", booking.start, 9)).await;
    assert_eq!(rows().await, 0, "what is told later does not lengthen it");
}
