//! Rows of notices.

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, ExportId, PayoutId, ThreadId, UserId},
    money::{Currency, Money},
    notice::{Choice, Quiet, Topic},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{News, Notice, Subject, quiet::Kept};
use crate::{AppError, Result, mail::Kind};

/// Writes a notice for each person who was not told of the same and wants notices of its topic; for whom it is new.
pub(super) async fn insert(
    tx: &mut PgConnection,
    people: &[UserId],
    news: &News<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let people: Vec<_> = people.iter().map(|user| user.0).collect();
    let of = About::from(news.subject);
    let told = sqlx::query_scalar!(
        "INSERT INTO notices (user_id, kind, about, booking_id, thread_id, created_at, payout_id, oauth_id,
             export_id)
         SELECT p.user_id, $2, $3, $4, $5, $6, $8, $9, $10 FROM unnest($1::uuid[]) AS p(user_id)
         WHERE NOT EXISTS (SELECT FROM refusals f
                           WHERE f.user_id = p.user_id AND f.topic = $7 AND f.channel = 'notice')
         ORDER BY p.user_id
         ON CONFLICT ON CONSTRAINT notices_once DO NOTHING
         RETURNING user_id",
        &people,
        news.kind.name(),
        news.about,
        of.booking,
        of.thread,
        now,
        news.kind.topic().map(Topic::name),
        of.payout,
        of.permission,
        of.export
    );
    Ok(told.fetch_all(tx).await?.into_iter().map(UserId).collect())
}

/// The kind of that name.
fn kind(name: String) -> Result<Kind> {
    serde_json::from_value(name.into()).map_err(AppError::fault)
}

/// What a row is about: the table says that it is one of them.
#[derive(Default)]
struct About {
    booking: Option<Uuid>,
    thread: Option<Uuid>,
    payout: Option<Uuid>,
    permission: Option<Uuid>,
    export: Option<Uuid>,
}

impl From<Subject> for About {
    fn from(subject: Subject) -> Self {
        let none = About::default();
        match subject {
            Subject::Booking(id) => About { booking: Some(id.0), ..none },
            Subject::Thread(id) => About { thread: Some(id.0), ..none },
            Subject::Payout(id) => About { payout: Some(id.0), ..none },
            Subject::Permission(id) => About { permission: Some(id), ..none },
            Subject::Export(id) => About { export: Some(id.0), ..none },
        }
    }
}

impl About {
    fn subject(self) -> Result<Subject> {
        let subject = self.booking.map(|id| Subject::Booking(BookingId(id)));
        let subject = subject.or_else(|| self.thread.map(|id| Subject::Thread(ThreadId(id))));
        let subject = subject.or_else(|| self.payout.map(|id| Subject::Payout(PayoutId(id))));
        let subject = subject.or_else(|| self.permission.map(Subject::Permission));
        let subject = subject.or_else(|| self.export.map(|id| Subject::Export(ExportId(id))));
        subject.ok_or_else(|| AppError::fault("a notice about nothing"))
    }
}

/// A person's notices, newest first.
pub(super) async fn list(
    db: &mut PgConnection,
    user: UserId,
    limit: i64,
    offset: i64,
) -> Result<Vec<Notice>> {
    let rows = sqlx::query!(
        r#"SELECT n.id, n.kind, n.booking_id, n.thread_id, n.payout_id, n.oauth_id, n.export_id, n.created_at,
                  n.read_at IS NOT NULL AS "is_read!", b.title AS "title?", b.starts_at AS "starts_at?",
                  coalesce(other.name, '') AS "other!", p.amount_minor AS "minor?", p.currency AS "currency?"
           FROM notices n
           LEFT JOIN bookings b ON b.id = n.booking_id
           LEFT JOIN chat_threads c ON c.id = n.thread_id
           LEFT JOIN payouts p ON p.id = n.payout_id
           LEFT JOIN tutors t ON t.id = coalesce(b.tutor_id, c.tutor_id)
           LEFT JOIN users other ON other.id = CASE
               WHEN t.user_id = n.user_id THEN coalesce(b.student_id, c.student_id) ELSE t.user_id END
           WHERE n.user_id = $1
           ORDER BY n.id DESC LIMIT $2 OFFSET $3"#,
        user.0,
        limit,
        offset
    );
    let rows = rows.fetch_all(db).await?.into_iter().map(|row| {
        let currency = row.currency.as_deref().map(Currency::parse).transpose().map_err(AppError::fault)?;
        let amount = row.minor.zip(currency).map(|(minor, currency)| Money { minor, currency });
        let of = About {
            booking: row.booking_id,
            thread: row.thread_id,
            payout: row.payout_id,
            permission: row.oauth_id,
            export: row.export_id,
        };
        Ok(Notice {
            id: row.id,
            kind: kind(row.kind)?,
            subject: of.subject()?,
            other: row.other,
            lesson: row.title.zip(row.starts_at),
            amount,
            created_at: row.created_at,
            is_read: row.is_read,
        })
    });
    rows.collect()
}

