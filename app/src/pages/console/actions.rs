//! What the forms of the console do on the server.

use chrono::NaiveDate;
use domain::{
    Code, Refusal,
    availability::{Availability, Override, WeeklyWindow, Window},
    ids::{OfferingId, TutorId},
    money::Currency,
    tutor::{Offering, PricedDuration, ProfileInput},
    zone::Zone,
};
use services::{
    Actor, Result, Services, availability, busy,
    tutor::{self, Provider, TutorSettings},
};

use super::own_tutor;
use crate::{
    error::WireError,
    pages::{
        account::items,
        context::{answer_form, visit},
    },
    tutor::{
        api::{OfferingForm, OverrideForm, ProfileForm, RangeRow, SettingsForm},
        week::minutes,
    },
};

/// Acts as the signed-in tutor, then shows `page`.
pub(in crate::pages) async fn act<T>(
    typed: &[(&str, &str)],
    page: &str,
    action: impl AsyncFnOnce(&Services, &Actor, TutorId) -> Result<T>,
) -> Result<(), WireError> {
    let visit = visit();
    let acting = async {
        let actor = visit.actor()?;
        action(&visit.services, actor, own_tutor(actor)?).await?;
        leptos_axum::redirect(page);
        Ok(())
    };
    answer_form(&visit, typed, acting).await
}

/// Replaces the profile.
///
/// # Errors
/// As `services::tutor::set_profile`.
pub async fn save_profile(form: ProfileForm) -> Result<(), WireError> {
    let typed = [
        ("headline", form.headline.as_str()),
        ("university", &form.university),
        ("degree", &form.degree),
        ("field", &form.field),
        ("current_year", &form.current_year),
        ("bio", &form.bio),
        ("languages", &form.languages),
        ("goals", &form.goals),
        ("linkedin", &form.linkedin),
    ];
    let some = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
    let input = ProfileInput {
        university: form.university.clone(),
        degree: form.degree.clone(),
        field: form.field.clone(),
        current_year: form.current_year.trim().parse().unwrap_or_default(),
        bio: form.bio.clone(),
        linkedin: some(&form.linkedin),
        languages: items(&form.languages, &[',', '\n']),
        goals: items(&form.goals, &['\n']),
        headline: some(&form.headline),
    };
    act(&typed, "/tutor/profile?saved=1", async |services, actor, id| {
        tutor::set_profile(services, actor, id, &input).await
    })
    .await
}

/// The tutor's own switch.
///
/// # Errors
/// As `services::tutor::set_active`.
pub async fn set_active(active: bool) -> Result<(), WireError> {
    act(&[], "/tutor/profile?saved=1", async |services, actor, id| {
        tutor::set_active(services, actor, id, active).await
    })
    .await
}

/// Makes an offering or changes one.
///
/// # Errors
/// As `services::tutor::set_offerings`.
pub async fn save_offering(form: OfferingForm) -> Result<(), WireError> {
    let typed = [
        ("title", form.title.as_str()),
        ("currency", &form.currency),
        ("step", &form.step),
        ("buffer_before", &form.buffer_before),
        ("buffer_after", &form.buffer_after),
    ];
    act(&typed, "/tutor/offerings?saved=1", async |services, actor, id| {
        let offering = offering(&form)?;
        let changed: Option<OfferingId> = if form.id.is_empty() { None } else { Some(form.id.parse()?) };
        let mut offerings = present(services, actor, id).await?;
        match offerings.iter_mut().find(|(other, _)| changed.is_some() && *other == changed) {
            Some((_, present)) => *present = offering,
            None => offerings.push((changed, offering)),
        }
        tutor::set_offerings(services, actor, id, offerings).await
    })
    .await
}

/// Takes an offering away.
///
/// # Errors
/// `NOT_FOUND` for one that is not the tutor's.
pub async fn remove_offering(id: &str) -> Result<(), WireError> {
    act(&[], "/tutor/offerings?saved=1", async |services, actor, tutor| {
        let removed: OfferingId = id.parse()?;
        let mut offerings = present(services, actor, tutor).await?;
        let before = offerings.len();
        offerings.retain(|(other, _)| *other != Some(removed));
        if offerings.len() == before {
            return Err(Refusal::new(Code::NotFound, "offering_not_found").into());
        }
        tutor::set_offerings(services, actor, tutor, offerings).await
    })
    .await
}

