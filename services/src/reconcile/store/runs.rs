//! Rows of comparisons.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{ReconciliationId, UserId};
use sqlx::PgConnection;

use super::super::run::{Run, Stage};
use crate::{AppError, Result};

/// A comparison that begins.
pub(in crate::reconcile) struct NewRun {
    pub id: ReconciliationId,
    pub asked_by: Option<UserId>,
    /// Movements until then are judged.
    pub until: DateTime<Utc>,
    /// So much of what the last one read is read again.
    pub lenience: TimeDelta,
    pub now: DateTime<Utc>,
}

/// Whether a comparison was handed out after an instant, and not after another one.
pub(in crate::reconcile) async fn was_handed_out(
    db: &mut PgConnection,
    (after, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM reconciliations WHERE handed_out_at > $1 AND handed_out_at <= $2) AS \"found!\"",
        after,
        until
    );
    Ok(found.fetch_one(db).await?)
}

/// Takes the comparison that is open and was not handed out between two instants.
pub(in crate::reconcile) async fn take_open(
    tx: &mut PgConnection,
    (after, until): (DateTime<Utc>, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<Option<ReconciliationId>> {
    let taken = sqlx::query_scalar!(
        "UPDATE reconciliations SET handed_out_at = $3
         WHERE finished_at IS NULL AND (handed_out_at <= $1 OR handed_out_at > $2) RETURNING id",
        after,
        until,
        now
    );
    Ok(taken.fetch_optional(tx).await?.map(ReconciliationId))
}

/// Notes a comparison, which begins where the last one ended that began before it; `false` where one is open.
pub(in crate::reconcile) async fn insert(tx: &mut PgConnection, new: &NewRun) -> Result<bool> {
    let inserted = sqlx::query!(
        "WITH last AS (
             SELECT newest, judged_until FROM reconciliations
             WHERE stage = 'done' AND started_at <= $5 ORDER BY started_at DESC LIMIT 1
         ), start AS (
             SELECT (SELECT newest FROM last) AS newest,
                    coalesce((SELECT judged_until FROM last), 'epoch'::timestamptz) AS judged
         )
         INSERT INTO reconciliations (id, asked_by, stage, read_from, newest, judged_from, judged_until, cursor_at,
             cursor_id, started_at, handed_out_at)
         SELECT $1, $2, 'reading', newest - $4::interval, newest, judged, $3, judged, '', $5, $5 FROM start
         ON CONFLICT DO NOTHING",
        new.id.0,
        new.asked_by.map(|id| id.0),
        new.until,
        interval(new.lenience),
        new.now
    );
    Ok(inserted.execute(tx).await?.rows_affected() == 1)
}

fn interval(time: TimeDelta) -> sqlx::postgres::types::PgInterval {
    let microseconds = time.num_microseconds().unwrap_or_default();
    sqlx::postgres::types::PgInterval { months: 0, days: 0, microseconds }
}

/// The comparison that is open, if it is that one.
pub(in crate::reconcile) async fn find_open(
    db: &mut PgConnection,
    id: Option<ReconciliationId>,
) -> Result<Option<Run>> {
    let row = sqlx::query!(
        "SELECT id, stage, read_from, cursor, judged_until, cursor_at, cursor_id FROM reconciliations
         WHERE finished_at IS NULL AND id = coalesce($1, id)",
        id.map(|id| id.0)
    );
    let read = row.fetch_optional(db).await?.map(|row| {
        Ok(Run {
            id: ReconciliationId(row.id),
            stage: Stage::parse(&row.stage).ok_or_else(|| AppError::fault("an unknown stage"))?,
            read_from: row.read_from,
            cursor: row.cursor,
            judged_until: row.judged_until,
            at: (row.cursor_at, row.cursor_id),
        })
    });
    read.transpose()
}

/// Notes that a page was read which follows a line; `false` where somebody else has noted it. The last page ends the
/// reading.
pub(in crate::reconcile) async fn set_read(
    tx: &mut PgConnection,
    id: ReconciliationId,
    before: Option<&str>,
    last: Option<&str>,
    newest: Option<DateTime<Utc>>,
    ends: bool,
) -> Result<bool> {
    let noted = sqlx::query!(
        "UPDATE reconciliations SET cursor = $3, newest = greatest(newest, $4),
             stage = CASE WHEN $5 THEN 'provider' ELSE stage END
         WHERE id = $1 AND stage = 'reading' AND cursor IS NOT DISTINCT FROM $2",
        id.0,
        before,
        last,
        newest,
        ends
    );
    Ok(noted.execute(tx).await?.rows_affected() == 1)
}

/// Notes how far a comparison is: at so many movements more, and the row where they end, or the beginning of the next
/// stage. `None` where somebody else has noted it.
pub(in crate::reconcile) async fn set_judged(
    tx: &mut PgConnection,
    run: &Run,
    stage: Option<Stage>,
    end: Option<(DateTime<Utc>, String)>,
    judged: i64,
) -> Result<Option<(DateTime<Utc>, String)>> {
    let (at, id) = end.unzip();
    let noted = sqlx::query!(
        "UPDATE reconciliations SET stage = $5, judged = judged + $8, cursor_at = coalesce($6, judged_from),
             cursor_id = coalesce($7, '')
         WHERE id = $1 AND stage = $2 AND cursor_at = $3 AND cursor_id = $4 RETURNING cursor_at, cursor_id",
        run.id.0,
        run.stage.name(),
        run.at.0,
        run.at.1,
        stage.unwrap_or(run.stage).name(),
        at,
        id,
        judged
    );
    Ok(noted.fetch_optional(tx).await?.map(|row| (row.cursor_at, row.cursor_id)))
}

/// Counts what a comparison found and closed; how many it found in all.
pub(in crate::reconcile) async fn count_found(
    tx: &mut PgConnection,
    id: ReconciliationId,
    found: i64,
    closed: i64,
) -> Result<i64> {
    let total = sqlx::query_scalar!(
        "UPDATE reconciliations SET found = found + $2, closed = closed + $3 WHERE id = $1 RETURNING found",
        id.0,
        found,
        closed
    );
    Ok(total.fetch_one(tx).await?)
}

/// Notes that a comparison is at its end.
pub(in crate::reconcile) async fn finish(
    tx: &mut PgConnection,
    id: ReconciliationId,
    now: DateTime<Utc>,
) -> Result<()> {
    let finished =
        sqlx::query!("UPDATE reconciliations SET stage = 'done', finished_at = $2 WHERE id = $1", id.0, now);
    finished.execute(tx).await?;
    Ok(())
}
