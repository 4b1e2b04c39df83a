//! `/api/v2/tutors/{id}/availability`: hours in, slots out.

use axum::{Json, extract::State};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    availability::{Availability, Override, WeeklyWindow, Window},
    interval::Interval,
    slot::Slot,
    zone::Zone,
};
use serde::{Deserialize, Serialize};
use services::{
    Services,
    availability::{self, FreeSlots, SlotQuery},
};
use utoipa::{IntoParams, ToSchema};

use super::{
    error::{ApiError, ApiResult},
    extract::{ApiJson, ApiPath, ApiQuery, Body, SignedIn, Visitor},
    parse, tutors,
    wire::{Success, ok},
};

/// Which slots.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SlotsQuery {
    /// From when, RFC 3339.
    #[param(example = "2026-12-01T00:00:00Z")]
    from: String,
    /// Until when, RFC 3339; at most 62 days later.
    #[param(example = "2026-12-08T00:00:00Z")]
    to: String,
    /// The offering; without it the tutor's first that has the duration.
    offering: Option<String>,
    /// Minutes; without it the offering's shortest.
    #[param(example = 60)]
    duration: Option<i64>,
    /// The zone of `local`, an IANA name; without it the tutor's.
    #[param(example = "America/New_York")]
    tz: Option<String>,
}

impl SlotsQuery {
    fn parse(&self, tutor: &str) -> ApiResult<(SlotQuery, Option<Zone>)> {
        let range = Interval::new(parse::instant(&self.from, "from")?, parse::instant(&self.to, "to")?);
        if range.end <= range.start {
            return Err(ApiError::invalid("range_order", "to"));
        }
        if range.end - range.start > chrono::TimeDelta::days(62) {
            return Err(ApiError::invalid("range_length", "to"));
        }
        let zone = self.tz.as_deref().map(Zone::parse).transpose();
        let zone = zone.map_err(|_| ApiError::invalid("time_zone", "tz"))?;
        let offering = self.offering.as_deref().map(str::parse).transpose()?;
        Ok((SlotQuery { tutor: tutor.to_owned(), range, offering, duration: self.duration }, zone))
    }
}

/// The slots of a tutor.
#[derive(Debug, Serialize, ToSchema)]
pub struct Slots {
    /// The zone of `local`.
    #[schema(example = "America/New_York")]
    time_zone: &'static str,
    /// In order.
    slots: Vec<SlotView>,
}

/// A slot that can be booked.
#[derive(Debug, Serialize, ToSchema)]
pub struct SlotView {
    /// When it starts, UTC.
    start: DateTime<Utc>,
    /// When it ends, UTC.
    end: DateTime<Utc>,
    /// The start on the clocks of the zone.
    #[schema(example = "2026-12-01T09:00:00-05:00")]
    local: String,
}

impl SlotView {
    fn new(slot: &Slot, zone: Zone) -> Self {
        SlotView { start: slot.start, end: slot.end, local: zone.to_wall(slot.start).rfc3339() }
    }
}

/// The free slots of a tutor. None for a tutor who cannot be booked.
#[utoipa::path(get, path = "/api/v2/tutors/{id}/availability", tag = "availability", operation_id = "slots",
    params(("id" = String, Path, description = "Id or slug"), SlotsQuery),
    responses((status = 200, description = "The slots", body = Success<Slots>)))]
pub async fn slots(
    State(services): State<Services>,
    path: ApiPath,
    ApiQuery(query): ApiQuery<SlotsQuery>,
) -> ApiResult<Json<Success<Slots>>> {
    let (query, zone) = query.parse(path.text("id")?)?;
    let free: FreeSlots = availability::free_slots(&services, &query).await?;
    let zone = zone.unwrap_or(free.zone);
    let slots = free.slots.iter().map(|slot| SlotView::new(slot, zone)).collect();
    Ok(ok(Slots { time_zone: zone.name(), slots }))
}

/// The hours of a tutor.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Hours {
    /// The zone whose wall clock the windows mean, an IANA name.
    #[schema(example = "Europe/Paris")]
    time_zone: String,
    /// Windows of every week.
    weekly: Vec<Weekly>,
    /// What replaces the weekly hours on single dates of the tutor's zone.
    #[serde(default)]
    overrides: Vec<Day>,
}

impl Body for Hours {}

