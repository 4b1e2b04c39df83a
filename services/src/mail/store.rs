//! Rows of mails, and what they are written from.

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, MailId, PayoutId, ReconciliationId, UserId},
    money::{Currency, Money},
    payment::ChargeState,
    zone::Zone,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Mail, NewMail,
    letter::Reader,
    money::{About, CardShown, Consequence, State},
};
use crate::{AppError, Result, video};

/// Whom a mail about a booking goes to, and what it says of the lesson.
struct Row {
    subject: Uuid,
    state: String,
    amount_minor: i64,
    currency: String,
    receipt: Option<i64>,
    paid_at: Option<DateTime<Utc>>,
    title: String,
    starts_at: DateTime<Utc>,
    student: Uuid,
    email: String,
    name: String,
    locale: String,
    time_zone: String,
    tutor: String,
    brand: Option<String>,
    last4: Option<String>,
    /// The provider's word for why it was declined.
    code: Option<String>,
    /// Why it was forgiven, in an admin's words.
    note: Option<String>,
}

impl Row {
    fn about(self, booking: BookingId, state: State) -> Result<About> {
        let currency = Currency::parse(&self.currency).map_err(AppError::fault)?;
        Ok(About {
            booking,
            subject: self.subject,
            state,
            amount: Money { minor: self.amount_minor, currency },
            receipt: self.receipt.zip(self.paid_at),
            title: self.title,
            start: self.starts_at,
            reader: Reader {
                user: UserId(self.student),
                email: self.email,
                name: self.name,
                language: self.locale.parse().unwrap_or_default(),
                zone: Zone::parse(&self.time_zone).map_err(AppError::fault)?,
            },
            tutor: self.tutor,
            card: self.brand.zip(self.last4).map(|(brand, last4)| CardShown { brand, last4 }),
            note: self.note,
            asks: self.code.as_deref() == Some("authentication_required"),
        })
    }
}

/// What a mail about the charge of a booking says; `None` where there is no charge, or nobody to tell.
pub(super) async fn find_about_charge(db: &mut PgConnection, booking: BookingId) -> Result<Option<About>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT c.id AS subject, c.state, c.amount_minor, c.currency, c.receipt, c.paid_at, b.title, b.starts_at,
                s.id AS student, s.email, s.name, s.locale, s.time_zone, tu.name AS tutor,
                card.brand AS \"brand?\", card.last4 AS \"last4?\", card.code AS \"code?\",
                debt.note AS \"note?\"
         FROM charges c
         JOIN bookings b ON b.id = c.booking_id
         JOIN users s ON s.id = b.student_id AND s.deleted_at IS NULL
         JOIN tutors t ON t.id = b.tutor_id
         JOIN users tu ON tu.id = t.user_id
         LEFT JOIN student_debts debt ON debt.charge_id = c.id
         LEFT JOIN LATERAL (
             SELECT k.brand, k.last4, a.code FROM charge_attempts a JOIN cards k ON k.id = a.card_id
             WHERE a.charge_id = c.id ORDER BY a.state = 'succeeded' DESC, a.created_at DESC LIMIT 1
         ) card ON true
         WHERE c.booking_id = $1",
        booking.0
    );
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let state = ChargeState::parse(&row.state).ok_or_else(|| AppError::fault("a charge's state"))?;
    row.about(booking, State::Charge(state)).map(Some)
}

/// What a mail about the last declined deposit of a booking says; `None` where there is none, or nobody to tell.
pub(super) async fn find_about_deposit(
    db: &mut PgConnection,
    booking: BookingId,
    now: DateTime<Utc>,
) -> Result<Option<About>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT d.id AS subject,
                CASE WHEN b.state = 'confirmed' AND b.ends_at > $2 THEN 'stands'
                     WHEN b.state = 'cancelled' AND d.kind = 'prepay' THEN 'ended'
                     ELSE 'none' END AS \"state!\", d.amount_minor, d.currency, NULL::bigint AS receipt,
                NULL::timestamptz AS paid_at, b.title, b.starts_at,
                s.id AS student, s.email, s.name, s.locale, s.time_zone, tu.name AS tutor,
                k.brand AS \"brand?\", k.last4 AS \"last4?\", NULL::text AS code,
                NULL::text AS note
         FROM deposits d
         JOIN bookings b ON b.id = d.booking_id
         JOIN users s ON s.id = b.student_id AND s.deleted_at IS NULL
         JOIN tutors t ON t.id = b.tutor_id
         JOIN users tu ON tu.id = t.user_id
         LEFT JOIN cards k ON k.id = d.card_id
         WHERE d.booking_id = $1 AND d.state = 'declined' ORDER BY d.updated_at DESC LIMIT 1",
        booking.0,
        now
    );
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let consequence = match &*row.state {
        "stands" => Consequence::Stands,
        "ended" => Consequence::Ended,
        _ => Consequence::None,
    };
    row.about(booking, State::Declined(consequence)).map(Some)
}

