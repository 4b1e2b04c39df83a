//! What is to be judged, and what differs.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::reconcile::{Kind, Side};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::{judge::key, run::Run};
use crate::{AppError, Result};

/// By what the two sides know the same movement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::reconcile) struct Key {
    pub kind: Kind,
    pub reference: String,
}

/// What differed: where it stands, and the movement that is to be judged.
pub(in crate::reconcile) struct Place {
    pub at: DateTime<Utc>,
    pub id: String,
    pub key: Option<Key>,
}

/// A movement of which the two sides do not say the same.
pub(in crate::reconcile) struct Found {
    pub key: Key,
    pub ledger: Option<Side>,
    pub provider: Option<Side>,
    pub object: Option<String>,
    pub payment: Option<String>,
    pub booking: Option<Uuid>,
}

/// What differed and is to be looked at again next, in its order.
pub(in crate::reconcile) async fn list_open(
    db: &mut PgConnection,
    run: &Run,
    limit: i64,
) -> Result<Vec<Place>> {
    let after: i64 = run.at.1.parse().unwrap_or_default();
    let rows = sqlx::query!(
        "SELECT id, found_at, kind, reference FROM differences WHERE closed_at IS NULL AND id > $1
         ORDER BY id LIMIT $2",
        after,
        limit
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    let place = rows.map(|row| Place {
        at: row.found_at,
        id: row.id.to_string(),
        key: key(row.reference, &row.kind),
    });
    Ok(place.collect())
}

/// What both sides say of some movements, where they do not say the same. A side that has none says nothing.
pub(in crate::reconcile) async fn list_unequal(
    db: &mut PgConnection,
    keys: &BTreeSet<Key>,
) -> Result<Vec<Found>> {
    let rows = sqlx::query!(
        "SELECT k.kind AS \"kind!\", k.reference AS \"reference!\", p.minor AS provider_minor,
                p.currency AS provider_currency, p.lines AS \"provider_lines!\", p.object, p.payment,
                l.minor AS ledger_minor, l.currency AS ledger_currency, l.lines AS \"ledger_lines!\", l.booking
         FROM unnest($1::text[], $2::text[]) AS k (kind, reference)
         CROSS JOIN LATERAL (
             SELECT sum(amount_minor)::bigint AS minor, count(*) AS lines, max(object) AS object,
                    max(payment) AS payment,
                    CASE WHEN min(currency) = max(currency) THEN min(currency)
                         ELSE min(currency) || ' ' || max(currency) END AS currency
             FROM provider_lines p WHERE p.reference = k.reference AND p.kind = k.kind) p
         CROSS JOIN LATERAL (
             SELECT sum(amount_minor)::bigint AS minor, count(*) AS lines,
                    CASE WHEN min(currency) = max(currency) THEN min(currency)
                         ELSE min(currency) || ' ' || max(currency) END AS currency,
                    CASE WHEN min(booking_id::text) = max(booking_id::text) THEN min(booking_id::text)::uuid END
                        AS booking
             FROM ledger_moves m WHERE m.reference = k.reference AND m.kind = k.kind) l
         WHERE p.lines > 1 OR p.minor IS DISTINCT FROM l.minor OR p.currency IS DISTINCT FROM l.currency",
        &keys.iter().map(|key| key.kind.name().to_owned()).collect::<Vec<_>>(),
        &keys.iter().map(|key| key.reference.clone()).collect::<Vec<_>>()
    );
    let side = |minor: Option<i64>, currency: Option<String>, lines| {
        minor.zip(currency).map(|(minor, currency)| Side { minor, currency, lines })
    };
    let rows = rows.fetch_all(db).await?.into_iter().filter_map(|row| {
        Some(Found {
            key: key(row.reference, &row.kind)?,
            ledger: side(row.ledger_minor, row.ledger_currency, row.ledger_lines),
            provider: side(row.provider_minor, row.provider_currency, row.provider_lines),
            object: row.object,
            payment: row.payment,
            booking: row.booking,
        })
    });
    Ok(rows.collect())
}

/// Closes what does not differ any more; how many.
pub(in crate::reconcile) async fn close(
    tx: &mut PgConnection,
    keys: &[&Key],
    now: DateTime<Utc>,
) -> Result<i64> {
    let closed = sqlx::query!(
        "UPDATE differences d SET closed_at = $3
         FROM unnest($1::text[], $2::text[]) AS k (kind, reference)
         WHERE d.kind = k.kind AND d.reference = k.reference AND d.closed_at IS NULL",
        &keys.iter().map(|key| key.kind.name().to_owned()).collect::<Vec<_>>(),
        &keys.iter().map(|key| key.reference.clone()).collect::<Vec<_>>(),
        now
    );
    i64::try_from(closed.execute(tx).await?.rows_affected()).map_err(AppError::fault)
}
