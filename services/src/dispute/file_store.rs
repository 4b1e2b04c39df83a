//! Rows of the files of statements.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{AttachmentId, BookingId, DisputeId, UserId};
use sqlx::PgConnection;

use super::files::Taker;
use crate::{Result, files::Attachment};

pub(super) async fn insert(
    tx: &mut PgConnection,
    booking: BookingId,
    owner: UserId,
    file: &Attachment,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO dispute_files (id, booking_id, owner_id, name, content_type, size, width, height, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        file.id.0,
        booking.0,
        owner.0,
        file.name,
        file.content_type,
        file.size,
        file.width,
        file.height,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// How many files a person has in a dispute.
pub(super) async fn count(db: &mut PgConnection, dispute: DisputeId, owner: UserId) -> Result<i64> {
    let count = sqlx::query_scalar!(
        "SELECT count(*) AS \"count!\" FROM dispute_files f JOIN dispute_statements s ON s.id = f.statement_id
         WHERE s.dispute_id = $1 AND f.owner_id = $2",
        dispute.0,
        owner.0
    );
    Ok(count.fetch_one(db).await?)
}

/// Gives a person's uploads about a lesson to a statement; `false` where one of them is not theirs, was taken, or is not
/// there.
pub(super) async fn take(
    tx: &mut PgConnection,
    to: &Taker,
    ids: &[AttachmentId],
    since: DateTime<Utc>,
) -> Result<bool> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let taken = sqlx::query!(
        "UPDATE dispute_files SET statement_id = $3
         WHERE id = ANY($4) AND booking_id = $1 AND owner_id = $2 AND statement_id IS NULL
             AND stored_at IS NOT NULL AND created_at > $5",
        to.booking.0,
        to.author.0,
        to.statement,
        &ids,
        since
    );
    Ok(taken.execute(tx).await?.rows_affected() == ids.len() as u64)
}

/// The files of the statements about a lesson, by statement, in the order in which they came.
pub(super) async fn list_of(
    db: &mut PgConnection,
    booking: BookingId,
) -> Result<HashMap<i64, Vec<Attachment>>> {
    let rows = sqlx::query!(
        r#"SELECT statement_id AS "statement!", id, name, content_type, size, width, height FROM dispute_files
           WHERE booking_id = $1 AND statement_id IS NOT NULL ORDER BY created_at, id"#,
        booking.0
    );
    let mut found: HashMap<i64, Vec<Attachment>> = HashMap::new();
    for row in rows.fetch_all(db).await? {
        let (id, name, content_type) = (AttachmentId(row.id), row.name, row.content_type);
        let file =
            Attachment { id, name, content_type, size: row.size, width: row.width, height: row.height };
        found.entry(row.statement).or_default().push(file);
    }
    Ok(found)
}

/// A file that a person may see: one of the two of its lesson, or an admin; before a statement has it, who sent it.
pub(super) async fn find(
    db: &mut PgConnection,
    id: AttachmentId,
    reader: UserId,
) -> Result<Option<Attachment>> {
    let found = sqlx::query_as!(
        Attachment,
        "SELECT f.id, f.name, f.content_type, f.size, f.width, f.height
         FROM dispute_files f JOIN bookings b ON b.id = f.booking_id JOIN tutors t ON t.id = b.tutor_id
         WHERE f.id = $1 AND f.stored_at IS NOT NULL AND (
             f.owner_id = $2
             OR f.statement_id IS NOT NULL AND ($2 IN (b.student_id, t.user_id)
                 OR EXISTS (SELECT FROM users u WHERE u.id = $2 AND u.role = 'admin')))
             AND EXISTS (SELECT FROM users u WHERE u.id = $2 AND u.deleted_at IS NULL)",
        id.0,
        reader.0
    );
    Ok(found.fetch_optional(db).await?)
}
