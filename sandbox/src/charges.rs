//! Charges: what a PaymentIntent's attempts leave behind.

use serde_json::{Value, json};

use crate::{
    balance::{self, Line},
    call::Call,
    cards::{After, Decline, TestCard},
    chance,
    errors::Answer,
    money, search,
    store::{number, text},
};

const UPDATE: &[&str] =
    &["customer", "description", "fraud_details", "metadata", "receipt_email", "shipping", "transfer_group"];
const LIST: &[&str] =
    &["created", "customer", "ending_before", "limit", "payment_intent", "starting_after", "transfer_group"];

/// `/v1/charges…`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    Some(match (method, path) {
        ("GET", []) => list(call),
        ("GET", ["search"]) => search::run(call, "ch", "/v1/charges/search"),
        ("GET", [id]) => find(call, id),
        ("POST", [id]) => update(call, id),
        _ => return None,
    })
}

fn find(call: &Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    Ok(call.store.get("ch", id, "charge")?.clone())
}

fn list(call: &Call<'_>) -> Answer {
    call.allow(LIST)?;
    let wanted = ["customer", "payment_intent", "transfer_group"].map(|name| (name, call.params.text(name)));
    call.list("ch", "/v1/charges", |row| {
        wanted.iter().all(|(name, value)| value.as_ref().is_none_or(|value| text(row, name) == *value))
    })
}

fn update(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(UPDATE)?;
    let before = call.store.get("ch", id, "charge")?.clone();
    let mut charge = before.clone();
    charge["metadata"] = call.params.metadata(&before["metadata"])?;
    for name in ["description", "receipt_email", "transfer_group"] {
        if call.params.has(name) {
            charge[name] = json!(call.params.text(name));
        }
    }
    if let Some(report) = call.params.text("fraud_details.user_report") {
        charge["fraud_details"]["user_report"] = json!(report);
    }
    call.store.insert(charge);
    call.emit_change("charge.updated", id, &before);
    Ok(call.copy(id))
}

/// A charge with everything that does not depend on the bank's answer.
fn draft(call: &Call<'_>, intent: &Value) -> Value {
    let id = chance::id("ch");
    let method = call.copy(&text(intent, "payment_method"));
    let card = &method["card"];
    json!({
        "id": id, "object": "charge", "amount": intent["amount"], "amount_captured": 0, "amount_refunded": 0,
        "application": null, "application_fee": null, "application_fee_amount": null,
        "balance_transaction": null, "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX", "captured": false, "created": call.now,
        "currency": intent["currency"], "customer": intent["customer"], "description": intent["description"],
        "destination": null, "dispute": null, "disputed": false, "failure_balance_transaction": null,
        "failure_code": null, "failure_message": null, "fraud_details": {}, "livemode": false,
        "metadata": intent["metadata"], "on_behalf_of": null, "order": null, "outcome": null, "paid": false,
        "payment_intent": intent["id"], "payment_method": intent["payment_method"],
        "payment_method_details": { "type": "card", "card": {
            "amount_authorized": null, "authorization_code": null, "brand": card["brand"],
            "checks": card["checks"], "country": card["country"], "exp_month": card["exp_month"],
            "exp_year": card["exp_year"], "extended_authorization": { "status": "disabled" },
            "fingerprint": card["fingerprint"], "funding": card["funding"],
            "incremental_authorization": { "status": "unavailable" }, "installments": null,
            "last4": card["last4"], "mandate": null, "multicapture": { "status": "unavailable" },
            "network": card["brand"], "network_token": { "used": false }, "network_transaction_id": null,
            "overcapture": { "maximum_amount_capturable": intent["amount"], "status": "unavailable" },
            "regulated_status": "unregulated", "three_d_secure": null, "wallet": null
        } },
        "radar_options": {}, "receipt_email": intent["receipt_email"], "receipt_number": null,
        "receipt_url": null, "refunded": false, "review": null, "shipping": intent["shipping"], "source": null,
        "source_transfer": null, "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"], "status": "failed",
        "transfer_data": null, "transfer_group": intent["transfer_group"]
    })
}

