//! What mails about bookings are written from.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{BookingId, UserId},
    money::{Currency, Money},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Event, dispute, due::To};
use crate::{AppError, Result, mail::Kind};

/// An event of a booking.
pub(super) async fn find_event(db: &mut PgConnection, id: i64) -> Result<Option<Event>> {
    let row = sqlx::query!("SELECT kind, booking_id, payload FROM outbox WHERE id = $1", id);
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let Some(of) = row.booking_id else { return Ok(None) };
    let told = serde_json::from_value(row.payload).map_err(AppError::fault)?;
    Ok(Some(Event { kind: row.kind, booking: BookingId(of), told }))
}

/// An event of a dispute.
pub(super) async fn find_dispute_event(db: &mut PgConnection, id: i64) -> Result<Option<dispute::Event>> {
    let row = sqlx::query!("SELECT kind, booking_id, payload FROM outbox WHERE id = $1", id);
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let Some(of) = row.booking_id else { return Ok(None) };
    let told = serde_json::from_value(row.payload).map_err(AppError::fault)?;
    Ok(Some(dispute::Event { kind: row.kind, booking: BookingId(of), told }))
}

/// Whether a booking was paid ahead and nothing of that is taken.
pub(super) async fn is_given_back(db: &mut PgConnection, booking: BookingId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM deposits WHERE booking_id = $1 AND kind = 'prepay' AND state = 'released'
             AND payment_intent IS NOT NULL) AS \"found!\"",
        booking.0
    );
    Ok(found.fetch_one(db).await?)
}

/// What the outcome of a lesson costs; `None` where nothing is charged.
pub(super) async fn find_charged(db: &mut PgConnection, booking: BookingId) -> Result<Option<Money>> {
    let row = sqlx::query!(
        "SELECT amount_minor, currency FROM charges
         WHERE booking_id = $1 AND amount_minor > 0 AND state IN ('scheduled', 'debt', 'paid')",
        booking.0
    );
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
    Ok(Some(Money { minor: row.amount_minor, currency }))
}

