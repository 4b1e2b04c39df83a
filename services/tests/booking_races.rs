//! Many at once: the database has the last word, and everybody gets an answer.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::{
    Code,
    booking::{Booking, BookingState},
    ids::BookingId,
};
use services::{
    AppError, Services,
    booking::{self, HoldRequest},
    testing::{self, Tutor, assert_invariants, at_hour, booked, number, request},
};
use sqlx::PgPool;
use tokio::task::JoinSet;

/// Splits answers into winners and the codes of the others.
fn judge(answers: Vec<Result<Booking, AppError>>) -> (Vec<BookingId>, Vec<Code>) {
    let (mut won, mut lost) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Ok(booking) => won.push(booking.id),
            Err(AppError::Fault(fault)) => panic!("a fault: {fault:?}"),
            Err(error) => lost.push(error.code()),
        }
    }
    (won, lost)
}

async fn students(services: &Services, number: usize) -> Vec<services::Actor> {
    let mut students = Vec::new();
    for index in 0..number {
        students.push(testing::student(services, &format!("Student {index}")).await);
    }
    students
}

#[sqlx::test(migrations = "../migrations")]
async fn of_100_students_on_one_slot_one_gets_it(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let mut tasks = JoinSet::new();
    for student in students(&services, 100).await {
        let (services, asked) = (services.clone(), request(&tutor, at_hour(4)));
        tasks.spawn(async move { booking::place(&services, &student, &asked, None).await });
    }
    let answers = tasks.join_all().await;
    let fresh = |error: &AppError| match error {
        AppError::Refused { details, .. } => details["slots"].as_array().map_or(0, Vec::len),
        AppError::Fault(_) => 0,
    };
    assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(|error| fresh(error) == 20));
    let (won, lost) = judge(answers);
    assert_eq!((won.len(), lost), (1, vec![Code::BookingConflict; 99]));
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn of_60_overlapping_starts_one_is_booked(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    testing::execute(&services, "UPDATE offerings SET step_min = 1").await;
    let mut tasks = JoinSet::new();
    for (minute, student) in (0..).zip(students(&services, 60).await) {
        let (services, asked) = (services.clone(), request(&tutor, at_hour(4) + TimeDelta::minutes(minute)));
        tasks.spawn(async move { booking::place(&services, &student, &asked, None).await });
    }
    let (won, lost) = judge(tasks.join_all().await);
    assert_eq!((won.len(), lost), (1, vec![Code::BookingConflict; 59]));
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn one_student_with_many_tutors_at_once_gets_one_lesson(db: PgPool) {
    let services = testing::services(db);
    let student = testing::student(&services, "Sam").await;
    let mut tasks = JoinSet::new();
    for index in 0..12 {
        let tutor = testing::tutor(&services, &format!("Tutor {index}")).await;
        let (services, student, asked) = (
            services.clone(),
            student.clone(),
            request(&tutor, at_hour(4) + TimeDelta::minutes(index % 2 * 30)),
        );
        tasks.spawn(async move { booking::place(&services, &student, &asked, None).await });
    }
    let (won, lost) = judge(tasks.join_all().await);
    assert_eq!((won.len(), lost), (1, vec![Code::BookingConflict; 11]));
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn one_key_sent_many_times_at_once_makes_one_booking(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let mut tasks = JoinSet::new();
    for _ in 0..30 {
        let (services, student, asked) = (services.clone(), student.clone(), request(&tutor, at_hour(4)));
        tasks.spawn(async move { booking::place(&services, &student, &asked, Some("key")).await });
    }
    let (won, lost) = judge(tasks.join_all().await);
    assert_eq!((won.len(), lost), (30, vec![]));
    assert_eq!(won.into_iter().collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(number(&services, "SELECT count(*) FROM bookings").await, 1);
    assert_eq!(number(&services, "SELECT count(*) FROM outbox").await, 1);
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn one_key_with_two_bodies_at_once_books_one_and_refuses_the_other(db: PgPool) {
    let services = testing::services(db);
    let (tina, theo) = (testing::tutor(&services, "Tina").await, testing::tutor(&services, "Theo").await);
    let student = testing::student(&services, "Sam").await;
    for round in 0_i64..5 {
        let place = |tutor: &Tutor, hour: i64| {
            let (services, student) = (services.clone(), student.clone());
            let (asked, key) = (request(tutor, at_hour(24 * round + hour)), format!("key {round}"));
            tokio::spawn(async move { booking::place(&services, &student, &asked, Some(&key)).await })
        };
        let (one, other) = tokio::join!(place(&tina, 4), place(&theo, 6));
        let (won, lost) = judge(vec![one.expect("no panic"), other.expect("no panic")]);
        assert_eq!((won.len(), lost), (1, vec![Code::IdempotencyMismatch]));
    }
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn cancelling_and_moving_at_once_leave_one_truth(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    for round in 0..10 {
        let placed = booked(&services, &student, &tutor, at_hour(24 * round + 4)).await;
        let (one, other, by, to) = (services.clone(), services.clone(), student.clone(), tutor.actor.clone());
        let cancelled = tokio::spawn(async move { booking::cancel(&one, &by, placed.id, None).await });
        let target = at_hour(24 * round + 6);
        let moved =
            tokio::spawn(async move { booking::reschedule(&other, &to, placed.id, target, None).await });
        cancelled.await.expect("no panic").expect("a cancellation always finds an active booking");
        if let Err(error) = moved.await.expect("no panic") {
            assert_eq!(error.code(), Code::InvalidState);
        }
        let last = booking::find(&services, &student, placed.id).await.expect("found");
        assert_eq!(last.state, BookingState::Cancelled);
    }
    assert_eq!(number(&services, "SELECT count(*) FROM claims").await, 0);
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn of_many_answers_to_one_request_one_counts(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    testing::execute(&services, "UPDATE tutors SET confirm_requests = true").await;
    let placed = booked(&services, &student, &tutor, at_hour(4)).await;
    let mut tasks = JoinSet::new();
    for index in 0..10 {
        let (services, actor) = (services.clone(), tutor.actor.clone());
        tasks.spawn(async move {
            match index % 2 {
                0 => booking::confirm(&services, &actor, placed.id).await,
                _ => booking::decline(&services, &actor, placed.id, Some("ill")).await,
            }
        });
    }
    let (won, lost) = judge(tasks.join_all().await);
    assert_eq!((won.len(), lost), (1, vec![Code::InvalidState; 9]));
    assert_eq!(number(&services, "SELECT count(*) FROM booking_history").await, 2);
    assert_invariants(&services).await;
}

/// Everything at once on two tutors, a sweep among it: nobody meets a fault, and all adds up afterwards.
#[sqlx::test(migrations = "../migrations")]
async fn a_storm_of_everything_leaves_no_violation(db: PgPool) {
    let services = testing::services(db);
    let tutors = [testing::tutor(&services, "Tina").await, testing::tutor(&services, "Theo").await];
    let mut tasks = JoinSet::new();
    for (index, student) in (0..).zip(students(&services, 24).await) {
        let (services, tutor) = (services.clone(), tutors[index % 2].clone());
        let hour = 2 + i64::try_from(index).expect("few") % 5;
        tasks.spawn(async move { wander(&services, &student, &tutor, hour).await });
    }
    for fault in tasks.join_all().await.into_iter().flatten() {
        assert!(matches!(fault, AppError::Refused { .. }), "{fault:?}");
    }
    assert_invariants(&services).await;
}

/// Holds, books, moves, cancels and books again; gives the refusals.
async fn wander(services: &Services, student: &services::Actor, tutor: &Tutor, hour: i64) -> Vec<AppError> {
    let mut refusals = Vec::new();
    let asked = HoldRequest { tutor: tutor.id, offering: None, start: at_hour(hour), duration: 60 };
    refusals.extend(booking::hold(services, student, &asked).await.err());
    match booking::place(services, student, &request(tutor, at_hour(hour)), Some("first")).await {
        Err(error) => refusals.push(error),
        Ok(placed) => {
            let target = at_hour(hour + 1);
            let moved = booking::reschedule(services, student, placed.id, target, Some(30)).await;
            refusals.extend(moved.err());
            refusals.extend(services::sweep::run(services).await.err());
            refusals.extend(booking::cancel(services, &tutor.actor, placed.id, None).await.err());
        }
    }
    let again = request(tutor, at_hour(hour + 24));
    refusals.extend(booking::place(services, student, &again, Some("second")).await.err());
    refusals
}
