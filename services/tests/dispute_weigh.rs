//! What a decision would do is what it does.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod till;

use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    dispute::{Outcome, Reason, Statement},
    ids::DisputeId,
};
use services::{
    Actor, dispute, payment,
    testing::{self, assert_invariants, at_hour, number, refused},
};
use sqlx::PgPool;
use till::Till;

/// A disputed lesson, paid or owed by the card.
async fn disputed(till: &Till, card: &str) -> (domain::booking::Booking, DisputeId, Actor) {
    till.at(at_hour(0)).await;
    till.card(card).await;
    let booking = till.teach(&till.tutor).await;
    let said = Statement::parse("We had twenty minutes only.").expect("a statement");
    let opened = dispute::open(&till.services, &till.student, booking.id, Reason::CutShort, &said, &[]).await;
    (booking, opened.expect("opened").id, testing::user(&till.services, "Ada", Role::Admin).await)
}

/// Student, tutor, platform, what is left; whether it reduces a debt.
async fn weighed(till: &Till, admin: &Actor, id: DisputeId, what: (Outcome, Option<i64>)) -> [i64; 4] {
    let found = dispute::weigh(&till.services, admin, id, what.0, what.1).await.expect("weighed");
    [found.parts.charge.minor, found.parts.payout.minor, found.parts.fee.minor, found.rest.minor]
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_paid_would_be_given_back(db: PgPool) {
    let till = till::open(db).await;
    let (booking, id, admin) = disputed(&till, "pm_card_visa").await;
    for (what, expected) in [
        ((Outcome::Full, None), [2500, 2250, 250, 0]),
        ((Outcome::Partial, Some(1000)), [1000, 900, 100, 1500]),
        ((Outcome::None, None), [0, 0, 0, 2500]),
    ] {
        assert_eq!(weighed(&till, &admin, id, what).await, expected, "{what:?}");
    }
    payment::refund(&till.services, &admin, booking.id, Some(500), "Before.").await.expect("noted");
    till.tick().await;
    assert_eq!(weighed(&till, &admin, id, (Outcome::Full, None)).await, [2000, 1800, 200, 0]);
    let partial = (Outcome::Partial, Some(999));
    let before = weighed(&till, &admin, id, partial).await;
    assert_eq!(number(&till.services, "SELECT count(*) FROM refunds").await, 1, "nothing moves by looking");
    dispute::decide(&till.services, &admin, id, partial.0, partial.1, "So.", None).await.expect("decided");
    till.tick().await;
    let lines = till.explained(&booking).await.lines;
    let moved: Vec<_> =
        lines.iter().filter(|line| line.event == "refunded").map(|line| line.amount).collect();
    assert_eq!(moved[3..], [before[0], -before[1], -before[2]]);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_owed_would_be_less(db: PgPool) {
    let till = till::open(db).await;
    let (_, id, admin) = disputed(&till, "pm_card_chargeCustomerFail").await;
    let weighed = dispute::weigh(&till.services, &admin, id, Outcome::Partial, Some(1000)).await;
    let found = weighed.expect("weighed");
    assert!(found.reduces && !found.paid_out);
    assert_eq!((found.parts.charge.minor, found.rest.minor), (1000, 1500));
    let intents = till.listed("payment_intents").await;
    assert!(intents.iter().all(|intent| intent["status"] != "canceled"), "nothing is withdrawn by looking");
    let too_much = dispute::weigh(&till.services, &admin, id, Outcome::Partial, Some(2501)).await;
    assert_eq!(refused(too_much).1, "refund_too_much");
}

#[sqlx::test(migrations = "../migrations")]
async fn it_says_whether_the_tutor_was_paid(db: PgPool) {
    let till = till::open(db).await;
    till.at(at_hour(0)).await;
    till.ready(&till.tutor).await;
    testing::execute(&till.services, "INSERT INTO settings VALUES ('dispute_window_hours', '200')").await;
    let (booking, id, admin) = disputed(&till, "pm_card_visa").await;
    let paid_out = async |id| {
        dispute::weigh(&till.services, &admin, id, Outcome::Full, None).await.expect("weighed").paid_out
    };
    assert!(!paid_out(id).await);
    dispute::decide(&till.services, &admin, id, Outcome::None, None, "No.", None).await.expect("decided");
    // A dispute that was opened just in time, and a payout of the same lesson just before.
    testing::execute(&till.services, "UPDATE charges SET payable_after = due_at").await;
    testing::execute(&till.services, "UPDATE payout_accounts SET look_at = asked_at").await;
    till.at(booking.end + TimeDelta::hours(73)).await;
    till.tick().await;
    assert_eq!(till.listed("transfers").await.len(), 1);
    assert!(paid_out(id).await);
}

#[sqlx::test(migrations = "../migrations")]
async fn only_admins_weigh(db: PgPool) {
    let till = till::open(db).await;
    let (_, id, _) = disputed(&till, "pm_card_visa").await;
    for actor in [&till.student, &till.tutor.actor] {
        let refusal = dispute::weigh(&till.services, actor, id, Outcome::Full, None).await;
        assert_eq!(refused(refusal).0, Code::InsufficientPermissions);
    }
}
