//! Zoom and Google Meet: accounts connected through real pages of consent, meetings made, changed and removed.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod google;
mod meetings;

use chrono::TimeDelta;
use domain::{Code, account::Role};
use google::Consent;
use meetings::{TINA, at, open};
use serde_json::json;
use services::{
    Actor, Services, booking, jobs, lesson, mail,
    oauth::Reply,
    testing::{self, at_hour, now, refused},
    tutor::Provider,
    video::{self, Kind, Standing},
};
use sqlx::PgPool;

/// The platform accepts no Jitsi: a tutor has to connect an account.
async fn strict(services: &Services) {
    testing::execute(
        services,
        "INSERT INTO settings VALUES ('accepted_providers', '[\"zoom\", \"google_meet\"]')",
    )
    .await;
}

#[sqlx::test(migrations = "../migrations")]
async fn meetings_are_made_changed_and_removed_with_their_lessons(db: PgPool) {
    let world = open(db).await;
    let student = testing::student(&world.services, "Sam").await;
    for (day, kind) in [(0, Kind::Zoom), (1, Kind::GoogleMeet)] {
        world.connect(kind).await;
        assert_ne!(world.chosen().await, kind.provider(), "to connect is not to choose");
        world.choose(kind.provider()).await.expect("chosen");
        let hour = 26 + 24 * day;
        let booking = world.book(&student, hour).await;
        assert_eq!(world.standing(&booking).await, Standing::Ready);
        let made = world.meetings(kind).await;
        assert_eq!((made.len(), made[0].0.clone()), (1, at(hour)), "{kind:?}");

        booking::reschedule(&world.services, &student, booking.id, at_hour(hour + 1), None)
            .await
            .expect("moved");
        world.drain().await;
        let moved = world.meetings(kind).await;
        assert_eq!(moved, [(at(hour + 1), made[0].1.clone())], "{kind:?}: changed, not another one");

        booking::cancel(&world.services, &student, booking.id, None).await.expect("cancelled");
        world.drain().await;
        assert_eq!(world.meetings(kind).await, []);
    }
    assert_eq!(testing::number(&world.services, "SELECT count(*) FROM meetings").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lost_answer_makes_no_second_meeting_and_what_fails_is_tried_again(db: PgPool) {
    let world = open(db).await;
    let student = testing::student(&world.services, "Sam").await;
    for (day, kind) in [(0, Kind::Zoom), (1, Kind::GoogleMeet)] {
        world.connect(kind).await;
        world.choose(kind.provider()).await.expect("chosen");
        let door = world.door(kind);
        // Lists are in pages: the one that is looked for is not on the first.
        for hour in 0..3 {
            world.book(&student, 25 + 24 * day + hour).await;
        }
        let before = world.meetings(kind).await.len();
        door.test("lose", &json!({ "times": 1 })).await;
        let booking = world.book(&student, 30 + 24 * day).await;
        assert!(matches!(world.standing(&booking).await, Standing::Failed(..)), "{kind:?}");
        assert_eq!(world.meetings(kind).await.len(), before + 1, "it was made, and nobody heard of it");
        world.again().await;
        assert_eq!(world.standing(&booking).await, Standing::Ready);
        assert_eq!(world.meetings(kind).await.len(), before + 1, "{kind:?}: looked up, not made again");

        for status in [429, 503] {
            door.test("fail", &json!({ "status": status, "reason": "later" })).await;
            let hour = if status == 429 { 31 } else { 32 } + 24 * day;
            let booking = world.book(&student, hour).await;
            assert!(matches!(world.standing(&booking).await, Standing::Failed(..)), "{kind:?} {status}");
            door.test("fail", &json!({})).await;
            world.again().await;
            assert_eq!(world.standing(&booking).await, Standing::Ready, "{kind:?} {status}");
        }
        assert_eq!(world.meetings(kind).await.len(), before + 3);
    }
    let shared = "SELECT count(*) - count(DISTINCT url) FROM meetings";
    assert_eq!(testing::number(&world.services, shared).await, 0, "no two bookings share a link");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_permission_that_ends_makes_a_tutor_unbookable_until_it_is_given_again(db: PgPool) {
    let world = open(db).await;
    let student = testing::student(&world.services, "Sam").await;
    world.connect(Kind::Zoom).await;
    world.choose(Provider::Zoom).await.expect("chosen");
    world.book(&student, 26).await;
    assert!(world.is_found().await);
    let without = testing::services(world.services.db.clone());
    assert!(!world.is_found_by(&without).await, "where Zoom is not configured any more");
    // A token that expires is renewed, and nobody notices.
    world.zoom.test("expire", &json!({})).await;
    world.book(&student, 27).await;
    assert_eq!(world.at_zoom().await.len(), 2);
    // A permission that its owner withdraws is over.
    world.zoom.test("withdraw", &json!({})).await;
    let left = world.book(&student, 28).await;
    assert!(matches!(world.standing(&left).await, Standing::Failed(..)));
    let rows = video::list(&world.services, &world.tutor.actor, world.tutor.id).await.expect("a list");
    assert!(!rows[0].is_active && rows[0].login.as_deref() == Some(TINA), "{rows:?}");
    assert!(!world.is_found().await, "not found by search");
    let mails = mail::list(&world.services).await.expect("mails");
    let told = mails.iter().filter(|mail| mail.kind == "permission_ended").count();
    assert_eq!(told, 1, "the tutor is told, once");
    let request = testing::request(&world.tutor, at_hour(29));
    let refusal = booking::place(&world.services, &student, &request, None).await;
    assert_eq!(refused(refusal).0, Code::ProviderRequired);
    world.connect(Kind::Zoom).await;
    world.drain().await;
    assert_eq!(world.standing(&left).await, Standing::Ready);
    assert!(world.is_found().await);
    assert_eq!(world.at_zoom().await.len(), 3);
}

#[sqlx::test(migrations = "../migrations")]
async fn lessons_to_come_follow_a_switch_and_the_last_account_stays(db: PgPool) {
    let world = open(db).await;
    strict(&world.services).await;
    let student = testing::student(&world.services, "Sam").await;
    assert_eq!(refused(world.choose(Provider::Zoom).await).0, Code::ProviderRequired, "not connected");
    assert!(!world.is_found().await);
    world.connect(Kind::Zoom).await;
    assert_eq!(world.chosen().await, Provider::Zoom, "where nothing else works it is chosen");
    assert!(world.is_found().await);
    let booking = world.book(&student, 26).await;
    let (code, key) = refused(world.disconnect(Kind::Zoom).await);
    assert_eq!((code, &*key), (Code::ProviderRequired, "provider_last"));
    world.connect(Kind::GoogleMeet).await;
    world.choose(Provider::GoogleMeet).await.expect("switched");
    world.drain().await;
    assert_eq!((world.at_zoom().await.len(), world.at_google().await.len()), (0, 1));
    // Who disconnects what was chosen has lessons where else they can be.
    world.disconnect(Kind::GoogleMeet).await.expect("disconnected");
    assert_eq!(world.chosen().await, Provider::Zoom);
    world.drain().await;
    assert_eq!(world.at_zoom().await.len(), 1);
    assert_eq!(world.standing(&booking).await, Standing::Ready);
    assert_eq!(refused(world.disconnect(Kind::GoogleMeet).await).0, Code::NotFound);
    // An account that lets nobody in is not the last one that works.
    world.zoom.test("withdraw", &json!({})).await;
    world.book(&student, 27).await;
    world.disconnect(Kind::Zoom).await.expect("disconnected");
    assert_eq!(testing::number(&world.services, "SELECT count(*) FROM oauth_connections").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_no_permission_connects_nothing(db: PgPool) {
    let world = open(db).await;
    for kind in Kind::ALL {
        let (kept, no) = world.asked(kind, TINA, Consent::No).await;
        assert_eq!(refused(world.finish(kind, &kept, &no).await).1, "oauth_refused");
        let (kept, yes) = world.asked(kind, TINA, Consent::Yes).await;
        let forged = Reply { state: Some("made up".into()), ..yes.clone() };
        assert_eq!(refused(world.finish(kind, &kept, &forged).await).1, "oauth_state");
        world.finish(kind, &kept, &yes).await.expect("connected");
        assert_eq!(refused(world.finish(kind, &kept, &yes).await).1, "oauth_expired", "a code is taken once");
    }
    // An app without all the scopes that it needs.
    world.zoom.test("scopes", &json!({ "scopes": ["user:read:user"] })).await;
    let (kept, less) = world.asked(Kind::Zoom, "otto@example.org", Consent::Yes).await;
    assert_eq!(refused(world.finish(Kind::Zoom, &kept, &less).await).1, "oauth_scopes");
    let row: String =
        sqlx::query_scalar("SELECT string_agg(row_to_json(c)::text, '') FROM oauth_connections c")
            .fetch_one(&world.services.db)
            .await
            .expect("rows");
    assert!(row.contains("meeting:write:meeting") && !row.contains("Bearer"), "{row}");
    let without = testing::services(world.services.db.clone());
    let (actor, id) = (&world.tutor.actor, world.tutor.id);
    assert_eq!(refused(video::begin(&without, actor, id, Kind::Zoom).await).0, Code::NotFound);
    testing::execute(&world.services, "INSERT INTO settings VALUES ('accepted_providers', '[\"jitsi\"]')")
        .await;
    assert_eq!(refused(video::begin(&world.services, actor, id, Kind::Zoom).await).0, Code::NotFound);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_without_its_meeting_says_so_and_can_have_a_link_of_its_own(db: PgPool) {
    let world = open(db).await;
    let student = testing::student(&world.services, "Sam").await;
    world.connect(Kind::Zoom).await;
    world.choose(Provider::Zoom).await.expect("chosen");
    let other = world.book(&student, 25).await;
    world.zoom.test("fail", &json!({ "status": 503 })).await;
    let booking = world.book(&student, 26).await;
    let (code, key) = refused(world.join(&student, booking.id).await);
    assert_eq!((code, &*key), (Code::InvalidState, "meeting_missing"));
    let came = lesson::attendance(&world.services, &student, booking.id).await.expect("the evidence");
    assert_eq!(came.rows.len(), 1, "who came to no meeting has come");

    let (services, tutor) = (&world.services, &world.tutor.actor);
    let set = async |who: &Actor, id, url: &str| video::set_own_link(services, who, id, url).await;
    assert_eq!(refused(set(&student, booking.id, "https://a.test/b").await).0, Code::InsufficientPermissions);
    let admin = testing::user(services, "Ada", Role::Admin).await;
    assert_eq!(refused(set(&admin, booking.id, "https://a.test/b").await).0, Code::InsufficientPermissions);
    assert_eq!(refused(set(tutor, booking.id, "http://a.test/b").await).1, "external_url");
    let taken = world.at_zoom().await[0].1.clone();
    assert_eq!(refused(set(tutor, booking.id, &taken).await).1, "link_taken", "of another lesson");
    set(tutor, booking.id, "https://meet.google.com/abc-defg-hij").await.expect("set");
    assert_eq!(refused(set(tutor, other.id, "https://meet.google.com/abc-defg-hij").await).1, "link_taken");
    let opened = world.join(&student, booking.id).await.expect("a link");
    assert_eq!(opened, "https://meet.google.com/abc-defg-hij");
    set(tutor, booking.id, "").await.expect("taken away");
    assert_eq!(refused(world.join(&student, booking.id).await).1, "meeting_missing");
    world.zoom.test("fail", &json!({})).await;
    world.services.clock.set(&services.db, Some(now() + TimeDelta::hours(1))).await.expect("the clock");
    world.again().await;
    let opened = world.join(tutor, booking.id).await.expect("a link");
    assert!(opened.starts_with("https://zoom.example/j/"), "{opened}");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_fails_for_good_is_looked_at_each_hour(db: PgPool) {
    let world = open(db).await;
    let student = testing::student(&world.services, "Sam").await;
    world.connect(Kind::Zoom).await;
    world.choose(Provider::Zoom).await.expect("chosen");
    // Its admin blocks the app for a while: no job fails, and none is tried again.
    world.zoom.test("fail", &json!({ "status": 403 })).await;
    let booking = world.book(&student, 26).await;
    assert!(matches!(world.standing(&booking).await, Standing::Failed(..)));
    world.zoom.test("fail", &json!({})).await;
    for (minutes, handed_out) in [(59, 0), (60, 1), (61, 0)] {
        let at = now() + TimeDelta::minutes(minutes);
        world.services.clock.set(&world.services.db, Some(at)).await.expect("the clock");
        let found = jobs::hand_out(&world.services).await.expect("handed out").meetings;
        assert_eq!(found, handed_out, "{minutes}");
    }
    world.drain().await;
    assert_eq!(world.standing(&booking).await, Standing::Ready);
    assert_eq!(world.at_zoom().await.len(), 1);

    // A lesson that is moved while nobody answers can be joined where it was to be.
    world.zoom.test("fail", &json!({ "status": 503 })).await;
    booking::reschedule(&world.services, &student, booking.id, at_hour(28), None).await.expect("moved");
    world.drain().await;
    let standing = world.standing(&booking).await;
    assert!(matches!(standing, Standing::NotMoved(..)) && standing.can_open(), "{standing:?}");
    world.zoom.test("fail", &json!({})).await;
    world.again().await;
    assert_eq!(world.standing(&booking).await, Standing::Ready);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_meeting_that_could_not_be_removed_is_removed_later(db: PgPool) {
    let world = open(db).await;
    let student = testing::student(&world.services, "Sam").await;
    world.connect(Kind::Zoom).await;
    world.choose(Provider::Zoom).await.expect("chosen");
    let booking = world.book(&student, 26).await;
    world.zoom.test("withdraw", &json!({})).await;
    booking::cancel(&world.services, &student, booking.id, None).await.expect("cancelled");
    world.drain().await;
    assert_eq!(world.at_zoom().await.len(), 1, "nobody lets us in");
    world.connect(Kind::Zoom).await;
    world.drain().await;
    assert_eq!(world.at_zoom().await, []);
    assert_eq!(testing::number(&world.services, "SELECT count(*) FROM meetings").await, 0);
    let tokens = async || world.zoom.test("look", &json!({})).await["tokens"].as_u64().expect("a number");
    let before = tokens().await;
    world.disconnect(Kind::Zoom).await.expect("disconnected");
    assert!(tokens().await < before, "the permission is withdrawn, by the token that Zoom takes for it");
}
