//! Two servers at work on the meeting of one lesson: it is made once, and none is left of a lesson that was called off.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod google;
mod locks;
mod meetings;

use std::{collections::BTreeSet, time::Instant};

use domain::{Code, booking::Booking};
use locks::{BOOKING, LONG, LOOK_AGAIN, MEETING, count_waiting, hold, waiting};
use meetings::{World, at};
use serde_json::json;
use services::{
    Actor, AppError, Services, booking,
    jobs::{self, Job as _},
    testing::{self, assert_invariants, at_hour, booked, number},
    video::{ArrangeMeeting, Kind, Standing},
};
use sqlx::PgPool;
use tokio::task::JoinHandle;

/// A tutor whose lessons take place there, and a student.
async fn open(db: PgPool, kind: Kind) -> (World, Actor) {
    let world = meetings::open(db).await;
    world.connect(kind).await;
    world.choose(kind.provider()).await.expect("chosen");
    world.drain().await;
    let student = testing::student(&world.services, "Sam").await;
    (world, student)
}

/// A server works on the meeting of a lesson.
fn arrange(server: Services, booking: &Booking) -> JoinHandle<services::Result<()>> {
    let job = ArrangeMeeting { booking: booking.id };
    tokio::spawn(async move { job.run(&server).await })
}

/// Until another server was kept from the work that one is held at, and has come again. Each try leaves the number of
/// its transaction with the row.
async fn kept_waiting(services: &Services) {
    let (began, mut tries) = (Instant::now(), BTreeSet::new());
    while tries.len() < 3 {
        assert!(began.elapsed() < LONG, "nobody else comes");
        assert_eq!(count_waiting(services).await, 1, "one is at work");
        let last = "SELECT max(xmax::text::bigint) FROM meeting_work";
        tries.insert(number(services, last).await);
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The first has noted that it will ask for a meeting, and not asked, when the second comes.
async fn one_meeting(db: PgPool, kind: Kind) {
    let (world, student) = open(db, kind).await;
    let services = &world.services;
    let booking = booked(services, &student, &world.tutor, at_hour(26)).await;
    world.door(kind).test("state", &json!({})).await;
    let mut held = services.begin().await.expect("a transaction");
    // What a meeting is called is asked in between.
    let lock = sqlx::query("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").execute(&mut *held).await;
    lock.expect("locked");
    let first = arrange(world.second_server(), &booking);
    waiting(services, 1).await;
    assert_eq!(number(services, "SELECT count(*) FROM meetings WHERE remote_id IS NULL").await, 1);
    let second = arrange(world.second_server(), &booking);
    kept_waiting(services).await;
    held.commit().await.expect("released");
    for server in [first, second] {
        server.await.expect("ended").expect("arranged");
    }
    // The job of the booking itself comes last.
    world.drain().await;
    assert_eq!(world.standing(&booking).await, Standing::Ready);
    assert_eq!(world.meetings(kind).await.len(), 1);
    let asked = world.door(kind).test("state", &json!({})).await["asked"].clone();
    let asked = asked.as_array().expect("calls");
    assert!(asked.len() == 1 && asked[0].as_str().is_some_and(|call| call.starts_with("POST ")), "{asked:?}");
    assert_invariants(services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn two_servers_make_one_meeting_at_zoom(db: PgPool) {
    one_meeting(db, Kind::Zoom).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn two_servers_make_one_meeting_at_google(db: PgPool) {
    one_meeting(db, Kind::GoogleMeet).await;
}

/// Zoom has moved a meeting, and the server that asked for it has not noted that, when the lesson is called off.
#[sqlx::test(migrations = "../migrations")]
async fn a_meeting_that_is_being_moved_goes_with_its_lesson(db: PgPool) {
    let (world, student) = open(db, Kind::Zoom).await;
    let services = &world.services;
    let booking = world.book(&student, 26).await;
    booking::reschedule(services, &student, booking.id, at_hour(28), None).await.expect("moved");
    let held = hold(services, MEETING, &booking).await;
    let first = arrange(world.second_server(), &booking);
    waiting(services, 1).await;
    assert_eq!(world.at_zoom().await[0].0, at(28));
    let other = world.second_server();
    booking::cancel(&other, &student, booking.id, None).await.expect("cancelled");
    let second = arrange(other, &booking);
    kept_waiting(services).await;
    held.commit().await.expect("released");
    for server in [first, second] {
        server.await.expect("ended").expect("arranged");
    }
    assert_eq!(world.at_zoom().await, []);
    world.drain().await;
    assert_eq!(world.at_zoom().await, []);
    assert_eq!(number(services, "SELECT count(*) FROM meetings").await, 0);
    assert_invariants(services).await;
}

/// A lesson is moved to an hour, or called off where there is none: with what that is refused.
async fn ask(server: &Services, student: &Actor, booking: &Booking, to: Option<i64>) -> Option<Code> {
    let done = match to {
        Some(hour) => booking::reschedule(server, student, booking.id, at_hour(hour), None).await,
        None => booking::cancel(server, student, booking.id, None).await,
    };
    done.err().as_ref().map(AppError::code)
}

/// A lesson in 26 hours is moved and called off at once, in each order; then both servers see to its meeting. A student
/// calls off until a day before the start.
#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_is_moved_or_called_off(db: PgPool) {
    let (world, student) = open(db, Kind::Zoom).await;
    let services = &world.services;
    testing::execute(services, "UPDATE tutors SET cancel_notice_min = 1440").await;
    for (wishes, refusal, left) in [
        ([Some(28), None], None, None),
        ([None, Some(28)], Some(Code::InvalidState), None),
        // So near that it is too late.
        ([Some(5), None], Some(Code::CancellationTooLate), Some(5)),
    ] {
        let booking = world.book(&student, 26).await;
        let url = world.at_zoom().await[0].1.clone();
        let held = hold(services, BOOKING, &booking).await;
        let servers = [world.second_server(), world.second_server()];
        let mut asking = Vec::new();
        for (place, (server, to)) in (1..).zip(servers.iter().zip(wishes)) {
            let (server, student, booking) = (server.clone(), student.clone(), booking.clone());
            asking.push(tokio::spawn(async move { ask(&server, &student, &booking, to).await }));
            waiting(services, place).await;
        }
        held.commit().await.expect("released");
        let mut answers = Vec::new();
        for one in asking {
            answers.push(one.await.expect("ended"));
        }
        assert_eq!(answers, [None, refusal], "{wishes:?}");
        let (one, two) = tokio::join!(jobs::drain(&servers[0]), jobs::drain(&servers[1]));
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        let expected: Vec<_> = left.map(|hour| (at(hour), url)).into_iter().collect();
        assert_eq!(world.at_zoom().await, expected, "{wishes:?}");
        assert_eq!(number(services, "SELECT count(*) FROM meetings").await, expected.len() as i64);
        assert_invariants(services).await;
    }
}
