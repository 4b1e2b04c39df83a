//! Many lessons due at once, two servers that look for work, and a scheduler outside that calls both.

use chrono::TimeDelta;
use domain::booking::Booking;
use serde_json::{Value, json};
use services::{
    payment,
    testing::{self, at_hour, booked, now, number},
};
use sqlx::PgPool;

use crate::{
    processes::{CRON, Server},
    world::World,
};

/// Pairs of a tutor and a student, and the lessons of each, one a day.
const PAIRS: i64 = 25;
const DAYS: i64 = 20;
const LESSONS: i64 = PAIRS * DAYS;

impl World {
    /// A student's lessons with a tutor, one a day, to which both came.
    async fn course(&self) -> Vec<Booking> {
        let tutor = testing::tutor(&self.services, "Tina").await;
        let student = testing::student(&self.services, "Sam").await;
        payment::save_card(&self.services, &student, "pm_card_visa", "I agree.").await.expect("a card");
        let mut bookings = Vec::new();
        for day in 0..DAYS {
            bookings.push(booked(&self.services, &student, &tutor, at_hour(24 * day + 4)).await);
        }
        bookings
    }

    /// The scheduler calls, and waits for as long as schedulers do: of what it is told, none may have failed.
    async fn call_cron(&self, server: &Server) {
        let request = self.client.post(format!("{}/api/cron/process-charges", server.base)).bearer_auth(CRON);
        let answer = request.send().await.expect("an answer");
        if answer.status().is_success() {
            let told: Value = answer.json().await.expect("an object");
            assert_eq!(told["data"]["failed"], 0, "{told}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn many_due_lessons_are_each_charged_once_by_two_servers_and_a_scheduler(db: PgPool) {
    let world = World::start(&db).await;
    // That a message and an answer may come in any order is shown elsewhere.
    world.sandbox.control("PUT", "webhooks", &json!({ "lose": true })).await;
    world.set_clock(now()).await;
    for _ in 0..PAIRS {
        let bookings = world.course().await;
        assert_eq!(bookings.len() as i64, DAYS);
    }
    let (first, second) = tokio::join!(world.server(), world.another_server());
    world.set_clock(at_hour(24 * DAYS) + TimeDelta::minutes(1)).await;
    tokio::join!(
        world.call_cron(&first),
        world.call_cron(&second),
        world.call_cron(&first),
        world.call_cron(&second),
    );
    let done = "SELECT (SELECT count(*) FROM mails WHERE kind = 'receipt') = (SELECT count(*) FROM bookings)
                   AND NOT EXISTS (SELECT FROM graphile_worker._private_jobs)";
    world.wait_for("all lessons to be charged", done).await;
    for (what, sql) in [
        ("charges", "SELECT count(*) FROM charges WHERE state = 'paid' AND amount_minor = 2500"),
        ("attempts", "SELECT count(*) FROM charge_attempts WHERE state = 'succeeded'"),
        ("all attempts", "SELECT count(*) FROM charge_attempts"),
        ("payments", "SELECT count(DISTINCT payment_intent) FROM charges"),
        ("settled", "SELECT count(*) FROM ledger_events WHERE kind = 'settled'"),
        ("paid", "SELECT count(*) FROM ledger_events WHERE kind = 'paid'"),
        ("last receipt", "SELECT max(receipt) FROM charges"),
        ("events", "SELECT count(*) FROM outbox WHERE kind = 'payment.succeeded'"),
        ("mails", "SELECT count(*) FROM mails WHERE kind = 'receipt'"),
    ] {
        assert_eq!(number(&world.services, sql).await, LESSONS, "{what}");
    }
    assert_eq!(number(&world.services, "SELECT sum(amount_minor)::bigint FROM ledger_entries").await, 0);
    let held = "SELECT sum(amount_minor)::bigint FROM ledger_entries WHERE account = 'provider'";
    assert_eq!(number(&world.services, held).await, -2500 * LESSONS);
    let state = world.sandbox.state().await;
    assert_eq!(state["payment_intents"], LESSONS);
    assert_eq!(state["payment_intents_by_status"]["succeeded"], LESSONS);
    world.assert_invariants(&first).await;
    world.assert_invariants(&second).await;
}
