//! Quiet hours on a real database: what can wait is told after them, once, if it is still so; what cannot is not held.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod letters;
mod post;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{chat::MessageBody, ids::ThreadId, notice::Quiet};
use letters::{SAM, TINA, World, pairs};
use post::Post;
use services::{
    Actor, booking, chat, jobs, lesson,
    mail::Kind,
    notice,
    testing::{self, number},
};
use sqlx::PgPool;

const NONE: &[(&str, &str)] = &[];

/// In Paris, where both live, it is an hour later.
fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

impl World {
    async fn wants_quiet(&self, actor: &Actor, from: &str, until: &str) {
        let hours = Quiet::parse(from, until).expect("hours");
        notice::set_quiet_hours(&self.services, actor, hours).await.expect("set");
        assert_eq!(notice::quiet_hours(&self.services, actor).await.expect("read"), hours);
    }

    async fn says(&self, who: &Actor, at: DateTime<Utc>) -> ThreadId {
        self.set(at).await;
        let whom = chat::Whom::Tutor(self.tutor.id);
        let thread = chat::open(&self.services, &self.student, whom).await.expect("a thread").0.id;
        let body = MessageBody::parse("Shall we look at integrals?").expect("a text");
        chat::send(&self.services, who, thread, &body, None).await.expect("sent");
        thread
    }

