//! Placing and reading bookings on a real database.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code,
    account::Role,
    booking::{BookingRequest, BookingState, Note},
    ids::{HoldId, OfferingId, TutorId},
    lesson::LessonState,
};
use services::{
    AppError, Services,
    booking::{self, ListQuery},
    testing::{self, assert_invariants, at_hour, booked, now, number, refused, request},
};
use sqlx::PgPool;
use uuid::Uuid;

#[sqlx::test(migrations = "../migrations")]
async fn a_booking_is_confirmed_with_all_that_belongs_to_it(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let note = Note::parse("Fractions, please").expect("a note");
    let asked = BookingRequest { note, ..request(&tutor, at_hour(4)) };
    let bystander = testing::student(&services, "Bea").await;
    let [mut of_tutor, mut of_student, mut of_other] =
        [&tutor.actor, &student, &bystander].map(|actor| services.live.subscribe(actor.user));
    let placed = booking::place(&services, &student, &asked, None).await.expect("placed");
    assert_eq!(placed.state, BookingState::Confirmed);
    assert_eq!((placed.start, placed.end, placed.duration), (at_hour(4), at_hour(5), 60));
    assert_eq!((placed.price_minor, placed.currency.code()), (2500, "EUR"));
    assert_eq!((placed.no_show_wait, placed.min_payable), (20, 40));
    assert_eq!((placed.offering, placed.lesson_state), (tutor.offering, LessonState::Scheduled));
    assert_eq!((placed.tutor_name.as_str(), placed.student_name.as_str()), ("Tina", "Sam"));
    assert_eq!((placed.note.as_deref(), placed.expires_at), (Some("Fractions, please"), None));
    for actor in [&student, &tutor.actor, &testing::user(&services, "Ada", Role::Admin).await] {
        assert_eq!(booking::find(&services, actor, placed.id).await.expect("found"), placed);
    }
    let history = booking::history(&services, &student, placed.id).await.expect("history");
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].to, history[0].actor.as_str()), (BookingState::Confirmed, "student"));
    assert_eq!(number(&services, "SELECT count(*) FROM outbox WHERE kind = 'booking.created'").await, 1);
    assert_eq!(number(&services, "SELECT count(*) FROM live_events WHERE kind = 'booking.created'").await, 2);
    of_tutor.next().await;
    of_student.next().await;
    let other = tokio::time::timeout(Duration::from_millis(20), of_other.next()).await;
    assert!(other.is_err(), "nobody else is woken");
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn only_students_book(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let other = testing::tutor(&services, "Theo").await;
    for actor in [&tutor.actor, &other.actor, &testing::user(&services, "Ada", Role::Admin).await] {
        let placed = booking::place(&services, actor, &request(&tutor, at_hour(4)), None).await;
        assert_eq!(refused(placed), (Code::InsufficientPermissions, "forbidden".into()));
    }
}

/// Each row: what is asked differently, and the answer.
#[sqlx::test(migrations = "../migrations")]
async fn what_is_asked_wrongly_is_refused_and_leaves_nothing(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let good = || request(&tutor, at_hour(4));
    let starts = |start: DateTime<Utc>| request(&tutor, start);
    let lasts = |duration| BookingRequest { duration, ..good() };
    let nowhere = Uuid::from_u128(7);
    let rows: Vec<(BookingRequest, Code, &str)> = vec![
        (BookingRequest { tutor: TutorId(nowhere), ..good() }, Code::ProfileNotFound, "profile_not_found"),
        (
            BookingRequest { offering: Some(OfferingId(nowhere)), ..good() },
            Code::NotFound,
            "offering_not_found",
        ),
        (BookingRequest { hold: Some(HoldId(nowhere)), ..good() }, Code::NotFound, "hold_not_found"),
        (lasts(45), Code::InvalidDuration, "duration_not_offered"),
        (lasts(0), Code::InvalidDuration, "duration_not_offered"),
        (lasts(-60), Code::InvalidDuration, "duration_not_offered"),
        (lasts(i64::MAX), Code::InvalidDuration, "duration_not_offered"),
        (starts(at_hour(2) - TimeDelta::microseconds(1)), Code::MinimumNoticeRequired, "notice"),
        (starts(now() - TimeDelta::days(1)), Code::MinimumNoticeRequired, "notice"),
        (starts(DateTime::<Utc>::MIN_UTC), Code::MinimumNoticeRequired, "notice"),
        (starts(at_hour(24 * 30 + 1)), Code::OutsideHorizon, "horizon"),
        (starts(DateTime::<Utc>::MAX_UTC), Code::OutsideHorizon, "horizon"),
        (starts(at_hour(4) + TimeDelta::minutes(7)), Code::BookingConflict, "slot_off_grid"),
        (starts(at_hour(4) + TimeDelta::nanoseconds(1)), Code::BookingConflict, "slot_off_grid"),
        (starts(at_hour(12)), Code::BookingConflict, "slot_off_grid"),
        (starts(at_hour(9) - TimeDelta::minutes(30)), Code::BookingConflict, "slot_off_grid"),
    ];
    for (asked, code, key) in rows {
        let placed = booking::place(&services, &student, &asked, None).await;
        assert_eq!(refused(placed), (code, key.to_owned()), "{asked:?}");
    }
    let long = "k".repeat(256);
    let placed = booking::place(&services, &student, &good(), Some(&long)).await;
    assert_eq!(refused(placed).0, Code::InvalidRequest);
    let left = "SELECT (SELECT count(*) FROM bookings) + (SELECT count(*) FROM claims)
                     + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM idempotency_keys)";
    assert_eq!(number(&services, left).await, 0);
}

