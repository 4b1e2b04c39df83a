//! What the clock makes due, on a real database.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use chrono::TimeDelta;
use domain::{
    booking::{Booking, BookingState},
    lesson::LessonState,
};
use services::{
    Services,
    booking::{self, HoldRequest},
    lesson,
    sweep::{self, Swept},
    testing::{self, assert_invariants, at_hour, booked, now, number, request},
};
use sqlx::PgPool;

async fn run(services: &Services) -> Swept {
    sweep::run(services).await.expect("swept")
}

#[sqlx::test(migrations = "../migrations")]
async fn holds_and_requests_lapse_when_they_are_due_and_not_before(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let wish = HoldRequest { tutor: tutor.id, offering: None, start: at_hour(4), duration: 60 };
    let hold = booking::hold(&services, &student, &wish).await.expect("held");
    testing::execute(&services, "UPDATE tutors SET confirm_requests = true").await;
    let theo = testing::tutor(&services, "Theo").await;
    testing::execute(&services, "UPDATE tutors SET confirm_requests = true").await;
    let waiting = booked(&services, &student, &theo, at_hour(6)).await;
    services.clock.show(Some(hold.expires_at - TimeDelta::microseconds(1)));
    assert_eq!(run(&services).await, Swept::default());
    services.clock.show(Some(hold.expires_at));
    assert_eq!(run(&services).await, Swept { holds_expired: 1, ..Swept::default() });
    services.clock.show(waiting.expires_at);
    assert_eq!(run(&services).await, Swept { requests_expired: 1, ..Swept::default() });
    let gone = booking::find(&services, &student, waiting.id).await.expect("found");
    assert_eq!((gone.state, gone.lesson_state), (BookingState::Expired, LessonState::Cancelled));
    let history = booking::history(&services, &student, waiting.id).await.expect("history");
    assert_eq!(history.last().map(|row| row.actor.as_str()), Some("system"));
    assert_eq!(number(&services, "SELECT count(*) FROM outbox WHERE kind = 'booking.expired'").await, 1);
    assert_eq!(run(&services).await, Swept::default());
    assert_invariants(&services).await;
}

