//! Jobs: those that were given up, and what ties them to their cause.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use chrono::{DateTime, Utc};
use domain::{Code, account::Role};
use services::{
    Services,
    jobs::{self, Counts},
    payment::ChargeStatus,
    sweep, testing,
    trace::Trace,
};
use sqlx::{PgPool, postgres::PgPoolOptions};
use till::at_payments;
use tokio::{sync::oneshot, task::JoinHandle};

#[sqlx::test(migrations = "../migrations")]
async fn a_job_that_was_given_up_is_seen_and_runs_again(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    let booking = till.taught(4).await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    till.fault(at_payments("error_before", 500)).await;
    till.tick().await;
    testing::execute(&till.services, "UPDATE graphile_worker._private_jobs SET attempts = max_attempts")
        .await;
    let failed = jobs::list_failed(&till.services, &admin).await.expect("a list");
    assert_eq!((failed.len(), &*failed[0].name), (1, "charge_lesson"));
    assert!(failed[0].about.starts_with("charge ") && !failed[0].error.is_empty(), "{failed:?}");
    assert_eq!(jobs::counts(&till.services).await.expect("counts"), Counts { waiting: 0, failed: 1 });
    let nobody = jobs::run_again(&till.services, &till.student, failed[0].id).await;
    assert_eq!(nobody.expect_err("no admin").code(), Code::InsufficientPermissions);
    jobs::run_again(&till.services, &admin, failed[0].id).await.expect("runs again");
    let twice = jobs::run_again(&till.services, &admin, failed[0].id).await;
    assert_eq!(twice.expect_err("it waits already").code(), Code::NotFound);
    till.tick().await;
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Paid);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_follows_from_one_cause_is_tied_together(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    let traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    let cause = Trace { correlation_id: services::chance::id(), traceparent };
    cause.clone().scope(till.taught(4)).await;
    let booked = "SELECT correlation_id, traceparent FROM outbox WHERE kind = 'booking.created'";
    let booked: (uuid::Uuid, Option<String>) =
        sqlx::query_as(booked).fetch_one(&till.services.db).await.expect("an event");
    assert_eq!(booked, (cause.correlation_id, cause.traceparent));
    sweep::run(&till.services).await.expect("swept");
    jobs::hand_out(&till.services).await.expect("handed out");
    let job: serde_json::Value = sqlx::query_scalar(
        "SELECT j.payload FROM graphile_worker._private_jobs j
         JOIN graphile_worker._private_tasks t ON t.id = j.task_id WHERE t.identifier = 'charge_lesson'",
    )
    .fetch_one(&till.services.db)
    .await
    .expect("a job");
    till.tick().await;
    let paid = "SELECT correlation_id::text FROM outbox WHERE kind = 'payment.succeeded'";
    let paid: String = sqlx::query_scalar(paid).fetch_one(&till.services.db).await.expect("an event");
    assert_eq!(job["correlation_id"], paid, "{job}");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_another_server_is_handing_out_is_waited_for(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    let booking = till.taught(4).await;
    till.services.clock.set(&till.services.db, Some(booking.end)).await.expect("the clock");
    sweep::run(&till.services).await.expect("swept");
    // Another server has taken the charge and has not committed yet: here nobody sees its job.
    let mut other = till.services.begin().await.expect("a transaction");
    let taken = sqlx::query("UPDATE charges SET handed_out_at = now()").execute(&mut *other).await;
    assert_eq!(taken.expect("taken").rows_affected(), 1);
    let committed = AtomicBool::new(false);
    let commits = async {
        // Far more looks than a drain without patience takes to find nothing.
        for _ in 0..200 {
            sqlx::query("SELECT count(*) FROM charges").execute(&till.services.db).await.expect("a look");
        }
        committed.store(true, Ordering::Relaxed);
        other.commit().await.expect("a commit");
    };
    let drains = async {
        jobs::drain(&till.services).await.expect("worked off");
        assert!(committed.load(Ordering::Relaxed), "it went away while a charge was in nobody's hands");
    };
    futures::future::join(commits, drains).await;
}

/// A running server's workers, and what ends them.
struct Workers {
    working: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl Workers {
    fn start(services: &Services) -> Self {
        let (stop, stopped) = oneshot::channel();
        let services = services.clone();
        let working = tokio::spawn(async move { jobs::work(&services, async { drop(stopped.await) }).await });
        Workers { working, stop }
    }

    async fn end(self) {
        self.stop.send(()).expect("they still work");
        self.working.await.expect("they end orderly");
    }
}

/// As many connections as a server has: each worker listens on one of its own.
async fn as_a_server(db: PgPool) -> PgPool {
    let options = (*db.connect_options()).clone();
    PgPoolOptions::new().max_connections(20).connect_with(options).await.expect("a pool")
}

/// What the clock makes due is settled and handed out.
async fn settle_at(services: &Services, now: DateTime<Utc>) {
    services.clock.set(&services.db, Some(now)).await.expect("the clock");
    sweep::run(services).await.expect("swept");
    jobs::hand_out(services).await.expect("handed out");
}

/// Until so many charges are paid.
async fn wait_for_paid(services: &Services, count: i64) {
    let paid = async {
        let sql = "SELECT count(*) FROM charges WHERE state = 'paid'";
        while testing::number(services, sql).await < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), paid).await.expect("paid");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_worker_that_cannot_note_what_it_did_begins_again(db: PgPool) {
    let till = till::open(as_a_server(db).await).await;
    till.card("pm_card_visa").await;
    let (first, second) = (till.taught(4).await, till.taught(6).await);
    let services = &till.services;
    let refuses = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''full''; END';
                   CREATE TRIGGER refuse BEFORE DELETE ON graphile_worker._private_jobs EXECUTE FUNCTION refuse()";
    sqlx::raw_sql(refuses).execute(&services.db).await.expect("a database that is full");
    let workers = Workers::start(services);
    settle_at(services, first.end).await;
    wait_for_paid(services, 1).await;
    testing::execute(services, "DROP TRIGGER refuse ON graphile_worker._private_jobs").await;
    settle_at(services, second.end).await;
    wait_for_paid(services, 2).await;
    workers.end().await;
}
