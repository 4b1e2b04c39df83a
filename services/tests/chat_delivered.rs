//! What reaches people by the streams of their pages, noted for many at once.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod statements;

use chrono::TimeDelta;
use domain::{chat::MessageBody, ids::ThreadId};
use futures::future::{join, join_all};
use serde_json::{Value, json};
use services::{
    Actor, Services, chance,
    chat::{self, Delivery, Message, Whom},
    live,
    testing::{self, number, student, tutor},
};
use sqlx::PgPool;
use statements::counted;

/// A tutor who talks with some students.
struct Talks {
    services: Services,
    tutor: Actor,
    students: Vec<(Actor, ThreadId)>,
}

async fn talks(db: PgPool, students: usize) -> Talks {
    let services = testing::services(db);
    let tutor = tutor(&services, "Tina").await;
    let mut opened = Vec::new();
    for at in 0..students {
        let student = student(&services, &format!("Student {at}")).await;
        let thread = chat::open(&services, &student, Whom::Tutor(tutor.id)).await.expect("a thread").0.id;
        opened.push((student, thread));
    }
    Talks { services, tutor: tutor.actor, students: opened }
}

impl Talks {
    /// A student writes to the tutor.
    async fn writes(&self, at: usize) -> Message {
        let (student, thread) = &self.students[at];
        self.send(student, *thread).await
    }

    async fn send(&self, actor: &Actor, thread: ThreadId) -> Message {
        let text = MessageBody::parse("Hello").expect("a text");
        chat::send(&self.services, actor, thread, &text, None).await.expect("sent")
    }

    /// The message has reached the tutor.
    fn reaches_tutor(&self, message: &Message) -> Delivery {
        Delivery { user: self.tutor.user, thread: message.thread, message: message.id }
    }

    async fn deliver(&self, deliveries: &[Delivery]) {
        chat::deliver(&self.services, deliveries).await.expect("noted");
    }

    /// Up to which message a student's own have come, and were read.
    async fn come(&self, at: usize) -> (i64, i64) {
        let (student, thread) = &self.students[at];
        let thread = chat::thread(&self.services, student, *thread).await.expect("the thread");
        (thread.delivered_to, thread.read_to)
    }

