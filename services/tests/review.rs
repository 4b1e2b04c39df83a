//! Ratings of lessons.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod people;

use chrono::TimeDelta;
use domain::{
    account::Role,
    booking::BookingState,
    ids::BookingId,
    review::{Feedback, Rating},
};
use people::{booking, join, refusal, refused, services, start, teach, tutor};
use services::review;
use sqlx::PgPool;

fn stars(stars: i64) -> Rating {
    Rating::parse(stars).expect("a rating")
}

#[sqlx::test(migrations = "../migrations")]
async fn only_the_student_rates_and_only_what_was_completed(db: PgPool) {
    let services = services(db.clone());
    let ana = teach(&services, "Ana", &[1]).await;
    let (sam, other) =
        (join(&services, "Sam", Role::Student).await, join(&services, "Olu", Role::Student).await);
    let admin = join(&services, "Adm", Role::Admin).await;
    let stranger = teach(&services, "Eve", &[1]).await;
    let completed = booking(&db, tutor(&ana), sam.user, start() - TimeDelta::hours(2), "completed").await;
    for (actor, id, code) in [
        (&ana, completed, "INSUFFICIENT_PERMISSIONS"),
        (&admin, completed, "INSUFFICIENT_PERMISSIONS"),
        (&other, completed, "BOOKING_NOT_FOUND"),
        (&stranger, completed, "BOOKING_NOT_FOUND"),
        (&sam, services::chance::id::<BookingId>(), "BOOKING_NOT_FOUND"),
    ] {
        assert_eq!(refusal(review::rate(&services, actor, id, stars(5), None).await), refused(code, ""));
    }
    for (days, state) in
        BookingState::ALL.into_iter().enumerate().filter(|(_, s)| *s != BookingState::Completed)
    {
        let at = start() - TimeDelta::days(i64::try_from(days).expect("few") + 1);
        let id = booking(&db, tutor(&ana), sam.user, at, state.name()).await;
        let rated = review::rate(&services, &sam, id, stars(5), None).await;
        assert_eq!(refusal(rated), refused("SESSION_NOT_COMPLETED", ""), "{state:?}");
    }
    let counted: (i32, i64) =
        sqlx::query_as("SELECT sum(rating_count)::int, (SELECT count(*) FROM outbox) FROM tutors")
            .fetch_one(&db)
            .await
            .expect("counted");
    assert_eq!(counted, (0, 0), "a refusal leaves nothing behind");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_is_rated_once_and_counted(db: PgPool) {
    let services = services(db.clone());
    let ana = teach(&services, "Ana", &[1]).await;
    let sam = join(&services, "Sam Smith", Role::Student).await;
    for (hours, rating, words) in [(30, 5, Some("Clear and kind.")), (20, 4, Some("  ")), (10, 4, None)] {
        let id = booking(&db, tutor(&ana), sam.user, start() - TimeDelta::hours(hours), "completed").await;
        let words = words.map(|words| Feedback::parse(words).expect("words"));
        review::rate(&services, &sam, id, stars(rating), words.clone()).await.expect("rated");
        let again = review::rate(&services, &sam, id, stars(1), words).await;
        assert_eq!(refusal(again), refused("RATING_ALREADY_EXISTS", ""));
        people::pass(&services, TimeDelta::minutes(1));
    }
    let page = review::list(&services, "ana", 1, 2).await.expect("a page");
    let shown: Vec<_> =
        page.rows.iter().map(|row| (row.rating, row.feedback.as_deref(), row.student.as_str())).collect();
    assert_eq!((page.total, shown), (3, vec![(4, None, "Sam"), (4, None, "Sam")]));
    let page = review::list(&services, &tutor(&ana).to_string(), 2, 2).await.expect("a page");
    assert_eq!(page.rows.first().and_then(|row| row.feedback.as_deref()), Some("Clear and kind."));
    let view = services::tutor::find(&services, None, "ana").await.expect("a tutor");
    assert_eq!((view.rating_count, view.rating_tenths), (3, Some(43)));
    let left: (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM outbox WHERE kind = 'rating.submitted'),
                (SELECT count(*) FROM live_events WHERE kind = 'rating.submitted')",
    )
    .fetch_one(&db)
    .await
    .expect("counted");
    assert_eq!(left, (3, 6));
}

#[sqlx::test(migrations = "../migrations")]
async fn one_of_many_ratings_at_once_counts(db: PgPool) {
    let services = services(db.clone());
    let ana = teach(&services, "Ana", &[1]).await;
    let sam = join(&services, "Sam", Role::Student).await;
    let id = booking(&db, tutor(&ana), sam.user, start() - TimeDelta::hours(2), "completed").await;
    let rated =
        futures::future::join_all((0..8).map(|_| review::rate(&services, &sam, id, stars(3), None))).await;
    assert_eq!(rated.iter().filter(|rated| rated.is_ok()).count(), 1);
    assert_eq!(services::tutor::stats(&services, "ana").await.expect("stats").rating_count, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_page_out_of_range_and_an_unknown_tutor_are_refused(db: PgPool) {
    let services = services(db);
    teach(&services, "Ana", &[1]).await;
    join(&services, "Ina", Role::Tutor).await;
    for (name, page, size, expected) in [
        ("ana", 0, 20, refused("INVALID_REQUEST", "page")),
        ("ana", i64::MAX, 100, refused("INVALID_REQUEST", "page")),
        ("ana", 1, 0, refused("INVALID_REQUEST", "page_size")),
        ("ana", 1, 101, refused("INVALID_REQUEST", "page_size")),
        ("nobody", 1, 20, refused("PROFILE_NOT_FOUND", "")),
        ("ina", 1, 20, refused("PROFILE_NOT_FOUND", "")),
    ] {
        assert_eq!(
            refusal(review::list(&services, name, page, size).await),
            expected,
            "{name} {page} {size}"
        );
    }
}
