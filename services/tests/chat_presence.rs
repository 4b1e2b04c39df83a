//! Who is there, and who writes.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    chat::{MessageBody, PRESENT},
    ids::ThreadId,
};
use services::{
    Actor, Services,
    chat::{self, Whom},
    live,
    testing::{self, student, tutor},
};
use sqlx::PgPool;

/// A tutor and a student who have talked.
struct Two {
    services: Services,
    tutor: Actor,
    student: Actor,
    thread: ThreadId,
}

async fn two(db: PgPool) -> Two {
    let services = testing::services(db);
    let (tutor, student) = (tutor(&services, "Tina").await, student(&services, "Sam").await);
    let (thread, _) = chat::open(&services, &student, Whom::Tutor(tutor.id)).await.expect("a thread");
    Two { services, tutor: tutor.actor, student, thread: thread.id }
}

impl Two {
    /// Moves the clock on by so many seconds.
    fn later(&self, seconds: i64) -> DateTime<Utc> {
        let now = self.services.clock.now() + TimeDelta::seconds(seconds);
        self.services.clock.show(Some(now));
        now
    }

    async fn arrives(&self, actor: &Actor) {
        chat::arrive(&self.services, actor.user).await.expect("noted");
    }

    /// How often a person was told this.
    async fn told(&self, actor: &Actor, kind: &str) -> usize {
        let events = live::after(&self.services.db, actor.user, 0).await.expect("events");
        events.iter().filter(|event| event.kind == kind).count()
    }

    /// When the student sees that the tutor was last there.
    async fn tutor_seen(&self) -> Option<DateTime<Utc>> {
        let threads = chat::threads(&self.services, &self.student, None, 20).await.expect("a list").rows;
        threads.first().expect("the thread").other_seen_at
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn who_comes_is_shown_to_those_who_are_there(db: PgPool) {
    let two = two(db).await;
    assert_eq!(two.tutor_seen().await, None);
    two.arrives(&two.tutor).await;
    assert_eq!(two.told(&two.student, "presence").await, 0, "the student is not there");
    let begun = two.services.clock.now();
    assert_eq!(two.tutor_seen().await, Some(begun));
    two.arrives(&two.student).await;
    assert_eq!((two.told(&two.tutor, "presence").await, two.told(&two.student, "presence").await), (1, 0));
    // Page after page is no news, and signs that follow each other closely are not written.
    for (seconds, seen) in [(5, 0), (5, 0), (5, 15), (PRESENT.num_seconds() - 1, 74)] {
        two.later(seconds);
        two.arrives(&two.tutor).await;
        two.arrives(&two.student).await;
        assert_eq!(two.tutor_seen().await, Some(begun + TimeDelta::seconds(seen)), "{seconds}");
        assert_eq!(two.told(&two.student, "presence").await, 0);
    }
    let back = two.later(PRESENT.num_seconds());
    two.services.clock.show(Some(back - TimeDelta::seconds(1)));
    two.arrives(&two.student).await;
    two.services.clock.show(Some(back));
    two.arrives(&two.tutor).await;
    assert_eq!(two.told(&two.student, "presence").await, 1, "the tutor was away");
}

#[sqlx::test(migrations = "../migrations")]
async fn who_comes_is_not_told_to_whom_they_have_blocked(db: PgPool) {
    let two = two(db).await;
    chat::set_block(&two.services, &two.tutor, two.thread, true).await.expect("blocked");
    two.arrives(&two.student).await;
    two.arrives(&two.tutor).await;
    two.later(PRESENT.num_seconds() * 2);
    two.arrives(&two.tutor).await;
    two.arrives(&two.student).await;
    assert_eq!((two.told(&two.student, "presence").await, two.told(&two.tutor, "presence").await), (0, 0));
    chat::set_block(&two.services, &two.tutor, two.thread, false).await.expect("unblocked");
    two.later(PRESENT.num_seconds() / 2);
    two.arrives(&two.student).await;
    two.later(PRESENT.num_seconds() - 1);
    two.arrives(&two.tutor).await;
    assert_eq!(two.told(&two.student, "presence").await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_has_a_page_open_stays(db: PgPool) {
    let two = two(db).await;
    let page = two.services.live.subscribe(two.tutor.user);
    // A stream may outlive the account of its person.
    let nobody = two.services.live.subscribe(services::chance::id());
    let now = two.later(300);
    chat::stay(&two.services).await.expect("noted");
    assert_eq!(two.tutor_seen().await, Some(now));
    drop((page, nobody));
    two.later(300);
    chat::stay(&two.services).await.expect("noted");
    assert_eq!(two.tutor_seen().await, Some(now));
}

#[sqlx::test(migrations = "../migrations")]
async fn that_somebody_writes_is_told_to_the_other_one_now_and_then(db: PgPool) {
    let two = two(db).await;
    let say = async || chat::say_typing(&two.services, &two.student, two.thread).await.expect("told");
    for (seconds, told) in [(0, 1), (0, 1), (2, 1), (1, 2), (3, 3)] {
        two.later(seconds);
        say().await;
        assert_eq!(two.told(&two.tutor, "typing").await, told, "{seconds}");
    }
    let event = live::after(&two.services.db, two.tutor.user, 0).await.expect("events").pop().expect("one");
    let until = two.services.clock.now() + TimeDelta::seconds(6);
    let expected =
        serde_json::json!({ "thread_id": two.thread, "user_id": two.student.user, "until": until });
    assert_eq!(event.payload, expected);
    assert_eq!(two.told(&two.student, "typing").await, 0);
    // Whoever has sent and goes on writing is told anew.
    let text = MessageBody::parse("Hello").expect("a text");
    chat::send(&two.services, &two.student, two.thread, &text, None).await.expect("sent");
    say().await;
    assert_eq!(two.told(&two.tutor, "typing").await, 4);
    let stranger = student(&two.services, "Sue").await;
    assert!(chat::say_typing(&two.services, &stranger, two.thread).await.is_err());
}
