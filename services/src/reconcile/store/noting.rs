//! Noting what differs.

use chrono::{DateTime, Utc};
use domain::{
    ids::ReconciliationId,
    reconcile::{Fault, Side},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Found;
use crate::{AppError, Result};

/// Differences, column by column: a statement takes all of them at once.
struct Columns {
    kinds: Vec<String>,
    references: Vec<String>,
    /// The reference, where it is an id of ours.
    ids: Vec<Option<Uuid>>,
    faults: Vec<String>,
    ledger: Sides,
    provider: Sides,
    /// How often the provider has it.
    lines: Vec<i64>,
    objects: Vec<Option<String>>,
    payments: Vec<Option<String>>,
    bookings: Vec<Option<Uuid>>,
}

/// What one side says of each.
struct Sides {
    minors: Vec<Option<i64>>,
    currencies: Vec<Option<String>>,
}

impl Columns {
    fn of(named: &[(&Found, Fault)]) -> Self {
        fn each<T>(named: &[(&Found, Fault)], field: impl Fn(&Found) -> T) -> Vec<T> {
            named.iter().map(|(it, _)| field(it)).collect()
        }
        let sides = |side: fn(&Found) -> Option<&Side>| Sides {
            minors: each(named, |it| side(it).map(|side| side.minor)),
            currencies: each(named, |it| side(it).map(|side| side.currency.clone())),
        };
        Columns {
            kinds: each(named, |it| it.key.kind.name().to_owned()),
            references: each(named, |it| it.key.reference.clone()),
            ids: each(named, |it| it.key.reference.parse().ok()),
            faults: named.iter().map(|(_, fault)| fault.name().to_owned()).collect(),
            ledger: sides(|it| it.ledger.as_ref()),
            provider: sides(|it| it.provider.as_ref()),
            lines: each(named, |it| it.provider.as_ref().map_or(0, |side| side.lines)),
            objects: each(named, |it| it.object.clone()),
            payments: each(named, |it| it.payment.clone()),
            bookings: each(named, |it| it.booking),
        }
    }
}

/// Notes what differs, or in what it differs now; how many were not known. What an admin closed by hand stays closed
/// while it says the same.
pub(in crate::reconcile) async fn upsert_differences(
    tx: &mut PgConnection,
    run: ReconciliationId,
    named: &[(&Found, Fault)],
    now: DateTime<Utc>,
) -> Result<i64> {
    if named.is_empty() {
        return Ok(0);
    }
    let columns = Columns::of(named);
    lock_open(tx, &columns).await?;
    let new = upsert(tx, run, &columns, now).await?;
    i64::try_from(new.into_iter().filter(|new| *new).count()).map_err(AppError::fault)
}

/// Waits for whoever closes one of them just now, and keeps everybody else from it: what the next statement sees stays
/// so.
async fn lock_open(tx: &mut PgConnection, columns: &Columns) -> Result<()> {
    let locked = sqlx::query!(
        "SELECT d.id FROM differences d JOIN unnest($1::text[], $2::text[]) AS k (kind, reference)
             ON d.kind = k.kind AND d.reference = k.reference
         WHERE d.closed_at IS NULL ORDER BY d.id FOR UPDATE OF d",
        &columns.kinds,
        &columns.references
    );
    locked.fetch_all(tx).await?;
    Ok(())
}

/// Writes them, and says of each that was written whether it is new. Whose money it is, is said as far as it can be
/// found out.
async fn upsert(
    tx: &mut PgConnection,
    run: ReconciliationId,
    columns: &Columns,
    now: DateTime<Utc>,
) -> Result<Vec<bool>> {
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
         LEFT JOIN LATERAL (SELECT * FROM differences o WHERE o.kind = d.kind AND o.reference = d.reference
                            ORDER BY (o.closed_at IS NULL) DESC, o.id DESC LIMIT 1) k ON true
         WHERE k.closed_by IS NULL
             OR (k.fault, k.ledger_minor, k.ledger_currency, k.provider_minor, k.provider_currency, k.provider_lines)
                IS DISTINCT FROM
                (d.fault, d.ledger_minor, d.ledger_currency, d.provider_minor, d.provider_currency, d.provider_lines)
         ON CONFLICT (kind, reference) WHERE closed_at IS NULL DO UPDATE SET fault = excluded.fault,
             ledger_minor = excluded.ledger_minor, ledger_currency = excluded.ledger_currency,
             provider_minor = excluded.provider_minor, provider_currency = excluded.provider_currency,
             provider_lines = excluded.provider_lines, object = excluded.object, booking_id = excluded.booking_id,
             payout_id = excluded.payout_id
         RETURNING (xmax = 0) AS \"new!\"",
        run.0,
        now,
        &columns.kinds,
        &columns.references,
        &columns.ids as &[Option<Uuid>],
        &columns.faults,
        &columns.ledger.minors as &[Option<i64>],
        &columns.ledger.currencies as &[Option<String>],
        &columns.provider.minors as &[Option<i64>],
        &columns.provider.currencies as &[Option<String>],
        &columns.lines,
        &columns.objects as &[Option<String>],
        &columns.payments as &[Option<String>],
        &columns.bookings as &[Option<Uuid>]
    );
    Ok(rows.fetch_all(tx).await?)
}
