//! Payouts beside disputes and refunds: one order of locks, and nothing disputed is paid out.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod till;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::{
    booking::Booking,
    dispute::{Reason, Statement},
};
use services::{
    dispute, jobs,
    testing::{assert_invariants, at_hour, number},
};
use sqlx::{PgPool, Postgres, Transaction};
use till::Till;

/// What does not happen in this time never does.
const LONG: Duration = Duration::from_secs(60);

/// A lesson whose tutor can be paid.
async fn payable(till: &Till) -> Booking {
    till.at(at_hour(0)).await;
    till.ready(&till.tutor).await;
    till.card("pm_card_bypassPending").await;
    let booking = till.teach(&till.tutor).await;
    till.at(booking.end + TimeDelta::hours(73)).await;
    booking
}

/// Somebody works on the charge of a lesson.
async fn at_work<'a>(till: &Till, booking: &Booking) -> Transaction<'a, Postgres> {
    let mut tx = till.services.db.begin().await.expect("a transaction");
    let lock = sqlx::query("SELECT id FROM charges WHERE booking_id = $1 FOR UPDATE").bind(booking.id.0);
    lock.execute(&mut *tx).await.expect("locked");
    tx
}

/// Until so many wait for a lock.
async fn waiting(till: &Till, wanted: i64) {
    let began = Instant::now();
    let sql = "SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while number(&till.services, sql).await < wanted {
        assert!(began.elapsed() < LONG, "nobody waits");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whoever has a charge may want the tutor's account next: a payout that is being made does not have it meanwhile.
#[sqlx::test(migrations = "../migrations")]
async fn the_charge_comes_before_the_account(db: PgPool) {
    let till = till::open(db).await;
    let booking = payable(&till).await;
    let mut tx = at_work(&till, &booking).await;
    let second = till.second_server();
    let paying = tokio::spawn(async move { jobs::hand_out(&second).await });
    waiting(&till, 1).await;
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

/// A dispute that is written while a payout waits for its lesson is seen by it.
#[sqlx::test(migrations = "../migrations")]
async fn a_dispute_of_the_last_moment_is_seen(db: PgPool) {
    let till = till::open(db).await;
    let booking = payable(&till).await;
    let mut tx = at_work(&till, &booking).await;
    let second = till.second_server();
    let paying = tokio::spawn(async move { jobs::hand_out(&second).await });
    waiting(&till, 1).await;
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
    let tx = at_work(&till, &booking).await;
    let (second, student, id) = (till.second_server(), till.student.clone(), booking.id);
    let opening = tokio::spawn(async move {
        let said = Statement::parse("Twenty minutes only.").expect("a statement");
        dispute::open(&second, &student, id, Reason::CutShort, &said, &[]).await
    });
    waiting(&till, 1).await;
    assert_eq!(number(&till.services, "SELECT count(*) FROM disputes").await, 0);
    tx.commit().await.expect("committed");
    opening.await.expect("ended").expect("opened");
    till.at(booking.end + TimeDelta::hours(73)).await;
    till.tick().await;
    assert_eq!(till.counted("transfers").await, 0);
    assert_invariants(&till.services).await;
}
