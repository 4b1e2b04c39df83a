//! The account that Stripe gives of the platform's balance, line by line.
//!
//! Read with the little that is needed of it: each line comes with its object, of which there are many kinds, and a
//! field that is new in one of them must not end the reading.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::reconcile::Kind;
use miniserde::Deserialize;
use serde::Serialize;
use stripe::StripeRequest;
use stripe_client_core::{RequestBuilder, StripeMethod};
use uuid::Uuid;

use super::Provider;
use crate::{AppError, Result};

/// Lines in one answer: as many as Stripe gives.
const AT_ONCE: i32 = 100;

/// A line of the balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Stripe's id of it.
    pub id: String,
    pub kind: Kind,
    /// The row of ours that caused it, where its object names one; else Stripe's id.
    pub reference: String,
    /// Money that was secured before a lesson, of which it took some.
    pub deposit: Option<Uuid>,
    /// Stripe's object, such as a charge.
    pub object: Option<String>,
    /// The payment that it is about.
    pub payment: Option<String>,
    /// What came to the balance before the fee, minor units; negative where it went.
    pub minor: i64,
    /// The code of its currency.
    pub currency: String,
    /// What Stripe kept, minor units, and in which currency; nothing for a chargeback, with which it is entered.
    pub fee: i64,
    pub fee_currency: String,
    pub created_at: DateTime<Utc>,
}

/// Some lines, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lines {
    pub lines: Vec<Line>,
    /// Whether there are older ones.
    pub more: bool,
}

impl Provider {
    /// The newest lines that were made since then, after one of them where it is named.
    pub(crate) async fn list_lines(
        &self,
        since: Option<DateTime<Utc>>,
        after: Option<&str>,
    ) -> Result<Lines> {
        let request = ListLines {
            limit: AT_ONCE,
            expand: ["data.source"],
            since: since.map(|since| since.timestamp()),
            starting_after: after,
        };
        let page = request.customize().send(self.client().await).await.map_err(AppError::fault)?;
        let lines = page.data.into_iter().map(RawLine::read).collect::<Result<_>>()?;
        Ok(Lines { lines, more: page.has_more })
    }
}

/// `GET /v1/balance_transactions`
#[derive(Serialize)]
struct ListLines<'a> {
    limit: i32,
    expand: [&'static str; 1],
    #[serde(rename = "created[gte]", skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_after: Option<&'a str>,
}

impl StripeRequest for ListLines<'_> {
    type Output = RawPage;

    fn build(&self) -> RequestBuilder {
        RequestBuilder::new(StripeMethod::Get, "/balance_transactions").query(self)
    }
}

#[derive(Deserialize)]
struct RawPage {
    data: Vec<RawLine>,
    has_more: bool,
}

#[derive(Deserialize)]
struct RawLine {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    amount: i64,
    fee: i64,
    currency: String,
    created: i64,
    exchange_rate: Option<f64>,
    source: Option<Source>,
}

/// What a line comes from: charge, refund, transfer, reversal, dispute, …
#[derive(Deserialize)]
struct Source {
    id: String,
    object: String,
    amount: Option<i64>,
    amount_captured: Option<i64>,
    currency: Option<String>,
    payment_intent: Option<String>,
    metadata: Option<HashMap<String, String>>,
}

impl Source {
    fn named(&self, name: &str) -> Option<&str> {
        self.metadata.as_ref()?.get(name).map(String::as_str)
    }
}

impl RawLine {
    fn read(self) -> Result<Line> {
        let source = self.source.as_ref();
        let kind = Kind::of(&self.kind, source.is_some_and(|source| source.object == "dispute"));
        let (amount, currency) = self.told();
        let (minor, fee) = match kind {
            // Its fee is entered with it, by its own event, in the currency in which the balance is kept.
            Kind::Chargeback => (amount, 0),
            Kind::Fee => (0, self.fee - self.amount),
            _ => (amount, self.fee),
        };
        let deposit = source.filter(|_| kind == Kind::Payment).and_then(|source| source.named("deposit"));
        let payment = source.and_then(|source| source.payment_intent.clone());
        Ok(Line {
            reference: self.reference(kind).to_owned(),
            deposit: deposit.and_then(|id| id.parse().ok()),
            object: source.map(|source| source.id.clone()),
            payment,
            minor,
            currency: currency.to_uppercase(),
            fee,
            fee_currency: self.currency.to_uppercase(),
            created_at: DateTime::from_timestamp(self.created, 0)
                .ok_or_else(|| AppError::fault("no instant"))?,
            kind,
            id: self.id,
        })
    }

