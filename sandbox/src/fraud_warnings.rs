//! Early fraud warnings: what the banks of some test cards report.

use serde_json::json;

use crate::{call::Call, chance, errors::Answer, store::text};

const LIST: &[&str] = &["charge", "created", "ending_before", "limit", "payment_intent", "starting_after"];

/// `/v1/radar/early_fraud_warnings…`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    Some(match (method, path) {
        ("GET", ["early_fraud_warnings"]) => list(call),
        ("GET", ["early_fraud_warnings", id]) => find(call, id),
        _ => return None,
    })
}

fn find(call: &Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    Ok(call.store.get("issfr", id, "early_fraud_warning")?.clone())
}

fn list(call: &Call<'_>) -> Answer {
    call.allow(LIST)?;
    let wanted = ["charge", "payment_intent"].map(|name| (name, call.params.text(name)));
    call.list("issfr", "/v1/radar/early_fraud_warnings", |row| {
        wanted.iter().all(|(name, value)| value.as_ref().is_none_or(|value| text(row, name) == *value))
    })
}

/// The bank warns of a charge.
pub fn open(call: &mut Call<'_>, charge: &str) {
    let intent = call.copy(charge)["payment_intent"].clone();
    let warning = json!({
        "id": chance::id("issfr"), "object": "radar.early_fraud_warning", "actionable": true, "charge": charge,
        "created": call.now, "fraud_type": "made_with_stolen_card", "livemode": false, "payment_intent": intent
    });
    call.create(warning, "radar.early_fraud_warning.created");
}
