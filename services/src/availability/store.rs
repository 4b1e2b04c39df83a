//! What decides when tutors can be booked, as rows. Every query is for many tutors at once, so that
//! a list of twenty costs as many as one.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    Refusal,
    availability::{Availability, Override, WeeklyWindow, Window},
    booking::{Policy, slot_rules},
    ids::{OfferingId, TutorId, UserId},
    interval::Interval,
    money::Currency,
    slot::{self, Slot},
    tutor::{Offering, PricedDuration, Readiness},
    zone::Zone,
};
use sqlx::PgConnection;

use crate::{AppError, Result, settings::PlatformSettings};

/// A day on either side covers buffers, durations and tails; hours look some days further.
const CLAIMS_MARGIN: TimeDelta = TimeDelta::days(2);
const HOURS_MARGIN: TimeDelta = TimeDelta::days(7);

/// Slots lie at most so far ahead: a year's horizon.
const FURTHEST: TimeDelta = TimeDelta::days(400);

/// Everything about a tutor that decides which slots are offered.
#[derive(Clone, Debug)]
pub struct TutorContext {
    /// The tutor.
    pub id: TutorId,
    /// The tutor's account.
    pub user: UserId,
    /// Whether the tutor can be booked at all.
    pub readiness: Readiness,
    /// The tutor's settings, the platform's where the tutor has none.
    pub policy: Policy,
    /// Hours: the weekly ones, and the overrides near the range that was asked for.
    pub availability: Availability,
    /// Offerings in their order.
    pub offerings: Vec<(OfferingId, Offering)>,
    /// What takes time near the range: bookings, holds that have not lapsed, busy times of connected calendars.
    pub busy: Vec<Interval>,
}

impl TutorContext {
    /// The free slots of one duration of an offering that start within a range, in order; none for
    /// a tutor who cannot be booked. The context must have been loaded for that range.
    #[must_use]
    pub fn slots(&self, offering: &Offering, minutes: u16, now: DateTime<Utc>, range: Interval) -> Vec<Slot> {
        if self.readiness.check().is_err() {
            return Vec::new();
        }
        let rules = slot_rules(offering, minutes, &self.policy);
        slot::slots(&self.availability, &rules, &self.busy, now, range)
    }
}

/// A range as the database can hold it: what lies far from now has no slots anyway.
#[must_use]
pub fn near(range: Interval, now: DateTime<Utc>) -> Interval {
    let (first, last) = (now - CLAIMS_MARGIN, now + FURTHEST);
    Interval::new(range.start.clamp(first, last), range.end.clamp(first, last))
}

/// Loads tutors for the slots that start within a range, in five queries whatever their number.
/// Tutors that do not exist, or whose account was erased, are left out.
///
/// # Errors
/// Where the database cannot be read.
pub async fn load(
    db: &mut PgConnection,
    tutors: &[TutorId],
    range: Interval,
    settings: &PlatformSettings,
    now: DateTime<Utc>,
) -> Result<HashMap<TutorId, TutorContext>> {
    let ids: Vec<_> = tutors.iter().map(|tutor| tutor.0).collect();
    let range = near(range, now);
    let mut weekly = list_weekly(db, &ids).await?;
    let mut overrides = list_overrides(db, &ids, Some(range)).await?;
    let mut offerings = list_offerings(db, &ids).await?;
    let mut busy = list_busy(db, &ids, range, now).await?;
    let rows = sqlx::query!(
        "SELECT t.id, t.user_id, t.time_zone, t.bio IS NOT NULL AS \"complete!\", t.is_active, t.provider,
                provider_works(t.id, t.provider) AS \"provider_works!\",
                t.confirm_requests, t.notice_min, t.horizon_days, t.cancel_notice_min, t.fee_bps
         FROM tutors t JOIN users u ON u.id = t.user_id
         WHERE t.id = ANY($1) AND u.deleted_at IS NULL",
        &ids
    )
    .fetch_all(db)
    .await?;
    let mut loaded = HashMap::with_capacity(rows.len());
    for row in rows {
        let id = TutorId(row.id);
        let hours = (weekly.remove(&id).unwrap_or_default(), overrides.remove(&id).unwrap_or_default());
        let base = &settings.policy;
        let context = TutorContext {
            id,
            user: UserId(row.user_id),
            readiness: Readiness {
                complete: row.complete,
                active: row.is_active,
                provider: row.provider_works && settings.accepted_providers.contains(&row.provider),
            },
            policy: Policy {
                notice_min: row.notice_min.map_or(base.notice_min, i64::from),
                horizon_days: row.horizon_days.map_or(base.horizon_days, i64::from),
                cancel_notice_min: row.cancel_notice_min.map_or(base.cancel_notice_min, i64::from),
                confirm_requests: row.confirm_requests.unwrap_or(base.confirm_requests),
                fee_bps: row.fee_bps.unwrap_or(base.fee_bps),
                ..*base
            },
            availability: Availability::new(zone(&row.time_zone)?, hours.0, hours.1).map_err(broken)?,
            offerings: offerings.remove(&id).unwrap_or_default(),
            busy: busy.remove(&id).unwrap_or_default(),
        };
        loaded.insert(id, context);
    }
    Ok(loaded)
}

