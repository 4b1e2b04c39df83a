//! A mail server that is away loses nothing, and a mail server of others takes what we send.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod letters;
mod post;

use std::{
    collections::BTreeSet,
    process::{Child, Command, Stdio},
    time::Duration,
};

use chrono::TimeDelta;
use letters::{SAM, World, forget};
use post::Post;
use serde_json::Value;
use services::{
    jobs,
    mail::{self, Mail},
    sweep,
    testing::{self, at_hour, now, number, ports::free_port},
};
use sqlx::PgPool;

/// People for whom a message waits.
const CROWD: i64 = 300;

/// Books a lesson, and lets its tutor write to many people who do not read it.
async fn crowd(world: &World) {
    let booking = world.booked_at(at_hour(4)).await;
    world.work().await;
    sqlx::query(
        "WITH people AS (
             INSERT INTO users (id, email, password_hash, name, role, time_zone, created_at)
             SELECT gen_random_uuid(), n || '@many.test', 'none', 'Many', 'student', 'UTC', created_at
             FROM users, generate_series(1, $2) AS n WHERE email = $3 RETURNING id, created_at),
         threads AS (
             INSERT INTO chat_threads (id, tutor_id, student_id, opened_by, created_at, active_at)
             SELECT gen_random_uuid(), b.tutor_id, p.id, p.id, p.created_at, p.created_at
             FROM people p, bookings b WHERE b.id = $1 RETURNING id, tutor_id, student_id, active_at),
         members AS (
             INSERT INTO chat_members (thread_id, user_id)
             SELECT c.id, u.id FROM threads c JOIN tutors t ON t.id = c.tutor_id
             CROSS JOIN LATERAL (VALUES (c.student_id), (t.user_id)) AS u (id))
         INSERT INTO chat_messages (thread_id, sender_id, body, masked, sent_at)
         SELECT c.id, t.user_id, 'x', false, c.active_at FROM threads c JOIN tutors t ON t.id = c.tutor_id",
    )
    .bind(booking.id.0)
    .bind(CROWD)
    .bind(SAM)
    .execute(&world.services.db)
    .await
    .expect("a crowd");
}

