//! The killing itself: each scenario undisturbed, then with a kill at each of its points.

use serde_json::json;
use sqlx::PgPool;

use crate::{
    points::{Moment, PATIENCE, Point},
    scenarios::Scenario,
    world::World,
};

/// Runs a scenario undisturbed, then once for each point and each side of it with a server that is killed there.
async fn survives(db: &PgPool, scenario: Scenario, name: &str, story: &str) {
    let world = World::start(db).await;
    if let Some(collection) = scenario.collection() {
        let setting = sqlx::query("INSERT INTO settings (name, value) VALUES ('collection', $1)");
        setting.bind(json!(collection)).execute(db).await.expect("a setting");
    }
    let server = world.quiet_server().await;
    let stage = scenario.prepare(&world, &server).await;
    world.points.begin(None);
    scenario.happen(&world, &server, &stage).await;
    let points = world.points.end();
    world.work_off(&server).await;
    assert_eq!(world.story(&stage.lesson).await, story, "undisturbed");
    world.kill(server).await;
    let mut listed: Vec<String> = points.iter().map(ToString::to_string).collect();
    if scenario.ends_side_by_side() {
        listed.sort();
    }
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
                 mails: receipt, refund\n\
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
                 mails: receipt, refund\n\
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
                 mails: receipt, refund_failed\n\
                 outbox: booking.completed, payment.succeeded, payment.refund_failed\n\
                 provider: 1 payments, 1 of them succeeded, 1 refunds";
    survives(&db, Scenario::RefusedRefund, "refused_refund", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_decision_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 1000\n\
                 attempts: succeeded\n\
                 refunds: succeeded 1000\n\
                 disputes: decided partial given_back 1000\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500, refunded 1000, \
                 refunded -900, refunded -100\n\
                 mails: dispute, receipt, refund\n\
                 outbox: booking.completed, payment.succeeded, dispute.opened, dispute.decided, payment.refunded\n\
                 provider: 1 payments, 1 of them succeeded, 1 refunds";
    survives(&db, Scenario::Decide, "decide", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_decision_about_a_debt_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: nothing 0, given back 0\n\
                 attempts: declined\n\
                 debts: reduced\n\
                 disputes: decided full reduced 2500\n\
                 ledger: settled -2500, settled 2250, settled 250, reduced 2500, reduced -2250, reduced -250\n\
                 mails: dispute, payment_failed\n\
                 outbox: booking.completed, payment.failed, dispute.opened, dispute.decided\n\
                 provider: 1 payments, 0 of them succeeded, 0 refunds";
    survives(&db, Scenario::DecideDebt, "decide_debt", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn forgiving_a_debt_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: forgiven 2500, given back 0\n\
                 attempts: declined\n\
                 debts: forgiven\n\
                 ledger: settled -2500, settled 2250, settled 250, forgiven -2500, forgiven 2500\n\
                 mails: debt_forgiven, payment_failed\n\
                 outbox: booking.completed, payment.failed, payment.forgiven\n\
                 provider: 1 payments, 0 of them succeeded, 0 refunds";
    survives(&db, Scenario::ForgiveDebt, "forgive_debt", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn comparing_with_the_provider_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 0\n\
                 attempts: succeeded\n\
                 differences: missing_in_ledger -2500, fees entered once\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500\n\
                 mails: receipt, feedback_request\n\
                 outbox: booking.completed, payment.succeeded\n\
                 provider: 1 payments, 1 of them succeeded, 1 refunds";
    survives(&db, Scenario::Reconcile, "reconcile", story).await;
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

#[sqlx::test(migrations = "../migrations")]
async fn a_chargeback_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 2500\n\
                 attempts: succeeded\n\
                 refunds: succeeded 2500\n\
                 disputes: closed\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500, taken_back -2500, \
                 taken_back 2500, fee -1500, fee 1500, lost 2500, lost -2250, lost -250\n\
                 mails: dispute, dispute, receipt\n\
                 outbox: booking.completed, payment.succeeded, dispute.charged_back, dispute.bank_decided\n\
                 provider: 1 payments, 1 of them succeeded, 0 refunds";
    survives(&db, Scenario::ChargedBack, "charged_back", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn evidence_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 0\n\
                 attempts: succeeded\n\
                 disputes: closed\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500, taken_back -2500, \
                 taken_back 2500, fee -1500, fee 1500, taken_back 2500, taken_back -2500, fee 1500, fee -1500\n\
                 mails: dispute, dispute, receipt\n\
                 outbox: booking.completed, payment.succeeded, dispute.charged_back, dispute.bank_decided\n\
                 provider: 1 payments, 1 of them succeeded, 0 refunds";
    survives(&db, Scenario::Evidence, "evidence", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn setting_money_aside_survives_a_kill_at_every_point(db: PgPool) {
    let story = "deposits: secured used 0, returned 0\n\
                 provider: 1 payments, 0 of them succeeded, 0 refunds";
    survives(&db, Scenario::Authorize, "authorize", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_declined_payment_ahead_survives_a_kill_at_every_point(db: PgPool) {
    let story = "deposits: declined used 0, returned 0\n\
                 mails: deposit_failed\n\
                 outbox: deposit.failed, booking.cancelled\n\
                 provider: 1 payments, 0 of them succeeded, 0 refunds";
    survives(&db, Scenario::DeclinePrepay, "decline_prepay", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn capturing_what_was_set_aside_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 0\n\
                 attempts: succeeded\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500\n\
                 deposits: used used 2500, returned 0\n\
                 mails: receipt\n\
                 outbox: booking.completed, payment.succeeded\n\
                 provider: 1 payments, 1 of them succeeded, 0 refunds";
    survives(&db, Scenario::Capture, "capture", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn charging_anew_what_lapsed_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 0\n\
                 attempts: succeeded\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500\n\
                 deposits: released used 0, returned 0\n\
                 mails: receipt\n\
                 outbox: booking.completed, payment.succeeded\n\
                 provider: 2 payments, 1 of them succeeded, 0 refunds";
    survives(&db, Scenario::LapsedCapture, "lapsed_capture", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn letting_go_what_was_set_aside_survives_a_kill_at_every_point(db: PgPool) {
    let story = "deposits: released used 0, returned 0\n\
                 mails: booking_cancelled\n\
                 outbox: booking.cancelled\n\
                 provider: 1 payments, 0 of them succeeded, 0 refunds";
    survives(&db, Scenario::Release, "release", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn giving_back_the_rest_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 1250, given back 0\n\
                 attempts: succeeded\n\
                 ledger: paid -2500, paid 2500, settled -1250, settled 1125, settled 125, returned -1250, \
                 returned 1250\n\
                 deposits: used used 1250, returned 1250\n\
                 mails: no_show, receipt\n\
                 outbox: lesson.no_show, payment.succeeded\n\
                 provider: 1 payments, 1 of them succeeded, 1 refunds";
    survives(&db, Scenario::GiveBackRest, "give_back_rest", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payout_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 0\n\
                 attempts: succeeded\n\
                 payouts: paid 2250 of 2250\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500, \
                 transferred -2250, transferred 2250\n\
                 mails: receipt\n\
                 outbox: booking.completed, payment.succeeded\n\
                 provider: 1 payments, 1 of them succeeded, 0 refunds, 1 transfers, 0 reversals";
    survives(&db, Scenario::PayOut, "pay_out", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn looking_up_an_old_transfer_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 0\n\
                 attempts: succeeded\n\
                 payouts: paid 2250 of 2250\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500, \
                 transferred -2250, transferred 2250\n\
                 mails: receipt\n\
                 outbox: booking.completed, payment.succeeded\n\
                 provider: 1 payments, 1 of them succeeded, 0 refunds, 1 transfers, 0 reversals";
    survives(&db, Scenario::ForgottenPayOut, "forgotten_pay_out", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refused_payout_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 0\n\
                 attempts: succeeded\n\
                 payouts: failed 2250 of 2250\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500\n\
                 mails: receipt\n\
                 outbox: booking.completed, payment.succeeded\n\
                 provider: 1 payments, 1 of them succeeded, 0 refunds, 1 transfers, 0 reversals";
    survives(&db, Scenario::RefusedPayOut, "refused_pay_out", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn taking_back_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 1000\n\
                 attempts: succeeded\n\
                 refunds: succeeded 1000\n\
                 payouts: paid 2250 of 2250\n\
                 reversals: succeeded 900\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500, \
                 transferred -2250, transferred 2250, \
                 refunded 1000, refunded -900, refunded -100, reversed -900, reversed 900\n\
                 mails: receipt, refund\n\
                 outbox: booking.completed, payment.succeeded, payment.refunded\n\
                 provider: 1 payments, 1 of them succeeded, 1 refunds, 1 transfers, 1 reversals";
    survives(&db, Scenario::TakeBack, "take_back", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn looking_up_an_old_reversal_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 1000\n\
                 attempts: succeeded\n\
                 refunds: succeeded 1000\n\
                 payouts: paid 2250 of 2250\n\
                 reversals: succeeded 900\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500, \
                 transferred -2250, transferred 2250, \
                 refunded 1000, refunded -900, refunded -100, reversed -900, reversed 900\n\
                 mails: receipt, refund\n\
                 outbox: booking.completed, payment.succeeded, payment.refunded\n\
                 provider: 1 payments, 1 of them succeeded, 1 refunds, 1 transfers, 1 reversals";
    survives(&db, Scenario::ForgottenTakeBack, "forgotten_take_back", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refused_reversal_survives_a_kill_at_every_point(db: PgPool) {
    let story = "charge: paid 2500, given back 1000\n\
                 attempts: succeeded\n\
                 refunds: succeeded 1000\n\
                 payouts: paid 2250 of 2250\n\
                 reversals: failed 900\n\
                 carried: not_reversed -900\n\
                 ledger: settled -2500, settled 2250, settled 250, paid -2500, paid 2500, \
                 transferred -2250, transferred 2250, \
                 refunded 1000, refunded -900, refunded -100\n\
                 mails: receipt, refund\n\
                 outbox: booking.completed, payment.succeeded, payment.refunded\n\
                 provider: 1 payments, 1 of them succeeded, 1 refunds, 1 transfers, 1 reversals";
    survives(&db, Scenario::RefusedTakeBack, "refused_take_back", story).await;
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
