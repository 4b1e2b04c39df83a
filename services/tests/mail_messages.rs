//! Mails about messages that wait, on a real database: when one is written, and that it is one.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod letters;
mod post;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{account::Role, chat::MessageBody, ids::ThreadId, notice::Choice};
use insta::assert_snapshot;
use letters::{SAM, TINA, World, pairs};
use post::Post;
use services::{
    Actor, chat, jobs,
    mail::Mail,
    notice, sweep,
    testing::{self, now, number},
};
use sqlx::PgPool;

const TO_TINA: &[(&str, &str)] = &[(TINA, "new_message")];
const TO_SAM: &[(&str, &str)] = &[(SAM, "new_message")];
const NONE: &[(&str, &str)] = &[];

fn minutes(minutes: i64) -> DateTime<Utc> {
    now() + TimeDelta::minutes(minutes)
}

impl World {
    async fn thread(&self) -> ThreadId {
        let whom = chat::Whom::Tutor(self.tutor.id);
        chat::open(&self.services, &self.student, whom).await.expect("a thread").0.id
    }

    async fn says(&self, who: &Actor, thread: ThreadId, at: DateTime<Utc>) -> i64 {
        self.set(at).await;
        let body = MessageBody::parse("Shall we look at integrals?").expect("a text");
        chat::send(&self.services, who, thread, &body, None).await.expect("sent").id
    }

