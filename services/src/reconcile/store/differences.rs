//! What is to be judged, and what differs.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{
    ids::ReconciliationId,
    reconcile::{Fault, Kind, Side},
};
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

/// A row of a stage: where it stands in it, and the movement that is to be judged, if any.
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
    object: Option<String>,
    payment: Option<String>,
    booking: Option<Uuid>,
}

/// Lines of the provider that are to be judged next, in their order.
pub(in crate::reconcile) async fn list_lines(
    db: &mut PgConnection,
    run: &Run,
    limit: i64,
) -> Result<Vec<Place>> {
    let rows = sqlx::query!(
        "SELECT created_at, id, kind, reference FROM provider_lines
         WHERE (created_at, id) > ($1, $2) AND created_at <= $3 ORDER BY created_at, id LIMIT $4",
        run.at.0,
        run.at.1,
        run.judged_until,
        limit
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    Ok(rows.map(|row| Place { at: row.created_at, id: row.id, key: key(row.reference, &row.kind) }).collect())
}

/// Movements of the ledger that are to be judged next, in their order. To judge are those that the provider does not
/// have; all others were judged by its lines.
pub(in crate::reconcile) async fn list_moves(
    db: &mut PgConnection,
    run: &Run,
    limit: i64,
) -> Result<Vec<Place>> {
    let after: Uuid = run.at.1.parse().unwrap_or_default();
    let rows = sqlx::query!(
        "SELECT m.at AS \"at!\", m.event_id AS \"id!\", m.kind AS \"kind!\", m.reference AS \"reference!\",
                EXISTS (SELECT FROM provider_lines p WHERE p.reference = m.reference AND p.kind = m.kind) AS \"told!\"
         FROM ledger_moves m
         WHERE (m.at, m.event_id) > ($1, $2) AND m.at <= $3 ORDER BY m.at, m.event_id LIMIT $4",
        run.at.0,
        after,
        run.judged_until,
        limit
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    let place = rows.map(|row| Place {
        at: row.at,
        id: row.id.to_string(),
        key: key(row.reference, &row.kind).filter(|_| !row.told),
    });
    Ok(place.collect())
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

/// Notes what differs, or in what it differs now; how many were not known. Whose money it is, is said as far as it can
/// be found out.
pub(in crate::reconcile) async fn upsert_differences(
    tx: &mut PgConnection,
    run: ReconciliationId,
    named: &[(&Found, Fault)],
    now: DateTime<Utc>,
) -> Result<i64> {
    if named.is_empty() {
        return Ok(0);
    }
    let each = |side: fn(&Found) -> Option<&Side>| -> (Vec<Option<i64>>, Vec<Option<String>>) {
        let sides = named.iter().map(|(it, _)| side(it));
        sides.map(|side| (side.map(|it| it.minor), side.map(|it| it.currency.clone()))).unzip()
    };
    let (ledger_minors, ledger_currencies) = each(|it| it.ledger.as_ref());
    let (provider_minors, provider_currencies) = each(|it| it.provider.as_ref());
    let lines = |it: &Found| it.provider.as_ref().map_or(0, |side| side.lines);
    let texts = |field: fn(&Found, Fault) -> &str| -> Vec<String> {
        named.iter().map(|(it, fault)| field(it, *fault).to_owned()).collect()
    };
    let parts = |field: fn(&Found) -> &Option<String>| -> Vec<Option<String>> {
        named.iter().map(|(it, _)| field(it).clone()).collect()
    };
    let rows = sqlx::query_scalar!(
        "INSERT INTO differences (kind, reference, fault, ledger_minor, ledger_currency, provider_minor,
             provider_currency, provider_lines, object, booking_id, payout_id, found_by, found_at)
         SELECT d.kind, d.reference, d.fault, d.ledger_minor, d.ledger_currency, d.provider_minor, d.provider_currency,
             d.provider_lines,
             coalesce(d.object, c.payment_intent, s.payment_intent, r.provider_refund, p.provider_transfer,
                 v.provider_reversal),
             coalesce(d.booking, c.booking_id, s.booking_id, r.booking_id, vc.booking_id, pc.booking_id,
                 ps.booking_id),
             p.id, $1, $2
         FROM unnest($3::text[], $4::text[], $5::uuid[], $6::text[], $7::bigint[], $8::text[], $9::bigint[],
                  $10::text[], $11::bigint[], $12::text[], $13::text[], $14::uuid[])
              AS d (kind, reference, id, fault, ledger_minor, ledger_currency, provider_minor, provider_currency,
                  provider_lines, object, payment, booking)
         LEFT JOIN charges c ON c.id = d.id
         LEFT JOIN deposits s ON s.id = d.id
         LEFT JOIN refunds r ON r.id = d.id
         LEFT JOIN payouts p ON p.id = d.id
         LEFT JOIN reversals v ON v.id = d.id
         LEFT JOIN charges vc ON vc.id = v.charge_id
         LEFT JOIN charges pc ON pc.payment_intent = d.payment
         LEFT JOIN deposits ps ON ps.payment_intent = d.payment
         ON CONFLICT (kind, reference) WHERE closed_at IS NULL DO UPDATE SET fault = excluded.fault,
             ledger_minor = excluded.ledger_minor, ledger_currency = excluded.ledger_currency,
             provider_minor = excluded.provider_minor, provider_currency = excluded.provider_currency,
             provider_lines = excluded.provider_lines, object = excluded.object, booking_id = excluded.booking_id,
             payout_id = excluded.payout_id
         RETURNING (xmax = 0) AS \"new!\"",
        run.0,
        now,
        &texts(|it, _| it.key.kind.name()),
        &texts(|it, _| &it.key.reference),
        &named.iter().map(|(it, _)| it.key.reference.parse().ok()).collect::<Vec<Option<Uuid>>>()
            as &[Option<Uuid>],
        &texts(|_, fault| fault.name()),
        &ledger_minors as &[Option<i64>],
        &ledger_currencies as &[Option<String>],
        &provider_minors as &[Option<i64>],
        &provider_currencies as &[Option<String>],
        &named.iter().map(|(it, _)| lines(it)).collect::<Vec<_>>(),
        &parts(|it| &it.object) as &[Option<String>],
        &parts(|it| &it.payment) as &[Option<String>],
        &named.iter().map(|(it, _)| it.booking).collect::<Vec<_>>() as &[Option<Uuid>]
    );
    let rows = rows.fetch_all(tx).await?;
    i64::try_from(rows.into_iter().filter(|new| *new).count()).map_err(AppError::fault)
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
