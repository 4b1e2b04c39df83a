//! The rows of tutors, their offerings and photos.

use chrono::{DateTime, Utc};
use domain::{
    ids::{OfferingId, TutorId},
    tutor::{Field, Offering, Profile},
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{OfferingView, Provider, TutorSettings, TutorStats};
use crate::{AppError, Result};

/// A tutor as kept.
pub(super) struct TutorRow {
    pub slug: String,
    pub name: String,
    pub time_zone: String,
    /// Once it is complete.
    pub profile: Option<Profile>,
    pub is_active: bool,
    pub provider: String,
    /// Whether lessons can take place there now.
    pub provider_works: bool,
    pub photo_etag: Option<String>,
    pub rating_count: i32,
    pub rating_sum: i32,
}

pub(super) async fn find(db: &mut PgConnection, tutor: TutorId) -> Result<Option<TutorRow>> {
    let row = sqlx::query!(
        "SELECT t.slug, u.name, t.time_zone, t.university, t.degree, t.field, t.current_year, t.bio, t.linkedin,
                t.headline, t.languages, t.goals, t.is_active, t.provider, t.photo_etag, t.rating_count, t.rating_sum,
                provider_works(t.id, t.provider) AS \"provider_works!\"
         FROM tutors t JOIN users u ON u.id = t.user_id
         WHERE t.id = $1 AND u.deleted_at IS NULL",
        tutor.0
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let required = (row.university, row.degree, row.field, row.current_year, row.bio);
    let profile = match required {
        (Some(university), Some(degree), Some(field), Some(current_year), Some(bio)) => Some(Profile {
            university,
            degree,
            field: field.parse::<Field>().map_err(AppError::fault)?,
            current_year,
            bio,
            linkedin: row.linkedin,
            languages: row.languages,
            goals: row.goals,
            headline: row.headline,
        }),
        _ => None,
    };
    Ok(Some(TutorRow {
        slug: row.slug,
        name: row.name,
        time_zone: row.time_zone,
        profile,
        is_active: row.is_active,
        provider: row.provider,
        provider_works: row.provider_works,
        photo_etag: row.photo_etag,
        rating_count: row.rating_count,
        rating_sum: row.rating_sum,
    }))
}

/// False where there is no such tutor; so do the others.
pub(super) async fn set_profile(
    db: &mut PgConnection,
    tutor: TutorId,
    profile: &Profile,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = sqlx::query!(
        "UPDATE tutors SET university = $2, degree = $3, field = $4, current_year = $5, bio = $6, linkedin = $7,
                           headline = $8, languages = $9, goals = $10, updated_at = $11
         WHERE id = $1",
        tutor.0,
        profile.university,
        profile.degree,
        profile.field.name(),
        profile.current_year,
        profile.bio,
        profile.linkedin,
        profile.headline,
        &profile.languages,
        &profile.goals,
        now
    );
    Ok(changed.execute(db).await?.rows_affected() == 1)
}

pub(super) async fn set_active(
    db: &mut PgConnection,
    tutor: TutorId,
    active: bool,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed =
        sqlx::query!("UPDATE tutors SET is_active = $2, updated_at = $3 WHERE id = $1", tutor.0, active, now);
    Ok(changed.execute(db).await?.rows_affected() == 1)
}

pub(crate) async fn find_settings(
    db: &mut PgConnection,
    tutor: TutorId,
) -> Result<Option<(TutorSettings, Provider)>> {
    let row = sqlx::query!(
        "SELECT confirm_requests, notice_min, horizon_days, cancel_notice_min, provider, external_url
         FROM tutors WHERE id = $1",
        tutor.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| {
        let settings = TutorSettings {
            confirm_requests: row.confirm_requests,
            notice_min: row.notice_min,
            horizon_days: row.horizon_days,
            cancel_notice_min: row.cancel_notice_min,
        };
        (settings, Provider::parse(&row.provider, row.external_url))
    }))
}

pub(super) async fn set_settings(
    db: &mut PgConnection,
    tutor: TutorId,
    settings: &TutorSettings,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = sqlx::query!(
        "UPDATE tutors SET confirm_requests = $2, notice_min = $3, horizon_days = $4, cancel_notice_min = $5,
                           updated_at = $6
         WHERE id = $1",
        tutor.0,
        settings.confirm_requests,
        settings.notice_min,
        settings.horizon_days,
        settings.cancel_notice_min,
        now
    );
    Ok(changed.execute(db).await?.rows_affected() == 1)
}

/// Where the tutor's lessons take place.
pub(crate) async fn set_provider(
    db: &mut PgConnection,
    tutor: TutorId,
    provider: &Provider,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = sqlx::query!(
        "UPDATE tutors SET provider = $2, external_url = $3, updated_at = $4 WHERE id = $1",
        tutor.0,
        provider.name(),
        provider.url(),
        now
    );
    Ok(changed.execute(db).await?.rows_affected() == 1)
}

/// Whether an address can be the room of a tutor's lessons: no other tutor's lessons take place there, nor one of theirs
/// that is not over at `since`. Nobody else takes it until the transaction ends.
pub(super) async fn has_room(
    db: &mut PgConnection,
    tutor: TutorId,
    url: &str,
    since: DateTime<Utc>,
) -> Result<bool> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('room:' || $1::text, 0))", url)
        .execute(&mut *db)
        .await?;
    let free = sqlx::query_scalar!(
        r#"SELECT NOT EXISTS (SELECT FROM tutors o WHERE o.external_url = $2 AND o.id <> $1)
               AND NOT EXISTS (
                   SELECT FROM lessons l JOIN bookings b ON b.id = l.booking_id
                   WHERE l.own_url = $2 AND b.tutor_id <> $1 AND b.ends_at > $3
                       AND b.state IN ('requested', 'pending_review', 'confirmed', 'completed'))
               AND NOT EXISTS (SELECT FROM meetings m WHERE m.url = $2) AS "free!""#,
        tutor.0,
        url,
        since
    );
    Ok(free.fetch_one(db).await?)
}