/// The hours of one tutor, all overrides from a date on included.
///
/// # Errors
/// Where the database cannot be read.
pub async fn find_hours(db: &mut PgConnection, tutor: TutorId) -> Result<Option<Availability>> {
    let name = sqlx::query_scalar!("SELECT time_zone FROM tutors WHERE id = $1", tutor.0)
        .fetch_optional(&mut *db)
        .await?;
    let Some(name) = name else { return Ok(None) };
    let weekly = list_weekly(db, &[tutor.0]).await?.remove(&tutor).unwrap_or_default();
    let overrides = list_overrides(db, &[tutor.0], None).await?.remove(&tutor).unwrap_or_default();
    Availability::new(zone(&name)?, weekly, overrides).map(Some).map_err(broken)
}

/// Replaces hours, overrides and zone. `false` where there is no such tutor.
///
/// # Errors
/// Where the database cannot be written.
pub async fn set_hours(
    tx: &mut PgConnection,
    tutor: TutorId,
    hours: &Availability,
    now: DateTime<Utc>,
) -> Result<bool> {
    let zone = hours.zone().name();
    let found =
        sqlx::query!("UPDATE tutors SET time_zone = $2, updated_at = $3 WHERE id = $1", tutor.0, zone, now)
            .execute(&mut *tx)
            .await?;
    if found.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!("DELETE FROM weekly_windows WHERE tutor_id = $1", tutor.0).execute(&mut *tx).await?;
    sqlx::query!("DELETE FROM availability_overrides WHERE tutor_id = $1", tutor.0).execute(&mut *tx).await?;
    insert_weekly(tx, tutor, hours.weekly()).await?;
    for day in hours.overrides() {
        insert_override(tx, tutor, day).await?;
    }
    Ok(true)
}

