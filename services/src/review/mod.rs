//! Ratings of lessons.

mod store;

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    booking::BookingState,
    ids::BookingId,
    review::{Feedback, Rating},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    Actor, AppError, Result, Services,
    booking::{Page, offset},
    live, outbox, tutor,
};
use store::Rated;

/// The event of a rating.
const SUBMITTED: &str = "rating.submitted";

/// A rating as everybody may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RatingView {
    /// 1–5.
    pub rating: i16,
    /// Words with it.
    pub feedback: Option<String>,
    /// The student's first name.
    pub student: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Rates a completed lesson, once.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, `INSUFFICIENT_PERMISSIONS` for the tutor, `SESSION_NOT_COMPLETED`, `RATING_ALREADY_EXISTS`.
pub async fn rate(
    services: &Services,
    actor: &Actor,
    booking: BookingId,
    rating: Rating,
    feedback: Option<Feedback>,
) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let rated = store::find_booking(&mut tx, booking).await?.ok_or_else(unknown)?;
    check(actor, &rated)?;
    let words = feedback.as_ref().map(Feedback::as_str).filter(|words| !words.is_empty());
    store::insert(&mut tx, booking, &rated, rating, words, now).await.map_err(once)?;
    let told = json!({
        "booking_id": booking,
        "tutor_id": rated.tutor,
        "student_id": rated.student,
        "rating": rating,
        "feedback": words,
        "low": rating.is_low(),
    });
    outbox::record(&mut tx, SUBMITTED, booking, &told, now).await?;
    let people = [rated.student, rated.tutor_user];
    live::record(&mut tx, &people, SUBMITTED, &json!({ "booking_id": booking }), now).await?;
    tx.commit().await?;
    services.live.wake(&people);
    Ok(())
}

/// Only the student of a completed booking rates it; who has no part in it does not learn of it.
fn check(actor: &Actor, rated: &Rated) -> Result<()> {
    if actor.user != rated.student {
        actor.require_tutor(rated.tutor).map_err(|_| unknown())?;
        return Err(Refusal::new(Code::InsufficientPermissions, "forbidden").into());
    }
    match rated.state {
        BookingState::Completed => Ok(()),
        _ => Err(Refusal::new(Code::SessionNotCompleted, "lesson_not_completed").into()),
    }
}

fn unknown() -> AppError {
    Refusal::new(Code::BookingNotFound, "booking_not_found").into()
}

fn once(error: AppError) -> AppError {
    match error.constraint() {
        Some("ratings_once") => Refusal::new(Code::RatingAlreadyExists, "rating_exists").into(),
        _ => error,
    }
}

/// The ratings of a tutor, newest first.
///
/// # Errors
/// `PROFILE_NOT_FOUND`, also while the profile is not complete; `INVALID_REQUEST` for a page out of range.
pub async fn list(
    services: &Services,
    id_or_slug: &str,
    page: i64,
    page_size: i64,
) -> Result<Page<RatingView>> {
    let before = offset(page, page_size)?;
    let mut db = services.db.acquire().await?;
    let tutor = tutor::find_public(&mut db, id_or_slug).await?;
    let total = store::count(&mut db, tutor).await?;
    let rows = store::list(&mut db, tutor, page_size, before).await?;
    Ok(Page { rows, page, page_size, total })
}
