//! What admins decided about differences.

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use sqlx::PgConnection;

use super::super::views::Decision;
use crate::Result;

/// Keeps everybody else from changing a difference until the end of the transaction.
pub(in crate::reconcile) async fn lock(tx: &mut PgConnection, id: i64) -> Result<()> {
    sqlx::query!("SELECT id FROM differences WHERE id = $1 FOR UPDATE", id).fetch_optional(tx).await?;
    Ok(())
}

/// Closes a difference for an admin.
pub(in crate::reconcile) async fn set_closed(
    tx: &mut PgConnection,
    id: i64,
    admin: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    let closed =
        sqlx::query!("UPDATE differences SET closed_at = $3, closed_by = $2 WHERE id = $1", id, admin.0, now);
    closed.execute(tx).await?;
    Ok(())
}

/// Opens a difference again.
pub(in crate::reconcile) async fn set_open(tx: &mut PgConnection, id: i64) -> Result<()> {
    let opened = sqlx::query!("UPDATE differences SET closed_at = NULL, closed_by = NULL WHERE id = $1", id);
    opened.execute(tx).await?;
    Ok(())
}

/// Notes what was decided: it was closed, with words on why, or opened again.
pub(in crate::reconcile) async fn insert_decision(
    tx: &mut PgConnection,
    id: i64,
    note: Option<&str>,
    admin: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO difference_decisions (difference_id, decision, note, decided_by, decided_at)
         VALUES ($1, CASE WHEN $2::text IS NULL THEN 'opened' ELSE 'closed' END, $2, $3, $4)",
        id,
        note,
        admin.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What was decided about some differences, each with its difference, in its order.
pub(in crate::reconcile) async fn list_decisions(
    db: &mut PgConnection,
    differences: &[i64],
) -> Result<Vec<(i64, Decision)>> {
    let rows = sqlx::query!(
        "SELECT d.difference_id, d.note, u.name, d.decided_at
         FROM difference_decisions d JOIN users u ON u.id = d.decided_by
         WHERE d.difference_id = ANY($1) ORDER BY d.difference_id, d.id",
        differences
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    Ok(rows
        .map(|row| (row.difference_id, Decision { note: row.note, by: row.name, at: row.decided_at }))
        .collect())
}
