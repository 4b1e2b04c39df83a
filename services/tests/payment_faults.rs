//! A provider that does not answer as it should: whatever is lost is asked for again, and nothing is doubled.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::{account::Role, booking::Booking};
use serde_json::json;
use services::{
    Actor, AppError, Result, Services,
    payment::{self, ChargeStatus, DebtPayment},
    testing::{self, assert_invariants, now, number},
};
use sqlx::PgPool;
use till::{FAULTS, Till};

/// Between two tries: a job has only so many.
const PAUSE: Duration = Duration::from_millis(200);

/// What does not happen in this time never does.
const LONG: Duration = Duration::from_secs(60);

/// Tries until the provider answers.
async fn again<T>(mut ask: impl AsyncFnMut() -> Result<T>) -> T {
    let began = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(AppError::Fault(_)) => assert!(began.elapsed() < LONG, "no answer"),
            Err(refused) => panic!("{refused:?}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Ticks until a statement says yes.
async fn tick_until(till: &Till, sql: &'static str) {
    let began = Instant::now();
    while number(&till.services, sql).await == 0 {
        assert!(began.elapsed() < LONG, "waited for: {sql}");
        tokio::time::sleep(PAUSE).await;
        till.tick().await;
    }
}

/// A lesson on a day of its own.
async fn taught(till: &Till, round: usize) -> Booking {
    till.taught(24 * (1 + i64::try_from(round).expect("few")) + 4).await
}

const ALL_PAID: &str =
    "SELECT count(*) FROM (SELECT bool_and(state = 'paid') AS yes FROM charges) c WHERE yes";
const ALL_GIVEN: &str =
    "SELECT count(*) FROM (SELECT bool_and(state = 'succeeded') AS yes FROM refunds) r WHERE yes";

#[sqlx::test(migrations = "../migrations")]
async fn a_charge_is_asked_for_again(db: PgPool) {
    let till = till::open(db).await;
    let hasty = till.impatient();
    till.card("pm_card_visa").await;
    for (round, what) in FAULTS.into_iter().enumerate() {
        till.goes_wrong("/v1/payment_intents", what).await;
        let booking = taught(&till, round).await;
        till::tick(&hasty).await;
        let open = "SELECT count(*) FROM charge_attempts WHERE state = 'pending'";
        assert_eq!(number(&till.services, open).await, 1, "{what:?}: the answer is not known yet");
        tick_until(&till, ALL_PAID).await;
        assert_eq!(till.explained(&booking).await.status, ChargeStatus::Paid, "{what:?}");
        assert_eq!(till.counted("payment_intents").await, 1 + round as u64, "{what:?}");
    }
    let paid = "SELECT count(*) FROM ledger_events WHERE kind = 'paid'";
    assert_eq!(number(&till.services, paid).await, FAULTS.len() as i64);
    assert_eq!(number(&till.services, "SELECT count(*) FROM charge_attempts").await, FAULTS.len() as i64);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_debt_is_paid_by_asking_again(db: PgPool) {
    let mut till = till::open(db).await;
    let hasty = till.impatient();
    for (round, what) in FAULTS.into_iter().enumerate() {
        till.student = testing::student(&till.services, "Sam").await;
        till.card("pm_card_chargeCustomerFail").await;
        taught(&till, round).await;
        tick_until(&till, "SELECT count(*) FROM student_debts WHERE cleared_at IS NULL").await;
        let owed = payment::open_debts(&till.services, &till.student).await.expect("debts");
        let good = till.card("pm_card_visa").await;
        let pay = async |services: &Services| {
            payment::begin_debt_payment(services, &till.student, owed[0].booking, &good.id).await
        };
        till.goes_wrong("/v1/payment_intents/*/confirm", what).await;
        let first = pay(&hasty).await;
        assert!(matches!(first, Err(AppError::Fault(_))), "{what:?}: the answer is not known yet: {first:?}");
        assert_eq!(again(async || pay(&till.services).await).await, DebtPayment::Paid, "{what:?}");
        assert_eq!(till.counted("payment_intents").await, 1 + round as u64, "{what:?}");
        testing::execute(&till.services, "UPDATE cards SET removed_at = created_at, is_default = false")
            .await;
    }
    assert!(payment::open_debts(&till.services, &till.student).await.expect("debts").is_empty());
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refund_is_asked_for_again(db: PgPool) {
    let till = till::open(db).await;
    let hasty = till.impatient();
    till.card("pm_card_visa").await;
    let booking = taught(&till, 0).await;
    tick_until(&till, ALL_PAID).await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    for (round, what) in FAULTS.into_iter().enumerate() {
        till.goes_wrong("/v1/refunds", what).await;
        payment::refund(&till.services, &admin, booking.id, Some(100), "A test.").await.expect("noted");
        till::tick(&hasty).await;
        let open = "SELECT count(*) FROM refunds WHERE state = 'pending'";
        assert_eq!(number(&till.services, open).await, 1, "{what:?}: the answer is not known yet");
        tick_until(&till, ALL_GIVEN).await;
        assert_eq!(till.counted("refunds").await, 1 + round as u64, "{what:?}");
    }
    assert_eq!(till.explained(&booking).await.refunded, 100 * FAULTS.len() as i64);
    assert_invariants(&till.services).await;
}

/// Each row: the call that goes wrong while a card is saved.
#[sqlx::test(migrations = "../migrations")]
async fn a_card_is_saved_by_asking_again(db: PgPool) {
    let till = till::open(db).await;
    let hasty = till.impatient();
    let mut people = 0;
    for path in ["/v1/customers", "/v1/payment_methods/pm_card_visa", "/v1/payment_methods/*/attach"] {
        for what in FAULTS {
            let student = testing::student(&till.services, "Sam").await;
            till.goes_wrong(path, what).await;
            let save = async |services: &Services| {
                payment::save_card(services, &student, "pm_card_visa", "I agree.").await
            };
            assert!(matches!(save(&hasty).await, Err(AppError::Fault(_))), "{path} {what:?}");
            again(async || save(&till.services).await).await;
            people += 1;
            let cards = payment::list_cards(&till.services, &student).await.expect("cards");
            assert_eq!(cards.len(), 1, "{path} {what:?}");
            assert_eq!(till.counted("customers").await, people, "{path} {what:?}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_removed_card_is_given_up_by_the_provider_too(db: PgPool) {
    let mut till = till::open(db).await;
    let hasty = till.impatient();
    for what in FAULTS {
        till.student = testing::student(&till.services, "Sam").await;
        let card = till.card("pm_card_visa").await;
        till.goes_wrong("/v1/payment_methods/*/detach", what).await;
        payment::remove_card(&till.services, &till.student, &card.id).await.expect("removed");
        assert!(payment::list_cards(&till.services, &till.student).await.expect("cards").is_empty());
        till::tick(&hasty).await;
        tick_until(
            &till,
            "SELECT count(*) FROM (SELECT WHERE NOT EXISTS (SELECT FROM graphile_worker._private_jobs)) n",
        )
        .await;
        let url = format!("{}/v1/payment_methods/{}", till.sandbox.url(), card.id);
        let asked = till.client.get(url).bearer_auth("sk_test_sandbox").send().await.expect("asked");
        let method: serde_json::Value = asked.json().await.expect("an object");
        assert!(method["id"].is_string() && method["customer"].is_null(), "{what:?}: {method}");
    }
}

/// An error of the provider's own is what it then answers for as long as it remembers the key.
#[sqlx::test(migrations = "../migrations")]
async fn what_the_provider_remembers_as_failed_is_looked_up_the_next_day(db: PgPool) {
    let till = till::open(db).await;
    let admin: Actor = testing::user(&till.services, "Ada", Role::Admin).await;
    till.at(now()).await;
    till.card("pm_card_visa").await;
    let booking = taught(&till, 0).await;
    till.at(booking.end).await;
    let remembered =
        |path: &str| json!({ "path": path, "kind": "error_after", "status": 500, "remember": true });
    till.fault(remembered("/v1/payment_intents")).await;
    for _ in 0..3 {
        till.tick().await;
        assert_eq!(till.explained(&booking).await.status, ChargeStatus::Scheduled);
    }
    till.at(booking.end + TimeDelta::hours(25)).await;
    till.tick().await;
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Paid);
    assert_eq!(till.counted("payment_intents").await, 1);

    till.fault(remembered("/v1/refunds")).await;
    payment::refund(&till.services, &admin, booking.id, Some(1000), "A test.").await.expect("noted");
    till.tick().await;
    till.at(booking.end + TimeDelta::hours(50)).await;
    till.tick().await;
    assert_eq!(till.explained(&booking).await.refunded, 1000);
    assert_eq!(number(&till.services, ALL_GIVEN).await, 1);
    assert_eq!(till.counted("refunds").await, 1);
    assert_invariants(&till.services).await;
}