async fn present(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
) -> Result<Vec<(Option<OfferingId>, Offering)>> {
    let offerings = tutor::find(services, Some(actor), &tutor.to_string()).await?.offerings;
    Ok(offerings.into_iter().map(|view| (Some(view.id), view.offering)).collect())
}

fn offering(form: &OfferingForm) -> Result<Offering, Refusal> {
    let currency = Currency::parse(&form.currency)?;
    let rows =
        form.durations.iter().filter(|row| !(row.minutes.trim().is_empty() && row.price.trim().is_empty()));
    let durations = rows.map(|row| {
        let minutes = row.minutes.trim().parse();
        let minutes =
            minutes.map_err(|_| Refusal::on(Code::InvalidDuration, "duration_range", "durations"))?;
        Ok(PricedDuration { minutes, price_minor: price(&row.price, currency)? })
    });
    let step = form.step.trim();
    let step = if step.is_empty() { None } else { Some(whole(step, "step", "step")?) };
    Offering {
        title: form.title.clone(),
        durations: durations.collect::<Result<_, Refusal>>()?,
        currency,
        step_min: step,
        buffer_before_min: whole(&form.buffer_before, "buffer", "buffer_before")?,
        buffer_after_min: whole(&form.buffer_after, "buffer", "buffer_after")?,
        fixed: form.fixed.is_some(),
    }
    .check()
}

/// A whole number; nothing is 0.
fn whole(text: &str, key: &'static str, field: &'static str) -> Result<u16, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| Refusal::on(Code::InvalidRequest, key, field))
}

/// A price as a person types it.
fn price(text: &str, currency: Currency) -> Result<i64, Refusal> {
    typed_amount(text, currency).ok_or(Refusal::on(Code::InvalidRequest, "price_typed", "prices"))
}

/// An amount as a person types it, in major units with a point or a comma, in minor units; `None` for what is none.
#[must_use]
pub fn typed_amount(text: &str, currency: Currency) -> Option<i64> {
    let text = text.trim().replace(',', ".");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let places = currency.exponent() as usize;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || !digits(whole) || !digits(rest) || rest.len() > places {
        return None;
    }
    format!("{whole}{rest:0<places$}").parse().ok()
}

/// Connects the calendar at an address.
///
/// # Errors
/// As `services::busy::connect`.
pub async fn connect_calendar(url: &str) -> Result<(), WireError> {
    act(&[("url", url)], "/tutor/settings?saved=1#calendars", async |services, actor, id| {
        busy::connect(services, actor, id, url).await
    })
    .await
}

/// Disconnects a calendar.
///
/// # Errors
/// As `services::busy::disconnect`.
pub async fn disconnect_calendar(connection: &str) -> Result<(), WireError> {
    act(&[], "/tutor/settings?saved=1#calendars", async |services, actor, id| {
        let connection = connection.parse().map_err(|_| Refusal::new(Code::NotFound, "not_found"))?;
        busy::disconnect(services, actor, id, connection).await
    })
    .await
}

/// Replaces the weekly hours.
///
/// # Errors
/// As `services::availability::set_hours`.
pub async fn save_hours(time_zone: &str, rows: Vec<RangeRow>) -> Result<(), WireError> {
    act(&[("time_zone", time_zone)], "/tutor/availability?saved=1", async |services, actor, id| {
        let weekly = rows.iter().filter(|row| !is_blank(row));
        let weekly = weekly
            .map(|row| Ok(WeeklyWindow { weekday: row.weekday, window: window(row)? }))
            .collect::<Result<Vec<_>, Refusal>>()?;
        let overrides = availability::hours(services, actor, id).await?.overrides().to_vec();
        let hours = Availability::new(Zone::parse(time_zone)?, weekly, overrides)?;
        availability::set_hours(services, actor, id, &hours).await
    })
    .await
}

