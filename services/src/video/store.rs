//! Rows of accounts with video providers, and of the meetings that are made there.

use chrono::{DateTime, Utc};
use domain::{
    booking::BookingState,
    ids::{BookingId, TutorId, UserId},
};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Kind, Made, Wanted,
    arrange::{Account, Row, View},
    connections::{Known, Owner},
    standing::{Place, Work},
    webhook::{Meeting, Message, Stored, Told},
};
use crate::{AppError, Result, busy::Problem, tutor::Provider};

/// An account as its tutor sees it.
pub(super) struct Listed {
    pub provider: String,
    pub login: String,
    pub is_active: bool,
}

/// The accounts of a tutor.
pub(super) async fn list(db: &mut PgConnection, tutor: TutorId) -> Result<Vec<Listed>> {
    let rows = sqlx::query_as!(
        Listed,
        "SELECT v.provider, v.login, o.state = 'active' AS \"is_active!\"
         FROM video_connections v JOIN oauth_connections o ON o.id = v.oauth_id WHERE v.tutor_id = $1",
        tutor.0
    );
    Ok(rows.fetch_all(db).await?)
}

/// An account of a tutor.
pub(super) async fn find(db: &mut PgConnection, tutor: TutorId, kind: Kind) -> Result<Option<Known>> {
    let row = sqlx::query_as!(
        Known,
        "SELECT account, oauth_id AS oauth FROM video_connections WHERE tutor_id = $1 AND provider = $2",
        tutor.0,
        kind.name()
    );
    Ok(row.fetch_optional(db).await?)
}

