//! What the rows of files have in common, whatever they belong to.

use chrono::{DateTime, Utc};
use domain::ids::{AttachmentId, UserId};
use sqlx::PgConnection;

use super::Home;
use crate::Result;

/// Bytes of all files of a person.
pub(super) async fn sum_sizes(db: &mut PgConnection, home: Home, owner: UserId) -> Result<i64> {
    match home {
        Home::Chat => {
            let sum = sqlx::query_scalar!(
                r#"SELECT coalesce(sum(size), 0)::bigint AS "sum!" FROM chat_attachments WHERE owner_id = $1"#,
                owner.0
            );
            Ok(sum.fetch_one(db).await?)
        }
        Home::Dispute => {
            let sum = sqlx::query_scalar!(
                r#"SELECT coalesce(sum(size), 0)::bigint AS "sum!" FROM dispute_files WHERE owner_id = $1"#,
                owner.0
            );
            Ok(sum.fetch_one(db).await?)
        }
    }
}

/// Notes that the files are there.
pub(super) async fn set_stored(
    db: &mut PgConnection,
    home: Home,
    id: AttachmentId,
    now: DateTime<Utc>,
) -> Result<()> {
    match home {
        Home::Chat => {
            sqlx::query!("UPDATE chat_attachments SET stored_at = $2 WHERE id = $1", id.0, now)
                .execute(db)
                .await?
        }
        Home::Dispute => {
            sqlx::query!("UPDATE dispute_files SET stored_at = $2 WHERE id = $1", id.0, now)
                .execute(db)
                .await?
        }
    };
    Ok(())
}

/// Uploads from before an instant that nothing took.
pub(super) async fn list_loose(
    db: &mut PgConnection,
    home: Home,
    before: DateTime<Utc>,
) -> Result<Vec<AttachmentId>> {
    let ids = match home {
        Home::Chat => {
            sqlx::query_scalar!(
                "SELECT id FROM chat_attachments WHERE message_id IS NULL AND created_at <= $1
                 ORDER BY created_at LIMIT 1000",
                before
            )
            .fetch_all(db)
            .await?
        }
        Home::Dispute => {
            sqlx::query_scalar!(
                "SELECT id FROM dispute_files WHERE statement_id IS NULL AND created_at <= $1
                 ORDER BY created_at LIMIT 1000",
                before
            )
            .fetch_all(db)
            .await?
        }
    };
    Ok(ids.into_iter().map(AttachmentId).collect())
}

pub(super) async fn delete_loose(db: &mut PgConnection, home: Home, id: AttachmentId) -> Result<()> {
    match home {
        Home::Chat => {
            sqlx::query!("DELETE FROM chat_attachments WHERE id = $1 AND message_id IS NULL", id.0)
                .execute(db)
                .await?
        }
        Home::Dispute => {
            sqlx::query!("DELETE FROM dispute_files WHERE id = $1 AND statement_id IS NULL", id.0)
                .execute(db)
                .await?
        }
    };
    Ok(())
}
