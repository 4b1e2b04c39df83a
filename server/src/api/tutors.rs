//! `/api/v2/tutors`: search, profile, switch, counters, ratings.

use axum::{Json, extract::State, response::Response};
use chrono::{DateTime, Utc};
use domain::{
    Code,
    ids::TutorId,
    money::Currency,
    tutor::{Field, ProfileInput, excerpt},
};
use serde::{Deserialize, Serialize};
use services::{
    Services,
    review::{self, RatingView},
    search::{self, SearchQuery, Sort, TutorSummary},
    tutor::{self, TutorStats, TutorView},
};
use utoipa::{IntoParams, ToSchema};

use super::{
    error::{ApiError, ApiResult},
    extract::{ApiJson, ApiPath, ApiQuery, Body, SignedIn, Visitor},
    offerings::OfferingWire,
    parse,
    wire::{Listing, Success, created, listing, ok},
};

/// The tutor of an address, given by id or slug.
pub(super) async fn tutor_id(services: &Services, visitor: &Visitor, path: &ApiPath) -> ApiResult<TutorId> {
    let name = path.text("id")?;
    match name.parse() {
        Ok(id) => Ok(id),
        Err(_) => Ok(tutor::find(services, visitor.0.as_ref(), name).await?.id),
    }
}

/// Filters; all hold together.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TutorsQuery {
    /// Words that must occur in name, headline, bio, university, degree, goals or offerings.
    #[param(example = "contract law")]
    q: Option<String>,
    /// LAW, MEDICINE, ENGINEERING, BUSINESS, COMPUTER_SCIENCE, PSYCHOLOGY, EDUCATION, ARTS, SCIENCES or OTHER.
    #[param(example = "LAW")]
    field: Option<String>,
    /// Part of the university's name.
    university: Option<String>,
    /// Lowest mean rating, 0 to 5, such as 4 or 4.5.
    #[param(example = "4.5")]
    min_rating: Option<String>,
    /// Has a free slot within so many days, 1 to 62.
    #[param(example = 7)]
    available_within_days: Option<i64>,
    /// Highest price of the cheapest lesson, minor units; together with `currency`.
    max_price: Option<i64>,
    /// Of `max_price`, ISO 4217.
    currency: Option<String>,
    /// `availability` (default), `rating`, `price` or `name`.
    #[param(example = "availability")]
    sort: Option<String>,
    /// From 1.
    page: Option<i64>,
    /// 1 to 100, default 20.
    page_size: Option<i64>,
}

impl TutorsQuery {
    fn parse(self) -> ApiResult<SearchQuery> {
        let (page, page_size) = parse::page(self.page, self.page_size)?;
        Ok(SearchQuery {
            text: parse::words(self.q, 200, "q")?,
            field: self.field.as_deref().map(field).transpose()?,
            university: parse::words(self.university, 150, "university")?,
            min_rating_tenths: self.min_rating.as_deref().map(parse::rating_tenths).transpose()?,
            max_price: max_price(self.max_price, self.currency.as_deref())?,
            free_within_days: match self.available_within_days {
                Some(days) if !(1..=62).contains(&days) => {
                    return Err(ApiError::invalid("within_days", "available_within_days"));
                }
                days => days,
            },
            sort: sort(self.sort.as_deref())?,
            page,
            page_size,
        })
    }
}

fn field(name: &str) -> ApiResult<Field> {
    name.parse().map_err(|_| ApiError::invalid("field", "field"))
}

fn max_price(amount: Option<i64>, currency: Option<&str>) -> ApiResult<Option<(i64, Currency)>> {
    match (amount, currency) {
        (None, None) => Ok(None),
        (Some(amount), Some(currency)) if amount >= 0 => Ok(Some((amount, Currency::parse(currency)?))),
        (Some(_), Some(_)) => Err(ApiError::invalid("price", "max_price")),
        (Some(_), None) => Err(ApiError::invalid("field_missing", "currency")),
        (None, Some(_)) => Err(ApiError::invalid("field_missing", "max_price")),
    }
}

fn sort(name: Option<&str>) -> ApiResult<Sort> {
    match name {
        None | Some("availability") => Ok(Sort::Availability),
        Some("rating") => Ok(Sort::Rating),
        Some("price") => Ok(Sort::Price),
        Some("name") => Ok(Sort::Name),
        Some(_) => Err(ApiError::invalid("sort", "sort")),
    }
}

/// A tutor in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Summary {
    /// Opaque.
    id: String,
    /// The address of the page, `/tutors/{slug}`.
    #[schema(example = "ada-lovelace")]
    slug: String,
    /// The name.
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// One line under the name.
    headline: Option<String>,
    /// The first 150 characters of the bio.
    excerpt: String,
    /// Field of study.
    #[schema(example = "LAW")]
    field: &'static str,
    /// University.
    university: String,
    /// Degree.
    degree: String,
    /// Languages spoken.
    languages: Vec<String>,
    /// Address of the photo.
    photo_url: Option<String>,
    /// Number of ratings.
    rating_count: i32,
    /// Mean rating to one decimal; `null` without ratings.
    #[schema(example = 4.4)]
    rating_mean: Option<f64>,
    /// The cheapest lesson.
    price_from: Option<PriceFrom>,
    /// The zone of the tutor's hours.
    time_zone: String,
    /// The next free starts, at most three.
    next_slots: Vec<DateTime<Utc>>,
    /// Slots free in the next seven days.
    free_slots: usize,
}

