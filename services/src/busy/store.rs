//! Rows of connected calendars and their busy times.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::TutorId,
    interval::{Interval, IntervalSet},
    zone::Zone,
};
use sqlx::{PgConnection, postgres::types::PgRange};
use uuid::Uuid;

use super::{Connection, Problem};
use crate::{AppError, Result, diary::Kept};

/// The calendars that a tutor has connected by their address alone, the oldest first.
pub(super) async fn list(db: &mut PgConnection, tutor: TutorId) -> Result<Vec<Connection>> {
    let rows = sqlx::query!(
        "SELECT id, url, read_at, failing_since, problem FROM calendar_connections
         WHERE tutor_id = $1 AND offered_id IS NULL ORDER BY created_at, id",
        tutor.0
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| Connection {
        id: row.id,
        host: super::host(&row.url),
        read_at: row.read_at,
        failing: row.failing_since.zip(row.problem.as_deref().and_then(Problem::parse)),
    });
    Ok(read.collect())
}

/// Whether a calendar of a tutor cannot be read.
pub(super) async fn is_any_failing(db: &mut PgConnection, tutor: TutorId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM calendar_connections WHERE tutor_id = $1 AND problem IS NOT NULL)
            AS \"failing!\"",
        tutor.0
    );
    Ok(found.fetch_one(db).await?)
}

/// How many calendars a tutor has connected. Nobody else connects one for that tutor until the end of the transaction.
pub(super) async fn count_locked(tx: &mut PgConnection, tutor: TutorId) -> Result<i64> {
    sqlx::query!("SELECT id FROM tutors WHERE id = $1 FOR UPDATE", tutor.0).fetch_one(&mut *tx).await?;
    let found = sqlx::query_scalar!(
        "SELECT count(*) AS \"count!\" FROM calendar_connections WHERE tutor_id = $1",
        tutor.0
    );
    Ok(found.fetch_one(tx).await?)
}

/// A calendar to be read.
pub(super) struct NewConnection<'a> {
    pub id: Uuid,
    pub tutor: TutorId,
    pub url: &'a str,
    /// The calendar of an account that it is.
    pub offered: Option<Uuid>,
    pub due_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
}

/// Writes a calendar. The constraint `calendar_connections_once` refuses a second one.
pub(super) async fn insert(tx: &mut PgConnection, new: &NewConnection<'_>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO calendar_connections (id, tutor_id, url, offered_id, due_at, read_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new.id,
        new.tutor.0,
        new.url,
        new.offered,
        new.due_at,
        new.read_at,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets a calendar with its busy times; `false` where it is not the tutor's.
pub(super) async fn delete(db: &mut PgConnection, tutor: TutorId, id: Uuid) -> Result<bool> {
    let gone = sqlx::query!("DELETE FROM calendar_connections WHERE id = $1 AND tutor_id = $2", id, tutor.0)
        .execute(db)
        .await?;
    Ok(gone.rows_affected() > 0)
}

/// Forgets calendars with their busy times.
pub(crate) async fn detach(tx: &mut PgConnection, ids: &[Uuid]) -> Result<()> {
    sqlx::query!("DELETE FROM calendar_connections WHERE id = ANY ($1)", ids).execute(tx).await?;
    Ok(())
}

/// Has the calendars of an account read again soon.
pub(crate) async fn make_due(tx: &mut PgConnection, account: Uuid, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE calendar_connections SET due_at = $2
         WHERE offered_id IN (SELECT id FROM offered_calendars WHERE account_id = $1)",
        account,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether a calendar is due.
pub(super) async fn is_any_due(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    latest: DateTime<Utc>,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM calendar_connections WHERE due_at <= $1 OR due_at > $2) AS \"due!\"",
        now,
        latest
    );
    Ok(found.fetch_one(db).await?)
}

/// Takes calendars that are due and notes when they are due again. Later than `latest` none should be: then the clock
/// was set back.
pub(super) async fn take_due(
    tx: &mut PgConnection,
    limit: i64,
    now: DateTime<Utc>,
    latest: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let taken = sqlx::query_scalar!(
        "UPDATE calendar_connections SET due_at = $3 WHERE id IN (
             SELECT id FROM calendar_connections WHERE due_at <= $2 OR due_at > $3
             ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING id",
        limit,
        now,
        latest
    );
    Ok(taken.fetch_all(tx).await?)
}

/// What is needed to read a calendar.
pub(super) struct Source {
    pub tutor: TutorId,
    pub url: String,
    /// That of times without one.
    pub zone: Zone,
    /// Whose it is, where it is not read at its address alone.
    pub account: Option<Kept>,
    /// Its row, once it is connected.
    pub connection: Option<Uuid>,
    /// When to ask its provider to tell of changes; none for now.
    pub channel_due_at: Option<DateTime<Utc>>,
}

impl Source {
    /// What is read at its address alone.
    pub(super) fn at(tutor: TutorId, url: String, zone: Zone) -> Self {
        Source { tutor, url, zone, account: None, connection: None, channel_due_at: None }
    }
}

