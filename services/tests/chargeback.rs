//! Chargebacks: what a bank takes back is mirrored, whatever the order of its messages; the ledger, the payout, the
//! evidence.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

#[path = "till/bank.rs"]
mod bank;
mod till;

use std::time::{Duration, Instant};

use bank::{GIVEN_BACK, LOST, NOT_RECEIVED, TAKEN, words};
use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    dispute::{Outcome, Reason, Standing},
};
use services::{
    dispute, lesson, mail,
    payment::{self, ChargeStatus},
    sweep,
    testing::{assert_invariants, at_hour, execute, number, refused, user},
};
use sqlx::PgPool;
use till::FAULTS;

const INQUIRY: &str = "pm_card_createDisputeInquiry";
const OPEN_EVIDENCE: &str = "SELECT count(*) FROM chargeback_evidence WHERE finished_at IS NULL";

/// Between two tries: a job has only so many.
const PAUSE: Duration = Duration::from_millis(200);

/// What does not happen in this time never does.
const LONG: Duration = Duration::from_secs(60);

const WINDOW: TimeDelta = TimeDelta::hours(73);

async fn until_decided(db: PgPool, text: &str, standing: Standing, more: &[&str], left: i64) {
    let till = till::open(db).await;
    let (booking, admin) = till.charged(NOT_RECEIVED).await;
    let begun = till.messages().await;
    assert_eq!(begun.len(), 2);
    till.told(&begun).await;
    let case = till.case(&booking).await;
    assert!(case.is_open() && case.by.is_none());
    let bank = &case.banks[0];
    let found = (bank.standing, &*bank.reason, bank.amount.minor, bank.waits());
    assert_eq!(found, (Standing::NeedsResponse, "product_not_received", 2500, true));
    assert_eq!(bank.due_by, Some(booking.end + TimeDelta::days(9)));
    assert_eq!(till.since_paid(&booking).await, TAKEN);
    assert_eq!(number(&till.services, "SELECT count(*) FROM student_debts").await, 0);
    assert_invariants(&till.services).await;

    // The parties say how it was; nobody decides but the bank, and nobody gives the same money back.
    let said = words("I was there for the whole hour.");
    dispute::answer(&till.services, &till.tutor.actor, case.id, &said, &[]).await.expect("said");
    for outcome in [Outcome::None, Outcome::Full] {
        let decided = dispute::decide(&till.services, &admin, case.id, outcome, None, "x", None).await;
        assert_eq!(refused(decided), (Code::InvalidState, "dispute_of_bank".into()));
    }
    let given = payment::refund(&till.services, &admin, booking.id, Some(100), "x").await;
    assert_eq!(refused(given), (Code::InvalidState, "refund_charged_back".into()));
    let open = dispute::open(&till.services, &till.student, booking.id, Reason::Other, &said, &[]).await;
    assert_eq!(refused(open).1, "dispute_of_bank");

    // The evidence is sent once, and the bank decides.
    assert_eq!(refused(till.submit(&till.student, case.id, "x").await).0, Code::InsufficientPermissions);
    till.submit(&admin, case.id, text).await.expect("asked");
    assert_eq!(refused(till.submit(&admin, case.id, text).await).1, "dispute_no_evidence");
    till.tick().await;
    let sent = &till.listed("disputes").await[0]["evidence"];
    for (field, part) in [
        ("access_activity_log", "join student by lectern"),
        ("cancellation_policy_disclosure", "I agree."),
        ("cancellation_policy_disclosure", "120 minutes"),
        ("product_description", "Receipt 1: 25.00 EUR"),
        ("customer_name", "Sam"),
        ("uncategorized_text", text),
    ] {
        let found = sent[field].as_str().is_some_and(|text| text.contains(part));
        assert!(found, "{field}: {}", sent[field]);
    }
    let closed = till.case(&booking).await;
    let bank = &closed.banks[0];
    assert_eq!((bank.standing, bank.answered_at.is_some(), closed.is_open()), (standing, true, false));
    let lines: Vec<_> = TAKEN.iter().chain(more).copied().collect();
    assert_eq!(till.since_paid(&booking).await, lines);
    let explained = till.explained(&booking).await;
    assert_eq!(explained.split.charge.minor - explained.refunded, left);
    assert_eq!(explained.status == ChargeStatus::Refunded, left == 0);
    assert_invariants(&till.services).await;

    // All of it again, twice and backwards, changes nothing.
    let mut again = till.messages().await;
    assert!(again.len() > begun.len() + 1);
    again.reverse();
    execute(&till.services, "DELETE FROM payment_events").await;
    till.told(&again).await;
    assert_eq!(till.since_paid(&booking).await, lines);
    assert_eq!(till.case(&booking).await, closed);
    let mut mails = mail::list(&till.services).await.expect("mails");
    mails.retain(|mail| mail.kind == "dispute" && mail.text.contains("bank"));
    assert_eq!(mails.len(), 4, "to both: that it began, and how it ended");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bank_decides_for_the_platform(db: PgPool) {
    until_decided(db, "winning_evidence", Standing::Won, &GIVEN_BACK, 2500).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bank_decides_for_the_owner_of_the_card(db: PgPool) {
    until_decided(db, "losing_evidence", Standing::Lost, &LOST, 0).await;
}

/// The messages come when it is all over, and in no order.
#[sqlx::test(migrations = "../migrations")]
async fn messages_that_come_late_lead_to_the_same(db: PgPool) {
    let till = till::open(db).await;
    let (booking, _) = till.charged(NOT_RECEIVED).await;
    till.lost().await;
    let mut messages = till.messages().await;
    messages.rotate_left(1);
    till.told(&messages).await;
    let told = till.case(&booking).await;
    assert_eq!((told.banks[0].standing, told.is_open()), (Standing::Lost, false));
    assert_eq!(till.since_paid(&booking).await, [&TAKEN[..], &LOST[..]].concat());
    assert_eq!(number(&till.services, "SELECT count(*) FROM chargebacks").await, 1);
    assert_invariants(&till.services).await;
}

/// A lesson is not paid out while a bank thinks, and then is, or not.
#[sqlx::test(migrations = "../migrations")]
async fn a_payout_waits_for_the_bank(db: PgPool) {
    let till = till::open(db).await;
    till.at(at_hour(0)).await;
    till.ready(&till.tutor).await;
    till.top_up().await;
    let (booking, admin) = till.charged(NOT_RECEIVED).await;
    till.told_all().await;
    till.at(booking.end + WINDOW).await;
    till.tick().await;
    assert_eq!(till.counted("transfers").await, 0);
    let case = till.case(&booking).await;
    till.submit(&admin, case.id, "winning_evidence").await.expect("asked");
    till.tick().await;
    till.told_all().await;
    till.tick().await;
    assert_eq!(till.counted("transfers").await, 1, "without waiting for anything else");
    assert_eq!(till.owed_to_tutor(&admin).await, 0);
    assert_invariants(&till.services).await;
}

/// What was paid out before the bank decided is taken back from the tutor.
#[sqlx::test(migrations = "../migrations")]
async fn a_loss_after_the_payout_is_taken_back(db: PgPool) {
    let till = till::open(db).await;
    till.at(at_hour(0)).await;
    till.ready(&till.tutor).await;
    till.top_up().await;
    let (booking, admin) = till.charged(NOT_RECEIVED).await;
    till.at(booking.end + WINDOW).await;
    till.tick().await;
    assert_eq!(till.listed("transfers").await[0]["amount"], 2250);
    till.told_all().await;
    assert_eq!(till.listed("transfers").await[0]["amount_reversed"], 0, "nothing is decided yet");
    till.lost().await;
    till.told_all().await;
    assert_eq!(till.listed("transfers").await[0]["amount_reversed"], 2250);
    assert_eq!(till.owed_to_tutor(&admin).await, 0);
    assert_eq!(number(&till.services, "SELECT count(*) FROM reversals WHERE state = 'succeeded'").await, 1);
    assert_invariants(&till.services).await;
}

/// A loss while the answer to the payout is not known: it is taken back once it is.
#[sqlx::test(migrations = "../migrations")]
async fn a_loss_beside_a_payout_waits_for_its_answer(db: PgPool) {
    let till = till::open(db).await;
    till.at(at_hour(0)).await;
    till.ready(&till.tutor).await;
    till.top_up().await;
    let (booking, admin) = till.charged(NOT_RECEIVED).await;
    till.at(booking.end + WINDOW).await;
    till.goes_wrong("/v1/transfers", ("drop_after", 0, 0)).await;
    till.hand_out_and_drain().await;
    assert_eq!(number(&till.services, "SELECT count(*) FROM payouts WHERE state = 'pending'").await, 1);
    till.lost().await;
    till.told_all().await;
    till.tick().await;
    assert_eq!(till.listed("transfers").await[0]["amount_reversed"], 2250);
    assert_eq!(till.owed_to_tutor(&admin).await, 0);
    assert_invariants(&till.services).await;
}

/// An inquiry takes no money; where a party had disputed the lesson before, it is a part of that.
#[sqlx::test(migrations = "../migrations")]
async fn an_inquiry_joins_what_a_party_disputes(db: PgPool) {
    let till = till::open(db).await;
    let (booking, admin) = till.charged(INQUIRY).await;
    let said = words("No.");
    let opened = dispute::open(&till.services, &till.student, booking.id, Reason::Other, &said, &[]);
    let opened = opened.await.expect("opened");
    till.told_all().await;
    let joined = till.case(&booking).await;
    assert_eq!((joined.id, joined.banks[0].standing), (opened.id, Standing::Inquiry));
    assert!(till.since_paid(&booking).await.is_empty());
    let decide =
        async || dispute::decide(&till.services, &admin, opened.id, Outcome::Full, None, "Yes.", None).await;
    assert_eq!(refused(decide().await).1, "dispute_of_bank");
    till.submit(&admin, opened.id, "winning_evidence").await.expect("asked");
    till.tick().await;
    assert!(till.case(&booking).await.is_open(), "the party's dispute waits for its decision");
    let mails = mail::list(&till.services).await.expect("mails");
    assert_eq!(
        mails.iter().filter(|mail| mail.text.contains("has taken nothing back")).count(),
        2,
        "to both"
    );
    decide().await.expect("decided");
    till.tick().await;
    assert_eq!(till.since_paid(&booking).await, ["refunded 2500", "refunded -2250", "refunded -250"]);
    assert_invariants(&till.services).await;
}

/// The money of an inquiry is still here: it can be given back, which ends it.
#[sqlx::test(migrations = "../migrations")]
async fn an_inquiry_leaves_the_money_to_be_given_back(db: PgPool) {
    let till = till::open(db).await;
    let (booking, admin) = till.charged(INQUIRY).await;
    till.told_all().await;
    let case = till.case(&booking).await;
    assert!(case.is_open() && case.by.is_none() && case.banks[0].waits());
    payment::refund(&till.services, &admin, booking.id, None, "Agreed.").await.expect("noted");
    till.tick().await;
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Refunded);
    assert_invariants(&till.services).await;
}

/// What was paid ahead is lost before the lesson is charged: the charge bears it.
#[sqlx::test(migrations = "../migrations")]
async fn what_was_paid_ahead_can_be_lost(db: PgPool) {
    let till = till::open(db).await;
    let (booking, _) = till.paid_ahead().await;
    till.told_all().await;
    till.lost().await;
    till.told_all().await;
    assert_eq!(till.case(&booking).await.banks[0].standing, Standing::Lost);
    assert_eq!(till.since_paid(&booking).await, TAKEN);
    assert_invariants(&till.services).await;
    till.at(booking.start).await;
    for actor in [&till.student, &till.tutor.actor] {
        lesson::join(&till.services, actor, booking.id).await.expect("let in");
    }
    till.at(booking.end).await;
    till.tick().await;
    assert_eq!(till.since_paid(&booking).await, [&TAKEN[..], &LOST[..]].concat());
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Refunded);
    assert_invariants(&till.services).await;
}

