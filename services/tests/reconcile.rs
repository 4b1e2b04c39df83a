//! The ledger compared with the provider's own account, on a real database, against the sandbox.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::{
    account::Role,
    booking::Booking,
    ledger::Event,
    money::{Currency, Money},
    reconcile::{Fault, Kind},
};
use serde_json::{Value, json};
use services::{
    Actor, jobs, ledger, lesson, mail, payment,
    reconcile::{self, Difference, Listed},
    testing::{self, assert_invariants, at_hour, booked, now, number},
};
use sqlx::PgPool;
use till::Till;
use uuid::Uuid;

const WINDOW: TimeDelta = TimeDelta::hours(73);

/// The student pays, the tutor can be paid, and an admin looks.
async fn open(db: PgPool) -> (Till, Actor) {
    let till = till::open(db).await;
    till.at(now()).await;
    till.ready(&till.tutor).await;
    till.card("pm_card_bypassPending").await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    (till, admin)
}

async fn pass(till: &Till, time: TimeDelta) {
    till.at(till.services.clock.now() + time).await;
    till.tick().await;
}

/// Has the two compared once everything so far is past its time of grace; what differs.
async fn compare(till: &Till, admin: &Actor) -> Vec<Difference> {
    pass(till, TimeDelta::hours(4)).await;
    assert!(reconcile::run_now(&till.services, admin).await.expect("begun"));
    till.tick().await;
    differences(till, admin, Listed::Open).await
}

async fn differences(till: &Till, admin: &Actor, listed: Listed) -> Vec<Difference> {
    let last = &reconcile::list_runs(&till.services, admin).await.expect("runs")[0];
    assert!(last.finished_at.is_some(), "at its end");
    reconcile::list_differences(&till.services, admin, listed, 1).await.expect("listed").rows
}

/// What the platform has with the provider, by currency: by the provider's word, and by the ledger's.
async fn balances(till: &Till, admin: &Actor) -> [BTreeMap<String, i64>; 2] {
    let url = format!("{}/v1/balance", till.sandbox.url());
    let asked = till.client.get(url).bearer_auth("sk_test_sandbox").send().await.expect("asked");
    let told: Value = asked.json().await.expect("a balance");
    let mut provider = BTreeMap::<String, i64>::new();
    for part in ["available", "pending"] {
        for sum in told[part].as_array().expect("sums") {
            let currency = sum["currency"].as_str().expect("a currency").to_uppercase();
            *provider.entry(currency).or_default() += sum["amount"].as_i64().expect("an amount");
        }
    }
    let own = ledger::balances(&till.services, admin).await.expect("balances");
    let own = own.into_iter().filter(|balance| balance.account == "provider");
    [provider, own.map(|balance| (balance.currency.to_string(), -balance.balance)).collect()]
}

