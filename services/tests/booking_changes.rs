//! Cancelling, moving, answering and ending bookings on a real database.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code,
    account::Role,
    booking::{Booking, BookingState},
    lesson::LessonState,
};
use services::{
    Services, booking, lesson,
    lesson::JoinLink,
    testing::{self, assert_invariants, at_hour, booked, now, number, refused, request},
};
use sqlx::PgPool;

/// Minutes before the start, who, and the answer.
#[sqlx::test(migrations = "../migrations")]
async fn a_booking_is_called_off_within_its_notice(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let admin = testing::user(&services, "Ada", Role::Admin).await;
    let rows = [
        (&student, 7200, None, "student"),
        (&student, 7199, Some(Code::CancellationTooLate), "student"),
        (&student, -1, Some(Code::CancellationTooLate), "student"),
        (&tutor.actor, 1, None, "tutor"),
        (&tutor.actor, 0, Some(Code::InvalidState), "tutor"),
        (&admin, 1, None, "admin"),
        (&admin, 0, Some(Code::InvalidState), "admin"),
    ];
    for (day, (actor, seconds, code, by)) in (0..).zip(rows) {
        services.clock.show(Some(now()));
        let placed = booked(&services, &student, &tutor, at_hour(24 * day + 5)).await;
        services.clock.show(Some(placed.start - TimeDelta::seconds(seconds)));
        let answer = booking::cancel(&services, actor, placed.id, Some(" Ill ")).await;
        match code {
            Some(code) => assert_eq!(refused(answer).0, code, "{by} {seconds}"),
            None => {
                let gone = answer.expect("cancelled");
                assert_eq!(
                    (gone.state, gone.lesson_state),
                    (BookingState::Cancelled, LessonState::Cancelled)
                );
                assert_eq!(gone.reason.as_deref(), Some("Ill"));
                let history = booking::history(&services, actor, placed.id).await.expect("history");
                let last = history.last().expect("a change");
                assert_eq!((last.actor.as_str(), last.reason.as_deref()), (by, Some("Ill")));
                let again = booking::cancel(&services, actor, placed.id, None).await;
                assert_eq!(refused(again), (Code::InvalidState, "booking_state".into()));
            }
        }
        assert_invariants(&services).await;
    }
    let told = "SELECT count(*) FROM outbox WHERE kind = 'booking.cancelled' AND payload->>'reason' = 'Ill'";
    assert_eq!(number(&services, told).await, 3);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_slot_that_was_called_off_is_free_again(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let (sam, ben) = (testing::student(&services, "Sam").await, testing::student(&services, "Ben").await);
    let placed = booked(&services, &sam, &tutor, at_hour(4)).await;
    for reason in ["x".repeat(501), "a\u{0}b".into()] {
        let answer = booking::cancel(&services, &sam, placed.id, Some(&reason)).await;
        assert_eq!(refused(answer).0, Code::InvalidRequest);
    }
    booking::cancel(&services, &sam, placed.id, Some("  ")).await.expect("cancelled");
    booked(&services, &ben, &tutor, at_hour(4)).await;
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_later_setting_never_alters_a_booking(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let placed = booked(&services, &student, &tutor, at_hour(5)).await;
    testing::execute(
        &services,
        "UPDATE tutors SET cancel_notice_min = 600, fee_bps = 1500; UPDATE offerings SET prices = '{1,2,3}', title = 'New'",
    )
    .await;
    let found = booking::find(&services, &student, placed.id).await.expect("found");
    assert_eq!(found, placed);
    booking::cancel(&services, &student, placed.id, None).await.expect("by the old notice");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_move_is_one_swap(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let (sam, ben) = (testing::student(&services, "Sam").await, testing::student(&services, "Ben").await);
    let old = booked(&services, &sam, &tutor, at_hour(4)).await;
    let half = at_hour(4) + TimeDelta::minutes(30);
    let new = booking::reschedule(&services, &sam, old.id, half, None).await.expect("over its own claim");
    assert_eq!((new.id, new.start, new.end), (old.id, half, at_hour(5) + TimeDelta::minutes(30)));
    assert_eq!((new.state, new.sequence, new.price_minor), (BookingState::Confirmed, 1, 2500));
    assert_ne!(new.join_token, old.join_token);
    let link = async |token: &str| lesson::resolve(&services, token).await.expect("read");
    assert_eq!(link(&old.join_token).await, JoinLink::Retired);
    assert_eq!(link(&new.join_token).await, JoinLink::Valid(old.id));
    assert_eq!(link("none\u{0}").await, JoinLink::Unknown);
    let told = "SELECT count(*) FROM outbox WHERE kind = 'booking.rescheduled'
                AND payload->'old'->>'start' = '2027-03-01T12:00:00Z'
                AND payload->'new'->>'start' = '2027-03-01T12:30:00Z'";
    assert_eq!(number(&services, told).await, 1);
    assert_eq!(booking::history(&services, &sam, old.id).await.expect("history").len(), 2);
    booked(&services, &ben, &tutor, at_hour(3)).await;
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_move_to_where_it_is_changes_nothing(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let old = booked(&services, &student, &tutor, at_hour(4)).await;
    let same = booking::reschedule(&services, &student, old.id, old.start, Some(60)).await.expect("as it is");
    assert_eq!(same, old);
    assert_eq!(number(&services, "SELECT count(*) FROM outbox").await, 1);
}

/// Each row: where to, how long, and the answer; the booking stays as it was.
#[sqlx::test(migrations = "../migrations")]
async fn a_move_is_judged_as_a_new_booking(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let elsewhere = testing::tutor(&services, "Theo").await;
    let (sam, ben) = (testing::student(&services, "Sam").await, testing::student(&services, "Ben").await);
    let old = booked(&services, &sam, &tutor, at_hour(4)).await;
    booked(&services, &ben, &tutor, at_hour(6)).await;
    booked(&services, &sam, &elsewhere, at_hour(7)).await;
    for (start, duration, code, key) in [
        (at_hour(1), None, Code::MinimumNoticeRequired, "notice"),
        (DateTime::<Utc>::MIN_UTC, None, Code::MinimumNoticeRequired, "notice"),
        (DateTime::<Utc>::MAX_UTC, None, Code::OutsideHorizon, "horizon"),
        (at_hour(12), None, Code::BookingConflict, "slot_off_grid"),
        (at_hour(6), None, Code::BookingConflict, "slot_taken"),
        (at_hour(7), None, Code::BookingConflict, "student_overlap"),
        (at_hour(3), Some(45), Code::InvalidDuration, "duration_not_offered"),
    ] {
        let answer = booking::reschedule(&services, &sam, old.id, start, duration).await;
        assert_eq!(refused(answer), (code, key.to_owned()), "{start}");
    }
    let conflict = booking::reschedule(&services, &sam, old.id, at_hour(6), None).await.expect_err("taken");
    let services::AppError::Refused { details, .. } = conflict else { panic!("a refusal") };
    let starts: Vec<_> =
        details["slots"].as_array().expect("slots").iter().map(|s| s["start"].clone()).collect();
    assert_eq!(starts[2], "2027-03-01T11:00:00Z");
    assert_eq!(starts[4], "2027-03-01T12:00:00Z", "its own time is free to it");
    assert_eq!(booking::find(&services, &sam, old.id).await.expect("found"), old);
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_move_obeys_the_notice_before_the_old_start(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let rows = [
        (&student, 7199, Some(Code::CancellationTooLate)),
        (&student, 7200, None),
        (&tutor.actor, 0, Some(Code::InvalidState)),
        (&tutor.actor, 1, None),
    ];
    for (day, (actor, seconds, code)) in (0..).zip(rows) {
        services.clock.show(Some(now()));
        let old = booked(&services, &student, &tutor, at_hour(24 * day + 4)).await;
        services.clock.show(Some(old.start - TimeDelta::seconds(seconds)));
        let target = at_hour(24 * day + 8);
        let answer = booking::reschedule(&services, actor, old.id, target, None).await;
        assert_eq!(answer.as_ref().err().map(services::AppError::code), code, "{seconds}");
    }
    let gone = booked(&services, &student, &tutor, at_hour(24 * 7 + 4)).await;
    booking::cancel(&services, &student, gone.id, None).await.expect("cancelled");
    let answer = booking::reschedule(&services, &student, gone.id, at_hour(24 * 7 + 6), None).await;
    assert_eq!(refused(answer).0, Code::InvalidState);
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn another_duration_costs_what_is_offered_now_and_the_same_what_was_agreed(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let old = booked(&services, &student, &tutor, at_hour(4)).await;
    testing::execute(
        &services,
        "UPDATE offerings SET durations = '{90}', prices = '{9000}', currency = 'USD'",
    )
    .await;
    let to = |start, duration| booking::reschedule(&services, &student, old.id, start, duration);
    let same = to(at_hour(5), None).await.expect("moved");
    assert_eq!((same.duration, same.price_minor, same.currency.code()), (60, 2500, "EUR"));
    assert_eq!(refused(to(at_hour(6), Some(30)).await).0, Code::InvalidDuration);
    let longer = to(at_hour(6), Some(90)).await.expect("moved");
    assert_eq!((longer.duration, longer.price_minor, longer.currency.code()), (90, 9000, "USD"));
    assert_eq!((longer.no_show_wait, longer.min_payable), (29, 59));
    testing::execute(&services, "UPDATE offerings SET archived_at = created_at FROM tutors").await;
    assert_eq!(refused(to(at_hour(3), Some(60)).await).0, Code::InvalidDuration);
    let kept = to(at_hour(3), Some(90)).await.expect("moved though it is offered no more");
    assert_eq!((kept.price_minor, kept.sequence), (9000, 3));
    assert_invariants(&services).await;
}

async fn asked(services: &Services) -> (testing::Tutor, services::Actor, Booking) {
    let (tutor, student) = (testing::tutor(services, "Tina").await, testing::student(services, "Sam").await);
    testing::execute(services, "UPDATE tutors SET confirm_requests = true").await;
    let placed = booked(services, &student, &tutor, at_hour(52)).await;
    (tutor, student, placed)
}

#[sqlx::test(migrations = "../migrations")]
async fn the_tutor_answers_a_request(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student, placed) = asked(&services).await;
    for answer in [
        booking::confirm(&services, &student, placed.id).await,
        booking::decline(&services, &student, placed.id, None).await,
        booking::complete(&services, &student, placed.id).await,
    ] {
        assert_eq!(refused(answer).0, Code::InsufficientPermissions);
    }
    let moved = booking::reschedule(&services, &student, placed.id, at_hour(6), None).await.expect("moved");
    assert_eq!((moved.state, moved.expires_at), (BookingState::Requested, Some(at_hour(6))));
    testing::execute(&services, "INSERT INTO settings VALUES ('accepted_providers', '[\"zoom\"]')").await;
    let homeless = booking::confirm(&services, &tutor.actor, placed.id).await;
    assert_eq!(refused(homeless).0, Code::ProviderRequired);
    testing::execute(&services, "DELETE FROM settings").await;
    let yes = booking::confirm(&services, &tutor.actor, placed.id).await.expect("confirmed");
    assert_eq!((yes.state, yes.expires_at), (BookingState::Confirmed, None));
    for answer in [
        booking::confirm(&services, &tutor.actor, placed.id).await,
        booking::decline(&services, &tutor.actor, placed.id, None).await,
    ] {
        assert_eq!(refused(answer), (Code::InvalidState, "booking_state".into()));
    }
    let other = booked(&services, &student, &tutor, at_hour(54)).await;
    let no = booking::decline(&services, &tutor.actor, other.id, Some("Away")).await.expect("declined");
    assert_eq!((no.state, no.lesson_state), (BookingState::Declined, LessonState::Cancelled));
    assert_eq!(no.reason.as_deref(), Some("Away"));
    booked(&services, &student, &tutor, at_hour(54)).await;
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_request_that_has_lapsed_cannot_be_answered_even_before_the_sweep(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student, placed) = asked(&services).await;
    services.clock.show(placed.expires_at);
    for answer in [
        booking::confirm(&services, &tutor.actor, placed.id).await,
        booking::decline(&services, &tutor.actor, placed.id, None).await,
        booking::reschedule(&services, &student, placed.id, at_hour(54), None).await,
    ] {
        assert_eq!(refused(answer), (Code::InvalidState, "request_lapsed".into()));
    }
    assert_invariants(&services).await;
}

/// Each row: who joined, when the tutor ends the lesson (minutes after the start), what it comes to.
#[sqlx::test(migrations = "../migrations")]
async fn the_tutor_ends_the_lesson(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let rows = [
        (true, true, 59, BookingState::EarlyEnd, LessonState::EarlyEndShort, "booking.completed"),
        (true, true, 60, BookingState::Completed, LessonState::CompletedAssumed, "booking.completed"),
        (true, false, 30, BookingState::NoShowTutor, LessonState::NoShowTutor, "lesson.no_show"),
        (false, true, 30, BookingState::EarlyEnd, LessonState::EarlyEndShort, "booking.completed"),
        (false, false, 30, BookingState::Completed, LessonState::CompletedAssumed, "booking.completed"),
    ];
    for (day, (student_joins, tutor_joins, minute, state, lesson_state, kind)) in (0..).zip(rows) {
        services.clock.show(Some(now()));
        let placed = booked(&services, &student, &tutor, at_hour(24 * day + 4)).await;
        services.clock.show(Some(placed.start - TimeDelta::microseconds(1)));
        let early = booking::complete(&services, &tutor.actor, placed.id).await;
        assert_eq!(refused(early), (Code::InvalidState, "lesson_not_started".into()));
        for (actor, joins) in [(&student, student_joins), (&tutor.actor, tutor_joins)] {
            if joins {
                lesson::join(&services, actor, placed.id).await.expect("let in");
            }
        }
        services.clock.show(Some(placed.start + TimeDelta::minutes(minute)));
        let done = booking::complete(&services, &tutor.actor, placed.id).await.expect("ended");
        assert_eq!((done.state, done.lesson_state), (state, lesson_state), "{day}");
        let again = booking::complete(&services, &tutor.actor, placed.id).await;
        let ended = matches!(state, BookingState::Completed | BookingState::EarlyEnd);
        assert_eq!(
            again.ok().map(|again| again.state),
            ended.then_some(state),
            "ending it again changes nothing"
        );
        let last: String = sqlx::query_scalar("SELECT kind FROM outbox ORDER BY id DESC LIMIT 1")
            .fetch_one(&services.db)
            .await
            .expect("an event");
        assert_eq!(last, kind);
        assert_invariants(&services).await;
    }
    services.clock.show(Some(now()));
    let (_, _, waiting) = asked(&services).await;
    services.clock.show(Some(waiting.start));
    let admin = testing::user(&services, "Ada", Role::Admin).await;
    assert_eq!(refused(booking::complete(&services, &admin, waiting.id).await).0, Code::InvalidState);
    let placed = booking::place(&services, &student, &request(&tutor, at_hour(24 * 20 + 4)), None).await;
    assert_eq!(placed.expect("asked").state, BookingState::Requested);
}
