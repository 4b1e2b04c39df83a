//! What a bank takes beside a refund or what was paid ahead: the same money is never given back twice, nor borne twice.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

#[path = "till/bank.rs"]
mod bank;
mod locks;
mod till;

use bank::{LOST, NOT_RECEIVED, TAKEN};
use domain::{booking::Booking, dispute::Standing};
use locks::{BOOKING, CHARGE, hold, waiting};
use serde_json::json;
use services::{
    Actor, booking,
    jobs::Job as _,
    payment::{self, HandlePaymentEvent},
    testing::{assert_invariants, number, refused},
};
use sqlx::PgPool;
use till::Till;

impl Till {
    async fn called_off(&self, booking: &Booking) {
        booking::cancel(&self.services, &self.tutor.actor, booking.id, None).await.expect("cancelled");
        self.tick().await;
    }

    /// All of the charge is lost, in these lines, and nothing beside it is given back.
    async fn assert_lost(&self, booking: &Booking, admin: &Actor, lines: &[&str]) {
        assert_eq!(self.since_paid(booking).await, [&TAKEN[..], lines].concat());
        assert_eq!((self.explained(booking).await.refunded, self.counted("refunds").await), (2500, 0));
        assert_eq!(self.owed_to_tutor(admin).await, 0);
        assert_invariants(&self.services).await;
    }
}

/// What is lost while a refund of 10 € is on its way, and what once that comes to nothing.
const IN_PARTS: [&str; 6] = ["lost 1500", "lost -1350", "lost -150", "lost 1000", "lost -900", "lost -100"];

/// A refund is under way while the bank decides for the owner of the card, and comes to nothing after it: what it had
/// taken of the charge is lost too, and nobody gives it back again.
async fn lost_before_a_refund_failed(db: PgPool, refunded: i64, lines: &[&str]) {
    let till = till::open(db).await;
    let (booking, admin) = till.charged(NOT_RECEIVED).await;
    payment::refund(&till.services, &admin, booking.id, Some(refunded), "Agreed.").await.expect("noted");
    till.goes_wrong("/v1/refunds", ("drop_before", 0, 0)).await;
    till.lost().await;
    till.told_all().await;
    till.tick().await;
    assert_eq!(number(&till.services, "SELECT count(*) FROM refunds WHERE state = 'failed'").await, 1);
    till.assert_lost(&booking, &admin, lines).await;
    let case = payment::open_cases(&till.services, &admin).await.expect("cases").remove(0);
    let tried = payment::try_again(&till.services, &admin, case.id).await;
    assert_eq!(refused(tried).1, "refund_too_much");
}

#[sqlx::test(migrations = "../migrations")]
async fn all_is_lost_before_a_refund_of_it_failed(db: PgPool) {
    lost_before_a_refund_failed(db, 2500, &LOST).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn some_is_lost_before_a_refund_of_the_rest_failed(db: PgPool) {
    lost_before_a_refund_failed(db, 1000, &IN_PARTS).await;
}

/// Who comes to the charge first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Bank,
    Admin,
}

