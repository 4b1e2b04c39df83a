//! Tutors: profile, photo, switch, settings, offerings.

use domain::{
    ids::{OfferingId, TutorId},
    tutor::{Offering, Profile, ProfileInput, Readiness},
};
use serde::Serialize;

use crate::{Actor, Result, Services};

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

/// Where the tutor's lessons take place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "provider", rename_all = "lowercase")]
pub enum Provider {
    /// A Jitsi room.
    Jitsi,
    /// The tutor's own address, `https`.
    External {
        /// The address.
        url: String,
    },
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
pub async fn find(_services: &Services, _actor: Option<&Actor>, _id_or_slug: &str) -> Result<TutorView> {
    todo!()
}

/// Replaces the profile.
///
/// # Errors
/// `INVALID_PROFILE_DATA` with the field, `INSUFFICIENT_PERMISSIONS`, `PROFILE_NOT_FOUND`.
pub async fn set_profile(
    _services: &Services,
    _actor: &Actor,
    _tutor: TutorId,
    _input: &ProfileInput,
) -> Result<TutorView> {
    todo!()
}

/// The tutor's own switch.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `PROFILE_NOT_FOUND`.
pub async fn set_active(
    _services: &Services,
    _actor: &Actor,
    _tutor: TutorId,
    _active: bool,
) -> Result<TutorView> {
    todo!()
}

/// Replaces the offerings: those with an id are changed, those without are made, those not named are archived.
///
/// # Errors
/// `INVALID_REQUEST`, `INVALID_DURATION`, `NOT_FOUND` for an id of another's, `INSUFFICIENT_PERMISSIONS`.
pub async fn set_offerings(
    _services: &Services,
    _actor: &Actor,
    _tutor: TutorId,
    _offerings: Vec<(Option<OfferingId>, Offering)>,
) -> Result<Vec<OfferingView>> {
    todo!()
}

/// The tutor's own settings.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn settings(
    _services: &Services,
    _actor: &Actor,
    _tutor: TutorId,
) -> Result<(TutorSettings, Provider)> {
    todo!()
}

/// Replaces the tutor's own settings.
///
/// # Errors
/// `INVALID_REQUEST` with the field, `INSUFFICIENT_PERMISSIONS`.
pub async fn set_settings(
    _services: &Services,
    _actor: &Actor,
    _tutor: TutorId,
    _settings: TutorSettings,
) -> Result<()> {
    todo!()
}

/// Chooses where lessons take place.
///
/// # Errors
/// `INVALID_REQUEST` on `external_url`, `PROVIDER_REQUIRED` where the platform does not accept it.
pub async fn set_provider(
    _services: &Services,
    _actor: &Actor,
    _tutor: TutorId,
    _provider: Provider,
) -> Result<()> {
    todo!()
}

/// Normalises and keeps a photo: JPEG, PNG or WebP of at most 10 MB becomes 400 × 400, upright, without metadata.
///
/// # Errors
/// `INVALID_REQUEST` on `photo` for anything that is no such image.
pub async fn set_photo(
    _services: &Services,
    _actor: &Actor,
    _tutor: TutorId,
    _upload: &[u8],
) -> Result<TutorView> {
    todo!()
}

/// The photo as JPEG with its version, `None` where there is none.
///
/// # Errors
/// Where the database cannot be read.
pub async fn photo(_services: &Services, _tutor: TutorId) -> Result<Option<(Vec<u8>, String)>> {
    todo!()
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
/// `PROFILE_NOT_FOUND`.
pub async fn stats(_services: &Services, _id_or_slug: &str) -> Result<TutorStats> {
    todo!()
}
