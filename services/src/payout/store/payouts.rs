//! Rows of payouts and their lines.

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, ChargeId, PayoutId, RefundId, TutorId, UserId},
    money::{Currency, Money},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::Counts;
use crate::{AppError, Result, ledger::Parties};

/// An account at which something may be due.
pub(in crate::payout) struct DueAccount {
    pub tutor: TutorId,
    /// The provider's id.
    pub account: String,
}

/// Something that is due to a tutor: the part of a lesson, or a correction, which may be negative.
pub(in crate::payout) struct Due {
    pub charge: ChargeId,
    pub correction: Option<Uuid>,
    pub amount: Money,
}

/// Whose account is to be looked at first. Who looks at the same time is given another's, as long as there are some, and
/// then waits for the one that the other has in hand.
pub(in crate::payout) async fn find_due_tutor(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Option<TutorId>> {
    // A lock of its own: that of the account has to come after those of the charges.
    // Of eight that are due, which is more than look at once, one is free.
    let tutor = sqlx::query_scalar!(
        "WITH due AS MATERIALIZED (
             SELECT tutor_id FROM payout_accounts
             WHERE look_at <= $1 AND look_at IS NOT NULL AND transfers_enabled AND payouts_enabled
             ORDER BY look_at LIMIT 8)
         SELECT coalesce(
             (SELECT tutor_id FROM due
              WHERE pg_try_advisory_xact_lock(hashtextextended('payout:' || tutor_id::text, 0)) LIMIT 1),
             (SELECT tutor_id FROM due LIMIT 1))",
        now
    );
    Ok(tutor.fetch_one(tx).await?.map(TutorId))
}

/// Locks the charges of which something may be due to a tutor: nobody else changes or disputes them until the end of
/// the transaction.
pub(in crate::payout) async fn lock_charges_to_pay(
    tx: &mut PgConnection,
    tutor: TutorId,
    now: DateTime<Utc>,
) -> Result<Vec<ChargeId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM charges WHERE id IN (
             SELECT c.id FROM charges c JOIN bookings b ON b.id = c.booking_id
             WHERE b.tutor_id = $1 AND c.state IN ('paid', 'forgiven') AND c.payout_id IS NULL
                 AND coalesce(c.payable_after, c.due_at + interval '72 hours') < $2
             UNION
             SELECT charge_id FROM payout_corrections WHERE tutor_id = $1 AND payout_id IS NULL)
         ORDER BY id FOR NO KEY UPDATE",
        tutor.0,
        now
    );
    Ok(ids.fetch_all(tx).await?.into_iter().map(ChargeId).collect())
}

/// The account of a tutor, for this transaction alone; `None` where it is not to be looked at any more.
pub(in crate::payout) async fn take_due_account(
    tx: &mut PgConnection,
    tutor: TutorId,
    now: DateTime<Utc>,
) -> Result<Option<DueAccount>> {
    let account = sqlx::query_scalar!(
        "SELECT account AS \"account!\" FROM payout_accounts
         WHERE tutor_id = $1 AND look_at <= $2 AND look_at IS NOT NULL AND transfers_enabled AND payouts_enabled
         FOR NO KEY UPDATE",
        tutor.0,
        now
    );
    Ok(account.fetch_optional(tx).await?.map(|account| DueAccount { tutor, account }))
}

/// The lessons among these locked charges that can be paid out: paid, past the dispute window, in no payout and no open
/// dispute.
pub(in crate::payout) async fn list_due_lessons(
    tx: &mut PgConnection,
    tutor: TutorId,
    charges: &[ChargeId],
    now: DateTime<Utc>,
) -> Result<Vec<Due>> {
    let charges: Vec<_> = charges.iter().map(|charge| charge.0).collect();
    let rows = sqlx::query!(
        "SELECT c.id, c.currency, c.payout_minor - (c.refunded_minor - c.refunded_fee_minor) AS \"minor!\"
         FROM charges c JOIN bookings b ON b.id = c.booking_id
         WHERE b.tutor_id = $1 AND c.id = ANY($3) AND c.state IN ('paid', 'forgiven') AND c.payout_id IS NULL
             AND coalesce(c.payable_after, c.due_at + interval '72 hours') < $2
             AND c.payout_minor > c.refunded_minor - c.refunded_fee_minor
             AND NOT EXISTS (SELECT FROM disputes d WHERE d.booking_id = c.booking_id AND d.state = 'open')
         ORDER BY c.id",
        tutor.0,
        now,
        &charges
    )
    .fetch_all(tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
        Ok(Due { charge: ChargeId(row.id), correction: None, amount: Money { minor: row.minor, currency } })
    });
    read.collect()
}

