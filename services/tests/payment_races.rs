//! Two things at once that are about the same money: one outcome, and all books agree.
//!
//! Each race is run many times, the one side a little later each time, so that it is met at every point.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    booking::{Booking, BookingState},
};
use serde_json::{Value, json};
use services::{
    Actor, AppError, Services, booking, jobs, lesson,
    payment::{self, ChargeStatus, DebtPayment},
    sweep,
    testing::{self, assert_invariants, at_hour, booked, now, number},
};
use sqlx::PgPool;
use till::Till;

/// How often each race is run.
const ROUNDS: u64 = 24;

/// How much later the one side begins each time.
const STEP: Duration = Duration::from_micros(500);

/// Begins a little later.
async fn later<T>(round: u64, does: impl Future<Output = T>) -> T {
    tokio::time::sleep(STEP * u32::try_from(round).expect("few")).await;
    does.await
}

/// An hour of its own for each round.
fn hour(round: u64) -> i64 {
    24 * (1 + i64::try_from(round).expect("few")) + 4
}

/// Whether it was done; a refusal must have this code.
fn is_done<T>(answer: Result<T, AppError>, refusal: Code) -> bool {
    match answer {
        Ok(_) => true,
        Err(AppError::Fault(fault)) => panic!("a fault: {fault:?}"),
        Err(refused) => {
            assert_eq!(refused.code(), refusal);
            false
        }
    }
}

/// A lesson that is booked and not yet begun.
async fn upcoming(till: &Till, round: u64) -> Booking {
    till.services.clock.show(Some(now()));
    booked(&till.services, &till.student, &till.tutor, at_hour(hour(round))).await
}

/// Asks the sandbox as the provider; the rows of a list.
async fn listed(till: &Till, path: &str) -> Vec<Value> {
    let url = format!("{}/v1/{path}", till.sandbox.url());
    let request = till.client.get(url).bearer_auth(sandbox::Options::default().secret_key);
    let answer: Value = request.send().await.expect("an answer").json().await.expect("an object");
    answer["data"].as_array().unwrap_or_else(|| panic!("no list: {answer}")).clone()
}

/// All books agree: what the provider took and gave back, what the charges say, and what the ledger says.
async fn assert_money_agrees(till: &Till) {
    let sum = |rows: &[Value], field: &str| rows.iter().filter_map(|row| row[field].as_i64()).sum::<i64>();
    let payments = listed(till, "payment_intents?limit=100").await;
    let refunds = listed(till, "refunds?limit=100").await;
    assert!(payments.iter().all(|payment| payment["status"] == "succeeded"), "{payments:?}");
    let charged = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM charges WHERE state = 'paid'";
    let given = "SELECT coalesce(sum(refunded_minor), 0)::bigint FROM charges";
    let held =
        "SELECT coalesce(-sum(amount_minor), 0)::bigint FROM ledger_entries WHERE account = 'provider'";
    let (charged, given) = (number(&till.services, charged).await, number(&till.services, given).await);
    assert_eq!((sum(&payments, "amount_received"), sum(&refunds, "amount")), (charged, given));
    assert_eq!(number(&till.services, held).await, charged - given);
    let paid = number(&till.services, "SELECT count(*) FROM charges WHERE state = 'paid'").await;
    assert_eq!(payments.len() as i64, paid, "one payment for each");
    assert_invariants(&till.services).await;
}

async fn run_due(services: &Services) {
    sweep::run(services).await.expect("swept");
    jobs::hand_out(services).await.expect("handed out");
    jobs::drain(services).await.expect("worked off");
}