    async fn noticed(&self, actor: &Actor) -> Vec<Kind> {
        let notices = notice::list(&self.services, actor, 1).await.expect("notices");
        notices.rows.into_iter().rev().map(|notice| notice.kind).collect()
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn messages_wait_until_the_quiet_ends(db: PgPool) {
    let world = World::in_english(db).await;
    let (sam, tina) = (&world.student, &world.tutor.actor);
    world.wants_quiet(tina, "22:00", "07:00").await;
    world.says(sam, at("2027-03-02T20:56:00Z")).await;
    assert_eq!(world.tick_at(at("2027-03-02T21:01:00Z")).await, pairs(NONE), "22:01 in Paris");
    let found = "SELECT count(*) FROM quiet_hours WHERE ends_at = '2027-03-03T06:00:00Z'";
    assert_eq!(number(&world.services, found).await, 1);
    assert_eq!(world.tick_at(at("2027-03-03T05:59:59Z")).await, pairs(NONE));
    assert_eq!(world.noticed(tina).await, []);
    assert_eq!(world.tick_at(at("2027-03-03T06:00:00Z")).await, pairs(&[(TINA, "new_message")]));
    assert_eq!(world.tick_at(at("2027-03-03T06:01:00Z")).await, pairs(NONE), "once");
    assert_eq!(world.noticed(tina).await, [Kind::NewMessage]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_mail_that_could_not_be_sent_before_the_quiet_comes_after_it(db: PgPool) {
    let post = Post::closed();
    let services = testing::services_in(db, &[("SMTP_URL", &post.url())], None);
    let world = World::with(services, ("en", "Europe/Paris"), ("en", "Europe/Paris")).await;
    let (sam, tina) = (&world.student, &world.tutor.actor);
    world.wants_quiet(tina, "22:00", "07:00").await;
    world.says(sam, at("2027-03-02T20:50:00Z")).await;
    let again = async |instant: &str| {
        world.set(at(instant)).await;
        services::sweep::run(&world.services).await.expect("swept");
        jobs::retry_now(&world.services).await.expect("due");
        world.work().await;
        number(
            &world.services,
            "SELECT count(*) FROM mails WHERE kind = 'new_message' AND sent_at IS NOT NULL",
        )
        .await
    };
    assert_eq!(again("2027-03-02T20:56:00Z").await, 0, "21:56 in Paris, and the mail server is away");
    assert_eq!(number(&world.services, "SELECT count(*) FROM mails WHERE kind = 'new_message'").await, 1);
    let post = post.open().await;
    assert_eq!(again("2027-03-02T21:01:00Z").await, 0, "it is back, but there is quiet");
    assert_eq!(again("2027-03-03T05:59:59Z").await, 0);
    assert_eq!(again("2027-03-03T06:00:00Z").await, 1);
    assert_eq!(again("2027-03-03T06:01:00Z").await, 1);
    let told = post.taken().iter().filter(|raw| raw.contains("/messages/")).count();
    assert_eq!(told, 1, "once");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_read_in_the_night_is_not_told_in_the_morning(db: PgPool) {
    let world = World::in_english(db).await;
    let (sam, tina) = (&world.student, &world.tutor.actor);
    world.wants_quiet(tina, "22:00", "07:00").await;
    let thread = world.says(sam, at("2027-03-02T22:00:00Z")).await;
    assert_eq!(world.tick_at(at("2027-03-02T22:10:00Z")).await, pairs(NONE));
    chat::read(&world.services, tina, thread, None).await.expect("read");
    assert_eq!(world.tick_at(at("2027-03-03T06:00:00Z")).await, pairs(NONE));
    assert_eq!(world.noticed(tina).await, []);
}

/// Another zone, other hours, none: what was found before holds no longer.
#[sqlx::test(migrations = "../migrations")]
async fn quiet_is_looked_up_anew_where_it_changes(db: PgPool) {
    let world = World::in_english(db).await;
    let (services, sam, tina) = (&world.services, &world.student, &world.tutor.actor);
    world.wants_quiet(tina, "22:00", "07:00").await;
    world.says(sam, at("2027-03-02T22:00:00Z")).await;
    assert_eq!(world.tick_at(at("2027-03-02T22:10:00Z")).await, pairs(NONE));
    testing::execute(services, "UPDATE users SET time_zone = 'America/New_York'").await;
    assert_eq!(
        world.tick_at(at("2027-03-02T22:11:00Z")).await,
        pairs(&[(TINA, "new_message")]),
        "17:11 there"
    );
    testing::execute(services, "UPDATE users SET time_zone = 'Europe/Paris'").await;
    world.says(tina, at("2027-03-02T22:12:00Z")).await;
    world.wants_quiet(sam, "23:00", "07:00").await;
    assert_eq!(world.tick_at(at("2027-03-02T22:20:00Z")).await, pairs(NONE), "23:20 in Paris");
    world.wants_quiet(sam, "23:30", "07:00").await;
    assert_eq!(world.tick_at(at("2027-03-02T22:21:00Z")).await, pairs(&[(SAM, "new_message")]));
    notice::set_quiet_hours(services, sam, None).await.expect("set");
    assert_eq!(notice::quiet_hours(services, sam).await.expect("read"), None);
}

#[sqlx::test(migrations = "../migrations")]
async fn reminders_of_the_hour_and_what_happens_to_lessons_do_not_wait(db: PgPool) {
    let world = World::in_english(db).await;
    let (services, sam, tina) = (&world.services, &world.student, &world.tutor.actor);
    world.wants_quiet(sam, "22:00", "07:00").await;
    let booking = world.booked_at(at("2027-03-04T04:30:00Z")).await;
    let told = world.tick_at(at("2027-03-02T22:00:00Z")).await;
    assert_eq!(told, pairs(&[(SAM, "booking_confirmed"), (TINA, "booking_confirmed")]), "at 23:00 in Paris");
    assert_eq!(world.tick_at(at("2027-03-03T04:30:00Z")).await, pairs(&[(TINA, "reminder_day")]));
    assert_eq!(world.tick_at(at("2027-03-03T05:59:00Z")).await, pairs(NONE));
    assert_eq!(world.tick_at(at("2027-03-03T06:00:00Z")).await, pairs(&[(SAM, "reminder_day")]));
    for (before, kind) in [(60, "reminder_hour"), (5, "join_now")] {
        let told = world.tick_at(booking.start - TimeDelta::minutes(before)).await;
        assert_eq!(told, pairs(&[(SAM, kind), (TINA, kind)]), "in the night");
    }
    world.set(booking.start).await;
    for actor in [sam, tina] {
        lesson::join(services, actor, booking.id).await.expect("let in");
    }
    assert_eq!(world.tick_at(booking.end).await, pairs(NONE));
    assert_eq!(world.tick_at(at("2027-03-04T06:31:00Z")).await, pairs(&[(SAM, "feedback_request")]));
}

/// Quiet that lasts until a reminder is past its use ends without it; the next one comes.
#[sqlx::test(migrations = "../migrations")]
async fn what_is_past_its_use_is_not_told_any_more(db: PgPool) {
    let world = World::in_english(db).await;
    let (sam, tina) = (&world.student, &world.tutor.actor);
    for actor in [sam, tina] {
        world.wants_quiet(actor, "06:00", "05:59").await;
    }
    let booking = world.booked_at(at("2027-03-04T09:00:00Z")).await;
    world.tick_at(at("2027-03-01T12:00:00Z")).await;
    for before in [24, 20, 10, 2] {
        assert_eq!(world.tick_at(booking.start - TimeDelta::hours(before)).await, pairs(NONE), "{before}");
    }
    let told = world.tick_at(booking.start - TimeDelta::hours(1)).await;
    assert_eq!(told, pairs(&[(SAM, "reminder_hour"), (TINA, "reminder_hour")]));
    booking::cancel(&world.services, tina, booking.id, None).await.expect("cancelled");
    let told = world.tick_at(booking.start - TimeDelta::minutes(50)).await;
    assert_eq!(told, pairs(&[(SAM, "booking_cancelled"), (TINA, "booking_cancelled")]));
}
