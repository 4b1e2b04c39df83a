//! Rows of the provider's lines.

use domain::{
    ids::ReconciliationId,
    money::{Currency, Money},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, payment::provider::Line};

/// Keeps lines that were not known, and adds up what the provider kept of them. What was captured of money that was set
/// aside before a lesson is the payment of its charge.
pub(in crate::reconcile) async fn insert_lines(
    tx: &mut PgConnection,
    id: ReconciliationId,
    lines: &[Line],
) -> Result<()> {
    let texts =
        |field: fn(&Line) -> &str| -> Vec<String> { lines.iter().map(|it| field(it).to_owned()).collect() };
    let parts = |field: fn(&Line) -> &Option<String>| -> Vec<Option<String>> {
        lines.iter().map(|it| field(it).clone()).collect()
    };
    sqlx::query!(
        "WITH new AS (
             INSERT INTO provider_lines (id, kind, reference, object, payment, amount_minor, fee_minor, currency,
                 fee_currency, created_at)
             SELECT l.id, l.kind,
                 CASE WHEN l.deposit IS NULL THEN l.reference ELSE coalesce((
                     SELECT c.id::text FROM deposits d JOIN charges c ON c.booking_id = d.booking_id
                     WHERE d.id = l.deposit AND d.kind = 'authorize'), l.reference) END, l.object, l.payment, l.minor, l.fee, l.currency,
                 l.fee_currency, l.created_at
             FROM unnest($2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::bigint[],
                      $9::bigint[], $10::text[], $11::text[], $12::timestamptz[])
                  AS l (id, kind, reference, deposit, object, payment, minor, fee, currency, fee_currency, created_at)
             ON CONFLICT (id) DO NOTHING RETURNING fee_minor, fee_currency
         ), fees AS (
             INSERT INTO reconciliation_fees (reconciliation_id, currency, amount_minor)
             SELECT $1, fee_currency, sum(fee_minor) FROM new WHERE fee_minor <> 0 GROUP BY fee_currency
             ON CONFLICT (reconciliation_id, currency)
                 DO UPDATE SET amount_minor = reconciliation_fees.amount_minor + excluded.amount_minor
         )
         UPDATE reconciliations SET lines = lines + (SELECT count(*) FROM new) WHERE id = $1",
        id.0,
        &texts(|it| &it.id),
        &texts(|it| it.kind.name()),
        &texts(|it| &it.reference),
        &lines.iter().map(|it| it.deposit).collect::<Vec<_>>() as &[Option<Uuid>],
        &parts(|it| &it.object) as &[Option<String>],
        &parts(|it| &it.payment) as &[Option<String>],
        &lines.iter().map(|it| it.minor).collect::<Vec<_>>(),
        &lines.iter().map(|it| it.fee).collect::<Vec<_>>(),
        &texts(|it| &it.currency),
        &texts(|it| &it.fee_currency),
        &lines.iter().map(|it| it.created_at).collect::<Vec<_>>()
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What the provider kept, by currency. A currency that the ledger does not know is logged, not entered.
pub(in crate::reconcile) async fn list_fees(
    tx: &mut PgConnection,
    id: ReconciliationId,
) -> Result<Vec<Money>> {
    let rows = sqlx::query!(
        "SELECT currency, amount_minor FROM reconciliation_fees WHERE reconciliation_id = $1 ORDER BY currency",
        id.0
    );
    let rows = rows.fetch_all(tx).await?;
    let known = rows.into_iter().filter_map(|row| match Currency::parse(&row.currency) {
        Ok(currency) => Some(Money { minor: row.amount_minor, currency }),
        Err(_) => {
            tracing::warn!(run = %id, currency = row.currency, "fees in a currency that the ledger does not know");
            None
        }
    });
    Ok(known.collect())
}
