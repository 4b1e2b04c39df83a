//! Rows of disputes.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    booking::Party,
    dispute::{Claimed, Outcome, Reason, Remedy, Statement},
    ids::{BookingId, DisputeId, UserId},
    money::{Currency, Money},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Dispute, Opener, Row, Said, Verdict, file_store};
use crate::{AppError, Result};

/// When a lesson got its outcome.
pub(super) async fn find_settled(db: &mut PgConnection, booking: BookingId) -> Result<Option<DateTime<Utc>>> {
    let settled = sqlx::query_scalar!("SELECT settled_at FROM lessons WHERE booking_id = $1", booking.0);
    Ok(settled.fetch_optional(db).await?.flatten())
}

/// The claim that a person has about a lesson: the dispute that they opened, or what they claimed in the other's.
pub(super) async fn find_claimed(
    db: &mut PgConnection,
    booking: BookingId,
    user: UserId,
) -> Result<Option<Claimed>> {
    let open = sqlx::query_scalar!(
        "SELECT d.state = 'open' AS \"open!\" FROM disputes d
         WHERE d.booking_id = $1 AND (d.opened_by = $2 OR EXISTS (
             SELECT FROM dispute_statements s
             WHERE s.dispute_id = d.id AND s.author_id = $2 AND s.reason IS NOT NULL))
         ORDER BY d.state = 'open' DESC LIMIT 1",
        booking.0,
        user.0
    );
    let open = open.fetch_optional(db).await?;
    Ok(open.map(|open| if open { Claimed::Waiting } else { Claimed::Decided }))
}

/// The open dispute of a lesson, and whether it is a bank's.
pub(super) async fn find_open(
    db: &mut PgConnection,
    booking: BookingId,
) -> Result<Option<(DisputeId, bool)>> {
    let row = sqlx::query!(
        "SELECT id, opened_by IS NULL AS \"of_bank!\" FROM disputes WHERE booking_id = $1 AND state = 'open'",
        booking.0
    );
    Ok(row.fetch_optional(db).await?.map(|row| (DisputeId(row.id), row.of_bank)))
}

pub(super) async fn insert(
    tx: &mut PgConnection,
    id: DisputeId,
    booking: BookingId,
    by: Party,
    user: UserId,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO disputes (id, booking_id, origin, opened_by, reason, state, opened_at)
         VALUES ($1, $2, $3, $4, $5, 'open', $6)",
        id.0,
        booking.0,
        by.name(),
        user.0,
        reason.name(),
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes a statement down; its id.
pub(super) async fn insert_statement(
    tx: &mut PgConnection,
    dispute: DisputeId,
    author: UserId,
    claim: Option<Reason>,
    statement: &Statement,
    now: DateTime<Utc>,
) -> Result<i64> {
    let inserted = sqlx::query_scalar!(
        "INSERT INTO dispute_statements (dispute_id, author_id, reason, body, created_at) VALUES ($1, $2, $3, $4, $5)
         RETURNING id",
        dispute.0,
        author.0,
        claim.map(Reason::name),
        statement.as_str(),
        now
    );
    Ok(inserted.fetch_one(tx).await?)
}

/// A dispute of a bank.
pub(super) async fn insert_of_bank(
    tx: &mut PgConnection,
    id: DisputeId,
    booking: BookingId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO disputes (id, booking_id, origin, reason, state, opened_at)
         VALUES ($1, $2, 'provider', 'chargeback', 'open', $3)",
        id.0,
        booking.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Closes a dispute of a bank that has decided, unless another bank has not; a party's stays as it is.
pub(super) async fn close_of_bank(tx: &mut PgConnection, id: DisputeId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE disputes SET state = 'closed', finished_at = $2
         WHERE id = $1 AND state = 'open' AND origin = 'provider' AND NOT EXISTS (
             SELECT FROM chargebacks WHERE dispute_id = $1 AND standing NOT IN ('won', 'lost'))",
        id.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether a dispute is a bank's.
pub(super) async fn is_of_bank(db: &mut PgConnection, id: DisputeId) -> Result<bool> {
    let of_bank = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM disputes WHERE id = $1 AND origin = 'provider') AS \"of_bank!\"",
        id.0
    );
    Ok(of_bank.fetch_one(db).await?)
}

/// The lesson of a dispute.
pub(super) async fn find_booking(db: &mut PgConnection, id: DisputeId) -> Result<Option<BookingId>> {
    let booking = sqlx::query_scalar!("SELECT booking_id FROM disputes WHERE id = $1", id.0);
    Ok(booking.fetch_optional(db).await?.map(BookingId))
}

/// Whether a dispute is open.
pub(super) async fn is_open(db: &mut PgConnection, id: DisputeId) -> Result<bool> {
    let open = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM disputes WHERE id = $1 AND state = 'open') AS \"open!\"",
        id.0
    );
    Ok(open.fetch_one(db).await?)
}

