//! Money that was to be given back and did not arrive: who is told, and how it is tried again.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod till;

use chrono::TimeDelta;
use domain::{Code, account::Role, booking::Booking};
use serde_json::json;
use services::{
    Actor, booking, lesson, mail, notice,
    payment::{self, Case},
    testing::{assert_invariants, at_hour, booked, number, refused, user},
};
use sqlx::PgPool;
use till::Till;

/// Its refunds are given and come back a minute later.
const REFUND_FAILS: &str = "pm_card_refundFail";
const VISA: &str = "pm_card_visa";
const LATER: TimeDelta = TimeDelta::minutes(2);

impl Till {
    async fn admin(&self) -> Actor {
        user(&self.services, "Ada", Role::Admin).await
    }

    async fn cases(&self, admin: &Actor) -> Vec<Case> {
        payment::open_cases(&self.services, admin).await.expect("cases")
    }

    /// The provider's failures come, some time later.
    async fn fails(&self) {
        self.at(self.services.clock.now() + LATER).await;
        self.hear("refund.failed").await;
    }

    async fn mails(&self) -> usize {
        let mails = mail::list(&self.services).await.expect("mails");
        mails.iter().filter(|mail| mail.kind == "refund_failed").count()
    }

    /// What the ledger has of a lesson, of some kinds.
    async fn lines(&self, booking: &Booking, kinds: &[&str]) -> Vec<String> {
        let lines = self.explained(booking).await.lines;
        let lines = lines.into_iter().filter(|line| kinds.contains(&&*line.event));
        lines.map(|line| format!("{} {}", line.event, line.amount)).collect()
    }

    /// A lesson that is paid ahead on this card.
    async fn paid_ahead(&self, card: &str) -> Booking {
        self.secured("prepay", card).await
    }

    /// A lesson for which money is secured in this way.
    async fn secured(&self, collection: &str, card: &str) -> Booking {
        let setting = sqlx::query("INSERT INTO settings (name, value) VALUES ('collection', $1)");
        setting.bind(json!(collection)).execute(&self.services.db).await.expect("a setting");
        self.at(at_hour(0)).await;
        self.card(card).await;
        let booking = booked(&self.services, &self.student, &self.tutor, at_hour(28)).await;
        self.tick().await;
        booking
    }

