//! Holds on a real database.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Code, booking::BookingRequest, ids::HoldId};
use services::{
    booking::{self, Hold, HoldRequest},
    testing::{self, Tutor, assert_invariants, at_hour, booked, now, number, refused, request},
};
use sqlx::PgPool;
use uuid::Uuid;

fn wish(tutor: &Tutor, start: DateTime<Utc>) -> HoldRequest {
    HoldRequest { tutor: tutor.id, offering: None, start, duration: 60 }
}

fn with(hold: &Hold, request: BookingRequest) -> BookingRequest {
    BookingRequest { hold: Some(hold.id), ..request }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hold_keeps_others_out_for_ten_minutes(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let (sam, ben) = (testing::student(&services, "Sam").await, testing::student(&services, "Ben").await);
    let hold = booking::hold(&services, &sam, &wish(&tutor, at_hour(4))).await.expect("held");
    assert_eq!(hold.expires_at, now() + TimeDelta::minutes(10));
    let (found, asked) =
        booking::find_hold(&services, &sam, hold.id).await.expect("read").expect("still there");
    assert_eq!((found, asked.start, asked.duration), (hold.clone(), at_hour(4), 60));
    assert_eq!((asked.tutor, asked.offering), (tutor.id, Some(tutor.offering)));
    assert_eq!(booking::find_hold(&services, &ben, hold.id).await.expect("read").map(|_| ()), None);
    let taken = (Code::BookingConflict, "slot_taken".to_owned());
    let late = at_hour(4) + TimeDelta::minutes(30);
    assert_eq!(refused(booking::hold(&services, &ben, &wish(&tutor, late)).await), taken);
    assert_eq!(refused(booking::place(&services, &ben, &request(&tutor, late), None).await), taken);
    services.clock.show(Some(hold.expires_at));
    assert_eq!(booking::find_hold(&services, &sam, hold.id).await.expect("read").map(|_| ()), None);
    booked(&services, &ben, &tutor, late).await;
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hold_is_judged_as_a_booking(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let elsewhere = testing::tutor(&services, "Theo").await;
    booked(&services, &student, &elsewhere, at_hour(6)).await;
    for (start, duration, code, key) in [
        (at_hour(1), 60, Code::MinimumNoticeRequired, "notice"),
        (at_hour(4), 45, Code::InvalidDuration, "duration_not_offered"),
        (at_hour(12), 60, Code::BookingConflict, "slot_off_grid"),
        (at_hour(6), 60, Code::BookingConflict, "student_overlap"),
        (DateTime::<Utc>::MAX_UTC, 60, Code::OutsideHorizon, "horizon"),
    ] {
        let asked = HoldRequest { duration, ..wish(&tutor, start) };
        assert_eq!(refused(booking::hold(&services, &student, &asked).await), (code, key.to_owned()));
    }
    let held = booking::hold(&services, &tutor.actor, &wish(&tutor, at_hour(4))).await;
    assert_eq!(refused(held).0, Code::InsufficientPermissions);
    assert_eq!(number(&services, "SELECT count(*) FROM holds").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_new_hold_replaces_the_former_one_and_a_refused_one_does_not(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let (sam, ben) = (testing::student(&services, "Sam").await, testing::student(&services, "Ben").await);
    let first = booking::hold(&services, &sam, &wish(&tutor, at_hour(4))).await.expect("held");
    let half = at_hour(4) + TimeDelta::minutes(30);
    let second = booking::hold(&services, &sam, &wish(&tutor, half)).await.expect("held");
    assert!(booking::find_hold(&services, &sam, first.id).await.expect("read").is_none());
    assert_eq!(number(&services, "SELECT count(*) FROM claims").await, 1);
    booked(&services, &ben, &tutor, at_hour(6)).await;
    assert!(booking::hold(&services, &sam, &wish(&tutor, at_hour(6))).await.is_err());
    assert!(booking::find_hold(&services, &sam, second.id).await.expect("read").is_some());
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_booking_consumes_its_hold(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let hold = booking::hold(&services, &student, &wish(&tutor, at_hour(4))).await.expect("held");
    let asked = with(&hold, request(&tutor, at_hour(4)));
    booking::place(&services, &student, &asked, None).await.expect("placed");
    assert_eq!(number(&services, "SELECT count(*) FROM claims WHERE kind = 'hold'").await, 0);
    assert!(booking::find_hold(&services, &student, hold.id).await.expect("read").is_none());
    // Without naming it one's own hold is no obstacle either.
    booking::hold(&services, &student, &wish(&tutor, at_hour(6))).await.expect("held");
    booked(&services, &student, &tutor, at_hour(6)).await;
    assert_eq!(number(&services, "SELECT count(*) FROM claims").await, 2);
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refused_booking_leaves_the_hold(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let hold = booking::hold(&services, &student, &wish(&tutor, at_hour(4))).await.expect("held");
    let asked = with(&hold, request(&tutor, at_hour(12)));
    assert_eq!(refused(booking::place(&services, &student, &asked, None).await).0, Code::BookingConflict);
    assert!(booking::find_hold(&services, &student, hold.id).await.expect("read").is_some());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lapsed_hold_is_no_fault_while_the_slot_is_free(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let (sam, ben) = (testing::student(&services, "Sam").await, testing::student(&services, "Ben").await);
    for (hour, swept) in [(4, false), (6, true)] {
        services.clock.show(Some(now()));
        let hold = booking::hold(&services, &sam, &wish(&tutor, at_hour(hour))).await.expect("held");
        services.clock.show(Some(hold.expires_at));
        if swept {
            services::sweep::run(&services).await.expect("swept");
        }
        let asked = with(&hold, request(&tutor, at_hour(hour)));
        booking::place(&services, &sam, &asked, None).await.expect("placed");
    }
    services.clock.show(Some(now()));
    let hold = booking::hold(&services, &sam, &wish(&tutor, at_hour(8))).await.expect("held");
    services.clock.show(Some(hold.expires_at));
    booked(&services, &ben, &tutor, at_hour(8)).await;
    let asked = with(&hold, request(&tutor, at_hour(8)));
    let placed = booking::place(&services, &sam, &asked, None).await;
    assert_eq!(refused(placed), (Code::BookingConflict, "slot_taken".into()));
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hold_is_its_student_s_and_its_tutor_s(db: PgPool) {
    let services = testing::services(db);
    let (tina, theo) = (testing::tutor(&services, "Tina").await, testing::tutor(&services, "Theo").await);
    let (sam, ben) = (testing::student(&services, "Sam").await, testing::student(&services, "Ben").await);
    let hold = booking::hold(&services, &sam, &wish(&tina, at_hour(4))).await.expect("held");
    let none = Hold { id: HoldId(Uuid::from_u128(1)), ..hold.clone() };
    for (actor, hold, tutor) in [(&ben, &hold, &tina), (&sam, &hold, &theo), (&sam, &none, &tina)] {
        let asked = with(hold, request(tutor, at_hour(6)));
        let placed = booking::place(&services, actor, &asked, None).await;
        assert_eq!(refused(placed), (Code::NotFound, "hold_not_found".into()));
    }
    booking::release(&services, &ben, hold.id).await.expect("nothing of Ben's");
    assert!(booking::find_hold(&services, &sam, hold.id).await.expect("read").is_some());
    for _ in 0..2 {
        booking::release(&services, &sam, hold.id).await.expect("given back");
    }
    booked(&services, &ben, &tina, at_hour(4)).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_notice_may_pass_while_one_holds_the_slot(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let hold = booking::hold(&services, &student, &wish(&tutor, at_hour(2))).await.expect("held");
    services.clock.show(Some(hold.expires_at - TimeDelta::seconds(1)));
    let placed = booking::place(&services, &student, &request(&tutor, at_hour(2)), None).await;
    assert_eq!(refused(placed).0, Code::MinimumNoticeRequired, "without the hold");
    let longer = BookingRequest { duration: 90, ..with(&hold, request(&tutor, at_hour(2))) };
    let placed = booking::place(&services, &student, &longer, None).await;
    assert_eq!(refused(placed).0, Code::MinimumNoticeRequired, "for another slot than the held one");
    services.clock.show(Some(hold.expires_at));
    let asked = with(&hold, request(&tutor, at_hour(2)));
    let placed = booking::place(&services, &student, &asked, None).await;
    assert_eq!(refused(placed).0, Code::MinimumNoticeRequired, "with a lapsed hold");
    services.clock.show(Some(hold.expires_at - TimeDelta::seconds(1)));
    booking::place(&services, &student, &asked, None).await.expect("honoured");
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_move_takes_what_its_student_holds_and_leaves_it_alone_when_the_tutor_moves(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let placed = booked(&services, &student, &tutor, at_hour(4)).await;
    let hold = booking::hold(&services, &student, &wish(&tutor, at_hour(6))).await.expect("held");
    let there = booking::reschedule(&services, &tutor.actor, placed.id, at_hour(6), None).await;
    assert_eq!(refused(there), (Code::BookingConflict, "slot_taken".into()));
    booking::reschedule(&services, &tutor.actor, placed.id, at_hour(5), None).await.expect("moved");
    assert!(booking::find_hold(&services, &student, hold.id).await.expect("read").is_some());
    booking::reschedule(&services, &student, placed.id, at_hour(6), None).await.expect("moved");
    assert!(booking::find_hold(&services, &student, hold.id).await.expect("read").is_none());
    assert_invariants(&services).await;
}