/// Somebody has the provider charge a card elsewhere, and says that it is for this.
async fn charge_elsewhere(till: &Till, amount: &str, currency: &str, about: &[(&str, String)]) -> Value {
    let mut form = vec![
        ("amount", amount),
        ("currency", currency),
        ("payment_method", "pm_card_bypassPending"),
        ("confirm", "true"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
    ];
    form.extend(about.iter().map(|(name, value)| (*name, &**value)));
    till.elsewhere("payment_intents", &form).await
}

/// Something is entered that no other program knows of.
async fn enter(till: &Till, booking: &Booking, event: fn(Money) -> Event, minor: i64, source: String) {
    let money = Money { minor, currency: Currency::Eur };
    testing::post(&till.services, &[(booking.clone(), event(money), source)]).await;
}

async fn charge_of(till: &Till, booking: &Booking) -> Uuid {
    let id = sqlx::query_scalar("SELECT id FROM charges WHERE booking_id = $1").bind(booking.id.0);
    id.fetch_one(&till.services.db).await.expect("a charge")
}

fn named(difference: &Difference) -> (Kind, Fault, Option<i64>, Option<i64>) {
    let minor = |side: &Option<domain::reconcile::Side>| side.as_ref().map(|side| side.minor);
    (difference.kind, difference.fault, minor(&difference.ledger), minor(&difference.provider))
}

#[sqlx::test(migrations = "../migrations")]
async fn a_month_without_accidents_has_no_differences(db: PgPool) {
    let (till, admin) = open(db).await;
    for day in 0..6 {
        let booking = till.teach(&till.tutor).await;
        if day % 2 == 0 {
            pass(&till, WINDOW).await;
            payment::refund(&till.services, &admin, booking.id, Some(1000), "A test.").await.expect("noted");
            till.tick().await;
        }
    }
    pass(&till, WINDOW).await;
    assert_eq!(compare(&till, &admin).await, []);
    let run = &reconcile::list_runs(&till.services, &admin).await.expect("runs")[0];
    assert_eq!(run.asked_by.as_deref(), Some("Ada"));
    let lines = i64::try_from(till.counted("balance_transactions").await).expect("a number");
    assert_eq!((run.lines, run.found, run.closed), (lines, 0, 0));
    assert!(lines >= 6 + 3 + 3 + 3, "{lines} lines");
    assert!(number(&till.services, "SELECT count(*) FROM ledger_events WHERE kind = 'reversed'").await >= 1);
    let [provider, own] = balances(&till, &admin).await;
    assert_eq!(provider, own, "with what the provider keeps for its work");
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn money_ahead_of_a_lesson_is_no_difference(db: PgPool) {
    let (till, admin) = open(db).await;
    for (collection, comes) in [("prepay", false), ("authorize", true), ("authorize", false)] {
        sqlx::query("INSERT INTO settings (name, value) VALUES ('collection', $1) ON CONFLICT (name) DO UPDATE SET value = $1")
            .bind(json!(collection))
            .execute(&till.services.db)
            .await
            .expect("a setting");
        let days = (till.services.clock.now() - now()).num_days();
        let booking = booked(&till.services, &till.student, &till.tutor, at_hour(24 * (days + 2) + 4)).await;
        till.tick().await;
        till.at(booking.start).await;
        till.tick().await;
        lesson::join(&till.services, &till.tutor.actor, booking.id).await.expect("let in");
        if comes {
            lesson::join(&till.services, &till.student, booking.id).await.expect("let in");
        } else {
            till.at(booking.start + TimeDelta::minutes(20)).await;
            lesson::mark_no_show(&till.services, &till.tutor.actor, booking.lesson).await.expect("marked");
        }
        till.at(booking.end).await;
        till.tick().await;
    }
    assert_eq!(number(&till.services, "SELECT count(*) FROM deposits WHERE state = 'used'").await, 3);
    assert_eq!(number(&till.services, "SELECT count(*) FROM ledger_events WHERE kind = 'returned'").await, 1);
    assert_eq!(compare(&till, &admin).await, []);
    let [provider, own] = balances(&till, &admin).await;
    assert_eq!(provider, own);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_bank_takes_and_gives_back_is_no_difference(db: PgPool) {
    let till = till::open(db).await;
    till.at(now()).await;
    till.card("pm_card_createDisputeProductNotReceived").await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    till.teach(&till.tutor).await;
    till.hear("charge.dispute.funds_withdrawn").await;
    assert_eq!(compare(&till, &admin).await, []);
    let [provider, own] = balances(&till, &admin).await;
    assert_eq!(provider, own, "with the fee of the chargeback");
    let dispute = till.listed("disputes").await[0]["id"].as_str().expect("an id").to_owned();
    let evidence = [("evidence[uncategorized_text]", "winning_evidence")];
    till.elsewhere(&format!("disputes/{dispute}"), &evidence).await;
    let missed = compare(&till, &admin).await;
    let [missed] = &missed[..] else { panic!("{missed:?}") };
    assert_eq!(named(missed), (Kind::Chargeback, Fault::MissingInLedger, None, Some(2500)));
    till.hear("charge.dispute.closed").await;
    assert_eq!(compare(&till, &admin).await, []);
    let [provider, own] = balances(&till, &admin).await;
    assert_eq!(provider, own);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payment_that_one_side_lacks_is_named(db: PgPool) {
    let (till, admin) = open(db).await;
    let booking = till.teach(&till.tutor).await;
    let unknown = Uuid::from_u128(7);
    let about = [("metadata[charge]", unknown.to_string())];
    let made = charge_elsewhere(&till, "1700", "eur", &about).await;
    let stranger = charge_elsewhere(&till, "1800", "eur", &[]).await;
    let lost = Uuid::from_u128(8);
    enter(&till, &booking, Event::Paid, 1900, format!("charge/{lost}/paid")).await;

    let mut found = compare(&till, &admin).await;
    found.sort_by_key(|difference| difference.provider.as_ref().map(|side| side.minor));
    let told: Vec<_> = found.iter().map(named).collect();
    assert_eq!(
        told,
        [
            (Kind::Payment, Fault::MissingAtProvider, Some(1900), None),
            (Kind::Payment, Fault::MissingInLedger, None, Some(1700)),
            (Kind::Payment, Fault::MissingInLedger, None, Some(1800)),
        ]
    );
    assert_eq!(found[0].booking, Some(booking.id));
    assert_eq!(found[1].reference, unknown.to_string());
    assert_eq!(found[1].object.as_deref(), made["latest_charge"].as_str());
    assert_eq!(Some(&*found[2].reference), stranger["id"].as_str());
    assert_eq!(reconcile::counts(&till.services).await.expect("counts").open, 3);
    let told = mail::list(&till.services).await.expect("mails");
    let told: Vec<_> = told.iter().filter(|mail| mail.kind == "reconciliation").collect();
    assert_eq!(told.len(), 1, "the admin is told, once");
    assert!(told[0].subject.starts_with("3 new differences"), "{}", told[0].subject);
    assert_eq!(compare(&till, &admin).await.len(), 3);
    let mails = "SELECT count(*) FROM mails WHERE kind = 'reconciliation'";
    assert_eq!(number(&till.services, mails).await, 1, "what is known is no news");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_happened_twice_is_named(db: PgPool) {
    let (till, admin) = open(db).await;
    let booking = till.teach(&till.tutor).await;
    pass(&till, WINDOW).await;
    assert_eq!(compare(&till, &admin).await, []);
    let charge = charge_of(&till, &booking).await;
    charge_elsewhere(&till, "2500", "eur", &[("metadata[charge]", charge.to_string())]).await;
    let transfer = &till.listed("transfers").await[0];
    let payout = transfer["metadata"]["payout"].as_str().expect("a payout");
    let destination = transfer["destination"].as_str().expect("an account");
    let form = [
        ("amount", "2250"),
        ("currency", "eur"),
        ("destination", destination),
        ("metadata[payout]", payout),
        ("transfer_group", payout),
    ];
    till.elsewhere("transfers", &form).await;

    let found = compare(&till, &admin).await;
    let told: BTreeMap<_, _> = found.iter().map(|it| (it.kind, named(it))).collect();
    let doubled = |kind, once| (kind, (kind, Fault::Doubled, Some(once), Some(2 * once)));
    assert_eq!(told, BTreeMap::from([doubled(Kind::Payment, 2500), doubled(Kind::Transfer, -2250)]));
    let of = |kind| found.iter().find(|it| it.kind == kind).expect("named");
    assert_eq!(of(Kind::Payment).booking, Some(booking.id));
    assert_eq!(of(Kind::Transfer).payout.map(|id| id.to_string()).as_deref(), Some(payout));
}

#[sqlx::test(migrations = "../migrations")]
async fn other_amounts_and_currencies_are_named(db: PgPool) {
    let (till, admin) = open(db).await;
    let booking = till.teach(&till.tutor).await;
    let [dear, foreign] = [Uuid::from_u128(5), Uuid::from_u128(6)];
    charge_elsewhere(&till, "2600", "eur", &[("metadata[charge]", dear.to_string())]).await;
    charge_elsewhere(&till, "2500", "usd", &[("metadata[charge]", foreign.to_string())]).await;
    for id in [dear, foreign] {
        enter(&till, &booking, Event::Paid, 2500, format!("charge/{id}/paid")).await;
    }
    let mut told: Vec<_> = compare(&till, &admin).await.iter().map(named).collect();
    told.sort();
    assert_eq!(
        told,
        [
            (Kind::Payment, Fault::OtherCurrency, Some(2500), Some(2500)),
            (Kind::Payment, Fault::OtherAmount, Some(2500), Some(2600)),
        ]
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refund_that_one_side_lacks_is_named(db: PgPool) {
    let (till, admin) = open(db).await;
    let booking = till.teach(&till.tutor).await;
    let charge = till.listed("charges").await[0]["id"].as_str().expect("an id").to_owned();
    let made = till.elsewhere("refunds", &[("charge", &charge), ("amount", "600")]).await;
    let lost = Uuid::from_u128(9);
    enter(&till, &booking, Event::Returned, 700, format!("refund/{lost}")).await;
    let mut found = compare(&till, &admin).await;
    found.sort_by_key(|it| it.provider.is_some());
    let told: Vec<_> = found.iter().map(named).collect();
    assert_eq!(
        told,
        [
            (Kind::Refund, Fault::MissingAtProvider, Some(-700), None),
            (Kind::Refund, Fault::MissingInLedger, None, Some(-600)),
        ]
    );
    assert_eq!(Some(&*found[1].reference), made["id"].as_str());
    assert_eq!(found[1].booking, Some(booking.id), "by the payment that it is about");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_under_way_is_no_difference_until_its_time_of_grace_is_over(db: PgPool) {
    let (till, admin) = open(db).await;
    let booking = till.teach(&till.tutor).await;
    let late = Uuid::from_u128(4);
    charge_elsewhere(&till, "1600", "eur", &[("metadata[charge]", late.to_string())]).await;
    pass(&till, TimeDelta::hours(2)).await;
    assert!(reconcile::run_now(&till.services, &admin).await.expect("begun"));
    till.tick().await;
    assert_eq!(differences(&till, &admin, Listed::Open).await, []);

    let [open] = &compare(&till, &admin).await[..] else { panic!("one") };
    assert_eq!(named(open), (Kind::Payment, Fault::MissingInLedger, None, Some(1600)));
    enter(&till, &booking, Event::Paid, 1600, format!("charge/{late}/paid")).await;
    assert_eq!(compare(&till, &admin).await, [], "it came");
    let [closed] = &differences(&till, &admin, Listed::Closed).await[..] else { panic!("one") };
    assert_eq!((closed.id, closed.closed_at), (open.id, Some(till.services.clock.now())));
    let runs = reconcile::list_runs(&till.services, &admin).await.expect("runs");
    let figures: Vec<_> = runs.iter().map(|run| (run.found, run.closed)).collect();
    assert_eq!(figures, [(0, 1), (1, 0), (0, 0)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn it_is_due_once_a_day_and_any_number_may_ask(db: PgPool) {
    let (till, admin) = open(db).await;
    till.teach(&till.tutor).await;
    let second = till.second_server();
    let (one, two) = tokio::join!(reconcile::hand_out(&till.services), reconcile::hand_out(&second));
    assert_eq!(u8::from(one.expect("asked")) + u8::from(two.expect("asked")), 1);
    assert!(!reconcile::run_now(&till.services, &admin).await.expect("asked"), "one is under way");
    till.tick().await;
    assert_eq!(reconcile::counts(&till.services).await.expect("counts").age, Some(0));
    assert!(!reconcile::hand_out(&till.services).await.expect("asked"));
    pass(&till, TimeDelta::hours(24)).await;
    assert_eq!(reconcile::counts(&till.services).await.expect("counts").age, Some(24 * 3600));
    assert!(reconcile::hand_out(&till.services).await.expect("asked"));
    till.tick().await;
    assert_eq!(reconcile::list_runs(&till.services, &admin).await.expect("runs").len(), 2);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn one_that_is_left_lying_is_handed_out_again(db: PgPool) {
    let (till, admin) = open(db).await;
    till.teach(&till.tutor).await;
    assert!(reconcile::hand_out(&till.services).await.expect("asked"));
    testing::execute(&till.services, "DELETE FROM graphile_worker._private_jobs").await;
    pass(&till, TimeDelta::hours(25)).await;
    assert!(reconcile::hand_out(&till.services).await.expect("asked"));
    till.tick().await;
    let runs = reconcile::list_runs(&till.services, &admin).await.expect("runs");
    assert_eq!(runs.len(), 1);
    assert!(runs[0].finished_at.is_some());
}

/// What was compared in a future that a clock then left does not hide what happens now.
#[sqlx::test(migrations = "../migrations")]
async fn a_clock_that_was_set_back_blinds_nobody(db: PgPool) {
    let (till, admin) = open(db).await;
    let then = till.services.clock.now();
    pass(&till, TimeDelta::days(400)).await;
    assert!(reconcile::hand_out(&till.services).await.expect("asked"));
    till.tick().await;
    till.at(then).await;
    let booking = till.teach(&till.tutor).await;
    let charge = charge_of(&till, &booking).await;
    charge_elsewhere(&till, "2500", "eur", &[("metadata[charge]", charge.to_string())]).await;
    pass(&till, TimeDelta::hours(25)).await;
    assert!(
        reconcile::hand_out(&till.services).await.expect("asked"),
        "it is due, as if there were no other"
    );
    till.tick().await;
    let open =
        reconcile::list_differences(&till.services, &admin, Listed::Open, 1).await.expect("listed").rows;
    let [doubled] = &open[..] else { panic!("{open:?}") };
    assert_eq!(named(doubled), (Kind::Payment, Fault::Doubled, Some(2500), Some(5000)));
}

/// Charges without a lesson, so that there are many lines.
async fn many_lines(till: &Till, count: u128) {
    for id in 0..count {
        let about = [("metadata[charge]", Uuid::from_u128(1000 + id).to_string())];
        charge_elsewhere(till, "1000", "eur", &about).await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn it_goes_on_where_the_provider_failed(db: PgPool) {
    let (till, admin) = open(db).await;
    many_lines(&till, 250).await;
    pass(&till, TimeDelta::hours(4)).await;
    assert!(reconcile::run_now(&till.services, &admin).await.expect("begun"));
    for status in [429, 500, 503] {
        till.fault(json!({
            "path": "/v1/balance_transactions", "kind": "error_before", "status": status, "skip": 1
        }))
        .await;
        jobs::retry_now(&till.services).await.expect("due");
        jobs::drain(&till.services).await.expect("worked off");
        let read = number(&till.services, "SELECT count(*) FROM provider_lines").await;
        assert!(read >= 100, "{status}: what was read before is kept: {read}");
    }
    till.tick().await;
    assert_eq!(number(&till.services, "SELECT count(*) FROM provider_lines").await, 250);
    let found = reconcile::list_differences(&till.services, &admin, Listed::Open, 1).await.expect("listed");
    assert_eq!(found.total, 250);
    let [provider, own] = balances(&till, &admin).await;
    assert_eq!(provider["EUR"] - own["EUR"], 250 * 1000, "fees are entered once");
}

#[sqlx::test(migrations = "../migrations")]
async fn two_that_go_on_with_the_same_one_do_everything_once(db: PgPool) {
    let (till, admin) = open(db).await;
    many_lines(&till, 120).await;
    pass(&till, TimeDelta::hours(4)).await;
    assert!(reconcile::run_now(&till.services, &admin).await.expect("begun"));
    let copies = "INSERT INTO graphile_worker._private_jobs (task_id, payload, max_attempts)
                  SELECT task_id, payload, 14 FROM graphile_worker._private_jobs, generate_series(1, 5)";
    testing::execute(&till.services, copies).await;
    till.tick().await;
    let [run] = &reconcile::list_runs(&till.services, &admin).await.expect("runs")[..] else { panic!("one") };
    assert_eq!((run.lines, run.judged, run.found), (120, 120, 120));
    let [provider, own] = balances(&till, &admin).await;
    assert_eq!(provider["EUR"] - own["EUR"], 120 * 1000, "fees are entered once");
}

#[sqlx::test(migrations = "../migrations")]
async fn only_admins_see_and_start_it(db: PgPool) {
    let (till, _) = open(db).await;
    for actor in [&till.student, &till.tutor.actor] {
        let refused = [
            testing::refused(reconcile::run_now(&till.services, actor).await),
            testing::refused(reconcile::list_runs(&till.services, actor).await),
            testing::refused(reconcile::list_differences(&till.services, actor, Listed::Open, 1).await),
        ];
        assert!(refused.iter().all(|(_, key)| key == "forbidden"), "{refused:?}");
    }
}