/// Waits until no other transaction changes the tutor.
pub(crate) async fn lock(db: &mut PgConnection, tutor: TutorId) -> Result<bool> {
    let locked = sqlx::query_scalar!("SELECT id FROM tutors WHERE id = $1 FOR UPDATE", tutor.0);
    Ok(locked.fetch_optional(db).await?.is_some())
}

pub(super) async fn list_offering_ids(db: &mut PgConnection, tutor: TutorId) -> Result<Vec<OfferingId>> {
    let ids =
        sqlx::query_scalar!("SELECT id FROM offerings WHERE tutor_id = $1 AND archived_at IS NULL", tutor.0);
    Ok(ids.fetch_all(db).await?.into_iter().map(OfferingId).collect())
}

pub(super) async fn archive_others(
    db: &mut PgConnection,
    tutor: TutorId,
    kept: &[Uuid],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE offerings SET archived_at = $3
         WHERE tutor_id = $1 AND archived_at IS NULL AND NOT id = ANY($2)",
        tutor.0,
        kept,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Makes or changes an offering at its place.
pub(crate) async fn set_offering(
    db: &mut PgConnection,
    tutor: TutorId,
    position: usize,
    view: &OfferingView,
) -> Result<()> {
    let Offering { title, durations, currency, step_min, buffer_before_min, buffer_after_min, fixed } =
        &view.offering;
    let minutes = durations.iter().map(|priced| small(priced.minutes)).collect::<Result<Vec<_>>>()?;
    let prices: Vec<_> = durations.iter().map(|priced| priced.price_minor).collect();
    sqlx::query!(
        "INSERT INTO offerings (id, tutor_id, position, title, durations, prices, currency, step_min,
                                buffer_before_min, buffer_after_min, fixed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (id) DO UPDATE SET
             position = excluded.position, title = excluded.title, durations = excluded.durations,
             prices = excluded.prices, currency = excluded.currency, step_min = excluded.step_min,
             buffer_before_min = excluded.buffer_before_min, buffer_after_min = excluded.buffer_after_min,
             fixed = excluded.fixed",
        view.id.0,
        tutor.0,
        i16::try_from(position).map_err(AppError::fault)?,
        title,
        &minutes,
        &prices,
        currency.code(),
        step_min.map(small).transpose()?,
        small(*buffer_before_min)?,
        small(*buffer_after_min)?,
        fixed
    )
    .execute(db)
    .await?;
    Ok(())
}

fn small(minutes: u16) -> Result<i16> {
    i16::try_from(minutes).map_err(AppError::fault)
}

pub(super) async fn set_photo(
    db: &mut PgConnection,
    tutor: TutorId,
    content: &[u8],
    version: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = sqlx::query!(
        "UPDATE tutors SET photo_etag = $2, updated_at = $3 WHERE id = $1",
        tutor.0,
        version,
        now
    );
    if changed.execute(&mut *db).await?.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "INSERT INTO tutor_photos (tutor_id, content, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (tutor_id) DO UPDATE SET content = excluded.content, updated_at = excluded.updated_at",
        tutor.0,
        content,
        now
    )
    .execute(db)
    .await?;
    Ok(true)
}

