//! The queue of reports: what admins see of a conversation, and what they decide.
//!
//! An admin reads only what was reported and the messages around it. Each decision is kept: who, when, why.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    chat::{Decision, ReportReason},
    ids::{ReportId, ThreadId, UserId},
};
use sqlx::PgConnection;

use super::{not_found, safety, store};
use crate::{Actor, Result, Services, booking::finish, files::Attachment};

/// Reports on a page.
const SHOWN: i64 = 50;

/// A report as an admin sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// Its id.
    pub id: ReportId,
    /// Where it happened.
    pub thread: ThreadId,
    /// The message that it is about; `None` for the conversation.
    pub message: Option<i64>,
    /// Who reported.
    pub reporter_name: String,
    /// Who was reported.
    pub about: UserId,
    /// The name.
    pub about_name: String,
    /// What is wrong.
    pub reason: ReportReason,
    /// What the reporter added.
    pub note: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// What was decided; `None` while it waits.
    pub verdict: Option<Verdict>,
    /// What was said, oldest first: the message with the three before and after it; of a conversation its last ten.
    pub lines: Vec<Line>,
}

/// What an admin decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What.
    pub decision: Decision,
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub note: String,
}

/// A message as an admin sees it, also one that was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: i64,
    /// Who wrote it.
    pub sender_name: String,
    /// What it says.
    pub body: String,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// The two do not see it any more.
    pub removed: bool,
    /// Its files.
    pub files: Vec<Attachment>,
}

/// Somebody who may not write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspended {
    /// Who.
    pub user: UserId,
    /// The name.
    pub name: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Which admin decided it.
    pub by: String,
    /// Why.
    pub note: String,
}

/// What the page of moderation shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moderation {
    /// Reports that wait, oldest first.
    pub open: Vec<Reported>,
    /// Reports that were decided, the latest first.
    pub past: Vec<Reported>,
    /// Who may not write, the latest first.
    pub suspended: Vec<Suspended>,
}

/// What waits and what was decided, at most fifty of each: five statements, however many there are.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn moderation(services: &Services, actor: &Actor) -> Result<Moderation> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    let mut open = store::list_reports(&mut db, true, SHOWN).await?;
    let past = store::list_reports(&mut db, false, SHOWN).await?;
    let ids: Vec<_> = open.iter().map(|report| report.id).collect();
    let lines = store::list_lines(&mut db, &ids).await?;
    let messages: Vec<_> = lines.iter().map(|(_, line)| line.id).collect();
    let files = store::list_attachments(&mut db, &messages, true).await?;
    for (report, mut line) in lines {
        line.files = files.get(&line.id).cloned().unwrap_or_default();
        if let Some(report) = open.iter_mut().find(|open| open.id == report) {
            report.lines.push(line);
        }
    }
    let suspended = store::list_suspended(&mut db, SHOWN).await?;
    Ok(Moderation { open, past, suspended })
}

/// How many reports wait for an admin.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn count_reports(services: &Services, actor: &Actor) -> Result<i64> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    store::count_reports(&mut db).await
}

/// An admin decides a report. Only a message can be removed. What was decided is decided.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `NOT_FOUND`, `INVALID_STATE` where it was decided before, `INVALID_REQUEST`
/// (`report_decision`) on `decision` where there is no message to remove.
pub async fn decide(
    services: &Services,
    actor: &Actor,
    report: ReportId,
    decision: Decision,
    note: &str,
) -> Result<()> {
    actor.require_admin()?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let decided = settle(&mut tx, actor, report, decision, note, now).await;
    let people = finish(tx, decided).await?;
    services.live.wake(&people);
    Ok(())
}

async fn settle(
    tx: &mut PgConnection,
    actor: &Actor,
    id: ReportId,
    decision: Decision,
    note: &str,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let report = store::find_report(tx, id).await?.ok_or_else(not_found)?;
    if decision == Decision::Remove && report.message.is_none() {
        return Err(Refusal::on(Code::InvalidRequest, "report_decision", "decision").into());
    }
    // Nobody writes to the thread while it is judged: whoever is suspended has sent their last message there.
    store::lock(tx, report.thread).await?;
    if !store::set_decision(tx, id, decision, note, actor.user, now).await? {
        return Err(Refusal::new(Code::InvalidState, "report_decided").into());
    }
    match (decision, report.message) {
        (Decision::Dismiss, _) | (Decision::Remove, None) => return Ok(Vec::new()),
        (Decision::Remove, Some(message)) => store::remove_message(tx, message, now).await?,
        (Decision::Suspend, _) => store::insert_suspension(tx, report.about, id, now).await?,
    }
    safety::tell(tx, report.thread, [report.about, report.reporter], now).await
}

/// An admin lets a person write again.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `NOT_FOUND` where the person is not suspended.
pub async fn lift(services: &Services, actor: &Actor, user: UserId, note: &str) -> Result<()> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    if store::lift_suspension(&mut db, user, actor.user, note, services.clock.now()).await? {
        return Ok(());
    }
    Err(not_found())
}
