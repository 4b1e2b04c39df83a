//! Forgiving a debt: who may, what it does to the money, and who is told.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod till;

use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    booking::Booking,
    dispute::{Outcome, Reason, Statement},
    payout::Month,
};
use services::{
    Actor, booking, dispute, ledger, mail, notice,
    payment::{self, ChargeStatus, DebtPayment},
    payout::{self, Progress},
    testing::{self, assert_invariants, at_hour, number, refused, request},
};
use sqlx::PgPool;
use till::Till;

const FAILS: &str = "pm_card_chargeCustomerFail";
const OPEN_DEBTS: &str = "SELECT count(*) FROM student_debts WHERE cleared_at IS NULL";

/// A lesson that was taught and is owed, by a tutor who can be paid.
async fn owed(till: &Till) -> (Booking, Actor) {
    till.at(at_hour(0)).await;
    till.ready(&till.tutor).await;
    till.card(FAILS).await;
    let booking = till.teach(&till.tutor).await;
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Debt);
    (booking, testing::user(&till.services, "Ada", Role::Admin).await)
}

async fn forgive(till: &Till, actor: &Actor, booking: &Booking) -> services::Result<()> {
    payment::forgive(&till.services, actor, booking.id, "It was our fault.").await
}

#[sqlx::test(migrations = "../migrations")]
async fn only_an_admin_forgives_and_only_what_is_owed(db: PgPool) {
    let till = till::open(db).await;
    let (debt, admin) = owed(&till).await;
    for actor in [&till.student, &till.tutor.actor] {
        assert_eq!(refused(forgive(&till, actor, &debt).await).0, Code::InsufficientPermissions);
    }
    let wordless = payment::forgive(&till.services, &admin, debt.id, " ").await;
    assert_eq!(refused(wordless), (Code::InvalidRequest, "case_note".into()));
    let mut unknown = debt.clone();
    unknown.id.0 = uuid::Uuid::nil();
    assert_eq!(refused(forgive(&till, &admin, &unknown).await).0, Code::BookingNotFound);
    forgive(&till, &admin, &debt).await.expect("forgiven");
    assert_eq!(refused(forgive(&till, &admin, &debt).await).1, "nothing_due");
    for card in payment::list_cards(&till.services, &till.student).await.expect("cards") {
        payment::remove_card(&till.services, &till.student, &card.id).await.expect("removed");
    }
    till.card("pm_card_visa").await;
    let paid = till.teach(&till.tutor).await;
    assert_eq!(till.explained(&paid).await.status, ChargeStatus::Paid);
    assert_eq!(refused(forgive(&till, &admin, &paid).await).1, "nothing_due");
    assert_invariants(&till.services).await;
}

/// The platform bears it: the student can book again, and the tutor is paid what was earned.
#[sqlx::test(migrations = "../migrations")]
async fn the_student_can_book_again_and_the_tutor_is_paid(db: PgPool) {
    let till = till::open(db).await;
    let (debt, admin) = owed(&till).await;
    let again = request(&till.tutor, at_hour(24 * 20 + 1));
    let kept_out = booking::place(&till.services, &till.student, &again, None).await;
    assert_eq!(refused(kept_out).0, Code::DebtOutstanding);
    forgive(&till, &admin, &debt).await.expect("forgiven");
    booking::place(&till.services, &till.student, &again, None).await.expect("booked");
    let explained = till.explained(&debt).await;
    assert_eq!(
        (explained.status, explained.forgiven.as_deref()),
        (ChargeStatus::None, Some("It was our fault."))
    );
    let lines = explained.lines.into_iter().map(|line| format!("{} {}", line.event, line.amount));
    let expected = ["settled -2500", "settled 2250", "settled 250", "forgiven -2500", "forgiven 2500"];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
    let noted = "SELECT count(*) FROM booking_history WHERE details ->> 'event' = 'payment.forgiven'
                 AND actor = 'admin' AND reason = 'It was our fault.'";
    assert_eq!(number(&till.services, noted).await, 1);
    till.top_up().await;
    till.at(till.services.clock.now() + TimeDelta::hours(73)).await;
    till.tick().await;
    assert_eq!(till.listed("transfers").await[0]["amount"], 2250);
    let month = Month::of(debt.start.date_naive());
    let statement = payout::statement(&till.services, &till.tutor.actor, till.tutor.id, month).await;
    assert!(matches!(statement.expect("a statement")[0].progress, Progress::Paid(_)));
    let sums = payout::sums(&till.services, &till.tutor.actor, till.tutor.id).await.expect("sums");
    assert_eq!((sums[0].earned, sums[0].paid), (2250, 2250));
    let balances = ledger::balances(&till.services, &admin).await.expect("balances");
    let platform = balances.iter().find(|line| line.account == "platform").map(|line| line.balance);
    assert_eq!(platform, Some(-2250), "250 were its part, and 2500 it gives");
    assert_eq!(balances.iter().map(|line| line.balance).sum::<i64>(), 0);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_student_is_told_once(db: PgPool) {
    let till = till::open(db).await;
    let (debt, admin) = owed(&till).await;
    forgive(&till, &admin, &debt).await.expect("forgiven");
    till.tick().await;
    testing::execute(&till.services, "UPDATE outbox SET dispatched_at = NULL").await;
    till.tick().await;
    let mails = mail::list(&till.services).await.expect("mails");
    let told: Vec<_> = mails.iter().filter(|mail| mail.kind == "debt_forgiven").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].subject, format!("You no longer owe €25.00 for {}", debt.title));
    assert!(told[0].text.contains("It was our fault."), "{}", told[0].text);
    let notices = notice::list(&till.services, &till.student, 1).await.expect("notices").rows;
    assert_eq!(notices.iter().filter(|notice| notice.kind == mail::Kind::DebtForgiven).count(), 1);
    assert_eq!(notice::page(notices[0].kind, notices[0].subject), format!("/lessons/{}/charge", debt.id));
}