/// Writes an account.
pub(super) async fn insert(
    tx: &mut PgConnection,
    tutor: TutorId,
    kind: Kind,
    owner: &Owner,
    oauth: Uuid,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO video_connections (tutor_id, provider, account, login, oauth_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        tutor.0,
        kind.name(),
        owner.account,
        owner.login,
        oauth,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives an account the name by which its owner knows it now.
pub(super) async fn set_login(tx: &mut PgConnection, tutor: TutorId, kind: Kind, login: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE video_connections SET login = $3 WHERE tutor_id = $1 AND provider = $2",
        tutor.0,
        kind.name(),
        login
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether a tutor's lessons can take place there, as far as accounts are concerned.
pub(crate) async fn works(db: &mut PgConnection, tutor: TutorId, provider: &Provider) -> Result<bool> {
    let works = sqlx::query_scalar!("SELECT provider_works($1, $2) AS \"works!\"", tutor.0, provider.name());
    Ok(works.fetch_one(db).await?)
}

/// The lessons to come of a tutor that have a meeting, or should. One that is asked for may be confirmed at this moment.
pub(super) async fn list_bookings(
    tx: &mut PgConnection,
    tutor: TutorId,
    now: DateTime<Utc>,
) -> Result<Vec<BookingId>> {
    let ids = sqlx::query_scalar!(
        "SELECT b.id FROM bookings b JOIN tutors t ON t.id = b.tutor_id
         WHERE b.tutor_id = $1 AND b.ends_at > $2
           AND (b.state IN ('requested', 'confirmed') AND t.provider IN ('zoom', 'google_meet')
               OR EXISTS (SELECT FROM meetings m WHERE m.booking_id = b.id))",
        tutor.0,
        now
    );
    Ok(ids.fetch_all(tx).await?.into_iter().map(BookingId).collect())
}

/// Takes over the work on a lesson's meetings; `false` while somebody else has it. Far later than `until` nobody should
/// have it: then the clock was set back.
pub(super) async fn take_lease(
    db: &mut PgConnection,
    booking: BookingId,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool> {
    let taken = sqlx::query!(
        "INSERT INTO meeting_work AS w (booking_id, working_until) VALUES ($1, $3)
         ON CONFLICT (booking_id) DO UPDATE SET working_until = $3
             WHERE w.working_until IS NULL OR w.working_until <= $2 OR w.working_until > $4",
        booking.0,
        now,
        until,
        until + (until - now)
    )
    .execute(db)
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// Keeps the work on a lesson's meetings for longer; `false` where somebody else took it over.
pub(super) async fn renew_lease(
    db: &mut PgConnection,
    booking: BookingId,
    own: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool> {
    let renewed = sqlx::query!(
        "UPDATE meeting_work SET working_until = $3 WHERE booking_id = $1 AND working_until = $2",
        booking.0,
        own,
        until
    );
    Ok(renewed.execute(db).await?.rows_affected() > 0)
}

/// Gives the work on a lesson's meetings up, where it is one's own, and notes what keeps them from being as they
/// should, and when they are looked at again; since when they are not.
pub(super) async fn end_lease(
    db: &mut PgConnection,
    booking: BookingId,
    own: DateTime<Utc>,
    problem: Option<Problem>,
    (now, look_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Option<DateTime<Utc>>> {
    let failing_since = sqlx::query_scalar!(
        "UPDATE meeting_work SET working_until = NULL, problem = $3,
             failing_since = CASE WHEN $3::text IS NULL THEN NULL ELSE coalesce(failing_since, $4) END,
             look_at = CASE WHEN $3::text IS NULL THEN NULL ELSE $5::timestamptz END
         WHERE booking_id = $1 AND working_until = $2 RETURNING failing_since",
        booking.0,
        own,
        problem.map(Problem::name),
        now,
        look_at
    );
    Ok(failing_since.fetch_optional(db).await?.flatten())
}

/// Whether the meetings of a lesson to come are to be looked at again.
pub(super) async fn is_any_due(db: &mut PgConnection, now: DateTime<Utc>) -> Result<bool> {
    let due = sqlx::query_scalar!(
        "SELECT EXISTS (
             SELECT FROM meeting_work w JOIN bookings b ON b.id = w.booking_id
             WHERE w.look_at <= $1 AND b.ends_at > $1) AS \"due!\"",
        now
    );
    Ok(due.fetch_one(db).await?)
}

/// Takes lessons whose meetings are to be looked at again, and once more at `next` where that is lost. Those that
/// somebody else takes are passed over.
pub(super) async fn take_due(
    tx: &mut PgConnection,
    limit: i64,
    now: DateTime<Utc>,
    next: DateTime<Utc>,
) -> Result<Vec<BookingId>> {
    let ids = sqlx::query_scalar!(
        "UPDATE meeting_work SET look_at = $3 WHERE booking_id IN (
             SELECT w.booking_id FROM meeting_work w JOIN bookings b ON b.id = w.booking_id
             WHERE w.look_at <= $2 AND b.ends_at > $2
             ORDER BY w.look_at LIMIT $1 FOR UPDATE OF w SKIP LOCKED)
         RETURNING booking_id",
        limit,
        now,
        next
    );
    Ok(ids.fetch_all(tx).await?.into_iter().map(BookingId).collect())
}

/// A booking, as far as meetings are concerned; `None` for none.
pub(super) async fn find_view(db: &mut PgConnection, booking: BookingId) -> Result<Option<View>> {
    let row = sqlx::query!(
        "SELECT b.state, b.starts_at, b.ends_at, b.student_id, t.user_id, t.provider, t.external_url,
                v.account AS \"account?\", v.oauth_id AS \"oauth?\", o.state = 'active' AS is_active
         FROM bookings b JOIN tutors t ON t.id = b.tutor_id
         LEFT JOIN video_connections v ON v.tutor_id = t.id AND v.provider = t.provider
         LEFT JOIN oauth_connections o ON o.id = v.oauth_id
         WHERE b.id = $1",
        booking.0
    );
    let Some(row) = row.fetch_optional(&mut *db).await? else { return Ok(None) };
    let account = row.account.zip(row.oauth).map(|(account, oauth)| Account {
        account,
        oauth,
        is_active: row.is_active.unwrap_or_default(),
    });
    Ok(Some(View {
        state: BookingState::parse(&row.state).map_err(AppError::fault)?,
        start: row.starts_at,
        end: row.ends_at,
        tutor_user: UserId(row.user_id),
        student: UserId(row.student_id),
        kind: Provider::parse(&row.provider, row.external_url).account(),
        account,
        rows: list_rows(db, booking).await?,
    }))
}

/// The meetings of a booking, each with the permission by which it can be removed.
async fn list_rows(db: &mut PgConnection, booking: BookingId) -> Result<Vec<Row>> {
    let rows = sqlx::query!(
        "SELECT m.id, m.provider, m.account, m.remote_id, m.url, m.starts_at, m.ends_at, v.oauth_id AS \"oauth?\"
         FROM meetings m JOIN bookings b ON b.id = m.booking_id
         LEFT JOIN video_connections v
             ON v.tutor_id = b.tutor_id AND v.provider = m.provider AND v.account = m.account
         WHERE m.booking_id = $1 ORDER BY m.created_at, m.id",
        booking.0
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| {
        Ok(Row {
            id: row.id,
            kind: Kind::parse(&row.provider).ok_or_else(|| AppError::fault("a provider"))?,
            account: row.account,
            made: row.remote_id.zip(row.url).map(|(remote, url)| Made { remote, url }),
            held: row.starts_at.zip(row.ends_at),
            oauth: row.oauth,
        })
    });
    read.collect()
}

/// Notes that a meeting may be made from now on, before anybody is asked for it.
pub(super) async fn insert_meeting(
    db: &mut PgConnection,
    booking: BookingId,
    row: &Row,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO meetings (id, booking_id, provider, account, created_at) VALUES ($1, $2, $3, $4, $5)",
        row.id,
        booking.0,
        row.kind.name(),
        row.account,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes what a provider holds.
pub(super) async fn set_made(tx: &mut PgConnection, made: &Made, wanted: &Wanted) -> Result<()> {
    sqlx::query!(
        "UPDATE meetings SET remote_id = $2, url = $3, starts_at = $4, ends_at = $5 WHERE id = $1",
        wanted.id,
        made.remote,
        made.url,
        wanted.start,
        wanted.end
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets a meeting.
pub(super) async fn delete_meeting(db: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query!("DELETE FROM meetings WHERE id = $1", id).execute(db).await?;
    Ok(())
}

/// Where the lesson of a booking takes place.
pub(super) async fn find_place(db: &mut PgConnection, booking: BookingId) -> Result<Place> {
    let row = sqlx::query!(
        "SELECT t.provider, t.external_url, l.own_url, l.own_url_since,
                m.url AS \"made?\", (m.starts_at, m.ends_at) = (b.starts_at, b.ends_at) AS is_current
         FROM bookings b JOIN tutors t ON t.id = b.tutor_id JOIN lessons l ON l.booking_id = b.id
         LEFT JOIN LATERAL (
             SELECT url, starts_at, ends_at FROM meetings
             WHERE booking_id = b.id AND provider = t.provider AND url IS NOT NULL
             ORDER BY created_at DESC LIMIT 1) m ON true
         WHERE b.id = $1",
        booking.0
    )
    .fetch_one(db)
    .await?;
    let provider = Provider::parse(&row.provider, row.external_url);
    let is_current = row.is_current.unwrap_or_default();
    let (own_url, own_since) = (row.own_url, row.own_url_since);
    Ok(Place { provider, own_url, own_since, made: row.made, is_current })
}

/// What keeps a lesson's meeting from being as it should.
pub(super) async fn find_work(db: &mut PgConnection, booking: BookingId) -> Result<Option<Work>> {
    let row =
        sqlx::query!("SELECT problem, failing_since FROM meeting_work WHERE booking_id = $1", booking.0);
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let failing = row.failing_since.zip(row.problem.as_deref().and_then(Problem::parse));
    Ok(failing.map(|(since, problem)| Work { since, problem }))
}

/// Says where one lesson takes place; `false` where that is another lesson's place.
pub(super) async fn set_own_url(
    tx: &mut PgConnection,
    booking: BookingId,
    url: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('room:' || $1::text, 0))", url)
        .execute(&mut *tx)
        .await?;
    let set = sqlx::query!(
        "UPDATE lessons SET own_url = $2, own_url_since = CASE WHEN $2::text IS NULL THEN NULL ELSE $3::timestamptz END
         WHERE booking_id = $1
           AND NOT EXISTS (SELECT FROM lessons o WHERE o.own_url = $2 AND o.booking_id <> $1)
           AND NOT EXISTS (SELECT FROM meetings m WHERE m.url = $2 AND m.booking_id <> $1)
           AND NOT EXISTS (
               SELECT FROM tutors o WHERE o.external_url = $2
                   AND o.id <> (SELECT tutor_id FROM bookings WHERE id = $1))",
        booking.0,
        url,
        now
    )
    .execute(tx)
    .await;
    match set {
        Ok(set) => Ok(set.rows_affected() > 0),
        // Another lesson was given it at the same moment.
        Err(error) if error.as_database_error().is_some_and(|it| it.is_unique_violation()) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Stores a message of Zoom; `false` where it is stored already.
pub(super) async fn insert_event(
    tx: &mut PgConnection,
    id: &str,
    message: &Message,
    payload: &Value,
    now: DateTime<Utc>,
) -> Result<bool> {
    let stored = sqlx::query!(
        "INSERT INTO video_events (id, provider, kind, remote_id, at, payload, received_at)
         VALUES ($1, 'zoom', $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
        id,
        message.kind,
        message.remote,
        message.at,
        payload,
        now
    )
    .execute(tx)
    .await?;
    Ok(stored.rows_affected() > 0)
}

/// A message that is not worked off yet.
pub(super) async fn find_event(tx: &mut PgConnection, id: &str) -> Result<Option<Stored>> {
    let row = sqlx::query!(
        "SELECT kind, remote_id, at, payload FROM video_events WHERE id = $1 AND processed_at IS NULL",
        id
    );
    Ok(row.fetch_optional(tx).await?.map(|row| Stored {
        message: Message { kind: row.kind, remote: row.remote_id, at: row.at },
        payload: row.payload,
    }))
}

/// Notes that a message is worked off; `false` where it was already. Of one about recordings nothing else is kept: it
/// holds what opens them, and a recording has a row of its own.
pub(super) async fn set_event_processed(tx: &mut PgConnection, id: &str, now: DateTime<Utc>) -> Result<bool> {
    let set = sqlx::query!(
        "UPDATE video_events SET processed_at = $2,
             payload = CASE WHEN starts_with(kind, 'recording.') THEN '{}' ELSE payload END
         WHERE id = $1 AND processed_at IS NULL",
        id,
        now
    );
    Ok(set.execute(tx).await?.rows_affected() > 0)
}

/// Forgets a message.
pub(super) async fn delete_event(tx: &mut PgConnection, id: &str) -> Result<()> {
    sqlx::query!("DELETE FROM video_events WHERE id = $1", id).execute(tx).await?;
    Ok(())
}

/// Whether the lesson of a booking takes place at this address, which a provider holds for it: not once its tutor's
/// lessons take place elsewhere, or its student has followed a link of its own.
pub(super) async fn takes_place_in(tx: &mut PgConnection, booking: BookingId, url: &str) -> Result<bool> {
    let moved = sqlx::query_scalar!(
        "SELECT EXISTS (
             SELECT FROM lessons l JOIN attendance a ON a.lesson_id = l.id
             WHERE l.booking_id = $1 AND l.own_url IS NOT NULL AND a.kind = 'join' AND a.party = 'student'
               AND a.source IN ('lectern', 'browser') AND a.at >= l.own_url_since) AS \"moved!\"",
        booking.0
    );
    let moved = moved.fetch_one(&mut *tx).await?;
    Ok(!moved && find_place(tx, booking).await?.made.as_deref() == Some(url))
}

/// The meeting of a message; `None` for one that is none of ours.
pub(super) async fn find_meeting(tx: &mut PgConnection, remote: Option<&str>) -> Result<Option<Meeting>> {
    let row = sqlx::query_as!(
        Meeting,
        "SELECT m.booking_id AS booking, m.account, u.email AS \"student_email: String\", m.url AS \"url!\"
         FROM meetings m JOIN bookings b ON b.id = m.booking_id JOIN users u ON u.id = b.student_id
         WHERE m.provider = 'zoom' AND m.remote_id = $1",
        remote
    );
    Ok(row.fetch_optional(tx).await?)
}

/// What was told about a meeting.
pub(super) async fn list_told(tx: &mut PgConnection, remote: &str) -> Result<Vec<Told>> {
    let rows = sqlx::query_as!(
        Told,
        "SELECT kind, at AS \"at!\", coalesce(payload #> '{payload,object,participant}', 'null') AS \"participant!\"
         FROM video_events
         WHERE provider = 'zoom' AND remote_id = $1 AND at IS NOT NULL
           AND kind IN ('meeting.ended', 'meeting.participant_joined')",
        remote
    );
    Ok(rows.fetch_all(tx).await?)
}
