//! Lists of threads, and what they cost.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod statements;

use chrono::TimeDelta;
use domain::{chat::MessageBody, ids::ThreadId};
use services::{
    Actor, Services,
    chat::{self, Whom},
    testing::{self, Tutor, student, tutor},
};
use sqlx::PgPool;
use statements::counted;

/// A new student opens a thread with the tutor.
async fn opened(services: &Services, name: &str, tutor: &Tutor) -> (Actor, ThreadId) {
    let student = student(services, name).await;
    let (thread, _) = chat::open(services, &student, Whom::Tutor(tutor.id)).await.expect("a thread");
    (student, thread.id)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_list_takes_one_statement_and_pages_by_cursor(db: PgPool) {
    let services = testing::services(db);
    let tutor = tutor(&services, "Tina").await;
    let hello = MessageBody::parse("Hello").expect("a text");
    let (latest, latest_thread) = opened(&services, "Sam", &tutor).await;
    let list = async |actor: &Actor| chat::threads(&services, actor, None, 100).await.expect("a list").rows;
    assert_eq!(list(&tutor.actor).await, [], "nothing was written");
    assert_eq!(list(&latest).await.len(), 1);
    let mut expected = Vec::new();
    for at in 0..9 {
        let (student, thread) = opened(&services, &format!("Student {at}"), &tutor).await;
        // Of one instant: their ids decide.
        chat::send(&services, &student, thread, &hello, None).await.expect("sent");
        expected.push(thread);
    }
    expected.sort_unstable_by(|one, two| two.cmp(one));
    services.clock.show(Some(testing::now() + TimeDelta::minutes(1)));
    chat::send(&services, &latest, latest_thread, &hello, None).await.expect("sent");
    expected.insert(0, latest_thread);

    let (page, statements) = counted(chat::threads(&services, &tutor.actor, None, 100)).await;
    let page = page.expect("a list");
    assert_eq!(page.rows.iter().map(|row| row.id).collect::<Vec<_>>(), expected);
    assert_eq!((statements, page.next), (1, None));
    assert!(page.rows.iter().all(|row| row.unread == 1 && row.last.is_some()), "{page:?}");
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = chat::threads(&services, &tutor.actor, cursor, 3).await.expect("a page");
        seen.extend(page.rows.into_iter().map(|row| row.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
}