/// A payment whose answer was lost, and of another platform of the same account.
#[sqlx::test(migrations = "../migrations")]
async fn a_payment_that_is_unknown(db: PgPool) {
    let till = till::open(db).await;
    till.card(NOT_RECEIVED).await;
    let booking = till.taught(4).await;
    till.at(booking.end).await;
    till.fault(till::at_payments("drop_after", 0)).await;
    sweep::run(&till.services).await.expect("swept");
    till.hand_out_and_drain().await;
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Scheduled);
    till.told_all().await;
    assert_eq!(
        till.explained(&booking).await.status,
        ChargeStatus::Paid,
        "who takes a payment back has paid"
    );
    assert_eq!(till.since_paid(&booking).await, TAKEN);
    assert_invariants(&till.services).await;

    let form = [
        ("amount", "5000"),
        ("currency", "eur"),
        ("payment_method", NOT_RECEIVED),
        ("confirm", "true"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
    ];
    till.elsewhere("payment_intents", &form).await;
    till.told_all().await;
    assert_eq!(
        number(&till.services, "SELECT count(*) FROM chargebacks").await,
        1,
        "another's is left alone"
    );
    let open = "SELECT count(*) FROM payment_events WHERE processed_at IS NULL";
    assert_eq!(number(&till.services, open).await, 0);
}