/// The server that cancels believes that the lesson has not begun, the other that it is over: the worst that their
/// clocks can do.
#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_is_cancelled_or_charged(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    let other = till.second_server();
    let (mut cancelled, mut charged) = (0, 0);
    for round in 0..ROUNDS {
        let booking = upcoming(&till, round).await;
        other.clock.show(Some(booking.end));
        let cancel = booking::cancel(&till.services, &till.tutor.actor, booking.id, None);
        let (answer, ()) = tokio::join!(later(ROUNDS / 2, cancel), later(round, run_due(&other)));
        let state = state_of(&till, &booking).await;
        let charges = count(&till, &booking, "charges").await;
        if is_done(answer, Code::InvalidState) {
            assert_eq!((state, charges), (BookingState::Cancelled, 0));
            cancelled += 1;
        } else {
            assert_eq!((state, charges), (BookingState::Completed, 1));
            charged += 1;
        }
    }
    assert_eq!(cancelled + charged, ROUNDS);
    assert_eq!(till.counted("payment_intents").await, charged);
    assert_money_agrees(&till).await;
}

async fn state_of(till: &Till, booking: &Booking) -> BookingState {
    booking::find(&till.services, &till.student, booking.id).await.expect("found").state
}

async fn count(till: &Till, booking: &Booking, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table} WHERE booking_id = $1");
    let counted = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(booking.id.0);
    counted.fetch_one(&till.services.db).await.expect("a number")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_student_is_absent_or_joins(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    for round in 0..ROUNDS {
        let booking = upcoming(&till, round).await;
        till.services.clock.show(Some(booking.start));
        lesson::join(&till.services, &till.tutor.actor, booking.id).await.expect("let in");
        till.services.clock.show(Some(booking.start + TimeDelta::minutes(20)));
        let mark = lesson::mark_no_show(&till.services, &till.tutor.actor, booking.lesson);
        let join = lesson::join(&till.services, &till.student, booking.id);
        let (marked, joined) = tokio::join!(later(ROUNDS / 2, mark), later(round, join));
        let is_marked = is_done(marked, Code::InvalidState);
        let is_in = is_done(joined, Code::InvalidState);
        assert!(is_marked || is_in, "one of them holds");
        till.services.clock.show(Some(booking.end));
        run_due(&till.services).await;
        let explained = till.explained(&booking).await;
        let expected = if is_marked { 1250 } else { 2500 };
        assert_eq!((explained.status, explained.split.charge.minor), (ChargeStatus::Paid, expected));
        assert_eq!(explained.facts.evidence.marked_no_show.is_some(), is_marked);
        assert!(explained.attendance.intact);
    }
    assert_money_agrees(&till).await;
}

/// A lesson that is over, with its charge handed out to a job that has not run.
async fn handed_out(till: &Till, round: u64) -> Booking {
    let booking = upcoming(till, round).await;
    till.services.clock.show(Some(booking.end));
    sweep::run(&till.services).await.expect("swept");
    jobs::hand_out(&till.services).await.expect("handed out");
    booking
}