fn message_id(raw: &str) -> String {
    let line = raw.lines().find(|line| line.starts_with("Message-ID:")).expect("an id");
    line.trim_start_matches("Message-ID:").trim().to_owned()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_mail_server_that_is_away_for_an_hour_gets_everything_once(db: PgPool) {
    let post = Post::closed();
    let services = testing::services_in(db, &[("SMTP_URL", &post.url())], None);
    let world = World::with(services, ("en", "UTC"), ("fr", "UTC")).await;
    crowd(&world).await;
    // A lesson that begins in the hour: reminders of it are late afterwards.
    let services = &world.services;
    let early = at_hour(4) - TimeDelta::minutes(70);
    for minutes in [0, 10, 30, 60] {
        world.set(early + TimeDelta::minutes(minutes)).await;
        sweep::run(services).await.expect("swept");
        jobs::retry_now(services).await.expect("due");
        world.work().await;
    }
    let unsent = "SELECT count(*) FROM mails WHERE sent_at IS NULL";
    let written = number(services, unsent).await;
    assert!(written >= CROWD, "{written} mails wait");
    let tried = "SELECT count(*) FROM mails WHERE attempts > 0 AND error IS NOT NULL";
    assert_eq!(number(services, tried).await, written, "each was tried, and says what it failed with");

    world.set(at_hour(4) - TimeDelta::minutes(4)).await;
    let post = post.open().await;
    for _ in 0..3 {
        post.refuse_next();
        jobs::retry_now(services).await.expect("due");
        jobs::drain(services).await.expect("worked off");
    }
    jobs::retry_now(services).await.expect("due");
    jobs::drain(services).await.expect("worked off");
    let late = "SELECT count(*) FROM mails WHERE kind = 'reminder_hour' AND sent_at IS NULL";
    assert_eq!(number(services, late).await, 2, "of no use any more");
    assert_eq!(number(services, unsent).await, 2, "all others were taken");
    let taken = post.taken();
    let ids: BTreeSet<_> = taken.iter().map(|raw| message_id(raw)).collect();
    assert_eq!(
        (taken.len(), ids.len()),
        (usize::try_from(written - 2).expect("a count"), taken.len()),
        "once"
    );
    let sent: Vec<String> = sqlx::query_scalar("SELECT message_id FROM mails WHERE sent_at IS NOT NULL")
        .fetch_all(&services.db)
        .await
        .expect("ids");
    assert_eq!(ids, sent.into_iter().collect());
    jobs::retry_now(services).await.expect("due");
    assert_eq!(jobs::drain(services).await.expect("worked off"), 0, "nothing is left to do");
}

/// Each row: what a mail server says of every recipient, and whether they are tried again.
#[sqlx::test(migrations = "../migrations")]
async fn who_has_no_mailbox_is_tried_once_and_what_may_be_our_fault_again(db: PgPool) {
    let post = Post::closed().open().await;
    let services = testing::services_in(db, &[("SMTP_URL", &post.url())], None);
    let world = World::with(services, ("en", "UTC"), ("fr", "UTC")).await;
    let services = &world.services;
    for (hour, (answer, again)) in (4..).zip([
        ("550 5.1.1 <somebody@example.org>: Recipient address rejected: User unknown", false),
        ("550-No such user here.\r\n550 Look at https://example.org.", false),
        ("550 5.7.1 <somebody@example.org>: Relay access denied", true),
        ("550 relay not permitted", true),
        ("530 5.7.0 Authentication required", true),
        ("450 4.1.1 <somebody@example.org>: unverified address", true),
    ]) {
        let before = post.taken().len();
        post.answer_recipients(Some(answer));
        world.booked_at(at_hour(hour)).await;
        world.work().await;
        let tried = "SELECT count(*) FROM mails WHERE attempts = 1 AND error IS NOT NULL AND sent_at IS NULL";
        assert_eq!(number(services, tried).await, 2, "{answer}: both, and they say with what it failed");
        let ended = mail::count_refused(services).await.expect("a count");
        assert_eq!(ended, if again { 0 } else { 2 }, "{answer}");

        post.answer_recipients(None);
        jobs::retry_now(services).await.expect("due");
        let jobs_done = jobs::drain(services).await.expect("worked off");
        let sent = post.taken().len() - before;
        assert_eq!((jobs_done, sent), if again { (2, 2) } else { (0, 0) }, "{answer}");
        // Whoever asks once more for what ended gets nothing sent either.
        for mail in mail::list(services).await.expect("mails") {
            jobs::Job::run(mail::SendMail { mail: mail.id }, services).await.expect("nothing to do");
        }
        assert_eq!(post.taken().len() - before, sent, "{answer}");
        forget(&world).await;
    }
}

/// MailDev, an SMTP server that shows its mails as JSON.
struct MailDev {
    child: Child,
    smtp: u16,
    web: u16,
}

impl MailDev {
    fn start() -> Self {
        let (smtp, web) = (free_port(), free_port());
        let program = std::env::var("LECTERN_TEST_MAILDEV");
        let child = Command::new("node")
            .arg(program.expect("LECTERN_TEST_MAILDEV; run: eval \"$(scripts/stand-ins)\""))
            .args([
                "--ip",
                "127.0.0.1",
                "--web-ip",
                "127.0.0.1",
                "--smtp",
                &smtp.to_string(),
                "--web",
                &web.to_string(),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("MailDev");
        MailDev { child, smtp, web }
    }

    /// The mails that it took, once it answers.
    async fn mails(&self) -> Vec<Value> {
        let url = format!("http://127.0.0.1:{}/email", self.web);
        for _ in 0..300 {
            if let Ok(answer) = reqwest::get(&url).await {
                return answer.json().await.expect("a list");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("MailDev does not answer");
    }
}

impl Drop for MailDev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_mail_server_of_others_takes_and_understands_them(db: PgPool) {
    let maildev = MailDev::start();
    assert!(maildev.mails().await.is_empty());
    let url = format!("smtp://127.0.0.1:{}", maildev.smtp);
    let services = testing::services_in(db, &[("SMTP_URL", &url)], None);
    let world = World::with(services, ("en", "America/New_York"), ("fr", "Europe/Paris")).await;
    world.booked_at(at_hour(48)).await;
    world.tick_at(now()).await;
    world.tick_at(at_hour(24)).await;
    let kept: Vec<Mail> = mail::list(&world.services).await.expect("mails");
    assert!(kept.len() == 4 && kept.iter().all(|mail| mail.sent_at.is_some()), "{kept:?}");
    let taken = maildev.mails().await;
    assert_eq!(taken.len(), kept.len());
    for mail in &kept {
        let id = mail.message_id.trim_matches(['<', '>']);
        let read = taken.iter().find(|read| read["messageId"] == id).expect("taken");
        assert_eq!(read["subject"], *mail.subject);
        assert_eq!(read["to"][0]["address"], *mail.to);
        assert_eq!(read["text"].as_str().map(str::trim_end), Some(mail.text.trim_end()));
        assert!(read["html"].as_str().is_some_and(|html| html.contains("<!doctype html>")));
        let files = read["attachments"].as_array().map_or(0, Vec::len);
        assert_eq!(files > 0, mail.calendar.is_some(), "{}: {}", mail.kind, read["attachments"]);
        assert_eq!(read["headers"]["list-unsubscribe-post"].is_string(), mail.unsubscribe.is_some());
    }
    forget(&world).await;
}
