//! Blocking, reports and what admins decide, and the receipts of each message.
#![allow(clippy::expect_used, clippy::panic, reason = "a fixture that fails is a failed test")]

mod statements;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code,
    account::Role,
    chat::{ClientId, Decision, MessageBody, ReportReason, Silence},
    ids::ThreadId,
};
use services::{
    Actor, Services, chance,
    chat::{self, Message, Reported, Whom},
    live,
    testing::{self, Tutor, refused, student, tutor, user},
};
use sqlx::PgPool;
use statements::counted;

/// A tutor and a student with a thread, and an admin.
struct Three {
    services: Services,
    tutor: Tutor,
    student: Actor,
    admin: Actor,
    thread: ThreadId,
}

async fn three(db: PgPool) -> Three {
    let services = testing::services(db);
    let (tutor, student) = (tutor(&services, "Tina").await, student(&services, "Sam").await);
    let admin = user(&services, "Ann", Role::Admin).await;
    let (thread, _) = chat::open(&services, &student, Whom::Tutor(tutor.id)).await.expect("a thread");
    Three { services, tutor, student, admin, thread: thread.id }
}

impl Three {
    async fn try_send(&self, actor: &Actor, text: &str) -> services::Result<Message> {
        let body = MessageBody::parse(text).expect("a text");
        chat::send(&self.services, actor, self.thread, &body, None).await
    }

    async fn send(&self, actor: &Actor, text: &str) -> Message {
        self.try_send(actor, text).await.expect("sent")
    }

    async fn bodies(&self, actor: &Actor) -> Vec<String> {
        let page = chat::messages(&self.services, actor, self.thread, None, 100).await.expect("a page");
        page.rows.into_iter().rev().map(|message| message.body).collect()
    }

    async fn block(&self, actor: &Actor, blocked: bool) -> Silence {
        chat::set_block(&self.services, actor, self.thread, blocked).await.expect("set").silence
    }

    async fn silence(&self, actor: &Actor) -> Silence {
        let threads = chat::threads(&self.services, actor, None, 10).await.expect("a list").rows;
        threads.first().expect("a thread").silence
    }

    async fn report(&self, actor: &Actor, message: Option<i64>) -> chat::Report {
        let reason = ReportReason::Fraud;
        chat::report(&self.services, actor, self.thread, message, reason, Some("Asks for money"))
            .await
            .expect("reported")
    }

    async fn decide(&self, report: &chat::Report, decision: Decision) -> services::Result<()> {
        chat::decide(&self.services, &self.admin, report.id, decision, "Seen it").await
    }

    async fn queue(&self) -> chat::Moderation {
        chat::moderation(&self.services, &self.admin).await.expect("the queue")
    }

    async fn told(&self, actor: &Actor) -> Vec<String> {
        let events = live::after(&self.services.db, actor.user, 0).await.expect("events");
        events.into_iter().map(|event| event.kind).collect()
    }
}

fn lines(report: &Reported) -> Vec<&str> {
    report.lines.iter().map(|line| line.body.as_str()).collect()
}

fn forbidden(key: &str) -> (Code, String) {
    (Code::InsufficientPermissions, key.to_owned())
}

