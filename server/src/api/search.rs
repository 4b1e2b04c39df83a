//! `GET /api/v2/tutors` and its mentoring name: search.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::{money::Currency, tutor::Field};
use serde::{Deserialize, Serialize};
use services::{
    Services,
    search::{self, SearchQuery, Sort, TutorSummary},
};
use utoipa::{IntoParams, ToSchema};

use super::{
    error::{ApiError, ApiResult},
    extract::{ApiPath, ApiQuery},
    parse,
    wire::{Listing, listing},
};

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
