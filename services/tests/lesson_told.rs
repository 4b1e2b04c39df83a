//! The meeting's address ahead of a join, and joins that a browser tells of afterwards, on a real database.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code,
    attendance::{Kind, Record},
    booking::{Booking, BookingState, Party},
    chat::ClientId,
    ids::BookingId,
};
use futures::future::join_all;
use services::{
    Actor, Services, booking, lesson, sweep,
    testing::{self, Tutor, assert_invariants, at_hour, booked, now, refused},
};
use sqlx::PgPool;

const CASES: &str = "SELECT count(*) FROM cases";

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

fn click(name: &str) -> ClientId {
    ClientId::parse(name).expect("a name")
}

async fn set_out(db: PgPool) -> (Services, Tutor, Actor) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let student = testing::student(&services, "Sam").await;
    (services, tutor, student)
}

/// A lesson of an hour, with its address given to these people at an instant.
async fn given(
    (services, tutor, student): (&Services, &Tutor, &Actor),
    hour: i64,
    people: &[&Actor],
    after_start: i64,
) -> Booking {
    services.clock.show(Some(now()));
    let lesson = booked(services, student, tutor, at_hour(hour)).await;
    services.clock.show(Some(lesson.start + minutes(after_start)));
    for actor in people {
        lesson::look_ahead(services, actor, lesson.id).await.expect("given");
    }
    lesson
}

async fn tell(
    services: &Services,
    actor: &Actor,
    id: BookingId,
    name: &str,
    at: DateTime<Utc>,
) -> services::Result<()> {
    lesson::tell_join(services, actor, id, &click(name), at).await
}

async fn records(services: &Services, actor: &Actor, id: BookingId) -> Vec<Record> {
    let attendance = lesson::attendance(services, actor, id).await.expect("attendance");
    assert!(attendance.intact, "every seal fits");
    attendance.rows.into_iter().map(|row| row.record).collect()
}

async fn state(services: &Services, actor: &Actor, id: BookingId) -> BookingState {
    booking::find(services, actor, id).await.expect("found").state
}

