//! Differences that admins close by hand and open again, on a real database, against the sandbox.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    ledger::Event,
    money::{Currency, Money},
    reconcile::Fault,
};
use services::{
    Actor,
    reconcile::{self, Difference, Listed},
    testing::{self, now, number},
};
use sqlx::PgPool;
use till::Till;
use uuid::Uuid;

const NOTE: &str = "Given back at the provider.\nNothing is left to do.";
/// What the provider's lines are about: a charge that nobody here knows.
const UNKNOWN: Uuid = Uuid::from_u128(7);

/// A payment that the ledger does not have, an admin who has seen it, and another.
async fn open(db: PgPool) -> (Till, Actor, Actor, Difference) {
    let till = till::open(db).await;
    till.at(now()).await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    let other = testing::user(&till.services, "Bob", Role::Admin).await;
    charge_elsewhere(&till).await;
    compare(&till, &admin).await;
    let [difference] = &listed(&till, &admin, Listed::Open).await[..] else { panic!("one") };
    let difference = difference.clone();
    (till, admin, other, difference)
}

async fn charge_elsewhere(till: &Till) {
    let about = UNKNOWN.to_string();
    let form = [
        ("amount", "1700"),
        ("currency", "eur"),
        ("payment_method", "pm_card_bypassPending"),
        ("confirm", "true"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
        ("metadata[charge]", &about),
    ];
    till.elsewhere("payment_intents", &form).await;
}

/// Has everything compared that is past its time of grace; how many differences were new.
async fn compare(till: &Till, admin: &Actor) -> i64 {
    till.at(till.services.clock.now() + TimeDelta::hours(4)).await;
    assert!(reconcile::run_now(&till.services, admin).await.expect("begun"));
    till.tick().await;
    let run = &reconcile::list_runs(&till.services, admin).await.expect("runs")[0];
    assert!(run.finished_at.is_some(), "at its end");
    run.found
}

/// The next comparison is of everything there ever was.
async fn forget_what_was_compared(till: &Till) {
    let all = "UPDATE reconciliations SET judged_until = 'epoch', newest = NULL";
    testing::execute(&till.services, all).await;
}

async fn listed(till: &Till, admin: &Actor, listed: Listed) -> Vec<Difference> {
    reconcile::list_differences(&till.services, admin, listed, 1).await.expect("listed").rows
}

async fn close(till: &Till, admin: &Actor, difference: &Difference) -> services::Result<()> {
    reconcile::close_by_hand(&till.services, admin, difference.id, &difference.mark(), NOTE).await
}

async fn counted(till: &Till) -> i64 {
    reconcile::counts(&till.services).await.expect("counts").open
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_closed_says_by_whom_and_why_and_alarms_nobody(db: PgPool) {
    let (till, admin, other, difference) = open(db).await;
    assert_eq!(counted(&till).await, 1);
    let beyond = reconcile::list_differences(&till.services, &admin, Listed::Open, 2).await.expect("listed");
    assert_eq!((beyond.page, beyond.rows.len()), (1, 1), "a page that became empty leads to the last one");
    close(&till, &admin, &difference).await.expect("closed");
    assert_eq!(counted(&till).await, 0);
    assert_eq!(listed(&till, &admin, Listed::Open).await, []);
    let [closed] = &listed(&till, &other, Listed::Closed).await[..] else { panic!("one") };
    assert_eq!((closed.id, closed.closed_by_hand), (difference.id, true));
    assert_eq!(closed.closed_at, Some(till.services.clock.now()));
    let [decision] = &closed.decisions[..] else { panic!("one: {closed:?}") };
    assert_eq!((decision.note.as_deref(), &*decision.by), (Some(NOTE), "Ada"));
    let told = "SELECT count(DISTINCT user_id) FROM live_events WHERE kind = 'reconciliation'";
    assert_eq!(number(&till.services, told).await, 2, "both admins' pages follow");

    till.at(till.services.clock.now() + TimeDelta::minutes(1)).await;
    reconcile::open_again(&till.services, &other, difference.id).await.expect("opened");
    assert_eq!(counted(&till).await, 1);
    let [opened] = &listed(&till, &admin, Listed::Open).await[..] else { panic!("one") };
    assert_eq!((opened.id, opened.closed_at, opened.closed_by_hand), (difference.id, None, false));
    let by: Vec<_> = opened.decisions.iter().map(|it| (it.note.is_some(), &*it.by)).collect();
    assert_eq!(by, [(true, "Ada"), (false, "Bob")]);
    assert_eq!(compare(&till, &admin).await, 0);
    assert_eq!(counted(&till).await, 1, "it is still there");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_be_decided_is_refused(db: PgPool) {
    let (till, admin, other, difference) = open(db).await;
    let (services, id, mark) = (&till.services, difference.id, difference.mark());
    let student = till.student.clone();
    for (actor, id, mark, note, code, key) in [
        (&student, id, &*mark, NOTE, Code::InsufficientPermissions, "forbidden"),
        (&admin, id + 1, &mark, NOTE, Code::NotFound, "not_found"),
        (&admin, id, &mark, " \n", Code::InvalidRequest, "case_note"),
        (&admin, id, &mark, &"x".repeat(501), Code::InvalidRequest, "case_note"),
        (&admin, id, "other_amount//", NOTE, Code::InvalidState, "difference_changed"),
    ] {
        let closed = reconcile::close_by_hand(services, actor, id, mark, note).await;
        assert_eq!(testing::refused(closed), (code, key.to_owned()));
    }
    for (actor, id, code, key) in [
        (&student, id, Code::InsufficientPermissions, "forbidden"),
        (&admin, id + 1, Code::NotFound, "not_found"),
        (&admin, id, Code::InvalidState, "difference_open"),
    ] {
        let opened = reconcile::open_again(services, actor, id).await;
        assert_eq!(testing::refused(opened), (code, key.to_owned()));
    }
    assert_eq!(counted(&till).await, 1);
    close(&till, &admin, &difference).await.expect("closed");
    let again = testing::refused(close(&till, &other, &difference).await);
    assert_eq!(again, (Code::InvalidState, "difference_closed".to_owned()));
    assert_eq!(number(services, "SELECT count(*) FROM difference_decisions").await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_closed_stays_so_until_it_says_something_else(db: PgPool) {
    let (till, admin, _, difference) = open(db).await;
    close(&till, &admin, &difference).await.expect("closed");
    forget_what_was_compared(&till).await;
    assert_eq!(compare(&till, &admin).await, 0, "seen again, and no news");
    assert_eq!(counted(&till).await, 0);

    charge_elsewhere(&till).await;
    assert_eq!(compare(&till, &admin).await, 1);
    let [news] = &listed(&till, &admin, Listed::Open).await[..] else { panic!("one") };
    let provider = news.provider.clone().expect("told");
    assert_eq!((news.fault, provider.minor, provider.lines), (Fault::MissingInLedger, 3400, 2));
    assert_eq!(news.decisions, []);
    assert_eq!(listed(&till, &admin, Listed::Closed).await[0].id, difference.id);
    let opened = testing::refused(reconcile::open_again(&till.services, &admin, difference.id).await);
    assert_eq!(opened.1, "difference_open", "the movement has an open one");

    close(&till, &admin, news).await.expect("closed");
    forget_what_was_compared(&till).await;
    assert_eq!(compare(&till, &admin).await, 0);
    assert_eq!(counted(&till).await, 0);

    // What is opened again says what is so now, whatever it said when it was closed.
    reconcile::open_again(&till.services, &admin, difference.id).await.expect("opened");
    forget_what_was_compared(&till).await;
    compare(&till, &admin).await;
    let [opened] = &listed(&till, &admin, Listed::Open).await[..] else { panic!("one") };
    let provider = opened.provider.clone().expect("told");
    assert_eq!((opened.id, provider.minor, provider.lines), (difference.id, 3400, 2));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_opened_again_closes_by_itself_once_it_is_gone(db: PgPool) {
    let (till, admin, _, difference) = open(db).await;
    close(&till, &admin, &difference).await.expect("closed");
    reconcile::open_again(&till.services, &admin, difference.id).await.expect("opened");
    till.card("pm_card_bypassPending").await;
    let booking = till.teach(&till.tutor).await;
    let money = Money { minor: 1700, currency: Currency::Eur };
    let source = format!("charge/{UNKNOWN}/paid");
    testing::post(&till.services, &[(booking, Event::Paid(money), source)]).await;
    compare(&till, &admin).await;
    assert_eq!(counted(&till).await, 0);
    let [gone] = &listed(&till, &admin, Listed::Closed).await[..] else { panic!("one") };
    assert_eq!((gone.id, gone.closed_by_hand, gone.decisions.len()), (difference.id, false, 2));
}

#[sqlx::test(migrations = "../migrations")]
async fn of_two_admins_at_once_one_closes_it(db: PgPool) {
    let (till, admin, other, difference) = open(db).await;
    let (one, two) = tokio::join!(close(&till, &admin, &difference), close(&till, &other, &difference));
    let refused: Vec<_> = [one, two].into_iter().filter(Result::is_err).map(testing::refused).collect();
    assert_eq!(refused, [(Code::InvalidState, "difference_closed".to_owned())]);
    assert_eq!(number(&till.services, "SELECT count(*) FROM difference_decisions").await, 1);

    let id = difference.id;
    let (one, two) = tokio::join!(
        reconcile::open_again(&till.services, &admin, id),
        reconcile::open_again(&till.services, &other, id)
    );
    let refused: Vec<_> = [one, two].into_iter().filter(Result::is_err).map(testing::refused).collect();
    assert_eq!(refused, [(Code::InvalidState, "difference_open".to_owned())]);
    assert_eq!(number(&till.services, "SELECT count(*) FROM difference_decisions").await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_comparison_does_not_open_what_is_closed_meanwhile(db: PgPool) {
    let (till, admin, _, difference) = open(db).await;
    forget_what_was_compared(&till).await;
    let mut closing = till.services.begin().await.expect("begun");
    let closed = "UPDATE differences SET closed_at = $2, closed_by = $3 WHERE id = $1";
    let closed = sqlx::query(closed).bind(difference.id).bind(now()).bind(admin.user.0);
    closed.execute(&mut *closing).await.expect("closed");
    let commit = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let since = Instant::now();
        while number(&till.services, waiting).await == 0 {
            assert!(since.elapsed() < Duration::from_secs(30), "the comparison does not wait");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        closing.commit().await.expect("committed");
    };
    let ((), new) = tokio::join!(commit, compare(&till, &admin));
    assert_eq!((new, counted(&till).await), (0, 0), "the comparison waited, and saw that it is closed");
}
