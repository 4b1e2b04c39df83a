//! Mails about disputes, in each language and on each clock.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod letters;
mod till;

use chrono::TimeDelta;
use domain::{
    account::Role,
    dispute::{Outcome, Reason, Statement},
};
use insta::assert_snapshot;
use letters::{World, shown};
use sandbox::{Options, Sandbox};
use services::{dispute, lesson, payment, testing};
use sqlx::PgPool;

#[sqlx::test(migrations = "../migrations")]
async fn both_are_told_in_their_language(db: PgPool) {
    let (english, french) = (("en", "America/New_York"), ("fr", "Europe/Paris"));
    for (readers, student, tutor, outcome) in [
        ("sam_en_partial", english, french, Outcome::Partial),
        ("sam_fr_full", french, english, Outcome::Full),
        ("sam_fr_none", french, english, Outcome::None),
    ] {
        for card in ["pm_card_visa", "pm_card_chargeCustomerFail"] {
            let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
            let services = testing::services_with(db.clone(), Some(&till::config(&sandbox)));
            let world = World::with(services, student, tutor).await;
            let (services, sam, tina) = (&world.services, &world.student, &world.tutor.actor);
            payment::save_card(services, sam, card, "I agree.").await.expect("a card");
            let booking = world.booked().await;
            world.set(booking.start).await;
            for actor in [sam, tina] {
                lesson::join(services, actor, booking.id).await.expect("let in");
            }
            world.tick_at(booking.end).await;
            let before = world.new_mails(0).await.len();
            let words = |text| Statement::parse(text).expect("a statement");
            let said = words("Twenty minutes <b>only</b>.");
            let opened = dispute::open(services, sam, booking.id, Reason::CutShort, &said, &[]);
            let id = opened.await.expect("opened").id;
            world.work().await;
            world.set(booking.end + TimeDelta::minutes(1)).await;
            dispute::answer(services, tina, id, &words("No."), &[]).await.expect("said");
            world.work().await;
            world.set(booking.end + TimeDelta::minutes(2)).await;
            let admin = testing::user(services, "Ada", Role::Admin).await;
            let amount = (outcome == Outcome::Partial).then_some(1000);
            let decided =
                dispute::decide(services, &admin, id, outcome, amount, "A part & no more.", None).await;
            decided.expect("decided");
            world.work().await;
            let mut mails = world.new_mails(before).await;
            mails.retain(|mail| mail.kind == "dispute");
            assert_eq!(mails.len(), 4);
            let paid = if card == "pm_card_visa" { "paid" } else { "owed" };
            assert_snapshot!(format!("{readers}_{paid}"), shown(&mails, &booking));
            testing::execute(services, "TRUNCATE users, outbox, settings CASCADE").await;
        }
    }
}
