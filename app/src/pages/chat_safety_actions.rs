//! What the forms of blocking, reporting and moderation do on the server.

use domain::{
    Code, Refusal,
    chat::{Decision, ReportReason, decision_note, report_note},
    ids::{ReportId, ThreadId, UserId},
};
use services::chat;

use super::{charge_actions::act, query};
use crate::error::WireError;

/// Where admins decide.
pub(super) const MODERATION: &str = "/admin/moderation";

/// Blocks, or undoes it.
///
/// # Errors
/// As `services::chat::set_block`.
pub async fn block(thread: &str, blocked: bool) -> Result<(), WireError> {
    let page = format!("/messages/{}?saved=1", query::encode(thread));
    act(&[], &page, async |services, actor| {
        let thread: ThreadId = thread.parse()?;
        chat::set_block(services, actor, thread, blocked).await
    })
    .await
}

/// Reports a message, or the conversation where none is named.
///
/// # Errors
/// As `services::chat::report`; `INVALID_REQUEST` for no reason or a note that is too long.
pub async fn report(thread: &str, message: &str, reason: &str, note: &str) -> Result<(), WireError> {
    let page = format!("/messages/{}?reported=1", query::encode(thread));
    act(&[("reason", reason), ("note", note)], &page, async |services, actor| {
        let thread: ThreadId = thread.parse()?;
        let message = message_id(message)?;
        let (reason, note) = (ReportReason::parse(reason)?, report_note(note)?);
        chat::report(services, actor, thread, message, reason, note.as_deref()).await
    })
    .await
}

/// The id of a message; `None` where none is named.
///
/// # Errors
/// `NOT_FOUND` for what is no id.
pub(super) fn message_id(text: &str) -> Result<Option<i64>, Refusal> {
    let id = Some(text).filter(|text| !text.is_empty()).map(str::parse).transpose();
    id.map_err(|_| Refusal::new(Code::NotFound, "not_found"))
}

/// Decides a report.
///
/// # Errors
/// As `services::chat::decide`.
pub async fn decide(report: &str, decision: &str, note: &str) -> Result<(), WireError> {
    act(&[], &format!("{MODERATION}?saved=1"), async |services, actor| {
        let report: ReportId = report.parse()?;
        let (decision, note) = (Decision::parse(decision)?, decision_note(note)?);
        chat::decide(services, actor, report, decision, &note).await
    })
    .await
}

/// Lifts a suspension.
///
/// # Errors
/// As `services::chat::lift`.
pub async fn lift(user: &str, note: &str) -> Result<(), WireError> {
    act(&[], &format!("{MODERATION}?saved=1"), async |services, actor| {
        let user: UserId = user.parse()?;
        chat::lift(services, actor, user, &decision_note(note)?).await
    })
    .await
}