/// What a mail about the money says that did not come back for a booking last; `None` where an admin has seen to it
/// already, or nobody is there to tell.
pub(super) async fn find_about_stuck(db: &mut PgConnection, booking: BookingId) -> Result<Option<About>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT k.id AS subject, k.kind AS state, (k.details #>> '{amount,minor}')::bigint AS \"amount_minor!\",
                k.details #>> '{amount,currency}' AS \"currency!\", NULL::bigint AS receipt,
                NULL::timestamptz AS paid_at, b.title, b.starts_at,
                s.id AS student, s.email, s.name, s.locale, s.time_zone, tu.name AS tutor,
                NULL::text AS brand, NULL::text AS last4, NULL::text AS code,
                NULL::text AS note
         FROM cases k
         JOIN bookings b ON b.id = k.booking_id
         JOIN users s ON s.id = b.student_id AND s.deleted_at IS NULL
         JOIN tutors t ON t.id = b.tutor_id
         JOIN users tu ON tu.id = t.user_id
         WHERE k.booking_id = $1 AND k.kind IN ('refund_failed', 'deposit_not_returned') AND k.closed_at IS NULL
         ORDER BY k.opened_at DESC, k.id LIMIT 1",
        booking.0
    );
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    row.about(booking, State::Stuck).map(Some)
}

/// What a mail about a payout says that was sent or refused after an instant; `None` where it was not, where the one
/// before it was refused too, or nobody is there to tell.
pub(super) async fn find_about_payout(
    db: &mut PgConnection,
    payout: PayoutId,
    after: DateTime<Utc>,
) -> Result<Option<super::payout::About>> {
    let row = sqlx::query!(
        "SELECT t.user_id, p.currency, p.amount_minor, p.failure,
                count(*) FILTER (WHERE l.correction_id IS NULL) AS \"lessons!\",
                coalesce(sum(l.amount_minor) FILTER (WHERE l.correction_id IS NULL), 0)::bigint AS \"parts!\"
         FROM payouts p JOIN tutors t ON t.id = p.tutor_id JOIN payout_lines l ON l.payout_id = p.id
         WHERE p.id = $1 AND p.finished_at > $2 AND (p.state = 'paid' OR p.state = 'failed' AND 'failed' IS DISTINCT FROM (
             SELECT g.state FROM payouts g
             WHERE g.tutor_id = p.tutor_id AND g.currency = p.currency AND (g.created_at, g.id) < (p.created_at, p.id)
             ORDER BY g.created_at DESC, g.id DESC LIMIT 1))
         GROUP BY t.user_id, p.id",
        payout.0,
        after
    );
    let Some(row) = row.fetch_optional(&mut *db).await? else { return Ok(None) };
    let Some(reader) = find_reader(db, UserId(row.user_id)).await? else { return Ok(None) };
    let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
    let amount = Money { minor: row.amount_minor, currency };
    Ok(Some(super::payout::About {
        reader,
        amount,
        lessons: row.lessons,
        parts: row.parts,
        failure: row.failure,
    }))
}

/// What a mail about a permission that ended says; `None` where it was given again, nothing needs it, or nobody is there
/// to tell.
pub(super) async fn find_about_permission(
    db: &mut PgConnection,
    permission: Uuid,
) -> Result<Option<super::permission::About>> {
    let row = sqlx::query!(
        "SELECT o.user_id, o.renewed_at, coalesce(v.login, a.login) AS \"login!\", v.provider AS \"video?\"
         FROM oauth_connections o
         LEFT JOIN video_connections v ON v.oauth_id = o.id
         LEFT JOIN calendar_accounts a ON a.oauth_id = o.id
         WHERE o.id = $1 AND o.state = 'needs_reauth' AND coalesce(v.login, a.login) IS NOT NULL",
        permission
    );
    let Some(row) = row.fetch_optional(&mut *db).await? else { return Ok(None) };
    let Some(reader) = find_reader(db, UserId(row.user_id)).await? else { return Ok(None) };
    let video = row.video.as_deref().and_then(video::Kind::parse);
    Ok(Some(super::permission::About { reader, login: row.login, video, since: row.renewed_at }))
}

