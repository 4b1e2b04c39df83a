//! Rows of chargebacks and of the evidence that is sent.

use chrono::{DateTime, Utc};
use domain::{
    dispute::Standing,
    ids::{BookingId, ChargeId, DepositId, DisputeId, UserId},
    money::{Currency, Money},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Bank;
use crate::{AppError, Result, payment::provider::Chargeback};

fn standing(name: &str) -> Result<Standing> {
    Standing::parse(name).ok_or_else(|| AppError::fault("a chargeback's standing"))
}

/// A chargeback that is known.
pub(super) struct Known {
    pub dispute: DisputeId,
    pub standing: Standing,
}

pub(super) async fn find(tx: &mut PgConnection, id: &str) -> Result<Option<Known>> {
    let row = sqlx::query!("SELECT dispute_id, standing FROM chargebacks WHERE id = $1", id);
    let Some(row) = row.fetch_optional(tx).await? else { return Ok(None) };
    Ok(Some(Known { dispute: DisputeId(row.dispute_id), standing: standing(&row.standing)? }))
}

/// Notes how a chargeback stands.
pub(super) async fn upsert(
    tx: &mut PgConnection,
    dispute: DisputeId,
    booking: BookingId,
    told: &Chargeback,
    standing: Standing,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO chargebacks (id, dispute_id, booking_id, standing, reason, currency, amount_minor, due_by,
             opened_at, updated_at, payment)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)
         ON CONFLICT (id) DO UPDATE
         SET standing = $4, reason = $5, amount_minor = $7, due_by = coalesce($8, chargebacks.due_by), updated_at = $9,
             payment = $10",
        told.id,
        dispute.0,
        booking.0,
        standing.name(),
        told.reason,
        told.amount.currency.code(),
        told.amount.minor,
        told.due_by,
        now,
        told.intent
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether a bank asks about a payment of a booking, and has not decided yet.
pub(in crate::dispute) async fn has_open(db: &mut PgConnection, booking: BookingId) -> Result<bool> {
    let open = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM chargebacks
             WHERE booking_id = $1 AND standing NOT IN ('won', 'lost')) AS \"open!\"",
        booking.0
    );
    Ok(open.fetch_one(db).await?)
}

/// Whether a bank has taken a payment of a booking for now, and not decided yet.
pub(crate) async fn has_money(db: &mut PgConnection, booking: BookingId) -> Result<bool> {
    let taken = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM chargebacks
             WHERE booking_id = $1 AND standing IN ('needs_response', 'under_review')) AS \"taken!\"",
        booking.0
    );
    Ok(taken.fetch_one(db).await?)
}

/// Whether a bank has taken this payment for now, and not decided yet.
pub(crate) async fn has_payment(db: &mut PgConnection, payment: &str) -> Result<bool> {
    let taken = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM chargebacks
             WHERE payment = $1 AND standing IN ('needs_response', 'under_review')) AS \"taken!\"",
        payment
    );
    Ok(taken.fetch_one(db).await?)
}

/// How much of a payment, minor units of its currency, banks decided for the owner of the card and no charge bears.
pub(crate) async fn lost_beside_charge(db: &mut PgConnection, payment: &str) -> Result<i64> {
    let lost = sqlx::query_scalar!(
        "SELECT coalesce(sum(k.amount_minor - (
             SELECT coalesce(sum(r.amount_minor), 0) FROM refunds r WHERE r.chargeback_id = k.id)), 0)::bigint
             AS \"lost!\"
         FROM chargebacks k WHERE k.payment = $1 AND k.standing = 'lost'",
        payment
    );
    Ok(lost.fetch_one(db).await?)
}

/// The deposit that was paid ahead by this payment.
pub(super) async fn find_paid_ahead(db: &mut PgConnection, payment: &str) -> Result<Option<DepositId>> {
    let id =
        sqlx::query_scalar!("SELECT id FROM deposits WHERE payment_intent = $1 AND kind = 'prepay'", payment);
    Ok(id.fetch_optional(db).await?.map(DepositId))
}

/// A payment that a bank decided for the owner of the card.
pub(super) struct Lost {
    pub id: String,
    pub reason: String,
    /// What is not entered yet, minor units of the charge's currency.
    pub amount: i64,
    /// Whether some of it is.
    pub again: bool,
}

/// What is lost of a charge and not entered yet.
pub(super) async fn list_losses(tx: &mut PgConnection, charge: ChargeId) -> Result<Vec<Lost>> {
    let rows = sqlx::query!(
        "SELECT k.id, k.reason, (k.amount_minor - entered.minor)::bigint AS \"amount!\",
                entered.minor > 0 AS \"again!\"
         FROM chargebacks k
         JOIN charges c ON c.booking_id = k.booking_id AND c.currency = k.currency
         CROSS JOIN LATERAL (
             SELECT coalesce(sum(r.amount_minor), 0) AS minor FROM refunds r WHERE r.chargeback_id = k.id
         ) entered
         WHERE c.id = $1 AND k.standing = 'lost' AND coalesce(k.payment = c.payment_intent, true)
             AND entered.minor < k.amount_minor
         ORDER BY k.opened_at, k.id",
        charge.0
    );
    let rows = rows.fetch_all(tx).await?;
    Ok(rows
        .into_iter()
        .map(|row| Lost { id: row.id, reason: row.reason, amount: row.amount, again: row.again })
        .collect())
}

