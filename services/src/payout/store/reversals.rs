//! Rows of reversals and corrections.

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, ChargeId, PayoutId, RefundId, ReversalId, TutorId, UserId},
    money::{Currency, Money},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{AppError, Result, chance, ledger::Parties};

/// The payout that has the lesson of a charge.
pub(in crate::payout) async fn find_payout_of(
    tx: &mut PgConnection,
    charge: ChargeId,
) -> Result<Option<PayoutId>> {
    let id = sqlx::query_scalar!("SELECT payout_id FROM charges WHERE id = $1", charge.0);
    Ok(id.fetch_one(tx).await?.map(PayoutId))
}

/// Notes what a refund takes back of a payout, minor units.
pub(in crate::payout) async fn insert_reversal(
    tx: &mut PgConnection,
    id: ReversalId,
    refund: RefundId,
    charge: ChargeId,
    payout: PayoutId,
    minor: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO reversals (id, refund_id, charge_id, payout_id, amount_minor, state, created_at)
         VALUES ($1, $2, $3, $4, $5, 'waiting', $6)",
        id.0,
        refund.0,
        charge.0,
        payout.0,
        minor,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A reversal that is about to be asked for.
pub(in crate::payout) struct WaitingReversal {
    pub id: ReversalId,
    pub charge: ChargeId,
    pub payout: PayoutId,
    pub amount: Money,
}

/// The reversal of a refund that was given, of a payout that was sent. Nobody else takes of that payout until the
/// end of the transaction.
pub(in crate::payout) async fn take_waiting_reversal(
    tx: &mut PgConnection,
    refund: RefundId,
) -> Result<Option<WaitingReversal>> {
    let row = sqlx::query!(
        "SELECT v.id, v.charge_id, v.payout_id, v.amount_minor, p.currency
         FROM reversals v JOIN refunds r ON r.id = v.refund_id JOIN payouts p ON p.id = v.payout_id
         WHERE v.refund_id = $1 AND v.state = 'waiting' AND r.state = 'succeeded' AND p.state = 'paid'
         FOR NO KEY UPDATE OF p",
        refund.0
    )
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
    Ok(Some(WaitingReversal {
        id: ReversalId(row.id),
        charge: ChargeId(row.charge_id),
        payout: PayoutId(row.payout_id),
        amount: Money { minor: row.amount_minor, currency },
    }))
}

/// What is left of a payout's transfer, minor units, once all that was asked for is taken back.
pub(in crate::payout) async fn left_of_transfer(tx: &mut PgConnection, payout: PayoutId) -> Result<i64> {
    let left = sqlx::query_scalar!(
        "SELECT p.amount_minor - coalesce((
             SELECT sum(v.asked_minor) FROM reversals v
             WHERE v.payout_id = p.id AND v.state IN ('pending', 'succeeded')), 0)::bigint AS \"left!\"
         FROM payouts p WHERE p.id = $1",
        payout.0
    );
    Ok(left.fetch_one(tx).await?)
}