/// The cheapest lesson of a tutor.
#[derive(Debug, Serialize, ToSchema)]
pub struct PriceFrom {
    /// Minor units.
    #[schema(example = 1500)]
    price: i64,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: &'static str,
    /// Minutes.
    #[schema(example = 30)]
    duration: u16,
}

impl From<TutorSummary> for Summary {
    fn from(tutor: TutorSummary) -> Self {
        let price = |(price, currency, duration): (i64, Currency, u16)| PriceFrom {
            price,
            currency: currency.code(),
            duration,
        };
        Summary {
            id: tutor.id.to_string(),
            slug: tutor.slug,
            name: tutor.name,
            headline: tutor.headline,
            excerpt: tutor.excerpt,
            field: tutor.field.name(),
            university: tutor.university,
            degree: tutor.degree,
            languages: tutor.languages,
            photo_url: tutor.photo_url,
            rating_count: tutor.rating_count,
            rating_mean: parse::mean(tutor.rating_tenths),
            price_from: tutor.price_from.map(price),
            time_zone: tutor.time_zone,
            next_slots: tutor.next_slots,
            free_slots: tutor.free_slots,
        }
    }
}

/// Find tutors that can be booked.
#[utoipa::path(get, path = "/api/v2/tutors", tag = "tutors", operation_id = "tutors", params(TutorsQuery),
    responses((status = 200, description = "A page of tutors", body = Listing<Summary>)))]
pub async fn list(
    State(services): State<Services>,
    ApiQuery(query): ApiQuery<TutorsQuery>,
) -> ApiResult<Json<Listing<Summary>>> {
    Ok(listing(search::search(&services, &query.parse()?).await?))
}

/// Find mentors of a field of study.
#[utoipa::path(get, path = "/api/v2/students/by-field/{field}", tag = "mentoring", operation_id = "mentors_by_field",
    params(("field" = String, Path, description = "Field of study", example = "LAW"), TutorsQuery),
    responses((status = 200, description = "A page of mentors", body = Listing<Summary>)))]
pub async fn by_field(
    State(services): State<Services>,
    path: ApiPath,
    ApiQuery(query): ApiQuery<TutorsQuery>,
) -> ApiResult<Json<Listing<Summary>>> {
    let field = Some(field(path.text("field")?)?);
    let query = SearchQuery { field, ..TutorsQuery { field: None, ..query }.parse()? };
    Ok(listing(search::search(&services, &query).await?))
}

/// A tutor's page.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tutor {
    /// Opaque.
    id: String,
    /// The address of the page, `/tutors/{slug}`.
    #[schema(example = "ada-lovelace")]
    slug: String,
    /// The name.
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// The zone of the tutor's hours.
    #[schema(example = "Europe/Paris")]
    time_zone: String,
    /// University.
    university: Option<String>,
    /// Degree.
    degree: Option<String>,
    /// Field of study.
    #[schema(example = "LAW")]
    field: Option<&'static str>,
    /// Year of study, 1 to 10.
    #[schema(example = 3)]
    current_year: Option<i16>,
    /// About the tutor.
    bio: Option<String>,
    /// The first 150 characters of the bio.
    excerpt: Option<String>,
    /// Address of a LinkedIn profile.
    linkedin: Option<String>,
    /// Languages spoken.
    languages: Vec<String>,
    /// What the tutor helps with.
    goals: Vec<String>,
    /// One line under the name.
    headline: Option<String>,
    /// Whether the five required parts of the profile are there.
    is_complete: bool,
    /// The tutor's own switch.
    is_active: bool,
    /// Whether the tutor can be booked.
    is_bookable: bool,
    /// Address of the photo.
    photo_url: Option<String>,
    /// Number of ratings.
    rating_count: i32,
    /// Mean rating to one decimal; `null` without ratings.
    #[schema(example = 4.4)]
    rating_mean: Option<f64>,
    /// Lesson types in their order.
    offerings: Vec<OfferingWire>,
}

impl From<TutorView> for Tutor {
    fn from(tutor: TutorView) -> Self {
        let profile = tutor.profile;
        let part = |pick: fn(&domain::tutor::Profile) -> &String| profile.as_ref().map(pick).cloned();
        Tutor {
            id: tutor.id.to_string(),
            slug: tutor.slug,
            name: tutor.name,
            time_zone: tutor.time_zone,
            university: part(|profile| &profile.university),
            degree: part(|profile| &profile.degree),
            field: profile.as_ref().map(|profile| profile.field.name()),
            current_year: profile.as_ref().map(|profile| profile.current_year),
            bio: part(|profile| &profile.bio),
            excerpt: profile.as_ref().map(|profile| excerpt(&profile.bio, 150)),
            is_complete: tutor.readiness.complete,
            is_active: tutor.readiness.active,
            is_bookable: tutor.readiness.check().is_ok(),
            photo_url: tutor.photo_url,
            rating_count: tutor.rating_count,
            rating_mean: parse::mean(tutor.rating_tenths),
            offerings: tutor.offerings.into_iter().map(OfferingWire::from).collect(),
            linkedin: profile.as_ref().and_then(|profile| profile.linkedin.clone()),
            headline: profile.as_ref().and_then(|profile| profile.headline.clone()),
            languages: profile.as_ref().map(|profile| profile.languages.clone()).unwrap_or_default(),
            goals: profile.map(|profile| profile.goals).unwrap_or_default(),
        }
    }
}

