//! What is killed: charging, declining, paying a debt, refunding, securing money ahead, hearing from the provider.

use std::time::Instant;

use chrono::TimeDelta;
use domain::{
    dispute::{Reason, Statement},
    reconcile::GRACE,
};
use reqwest::StatusCode;
use serde_json::json;
use services::{booking, dispute, testing};

use crate::{
    points::PATIENCE,
    processes::{LOOK_AGAIN, Server},
    world::{Lesson, World},
};

/// What happens to money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
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
    /// An admin decides a dispute: some is given back.
    Decide,
    /// An admin decides a dispute about what is owed: nothing is owed any more.
    DecideDebt,
    /// An admin lets a student off what is owed.
    ForgiveDebt,
    /// The provider tells of a payment that a bank took back for good.
    ChargedBack,
    /// An admin has evidence sent to a bank, which decides for the platform.
    Evidence,
    /// The provider tells of a payment whose answer was lost.
    Message,
    /// Money is set aside for a lesson.
    Authorize,
    /// Money is taken ahead, and the card is declined: the booking ends with that.
    DeclinePrepay,
    /// A lesson is charged of what was set aside.
    Capture,
    /// A lesson is charged, and what was set aside is gone.
    LapsedCapture,
    /// The tutor called off a lesson for which money was set aside.
    Release,
    /// A student did not come to a lesson that was paid ahead: half is charged, half goes back.
    GiveBackRest,
    /// A tutor is paid.
    PayOut,
    /// An answer to a transfer is asked for again after the provider has forgotten the key.
    ForgottenPayOut,
    /// The provider sends nothing: the platform's balance is too low.
    RefusedPayOut,
    /// An admin gives some back of a lesson whose tutor was paid.
    TakeBack,
    /// An answer to a reversal is asked for again after the provider has forgotten the key.
    ForgottenTakeBack,
    /// An admin gives some back, and the provider takes nothing back from the tutor.
    RefusedTakeBack,
    /// The ledger is compared with the provider's balance, and lacks a refund.
    Reconcile,
}

/// A scenario that is about to happen.
pub struct Stage {
    pub lesson: Lesson,
    cookie: String,
    event: String,
}

/// The provider has forgotten its keys.
const LATER: TimeDelta = TimeDelta::hours(25);

/// Nobody can dispute the lesson any more.
const WINDOW: TimeDelta = TimeDelta::hours(73);

const VISA: &str = "pm_card_visa";
const CHARGED_BACK: &str = "pm_card_createDisputeProductNotReceived";
const FAILS_LATER: &str = "pm_card_chargeCustomerFail";

