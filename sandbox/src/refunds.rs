//! Refunds.

use serde_json::{Value, json};

use crate::{
    balance::{self, Line},
    call::Call,
    cards::After,
    chance,
    errors::{Answer, StripeError},
    money,
    store::{Due, number, text},
};

const CREATE: &[&str] = &["amount", "charge", "metadata", "payment_intent", "reason"];
const LIST: &[&str] = &["charge", "created", "ending_before", "limit", "payment_intent", "starting_after"];
/// Seconds after which the test cards' late refunds succeed or fail.
const LATE: i64 = 60;

/// `/v1/refunds…`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    Some(match (method, path) {
        ("POST", []) => create(call),
        ("GET", []) => list(call),
        ("GET", [id]) => find(call, id),
        ("POST", [id]) => update(call, id),
        _ => return None,
    })
}

fn find(call: &Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    Ok(call.store.get("re", id, "refund")?.clone())
}

fn list(call: &Call<'_>) -> Answer {
    call.allow(LIST)?;
    let wanted = ["charge", "payment_intent"].map(|name| (name, call.params.text(name)));
    call.list("re", "/v1/refunds", |row| {
        wanted.iter().all(|(name, value)| value.as_ref().is_none_or(|value| text(row, name) == *value))
    })
}

fn update(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(&["metadata"])?;
    let before = call.store.get("re", id, "refund")?.clone();
    let metadata = call.params.metadata(&before["metadata"])?;
    call.store.set(id, &json!({ "metadata": metadata }));
    call.emit_change("refund.updated", id, &before);
    Ok(call.copy(id))
}

/// The charge that is meant, which must have succeeded.
fn charge_of(call: &Call<'_>) -> Answer {
    let (intent, charge) = (call.params.text("payment_intent"), call.params.text("charge"));
    match (intent, charge) {
        (None, None) => Err(StripeError::invalid(
            "One of the following params should be provided for this request: payment_intent or charge.",
        )
        .code("parameter_missing")),
        (Some(intent), None) => {
            let found = call.store.get("pi", &intent, "payment_intent")?;
            let charge = call.copy(&text(found, "latest_charge"));
            if charge["captured"] == json!(true) {
                return Ok(charge);
            }
            let message =
                format!("This PaymentIntent ({intent}) does not have a successful charge to refund.");
            Err(StripeError::state("payment_intent_unexpected_state", message))
        }
        (intent, Some(charge)) => {
            let found = call.store.get("ch", &charge, "charge")?.clone();
            if intent.is_some_and(|intent| intent != text(&found, "payment_intent")) {
                let message = "The charge does not belong to the payment_intent that was passed.";
                return Err(StripeError::invalid(message).on("charge"));
            }
            if found["captured"] == json!(true) {
                return Ok(found);
            }
            let message = format!("Charge {charge} has not been captured and so cannot be refunded.");
            Err(StripeError::state("charge_not_refundable", message))
        }
    }
}

fn create(call: &mut Call<'_>) -> Answer {
    call.allow(CREATE)?;
    let charge = charge_of(call)?;
    let reason = call.params.choice("reason", &["duplicate", "fraudulent", "requested_by_customer"])?;
    let metadata = call.params.metadata(&Value::Null)?;
    let inquiry = call.copy(&text(&charge, "dispute"))["is_charge_refundable"] == json!(true);
    let amount = refundable(&charge, call.params.integer("amount")?, inquiry)?;
    let method = text(&charge, "payment_method");
    let after = call.store.cards.get(&method).map_or(After::Nothing, |file| file.card.after);
    let refund = json!({
        "id": chance::id("re"), "object": "refund", "amount": amount, "balance_transaction": null,
        "charge": charge["id"], "created": call.now, "currency": charge["currency"],
        "destination_details": { "type": "card", "card": {
            "reference": null, "reference_status": "pending", "reference_type": "acquirer_reference_number",
            "type": "refund"
        } },
        "metadata": metadata, "payment_intent": charge["payment_intent"], "payment_method": charge["payment_method"],
        "reason": reason, "receipt_number": null, "source_transfer_reversal": null,
        "status": if after == After::PendingRefund { "pending" } else { "succeeded" }, "transfer_reversal": null
    });
    let id = call.store.insert(refund);
    let booked = give_back(call, &charge, &id, amount);
    call.store.set(&id, &json!({ "balance_transaction": booked }));
    call.emit("refund.created", &id);
    let charge = text(&charge, "id");
    call.emit("charge.refunded", &charge);
    if let After::PendingRefund | After::FailingRefund = after {
        let due = Due::Refund { id: id.clone(), fails: after == After::FailingRefund };
        call.store.schedule(call.now + LATE, due);
    }
    Ok(call.copy(&id))
}

/// How much is refunded: all that is left, unless said.
fn refundable(charge: &Value, asked: Option<i64>, refundable_dispute: bool) -> Result<i64, StripeError> {
    let left = number(charge, "amount") - number(charge, "amount_refunded");
    let (id, currency) = (text(charge, "id"), text(charge, "currency"));
    if charge["disputed"] == json!(true) && !refundable_dispute {
        let message = format!("Charge {id} has been charged back; cannot issue a refund.");
        return Err(StripeError::state("charge_disputed", message));
    }
    if left <= 0 {
        let message = format!("Charge {id} has already been refunded.");
        return Err(StripeError::state("charge_already_refunded", message));
    }
    let amount = asked.unwrap_or(left);
    money::positive(amount)?;
    if amount > left {
        let message = format!(
            "Refund amount ({}) is greater than unrefunded amount on charge ({})",
            money::display(amount, &currency),
            money::display(left, &currency)
        );
        return Err(StripeError { executed: true, ..StripeError::invalid(message).on("amount") });
    }
    Ok(amount)
}

/// Books a refund against its charge.
fn give_back(call: &mut Call<'_>, charge: &Value, refund: &str, amount: i64) -> String {
    let refunded = number(charge, "amount_refunded") + amount;
    let all = refunded >= number(charge, "amount");
    call.store.set(&text(charge, "id"), &json!({ "amount_refunded": refunded, "refunded": all }));
    balance::book(
        call,
        &Line {
            kind: "refund",
            category: "refund",
            amount: -amount,
            fee: 0,
            currency: text(charge, "currency"),
            source: refund.to_owned(),
            at_once: true,
        },
    )
}

/// A late refund succeeds, or fails and its money comes back.
pub fn settle(call: &mut Call<'_>, id: &str, fails: bool) {
    let before = call.copy(id);
    if !fails {
        call.store.set(id, &json!({ "status": "succeeded" }));
        call.emit_change("refund.updated", id, &before);
        return;
    }
    let charge = call.copy(&text(&before, "charge"));
    let amount = number(&before, "amount");
    let refunded = number(&charge, "amount_refunded") - amount;
    call.store.set(&text(&charge, "id"), &json!({ "amount_refunded": refunded, "refunded": false }));
    let booked = balance::book(
        call,
        &Line {
            kind: "refund_failure",
            category: "refund_failure",
            amount,
            fee: 0,
            currency: text(&before, "currency"),
            source: id.to_owned(),
            at_once: true,
        },
    );
    call.store.set(id, &json!({
        "status": "failed", "failure_reason": "expired_or_canceled_card", "failure_balance_transaction": booked
    }));
    call.emit("refund.failed", id);
}
