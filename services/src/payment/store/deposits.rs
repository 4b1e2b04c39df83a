//! Rows of deposits.

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, DepositId},
    money::{Currency, Money},
    payment::Collection,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{AppError, Result};

/// A deposit as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Deposit {
    pub id: DepositId,
    pub booking: BookingId,
    pub kind: Collection,
    pub amount: Money,
    pub state: DepositState,
    pub card: Option<String>,
    pub intent: Option<String>,
    /// Until when it can be captured, for an authorization.
    pub capture_before: Option<DateTime<Utc>>,
    /// What the charge took, minor units.
    pub used: i64,
    /// What was given back, minor units.
    pub returned: i64,
    /// Under which key it is given back.
    pub return_key: Uuid,
    /// Since when the bank is being asked.
    pub asked_at: Option<DateTime<Utc>>,
}

/// What became of a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DepositState {
    Scheduled,
    Secured,
    Declined,
    Used,
    Released,
}

impl DepositState {
    const ALL: [(DepositState, &'static str); 5] = [
        (DepositState::Scheduled, "scheduled"),
        (DepositState::Secured, "secured"),
        (DepositState::Declined, "declined"),
        (DepositState::Used, "used"),
        (DepositState::Released, "released"),
    ];

    fn name(self) -> &'static str {
        DepositState::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    fn parse(text: &str) -> Result<Self> {
        let found = DepositState::ALL.iter().find(|(_, name)| *name == text);
        found.map(|(state, _)| *state).ok_or_else(|| AppError::fault("a deposit's state"))
    }
}

struct Row {
    id: Uuid,
    booking_id: Uuid,
    kind: String,
    currency: String,
    amount_minor: i64,
    state: String,
    card_id: Option<String>,
    payment_intent: Option<String>,
    capture_before: Option<DateTime<Utc>>,
    used_minor: i64,
    returned_minor: i64,
    return_id: Option<Uuid>,
    handed_out_at: Option<DateTime<Utc>>,
}

impl Row {
    fn parse(self) -> Result<Deposit> {
        let currency = Currency::parse(&self.currency).map_err(AppError::fault)?;
        Ok(Deposit {
            id: DepositId(self.id),
            booking: BookingId(self.booking_id),
            kind: Collection::parse(&self.kind).ok_or_else(|| AppError::fault("a deposit's kind"))?,
            amount: Money { minor: self.amount_minor, currency },
            state: DepositState::parse(&self.state)?,
            card: self.card_id,
            intent: self.payment_intent,
            capture_before: self.capture_before,
            used: self.used_minor,
            returned: self.returned_minor,
            return_key: self.return_id.unwrap_or(self.id),
            asked_at: self.handed_out_at,
        })
    }
}

/// Plans a deposit; nothing where the booking has one that counts.
pub(crate) async fn insert_deposit(
    tx: &mut PgConnection,
    id: DepositId,
    booking: BookingId,
    kind: Collection,
    amount: Money,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO deposits (id, booking_id, kind, currency, amount_minor, state, due_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, 'scheduled', $6, $7, $7)
         ON CONFLICT (booking_id) WHERE state IN ('scheduled', 'secured') DO NOTHING",
        id.0,
        booking.0,
        kind.name(),
        amount.currency.code(),
        amount.minor,
        due,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A deposit that nobody else changes until the end of the transaction.
pub(crate) async fn find_deposit(tx: &mut PgConnection, id: DepositId) -> Result<Option<Deposit>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, booking_id, kind, currency, amount_minor, state, card_id, payment_intent, capture_before,
                used_minor, returned_minor, return_id, handed_out_at
         FROM deposits WHERE id = $1 FOR UPDATE",
        id.0
    );
    row.fetch_optional(tx).await?.map(Row::parse).transpose()
}

/// The deposit of a booking that counts, planned or secured, which nobody else changes until the end of the transaction.
pub(crate) async fn find_active_deposit(
    tx: &mut PgConnection,
    booking: BookingId,
) -> Result<Option<Deposit>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, booking_id, kind, currency, amount_minor, state, card_id, payment_intent, capture_before,
                used_minor, returned_minor, return_id, handed_out_at
         FROM deposits WHERE booking_id = $1 AND state IN ('scheduled', 'secured') FOR UPDATE",
        booking.0
    );
    row.fetch_optional(tx).await?.map(Row::parse).transpose()
}

/// Takes deposits that are due; each is handed out once, whoever asks.
pub(crate) async fn take_due_deposits(
    tx: &mut PgConnection,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<DepositId>> {
    let ids = sqlx::query_scalar!(
        "UPDATE deposits SET handed_out_at = $2 WHERE id IN (
             SELECT id FROM deposits WHERE state = 'scheduled' AND handed_out_at IS NULL AND due_at <= $2
             ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING id",
        limit,
        now
    );
    Ok(ids.fetch_all(tx).await?.into_iter().map(DepositId).collect())
}

/// Notes the card that is about to be asked.
pub(crate) async fn set_deposit_card(tx: &mut PgConnection, id: DepositId, card: &str) -> Result<()> {
    sqlx::query!("UPDATE deposits SET card_id = $2 WHERE id = $1", id.0, card).execute(tx).await?;
    Ok(())
}

/// Notes what the card's bank has set aside or paid.
pub(crate) async fn set_deposit_payment(
    tx: &mut PgConnection,
    id: DepositId,
    intent: &str,
    capture_before: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE deposits SET payment_intent = $2, capture_before = $3, updated_at = $4 WHERE id = $1",
        id.0,
        intent,
        capture_before,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes what became of a deposit; `used` is what the charge took, minor units.
pub(crate) async fn set_deposit_state(
    tx: &mut PgConnection,
    id: DepositId,
    state: DepositState,
    used: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE deposits SET state = $2, used_minor = $3, updated_at = $4 WHERE id = $1",
        id.0,
        state.name(),
        used,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The deposit that is given back under a key.
pub(crate) async fn find_deposit_by_return(tx: &mut PgConnection, key: Uuid) -> Result<Option<Deposit>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, booking_id, kind, currency, amount_minor, state, card_id, payment_intent, capture_before,
                used_minor, returned_minor, return_id, handed_out_at
         FROM deposits WHERE return_id = $1 OR (id = $1 AND return_id IS NULL)",
        key
    );
    row.fetch_optional(tx).await?.map(Row::parse).transpose()
}

/// Has a deposit given back under another key.
pub(crate) async fn set_return_key(
    tx: &mut PgConnection,
    id: DepositId,
    key: Uuid,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!("UPDATE deposits SET return_id = $2, updated_at = $3 WHERE id = $1", id.0, key, now)
        .execute(tx)
        .await?;
    Ok(())
}

/// Notes that an authorization was captured without us, so much of it (minor units): it is what was paid ahead.
pub(crate) async fn set_deposit_captured(
    tx: &mut PgConnection,
    id: DepositId,
    minor: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE deposits SET kind = 'prepay', amount_minor = $2, capture_before = NULL, updated_at = $3 WHERE id = $1",
        id.0,
        minor,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes what was given back.
pub(crate) async fn set_deposit_returned(
    tx: &mut PgConnection,
    id: DepositId,
    returned: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE deposits SET returned_minor = $2, updated_at = $3 WHERE id = $1",
        id.0,
        returned,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}
