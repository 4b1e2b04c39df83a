//! Searching in a thread.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod statements;

use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    chat::{Decision, MessageBody, ReportReason},
    ids::ThreadId,
};
use services::{
    Actor, Services,
    chat::{self, Message, Whom},
    testing::{self, refused, student, tutor, user},
};
use sqlx::PgPool;
use statements::counted;

async fn opened(services: &Services) -> (Actor, Actor, ThreadId) {
    let (tutor, student) = (tutor(services, "Tina").await, student(services, "Sam").await);
    let (thread, _) = chat::open(services, &student, Whom::Tutor(tutor.id)).await.expect("a thread");
    (tutor.actor, student, thread.id)
}

async fn send(services: &Services, actor: &Actor, thread: ThreadId, text: &str) -> Message {
    let body = MessageBody::parse(text).expect("a text");
    chat::send(services, actor, thread, &body, None).await.expect("sent")
}

async fn found(services: &Services, actor: &Actor, thread: ThreadId, text: &str) -> Vec<String> {
    let words = chat::words(text).expect("words");
    let page = chat::search(services, actor, thread, &words, None, 100).await.expect("a page");
    page.rows.into_iter().map(|message| message.body).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn words_are_found_whatever_their_accents_and_capitals(db: PgPool) {
    let services = testing::services(db);
    let (_, student, thread) = opened(&services).await;
    for text in
        ["L’été à Genève", "CŒUR et Straße", "50% off_now \\ 'x'", "Ελληνικά και Русский", "cafe\u{301} ﬁn"]
    {
        send(&services, &student, thread, text).await;
    }
    for (text, expected) in [
        ("ete", vec!["L’été à Genève"]),
        ("GENÈVE été", vec!["L’été à Genève"]),
        ("genève hiver", vec![]),
        ("coeur", vec!["CŒUR et Straße"]),
        ("strasse", vec!["CŒUR et Straße"]),
        ("%", vec!["50% off_now \\ 'x'"]),
        ("f_n", vec!["50% off_now \\ 'x'"]),
        ("\\ 'x'", vec!["50% off_now \\ 'x'"]),
        ("' OR 1=1 --", vec![]),
        ("ελληνικα русскии", vec!["Ελληνικά και Русский"]),
        ("café fin", vec!["cafe\u{301} ﬁn"]),
        ("e", vec!["cafe\u{301} ﬁn", "CŒUR et Straße", "L’été à Genève"]),
    ] {
        // `f_n` is no pattern: `off_now` has it.
        assert_eq!(found(&services, &student, thread, text).await, expected, "{text}");
    }
    assert_eq!(chat::words(" a  b\n").expect("words"), ["a", "b"]);
    for text in ["x".repeat(201), "a\0".to_owned()] {
        assert_eq!(chat::words(&text).expect_err("refused").field.as_deref(), Some("q"));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_found_is_one_s_own_comes_in_pages_and_is_not_removed(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student, thread) = opened(&services).await;
    let mut sent = Vec::new();
    for at in 0..9 {
        sent.push(send(&services, &tutor, thread, &format!("word {at}")).await);
        send(&services, &student, thread, "other").await;
    }
    let words = ["word".to_owned()];
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let (page, statements) = counted(chat::search(&services, &student, thread, &words, cursor, 4)).await;
        let page = page.expect("a page");
        assert_eq!(statements, 2);
        ids.extend(page.rows.iter().map(|message| message.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(ids, sent.iter().rev().map(|message| message.id).collect::<Vec<_>>());
    let threads = chat::threads(&services, &tutor, None, 1).await.expect("a list").rows;
    assert_eq!(threads[0].delivered_to, 0, "to search is not to receive");

    let admin = user(&services, "Ann", Role::Admin).await;
    let reason = ReportReason::Spam;
    let report = chat::report(&services, &student, thread, Some(sent[3].id), reason, None).await;
    let report = report.expect("a report").id;
    chat::decide(&services, &admin, report, Decision::Remove, "Spam").await.expect("decided");
    assert_eq!(found(&services, &student, thread, "word 3").await, Vec::<String>::new());
    for actor in [&admin, &testing::student(&services, "Sue").await] {
        let answer = chat::search(&services, actor, thread, &words, None, 10).await;
        assert_eq!(refused(answer).0, Code::NotFound);
        assert_eq!(refused(chat::place(&services, actor, thread, sent[0].id).await).0, Code::NotFound);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_message_is_shown_in_its_place(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student, thread) = opened(&services).await;
    let mut sent = Vec::new();
    for at in 0..50 {
        // Some of one instant: ids decide.
        services.clock.show(Some(testing::now() + TimeDelta::minutes(at / 3)));
        sent.push(send(&services, &tutor, thread, &format!("m{at}")).await.id);
    }
    for (at, first) in [(0, Some(10)), (20, Some(30)), (38, Some(48)), (39, None), (49, None)] {
        let cursor = chat::place(&services, &student, thread, sent[at]).await.expect("a place");
        let page = chat::messages(&services, &student, thread, cursor, 30).await.expect("a page").rows;
        let expected = first.unwrap_or(49);
        assert_eq!((cursor.is_some(), page[0].id), (first.is_some(), sent[expected]), "m{at}");
        assert!(page.iter().any(|message| message.id == sent[at]), "m{at}");
    }
    let elsewhere = opened(&services).await.2;
    let answer = chat::place(&services, &student, elsewhere, sent[0]).await;
    assert_eq!(refused(answer).0, Code::NotFound);
    for message in [0, -1, i64::MAX] {
        assert_eq!(refused(chat::place(&services, &student, thread, message).await).0, Code::NotFound);
    }
}
