//! Chat: who speaks with whom, what arrives once and in order, what is masked.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    chat::{ClientId, MessageBody},
    ids::ThreadId,
};
use futures::future::join_all;
use services::{
    Actor, Services, booking, chance,
    chat::{self, Message, Whom},
    live,
    testing::{self, Tutor, at_hour, booked, execute, refused, student, tutor, user},
};
use sqlx::PgPool;

/// A tutor and a student with a thread.
struct Two {
    services: Services,
    tutor: Tutor,
    student: Actor,
    thread: ThreadId,
}

async fn two(db: PgPool) -> Two {
    let services = testing::services(db);
    let (tutor, student) = (tutor(&services, "Tina").await, student(&services, "Sam").await);
    let (thread, is_new) = chat::open(&services, &student, Whom::Tutor(tutor.id)).await.expect("a thread");
    assert!(is_new);
    Two { services, tutor, student, thread: thread.id }
}

fn body(text: &str) -> MessageBody {
    MessageBody::parse(text).expect("a text")
}

impl Two {
    async fn send(&self, actor: &Actor, text: &str) -> Message {
        chat::send(&self.services, actor, self.thread, &body(text), None).await.expect("sent")
    }

    async fn named(&self, actor: &Actor, text: &str, name: &str) -> Message {
        let name = ClientId::parse(name).expect("a name");
        chat::send(&self.services, actor, self.thread, &body(text), Some(&name)).await.expect("sent")
    }

    /// All messages, oldest first, read in pages of seven.
    async fn all(&self) -> Vec<Message> {
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let page = chat::messages(&self.services, &self.tutor.actor, self.thread, cursor, 7).await;
            let page = page.expect("a page");
            all.extend(page.rows);
            cursor = page.next;
            if cursor.is_none() {
                all.reverse();
                return all;
            }
        }
    }

    /// The kinds of what a person's pages were told.
    async fn told(&self, actor: &Actor) -> Vec<String> {
        let events = live::after(&self.services.db, actor.user, 0).await.expect("events");
        events.into_iter().map(|event| event.kind).collect()
    }
}

