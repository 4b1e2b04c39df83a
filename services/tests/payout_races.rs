//! Payouts beside disputes, refunds and another server: one order of locks, nothing disputed is paid out, and what is
//! taken back is taken back once.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod locks;
mod till;

use chrono::TimeDelta;
use domain::{
    account::Role,
    booking::Booking,
    dispute::{Reason, Statement},
    ids::ReversalId,
};
use locks::{CHARGE, LONG, hold, waiting};
use services::{
    dispute,
    jobs::{self, Job as _},
    payment,
    payout::ReverseTransfer,
    testing::{self, assert_invariants, at_hour, number, user},
};
use sqlx::PgPool;
use till::Till;

/// A lesson whose tutor can be paid.
async fn payable(till: &Till) -> Booking {
    till.at(at_hour(0)).await;
    till.ready(&till.tutor).await;
    till.card("pm_card_bypassPending").await;
    let booking = till.teach(&till.tutor).await;
    till.at(booking.end + TimeDelta::hours(73)).await;
    booking
}

/// Whoever has a charge may want the tutor's account next: a payout that is being made does not have it meanwhile.
#[sqlx::test(migrations = "../migrations")]
async fn the_charge_comes_before_the_account(db: PgPool) {
    let till = till::open(db).await;
    let booking = payable(&till).await;
    let mut tx = hold(&till.services, CHARGE, &booking).await;
    let second = till.second_server();
    let paying = tokio::spawn(async move { jobs::hand_out(&second).await });
    waiting(&till.services, 1).await;
    // As a refund that fails does: it has the account looked at.
    let look = sqlx::query("UPDATE payout_accounts SET look_at = look_at WHERE tutor_id = $1");
    let looked = tokio::time::timeout(LONG, look.bind(till.tutor.id.0).execute(&mut *tx)).await;
    looked.expect("at once").expect("no deadlock");
    tx.commit().await.expect("committed");
    paying.await.expect("ended").expect("no deadlock");
    till.tick().await;
    assert_eq!(till.counted("transfers").await, 1);
    assert_invariants(&till.services).await;
}

/// Two servers that look at the same time pay different tutors: one of whom a charge is in use keeps no other waiting.
#[sqlx::test(migrations = "../migrations")]
async fn two_servers_pay_different_tutors(db: PgPool) {
    let till = till::open(db).await;
    let other = testing::tutor(&till.services, "Theo").await;
    till.at(at_hour(0)).await;
    till.ready(&till.tutor).await;
    till.ready(&other).await;
    till.card("pm_card_bypassPending").await;
    let first = till.teach(&till.tutor).await;
    let later = till.teach(&other).await;
    till.at(later.end + TimeDelta::hours(73)).await;
    let tx = hold(&till.services, CHARGE, &first).await;
    let mut paying = Vec::new();
    for (server, made) in [(till.second_server(), 0), (till.second_server(), 1)] {
        paying.push(tokio::spawn(async move { jobs::hand_out(&server).await }));
        waiting(&till.services, paying.len().try_into().expect("few")).await;
        assert_eq!(number(&till.services, "SELECT count(*) FROM payouts").await, made);
    }
    tx.commit().await.expect("committed");
    for paying in paying {
        paying.await.expect("ended").expect("no deadlock");
    }
    till.tick().await;
    assert_eq!(till.counted("transfers").await, 2);
    assert_invariants(&till.services).await;
}

/// A dispute that is written while a payout waits for its lesson is seen by it.
#[sqlx::test(migrations = "../migrations")]
async fn a_dispute_of_the_last_moment_is_seen(db: PgPool) {
    let till = till::open(db).await;
    let booking = payable(&till).await;
    let mut tx = hold(&till.services, CHARGE, &booking).await;
    let second = till.second_server();
    let paying = tokio::spawn(async move { jobs::hand_out(&second).await });
    waiting(&till.services, 1).await;
    let open = sqlx::query(
        "INSERT INTO disputes (id, booking_id, origin, opened_by, reason, state, opened_at)
         SELECT gen_random_uuid(), id, 'student', student_id, 'cut_short', 'open', ends_at FROM bookings WHERE id = $1",
    );
    open.bind(booking.id.0).execute(&mut *tx).await.expect("disputed");
    tx.commit().await.expect("committed");
    paying.await.expect("ended").expect("handed out");
    till.tick().await;
    assert_eq!(number(&till.services, "SELECT count(*) FROM payouts").await, 0);
    assert_invariants(&till.services).await;
}

