//! `/api/v2/bookings/{id}/disputes`, `/api/v2/disputes/{id}`: what a party does not accept, and what is decided.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use domain::{
    Code,
    dispute::{Outcome, Reason, Statement, note, read_claim},
    ids::{AttachmentId, DisputeId},
};
use serde::{Deserialize, Serialize};
use services::{
    Actor, AppError, Services,
    dispute::{self, Bank, Dispute, Said},
    files::Home,
};
use utoipa::ToSchema;

use super::{
    booking_view::booking_id,
    error::{ApiError, ApiResult},
    extract::{ApiJson, ApiPath, Body, SignedIn},
    file_view::{AttachmentView, FileForm},
    wire::{Failure, Success, created, ok},
};
use crate::uploads::file_of;

/// A dispute.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisputeView {
    /// Opaque.
    id: String,
    /// The lesson.
    booking_id: String,
    /// student, tutor or provider (the bank of the card took the payment back).
    #[schema(example = "student")]
    origin: &'static str,
    /// not_held, cut_short, not_as_agreed, technical, wrong_outcome, other or chargeback.
    #[schema(example = "cut_short")]
    reason: &'static str,
    /// open, decided (by an admin) or closed (by the bank).
    #[schema(example = "decided")]
    state: &'static str,
    /// Since when.
    opened_at: DateTime<Utc>,
    /// What both said, oldest first.
    statements: Vec<StatementView>,
    /// What banks do about the payment, oldest first.
    chargebacks: Vec<ChargebackView>,
    /// full, partial or none; null while it is open.
    #[schema(example = "partial")]
    outcome: Option<&'static str>,
    /// What the student is better off by, minor units of the booking's currency.
    #[schema(example = 1000)]
    amount: Option<i64>,
    /// Whether so much less is owed; else it was paid and is given back.
    reduced: Option<bool>,
    /// Why.
    note: Option<String>,
    /// When it was decided.
    decided_at: Option<DateTime<Utc>>,
}

/// A bank takes a payment back.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChargebackView {
    /// inquiry, inquiry_review, needs_response, under_review, won (for the platform) or lost.
    #[schema(example = "needs_response")]
    standing: &'static str,
    /// In the bank's words.
    #[schema(example = "product_not_received")]
    reason: String,
    /// Minor units.
    #[schema(example = 2500)]
    amount: i64,
    /// Until when the bank takes evidence.
    due_by: Option<DateTime<Utc>>,
    /// When the evidence was sent, at this stage.
    evidence_sent_at: Option<DateTime<Utc>>,
}

impl From<Bank> for ChargebackView {
    fn from(bank: Bank) -> Self {
        let (standing, amount) = (bank.standing.name(), bank.amount.minor);
        let (due_by, evidence_sent_at) = (bank.due_by, bank.answered_at);
        ChargebackView { standing, reason: bank.reason, amount, due_by, evidence_sent_at }
    }
}

/// What one of the two said.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementView {
    /// student or tutor.
    #[schema(example = "tutor")]
    by: &'static str,
    /// What it is about, where it is the claim of who said it: as `reason` of a dispute.
    #[schema(example = "technical")]
    claim: Option<&'static str>,
    /// What.
    #[schema(example = "The connection was cut twice, and I waited.")]
    statement: String,
    /// When.
    at: DateTime<Utc>,
    /// Its files.
    attachments: Vec<AttachmentView>,
}

impl StatementView {
    fn new(services: &Services, actor: &Actor, said: Said) -> services::Result<Self> {
        let files = said.files.into_iter();
        let attachments = files.map(|file| AttachmentView::new(services, actor, Home::Dispute, file));
        let attachments = attachments.collect::<services::Result<_>>()?;
        let claim = said.claim.map(Reason::name);
        Ok(StatementView { by: said.by.name(), claim, statement: said.body, at: said.at, attachments })
    }
}

impl DisputeView {
    /// A dispute for this reader.
    fn new(services: &Services, actor: &Actor, dispute: Dispute) -> services::Result<Self> {
        let state = match &dispute {
            dispute if dispute.is_open() => "open",
            dispute if dispute.verdict.is_some() => "decided",
            _ => "closed",
        };
        let statements = dispute.statements.into_iter();
        let statements = statements.map(|said| StatementView::new(services, actor, said));
        let verdict = dispute.verdict;
        Ok(DisputeView {
            id: dispute.id.to_string(),
            booking_id: dispute.booking.to_string(),
            origin: dispute.by.as_ref().map_or("provider", |by| by.party.name()),
            reason: dispute.by.as_ref().map_or("chargeback", |by| by.reason.name()),
            state,
            opened_at: dispute.opened_at,
            statements: statements.collect::<services::Result<_>>()?,
            chargebacks: dispute.banks.into_iter().map(ChargebackView::from).collect(),
            outcome: verdict.as_ref().map(|verdict| verdict.outcome.name()),
            amount: verdict.as_ref().map(|verdict| verdict.amount.minor),
            reduced: verdict.as_ref().map(|verdict| verdict.reduced),
            decided_at: verdict.as_ref().map(|verdict| verdict.at),
            note: verdict.map(|verdict| verdict.note),
        })
    }
}

