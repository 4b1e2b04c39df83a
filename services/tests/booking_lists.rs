//! Lists of bookings, and what they cost.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod statements;

use services::{
    booking::{self, ListQuery},
    testing::{at_hour, booked, services, student, tutor},
};
use sqlx::PgPool;
use statements::counted;

#[sqlx::test(migrations = "../migrations")]
async fn a_list_of_many_takes_as_many_statements_as_a_list_of_one(db: PgPool) {
    let services = services(db);
    let (tutor, student) = (tutor(&services, "Tina").await, student(&services, "Sam").await);
    let lists = [None, Some(true), Some(false)].map(|upcoming| ListQuery {
        states: Vec::new(),
        upcoming,
        page: 1,
        page_size: 100,
    });
    let mut sent_for_one = Vec::new();
    for count in [1, 20] {
        // Two on each day, at its fourth and sixth hour.
        for nth in sent_for_one.len().min(1)..count {
            let nth = i64::try_from(nth).expect("few");
            booked(&services, &student, &tutor, at_hour(24 * (nth / 2) + 4 + 2 * (nth % 2))).await;
        }
        let mut sent = Vec::new();
        for actor in [&student, &tutor.actor] {
            for query in &lists {
                let (page, statements) = counted(booking::list(&services, actor, query)).await;
                let page = page.expect("a page");
                let expected = if query.upcoming == Some(false) { 0 } else { count };
                assert_eq!(page.rows.len(), expected, "{query:?}");
                assert!((1..=2).contains(&statements), "{statements} for {query:?}");
                sent.push(statements);
            }
        }
        if sent_for_one.is_empty() {
            sent_for_one = sent;
        } else {
            assert_eq!(sent, sent_for_one);
        }
    }
}
