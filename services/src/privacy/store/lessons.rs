//! What a person teaches and learns. Of the other of a lesson: the name, as the pages show it.

use domain::ids::UserId;
use serde_json::Value;
use sqlx::PgConnection;

use crate::Result;

/// A tutor's profile, hours and offerings; `None` for others.
pub(in crate::privacy) async fn tutor(db: &mut PgConnection, user: UserId) -> Result<Option<Value>> {
    let json = sqlx::query_scalar!(
        r#"SELECT to_json(r) AS "json!: Value" FROM (
               SELECT t.id, t.slug, t.time_zone, t.university, t.degree, t.field, t.current_year, t.bio, t.linkedin,
                      t.headline, t.languages, t.goals, t.is_active, t.confirm_requests, t.notice_min, t.horizon_days,
                      t.cancel_notice_min, t.fee_bps, t.provider, t.external_url, t.rating_count, t.rating_sum,
                      t.created_at, t.updated_at,
                      (SELECT coalesce(json_agg(json_build_object('weekday', weekday, 'start_minute', start_min,
                           'end_minute', end_min) ORDER BY weekday, start_min), '[]')
                       FROM weekly_windows w WHERE w.tutor_id = t.id) AS weekly_hours,
                      (SELECT coalesce(json_agg(json_build_object('date', date, 'start_minutes', starts,
                           'end_minutes', ends, 'reason', reason) ORDER BY date), '[]')
                       FROM availability_overrides o WHERE o.tutor_id = t.id) AS other_hours,
                      (SELECT coalesce(json_agg(json_build_object('id', id, 'title', title, 'durations', durations,
                           'prices', prices, 'currency', currency, 'step_min', step_min,
                           'buffer_before_min', buffer_before_min, 'buffer_after_min', buffer_after_min,
                           'fixed', fixed, 'archived_at', archived_at) ORDER BY position, id), '[]')
                       FROM offerings f WHERE f.tutor_id = t.id) AS offerings
               FROM tutors t WHERE t.user_id = $1) r"#,
        user.0
    );
    Ok(json.fetch_optional(db).await?)
}

/// The photo of a tutor, JPEG.
pub(in crate::privacy) async fn photo(db: &mut PgConnection, user: UserId) -> Result<Option<Vec<u8>>> {
    let content = sqlx::query_scalar!(
        "SELECT p.content FROM tutor_photos p JOIN tutors t ON t.id = p.tutor_id WHERE t.user_id = $1",
        user.0
    );
    Ok(content.fetch_optional(db).await?)
}

/// Bookings on either side, with what became of them.
pub(in crate::privacy) async fn bookings(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"SELECT coalesce(json_agg(r ORDER BY r.starts_at, r.id), '[]') AS "json!: Value" FROM (
               SELECT b.id, CASE WHEN b.student_id = $1 THEN 'student' ELSE 'tutor' END AS you_are,
                      other.name AS "with", b.title, b.starts_at, b.ends_at, b.duration_min, b.price_minor, b.currency,
                      b.policy, b.state, b.note, b.reason, b.created_at, b.updated_at,
                      (SELECT coalesce(json_agg(json_build_object('from', h.from_state, 'to', h.to_state,
                           'by', h.actor, 'at', h.at) ORDER BY h.id), '[]')
                       FROM booking_history h WHERE h.booking_id = b.id) AS history
               FROM bookings b
               JOIN tutors t ON t.id = b.tutor_id
               JOIN users other ON other.id = CASE WHEN b.student_id = $1 THEN t.user_id ELSE b.student_id END
               WHERE b.student_id = $1 OR b.tutor_id = (SELECT id FROM tutors WHERE user_id = $1)) r"#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}

/// Lessons, with the person's own attendance and the recordings that there are.
pub(in crate::privacy) async fn lessons(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"SELECT coalesce(json_agg(r ORDER BY r.starts_at, r.id), '[]') AS "json!: Value" FROM (
               SELECT l.id, l.booking_id AS booking, b.starts_at, l.state, l.trusted_end_at, l.settled_at,
                      l.marked_no_show_at,
                      CASE WHEN b.student_id = $1 THEN l.student_given_at ELSE l.tutor_given_at END AS link_given_at,
                      (SELECT coalesce(json_agg(json_build_object('kind', a.kind, 'source', a.source, 'at', a.at,
                           'told_at', a.told_at) ORDER BY a.id), '[]')
                       FROM attendance a WHERE a.lesson_id = l.id AND a.user_id = $1) AS your_attendance,
                      (SELECT coalesce(json_agg(json_build_object('provider', e.provider, 'started_at', e.started_at,
                           'minutes', e.minutes) ORDER BY e.started_at), '[]')
                       FROM recordings e WHERE e.booking_id = b.id AND e.url IS NOT NULL) AS recordings
               FROM bookings b JOIN lessons l ON l.booking_id = b.id
               WHERE b.student_id = $1 OR b.tutor_id = (SELECT id FROM tutors WHERE user_id = $1)) r"#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}

/// Ratings that they wrote, and that they got, as the public page shows those.
pub(in crate::privacy) async fn ratings(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"SELECT json_build_object(
               'written', (
                   SELECT coalesce(json_agg(json_build_object('booking', r.booking_id, 'tutor', tu.name,
                       'rating', r.rating, 'feedback', r.feedback, 'at', r.created_at) ORDER BY r.created_at), '[]')
                   FROM ratings r JOIN tutors t ON t.id = r.tutor_id JOIN users tu ON tu.id = t.user_id
                   WHERE r.student_id = $1),
               'received', (
                   SELECT coalesce(json_agg(json_build_object('student', split_part(su.name, ' ', 1),
                       'rating', r.rating, 'feedback', r.feedback, 'at', r.created_at) ORDER BY r.created_at), '[]')
                   FROM ratings r JOIN tutors t ON t.id = r.tutor_id JOIN users su ON su.id = r.student_id
                   WHERE t.user_id = $1)
           ) AS "json!: Value""#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}

/// Disputes about their lessons, with what they said themselves, what was decided, and how a bank's case stands.
pub(in crate::privacy) async fn disputes(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"SELECT coalesce(json_agg(r ORDER BY r.opened_at, r.id), '[]') AS "json!: Value" FROM (
               SELECT d.id, d.booking_id AS booking, d.origin, coalesce(d.opened_by = $1, false) AS opened_by_you,
                      d.reason, d.state, d.opened_at, d.outcome, d.remedy, d.amount_minor, d.note AS why, d.finished_at,
                      (SELECT coalesce(json_agg(json_build_object('text', s.body, 'claim', s.reason,
                           'said_at', s.created_at, 'files', (
                               SELECT coalesce(json_agg('files/disputes/' || f.id || '-' || f.name
                                   ORDER BY f.created_at, f.id), '[]')
                               FROM dispute_files f WHERE f.statement_id = s.id)) ORDER BY s.id), '[]')
                       FROM dispute_statements s WHERE s.dispute_id = d.id AND s.author_id = $1) AS your_statements,
                      (SELECT coalesce(json_agg(json_build_object('standing', k.standing, 'reason', k.reason,
                           'currency', k.currency, 'amount_minor', k.amount_minor, 'opened_at', k.opened_at)
                           ORDER BY k.opened_at, k.id), '[]')
                       FROM chargebacks k WHERE k.dispute_id = d.id) AS bank_cases
               FROM bookings b JOIN disputes d ON d.booking_id = b.id
               WHERE b.student_id = $1 OR b.tutor_id = (SELECT id FROM tutors WHERE user_id = $1)) r"#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}