/// The corrections of a tutor that no payout has yet, of these locked charges.
pub(in crate::payout) async fn take_corrections(
    tx: &mut PgConnection,
    tutor: TutorId,
    charges: &[ChargeId],
) -> Result<Vec<Due>> {
    let charges: Vec<_> = charges.iter().map(|charge| charge.0).collect();
    let rows = sqlx::query!(
        "SELECT id, charge_id, currency, amount_minor FROM payout_corrections
         WHERE tutor_id = $1 AND charge_id = ANY($2) AND payout_id IS NULL ORDER BY id FOR NO KEY UPDATE",
        tutor.0,
        &charges
    )
    .fetch_all(tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
        let amount = Money { minor: row.amount_minor, currency };
        Ok(Due { charge: ChargeId(row.charge_id), correction: Some(row.id), amount })
    });
    read.collect()
}

/// The currencies in which a payout to a tutor is under way.
pub(in crate::payout) async fn list_pending_currencies(
    tx: &mut PgConnection,
    tutor: TutorId,
) -> Result<Vec<Currency>> {
    let codes = sqlx::query_scalar!(
        "SELECT currency FROM payouts WHERE tutor_id = $1 AND state = 'pending'",
        tutor.0
    );
    let codes = codes.fetch_all(tx).await?;
    codes.iter().map(|code| Currency::parse(code).map_err(AppError::fault)).collect()
}

/// The payouts to a tutor that are under way.
pub(in crate::payout) async fn list_pending_payouts(
    db: &mut PgConnection,
    tutor: TutorId,
) -> Result<Vec<PayoutId>> {
    let ids =
        sqlx::query_scalar!("SELECT id FROM payouts WHERE tutor_id = $1 AND state = 'pending'", tutor.0);
    Ok(ids.fetch_all(db).await?.into_iter().map(PayoutId).collect())
}

