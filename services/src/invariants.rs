//! What must never happen, counted.

use serde::Serialize;

use crate::{Result, Services};

/// Violations by kind; all are 0 on a healthy system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Violations {
    /// Pairs of claims of one tutor that overlap.
    pub overlapping_claims: i64,
    /// Pairs of active bookings of one student that overlap.
    pub overlapping_lessons: i64,
    /// Active bookings without a claim of just their time.
    pub bookings_without_claim: i64,
    /// Claims of bookings that are not active any more.
    pub claims_without_booking: i64,
    /// Bookings whose last history row is not their state.
    pub history_mismatches: i64,
    /// Bookings without a lesson.
    pub bookings_without_lesson: i64,
    /// Tutors whose rating counters differ from their ratings.
    pub rating_mismatches: i64,
    /// Events of the ledger whose entries do not sum to zero in each currency.
    pub unbalanced_entries: i64,
    /// Charges for which more than one attempt succeeded.
    pub double_charges: i64,
    /// Charges that are paid and not entered as paid, or entered and not paid.
    pub payments_not_entered: i64,
    /// Charges that are owed without an open debt, or open debts of charges that are not.
    pub debt_mismatches: i64,
    /// Charges whose refunds differ from what they note as given back.
    pub refund_mismatches: i64,
    /// Chargebacks that are decided without what follows for the money, or undecided without an open case.
    pub chargebacks_out_of_step: i64,
    /// Deposits that are still held for lessons that will not be charged.
    pub deposits_left_behind: i64,
    /// Deposits of which another amount was given back than the ledger knows.
    pub returns_not_entered: i64,
    /// Lessons with more than one open dispute.
    pub disputes_at_once: i64,
    /// Disputes that were decided without what follows for the money.
    pub decisions_not_carried_out: i64,
    /// Charges of more than the price that was agreed, or in another currency.
    pub charges_above_price: i64,
    /// Payouts whose lines do not sum to what was sent.
    pub payouts_unlike_their_lines: i64,
    /// Payouts that were sent and whose lines the ledger does not know, or the other way round.
    pub payouts_not_entered: i64,
    /// Lessons of which a tutor got another part than is the tutor's, with what is still to be taken back or given.
    pub payout_mismatches: i64,
    /// Payouts of which more is taken back than was sent.
    pub reversals_above_transfers: i64,
}