/// Each row: what makes the tutor unready, and what makes it good again.
#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_who_is_not_ready_cannot_be_booked(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let rows: [(&str, &str, Code); 4] = [
        (
            "CREATE TABLE kept AS SELECT university, degree, field, current_year, bio FROM tutors;
             UPDATE tutors SET university = NULL, degree = NULL, field = NULL, current_year = NULL, bio = NULL",
            "UPDATE tutors t SET university = k.university, degree = k.degree, field = k.field,
                 current_year = k.current_year, bio = k.bio FROM kept k",
            Code::ProfileIncomplete,
        ),
        (
            "UPDATE tutors SET is_active = false",
            "UPDATE tutors SET is_active = true",
            Code::ProfileInactive,
        ),
        (
            "INSERT INTO settings VALUES ('accepted_providers', '[\"zoom\"]')",
            "DELETE FROM settings",
            Code::ProviderRequired,
        ),
        (
            "UPDATE users SET deleted_at = created_at WHERE role = 'tutor'",
            "UPDATE users SET deleted_at = NULL",
            Code::ProfileNotFound,
        ),
    ];
    for (spoil, mend, code) in rows {
        testing::execute(&services, spoil).await;
        let placed = booking::place(&services, &student, &request(&tutor, at_hour(4)), None).await;
        assert_eq!(refused(placed).0, code);
        testing::execute(&services, mend).await;
    }
    booked(&services, &student, &tutor, at_hour(4)).await;
}

