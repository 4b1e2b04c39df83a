//! What is killed: charging, declining, paying a debt, refunding, hearing from the provider.

use std::time::Instant;

use chrono::TimeDelta;
use serde_json::json;
use services::testing;
use sqlx::PgPool;

use crate::{
    points::{Moment, PATIENCE, Point},
    processes::{LOOK_AGAIN, Server},
    world::{Lesson, World},
};

/// What happens to money.
#[derive(Clone, Copy)]
enum Scenario {
    /// A lesson is charged.
    Charge,
    /// A lesson is charged on a card that is declined.
    Decline,
    /// A lesson is charged whose student has no card.
    NoCard,
    /// An answer is asked for again after the provider has forgotten the key.
    Forgotten,
    /// The student pays what a declined card left.
    PayDebt,
    /// The same, after the first answer was lost and its key forgotten.
    ForgottenDebt,
    /// An admin gives some back.
    Refund,
    /// An answer to a refund is asked for again after the provider has forgotten the key.
    ForgottenRefund,
    /// An admin gives some back, and the provider does not: there everything was given back already.
    RefusedRefund,
    /// The provider tells of a payment whose answer was lost.
    Message,
}

/// A scenario that is about to happen.
struct Stage {
    lesson: Lesson,
    cookie: String,
    event: String,
}

/// The provider has forgotten its keys.
const LATER: TimeDelta = TimeDelta::hours(25);

const VISA: &str = "pm_card_visa";
const FAILS_LATER: &str = "pm_card_chargeCustomerFail";

impl Scenario {
    /// All that comes before it.
    async fn prepare(self, world: &World, server: &Server) -> Stage {
        let cards: &[&str] = match self {
            Scenario::Decline => &[FAILS_LATER],
            Scenario::PayDebt | Scenario::ForgottenDebt => &[FAILS_LATER, VISA],
            Scenario::NoCard => &[],
            _ => &[VISA],
        };
        let lesson = world.taught(cards).await;
        let (mut cookie, mut event) = (String::new(), String::new());
        match self {
            Scenario::Charge | Scenario::Decline | Scenario::NoCard => {}
            Scenario::Forgotten => {
                lose_an_answer(world, server).await;
                world.set_clock(lesson.booking.end + LATER).await;
            }
            Scenario::PayDebt | Scenario::ForgottenDebt => {
                world.work_off(server).await;
                cookie = world.cookie(&lesson.student).await;
            }
            Scenario::Refund | Scenario::ForgottenRefund | Scenario::RefusedRefund => {
                world.work_off(server).await;
                cookie = world.cookie(&world.admin().await).await;
            }
            Scenario::Message => event = lose_an_answer(world, server).await,
        }
        let stage = Stage { lesson, cookie, event };
        match self {
            Scenario::RefusedRefund => world.give_back_elsewhere(&stage.lesson).await,
            Scenario::ForgottenDebt => {
                world.lose_next("/v1/payment_intents/*/confirm").await;
                let answer = world.pay_debt(server, &stage).await;
                assert!(
                    answer.is_some_and(|answer| answer.status().is_server_error()),
                    "the answer was lost"
                );
                world.set_clock(stage.lesson.booking.end + LATER).await;
            }
            Scenario::ForgottenRefund => {
                world.lose_next("/v1/refunds").await;
                world.refund(server, &stage).await;
                world.run_due(server, "/dev/tick").await;
                world.set_clock(stage.lesson.booking.end + LATER).await;
            }
            _ => {}
        }
        stage
    }

