//! Blocks and reports in `/api/chat/threads`, and the queue of admins at `/api/chat/reports`.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use domain::{
    Code,
    chat::{Decision, ReportReason, decision_note, report_note},
    ids::{ReportId, UserId},
};
use serde::{Deserialize, Serialize};
use services::{
    Services,
    chat::{self, Line, Report, Reported},
};
use utoipa::ToSchema;

use super::{
    chat::{ThreadView, thread_id},
    error::{ApiError, ApiResult},
    extract::{ApiJson, ApiPath, Body, SignedIn},
    wire::{Success, created, ok},
};

/// Block the other person: until it is undone neither of the two sends a new message.
#[utoipa::path(post, path = "/api/chat/threads/{id}/block", tag = "chat", operation_id = "block",
    params(("id" = String, Path, description = "The thread")),
    responses((status = 200, description = "The thread", body = Success<ThreadView>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn block(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
) -> ApiResult<Json<Success<ThreadView>>> {
    Ok(ok(chat::set_block(&services, &actor, thread_id(&path)?, true).await?.into()))
}

/// Undo one's own block.
#[utoipa::path(delete, path = "/api/chat/threads/{id}/block", tag = "chat", operation_id = "unblock",
    params(("id" = String, Path, description = "The thread")),
    responses((status = 200, description = "The thread", body = Success<ThreadView>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn unblock(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
) -> ApiResult<Json<Success<ThreadView>>> {
    Ok(ok(chat::set_block(&services, &actor, thread_id(&path)?, false).await?.into()))
}

/// What to report.
#[derive(Deserialize, ToSchema)]
pub struct ReportBody {
    /// A message of the other person; without it the conversation.
    message_id: Option<String>,
    /// harassment, spam, fraud, inappropriate or other.
    #[schema(example = "fraud")]
    reason: String,
    /// What helps to judge, up to 500 characters.
    note: Option<String>,
}

impl Body for ReportBody {}

/// What was reported.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportView {
    /// Opaque.
    id: String,
    /// Its thread.
    thread_id: String,
    /// The message; `null` for the conversation.
    message_id: Option<String>,
    /// harassment, spam, fraud, inappropriate or other.
    #[schema(value_type = String, example = "fraud")]
    reason: ReportReason,
    /// What the reporter added.
    note: Option<String>,
    /// When, UTC.
    created_at: DateTime<Utc>,
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        ReportView {
            id: report.id.to_string(),
            thread_id: report.thread.to_string(),
            message_id: report.message.map(|id| id.to_string()),
            reason: report.reason,
            note: report.note,
            created_at: report.created_at,
        }
    }
}

/// Report a message of the other person, or the conversation, to an admin, who then reads it and what is around it.
/// Reported again before an admin has decided it is the same report.
#[utoipa::path(post, path = "/api/chat/threads/{id}/reports", tag = "chat", operation_id = "report",
    params(("id" = String, Path, description = "The thread")),
    request_body = ReportBody,
    responses((status = 201, description = "The report", body = Success<ReportView>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn report(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<ReportBody>,
) -> ApiResult<Response> {
    let thread = thread_id(&path)?;
    let unknown = |_| ApiError::coded(Code::NotFound, "not_found", "message_id");
    let message = body.message_id.map(|id| id.parse().map_err(unknown)).transpose()?;
    let reason = ReportReason::parse(&body.reason)?;
    let note = report_note(body.note.as_deref().unwrap_or_default())?;
    let report = chat::report(&services, &actor, thread, message, reason, note.as_deref()).await?;
    Ok(created(ReportView::from(report)))
}

/// A report as an admin sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseView {
    /// Opaque.
    id: String,
    /// Its thread.
    thread_id: String,
    /// The message; `null` for the conversation.
    message_id: Option<String>,
    /// Who reported.
    reporter: String,
    /// Who was reported, by id.
    about_id: String,
    /// Who was reported.
    about: String,
    /// harassment, spam, fraud, inappropriate or other.
    #[schema(value_type = String, example = "fraud")]
    reason: ReportReason,
    /// What the reporter added.
    note: Option<String>,
    /// When, UTC.
    created_at: DateTime<Utc>,
    /// What was said, oldest first: the message and the three before and after it, or the last ten of the conversation.
    messages: Vec<LineView>,
}

/// A message as an admin sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineView {
    /// Opaque.
    id: String,
    /// Who wrote it.
    sender: String,
    /// What it says, also where it was removed; of files alone, what they are called.
    body: String,
    /// When, UTC.
    sent_at: DateTime<Utc>,
    /// The two do not see it any more.
    removed: bool,
}

impl From<Line> for LineView {
    fn from(line: Line) -> Self {
        let (id, sender) = (line.id.to_string(), line.sender_name);
        let names: Vec<_> = line.files.into_iter().map(|file| file.name).collect();
        let body = if line.body.is_empty() { names.join(", ") } else { line.body };
        LineView { id, sender, body, sent_at: line.sent_at, removed: line.removed }
    }
}

impl From<Reported> for CaseView {
    fn from(report: Reported) -> Self {
        CaseView {
            id: report.id.to_string(),
            thread_id: report.thread.to_string(),
            message_id: report.message.map(|id| id.to_string()),
            reporter: report.reporter_name,
            about_id: report.about.to_string(),
            about: report.about_name,
            reason: report.reason,
            note: report.note,
            created_at: report.created_at,
            messages: report.lines.into_iter().map(LineView::from).collect(),
        }
    }
}

/// The reports that wait for an admin, oldest first, at most fifty.
#[utoipa::path(get, path = "/api/chat/reports", tag = "chat", operation_id = "reports",
    responses((status = 200, description = "The reports", body = Success<Vec<CaseView>>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn reports(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Json<Success<Vec<CaseView>>>> {
    let queue = chat::moderation(&services, &actor).await?;
    Ok(ok(queue.open.into_iter().map(CaseView::from).collect()))
}

/// What to do about it.
#[derive(Deserialize, ToSchema)]
pub struct DecideBody {
    /// dismiss, remove (the message is shown to neither of the two any more) or suspend (the author sends no more messages).
    #[schema(example = "remove")]
    decision: String,
    /// Why, 1 to 500 characters.
    note: String,
}

impl Body for DecideBody {}

/// Decide a report, as an admin.
#[utoipa::path(post, path = "/api/chat/reports/{id}/decide", tag = "chat", operation_id = "decide_report",
    params(("id" = String, Path, description = "The report")),
    request_body = DecideBody,
    responses((status = 204, description = "Decided")),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn decide(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<DecideBody>,
) -> ApiResult<StatusCode> {
    actor.require_admin()?;
    let id: ReportId = path.id(Code::NotFound, "not_found")?;
    let decision = Decision::parse(&body.decision)?;
    chat::decide(&services, &actor, id, decision, &decision_note(&body.note)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why.
#[derive(Deserialize, ToSchema)]
pub struct LiftBody {
    /// Why, 1 to 500 characters.
    note: String,
}

impl Body for LiftBody {}

/// Let a suspended person send messages again, as an admin.
#[utoipa::path(post, path = "/api/chat/suspensions/{id}/lift", tag = "chat", operation_id = "lift_suspension",
    params(("id" = String, Path, description = "The person")),
    request_body = LiftBody,
    responses((status = 204, description = "Lifted")),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn lift(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<LiftBody>,
) -> ApiResult<StatusCode> {
    actor.require_admin()?;
    let user: UserId = path.id(Code::NotFound, "not_found")?;
    chat::lift(&services, &actor, user, &decision_note(&body.note)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
