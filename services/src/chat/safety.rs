//! What each of the two can do against the other: block, and report to an admin.

use chrono::{DateTime, Utc};
use domain::{
    chat::{ReportReason, Silence},
    ids::{ReportId, ThreadId, UserId},
};
use serde_json::json;
use sqlx::PgConnection;

use super::{Message, Thread, not_found, own, store};
use crate::{Actor, Result, Services, booking::finish, limit, live};

/// Blocks the other one of a thread, or lets them write again. While one of the two blocks the other, neither sends a
/// new message; what was written stays readable. Doing it again changes nothing.
///
/// # Errors
/// `NOT_FOUND` for a thread of others.
pub async fn set_block(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    blocked: bool,
) -> Result<Thread> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let changed = block(&mut tx, actor, thread, blocked, now).await;
    let people = finish(tx, changed).await?;
    services.live.wake(&people);
    super::thread(services, actor, thread).await
}

async fn block(
    tx: &mut PgConnection,
    actor: &Actor,
    thread: ThreadId,
    blocked: bool,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    // Under the thread's lock: what is sent after the commit is refused.
    let members = own(actor, store::lock(tx, thread).await?)?;
    if !store::set_block(tx, thread, actor.user, blocked.then_some(now)).await? {
        return Ok(Vec::new());
    }
    tell(tx, thread, [members.student, members.tutor_user], now).await
}

/// Tells the pages of both that their conversation is not as it was; gives the two.
pub(super) async fn tell(
    tx: &mut PgConnection,
    thread: ThreadId,
    people: [UserId; 2],
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    live::record(tx, &people, "thread", &json!({ "thread_id": thread }), now).await?;
    Ok(people.into())
}

/// Refuses who may not write in a thread.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub(super) async fn may_write(tx: &mut PgConnection, actor: &Actor, thread: ThreadId) -> Result<()> {
    let silence: Silence = store::find_silence(tx, thread, actor.user).await?;
    Ok(silence.allows_writing()?)
}

/// What one person tells an admin about the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// Where it happened.
    pub thread: ThreadId,
    /// The message that it is about; `None` for the conversation.
    pub message: Option<i64>,
    /// What is wrong.
    pub reason: ReportReason,
    /// What the reporter added.
    pub note: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A message that the other person wrote.
///
/// # Errors
/// `NOT_FOUND` for a thread of others and for what is no message of the other person in it.
pub async fn message_of_other(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    message: i64,
) -> Result<Message> {
    let mut db = services.db.acquire().await?;
    let members = own(actor, store::find(&mut db, thread).await?)?;
    store::find_written(&mut db, thread, members.other(actor.user), message).await?.ok_or_else(not_found)
}

/// How often a person may report in an hour: more than one conversation needs, few enough for whoever decides.
const REPORTS_PER_HOUR: i32 = 20;

/// Reports a message of the other person, or the conversation. Until an admin has decided, the same thing is reported
/// once: again it is that report, whatever is said the second time.
///
/// # Errors
/// `RATE_LIMITED` above 20 an hour; `NOT_FOUND` for a thread of others and for what is no message of the other person
/// in it.
pub async fn report(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    message: Option<i64>,
    reason: ReportReason,
    note: Option<&str>,
) -> Result<Report> {
    limit::count(services, &format!("report:{}", actor.user), REPORTS_PER_HOUR).await?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let members = own(actor, store::find(&mut tx, thread).await?)?;
    let about = members.other(actor.user);
    if let Some(message) = message {
        store::find_written(&mut tx, thread, about, message).await?.ok_or_else(not_found)?;
    }
    let draft =
        store::ReportDraft { thread, message, reporter: actor.user, about, reason, note, created_at: now };
    let report = store::insert_report(&mut tx, &draft).await?;
    tx.commit().await?;
    Ok(report)
}