    /// The scenario itself, as often as those who ask repeat it: a server that is killed answers nobody.
    async fn happen(self, world: &World, server: &Server, stage: &Stage) {
        match self {
            Scenario::Charge | Scenario::Decline | Scenario::NoCard => {}
            Scenario::Forgotten | Scenario::ForgottenRefund => {}
            Scenario::PayDebt | Scenario::ForgottenDebt => {
                // A server that is killed answers nobody.
                let answer = world.pay_debt(server, stage).await;
                assert!(answer.is_none_or(|answer| is_fine(&answer)), "{}", world.said());
            }
            // The admin looks at the list of refunds first.
            Scenario::Refund | Scenario::RefusedRefund if world.has_refund(&stage.lesson).await => {}
            Scenario::Refund | Scenario::RefusedRefund => world.refund(server, stage).await,
            Scenario::Message => world.hear(&stage.event).await,
        }
        // The next try of the payment whose answer was lost is not due yet: the message comes first.
        let path = if matches!(self, Scenario::Message) { "/api/cron/process-charges" } else { "/dev/tick" };
        world.run_due(server, path).await;
    }
}

/// A payment whose answer was lost, and the id of the provider's message about it.
async fn lose_an_answer(world: &World, server: &Server) -> String {
    world.sandbox.control("PUT", "webhooks", &json!({ "lose": true })).await;
    world.lose_next("/v1/payment_intents").await;
    world.run_due(server, "/dev/tick").await;
    let later = "UPDATE graphile_worker._private_jobs SET run_at = run_at + interval '1 hour'";
    testing::execute(&world.services, later).await;
    world.sandbox.control("PUT", "webhooks", &json!({})).await;
    let events = world.sandbox.ask("events?type=payment_intent.succeeded&limit=1").await;
    events["data"][0]["id"].as_str().expect("an event").to_owned()
}

fn is_fine(answer: &reqwest::Response) -> bool {
    answer.status().is_success() || answer.status().is_redirection()
}

/// Runs a scenario undisturbed, then once for each point and each side of it with a server that is killed there.
async fn survives(db: &PgPool, scenario: Scenario, name: &str, story: &str) {
    let world = World::start(db).await;
    world.sandbox.control("PUT", "webhooks", &json!({ "lose": true })).await;
    let server = world.quiet_server().await;
    let stage = scenario.prepare(&world, &server).await;
    world.points.begin(None);
    scenario.happen(&world, &server, &stage).await;
    let points = world.points.end();
    world.work_off(&server).await;
    assert_eq!(world.story(&stage.lesson).await, story, "undisturbed");
    world.kill(server).await;
    let listed: Vec<String> = points.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(name, listed.join("\n"));
    for point in &points {
        for moment in point.moments() {
            let told = killed_at(&world, scenario, point, *moment).await;
            assert_eq!(told, story, "killed {moment:?} {point}; the server says:\n{}", world.said());
        }
    }
}

/// Kills a server at a point, and tells how it ended.
async fn killed_at(world: &World, scenario: Scenario, point: &Point, moment: Moment) -> String {
    let server = world.quiet_server().await;
    let stage = scenario.prepare(world, &server).await;
    world.points.begin(Some((point.clone(), moment)));
    tokio::select! {
        () = world.points.reached() => {}
        () = scenario.happen(world, &server, &stage) => panic!("{point} was not reached: {:?}", world.points.end()),
        () = tokio::time::sleep(PATIENCE) => panic!("{point} was not reached in time: {}", world.said()),
    }
    world.points.end();
    world.kill(server).await;
    let server = world.server().await;
    scenario.happen(world, &server, &stage).await;
    world.work_off(&server).await;
    let story = world.story(&stage.lesson).await;
    world.assert_invariants(&server).await;
    world.kill(server).await;
    story
}

impl World {
    /// The provider acts once more at an address, and its answer is lost.
    async fn lose_next(&self, path: &str) {
        let fault = json!({ "method": "POST", "path": path, "kind": "drop_after", "times": 1 });
        self.sandbox.control("POST", "faults", &fault).await;
    }