/// However the provider's answers are lost, evidence is sent once and the case is mirrored.
#[sqlx::test(migrations = "../migrations")]
async fn answers_about_a_chargeback_are_lost(db: PgPool) {
    let till = till::open(db).await;
    let hasty = till.impatient();
    for (at, fault) in FAULTS.into_iter().enumerate() {
        till.card(NOT_RECEIVED).await;
        let booking = till.taught(24 * (i64::try_from(at).expect("a few") + 1) + 4).await;
        till.at(booking.end).await;
        till.tick().await;
        let admin = user(&till.services, &format!("Ada{at}"), Role::Admin).await;
        till.told_all().await;
        let case = till.case(&booking).await;
        till.goes_wrong("/v1/disputes/*", fault).await;
        till.submit(&admin, case.id, "losing_evidence").await.expect("asked");
        till::tick(&hasty).await;
        let began = Instant::now();
        while number(&till.services, OPEN_EVIDENCE).await > 0 {
            assert!(began.elapsed() < LONG, "not sent: {fault:?}");
            tokio::time::sleep(PAUSE).await;
            till.tick().await;
        }
        let sent = till.case(&booking).await.banks.remove(0);
        assert_eq!((sent.answered_at.is_some(), sent.failure), (true, None), "{fault:?}");
        till.told_all().await;
        assert_eq!(till.since_paid(&booking).await, [&TAKEN[..], &LOST[..]].concat(), "{fault:?}");
    }
    assert_invariants(&till.services).await;
}

/// The bank's time is over: it takes nothing, which is shown.
#[sqlx::test(migrations = "../migrations")]
async fn a_bank_takes_no_evidence_any_more(db: PgPool) {
    let till = till::open(db).await;
    let (booking, admin) = till.charged(NOT_RECEIVED).await;
    till.told_all().await;
    let case = till.case(&booking).await;
    till.lost().await;
    till.submit(&admin, case.id, "winning_evidence").await.expect("asked");
    till.tick().await;
    let bank = till.case(&booking).await.banks.remove(0);
    assert_eq!((bank.standing, bank.answered_at), (Standing::Lost, None));
    assert!(bank.failure.is_some_and(|why| why.contains("already closed")));
    assert_invariants(&till.services).await;
}