/// Replaces the hours of one date.
///
/// # Errors
/// As `services::availability::set_hours`.
pub async fn save_override(form: OverrideForm) -> Result<(), WireError> {
    let typed = [("date", form.date.as_str()), ("reason", &form.reason), ("kind", &form.kind)];
    act(&typed, "/tutor/availability?saved=1", async |services, actor, id| {
        let rows = form.windows.iter().filter(|row| !is_blank(row) && form.kind == "hours");
        let windows = rows.map(window).collect::<Result<Vec<_>, Refusal>>()?;
        if form.kind == "hours" && windows.is_empty() {
            return Err(Refusal::on(Code::InvalidRequest, "window", "windows").into());
        }
        let reason = Some(form.reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        let day = Override { date: date(&form.date)?, windows, reason };
        change_overrides(services, actor, id, day.date, Some(day)).await
    })
    .await
}

/// Lets the weekly hours govern a date again.
///
/// # Errors
/// As `services::availability::set_hours`.
pub async fn remove_override(text: &str) -> Result<(), WireError> {
    act(&[], "/tutor/availability?saved=1", async |services, actor, id| {
        change_overrides(services, actor, id, date(text)?, None).await
    })
    .await
}

async fn change_overrides(
    services: &Services,
    actor: &Actor,
    id: TutorId,
    date: NaiveDate,
    day: Option<Override>,
) -> Result<()> {
    let hours = availability::hours(services, actor, id).await?;
    let others = hours.overrides().iter().filter(|other| other.date != date).cloned();
    let hours = Availability::new(hours.zone(), hours.weekly().to_vec(), others.chain(day).collect())?;
    availability::set_hours(services, actor, id, &hours).await
}

fn date(text: &str) -> Result<NaiveDate, Refusal> {
    text.parse().map_err(|_| Refusal::on(Code::InvalidRequest, "override_date", "date"))
}

fn is_blank(row: &RangeRow) -> bool {
    row.start.trim().is_empty() && row.end.trim().is_empty()
}

/// A range as typed: one digit is enough for the hour.
fn window(row: &RangeRow) -> Result<Window, Refusal> {
    let full = |text: &str| match minutes(text) {
        Some(minutes) => format!("{:02}:{:02}", minutes / 60, minutes % 60),
        None => text.to_owned(),
    };
    Window::parse(&full(&row.start), &full(&row.end))
}

/// Replaces the tutor's settings and provider.
///
/// # Errors
/// As `services::tutor::set_settings` and `set_provider`.
pub async fn save_settings(form: SettingsForm) -> Result<(), WireError> {
    let typed = [
        ("confirm_requests", form.confirm_requests.as_str()),
        ("notice_min", &form.notice_min),
        ("horizon_days", &form.horizon_days),
        ("cancel_notice_min", &form.cancel_notice_min),
        ("provider", &form.provider),
        ("external_url", &form.external_url),
    ];
    act(&typed, "/tutor/settings?saved=1", async |services, actor, id| {
        let own = TutorSettings {
            confirm_requests: match form.confirm_requests.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
            notice_min: own_number(&form.notice_min, "notice_range", "notice_min")?,
            horizon_days: own_number(&form.horizon_days, "horizon_range", "horizon_days")?,
            cancel_notice_min: own_number(
                &form.cancel_notice_min,
                "cancel_notice_range",
                "cancel_notice_min",
            )?,
        };
        let provider = Provider::parse(&form.provider, Some(form.external_url.trim().to_owned()));
        tutor::set_provider(services, actor, id, provider).await?;
        tutor::set_settings(services, actor, id, own).await
    })
    .await
}

/// A number of the tutor's own; nothing follows the platform.
fn own_number(text: &str, key: &'static str, field: &'static str) -> Result<Option<i32>, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Refusal::on(Code::InvalidRequest, key, field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_as_typed() {
        for (text, currency, minor) in [
            ("25", Currency::Eur, Some(2500)),
            ("12.5", Currency::Eur, Some(1250)),
            ("12,50", Currency::Eur, Some(1250)),
            ("0", Currency::Eur, Some(0)),
            ("1200", Currency::Jpy, Some(1200)),
            ("1.250", Currency::Kwd, Some(1250)),
            ("12.505", Currency::Eur, None),
            ("1200.5", Currency::Jpy, None),
            ("", Currency::Eur, None),
            ("-5", Currency::Eur, None),
            ("1e3", Currency::Eur, None),
            ("99999999999999", Currency::Eur, None),
        ] {
            assert_eq!(price(text, currency).ok(), minor, "{text}");
        }
    }

    #[test]
    fn ranges_are_read_as_typed() {
        let read = |start: &str, end: &str| {
            let row = RangeRow { weekday: 1, start: start.into(), end: end.into() };
            window(&row).ok().map(|window| (window.start(), window.end()))
        };
        assert_eq!(read("9:00", "12:30"), Some((540, 750)));
        assert_eq!(read("22:00", "02:00"), Some((1320, 1560)));
        assert_eq!(read("00:00", "00:00"), Some((0, 1440)));
        assert_eq!(read("09:00", ""), None);
        assert_eq!(read("9h", "10:00"), None);
    }
}
