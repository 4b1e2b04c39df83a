//! Money that is secured before a lesson: authorized or paid ahead, on a real database, against the sandbox.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use chrono::TimeDelta;
use domain::booking::{Booking, BookingState};
use serde_json::{Value, json};
use services::{
    booking, lesson,
    mail::{self, Mail},
    payment::{self, ChargeStatus},
    testing::{self, assert_invariants, at_hour, booked, now, number},
};
use sqlx::PgPool;
use till::{Till, at_payments};

/// A till of a platform that collects so, and a student with a card.
async fn collecting(db: PgPool, collection: &str, card: &str) -> Till {
    let till = till::open(db).await;
    sqlx::query("INSERT INTO settings (name, value) VALUES ('collection', $1)")
        .bind(json!(collection))
        .execute(&till.services.db)
        .await
        .expect("a setting");
    till.at(now()).await;
    till.card(card).await;
    till
}

/// Six days ahead.
async fn ahead(till: &Till) -> Booking {
    booked(&till.services, &till.student, &till.tutor, at_hour(6 * 24 + 4)).await
}

/// Lets who comes join, and the clock stand at the end.
async fn taught(till: &Till, booking: &Booking, student: bool, tutor: bool) {
    till.at(booking.start).await;
    for (actor, comes) in [(&till.student, student), (&till.tutor.actor, tutor)] {
        if comes {
            lesson::join(&till.services, actor, booking.id).await.expect("let in");
        }
    }
    if tutor && !student {
        till.at(booking.start + TimeDelta::minutes(20)).await;
        lesson::mark_no_show(&till.services, &till.tutor.actor, booking.lesson).await.expect("marked");
    }
    till.at(booking.end).await;
}

/// What the provider has: status and amount received of each payment, and what was given back or let go, newest first.
async fn payments(till: &Till) -> Vec<(String, i64, i64)> {
    let url = format!("{}/v1/payment_intents?expand[]=data.latest_charge", till.sandbox.url());
    let list: Value = till
        .client
        .get(url)
        .bearer_auth("sk_test_sandbox")
        .send()
        .await
        .expect("asked")
        .json()
        .await
        .expect("a list");
    let read = |row: &Value| {
        let refunded = row["latest_charge"]["amount_refunded"].as_i64().unwrap_or_default();
        let received = row["amount_received"].as_i64().expect("an amount");
        (row["status"].as_str().expect("a status").to_owned(), received, refunded)
    };
    list["data"].as_array().expect("rows").iter().map(read).collect()
}

fn paid(status: &str, received: i64, refunded: i64) -> (String, i64, i64) {
    (status.to_owned(), received, refunded)
}

async fn student_owes(till: &Till) -> i64 {
    number(
        &till.services,
        "SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entries WHERE account LIKE 'student:%'",
    )
    .await
}

async fn mails(till: &Till, kind: &str) -> Vec<Mail> {
    let mut mails = mail::list(&till.services).await.expect("mails");
    mails.retain(|mail| mail.kind == kind);
    mails
}

#[sqlx::test(migrations = "../migrations")]
async fn an_authorization_is_placed_four_days_before_the_end_and_captured(db: PgPool) {
    let till = collecting(db, "authorize", "pm_card_visa").await;
    let booking = ahead(&till).await;
    till.at(booking.end - TimeDelta::days(4) - TimeDelta::seconds(1)).await;
    till.tick().await;
    assert_eq!(payments(&till).await, []);
    till.at(booking.end - TimeDelta::days(4)).await;
    till.tick().await;
    till.tick().await;
    assert_eq!(payments(&till).await, [paid("requires_capture", 0, 0)]);
    assert_eq!(student_owes(&till).await, 0, "set aside is not paid");
    assert_invariants(&till.services).await;
    taught(&till, &booking, true, true).await;
    till.tick().await;
    assert_eq!(payments(&till).await, [paid("succeeded", 2500, 0)], "one payment for each booking");
    let explained = till.explained(&booking).await;
    assert_eq!((explained.status, explained.receipt), (ChargeStatus::Paid, Some(1)));
    assert_eq!(student_owes(&till).await, 0);
    assert_invariants(&till.services).await;
}

