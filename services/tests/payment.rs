//! Charging lessons on a real database, against the sandbox.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    booking::{BookingState, Outcome},
    charge::Rule,
    lesson::LessonState,
};
use services::{
    booking, jobs, ledger, lesson,
    payment::{self, ChargeStatus, DebtPayment},
    sweep,
    testing::{self, assert_invariants, at_hour, booked, now, number, refused, request},
};
use sqlx::PgPool;
use till::at_payments;

#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_that_was_taught_is_charged_once_and_explained(db: PgPool) {
    let till = till::open(db).await;
    let card = till.card("pm_card_visa").await;
    assert_eq!((&*card.brand, &*card.last4, card.is_default), ("visa", "4242", true));
    let booking = till.taught(4).await;
    let before = till.explained(&booking).await;
    assert_eq!(
        (before.status, before.rule, before.split.charge.minor),
        (ChargeStatus::Scheduled, None, 2500)
    );

    assert_eq!(till.tick().await, 3, "charged, the receipt written, the booking told of");
    assert_eq!(till.tick().await, 0);
    let after = till.explained(&booking).await;
    assert_eq!((after.status, after.rule), (ChargeStatus::Paid, Some(Rule::Completed)));
    assert_eq!((after.outcome, after.receipt), (Some(Outcome::Completed), Some(1)));
    assert_eq!(
        (after.split.charge.minor, after.split.fee.minor, after.split.payout.minor),
        (2500, 250, 2250)
    );
    assert_eq!(Rule::of(&after.facts, &after.terms).charge(&after.terms), after.split, "recomputed");
    let lines: Vec<_> = after.lines.iter().map(|line| (&*line.event, line.amount)).collect();
    assert_eq!(
        lines,
        [("settled", -2500), ("settled", 2250), ("settled", 250), ("paid", -2500), ("paid", 2500)]
    );
    assert_eq!(till.counted("payment_intents").await, 1);
    for kind in ["booking.completed", "payment.succeeded"] {
        let sql = "SELECT count(*) FROM outbox WHERE kind = $1";
        let told: i64 =
            sqlx::query_scalar(sql).bind(kind).fetch_one(&till.services.db).await.expect("a number");
        assert_eq!(told, 1, "{kind}");
    }
    assert_invariants(&till.services).await;
}

