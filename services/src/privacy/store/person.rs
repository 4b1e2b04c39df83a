//! Who a person is, how they sign in, what they connected, and what they were told. Secrets are never read here: no
//! hash, no token, no key, no address that lets its bearer in.

use domain::ids::UserId;
use serde_json::Value;
use sqlx::PgConnection;

use crate::Result;

/// The account.
pub(in crate::privacy) async fn account(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"SELECT to_json(r) AS "json!: Value" FROM (
               SELECT u.id, u.email, u.email_verified_at, u.name, u.role, u.time_zone, u.locale AS language,
                      u.languages, u.goals, u.marketing_opt_in, host(u.last_sign_in_ip) AS last_sign_in_ip,
                      u.last_sign_in_at, p.seen_at AS last_seen_at, u.created_at
               FROM users u LEFT JOIN presence p ON p.user_id = u.id WHERE u.id = $1) r"#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}

/// By which ways they want to be told of what, and when.
pub(in crate::privacy) async fn preferences(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"SELECT json_build_object(
               'not_wanted', (
                   SELECT coalesce(json_agg(json_build_object('topic', topic, 'way', channel, 'since', refused_at)
                       ORDER BY refused_at, topic, channel), '[]') FROM refusals WHERE user_id = $1),
               'quiet_hours', (
                   SELECT json_build_object('from_minute', from_min, 'until_minute', until_min)
                   FROM quiet_hours WHERE user_id = $1),
               'calendar_address_since', (SELECT renewed_at FROM calendar_feeds WHERE user_id = $1),
               'browsers_told_by_push', (
                   SELECT coalesce(json_agg(json_build_object('since', created_at) ORDER BY created_at), '[]')
                   FROM push_devices WHERE user_id = $1)
           ) AS "json!: Value""#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}

/// Where they are signed in, and the links by which they confirmed an address or signed in.
pub(in crate::privacy) async fn sign_ins(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"SELECT json_build_object(
               'browsers', (
                   SELECT coalesce(json_agg(json_build_object('browser', user_agent, 'signed_in_at', created_at,
                       'last_seen_at', last_seen_at, 'ends_at', expires_at) ORDER BY created_at), '[]')
                   FROM user_sessions WHERE user_id = $1),
               'programs', (
                   SELECT coalesce(json_agg(r ORDER BY r.signed_in_at), '[]') FROM (
                       SELECT min(created_at) AS signed_in_at, max(created_at) AS last_renewed_at,
                              max(expires_at) AS ends_at, max(revoked_at) AS revoked_at
                       FROM refresh_tokens WHERE user_id = $1 GROUP BY family) r),
               'known_browsers', (
                   SELECT coalesce(json_agg(json_build_object('last_seen_at', seen_at) ORDER BY seen_at), '[]')
                   FROM known_devices WHERE user_id = $1),
               'links', (
                   SELECT coalesce(json_agg(json_build_object('purpose', purpose, 'sent_to', email,
                       'sent_at', created_at, 'used_at', used_at, 'ends_at', expires_at) ORDER BY created_at), '[]')
                   FROM account_links WHERE user_id = $1)
           ) AS "json!: Value""#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}

/// Providers and calendars that a tutor connected, by their names, and the busy times that were read there. Of an
/// address only its host: some let their bearer in.
pub(in crate::privacy) async fn connections(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"WITH tutor AS (SELECT id FROM tutors WHERE user_id = $1)
           SELECT json_build_object(
               'permissions', (
                   SELECT coalesce(json_agg(json_build_object('provider', provider, 'scopes', scopes, 'state', state,
                       'since', created_at) ORDER BY created_at), '[]')
                   FROM oauth_connections WHERE user_id = $1),
               'meetings', (
                   SELECT coalesce(json_agg(json_build_object('provider', v.provider, 'login', v.login,
                       'since', v.created_at) ORDER BY v.created_at), '[]')
                   FROM video_connections v JOIN tutor t ON t.id = v.tutor_id),
               'calendar_accounts', (
                   SELECT coalesce(json_agg(json_build_object('kind', a.kind, 'login', a.login, 'since', a.created_at,
                       'calendars', (SELECT coalesce(json_agg(o.name ORDER BY o.name), '[]')
                                     FROM offered_calendars o WHERE o.account_id = a.id)) ORDER BY a.created_at), '[]')
                   FROM calendar_accounts a JOIN tutor t ON t.id = a.tutor_id),
               'calendars_read', (
                   SELECT coalesce(json_agg(json_build_object(
                       'host', substring(c.url from '^[a-z]+://(?:[^/@]*@)?([^/:?#]+)'), 'since', c.created_at,
                       'read_at', c.read_at) ORDER BY c.created_at), '[]')
                   FROM calendar_connections c JOIN tutor t ON t.id = c.tutor_id),
               'busy_times', (
                   SELECT coalesce(json_agg(json_build_object('from', lower(b.during), 'until', upper(b.during))
                       ORDER BY b.during), '[]')
                   FROM busy_ranges b JOIN tutor t ON t.id = b.tutor_id)
           ) AS "json!: Value""#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}

/// The mails that were written to them: not their texts, whose links may let their bearer in.
pub(in crate::privacy) async fn mails(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"SELECT coalesce(json_agg(json_build_object('kind', kind, 'to', to_address, 'language', locale,
               'subject', subject, 'written_at', created_at, 'sent_at', sent_at) ORDER BY created_at, id), '[]')
               AS "json!: Value"
           FROM mails WHERE user_id = $1"#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}

/// What they were told on the pages and by push.
pub(in crate::privacy) async fn notices(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"SELECT json_build_object(
               'notices', (
                   SELECT coalesce(json_agg(json_build_object('kind', kind, 'booking', booking_id,
                       'conversation', thread_id, 'payout', payout_id, 'written_at', created_at, 'read_at', read_at)
                       ORDER BY id), '[]')
                   FROM notices WHERE user_id = $1),
               'pushes', (
                   SELECT coalesce(json_agg(json_build_object('kind', kind, 'sentence', sentence,
                       'written_at', created_at) ORDER BY id), '[]')
                   FROM pushes WHERE user_id = $1)
           ) AS "json!: Value""#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}
