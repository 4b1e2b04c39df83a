//! Rows of accounts with calendar providers, and of the calendars that they offer.

use chrono::{DateTime, Utc};
use domain::ids::TutorId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Account, Kind, Offered, client::Found};
use crate::{
    Result,
    busy::{Connection, Problem, host},
};

/// The accounts of a tutor, the oldest first, with their calendars by name.
pub(super) async fn list(db: &mut PgConnection, tutor: TutorId) -> Result<Vec<Account>> {
    let rows = sqlx::query!(
        "SELECT a.id, a.kind, a.url, a.login, a.lessons_in, u.failing_since AS \"lessons_failing_since?\",
                u.problem AS \"lessons_problem?\", o.id AS calendar, o.name, o.writable, c.id AS \"connection?\", c.read_at,
                c.failing_since, c.problem AS \"problem?\"
         FROM calendar_accounts a
         LEFT JOIN LATERAL (
             SELECT failing_since, problem FROM unwritten_lessons WHERE account_id = a.id
             ORDER BY problem = 'refused' DESC, failing_since LIMIT 1) u ON true
         JOIN offered_calendars o ON o.account_id = a.id
         LEFT JOIN calendar_connections c ON c.offered_id = o.id
         WHERE a.tutor_id = $1 ORDER BY a.created_at, a.id, o.name, o.url",
        tutor.0
    )
    .fetch_all(db)
    .await?;
    let mut accounts: Vec<Account> = Vec::new();
    for row in rows {
        let host = host(&row.url);
        let failing = row.failing_since.zip(row.problem.as_deref().and_then(Problem::parse));
        let read =
            row.connection.map(|id| Connection { id, host: host.clone(), read_at: row.read_at, failing });
        let offered = Offered { id: row.calendar, name: row.name, writable: row.writable, read };
        match accounts.last_mut() {
            Some(last) if last.id == row.id => last.calendars.push(offered),
            _ => accounts.push(Account {
                id: row.id,
                kind: Kind::parse(&row.kind).unwrap_or(Kind::CalDav),
                host,
                login: row.login,
                calendars: vec![offered],
                lessons_in: row.lessons_in,
                lessons_failing: row
                    .lessons_failing_since
                    .zip(row.lessons_problem.as_deref().and_then(Problem::parse)),
            }),
        }
    }
    Ok(accounts)
}

/// Lets nobody else change the accounts and calendars of a tutor until the end of the transaction.
pub(super) async fn lock_tutor(tx: &mut PgConnection, tutor: TutorId) -> Result<()> {
    sqlx::query!("SELECT id FROM tutors WHERE id = $1 FOR UPDATE", tutor.0).fetch_one(tx).await?;
    Ok(())
}

/// How many accounts a tutor has connected.
pub(super) async fn count(tx: &mut PgConnection, tutor: TutorId) -> Result<i64> {
    let found = sqlx::query_scalar!(
        "SELECT count(*) AS \"count!\" FROM calendar_accounts WHERE tutor_id = $1",
        tutor.0
    );
    Ok(found.fetch_one(tx).await?)
}

/// The account of a tutor at an address, under a name.
pub(super) async fn find_id(
    tx: &mut PgConnection,
    tutor: TutorId,
    url: &str,
    login: &str,
) -> Result<Option<Uuid>> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM calendar_accounts WHERE tutor_id = $1 AND url = $2 AND login = $3",
        tutor.0,
        url,
        login
    );
    Ok(found.fetch_optional(tx).await?)
}

/// An account to be written.
pub(super) struct NewAccount<'a> {
    pub id: Uuid,
    pub tutor: TutorId,
    pub url: &'a str,
    pub login: &'a str,
    pub way_in: WayIn<'a>,
}

/// How we get into an account.
#[derive(Clone, Copy)]
pub(super) enum WayIn<'a> {
    /// By a password, encrypted.
    Password(&'a [u8]),
    /// By a permission at Google.
    Google(Uuid),
}

/// Writes an account, or gives it another way in, by which it has just been entered: what it refused before counts no
/// more.
pub(super) async fn set(tx: &mut PgConnection, account: &NewAccount<'_>, now: DateTime<Utc>) -> Result<()> {
    let (kind, credential, permission) = match account.way_in {
        WayIn::Password(sealed) => (Kind::CalDav, Some(sealed), None),
        WayIn::Google(permission) => (Kind::Google, None, Some(permission)),
    };
    sqlx::query!(
        "INSERT INTO calendar_accounts (id, tutor_id, kind, url, login, credential, oauth_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (id) DO UPDATE SET kind = $3, credential = $6, oauth_id = $7",
        account.id,
        account.tutor.0,
        kind.name(),
        account.url,
        account.login,
        credential,
        permission,
        now
    )
    .execute(&mut *tx)
    .await?;
    forget_refused(tx, account.id).await
}