    async fn reads(&self, who: &Actor, thread: ThreadId) {
        chat::read(&self.services, who, thread, None).await.expect("read");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn one_mail_for_a_thread_until_it_is_read_again(db: PgPool) {
    let world = World::in_english(db).await;
    let (sam, tina) = (&world.student, &world.tutor.actor);
    let thread = world.thread().await;
    world.says(sam, thread, minutes(0)).await;
    assert_eq!(world.tick_at(minutes(5) - TimeDelta::seconds(1)).await, pairs(NONE), "not yet five minutes");
    assert_eq!(world.tick_at(minutes(5)).await, pairs(TO_TINA));
    world.says(sam, thread, minutes(6)).await;
    assert_eq!(world.tick_at(minutes(30)).await, pairs(NONE), "she was told");
    world.says(tina, thread, minutes(31)).await;
    world.reads(tina, thread).await;
    assert_eq!(world.tick_at(minutes(40)).await, pairs(TO_SAM), "each of the two");
    world.says(sam, thread, minutes(41)).await;
    assert_eq!(world.tick_at(minutes(46)).await, pairs(TO_TINA), "she has read, and something new waits");
    assert_eq!(world.tick_at(minutes(600)).await, pairs(NONE));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_read_in_time_or_is_old_news_is_not_told(db: PgPool) {
    let world = World::in_english(db).await;
    let (sam, tina) = (&world.student, &world.tutor.actor);
    let thread = world.thread().await;
    world.says(sam, thread, minutes(0)).await;
    world.set(minutes(4)).await;
    world.reads(tina, thread).await;
    assert_eq!(world.tick_at(minutes(5)).await, pairs(NONE), "read in time");
    world.says(sam, thread, minutes(10)).await;
    assert_eq!(world.tick_at(minutes(10 + 24 * 60)).await, pairs(NONE), "found a day later");
    notice::choose(&world.services, tina, &[]).await.expect("chosen");
    world.reads(tina, thread).await;
    world.says(sam, thread, minutes(2000)).await;
    assert_eq!(world.tick_at(minutes(2005)).await, pairs(NONE), "not wanted");
    let all: Vec<_> = Choice::all(Role::Tutor).collect();
    notice::choose(&world.services, tina, &all).await.expect("chosen");
    assert_eq!(world.tick_at(minutes(2006)).await, pairs(TO_TINA), "wanted again");
}

#[sqlx::test(migrations = "../migrations")]
async fn many_sweeps_at_once_write_each_once(db: PgPool) {
    let world = World::in_english(db.clone()).await;
    let thread = world.thread().await;
    world.says(&world.student, thread, minutes(0)).await;
    let more = "INSERT INTO users (id, email, password_hash, name, role, time_zone, created_at)
                SELECT gen_random_uuid(), n || '@many.test', 'none', 'Many', 'student', 'UTC', created_at
                FROM users, generate_series(1, 250) AS n WHERE email = 'sam@example.org';
                INSERT INTO chat_threads (id, tutor_id, student_id, opened_by, created_at, active_at)
                SELECT gen_random_uuid(), c.tutor_id, u.id, u.id, c.created_at, c.active_at
                FROM users u, chat_threads c WHERE u.email LIKE '%@many.test';
                INSERT INTO chat_members (thread_id, user_id)
                SELECT c.id, u.id FROM chat_threads c JOIN tutors t ON t.id = c.tutor_id
                JOIN users u ON u.id IN (c.student_id, t.user_id) WHERE c.student_id IN
                    (SELECT id FROM users WHERE email LIKE '%@many.test');
                INSERT INTO chat_messages (thread_id, sender_id, body, masked, sent_at)
                SELECT id, student_id, 'x', false, active_at FROM chat_threads WHERE student_id IN
                    (SELECT id FROM users WHERE email LIKE '%@many.test')";
    testing::execute(&world.services, more).await;
    world.set(minutes(6)).await;
    let second = testing::services(db);
    second.clock.show(Some(minutes(6)));
    let (one, other) = tokio::join!(sweep::run(&world.services), sweep::run(&second));
    assert_eq!(one.expect("swept").mails_written + other.expect("swept").mails_written, 251);
    assert_eq!(number(&world.services, "SELECT count(*) FROM mails WHERE kind = 'new_message'").await, 251);
}

/// What was read while the mail server was down is not sent any more.
#[sqlx::test(migrations = "../migrations")]
async fn a_mail_about_messages_that_were_read_meanwhile_is_not_sent(db: PgPool) {
    for (read, sent) in [(false, 1), (true, 0)] {
        let post = Post::closed();
        let services = testing::services_in(db.clone(), &[("SMTP_URL", &post.url())], None);
        let world = World::with(services, ("en", "UTC"), ("en", "UTC")).await;
        let thread = world.thread().await;
        world.says(&world.student, thread, minutes(0)).await;
        assert_eq!(world.tick_at(minutes(5)).await, pairs(TO_TINA), "written, and not sent");
        if read {
            world.reads(&world.tutor.actor, thread).await;
        }
        let post = post.open().await;
        jobs::retry_now(&world.services).await.expect("due");
        world.work().await;
        assert_eq!(post.taken().len(), sent, "read: {read}");
        testing::execute(
            &world.services,
            "TRUNCATE users, outbox CASCADE; DELETE FROM graphile_worker._private_jobs",
        )
        .await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn messages_that_wait_in_both_languages(db: PgPool) {
    for (tag, reader) in [("en", ("en", "America/New_York")), ("fr", ("fr", "Europe/Paris"))] {
        let world = World::open(db.clone(), ("en", "UTC"), reader).await;
        let thread = world.thread().await;
        world.says(&world.student, thread, minutes(0)).await;
        world.says(&world.student, thread, minutes(2)).await;
        world.tick_at(minutes(5)).await;
        let mails: Vec<Mail> = world.new_mails(0).await;
        assert_eq!(mails.len(), 1);
        let address = mails[0].unsubscribe.clone().expect("it can be refused");
        let text = mails[0].text.replace(&address, "UNSUBSCRIBE").replace(&thread.to_string(), "THREAD");
        assert_snapshot!(format!("new_message_{tag}"), format!("{}\n\n{text}", mails[0].subject));
        assert!(!mails[0].html.contains("integrals") && !text.contains("integrals"), "it stays on the site");
        testing::execute(&world.services, "TRUNCATE users, outbox CASCADE").await;
    }
}