/// A tutor by id or slug. A profile that is not complete is shown to its tutor only.
#[utoipa::path(get, path = "/api/v2/tutors/{id}", tag = "tutors", operation_id = "tutor",
    params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, description = "The profile with its offerings", body = Success<Tutor>)))]
pub async fn find(
    State(services): State<Services>,
    visitor: Visitor,
    path: ApiPath,
) -> ApiResult<Json<Success<Tutor>>> {
    Ok(ok(tutor::find(&services, visitor.0.as_ref(), path.text("id")?).await?.into()))
}

/// A profile. The first five make it complete.
#[derive(Deserialize, ToSchema)]
pub struct ProfileBody {
    /// 1 to 150 characters.
    #[serde(default)]
    #[schema(example = "Sorbonne")]
    university: String,
    /// 1 to 150 characters.
    #[serde(default)]
    #[schema(example = "Master of Law")]
    degree: String,
    /// Field of study.
    #[serde(default)]
    #[schema(example = "LAW")]
    field: String,
    /// 1 to 10.
    #[serde(default)]
    #[schema(example = 3)]
    current_year: i64,
    /// 50 to 1000 characters.
    #[serde(default)]
    #[schema(min_length = 50, max_length = 1000)]
    bio: String,
    /// An `https` address on linkedin.com.
    linkedin: Option<String>,
    /// At most 20, each 1 to 50 characters.
    languages: Option<Vec<String>>,
    /// At most 20, each 1 to 100 characters.
    goals: Option<Vec<String>>,
    /// At most 120 characters.
    headline: Option<String>,
}

impl Body for ProfileBody {
    fn code(_field: &str) -> Code {
        Code::InvalidProfileData
    }
}

impl From<ProfileBody> for ProfileInput {
    fn from(body: ProfileBody) -> Self {
        ProfileInput {
            university: body.university,
            degree: body.degree,
            field: body.field,
            current_year: body.current_year,
            bio: body.bio,
            linkedin: body.linkedin,
            languages: body.languages.unwrap_or_default(),
            goals: body.goals.unwrap_or_default(),
            headline: body.headline,
        }
    }
}

async fn save_profile(
    services: &Services,
    SignedIn(actor): SignedIn,
    path: &ApiPath,
    body: ProfileBody,
) -> ApiResult<Tutor> {
    let tutor = tutor_id(services, &Visitor(Some(actor.clone())), path).await?;
    Ok(tutor::set_profile(services, &actor, tutor, &body.into()).await?.into())
}

/// Replace a tutor's profile.
#[utoipa::path(put, path = "/api/v2/tutors/{id}/profile", tag = "tutors", operation_id = "set_profile",
    params(("id" = String, Path, description = "Id or slug")),
    request_body = ProfileBody,
    responses((status = 200, description = "The profile", body = Success<Tutor>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn set_profile(
    State(services): State<Services>,
    actor: SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<ProfileBody>,
) -> ApiResult<Json<Success<Tutor>>> {
    Ok(ok(save_profile(&services, actor, &path, body).await?))
}

/// Create a mentor's profile.
#[utoipa::path(post, path = "/api/v2/students/{id}/profile", tag = "mentoring", operation_id = "create_mentor_profile",
    params(("id" = String, Path, description = "Id or slug")),
    request_body = ProfileBody,
    responses((status = 201, description = "The profile", body = Success<Tutor>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn create_profile(
    State(services): State<Services>,
    actor: SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<ProfileBody>,
) -> ApiResult<Response> {
    Ok(created(save_profile(&services, actor, &path, body).await?))
}

/// The switch of a tutor.
#[derive(Deserialize, ToSchema)]
pub struct StatusBody {
    /// Whether the tutor takes bookings.
    #[schema(example = true)]
    is_active: bool,
}

impl Body for StatusBody {}

/// Switch a tutor on or off.
#[utoipa::path(patch, path = "/api/v2/tutors/{id}/status", tag = "tutors", operation_id = "set_status",
    params(("id" = String, Path, description = "Id or slug")),
    request_body = StatusBody,
    responses((status = 200, description = "The profile", body = Success<Tutor>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn set_status(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<StatusBody>,
) -> ApiResult<Json<Success<Tutor>>> {
    let tutor = tutor_id(&services, &Visitor(Some(actor.clone())), &path).await?;
    Ok(ok(tutor::set_active(&services, &actor, tutor, body.is_active).await?.into()))
}

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
    page: Option<i64>,
    /// 1 to 100, default 20.
    page_size: Option<i64>,
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