/// One server hears what the bank has decided at the moment at which an admin gives some back on another: the one that
/// comes to the charge first is held there until the other waits behind it.
async fn lost_and_refunded_at_once(db: PgPool, first: First, refunded: i64, lines: &[&str]) {
    let till = till::open(db).await;
    let (booking, admin) = till.charged(NOT_RECEIVED).await;
    till.lost().await;
    let last = till.messages().await.pop().expect("a message");
    till.sent(std::slice::from_ref(&last)).await;
    let hearing = HandlePaymentEvent { event: last["id"].as_str().expect("an id").to_owned() };
    let (bank, desk) = (till.second_server(), till.second_server());
    let (asking, id) = (admin.clone(), booking.id);
    let hear = async move { hearing.run(&bank).await };
    let refund =
        async move { payment::refund(&desk, &asking, id, Some(refunded), "Agreed.").await.map(drop) };
    let (row, heard, given) = match first {
        // A message has the charge when it comes to the booking, and asks for it more than once before.
        First::Bank => {
            let held = hold(&till.services, BOOKING, &booking).await;
            let heard = tokio::spawn(hear);
            waiting(&till.services, 1).await;
            (held, heard, tokio::spawn(refund))
        }
        First::Admin => {
            let held = hold(&till.services, CHARGE, &booking).await;
            let given = tokio::spawn(refund);
            waiting(&till.services, 1).await;
            (held, tokio::spawn(hear), given)
        }
    };
    waiting(&till.services, 2).await;
    row.commit().await.expect("committed");
    heard.await.expect("ended").expect("heard");
    let given = given.await.expect("ended");
    match first {
        First::Bank => assert_eq!(refused(given).1, "refund_too_much"),
        First::Admin => given.expect("noted"),
    }
    till.tick().await;
    let failed = number(&till.services, "SELECT count(*) FROM refunds WHERE state = 'failed'").await;
    assert_eq!(failed, i64::from(first == First::Admin), "the provider refunds nothing that a bank has");
    till.assert_lost(&booking, &admin, lines).await;
    till.assert_reconciled(&admin).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_loss_comes_just_before_a_refund(db: PgPool) {
    lost_and_refunded_at_once(db, First::Bank, 1000, &LOST).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_loss_comes_just_after_a_refund_of_all(db: PgPool) {
    lost_and_refunded_at_once(db, First::Admin, 2500, &LOST).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_loss_comes_just_after_a_refund_of_some(db: PgPool) {
    lost_and_refunded_at_once(db, First::Admin, 1000, &IN_PARTS).await;
}

/// Nobody gives back what the bank has; once it has decided for the platform that is asked for.
#[sqlx::test(migrations = "../migrations")]
async fn what_was_paid_ahead_waits_for_the_bank(db: PgPool) {
    let till = till::open(db).await;
    let (booking, admin) = till.paid_ahead().await;
    till.told_all().await;
    till.called_off(&booking).await;
    assert!(payment::open_cases(&till.services, &admin).await.expect("cases").is_empty());
    let id = till.listed("disputes").await[0]["id"].as_str().expect("an id").to_owned();
    till.elsewhere(&format!("disputes/{id}"), &[("evidence[uncategorized_text]", "winning_evidence")]).await;
    till.told_all().await;
    assert_eq!(till.case(&booking).await.banks[0].standing, Standing::Won);
    // The sandbox refunds no payment that ever was charged back: that it was asked shows in the case.
    let cases = payment::open_cases(&till.services, &admin).await.expect("cases");
    assert_eq!((cases.len(), &*cases[0].kind), (1, "deposit_not_returned"));
    assert_invariants(&till.services).await;
}

/// The bank keeps what was paid ahead: nothing is left to be given back, by the platform or an admin.
#[sqlx::test(migrations = "../migrations")]
async fn what_was_paid_ahead_and_lost_is_not_given_back(db: PgPool) {
    let till = till::open(db).await;
    let (booking, admin) = till.paid_ahead().await;
    till.called_off(&booking).await;
    let case = payment::open_cases(&till.services, &admin).await.expect("cases").remove(0);
    let again = async || refused(payment::try_again(&till.services, &admin, case.id).await).1;
    till.told_all().await;
    assert_eq!(again().await, "refund_charged_back");
    till.lost().await;
    till.told_all().await;
    assert_eq!(again().await, "refund_too_much");
    assert_eq!(
        (till.counted("refunds").await, till.since_paid(&booking).await),
        (0, TAKEN.map(str::to_owned).into())
    );
    assert_eq!(number(&till.services, "SELECT returned_minor FROM deposits").await, 0);
    assert_invariants(&till.services).await;
}

/// What the provider did not take is asked for once more, in other words.
#[sqlx::test(migrations = "../migrations")]
async fn evidence_that_was_not_taken_is_sent_again(db: PgPool) {
    let till = till::open(db).await;
    let (booking, admin) = till.charged(NOT_RECEIVED).await;
    till.told_all().await;
    let case = till.case(&booking).await;
    let fault = json!({ "method": "POST", "path": "/v1/disputes/*", "kind": "error_before", "status": 400 });
    till.fault(fault).await;
    till.submit(&admin, case.id, "losing_evidence").await.expect("asked");
    till.tick().await;
    let bank = till.case(&booking).await.banks.remove(0);
    assert!(bank.failure.is_some() && bank.waits(), "{bank:?}");
    till.submit(&admin, case.id, "winning_evidence").await.expect("asked again");
    till.tick().await;
    let bank = till.case(&booking).await.banks.remove(0);
    assert_eq!((bank.standing, bank.failure, bank.answered_at.is_some()), (Standing::Won, None, true));
    assert_invariants(&till.services).await;
}