/// An admin gives some of a lesson back.
async fn give(till: &Till, admin: &Actor, booking: &Booking, amount: i64) -> bool {
    let given = payment::refund(&till.services, admin, booking.id, Some(amount), "A test.").await;
    match given {
        Err(AppError::Refused { refusal, .. }) if refusal.key == "refund_too_much" => false,
        other => is_done(other, Code::InvalidState),
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refund_comes_after_the_payment_or_not_at_all(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    for round in 0..ROUNDS {
        let booking = handed_out(&till, round).await;
        let charge = async { jobs::drain(&till.services).await.expect("worked off") };
        let refund = give(&till, &admin, &booking, 1000);
        let (_, is_given) = tokio::join!(charge, later(2 * round, refund));
        jobs::drain(&till.services).await.expect("worked off");
        let explained = till.explained(&booking).await;
        assert_eq!((explained.status, explained.refunded), (ChargeStatus::Paid, i64::from(is_given) * 1000));
        assert_eq!(count(&till, &booking, "refunds").await, i64::from(is_given));
    }
    assert_money_agrees(&till).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn refunds_at_once_never_give_back_more_than_was_paid(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    for round in 0..ROUNDS {
        let booking = handed_out(&till, round).await;
        jobs::drain(&till.services).await.expect("worked off");
        let refund = |amount| give(&till, &admin, &booking, amount);
        let (first, second, third) =
            tokio::join!(later(round % 5, refund(1500)), refund(1500), later(round % 3, refund(1001)));
        assert_eq!([first, second].into_iter().filter(|given| *given).count() + usize::from(third), 1);
        jobs::drain(&till.services).await.expect("worked off");
        let refunded = till.explained(&booking).await.refunded;
        assert_eq!(refunded, if third { 1001 } else { 1500 });
    }
    assert_money_agrees(&till).await;
}

/// The provider's message about the payment of a booking, as soon as there is one.
async fn message(till: &Till, booking: &Booking) -> String {
    let id = booking.id.to_string();
    loop {
        let payments = listed(till, "payment_intents?limit=1").await;
        if let Some(payment) = payments.into_iter().find(|payment| payment["metadata"]["booking"] == *id) {
            let event = format!("evt_{}", payment["id"].as_str().expect("an id"));
            let kind = "payment_intent.succeeded";
            return json!({ "id": event, "type": kind, "data": { "object": payment } }).to_string();
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_message_and_the_answer_to_the_call_record_one_payment(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    let other = till.second_server();
    let secret = sandbox::Options::default().webhook_secret;
    for round in 0..ROUNDS {
        // The provider acts, and answers later each time.
        let slow = json!({ "path": "/v1/payment_intents", "method": "POST", "kind": "delay", "delay_ms": 4 * round });
        till.fault(slow).await;
        let booking = handed_out(&till, round).await;
        let charge = async { jobs::drain(&till.services).await.expect("worked off") };
        let hear = async {
            let body = message(&till, &booking).await;
            let signature = sandbox::webhooks::sign(&secret, other.clock.now().timestamp(), &body);
            for _ in 0..2 {
                payment::receive(&other, &signature, body.as_bytes()).await.expect("taken");
            }
            jobs::drain(&other).await.expect("worked off");
        };
        tokio::join!(charge, hear);
        assert_eq!(till.explained(&booking).await.status, ChargeStatus::Paid);
        let attempt = "SELECT count(*) FROM charge_attempts WHERE state <> 'succeeded'";
        assert_eq!(number(&till.services, attempt).await, 0);
        assert_eq!(count(&till, &booking, "ledger_events").await, 2, "settled and paid");
    }
    let mails = "SELECT count(*) FROM mails WHERE kind = 'receipt'";
    let events = "SELECT count(*) FROM payment_events WHERE processed_at IS NOT NULL";
    let succeeded = "SELECT count(*) FROM outbox WHERE kind = 'payment.succeeded'";
    for sql in [mails, events, succeeded] {
        assert_eq!(number(&till.services, sql).await, ROUNDS as i64, "{sql}");
    }
    assert_money_agrees(&till).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_debt_that_is_paid_twice_at_once_is_paid_once(db: PgPool) {
    let mut till = till::open(db).await;
    for round in 0..ROUNDS {
        till.student = testing::student(&till.services, "Sam").await;
        till.card("pm_card_chargeCustomerFail").await;
        let booking = handed_out(&till, round).await;
        jobs::drain(&till.services).await.expect("worked off");
        let cards = [till.card("pm_card_visa").await.id, till.card("pm_card_mastercard").await.id];
        let pay = |card| payment::begin_debt_payment(&till.services, &till.student, booking.id, card);
        let (one, two) = tokio::join!(pay(&cards[0]), later(round, pay(&cards[1])));
        // Of two requests under one key the provider lets one through, and tells the other to come again.
        assert!(one.is_ok() || two.is_ok(), "{one:?} {two:?}");
        assert_eq!(pay(&cards[0]).await.expect("paid already"), DebtPayment::Paid);
        assert_eq!(till.explained(&booking).await.status, ChargeStatus::Paid);
        assert_eq!(count(&till, &booking, "ledger_events").await, 2);
        testing::execute(&till.services, "UPDATE cards SET removed_at = created_at, is_default = false")
            .await;
    }
    assert_money_agrees(&till).await;
}
