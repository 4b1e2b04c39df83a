//! Tutors: profile, photo, switch, settings, offerings.

mod offerings;
pub(crate) mod photo;
mod provider;
pub(crate) mod store;

use domain::{
    Code, Refusal,
    ids::{OfferingId, TutorId},
    review::mean_tenths,
    tutor::{Offering, Profile, ProfileInput, Readiness},
};
use serde::Serialize;
use sqlx::PgConnection;

use crate::{Actor, AppError, Result, Services, availability, settings as platform};

pub use offerings::set_offerings;
pub use photo::{photo, set_photo};
pub use provider::{Provider, set_provider};

/// An offering with its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OfferingView {
    /// Its id.
    pub id: OfferingId,
    /// What it is.
    #[serde(flatten)]
    pub offering: Offering,
}

/// A tutor's page.
#[derive(Clone, Debug, Serialize)]
pub struct TutorView {
    /// The tutor.
    pub id: TutorId,
    /// The address of the page, `/tutors/{slug}`.
    pub slug: String,
    /// The name.
    pub name: String,
    /// IANA name of the zone of the hours.
    pub time_zone: String,
    /// The profile, once it is complete.
    pub profile: Option<Profile>,
    /// Whether and why the tutor cannot be booked.
    #[serde(skip)]
    pub readiness: Readiness,
    /// Address of the photo on this site (with its version), where there is one.
    pub photo_url: Option<String>,
    /// Number of ratings.
    pub rating_count: i32,
    /// Mean rating in tenths, `None` without ratings.
    pub rating_tenths: Option<u32>,
    /// Offerings in their order.
    pub offerings: Vec<OfferingView>,
}

/// What a tutor may set for themselves; `None` follows the platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TutorSettings {
    /// Confirm each request.
    pub confirm_requests: Option<bool>,
    /// Minutes of notice, 0–20160.
    pub notice_min: Option<i32>,
    /// Days ahead, 1–365.
    pub horizon_days: Option<i32>,
    /// Minutes of notice for a student's cancelling, 0–20160.
    pub cancel_notice_min: Option<i32>,
}

/// How a tutor is named in an address: an id or a slug.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.parse::<TutorId>().is_ok()
}

/// A tutor by id or slug as everybody may see it: complete profiles, and one's own.
///
/// # Errors
/// `PROFILE_NOT_FOUND`.
pub async fn find(services: &Services, actor: Option<&Actor>, id_or_slug: &str) -> Result<TutorView> {
    let mut db = services.db.acquire().await?;
    let tutor = availability::store::find_tutor(&mut db, id_or_slug).await?.ok_or_else(unknown)?;
    let view = view(services, &mut db, tutor).await?;
    let own = actor.is_some_and(|actor| actor.require_tutor(tutor).is_ok());
    if own || view.readiness.complete { Ok(view) } else { Err(unknown()) }
}

/// The tutor of an id or slug, where everybody may know of the tutor.
///
/// # Errors
/// `PROFILE_NOT_FOUND`.
pub(crate) async fn find_public(db: &mut PgConnection, id_or_slug: &str) -> Result<TutorId> {
    let tutor = availability::store::find_tutor(db, id_or_slug).await?.ok_or_else(unknown)?;
    let row = store::find(db, tutor).await?.filter(|row| row.profile.is_some());
    row.map(|_| tutor).ok_or_else(unknown)
}

/// Everything on a tutor's page.
async fn view(services: &Services, db: &mut PgConnection, tutor: TutorId) -> Result<TutorView> {
    let accepted = platform::load_here(services, db).await?.accepted_providers;
    let row = store::find(db, tutor).await?.ok_or_else(unknown)?;
    let offerings = availability::store::list_offerings(db, &[tutor.0]).await?.remove(&tutor);
    let offerings = offerings.unwrap_or_default();
    Ok(TutorView {
        id: tutor,
        photo_url: row.photo_etag.as_deref().map(|version| photo_url(tutor, version)),
        readiness: Readiness {
            complete: row.profile.is_some(),
            active: row.is_active,
            provider: row.provider_works && accepted.contains(&row.provider),
        },
        rating_tenths: mean(row.rating_sum, row.rating_count),
        slug: row.slug,
        name: row.name,
        time_zone: row.time_zone,
        profile: row.profile,
        rating_count: row.rating_count,
        offerings: offerings.into_iter().map(|(id, offering)| OfferingView { id, offering }).collect(),
    })
}

/// Where the photo of a tutor is on this site. A new photo has a new address.
pub(crate) fn photo_url(tutor: TutorId, version: &str) -> String {
    format!("/photos/{tutor}?v={version}")
}

