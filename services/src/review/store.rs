//! The rows of ratings.

use chrono::{DateTime, Utc};
use domain::{
    booking::BookingState,
    ids::{BookingId, TutorId, UserId},
    review::Rating,
};
use sqlx::PgConnection;

use super::RatingView;
use crate::{AppError, Result};

/// What a booking says to who wants to rate it.
pub(super) struct Rated {
    pub tutor: TutorId,
    pub tutor_user: UserId,
    pub student: UserId,
    pub state: BookingState,
}

pub(super) async fn find_booking(db: &mut PgConnection, booking: BookingId) -> Result<Option<Rated>> {
    let row = sqlx::query!(
        "SELECT b.tutor_id, t.user_id, b.student_id, b.state
         FROM bookings b JOIN tutors t ON t.id = b.tutor_id
         WHERE b.id = $1",
        booking.0
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Rated {
            tutor: row.tutor_id.into(),
            tutor_user: row.user_id.into(),
            student: row.student_id.into(),
            state: BookingState::parse(&row.state).map_err(AppError::fault)?,
        })
    })
    .transpose()
}

/// Adds a rating and counts it for the tutor.
pub(super) async fn insert(
    db: &mut PgConnection,
    booking: BookingId,
    rated: &Rated,
    rating: Rating,
    feedback: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    let stars = i16::from(rating.stars());
    sqlx::query!(
        "INSERT INTO ratings (booking_id, tutor_id, student_id, rating, feedback, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        booking.0,
        rated.tutor.0,
        rated.student.0,
        stars,
        feedback,
        now
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "UPDATE tutors SET rating_count = rating_count + 1, rating_sum = rating_sum + $2 WHERE id = $1",
        rated.tutor.0,
        i32::from(stars)
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn count(db: &mut PgConnection, tutor: TutorId) -> Result<i64> {
    let count =
        sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM ratings WHERE tutor_id = $1"#, tutor.0);
    Ok(count.fetch_one(db).await?)
}

/// Newest first, of each student the first name only.
pub(super) async fn list(
    db: &mut PgConnection,
    tutor: TutorId,
    limit: i64,
    offset: i64,
) -> Result<Vec<RatingView>> {
    let rows = sqlx::query_as!(
        RatingView,
        r#"SELECT r.rating, r.feedback, split_part(u.name, ' ', 1) AS "student!", r.created_at AS at
           FROM ratings r JOIN users u ON u.id = r.student_id
           WHERE r.tutor_id = $1
           ORDER BY r.created_at DESC, r.booking_id
           LIMIT $2 OFFSET $3"#,
        tutor.0,
        limit,
        offset
    );
    Ok(rows.fetch_all(db).await?)
}