    async fn called_off(&self, booking: &Booking) {
        booking::cancel(&self.services, &self.tutor.actor, booking.id, None).await.expect("cancelled");
        self.tick().await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refund_that_fails_later_is_seen_to(db: PgPool) {
    let till = till::open(db).await;
    till.at(at_hour(0)).await;
    till.card(REFUND_FAILS).await;
    let booking = till.teach(&till.tutor).await;
    let admin = till.admin().await;
    payment::refund(&till.services, &admin, booking.id, Some(1000), "Half of it.").await.expect("noted");
    till.tick().await;
    assert!(till.cases(&admin).await.is_empty());
    till.fails().await;
    let case = till.cases(&admin).await.remove(0);
    assert_eq!(
        (&*case.kind, case.booking, case.amount.map(|it| it.minor)),
        ("refund_failed", booking.id, Some(1000))
    );
    assert_eq!(till.mails().await, 1);
    let told = notice::list(&till.services, &till.student, 1).await.expect("notices");
    assert!(told.rows.iter().any(|notice| notice.kind == mail::Kind::RefundFailed));
    assert_eq!(till.explained(&booking).await.refunded, 0);
    assert_invariants(&till.services).await;

    // Only an admin has it tried again, and once: a refund of its own, which fails in its turn.
    let again = async |actor: &Actor| payment::try_again(&till.services, actor, case.id).await;
    assert_eq!(refused(again(&till.student).await).0, Code::InsufficientPermissions);
    again(&admin).await.expect("tried again");
    assert_eq!(refused(again(&admin).await), (Code::NotFound, "case_not_found".into()));
    till.tick().await;
    assert!(till.cases(&admin).await.is_empty());
    let refunds = payment::list_refunds(&till.services, &till.student, booking.id).await.expect("refunds");
    let told: Vec<_> = refunds.iter().map(|refund| (&*refund.status, &*refund.reason)).collect();
    assert_eq!(told, [("failed", "Half of it."), ("succeeded", "Half of it.")]);
    assert_eq!((till.counted("refunds").await, till.explained(&booking).await.refunded), (2, 1000));
    assert_invariants(&till.services).await;
    till.fails().await;
    assert_eq!((till.cases(&admin).await.len(), till.mails().await), (1, 2), "another try, another case");
    till.hear("refund.failed").await;
    assert_eq!((till.cases(&admin).await.len(), till.mails().await), (1, 2), "told once");
    assert_invariants(&till.services).await;
}

/// Meanwhile something else was given back: the same refund is too much now.
#[sqlx::test(migrations = "../migrations")]
async fn a_refund_is_tried_again_as_far_as_something_is_left(db: PgPool) {
    let till = till::open(db).await;
    till.at(at_hour(0)).await;
    till.card(REFUND_FAILS).await;
    let booking = till.teach(&till.tutor).await;
    let admin = till.admin().await;
    payment::refund(&till.services, &admin, booking.id, Some(2000), "Most of it.").await.expect("noted");
    till.tick().await;
    till.fails().await;
    payment::refund(&till.services, &admin, booking.id, Some(1000), "Some of it.").await.expect("noted");
    till.tick().await;
    let case = till.cases(&admin).await.remove(0);
    let tried = payment::try_again(&till.services, &admin, case.id).await;
    assert_eq!(refused(tried).1, "refund_too_much");
    assert_eq!(till.cases(&admin).await.len(), 1, "it stays open");
    payment::close_case(&till.services, &admin, case.id, "Paid by other means.").await.expect("closed");
    assert!(till.cases(&admin).await.is_empty());
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_paid_ahead_comes_back_after_it_was_given_back(db: PgPool) {
    let till = till::open(db).await;
    let booking = till.paid_ahead(REFUND_FAILS).await;
    let admin = till.admin().await;
    till.called_off(&booking).await;
    let returned = "SELECT returned_minor FROM deposits";
    assert_eq!(number(&till.services, returned).await, 2500);
    let kinds = ["returned", "return_failed"];
    let once = ["returned -2500", "returned 2500"];
    assert_eq!(till.lines(&booking, &kinds).await, once);
    till.fails().await;
    let undone = ["return_failed -2500", "return_failed 2500"];
    assert_eq!(till.lines(&booking, &kinds).await, [once, undone].concat());
    assert_eq!(number(&till.services, returned).await, 0);
    let case = till.cases(&admin).await.remove(0);
    assert_eq!((&*case.kind, case.amount.map(|it| it.minor)), ("deposit_not_returned", Some(2500)));
    assert_eq!(till.mails().await, 1);
    assert_invariants(&till.services).await;

    // The message again, and a tick, change nothing; the admin has it tried again.
    till.hear("refund.failed").await;
    assert_eq!((till.cases(&admin).await.len(), till.counted("refunds").await), (1, 1));
    payment::try_again(&till.services, &admin, case.id).await.expect("tried again");
    till.tick().await;
    assert_eq!((number(&till.services, returned).await, till.counted("refunds").await), (2500, 2));
    assert_eq!(till.lines(&booking, &kinds).await, [once, undone, once].concat());
    assert!(till.cases(&admin).await.is_empty());
    assert_invariants(&till.services).await;
}

/// The rest of what was paid ahead, after half of it was charged.
#[sqlx::test(migrations = "../migrations")]
async fn the_rest_of_what_was_paid_ahead_comes_back(db: PgPool) {
    let till = till::open(db).await;
    let booking = till.paid_ahead(REFUND_FAILS).await;
    let admin = till.admin().await;
    till.at(booking.start).await;
    lesson::join(&till.services, &till.tutor.actor, booking.id).await.expect("let in");
    till.at(booking.start + TimeDelta::minutes(20)).await;
    lesson::mark_no_show(&till.services, &till.tutor.actor, booking.lesson).await.expect("marked");
    till.at(booking.end).await;
    till.tick().await;
    till.fails().await;
    let case = till.cases(&admin).await.remove(0);
    assert_eq!(case.amount.map(|it| it.minor), Some(1250));
    payment::try_again(&till.services, &admin, case.id).await.expect("tried again");
    till.tick().await;
    assert_eq!(number(&till.services, "SELECT used_minor + returned_minor FROM deposits").await, 2500);
    assert_invariants(&till.services).await;
}

/// The provider gives nothing back at all: its own staff had done so.
#[sqlx::test(migrations = "../migrations")]
async fn what_was_paid_ahead_is_refused(db: PgPool) {
    let till = till::open(db).await;
    let booking = till.paid_ahead(VISA).await;
    let admin = till.admin().await;
    let intent = till.listed("payment_intents").await[0]["id"].as_str().expect("an id").to_owned();
    till.elsewhere("refunds", &[("payment_intent", &intent)]).await;
    till.called_off(&booking).await;
    let cases = till.cases(&admin).await;
    assert_eq!((cases.len(), &*cases[0].kind), (1, "deposit_not_returned"));
    assert_eq!(number(&till.services, "SELECT returned_minor FROM deposits").await, 0);
    assert_eq!(till.mails().await, 1);
    for _ in 0..2 {
        till.tick().await;
    }
    assert_eq!((till.cases(&admin).await.len(), till.mails().await), (1, 1), "once");
    assert_invariants(&till.services).await;
}

/// What was set aside and is to be let go was taken by the provider's own staff: it is given back.
#[sqlx::test(migrations = "../migrations")]
async fn what_was_set_aside_was_taken_elsewhere(db: PgPool) {
    let till = till::open(db).await;
    let booking = till.secured("authorize", VISA).await;
    let admin = till.admin().await;
    let intent = till.listed("payment_intents").await[0]["id"].as_str().expect("an id").to_owned();
    till.elsewhere(&format!("payment_intents/{intent}/capture"), &[]).await;
    till.called_off(&booking).await;
    assert!(till.cases(&admin).await.is_empty());
    assert_eq!(till.listed("refunds").await[0]["amount"], 2500);
    assert_eq!(number(&till.services, "SELECT returned_minor FROM deposits").await, 2500);
    let lines = ["paid -2500", "paid 2500", "returned -2500", "returned 2500"];
    let mut found = till.lines(&booking, &["paid", "returned"]).await;
    found.sort();
    assert_eq!(found, lines);
    till.assert_reconciled(&admin).await;
    assert_invariants(&till.services).await;
}

/// What was let go elsewhere is gone, and nothing is to be seen to.
#[sqlx::test(migrations = "../migrations")]
async fn what_was_set_aside_was_let_go_elsewhere(db: PgPool) {
    let till = till::open(db).await;
    let booking = till.secured("authorize", VISA).await;
    let admin = till.admin().await;
    let intent = till.listed("payment_intents").await[0]["id"].as_str().expect("an id").to_owned();
    till.elsewhere(&format!("payment_intents/{intent}/cancel"), &[]).await;
    till.called_off(&booking).await;
    assert!(till.cases(&admin).await.is_empty());
    assert_eq!(number(&till.services, "SELECT count(*) FROM graphile_worker._private_jobs").await, 0);
}

/// A reversal that the provider refuses is borne by the tutor's next payouts; an admin reads of it.
#[sqlx::test(migrations = "../migrations")]
async fn a_reversal_that_fails_is_a_case(db: PgPool) {
    let till = till::open(db).await;
    till.at(at_hour(0)).await;
    till.ready(&till.tutor).await;
    till.card("pm_card_bypassPending").await;
    let booking = till.teach(&till.tutor).await;
    let admin = till.admin().await;
    till.at(booking.end + TimeDelta::hours(73)).await;
    till.tick().await;
    let transfer = till.listed("transfers").await[0]["id"].as_str().expect("an id").to_owned();
    till.elsewhere(&format!("transfers/{transfer}/reversals"), &[]).await;
    payment::refund(&till.services, &admin, booking.id, Some(1000), "Half of it.").await.expect("noted");
    till.tick().await;
    let case = till.cases(&admin).await.remove(0);
    assert_eq!((&*case.kind, case.amount.map(|it| it.minor)), ("reversal_failed", Some(900)));
    let tried = payment::try_again(&till.services, &admin, case.id).await;
    assert_eq!(refused(tried).1, "case_not_found", "there is nothing to give back");
    payment::close_case(&till.services, &admin, case.id, "Seen.").await.expect("closed");
    assert_eq!(till.mails().await, 0);
    assert_invariants(&till.services).await;
}