async fn insert_weekly(tx: &mut PgConnection, tutor: TutorId, weekly: &[WeeklyWindow]) -> Result<()> {
    let days: Vec<_> = weekly.iter().map(|entry| i16::from(entry.weekday)).collect();
    let (starts, ends) = minutes(weekly.iter().map(|entry| entry.window));
    sqlx::query!(
        "INSERT INTO weekly_windows (tutor_id, weekday, start_min, end_min)
         SELECT $1, weekday, start_min, end_min
         FROM unnest($2::smallint[], $3::smallint[], $4::smallint[]) AS w (weekday, start_min, end_min)
         ON CONFLICT DO NOTHING",
        tutor.0,
        &days,
        &starts,
        &ends
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert_override(tx: &mut PgConnection, tutor: TutorId, day: &Override) -> Result<()> {
    let (starts, ends) = minutes(day.windows.iter().copied());
    sqlx::query!(
        "INSERT INTO availability_overrides (tutor_id, date, starts, ends, reason) VALUES ($1, $2, $3, $4, $5)",
        tutor.0,
        day.date,
        &starts,
        &ends,
        day.reason
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Starts and ends in minutes from midnight: at most 2880, they fit.
fn minutes(windows: impl Iterator<Item = Window>) -> (Vec<i16>, Vec<i16>) {
    windows.map(|window| (window.start().cast_signed(), window.end().cast_signed())).unzip()
}

async fn list_weekly(
    db: &mut PgConnection,
    tutors: &[uuid::Uuid],
) -> Result<HashMap<TutorId, Vec<WeeklyWindow>>> {
    let rows = sqlx::query!(
        "SELECT w.tutor_id, w.weekday, w.start_min, w.end_min
         FROM unnest($1::uuid[]) AS wanted (id) JOIN weekly_windows w ON w.tutor_id = wanted.id
         ORDER BY w.tutor_id, w.weekday, w.start_min, w.end_min",
        tutors
    )
    .fetch_all(db)
    .await?;
    let mut weekly = HashMap::<_, Vec<_>>::new();
    for row in rows {
        let entry = WeeklyWindow {
            weekday: u8::try_from(row.weekday).map_err(AppError::fault)?,
            window: window(row.start_min, row.end_min)?,
        };
        weekly.entry(TutorId(row.tutor_id)).or_default().push(entry);
    }
    Ok(weekly)
}

async fn list_overrides(
    db: &mut PgConnection,
    tutors: &[uuid::Uuid],
    near: Option<Interval>,
) -> Result<HashMap<TutorId, Vec<Override>>> {
    let date = |at: DateTime<Utc>| at.date_naive();
    let first = near.map_or(NaiveDate::default(), |range| date(range.start - HOURS_MARGIN));
    let last = near.map(|range| date(range.end + HOURS_MARGIN));
    let rows = sqlx::query!(
        "SELECT o.tutor_id, o.date, o.starts, o.ends, o.reason
         FROM unnest($1::uuid[]) AS wanted (id)
         JOIN availability_overrides o ON o.tutor_id = wanted.id
          AND o.date BETWEEN $2 AND coalesce($3::date, 'infinity'::date)
         ORDER BY o.tutor_id, o.date",
        tutors,
        first,
        last
    )
    .fetch_all(db)
    .await?;
    let mut overrides = HashMap::<_, Vec<_>>::new();
    for row in rows {
        let pairs = row.starts.iter().zip(&row.ends);
        let windows = pairs.map(|(start, end)| window(*start, *end)).collect::<Result<_>>()?;
        let day = Override { date: row.date, windows, reason: row.reason };
        overrides.entry(TutorId(row.tutor_id)).or_default().push(day);
    }
    Ok(overrides)
}

pub(crate) async fn list_offerings(
    db: &mut PgConnection,
    tutors: &[uuid::Uuid],
) -> Result<HashMap<TutorId, Vec<(OfferingId, Offering)>>> {
    let rows = sqlx::query_as!(
        OfferingRow,
        "SELECT o.id, o.tutor_id, o.title, o.durations, o.prices, o.currency, o.step_min,
                o.buffer_before_min, o.buffer_after_min, o.fixed, o.archived_at
         FROM unnest($1::uuid[]) AS wanted (id)
         JOIN offerings o ON o.tutor_id = wanted.id AND o.archived_at IS NULL
         ORDER BY o.tutor_id, o.position, o.id",
        tutors
    )
    .fetch_all(db)
    .await?;
    let mut offerings = HashMap::<_, Vec<_>>::new();
    for row in rows {
        offerings.entry(TutorId(row.tutor_id)).or_default().push((OfferingId(row.id), row.parse()?));
    }
    Ok(offerings)
}

/// One offering, and whether it is still offered.
///
/// # Errors
/// Where the database cannot be read or has no such offering.
pub async fn find_offering(db: &mut PgConnection, offering: OfferingId) -> Result<(Offering, bool)> {
    let row = sqlx::query_as!(
        OfferingRow,
        "SELECT id, tutor_id, title, durations, prices, currency, step_min, buffer_before_min, buffer_after_min,
                fixed, archived_at
         FROM offerings WHERE id = $1",
        offering.0
    )
    .fetch_one(db)
    .await?;
    let offered = row.archived_at.is_none();
    Ok((row.parse()?, offered))
}

/// A row of `offerings`.
struct OfferingRow {
    id: uuid::Uuid,
    tutor_id: uuid::Uuid,
    title: String,
    durations: Vec<i16>,
    prices: Vec<i64>,
    currency: String,
    step_min: Option<i16>,
    buffer_before_min: i16,
    buffer_after_min: i16,
    fixed: bool,
    archived_at: Option<DateTime<Utc>>,
}

impl OfferingRow {
    fn parse(self) -> Result<Offering> {
        let pairs = self.durations.iter().zip(&self.prices);
        let priced = |(minutes, price): (&i16, &i64)| {
            Ok(PricedDuration { minutes: count(*minutes)?, price_minor: *price })
        };
        Ok(Offering {
            title: self.title,
            durations: pairs.map(priced).collect::<Result<_>>()?,
            currency: Currency::parse(&self.currency).map_err(broken)?,
            step_min: self.step_min.map(count).transpose()?,
            buffer_before_min: count(self.buffer_before_min)?,
            buffer_after_min: count(self.buffer_after_min)?,
            fixed: self.fixed,
        })
    }
}

/// Claims and the busy times of connected calendars.
async fn list_busy(
    db: &mut PgConnection,
    tutors: &[uuid::Uuid],
    range: Interval,
    now: DateTime<Utc>,
) -> Result<HashMap<TutorId, Vec<Interval>>> {
    let rows = sqlx::query!(
        "SELECT c.tutor_id AS \"tutor_id!\", lower(c.during) AS \"start!\", upper(c.during) AS \"end!\"
         FROM unnest($1::uuid[]) AS wanted (id)
         JOIN claims c ON c.tutor_id = wanted.id AND c.during && tstzrange($2, $3)
         WHERE c.expires_at IS NULL OR c.expires_at > $4
         UNION ALL
         SELECT r.tutor_id, lower(r.during), upper(r.during)
         FROM unnest($1::uuid[]) AS wanted (id)
         JOIN busy_ranges r ON r.tutor_id = wanted.id AND r.during && tstzrange($2, $3)",
        tutors,
        range.start - CLAIMS_MARGIN,
        range.end + CLAIMS_MARGIN,
        now
    )
    .fetch_all(db)
    .await?;
    let mut claims = HashMap::<_, Vec<_>>::new();
    for row in rows {
        claims.entry(TutorId(row.tutor_id)).or_default().push(Interval::new(row.start, row.end));
    }
    Ok(claims)
}

/// The tutor of an id or a slug.
///
/// # Errors
/// Where the database cannot be read.
pub async fn find_tutor(db: &mut PgConnection, id_or_slug: &str) -> Result<Option<TutorId>> {
    // Postgres refuses a text with a NUL; no slug has one.
    if id_or_slug.contains('\0') {
        return Ok(None);
    }
    let id = id_or_slug.parse::<TutorId>().ok().map(|id| id.0);
    let found = sqlx::query_scalar!("SELECT id FROM tutors WHERE id = $1 OR slug = $2", id, id_or_slug)
        .fetch_optional(db)
        .await?;
    Ok(found.map(TutorId))
}

fn window(start: i16, end: i16) -> Result<Window> {
    Window::new(count(start)?, count(end)?).map_err(broken)
}

fn count(stored: i16) -> Result<u16> {
    u16::try_from(stored).map_err(AppError::fault)
}

fn zone(name: &str) -> Result<Zone> {
    Zone::parse(name).map_err(broken)
}

/// What is stored was judged when it was written: a refusal now is a fault of ours.
fn broken(refusal: Refusal) -> AppError {
    AppError::fault(refusal)
}
