//! Paying tutors: when, what, and what is taken back of it.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    booking::Booking,
    dispute::{Outcome, Reason, Statement},
    ids::{BookingId, DisputeId},
    payout::Month,
};
use serde_json::Value;
use services::{
    Actor, dispute, jobs, ledger,
    payment::{self, DebtPayment},
    payout::{self, LineKind},
    testing::{self, assert_invariants, at_hour, number},
};
use sqlx::PgPool;
use till::Till;

const WINDOW: TimeDelta = TimeDelta::hours(72);
const MOMENT: TimeDelta = TimeDelta::microseconds(1);
const HOUR: TimeDelta = TimeDelta::hours(1);

/// A till whose tutor can be paid, with a card of the student's.
async fn open(db: PgPool, card: &str) -> Till {
    let till = till::open(db).await;
    till.at(at_hour(0)).await;
    till.ready(&till.tutor).await;
    till.card(card).await;
    till
}

/// Lets time pass, and does what is due.
async fn pass(till: &Till, time: TimeDelta) {
    till.at(till.services.clock.now() + time).await;
    till.tick().await;
}

/// What was sent, the latest first: amounts, and what was taken back of them.
async fn transfers(till: &Till) -> Vec<(i64, i64)> {
    let minor = |value: &Value| value.as_i64().expect("an amount");
    let list = till.listed("transfers").await;
    list.iter().map(|it| (minor(&it["amount"]), minor(&it["amount_reversed"]))).collect()
}

/// The lines of a booking's ledger of some kinds: account, sum.
async fn lines(till: &Till, booking: BookingId, kinds: &[&str]) -> BTreeMap<String, i64> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT split_part(n.account, ':', 1), sum(n.amount_minor)::bigint
         FROM ledger_events v JOIN ledger_entries n ON n.event_id = v.id
         WHERE v.booking_id = $1 AND v.kind = ANY($2) GROUP BY 1",
    )
    .bind(booking.0)
    .bind(kinds)
    .fetch_all(&till.services.db)
    .await
    .expect("lines");
    rows.into_iter().collect()
}

fn sums(expected: &[(&str, i64)]) -> BTreeMap<String, i64> {
    expected.iter().map(|(account, sum)| ((*account).to_owned(), *sum)).collect()
}

/// What the ledger owes the tutor, and that every currency is at zero.
async fn balance(till: &Till, admin: &Actor) -> i64 {
    let all = ledger::balances(&till.services, admin).await.expect("balances");
    let mut totals = BTreeMap::<_, i64>::new();
    for line in &all {
        *totals.entry(line.currency).or_default() += line.balance;
    }
    assert!(totals.values().all(|total| *total == 0), "{totals:?}");
    let own = format!("tutor:{}", till.tutor.id);
    all.iter().find(|line| line.account == own).map_or(0, |line| line.balance)
}

async fn admin(till: &Till) -> Actor {
    testing::user(&till.services, "Ada", Role::Admin).await
}

async fn refund(till: &Till, admin: &Actor, booking: &Booking, minor: i64) {
    payment::refund(&till.services, admin, booking.id, Some(minor), "A test.").await.expect("noted");
    till.tick().await;
}