/// Notes how much of a reversal the provider is asked for; where that is nothing, it is over.
pub(in crate::payout) async fn set_asked(
    tx: &mut PgConnection,
    id: ReversalId,
    minor: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE reversals SET asked_minor = $2, asked_at = $3::timestamptz,
             state = CASE WHEN $2::bigint > 0 THEN 'pending' ELSE 'carried' END,
             finished_at = CASE WHEN $2::bigint > 0 THEN NULL ELSE $3::timestamptz END
         WHERE id = $1 AND state = 'waiting'",
        id.0,
        minor,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives up the reversal of a refund that has not been asked for; whether there was one.
pub(in crate::payout) async fn drop_waiting(
    tx: &mut PgConnection,
    refund: RefundId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE reversals SET state = 'dropped', finished_at = $2 WHERE refund_id = $1 AND state = 'waiting'",
        refund.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A reversal whose answer is not known yet.
pub(in crate::payout) struct AskedReversal {
    pub charge: ChargeId,
    pub refund: RefundId,
    pub parties: Parties,
    pub tutor_user: UserId,
    /// The provider's id of the transfer.
    pub transfer: String,
    pub amount: Money,
    /// Before it the provider was not asked.
    pub since: DateTime<Utc>,
}

/// A reversal whose answer is not known yet.
pub(in crate::payout) async fn find_asked_reversal(
    db: &mut PgConnection,
    id: ReversalId,
) -> Result<Option<AskedReversal>> {
    let row = sqlx::query!(
        "SELECT v.charge_id, v.refund_id, v.asked_minor AS \"asked!\", v.asked_at AS \"asked_at!\", p.currency,
                p.provider_transfer AS \"transfer!\", c.booking_id, b.student_id, b.tutor_id, t.user_id
         FROM reversals v JOIN payouts p ON p.id = v.payout_id JOIN charges c ON c.id = v.charge_id
         JOIN bookings b ON b.id = c.booking_id JOIN tutors t ON t.id = b.tutor_id
         WHERE v.id = $1 AND v.state = 'pending'",
        id.0
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
    Ok(Some(AskedReversal {
        charge: ChargeId(row.charge_id),
        refund: RefundId(row.refund_id),
        parties: Parties {
            booking: BookingId(row.booking_id),
            student: UserId(row.student_id),
            tutor: TutorId(row.tutor_id),
        },
        tutor_user: UserId(row.user_id),
        transfer: row.transfer,
        amount: Money { minor: row.asked, currency },
        since: row.asked_at,
    }))
}

/// Locks a charge.
pub(in crate::payout) async fn lock_charge(tx: &mut PgConnection, charge: ChargeId) -> Result<()> {
    sqlx::query!("SELECT id FROM charges WHERE id = $1 FOR UPDATE", charge.0).fetch_one(tx).await?;
    Ok(())
}

/// Notes that a reversal was made; `false` where its answer was noted before.
pub(in crate::payout) async fn set_reversed(
    tx: &mut PgConnection,
    id: ReversalId,
    reversal: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE reversals SET state = 'succeeded', provider_reversal = $2, finished_at = $3
         WHERE id = $1 AND state = 'pending'",
        id.0,
        reversal,
        now
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that the provider refused a reversal; `false` where its answer was noted before.
pub(in crate::payout) async fn set_not_reversed(
    tx: &mut PgConnection,
    id: ReversalId,
    code: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE reversals SET state = 'failed', failure = $2, finished_at = $3
         WHERE id = $1 AND state = 'pending'",
        id.0,
        code,
        now
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Why a later payout is more or less than its lessons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::payout) enum Reason {
    /// What could not be taken back is kept back.
    NotReversed,
    /// What was taken for a refund that failed is given again.
    RefundFailed,
}

/// What a later payout keeps back or adds.
pub(in crate::payout) struct Correction {
    pub charge: ChargeId,
    pub refund: RefundId,
    pub reason: Reason,
    pub amount: Money,
}

/// Notes a correction of the tutor's next payouts; where it adds to them, the account is looked at now.
pub(in crate::payout) async fn insert_correction(
    tx: &mut PgConnection,
    new: &Correction,
    now: DateTime<Utc>,
) -> Result<()> {
    let reason = match new.reason {
        Reason::NotReversed => "not_reversed",
        Reason::RefundFailed => "refund_failed",
    };
    let tutor = sqlx::query_scalar!(
        "INSERT INTO payout_corrections (id, tutor_id, charge_id, refund_id, reason, currency, amount_minor, created_at)
         SELECT $1, b.tutor_id, c.id, $3, $4, $5, $6, $7
         FROM charges c JOIN bookings b ON b.id = c.booking_id WHERE c.id = $2
         RETURNING tutor_id",
        chance::id::<Uuid>(),
        new.charge.0,
        new.refund.0,
        reason,
        new.amount.currency.code(),
        new.amount.minor,
        now
    )
    .fetch_one(&mut *tx)
    .await?;
    if new.amount.minor > 0 { super::look_again_at(tx, TutorId(tutor), now).await } else { Ok(()) }
}