/// How much was said in a dispute.
pub(super) async fn count_statements(db: &mut PgConnection, id: DisputeId) -> Result<i64> {
    let count = sqlx::query_scalar!(
        "SELECT count(*) AS \"count!\" FROM dispute_statements WHERE dispute_id = $1",
        id.0
    );
    Ok(count.fetch_one(db).await?)
}

/// Notes what was decided; `false` where the dispute is not open (any more).
pub(super) async fn set_decided(
    tx: &mut PgConnection,
    id: DisputeId,
    outcome: Outcome,
    remedy: Remedy,
    note: &str,
    admin: UserId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let name = match remedy {
        Remedy::Nothing => "nothing",
        Remedy::GiveBack(_) => "given_back",
        Remedy::Reduce(_) => "reduced",
    };
    let decided = sqlx::query!(
        "UPDATE disputes SET state = 'decided', outcome = $2, remedy = $3, amount_minor = $4, note = $5,
             decided_by = $6, finished_at = $7
         WHERE id = $1 AND state = 'open'",
        id.0,
        outcome.name(),
        name,
        remedy.amount(),
        note,
        admin.0,
        now
    );
    Ok(decided.execute(tx).await?.rows_affected() == 1)
}

fn party(name: &str) -> Result<Party> {
    let found = [Party::Student, Party::Tutor].into_iter().find(|party| party.name() == name);
    found.ok_or_else(|| AppError::fault("a party of a dispute"))
}

/// The disputes of a lesson with what was said in them, oldest first.
pub(super) async fn list_of(db: &mut PgConnection, booking: BookingId) -> Result<Vec<Dispute>> {
    let rows = sqlx::query!(
        "SELECT d.id, d.origin, d.reason, d.opened_at, d.outcome, d.remedy, d.amount_minor, d.note, d.finished_at,
                d.state, b.title, b.currency, u.name AS \"by_name?\", a.name AS \"admin?\"
         FROM disputes d JOIN bookings b ON b.id = d.booking_id LEFT JOIN users u ON u.id = d.opened_by
         LEFT JOIN users a ON a.id = d.decided_by
         WHERE d.booking_id = $1 ORDER BY d.opened_at, d.id",
        booking.0
    );
    let rows = rows.fetch_all(&mut *db).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut said = list_statements(db, booking).await?;
    let read = rows.into_iter().map(|row| {
        let currency = Currency::parse(&row.currency).map_err(AppError::fault)?;
        let decided = row.outcome.zip(row.amount_minor).zip(row.note).zip(row.admin.zip(row.finished_at));
        let verdict = decided.map(|(((outcome, minor), note), (by, at))| {
            let outcome = Outcome::parse(&outcome).map_err(AppError::fault)?;
            let reduced = row.remedy.as_deref() == Some("reduced");
            Ok::<_, AppError>(Verdict { outcome, amount: Money { minor, currency }, reduced, note, by, at })
        });
        let by = row.by_name.map(|name| {
            let reason = Reason::parse(&row.reason).map_err(AppError::fault)?;
            Ok::<_, AppError>(Opener { party: party(&row.origin)?, name, reason })
        });
        let by = by.transpose()?;
        let closed_at = row.finished_at.filter(|_| row.state == "closed");
        let mut statements = said.remove(&row.id).unwrap_or_default();
        if let (Some(by), Some(first)) = (&by, statements.first_mut()) {
            first.claim = Some(by.reason);
        }
        Ok(Dispute {
            id: DisputeId(row.id),
            booking,
            title: row.title,
            by,
            opened_at: row.opened_at,
            verdict: verdict.transpose()?,
            closed_at,
            statements,
            banks: Vec::new(),
        })
    });
    read.collect()
}

