//! Reports and suspensions as admins see them.

use chrono::{DateTime, Utc};
use domain::{
    chat::{Decision, ReportReason},
    ids::{ReportId, ThreadId, UserId},
};
use sqlx::PgConnection;

use crate::{
    Result, chance,
    chat::moderation::{Line, Reported, Suspended, Verdict},
};

/// What a decision is about.
pub(in crate::chat) struct Subject {
    pub thread: ThreadId,
    pub message: Option<i64>,
    pub reporter: UserId,
    pub about: UserId,
}

pub(in crate::chat) async fn find_report(db: &mut PgConnection, id: ReportId) -> Result<Option<Subject>> {
    let found = sqlx::query_as!(
        Subject,
        "SELECT thread_id AS thread, message_id AS message, reporter_id AS reporter, about_id AS about
         FROM chat_reports WHERE id = $1",
        id.0
    );
    Ok(found.fetch_optional(db).await?)
}

/// Those that wait, oldest first, or those that were decided, the latest first; without their lines.
pub(in crate::chat) async fn list_reports(
    db: &mut PgConnection,
    open: bool,
    limit: i64,
) -> Result<Vec<Reported>> {
    let rows = sqlx::query!(
        r#"SELECT r.id, r.thread_id, r.message_id, r.about_id, r.reason, r.note, r.created_at, r.decision,
               r.decided_at, r.decision_note, reporter.name AS reporter_name, about.name AS about_name,
               judge.name AS "judge_name?"
           FROM chat_reports r
           JOIN users reporter ON reporter.id = r.reporter_id
           JOIN users about ON about.id = r.about_id
           LEFT JOIN users judge ON judge.id = r.decided_by
           WHERE (r.decision IS NULL) = $1
           ORDER BY r.decided_at DESC, r.created_at, r.id
           LIMIT $2"#,
        open,
        limit
    )
    .fetch_all(db)
    .await?;
    let reports = rows.into_iter().map(|row| {
        let verdict = match (row.decision, row.judge_name, row.decided_at, row.decision_note) {
            (Some(decision), Some(by), Some(at), Some(note)) => {
                Some(Verdict { decision: Decision::parse(&decision)?, by, at, note })
            }
            _ => None,
        };
        Ok(Reported {
            id: ReportId(row.id),
            thread: ThreadId(row.thread_id),
            message: row.message_id,
            reporter_name: row.reporter_name,
            about: UserId(row.about_id),
            about_name: row.about_name,
            reason: ReportReason::parse(&row.reason)?,
            note: row.note,
            created_at: row.created_at,
            verdict,
            lines: Vec::new(),
        })
    });
    reports.collect()
}

/// What was said where each report was made, oldest first: the message and the three before and after it; of a
/// conversation the ten before the report.
pub(in crate::chat) async fn list_lines(
    db: &mut PgConnection,
    reports: &[ReportId],
) -> Result<Vec<(ReportId, Line)>> {
    let ids: Vec<_> = reports.iter().map(|report| report.0).collect();
    let rows = sqlx::query!(
        r#"SELECT r.id AS report_id, m.id AS "id!", u.name AS sender_name, m.body AS "body!",
               m.sent_at AS "sent_at!", m.removed_at IS NOT NULL AS "removed!"
           FROM chat_reports r
           CROSS JOIN LATERAL (
               (SELECT * FROM chat_messages c
                WHERE c.thread_id = r.thread_id AND r.message_id IS NOT NULL AND c.id <= r.message_id
                ORDER BY c.id DESC LIMIT 4)
               UNION ALL
               (SELECT * FROM chat_messages c
                WHERE c.thread_id = r.thread_id AND c.id > r.message_id
                ORDER BY c.id LIMIT 3)
               UNION ALL
               (SELECT * FROM chat_messages c
                WHERE c.thread_id = r.thread_id AND r.message_id IS NULL AND c.sent_at <= r.created_at
                ORDER BY c.sent_at DESC, c.id DESC LIMIT 10)
           ) AS m
           JOIN users u ON u.id = m.sender_id
           WHERE r.id = ANY($1)
           ORDER BY m.id"#,
        &ids
    )
    .fetch_all(db)
    .await?;
    let lines = rows.into_iter().map(|row| {
        let line = Line {
            id: row.id,
            sender_name: row.sender_name,
            body: row.body,
            sent_at: row.sent_at,
            removed: row.removed,
            files: Vec::new(),
        };
        (ReportId(row.report_id), line)
    });
    Ok(lines.collect())
}

pub(in crate::chat) async fn count_reports(db: &mut PgConnection) -> Result<i64> {
    let count =
        sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM chat_reports WHERE decision IS NULL"#);
    Ok(count.fetch_one(db).await?)
}

/// Notes what was decided; `false` where something was before.
pub(in crate::chat) async fn set_decision(
    db: &mut PgConnection,
    id: ReportId,
    decision: Decision,
    note: &str,
    admin: UserId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let decided = sqlx::query!(
        "UPDATE chat_reports SET decision = $2, decision_note = $3, decided_by = $4, decided_at = $5
         WHERE id = $1 AND decision IS NULL",
        id.0,
        decision.name(),
        note,
        admin.0,
        now
    );
    Ok(decided.execute(db).await?.rows_affected() == 1)
}

/// Shows a message to nobody any more.
pub(in crate::chat) async fn remove_message(
    db: &mut PgConnection,
    message: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE chat_messages SET removed_at = coalesce(removed_at, $2) WHERE id = $1",
        message,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Lets a person write no more; who is suspended stays so.
pub(in crate::chat) async fn insert_suspension(
    db: &mut PgConnection,
    user: UserId,
    report: ReportId,
    now: DateTime<Utc>,
) -> Result<()> {
    let id: uuid::Uuid = chance::id();
    sqlx::query!(
        "INSERT INTO chat_suspensions (id, user_id, report_id, since) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) WHERE lifted_at IS NULL DO NOTHING",
        id,
        user.0,
        report.0,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Those who may not write, the latest first.
pub(in crate::chat) async fn list_suspended(db: &mut PgConnection, limit: i64) -> Result<Vec<Suspended>> {
    let rows = sqlx::query_as!(
        Suspended,
        r#"SELECT s.user_id AS user, u.name, s.since, judge.name AS by, r.decision_note AS "note!"
           FROM chat_suspensions s
           JOIN users u ON u.id = s.user_id
           JOIN chat_reports r ON r.id = s.report_id
           JOIN users judge ON judge.id = r.decided_by
           WHERE s.lifted_at IS NULL
           ORDER BY s.since DESC, s.id
           LIMIT $1"#,
        limit
    );
    Ok(rows.fetch_all(db).await?)
}

/// Lets a person write again; `false` where they could.
pub(in crate::chat) async fn lift_suspension(
    db: &mut PgConnection,
    user: UserId,
    admin: UserId,
    note: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let lifted = sqlx::query!(
        "UPDATE chat_suspensions SET lifted_at = $4, lifted_by = $2, lift_note = $3
         WHERE user_id = $1 AND lifted_at IS NULL",
        user.0,
        admin.0,
        note,
        now
    );
    Ok(lifted.execute(db).await?.rows_affected() == 1)
}