    /// How much it was in the currency in which it was asked for: where Stripe exchanged, the object says.
    fn told(&self) -> (i64, &str) {
        let exchanged = self.source.as_ref().filter(|_| self.exchange_rate.is_some());
        let original =
            exchanged.and_then(|it| Some((it.amount_captured.or(it.amount)?, it.currency.as_deref()?)));
        match original {
            Some((amount, currency)) => (amount * self.amount.signum(), currency),
            None => (self.amount, &self.currency),
        }
    }

    /// What it is compared by.
    fn reference(&self, kind: Kind) -> &str {
        let Some(source) = &self.source else { return &self.id };
        let payment = || source.payment_intent.as_deref();
        let named = match kind {
            Kind::Payment => source.named("charge").or_else(|| source.named("deposit")).or_else(payment),
            Kind::Refund | Kind::RefundFailed => source.named("refund"),
            Kind::Transfer => source.named("payout"),
            Kind::Reversal => source.named("reversal"),
            // Each of them moves money more than once.
            Kind::Chargeback | Kind::Other | Kind::Fee | Kind::Own => Some(&*self.id),
        };
        named.unwrap_or(&source.id)
    }
}

#[cfg(test)]
mod tests {
    use miniserde::json::from_str;

    use super::*;

    fn line(text: &str) -> Line {
        from_str::<RawLine>(text).expect("a line").read().expect("readable")
    }

    #[test]
    fn what_was_exchanged_is_told_as_it_was_asked_for() {
        let read = line(
            r#"{"id":"txn_1","type":"charge","amount":2710,"fee":109,"currency":"usd","created":1803888000,
                "exchange_rate":1.084,"net":2601,"source":{"id":"ch_1","object":"charge","amount":4000,
                "amount_captured":2500,"currency":"eur","payment_intent":"pi_1","metadata":{"charge":"c"}}}"#,
        );
        assert_eq!((read.minor, &*read.currency, read.fee, &*read.fee_currency), (2500, "EUR", 109, "USD"));
        assert_eq!(
            (read.kind, &*read.reference, read.payment.as_deref()),
            (Kind::Payment, "c", Some("pi_1"))
        );
    }

    #[test]
    fn a_chargeback_is_told_without_its_fee_and_a_fee_as_one() {
        let read = line(
            r#"{"id":"txn_2","type":"adjustment","amount":-2500,"fee":1500,"currency":"eur","created":1,
                "source":{"id":"dp_1","object":"dispute","amount":2500,"currency":"eur","payment_intent":"pi_1"}}"#,
        );
        assert_eq!(
            (read.kind, read.minor, read.fee, &*read.reference),
            (Kind::Chargeback, -2500, 0, "txn_2")
        );
        let read = line(
            r#"{"id":"txn_2","type":"adjustment","amount":-2710,"fee":1500,"currency":"usd","created":1,
                "exchange_rate":1.084,"source":{"id":"dp_1","object":"dispute","amount":2500,"currency":"eur",
                "payment_intent":"pi_1"}}"#,
        );
        assert_eq!((read.minor, &*read.currency, read.fee), (-2500, "EUR", 0), "the fee is in dollars");
        let read = line(
            r#"{"id":"txn_3","type":"stripe_fee","amount":-200,"fee":0,"currency":"eur","created":1,"source":null}"#,
        );
        assert_eq!((read.kind, read.minor, read.fee), (Kind::Fee, 0, 200));
        assert_eq!(read.object, None);
    }

    #[test]
    fn what_names_no_row_of_ours_is_known_by_its_own_id() {
        for (kind, object, reference) in
            [("charge", "charge", "pi_9"), ("refund", "refund", "x_9"), ("transfer", "transfer", "x_9")]
        {
            let read = line(&format!(
                r#"{{"id":"txn_4","type":"{kind}","amount":1,"fee":0,"currency":"eur","created":1,
                     "source":{{"id":"x_9","object":"{object}","payment_intent":"pi_9","metadata":{{}}}}}}"#
            ));
            assert_eq!(read.reference, reference, "{kind}");
        }
    }
}
