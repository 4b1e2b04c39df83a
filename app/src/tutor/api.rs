//! Server functions of the tutor's console.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::WireError;

/// The profile as a form sends it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileForm {
    /// One line under the name.
    pub headline: String,
    /// University.
    pub university: String,
    /// Degree.
    pub degree: String,
    /// Field of study, by name.
    pub field: String,
    /// Year of study.
    pub current_year: String,
    /// About the tutor.
    pub bio: String,
    /// Languages, separated by commas.
    pub languages: String,
    /// What the tutor helps with, one on a line.
    pub goals: String,
    /// Address on linkedin.com.
    pub linkedin: String,
}

/// An offering as a form sends it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OfferingForm {
    /// The offering that is changed; empty for a new one.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Minutes between two starts; empty for the duration.
    pub step: String,
    /// Minutes kept free before.
    pub buffer_before: String,
    /// Minutes kept free after.
    pub buffer_after: String,
    /// Present where the duration cannot be chosen.
    pub fixed: Option<String>,
    /// Durations with prices.
    pub durations: Vec<DurationRow>,
}

/// A duration with its price, as typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DurationRow {
    /// Minutes.
    pub minutes: String,
    /// In major units, such as `25` or `12.50`.
    pub price: String,
}

/// A range of a weekday, as typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RangeRow {
    /// 0 is Sunday.
    pub weekday: u8,
    /// `HH:MM`.
    pub start: String,
    /// `HH:MM`.
    pub end: String,
}

/// What replaces the hours of one date, as a form sends it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OverrideForm {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// `off` or `hours`.
    pub kind: String,
    /// The ranges of that date.
    pub windows: Vec<RangeRow>,
    /// Why.
    pub reason: String,
}

/// The tutor's own settings, as a form sends them; an empty one follows the platform.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SettingsForm {
    /// `yes`, `no` or empty.
    pub confirm_requests: String,
    /// Minutes.
    pub notice_min: String,
    /// Days.
    pub horizon_days: String,
    /// Minutes.
    pub cancel_notice_min: String,
    /// `jitsi` or `external`.
    pub provider: String,
    /// Where lessons take place, for `external`.
    pub external_url: String,
}

/// Replaces the profile.
///
/// # Errors
/// `INVALID_PROFILE_DATA` with the field.
#[server(prefix = "/do", endpoint = "save_profile")]
pub async fn save_profile(profile: ProfileForm) -> Result<(), WireError> {
    crate::pages::console::actions::save_profile(profile).await
}

/// The tutor's own switch.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
#[server(prefix = "/do", endpoint = "set_active")]
pub async fn set_active(active: bool) -> Result<(), WireError> {
    crate::pages::console::actions::set_active(active).await
}

/// Makes an offering or changes one.
///
/// # Errors
/// `INVALID_REQUEST` or `INVALID_DURATION` with the field.
#[server(prefix = "/do", endpoint = "save_offering")]
pub async fn save_offering(offering: OfferingForm) -> Result<(), WireError> {
    crate::pages::console::actions::save_offering(offering).await
}

/// Takes an offering away. Bookings keep theirs.
///
/// # Errors
/// `NOT_FOUND`.
#[server(prefix = "/do", endpoint = "remove_offering")]
pub async fn remove_offering(id: String) -> Result<(), WireError> {
    crate::pages::console::actions::remove_offering(&id).await
}

/// Replaces the weekly hours and the zone in which they are meant.
///
/// # Errors
/// `INVALID_REQUEST` with the field.
#[server(prefix = "/do", endpoint = "save_hours")]
pub async fn save_hours(
    time_zone: String,
    #[server(default)] weekly: Vec<RangeRow>,
) -> Result<(), WireError> {
    crate::pages::console::actions::save_hours(&time_zone, weekly).await
}

/// Replaces the hours of one date.
///
/// # Errors
/// `INVALID_REQUEST` with the field.
#[server(prefix = "/do", endpoint = "save_override")]
pub async fn save_override(day: OverrideForm) -> Result<(), WireError> {
    crate::pages::console::actions::save_override(day).await
}

/// Lets the weekly hours govern a date again.
///
/// # Errors
/// `INVALID_REQUEST` for what is no date.
#[server(prefix = "/do", endpoint = "remove_override")]
pub async fn remove_override(date: String) -> Result<(), WireError> {
    crate::pages::console::actions::remove_override(&date).await
}

/// Replaces the tutor's settings and provider.
///
/// # Errors
/// `INVALID_REQUEST` with the field.
#[server(prefix = "/do", endpoint = "save_tutor_settings")]
pub async fn save_tutor_settings(settings: SettingsForm) -> Result<(), WireError> {
    crate::pages::console::actions::save_settings(settings).await
}

/// Disconnects an account with a video provider.
///
/// # Errors
/// `PROVIDER_REQUIRED` for the last one that works, `NOT_FOUND`.
#[server(prefix = "/do", endpoint = "disconnect_video")]
pub async fn disconnect_video(provider: String) -> Result<(), WireError> {
    crate::pages::console::video::disconnect(&provider).await
}

/// Leads the tutor to the payment provider's pages, where it is told to whom earnings are paid.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but a tutor.
#[server(prefix = "/do", endpoint = "begin_onboarding")]
pub async fn begin_onboarding() -> Result<(), WireError> {
    crate::pages::console::earnings_actions::begin_onboarding().await
}
