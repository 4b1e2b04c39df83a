//! Rows of cases about money that did not arrive.

use chrono::{DateTime, Utc};
use domain::ids::BookingId;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, chance, payment::stuck::Stuck};

/// Opens a case, once for what it is about; its id, and `None` where that was done before.
pub(crate) async fn insert_stuck(
    tx: &mut PgConnection,
    booking: BookingId,
    what: Stuck,
    details: &Value,
    now: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    let inserted = sqlx::query_scalar!(
        "INSERT INTO cases (id, booking_id, kind, about, details, opened_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT ON CONSTRAINT cases_about_key DO NOTHING RETURNING id",
        chance::id::<Uuid>(),
        booking.0,
        what.kind(),
        what.id(),
        details,
        now
    );
    Ok(inserted.fetch_optional(tx).await?)
}

/// Whether there is, or was, a case about it.
pub(crate) async fn is_stuck(db: &mut PgConnection, what: Stuck) -> Result<bool> {
    let known = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM cases WHERE kind = $1 AND about = $2) AS \"known!\"",
        what.kind(),
        what.id()
    );
    Ok(known.fetch_one(db).await?)
}

/// An open case about money that did not arrive.
pub(crate) struct StuckCase {
    pub booking: BookingId,
    pub kind: String,
    /// The refund, or the key under which a deposit was given back.
    pub about: Uuid,
    /// Why it was to be given back, for a refund that an admin decided.
    pub reason: Option<String>,
}

/// An open case.
pub(crate) async fn find_stuck(db: &mut PgConnection, id: Uuid) -> Result<Option<StuckCase>> {
    let row = sqlx::query!(
        "SELECT c.booking_id, c.kind, c.about AS \"about!\", r.reason AS \"reason?\"
         FROM cases c LEFT JOIN refunds r ON r.id = c.about
         WHERE c.id = $1 AND c.closed_at IS NULL AND c.about IS NOT NULL",
        id
    );
    let row = row.fetch_optional(db).await?;
    Ok(row.map(|row| StuckCase {
        booking: BookingId(row.booking_id),
        kind: row.kind,
        about: row.about,
        reason: row.reason,
    }))
}