/// Forgets that an account let us in no more.
async fn forget_refused(tx: &mut PgConnection, account: Uuid) -> Result<()> {
    sqlx::query!("DELETE FROM unwritten_lessons WHERE account_id = $1 AND problem = 'refused'", account)
        .execute(&mut *tx)
        .await?;
    sqlx::query!(
        "UPDATE calendar_connections SET problem = NULL, failing_since = NULL
         WHERE problem = 'refused' AND offered_id IN (SELECT id FROM offered_calendars WHERE account_id = $1)",
        account
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Replaces the calendars that an account offers; those that it still has stay as they are.
pub(super) async fn set_offered(tx: &mut PgConnection, account: Uuid, found: &[Found]) -> Result<()> {
    let ids: Vec<Uuid> = found.iter().map(|_| crate::chance::id()).collect();
    let urls: Vec<String> = found.iter().map(|found| found.url.to_string()).collect();
    let names: Vec<String> = found.iter().map(|found| found.name.clone()).collect();
    let zones: Vec<Option<String>> = found.iter().map(|found| found.time_zone.clone()).collect();
    let writable: Vec<bool> = found.iter().map(|found| found.writable).collect();
    sqlx::query!("DELETE FROM offered_calendars WHERE account_id = $1 AND url <> ALL ($2)", account, &urls)
        .execute(&mut *tx)
        .await?;
    sqlx::query!(
        "INSERT INTO offered_calendars (id, account_id, url, name, time_zone, writable)
         SELECT id, $1, url, name, zone, writable
         FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[])
             AS found (id, url, name, zone, writable)
         ON CONFLICT (account_id, url) DO UPDATE
             SET name = excluded.name, time_zone = excluded.time_zone, writable = excluded.writable",
        account,
        &ids,
        &urls,
        &names,
        &zones as &[Option<String>],
        &writable
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Says where lessons are written; `false` where that is so already, and all of them are there.
pub(super) async fn set_lessons_in(
    tx: &mut PgConnection,
    account: Uuid,
    calendar: Option<Uuid>,
) -> Result<bool> {
    let changed = sqlx::query!(
        "UPDATE calendar_accounts SET lessons_in = $2
         WHERE id = $1 AND (lessons_in IS DISTINCT FROM $2
             OR EXISTS (SELECT FROM unwritten_lessons WHERE account_id = $1))",
        account,
        calendar
    )
    .execute(tx)
    .await?;
    Ok(changed.rows_affected() > 0)
}

/// A calendar of an account, and what reads it.
pub(super) struct OfferedRow {
    pub id: Uuid,
    pub url: String,
    pub writable: bool,
    pub connection: Option<Uuid>,
}

/// The calendars of a tutor's account; none where it is not the tutor's.
pub(super) async fn list_offered(
    tx: &mut PgConnection,
    tutor: TutorId,
    account: Uuid,
) -> Result<Vec<OfferedRow>> {
    let rows = sqlx::query_as!(
        OfferedRow,
        "SELECT o.id, o.url, o.writable, c.id AS \"connection?\"
         FROM offered_calendars o
         JOIN calendar_accounts a ON a.id = o.account_id AND a.tutor_id = $1
         LEFT JOIN calendar_connections c ON c.offered_id = o.id
         WHERE o.account_id = $2",
        tutor.0,
        account
    );
    Ok(rows.fetch_all(tx).await?)
}

/// The permission of an account at its provider.
pub(super) async fn find_permission(tx: &mut PgConnection, account: Uuid) -> Result<Option<Uuid>> {
    let found = sqlx::query_scalar!("SELECT oauth_id FROM calendar_accounts WHERE id = $1", account);
    Ok(found.fetch_optional(tx).await?.flatten())
}

/// Forgets an account with all that is its own but the permission at its provider, which is answered; `None` where it
/// is not the tutor's.
pub(super) async fn delete(
    tx: &mut PgConnection,
    tutor: TutorId,
    account: Uuid,
) -> Result<Option<Option<Uuid>>> {
    let gone = sqlx::query_scalar!(
        "DELETE FROM calendar_accounts WHERE id = $1 AND tutor_id = $2 RETURNING oauth_id",
        account,
        tutor.0
    );
    Ok(gone.fetch_optional(tx).await?)
}
