//! What is read for the admin's page of payouts.

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, TutorId},
    money::{Currency, Money},
    payout::{AccountState, Standing},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::desk::{Line, Owing, Refused, Shelf, Sum};
use crate::{AppError, Result};

struct Row {
    tutor: Uuid,
    name: String,
    known: bool,
    details_submitted: bool,
    transfers_enabled: bool,
    payouts_enabled: bool,
    currency: String,
    minor: i64,
    lessons: i64,
    at: DateTime<Utc>,
    until: DateTime<Utc>,
    disputed: bool,
    failure: Option<String>,
    tries: i64,
    total: i64,
}

impl Row {
    fn line(self) -> Result<Line> {
        let standing = Standing {
            details_submitted: self.details_submitted,
            transfers_enabled: self.transfers_enabled,
            payouts_enabled: self.payouts_enabled,
        };
        Ok(Line {
            tutor: TutorId(self.tutor),
            name: self.name,
            account: if self.known { standing.state() } else { AccountState::Missing },
            amount: money(self.minor, &self.currency)?,
            lessons: self.lessons,
            at: self.at,
            until: self.until,
            disputed: self.disputed,
            failure: self.failure,
            tries: self.tries,
        })
    }
}

fn money(minor: i64, currency: &str) -> Result<Money> {
    Ok(Money { minor, currency: Currency::parse(currency).map_err(AppError::fault)? })
}

struct SumRow {
    shelf: String,
    currency: String,
    minor: i64,
    lines: i64,
}

/// Asks the table of everything that tutors get, `desk`, at the instant `$1`; the argument says what of it.
macro_rules! desk {
    ($row:ident, $tail:literal, $($value:expr),+) => {
        sqlx::query_as!(
            $row,
            "WITH own AS (
                 SELECT b.tutor_id, c.currency, c.payout_minor - (c.refunded_minor - c.refunded_fee_minor) AS minor,
                        coalesce(c.payable_after, c.due_at + interval '72 hours') AS payable,
                        EXISTS (SELECT FROM disputes d WHERE d.booking_id = b.id AND d.state = 'open') AS disputed
                 FROM charges c JOIN bookings b ON b.id = c.booking_id
                 WHERE c.state IN ('paid', 'forgiven') AND c.payout_id IS NULL
                     AND c.payout_minor > c.refunded_minor - c.refunded_fee_minor
             ), desk AS (
                 SELECT 'foreseen' AS shelf, NULL::uuid AS payout, tutor_id, currency, sum(minor)::bigint AS minor,
                        count(*) AS lessons, min(payable) AS at, max(payable) AS until, false AS disputed,
                        NULL::text AS failure
                 FROM own WHERE payable >= $1 AND NOT disputed GROUP BY tutor_id, currency
                 UNION ALL
                 SELECT 'waiting', NULL, tutor_id, currency, sum(minor)::bigint, count(*), min(payable), max(payable),
                        disputed, NULL
                 FROM own WHERE payable < $1 OR disputed GROUP BY tutor_id, currency, disputed
                 UNION ALL
                 SELECT 'on_the_way', id, tutor_id, currency, amount_minor, 0, created_at, created_at, false, NULL
                 FROM payouts WHERE state = 'pending'
                 UNION ALL
                 SELECT 'paid', id, tutor_id, currency, amount_minor, 0, finished_at, finished_at, false, NULL
                 FROM payouts WHERE state = 'paid'
                 UNION ALL
                 SELECT 'failed', f.id, f.tutor_id, f.currency, f.amount_minor, 0, f.finished_at, f.finished_at, false,
                        f.failure
                 FROM payouts f WHERE f.state = 'failed'
                     AND NOT EXISTS (SELECT FROM payouts p WHERE p.tutor_id = f.tutor_id AND p.currency = f.currency
                                     AND (p.created_at, p.id) > (f.created_at, f.id))
                     AND EXISTS (SELECT FROM own o WHERE o.tutor_id = f.tutor_id AND o.currency = f.currency)
                 UNION ALL
                 SELECT 'carried', NULL, tutor_id, currency, sum(amount_minor)::bigint, count(DISTINCT charge_id),
                        min(created_at), max(created_at), false, NULL
                 FROM payout_corrections WHERE payout_id IS NULL GROUP BY tutor_id, currency
             ) "
                + $tail,
            $($value),+
        )
    };
}

