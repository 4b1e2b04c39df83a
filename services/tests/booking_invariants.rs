//! Every violation is seen when it is there.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use services::{
    invariants::{self, Violations},
    testing::{self, assert_invariants, at_hour, booked},
};
use sqlx::PgPool;

/// Each row: how the data is spoiled, and what is counted then.
#[sqlx::test(migrations = "../migrations")]
async fn each_violation_is_counted(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    booked(&services, &student, &tutor, at_hour(4)).await;
    booked(&services, &student, &tutor, at_hour(6)).await;
    assert_invariants(&services).await;
    testing::execute(
        &services,
        "ALTER TABLE claims DROP CONSTRAINT claims_tutor_overlap, DROP CONSTRAINT claims_student_overlap",
    )
    .await;
    let none = Violations::default();
    let rows: [(&str, Violations); 7] = [
        (
            "UPDATE claims SET during = tstzrange(lower(during), upper(during) + interval '2 hours')
             WHERE lower(during) = (SELECT min(lower(during)) FROM claims)",
            Violations { overlapping_claims: 1, ..none },
        ),
        (
            "UPDATE bookings SET starts_at = starts_at - interval '2 hours', ends_at = ends_at - interval '2 hours'
             WHERE starts_at = (SELECT max(starts_at) FROM bookings)",
            Violations { overlapping_lessons: 1, bookings_without_claim: 1, ..none },
        ),
        (
            "DELETE FROM claims WHERE lower(during) = (SELECT min(lower(during)) FROM claims)",
            Violations { bookings_without_claim: 1, ..none },
        ),
        (
            "WITH gone AS (UPDATE bookings SET state = 'cancelled'
                 WHERE starts_at = (SELECT min(starts_at) FROM bookings) RETURNING id)
             INSERT INTO booking_history (booking_id, to_state, actor, at)
             SELECT id, 'cancelled', 'system', '2027-03-01T08:00:00Z' FROM gone",
            Violations { claims_without_booking: 1, ..none },
        ),
        ("DELETE FROM booking_history", Violations { history_mismatches: 2, ..none }),
        ("DELETE FROM lessons", Violations { bookings_without_lesson: 2, ..none }),
        ("UPDATE tutors SET rating_sum = 5", Violations { rating_mismatches: 1, ..none }),
    ];
    for (spoil, expected) in rows {
        let kept = "CREATE TABLE kept_claims AS TABLE claims; CREATE TABLE kept_bookings AS TABLE bookings;
                    CREATE TABLE kept_lessons AS TABLE lessons";
        testing::execute(&services, kept).await;
        testing::execute(&services, spoil).await;
        assert_eq!(invariants::count(&services).await.expect("counted"), expected, "{spoil}");
        testing::execute(
            &services,
            "DELETE FROM claims; INSERT INTO claims TABLE kept_claims;
             DELETE FROM lessons; INSERT INTO lessons TABLE kept_lessons;
             UPDATE bookings b SET starts_at = k.starts_at, ends_at = k.ends_at, state = k.state
                 FROM kept_bookings k WHERE k.id = b.id;
             DELETE FROM booking_history;
             INSERT INTO booking_history (booking_id, to_state, actor, at)
                 SELECT id, state, 'student', created_at FROM bookings;
             UPDATE tutors SET rating_sum = 0;
             DROP TABLE kept_claims, kept_bookings, kept_lessons",
        )
        .await;
        assert_invariants(&services).await;
    }
}