/// While a lesson is disputed, what is owed for it is decided there; and what was forgiven is not given back as well.
#[sqlx::test(migrations = "../migrations")]
async fn a_disputed_debt_is_decided_in_its_dispute(db: PgPool) {
    let till = till::open(db).await;
    let (debt, admin) = owed(&till).await;
    let said = Statement::parse("We had ten minutes.").expect("a statement");
    let opened = dispute::open(&till.services, &till.student, debt.id, Reason::CutShort, &said, &[]).await;
    assert_eq!(refused(forgive(&till, &admin, &debt).await).1, "debt_disputed");
    let id = opened.expect("opened").id;
    dispute::decide(&till.services, &admin, id, Outcome::None, None, "No.", None).await.expect("decided");
    forgive(&till, &admin, &debt).await.expect("forgiven");

    let second = till.teach(&till.tutor).await;
    forgive(&till, &admin, &second).await.expect("forgiven");
    let opened = dispute::open(&till.services, &till.student, second.id, Reason::CutShort, &said, &[]).await;
    let id = opened.expect("opened").id;
    let full = dispute::decide(&till.services, &admin, id, Outcome::Full, None, "All of it.", None).await;
    assert_eq!(refused(full).1, "dispute_nothing_left");
    assert_invariants(&till.services).await;
}

/// Whichever comes first, it is paid or forgiven and never both.
#[sqlx::test(migrations = "../migrations")]
async fn paying_and_forgiving_at_once(db: PgPool) {
    let till = till::open(db).await;
    let (debt, admin) = owed(&till).await;
    let card = till.card("pm_card_visa").await;
    let second = till.second_server();
    let (forgiven, paid) = tokio::join!(
        forgive(&till, &admin, &debt),
        payment::begin_debt_payment(&second, &till.student, debt.id, &card.id),
    );
    till.tick().await;
    let explained = till.explained(&debt).await;
    match forgiven {
        Ok(()) => {
            assert_ne!(paid.ok(), Some(DebtPayment::Paid));
            assert_eq!(explained.status, ChargeStatus::None);
        }
        Err(error) => {
            assert!(["nothing_due", "debt_being_paid"].contains(&&*refused::<()>(Err(error)).1));
        }
    }
    let open = number(&till.services, OPEN_DEBTS).await;
    assert_eq!(open == 0, explained.status != ChargeStatus::Debt);
    assert_invariants(&till.services).await;
}

/// The bank asked, and the student answers after all: nothing is taken for what is owed no more.
#[sqlx::test(migrations = "../migrations")]
async fn a_question_of_the_bank_is_over(db: PgPool) {
    let till = till::open(db).await;
    let (debt, admin) = owed(&till).await;
    let card = till.card("pm_card_threeDSecure2Required").await;
    let asked = payment::begin_debt_payment(&till.services, &till.student, debt.id, &card.id).await;
    assert!(matches!(asked, Ok(DebtPayment::Asks { .. })), "{asked:?}");
    forgive(&till, &admin, &debt).await.expect("forgiven");
    let after = payment::finish_debt_payment(&till.services, &till.student, debt.id).await;
    assert_eq!(refused(after).1, "nothing_due");
    let intents = till.listed("payment_intents").await;
    assert_eq!(intents[0]["status"], "canceled");
    till.hear("payment_intent.payment_failed").await;
    assert_eq!(number(&till.services, OPEN_DEBTS).await, 0, "an old decline is old news");
    assert_invariants(&till.services).await;
}
