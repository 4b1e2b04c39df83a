//! What is read for a tutor's page of earnings.

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, PayoutId, TutorId},
    interval::Interval,
    money::{Currency, Money},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::earnings::{LineKind, PayoutLine, PayoutView, Progress, StatementRow, Sums};
use crate::{AppError, Result};

/// What became of a tutor's earnings, by currency: those of lessons so far, and those of what is offered.
pub(in crate::payout) async fn list_sums(
    db: &mut PgConnection,
    tutor: TutorId,
    now: DateTime<Utc>,
) -> Result<Vec<Sums>> {
    let rows = sqlx::query!(
        "WITH own AS (
             SELECT c.currency, c.payout_id, c.payout_minor - (c.refunded_minor - c.refunded_fee_minor) AS part,
                    coalesce(c.payable_after, c.due_at + interval '72 hours') >= $2
                        OR EXISTS (SELECT FROM disputes d WHERE d.booking_id = b.id AND d.state = 'open') AS waits
             FROM charges c JOIN bookings b ON b.id = c.booking_id WHERE b.tutor_id = $1 AND c.state IN ('paid', 'forgiven')
         ), moved AS (
             SELECT currency, part AS earned, CASE WHEN payout_id IS NULL AND waits THEN part ELSE 0 END AS held,
                    CASE WHEN payout_id IS NULL AND NOT waits THEN part ELSE 0 END AS payable,
                    0 AS under_way, 0 AS paid, 0 AS carried FROM own
             UNION ALL
             SELECT currency, 0, 0, 0, CASE state WHEN 'pending' THEN amount_minor ELSE 0 END,
                    CASE state WHEN 'paid' THEN amount_minor ELSE 0 END, 0 FROM payouts WHERE tutor_id = $1
             UNION ALL
             SELECT p.currency, 0, 0, 0, 0, -coalesce(v.asked_minor, v.amount_minor), 0
             FROM reversals v JOIN payouts p ON p.id = v.payout_id
             WHERE p.tutor_id = $1 AND v.state IN ('waiting', 'pending', 'succeeded')
             UNION ALL
             SELECT currency, 0, 0, 0, 0, 0, amount_minor FROM payout_corrections
             WHERE tutor_id = $1 AND payout_id IS NULL
             UNION ALL
             SELECT currency, 0, 0, 0, 0, 0, 0 FROM offerings WHERE tutor_id = $1 AND archived_at IS NULL
         )
         SELECT currency AS \"currency!\", sum(earned)::bigint AS \"earned!\", sum(held)::bigint AS \"held!\",
                sum(payable)::bigint AS \"payable!\", sum(under_way)::bigint AS \"under_way!\",
                sum(paid)::bigint AS \"paid!\", sum(carried)::bigint AS \"carried!\"
         FROM moved GROUP BY currency ORDER BY currency",
        tutor.0,
        now
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| {
        Ok(Sums {
            currency: Currency::parse(&row.currency).map_err(AppError::fault)?,
            earned: row.earned,
            held: row.held,
            payable: row.payable,
            under_way: row.under_way,
            paid: row.paid,
            carried: row.carried,
        })
    });
    read.collect()
}

/// A page of the payouts of a tutor, the latest first, without their lines.
pub(in crate::payout) async fn list_payouts(
    db: &mut PgConnection,
    tutor: TutorId,
    limit: i64,
    offset: i64,
) -> Result<Vec<PayoutView>> {
    let rows = sqlx::query!(
        "SELECT id, currency, amount_minor, state, created_at, finished_at, failure FROM payouts
         WHERE tutor_id = $1 ORDER BY created_at DESC, id LIMIT $2 OFFSET $3",
        tutor.0,
        limit,
        offset
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| {
        let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
        Ok(PayoutView {
            id: PayoutId(row.id),
            amount: Money { minor: row.amount_minor, currency },
            state: row.state,
            created_at: row.created_at,
            finished_at: row.finished_at,
            failure: row.failure,
            lines: Vec::new(),
        })
    });
    read.collect()
}