/// What is disputed.
#[derive(Deserialize, ToSchema)]
pub struct DisputeBody {
    /// not_held, cut_short, not_as_agreed, technical, wrong_outcome or other. Other words are other, and are put in front
    /// of the statement.
    #[schema(example = "cut_short")]
    reason: String,
    /// 1 to 2000 characters.
    #[schema(example = "After twenty minutes the tutor left and did not come back.")]
    statement: String,
    /// Files that were attached for this lesson within a day, at most ten of a person in a dispute.
    attachments: Option<Vec<String>>,
}

impl Body for DisputeBody {}

/// What one adds.
#[derive(Deserialize, ToSchema)]
pub struct StatementBody {
    /// 1 to 2000 characters.
    #[schema(example = "The connection was cut twice, and I waited.")]
    statement: String,
    /// Files that were attached for this lesson within a day, at most ten of a person in a dispute.
    attachments: Option<Vec<String>>,
}

impl Body for StatementBody {}

/// What is said to the bank.
#[derive(Deserialize, ToSchema)]
pub struct EvidenceBody {
    /// 1 to 2000 characters.
    #[schema(example = "The lesson took place, and both were in the call for an hour.")]
    statement: String,
}

impl Body for EvidenceBody {}

/// What is decided.
#[derive(Deserialize, ToSchema)]
pub struct DecisionBody {
    /// full: all that is left of the charge; partial: `amount`; none.
    #[schema(example = "partial")]
    outcome: String,
    /// Minor units; needed for `partial`. With `full` and `none` it may say again what they mean: all that is left, and 0.
    #[schema(example = 1000)]
    amount: Option<i64>,
    /// 1 to 500 characters.
    #[schema(example = "The recording shows that a third of the lesson was lost.")]
    note: String,
}

impl Body for DecisionBody {}

/// The files that a statement names.
fn attached(ids: Option<Vec<String>>) -> ApiResult<Vec<AttachmentId>> {
    let ids = ids.unwrap_or_default().iter().map(|id| id.parse()).collect::<Result<Vec<_>, _>>();
    ids.map_err(|_| ApiError::invalid("attachments", "attachments"))
}

fn dispute_id(path: &ApiPath) -> ApiResult<DisputeId> {
    path.id(Code::NotFound, "not_found")
}

