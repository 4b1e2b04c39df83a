//! Hints between servers by Postgres, and the looks at the table that find what no hint told.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use std::time::Duration;

use domain::ids::UserId;
use futures::FutureExt as _;
use serde_json::json;
use services::{
    Services, chance,
    live::{self, Bus, Hint, Hints, LiveBus as _},
    reset, testing,
};
use sqlx::{PgPool, postgres::PgListener};
use tokio::time::timeout;

/// More than any of it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The bus of a server.
async fn bus(db: &PgPool) -> Bus {
    Bus::start(db.clone(), None).await.expect("a bus")
}

async fn heard(hints: &mut Hints) -> Hint {
    timeout(PATIENCE, hints.next()).await.expect("a hint")
}

/// No row of the table names these people: what is heard was told, and no look at the table found it.
#[sqlx::test(migrations = "../migrations")]
async fn hints_go_from_server_to_server(db: PgPool) {
    let (one, other) = (bus(&db).await, bus(&db).await);
    let (ada, ben): (UserId, UserId) = (chance::id(), chance::id());
    let (mut hers, mut his) = (other.subscribe(ada), other.subscribe(ben));
    one.wake(&[ada]);
    assert_eq!(heard(&mut hers).await, Hint::Look);
    one.sign_in_ended(ada);
    assert_eq!(heard(&mut hers).await, Hint::SignInEnded);
    assert!(his.next().now_or_never().is_none(), "both were for somebody else");
}

#[sqlx::test(migrations = "../migrations")]
async fn many_wakes_are_told_together_and_none_is_lost(db: PgPool) {
    const TIMES: usize = 20;
    let (one, other) = (bus(&db).await, bus(&db).await);
    let mut listener = PgListener::connect_with(&db).await.expect("a connection");
    listener.listen("lectern_live").await.expect("listening");
    let people: Vec<UserId> = (0..50).map(|_| chance::id()).collect();
    let mut hints: Vec<Hints> = people.iter().map(|user| other.subscribe(*user)).collect();
    for _ in 0..TIMES {
        one.wake(&people);
    }
    for hints in &mut hints {
        assert_eq!(heard(hints).await, Hint::Look);
    }
    one.sign_in_ended(people[0]);
    let mut told = 0;
    loop {
        let next = timeout(PATIENCE, listener.recv()).await.expect("in time").expect("told");
        told += 1;
        if next.payload().contains('!') {
            break;
        }
    }
    let wakes = TIMES * people.len();
    assert!(told < wakes / 10, "{told} notifications for {wakes} wakes");
}

/// A new person, who is told something of which nobody gives a hint.
async fn told(services: &Services, bus: &Bus) -> (UserId, Hints) {
    let user = testing::student(services, "Sam").await.user;
    let hints = bus.subscribe(user);
    let mut tx = services.begin().await.expect("a transaction");
    live::record(&mut tx, &[user], "notice", &json!({}), services.clock.now()).await.expect("recorded");
    tx.commit().await.expect("committed");
    (user, hints)
}

/// A stream that is open all the while: the looks go on behind what they have seen.
#[sqlx::test(migrations = "../migrations")]
async fn what_is_told_after_a_fresh_start_is_found(db: PgPool) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    let services = testing::services_in(db.clone(), &[("LECTERN_DATA", &data)], None);
    let bus = bus(&db).await;
    let (before, mut open) = told(&services, &bus).await;
    assert_eq!(heard(&mut open).await, Hint::Look);
    let last = live::newest(&db, before).await.expect("a cursor");
    reset::start_over(&services).await.expect("started over");
    let (after, mut hints) = told(&services, &bus).await;
    assert_eq!(heard(&mut hints).await, Hint::Look);
    assert!(live::newest(&db, after).await.expect("a cursor") > last, "a page goes on behind its cursor");
    drop(open);
}
