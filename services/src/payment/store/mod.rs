//! Rows of charges and what belongs to them.

use chrono::{DateTime, Utc};
use domain::{
    booking::Booking,
    charge::{Facts, Rule, Terms},
    ids::{BookingId, ChargeId, DebtId, UserId},
    ledger::Given,
    money::{Currency, Money, Split},
    payment::ChargeState,
};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

mod cards;
mod deposits;
mod forgive;
mod lists;
mod questions;
mod reduce;
mod refunds;
mod stuck;

pub(crate) use cards::*;
pub(crate) use deposits::*;
pub(crate) use forgive::*;
pub(crate) use lists::*;
pub(crate) use questions::*;
pub(crate) use reduce::*;
pub(crate) use refunds::*;
pub(crate) use stuck::*;

use super::{Debt, Totals, explain::Kept, provider::Decline};
use crate::{AppError, Result, chance};

/// The charge of a booking that was just settled.
pub(super) struct NewCharge {
    pub id: ChargeId,
    pub booking: BookingId,
    pub rule: Rule,
    pub facts: Facts,
    pub terms: Terms,
    pub split: Split,
    pub state: ChargeState,
    /// The end of the dispute window.
    pub payable_after: DateTime<Utc>,
    pub now: DateTime<Utc>,
}

/// Opens a charge, due at the scheduled end.
pub(super) async fn insert_charge(tx: &mut PgConnection, new: &NewCharge) -> Result<()> {
    let facts = serde_json::to_value(new.facts).map_err(AppError::fault)?;
    let terms = serde_json::to_value(new.terms).map_err(AppError::fault)?;
    sqlx::query!(
        "INSERT INTO charges (id, booking_id, rule, facts, terms, currency, amount_minor, fee_minor, payout_minor,
             state, due_at, payable_after, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
        new.id.0,
        new.booking.0,
        new.rule.name(),
        facts,
        terms,
        new.split.charge.currency.code(),
        new.split.charge.minor,
        new.split.fee.minor,
        new.split.payout.minor,
        new.state.name(),
        new.facts.end,
        new.payable_after,
        new.now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A charge as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    pub booking: BookingId,
    pub state: ChargeState,
    pub split: Split,
    /// What refunds gave back or are about to.
    pub given: Given,
    /// The provider's payment, once one was made.
    pub intent: Option<String>,
}

/// A charge that nobody else changes until the end of the transaction.
pub(crate) async fn find_locked(tx: &mut PgConnection, id: ChargeId) -> Result<Option<Owed>> {
    let row = sqlx::query!(
        "SELECT booking_id, state, currency, amount_minor, fee_minor, payout_minor, refunded_minor,
                refunded_fee_minor, payment_intent
         FROM charges WHERE id = $1 FOR UPDATE",
        id.0
    )
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
    let money = |minor| Money { minor, currency };
    Ok(Some(Owed {
        booking: BookingId(row.booking_id),
        state: ChargeState::parse(&row.state).ok_or_else(|| AppError::fault("a charge's state"))?,
        split: Split {
            charge: money(row.amount_minor),
            fee: money(row.fee_minor),
            payout: money(row.payout_minor),
        },
        given: Given { amount: row.refunded_minor, fee: row.refunded_fee_minor },
        intent: row.payment_intent,
    }))
}

/// Takes charges that are due; each is handed out once, whoever asks.
pub(crate) async fn take_due(tx: &mut PgConnection, limit: i64, now: DateTime<Utc>) -> Result<Vec<ChargeId>> {
    let ids = sqlx::query_scalar!(
        "UPDATE charges SET handed_out_at = $2 WHERE id IN (
             SELECT id FROM charges WHERE state = 'scheduled' AND handed_out_at IS NULL AND due_at <= $2
             ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING id",
        limit,
        now
    )
    .fetch_all(tx)
    .await?;
    Ok(ids.into_iter().map(ChargeId).collect())
}

/// The provider's customer and the card of a booking's student: the one that was chosen while it is kept, else
/// the default.
pub(crate) async fn find_payer(
    tx: &mut PgConnection,
    booking: BookingId,
) -> Result<Option<(String, String)>> {
    let row = sqlx::query!(
        "SELECT p.customer, c.id FROM bookings b
         JOIN payment_customers p ON p.user_id = b.student_id
         JOIN cards c ON c.user_id = b.student_id AND c.removed_at IS NULL
         WHERE b.id = $1 AND (c.id = b.card_id OR c.is_default)
         ORDER BY (c.id = b.card_id) DESC NULLS LAST LIMIT 1",
        booking.0
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| (row.customer, row.id)))
}