/// What a mail about a refund says, by the event that it was given; `None` where it failed since, or nobody is there to
/// tell.
pub(super) async fn find_about_refund(
    db: &mut PgConnection,
    event: i64,
) -> Result<Option<super::refund::About>> {
    let row = sqlx::query!(
        "SELECT r.id, r.amount_minor, r.reason, c.currency, b.id AS booking, b.title, b.student_id, tu.name AS tutor,
                card.brand AS \"brand?\", card.last4 AS \"last4?\"
         FROM outbox o JOIN refunds r ON r.id = (o.payload ->> 'refund_id')::uuid AND r.state = 'succeeded'
         JOIN charges c ON c.id = r.charge_id JOIN bookings b ON b.id = c.booking_id
         JOIN tutors t ON t.id = b.tutor_id JOIN users tu ON tu.id = t.user_id
         LEFT JOIN LATERAL (
             SELECT k.brand, k.last4 FROM charge_attempts a JOIN cards k ON k.id = a.card_id
             WHERE a.charge_id = c.id AND a.state = 'succeeded' LIMIT 1
         ) card ON true
         WHERE o.id = $1",
        event
    );
    let Some(row) = row.fetch_optional(&mut *db).await? else { return Ok(None) };
    let Some(reader) = find_reader(db, UserId(row.student_id)).await? else { return Ok(None) };
    let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
    Ok(Some(super::refund::About {
        booking: BookingId(row.booking),
        subject: row.id.to_string(),
        reader,
        amount: Money { minor: row.amount_minor, currency },
        title: row.title,
        tutor: row.tutor,
        reason: row.reason,
        card: row.brand.zip(row.last4),
    }))
}

/// What a mail says about what a comparison found; `None` where none of it is open any more.
pub(super) async fn find_about_differences(
    db: &mut PgConnection,
    run: ReconciliationId,
) -> Result<Option<super::reconciliation::About>> {
    let row = sqlx::query!(
        "SELECT count(*) FILTER (WHERE found_by = $1) AS \"found!\", count(*) AS \"open!\" FROM differences
         WHERE closed_at IS NULL",
        run.0
    );
    let row = row.fetch_one(db).await?;
    let about = super::reconciliation::About { found: row.found, open: row.open };
    Ok(Some(about).filter(|about| about.found > 0))
}

/// What a mail says about money that did not arrive; `None` where an admin has seen to its case already.
pub(super) async fn find_about_case(
    db: &mut PgConnection,
    case: Uuid,
) -> Result<Option<super::stuck::About>> {
    let row = sqlx::query!(
        "SELECT k.kind, (k.details #>> '{amount,minor}')::bigint AS \"minor!\",
                k.details #>> '{amount,currency}' AS \"currency!\", k.details ->> 'why' AS \"why!\",
                b.title, b.starts_at, s.name AS student, tu.name AS tutor
         FROM cases k
         JOIN bookings b ON b.id = k.booking_id
         JOIN users s ON s.id = b.student_id
         JOIN tutors t ON t.id = b.tutor_id
         JOIN users tu ON tu.id = t.user_id
         WHERE k.id = $1 AND k.closed_at IS NULL",
        case
    );
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
    Ok(Some(super::stuck::About {
        kind: row.kind,
        amount: Money { minor: row.minor, currency },
        title: row.title,
        start: row.starts_at,
        student: row.student,
        tutor: row.tutor,
        why: row.why,
    }))
}

/// All admins, to write to.
pub(super) async fn list_admin_readers(db: &mut PgConnection) -> Result<Vec<Reader>> {
    let rows = sqlx::query!(
        "SELECT id, email, name, locale, time_zone FROM users WHERE role = 'admin' AND deleted_at IS NULL ORDER BY id"
    );
    let read = rows.fetch_all(db).await?.into_iter().map(|row| {
        let zone = Zone::parse(&row.time_zone).map_err(AppError::fault)?;
        let language = row.locale.parse().unwrap_or_default();
        Ok(Reader { user: UserId(row.id), email: row.email, name: row.name, language, zone })
    });
    read.collect()
}

/// A person to write to; `None` for one who is gone.
pub(super) async fn find_reader(db: &mut PgConnection, user: UserId) -> Result<Option<Reader>> {
    let row = sqlx::query!(
        "SELECT email, name, locale, time_zone FROM users WHERE id = $1 AND deleted_at IS NULL",
        user.0
    );
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let zone = Zone::parse(&row.time_zone).map_err(AppError::fault)?;
    let language = row.locale.parse().unwrap_or_default();
    Ok(Some(Reader { user, email: row.email, name: row.name, language, zone }))
}