    /// The student pays with the other card; what is answered, where somebody does.
    async fn pay_debt(&self, server: &Server, stage: &Stage) -> Option<reqwest::Response> {
        let card = "SELECT id FROM cards WHERE user_id = $1 AND NOT is_default";
        let card =
            sqlx::query_scalar(card).bind(stage.lesson.student.user.0).fetch_one(&self.services.db).await;
        let (booking, card): (_, String) = (stage.lesson.booking.id.to_string(), card.expect("a card"));
        let fields = [("booking", &*booking), ("card", &*card)];
        self.post(server, "/do/pay_debt", Some((&stage.cookie, &fields))).await
    }

    /// The admin gives 10 € back.
    async fn refund(&self, server: &Server, stage: &Stage) {
        let booking = stage.lesson.booking.id.to_string();
        let fields = [("booking", &*booking), ("amount", "10.00"), ("reason", "Half an hour only.")];
        let answer = self.post(server, "/do/refund_charge", Some((&stage.cookie, &fields))).await;
        assert!(answer.is_none_or(|answer| is_fine(&answer)), "{}", self.said());
    }

    async fn run_due(&self, server: &Server, path: &str) {
        let request = self.client.post(format!("{}{path}", server.base)).bearer_auth(crate::processes::CRON);
        let answer = request.send().await;
        // A server that is killed answers nobody.
        assert!(
            answer.is_err() || answer.is_ok_and(|answer| answer.status().is_success()),
            "{}",
            self.said()
        );
    }

