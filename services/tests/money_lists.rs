//! What lists show of money, on a real database, against the sandbox.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use domain::{Code, account::Role, payment::ChargeState};
use services::{
    Actor, lesson,
    payment::{self, Charged},
    testing::{self, refused},
};
use sqlx::PgPool;

#[sqlx::test(migrations = "../migrations")]
async fn a_list_knows_the_charges_of_its_reader_only(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    let booking = till.taught(4).await;
    let list = async |actor: &Actor| {
        payment::list_charged(&till.services, actor, &[booking.id]).await.expect("charges")
    };
    assert_eq!(list(&till.student).await, [], "not before the outcome");
    till.tick().await;
    let amount = domain::money::Money { minor: 2500, currency: booking.currency };
    let paid = Charged { booking: booking.id, state: ChargeState::Paid, amount, refunded: 0 };
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    for actor in [&till.student, &till.tutor.actor, &admin] {
        assert_eq!(list(actor).await, [paid], "{}", actor.name);
    }
    let stranger = testing::student(&till.services, "Eve").await;
    assert_eq!(list(&stranger).await, []);
    assert_eq!(payment::list_charged(&till.services, &till.student, &[]).await.expect("none"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn refunds_are_listed_with_their_reasons_to_those_concerned(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    let booking = till.taught(4).await;
    till.tick().await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    let status = async |actor: &Actor| {
        let rows = payment::list_refunds(&till.services, actor, booking.id).await?;
        Ok(rows.into_iter().map(|row| (row.amount.minor, row.reason, row.status)).collect::<Vec<_>>())
    };
    payment::refund(&till.services, &admin, booking.id, Some(500), "Late.").await.expect("noted");
    let row = |status: &str| (500, "Late.".to_owned(), status.to_owned());
    assert_eq!(status(&till.student).await.expect("refunds"), [row("pending")]);
    till.tick().await;
    for actor in [&till.student, &till.tutor.actor, &admin] {
        assert_eq!(status(actor).await.expect("refunds"), [row("succeeded")], "{}", actor.name);
    }
    let stranger = testing::student(&till.services, "Eve").await;
    assert_eq!(refused(status(&stranger).await).0, Code::BookingNotFound);
}

#[sqlx::test(migrations = "../migrations")]
async fn cases_are_listed_to_admins_while_they_are_open(db: PgPool) {
    let till = till::open(db).await;
    let booking = till.taught(4).await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    assert_eq!(payment::open_cases(&till.services, &admin).await.expect("cases"), []);
    testing::execute(
        &till.services,
        "INSERT INTO cases (id, booking_id, kind, details, opened_at)
         SELECT gen_random_uuid(), id, 'late_evidence', '{}', ends_at FROM bookings",
    )
    .await;
    let cases = payment::open_cases(&till.services, &admin).await.expect("cases");
    let [case] = &cases[..] else { panic!("{cases:?}") };
    assert_eq!((case.booking, &*case.kind, case.opened_at), (booking.id, "late_evidence", booking.end));
    assert_eq!(
        refused(payment::open_cases(&till.services, &till.student).await).0,
        Code::InsufficientPermissions
    );
    testing::execute(
        &till.services,
        "UPDATE cases SET closed_at = opened_at, closed_by = (SELECT user_id FROM tutors LIMIT 1)",
    )
    .await;
    assert_eq!(payment::open_cases(&till.services, &admin).await.expect("cases"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_is_read_with_what_is_on_record(db: PgPool) {
    let till = till::open(db).await;
    let booking = till.taught(4).await;
    let lesson = lesson::read(&till.services, &booking).await.expect("a lesson");
    assert_eq!(lesson.evidence.student_joined, Some(booking.start));
    assert_eq!(lesson.evidence.tutor_joined, Some(booking.start));
    assert_eq!(lesson.no_show_from(), booking.start + chrono::TimeDelta::minutes(20));
}