/// The provider's customer of a booking's student.
pub(crate) async fn find_customer_of(tx: &mut PgConnection, booking: BookingId) -> Result<Option<String>> {
    let customer = sqlx::query_scalar!(
        "SELECT p.customer FROM bookings b JOIN payment_customers p ON p.user_id = b.student_id WHERE b.id = $1",
        booking.0
    );
    Ok(customer.fetch_optional(tx).await?)
}

/// An attempt whose answer is not known yet.
#[derive(Clone, Debug)]
pub(crate) struct OpenAttempt {
    pub id: Uuid,
    /// Since when the provider is being asked.
    pub since: DateTime<Utc>,
    /// The card that it is about.
    pub card: String,
    /// The card's owner is there.
    pub present: bool,
}

/// The open attempt of a charge.
pub(crate) async fn find_open_attempt(
    tx: &mut PgConnection,
    charge: ChargeId,
) -> Result<Option<OpenAttempt>> {
    let open = sqlx::query_as!(
        OpenAttempt,
        "SELECT id, created_at AS since, card_id AS \"card!\", kind = 'on_session' AS \"present!\"
         FROM charge_attempts WHERE charge_id = $1 AND state = 'pending' AND card_id IS NOT NULL",
        charge.0
    );
    Ok(open.fetch_optional(tx).await?)
}

/// The open attempt of a charge, or a new one.
pub(crate) async fn find_or_insert_attempt(
    tx: &mut PgConnection,
    charge: ChargeId,
    kind: &str,
    card: &str,
    now: DateTime<Utc>,
) -> Result<OpenAttempt> {
    if let Some(open) = find_open_attempt(tx, charge).await? {
        return Ok(open);
    }
    let id: Uuid = chance::id();
    sqlx::query!(
        "INSERT INTO charge_attempts (id, charge_id, kind, state, card_id, created_at)
         VALUES ($1, $2, $3, 'pending', $4, $5)",
        id,
        charge.0,
        kind,
        card,
        now
    )
    .execute(tx)
    .await?;
    Ok(OpenAttempt { id, since: now, card: card.to_owned(), present: kind == "on_session" })
}

