//! Many lessons due at once, two servers that look for work, and a scheduler outside that calls both.

use chrono::TimeDelta;
use domain::booking::Booking;
use serde_json::Value;
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

    /// The scheduler calls; how many lessons it says were charged or declined.
    async fn call_cron(&self, server: &Server) -> (i64, i64) {
        let request = self.client.post(format!("{}/api/cron/process-charges", server.base)).bearer_auth(CRON);
        let answer: Value = request.send().await.expect("an answer").json().await.expect("an object");
        let count = |name: &str| answer["data"][name].as_i64().unwrap_or_else(|| panic!("{answer}"));
        (count("charged"), count("failed"))
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn many_due_lessons_are_each_charged_once_by_two_servers_and_a_scheduler(db: PgPool) {
    let world = World::start(&db).await;
    world.set_clock(now()).await;
    for _ in 0..PAIRS {
        let bookings = world.course().await;
        assert_eq!(bookings.len() as i64, DAYS);
    }
    let (first, second) = tokio::join!(world.server(), world.another_server());
    world.set_clock(at_hour(24 * DAYS) + TimeDelta::minutes(1)).await;
    let calls = tokio::join!(
        world.call_cron(&first),
        world.call_cron(&second),
        world.call_cron(&first),
        world.call_cron(&second),
        world.work_off(&first),
        world.work_off(&second),
    );
    let failed: i64 = [calls.0, calls.1, calls.2, calls.3].iter().map(|(_, failed)| failed).sum();
    assert_eq!(failed, 0, "{}", world.said());
    let told = "SELECT count(*) = 0 FROM payment_events WHERE processed_at IS NULL";
    world.wait_for("the provider's messages to be worked off", told).await;
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