/// The mean of ratings as they are counted with a tutor, in tenths.
pub(crate) fn mean(sum: i32, count: i32) -> Option<u32> {
    mean_tenths(sum.unsigned_abs().into(), count.unsigned_abs().into())
}

fn unknown() -> AppError {
    Refusal::new(Code::ProfileNotFound, "profile_not_found").into()
}

/// Replaces the profile.
///
/// # Errors
/// `INVALID_PROFILE_DATA` with the field, `INSUFFICIENT_PERMISSIONS`, `PROFILE_NOT_FOUND`.
pub async fn set_profile(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    input: &ProfileInput,
) -> Result<TutorView> {
    actor.require_tutor(tutor)?;
    let profile = Profile::parse(input)?;
    let mut tx = services.begin().await?;
    found(store::set_profile(&mut tx, tutor, &profile, services.clock.now()).await?)?;
    let view = view(services, &mut tx, tutor).await?;
    tx.commit().await?;
    Ok(view)
}

/// The tutor's own switch.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `PROFILE_NOT_FOUND`.
pub async fn set_active(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    active: bool,
) -> Result<TutorView> {
    actor.require_tutor(tutor)?;
    let mut tx = services.begin().await?;
    found(store::set_active(&mut tx, tutor, active, services.clock.now()).await?)?;
    let view = view(services, &mut tx, tutor).await?;
    tx.commit().await?;
    Ok(view)
}

/// Refuses where nothing was changed because there is no such tutor.
fn found(changed: bool) -> Result<()> {
    if changed { Ok(()) } else { Err(unknown()) }
}

/// Gives a tutor without offerings the mentoring preset.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn give_preset(services: &Services, actor: &Actor, tutor: TutorView) -> Result<TutorView> {
    if !tutor.offerings.is_empty() {
        return Ok(tutor);
    }
    let offerings = set_offerings(services, actor, tutor.id, vec![(None, Offering::mentoring())]).await?;
    Ok(TutorView { offerings, ..tutor })
}

/// The tutor's own settings.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `PROFILE_NOT_FOUND`.
pub async fn settings(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
) -> Result<(TutorSettings, Provider)> {
    actor.require_tutor(tutor)?;
    let mut db = services.db.acquire().await?;
    store::find_settings(&mut db, tutor).await?.ok_or_else(unknown)
}

/// Replaces the tutor's own settings.
///
/// # Errors
/// `INVALID_REQUEST` with the field, `INSUFFICIENT_PERMISSIONS`, `PROFILE_NOT_FOUND`.
pub async fn set_settings(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    settings: TutorSettings,
) -> Result<()> {
    actor.require_tutor(tutor)?;
    settings.check()?;
    let mut db = services.db.acquire().await?;
    found(store::set_settings(&mut db, tutor, &settings, services.clock.now()).await?)
}

impl TutorSettings {
    /// Whether every setting is within its bounds.
    fn check(&self) -> Result<(), Refusal> {
        let fortnight = 0..=20_160;
        for (value, range, key, field) in [
            (self.notice_min, fortnight.clone(), "notice_range", "notice_min"),
            (self.horizon_days, 1..=365, "horizon_range", "horizon_days"),
            (self.cancel_notice_min, fortnight, "cancel_notice_range", "cancel_notice_min"),
        ] {
            if value.is_some_and(|value| !range.contains(&value)) {
                return Err(Refusal::on(Code::InvalidRequest, key, field));
            }
        }
        Ok(())
    }
}

/// Counters of a tutor: lessons taught, cancelled, absent, students, mean rating, by state of booking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TutorStats {
    /// Bookings ever made.
    pub total_bookings: i64,
    /// Lessons taught to their end.
    pub completed: i64,
    /// Called off, by anyone.
    pub cancelled: i64,
    /// Called off by the tutor.
    pub cancelled_by_tutor: i64,
    /// Coming.
    pub upcoming: i64,
    /// Lessons to which the student did not come.
    pub no_show_student: i64,
    /// Lessons to which the tutor did not come.
    pub no_show_tutor: i64,
    /// Different students.
    pub students: i64,
    /// Number of ratings.
    pub rating_count: i64,
    /// Mean rating in tenths.
    pub rating_tenths: Option<u32>,
}

/// The counters of a tutor.
///
/// # Errors
/// `PROFILE_NOT_FOUND`, also while the profile is not complete.
pub async fn stats(services: &Services, id_or_slug: &str) -> Result<TutorStats> {
    let mut db = services.db.acquire().await?;
    let tutor = find_public(&mut db, id_or_slug).await?;
    store::count(&mut db, tutor, services.clock.now()).await
}