/// Keeps a mail; `false` where one about the same is kept already.
pub(super) async fn insert(
    tx: &mut PgConnection,
    id: MailId,
    message_id: &str,
    new: &NewMail<'_>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO mails (id, user_id, kind, dedupe_key, to_address, locale, subject, html, text, message_id,
             created_at, calendar, calendar_method, useful_until, reminds_of, reminds_sequence, unsubscribe,
             waits_in, waits_from)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
         ON CONFLICT (dedupe_key) DO NOTHING",
        id.0,
        new.reader.user.0,
        new.kind.name(),
        new.dedupe_key(),
        new.reader.email,
        new.reader.language.tag(),
        new.letter.subject,
        new.letter.html,
        new.letter.text,
        message_id,
        now,
        new.calendar.map(|calendar| &*calendar.text),
        new.calendar.map(|calendar| calendar.method.name()),
        new.useful_until,
        new.reminds_of.map(|(booking, _)| booking.0),
        new.reminds_of.map(|(_, sequence)| sequence),
        new.unsubscribe,
        new.waits_in.map(|(thread, _)| thread.0),
        new.waits_in.map(|(_, message)| message)
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The newest mails.
pub(super) async fn list(db: &mut PgConnection, limit: i64) -> Result<Vec<Mail>> {
    let mails = sqlx::query_as!(
        Mail,
        "SELECT id, kind, to_address AS \"to\", subject, text, html, locale, calendar, calendar_method, unsubscribe, message_id,
                created_at, sent_at
         FROM mails ORDER BY created_at DESC, id LIMIT $1",
        limit
    );
    Ok(mails.fetch_all(db).await?)
}

/// A mail that the mail server has neither taken yet nor refused for good, and that is still of use: a reminder only
/// while the booking stands as it did, news of messages only while they are unread.
pub(super) async fn find_unsent(
    db: &mut PgConnection,
    id: MailId,
    now: DateTime<Utc>,
) -> Result<Option<(UserId, Mail)>> {
    let mail = sqlx::query_as!(
        Mail,
        "SELECT id, kind, to_address AS \"to\", subject, text, html, locale, calendar, calendar_method, unsubscribe, message_id,
                created_at, sent_at
         FROM mails m
         WHERE id = $1 AND sent_at IS NULL AND refused_at IS NULL AND (useful_until IS NULL OR useful_until > $2)
           AND (reminds_of IS NULL OR EXISTS (
               SELECT FROM bookings b
               WHERE b.id = m.reminds_of AND b.sequence = m.reminds_sequence AND b.state = 'confirmed'))
           AND (waits_in IS NULL OR EXISTS (
               SELECT FROM chat_members c
               WHERE c.thread_id = m.waits_in AND c.user_id = m.user_id AND c.read_to < m.waits_from))",
        id.0,
        now
    );
    let Some(mail) = mail.fetch_optional(&mut *db).await? else { return Ok(None) };
    let reader = sqlx::query_scalar!("SELECT user_id FROM mails WHERE id = $1", id.0).fetch_one(db).await?;
    Ok(Some((UserId(reader), mail)))
}

/// Keeps a mail back until an instant.
pub(super) async fn set_held(db: &mut PgConnection, id: MailId, until: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE mails SET held_until = $2 WHERE id = $1 AND sent_at IS NULL", id.0, until)
        .execute(db)
        .await?;
    Ok(())
}

/// Takes mails that were kept back until now; those that another server takes are left to it.
pub(super) async fn release_held(
    tx: &mut PgConnection,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<MailId>> {
    let released = sqlx::query_scalar!(
        "UPDATE mails SET held_until = NULL WHERE id IN (
             SELECT id FROM mails WHERE held_until <= $2 ORDER BY held_until LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING id",
        limit,
        now
    );
    Ok(released.fetch_all(tx).await?.into_iter().map(MailId).collect())
}

/// Notes that the mail server took a mail. What stands for a person is then kept by nobody but the reader.
pub(super) async fn set_sent(db: &mut PgConnection, id: MailId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE mails SET sent_at = $2, attempts = attempts + 1, error = NULL,
             text = CASE WHEN kind IN ('verify_email', 'sign_in_link') THEN '' ELSE text END,
             html = CASE WHEN kind IN ('verify_email', 'sign_in_link') THEN '' ELSE html END
         WHERE id = $1 AND sent_at IS NULL",
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

/// Notes that nobody has the address, and what the mail server said. What stands for a person is then kept by nobody.
pub(super) async fn set_refused(
    db: &mut PgConnection,
    id: MailId,
    error: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE mails SET refused_at = $3, attempts = attempts + 1, error = $2,
             text = CASE WHEN kind IN ('verify_email', 'sign_in_link') THEN '' ELSE text END,
             html = CASE WHEN kind IN ('verify_email', 'sign_in_link') THEN '' ELSE html END
         WHERE id = $1 AND sent_at IS NULL",
        id.0,
        error,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How many mails nobody has the address of.
pub(super) async fn count_refused(db: &mut PgConnection) -> Result<i64> {
    let count = sqlx::query_scalar!("SELECT count(*) AS \"count!\" FROM mails WHERE refused_at IS NOT NULL");
    Ok(count.fetch_one(db).await?)
}