/// Ends an attempt; without its id, the open one of the charge, if there is one.
pub(crate) async fn finish_attempt(
    tx: &mut PgConnection,
    charge: ChargeId,
    attempt: Option<Uuid>,
    intent: Option<&str>,
    decline: Option<&Decline>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE charge_attempts SET state = $4, payment_intent = $3, code = $5, decline_code = $6, message = $7,
             finished_at = $8
         WHERE charge_id = $1 AND state = 'pending' AND ($2::uuid IS NULL OR id = $2)",
        charge.0,
        attempt,
        intent,
        if decline.is_some() { "declined" } else { "succeeded" },
        decline.map(|decline| &*decline.code),
        decline.and_then(|decline| decline.decline_code.as_deref()),
        decline.and_then(|decline| decline.message.as_deref()),
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The number of the next receipt. The transaction that takes it uses it.
pub(crate) async fn next_receipt(tx: &mut PgConnection) -> Result<i64> {
    let number = sqlx::query_scalar!(
        "INSERT INTO receipt_numbers (last) VALUES (1)
         ON CONFLICT (singleton) DO UPDATE SET last = receipt_numbers.last + 1 RETURNING last"
    );
    Ok(number.fetch_one(tx).await?)
}

/// Notes that a charge is paid.
pub(crate) async fn set_paid(
    tx: &mut PgConnection,
    id: ChargeId,
    intent: &str,
    receipt: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE charges SET state = 'paid', payment_intent = $2, receipt = $3, paid_at = $4, updated_at = $4
         WHERE id = $1 AND state IN ('scheduled', 'debt')",
        id.0,
        intent,
        receipt,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes that a charge is owed, and the payment that was tried last, to be tried again: one that took the place of a
/// cancelled one is that from now on.
pub(crate) async fn set_debt(
    tx: &mut PgConnection,
    id: ChargeId,
    intent: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE charges SET state = 'debt', payment_intent = coalesce($2, payment_intent), updated_at = $3
         WHERE id = $1 AND state IN ('scheduled', 'debt')",
        id.0,
        intent,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What a student owes.
pub(crate) async fn insert_debt(
    tx: &mut PgConnection,
    id: DebtId,
    charge: ChargeId,
    booking: &Booking,
    amount: Money,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO student_debts (id, student_id, charge_id, booking_id, currency, amount_minor, opened_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id.0,
        booking.student.0,
        charge.0,
        booking.id.0,
        amount.currency.code(),
        amount.minor,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Clears the debt of a charge, if there is one.
pub(crate) async fn clear_debt(
    tx: &mut PgConnection,
    charge: ChargeId,
    by: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE student_debts SET cleared_at = $2, cleared_by = $3 WHERE charge_id = $1 AND cleared_at IS NULL",
        charge.0,
        now,
        by
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether a student owes anything.
pub(crate) async fn has_debt(db: &mut PgConnection, student: UserId) -> Result<bool> {
    let owes = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM student_debts WHERE student_id = $1 AND cleared_at IS NULL) AS \"exists!\"",
        student.0
    );
    Ok(owes.fetch_one(db).await?)
}

/// The charge of a booking.
pub(crate) async fn find_charge(db: &mut PgConnection, booking: BookingId) -> Result<Option<ChargeId>> {
    let id = sqlx::query_scalar!("SELECT id FROM charges WHERE booking_id = $1", booking.0);
    Ok(id.fetch_optional(db).await?.map(ChargeId))
}

/// The charge of a booking with all that it was found from.
pub(super) async fn find_kept(db: &mut PgConnection, booking: BookingId) -> Result<Option<Kept>> {
    let row = sqlx::query!(
        "SELECT c.state, c.rule, c.facts, c.terms, c.currency, c.amount_minor, c.fee_minor, c.payout_minor,
                c.refunded_minor, c.reduced_minor, c.due_at, c.receipt, c.paid_at, d.note AS \"forgiven?\"
         FROM charges c LEFT JOIN student_debts d ON d.charge_id = c.id WHERE c.booking_id = $1",
        booking.0
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
    let money = |minor| Money { minor, currency };
    Ok(Some(Kept {
        state: ChargeState::parse(&row.state).ok_or_else(|| AppError::fault("a charge's state"))?,
        rule: Rule::parse(&row.rule).ok_or_else(|| AppError::fault("a charge's rule"))?,
        facts: serde_json::from_value(row.facts).map_err(AppError::fault)?,
        terms: serde_json::from_value(row.terms).map_err(AppError::fault)?,
        split: Split {
            charge: money(row.amount_minor),
            fee: money(row.fee_minor),
            payout: money(row.payout_minor),
        },
        refunded: row.refunded_minor,
        reduced: row.reduced_minor,
        forgiven: row.forgiven,
        due_at: row.due_at,
        receipt: row.receipt,
        paid_at: row.paid_at,
    }))
}

/// Stores a message of the provider; `false` where it came before.
pub(super) async fn insert_payment_event(
    tx: &mut PgConnection,
    id: &str,
    kind: &str,
    payload: &Value,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO payment_events (id, kind, payload, received_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO NOTHING",
        id,
        kind,
        payload,
        now
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A message of the provider: its kind and body.
pub(super) async fn find_payment_event(db: &mut PgConnection, id: &str) -> Result<Option<(String, Value)>> {
    let row = sqlx::query!("SELECT kind, payload FROM payment_events WHERE id = $1", id);
    Ok(row.fetch_optional(db).await?.map(|row| (row.kind, row.payload)))
}

/// Notes that a message of the provider was worked off.
pub(super) async fn set_payment_event_processed(
    db: &mut PgConnection,
    id: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE payment_events SET processed_at = $2 WHERE id = $1 AND processed_at IS NULL",
        id,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The open debts of a student, oldest first.
pub(super) async fn list_debts(db: &mut PgConnection, student: UserId) -> Result<Vec<Debt>> {
    let rows = sqlx::query!(
        "SELECT d.booking_id, b.title, d.currency, d.amount_minor, d.opened_at
         FROM student_debts d JOIN bookings b ON b.id = d.booking_id
         WHERE d.student_id = $1 AND d.cleared_at IS NULL ORDER BY d.opened_at, d.id",
        student.0
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| {
        let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
        Ok(Debt {
            booking: BookingId(row.booking_id),
            title: row.title,
            amount: Money { minor: row.amount_minor, currency },
            opened_at: row.opened_at,
        })
    });
    read.collect()
}

/// How many of some charges are paid, and how many owed.
pub(super) async fn count_states(db: &mut PgConnection, charges: &[ChargeId]) -> Result<Totals> {
    let ids: Vec<Uuid> = charges.iter().map(|charge| charge.0).collect();
    let totals = sqlx::query_as!(
        Totals,
        "SELECT count(*) FILTER (WHERE state = 'paid') AS \"paid!\",
                count(*) FILTER (WHERE state = 'debt') AS \"declined!\"
         FROM charges WHERE id = ANY($1)",
        &ids
    );
    Ok(totals.fetch_one(db).await?)
}

/// How all attempts came out, those to secure money ahead too.
pub(super) async fn count_attempts(db: &mut PgConnection) -> Result<Totals> {
    let totals = sqlx::query_as!(
        Totals,
        "SELECT count(*) FILTER (WHERE state = 'succeeded') AS \"paid!\",
                count(*) FILTER (WHERE state = 'declined')
                    + (SELECT count(*) FROM deposits WHERE state = 'declined') AS \"declined!\"
         FROM charge_attempts"
    );
    Ok(totals.fetch_one(db).await?)
}