/// A charge that the bank granted; captured at once unless the intent says `manual`. Answers its id.
pub fn charge(
    call: &mut Call<'_>,
    intent: &Value,
    card: &TestCard,
    authenticated: bool,
    days: i64,
) -> String {
    let mut charge = draft(call, intent);
    let manual = intent["capture_method"] == "manual";
    let details = &mut charge["payment_method_details"]["card"];
    details["amount_authorized"] = intent["amount"].clone();
    details["authorization_code"] = json!(chance::letters(6).to_ascii_uppercase());
    details["network_transaction_id"] = json!(chance::letters(15));
    if manual {
        details["capture_before"] = json!(call.now + days * 86_400);
    }
    if authenticated {
        details["three_d_secure"] = json!({
            "authentication_flow": "challenge", "electronic_commerce_indicator": "05", "exemption_indicator": null,
            "result": "authenticated", "result_reason": null, "transaction_id": chance::letters(20),
            "version": "2.2.0"
        });
    }
    charge["paid"] = json!(true);
    charge["status"] = json!("succeeded");
    charge["outcome"] = json!({
        "advice_code": null, "network_advice_code": null, "network_decline_code": null,
        "network_status": "approved_by_network",
        "reason": if card.risk == "elevated" { json!("elevated_risk_level") } else { Value::Null },
        "risk_level": card.risk, "risk_score": if card.risk == "normal" { 20 } else { 70 },
        "seller_message": "Payment complete.", "type": "authorized"
    });
    let id = call.store.insert(charge);
    if !manual {
        take(call, &id, number(intent, "amount"), card);
    }
    id
}

/// Books what a charge brings.
fn take(call: &mut Call<'_>, id: &str, amount: i64, card: &TestCard) {
    let currency = text(&call.copy(id), "currency");
    let line = Line {
        kind: "charge",
        category: "charge",
        amount,
        fee: money::fee(amount, &currency),
        currency,
        source: id.to_owned(),
        at_once: card.after == After::Available,
    };
    let booked = balance::book(call, &line);
    call.store.set(
        id,
        &json!({
            "captured": true, "amount_captured": amount, "balance_transaction": booked,
            "receipt_url": format!("{}/_pages/receipts/{id}", call.base)
        }),
    );
}

/// Captures a reserved charge; what is not captured is given back.
pub fn capture(call: &mut Call<'_>, id: &str, amount: i64) {
    let charge = call.copy(id);
    let file = call.store.cards.get(&text(&charge, "payment_method")).cloned();
    let Some(file) = file else { return };
    take(call, id, amount, file.card);
    call.store.set(id, &json!({ "amount_refunded": number(&charge, "amount") - amount }));
    call.emit("charge.captured", id);
}

/// Gives back what a charge had reserved.
pub fn release(call: &mut Call<'_>, id: &str, lapsed: bool) {
    let amount = call.copy(id)["amount"].clone();
    call.store.set(id, &json!({ "amount_refunded": amount, "refunded": true }));
    call.emit(if lapsed { "charge.expired" } else { "charge.refunded" }, id);
}

/// A charge that the bank refused. Answers its id.
pub fn failed(call: &mut Call<'_>, intent: &Value, decline: &Decline) -> String {
    let mut charge = draft(call, intent);
    let blocked = decline.decline_code == Some("fraudulent");
    let reason = decline.decline_code.unwrap_or(decline.code);
    charge["failure_code"] = json!(decline.code);
    charge["failure_message"] = json!(decline.message);
    charge["outcome"] = json!({
        "advice_code": if blocked { "do_not_try_again" } else { "try_again_later" },
        "network_advice_code": null, "network_decline_code": null,
        "network_status": if blocked { "not_sent_to_network" } else { "declined_by_network" },
        "reason": if blocked { "highest_risk_level" } else { reason },
        "risk_level": if blocked { "highest" } else { "normal" }, "risk_score": if blocked { 90 } else { 20 },
        "seller_message": if blocked {
            "Stripe blocked this payment as too risky."
        } else {
            "The bank returned a decline."
        },
        "type": if blocked { "blocked" } else { "issuer_declined" }
    });
    call.store.insert(charge)
}