#[sqlx::test(migrations = "../migrations")]
async fn the_address_is_given_ahead_from_five_minutes_before(db: PgPool) {
    let (services, tutor, student) = set_out(db).await;
    let placed = booked(&services, &student, &tutor, at_hour(4)).await;
    for (seconds, open) in [(-301, false), (-300, true), (3600 + 899, true), (3600 + 900, false)] {
        services.clock.show(Some(placed.start + TimeDelta::seconds(seconds)));
        for actor in [&student, &tutor.actor] {
            let answer = lesson::look_ahead(&services, actor, placed.id).await;
            match open {
                true => assert_eq!(answer.expect("given").given_at, services.clock.now()),
                false => assert_eq!(refused(answer).0, Code::JoinClosed, "{seconds}"),
            }
        }
    }
    assert_eq!(records(&services, &student, placed.id).await, [], "to look is no attempt to join");
    services.clock.show(Some(placed.start));
    let ahead = lesson::look_ahead(&services, &student, placed.id).await.expect("given");
    assert_eq!(lesson::join(&services, &student, placed.id).await.expect("let in"), ahead.url);
    for other in [testing::student(&services, "Eve").await, testing::tutor(&services, "Theo").await.actor] {
        let answer = lesson::look_ahead(&services, &other, placed.id).await;
        assert_eq!(refused(answer).0, Code::BookingNotFound);
    }
    testing::execute(&services, "UPDATE bookings SET state = 'cancelled'").await;
    assert_eq!(refused(lesson::look_ahead(&services, &student, placed.id).await).0, Code::InvalidState);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_join_that_is_told_is_on_record_once_and_counts(db: PgPool) {
    let (services, tutor, student) = set_out(db).await;
    let placed = given((&services, &tutor, &student), 4, &[&student], -5).await;
    services.clock.show(Some(placed.start + minutes(20)));
    lesson::join(&services, &tutor.actor, placed.id).await.expect("let in");
    let telling = (0..8).map(|_| tell(&services, &student, placed.id, "one", placed.start));
    for told in join_all(telling).await {
        told.expect("heard");
    }
    let told = Record {
        kind: Kind::Join,
        party: Some(Party::Student),
        source: "browser".into(),
        reference: Some("one".into()),
        at: placed.start,
        told_at: Some(placed.start + minutes(20)),
    };
    assert_eq!(records(&services, &student, placed.id).await[1..], [told]);
    let record = lesson::read(&services, &placed).await.expect("read");
    assert_eq!(record.evidence.student_joined, Some(placed.start));
    // Who was there while the server was away is not absent.
    let marked = lesson::mark_no_show(&services, &tutor.actor, placed.lesson).await;
    assert_eq!(refused(marked), (Code::InvalidState, "no_show_student_joined".to_owned()));
    services.clock.show(Some(placed.end));
    sweep::run(&services).await.expect("swept");
    assert_eq!(state(&services, &student, placed.id).await, BookingState::Completed);
    // Told again once the outcome is settled it is the same, and nobody has to look.
    services.clock.show(Some(placed.end + minutes(48 * 60)));
    tell(&services, &student, placed.id, "one", placed.start).await.expect("heard");
    assert_eq!(records(&services, &student, placed.id).await.len(), 2);
    assert_eq!(testing::number(&services, CASES).await, 0);
    assert_invariants(&services).await;
}

/// The answer to a click may be lost: the server has seen it, and hears of it again.
#[sqlx::test(migrations = "../migrations")]
async fn a_click_that_the_server_saw_after_all_is_on_record_once(db: PgPool) {
    let (services, tutor, student) = set_out(db).await;
    let placed = given((&services, &tutor, &student), 4, &[&student, &tutor.actor], -5).await;
    let name = click("one");
    for _ in 0..2 {
        lesson::join_by(&services, &student, placed.id, Some(&name)).await.expect("let in");
        tell(&services, &student, placed.id, "one", services.clock.now()).await.expect("heard");
    }
    // The other's browser may give the same name.
    tell(&services, &tutor.actor, placed.id, "one", services.clock.now()).await.expect("heard");
    tell(&services, &student, placed.id, "two", services.clock.now()).await.expect("heard");
    let kept = records(&services, &student, placed.id).await;
    let kept: Vec<_> = kept.iter().map(|it| (it.party, &*it.source, it.reference.as_deref())).collect();
    let (student, tutor) = (Some(Party::Student), Some(Party::Tutor));
    assert_eq!(
        kept,
        [
            (student, "lectern", Some("one")),
            (tutor, "browser", Some("one")),
            (student, "browser", Some("two"))
        ]
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_be_is_not_put_on_record(db: PgPool) {
    let (services, tutor, student) = set_out(db).await;
    let placed = given((&services, &tutor, &student), 4, &[&student], 1).await;
    let (start, end) = (placed.start, placed.end);
    let stranger = testing::student(&services, "Eve").await;
    let unknown = BookingId(uuid::Uuid::from_u128(7));
    for (actor, id, at, told, code, key) in [
        (&stranger, placed.id, 1, 2, Code::BookingNotFound, "booking_not_found"),
        (&student, unknown, 1, 2, Code::BookingNotFound, "booking_not_found"),
        // The tutor was not given the address.
        (&tutor.actor, placed.id, 1, 2, Code::InvalidState, "told_without_link"),
        (&student, placed.id, 0, 2, Code::InvalidRequest, "told_time"),
        (&student, placed.id, 3, 2, Code::InvalidRequest, "told_time"),
        (&student, placed.id, -6, 2, Code::JoinClosed, "join_too_early"),
        (&student, placed.id, 75, 80, Code::JoinClosed, "join_too_late"),
        (&student, placed.id, 1, 25 * 60, Code::JoinClosed, "told_too_late"),
    ] {
        services.clock.show(Some(start + minutes(told)));
        let answer = tell(&services, actor, id, "forged", start + minutes(at)).await;
        assert_eq!(refused(answer), (code, key.to_owned()), "{at} {told}");
    }
    for set in [
        "UPDATE bookings SET state = 'requested'",
        "UPDATE bookings SET state = 'pending_review'",
        "UPDATE bookings SET state = 'cancelled'",
    ] {
        testing::execute(&services, set).await;
        services.clock.show(Some(end));
        let answer = tell(&services, &student, placed.id, "forged", start + minutes(1)).await;
        assert_eq!(refused(answer), (Code::InvalidState, "booking_state".to_owned()), "{set}");
    }
    assert_eq!(records(&services, &student, placed.id).await, []);
}

/// Nobody was seen: the server was away from before the start until after the end.
#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_that_was_taught_while_the_server_was_away_is_completed(db: PgPool) {
    let (services, tutor, student) = set_out(db).await;
    testing::execute(&services, "INSERT INTO settings VALUES ('nobody_joined', '\"charge_nothing\"')").await;
    let mut states = Vec::new();
    for (hour, told) in [(4, true), (6, false)] {
        let placed = given((&services, &tutor, &student), hour, &[&student, &tutor.actor], -4).await;
        services.clock.show(Some(placed.end + minutes(30)));
        for actor in [&student, &tutor.actor].into_iter().filter(|_| told) {
            tell(&services, actor, placed.id, "one", placed.start).await.expect("heard");
        }
        sweep::run(&services).await.expect("swept");
        states.push(state(&services, &student, placed.id).await);
    }
    assert_eq!(states[0], BookingState::Completed);
    assert_eq!(states[1], BookingState::MutualNoShow, "without a word of either it would have been");
}

/// What is told after the outcome changes nothing by itself: an admin looks where it would have.
#[sqlx::test(migrations = "../migrations")]
async fn what_is_told_after_the_outcome_is_for_an_admin_to_judge(db: PgPool) {
    let (services, tutor, student) = set_out(db).await;
    let placed = given((&services, &tutor, &student), 4, &[&student, &tutor.actor], -5).await;
    lesson::join(&services, &student, placed.id).await.expect("let in");
    services.clock.show(Some(placed.end));
    sweep::run(&services).await.expect("swept");
    assert_eq!(state(&services, &student, placed.id).await, BookingState::NoShowTutor);
    for _ in 0..2 {
        tell(&services, &tutor.actor, placed.id, "one", placed.start).await.expect("heard");
        assert_eq!(testing::number(&services, CASES).await, 1);
    }
    tell(&services, &tutor.actor, placed.id, "two", placed.start).await.expect("heard");
    assert_eq!(testing::number(&services, CASES).await, 1, "it is on record that the tutor says so");
    assert_eq!(state(&services, &student, placed.id).await, BookingState::NoShowTutor);
    assert_eq!(records(&services, &student, placed.id).await.len(), 3);
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_address_that_was_given_for_another_time_counts_no_more(db: PgPool) {
    let (services, tutor, student) = set_out(db).await;
    let placed = given((&services, &tutor, &student), 4, &[&student], -3).await;
    booking::reschedule(&services, &tutor.actor, placed.id, at_hour(8), None).await.expect("moved");
    let start = at_hour(8);
    services.clock.show(Some(start));
    let early = tell(&services, &student, placed.id, "one", start).await;
    assert_eq!(refused(early), (Code::InvalidState, "told_without_link".to_owned()));
    lesson::look_ahead(&services, &student, placed.id).await.expect("given");
    tell(&services, &student, placed.id, "one", start).await.expect("heard");
    assert_eq!(records(&services, &student, placed.id).await.len(), 1);
}

/// The student follows the lesson's own link: an end of the meeting at the provider before it was none. Who came before
/// there was that link followed another.
#[sqlx::test(migrations = "../migrations")]
async fn who_followed_the_lessons_own_link_went_on(db: PgPool) {
    let (services, tutor, student) = set_out(db).await;
    for (hour, linked, clicked, goes_on) in [(4, 0, 2, true), (28, 3, 2, false)] {
        let placed = given((&services, &tutor, &student), hour, &[&student], 0).await;
        let at = |minute| placed.start + minutes(minute);
        lesson::join(&services, &tutor.actor, placed.id).await.expect("let in");
        services.clock.show(Some(at(linked)));
        let own = format!("https://meet.test/{hour}");
        services::video::set_own_link(&services, &tutor.actor, placed.id, &own).await.expect("set");
        testing::execute(
            &services,
            "UPDATE lessons l SET trusted_end_at = b.starts_at + interval '1 minute'
             FROM bookings b WHERE b.id = l.booking_id",
        )
        .await;
        services.clock.show(Some(at(5)));
        tell(&services, &student, placed.id, &format!("click-{hour}"), at(clicked)).await.expect("heard");
        let record = lesson::read(&services, &placed).await.expect("read");
        assert_eq!(record.evidence.trusted_end.is_none(), goes_on, "{linked} {clicked}");
    }
}
