//! Top-ups: the platform brings money of its own to its balance. They succeed at once.

use serde_json::{Value, json};

use crate::{
    balance::{self, Line},
    call::Call,
    chance,
    errors::{Answer, StripeError},
    money,
};

const CREATE: &[&str] =
    &["amount", "currency", "description", "metadata", "source", "statement_descriptor", "transfer_group"];
const LIST: &[&str] = &["created", "ending_before", "limit", "starting_after"];

/// `/v1/topups…`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    Some(match (method, path) {
        ("POST", []) => create(call),
        ("GET", []) => list(call),
        ("GET", [id]) => find(call, id),
        _ => return None,
    })
}

fn find(call: &Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    Ok(call.store.get("tu", id, "topup")?.clone())
}

fn list(call: &Call<'_>) -> Answer {
    call.allow(LIST)?;
    call.list("tu", "/v1/topups", |_| true)
}

fn create(call: &mut Call<'_>) -> Answer {
    call.allow(CREATE)?;
    let currency = money::currency(&call.params.require("currency")?)?;
    let amount = call.params.integer("amount")?.ok_or_else(|| StripeError::needs("amount"))?;
    money::chargeable(amount, &currency)?;
    let metadata = call.params.metadata(&Value::Null)?;
    let id = chance::id("tu");
    let booked = balance::book(
        call,
        &Line {
            kind: "topup",
            category: "topup",
            amount,
            fee: 0,
            currency: currency.clone(),
            source: id.clone(),
            at_once: true,
        },
    );
    let topup = json!({
        "id": id, "object": "topup", "amount": amount, "balance_transaction": booked, "created": call.now,
        "currency": currency, "description": call.params.text("description"),
        "expected_availability_date": call.now, "failure_code": null, "failure_message": null, "livemode": false,
        "metadata": metadata, "source": null, "statement_descriptor": call.params.text("statement_descriptor"),
        "status": "succeeded", "transfer_group": call.params.text("transfer_group")
    });
    Ok(call.create(topup, "topup.succeeded"))
}
