//! One slot, many hands.

use futures::future::join_all;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Person, Site, start};

async fn students(site: &Site, count: usize) -> Vec<Person<'_>> {
    let mut all = Vec::with_capacity(count);
    for at in 0..count {
        all.push(site.person(&format!("Student {at}"), "student").await);
    }
    all
}

/// One 201, all others 409 `BOOKING_CONFLICT`; nothing that must never happen has happened.
async fn one_wins(site: &Site, answers: Vec<crate::support::Answer>) {
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(won.len(), 1, "{:?}", lost.first());
    for answer in &lost {
        answer.refused(409, "BOOKING_CONFLICT");
    }
    let counted = site.get("/status/invariants").await.json();
    assert!(counted.as_object().expect("counts").values().all(|count| count == 0), "{counted}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hundred_students_post_one_slot(pool: PgPool) {
    let site = start(&pool).await;
    let tutor = site.tutor("Tia Tutor").await;
    let students = students(&site, 100).await;
    let answers = join_all(students.iter().map(|student| student.book(&tutor, "2027-03-01T12:00:00Z"))).await;
    one_wins(&site, answers).await;
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn sixty_posts_with_overlapping_starts_have_one_winner(pool: PgPool) {
    let site = start(&pool).await;
    let tutor = site.tutor("Tia Tutor").await;
    let often = json!([{
        "title": "Often", "durations": [60], "prices": { "60": 2500 }, "currency": "EUR", "step": 5,
    }]);
    tutor.call("PUT", &format!("{}/offerings", tutor.tutor_path()), often).await.data();
    let students = students(&site, 60).await;
    let starts: Vec<String> = (0..60).map(|at| format!("2027-03-01T12:{:02}:00Z", at % 12 * 5)).collect();
    let posts = students.iter().zip(&starts).map(|(student, start)| student.book(&tutor, start));
    one_wins(&site, join_all(posts).await).await;
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn two_servers_on_one_database_behave_as_one(pool: PgPool) {
    let (one, two) = (start(&pool).await, start(&pool).await);
    let tutor = one.tutor("Tia Tutor").await;
    let students = students(&one, 20).await;
    let body = json!({ "tutor_id": tutor.tutor_id(), "start": "2027-03-01T12:00:00Z", "duration": 60 });
    let answers = students.iter().enumerate().map(|(at, student)| {
        let site = if at % 2 == 0 { &one } else { &two };
        let request = site.request("POST", "/api/v2/bookings").bearer_auth(&student.token);
        crate::support::send(request.json(&body))
    });
    one_wins(&two, join_all(answers).await).await;
    // A clock that is set on one stands so on both.
    one.set_clock("2027-03-01T08:10:00Z").await;
    assert_eq!(two.get("/dev/clock").await.data()["now"], "2027-03-01T08:10:00Z");
    two.stop().await;
    one.stop().await;
}
