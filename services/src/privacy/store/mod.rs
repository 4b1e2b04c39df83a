//! Rows of exports, and, below, of all that is kept about a person.

pub(super) mod lessons;
pub(super) mod money;
pub(super) mod person;
pub(super) mod talk;

use chrono::{DateTime, Utc};
use domain::{
    ids::{ExportId, UserId},
    privacy::{ExportState, MOST_EXPORTS},
    zone::Zone,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Export, write::Person};
use crate::{AppError, Result};

struct Row {
    id: Uuid,
    state: String,
    requested_at: DateTime<Utc>,
    ready_at: Option<DateTime<Utc>>,
    ends_at: DateTime<Utc>,
    size: Option<i64>,
}

impl Row {
    fn export(self) -> Result<Export> {
        Ok(Export {
            id: ExportId(self.id),
            state: ExportState::parse(&self.state).map_err(AppError::fault)?,
            requested_at: self.requested_at,
            ready_at: self.ready_at,
            ends_at: self.ends_at,
            size: self.size,
        })
    }
}

/// Ends those of a person that could not be made in their time: the sweep removes what there is of them.
pub(super) async fn set_all_over(tx: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE data_exports SET state = 'expired' WHERE user_id = $1 AND state = 'requested' AND ends_at <= $2",
        user.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether one is being made, and when the latest were asked for, the latest first.
pub(super) async fn find_asked(tx: &mut PgConnection, user: UserId) -> Result<(bool, Vec<DateTime<Utc>>)> {
    let limit = i64::try_from(MOST_EXPORTS).map_err(AppError::fault)?;
    let rows = sqlx::query!(
        r#"SELECT state = 'requested' AS "waits!", requested_at FROM data_exports
           WHERE user_id = $1 ORDER BY requested_at DESC LIMIT $2"#,
        user.0,
        limit
    );
    let rows = rows.fetch_all(tx).await?;
    Ok((rows.iter().any(|row| row.waits), rows.iter().map(|row| row.requested_at).collect()))
}

pub(super) async fn insert(
    tx: &mut PgConnection,
    id: ExportId,
    user: UserId,
    now: DateTime<Utc>,
    ends_at: DateTime<Utc>,
) -> Result<Export> {
    let row = sqlx::query_as!(
        Row,
        "INSERT INTO data_exports (id, user_id, state, requested_at, ends_at) VALUES ($1, $2, 'requested', $3, $4)
         RETURNING id, state, requested_at, ready_at, ends_at, size",
        id.0,
        user.0,
        now,
        ends_at
    );
    row.fetch_one(tx).await?.export()
}

pub(super) async fn count(db: &mut PgConnection, user: UserId) -> Result<i64> {
    let count =
        sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM data_exports WHERE user_id = $1"#, user.0);
    Ok(count.fetch_one(db).await?)
}

/// A person's exports, the latest first.
pub(super) async fn list(
    db: &mut PgConnection,
    user: UserId,
    limit: i64,
    offset: i64,
) -> Result<Vec<Export>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, state, requested_at, ready_at, ends_at, size FROM data_exports
         WHERE user_id = $1 ORDER BY requested_at DESC, id LIMIT $2 OFFSET $3",
        user.0,
        limit,
        offset
    );
    rows.fetch_all(db).await?.into_iter().map(Row::export).collect()
}

/// An export of a person.
pub(super) async fn find(db: &mut PgConnection, id: ExportId, user: UserId) -> Result<Option<Export>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, state, requested_at, ready_at, ends_at, size FROM data_exports WHERE id = $1 AND user_id = $2",
        id.0,
        user.0
    );
    row.fetch_optional(db).await?.map(Row::export).transpose()
}

/// Whose an export is that is to be made; `None` where it was, or is not to be any more.
pub(super) async fn find_person(db: &mut PgConnection, id: ExportId) -> Result<Option<Person>> {
    let row = sqlx::query!(
        "SELECT u.id, u.name, u.locale, u.time_zone FROM data_exports e JOIN users u ON u.id = e.user_id
         WHERE e.id = $1 AND e.state = 'requested' AND u.deleted_at IS NULL",
        id.0
    );
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    Ok(Some(Person {
        user: UserId(row.id),
        name: row.name,
        language: row.locale.parse().unwrap_or_default(),
        zone: Zone::parse(&row.time_zone).map_err(AppError::fault)?,
    }))
}

/// Notes that the file of an export is there; whether it was still to be made.
pub(super) async fn set_ready(
    tx: &mut PgConnection,
    id: ExportId,
    size: i64,
    now: DateTime<Utc>,
    ends_at: DateTime<Utc>,
) -> Result<bool> {
    let set = sqlx::query!(
        "UPDATE data_exports SET state = 'ready', ready_at = $3, size = $2, ends_at = $4
         WHERE id = $1 AND state = 'requested'",
        id.0,
        size,
        now,
        ends_at
    );
    Ok(set.execute(tx).await?.rows_affected() > 0)
}

/// Those whose time is over and whose files are not removed.
pub(super) async fn list_over(db: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<ExportId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM data_exports WHERE removed_at IS NULL AND ends_at <= $1 ORDER BY ends_at LIMIT 1000",
        now
    );
    Ok(ids.fetch_all(db).await?.into_iter().map(ExportId).collect())
}

/// Ends an export whose time is over.
pub(super) async fn set_over(db: &mut PgConnection, id: ExportId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE data_exports SET state = 'expired' WHERE id = $1 AND ends_at <= $2", id.0, now)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes that there is no file of an export that is over.
pub(super) async fn set_removed(db: &mut PgConnection, id: ExportId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE data_exports SET removed_at = $2 WHERE id = $1 AND state = 'expired'", id.0, now)
        .execute(db)
        .await?;
    Ok(())
}
