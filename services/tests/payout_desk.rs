//! The admin's page of payouts: how far all money of tutors is, what was refused, what students owe.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    dispute::{Outcome, Reason, Statement},
    money::Currency,
    payout::AccountState,
};
use services::{
    Actor, dispute, payment,
    payout::{self, Line, Shelf},
    testing::{self, assert_invariants, at_hour, number, refused},
};
use sqlx::PgPool;
use till::Till;

const WINDOW: TimeDelta = TimeDelta::hours(72);
const MOMENT: TimeDelta = TimeDelta::microseconds(1);
const HOUR: TimeDelta = TimeDelta::hours(1);

/// A till whose clock stands, with a card of the student's.
async fn open(db: PgPool, card: &str) -> (Till, Actor) {
    let till = till::open(db).await;
    till.at(at_hour(0)).await;
    till.card(card).await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    (till, admin)
}

async fn pass(till: &Till, time: TimeDelta) {
    till.at(till.services.clock.now() + time).await;
    till.tick().await;
}

async fn lines(till: &Till, admin: &Actor, shelf: Shelf) -> Vec<Line> {
    payout::list_desk(&till.services, admin, shelf, 1).await.expect("lines").rows
}

/// Everything on the page: its part and the sum, in the order of the parts; and that the sums say the same, but of what
/// was paid, of which there is none.
async fn everything(till: &Till, admin: &Actor) -> Vec<(Shelf, i64)> {
    let mut all = Vec::new();
    for shelf in Shelf::ALL {
        let rows = lines(till, admin, shelf).await;
        all.extend(rows.into_iter().map(|line| (shelf, line.amount.minor)));
    }
    let sums = payout::sum_desk(&till.services, admin).await.expect("sums");
    assert!(sums.iter().all(|sum| sum.shelf != Shelf::Paid));
    for shelf in Shelf::ALL.into_iter().filter(|shelf| *shelf != Shelf::Paid) {
        let listed: Vec<_> = all.iter().filter(|(each, _)| *each == shelf).map(|(_, minor)| *minor).collect();
        let sum = sums.iter().find(|sum| sum.shelf == shelf && sum.currency == Currency::Eur);
        let summed = sum.map_or((0, 0), |sum| (sum.minor, sum.lines));
        assert_eq!(summed, (listed.iter().sum(), i64::try_from(listed.len()).expect("few")), "{shelf:?}");
    }
    all
}

#[sqlx::test(migrations = "../migrations")]
async fn money_walks_from_foreseen_to_paid(db: PgPool) {
    let (till, admin) = open(db, "pm_card_visa").await;
    till.ready(&till.tutor).await;
    assert_eq!(everything(&till, &admin).await, []);
    let first = till.teach(&till.tutor).await;
    let second = till.teach(&till.tutor).await;
    assert_eq!(everything(&till, &admin).await, [(Shelf::Foreseen, 4500)]);
    let line = &lines(&till, &admin, Shelf::Foreseen).await[0];
    assert_eq!((line.at, line.until), (first.end + WINDOW, second.end + WINDOW));
    assert_eq!((line.name.as_str(), line.lessons, line.account), ("Tina", 2, AccountState::Ready));
    till.at(first.end + WINDOW + MOMENT).await;
    assert_eq!(everything(&till, &admin).await, [(Shelf::Foreseen, 2250), (Shelf::Waiting, 2250)]);
    till.goes_wrong("/v1/transfers", ("drop_before", 0, 0)).await;
    till.hand_out_and_drain().await;
    assert_eq!(everything(&till, &admin).await, [(Shelf::Foreseen, 2250), (Shelf::OnTheWay, 2250)]);
    till.tick().await;
    assert_eq!(everything(&till, &admin).await, [(Shelf::Foreseen, 2250), (Shelf::Paid, 2250)]);
    assert_eq!(lines(&till, &admin, Shelf::Paid).await[0].lessons, 1);
    till.at(second.end + WINDOW + MOMENT).await;
    till.tick().await;
    assert_eq!(everything(&till, &admin).await, [(Shelf::Paid, 2250), (Shelf::Paid, 2250)]);
    assert_invariants(&till.services).await;
}

/// What stands in the way is said: no account, or a dispute, whatever the window says.
#[sqlx::test(migrations = "../migrations")]
async fn what_waits_says_for_what(db: PgPool) {
    let (till, admin) = open(db, "pm_card_visa").await;
    let booking = till.teach(&till.tutor).await;
    let said = Statement::parse("Too short.").expect("a statement");
    let opened = dispute::open(&till.services, &till.student, booking.id, Reason::CutShort, &said, &[]).await;
    let id = opened.expect("opened").id;
    assert_eq!(everything(&till, &admin).await, [(Shelf::Waiting, 2250)], "not foreseen: nobody knows when");
    assert!(lines(&till, &admin, Shelf::Waiting).await[0].disputed);
    dispute::decide(&till.services, &admin, id, Outcome::None, None, "No.", None).await.expect("decided");
    assert_eq!(everything(&till, &admin).await, [(Shelf::Foreseen, 2250)]);
    pass(&till, WINDOW + MOMENT).await;
    let waiting = lines(&till, &admin, Shelf::Waiting).await;
    assert_eq!((waiting[0].disputed, waiting[0].account), (false, AccountState::Missing));
    let again = payout::try_again(&till.services, &admin, till.tutor.id).await;
    assert_eq!(refused(again).1, "payout_account");
    till.ready(&till.tutor).await;
    till.tick().await;
    assert_eq!(everything(&till, &admin).await, [(Shelf::Paid, 2250)]);
}

