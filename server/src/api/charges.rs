//! `/api/v2/bookings/{id}/charge` and `/refunds`, `/api/v2/ledger/balances`: money and why.

use axum::{Json, extract::State, response::Response};
use chrono::{DateTime, Utc};
use domain::{
    booking::Party,
    charge::{EarlyEnd, NobodyJoined},
};
use serde::{Deserialize, Serialize};
use services::{
    Services, ledger,
    lesson::Attendance,
    payment::{self, Explanation, RefundView},
};
use utoipa::ToSchema;

use super::{
    booking_view::booking_id,
    error::ApiResult,
    extract::{ApiJson, ApiPath, Body, SignedIn},
    wire::{Success, created, ok},
};

/// What a lesson is charged, and everything from which that can be recomputed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChargeView {
    /// completed, no_show_student, no_show_tutor, mutual_no_show or early_end; null before the end.
    #[schema(example = "completed")]
    outcome: Option<String>,
    /// none, scheduled, paid, debt or refunded.
    #[schema(example = "paid")]
    status: String,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: &'static str,
    /// What the student pays, minor units; before the end, what a lesson that takes place will cost.
    #[schema(example = 2500)]
    charge_amount: i64,
    /// The tutor's part, minor units.
    #[schema(example = 2250)]
    payout_amount: i64,
    /// The platform's part, minor units.
    #[schema(example = 250)]
    platform_fee: i64,
    /// Given back so far, minor units.
    #[schema(example = 0)]
    refunded_amount: i64,
    /// What the rule charged besides, and is not owed any more because a dispute was decided so, minor units.
    #[schema(example = 0)]
    reduced_amount: i64,
    /// cancelled, student_absent, tutor_absent, nobody_joined, nobody_joined_free, ended_early, ended_nearly or
    /// completed, asked in this order; null before the end.
    #[schema(example = "completed")]
    rule: Option<&'static str>,
    /// Less was due than can be charged, and the platform let it be.
    waived: bool,
    /// It was owed, and the platform let the student off it.
    forgiven: bool,
    /// When it is due.
    due_at: DateTime<Utc>,
    /// When it was paid.
    paid_at: Option<DateTime<Utc>>,
    /// The number of the receipt.
    receipt: Option<i64>,
    /// What the rule was found from.
    inputs: Inputs,
    /// Who came, in the order in which it was recorded.
    evidence: Vec<EvidenceView>,
    /// Whether the seals of the evidence fit.
    evidence_intact: bool,
    /// The lines of the ledger.
    entries: Vec<EntryView>,
}

/// What a rule is found from.
#[derive(Debug, Serialize, ToSchema)]
pub struct Inputs {
    /// The price of the whole lesson, minor units.
    #[schema(example = 2500)]
    price: i64,
    /// Basis points.
    #[schema(example = 1000)]
    fee_bps: u32,
    /// strict, tolerance or min_payable.
    #[schema(example = "strict")]
    early_end_policy: &'static str,
    /// Seconds, under the policy `tolerance`.
    tolerance_seconds: Option<u32>,
    /// charge_full or charge_nothing.
    #[schema(example = "charge_full")]
    nobody_joined: &'static str,
    /// The scheduled start.
    start: DateTime<Utc>,
    /// The scheduled end.
    end: DateTime<Utc>,
    /// Minutes.
    #[schema(example = 40)]
    min_payable: i32,
    /// Whether it was called off.
    cancelled: bool,
    /// The student's first join within the lesson's time.
    student_joined_at: Option<DateTime<Utc>>,
    /// The tutor's.
    tutor_joined_at: Option<DateTime<Utc>>,
    /// When the tutor marked the student absent.
    marked_no_show_at: Option<DateTime<Utc>>,
    /// When a trusted source saw it end.
    trusted_end_at: Option<DateTime<Utc>>,
}

/// A piece of evidence.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvidenceView {
    /// join, join_refused, marked_no_show or ended.
    #[schema(example = "join")]
    kind: &'static str,
    /// student or tutor; null for what concerns the meeting as a whole.
    #[schema(example = "student")]
    party: Option<&'static str>,
    /// Who says so: lectern for our own link and pages, browser for a join that a browser told of afterwards, else the
    /// video provider.
    #[schema(example = "lectern")]
    source: String,
    /// When.
    at: DateTime<Utc>,
    /// When a browser told of it; only of what a browser told.
    #[serde(skip_serializing_if = "Option::is_none")]
    told_at: Option<DateTime<Utc>>,
    /// SHA-256 over this record and all before it, hexadecimal.
    hash: String,
}

/// A line of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryView {
    /// settled, paid, refunded, …
    #[schema(example = "paid")]
    event: String,
    /// student:…, tutor:…, platform, provider or fees.
    #[schema(example = "platform")]
    account: String,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: &'static str,
    /// Minor units; negative where it is taken away.
    #[schema(example = 250)]
    amount: i64,
    /// When.
    at: DateTime<Utc>,
}

