//! Rows of charges, refunds and cases as lists show them.

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, UserId},
    money::{Currency, Money},
    payment::ChargeState,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    AppError, Result,
    payment::{Case, Charged, RefundRow},
};

/// The charges of these bookings, of one person's only where one is named.
pub(crate) async fn list_charged(
    db: &mut PgConnection,
    bookings: &[Uuid],
    whose: Option<UserId>,
) -> Result<Vec<Charged>> {
    let rows = sqlx::query!(
        "SELECT c.booking_id, c.state, c.currency, c.amount_minor, c.refunded_minor
         FROM charges c JOIN bookings b ON b.id = c.booking_id JOIN tutors t ON t.id = b.tutor_id
         WHERE c.booking_id = ANY($1) AND ($2::uuid IS NULL OR $2 IN (b.student_id, t.user_id))",
        bookings,
        whose.map(|user| user.0)
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| {
        let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
        Ok(Charged {
            booking: BookingId(row.booking_id),
            state: ChargeState::parse(&row.state).ok_or_else(|| AppError::fault("a charge's state"))?,
            amount: Money { minor: row.amount_minor, currency },
            refunded: row.refunded_minor,
        })
    });
    read.collect()
}

/// The refunds of a booking, oldest first.
pub(crate) async fn list_refunds(db: &mut PgConnection, booking: BookingId) -> Result<Vec<RefundRow>> {
    let rows = sqlx::query!(
        "SELECT r.amount_minor, c.currency, r.reason, r.chargeback_id, r.state, r.created_at
         FROM refunds r JOIN charges c ON c.id = r.charge_id
         WHERE c.booking_id = $1 ORDER BY r.created_at, r.id",
        booking.0
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| {
        let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
        let amount = Money { minor: row.amount_minor, currency };
        let by_bank = row.chargeback_id.is_some();
        Ok(RefundRow { amount, reason: row.reason, by_bank, status: row.state, at: row.created_at })
    });
    read.collect()
}

/// The cases that nobody has closed, oldest first. What came up about a
/// lesson that is disputed is decided with the dispute; money that did not arrive is not.
pub(crate) async fn list_cases(db: &mut PgConnection) -> Result<Vec<Case>> {
    let rows = sqlx::query!(
        "SELECT c.id, c.booking_id, b.title, c.kind, c.details->'amount' AS amount, c.opened_at FROM cases c JOIN bookings b ON b.id = c.booking_id
         WHERE c.closed_at IS NULL
           AND NOT (c.about IS NULL AND EXISTS (SELECT FROM disputes d WHERE d.booking_id = c.booking_id AND d.state = 'open'))
         ORDER BY c.opened_at, c.id LIMIT 100"
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| Case {
        id: row.id,
        booking: BookingId(row.booking_id),
        title: row.title,
        kind: row.kind,
        amount: row.amount.and_then(|amount| serde_json::from_value(amount).ok()),
        opened_at: row.opened_at,
    });
    Ok(read.collect())
}

/// Closes a case; `false` where it is not open.
pub(crate) async fn close_case(
    db: &mut PgConnection,
    id: Uuid,
    admin: UserId,
    note: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let closed = sqlx::query!(
        "UPDATE cases SET closed_at = $4, closed_by = $2, note = $3 WHERE id = $1 AND closed_at IS NULL",
        id,
        admin.0,
        note,
        now
    );
    Ok(closed.execute(db).await?.rows_affected() == 1)
}

/// Closes the cases of a booking with the decision of its dispute, but for money that did not arrive.
pub(crate) async fn close_cases(
    tx: &mut PgConnection,
    booking: BookingId,
    admin: UserId,
    note: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE cases SET closed_at = $4, closed_by = $2, note = $3
         WHERE booking_id = $1 AND closed_at IS NULL AND about IS NULL",
        booking.0,
        admin.0,
        note,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}
