//! `/api/v2/tutors/{id}`: profile and switch.

use axum::{Json, extract::State, response::Response};
use domain::{
    Code,
    ids::TutorId,
    tutor::{ProfileInput, excerpt},
};
use serde::{Deserialize, Serialize};
use services::{
    Actor, Services,
    tutor::{self, TutorView},
};
use utoipa::ToSchema;

use super::{
    error::ApiResult,
    extract::{ApiJson, ApiPath, Body, SignedIn, Visitor},
    offerings::OfferingWire,
    parse,
    wire::{Success, created, ok},
};

/// The tutor of an address, given by id or slug.
pub(super) async fn tutor_id(services: &Services, visitor: &Visitor, path: &ApiPath) -> ApiResult<TutorId> {
    let name = path.text("id")?;
    match name.parse() {
        Ok(id) => Ok(id),
        Err(_) => Ok(tutor::find(services, visitor.0.as_ref(), name).await?.id),
    }
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
    actor: &Actor,
    path: &ApiPath,
    body: ProfileBody,
) -> ApiResult<TutorView> {
    let tutor = tutor_id(services, &Visitor(Some(actor.clone())), path).await?;
    Ok(tutor::set_profile(services, actor, tutor, &body.into()).await?)
}

/// Replace a tutor's profile.
#[utoipa::path(put, path = "/api/v2/tutors/{id}/profile", tag = "tutors", operation_id = "set_profile",
    params(("id" = String, Path, description = "Id or slug")),
    request_body = ProfileBody,
    responses((status = 200, description = "The profile", body = Success<Tutor>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn set_profile(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<ProfileBody>,
) -> ApiResult<Json<Success<Tutor>>> {
    Ok(ok(save_profile(&services, &actor, &path, body).await?.into()))
}

/// Create a mentor's profile. A mentor without offerings gets the preset: one fixed, free session of 15 minutes.
#[utoipa::path(post, path = "/api/v2/students/{id}/profile", tag = "mentoring", operation_id = "create_mentor_profile",
    params(("id" = String, Path, description = "Id or slug")),
    request_body = ProfileBody,
    responses((status = 201, description = "The profile", body = Success<Tutor>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn create_profile(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<ProfileBody>,
) -> ApiResult<Response> {
    let saved = save_profile(&services, &actor, &path, body).await?;
    Ok(created(Tutor::from(tutor::give_preset(&services, &actor, saved).await?)))
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