/// Lines of a part of the admin's page, and how many there are.
pub(in crate::payout) async fn list_desk(
    db: &mut PgConnection,
    shelf: Shelf,
    limit: i64,
    offset: i64,
    now: DateTime<Utc>,
) -> Result<(Vec<Line>, i64)> {
    let rows = desk!(
        Row,
        "SELECT x.tutor_id AS \"tutor!\", u.name, a.tutor_id IS NOT NULL AS \"known!\",
                coalesce(a.details_submitted, false) AS \"details_submitted!\",
                coalesce(a.transfers_enabled, false) AS \"transfers_enabled!\",
                coalesce(a.payouts_enabled, false) AS \"payouts_enabled!\",
                x.currency AS \"currency!\", x.minor AS \"minor!\",
                CASE WHEN x.payout IS NULL THEN x.lessons ELSE (
                    SELECT count(*) FROM payout_lines l WHERE l.payout_id = x.payout AND l.correction_id IS NULL)
                END AS \"lessons!\",
                x.at AS \"at!\", x.until AS \"until!\", x.disputed AS \"disputed!\", x.failure,
                (SELECT count(*) FROM payouts p WHERE p.tutor_id = x.tutor_id AND p.currency = x.currency
                     AND p.state = 'failed' AND p.created_at > coalesce(
                         (SELECT max(g.created_at) FROM payouts g WHERE g.tutor_id = x.tutor_id
                              AND g.currency = x.currency AND g.state = 'paid'), '-infinity')) AS \"tries!\",
                x.total AS \"total!\"
         FROM (SELECT *, count(*) OVER () AS total FROM desk WHERE shelf = $2
               ORDER BY CASE WHEN shelf IN ('foreseen', 'waiting') THEN at END, at DESC, tutor_id, currency
               LIMIT $3 OFFSET $4) x
         JOIN tutors t ON t.id = x.tutor_id JOIN users u ON u.id = t.user_id
         LEFT JOIN payout_accounts a ON a.tutor_id = t.id
         ORDER BY CASE WHEN x.shelf IN ('foreseen', 'waiting') THEN x.at END, x.at DESC, x.tutor_id, x.currency",
        now,
        shelf.name(),
        limit,
        offset
    );
    let rows = rows.fetch_all(db).await?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(Row::line).collect::<Result<_>>()?, total))
}

/// How much there is of each part of the admin's page, by currency; but of what was paid, which only grows.
pub(in crate::payout) async fn sum_desk(db: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Sum>> {
    let rows = desk!(
        SumRow,
        "SELECT shelf AS \"shelf!\", currency AS \"currency!\", sum(minor)::bigint AS \"minor!\", count(*) AS \"lines!\"
         FROM desk WHERE shelf <> 'paid' GROUP BY shelf, currency ORDER BY shelf, currency",
        now
    );
    let read = rows.fetch_all(db).await?.into_iter().map(|row| {
        Ok(Sum {
            shelf: Shelf::parse(&row.shelf)
                .ok_or_else(|| AppError::fault("a part of the page of payouts"))?,
            currency: Currency::parse(&row.currency).map_err(AppError::fault)?,
            minor: row.minor,
            lines: row.lines,
        })
    });
    read.collect()
}

/// The reversals that the provider refused, the latest first.
pub(in crate::payout) async fn list_refused(db: &mut PgConnection, limit: i64) -> Result<Vec<Refused>> {
    let rows = sqlx::query!(
        "SELECT b.tutor_id, u.name, b.id AS booking, b.title, p.currency, v.asked_minor AS \"asked!\",
                v.failure AS \"failure!\", v.finished_at AS \"at!\"
         FROM reversals v JOIN payouts p ON p.id = v.payout_id JOIN charges c ON c.id = v.charge_id
         JOIN bookings b ON b.id = c.booking_id JOIN tutors t ON t.id = b.tutor_id JOIN users u ON u.id = t.user_id
         WHERE v.state = 'failed' ORDER BY v.finished_at DESC, v.id LIMIT $1",
        limit
    );
    let read = rows.fetch_all(db).await?.into_iter().map(|row| {
        Ok(Refused {
            tutor: TutorId(row.tutor_id),
            name: row.name,
            booking: BookingId(row.booking),
            title: row.title,
            amount: money(row.asked, &row.currency)?,
            failure: row.failure,
            at: row.at,
        })
    });
    read.collect()
}

/// What students owe, the oldest first, and how many debts there are.
pub(in crate::payout) async fn list_owing(
    db: &mut PgConnection,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Owing>, i64)> {
    let rows = sqlx::query!(
        "SELECT b.id, b.title, u.name, d.currency, d.amount_minor, d.opened_at, count(*) OVER () AS \"total!\"
         FROM student_debts d JOIN bookings b ON b.id = d.booking_id JOIN users u ON u.id = d.student_id
         WHERE d.cleared_at IS NULL ORDER BY d.opened_at, d.id LIMIT $1 OFFSET $2",
        limit,
        offset
    );
    let rows = rows.fetch_all(db).await?;
    let total = rows.first().map_or(0, |row| row.total);
    let read = rows.into_iter().map(|row| {
        Ok(Owing {
            booking: BookingId(row.id),
            title: row.title,
            student: row.name,
            amount: money(row.amount_minor, &row.currency)?,
            since: row.opened_at,
        })
    });
    Ok((read.collect::<Result<_>>()?, total))
}

/// The name of a tutor.
pub(in crate::payout) async fn find_tutor_name(
    db: &mut PgConnection,
    tutor: TutorId,
) -> Result<Option<String>> {
    let name = sqlx::query_scalar!(
        "SELECT u.name FROM tutors t JOIN users u ON u.id = t.user_id WHERE t.id = $1",
        tutor.0
    );
    Ok(name.fetch_optional(db).await?)
}

/// The zone of a tutor: a statement is of a month there.
pub(in crate::payout) async fn find_tutor_zone(
    db: &mut PgConnection,
    tutor: TutorId,
) -> Result<Option<String>> {
    let zone = sqlx::query_scalar!(
        "SELECT u.time_zone FROM tutors t JOIN users u ON u.id = t.user_id WHERE t.id = $1",
        tutor.0
    );
    Ok(zone.fetch_optional(db).await?)
}