pub(super) async fn count(db: &mut PgConnection, user: UserId) -> Result<i64> {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM notices WHERE user_id = $1"#, user.0);
    Ok(count.fetch_one(db).await?)
}

pub(super) async fn count_unread(db: &mut PgConnection, user: UserId) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM notices WHERE user_id = $1 AND read_at IS NULL"#,
        user.0
    );
    Ok(count.fetch_one(db).await?)
}

/// Notes that a person's notice was read; what it is about.
pub(super) async fn set_read(
    db: &mut PgConnection,
    user: UserId,
    id: i64,
    now: DateTime<Utc>,
) -> Result<Option<(Kind, Subject)>> {
    let row = sqlx::query!(
        "UPDATE notices SET read_at = coalesce(read_at, $3) WHERE id = $2 AND user_id = $1
         RETURNING kind, booking_id, thread_id, payout_id, oauth_id, export_id",
        user.0,
        id,
        now
    );
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let of = About {
        booking: row.booking_id,
        thread: row.thread_id,
        payout: row.payout_id,
        permission: row.oauth_id,
        export: row.export_id,
    };
    Ok(Some((kind(row.kind)?, of.subject()?)))
}

/// Notes that all of a person's notices were read; how many were not.
pub(super) async fn set_all_read(db: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> Result<u64> {
    let read =
        sqlx::query!("UPDATE notices SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL", user.0, now);
    Ok(read.execute(db).await?.rows_affected())
}

/// What a person refuses: topics and channels.
pub(super) async fn list_refusals(db: &mut PgConnection, user: UserId) -> Result<Vec<(String, String)>> {
    let rows = sqlx::query!("SELECT topic, channel FROM refusals WHERE user_id = $1", user.0);
    Ok(rows.fetch_all(db).await?.into_iter().map(|row| (row.topic, row.channel)).collect())
}

/// Whether a person refuses something.
pub(super) async fn is_refused(db: &mut PgConnection, user: UserId, choice: Choice) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM refusals WHERE user_id = $1 AND topic = $2 AND channel = $3) AS "found!""#,
        user.0,
        choice.topic.name(),
        choice.channel.name()
    );
    Ok(found.fetch_one(db).await?)
}

/// Notes that a person refuses something.
pub(super) async fn insert_refusal(
    db: &mut PgConnection,
    user: UserId,
    choice: Choice,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO refusals (user_id, topic, channel, refused_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        user.0,
        choice.topic.name(),
        choice.channel.name(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that a person wants something.
pub(super) async fn delete_refusal(db: &mut PgConnection, user: UserId, choice: Choice) -> Result<()> {
    sqlx::query!(
        "DELETE FROM refusals WHERE user_id = $1 AND topic = $2 AND channel = $3",
        user.0,
        choice.topic.name(),
        choice.channel.name()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The quiet hours of a person, and the zone of that person.
pub(super) async fn find_quiet(db: &mut PgConnection, user: UserId) -> Result<Option<Kept>> {
    let row = sqlx::query!(
        "SELECT q.from_min, q.until_min, u.time_zone FROM quiet_hours q JOIN users u ON u.id = q.user_id
         WHERE q.user_id = $1",
        user.0
    );
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let minute = |minute: i16| u16::try_from(minute).map_err(AppError::fault);
    let hours = Quiet::new(minute(row.from_min)?, minute(row.until_min)?);
    Ok(Some(Kept { hours: hours.ok_or_else(|| AppError::fault("quiet hours"))?, zone: row.time_zone }))
}

/// Sets the quiet hours of a person.
pub(super) async fn set_quiet(db: &mut PgConnection, user: UserId, hours: Quiet) -> Result<()> {
    let minute = |minute: u16| i16::try_from(minute).map_err(AppError::fault);
    sqlx::query!(
        "INSERT INTO quiet_hours (user_id, from_min, until_min) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET from_min = excluded.from_min, until_min = excluded.until_min,
             found_at = NULL, found_in = NULL, ends_at = NULL",
        user.0,
        minute(hours.from())?,
        minute(hours.until())?
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes the quiet hours of a person.
pub(super) async fn delete_quiet(db: &mut PgConnection, user: UserId) -> Result<()> {
    sqlx::query!("DELETE FROM quiet_hours WHERE user_id = $1", user.0).execute(db).await?;
    Ok(())
}

/// Notes that a person has quiet, and until when.
pub(super) async fn set_quiet_found(
    db: &mut PgConnection,
    user: UserId,
    zone: &str,
    now: DateTime<Utc>,
    ends: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE quiet_hours SET found_at = $2, found_in = $3, ends_at = $4 WHERE user_id = $1",
        user.0,
        now,
        zone,
        ends
    )
    .execute(db)
    .await?;
    Ok(())
}