impl From<Explanation> for ChargeView {
    fn from(explained: Explanation) -> Self {
        let name = |value: Option<String>| value.unwrap_or_default();
        ChargeView {
            outcome: explained.outcome.map(|outcome| outcome.booking_state().name().to_owned()),
            status: name(word(&explained.status)),
            currency: explained.split.charge.currency.code(),
            charge_amount: explained.split.charge.minor,
            payout_amount: explained.split.payout.minor,
            platform_fee: explained.split.fee.minor,
            refunded_amount: explained.refunded,
            reduced_amount: explained.reduced,
            rule: explained.rule.map(domain::charge::Rule::name),
            waived: explained.waived,
            forgiven: explained.forgiven.is_some(),
            due_at: explained.due_at,
            paid_at: explained.paid_at,
            receipt: explained.receipt,
            inputs: Inputs::from(&explained),
            evidence_intact: explained.attendance.intact,
            evidence: evidence(explained.attendance),
            entries: explained.lines.into_iter().map(EntryView::from).collect(),
        }
    }
}

/// What a value is called on the wire.
fn word(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

impl From<&Explanation> for Inputs {
    fn from(explained: &Explanation) -> Self {
        let (terms, facts) = (explained.terms, explained.facts);
        let (early_end_policy, tolerance_seconds) = match terms.early_end {
            EarlyEnd::Strict => ("strict", None),
            EarlyEnd::Tolerance(seconds) => ("tolerance", Some(seconds)),
            EarlyEnd::MinPayable => ("min_payable", None),
        };
        Inputs {
            price: terms.price.minor,
            fee_bps: terms.fee_bps,
            early_end_policy,
            tolerance_seconds,
            nobody_joined: match terms.nobody_joined {
                NobodyJoined::ChargeFull => "charge_full",
                NobodyJoined::ChargeNothing => "charge_nothing",
            },
            start: facts.start,
            end: facts.end,
            min_payable: facts.min_payable,
            cancelled: facts.cancelled,
            student_joined_at: facts.evidence.student_joined,
            tutor_joined_at: facts.evidence.tutor_joined,
            marked_no_show_at: facts.evidence.marked_no_show,
            trusted_end_at: facts.evidence.trusted_end,
        }
    }
}

fn evidence(attendance: Attendance) -> Vec<EvidenceView> {
    let view = |row: services::lesson::AttendanceRow| EvidenceView {
        kind: row.record.kind.name(),
        party: row.record.party.map(Party::name),
        source: row.record.source,
        at: row.record.at,
        told_at: row.record.told_at,
        hash: row.hash,
    };
    attendance.rows.into_iter().map(view).collect()
}

impl From<ledger::Line> for EntryView {
    fn from(line: ledger::Line) -> Self {
        let (event, account, amount, at) = (line.event, line.account, line.amount, line.at);
        EntryView { event, account, currency: line.currency.code(), amount, at }
    }
}

/// Why a booking is charged what it is: the rule, its inputs with their times, the evidence, the split, the lines of
/// the ledger. Its two parties and admins may ask.
#[utoipa::path(get, path = "/api/v2/bookings/{id}/charge", tag = "bookings", operation_id = "charge",
    params(("id" = String, Path, description = "The booking")),
    responses((status = 200, description = "The charge", body = Success<ChargeView>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn explain(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
) -> ApiResult<Json<Success<ChargeView>>> {
    Ok(ok(payment::explain(&services, &actor, booking_id(&path)?).await?.into()))
}

/// How much to give back.
#[derive(Deserialize, ToSchema)]
pub struct RefundBody {
    /// Minor units; without it all that is left.
    #[schema(example = 1000)]
    amount: Option<i64>,
    /// 1 to 500 characters.
    #[schema(example = "A third of the lesson was lost to a broken connection.")]
    reason: String,
}

impl Body for RefundBody {}

/// A refund.
#[derive(Debug, Serialize, ToSchema)]
pub struct Refund {
    /// Opaque.
    id: String,
    /// Minor units.
    #[schema(example = 1000)]
    amount: i64,
    /// `pending` until the payment provider has answered.
    #[schema(example = "pending")]
    status: String,
}

impl From<RefundView> for Refund {
    fn from(refund: RefundView) -> Self {
        Refund { id: refund.id.to_string(), amount: refund.amount, status: refund.status }
    }
}

/// Give money back, as an admin. Each call is a refund of its own; more than is left is refused.
#[utoipa::path(post, path = "/api/v2/bookings/{id}/refunds", tag = "bookings", operation_id = "refund",
    params(("id" = String, Path, description = "The booking")),
    request_body = RefundBody,
    responses(
        (status = 201, description = "The refund", body = Success<Refund>),
        (status = 400, description = "`INVALID_REQUEST`: more than is left", body = super::wire::Failure),
        (status = 409, description = "`INVALID_STATE`: nothing was paid", body = super::wire::Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn refund(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<RefundBody>,
) -> ApiResult<Response> {
    let id = booking_id(&path)?;
    let refund = payment::refund(&services, &actor, id, body.amount, &body.reason).await?;
    Ok(created(Refund::from(refund)))
}

/// What an account is owed.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalanceView {
    /// student:…, tutor:…, platform, provider or fees.
    #[schema(example = "platform")]
    account: String,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: &'static str,
    /// Minor units; negative where the account owes.
    #[schema(example = 250)]
    balance: i64,
}

/// The balances of all accounts, for an admin. Every currency sums to 0.
#[utoipa::path(get, path = "/api/v2/ledger/balances", tag = "admin", operation_id = "balances",
    responses((status = 200, description = "The balances", body = Success<Vec<BalanceView>>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn balances(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Json<Success<Vec<BalanceView>>>> {
    let balances = ledger::balances(&services, &actor).await?;
    let view = |balance: ledger::Balance| BalanceView {
        account: balance.account,
        currency: balance.currency.code(),
        balance: balance.balance,
    };
    Ok(ok(balances.into_iter().map(view).collect()))
}
