//! What the forms of disputes do on the server.

use domain::{
    Code, Refusal,
    dispute::{Outcome, Reason, Statement, note},
    ids::{BookingId, DisputeId},
};
use services::{booking, dispute};

use super::{charge_actions::act, console::actions::typed_amount, query};
use crate::error::WireError;

/// Where admins decide.
pub(super) const DISPUTES: &str = "/admin/disputes";

/// Opens a dispute and shows it on the page of its lesson.
///
/// # Errors
/// As `services::dispute::open`; `INVALID_REQUEST` for no reason or no statement.
pub async fn open(booking: &str, reason: &str, statement: &str) -> Result<(), WireError> {
    let page = format!("/lessons/{}#dispute", query::encode(booking));
    act(&[("reason", reason), ("statement", statement)], &page, async |services, actor| {
        let booking: BookingId = booking.parse()?;
        let (reason, statement) = (Reason::parse(reason)?, Statement::parse(statement)?);
        dispute::open(services, actor, booking, reason, &statement).await
    })
    .await
}

/// Adds a statement.
///
/// # Errors
/// As `services::dispute::answer`; `INVALID_REQUEST` for no statement.
pub async fn answer(dispute: &str, statement: &str) -> Result<(), WireError> {
    let visit = super::context::visit();
    let acting = async {
        let id: DisputeId = dispute.parse()?;
        let statement = Statement::parse(statement)?;
        let answered = dispute::answer(&visit.services, visit.actor()?, id, &statement).await?;
        // Without the place on it: the page on which one is would not be loaded again.
        leptos_axum::redirect(&format!("/lessons/{}", answered.booking));
        Ok(())
    };
    super::context::answer_form(&visit, &[("statement", statement)], acting).await
}

/// Decides.
///
/// # Errors
/// As `services::dispute::decide`; `INVALID_REQUEST` for no outcome, no note, or what is no amount of the currency.
pub async fn decide(id: &str, outcome: &str, amount: &str, why: &str) -> Result<(), WireError> {
    let page = format!("{DISPUTES}/{}?saved=1", query::encode(id));
    let typed = [("outcome", outcome), ("amount", amount), ("note", why)];
    act(&typed, &page, async |services, actor| {
        let id: DisputeId = id.parse()?;
        let (outcome, why) = (Outcome::parse(outcome)?, note(why)?);
        let minor = if amount.trim().is_empty() {
            None
        } else {
            let lesson = dispute::find(services, actor, id).await?.booking;
            let currency = booking::find(services, actor, lesson).await?.currency;
            let refusal = Refusal::on(Code::InvalidRequest, "amount_typed", "amount");
            Some(typed_amount(amount, currency).ok_or(refusal)?)
        };
        dispute::decide(services, actor, id, outcome, minor, &why).await
    })
    .await
}

/// Has our evidence sent to a bank.
///
/// # Errors
/// As `services::dispute::submit_evidence`; `INVALID_REQUEST` for no statement.
pub async fn submit_evidence(id: &str, statement: &str) -> Result<(), WireError> {
    let page = format!("{DISPUTES}/{}?saved=1", query::encode(id));
    act(&[("statement", statement)], &page, async |services, actor| {
        let (id, words): (DisputeId, _) = (id.parse()?, Statement::parse(statement)?);
        dispute::submit_evidence(services, actor, id, &words).await
    })
    .await
}
