//! Rows of mails, and what they are written from.

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, ChargeId, MailId, UserId},
    money::{Currency, Money},
    payment::ChargeState,
    zone::Zone,
};
use sqlx::PgConnection;

use super::{
    Mail, NewMail,
    compose::{About, CardShown},
};
use crate::{AppError, Result};

/// What a mail about the charge of a booking says; `None` where there is no charge, or nobody to tell.
pub(super) async fn find_about(db: &mut PgConnection, booking: BookingId) -> Result<Option<About>> {
    let row = sqlx::query!(
        "SELECT c.id, c.state, c.amount_minor, c.currency, c.receipt, c.paid_at, b.title, b.starts_at,
                s.id AS student, s.email, s.name, s.locale, s.time_zone, tu.name AS tutor,
                card.brand AS \"brand?\", card.last4 AS \"last4?\"
         FROM charges c
         JOIN bookings b ON b.id = c.booking_id
         JOIN users s ON s.id = b.student_id AND s.deleted_at IS NULL
         JOIN tutors t ON t.id = b.tutor_id
         JOIN users tu ON tu.id = t.user_id
         LEFT JOIN LATERAL (
             SELECT k.brand, k.last4 FROM charge_attempts a JOIN cards k ON k.id = a.card_id
             WHERE a.charge_id = c.id ORDER BY a.state = 'succeeded' DESC, a.created_at DESC LIMIT 1
         ) card ON true
         WHERE c.booking_id = $1",
        booking.0
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
    Ok(Some(About {
        booking,
        charge: ChargeId(row.id),
        state: ChargeState::parse(&row.state).ok_or_else(|| AppError::fault("a charge's state"))?,
        amount: Money { minor: row.amount_minor, currency },
        receipt: row.receipt.zip(row.paid_at),
        title: row.title,
        start: row.starts_at,
        student: UserId(row.student),
        email: row.email,
        name: row.name,
        language: row.locale.parse().unwrap_or_default(),
        zone: Zone::parse(&row.time_zone).map_err(AppError::fault)?,
        tutor: row.tutor,
        card: row.brand.zip(row.last4).map(|(brand, last4)| CardShown { brand, last4 }),
    }))
}

/// Keeps a mail; `false` where one about the same is kept already.
pub(super) async fn insert(tx: &mut PgConnection, user: UserId, new: &NewMail<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO mails (id, user_id, kind, dedupe_key, to_address, locale, subject, html, text, message_id,
             created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (dedupe_key) DO NOTHING",
        new.id.0,
        user.0,
        new.kind.name(),
        new.dedupe_key,
        new.to,
        new.language.tag(),
        new.letter.subject,
        new.letter.html,
        new.letter.text,
        new.message_id,
        new.now
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The newest mails.
pub(super) async fn list(db: &mut PgConnection, limit: i64) -> Result<Vec<Mail>> {
    let mails = sqlx::query_as!(
        Mail,
        "SELECT id, kind, to_address AS \"to\", subject, text, html, locale, message_id, created_at, sent_at
         FROM mails ORDER BY created_at DESC, id LIMIT $1",
        limit
    );
    Ok(mails.fetch_all(db).await?)
}

/// A mail that the mail server has not taken yet.
pub(super) async fn find_unsent(db: &mut PgConnection, id: MailId) -> Result<Option<Mail>> {
    let mail = sqlx::query_as!(
        Mail,
        "SELECT id, kind, to_address AS \"to\", subject, text, html, locale, message_id, created_at, sent_at
         FROM mails WHERE id = $1 AND sent_at IS NULL",
        id.0
    );
    Ok(mail.fetch_optional(db).await?)
}

/// Notes that the mail server took a mail.
pub(super) async fn set_sent(db: &mut PgConnection, id: MailId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE mails SET sent_at = $2, attempts = attempts + 1, error = NULL WHERE id = $1 AND sent_at IS NULL",
        id.0,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes what a try failed with.
pub(super) async fn set_failed(db: &mut PgConnection, id: MailId, error: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE mails SET attempts = attempts + 1, error = $2 WHERE id = $1 AND sent_at IS NULL",
        id.0,
        error
    )
    .execute(db)
    .await?;
    Ok(())
}