/// A calendar and its zone, or that of its tutor's hours; `None` once it was disconnected.
pub(super) async fn find(db: &mut PgConnection, id: Uuid) -> Result<Option<Source>> {
    let row = sqlx::query!(
        "SELECT c.tutor_id, c.url, c.channel_due_at, coalesce(o.time_zone, t.time_zone) AS \"time_zone!\",
                a.id AS \"account?\", a.url AS \"home?\", a.login AS \"login?\", a.credential AS \"sealed?\", a.oauth_id AS \"oauth_id?\"
         FROM calendar_connections c
         JOIN tutors t ON t.id = c.tutor_id
         LEFT JOIN offered_calendars o ON o.id = c.offered_id
         LEFT JOIN calendar_accounts a ON a.id = o.account_id
         WHERE c.id = $1",
        id
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let zone = Zone::parse(&row.time_zone).map_err(AppError::fault)?;
    let account = row.account.zip(row.home.zip(row.login));
    let (sealed, oauth_id) = (row.sealed, row.oauth_id);
    let account = account.map(|(id, (url, login))| Kept { id, url, login, sealed, oauth_id });
    Ok(Some(Source {
        tutor: TutorId(row.tutor_id),
        url: row.url,
        zone,
        account,
        connection: Some(id),
        channel_due_at: row.channel_due_at,
    }))
}

/// The zone of a tutor's hours.
pub(super) async fn find_zone(db: &mut PgConnection, tutor: TutorId) -> Result<Zone> {
    let name =
        sqlx::query_scalar!("SELECT time_zone FROM tutors WHERE id = $1", tutor.0).fetch_one(db).await?;
    Zone::parse(&name).map_err(AppError::fault)
}

/// Those of some ids that are bookings of a tutor.
pub(super) async fn list_own(db: &mut PgConnection, tutor: TutorId, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let own = sqlx::query_scalar!(
        "SELECT b.id FROM unnest($2::uuid[]) AS named (id) JOIN bookings b ON b.id = named.id AND b.tutor_id = $1",
        tutor.0,
        ids
    );
    Ok(own.fetch_all(db).await?)
}

/// When lessons of ours are, or were last written to be, in a calendar of an account.
pub(super) async fn list_shown(db: &mut PgConnection, account: Uuid, calendar: &str) -> Result<IntervalSet> {
    let rows = sqlx::query!(
        "SELECT e.shown_from, e.shown_to, b.starts_at, b.ends_at
         FROM lesson_entries e JOIN bookings b ON b.id = e.booking_id
         WHERE e.account_id = $1 AND starts_with(e.url, $2)",
        account,
        format!("{}/", calendar.trim_end_matches('/'))
    )
    .fetch_all(db)
    .await?;
    let shown = rows.into_iter().flat_map(|row| {
        let written = row.shown_from.zip(row.shown_to).map(|(start, end)| Interval::new(start, end));
        [Some(Interval::new(row.starts_at, row.ends_at)), written]
    });
    Ok(shown.flatten().collect())
}

/// Notes that a calendar was read; `false` once it was disconnected.
pub(super) async fn set_read(tx: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let found = sqlx::query!(
        "UPDATE calendar_connections SET read_at = $2, failing_since = NULL, problem = NULL WHERE id = $1",
        id,
        now
    )
    .execute(tx)
    .await?;
    Ok(found.rows_affected() > 0)
}

/// Notes that a calendar cannot be read, and since when. What was known of it stays.
pub(super) async fn set_failing(
    db: &mut PgConnection,
    id: Uuid,
    problem: Problem,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE calendar_connections SET problem = $2, failing_since = coalesce(failing_since, $3) WHERE id = $1",
        id,
        problem.name(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Replaces the busy times of a calendar.
pub(super) async fn set_busy(
    tx: &mut PgConnection,
    id: Uuid,
    tutor: TutorId,
    busy: &IntervalSet,
) -> Result<()> {
    sqlx::query!("DELETE FROM busy_ranges WHERE connection_id = $1", id).execute(&mut *tx).await?;
    let ranges: Vec<_> = busy.iter().map(|Interval { start, end }| PgRange::from(*start..*end)).collect();
    sqlx::query!(
        "INSERT INTO busy_ranges (connection_id, tutor_id, during) SELECT $1, $2, unnest($3::tstzrange[])",
        id,
        tutor.0,
        &ranges
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// From when to when busy times are looked for: what lies further has no slots.
pub(super) fn window(now: DateTime<Utc>) -> Interval {
    Interval::new(now - TimeDelta::days(2), now + TimeDelta::days(402))
}

/// Notes the channel over which a calendar's provider tells of changes, and when to ask for another.
pub(super) async fn set_channel(
    db: &mut PgConnection,
    id: Uuid,
    channel: Uuid,
    due_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE calendar_connections SET channel = $2, channel_due_at = $3 WHERE id = $1",
        id,
        channel,
        due_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes when to ask for a channel again. One that is there goes on until its end.
pub(super) async fn set_channel_due(db: &mut PgConnection, id: Uuid, due_at: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE calendar_connections SET channel_due_at = $2 WHERE id = $1", id, due_at)
        .execute(db)
        .await?;
    Ok(())
}

/// The calendar of a channel, unless a change of it was told after `before`; and notes that it was told now and when
/// the calendar is due again.
pub(super) async fn take_told(
    tx: &mut PgConnection,
    channel: Uuid,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
    due_at: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    let taken = sqlx::query_scalar!(
        "UPDATE calendar_connections SET told_at = $2, due_at = $4
         WHERE channel = $1 AND (told_at IS NULL OR told_at NOT BETWEEN $3 AND $2) RETURNING id",
        channel,
        now,
        before,
        due_at
    );
    Ok(taken.fetch_optional(tx).await?)
}

/// Makes the calendar of a channel due; `false` where there is none.
pub(super) async fn make_told_due(tx: &mut PgConnection, channel: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let found = sqlx::query!("UPDATE calendar_connections SET due_at = $2 WHERE channel = $1", channel, now)
        .execute(tx)
        .await?;
    Ok(found.rows_affected() > 0)
}
