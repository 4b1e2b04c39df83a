//! Chargebacks at the provider: how they stand, and the evidence that is sent.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use domain::{
    dispute::Standing,
    ids::{BookingId, ChargeId},
    money::{Currency, Money},
};
use sha2::{Digest as _, Sha256};
use stripe::StripeError;
use stripe_core::dispute::{RetrieveDispute, UpdateDispute, UpdateDisputeEvidence};
use stripe_shared::{ApiErrorsType, BalanceTransaction, Dispute, DisputePaymentMethodDetailsCardCaseType};
use stripe_types::Expandable;

use super::Provider;
use crate::{AppError, Result};

/// A chargeback as the provider tells it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chargeback {
    pub id: String,
    /// The payment that it is about.
    pub intent: String,
    /// What the payment was for, by its metadata.
    pub charge: Option<ChargeId>,
    pub booking: Option<BookingId>,
    pub standing: Standing,
    /// In the bank's words, such as `product_not_received`.
    pub reason: String,
    pub amount: Money,
    /// Until when evidence is taken.
    pub due_by: Option<DateTime<Utc>>,
    /// What was taken and given back because of it.
    pub moves: Vec<Move>,
}

/// Money that was taken (negative) or given back, and the provider's fee for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// The provider's balance transaction.
    pub id: String,
    pub amount: Money,
    pub fee: Money,
}

/// What is sent to the bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// What was sold, and the receipt.
    pub product: String,
    /// The civil date of the lesson, in UTC.
    pub service_date: String,
    pub customer_name: String,
    pub customer_email: String,
    /// Who came, when, by the sealed list.
    pub attendance: String,
    /// The cancellation policy, and how it was agreed to.
    pub policy: String,
    /// The words of an admin.
    pub words: String,
}

/// Whether the bank takes evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It has it.
    Yes,
    /// It takes none (any more), and why.
    No(String),
}

impl Provider {
    /// A chargeback as it stands; `None` for a payment that is none of ours.
    pub(crate) async fn find_chargeback(&self, id: &str) -> Result<Option<Chargeback>> {
        let request = RetrieveDispute::new(id).expand(["payment_intent".to_owned()]);
        let found = request.send(self.client().await).await.map_err(AppError::fault)?;
        read(&found)
    }

    /// Sends evidence, which ends the time for it. What an earlier try has sent, whose key is forgotten, is sent.
    pub(crate) async fn submit_evidence(&self, id: &str, evidence: &Evidence, key: &str) -> Result<Taken> {
        let sent = UpdateDisputeEvidence {
            product_description: Some(evidence.product.clone()),
            service_date: Some(evidence.service_date.clone()),
            customer_name: Some(evidence.customer_name.clone()),
            customer_email_address: Some(evidence.customer_email.clone()),
            access_activity_log: Some(evidence.attendance.clone()),
            cancellation_policy_disclosure: Some(evidence.policy.clone()),
            uncategorized_text: Some(evidence.words.clone()),
            ..UpdateDisputeEvidence::new()
        };
        // What changes between two tries, such as a name, makes another request, which another key must carry.
        let told = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{evidence:?}")));
        let key = format!("{key}-{told}");
        let why = match self.ask(&UpdateDispute::new(id).evidence(sent).submit(true), &key).await {
            Ok(_) => return Ok(Taken::Yes),
            Err(StripeError::Stripe(errors, 400)) if errors.type_ != ApiErrorsType::IdempotencyError => {
                errors.message.unwrap_or_default()
            }
            Err(error) => return Err(AppError::fault(error)),
        };
        let found = RetrieveDispute::new(id).send(self.client().await).await.map_err(AppError::fault)?;
        let is_ours = found.evidence.uncategorized_text.as_deref() == Some(&*evidence.words);
        Ok(if is_ours && found.evidence_details.submission_count > 0 { Taken::Yes } else { Taken::No(why) })
    }
}

fn read(found: &Dispute) -> Result<Option<Chargeback>> {
    let Some(Expandable::Object(payment)) = &found.payment_intent else { return Ok(None) };
    let named = |name: &str| payment.metadata.get(name);
    let charge = named("charge").and_then(|id| id.parse().ok());
    let booking = named("booking").and_then(|id| id.parse().ok());
    if charge.is_none() && booking.is_none() {
        return Ok(None);
    }
    let status = found.status.as_str();
    let taken: i64 = found.balance_transactions.iter().map(|line| line.amount).sum();
    let standing = Standing::of_provider(status, taken < 0 || is_resolved(found));
    let amount = Money { minor: found.amount, currency: currency(&found.currency.to_string())? };
    let moves = found.balance_transactions.iter().map(|line| moved(line, amount));
    Ok(Some(Chargeback {
        id: found.id.to_string(),
        intent: payment.id.to_string(),
        charge,
        booking,
        standing: standing.ok_or_else(|| AppError::fault(format!("a dispute that is {status}")))?,
        reason: found.reason.clone(),
        amount,
        due_by: found.evidence_details.due_by.and_then(|due| DateTime::from_timestamp(due, 0)),
        moves: moves.collect::<Result<_>>()?,
    }))
}

/// Whether the banks agreed on giving the payment back.
fn is_resolved(found: &Dispute) -> bool {
    let card = found.payment_method_details.as_ref().and_then(|details| details.card.as_ref());
    card.is_some_and(|card| card.case_type == DisputePaymentMethodDetailsCardCaseType::Resolution)
}

/// What moved, in the currency of the payment: an account that is kept in another one converts it.
fn moved(line: &BalanceTransaction, disputed: Money) -> Result<Move> {
    let currency = currency(&line.currency.to_string())?;
    let amount = if currency == disputed.currency {
        Money { minor: line.amount, currency }
    } else {
        Money { minor: disputed.minor * line.amount.signum(), ..disputed }
    };
    Ok(Move { id: line.id.to_string(), amount, fee: Money { minor: line.fee, currency } })
}

fn currency(name: &str) -> Result<Currency> {
    Currency::parse(&name.to_uppercase()).map_err(AppError::fault)
}