/// Counts.
///
/// # Errors
/// Where the database cannot be read.
pub async fn count(services: &Services) -> Result<Violations> {
    let found = sqlx::query_as!(
        Violations,
        "WITH active AS (
             SELECT id, tutor_id, student_id, tstzrange(starts_at, ends_at) AS lesson FROM bookings
             WHERE state IN ('requested', 'pending_review', 'confirmed')
         ), rated AS (
             SELECT tutor_id, count(*) AS number, sum(rating) AS sum FROM ratings GROUP BY tutor_id
         ), last_change AS (
             SELECT DISTINCT ON (booking_id) booking_id, to_state FROM booking_history
             ORDER BY booking_id, id DESC
         )
         SELECT
             (SELECT count(*) FROM claims a JOIN claims b
                 ON a.tutor_id = b.tutor_id AND a.id < b.id AND a.during && b.during) AS \"overlapping_claims!\",
             (SELECT count(*) FROM active a JOIN active b
                 ON a.student_id = b.student_id AND a.id < b.id AND a.lesson && b.lesson)
                 AS \"overlapping_lessons!\",
             (SELECT count(*) FROM active a WHERE NOT EXISTS (
                 SELECT FROM claims c WHERE c.id = a.id AND c.kind = 'booking' AND c.tutor_id = a.tutor_id
                     AND c.student_id = a.student_id AND c.lesson = a.lesson AND c.during @> a.lesson))
                 AS \"bookings_without_claim!\",
             (SELECT count(*) FROM claims c WHERE c.kind = 'booking'
                 AND NOT EXISTS (SELECT FROM active a WHERE a.id = c.id)) AS \"claims_without_booking!\",
             (SELECT count(*) FROM bookings b LEFT JOIN last_change h ON h.booking_id = b.id
                 WHERE h.to_state IS DISTINCT FROM b.state) AS \"history_mismatches!\",
             (SELECT count(*) FROM bookings b
                 WHERE NOT EXISTS (SELECT FROM lessons l WHERE l.booking_id = b.id))
                 AS \"bookings_without_lesson!\",
             (SELECT count(*) FROM tutors t LEFT JOIN rated r ON r.tutor_id = t.id
                 WHERE (t.rating_count, t.rating_sum)
                     IS DISTINCT FROM (coalesce(r.number, 0), coalesce(r.sum, 0)))
                 AS \"rating_mismatches!\",
             (SELECT count(*) FROM (SELECT event_id FROM ledger_entries GROUP BY event_id, currency
                 HAVING sum(amount_minor) <> 0) AS unbalanced) AS \"unbalanced_entries!\",
             (SELECT count(*) FROM (SELECT charge_id FROM charge_attempts WHERE state = 'succeeded'
                 GROUP BY charge_id HAVING count(*) > 1) AS twice) AS \"double_charges!\",
             (SELECT count(*) FROM charges c WHERE (c.state = 'paid') IS DISTINCT FROM (
                 EXISTS (SELECT FROM ledger_events v WHERE v.source = 'charge/' || c.id || '/paid')
                 OR EXISTS (SELECT FROM deposits d JOIN ledger_events v ON v.source = 'deposit/' || d.id || '/paid'
                            WHERE d.booking_id = c.booking_id AND d.state = 'used')))
                 AS \"payments_not_entered!\",
             (SELECT count(*) FROM charges c FULL JOIN (SELECT * FROM student_debts WHERE cleared_at IS NULL) d
                 ON d.charge_id = c.id
                 WHERE (c.state = 'debt') IS DISTINCT FROM (d.id IS NOT NULL)) AS \"debt_mismatches!\",
             (SELECT count(*) FROM charges c WHERE c.refunded_minor IS DISTINCT FROM (
                 SELECT coalesce(sum(r.amount_minor), 0) FROM refunds r
                 WHERE r.charge_id = c.id AND r.state <> 'failed')) AS \"refund_mismatches!\",
             (SELECT count(*) FROM chargebacks k JOIN disputes d ON d.id = k.dispute_id
                 LEFT JOIN charges c ON c.booking_id = k.booking_id
                     AND coalesce(c.payment_intent = k.payment, true)
                 CROSS JOIN LATERAL (SELECT coalesce(sum(r.amount_minor), 0) AS minor FROM refunds r
                     WHERE r.chargeback_id = k.id) entered
                 WHERE CASE k.standing
                     WHEN 'lost' THEN entered.minor < k.amount_minor AND c.state = 'paid'
                         AND c.currency = k.currency AND c.refunded_minor < c.amount_minor
                     WHEN 'won' THEN entered.minor > 0
                     ELSE entered.minor > 0 OR d.state <> 'open' END) AS \"chargebacks_out_of_step!\",
             (SELECT count(*) FROM deposits d JOIN bookings b ON b.id = d.booking_id
                 LEFT JOIN charges c ON c.booking_id = b.id
                 WHERE d.state = 'secured' AND b.state <> 'confirmed' AND c.state IS DISTINCT FROM 'scheduled')
                 AS \"deposits_left_behind!\",
             (SELECT count(*) FROM deposits d WHERE d.kind = 'prepay' AND d.returned_minor IS DISTINCT FROM (
                 SELECT coalesce(-sum(n.amount_minor), 0) FROM ledger_events v
                 JOIN ledger_entries n ON n.event_id = v.id AND n.account LIKE 'student:%'
                 WHERE v.booking_id = d.booking_id AND v.source LIKE 'deposit/' || d.id || '/return%'))
                 AS \"returns_not_entered!\",
             (SELECT count(*) FROM (SELECT booking_id FROM disputes WHERE state = 'open'
                 GROUP BY booking_id HAVING count(*) > 1) AS several) AS \"disputes_at_once!\",
             (SELECT count(*) FROM disputes d WHERE d.state = 'decided' AND (d.remedy, d.amount_minor)
                 IS DISTINCT FROM (SELECT coalesce(
                     (SELECT row('given_back'::text, r.amount_minor) FROM refunds r WHERE r.dispute_id = d.id),
                     (SELECT row('reduced'::text, n.amount_minor) FROM ledger_events v
                         JOIN ledger_entries n ON n.event_id = v.id AND n.account LIKE 'student:%'
                         WHERE v.source = 'dispute/' || d.id || '/reduced'),
                     row('nothing'::text, 0::bigint)))) AS \"decisions_not_carried_out!\",
             (SELECT count(*) FROM charges c JOIN bookings b ON b.id = c.booking_id
                 WHERE c.amount_minor + c.reduced_minor > b.price_minor OR c.currency <> b.currency) AS \"charges_above_price!\",
             (SELECT count(*) FROM payouts p WHERE p.amount_minor IS DISTINCT FROM (
                 SELECT sum(l.amount_minor) FROM payout_lines l WHERE l.payout_id = p.id))
                 AS \"payouts_unlike_their_lines!\",
             (SELECT count(*) FROM payout_lines l JOIN payouts p ON p.id = l.payout_id
                 LEFT JOIN ledger_events v ON v.source = 'payout/' || p.id || '/' || l.id
                 WHERE (p.state = 'paid') IS DISTINCT FROM (v.id IS NOT NULL)) AS \"payouts_not_entered!\",
             (SELECT count(*) FROM charges c WHERE c.payout_id IS NOT NULL
                 AND c.payout_minor - (c.refunded_minor - c.refunded_fee_minor) IS DISTINCT FROM
                     (SELECT sum(l.amount_minor) FROM payout_lines l WHERE l.charge_id = c.id AND NOT l.released)
                     + (SELECT coalesce(sum(k.amount_minor), 0) FROM payout_corrections k
                        WHERE k.charge_id = c.id AND k.payout_id IS NULL)
                     - (SELECT coalesce(sum(CASE v.state WHEN 'waiting' THEN v.amount_minor ELSE v.asked_minor END), 0)
                        FROM reversals v
                        WHERE v.charge_id = c.id AND v.state IN ('waiting', 'pending', 'succeeded')))
                 AS \"payout_mismatches!\",
             (SELECT count(*) FROM payouts p WHERE p.amount_minor < (
                 SELECT sum(v.asked_minor) FROM reversals v
                 WHERE v.payout_id = p.id AND v.state IN ('pending', 'succeeded')))
                 AS \"reversals_above_transfers!\""
    )
    .fetch_one(&services.db)
    .await?;
    Ok(found)
}