/// Whoever opens a dispute waits for a payout that is being made, as for everything else that is done to the charge.
#[sqlx::test(migrations = "../migrations")]
async fn opening_a_dispute_locks_the_charge(db: PgPool) {
    let till = till::open(db).await;
    let booking = payable(&till).await;
    till.at(booking.end + TimeDelta::hours(72)).await;
    let tx = hold(&till.services, CHARGE, &booking).await;
    let (second, student, id) = (till.second_server(), till.student.clone(), booking.id);
    let opening = tokio::spawn(async move {
        let said = Statement::parse("Twenty minutes only.").expect("a statement");
        dispute::open(&second, &student, id, Reason::CutShort, &said, &[]).await
    });
    waiting(&till.services, 1).await;
    assert_eq!(number(&till.services, "SELECT count(*) FROM disputes").await, 0);
    tx.commit().await.expect("committed");
    opening.await.expect("ended").expect("opened");
    till.at(booking.end + TimeDelta::hours(73)).await;
    till.tick().await;
    assert_eq!(till.counted("transfers").await, 0);
    assert_invariants(&till.services).await;
}

/// The reversal whose answer is not known.
async fn reversing(till: &Till) -> ReverseTransfer {
    let sql = "SELECT id FROM reversals WHERE state = 'pending'";
    let id = sqlx::query_scalar(sql).fetch_one(&till.services.db).await.expect("a reversal");
    ReverseTransfer { reversal: ReversalId(id) }
}

/// One server has the provider's answer to a reversal and has not noted it when another one asks for the same, at once
/// or a day later, when the provider has forgotten the key. Then both note it.
#[sqlx::test(migrations = "../migrations")]
async fn two_servers_take_back_once(db: PgPool) {
    let till = till::open(db).await;
    let admin = user(&till.services, "Ada", Role::Admin).await;
    let booking = payable(&till).await;
    till.tick().await;
    for (done, later) in [(1, TimeDelta::zero()), (2, TimeDelta::hours(25))] {
        let told = "SELECT count(*) FROM live_events WHERE kind = 'payout'";
        let before = number(&till.services, told).await;
        till.goes_wrong("/v1/transfers/*/reversals", ("error_before", 500, 0)).await;
        payment::refund(&till.services, &admin, booking.id, Some(1000), "Agreed.").await.expect("noted");
        till.hand_out_and_drain().await;
        let (job, tx) = (reversing(&till).await, hold(&till.services, CHARGE, &booking).await);
        let run = || {
            let (server, job) = (till.second_server(), job.clone());
            tokio::spawn(async move { job.run(&server).await })
        };
        let first = run();
        waiting(&till.services, 1).await;
        till.at(till.services.clock.now() + later).await;
        let second = run();
        waiting(&till.services, 2).await;
        tx.commit().await.expect("committed");
        for running in [first, second] {
            running.await.expect("ended").expect("taken back");
        }
        till.tick().await;
        assert_eq!(till.counted("transfer_reversals").await, done);
        assert_eq!(till.listed("transfers").await[0]["amount_reversed"], 900 * done);
        for sql in [
            "SELECT count(*) FROM reversals WHERE state = 'succeeded'",
            "SELECT count(*) FROM ledger_events WHERE kind = 'reversed'",
        ] {
            assert_eq!(number(&till.services, sql).await.cast_unsigned(), done, "{sql}");
        }
        assert_eq!(number(&till.services, told).await - before, 2, "the tutor and the admin, once");
        assert_invariants(&till.services).await;
    }
    till.assert_reconciled(&admin).await;
}
