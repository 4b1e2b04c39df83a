//! What the forms of admins about disputes do on the server.

use domain::{
    Code, Refusal,
    dispute::{Outcome, Statement, note},
    ids::DisputeId,
};
use services::{booking, dispute};

use super::{charge_actions::act, console::actions::typed_amount, query};
use crate::error::WireError;

/// Where admins decide.
pub(super) const DISPUTES: &str = "/admin/disputes";

/// Decides. `seen` is how many statements the page showed.
///
/// # Errors
/// As `services::dispute::decide`; `INVALID_REQUEST` for no outcome, no note, or what is no amount of the currency.
pub async fn decide(
    id: &str,
    outcome: &str,
    amount: &str,
    why: &str,
    seen: Option<i64>,
) -> Result<(), WireError> {
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
        dispute::decide(services, actor, id, outcome, minor, &why, seen).await
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
