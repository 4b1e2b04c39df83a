//! Notices on a real database: who is told what, once; and that open pages hear of it.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod letters;

use std::time::Duration;

use chrono::TimeDelta;
use domain::{Code, chat::MessageBody};
use letters::{World, forget};
use services::{
    Actor, booking, chat, lesson, live,
    mail::{self, Kind},
    notice::{self, Notice, Subject},
    testing::{self, assert_invariants, at_hour, refused},
};
use sqlx::PgPool;

async fn notices(world: &World, actor: &Actor) -> Vec<Notice> {
    notice::list(&world.services, actor, 1).await.expect("notices").rows
}

/// The kinds of both, oldest first.
async fn told(world: &World) -> (Vec<Kind>, Vec<Kind>) {
    let kinds =
        async |actor| notices(world, actor).await.into_iter().rev().map(|notice| notice.kind).collect();
    (kinds(&world.student).await, kinds(&world.tutor.actor).await)
}

#[sqlx::test(migrations = "../migrations")]
async fn who_did_it_is_not_told_of_it(db: PgPool) {
    let world = World::in_english(db).await;
    let (services, sam, tina) = (&world.services, &world.student, &world.tutor.actor);
    world.asks_to_confirm().await;
    let booking = world.booked_at(at_hour(48)).await;
    world.work().await;
    assert_eq!(told(&world).await, (vec![], vec![Kind::BookingRequested]));
    booking::confirm(services, tina, booking.id).await.expect("confirmed");
    world.work().await;
    booking::reschedule(services, sam, booking.id, at_hour(60), None).await.expect("moved");
    world.work().await;
    booking::cancel(services, tina, booking.id, None).await.expect("cancelled");
    world.work().await;
    let sam_s = vec![Kind::BookingConfirmed, Kind::BookingCancelled];
    let tina_s = vec![Kind::BookingRequested, Kind::BookingRescheduled];
    assert_eq!(told(&world).await, (sam_s, tina_s));
    let newest = notices(&world, sam).await.remove(0);
    assert_eq!(
        (newest.subject, &*newest.other, newest.is_read),
        (Subject::Booking(booking.id), "Tina", false)
    );
    assert_eq!(newest.lesson, Some(("Mathematics".to_owned(), at_hour(60))));
    assert_invariants(services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_told_twice_is_one_notice(db: PgPool) {
    let world = World::in_english(db).await;
    world.booked_at(at_hour(48)).await;
    for _ in 0..3 {
        testing::execute(&world.services, "UPDATE outbox SET dispatched_at = NULL").await;
        world.work().await;
    }
    assert_eq!(told(&world).await, (vec![], vec![Kind::BookingConfirmed]));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_clock_and_conversations_are_told_too(db: PgPool) {
    let world = World::in_english(db).await;
    let (services, sam, tina) = (&world.services, &world.student, &world.tutor.actor);
    let booking = world.booked_at(at_hour(48)).await;
    world.work().await;
    forget_notices(&world).await;
    for before in [TimeDelta::hours(24), TimeDelta::hours(1), TimeDelta::minutes(5)] {
        world.tick_at(booking.start - before).await;
    }
    let reminders = vec![Kind::ReminderDay, Kind::ReminderHour, Kind::JoinNow];
    assert_eq!(told(&world).await, (reminders.clone(), reminders));
    forget_notices(&world).await;
    world.set(booking.start).await;
    for actor in [sam, tina] {
        lesson::join(services, actor, booking.id).await.expect("let in");
    }
    world.tick_at(booking.end).await;
    world.tick_at(booking.end + TimeDelta::hours(1)).await;
    assert_eq!(told(&world).await, (vec![Kind::FeedbackRequest], vec![]));
    forget(&world).await;
    let thread = chat::open(services, sam, chat::Whom::Tutor(world.tutor.id)).await.expect("a thread").0.id;
    let body = MessageBody::parse("Hello").expect("a text");
    chat::send(services, sam, thread, &body, None).await.expect("sent");
    world.tick_at(services.clock.now() + TimeDelta::minutes(5)).await;
    let notices = notices(&world, tina).await;
    assert_eq!((notices.len(), notices[0].kind), (1, Kind::NewMessage));
    assert_eq!(
        (notices[0].subject, &*notices[0].other, &notices[0].lesson),
        (Subject::Thread(thread), "Sam", &None)
    );
    assert_eq!(mail::list(services).await.expect("mails").len(), 1);
}

async fn forget_notices(world: &World) {
    testing::execute(&world.services, "DELETE FROM notices").await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_notice_is_read_by_its_person_alone(db: PgPool) {
    let world = World::in_english(db).await;
    let (services, sam, tina) = (&world.services, &world.student, &world.tutor.actor);
    for hour in [48, 50, 52] {
        world.booked_at(at_hour(hour)).await;
    }
    world.work().await;
    let unread = async |actor| notice::unread(services, actor).await.expect("a count");
    assert_eq!((unread(sam).await, unread(tina).await), (0, 3));
    let newest = notices(&world, tina).await.remove(0);
    assert_eq!(refused(notice::open(services, sam, newest.id).await).0, Code::NotFound);
    for _ in 0..2 {
        let opened = notice::open(services, tina, newest.id).await.expect("read");
        assert_eq!(opened, (newest.kind, newest.subject));
        assert_eq!(unread(tina).await, 2);
    }
    notice::read_all(services, sam).await.expect("nothing to read");
    assert_eq!(unread(tina).await, 2, "his are not hers");
    notice::read_all(services, tina).await.expect("read");
    assert_eq!(unread(tina).await, 0);
    assert!(notices(&world, tina).await.iter().all(|notice| notice.is_read));
    for page in [0, -1, i64::MAX] {
        assert_eq!(refused(notice::list(services, tina, page).await).0, Code::InvalidRequest, "{page}");
    }
    assert_eq!(notice::list(services, tina, 2).await.expect("a page").rows, []);
}

#[sqlx::test(migrations = "../migrations")]
async fn open_pages_hear_of_it(db: PgPool) {
    let world = World::in_english(db).await;
    let (services, tina) = (&world.services, world.tutor.actor.user);
    let booking = world.booked_at(at_hour(48)).await;
    let before = live::newest(&services.db, tina).await.expect("a cursor");
    let mut hints = services.live.subscribe(tina);
    world.work().await;
    tokio::time::timeout(Duration::from_secs(5), hints.next()).await.expect("woken");
    let events = live::after(&services.db, tina, before).await.expect("events");
    let events: Vec<_> = events.iter().map(|event| (&*event.kind, &event.payload["booking_id"])).collect();
    assert_eq!(events, [("notice", &serde_json::json!(booking.id))]);
}

#[sqlx::test(migrations = "../migrations")]
async fn they_are_kept_for_90_days(db: PgPool) {
    let world = World::in_english(db).await;
    let booking = world.booked_at(at_hour(48)).await;
    world.work().await;
    booking::cancel(&world.services, &world.student, booking.id, None).await.expect("cancelled");
    world.work().await;
    let written = world.services.clock.now();
    for (days, kept) in [(89, 2), (90, 0)] {
        world.tick_at(written + TimeDelta::days(days)).await;
        assert_eq!(notices(&world, &world.tutor.actor).await.len(), kept, "{days} days");
    }
}
