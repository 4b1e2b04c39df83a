//! How often a person may write and report.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

use chrono::TimeDelta;
use domain::{
    Code,
    chat::{ClientId, MessageBody, ReportReason},
};
use services::{
    AppError, Result, Services,
    chat::{self, Whom},
    testing::{self, execute, number, student, tutor},
};
use sqlx::PgPool;

/// After how many seconds a refused one may try again.
fn wait<T: std::fmt::Debug>(result: Result<T>) -> Option<i64> {
    match result {
        Err(AppError::Refused { refusal, details }) if refusal.code == Code::RateLimited => {
            details["retry_after"].as_i64()
        }
        other => panic!("{other:?}"),
    }
}

fn pass(services: &Services, time: TimeDelta) {
    services.clock.show(Some(services.clock.now() + time));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_person_writes_so_many_messages_in_an_hour(db: PgPool) {
    let services = testing::services(db);
    let (tina, tom) = (tutor(&services, "Tina").await, tutor(&services, "Tom").await);
    let sam = student(&services, "Sam").await;
    pass(&services, TimeDelta::minutes(20));
    let mut threads = Vec::new();
    for tutor in [&tina, &tom] {
        threads.push(chat::open(&services, &sam, Whom::Tutor(tutor.id)).await.expect("a thread").0.id);
    }
    let body = MessageBody::parse("Hello").expect("a text");
    let name = ClientId::parse("first").expect("a name");
    let send = async |at: usize| chat::send(&services, &sam, threads[at % 2], &body, None).await;
    let first = chat::send(&services, &sam, threads[0], &body, Some(&name)).await.expect("sent");
    // What was written without a connection comes in one moment.
    for at in 1..100 {
        send(at).await.expect("sent");
    }
    let counted = "SELECT calls::bigint FROM rate_counts WHERE key LIKE 'message:%'";
    assert_eq!(number(&services, counted).await, 100);
    execute(&services, "UPDATE rate_counts SET calls = 1498 WHERE key LIKE 'message:%'").await;
    for at in 0..2 {
        send(at).await.expect("sent");
    }
    for at in 0..3 {
        assert_eq!(wait(send(at).await), Some(2400), "all conversations of a person count");
    }
    let again = chat::send(&services, &sam, threads[0], &body, Some(&name)).await;
    assert_eq!(again.expect("sent").id, first.id, "sent again, it is the same message and counts once");
    chat::send(&services, &tina.actor, threads[0], &body, None).await.expect("the other one writes");
    pass(&services, TimeDelta::minutes(40));
    send(0).await.expect("the next hour");
    assert_eq!(number(&services, "SELECT count(*) FROM chat_messages").await, 104);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_person_reports_so_often_in_an_hour(db: PgPool) {
    let services = testing::services(db);
    let tina = tutor(&services, "Tina").await;
    let sam = student(&services, "Sam").await;
    let thread = chat::open(&services, &sam, Whom::Tutor(tina.id)).await.expect("a thread").0.id;
    let report = async |actor| chat::report(&services, actor, thread, None, ReportReason::Spam, None).await;
    for _ in 0..20 {
        report(&sam).await.expect("reported");
    }
    assert_eq!(wait(report(&sam).await), Some(3600));
    report(&tina.actor).await.expect("the other one reports");
    pass(&services, TimeDelta::hours(1));
    report(&sam).await.expect("the next hour");
    assert_eq!(
        number(&services, "SELECT count(*) FROM chat_reports").await,
        2,
        "the same thing is reported once"
    );
}