pub(super) async fn find_photo(db: &PgPool, tutor: TutorId) -> Result<Option<(Vec<u8>, String)>> {
    let row = sqlx::query!(
        r#"SELECT p.content, t.photo_etag AS "version!"
           FROM tutors t JOIN tutor_photos p ON p.tutor_id = t.id JOIN users u ON u.id = t.user_id
           WHERE t.id = $1 AND t.photo_etag IS NOT NULL AND u.deleted_at IS NULL"#,
        tutor.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.content, row.version)))
}

pub(super) async fn count(db: &mut PgConnection, tutor: TutorId, now: DateTime<Utc>) -> Result<TutorStats> {
    let row = sqlx::query!(
        r#"SELECT count(b.id) AS "total_bookings!",
                  count(*) FILTER (WHERE b.state = 'completed') AS "completed!",
                  count(*) FILTER (WHERE b.state = 'cancelled') AS "cancelled!",
                  count(*) FILTER (WHERE b.state = 'cancelled' AND EXISTS (
                      SELECT FROM booking_history h
                      WHERE h.booking_id = b.id AND h.to_state = 'cancelled' AND h.actor = 'tutor'
                  )) AS "cancelled_by_tutor!",
                  count(*) FILTER (WHERE b.state IN ('requested', 'pending_review', 'confirmed')
                                   AND b.ends_at > $2) AS "upcoming!",
                  count(*) FILTER (WHERE b.state = 'no_show_student') AS "no_show_student!",
                  count(*) FILTER (WHERE b.state = 'no_show_tutor') AS "no_show_tutor!",
                  count(DISTINCT b.student_id) AS "students!",
                  min(t.rating_count) AS "rating_count!", min(t.rating_sum) AS "rating_sum!"
           FROM tutors t LEFT JOIN bookings b ON b.tutor_id = t.id
           WHERE t.id = $1"#,
        tutor.0,
        now
    )
    .fetch_one(db)
    .await?;
    Ok(TutorStats {
        total_bookings: row.total_bookings,
        completed: row.completed,
        cancelled: row.cancelled,
        cancelled_by_tutor: row.cancelled_by_tutor,
        upcoming: row.upcoming,
        no_show_student: row.no_show_student,
        no_show_tutor: row.no_show_tutor,
        students: row.students,
        rating_count: row.rating_count.into(),
        rating_tenths: super::mean(row.rating_sum, row.rating_count),
    })
}