/// Makes a payout of these lines.
pub(in crate::payout) async fn insert_payout(
    tx: &mut PgConnection,
    id: PayoutId,
    to: &DueAccount,
    amount: Money,
    lines: &[Due],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO payouts (id, tutor_id, currency, amount_minor, account, state, created_at)
         VALUES ($1, $2, $3, $4, $5, 'pending', $6)",
        id.0,
        to.tutor.0,
        amount.currency.code(),
        amount.minor,
        to.account,
        now
    )
    .execute(&mut *tx)
    .await?;
    let charges: Vec<_> = lines.iter().map(|line| line.charge.0).collect();
    let corrections: Vec<_> = lines.iter().map(|line| line.correction).collect();
    let amounts: Vec<_> = lines.iter().map(|line| line.amount.minor).collect();
    sqlx::query!(
        "INSERT INTO payout_lines (payout_id, charge_id, correction_id, amount_minor)
         SELECT $1, line.charge, line.correction, line.amount
         FROM unnest($2::uuid[], $3::uuid[], $4::bigint[]) AS line (charge, correction, amount)",
        id.0,
        &charges,
        &corrections as &[Option<Uuid>],
        &amounts
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE charges c SET payout_id = $1, updated_at = $2 FROM payout_lines l
         WHERE l.payout_id = $1 AND l.correction_id IS NULL AND c.id = l.charge_id",
        id.0,
        now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE payout_corrections k SET payout_id = $1 FROM payout_lines l
         WHERE l.payout_id = $1 AND k.id = l.correction_id",
        id.0
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What no payout has of what a tutor is to be paid.
pub(in crate::payout) struct Outstanding {
    /// Something of it could have been paid out before now, and waits for what stands in its way.
    pub waits: bool,
    /// The next instant after which more can be paid out.
    pub next: Option<DateTime<Utc>>,
}

/// What no payout has now of what a tutor is to be paid.
pub(in crate::payout) async fn find_outstanding(
    tx: &mut PgConnection,
    tutor: TutorId,
    now: DateTime<Utc>,
) -> Result<Outstanding> {
    let found = sqlx::query_as!(
        Outstanding,
        r#"SELECT coalesce(bool_or(at < $2), false) AS "waits!", min(at) FILTER (WHERE at >= $2) AS next
           FROM (SELECT coalesce(c.payable_after, c.due_at + interval '72 hours') AS at
                 FROM charges c JOIN bookings b ON b.id = c.booking_id
                 WHERE b.tutor_id = $1 AND c.state IN ('paid', 'forgiven') AND c.payout_id IS NULL
                     AND c.payout_minor > c.refunded_minor - c.refunded_fee_minor
                 UNION ALL
                 SELECT created_at FROM payout_corrections
                 WHERE tutor_id = $1 AND payout_id IS NULL AND amount_minor > 0) AS due"#,
        tutor.0,
        now
    );
    Ok(found.fetch_one(tx).await?)
}

/// A payout whose answer is not known yet.
pub(in crate::payout) struct PendingPayout {
    pub tutor: TutorId,
    pub tutor_user: UserId,
    pub account: String,
    pub amount: Money,
    /// Before it the provider was not asked.
    pub since: DateTime<Utc>,
}

/// A payout whose answer is not known yet.
pub(in crate::payout) async fn find_pending_payout(
    db: &mut PgConnection,
    id: PayoutId,
) -> Result<Option<PendingPayout>> {
    let row = sqlx::query!(
        "SELECT p.tutor_id, t.user_id, p.account, p.currency, p.amount_minor, p.created_at
         FROM payouts p JOIN tutors t ON t.id = p.tutor_id WHERE p.id = $1 AND p.state = 'pending'",
        id.0
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
    Ok(Some(PendingPayout {
        tutor: TutorId(row.tutor_id),
        tutor_user: UserId(row.user_id),
        account: row.account,
        amount: Money { minor: row.amount_minor, currency },
        since: row.created_at,
    }))
}

/// Locks the charges of a payout's lines: refunds of them wait.
pub(in crate::payout) async fn lock_charges_of(tx: &mut PgConnection, id: PayoutId) -> Result<()> {
    sqlx::query!(
        "SELECT id FROM charges WHERE id IN (SELECT charge_id FROM payout_lines WHERE payout_id = $1)
         ORDER BY id FOR UPDATE",
        id.0
    )
    .fetch_all(tx)
    .await?;
    Ok(())
}

/// Notes that a payout was sent; `false` where its answer was noted before.
pub(in crate::payout) async fn set_paid(
    tx: &mut PgConnection,
    id: PayoutId,
    transfer: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE payouts SET state = 'paid', provider_transfer = $2, finished_at = $3
         WHERE id = $1 AND state = 'pending'",
        id.0,
        transfer,
        now
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that the provider refused a payout; `false` where its answer was noted before.
pub(in crate::payout) async fn set_failed(
    tx: &mut PgConnection,
    id: PayoutId,
    code: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE payouts SET state = 'failed', failure = $2, finished_at = $3
         WHERE id = $1 AND state = 'pending'",
        id.0,
        code,
        now
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Frees the lines of a payout that failed. What refunds wanted back of it is no more to be had; what they gave up
/// meanwhile is in the charge itself again.
pub(in crate::payout) async fn release_lines(
    tx: &mut PgConnection,
    id: PayoutId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "DELETE FROM payout_corrections k USING charges c
         WHERE c.payout_id = $1 AND k.charge_id = c.id AND k.payout_id IS NULL",
        id.0
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE reversals SET state = 'dropped', finished_at = $2 WHERE payout_id = $1 AND state = 'waiting'",
        id.0,
        now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("UPDATE payout_corrections SET payout_id = NULL WHERE payout_id = $1", id.0)
        .execute(&mut *tx)
        .await?;
    sqlx::query!("UPDATE charges SET payout_id = NULL, updated_at = $2 WHERE payout_id = $1", id.0, now)
        .execute(&mut *tx)
        .await?;
    sqlx::query!("UPDATE payout_lines SET released = true WHERE payout_id = $1", id.0).execute(tx).await?;
    Ok(())
}

/// A line of a payout.
pub(in crate::payout) struct Line {
    pub id: i64,
    pub parties: Parties,
    /// Minor units.
    pub amount: i64,
}

/// The lines of a payout, with whom each concerns.
pub(in crate::payout) async fn list_lines(tx: &mut PgConnection, id: PayoutId) -> Result<Vec<Line>> {
    let rows = sqlx::query!(
        "SELECT l.id, l.amount_minor, b.id AS booking, b.student_id, b.tutor_id
         FROM payout_lines l JOIN charges c ON c.id = l.charge_id JOIN bookings b ON b.id = c.booking_id
         WHERE l.payout_id = $1 ORDER BY l.id",
        id.0
    )
    .fetch_all(tx)
    .await?;
    let read = rows.into_iter().map(|row| Line {
        id: row.id,
        parties: Parties {
            booking: BookingId(row.booking),
            student: UserId(row.student_id),
            tutor: TutorId(row.tutor_id),
        },
        amount: row.amount_minor,
    });
    Ok(read.collect())
}

/// The refunds that want something back of a payout and have waited for it.
pub(in crate::payout) async fn list_waiting_refunds(
    tx: &mut PgConnection,
    id: PayoutId,
) -> Result<Vec<RefundId>> {
    let ids = sqlx::query_scalar!(
        "SELECT refund_id FROM reversals WHERE payout_id = $1 AND state = 'waiting' ORDER BY created_at, id",
        id.0
    );
    Ok(ids.fetch_all(tx).await?.into_iter().map(RefundId).collect())
}

/// What paying tutors has come to.
pub(in crate::payout) async fn count(db: &mut PgConnection) -> Result<Counts> {
    let counts = sqlx::query_as!(
        Counts,
        "SELECT count(*) FILTER (WHERE state = 'paid') AS \"paid!\",
                count(*) FILTER (WHERE state = 'pending') AS \"pending!\",
                count(*) FILTER (WHERE state = 'failed') AS \"failed!\",
                (SELECT count(*) FROM payout_accounts a WHERE (
                     SELECT p.failure FROM payouts p WHERE p.tutor_id = a.tutor_id
                     ORDER BY p.created_at DESC LIMIT 1) = 'balance_insufficient') AS \"short_of_balance!\",
                (SELECT count(*) FROM reversals WHERE state = 'failed') AS \"reversals_failed!\"
         FROM payouts"
    );
    Ok(counts.fetch_one(db).await?)
}
