//! Rows of the ledger. They are only ever added.

use chrono::{DateTime, Utc};
use domain::{ids::BookingId, ledger::Entry, money::Currency};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Balance, Line};
use crate::{AppError, Result, chance};

/// Enters an event with its lines, unless its source was entered before.
pub(super) async fn insert(
    tx: &mut PgConnection,
    booking: Option<BookingId>,
    kind: &str,
    source: &str,
    entries: &[Entry],
    now: DateTime<Utc>,
) -> Result<()> {
    let accounts: Vec<String> = entries.iter().map(|entry| entry.account.to_string()).collect();
    let currencies: Vec<String> = entries.iter().map(|entry| entry.amount.currency.to_string()).collect();
    let amounts: Vec<i64> = entries.iter().map(|entry| entry.amount.minor).collect();
    sqlx::query!(
        "WITH event AS (
             INSERT INTO ledger_events (id, kind, source, booking_id, at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (source) DO NOTHING RETURNING id
         )
         INSERT INTO ledger_entries (event_id, account, currency, amount_minor)
         SELECT event.id, line.account, line.currency, line.amount
         FROM event, unnest($6::text[], $7::text[], $8::bigint[]) AS line (account, currency, amount)",
        chance::id::<Uuid>(),
        kind,
        source,
        booking.map(|id| id.0),
        now,
        &accounts,
        &currencies,
        &amounts
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The balances of all accounts, by account and currency.
pub(super) async fn list_balances(db: &mut PgConnection) -> Result<Vec<Balance>> {
    let rows = sqlx::query!(
        "SELECT account, currency, sum(amount_minor)::bigint AS \"balance!\" FROM ledger_entries
         GROUP BY account, currency ORDER BY account, currency"
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| {
        let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
        Ok(Balance { account: row.account, currency, balance: row.balance })
    });
    read.collect()
}

/// The lines of a booking, in the order in which they were entered.
pub(crate) async fn list_lines(db: &mut PgConnection, booking: BookingId) -> Result<Vec<Line>> {
    let rows = sqlx::query!(
        "SELECT v.kind, n.account, n.currency, n.amount_minor, v.at
         FROM ledger_events v JOIN ledger_entries n ON n.event_id = v.id
         WHERE v.booking_id = $1 ORDER BY n.id",
        booking.0
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| {
        let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
        Ok(Line { event: row.kind, account: row.account, currency, amount: row.amount_minor, at: row.at })
    });
    read.collect()
}