    /// The provider's own staff gives everything back.
    async fn give_back_elsewhere(&self, lesson: &Lesson) {
        let sql = "SELECT payment_intent FROM charges WHERE booking_id = $1";
        let intent = sqlx::query_scalar(sql).bind(lesson.booking.id.0).fetch_one(&self.services.db).await;
        let intent: String = intent.expect("a payment");
        let request =
            self.client.post(format!("{}/v1/refunds", self.sandbox.url)).bearer_auth("sk_test_sandbox");
        let answer = request.form(&[("payment_intent", intent)]).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    async fn has_refund(&self, lesson: &Lesson) -> bool {
        let sql = "SELECT EXISTS (SELECT FROM refunds WHERE booking_id = $1)";
        let found = sqlx::query_scalar(sql).bind(lesson.booking.id.0).fetch_one(&self.services.db).await;
        found.expect("yes or no")
    }

    /// Has the provider send its message, and send it again until it is taken; then once more.
    async fn hear(&self, event: &str) {
        let began = Instant::now();
        self.sandbox.control("POST", "webhooks/resend", &json!({ "event": event })).await;
        loop {
            let sql = "SELECT EXISTS (SELECT FROM payment_events WHERE id = $1)";
            let is_kept: bool =
                sqlx::query_scalar(sql).bind(event).fetch_one(&self.services.db).await.expect("yes or no");
            let report = self.sandbox.report().await;
            if is_kept && report["under_way"] == 0 {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "the message is not taken: {report}\n{}", self.said());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_charge_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 0\n\
                 attempts: succeeded\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500\n\
                 mails: receipt\n\
                 outbox: booking.completed, payment.succeeded\n\
                 provider: 1 payments, 1 of them succeeded, 0 refunds";
    survives(&db, Scenario::Charge, "charge", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_decline_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: debt 2500, given back 0\n\
                 attempts: declined\n\
                 debts: open\n\
                 ledger: settled -2500, settled 2250, settled 250\n\
                 mails: payment_failed\n\
                 outbox: booking.completed, payment.failed\n\
                 provider: 1 payments, 0 of them succeeded, 0 refunds";
    survives(&db, Scenario::Decline, "decline", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_charge_without_a_card_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: debt 2500, given back 0\n\
                 debts: open\n\
                 ledger: settled -2500, settled 2250, settled 250\n\
                 mails: payment_failed\n\
                 outbox: booking.completed, payment.failed\n\
                 provider: 0 payments, 0 of them succeeded, 0 refunds";
    survives(&db, Scenario::NoCard, "no_card", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn looking_up_an_old_payment_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 0\n\
                 attempts: succeeded\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500\n\
                 mails: receipt\n\
                 outbox: booking.completed, payment.succeeded\n\
                 provider: 1 payments, 1 of them succeeded, 0 refunds";
    survives(&db, Scenario::Forgotten, "forgotten", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn paying_a_debt_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 0\n\
                 attempts: declined, succeeded\n\
                 debts: paid\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500\n\
                 mails: payment_failed, receipt\n\
                 outbox: booking.completed, payment.failed, payment.succeeded\n\
                 provider: 1 payments, 1 of them succeeded, 0 refunds";
    survives(&db, Scenario::PayDebt, "pay_debt", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn paying_a_debt_a_day_later_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 0\n\
                 attempts: declined, succeeded\n\
                 debts: paid\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500\n\
                 mails: payment_failed, receipt\n\
                 outbox: booking.completed, payment.failed, payment.succeeded\n\
                 provider: 1 payments, 1 of them succeeded, 0 refunds";
    survives(&db, Scenario::ForgottenDebt, "forgotten_debt", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn looking_up_an_old_refund_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 1000\n\
                 attempts: succeeded\n\
                 refunds: succeeded 1000\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500, refunded 1000, \
                 refunded -900, refunded -100\n\
                 mails: receipt\n\
                 outbox: booking.completed, payment.succeeded, payment.refunded\n\
                 provider: 1 payments, 1 of them succeeded, 1 refunds";
    survives(&db, Scenario::ForgottenRefund, "forgotten_refund", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refund_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 1000\n\
                 attempts: succeeded\n\
                 refunds: succeeded 1000\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500, refunded 1000, \
                 refunded -900, refunded -100\n\
                 mails: receipt\n\
                 outbox: booking.completed, payment.succeeded, payment.refunded\n\
                 provider: 1 payments, 1 of them succeeded, 1 refunds";
    survives(&db, Scenario::Refund, "refund", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refused_refund_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 0\n\
                 attempts: succeeded\n\
                 refunds: failed 1000\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500\n\
                 mails: receipt\n\
                 outbox: booking.completed, payment.succeeded, payment.refund_failed\n\
                 provider: 1 payments, 1 of them succeeded, 1 refunds";
    survives(&db, Scenario::RefusedRefund, "refused_refund", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_message_of_the_provider_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 0\n\
                 attempts: succeeded\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500\n\
                 mails: receipt\n\
                 outbox: booking.completed, payment.succeeded\n\
                 messages: payment_intent.succeeded at 2027-03-01 13:00:00+00\n\
                 provider: 1 payments, 1 of them succeeded, 0 refunds";
    survives(&db, Scenario::Message, "message", story).await;
}

/// The same without any help: no clock is moved and nobody asks for anything.
#[sqlx::test(migrations = "../migrations")]
async fn what_a_killed_server_was_working_on_is_taken_over(db: PgPool) {
    let world = World::start(&db).await;
    let server = world.quiet_server().await;
    let stage = Scenario::Charge.prepare(&world, &server).await;
    world.points.begin(None);
    Scenario::Charge.happen(&world, &server, &stage).await;
    let points = world.points.end();
    let call = points.iter().find(|point| point.to_string().starts_with("call: ")).expect("a call");
    let stage = Scenario::Charge.prepare(&world, &server).await;
    world.points.begin(Some((call.clone(), Moment::After)));
    tokio::select! {
        () = world.points.reached() => {}
        () = Scenario::Charge.happen(&world, &server, &stage) => panic!("{call} was not reached"),
    }
    world.points.end();
    world.kill_and_leave(server).await;
    let server = world.server().await;
    let paid = "SELECT count(*) = 2 FROM mails WHERE kind = 'receipt'";
    world.wait_for("the charge to be taken over", paid).await;
    world.assert_invariants(&server).await;
    assert_eq!(world.sandbox.state().await["payment_intents"], 2);
}