impl Scenario {
    /// Every scenario's way to collect money: the setting, where it is not the usual one.
    pub fn collection(self) -> Option<&'static str> {
        match self {
            Scenario::Authorize | Scenario::Capture | Scenario::LapsedCapture | Scenario::Release => {
                Some("authorize")
            }
            Scenario::DeclinePrepay | Scenario::GiveBackRest => Some("prepay"),
            _ => None,
        }
    }

    /// Whether jobs end it that do not wait for one another: people are told what became of a booking, refund, payout or comparison while its
    /// money is seen to. Their points have no order.
    pub fn ends_side_by_side(self) -> bool {
        matches!(
            self,
            Scenario::DeclinePrepay
                | Scenario::Release
                | Scenario::GiveBackRest
                | Scenario::Decide
                | Scenario::ChargedBack
                | Scenario::RefusedRefund
                | Scenario::PayOut
                | Scenario::ForgottenPayOut
                | Scenario::RefusedPayOut
                | Scenario::TakeBack
                | Scenario::ForgottenTakeBack
                | Scenario::RefusedTakeBack
                | Scenario::Reconcile
        )
    }

    /// All that comes before it.
    pub async fn prepare(self, world: &World, server: &Server) -> Stage {
        // The provider's own messages come only where they are what a scenario is about.
        world.lose_messages(true).await;
        let cards: &[&str] = match self {
            Scenario::Decline | Scenario::DeclinePrepay | Scenario::DecideDebt | Scenario::ForgiveDebt => {
                &[FAILS_LATER]
            }
            Scenario::PayDebt | Scenario::ForgottenDebt => &[FAILS_LATER, VISA],
            Scenario::ChargedBack | Scenario::Evidence => &[CHARGED_BACK],
            Scenario::NoCard => &[],
            _ => &[VISA],
        };
        let lesson = world.booked(cards).await;
        if self.collection().is_some() {
            self.prepare_ahead(world, server, &lesson).await;
            return Stage { lesson, cookie: String::new(), event: String::new() };
        }
        if self.is_about_payouts() {
            return self.prepare_payout(world, server, lesson).await;
        }
        world.teach(&lesson).await;
        let (mut cookie, mut event) = (String::new(), String::new());
        match self {
            Scenario::Forgotten => {
                lose_an_answer(world, server).await;
                world.set_clock(lesson.booking.end + LATER).await;
            }
            Scenario::PayDebt | Scenario::ForgottenDebt => {
                world.work_off(server).await;
                cookie = world.cookie(&lesson.student).await;
            }
            Scenario::Refund
            | Scenario::ForgottenRefund
            | Scenario::RefusedRefund
            | Scenario::ForgiveDebt => {
                world.work_off(server).await;
                cookie = world.cookie(&world.admin().await).await;
            }
            Scenario::Decide | Scenario::DecideDebt => {
                world.work_off(server).await;
                world.dispute(&lesson).await;
                world.work_off(server).await;
                cookie = world.cookie(&world.admin().await).await;
            }
            Scenario::Message => event = lose_an_answer(world, server).await,
            Scenario::ChargedBack | Scenario::Evidence => {
                world.work_off(server).await;
                event = world.charged_back(self).await;
                world.lose_messages(false).await;
            }
            _ => {}
        }
        let mut stage = Stage { lesson, cookie, event };
        match self {
            Scenario::Evidence => {
                world.hear(&stage.event).await;
                world.lose_messages(true).await;
                world.work_off(server).await;
                stage.cookie = world.cookie(&world.admin().await).await;
            }
            Scenario::RefusedRefund => world.give_back_elsewhere(&stage.lesson).await,
            Scenario::Reconcile => {
                world.work_off(server).await;
                world.give_back_elsewhere(&stage.lesson).await;
                world.set_clock(stage.lesson.booking.end + GRACE + GRACE).await;
                world.work_off(server).await;
                world.admin().await;
                world.reconciles().await;
            }
            Scenario::ForgottenDebt => {
                world.lose_answers("/v1/payment_intents/*/confirm").await;
                let answer = world.pay_debt(server, &stage).await;
                assert!(
                    answer.is_some_and(|answer| answer.status().is_server_error()),
                    "the answer was lost"
                );
                world.lose_no_more().await;
                world.set_clock(stage.lesson.booking.end + LATER).await;
            }
            Scenario::ForgottenRefund => {
                world.lose_answers("/v1/refunds").await;
                world.refund(server, &stage).await;
                world.run_due(server, "/dev/tick").await;
                world.lose_no_more().await;
                world.set_clock(stage.lesson.booking.end + LATER).await;
            }
            _ => {}
        }
        stage
    }

    /// Whether the tutor is paid in it.
    fn is_about_payouts(self) -> bool {
        use Scenario as S;
        matches!(
            self,
            S::PayOut
                | S::ForgottenPayOut
                | S::RefusedPayOut
                | S::TakeBack
                | S::ForgottenTakeBack
                | S::RefusedTakeBack
        )
    }

    /// All that comes before a scenario in which the tutor is paid.
    async fn prepare_payout(self, world: &World, server: &Server, lesson: Lesson) -> Stage {
        world.ready(&lesson.tutor).await;
        world.teach(&lesson).await;
        world.work_off(server).await;
        world.set_clock(lesson.booking.end + WINDOW).await;
        let cookie = world.cookie(&world.admin().await).await;
        let stage = Stage { lesson, cookie, event: String::new() };
        match self {
            Scenario::PayOut => return stage,
            Scenario::RefusedPayOut => {
                world.spend_elsewhere(&stage.lesson).await;
                return stage;
            }
            Scenario::ForgottenPayOut => world.lose_answers("/v1/transfers").await,
            _ => world.work_off(server).await,
        }
        match self {
            Scenario::RefusedTakeBack => world.take_back_elsewhere(&stage.lesson).await,
            Scenario::ForgottenTakeBack => {
                world.lose_answers("/v1/transfers/*/reversals").await;
                world.refund(server, &stage).await;
            }
            _ => {}
        }
        if matches!(self, Scenario::ForgottenPayOut | Scenario::ForgottenTakeBack) {
            world.run_due(server, "/dev/tick").await;
            world.lose_no_more().await;
            world.set_clock(stage.lesson.booking.end + WINDOW + LATER).await;
        }
        stage
    }

    /// All that comes before a scenario in which money is secured ahead.
    async fn prepare_ahead(self, world: &World, server: &Server, lesson: &Lesson) {
        if matches!(self, Scenario::Authorize | Scenario::DeclinePrepay) {
            return;
        }
        world.work_off(server).await;
        match self {
            Scenario::Release => {
                let cancelled =
                    booking::cancel(&world.services, &lesson.tutor.actor, lesson.booking.id, None).await;
                cancelled.expect("cancelled");
            }
            Scenario::GiveBackRest => world.miss(lesson).await,
            _ => world.teach(lesson).await,
        }
        if self == Scenario::LapsedCapture {
            world.let_go_elsewhere(lesson).await;
        }
    }

    /// The scenario itself, as often as those who ask repeat it: a server that is killed answers nobody.
    pub async fn happen(self, world: &World, server: &Server, stage: &Stage) {
        match self {
            Scenario::PayDebt | Scenario::ForgottenDebt => {
                // A server that is killed answers nobody.
                let answer = world.pay_debt(server, stage).await;
                assert!(answer.is_none_or(|answer| is_fine(&answer)), "{}", world.said());
            }
            // The admin looks at the list of refunds first.
            Scenario::Refund | Scenario::RefusedRefund | Scenario::TakeBack | Scenario::RefusedTakeBack => {
                if !world.has_refund(&stage.lesson).await {
                    world.refund(server, stage).await;
                }
            }
            Scenario::Decide => world.decide(server, stage, "partial", "10.00").await,
            Scenario::DecideDebt => world.decide(server, stage, "full", "").await,
            Scenario::ForgiveDebt => world.forgive(server, stage).await,
            Scenario::Evidence => world.submit_evidence(server, stage).await,
            Scenario::Message | Scenario::ChargedBack => world.hear(&stage.event).await,
            // The time has come, that is all.
            _ => {}
        }
        // The next try of the payment whose answer was lost is not due yet: the message comes first.
        let path = if matches!(self, Scenario::Message | Scenario::ChargedBack) {
            "/api/cron/process-charges"
        } else {
            "/dev/tick"
        };
        world.run_due(server, path).await;
    }
}