    /// The receipts that a person's pages were told of.
    async fn told(&self, actor: &Actor) -> Vec<Value> {
        let events = live::after(&self.services.db, actor.user, 0).await.expect("events");
        events.into_iter().filter(|event| event.kind == "receipt").map(|event| event.payload).collect()
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn many_deliveries_are_noted_at_once_and_each_sender_is_told(db: PgPool) {
    let talks = talks(db, 3).await;
    let mut sent = Vec::new();
    for at in [0, 0, 1, 2] {
        sent.push(talks.writes(at).await);
    }
    let answer = talks.send(&talks.tutor, talks.students[0].1).await;
    talks.services.clock.show(Some(testing::now() + TimeDelta::minutes(1)));
    let (_, one) = counted(talks.deliver(&[talks.reaches_tutor(&sent[3])])).await;
    let reaches_student = Delivery { user: talks.students[0].0.user, ..talks.reaches_tutor(&answer) };
    let all = [
        reaches_student,
        // Of one person and thread, in any order: the latest counts.
        talks.reaches_tutor(&sent[1]),
        talks.reaches_tutor(&sent[0]),
        talks.reaches_tutor(&sent[2]),
    ];
    let (_, many) = counted(talks.deliver(&all)).await;
    assert_eq!(one, many, "as many statements for one as for many");
    for (at, id) in [(0, sent[1].id), (1, sent[2].id), (2, sent[3].id)] {
        assert_eq!(talks.come(at).await, (id, 0), "student {at}");
        let (student, thread) = &talks.students[at];
        let expected = json!({
            "thread_id": thread, "user_id": talks.tutor.user, "receipt": "delivered", "message_id": id.to_string(),
        });
        assert_eq!(talks.told(student).await, [expected], "student {at}");
    }
    let expected = json!({
        "thread_id": answer.thread, "user_id": talks.students[0].0.user, "receipt": "delivered",
        "message_id": answer.id.to_string(),
    });
    assert_eq!(talks.told(&talks.tutor).await, [expected], "not of what has reached the tutor");
    let steps = "SELECT count(*) FROM chat_steps WHERE receipt = 'delivered' AND at = '2027-03-01T08:01:00Z'";
    assert_eq!(number(&talks.services, steps).await, 4, "by the product's clock");

    // Again it is no news, and what was read is not only delivered again.
    let told = number(&talks.services, "SELECT count(*) FROM live_events").await;
    talks.deliver(&all).await;
    talks.deliver(&[]).await;
    chat::read(&talks.services, &talks.tutor, sent[2].thread, None).await.expect("read");
    talks.deliver(&all).await;
    assert_eq!(talks.come(1).await, (sent[2].id, sent[2].id));
    let steps = number(&talks.services, "SELECT count(*) FROM chat_steps").await;
    let now = number(&talks.services, "SELECT count(*) FROM live_events").await;
    assert_eq!((steps, now), (5, told + 2), "reading is told to both");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_delivery_never_goes_back_and_counts_for_members_alone(db: PgPool) {
    let talks = talks(db, 2).await;
    let (first, second) = (talks.writes(0).await, talks.writes(0).await);
    let elsewhere = talks.writes(1).await;
    talks.deliver(&[talks.reaches_tutor(&second)]).await;
    let to_second = talks.reaches_tutor(&second);
    talks.deliver(&[talks.reaches_tutor(&first), Delivery { message: 0, ..to_second }]).await;
    assert_eq!(talks.come(0).await, (second.id, 0));

    let stranger = student(&talks.services, "Sue").await;
    let (other, _) = &talks.students[1];
    talks
        .deliver(&[
            // Of a thread in which they have no part, or that does not exist; and one's own message.
            Delivery { user: stranger.user, ..talks.reaches_tutor(&elsewhere) },
            Delivery { user: talks.students[0].0.user, ..talks.reaches_tutor(&elsewhere) },
            Delivery { user: chance::id(), ..talks.reaches_tutor(&elsewhere) },
            Delivery { thread: chance::id(), ..talks.reaches_tutor(&elsewhere) },
            Delivery { user: other.user, ..talks.reaches_tutor(&elsewhere) },
            // Only what the thread has came: its own messages up to there.
            Delivery { message: i64::MAX, ..to_second },
        ])
        .await;
    assert_eq!((talks.come(0).await, talks.come(1).await), ((second.id, 0), (0, 0)));
    assert_eq!(number(&talks.services, "SELECT count(*) FROM chat_steps").await, 1);
    assert_eq!(number(&talks.services, "SELECT count(*) FROM live_events WHERE kind = 'receipt'").await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_streams_gather_is_noted_once(db: PgPool) {
    let talks = talks(db, 2).await;
    let sent = [talks.writes(0).await, talks.writes(0).await, talks.writes(1).await];
    let events = live::after(&talks.services.db, talks.tutor.user, 0).await.expect("events");
    let told = events.iter().filter_map(|event| Delivery::of(talks.tutor.user, event));
    let told: Vec<_> = told.collect();
    assert_eq!(told, sent.each_ref().map(|message| talks.reaches_tutor(message)));
    talks.services.deliveries.gather(told);
    chat::note_deliveries(&talks.services).await.expect("noted");
    assert_eq!((talks.come(0).await, talks.come(1).await), ((sent[1].id, 0), (sent[2].id, 0)));
    let (noted, statements) = counted(chat::note_deliveries(&talks.services)).await;
    noted.expect("nothing to note");
    assert_eq!(statements, 0, "nothing is written where nothing was gathered");
}

/// Servers note the same threads at once, while people write and read in them: nobody waits in a circle.
#[sqlx::test(migrations = "../migrations")]
async fn a_crowd_of_servers_and_writers_ends(db: PgPool) {
    let talks = talks(db, 12).await;
    let mut sent = Vec::new();
    for _ in 0..5 {
        for at in 0..talks.students.len() {
            sent.push(talks.writes(at).await);
        }
        let all: Vec<_> = sent.iter().map(|message| talks.reaches_tutor(message)).collect();
        let reversed: Vec<_> = all.iter().rev().copied().collect();
        let servers = join_all([&all, &reversed, &all].map(|all| chat::deliver(&talks.services, all)));
        let people = join_all(talks.students.iter().rev().map(|(student, thread)| {
            let talks = &talks;
            async move {
                talks.send(student, *thread).await;
                chat::say_typing(&talks.services, &talks.tutor, *thread).await.expect("told");
                chat::read(&talks.services, &talks.tutor, *thread, None).await.expect("read");
            }
        }));
        let (noted, _) = join(servers, people).await;
        for noted in noted {
            noted.expect("noted");
        }
    }
    let behind = "SELECT count(*) FROM chat_message_receipts r JOIN chat_messages m ON m.id = r.message_id
                  JOIN users u ON u.id = m.sender_id AND u.role = 'student' WHERE NOT (r.delivered AND r.read)";
    assert_eq!(number(&talks.services, behind).await, 0);
}
