//! `/api/v2/tutors/{id}/stats` and `/ratings`.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use services::{
    Services,
    review::{self, RatingView},
    tutor::{self, TutorStats},
};
use utoipa::{IntoParams, ToSchema};

use super::{
    error::ApiResult,
    extract::{ApiPath, ApiQuery},
    parse,
    wire::{Listing, Success, listing, ok},
};

/// The counters of a tutor.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stats {
    /// Bookings ever made.
    total_bookings: i64,
    /// Lessons taught to their end.
    completed: i64,
    /// Called off, by anyone.
    cancelled: i64,
    /// Called off by the tutor.
    cancelled_by_tutor: i64,
    /// Coming.
    upcoming: i64,
    /// Lessons to which the student did not come.
    no_show_student: i64,
    /// Lessons to which the tutor did not come.
    no_show_tutor: i64,
    /// Different students.
    students: i64,
    /// Number of ratings.
    rating_count: i64,
    /// Mean rating to one decimal; `null` without ratings.
    rating_mean: Option<f64>,
    /// Share of all bookings that were taught to their end, 0 to 1; `null` without bookings.
    completion_rate: Option<f64>,
    /// Share of all bookings that were called off, 0 to 1; `null` without bookings.
    cancellation_rate: Option<f64>,
    /// Share of all bookings that the tutor called off or missed, 0 to 1; `null` without bookings.
    tutor_failure_rate: Option<f64>,
}

impl From<TutorStats> for Stats {
    fn from(stats: TutorStats) -> Self {
        let rate = |part: i64| rate(part, stats.total_bookings);
        Stats {
            total_bookings: stats.total_bookings,
            completed: stats.completed,
            cancelled: stats.cancelled,
            cancelled_by_tutor: stats.cancelled_by_tutor,
            upcoming: stats.upcoming,
            no_show_student: stats.no_show_student,
            no_show_tutor: stats.no_show_tutor,
            students: stats.students,
            rating_count: stats.rating_count,
            rating_mean: parse::mean(stats.rating_tenths),
            completion_rate: rate(stats.completed),
            cancellation_rate: rate(stats.cancelled),
            tutor_failure_rate: rate(stats.cancelled_by_tutor + stats.no_show_tutor),
        }
    }
}

/// A share to four decimals, half up, in integers until the last step.
fn rate(part: i64, whole: i64) -> Option<f64> {
    let scaled = (i128::from(part) * 20_000 + i128::from(whole)).checked_div(2 * i128::from(whole))?;
    Some(f64::from(i32::try_from(scaled).ok()?) / 10_000.0)
}

/// The counters of a tutor.
#[utoipa::path(get, path = "/api/v2/tutors/{id}/stats", tag = "tutors", operation_id = "stats",
    params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, description = "The counters", body = Success<Stats>)))]
pub async fn stats(State(services): State<Services>, path: ApiPath) -> ApiResult<Json<Success<Stats>>> {
    Ok(ok(tutor::stats(&services, path.text("id")?).await?.into()))
}

/// Which page of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// From 1.
    pub(super) page: Option<i64>,
    /// 1 to 100, default 20.
    pub(super) page_size: Option<i64>,
}

/// A rating.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rating {
    /// 1 to 5.
    #[schema(example = 5)]
    rating: i16,
    /// Words with it.
    feedback: Option<String>,
    /// The student's first name.
    #[schema(example = "Ada")]
    student: String,
    /// When.
    created_at: DateTime<Utc>,
}

impl From<RatingView> for Rating {
    fn from(view: RatingView) -> Self {
        Rating { rating: view.rating, feedback: view.feedback, student: view.student, created_at: view.at }
    }
}

/// The ratings of a tutor, newest first.
#[utoipa::path(get, path = "/api/v2/tutors/{id}/ratings", tag = "tutors", operation_id = "ratings",
    params(("id" = String, Path, description = "Id or slug"), PageQuery),
    responses((status = 200, description = "A page of ratings", body = Listing<Rating>)))]
pub async fn ratings(
    State(services): State<Services>,
    path: ApiPath,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> ApiResult<Json<Listing<Rating>>> {
    let (page, page_size) = parse::page(query.page, query.page_size)?;
    Ok(listing(review::list(&services, path.text("id")?, page, page_size).await?))
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn a_share_is_rounded_half_up_and_needs_a_whole() {
        assert_eq!(rate(1, 0), None);
        assert_eq!(rate(1, 3), Some(0.3333));
        assert_eq!(rate(2, 3), Some(0.6667));
        assert_eq!(rate(5, 5), Some(1.0));
    }
}
