//! Who is told of refunds and payouts: by mail, by a notice, once.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use chrono::TimeDelta;
use domain::{account::Role, ids::UserId};
use services::{
    Actor,
    mail::{self, Kind, Mail},
    notice::{self, Notice, Subject},
    payment, payout,
    testing::{self, assert_invariants, at_hour, number},
};
use sqlx::PgPool;
use till::Till;

const WINDOW: TimeDelta = TimeDelta::hours(73);

async fn open(db: PgPool) -> Till {
    let till = till::open(db).await;
    till.at(at_hour(0)).await;
    till.ready(&till.tutor).await;
    till.card("pm_card_visa").await;
    till
}

async fn mails(till: &Till, kind: &str) -> Vec<Mail> {
    let all = mail::list(&till.services).await.expect("mails");
    all.into_iter().filter(|mail| mail.kind == kind).collect()
}

async fn notices(till: &Till, actor: &Actor, kind: Kind) -> Vec<Notice> {
    let all = notice::list(&till.services, actor, 1).await.expect("notices").rows;
    all.into_iter().filter(|notice| notice.kind == kind).collect()
}

/// Everything that was told is told again.
async fn again(till: &Till) {
    testing::execute(&till.services, "UPDATE outbox SET dispatched_at = NULL").await;
    till.tick().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn each_refund_is_told_to_its_student_once(db: PgPool) {
    let till = open(db).await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    let booking = till.teach(&till.tutor).await;
    for _ in 0..2 {
        payment::refund(&till.services, &admin, booking.id, Some(1000), "Half an hour.")
            .await
            .expect("noted");
        till.tick().await;
    }
    again(&till).await;
    let told = mails(&till, "refund").await;
    assert_eq!(told.len(), 2, "two equal refunds are two");
    assert_eq!(told[0].subject, format!("€10.00 given back for {}", booking.title));
    assert!(told[0].text.contains("Half an hour.") && told[0].text.contains("4242"), "{}", told[0].text);
    let seen = notices(&till, &till.student, Kind::Refund).await;
    assert_eq!(seen.len(), 2);
    assert_eq!(notice::page(seen[0].kind, seen[0].subject), format!("/lessons/{}/charge", booking.id));
    assert_eq!(notices(&till, &till.tutor.actor, Kind::Refund).await, []);
    assert_invariants(&till.services).await;
}

/// What failed before anybody was told of it is not told.
#[sqlx::test(migrations = "../migrations")]
async fn a_refund_that_failed_meanwhile_is_not_told(db: PgPool) {
    let till = open(db).await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    let booking = till.teach(&till.tutor).await;
    payment::refund(&till.services, &admin, booking.id, Some(1000), "A test.").await.expect("noted");
    till.tick().await;
    testing::execute(&till.services, "DELETE FROM mails").await;
    testing::execute(&till.services, "DELETE FROM notices").await;
    testing::execute(&till.services, "UPDATE refunds SET state = 'failed', failure = 'lost'").await;
    again(&till).await;
    assert_eq!((mails(&till, "refund").await.len(), mails(&till, "receipt").await.len()), (0, 1));
    assert_eq!(notices(&till, &till.student, Kind::Refund).await, []);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payout_is_told_to_its_tutor_once(db: PgPool) {
    let till = open(db).await;
    till.teach(&till.tutor).await;
    till.at(till.services.clock.now() + WINDOW).await;
    till.tick().await;
    let seen = notices(&till, &till.tutor.actor, Kind::Payout).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].amount.map(|amount| amount.minor), Some(2250));
    assert!(matches!(seen[0].subject, Subject::Payout(_)) && seen[0].other.is_empty());
    assert_eq!(notice::page(seen[0].kind, seen[0].subject), "/tutor/earnings#payouts");
    let opened = notice::open(&till.services, &till.tutor.actor, seen[0].id).await.expect("opened");
    assert_eq!(opened, (Kind::Payout, seen[0].subject));
    assert_eq!(mails(&till, "payout").await.len(), 1);
    let UserId(tutor) = till.tutor.actor.user;
    let live = "SELECT count(*) FROM live_events WHERE kind = 'notice' AND payload ->> 'kind' = 'payout'
                AND user_id = $1";
    let live: i64 = sqlx::query_scalar(live).bind(tutor).fetch_one(&till.services.db).await.expect("a count");
    assert_eq!(live, 1);
}

/// Refusals in a row are one piece of news, and then that it was sent.
#[sqlx::test(migrations = "../migrations")]
async fn a_refused_payout_is_told_once(db: PgPool) {
    let till = open(db).await;
    testing::execute(&till.services, "INSERT INTO settings VALUES ('dispute_window_hours', '5')").await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    till.teach(&till.tutor).await;
    // What was paid is not available yet.
    till.at(till.services.clock.now() + TimeDelta::hours(6)).await;
    till.tick().await;
    for _ in 0..2 {
        till.at(till.services.clock.now() + TimeDelta::minutes(1)).await;
        payout::try_again(&till.services, &admin, till.tutor.id).await.expect("noted");
        till.tick().await;
    }
    let refused = "SELECT count(*) FROM payouts WHERE state = 'failed'";
    assert_eq!(number(&till.services, refused).await, 3);
    let told = mails(&till, "payout_failed").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].subject, "€22.50 could not be sent to you yet");
    assert!(told[0].text.contains("There is nothing that you need to do."), "{}", told[0].text);
    assert_eq!(notices(&till, &till.tutor.actor, Kind::PayoutFailed).await.len(), 1);
    till.top_up().await;
    payout::try_again(&till.services, &admin, till.tutor.id).await.expect("noted");
    till.tick().await;
    assert_eq!(mails(&till, "payout").await.len(), 1);
    assert_invariants(&till.services).await;
}