/// The lines of some payouts, each with its payout, in their order.
pub(in crate::payout) async fn list_payout_lines(
    db: &mut PgConnection,
    payouts: &[PayoutId],
) -> Result<Vec<(PayoutId, PayoutLine)>> {
    let ids: Vec<Uuid> = payouts.iter().map(|payout| payout.0).collect();
    let rows = sqlx::query!(
        "SELECT l.payout_id, l.amount_minor, l.correction_id, b.id AS booking, b.title, b.starts_at
         FROM payout_lines l JOIN charges c ON c.id = l.charge_id JOIN bookings b ON b.id = c.booking_id
         WHERE l.payout_id = ANY($1) ORDER BY b.starts_at, l.id",
        &ids
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| {
        let kind = match (row.correction_id, row.amount_minor) {
            (None, _) => LineKind::Lesson,
            (Some(_), ..0) => LineKind::KeptBack,
            (Some(_), _) => LineKind::GivenAgain,
        };
        let line = PayoutLine {
            booking: BookingId(row.booking),
            title: row.title,
            start: row.starts_at,
            kind,
            amount: row.amount_minor,
        };
        (PayoutId(row.payout_id), line)
    });
    Ok(read.collect())
}

/// How many payouts a tutor has.
pub(in crate::payout) async fn count_payouts(db: &mut PgConnection, tutor: TutorId) -> Result<i64> {
    let count =
        sqlx::query_scalar!("SELECT count(*) AS \"count!\" FROM payouts WHERE tutor_id = $1", tutor.0);
    Ok(count.fetch_one(db).await?)
}

/// The lessons of a tutor that began in a time and cost something, in their order.
pub(in crate::payout) async fn list_statement(
    db: &mut PgConnection,
    tutor: TutorId,
    within: Interval,
    now: DateTime<Utc>,
) -> Result<Vec<StatementRow>> {
    let rows = sqlx::query!(
        "SELECT b.id, b.title, s.name AS student, b.starts_at, c.currency, c.amount_minor, c.fee_minor, c.payout_minor,
                c.refunded_minor - c.refunded_fee_minor AS \"given_back!\", c.state,
                coalesce(c.payable_after, c.due_at + interval '72 hours') AS \"payable_after!\",
                EXISTS (SELECT FROM disputes d WHERE d.booking_id = b.id AND d.state = 'open') AS \"disputed!\",
                c.payout_id IS NOT NULL AS \"taken!\", p.finished_at AS \"sent_at?\"
         FROM charges c JOIN bookings b ON b.id = c.booking_id JOIN users s ON s.id = b.student_id
         LEFT JOIN payouts p ON p.id = c.payout_id
         WHERE b.tutor_id = $1 AND b.starts_at >= $2 AND b.starts_at < $3
             AND c.state IN ('scheduled', 'debt', 'paid', 'forgiven')
         ORDER BY b.starts_at, b.id",
        tutor.0,
        within.start,
        within.end
    )
    .fetch_all(db)
    .await?;
    let read = rows.into_iter().map(|row| {
        let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
        let progress = match row.sent_at {
            _ if !matches!(&*row.state, "paid" | "forgiven") => Progress::Owed,
            _ if row.given_back == row.payout_minor => Progress::GivenBack,
            Some(at) => Progress::Paid(at),
            None if row.taken => Progress::UnderWay,
            None if row.disputed => Progress::Disputed,
            None if row.payable_after >= now => Progress::Held(row.payable_after),
            None => Progress::Payable,
        };
        Ok(StatementRow {
            booking: BookingId(row.id),
            title: row.title,
            student: row.student,
            start: row.starts_at,
            charge: Money { minor: row.amount_minor, currency },
            fee: row.fee_minor,
            part: row.payout_minor,
            given_back: row.given_back,
            progress,
        })
    });
    read.collect()
}
