//! The counts that admins see.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

use domain::{Code, account::Role};
use services::{
    booking,
    overview::{self, Overview},
    testing::{at_hour, booked, execute, refused, services, student, tutor, user},
};
use sqlx::PgPool;

#[sqlx::test(migrations = "../migrations")]
async fn an_admin_sees_how_much_there_is_and_nobody_else_does(db: PgPool) {
    let services = services(db);
    let admin = user(&services, "Ada", Role::Admin).await;
    assert_eq!(overview::load(&services, &admin).await.expect("counts"), Overview::default());
    let (tina, theo) = (tutor(&services, "Tina").await, tutor(&services, "Theo").await);
    let sam = student(&services, "Sam").await;
    user(&services, "Tom", Role::Tutor).await;
    for actor in [&tina.actor, &sam] {
        let seen = overview::load(&services, actor).await;
        assert_eq!(refused(seen), (Code::InsufficientPermissions, "forbidden".into()));
    }
    for hour in [4, 6, 8] {
        booked(&services, &sam, &tina, at_hour(hour)).await;
    }
    let off = booked(&services, &sam, &theo, at_hour(28)).await;
    booking::cancel(&services, &sam, off.id, None).await.expect("cancelled");
    execute(
        &services,
        "UPDATE tutors SET is_active = false WHERE user_id = (SELECT id FROM users WHERE name = 'Theo')",
    )
    .await;
    execute(
        &services,
        "INSERT INTO ratings (booking_id, tutor_id, student_id, rating, created_at)
         SELECT id, tutor_id, student_id, 5, created_at FROM bookings WHERE state = 'confirmed' LIMIT 2",
    )
    .await;
    let expected = Overview {
        students: 1,
        tutors: 3,
        active_tutors: 1,
        ratings: 2,
        bookings: vec![("confirmed".to_owned(), 3), ("cancelled".to_owned(), 1)],
    };
    assert_eq!(overview::load(&services, &admin).await.expect("counts"), expected);
}
