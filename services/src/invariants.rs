//! What must never happen, counted.

use serde::Serialize;

use crate::{Result, Services};

/// Violations by kind; all are 0 on a healthy system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Violations {
    /// Pairs of claims of one tutor that overlap.
    pub overlapping_claims: i64,
    /// Pairs of active bookings of one student that overlap.
    pub overlapping_lessons: i64,
    /// Active bookings without a claim of just their time.
    pub bookings_without_claim: i64,
    /// Claims of bookings that are not active any more.
    pub claims_without_booking: i64,
    /// Bookings whose last history row is not their state.
    pub history_mismatches: i64,
    /// Bookings without a lesson.
    pub bookings_without_lesson: i64,
    /// Tutors whose rating counters differ from their ratings.
    pub rating_mismatches: i64,
}

/// Counts.
///
/// # Errors
/// Where the database cannot be read.
pub async fn count(services: &Services) -> Result<Violations> {
    let found = sqlx::query_as!(
        Violations,
        "WITH active AS (
             SELECT id, tutor_id, student_id, tstzrange(starts_at, ends_at) AS lesson FROM bookings
             WHERE state IN ('requested', 'pending_review', 'confirmed')
         ), rated AS (
             SELECT tutor_id, count(*) AS number, sum(rating) AS sum FROM ratings GROUP BY tutor_id
         ), last_change AS (
             SELECT DISTINCT ON (booking_id) booking_id, to_state FROM booking_history
             ORDER BY booking_id, id DESC
         )
         SELECT
             (SELECT count(*) FROM claims a JOIN claims b
                 ON a.tutor_id = b.tutor_id AND a.id < b.id AND a.during && b.during) AS \"overlapping_claims!\",
             (SELECT count(*) FROM active a JOIN active b
                 ON a.student_id = b.student_id AND a.id < b.id AND a.lesson && b.lesson)
                 AS \"overlapping_lessons!\",
             (SELECT count(*) FROM active a WHERE NOT EXISTS (
                 SELECT FROM claims c WHERE c.id = a.id AND c.kind = 'booking' AND c.tutor_id = a.tutor_id
                     AND c.student_id = a.student_id AND c.lesson = a.lesson AND c.during @> a.lesson))
                 AS \"bookings_without_claim!\",
             (SELECT count(*) FROM claims c WHERE c.kind = 'booking'
                 AND NOT EXISTS (SELECT FROM active a WHERE a.id = c.id)) AS \"claims_without_booking!\",
             (SELECT count(*) FROM bookings b LEFT JOIN last_change h ON h.booking_id = b.id
                 WHERE h.to_state IS DISTINCT FROM b.state) AS \"history_mismatches!\",
             (SELECT count(*) FROM bookings b
                 WHERE NOT EXISTS (SELECT FROM lessons l WHERE l.booking_id = b.id))
                 AS \"bookings_without_lesson!\",
             (SELECT count(*) FROM tutors t LEFT JOIN rated r ON r.tutor_id = t.id
                 WHERE (t.rating_count, t.rating_sum)
                     IS DISTINCT FROM (coalesce(r.number, 0), coalesce(r.sum, 0)))
                 AS \"rating_mismatches!\""
    )
    .fetch_one(&services.db)
    .await?;
    Ok(found)
}
