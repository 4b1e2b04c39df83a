//! Rows that the clock makes due. Rows that another sweep has locked are skipped.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::BookingId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, account, notice, video};

/// How long open pages can catch up on what they missed.
const LIVE_EVENTS_KEPT: TimeDelta = TimeDelta::days(7);

/// How long holds and keys are remembered.
const DAY: TimeDelta = TimeDelta::hours(24);

/// How long calls are counted: an hour, and one to spare.
const COUNTS_KEPT: TimeDelta = TimeDelta::hours(2);

/// Runs a checked statement that deletes what is older than an instant; how many rows went.
macro_rules! delete_before {
    ($db:expr, $sql:literal, $before:expr) => {
        sqlx::query!($sql, $before).execute(&mut *$db).await?.rows_affected()
    };
}

/// Deletes the holds that have lapsed.
pub(super) async fn delete_lapsed_holds(db: &mut PgConnection, now: DateTime<Utc>) -> Result<u64> {
    Ok(delete_before!(
        db,
        "DELETE FROM claims WHERE id IN (
             SELECT id FROM claims WHERE kind = 'hold' AND expires_at <= $1 FOR UPDATE SKIP LOCKED)",
        now
    ))
}

/// Requests that nobody answered in time, the earliest first.
pub(super) async fn list_requests(
    db: &mut PgConnection,
    except: &[Uuid],
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<BookingId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM bookings WHERE state = 'requested' AND expires_at <= $1 AND id <> ALL($2)
         ORDER BY expires_at LIMIT $3",
        now,
        except,
        limit
    );
    Ok(ids.fetch_all(db).await?.into_iter().map(BookingId).collect())
}

/// Bookings whose lesson has reached its scheduled end, the earliest first.
pub(super) async fn list_lessons(
    db: &mut PgConnection,
    except: &[Uuid],
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<BookingId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM bookings WHERE state = 'confirmed' AND ends_at <= $1 AND id <> ALL($2)
         ORDER BY ends_at LIMIT $3",
        now,
        except,
        limit
    );
    Ok(ids.fetch_all(db).await?.into_iter().map(BookingId).collect())
}

/// Locks a request that nobody answered in time, unless somebody else works on it or has.
pub(super) async fn lock_request(tx: &mut PgConnection, id: BookingId, now: DateTime<Utc>) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM bookings WHERE id = $1 AND state = 'requested' AND expires_at <= $2
         FOR UPDATE SKIP LOCKED",
        id.0,
        now
    );
    Ok(found.fetch_optional(tx).await?.is_some())
}

/// Locks a booking whose lesson has reached its scheduled end, unless somebody else works on it or has.
pub(super) async fn lock_lesson(tx: &mut PgConnection, id: BookingId, now: DateTime<Utc>) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM bookings WHERE id = $1 AND state = 'confirmed' AND ends_at <= $2
         FOR UPDATE SKIP LOCKED",
        id.0,
        now
    );
    Ok(found.fetch_optional(tx).await?.is_some())
}

/// Deletes what is of no more use.
pub(super) async fn prune(db: &mut PgConnection, now: DateTime<Utc>) -> Result<u64> {
    let sessions = delete_before!(
        db,
        "DELETE FROM user_sessions WHERE token_hash IN (
             SELECT token_hash FROM user_sessions WHERE expires_at <= $1 FOR UPDATE SKIP LOCKED)",
        now
    );
    let tokens = delete_before!(
        db,
        "DELETE FROM refresh_tokens WHERE token_hash IN (
             SELECT token_hash FROM refresh_tokens WHERE expires_at <= $1 FOR UPDATE SKIP LOCKED)",
        now
    );
    let keys = delete_before!(
        db,
        "DELETE FROM idempotency_keys WHERE (user_id, key) IN (
             SELECT user_id, key FROM idempotency_keys WHERE created_at <= $1 FOR UPDATE SKIP LOCKED)",
        now - DAY
    );
    let holds = delete_before!(
        db,
        "DELETE FROM holds WHERE id IN (
             SELECT id FROM holds WHERE created_at <= $1 FOR UPDATE SKIP LOCKED)",
        now - DAY
    );
    let counts = delete_before!(
        db,
        "DELETE FROM rate_counts WHERE (key, hour) IN (
             SELECT key, hour FROM rate_counts WHERE hour <= $1 FOR UPDATE SKIP LOCKED)",
        now - COUNTS_KEPT
    );
    let events = delete_before!(
        db,
        "DELETE FROM live_events WHERE id IN (
             SELECT id FROM live_events WHERE created_at <= $1 FOR UPDATE SKIP LOCKED)",
        now - LIVE_EVENTS_KEPT
    );
    let told = prune_told(db, now).await?;
    Ok(sessions + tokens + keys + holds + counts + events + told)
}

/// The same of what knows browsers, of what people were told, and of links that are kept no longer.
async fn prune_told(db: &mut PgConnection, now: DateTime<Utc>) -> Result<u64> {
    let devices = delete_before!(
        db,
        "DELETE FROM known_devices WHERE (user_id, device_hash) IN (
             SELECT user_id, device_hash FROM known_devices WHERE seen_at <= $1 FOR UPDATE SKIP LOCKED)",
        now - account::KNOWN_FOR
    );
    let links = delete_before!(
        db,
        "DELETE FROM account_links WHERE token_hash IN (
             SELECT token_hash FROM account_links WHERE expires_at <= $1 FOR UPDATE SKIP LOCKED)",
        now
    );
    let notices = delete_before!(
        db,
        "DELETE FROM notices WHERE id IN (
             SELECT id FROM notices WHERE created_at <= $1 FOR UPDATE SKIP LOCKED)",
        now - notice::KEPT_FOR
    );
    let pushes = delete_before!(
        db,
        "DELETE FROM pushes WHERE id IN (
             SELECT id FROM pushes WHERE created_at <= $1 FOR UPDATE SKIP LOCKED)",
        now - notice::KEPT_FOR
    );
    let heard = delete_before!(
        db,
        "DELETE FROM video_events WHERE id IN (
             SELECT id FROM video_events WHERE received_at <= $1 FOR UPDATE SKIP LOCKED)",
        now - video::KEPT_FOR
    );
    let recordings = delete_before!(
        db,
        "DELETE FROM recordings WHERE (provider, remote_id) IN (
             SELECT provider, remote_id FROM recordings WHERE kept_until <= $1 FOR UPDATE SKIP LOCKED)",
        now
    );
    Ok(devices + links + notices + pushes + heard + recordings)
}
