//! Rows of browsers that are told, and of what they are told.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{DeviceId, UserId},
    notice::Topic,
};
use sqlx::PgConnection;

use super::{Device, send::Sending};
use crate::{
    Result,
    notice::{self, News},
};

/// Browsers of a person that are told, at most: the oldest is forgotten for a newer one.
const MOST: i64 = 20;

/// How long it is of use to be told what does not say so itself.
const USEFUL_FOR: TimeDelta = TimeDelta::hours(12);

/// Keeps a browser with the sign-in that it belongs to; `false` where that is not (any more) the person's.
pub(super) async fn insert_device(
    db: &mut PgConnection,
    id: DeviceId,
    (user, sign_in): (UserId, &[u8]),
    device: &Device,
    server_key: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO push_devices (id, user_id, sign_in, endpoint, p256dh, auth, server_key, created_at)
         SELECT $1, user_id, token_hash, $4, $5, $6, $7, $8 FROM user_sessions WHERE token_hash = $3 AND user_id = $2
         ON CONFLICT (endpoint) DO UPDATE SET user_id = excluded.user_id, sign_in = excluded.sign_in,
             p256dh = excluded.p256dh, auth = excluded.auth, server_key = excluded.server_key,
             created_at = excluded.created_at",
        id.0,
        user.0,
        sign_in,
        device.endpoint,
        device.p256dh,
        device.auth,
        server_key,
        now
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "DELETE FROM push_devices WHERE user_id = $1 AND id NOT IN (
             SELECT id FROM push_devices WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT $2)",
        user.0,
        MOST
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a person's browser at that address is kept, with this key of ours.
pub(super) async fn has_device(
    db: &mut PgConnection,
    user: UserId,
    endpoint: &str,
    server_key: &str,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM push_devices WHERE user_id = $1 AND endpoint = $2 AND server_key = $3) AS "found!""#,
        user.0,
        endpoint,
        server_key
    );
    Ok(found.fetch_one(db).await?)
}

pub(super) async fn count_devices(db: &mut PgConnection, user: UserId) -> Result<i64> {
    let count =
        sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM push_devices WHERE user_id = $1"#, user.0);
    Ok(count.fetch_one(db).await?)
}

/// The browsers of a person.
pub(super) async fn list_devices(db: &mut PgConnection, user: UserId) -> Result<Vec<DeviceId>> {
    let ids = sqlx::query_scalar!("SELECT id FROM push_devices WHERE user_id = $1 ORDER BY id", user.0);
    Ok(ids.fetch_all(db).await?.into_iter().map(DeviceId).collect())
}

/// Removes a browser.
pub(super) async fn delete_device(db: &mut PgConnection, id: DeviceId) -> Result<()> {
    sqlx::query!("DELETE FROM push_devices WHERE id = $1", id.0).execute(db).await?;
    Ok(())
}

/// Removes the browsers of a person; with an address, that one.
pub(super) async fn delete_devices(
    db: &mut PgConnection,
    user: UserId,
    endpoint: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "DELETE FROM push_devices WHERE user_id = $1 AND endpoint = coalesce($2, endpoint)",
        user.0,
        endpoint
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Keeps what a person is told who has a browser for it and does not refuse its topic; its id where it is new.
pub(super) async fn insert_push(
    tx: &mut PgConnection,
    user: UserId,
    news: &News<'_>,
    sentence: &str,
    now: DateTime<Utc>,
) -> Result<Option<i64>> {
    let id = sqlx::query_scalar!(
        "INSERT INTO pushes (user_id, kind, about, sentence, page, created_at, useful_until)
         SELECT $1, $2, $3, $4, $5, $6, $7
         WHERE EXISTS (SELECT FROM push_devices WHERE user_id = $1)
             AND NOT EXISTS (SELECT FROM refusals WHERE user_id = $1 AND topic = $8 AND channel = 'push')
         ON CONFLICT ON CONSTRAINT pushes_once DO NOTHING
         RETURNING id",
        user.0,
        news.kind.name(),
        news.about,
        sentence,
        notice::page(news.kind, news.subject),
        now,
        news.useful_until.unwrap_or(now + USEFUL_FOR),
        news.kind.topic().map(Topic::name)
    );
    Ok(id.fetch_optional(tx).await?)
}

/// What a browser is to be told; `None` where it is gone, where it is past its use, and where the person has read the
/// notice of the same.
pub(super) async fn find_sending(
    db: &mut PgConnection,
    push: i64,
    device: DeviceId,
    now: DateTime<Utc>,
) -> Result<Option<Sending>> {
    let row = sqlx::query_as!(
        Sending,
        "SELECT d.endpoint, d.p256dh, d.auth, p.kind, p.about, p.sentence, p.page, p.useful_until, d.server_key
         FROM pushes p JOIN push_devices d ON d.user_id = p.user_id
         WHERE p.id = $1 AND d.id = $2 AND p.useful_until > $3
           AND NOT EXISTS (SELECT FROM notices n
                           WHERE n.user_id = p.user_id AND n.kind = p.kind AND n.about = p.about
                             AND n.read_at IS NOT NULL)",
        push,
        device.0,
        now
    );
    Ok(row.fetch_optional(db).await?)
}