/// A window of every week.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Weekly {
    /// 0 is Sunday, 6 Saturday.
    #[schema(example = 1, minimum = 0, maximum = 6)]
    weekday: i64,
    /// `HH:MM`.
    #[schema(example = "09:00")]
    start: String,
    /// `HH:MM`; `24:00` is allowed, an end at or before the start crosses midnight.
    #[schema(example = "17:00")]
    end: String,
}

/// The hours of one date.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Day {
    /// The civil date, `YYYY-MM-DD`.
    #[schema(example = "2026-12-24")]
    date: String,
    /// Its hours; none is a day off.
    windows: Vec<Times>,
    /// What the tutor noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// A window.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Times {
    /// `HH:MM`.
    #[schema(example = "10:00")]
    start: String,
    /// `HH:MM`.
    #[schema(example = "12:00")]
    end: String,
}

impl Hours {
    fn parse(&self) -> ApiResult<Availability> {
        let zone = Zone::parse(&self.time_zone)?;
        let weekly = self.weekly.iter().enumerate().map(|(at, weekly)| weekly.parse(at));
        let overrides = self.overrides.iter().enumerate().map(|(at, day)| day.parse(at));
        let (weekly, overrides) =
            (weekly.collect::<ApiResult<Vec<_>>>()?, overrides.collect::<ApiResult<Vec<_>>>()?);
        Ok(Availability::new(zone, weekly, overrides)?)
    }
}

impl Weekly {
    fn parse(&self, at: usize) -> ApiResult<WeeklyWindow> {
        let weekday = u8::try_from(self.weekday).ok().filter(|day| *day <= 6);
        let weekday = weekday.ok_or_else(|| ApiError::invalid("weekday", format!("weekly[{at}].weekday")))?;
        Ok(WeeklyWindow { weekday, window: window(&self.start, &self.end, &format!("weekly[{at}]"))? })
    }
}

impl Day {
    fn parse(&self, at: usize) -> ApiResult<Override> {
        let path = format!("overrides[{at}]");
        let fault = || ApiError::invalid("override_date", format!("{path}.date"));
        let plain = self.date.len() == 10 && self.date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date = self.date.parse::<NaiveDate>().ok().filter(|_| plain).ok_or_else(fault)?;
        let windows = self
            .windows
            .iter()
            .enumerate()
            .map(|(index, times)| window(&times.start, &times.end, &format!("{path}.windows[{index}]")));
        let reason = self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        Ok(Override { date, windows: windows.collect::<ApiResult<_>>()?, reason: reason.map(str::to_owned) })
    }
}

fn window(start: &str, end: &str, path: &str) -> ApiResult<Window> {
    Window::parse(start, end).map_err(|mut refusal| {
        let part = refusal.field.as_deref().unwrap_or("start");
        refusal.field = Some(format!("{path}.{part}").into());
        refusal.into()
    })
}

impl From<&Availability> for Hours {
    fn from(availability: &Availability) -> Self {
        let weekly = availability.weekly().iter().map(|weekly| {
            let (start, end) = weekly.window.to_hhmm();
            Weekly { weekday: weekly.weekday.into(), start, end }
        });
        let overrides = availability.overrides().iter().map(|day| {
            let windows = day.windows.iter().map(|window| {
                let (start, end) = window.to_hhmm();
                Times { start, end }
            });
            Day { date: day.date.to_string(), windows: windows.collect(), reason: day.reason.clone() }
        });
        Hours {
            time_zone: availability.zone().name().to_owned(),
            weekly: weekly.collect(),
            overrides: overrides.collect(),
        }
    }
}

/// Replace a tutor's hours and overrides, and the zone in which they are meant.
#[utoipa::path(put, path = "/api/v2/tutors/{id}/availability", tag = "availability", operation_id = "set_hours",
    params(("id" = String, Path, description = "Id or slug")),
    request_body = Hours,
    responses((status = 200, description = "The hours as kept", body = Success<Hours>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn set_hours(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<Hours>,
) -> ApiResult<Json<Success<Hours>>> {
    let tutor = tutors::tutor_id(&services, &Visitor(Some(actor.clone())), &path).await?;
    let hours = body.parse()?;
    availability::set_hours(&services, &actor, tutor, &hours).await?;
    Ok(ok(Hours::from(&hours)))
}
