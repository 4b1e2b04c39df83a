//! The platform's balance, and every line of it. A charge is settled in its own currency.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    call::Call,
    chance,
    errors::Answer,
    store::{Due, Entry, text},
};

const LIST: &[&str] =
    &["created", "currency", "ending_before", "limit", "payout", "source", "starting_after", "type"];
/// Days until a charge's money is available: two.
const PENDING_DAYS: i64 = 2;

/// A line to be booked.
#[derive(Debug)]
pub struct Line {
    /// `type`.
    pub kind: &'static str,
    /// `reporting_category`.
    pub category: &'static str,
    /// Gross amount with its sign, in minor units.
    pub amount: i64,
    /// Stripe's fee, taken from it.
    pub fee: i64,
    /// Currency in lower case.
    pub currency: String,
    /// The object that it comes from.
    pub source: String,
    /// Whether it is available at once.
    pub at_once: bool,
}

/// Books a line and answers its id.
pub fn book(call: &mut Call<'_>, line: &Line) -> String {
    let available_on = if line.at_once { call.now } else { call.now + PENDING_DAYS * 86_400 };
    let net = line.amount - line.fee;
    let fees: Vec<Value> = (line.fee != 0)
        .then(|| {
            json!({
                "amount": line.fee, "application": null, "currency": line.currency,
                "description": "Stripe processing fees", "type": "stripe_fee"
            })
        })
        .into_iter()
        .collect();
    call.store.entries.push(Entry { currency: line.currency.clone(), net, available_on });
    let id = call.store.insert(json!({
        "id": chance::id("txn"), "object": "balance_transaction", "amount": line.amount,
        "available_on": available_on, "balance_type": "payments", "created": call.now, "currency": line.currency,
        "description": null, "exchange_rate": null, "fee": line.fee, "fee_details": fees, "net": net,
        "reporting_category": line.category, "source": line.source,
        "status": if line.at_once { "available" } else { "pending" }, "type": line.kind
    }));
    if !line.at_once {
        call.store.schedule(available_on, Due::Available { id: id.clone() });
    }
    id
}

/// What is available and pending, by currency, in minor units.
fn sums(call: &Call<'_>) -> BTreeMap<String, (i64, i64)> {
    let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for entry in &call.store.entries {
        let sum = sums.entry(entry.currency.clone()).or_default();
        if entry.available_on <= call.now { sum.0 += entry.net } else { sum.1 += entry.net }
    }
    sums
}

/// What can be transferred now, in minor units.
#[must_use]
pub fn available(call: &Call<'_>, currency: &str) -> i64 {
    sums(call).get(currency).map_or(0, |(available, _)| *available)
}

/// `/v1/balance`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    match (method, path) {
        ("GET", []) => Some(balance(call)),
        _ => None,
    }
}

fn balance(call: &Call<'_>) -> Answer {
    call.allow(&[])?;
    let mut sums = sums(call);
    if sums.is_empty() {
        sums.insert("eur".into(), (0, 0));
    }
    let part = |pick: fn(&(i64, i64)) -> i64| -> Vec<Value> {
        sums.iter()
            .map(|(currency, sum)| {
                json!({ "amount": pick(sum), "currency": currency, "source_types": { "card": pick(sum) } })
            })
            .collect()
    };
    Ok(json!({
        "object": "balance", "available": part(|sum| sum.0), "livemode": false, "pending": part(|sum| sum.1),
        "refund_and_dispute_prefunding": {
            "available": part(|_| 0), "pending": part(|_| 0)
        }
    }))
}

/// `/v1/balance_transactions…`
pub fn route_lines(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    Some(match (method, path) {
        ("GET", []) => list(call),
        ("GET", [id]) => find(call, id),
        _ => return None,
    })
}

fn find(call: &Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    Ok(call.store.get("txn", id, "id")?.clone())
}

fn list(call: &Call<'_>) -> Answer {
    call.allow(LIST)?;
    let wanted = ["currency", "source", "type"].map(|name| (name, call.params.text(name)));
    let payout = call.params.has("payout");
    call.list("txn", "/v1/balance_transactions", |row| {
        !payout
            && wanted.iter().all(|(name, value)| value.as_ref().is_none_or(|value| text(row, name) == *value))
    })
}