/// The disputes of a booking, oldest first, for its two parties and admins.
#[utoipa::path(get, path = "/api/v2/bookings/{id}/disputes", tag = "disputes", operation_id = "disputes",
    params(("id" = String, Path, description = "The booking")),
    responses((status = 200, description = "The disputes", body = Success<Vec<DisputeView>>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn list(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
) -> ApiResult<Json<Success<Vec<DisputeView>>>> {
    let found = dispute::of_lesson(&services, &actor, booking_id(&path)?).await?;
    let views = found.disputes.into_iter().map(|dispute| DisputeView::new(&services, &actor, dispute));
    Ok(ok(views.collect::<services::Result<_>>()?))
}

/// Dispute a lesson that has its outcome, as one of its two parties, within the window of its booking (72 hours unless
/// set otherwise). Each of the two has one claim for a lesson: while the other's dispute is open, this joins it, whenever
/// that is, and both claims are decided together.
#[utoipa::path(post, path = "/api/v2/bookings/{id}/disputes", tag = "disputes", operation_id = "open_dispute",
    params(("id" = String, Path, description = "The booking")),
    request_body = DisputeBody,
    responses(
        (status = 201, description = "The dispute", body = Success<DisputeView>),
        (status = 400, description = "`INVALID_REQUEST`: no reason, no statement, or on `attachments` a file that is not one's own, was taken, or is too old", body = Failure),
        (status = 409, description = "`INVALID_STATE`: no outcome yet, too late, one's claim was made already, or a bank decides", body = Failure),
        (status = 429, description = "`RATE_LIMITED`: more than 30 statements of a person in an hour", body = Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn open(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<DisputeBody>,
) -> ApiResult<Response> {
    let id = booking_id(&path)?;
    let (reason, statement) = read_claim(&body.reason, &body.statement)?;
    let files = attached(body.attachments)?;
    let opened = dispute::open(&services, &actor, id, reason, &statement, &files).await?;
    Ok(created(DisputeView::new(&services, &actor, opened)?))
}

/// Attach a file for a lesson, as one of its two parties: the statement that opens a dispute or adds to the open one takes
/// it within a day. Images are written anew, without metadata. The two parties and admins can read it.
#[utoipa::path(post, path = "/api/v2/bookings/{id}/disputes/files", tag = "disputes", operation_id = "attach_to_dispute",
    params(("id" = String, Path, description = "The booking")),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The file", body = Success<AttachmentView>),
        (status = 400, description = "`INVALID_REQUEST` on `file`: neither an image nor a PDF, or more than ten of a person in the dispute", body = Failure),
        (status = 409, description = "`INVALID_STATE`: no dispute is open, and none can be opened (any more)", body = Failure),
        (status = 413, description = "`PAYLOAD_TOO_LARGE`: more than 10 MB, or no room is left for this person", body = Failure),
        (status = 429, description = "`RATE_LIMITED`: more than 60 files of a person in an hour", body = Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn attach(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    request: Request,
) -> ApiResult<Response> {
    let id = booking_id(&path)?;
    let kept = dispute::attach(&services, &actor, id, vec![file_of(request).await?]).await?;
    let file = kept.into_iter().next().ok_or_else(|| AppError::fault("a file that was kept"))?;
    Ok(created(AttachmentView::new(&services, &actor, Home::Dispute, file)?))
}

/// A dispute, for the two parties and admins.
#[utoipa::path(get, path = "/api/v2/disputes/{id}", tag = "disputes", operation_id = "dispute",
    params(("id" = String, Path, description = "The dispute")),
    responses((status = 200, description = "The dispute", body = Success<DisputeView>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn find(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
) -> ApiResult<Json<Success<DisputeView>>> {
    let found = dispute::find(&services, &actor, dispute_id(&path)?).await?;
    Ok(ok(DisputeView::new(&services, &actor, found)?))
}

/// Add a statement to an open dispute, as one of the two parties.
#[utoipa::path(post, path = "/api/v2/disputes/{id}/statements", tag = "disputes", operation_id = "answer_dispute",
    params(("id" = String, Path, description = "The dispute")),
    request_body = StatementBody,
    responses(
        (status = 201, description = "The dispute", body = Success<DisputeView>),
        (status = 409, description = "`INVALID_STATE`: it is decided", body = Failure),
        (status = 429, description = "`RATE_LIMITED`: more than 30 statements of a person in an hour", body = Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn answer(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<StatementBody>,
) -> ApiResult<Response> {
    let id = dispute_id(&path)?;
    let (statement, files) = (Statement::parse(&body.statement)?, attached(body.attachments)?);
    let answered = dispute::answer(&services, &actor, id, &statement, &files).await?;
    Ok(created(DisputeView::new(&services, &actor, answered)?))
}

/// Have the evidence sent to the bank that took the payment back, as an admin: who came, the receipt,
/// what was agreed to, and this statement. The bank takes evidence once each time that it asks; what it did not take can
/// be sent again.
#[utoipa::path(post, path = "/api/v2/disputes/{id}/evidence", tag = "disputes", operation_id = "submit_evidence",
    params(("id" = String, Path, description = "The dispute")),
    request_body = EvidenceBody,
    responses(
        (status = 202, description = "The dispute", body = Success<DisputeView>),
        (status = 409, description = "`INVALID_STATE`: no bank waits for evidence, or it was sent and not refused", body = Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn submit(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<EvidenceBody>,
) -> ApiResult<Response> {
    let id = dispute_id(&path)?;
    let words = Statement::parse(&body.statement)?;
    let asked = dispute::submit_evidence(&services, &actor, id, &words).await?;
    Ok((StatusCode::ACCEPTED, ok(DisputeView::new(&services, &actor, asked)?)).into_response())
}

/// Decide a dispute, as an admin, once. What was paid is given back; of what is owed, so much less is owed.
#[utoipa::path(post, path = "/api/v2/disputes/{id}/decide", tag = "disputes", operation_id = "decide_dispute",
    params(("id" = String, Path, description = "The dispute")),
    request_body = DecisionBody,
    responses(
        (status = 200, description = "The dispute", body = Success<DisputeView>),
        (status = 400, description = "`INVALID_REQUEST`: no amount where one is needed, one where none is, or more than is left", body = Failure),
        (status = 409, description = "`INVALID_STATE`: decided before, nothing left to give back, or the charge is under way", body = Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn decide(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<DecisionBody>,
) -> ApiResult<Json<Success<DisputeView>>> {
    let id = dispute_id(&path)?;
    let (outcome, note) = (Outcome::parse(&body.outcome)?, note(&body.note)?);
    let decided = dispute::decide(&services, &actor, id, outcome, body.amount, &note, None).await?;
    Ok(ok(DisputeView::new(&services, &actor, decided)?))
}
