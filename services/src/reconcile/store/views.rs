//! What admins see.

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, PayoutId, ReconciliationId},
    reconcile::{Fault, Kind, Side},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::views::{Difference, Listed, RunView};
use crate::{AppError, Result};

/// The last comparisons, the latest first.
pub(in crate::reconcile) async fn list_runs(db: &mut PgConnection, limit: i64) -> Result<Vec<RunView>> {
    let rows = sqlx::query!(
        "SELECT r.id, u.name AS \"asked_by?\", r.started_at, r.finished_at, r.lines, r.judged, r.found, r.closed
         FROM reconciliations r LEFT JOIN users u ON u.id = r.asked_by ORDER BY r.started_at DESC LIMIT $1",
        limit
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    let view = rows.map(|row| RunView {
        id: ReconciliationId(row.id),
        asked_by: row.asked_by,
        started_at: row.started_at,
        finished_at: row.finished_at,
        lines: row.lines,
        judged: row.judged,
        found: row.found,
        closed: row.closed,
    });
    Ok(view.collect())
}

/// What differs, or did, the latest first.
pub(in crate::reconcile) async fn list_differences(
    db: &mut PgConnection,
    listed: Listed,
    limit: i64,
    offset: i64,
) -> Result<Vec<Difference>> {
    let rows = match listed {
        Listed::Open => {
            let rows = sqlx::query_as!(
                Row,
                "SELECT id, kind, fault, reference, ledger_minor, ledger_currency, provider_minor, provider_currency,
                        provider_lines, object, booking_id, payout_id, found_at, closed_at, closed_by
                 FROM differences WHERE closed_at IS NULL ORDER BY id DESC LIMIT $1 OFFSET $2",
                limit,
                offset
            );
            rows.fetch_all(db).await?
        }
        Listed::Closed => {
            let rows = sqlx::query_as!(
                Row,
                "SELECT id, kind, fault, reference, ledger_minor, ledger_currency, provider_minor, provider_currency,
                        provider_lines, object, booking_id, payout_id, found_at, closed_at, closed_by
                 FROM differences WHERE closed_at IS NOT NULL ORDER BY closed_at DESC, id DESC LIMIT $1 OFFSET $2",
                limit,
                offset
            );
            rows.fetch_all(db).await?
        }
    };
    rows.into_iter().map(Row::read).collect()
}

/// A difference.
pub(in crate::reconcile) async fn find_difference(
    db: &mut PgConnection,
    id: i64,
) -> Result<Option<Difference>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, kind, fault, reference, ledger_minor, ledger_currency, provider_minor, provider_currency,
                provider_lines, object, booking_id, payout_id, found_at, closed_at, closed_by
         FROM differences WHERE id = $1",
        id
    );
    row.fetch_optional(db).await?.map(Row::read).transpose()
}

/// The row of a difference.
struct Row {
    id: i64,
    kind: String,
    fault: String,
    reference: String,
    ledger_minor: Option<i64>,
    ledger_currency: Option<String>,
    provider_minor: Option<i64>,
    provider_currency: Option<String>,
    provider_lines: i64,
    object: Option<String>,
    booking_id: Option<Uuid>,
    payout_id: Option<Uuid>,
    found_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    closed_by: Option<Uuid>,
}

impl Row {
    fn read(self) -> Result<Difference> {
        let side = |minor: Option<i64>, currency: Option<String>, lines| {
            minor.zip(currency).map(|(minor, currency)| Side { minor, currency, lines })
        };
        let named = Kind::parse(&self.kind).zip(Fault::parse(&self.fault));
        let (kind, fault) = named.ok_or_else(|| AppError::fault("an unknown difference"))?;
        Ok(Difference {
            id: self.id,
            kind,
            fault,
            reference: self.reference,
            ledger: side(self.ledger_minor, self.ledger_currency, 1),
            provider: side(self.provider_minor, self.provider_currency, self.provider_lines),
            object: self.object,
            booking: self.booking_id.map(BookingId),
            payout: self.payout_id.map(PayoutId),
            found_at: self.found_at,
            closed_at: self.closed_at,
            closed_by_hand: self.closed_by.is_some(),
            decisions: Vec::new(),
        })
    }
}

/// How many differences are there, or were.
pub(in crate::reconcile) async fn count_differences(db: &mut PgConnection, listed: Listed) -> Result<i64> {
    let count = match listed {
        Listed::Open => {
            sqlx::query_scalar!("SELECT count(*) AS \"count!\" FROM differences WHERE closed_at IS NULL")
                .fetch_one(db)
                .await?
        }
        Listed::Closed => {
            sqlx::query_scalar!("SELECT count(*) AS \"count!\" FROM differences WHERE closed_at IS NOT NULL")
                .fetch_one(db)
                .await?
        }
    };
    Ok(count)
}

/// When the last comparison began that came to its end.
pub(in crate::reconcile) async fn find_last_start(db: &mut PgConnection) -> Result<Option<DateTime<Utc>>> {
    let last = sqlx::query_scalar!(
        "SELECT started_at FROM reconciliations WHERE stage = 'done' ORDER BY started_at DESC LIMIT 1"
    );
    Ok(last.fetch_optional(db).await?)
}