/// Each row: the card, the code under which it is declined.
#[sqlx::test(migrations = "../migrations")]
async fn a_decline_is_a_debt_that_keeps_its_student_from_booking(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_chargeCustomerFail").await;
    let booking = till.taught(4).await;
    till.tick().await;
    let owed = till.explained(&booking).await;
    assert_eq!((owed.status, owed.split.charge.minor), (ChargeStatus::Debt, 2500));
    let code: String = sqlx::query_scalar("SELECT code FROM charge_attempts")
        .fetch_one(&till.services.db)
        .await
        .expect("one attempt");
    assert_eq!(code, "card_declined");
    let another = request(&till.tutor, at_hour(28));
    let answer = booking::place(&till.services, &till.student, &another, None).await;
    assert_eq!(refused(answer).0, Code::DebtOutstanding);
    assert_eq!(till.tick().await, 0, "it is not tried again by itself");
    assert_eq!(number(&till.services, "SELECT count(*) FROM outbox WHERE kind = 'payment.failed'").await, 1);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_debt_is_paid_with_another_card_and_its_student_books_again(db: PgPool) {
    let till = till::open(db).await;
    let bad = till.card("pm_card_chargeCustomerFail").await;
    let booking = till.taught(4).await;
    till.tick().await;
    let pay = async |actor, card: String| {
        payment::begin_debt_payment(&till.services, actor, booking.id, &card).await
    };
    let debts = payment::open_debts(&till.services, &till.student).await.expect("debts");
    assert_eq!(
        debts.iter().map(|debt| (debt.booking, debt.amount.minor)).collect::<Vec<_>>(),
        [(booking.id, 2500)]
    );
    let good = till.card("pm_card_visa").await;
    let other = testing::student(&till.services, "Eve").await;
    assert_eq!(refused(pay(&other, good.id.clone()).await).0, Code::BookingNotFound);
    assert_eq!(refused(pay(&till.student, "pm_unknown".to_owned()).await).0, Code::NotFound);
    assert_eq!(refused(pay(&till.student, bad.id.clone()).await).0, Code::PaymentFailed);
    for _ in 0..2 {
        let answer = pay(&till.student, good.id.clone()).await.expect("paid, also when asked again");
        assert_eq!(answer, DebtPayment::Paid);
    }
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Paid);
    assert_eq!(till.counted("payment_intents").await, 1, "one payment for each booking, whatever is tried");
    assert!(payment::open_debts(&till.services, &till.student).await.expect("debts").is_empty());
    till.services.clock.show(Some(now()));
    booked(&till.services, &till.student, &till.tutor, at_hour(28)).await;
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn without_a_card_the_lesson_is_owed(db: PgPool) {
    let till = till::open(db).await;
    let booking = till.taught(4).await;
    till.tick().await;
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Debt);
    assert_eq!(till.counted("payment_intents").await, 0);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_absent_student_pays_half_at_the_scheduled_end(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    till.services.clock.show(Some(now()));
    let booking = booked(&till.services, &till.student, &till.tutor, at_hour(4)).await;
    let mark = async || lesson::mark_no_show(&till.services, &till.tutor.actor, booking.lesson).await;
    let minutes = |minutes| Some(booking.start + TimeDelta::minutes(minutes));
    till.services.clock.show(minutes(20));
    assert_eq!(refused(mark().await), (Code::InvalidState, "no_show_without_tutor".into()));
    till.services.clock.show(minutes(2));
    lesson::join(&till.services, &till.tutor.actor, booking.id).await.expect("let in");
    till.services.clock.show(minutes(19));
    assert_eq!(refused(mark().await), (Code::InvalidState, "no_show_too_early".into()));
    till.services.clock.show(minutes(20));
    let by_student = lesson::mark_no_show(&till.services, &till.student, booking.lesson).await;
    assert_eq!(refused(by_student).0, Code::InsufficientPermissions);
    let marked = mark().await.expect("marked");
    assert_eq!(
        (marked.state, marked.lesson_state),
        (BookingState::NoShowStudent, LessonState::NoShowStudent)
    );
    assert_eq!(refused(mark().await).0, Code::InvalidState);

    assert_eq!(till.tick().await, 2, "told of, twice; charged at the scheduled end only");
    till.services.clock.show(Some(booking.end));
    assert_eq!(till.tick().await, 2, "charged, and the receipt written");
    let paid = till.explained(&booking).await;
    assert_eq!((paid.status, paid.rule), (ChargeStatus::Paid, Some(Rule::StudentAbsent)));
    assert_eq!((paid.split.charge.minor, paid.split.fee.minor, paid.split.payout.minor), (1250, 125, 1125));
    assert!(paid.attendance.intact);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn too_little_to_charge_is_waived_and_a_free_lesson_touches_nothing(db: PgPool) {
    let till = till::open(db).await;
    for (hour, price, waived) in [(4, 30, true), (6, 0, false)] {
        testing::execute(&till.services, "UPDATE offerings SET archived_at = created_at FROM tutors").await;
        testing::offering(&till.services, till.tutor.id, &[(60, price)]).await;
        let booking = till.taught(hour).await;
        assert_eq!(till.tick().await, 1, "told of, and that is all");
        let explained = till.explained(&booking).await;
        assert_eq!((explained.status, explained.waived), (ChargeStatus::None, waived), "{price}");
        assert!(explained.lines.is_empty());
    }
    assert_eq!(till.counted("customers").await, 0);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn refunds_are_rows_of_their_own_until_nothing_is_left(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    let booking = till.taught(4).await;
    till.tick().await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    let give = async |actor, amount| {
        payment::refund(&till.services, actor, booking.id, amount, "A quarter was missing.").await
    };
    assert_eq!(refused(give(&till.tutor.actor, Some(1)).await).0, Code::InsufficientPermissions);
    assert_eq!(refused(give(&admin, Some(2501)).await).1, "refund_too_much");
    assert_eq!(refused(give(&admin, Some(0)).await).1, "refund_amount");
    // The answer to the first is lost: it is asked for again under its own key.
    let lost = serde_json::json!({ "path": "/v1/refunds", "kind": "drop_after" });
    till.fault(lost).await;
    for amount in [500, 500] {
        assert_eq!(give(&admin, Some(amount)).await.expect("noted").status, "pending");
    }
    till.tick().await;
    till.tick().await;
    assert_eq!(give(&admin, None).await.expect("the rest").amount, 1500);
    till.tick().await;
    assert_eq!(refused(give(&admin, Some(1)).await).1, "refund_too_much");
    let explained = till.explained(&booking).await;
    assert_eq!((explained.status, explained.refunded), (ChargeStatus::Refunded, 2500));
    assert_eq!(till.counted("refunds").await, 3);
    let balances = ledger::balances(&till.services, &admin).await.expect("balances");
    assert!(balances.iter().all(|balance| balance.balance == 0), "{balances:?}");
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn many_servers_charge_each_lesson_once(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    for day in 1..=20 {
        till.taught(24 * day + 4).await;
    }
    let second = till.second_server();
    let all = async |services| {
        services::sweep::run(services).await.expect("swept");
        jobs::hand_out(services).await.expect("handed out");
        jobs::drain(services).await.expect("worked off");
    };
    tokio::join!(all(&till.services), all(&second), all(&till.services));
    assert_eq!(till.counted("payment_intents").await, 20);
    assert_eq!(number(&till.services, "SELECT count(*) FROM charges WHERE state = 'paid'").await, 20);
    assert_eq!(number(&till.services, "SELECT count(*) FROM ledger_events WHERE kind = 'paid'").await, 20);
    assert_eq!(number(&till.services, "SELECT max(receipt) FROM charges").await, 20);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn cards_are_kept_chosen_and_removed(db: PgPool) {
    let till = till::open(db).await;
    let first = till.card("pm_card_visa").await;
    let second = till.card("pm_card_mastercard").await;
    assert!(first.is_default && !second.is_default);
    payment::choose_card(&till.services, &till.student, &second.id).await.expect("chosen");
    let cards = payment::list_cards(&till.services, &till.student).await.expect("cards");
    assert_eq!(cards.iter().map(|card| &card.id).collect::<Vec<_>>(), [&second.id, &first.id]);
    payment::remove_card(&till.services, &till.student, &second.id).await.expect("removed");
    let cards = payment::list_cards(&till.services, &till.student).await.expect("cards");
    assert_eq!((cards.len(), &cards[0].id, cards[0].is_default), (1, &first.id, true));
    till.tick().await;
    let again = payment::save_card(&till.services, &till.student, &second.id, "I agree.").await;
    assert_eq!(refused(again).0, Code::PaymentFailed, "what was removed does not come back");
    payment::remove_card(&till.services, &till.student, &first.id).await.expect("removed");
    let saved = payment::save_card(&till.services, &till.student, &first.id, "I agree.").await;
    assert!(saved.expect("the provider still has it").is_default, "where there is no other");
    let other = testing::student(&till.services, "Eve").await;
    for answer in [
        payment::choose_card(&till.services, &other, &first.id).await,
        payment::remove_card(&till.services, &other, &first.id).await,
        payment::remove_card(&till.services, &till.student, &second.id).await,
    ] {
        assert_eq!(refused(answer).0, Code::NotFound);
    }
    let theirs = payment::save_card(&till.services, &other, &first.id, "I agree.").await;
    assert_eq!(refused(theirs), (Code::InvalidRequest, "payment_method".into()));
    let consents = payment::list_consents(&till.services, &till.student).await.expect("consents");
    assert_eq!(consents.len(), 3);
    assert_eq!((&*consents[0].text, &*consents[0].version), ("I agree.", payment::CONSENT));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_that_is_removed_while_its_answer_is_lost_has_paid(db: PgPool) {
    let till = till::open(db).await;
    let card = till.card("pm_card_visa").await;
    let booking = till.taught(4).await;
    till.fault(at_payments("drop_after", 0)).await;
    sweep::run(&till.services).await.expect("swept");
    till.hand_out_and_drain().await;
    payment::remove_card(&till.services, &till.student, &card.id).await.expect("removed");
    till.tick().await;
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Paid);
    assert_eq!(
        (
            till.counted("payment_intents").await,
            number(&till.services, "SELECT count(*) FROM student_debts").await
        ),
        (1, 0)
    );
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_gives_its_booking_whatever_became_of_the_card(db: PgPool) {
    let till = till::open(db).await;
    till.services.clock.show(Some(now()));
    let card = till.card("pm_card_visa").await;
    let wish = || domain::booking::BookingRequest {
        card: Some(card.id.clone()),
        ..request(&till.tutor, at_hour(4))
    };
    let place = async || booking::place(&till.services, &till.student, &wish(), Some("once")).await;
    let first = place().await.expect("a booking");
    payment::remove_card(&till.services, &till.student, &card.id).await.expect("removed");
    assert_eq!(place().await.expect("the same").id, first.id);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_comes_after_the_tutor_has_ended_it_opens_a_case_and_an_admin_closes_it(db: PgPool) {
    let till = till::open(db).await;
    till.services.clock.show(Some(now()));
    till.card("pm_card_visa").await;
    let booking = booked(&till.services, &till.student, &till.tutor, at_hour(4)).await;
    till.services.clock.show(Some(booking.start));
    booking::complete(&till.services, &till.tutor.actor, booking.id).await.expect("ended, with nobody there");
    till.services.clock.show(Some(booking.start + TimeDelta::minutes(1)));
    lesson::join(&till.services, &till.student, booking.id).await.expect("let in");
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    let cases = payment::open_cases(&till.services, &admin).await.expect("cases");
    assert_eq!(
        (cases.len(), &*cases[0].kind),
        (1, "late_evidence"),
        "the tutor never came: nothing would be due"
    );
    let close = async |actor, note| payment::close_case(&till.services, actor, cases[0].id, note).await;
    assert_eq!(close(&till.student, "x").await.expect_err("no admin").code(), Code::InsufficientPermissions);
    assert_eq!(close(&admin, " ").await.expect_err("no words").code(), Code::InvalidRequest);
    close(&admin, "Refunded in full.").await.expect("closed");
    assert_eq!(close(&admin, "Again.").await.expect_err("closed already").code(), Code::NotFound);
    assert_eq!(payment::open_cases(&till.services, &admin).await.expect("cases"), []);
}
