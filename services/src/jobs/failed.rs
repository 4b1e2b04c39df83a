//! Jobs that were given up after all their tries: an admin sees them, and runs them again once the cause is gone.

use chrono::{DateTime, Utc};
use domain::{Code, Refusal};
use sqlx::PgConnection;
use uuid::Uuid;

use super::ATTEMPTS;
use crate::{Actor, AppError, Result, Services};

/// How many are shown at once, the newest first.
const SHOWN: i64 = 100;

/// A job that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedJob {
    /// The queue's id.
    pub id: i64,
    /// What it was to do, such as `charge_lesson`.
    pub name: String,
    /// Whom or what it concerns: its ids.
    pub about: String,
    /// Ties it to the log and to what else follows from the same cause.
    pub correlation_id: Option<Uuid>,
    /// What went wrong the last time.
    pub error: String,
    /// How often it was tried.
    pub attempts: i16,
    /// When it was tried last, by the queue's own clock.
    pub failed_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    identifier: String,
    payload: serde_json::Value,
    last_error: Option<String>,
    attempts: i16,
    updated_at: DateTime<Utc>,
}

/// Jobs that were given up, the newest first.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but an admin.
pub async fn list_failed(services: &Services, actor: &Actor) -> Result<Vec<FailedJob>> {
    actor.require_admin()?;
    // Not checked while compiling: the schema is the library's.
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT j.id, t.identifier, j.payload, j.last_error, j.attempts, j.updated_at
         FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
         WHERE j.attempts >= j.max_attempts AND j.locked_at IS NULL ORDER BY j.updated_at DESC LIMIT $1",
    )
    .bind(SHOWN)
    .fetch_all(&services.db)
    .await?;
    Ok(rows.into_iter().map(read).collect())
}

fn read(row: Row) -> FailedJob {
    let about = row.payload["job"].as_object().map(|ids| {
        let shown = |id: &serde_json::Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let ids = ids.iter().map(|(name, id)| format!("{name} {}", shown(id)));
        ids.collect::<Vec<_>>().join(", ")
    });
    FailedJob {
        id: row.id,
        name: row.identifier,
        about: about.unwrap_or_default(),
        correlation_id: row.payload["correlation_id"].as_str().and_then(|text| text.parse().ok()),
        error: row.last_error.unwrap_or_default(),
        attempts: row.attempts,
        failed_at: row.updated_at,
    }
}

/// Lets a job that was given up run again, with all its tries.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but an admin, `NOT_FOUND` where it is not among them (any more).
pub async fn run_again(services: &Services, actor: &Actor, id: i64) -> Result<()> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    if revive(&mut db, id).await? {
        tracing::info!(job = id, admin = %actor.user, "a job that was given up runs again");
        return Ok(());
    }
    Err(Refusal::new(Code::NotFound, "job_not_found").into())
}

async fn revive(db: &mut PgConnection, id: i64) -> Result<bool> {
    let revived = sqlx::query(
        "UPDATE graphile_worker._private_jobs
         SET attempts = 0, max_attempts = $2, run_at = now(), last_error = NULL, updated_at = now()
         WHERE id = $1 AND attempts >= max_attempts AND locked_at IS NULL",
    )
    .bind(id)
    .bind(i16::try_from(ATTEMPTS).map_err(AppError::fault)?)
    .execute(&mut *db)
    .await?;
    Ok(revived.rows_affected() == 1)
}

/// How many jobs there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// That wait for their turn or for another try.
    pub waiting: i64,
    /// That were given up.
    pub failed: i64,
}

/// How many jobs there are.
///
/// # Errors
/// Where the database cannot be read.
pub async fn counts(services: &Services) -> Result<Counts> {
    let (waiting, failed) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE attempts < max_attempts), count(*) FILTER (WHERE attempts >= max_attempts)
         FROM graphile_worker._private_jobs",
    )
    .fetch_one(&services.db)
    .await?;
    Ok(Counts { waiting, failed })
}