/// Notes that an admin wants evidence to be sent, in the place of what was not taken; `false` where no chargeback of the
/// case waits for it.
pub(super) async fn insert_evidence(
    tx: &mut PgConnection,
    id: Uuid,
    dispute: DisputeId,
    words: &str,
    admin: UserId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO chargeback_evidence (id, chargeback_id, inquiry, words, asked_by, asked_at)
         SELECT $1, k.id, k.standing = 'inquiry', $3, $4, $5 FROM chargebacks k
         WHERE k.dispute_id = $2 AND k.standing IN ('inquiry', 'needs_response') AND NOT EXISTS (
             SELECT FROM chargeback_evidence e
             WHERE e.chargeback_id = k.id AND e.inquiry = (k.standing = 'inquiry') AND e.failure IS NULL)
         ORDER BY k.opened_at, k.id LIMIT 1
         ON CONFLICT ON CONSTRAINT chargeback_evidence_once DO UPDATE
         SET id = $1, words = $3, asked_by = $4, asked_at = $5, finished_at = NULL, failure = NULL
         WHERE chargeback_evidence.failure IS NOT NULL",
        id,
        dispute.0,
        words,
        admin.0,
        now
    );
    Ok(inserted.execute(tx).await?.rows_affected() == 1)
}

/// What evidence is made of.
pub(super) struct Asked {
    pub chargeback: String,
    pub booking: BookingId,
    pub words: String,
    /// The student's.
    pub email: String,
    pub receipt: Option<Receipt>,
    pub consent: Option<Consent>,
}

/// The receipt of a charge.
pub(super) struct Receipt {
    pub number: i64,
    pub paid_at: DateTime<Utc>,
    pub amount: Money,
}

/// The words with which a card was saved.
pub(super) struct Consent {
    pub version: String,
    pub text: String,
    pub at: DateTime<Utc>,
}

/// Evidence that is to be sent, and was not yet.
pub(super) async fn find_asked(db: &mut PgConnection, id: Uuid) -> Result<Option<Asked>> {
    let row = sqlx::query!(
        "SELECT k.id, k.booking_id, k.currency, e.words, u.email, s.version AS \"version?\", s.text AS \"text?\",
                s.at AS \"at?\", c.receipt, c.paid_at, c.amount_minor AS \"amount?\"
         FROM chargeback_evidence e JOIN chargebacks k ON k.id = e.chargeback_id
         JOIN bookings b ON b.id = k.booking_id JOIN users u ON u.id = b.student_id
         LEFT JOIN charges c ON c.booking_id = b.id
         LEFT JOIN LATERAL (
             SELECT version, text, at FROM card_consents WHERE user_id = u.id AND at <= k.opened_at
             ORDER BY (booking_id = b.id) DESC NULLS LAST, id DESC LIMIT 1
         ) s ON true
         WHERE e.id = $1 AND e.finished_at IS NULL",
        id
    );
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
    let consent = row.version.zip(row.text).zip(row.at);
    let receipt = row.receipt.zip(row.paid_at).zip(row.amount);
    Ok(Some(Asked {
        chargeback: row.id,
        booking: BookingId(row.booking_id),
        words: row.words,
        email: row.email,
        receipt: receipt.map(|((number, paid_at), minor)| Receipt {
            number,
            paid_at,
            amount: Money { minor, currency },
        }),
        consent: consent.map(|((version, text), at)| Consent { version, text, at }),
    }))
}

/// Notes that the bank was told, or why it took nothing.
pub(super) async fn set_finished(
    db: &mut PgConnection,
    id: Uuid,
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE chargeback_evidence SET finished_at = $2, failure = $3 WHERE id = $1 AND finished_at IS NULL",
        id,
        now,
        failure
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The chargebacks of a booking, each with its dispute, oldest first.
pub(in crate::dispute) async fn list_of(
    db: &mut PgConnection,
    booking: BookingId,
) -> Result<Vec<(DisputeId, Bank)>> {
    let rows = sqlx::query!(
        "SELECT k.dispute_id, k.standing, k.reason, k.amount_minor, k.currency, k.due_by, e.words AS \"words?\",
                e.asked_at AS \"asked_at?\", e.finished_at, e.failure
         FROM chargebacks k
         LEFT JOIN LATERAL (
             SELECT words, asked_at, finished_at, failure FROM chargeback_evidence
             WHERE chargeback_id = k.id AND (inquiry OR k.standing NOT IN ('inquiry', 'inquiry_review'))
                 AND NOT (inquiry AND k.standing IN ('needs_response', 'under_review'))
             ORDER BY inquiry LIMIT 1
         ) e ON true
         WHERE k.booking_id = $1 ORDER BY k.opened_at, k.id",
        booking.0
    );
    let read = rows.fetch_all(db).await?.into_iter().map(|row| {
        let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
        let bank = Bank {
            standing: standing(&row.standing)?,
            reason: row.reason,
            amount: Money { minor: row.amount_minor, currency },
            due_by: row.due_by,
            words: row.words,
            asked_at: row.asked_at,
            answered_at: row.finished_at.filter(|_| row.failure.is_none()),
            failure: row.failure,
        };
        Ok((DisputeId(row.dispute_id), bank))
    });
    read.collect()
}
