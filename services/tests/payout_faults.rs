//! A provider that does not answer as it should while tutors are paid: nothing is sent or taken back twice.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::{account::Role, booking::Booking};
use serde_json::json;
use services::{
    Actor, Services, payment,
    testing::{self, assert_invariants, at_hour, number},
};
use sqlx::PgPool;
use till::{FAULTS, Till};

const WINDOW: TimeDelta = TimeDelta::hours(73);

/// Between two tries: a job has only so many.
const PAUSE: Duration = Duration::from_millis(200);

/// What does not happen in this time never does.
const LONG: Duration = Duration::from_secs(60);

const PENDING: &str = "SELECT count(*) FROM payouts WHERE state = 'pending'";
const REVERSING: &str = "SELECT count(*) FROM reversals WHERE state = 'pending'";

async fn ready(till: &Till) -> Actor {
    till.at(at_hour(0)).await;
    till.ready(&till.tutor).await;
    till.card("pm_card_visa").await;
    testing::user(&till.services, "Ada", Role::Admin).await
}

/// Ticks until a statement counts nothing.
async fn tick_until_none(till: &Till, sql: &'static str) {
    let began = Instant::now();
    while number(&till.services, sql).await > 0 {
        assert!(began.elapsed() < LONG, "waited for: {sql}");
        tokio::time::sleep(PAUSE).await;
        till.tick().await;
    }
}

/// A lesson, and that its window is over.
async fn payable(till: &Till) -> Booking {
    let booking = till.teach(&till.tutor).await;
    till.at(till.services.clock.now() + WINDOW).await;
    booking
}

async fn give_back(services: &Services, admin: &Actor, booking: &Booking, minor: i64) {
    payment::refund(services, admin, booking.id, Some(minor), "A test.").await.expect("noted");
    till::tick(services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_transfer_is_asked_for_again(db: PgPool) {
    let till = till::open(db).await;
    let hasty = till.impatient();
    ready(&till).await;
    for (round, what) in FAULTS.into_iter().enumerate() {
        payable(&till).await;
        till.goes_wrong("/v1/transfers", what).await;
        till::tick(&hasty).await;
        assert_eq!(number(&till.services, PENDING).await, 1, "{what:?}: the answer is not known yet");
        tick_until_none(&till, PENDING).await;
        assert_eq!(till.counted("transfers").await, 1 + round as u64, "{what:?}");
        assert_invariants(&till.services).await;
    }
    assert_eq!(number(&till.services, "SELECT count(*) FROM payouts WHERE state <> 'paid'").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_reversal_is_asked_for_again(db: PgPool) {
    let till = till::open(db).await;
    let hasty = till.impatient();
    let admin = ready(&till).await;
    let booking = payable(&till).await;
    till.tick().await;
    for (round, what) in FAULTS.into_iter().enumerate() {
        till.goes_wrong("/v1/transfers/*/reversals", what).await;
        give_back(&hasty, &admin, &booking, 100).await;
        assert_eq!(number(&till.services, REVERSING).await, 1, "{what:?}: the answer is not known yet");
        tick_until_none(&till, REVERSING).await;
        let reversed = till.listed("transfers").await[0]["amount_reversed"].as_i64();
        assert_eq!(reversed, Some(90 * (1 + round as i64)), "{what:?}");
        assert_invariants(&till.services).await;
    }
}

/// An error of the provider's own is what it then answers for as long as it remembers the key.
#[sqlx::test(migrations = "../migrations")]
async fn what_the_provider_remembers_as_failed_is_looked_up_the_next_day(db: PgPool) {
    let till = till::open(db).await;
    let admin = ready(&till).await;
    let booking = payable(&till).await;
    let remembered = |path: &str| json!({ "path": path, "method": "POST", "kind": "error_after", "status": 500, "remember": true });
    let next_day = TimeDelta::hours(25);
    till.fault(remembered("/v1/transfers")).await;
    for _ in 0..2 {
        till.tick().await;
        assert_eq!(number(&till.services, PENDING).await, 1);
    }
    till.at(till.services.clock.now() + next_day).await;
    till.tick().await;
    assert_eq!((number(&till.services, PENDING).await, till.counted("transfers").await), (0, 1));
    till.fault(remembered("/v1/transfers/*/reversals")).await;
    give_back(&till.services, &admin, &booking, 1000).await;
    assert_eq!(number(&till.services, REVERSING).await, 1);
    till.at(till.services.clock.now() + next_day).await;
    till.tick().await;
    assert_eq!(number(&till.services, REVERSING).await, 0);
    assert_eq!(till.listed("transfers").await[0]["amount_reversed"], 900);
    assert_invariants(&till.services).await;
}

/// A refund while the transfer's answer is not known: it waits, and is taken back once the money is there; where the
/// transfer came to nothing, so much less is sent later.
#[sqlx::test(migrations = "../migrations")]
async fn a_refund_meets_a_transfer_under_way(db: PgPool) {
    let till = till::open(db).await;
    let admin = ready(&till).await;
    let under_way = async |booking: &Booking| {
        let lost =
            json!({ "path": "/v1/transfers", "method": "POST", "kind": "error_before", "status": 500 });
        till.fault(lost).await;
        till.tick().await;
        assert_eq!(number(&till.services, PENDING).await, 1);
        // A slow machine does not try it again meanwhile.
        let later = "UPDATE graphile_worker._private_jobs SET run_at = run_at + interval '1 hour'";
        testing::execute(&till.services, later).await;
        give_back_untried(&till, &admin, booking, 1000).await;
        assert_eq!(number(&till.services, "SELECT count(*) FROM reversals WHERE state = 'waiting'").await, 1);
        assert_invariants(&till.services).await;
    };
    let booking = payable(&till).await;
    till.top_up().await;
    under_way(&booking).await;
    till.tick().await;
    let first = &till.listed("transfers").await[0];
    assert_eq!((&first["amount"], &first["amount_reversed"]), (&2250.into(), &900.into()));
    assert_invariants(&till.services).await;
    let booking = payable(&till).await;
    under_way(&booking).await;
    let account = first["destination"].as_str().expect("an account");
    till.elsewhere("transfers", &[("amount", "5000"), ("currency", "eur"), ("destination", account)]).await;
    till.tick().await;
    assert_eq!(number(&till.services, "SELECT count(*) FROM payouts WHERE state = 'failed'").await, 1);
    assert_eq!(number(&till.services, "SELECT count(*) FROM reversals WHERE state = 'dropped'").await, 1);
    assert_invariants(&till.services).await;
    till.teach(&till.tutor).await;
    till.at(till.services.clock.now() + WINDOW).await;
    till.tick().await;
    let sent: Vec<_> = till.listed("transfers").await.iter().map(|it| it["amount"].clone()).collect();
    assert_eq!(
        sent[..2],
        [2250.into(), serde_json::Value::from(1350)],
        "so much less was sent, an hour later"
    );
    assert_invariants(&till.services).await;
}

/// Gives back while the transfer is not asked for again.
async fn give_back_untried(till: &Till, admin: &Actor, booking: &Booking, minor: i64) {
    payment::refund(&till.services, admin, booking.id, Some(minor), "A test.").await.expect("noted");
    till.hand_out_and_drain().await;
}
