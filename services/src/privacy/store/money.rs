//! A person's money. Names of the payment provider's own objects are left out: they are keys of ours to it.

use domain::ids::UserId;
use serde_json::Value;
use sqlx::PgConnection;

use crate::Result;

/// Cards and consents, what was charged for lessons on either side and given back, and what is owed.
pub(in crate::privacy) async fn payments(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"WITH own AS (
               SELECT b.id, b.student_id = $1 AS as_student FROM bookings b
               WHERE b.student_id = $1 OR b.tutor_id = (SELECT id FROM tutors WHERE user_id = $1))
           SELECT json_build_object(
               'cards', (
                   SELECT coalesce(json_agg(json_build_object('brand', brand, 'last4', last4, 'exp_month', exp_month,
                       'exp_year', exp_year, 'is_default', is_default, 'saved_at', created_at,
                       'removed_at', removed_at) ORDER BY created_at), '[]')
                   FROM cards WHERE user_id = $1),
               'consents', (
                   SELECT coalesce(json_agg(json_build_object('text', text, 'version', version, 'booking', booking_id,
                       'at', at) ORDER BY id), '[]')
                   FROM card_consents WHERE user_id = $1),
               'charges', (
                   SELECT coalesce(json_agg(json_build_object('id', c.id, 'booking', c.booking_id, 'rule', c.rule,
                       'facts', c.facts, 'terms', c.terms, 'currency', c.currency, 'amount_minor', c.amount_minor,
                       'fee_minor', c.fee_minor, 'payout_minor', c.payout_minor, 'refunded_minor', c.refunded_minor,
                       'reduced_minor', c.reduced_minor, 'state', c.state, 'paid_at', c.paid_at, 'receipt', c.receipt,
                       'created_at', c.created_at, 'attempts', (
                           SELECT coalesce(json_agg(json_build_object('state', a.state, 'decline_code', a.decline_code,
                               'at', a.created_at) ORDER BY a.created_at), '[]')
                           FROM charge_attempts a WHERE a.charge_id = c.id AND own.as_student)
                       ) ORDER BY c.created_at, c.id), '[]')
                   FROM own JOIN charges c ON c.booking_id = own.id),
               'refunds', (
                   SELECT coalesce(json_agg(json_build_object('id', r.id, 'booking', r.booking_id,
                       'amount_minor', r.amount_minor, 'reason', r.reason, 'state', r.state,
                       'created_at', r.created_at, 'finished_at', r.finished_at) ORDER BY r.created_at, r.id), '[]')
                   FROM own JOIN charges c ON c.booking_id = own.id JOIN refunds r ON r.charge_id = c.id),
               'deposits', (
                   SELECT coalesce(json_agg(json_build_object('booking', d.booking_id, 'kind', d.kind,
                       'currency', d.currency, 'amount_minor', d.amount_minor, 'used_minor', d.used_minor,
                       'returned_minor', d.returned_minor, 'state', d.state, 'created_at', d.created_at)
                       ORDER BY d.created_at, d.id), '[]')
                   FROM own JOIN deposits d ON d.booking_id = own.id WHERE own.as_student),
               'debts', (
                   SELECT coalesce(json_agg(json_build_object('booking', booking_id, 'currency', currency,
                       'amount_minor', amount_minor, 'since', opened_at, 'cleared_at', cleared_at,
                       'cleared_by', cleared_by) ORDER BY opened_at, id), '[]')
                   FROM student_debts WHERE student_id = $1)
           ) AS "json!: Value""#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}

/// The lines of the person's own accounts in the ledger.
pub(in crate::privacy) async fn ledger(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"SELECT coalesce(json_agg(json_build_object('account', split_part(l.account, ':', 1), 'event', e.kind,
               'booking', e.booking_id, 'currency', l.currency, 'amount_minor', l.amount_minor, 'at', e.at)
               ORDER BY e.at, l.id), '[]') AS "json!: Value"
           FROM ledger_entries l JOIN ledger_events e ON e.id = l.event_id
           WHERE l.account IN ('student:' || $1::uuid, 'tutor:' || (SELECT id FROM tutors WHERE user_id = $1))"#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}

/// What was paid out to a tutor, what that was made of, and what was taken back.
pub(in crate::privacy) async fn payouts(db: &mut PgConnection, user: UserId) -> Result<Value> {
    let json = sqlx::query_scalar!(
        r#"WITH tutor AS (SELECT id FROM tutors WHERE user_id = $1)
           SELECT json_build_object(
               'account', (
                   SELECT json_build_object('details_submitted', a.details_submitted,
                       'transfers_enabled', a.transfers_enabled, 'payouts_enabled', a.payouts_enabled,
                       'asked_at', a.asked_at, 'updated_at', a.updated_at)
                   FROM payout_accounts a JOIN tutor t ON t.id = a.tutor_id),
               'payouts', (
                   SELECT coalesce(json_agg(json_build_object('id', p.id, 'currency', p.currency,
                       'amount_minor', p.amount_minor, 'state', p.state, 'failure', p.failure,
                       'created_at', p.created_at, 'finished_at', p.finished_at, 'lines', (
                           SELECT coalesce(json_agg(json_build_object('charge', l.charge_id,
                               'amount_minor', l.amount_minor, 'correction', l.correction_id IS NOT NULL,
                               'released', l.released) ORDER BY l.id), '[]')
                           FROM payout_lines l WHERE l.payout_id = p.id)) ORDER BY p.created_at, p.id), '[]')
                   FROM payouts p JOIN tutor t ON t.id = p.tutor_id),
               'corrections', (
                   SELECT coalesce(json_agg(json_build_object('charge', c.charge_id, 'reason', c.reason,
                       'currency', c.currency, 'amount_minor', c.amount_minor, 'payout', c.payout_id,
                       'at', c.created_at) ORDER BY c.created_at, c.id), '[]')
                   FROM payout_corrections c JOIN tutor t ON t.id = c.tutor_id),
               'taken_back', (
                   SELECT coalesce(json_agg(json_build_object('charge', v.charge_id, 'payout', v.payout_id,
                       'amount_minor', v.amount_minor, 'state', v.state, 'created_at', v.created_at,
                       'finished_at', v.finished_at) ORDER BY v.created_at, v.id), '[]')
                   FROM payouts p JOIN tutor t ON t.id = p.tutor_id JOIN reversals v ON v.payout_id = p.id)
           ) AS "json!: Value""#,
        user.0
    );
    Ok(json.fetch_one(db).await?)
}