/// Each row: the setting, who comes, and what the provider has at the end.
#[sqlx::test(migrations = "../migrations")]
async fn what_is_not_due_goes_back(db: PgPool) {
    for (collection, student, tutor, expected) in [
        ("authorize", false, true, paid("succeeded", 1250, 1250)),
        ("authorize", true, false, paid("canceled", 0, 2500)),
        ("prepay", true, true, paid("succeeded", 2500, 0)),
        ("prepay", false, true, paid("succeeded", 2500, 1250)),
        ("prepay", true, false, paid("succeeded", 2500, 2500)),
    ] {
        let till = collecting(db.clone(), collection, "pm_card_visa").await;
        let booking = ahead(&till).await;
        till.at(booking.end - TimeDelta::days(4)).await;
        till.tick().await;
        if collection == "prepay" {
            assert_eq!(student_owes(&till).await, 2500, "paid ahead is owed to the student");
        }
        taught(&till, &booking, student, tutor).await;
        till.tick().await;
        till.tick().await;
        assert_eq!(payments(&till).await, [expected], "{collection} {student} {tutor}");
        assert_eq!(student_owes(&till).await, 0);
        assert_invariants(&till.services).await;
        testing::execute(&till.services, "TRUNCATE users, settings CASCADE").await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn who_calls_off_in_time_gets_all_back(db: PgPool) {
    for (collection, expected) in
        [("authorize", paid("canceled", 0, 2500)), ("prepay", paid("succeeded", 2500, 2500))]
    {
        let till = collecting(db.clone(), collection, "pm_card_visa").await;
        let booking = ahead(&till).await;
        till.at(booking.end - TimeDelta::days(3)).await;
        till.tick().await;
        booking::cancel(&till.services, &till.student, booking.id, None).await.expect("cancelled");
        till.tick().await;
        assert_eq!(payments(&till).await, [expected], "{collection}");
        assert_eq!(student_owes(&till).await, 0);
        assert_invariants(&till.services).await;
        testing::execute(&till.services, "TRUNCATE users, settings CASCADE").await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refused_authorization_leaves_the_booking_and_is_told(db: PgPool) {
    let till = collecting(db, "authorize", "pm_card_chargeCustomerFail").await;
    let booking = ahead(&till).await;
    till.at(booking.end - TimeDelta::days(4)).await;
    till.tick().await;
    let mails = mails(&till, "deposit_failed").await;
    assert!(mails.len() == 1 && mails[0].text.contains("choose another card"), "{mails:?}");
    assert_eq!(number(&till.services, "SELECT count(*) FROM student_debts").await, 0);
    let good = till.card("pm_card_visa").await;
    payment::choose_card(&till.services, &till.student, &good.id).await.expect("chosen");
    taught(&till, &booking, true, true).await;
    till.tick().await;
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Paid);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_booking_that_is_to_be_paid_ahead_and_is_not_ends(db: PgPool) {
    let till = collecting(db, "prepay", "pm_card_chargeCustomerFail").await;
    let booking = ahead(&till).await;
    till.tick().await;
    let after = booking::find(&till.services, &till.student, booking.id).await.expect("found");
    assert_eq!(after.state, BookingState::Cancelled);
    let (student, tutor) = (mails(&till, "deposit_failed").await, mails(&till, "booking_cancelled").await);
    assert_eq!((student.len(), tutor.len()), (1, 1), "each is told once");
    assert!(student[0].text.contains("Hello Sam,") && tutor[0].text.contains("Hello Tina,"));
    assert!(tutor[0].text.contains("it could not be paid ahead"), "{}", tutor[0].text);
    assert_invariants(&till.services).await;
}

/// Each row: what goes wrong at the provider.
#[sqlx::test(migrations = "../migrations")]
async fn a_lost_answer_secures_once(db: PgPool) {
    for (kind, status) in [("drop_after", 0), ("drop_before", 0), ("error_after", 500), ("error_before", 429)]
    {
        let till = collecting(db.clone(), "prepay", "pm_card_visa").await;
        let booking = ahead(&till).await;
        till.fault(at_payments(kind, status)).await;
        till.tick().await;
        till.tick().await;
        assert_eq!(payments(&till).await, [paid("succeeded", 2500, 0)], "{kind}");
        taught(&till, &booking, true, true).await;
        till.tick().await;
        assert_eq!(till.explained(&booking).await.status, ChargeStatus::Paid, "{kind}");
        assert_invariants(&till.services).await;
        testing::execute(&till.services, "TRUNCATE users, settings CASCADE").await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn an_authorization_that_the_bank_took_back_is_charged_anew(db: PgPool) {
    let till = collecting(db, "authorize", "pm_card_visa").await;
    let booking = ahead(&till).await;
    till.at(booking.end - TimeDelta::days(4)).await;
    till.tick().await;
    let intent: String = sqlx::query_scalar("SELECT payment_intent FROM deposits")
        .fetch_one(&till.services.db)
        .await
        .expect("an id");
    let url = format!("{}/v1/payment_intents/{intent}/cancel", till.sandbox.url());
    let gone = till.client.post(url).bearer_auth("sk_test_sandbox").send().await.expect("asked");
    assert!(gone.status().is_success());
    taught(&till, &booking, true, true).await;
    till.tick().await;
    assert_eq!(payments(&till).await, [paid("succeeded", 2500, 0), paid("canceled", 0, 2500)]);
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Paid);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_moved_booking_keeps_what_still_holds(db: PgPool) {
    let till = collecting(db, "authorize", "pm_card_visa").await;
    let booking = ahead(&till).await;
    till.at(booking.end - TimeDelta::days(4)).await;
    till.tick().await;
    let day = TimeDelta::days(1);
    let moved =
        booking::reschedule(&till.services, &till.student, booking.id, booking.start + day, None).await;
    till.tick().await;
    assert_eq!(payments(&till).await, [paid("requires_capture", 0, 0)], "it lasts for seven days");
    let moved = moved.expect("moved");
    booking::reschedule(&till.services, &till.student, moved.id, booking.start + day * 10, None)
        .await
        .expect("moved again");
    till.tick().await;
    assert_eq!(payments(&till).await, [paid("canceled", 0, 2500)], "it would lapse before");
    let planned = "SELECT count(*) FROM deposits d JOIN bookings b ON b.id = d.booking_id
                   WHERE d.state = 'scheduled' AND d.due_at = b.ends_at - interval '4 days'";
    assert_eq!(number(&till.services, planned).await, 1);
    assert_invariants(&till.services).await;
}

/// Each row: the setting, what becomes of the booking while the provider's answer is lost, and what it has in the end.
#[sqlx::test(migrations = "../migrations")]
async fn what_was_secured_unheard_is_found_and_given_back(db: PgPool) {
    for (collection, expected) in
        [("prepay", paid("succeeded", 2500, 2500)), ("authorize", paid("canceled", 0, 2500))]
    {
        let till = collecting(db.clone(), collection, "pm_card_visa").await;
        let booking = ahead(&till).await;
        till.at(booking.end - TimeDelta::days(3)).await;
        till.fault(at_payments("drop_after", 0)).await;
        till.hand_out_and_drain().await;
        assert_eq!(
            number(&till.services, "SELECT count(*) FROM deposits WHERE state = 'scheduled'").await,
            1
        );
        booking::cancel(&till.services, &till.student, booking.id, None).await.expect("cancelled");
        till.tick().await;
        till.tick().await;
        assert_eq!(payments(&till).await, [expected], "{collection}");
        assert_eq!(student_owes(&till).await, 0);
        assert_invariants(&till.services).await;
        testing::execute(&till.services, "TRUNCATE users, settings CASCADE").await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_that_is_removed_while_its_answer_is_lost_has_paid_all_the_same(db: PgPool) {
    let till = collecting(db, "prepay", "pm_card_visa").await;
    let booking = ahead(&till).await;
    till.fault(at_payments("drop_after", 0)).await;
    till.hand_out_and_drain().await;
    let cards = payment::list_cards(&till.services, &till.student).await.expect("cards");
    payment::remove_card(&till.services, &till.student, &cards[0].id).await.expect("removed");
    till.tick().await;
    let after = booking::find(&till.services, &till.student, booking.id).await.expect("found");
    assert_eq!(after.state, BookingState::Confirmed, "it is paid");
    assert_eq!(payments(&till).await, [paid("succeeded", 2500, 0)]);
    taught(&till, &booking, true, true).await;
    till.tick().await;
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Paid);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn who_has_no_card_is_told_so(db: PgPool) {
    let till = collecting(db, "authorize", "pm_card_visa").await;
    let booking = ahead(&till).await;
    let cards = payment::list_cards(&till.services, &till.student).await.expect("cards");
    payment::remove_card(&till.services, &till.student, &cards[0].id).await.expect("removed");
    till.at(booking.end - TimeDelta::days(4)).await;
    till.tick().await;
    let mails = mails(&till, "deposit_failed").await;
    assert!(mails.len() == 1 && mails[0].text.contains("there is no saved card"), "{mails:?}");
}