/// Each row: who joined, the platform's setting, what the lesson comes to at its end.
#[sqlx::test(migrations = "../migrations")]
async fn lessons_are_settled_at_their_end_by_what_is_on_record(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let rows = [
        (true, true, "charge_full", BookingState::Completed),
        (true, false, "charge_full", BookingState::NoShowTutor),
        (false, true, "charge_full", BookingState::Completed),
        (false, false, "charge_full", BookingState::Completed),
        (false, false, "charge_nothing", BookingState::MutualNoShow),
    ];
    for (day, (student_joins, tutor_joins, nobody, state)) in (0..).zip(rows) {
        services.clock.show(Some(now()));
        sqlx::query("INSERT INTO settings VALUES ('nobody_joined', to_jsonb($1)) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
            .bind(nobody)
            .execute(&services.db)
            .await
            .expect("a setting");
        let placed = booked(&services, &student, &tutor, at_hour(24 * day + 4)).await;
        services.clock.show(Some(placed.start + TimeDelta::minutes(5)));
        for (actor, joins) in [(&student, student_joins), (&tutor.actor, tutor_joins)] {
            if joins {
                lesson::join(&services, actor, placed.id).await.expect("let in");
            }
        }
        services.clock.show(Some(placed.end - TimeDelta::microseconds(1)));
        assert_eq!(run(&services).await.lessons_settled, 0);
        services.clock.show(Some(placed.end));
        assert_eq!(run(&services).await.lessons_settled, 1);
        assert_eq!(run(&services).await.lessons_settled, 0);
        let settled = booking::find(&services, &student, placed.id).await.expect("found");
        assert_eq!(settled.state, state, "{student_joins} {tutor_joins} {nobody}");
        assert_invariants(&services).await;
    }
    assert_eq!(number(&services, "SELECT count(*) FROM lessons WHERE settled_at IS NULL").await, 0);
    assert_eq!(number(&services, "SELECT count(*) FROM outbox WHERE kind = 'lesson.no_show'").await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_joined_before_a_move_has_not_joined_the_moved_lesson(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let placed = booked(&services, &student, &tutor, at_hour(4)).await;
    services.clock.show(Some(placed.start - TimeDelta::minutes(4)));
    lesson::join(&services, &student, placed.id).await.expect("let in");
    let moved =
        booking::reschedule(&services, &tutor.actor, placed.id, at_hour(8), None).await.expect("moved");
    assert_eq!(moved.lesson_state, LessonState::Scheduled);
    services.clock.show(Some(moved.end));
    run(&services).await;
    let settled = booking::find(&services, &student, placed.id).await.expect("found");
    assert_eq!(settled.state, BookingState::Completed, "nobody joined, not the tutor alone absent");
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn many_sweeps_at_once_settle_each_lesson_once(db: PgPool) {
    let services = testing::services(db);
    let student = testing::student(&services, "Sam").await;
    let mut last: Option<Booking> = None;
    for day in 0..6 {
        let tutor = testing::tutor(&services, &format!("Tutor {day}")).await;
        for hour in [2, 4, 6] {
            last = Some(booked(&services, &student, &tutor, at_hour(24 * day + hour)).await);
        }
    }
    services.clock.show(last.map(|booking| booking.end));
    let sweeps = (0..8).map(|_| {
        let services = services.clone();
        tokio::spawn(async move { run(&services).await })
    });
    let mut settled = 0;
    for sweep in sweeps.collect::<Vec<_>>() {
        settled += sweep.await.expect("no panic").lessons_settled;
    }
    assert_eq!(settled, 18);
    assert_eq!(number(&services, "SELECT count(*) FROM outbox WHERE kind = 'booking.completed'").await, 18);
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_booking_that_cannot_be_settled_keeps_no_other_waiting(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let broken = booked(&services, &student, &tutor, at_hour(2)).await;
    let fine = booked(&services, &student, &tutor, at_hour(4)).await;
    sqlx::query("UPDATE bookings SET policy = '{}' WHERE id = $1")
        .bind(broken.id.0)
        .execute(&services.db)
        .await
        .expect("broken");
    services.clock.show(Some(fine.end));
    assert_eq!(run(&services).await.lessons_settled, 1);
    let settled = booking::find(&services, &student, fine.id).await.expect("found");
    assert_eq!(settled.state, BookingState::Completed);
    let mend =
        "UPDATE bookings b SET policy = o.policy FROM bookings o WHERE o.policy <> '{}' AND b.policy = '{}'";
    testing::execute(&services, mend).await;
    assert_eq!(run(&services).await.lessons_settled, 1);
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_of_no_more_use_is_deleted(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    booking::place(&services, &student, &request(&tutor, at_hour(4)), Some("key")).await.expect("placed");
    let wish = HoldRequest { tutor: tutor.id, offering: None, start: at_hour(6), duration: 60 };
    booking::hold(&services, &student, &wish).await.expect("held");
    testing::execute(
        &services,
        "INSERT INTO user_sessions (token_hash, user_id, created_at, last_seen_at, expires_at)
             SELECT '\\x01', id, created_at, created_at, created_at + interval '1 hour' FROM users LIMIT 1;
         INSERT INTO refresh_tokens (token_hash, family, user_id, created_at, expires_at)
             SELECT '\\x01', id, id, created_at, created_at + interval '1 hour' FROM users LIMIT 1;
         INSERT INTO rate_counts VALUES ('x', '2027-03-01T08:00:00Z', 3)",
    )
    .await;
    assert_eq!(run(&services).await.rows_pruned, 0);
    services.clock.show(Some(now() + TimeDelta::hours(2)));
    assert_eq!(run(&services).await.rows_pruned, 3, "a sign-in, a token, a counter");
    services.clock.show(Some(now() + TimeDelta::hours(24)));
    assert_eq!(run(&services).await.rows_pruned, 2, "a key, a hold");
    services.clock.show(Some(now() + TimeDelta::days(8)));
    let told = number(&services, "SELECT count(*) FROM live_events").await;
    assert_eq!(i64::try_from(run(&services).await.rows_pruned).expect("few"), told);
    assert_invariants(&services).await;
}