/// Whom to remind of a lesson that starts within `ahead` and not within `least`, the earliest first. Whose booking was
/// confirmed or moved there when the reminder was due already is not reminded (what is only noted in its history leaves
/// it as it is); who has quiet is not yet, where it can wait.
pub(super) async fn list_to_remind(
    db: &mut PgConnection,
    kind: Kind,
    (ahead, least): (TimeDelta, TimeDelta),
    except: &[Uuid],
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<To>> {
    let rows = sqlx::query!(
        "SELECT b.id AS booking, u.id AS user_id
         FROM bookings b
         JOIN tutors t ON t.id = b.tutor_id
         JOIN users u ON u.id IN (b.student_id, t.user_id) AND u.deleted_at IS NULL
         WHERE b.state = 'confirmed' AND b.starts_at > $2 AND b.starts_at <= $3 AND b.id <> ALL($4)
           AND $5 < b.starts_at - coalesce((SELECT max(h.at) FROM booking_history h
                                            WHERE h.booking_id = b.id AND h.to_state = 'confirmed'
                                              AND (h.from_state IS DISTINCT FROM h.to_state
                                                   OR h.details -> 'new' IS NOT NULL)), b.created_at)
           AND NOT ($7 AND EXISTS (SELECT FROM quiet_hours q
                           WHERE q.user_id = u.id AND q.found_in = u.time_zone AND q.found_at <= $8 AND q.ends_at > $8))
           AND (NOT EXISTS (SELECT FROM mails m
                            WHERE m.dedupe_key = $1 || '/' || b.id || '/' || b.sequence || '/' || u.id)
                    AND NOT EXISTS (SELECT FROM refusals f
                                    WHERE f.user_id = u.id AND f.topic = 'reminders' AND f.channel = 'mail')
                OR NOT EXISTS (SELECT FROM notices n
                               WHERE n.user_id = u.id AND n.kind = $1
                                 AND n.about = b.id || '/' || b.sequence || '/' || u.id)
                    AND NOT EXISTS (SELECT FROM refusals f
                                    WHERE f.user_id = u.id AND f.topic = 'reminders' AND f.channel = 'notice')
                OR EXISTS (SELECT FROM push_devices d WHERE d.user_id = u.id)
                    AND NOT EXISTS (SELECT FROM pushes p
                                    WHERE p.user_id = u.id AND p.kind = $1
                                      AND p.about = b.id || '/' || b.sequence || '/' || u.id)
                    AND NOT EXISTS (SELECT FROM refusals f
                                    WHERE f.user_id = u.id AND f.topic = 'reminders' AND f.channel = 'push'))
         ORDER BY b.starts_at, b.id LIMIT $6",
        kind.name(),
        now + least,
        now + ahead,
        except,
        ahead as TimeDelta,
        limit,
        kind.can_wait(),
        now
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    Ok(rows.map(|row| To { booking: BookingId(row.booking), user: UserId(row.user_id) }).collect())
}

/// Whom to ask how a lesson was that ended in a span of time, the earliest first: its student, where it can be rated
/// (`domain::booking::BookingState::Completed`, as `review::rate` has it: whoever pressed "join", it is paid for), once
/// for the last of the lessons with a tutor, unless it is rated; who has quiet is not yet.
pub(super) async fn list_to_ask(
    db: &mut PgConnection,
    kind: Kind,
    (after, until): (DateTime<Utc>, DateTime<Utc>),
    except: &[Uuid],
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<To>> {
    let rows = sqlx::query!(
        "SELECT b.id AS booking, u.id AS user_id
         FROM bookings b
         JOIN users u ON u.id = b.student_id AND u.deleted_at IS NULL
         WHERE b.state = 'completed' AND b.ends_at > $2 AND b.ends_at <= $3 AND b.id <> ALL($4)
           AND NOT EXISTS (SELECT FROM ratings r WHERE r.booking_id = b.id)
           AND NOT EXISTS (SELECT FROM bookings later
                           WHERE later.student_id = b.student_id AND later.tutor_id = b.tutor_id
                             AND later.state = 'completed' AND later.ends_at > b.ends_at AND later.ends_at <= $3)
           AND NOT EXISTS (SELECT FROM quiet_hours q
                           WHERE q.user_id = u.id AND q.found_in = u.time_zone AND q.found_at <= $5 AND q.ends_at > $5)
           AND (NOT EXISTS (SELECT FROM mails m
                            WHERE m.dedupe_key = $1 || '/' || b.id || '/' || b.sequence || '/' || u.id)
                    AND NOT EXISTS (SELECT FROM refusals f
                                    WHERE f.user_id = u.id AND f.topic = 'questions' AND f.channel = 'mail')
                OR NOT EXISTS (SELECT FROM notices n
                               WHERE n.user_id = u.id AND n.kind = $1
                                 AND n.about = b.id || '/' || b.sequence || '/' || u.id)
                    AND NOT EXISTS (SELECT FROM refusals f
                                    WHERE f.user_id = u.id AND f.topic = 'questions' AND f.channel = 'notice')
                OR EXISTS (SELECT FROM push_devices d WHERE d.user_id = u.id)
                    AND NOT EXISTS (SELECT FROM pushes p
                                    WHERE p.user_id = u.id AND p.kind = $1
                                      AND p.about = b.id || '/' || b.sequence || '/' || u.id)
                    AND NOT EXISTS (SELECT FROM refusals f
                                    WHERE f.user_id = u.id AND f.topic = 'questions' AND f.channel = 'push'))
         ORDER BY b.ends_at, b.id LIMIT $6",
        kind.name(),
        after,
        until,
        except,
        now,
        limit
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    Ok(rows.map(|row| To { booking: BookingId(row.booking), user: UserId(row.user_id) }).collect())
}