async fn disputed(till: &Till, booking: &Booking) -> DisputeId {
    let said = Statement::parse("We had twenty minutes only.").expect("a statement");
    let opened = dispute::open(&till.services, &till.student, booking.id, Reason::CutShort, &said, &[]).await;
    opened.expect("opened").id
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_is_paid_out_once_after_the_dispute_window(db: PgPool) {
    let till = open(db, "pm_card_visa").await;
    let booking = till.teach(&till.tutor).await;
    pass(&till, WINDOW).await;
    assert_eq!(transfers(&till).await, [], "the end of the window belongs to it");
    pass(&till, MOMENT).await;
    assert_eq!(transfers(&till).await, [(2250, 0)]);
    let sent = &till.listed("transfers").await[0];
    assert_eq!((&sent["currency"], &sent["transfer_group"]), (&"eur".into(), &sent["metadata"]["payout"]));
    assert_eq!(
        lines(&till, booking.id, &["transferred"]).await,
        sums(&[("tutor", -2250), ("provider", 2250)])
    );
    pass(&till, WINDOW).await;
    assert_eq!(transfers(&till).await.len(), 1);
    assert_eq!(balance(&till, &admin(&till).await).await, 0);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_window_is_the_bookings_own(db: PgPool) {
    let till = open(db, "pm_card_bypassPending").await;
    testing::execute(&till.services, "INSERT INTO settings VALUES ('dispute_window_hours', '5')").await;
    till.teach(&till.tutor).await;
    testing::execute(&till.services, "DELETE FROM settings").await;
    pass(&till, HOUR * 5).await;
    assert_eq!(transfers(&till).await, []);
    pass(&till, MOMENT).await;
    assert_eq!(transfers(&till).await, [(2250, 0)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn earnings_wait_for_an_account_and_go_together(db: PgPool) {
    let till = till::open(db).await;
    till.at(at_hour(0)).await;
    till.card("pm_card_visa").await;
    for _ in 0..2 {
        till.teach(&till.tutor).await;
    }
    pass(&till, WINDOW * 10).await;
    assert_eq!(transfers(&till).await, []);
    till.ready(&till.tutor).await;
    till.tick().await;
    assert_eq!(transfers(&till).await, [(4500, 0)], "one payout of two lessons");
    assert_eq!(number(&till.services, "SELECT count(*) FROM payout_lines").await, 2);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn only_what_was_paid_and_is_not_disputed_is_paid_out(db: PgPool) {
    let till = open(db, "pm_card_chargeCustomerFail").await;
    let owed = till.teach(&till.tutor).await;
    let good = till.card("pm_card_bypassPending").await;
    pass(&till, WINDOW + MOMENT).await;
    assert_eq!(transfers(&till).await, [], "a debt is no income");
    testing::execute(
        &till.services,
        "INSERT INTO disputes (id, booking_id, origin, opened_by, reason, state, opened_at)
         SELECT gen_random_uuid(), id, 'student', student_id, 'cut_short', 'open', created_at FROM bookings",
    )
    .await;
    let paid = payment::begin_debt_payment(&till.services, &till.student, owed.id, &good.id).await;
    assert_eq!(paid.expect("paid"), DebtPayment::Paid);
    pass(&till, WINDOW).await;
    assert_eq!(transfers(&till).await, [], "it is disputed");
    testing::execute(&till.services, "DELETE FROM disputes").await;
    pass(&till, HOUR).await;
    assert_eq!(transfers(&till).await, [(2250, 0)], "a debt that is paid later is paid out later");
    assert_invariants(&till.services).await;
}

/// Nothing is left to the hour after which what stood in the way is looked at again.
#[sqlx::test(migrations = "../migrations")]
async fn what_was_disputed_is_paid_out_once_that_is_decided(db: PgPool) {
    let till = open(db, "pm_card_bypassPending").await;
    let admin = admin(&till).await;
    let booking = till.teach(&till.tutor).await;
    let other = till.teach(&till.tutor).await;
    till.at(other.end + WINDOW).await;
    let opened = disputed(&till, &other).await;
    pass(&till, MOMENT).await;
    assert_eq!(transfers(&till).await, [(2250, 0)], "only the other lesson");
    assert_eq!(lines(&till, other.id, &["transferred"]).await, sums(&[]));
    let decided =
        dispute::decide(&till.services, &admin, opened, Outcome::Partial, Some(500), "Half of it.", None);
    decided.await.expect("decided");
    pass(&till, TimeDelta::zero()).await;
    assert_eq!(transfers(&till).await, [(1800, 0), (2250, 0)], "at the same instant");
    assert_ne!(lines(&till, booking.id, &["transferred"]).await, sums(&[]));
    assert_invariants(&till.services).await;
}

/// One lesson whose money waits for something does not hold up the next.
#[sqlx::test(migrations = "../migrations")]
async fn a_disputed_lesson_does_not_delay_the_next(db: PgPool) {
    let till = open(db, "pm_card_bypassPending").await;
    let first = till.teach(&till.tutor).await;
    disputed(&till, &first).await;
    let minutes = TimeDelta::minutes(10);
    let second = till.teach(&till.tutor).await;
    till.at(second.end + WINDOW - minutes).await;
    till.tick().await;
    assert_eq!(transfers(&till).await, []);
    pass(&till, minutes + MOMENT).await;
    assert_eq!(transfers(&till).await, [(2250, 0)], "within the hour");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_given_back_before_is_not_paid_out(db: PgPool) {
    let till = open(db, "pm_card_visa").await;
    let admin = admin(&till).await;
    let (some, all) = (till.teach(&till.tutor).await, till.teach(&till.tutor).await);
    refund(&till, &admin, &some, 1000).await;
    refund(&till, &admin, &all, 2500).await;
    pass(&till, WINDOW + MOMENT).await;
    assert_eq!(transfers(&till).await, [(1350, 0)]);
    assert_eq!(number(&till.services, "SELECT count(*) FROM reversals").await, 0);
    assert_eq!(balance(&till, &admin).await, 0);
    assert_invariants(&till.services).await;
}

/// The example of the product's rules: 1000 and then 1500 of 2500, after the transfer.
#[sqlx::test(migrations = "../migrations")]
async fn refunds_after_a_payout_reverse_its_transfer(db: PgPool) {
    let till = open(db, "pm_card_visa").await;
    let admin = admin(&till).await;
    let booking = till.teach(&till.tutor).await;
    pass(&till, WINDOW + MOMENT).await;
    for (minor, reversed) in [(1000, 900), (1500, 2250)] {
        refund(&till, &admin, &booking, minor).await;
        assert_eq!(transfers(&till).await, [(2250, reversed)], "{minor}");
    }
    let refunded = lines(&till, booking.id, &["refunded"]).await;
    assert_eq!(refunded, sums(&[("tutor", -2250), ("platform", -250), ("provider", 2500)]));
    let reversed = lines(&till, booking.id, &["reversed"]).await;
    assert_eq!(reversed, sums(&[("tutor", 2250), ("provider", -2250)]));
    assert_eq!(number(&till.services, "SELECT count(*) FROM refunds WHERE state = 'succeeded'").await, 2);
    assert_eq!(number(&till.services, "SELECT count(*) FROM reversals WHERE state = 'succeeded'").await, 2);
    assert_eq!(till.counted("refunds").await, 2);
    assert_eq!(balance(&till, &admin).await, 0);
    pass(&till, WINDOW).await;
    assert_eq!(transfers(&till).await, [(2250, 2250)], "nothing is sent again");
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_be_taken_back_is_carried_to_the_next_payouts(db: PgPool) {
    let till = open(db, "pm_card_visa").await;
    let admin = admin(&till).await;
    let first = till.teach(&till.tutor).await;
    pass(&till, WINDOW + MOMENT).await;
    let transfer = till.listed("transfers").await[0]["id"].as_str().expect("an id").to_owned();
    till.elsewhere(&format!("transfers/{transfer}/reversals"), &[("amount", "2250")]).await;
    refund(&till, &admin, &first, 2500).await;
    assert_eq!(payout::counts(&till.services).await.expect("counts").reversals_failed, 1);
    assert_eq!(balance(&till, &admin).await, -2250);
    // The next lesson only pays what is owed.
    let second = till.teach(&till.tutor).await;
    pass(&till, WINDOW + MOMENT).await;
    assert_eq!(transfers(&till).await, [(2250, 2250)], "nothing is left of it");
    assert_eq!(balance(&till, &admin).await, 0);
    // The one after it is paid out together with it, less what is carried.
    till.teach(&till.tutor).await;
    pass(&till, WINDOW + MOMENT).await;
    assert_eq!(transfers(&till).await, [(2250, 0), (2250, 2250)]);
    assert_eq!(lines(&till, first.id, &["withheld"]).await, sums(&[("tutor", 2250), ("provider", -2250)]));
    assert_eq!(
        lines(&till, second.id, &["transferred"]).await,
        sums(&[("tutor", -2250), ("provider", 2250)])
    );
    assert_eq!(balance(&till, &admin).await, 0);
    assert_invariants(&till.services).await;
}

/// A transfer that was smaller than its lessons, because something was kept back: of it less can be taken back.
#[sqlx::test(migrations = "../migrations")]
async fn only_what_is_left_of_a_transfer_is_asked_for(db: PgPool) {
    let till = open(db, "pm_card_visa").await;
    let admin = admin(&till).await;
    let lost = till.teach(&till.tutor).await;
    pass(&till, WINDOW + MOMENT).await;
    let transfer = till.listed("transfers").await[0]["id"].as_str().expect("an id").to_owned();
    till.elsewhere(&format!("transfers/{transfer}/reversals"), &[("amount", "2250")]).await;
    refund(&till, &admin, &lost, 2500).await;
    let (first, second) = (till.teach(&till.tutor).await, till.teach(&till.tutor).await);
    pass(&till, WINDOW + MOMENT).await;
    assert_eq!(transfers(&till).await[0], (2250, 0), "two lessons, less what is carried");
    refund(&till, &admin, &first, 1500).await;
    assert_eq!(transfers(&till).await[0], (2250, 1350));
    refund(&till, &admin, &second, 2500).await;
    assert_eq!(transfers(&till).await[0], (2250, 2250), "900 are left, 1350 are carried");
    assert_eq!(balance(&till, &admin).await, -1350);
    refund(&till, &admin, &first, 1000).await;
    assert_eq!(number(&till.services, "SELECT count(*) FROM reversals WHERE state = 'carried'").await, 1);
    assert_eq!(balance(&till, &admin).await, -2250);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payout_that_the_platforms_balance_does_not_cover_is_tried_again(db: PgPool) {
    let till = open(db, "pm_card_visa").await;
    till.teach(&till.tutor).await;
    till.at(till.services.clock.now() + WINDOW).await;
    let account = till.listed("accounts").await[0]["id"].as_str().expect("an id").to_owned();
    let away = [("amount", "1000"), ("currency", "eur"), ("destination", &*account)];
    till.elsewhere("transfers", &away).await;
    pass(&till, MOMENT).await;
    let counts = payout::counts(&till.services).await.expect("counts");
    assert_eq!((counts.paid, counts.failed, counts.short_of_balance), (0, 1, 1));
    assert_invariants(&till.services).await;
    till.tick().await;
    assert_eq!(payout::counts(&till.services).await.expect("counts").failed, 1, "not at once");
    till.top_up().await;
    pass(&till, HOUR).await;
    assert_eq!(transfers(&till).await, [(2250, 0), (1000, 0)]);
    let counts = payout::counts(&till.services).await.expect("counts");
    assert_eq!((counts.paid, counts.failed, counts.short_of_balance), (1, 1, 0));
    assert_invariants(&till.services).await;
}

/// A card whose refunds fail after a minute.
#[sqlx::test(migrations = "../migrations")]
async fn a_refund_that_fails_later_is_undone_and_the_tutor_gets_the_part_again(db: PgPool) {
    let till = open(db, "pm_card_refundFail").await;
    let admin = admin(&till).await;
    let booking = till.teach(&till.tutor).await;
    pass(&till, WINDOW + MOMENT).await;
    till.top_up().await;
    refund(&till, &admin, &booking, 1000).await;
    assert_eq!(transfers(&till).await, [(2250, 900)]);
    pass(&till, TimeDelta::minutes(2)).await;
    for _ in 0..2 {
        till.hear("refund.failed").await;
    }
    assert_eq!(till.explained(&booking).await.refunded, 0);
    let shown = payment::list_refunds(&till.services, &till.student, booking.id).await.expect("refunds");
    assert_eq!(shown.iter().map(|refund| &*refund.status).collect::<Vec<_>>(), ["failed"]);
    let kinds = ["refunded", "refund_failed"];
    assert_eq!(
        lines(&till, booking.id, &kinds).await,
        sums(&[("tutor", 0), ("platform", 0), ("provider", 0)])
    );
    assert_eq!(transfers(&till).await, [(900, 0), (2250, 900)], "sent again");
    assert_eq!(balance(&till, &admin).await, 0);
    assert_invariants(&till.services).await;
}

/// Given back in full before it was due, there was nothing to look for; the refund that fails makes it due again.
#[sqlx::test(migrations = "../migrations")]
async fn a_part_whose_refund_failed_is_paid_out_though_nothing_was_due(db: PgPool) {
    let till = open(db, "pm_card_refundFail").await;
    let admin = admin(&till).await;
    let booking = till.teach(&till.tutor).await;
    till.top_up().await;
    refund(&till, &admin, &booking, 2500).await;
    pass(&till, WINDOW + MOMENT).await;
    assert_eq!(transfers(&till).await, []);
    till.hear("refund.failed").await;
    till.tick().await;
    assert_eq!(transfers(&till).await, [(2250, 0)]);
    assert_eq!(balance(&till, &admin).await, 0);
    assert_invariants(&till.services).await;
}

/// Each row: what happened last, and what the tutor then reads: earned, held, payable, paid, carried; how far the
/// lessons are; and the states of the payouts.
#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_reads_what_becomes_of_the_money(db: PgPool) {
    let till = open(db, "pm_card_visa").await;
    let admin = admin(&till).await;
    let (actor, id) = (&till.tutor.actor, till.tutor.id);
    let read = async |sums: [i64; 5], progress: &[&str], states: &[&str], when: &str| {
        let told = payout::sums(&till.services, actor, id).await.expect("sums");
        let told: Vec<_> =
            told.iter().map(|it| [it.earned, it.held, it.payable, it.paid, it.carried]).collect();
        assert_eq!(told, [sums], "{when}");
        assert_eq!(sums[0], sums[1..].iter().sum::<i64>(), "{when}");
        let month = Month::parse("2027-03").expect("a month");
        let rows = payout::statement(&till.services, actor, id, month).await.expect("a statement");
        assert_eq!(rows.iter().map(|row| row.progress.name()).collect::<Vec<_>>(), progress, "{when}");
        let list = payout::list_payouts(&till.services, actor, id, 1, 20).await.expect("payouts");
        assert_eq!(list.rows.iter().map(|row| &*row.state).collect::<Vec<_>>(), states, "{when}");
        for row in &list.rows {
            assert_eq!(row.amount.minor, row.lines.iter().map(|line| line.amount).sum::<i64>(), "{when}");
        }
        assert_eq!(list.total, list.rows.len() as i64);
    };
    let first = till.teach(&till.tutor).await;
    read([2250, 2250, 0, 0, 0], &["held"], &[], "taught").await;
    till.at(till.services.clock.now() + WINDOW + MOMENT).await;
    read([2250, 0, 2250, 0, 0], &["payable"], &[], "past the window").await;
    till.tick().await;
    read([2250, 0, 0, 2250, 0], &["paid"], &["paid"], "paid out").await;
    let transfer = till.listed("transfers").await[0]["id"].as_str().expect("an id").to_owned();
    refund(&till, &admin, &first, 1000).await;
    read([1350, 0, 0, 1350, 0], &["paid"], &["paid"], "some given back").await;
    till.elsewhere(&format!("transfers/{transfer}/reversals"), &[]).await;
    refund(&till, &admin, &first, 1500).await;
    read([0, 0, 0, 1350, -1350], &["given_back"], &["paid"], "all given back, and not taken back").await;
    let second = till.teach(&till.tutor).await;
    pass(&till, WINDOW + MOMENT).await;
    read([2250, 0, 0, 2250, 0], &["given_back", "paid"], &["paid", "paid"], "kept back").await;
    let list = payout::list_payouts(&till.services, actor, id, 1, 20).await.expect("payouts");
    let lines: Vec<_> =
        list.rows[0].lines.iter().map(|line| (line.booking, line.kind, line.amount)).collect();
    assert_eq!(lines, [(first.id, LineKind::KeptBack, -1350), (second.id, LineKind::Lesson, 2250)]);
    let mails = "SELECT count(*) FROM mails m JOIN tutors t USING (user_id) WHERE kind = 'payout'";
    assert_eq!(number(&till.services, mails).await, 2);
    for actor in [&till.student, &testing::tutor(&till.services, "Theo").await.actor] {
        let refusal = testing::refused(payout::sums(&till.services, actor, id).await);
        assert_eq!(refusal.0, Code::InsufficientPermissions);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn many_servers_make_one_payout(db: PgPool) {
    let till = open(db, "pm_card_visa").await;
    for _ in 0..3 {
        till.teach(&till.tutor).await;
    }
    till.at(till.services.clock.now() + WINDOW + MOMENT).await;
    let servers: Vec<_> = (0..6).map(|_| till.second_server()).collect();
    let all = servers.iter().map(async |server| {
        jobs::hand_out(server).await.expect("handed out");
        jobs::drain(server).await.expect("worked off");
    });
    futures::future::join_all(all).await;
    assert_eq!(transfers(&till).await, [(6750, 0)]);
    assert_invariants(&till.services).await;
}