/// Ids and times grow together.
fn assert_in_order(messages: &[Message]) {
    let grows = |pair: &[Message]| pair[0].id < pair[1].id && pair[0].sent_at <= pair[1].sent_at;
    assert!(messages.windows(2).all(grows), "{messages:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn two_people_have_one_thread_however_it_is_opened(db: PgPool) {
    let two = two(db).await;
    let (services, student, tutor) = (&two.services, &two.student, &two.tutor.actor);
    let other = user(services, "Sue", Role::Student).await;
    let by_tutor = Whom::Tutor(two.tutor.id);
    let opened = join_all((0..10).map(|_| chat::open(services, &other, by_tutor))).await;
    let opened: Vec<_> = opened.into_iter().map(|opened| opened.expect("a thread")).collect();
    assert_eq!(opened.iter().filter(|(_, is_new)| *is_new).count(), 1);
    assert!(opened.iter().all(|(thread, _)| thread.id == opened[0].0.id && thread.id != two.thread));

    let booking = booked(services, student, &two.tutor, at_hour(4)).await;
    for actor in [student, tutor] {
        let (thread, is_new) =
            chat::open(services, actor, Whom::Booking(booking.id)).await.expect("a thread");
        assert_eq!((thread.id, is_new), (two.thread, false));
    }
    // A tutor who never taught a student opens nothing, nor does who has no part in a booking.
    let admin = user(services, "Ann", Role::Admin).await;
    for (actor, whom, code) in [
        (tutor, by_tutor, Code::InsufficientPermissions),
        (&admin, by_tutor, Code::InsufficientPermissions),
        (&admin, Whom::Booking(booking.id), Code::BookingNotFound),
        (&other, Whom::Booking(booking.id), Code::BookingNotFound),
        (student, Whom::Booking(services::chance::id()), Code::BookingNotFound),
        (student, Whom::Tutor(services::chance::id()), Code::ProfileNotFound),
    ] {
        assert_eq!(refused(chat::open(services, actor, whom).await).0, code, "{whom:?}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn strangers_learn_nothing(db: PgPool) {
    let two = two(db).await;
    let message = two.send(&two.student, "Hello").await;
    let services = &two.services;
    let stranger = student(services, "Sue").await;
    let other_tutor = testing::tutor(services, "Tom").await.actor;
    let admin = user(services, "Ann", Role::Admin).await;
    let unknown = (Code::NotFound, "not_found".to_owned());
    for actor in [&stranger, &other_tutor, &admin] {
        assert_eq!(refused(chat::messages(services, actor, two.thread, None, 20).await), unknown);
        assert_eq!(refused(chat::send(services, actor, two.thread, &body("x"), None).await), unknown);
        assert_eq!(refused(chat::read(services, actor, two.thread, None).await), unknown);
        assert_eq!(chat::threads(services, actor, None, 20).await.expect("a list").rows, []);
        assert_eq!(two.told(actor).await, Vec::<String>::new());
    }
    assert_eq!(two.all().await, [message]);
}

#[sqlx::test(migrations = "../migrations")]
async fn messages_of_one_instant_and_of_a_clock_that_goes_back_stay_in_order(db: PgPool) {
    let two = two(db).await;
    let mut sent = Vec::new();
    for (at, minutes) in [0, 0, 10, -5, -5, 0, 20].into_iter().enumerate() {
        two.services.clock.show(Some(testing::now() + TimeDelta::minutes(minutes)));
        let sender = if at % 2 == 0 { &two.student } else { &two.tutor.actor };
        sent.push(two.send(sender, &format!("message {at}")).await);
    }
    let minutes: Vec<_> = sent.iter().map(|sent| (sent.sent_at - testing::now()).num_minutes()).collect();
    assert_eq!(minutes, [0, 0, 10, 10, 10, 10, 20]);
    assert_in_order(&sent);
    assert_eq!(two.all().await, sent);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_commits_later_comes_later_whatever_its_clock_said(db: PgPool) {
    let two = two(db).await;
    // A writer holds the thread; another one has already read its clock.
    let mut slow = two.services.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM chat_threads WHERE id = $1 FOR NO KEY UPDATE")
        .bind(two.thread.0)
        .execute(&mut *slow)
        .await
        .expect("locked");
    let early = two.send(&two.student, "early");
    tokio::pin!(early);
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut early).await.is_err(), "it waits");
    let late = testing::now() + TimeDelta::hours(1);
    let first: i64 = sqlx::query_scalar(
        "INSERT INTO chat_messages (thread_id, sender_id, body, masked, sent_at) VALUES ($1, $2, 'late', false, $3)
         RETURNING id",
    )
    .bind(two.thread.0)
    .bind(two.tutor.actor.user.0)
    .bind(late)
    .fetch_one(&mut *slow)
    .await
    .expect("written");
    sqlx::query("UPDATE chat_threads SET active_at = $1")
        .bind(late)
        .execute(&mut *slow)
        .await
        .expect("moved");
    assert_eq!(two.all().await, [], "nothing is seen before it is certain");
    slow.commit().await.expect("committed");
    let second = early.await;
    assert!(second.id > first && second.sent_at == late, "{second:?}");
    let bodies: Vec<_> = two.all().await.into_iter().map(|message| message.body).collect();
    assert_eq!(bodies, ["late", "early"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_crowd_of_writers_leaves_one_order_and_readers_miss_nothing(db: PgPool) {
    let two = two(db).await;
    let writers = join_all((0..60).map(|at| {
        let two = &two;
        async move {
            let sender = if at % 2 == 0 { &two.student } else { &two.tutor.actor };
            two.named(sender, &format!("message {at}"), &at.to_string()).await
        }
    }));
    // Reads the newest page until it has seen as many, and goes on from where it stopped.
    let reader = async {
        let mut seen: Vec<Message> = Vec::new();
        while seen.len() < 60 {
            let newest = chat::messages(&two.services, &two.student, two.thread, None, 100).await;
            let known = seen.last().map_or(0, |message| message.id);
            let mut rows = newest.expect("a page").rows;
            rows.retain(|message| message.id > known);
            seen.extend(rows.into_iter().rev());
        }
        seen
    };
    let (sent, seen) = tokio::join!(writers, reader);
    assert_in_order(&seen);
    assert_eq!(two.all().await, seen);
    let mut sent: Vec<_> = sent.into_iter().map(|message| message.id).collect();
    sent.sort_unstable();
    assert_eq!(sent, seen.iter().map(|message| message.id).collect::<Vec<_>>());
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_sent_twice_is_one_message(db: PgPool) {
    let two = two(db).await;
    let sent = join_all((0..8).map(|_| two.named(&two.student, "once", "a"))).await;
    assert!(sent.iter().all(|message| *message == sent[0]), "{sent:?}");
    // The name is the sender's own, and without one each is a message of its own.
    let others = [
        two.named(&two.tutor.actor, "once", "a").await,
        two.send(&two.student, "once").await,
        two.send(&two.student, "once").await,
    ];
    let mut all = vec![sent[0].clone()];
    all.extend(others);
    assert_eq!(two.all().await, all);
    for actor in [&two.student, &two.tutor.actor] {
        let told = two.told(actor).await;
        assert_eq!(told.iter().filter(|kind| *kind == "message").count(), 4, "{told:?}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_neither_skip_nor_repeat_while_messages_arrive(db: PgPool) {
    let two = two(db).await;
    for at in 0..40 {
        // Three of each instant.
        two.services.clock.show(Some(testing::now() + TimeDelta::seconds(at / 3)));
        two.send(&two.student, &format!("{at}")).await;
    }
    for limit in [1, 2, 3, 7, 39, 40, 41, 100] {
        let before = two.all().await;
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = chat::messages(&two.services, &two.student, two.thread, cursor, limit).await;
            let page = page.expect("a page");
            seen.extend(page.rows);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
            if seen.len() < 12 {
                two.send(&two.tutor.actor, "meanwhile").await;
            }
        }
        seen.reverse();
        assert_eq!(seen, before, "limit {limit}");
    }
    for limit in [0, -1, 101, i64::MAX] {
        let refusal = refused(chat::messages(&two.services, &two.student, two.thread, None, limit).await);
        assert_eq!(refusal, (Code::InvalidRequest, "page_size".to_owned()), "{limit}");
        assert!(chat::threads(&two.services, &two.student, None, limit).await.is_err());
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn receipts_follow_from_how_far_the_other_has_come(db: PgPool) {
    let two = two(db).await;
    let (services, student, tutor) = (&two.services, &two.student, &two.tutor.actor);
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(two.send(student, text).await.id);
    }
    let seen_by = async |actor: &Actor| {
        let threads = chat::threads(services, actor, None, 20).await.expect("a list").rows;
        threads.into_iter().map(|row| (row.unread, row.delivered_to, row.read_to)).collect::<Vec<_>>()
    };
    assert_eq!((seen_by(student).await, seen_by(tutor).await), (vec![(0, 0, 0)], vec![(3, 0, 0)]));
    // One's own reading is no receipt; the other's is a delivery.
    chat::messages(services, student, two.thread, None, 20).await.expect("a page");
    assert_eq!(seen_by(student).await, [(0, 0, 0)]);
    chat::messages(services, tutor, two.thread, None, 20).await.expect("a page");
    assert_eq!((seen_by(student).await, seen_by(tutor).await), (vec![(0, ids[2], 0)], vec![(3, 0, 0)]));
    // Read up to one, again, and back: it never goes back, and only news is told.
    for up_to in [Some(ids[1]), Some(ids[1]), Some(ids[0])] {
        assert_eq!(chat::read(services, tutor, two.thread, up_to).await.expect("read").unread, 1);
        assert_eq!(seen_by(student).await, [(0, ids[2], ids[1])]);
    }
    let unread = async |shown| chat::unread(services, tutor, shown).await.expect("a count");
    assert_eq!((unread(None).await, unread(Some(two.thread)).await), (1, 0));
    assert_eq!(unread(Some(chance::id())).await, 1);
    assert_eq!(chat::read(services, tutor, two.thread, None).await.expect("read").unread, 0);
    assert_eq!(unread(None).await, 0);
    assert_eq!(seen_by(student).await, [(0, ids[2], ids[2])]);
    let own = two.send(tutor, "four").await;
    assert_eq!(chat::read(services, tutor, two.thread, Some(own.id)).await.expect("read").unread, 0);
    assert_eq!(seen_by(student).await, [(1, ids[2], ids[2])]);
    for actor in [student, tutor] {
        let told = two.told(actor).await;
        let receipts = told.iter().filter(|kind| *kind == "receipt").count();
        assert_eq!((receipts, told.len()), (3, 7), "{told:?}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn only_a_message_of_the_thread_is_read(db: PgPool) {
    let two = two(db).await;
    let (services, tutor) = (&two.services, &two.tutor.actor);
    let other = student(services, "Sue").await;
    let (elsewhere, _) = chat::open(services, &other, Whom::Tutor(two.tutor.id)).await.expect("a thread");
    let sent = two.send(&two.student, "one").await;
    let foreign = chat::send(services, &other, elsewhere.id, &body("two"), None).await.expect("sent");
    for message in [foreign.id, 999_999_999, 0, -1, i64::MAX] {
        let refusal = refused(chat::read(services, tutor, two.thread, Some(message)).await);
        assert_eq!(refusal, (Code::NotFound, "not_found".to_owned()), "{message}");
    }
    let refusal = refused(chat::read(services, tutor, elsewhere.id, Some(sent.id)).await);
    assert_eq!(refusal.0, Code::NotFound);
    for (thread, reader) in [(two.thread, &two.student), (elsewhere.id, &other)] {
        let seen = chat::thread(services, reader, thread).await.expect("the thread");
        assert_eq!((seen.delivered_to, seen.read_to), (0, 0));
    }
    assert_eq!(chat::unread(services, tutor, None).await.expect("a count"), 2);
    let told = two.told(tutor).await;
    assert_eq!(told, ["message", "message"], "nothing was noted");
}

#[sqlx::test(migrations = "../migrations")]
async fn contact_data_is_masked_until_a_booking_was_confirmed(db: PgPool) {
    let two = two(db).await;
    let (services, text) = (&two.services, "write to ada@example.org");
    let masked = two.named(&two.student, text, "a").await;
    assert_eq!((masked.body.as_str(), masked.masked), ("write to •••", true));
    assert!(!two.send(&two.student, "See you on 2027-03-02").await.masked);
    // What is kept is what was shown.
    assert_eq!(two.all().await[0], masked);

    execute(services, "INSERT INTO settings VALUES ('chat_masks_contacts', 'false')").await;
    assert!(!two.send(&two.student, text).await.masked);
    execute(services, "DELETE FROM settings WHERE name = 'chat_masks_contacts'").await;
    execute(services, "INSERT INTO settings VALUES ('confirm_requests', 'true')").await;
    let booking = booked(services, &two.student, &two.tutor, at_hour(4)).await;
    assert!(two.send(&two.tutor.actor, text).await.masked, "a request is no booking yet");
    booking::confirm(services, &two.tutor.actor, booking.id).await.expect("confirmed");
    booking::cancel(services, &two.student, booking.id, None).await.expect("cancelled");
    let plain = two.send(&two.tutor.actor, text).await;
    assert_eq!((plain.body.as_str(), plain.masked), (text, false), "it was confirmed once");
    assert_eq!(two.named(&two.student, text, "a").await, masked, "sent again, it is the same message");
    // The confirmation counts for these two only.
    let other = student(services, "Sue").await;
    let (thread, _) = chat::open(services, &other, Whom::Tutor(two.tutor.id)).await.expect("a thread");
    assert!(chat::send(services, &other, thread.id, &body(text), None).await.expect("sent").masked);
}