/// A transfer that is refused is tried again at once where an admin says so, and each try is counted.
#[sqlx::test(migrations = "../migrations")]
async fn what_failed_is_tried_again(db: PgPool) {
    // What was paid is not available yet when the window ends: the platform's balance is too low.
    let (till, admin) = open(db, "pm_card_visa").await;
    testing::execute(&till.services, "INSERT INTO settings VALUES ('dispute_window_hours', '5')").await;
    till.ready(&till.tutor).await;
    till.teach(&till.tutor).await;
    pass(&till, HOUR * 5 + MOMENT).await;
    let failed = lines(&till, &admin, Shelf::Failed).await;
    assert_eq!(failed.len(), 1, "{:?}", everything(&till, &admin).await);
    assert_eq!((failed[0].tries, failed[0].failure.as_deref()), (1, Some("balance_insufficient")));
    till.tick().await;
    assert_eq!(lines(&till, &admin, Shelf::Failed).await[0].tries, 1, "not before the hour is over");
    for actor in [&till.student, &till.tutor.actor] {
        let refusal = payout::try_again(&till.services, actor, till.tutor.id).await;
        assert_eq!(refused(refusal).0, Code::InsufficientPermissions);
    }
    payout::try_again(&till.services, &admin, till.tutor.id).await.expect("noted");
    till.tick().await;
    assert_eq!(lines(&till, &admin, Shelf::Failed).await[0].tries, 2);
    till.top_up().await;
    payout::try_again(&till.services, &admin, till.tutor.id).await.expect("noted");
    till.tick().await;
    assert_eq!(everything(&till, &admin).await, [(Shelf::Paid, 2250)]);
    let told = "SELECT count(*) FROM live_events e JOIN users u ON u.id = e.user_id
                WHERE u.role = 'admin' AND e.kind = 'payout'";
    assert_eq!(number(&till.services, told).await, 4, "the account, two refusals, what was sent");
    assert_invariants(&till.services).await;
}

/// What could not be taken back is named, and carried until a payout bears it.
#[sqlx::test(migrations = "../migrations")]
async fn a_refused_reversal_is_named_and_carried(db: PgPool) {
    let (till, admin) = open(db, "pm_card_visa").await;
    till.ready(&till.tutor).await;
    let booking = till.teach(&till.tutor).await;
    pass(&till, WINDOW + MOMENT).await;
    let transfer = till.listed("transfers").await[0]["id"].as_str().expect("an id").to_owned();
    till.elsewhere(&format!("transfers/{transfer}/reversals"), &[]).await;
    payment::refund(&till.services, &admin, booking.id, Some(1000), "A test.").await.expect("noted");
    till.tick().await;
    assert_eq!(everything(&till, &admin).await, [(Shelf::Paid, 2250), (Shelf::Carried, -900)]);
    let refused_ones = payout::list_refused(&till.services, &admin).await.expect("reversals");
    assert_eq!(refused_ones.len(), 1);
    assert_eq!((refused_ones[0].booking, refused_ones[0].amount.minor), (booking.id, 900));
    assert!(!refused_ones[0].failure.is_empty());
    let sums = payout::sums(&till.services, &admin, till.tutor.id).await.expect("as the tutor sees it");
    assert_eq!(sums[0].carried, -900);
    till.teach(&till.tutor).await;
    pass(&till, WINDOW + HOUR).await;
    assert_eq!(everything(&till, &admin).await, [(Shelf::Paid, 1350), (Shelf::Paid, 2250)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn debts_are_listed_until_they_are_over(db: PgPool) {
    let (till, admin) = open(db, "pm_card_chargeCustomerFail").await;
    let booking = till.teach(&till.tutor).await;
    let owing = async || payout::list_owing(&till.services, &admin, 1).await.expect("debts").rows;
    let debts = owing().await;
    assert_eq!(
        (debts[0].booking, debts[0].student.as_str(), debts[0].amount.minor),
        (booking.id, "Sam", 2500)
    );
    payment::forgive(&till.services, &admin, booking.id, "It was our fault.").await.expect("forgiven");
    assert_eq!(owing().await, []);
    assert_eq!(everything(&till, &admin).await, [(Shelf::Foreseen, 2250)], "the tutor has earned it");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_page_is_for_admins(db: PgPool) {
    let (till, admin) = open(db, "pm_card_visa").await;
    for actor in [&till.student, &till.tutor.actor] {
        let services = &till.services;
        let codes = [
            refused(payout::list_desk(services, actor, Shelf::Paid, 1).await).0,
            refused(payout::sum_desk(services, actor).await).0,
            refused(payout::list_refused(services, actor).await).0,
            refused(payout::list_owing(services, actor, 1).await).0,
            refused(payout::tutor_name(services, actor, till.tutor.id).await).0,
        ];
        assert_eq!(codes, [Code::InsufficientPermissions; 5]);
    }
    let page = payout::list_desk(&till.services, &admin, Shelf::Paid, 0).await;
    assert_eq!(refused(page).0, Code::InvalidRequest);
    assert_eq!(payout::tutor_name(&till.services, &admin, till.tutor.id).await.expect("a name"), "Tina");
}
