//! What many random operations leave in the ledger, on a real database, beside a recount that knows nothing of it.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod recount;
mod till;

use domain::{account::Role, booking::Booking, ledger::Event};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use recount::{CURRENCIES, Charge, Recount, SEED, part, some};
use services::testing::{self, assert_invariants, at_hour, booked, number};
use sqlx::PgPool;

/// Bookings of a few people with one another.
async fn bookings(till: &till::Till) -> Vec<Booking> {
    let mut bookings = Vec::new();
    for name in ["Ann", "Ben", "Cleo", "Dan"] {
        let tutor = testing::tutor(&till.services, name).await;
        let student = testing::student(&till.services, name).await;
        for day in 0..2 {
            bookings.push(booked(&till.services, &student, &tutor, at_hour(24 * day + 4)).await);
        }
    }
    bookings
}

/// A charge of any amount, for a lesson of one of these bookings.
fn begun(random: &mut StdRng, bookings: &[Booking]) -> Charge {
    let booking = bookings[random.random_range(0..bookings.len())].clone();
    let currency = CURRENCIES[random.random_range(0..CURRENCIES.len())];
    let amount = some(random, 50_000, currency);
    let fee = part(amount, random.random_range(0..=3000), 10_000, currency.quantum());
    Charge {
        booking,
        currency,
        amount,
        fee,
        paid: false,
        forgiven: false,
        given: 0,
        given_fee: 0,
        last: None,
    }
}

/// One more operation: what is entered, and as what.
fn operate(
    random: &mut StdRng,
    charges: &mut Vec<Charge>,
    bookings: &[Booking],
    recount: &mut Recount,
) -> (Booking, Event, String) {
    let number = charges.len();
    let index = random.random_range(0..number + number / 2 + 1);
    let Some(charge) = charges.get_mut(index) else {
        let charge = begun(random, bookings);
        let booking = charge.booking.clone();
        let event = charge.settled(recount);
        charges.push(charge);
        return (booking, event, format!("charge/{number}/settled"));
    };
    let left = charge.amount - charge.given;
    let source = random.random::<u64>();
    let (event, source) = match random.random_range(0..16) {
        10 if charge.last.is_some() => {
            let parts = charge.last.take().expect("a refund");
            (charge.fail(parts, recount), format!("refund/{source}/failed"))
        }
        _ if charge.forgiven || (charge.paid && left == 0) => {
            let amount = some(random, 1000, charge.currency);
            (charge.pass(random.random_range(0..8), amount, recount), format!("{source}"))
        }
        0 if !charge.paid => (charge.forgive(recount), format!("charge/{index}/forgiven")),
        1..=2 if !charge.paid && left > charge.currency.quantum() => {
            let amount = some(random, left - charge.currency.quantum(), charge.currency);
            (charge.reduce(amount, recount), format!("dispute/{source}/reduced"))
        }
        _ if !charge.paid => (charge.pay(recount), format!("charge/{index}/paid")),
        1..=2 => (charge.give_back(left, recount), format!("refund/{source}")),
        3..=7 => {
            let amount = some(random, left, charge.currency);
            (charge.give_back(amount, recount), format!("refund/{source}"))
        }
        8 => {
            let amount = some(random, left, charge.currency);
            (charge.lose(amount, recount), format!("chargeback/{source}/lost"))
        }
        _ => {
            let amount = some(random, 1000, charge.currency);
            (charge.pass(random.random_range(0..8), amount, recount), format!("{source}"))
        }
    };
    (charge.booking.clone(), event, source)
}

/// Settling, paying, letting off, reducing, giving back some and all, what banks take back and keep, the provider's fees,
/// passing on to tutors and taking back, some of it told twice.
#[sqlx::test(migrations = "../migrations")]
async fn ten_thousand_operations_leave_every_currency_at_zero(db: PgPool) {
    let till = till::open(db).await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    let bookings = bookings(&till).await;
    let mut random = StdRng::seed_from_u64(SEED);
    let (mut charges, mut recount) = (Vec::new(), Recount::default());
    for batch in 0..20 {
        let mut entered: Vec<_> =
            (0..500).map(|_| operate(&mut random, &mut charges, &bookings, &mut recount)).collect();
        let again: Vec<_> = entered.iter().step_by(7).cloned().collect();
        entered.extend(again);
        testing::post(&till.services, &entered).await;
        recount.assert_same(&till.services, &admin, &format!("batch {batch}")).await;
    }
    assert_eq!(number(&till.services, "SELECT count(*) FROM ledger_events").await, 10_000);
    let kinds = "SELECT count(DISTINCT kind) FROM ledger_events";
    assert_eq!(number(&till.services, kinds).await, 14, "all that there are");
    assert_eq!(number(&till.services, "SELECT count(DISTINCT currency) FROM ledger_entries").await, 4);
    assert_invariants(&till.services).await;
}