#[sqlx::test(migrations = "../migrations")]
async fn a_block_silences_both_until_it_ends(db: PgPool) {
    let three = three(db).await;
    let (student, tutor) = (&three.student, &three.tutor.actor);
    let name = ClientId::parse("c1").expect("a name");
    let hello = MessageBody::parse("Hello").expect("a text");
    let send = || chat::send(&three.services, student, three.thread, &hello, Some(&name));
    let first = send().await.expect("sent");
    assert_eq!(three.block(tutor, true).await, Silence { blocks: true, blocked: false, suspended: false });
    three.block(tutor, true).await;
    assert_eq!(refused(three.try_send(student, "Again").await), forbidden("chat_blocked"));
    assert_eq!(refused(three.try_send(tutor, "Again").await), forbidden("chat_blocks"));
    let typing = chat::say_typing(&three.services, student, three.thread).await;
    assert_eq!(refused(typing), forbidden("chat_blocked"));
    // What was sent before is sent, and stays readable.
    assert_eq!(send().await.expect("the same"), first);
    assert_eq!(three.bodies(student).await, ["Hello"]);
    assert!(three.silence(student).await.blocked && three.silence(tutor).await.blocks);
    // Each ends only one's own.
    three.block(student, true).await;
    three.block(tutor, false).await;
    assert_eq!(refused(three.try_send(tutor, "Now?").await), forbidden("chat_blocked"));
    assert_eq!(three.block(student, false).await, Silence::default());
    three.send(tutor, "Now").await;
    assert_eq!(three.bodies(tutor).await, ["Hello", "Now"]);
    let changes = three.told(student).await.into_iter().filter(|kind| kind == "thread").count();
    assert_eq!(changes, 4, "a block that is there already is no news");
    for stranger in [&three.admin, &testing::student(&three.services, "Sue").await] {
        let answer = chat::set_block(&three.services, stranger, three.thread, true).await;
        assert_eq!(refused(answer).0, Code::NotFound);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_block_waits_for_the_message_that_is_being_written(db: PgPool) {
    let three = three(db).await;
    let mut writer = three.services.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM chat_threads FOR NO KEY UPDATE").execute(&mut *writer).await.expect("locked");
    let blocking = three.block(&three.tutor.actor, true);
    tokio::pin!(blocking);
    let soon = tokio::time::timeout(std::time::Duration::from_millis(200), &mut blocking);
    assert!(soon.await.is_err(), "it waits");
    writer.commit().await.expect("committed");
    assert!(blocking.await.blocks);
}

#[sqlx::test(migrations = "../migrations")]
async fn only_what_the_other_wrote_is_reported_and_once(db: PgPool) {
    let three = three(db).await;
    let (student, tutor) = (&three.student, &three.tutor.actor);
    let (own, theirs) = (three.send(student, "Mine").await, three.send(tutor, "Pay me elsewhere").await);
    let stranger = testing::student(&three.services, "Sue").await;
    let elsewhere = chat::open(&three.services, &stranger, Whom::Tutor(three.tutor.id)).await.expect("one").0;
    for (actor, thread, message) in [
        (student, three.thread, Some(own.id)),
        (student, three.thread, Some(0)),
        (student, three.thread, Some(i64::MAX)),
        (&stranger, three.thread, Some(theirs.id)),
        (&stranger, elsewhere.id, Some(theirs.id)),
        (&three.admin, three.thread, None),
        (student, chance::id(), None),
    ] {
        let answer = chat::report(&three.services, actor, thread, message, ReportReason::Spam, None).await;
        assert_eq!(refused(answer).0, Code::NotFound, "{message:?}");
    }
    let report = three.report(student, Some(theirs.id)).await;
    let again =
        chat::report(&three.services, student, three.thread, Some(theirs.id), ReportReason::Spam, None);
    assert_eq!(again.await.expect("the same"), report);
    three.report(student, None).await;
    three.report(tutor, None).await;
    assert_eq!(chat::count_reports(&three.services, &three.admin).await.expect("a number"), 3);
    three.decide(&report, Decision::Dismiss).await.expect("decided");
    assert!(three.report(student, Some(theirs.id)).await.id != report.id, "what is decided can be told anew");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_admin_sees_what_was_reported_and_what_is_around_it(db: PgPool) {
    let three = three(db).await;
    let (student, tutor) = (&three.student, &three.tutor.actor);
    let mut sent = Vec::new();
    for at in 0..20 {
        sent.push(three.send(if at % 2 == 0 { student } else { tutor }, &format!("m{at}")).await);
    }
    three.report(student, Some(sent[9].id)).await;
    three.services.clock.show(Some(testing::now() + TimeDelta::minutes(1)));
    three.report(tutor, None).await;
    three.services.clock.show(Some(testing::now() + TimeDelta::minutes(2)));
    three.send(student, "after").await;
    let (queue, statements) = counted(chat::moderation(&three.services, &three.admin)).await;
    let queue = queue.expect("the queue");
    assert_eq!(statements, 5);
    let [about_message, about_thread] = &queue.open[..] else { panic!("{queue:?}") };
    assert_eq!(lines(about_message), ["m6", "m7", "m8", "m9", "m10", "m11", "m12"]);
    assert_eq!((&*about_message.reporter_name, &*about_message.about_name), ("Sam", "Tina"));
    assert_eq!(
        (about_message.reason, about_message.note.as_deref()),
        (ReportReason::Fraud, Some("Asks for money"))
    );
    assert_eq!(lines(about_thread), ["m10", "m11", "m12", "m13", "m14", "m15", "m16", "m17", "m18", "m19"]);
    assert_eq!(&*about_thread.about_name, "Sam");
    for actor in [student, tutor] {
        assert_eq!(refused(chat::moderation(&three.services, actor).await).0, Code::InsufficientPermissions);
        assert_eq!(
            refused(chat::count_reports(&three.services, actor).await).0,
            Code::InsufficientPermissions
        );
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_removed_message_is_gone_for_both_and_kept_as_evidence(db: PgPool) {
    let three = three(db).await;
    let (student, tutor) = (&three.student, &three.tutor.actor);
    three.send(student, "Hello").await;
    let bad = three.send(tutor, "Send me your password").await;
    let report = three.report(student, Some(bad.id)).await;
    three.decide(&report, Decision::Remove).await.expect("decided");
    for actor in [student, tutor] {
        assert_eq!(three.bodies(actor).await, ["Hello", ""]);
        let threads = chat::threads(&three.services, actor, None, 10).await.expect("a list").rows;
        let last = threads[0].last.as_ref().expect("a message");
        assert!(last.removed && last.body.is_empty(), "{last:?}");
        assert_eq!(threads[0].unread, i64::from(actor.user == tutor.user), "nobody has to read what is gone");
        let news = chat::look(&three.services, actor, three.thread, chat::Position::default(), None).await;
        let news = news.expect("news").messages;
        assert!(news.iter().all(|message| !message.body.contains("password")) && news[1].removed, "{news:?}");
        assert!(three.told(actor).await.iter().any(|kind| kind == "thread"));
    }
    let kept: String = sqlx::query_scalar("SELECT body FROM chat_messages WHERE removed_at IS NOT NULL")
        .fetch_one(&three.services.db)
        .await
        .expect("the evidence");
    assert_eq!(kept, "Send me your password");
    let past = three.queue().await.past;
    let verdict = past[0].verdict.as_ref().expect("decided");
    assert_eq!((verdict.decision, &*verdict.by, &*verdict.note), (Decision::Remove, "Ann", "Seen it"));
    assert_eq!(verdict.at, testing::now());
    assert_eq!(
        refused(three.decide(&report, Decision::Dismiss).await),
        (Code::InvalidState, "report_decided".into())
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn who_is_suspended_writes_nowhere_until_an_admin_lifts_it(db: PgPool) {
    let three = three(db).await;
    let (student, tutor) = (&three.student, &three.tutor.actor);
    three.send(student, "Hello").await;
    let other = testing::student(&three.services, "Sue").await;
    let elsewhere = chat::open(&three.services, &other, Whom::Tutor(three.tutor.id)).await.expect("one").0.id;
    let (about, more) = (three.report(student, None).await, three.report(tutor, None).await);
    assert_eq!(refused(three.decide(&about, Decision::Remove).await).1, "report_decision");
    three.decide(&about, Decision::Suspend).await.expect("decided");
    let hello = MessageBody::parse("Hello").expect("a text");
    for thread in [three.thread, elsewhere] {
        let answer = chat::send(&three.services, tutor, thread, &hello, None).await;
        assert_eq!(refused(answer), forbidden("chat_suspended"));
    }
    assert!(three.silence(tutor).await.suspended && !three.silence(student).await.suspended);
    three.send(student, "Are you there?").await;
    three.decide(&more, Decision::Dismiss).await.expect("decided");
    let suspended = three.queue().await.suspended;
    assert_eq!((suspended.len(), &*suspended[0].name, &*suspended[0].by), (1, "Tina", "Ann"));
    let lift = |actor| chat::lift(&three.services, actor, tutor.user, "Apologised");
    assert_eq!(refused(lift(student).await).0, Code::InsufficientPermissions);
    lift(&three.admin).await.expect("lifted");
    assert_eq!(refused(lift(&three.admin).await).0, Code::NotFound);
    three.send(tutor, "Sorry").await;
    for actor in [student, tutor] {
        let answer = chat::decide(&three.services, actor, about.id, Decision::Dismiss, "Mine").await;
        assert_eq!(refused(answer).0, Code::InsufficientPermissions);
    }
    let unknown = chat::decide(&three.services, &three.admin, chance::id(), Decision::Dismiss, "None").await;
    assert_eq!(refused(unknown).0, Code::NotFound);
}

/// A message with when it was delivered and read.
type Receipt = (i64, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// The receipts as exports show them.
async fn receipts(db: &PgPool) -> Vec<Receipt> {
    let rows = sqlx::query!(
        r#"SELECT message_id AS "message!", delivered AS "delivered!", read AS "read!", delivered_at, read_at
           FROM chat_message_receipts ORDER BY message_id"#
    )
    .fetch_all(db)
    .await
    .expect("receipts");
    rows.into_iter()
        .map(|row| {
            assert_eq!((row.delivered, row.read), (row.delivered_at.is_some(), row.read_at.is_some()));
            (row.message, row.delivered_at, row.read_at)
        })
        .collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn each_message_has_a_receipt_with_its_times(db: PgPool) {
    let three = three(db.clone()).await;
    let (student, tutor) = (&three.student, &three.tutor.actor);
    let minute = |at| testing::now() + TimeDelta::minutes(at);
    let go_to = |at| three.services.clock.show(Some(minute(at)));
    let mut sent = Vec::new();
    for text in ["one", "two", "three"] {
        sent.push(three.send(student, text).await.id);
    }
    assert_eq!(receipts(&db).await, sent.iter().map(|id| (*id, None, None)).collect::<Vec<_>>());
    go_to(1);
    three.bodies(tutor).await;
    go_to(2);
    chat::read(&three.services, tutor, three.thread, Some(sent[0])).await.expect("read");
    go_to(3);
    sent.push(three.send(student, "four").await.id);
    go_to(4);
    chat::read(&three.services, tutor, three.thread, None).await.expect("read");
    go_to(5);
    chat::read(&three.services, tutor, three.thread, None).await.expect("read again");
    three.bodies(tutor).await;
    sent.push(three.send(tutor, "five").await.id);
    let expected = [
        (sent[0], Some(minute(1)), Some(minute(2))),
        (sent[1], Some(minute(1)), Some(minute(4))),
        (sent[2], Some(minute(1)), Some(minute(4))),
        (sent[3], Some(minute(4)), Some(minute(4))),
        (sent[4], None, None),
    ];
    assert_eq!(receipts(&db).await, expected);
}