fn fresh(error: AppError) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let AppError::Refused { details, .. } = error else { panic!("a refusal") };
    let slots = details["slots"].as_array().expect("slots").clone();
    let instant = |value: &serde_json::Value| value.as_str().expect("text").parse().expect("an instant");
    slots.iter().map(|slot| (instant(&slot["start"]), instant(&slot["end"]))).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_conflict_comes_with_fresh_slots_of_that_day_on(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let (first, second) =
        (testing::student(&services, "Sam").await, testing::student(&services, "Ben").await);
    booked(&services, &first, &tutor, at_hour(4)).await;
    let elsewhere = testing::tutor(&services, "Theo").await;
    booked(&services, &second, &elsewhere, at_hour(6)).await;
    let placed = booking::place(&services, &second, &request(&tutor, at_hour(4)), None).await;
    let slots = fresh(placed.expect_err("taken"));
    assert_eq!(slots.len(), 20);
    // From the notice on, in half hours, without the taken hour and without the student's other lesson.
    let halves: Vec<_> = slots.iter().map(|slot| (slot.0 - now()).num_minutes()).take(6).collect();
    assert_eq!(halves, [120, 150, 180, 300, 420, 450]);
    assert!(slots.iter().all(|slot| slot.1 - slot.0 == TimeDelta::hours(1)));
    for slot in slots {
        booking::place(&services, &second, &request(&tutor, slot.0), None).await.map_or_else(
            |error| assert_eq!(error.code(), Code::BookingConflict, "taken by the one before"),
            |placed| assert_eq!(placed.start, slot.0),
        );
    }
    // A day later: nothing of today.
    let placed = booking::place(&services, &second, &request(&tutor, at_hour(24)), None).await;
    assert!(fresh(placed.expect_err("before hours")).iter().all(|slot| slot.0 >= at_hour(16)));
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn buffers_are_claimed_and_not_shared(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    testing::execute(&services, "UPDATE offerings SET buffer_before_min = 15, buffer_after_min = 15").await;
    booked(&services, &student, &tutor, at_hour(4)).await;
    for (minutes, free) in [(-60, false), (-90, true), (60, false), (90, true)] {
        let start = at_hour(4) + TimeDelta::minutes(minutes);
        let placed = booking::place(&services, &student, &request(&tutor, start), None).await;
        assert_eq!(placed.is_ok(), free, "{minutes}");
    }
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_student_is_at_one_lesson_at_a_time(db: PgPool) {
    let services = testing::services(db);
    let student = testing::student(&services, "Sam").await;
    let (tina, theo) = (testing::tutor(&services, "Tina").await, testing::tutor(&services, "Theo").await);
    booked(&services, &student, &tina, at_hour(4)).await;
    let half = at_hour(4) + TimeDelta::minutes(30);
    let placed = booking::place(&services, &student, &request(&theo, half), None).await;
    assert_eq!(refused(placed), (Code::BookingConflict, "student_overlap".into()));
    booked(&services, &student, &theo, at_hour(5)).await;
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_who_confirms_gets_a_request_that_waits_24_hours_or_until_the_start(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    testing::execute(&services, "UPDATE tutors SET confirm_requests = true").await;
    let soon = booked(&services, &student, &tutor, at_hour(4)).await;
    let late = booked(&services, &student, &tutor, at_hour(52)).await;
    assert_eq!((soon.state, soon.expires_at), (BookingState::Requested, Some(at_hour(4))));
    assert_eq!((late.state, late.expires_at), (BookingState::Requested, Some(at_hour(24))));
    let other = testing::student(&services, "Ben").await;
    let placed = booking::place(&services, &other, &request(&tutor, at_hour(4)), None).await;
    assert_eq!(refused(placed).0, Code::BookingConflict);
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_makes_one_booking_for_24_hours(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let (sam, ben) = (testing::student(&services, "Sam").await, testing::student(&services, "Ben").await);
    let asked = request(&tutor, at_hour(28));
    let place = |actor, asked| {
        let services = services.clone();
        async move { booking::place(&services, actor, &asked, Some("key-1")).await }
    };
    let first = place(&sam, asked.clone()).await.expect("placed");
    assert_eq!(place(&sam, asked.clone()).await.expect("the same"), first);
    let other = request(&tutor, at_hour(29));
    assert_eq!(refused(place(&sam, other.clone()).await).0, Code::IdempotencyMismatch);
    // A key is its student's own.
    assert_ne!(place(&ben, other.clone()).await.expect("another's").id, first.id);
    booking::cancel(&services, &sam, first.id, None).await.expect("cancelled");
    let again = place(&sam, asked.clone()).await.expect("still the same");
    assert_eq!((again.id, again.state), (first.id, BookingState::Cancelled));
    services.clock.show(Some(now() + TimeDelta::hours(24)));
    let later = place(&sam, asked).await.expect("forgotten by now");
    assert_ne!(later.id, first.id);
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn another_s_booking_does_not_exist(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let placed = booked(&services, &student, &tutor, at_hour(4)).await;
    let strangers = [testing::student(&services, "Eve").await, testing::tutor(&services, "Theo").await.actor];
    for eve in &strangers {
        let gone = (Code::BookingNotFound, "booking_not_found".to_owned());
        assert_eq!(refused(booking::find(&services, eve, placed.id).await), gone);
        assert_eq!(refused(booking::history(&services, eve, placed.id).await), gone);
        assert_eq!(refused(booking::cancel(&services, eve, placed.id, None).await), gone);
        assert_eq!(refused(booking::reschedule(&services, eve, placed.id, at_hour(5), None).await), gone);
        assert_eq!(refused(booking::confirm(&services, eve, placed.id).await), gone);
        assert_eq!(refused(booking::decline(&services, eve, placed.id, None).await), gone);
        assert_eq!(refused(booking::complete(&services, eve, placed.id).await), gone);
        assert_eq!(booking::list(&services, eve, &all()).await.expect("a page").total, 0);
    }
}

fn all() -> ListQuery {
    ListQuery { page: 1, page_size: 20, ..ListQuery::default() }
}

async fn starts(services: &Services, actor: &services::Actor, query: ListQuery) -> (Vec<i64>, i64) {
    let page = booking::list(services, actor, &query).await.expect("a page");
    (page.rows.iter().map(|row| (row.start - now()).num_hours()).collect(), page.total)
}

#[sqlx::test(migrations = "../migrations")]
async fn lists_are_filtered_ordered_and_paged(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    for hour in [4, 2, 6, 28] {
        booked(&services, &student, &tutor, at_hour(hour)).await;
    }
    let gone = booked(&services, &student, &tutor, at_hour(30)).await;
    booking::cancel(&services, &tutor.actor, gone.id, None).await.expect("cancelled");
    services.clock.show(Some(at_hour(5)));
    let with = |upcoming, states: &[BookingState]| ListQuery { upcoming, states: states.to_vec(), ..all() };
    let held = [BookingState::Confirmed];
    for actor in [&student, &tutor.actor] {
        for (query, expected) in [
            (all(), vec![30, 28, 6, 4, 2]),
            (with(Some(true), &[]), vec![6, 28, 30]),
            (with(Some(true), &held), vec![6, 28]),
            (with(Some(false), &held), vec![4, 2]),
            (with(None, &[BookingState::Cancelled]), vec![30]),
            (with(None, &[BookingState::Declined]), vec![]),
        ] {
            let total = i64::try_from(expected.len()).expect("few");
            assert_eq!(starts(&services, actor, query.clone()).await, (expected, total), "{query:?}");
        }
        let second = ListQuery { page: 2, page_size: 2, ..all() };
        assert_eq!(starts(&services, actor, second).await, (vec![6, 4], 5));
        let beyond = ListQuery { page: 9, ..all() };
        assert_eq!(starts(&services, actor, beyond).await, (vec![], 5));
    }
    for (page, page_size) in [(0, 20), (-1, 20), (1, 0), (1, 101), (1, -1), (i64::MAX, 100), (i64::MIN, 1)] {
        let query = ListQuery { page, page_size, ..ListQuery::default() };
        assert_eq!(refused(booking::list(&services, &student, &query).await).0, Code::InvalidRequest);
    }
}
