//! Comparing in windows of any size names the same: movements that lie on both sides of a border, several at one instant,
//! a line that comes twice, two errors that cancel out.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::{
    account::Role,
    booking::Booking,
    ledger::Event,
    money::{Currency, Money},
};
use services::{
    Actor,
    reconcile::{self, Listed},
    testing,
};
use sqlx::PgPool;
use till::Till;
use uuid::Uuid;

/// Charges of the ledger, or of nobody, by number.
fn charge(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

async fn paid_elsewhere(till: &Till, number: u128, minor: i64) {
    let (about, amount) = (charge(number).to_string(), minor.to_string());
    let form = [
        ("amount", &*amount),
        ("currency", "eur"),
        ("payment_method", "pm_card_bypassPending"),
        ("confirm", "true"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
        ("metadata[charge]", &about),
    ];
    till.elsewhere("payment_intents", &form).await;
}

async fn entered(till: &Till, booking: &Booking, number: u128, minor: i64) {
    let money = Money { minor, currency: Currency::Eur };
    let source = format!("charge/{}/paid", charge(number));
    testing::post(&till.services, &[(booking.clone(), Event::Paid(money), source)]).await;
}

/// What is named, in windows of this size, of all that there ever was.
async fn named(till: &Till, admin: &Actor, window: i64) -> BTreeSet<(String, String, i64)> {
    for sql in ["DELETE FROM differences", "UPDATE reconciliations SET judged_until = 'epoch', newest = NULL"]
    {
        testing::execute(&till.services, sql).await;
    }
    till.at(till.services.clock.now() + TimeDelta::hours(4)).await;
    assert!(reconcile::run_in(&till.services, admin, window).await.expect("begun"));
    till.tick().await;
    let found = reconcile::list_differences(&till.services, admin, Listed::Open, 1).await.expect("listed");
    let lines = |it: &reconcile::Difference| it.provider.as_ref().map_or(0, |told| told.lines);
    found.rows.iter().map(|it| (it.reference.clone(), format!("{:?}", it.fault), lines(it))).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn windows_of_any_size_name_the_same(db: PgPool) {
    let till = till::open(db).await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    till.card("pm_card_bypassPending").await;
    let booking = till.teach(&till.tutor).await;
    let mut now = till.services.clock.now();
    // The ledger's side an hour before the provider's, and three movements at each instant.
    for number in [1, 4, 7, 10] {
        for number in number..number + 3 {
            entered(&till, &booking, number, 1000).await;
        }
        now += TimeDelta::hours(1);
        till.at(now).await;
        for number in number..number + 3 {
            // Two errors that cancel out: one too little, one too much.
            let minor = match number {
                5 => 900,
                6 => 1100,
                _ => 1000,
            };
            paid_elsewhere(&till, number, minor).await;
        }
    }
    // Once more and later than the first time; what nobody knows; what the provider does not.
    paid_elsewhere(&till, 2, 1000).await;
    paid_elsewhere(&till, 20, 1000).await;
    entered(&till, &booking, 30, 1000).await;

    let row = |number, fault: &str, lines| (charge(number).to_string(), fault.to_owned(), lines);
    let expected = BTreeSet::from([
        row(2, "Doubled", 2),
        row(5, "OtherAmount", 1),
        row(6, "OtherAmount", 1),
        row(20, "MissingInLedger", 1),
        row(30, "MissingAtProvider", 0),
    ]);
    for window in [1, 2, 3, 4, 7, 10_000] {
        assert_eq!(named(&till, &admin, window).await, expected, "windows of {window}");
    }
}
