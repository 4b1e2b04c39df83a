//! Transfers to connected accounts, and their reversals.

use serde_json::{Value, json};

use crate::{
    balance::{self, Line},
    call::Call,
    chance,
    errors::{Answer, StripeError},
    money,
    store::{number, text},
};

const CREATE: &[&str] = &[
    "amount",
    "currency",
    "description",
    "destination",
    "metadata",
    "source_transaction",
    "source_type",
    "transfer_group",
];
const LIST: &[&str] =
    &["created", "destination", "ending_before", "limit", "starting_after", "transfer_group"];

/// `/v1/transfers…`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    Some(match (method, path) {
        ("POST", []) => create(call),
        ("GET", []) => list(call),
        ("GET", [id]) => find(call, id),
        ("POST", [id]) => update(call, id),
        ("POST", [id, "reversals"]) => reverse(call, id),
        ("GET", [id, "reversals"]) => list_reversals(call, id),
        ("GET", [id, "reversals", reversal]) => find_reversal(call, id, reversal),
        ("POST", [id, "reversals", reversal]) => update_reversal(call, id, reversal),
        _ => return None,
    })
}

fn find(call: &Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    Ok(call.store.get("tr", id, "transfer")?.clone())
}

fn list(call: &Call<'_>) -> Answer {
    call.allow(LIST)?;
    let wanted = ["destination", "transfer_group"].map(|name| (name, call.params.text(name)));
    call.list("tr", "/v1/transfers", |row| {
        wanted.iter().all(|(name, value)| value.as_ref().is_none_or(|value| text(row, name) == *value))
    })
}

/// The connected account, which must be able to receive.
fn receiver(call: &Call<'_>) -> Result<String, StripeError> {
    let id = call.params.require("destination")?;
    let account = call.store.find(&id).filter(|found| found["object"] == "account");
    let missing = || StripeError::missing("destination", &id, "destination").status(400);
    let account = account.ok_or_else(missing)?;
    if account["capabilities"]["transfers"] == "active" {
        return Ok(id);
    }
    let message = "Your destination account needs to have at least one of the following capabilities enabled: \
                   transfers, crypto_transfers, legacy_payments";
    Err(StripeError::state("insufficient_capabilities_for_transfer", message))
}

/// The group and the charge that a transfer draws on, after the charge's own limits were kept.
fn source(call: &Call<'_>, amount: i64, currency: &str) -> Result<(Value, Option<String>), StripeError> {
    let asked = call.params.text("transfer_group");
    let Some(id) = call.params.text("source_transaction") else {
        if balance::available(call, currency) < amount {
            let message = "You have insufficient available funds in your Stripe account. Try adding funds directly \
                           to your available balance by creating Charges using the 4000000000000077 test card. \
                           See: https://stripe.com/docs/testing#available-balance";
            return Err(StripeError::state("balance_insufficient", message));
        }
        return Ok((Value::Null, asked));
    };
    let charge = call.store.get("ch", &id, "source_transaction").map_err(|error| error.status(400))?;
    if charge["captured"] != json!(true) {
        let message =
            format!("Cannot use the charge {id} as a source of a transfer because it was not captured.");
        return Err(StripeError::state("invalid_charge_source", message).on("source_transaction"));
    }
    if text(charge, "currency") != currency {
        let message = format!(
            "The currency of source_transaction's balance transaction ({}) must be the same as the transfer currency \
             ({currency})",
            text(charge, "currency")
        );
        return Err(StripeError::invalid(message).on("currency"));
    }
    let used = call.store.drawn.get(&id).copied().unwrap_or_default();
    let most = number(charge, "amount_captured");
    if used + amount > most {
        let message = format!(
            "Transfers using this transaction as a source must not exceed the source amount of {}. (There is already a \
             transfer using this source, amounting to {}.)",
            money::display(most, currency),
            money::display(used, currency)
        );
        return Err(StripeError { executed: true, ..StripeError::invalid(message).on("amount") });
    }
    let group = grouped(charge, asked)?;
    Ok((json!(id), Some(group)))
}

fn grouped(charge: &Value, asked: Option<String>) -> Result<String, StripeError> {
    match (text(charge, "transfer_group"), asked) {
        (own, None) if own.is_empty() => Ok(format!("group_{}", text(charge, "payment_intent"))),
        (own, Some(asked)) if own.is_empty() || own == asked => Ok(asked),
        (own, None) => Ok(own),
        (own, Some(_)) => {
            let message = format!("The transfer_group must be the one of the source_transaction: {own}");
            Err(StripeError::invalid(message).on("transfer_group"))
        }
    }
}