/// What was said in the disputes of a lesson, oldest first, with the files.
async fn list_statements(db: &mut PgConnection, booking: BookingId) -> Result<HashMap<Uuid, Vec<Said>>> {
    let rows = sqlx::query!(
        "SELECT s.id, s.dispute_id, s.reason, s.body, s.created_at, u.name, s.author_id = b.student_id AS \"student!\"
         FROM dispute_statements s JOIN disputes d ON d.id = s.dispute_id JOIN bookings b ON b.id = d.booking_id
         JOIN users u ON u.id = s.author_id
         WHERE d.booking_id = $1 ORDER BY s.id",
        booking.0
    );
    let mut said: HashMap<Uuid, Vec<Said>> = HashMap::new();
    let rows = rows.fetch_all(&mut *db).await?;
    let mut files = file_store::list_of(db, booking).await?;
    for row in rows {
        let by = if row.student { Party::Student } else { Party::Tutor };
        said.entry(row.dispute_id).or_default().push(Said {
            by,
            name: row.name,
            claim: row.reason.as_deref().map(Reason::parse).transpose().map_err(AppError::fault)?,
            body: row.body,
            files: files.remove(&row.id).unwrap_or_default(),
            at: row.created_at,
        });
    }
    Ok(said)
}

struct QueueRow {
    id: Uuid,
    title: String,
    student: String,
    tutor: String,
    reason: String,
    due_by: Option<DateTime<Utc>>,
    opened_at: DateTime<Utc>,
    outcome: Option<String>,
    finished_at: Option<DateTime<Utc>>,
}

impl QueueRow {
    fn parse(self) -> Result<Row> {
        let outcome = self.outcome.as_deref().map(Outcome::parse).transpose().map_err(AppError::fault)?;
        Ok(Row {
            id: DisputeId(self.id),
            title: self.title,
            student: self.student,
            tutor: self.tutor,
            reason: Reason::parse(&self.reason).ok(),
            due_by: self.due_by,
            opened_at: self.opened_at,
            closed: outcome.is_none() && self.finished_at.is_some(),
            verdict: outcome.zip(self.finished_at),
        })
    }
}

/// Reads rows of the queue; the argument says which, in what order.
macro_rules! queue {
    ($db:expr, $limit:expr, $tail:literal) => {
        sqlx::query_as!(
            QueueRow,
            "SELECT d.id, b.title, s.name AS student, tu.name AS tutor, d.reason, d.opened_at, d.outcome, d.finished_at,
                    (SELECT min(k.due_by) FROM chargebacks k WHERE k.dispute_id = d.id
                        AND k.standing IN ('inquiry', 'needs_response') AND NOT EXISTS (
                            SELECT FROM chargeback_evidence e
                            WHERE e.chargeback_id = k.id AND e.inquiry = (k.standing = 'inquiry')
                                AND e.failure IS NULL)) AS due_by
             FROM disputes d JOIN bookings b ON b.id = d.booking_id JOIN users s ON s.id = b.student_id
             JOIN tutors t ON t.id = b.tutor_id JOIN users tu ON tu.id = t.user_id "
                + $tail,
            $limit
        )
        .fetch_all($db)
        .await?
        .into_iter()
        .map(QueueRow::parse)
        .collect()
    };
}

/// Those that wait, oldest first.
pub(super) async fn list_open(db: &mut PgConnection, limit: i64) -> Result<Vec<Row>> {
    queue!(db, limit, "WHERE d.state = 'open' ORDER BY d.opened_at, d.id LIMIT $1")
}

/// Those that are over, the latest first.
pub(super) async fn list_past(db: &mut PgConnection, limit: i64) -> Result<Vec<Row>> {
    queue!(db, limit, "WHERE d.state <> 'open' ORDER BY d.finished_at DESC, d.id LIMIT $1")
}

pub(super) async fn count_open(db: &mut PgConnection) -> Result<i64> {
    let count = sqlx::query_scalar!("SELECT count(*) AS \"count!\" FROM disputes WHERE state = 'open'");
    Ok(count.fetch_one(db).await?)
}