/// A payment whose answer was lost, and the id of the provider's message about it.
async fn lose_an_answer(world: &World, server: &Server) -> String {
    world.lose_answers("/v1/payment_intents").await;
    world.run_due(server, "/dev/tick").await;
    world.lose_no_more().await;
    let later = "UPDATE graphile_worker._private_jobs SET run_at = run_at + interval '1 hour'";
    testing::execute(&world.services, later).await;
    world.lose_messages(false).await;
    let events = world.sandbox.ask("events?type=payment_intent.succeeded&limit=1").await;
    events["data"][0]["id"].as_str().expect("an event").to_owned()
}

fn is_fine(answer: &reqwest::Response) -> bool {
    answer.status().is_success() || answer.status().is_redirection()
}

impl World {
    /// The provider acts at an address, and its answers are lost: also those to a machine so slow that the next try is
    /// due before the first one's work is at its end.
    async fn lose_answers(&self, path: &str) {
        let fault = json!({ "method": "POST", "path": path, "kind": "drop_after", "times": 1000 });
        self.sandbox.control("POST", "faults", &fault).await;
    }

    /// No more answers are lost.
    async fn lose_no_more(&self) {
        self.sandbox.control("DELETE", "faults", &json!({})).await;
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

    /// The student disputes the lesson.
    async fn dispute(&self, lesson: &Lesson) {
        let said = Statement::parse("Forty minutes only.").expect("a statement");
        let (student, booking) = (&lesson.student, lesson.booking.id);
        let opened = dispute::open(&self.services, student, booking, Reason::CutShort, &said, &[]).await;
        opened.expect("disputed");
    }

    /// The admin decides; what was decided before is refused, and stays as it is.
    async fn decide(&self, server: &Server, stage: &Stage, outcome: &str, amount: &str) {
        let sql = "SELECT id::text FROM disputes WHERE booking_id = $1";
        let dispute = self.payment(sql, &stage.lesson).await;
        let note = ("note", "Half an hour only.");
        let fields = [("dispute", &*dispute), ("outcome", outcome), ("amount", amount), note];
        let answer = self.post(server, "/do/decide_dispute", Some((&stage.cookie, &fields))).await;
        let is_told = |answer: &reqwest::Response| is_fine(answer) || answer.status() == StatusCode::CONFLICT;
        assert!(answer.is_none_or(|answer| is_told(&answer)), "{}", self.said());
    }

    /// The admin forgives the debt; what was forgiven before is refused, and stays as it is.
    async fn forgive(&self, server: &Server, stage: &Stage) {
        let booking = stage.lesson.booking.id.to_string();
        let fields = [("booking", &*booking), ("note", "It was our fault.")];
        let answer = self.post(server, "/do/forgive_debt", Some((&stage.cookie, &fields))).await;
        let is_told = |answer: &reqwest::Response| is_fine(answer) || answer.status() == StatusCode::CONFLICT;
        assert!(answer.is_none_or(|answer| is_told(&answer)), "{}", self.said());
    }

    /// Whether the provider's own messages are lost.
    async fn lose_messages(&self, lose: bool) {
        self.sandbox.control("PUT", "webhooks", &json!({ "lose": lose })).await;
    }

    /// The bank has taken the last payment back, for good in a scenario of that; the id of the provider's message.
    async fn charged_back(&self, scenario: Scenario) -> String {
        let found = self.sandbox.ask("disputes?limit=1").await;
        let id = found["data"][0]["id"].as_str().expect("a chargeback");
        let mut kind = "charge.dispute.created";
        if scenario == Scenario::ChargedBack {
            self.sandbox.tell(&format!("disputes/{id}/close"), &[]).await;
            kind = "charge.dispute.closed";
        }
        let events = self.sandbox.ask(&format!("events?type={kind}&limit=1")).await;
        events["data"][0]["id"].as_str().expect("an event").to_owned()
    }

    /// The admin has evidence sent; where it was sent before, that is refused.
    async fn submit_evidence(&self, server: &Server, stage: &Stage) {
        let sql = "SELECT id::text FROM disputes WHERE booking_id = $1";
        let dispute = self.payment(sql, &stage.lesson).await;
        let fields = [("dispute", &*dispute), ("statement", "winning_evidence")];
        let answer = self.post(server, "/do/submit_evidence", Some((&stage.cookie, &fields))).await;
        let is_told = |answer: &reqwest::Response| is_fine(answer) || answer.status() == StatusCode::CONFLICT;
        assert!(answer.is_none_or(|answer| is_told(&answer)), "{}", self.said());
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
        let intent = self.payment("SELECT payment_intent FROM charges WHERE booking_id = $1", lesson).await;
        self.sandbox.tell("refunds", &[("payment_intent", &intent)]).await;
    }

    /// The provider's own staff lets go what was set aside.
    async fn let_go_elsewhere(&self, lesson: &Lesson) {
        let intent = self.payment("SELECT payment_intent FROM deposits WHERE booking_id = $1", lesson).await;
        self.sandbox.tell(&format!("payment_intents/{intent}/cancel"), &[]).await;
    }

    /// The provider's own staff takes back what was sent to the tutor.
    async fn take_back_elsewhere(&self, lesson: &Lesson) {
        let sql = "SELECT provider_transfer FROM payouts p JOIN charges c ON c.payout_id = p.id WHERE booking_id = $1";
        let transfer = self.payment(sql, lesson).await;
        self.sandbox.tell(&format!("transfers/{transfer}/reversals"), &[]).await;
    }

    /// The provider's own staff leaves the platform with less than is due to the tutor.
    async fn spend_elsewhere(&self, lesson: &Lesson) {
        let sql = "SELECT a.account FROM payout_accounts a JOIN bookings b ON b.tutor_id = a.tutor_id WHERE b.id = $1";
        let account = self.payment(sql, lesson).await;
        let available =
            self.sandbox.ask("balance").await["available"][0]["amount"].as_i64().expect("an amount");
        let amount = (available - 1000).to_string();
        let fields = [("amount", &*amount), ("currency", "eur"), ("destination", &account)];
        self.sandbox.tell("transfers", &fields).await;
    }

    async fn payment(&self, sql: &'static str, lesson: &Lesson) -> String {
        let intent = sqlx::query_scalar(sql).bind(lesson.booking.id.0).fetch_one(&self.services.db).await;
        intent.expect("a payment")
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