fn create(call: &mut Call<'_>) -> Answer {
    call.allow(CREATE)?;
    let currency = money::currency(&call.params.require("currency")?)?;
    let destination = receiver(call)?;
    let amount = call.params.integer("amount")?.ok_or_else(|| StripeError::needs("amount"))?;
    money::positive(amount)?;
    let metadata = call.params.metadata(&Value::Null)?;
    let (source, group) = source(call, amount, &currency)?;
    let id = chance::id("tr");
    let booked = balance::book(
        call,
        &Line {
            kind: "transfer",
            category: "transfer",
            amount: -amount,
            fee: 0,
            currency: currency.clone(),
            source: id.clone(),
            at_once: source.is_null(),
        },
    );
    if let (Some(charge), Some(group)) = (source.as_str(), &group) {
        call.store.set(charge, &json!({ "transfer_group": group }));
        *call.store.drawn.entry(charge.to_owned()).or_default() += amount;
    }
    let transfer = json!({
        "id": id, "object": "transfer", "amount": amount, "amount_reversed": 0, "balance_transaction": booked,
        "created": call.now, "currency": currency, "description": call.params.text("description"),
        "destination": destination, "destination_payment": chance::id("py"), "livemode": false,
        "metadata": metadata,
        "reversals": {
            "object": "list", "data": [], "has_more": false, "url": format!("/v1/transfers/{id}/reversals")
        },
        "reversed": false, "source_transaction": source, "source_type": "card", "transfer_group": group
    });
    Ok(call.create(transfer, "transfer.created"))
}

fn update(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(&["description", "metadata"])?;
    let before = call.store.get("tr", id, "transfer")?.clone();
    let metadata = call.params.metadata(&before["metadata"])?;
    call.store.set(id, &json!({ "metadata": metadata }));
    if call.params.has("description") {
        let description = call.params.text("description");
        call.store.set(id, &json!({ "description": description }));
    }
    call.emit_change("transfer.updated", id, &before);
    Ok(call.copy(id))
}

fn reverse(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(&["amount", "description", "metadata", "refund_application_fee"])?;
    let before = call.store.get("tr", id, "transfer")?.clone();
    let (currency, reversed) = (text(&before, "currency"), number(&before, "amount_reversed"));
    let left = number(&before, "amount") - reversed;
    let amount = call.params.integer("amount")?.unwrap_or(left.max(1));
    money::positive(amount)?;
    if amount > left {
        let message = format!(
            "Transfer reversal amount ({}) is greater than unreversed amount on transfer ({})",
            money::display(amount, &currency),
            money::display(left, &currency)
        );
        return Err(StripeError { executed: true, ..StripeError::invalid(message).on("amount") });
    }
    let metadata = call.params.metadata(&Value::Null)?;
    let reversal_id = chance::id("trr");
    let booked = balance::book(
        call,
        &Line {
            kind: "transfer_refund",
            category: "transfer_reversal",
            amount,
            fee: 0,
            currency: currency.clone(),
            source: reversal_id.clone(),
            at_once: true,
        },
    );
    let reversal = json!({
        "id": reversal_id, "object": "transfer_reversal", "amount": amount, "balance_transaction": booked,
        "created": call.now, "currency": currency, "destination_payment_refund": chance::id("pyr"),
        "metadata": metadata, "source_refund": null, "transfer": id
    });
    call.store.insert(reversal.clone());
    if let Some(drawn) = call.store.drawn.get_mut(&text(&before, "source_transaction")) {
        *drawn -= amount;
    }
    if let Some(transfer) = call.store.change(id) {
        transfer["amount_reversed"] = json!(reversed + amount);
        transfer["reversed"] = json!(amount == left);
        if let Some(rows) = transfer["reversals"]["data"].as_array_mut() {
            rows.insert(0, reversal.clone());
            rows.truncate(10);
        }
    }
    call.emit_change("transfer.reversed", id, &before);
    Ok(reversal)
}

fn list_reversals(call: &Call<'_>, id: &str) -> Answer {
    call.allow(&["ending_before", "limit", "starting_after"])?;
    call.store.get("tr", id, "transfer")?;
    call.list("trr", &format!("/v1/transfers/{id}/reversals"), |row| text(row, "transfer") == id)
}

fn find_reversal(call: &Call<'_>, id: &str, reversal: &str) -> Answer {
    call.allow(&[])?;
    let found = call.store.get("trr", reversal, "id")?;
    if text(found, "transfer") == id {
        return Ok(found.clone());
    }
    Err(StripeError::missing("transfer reversal", reversal, "id"))
}

fn update_reversal(call: &mut Call<'_>, id: &str, reversal: &str) -> Answer {
    call.allow(&["metadata"])?;
    let found = call.store.get("trr", reversal, "id")?.clone();
    if text(&found, "transfer") != id {
        return Err(StripeError::missing("transfer reversal", reversal, "id"));
    }
    let metadata = call.params.metadata(&found["metadata"])?;
    call.store.set(reversal, &json!({ "metadata": metadata }));
    Ok(call.copy(reversal))
}
