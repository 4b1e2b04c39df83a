//! Events: what happened, as webhooks tell it.

use serde_json::Value;

use crate::{call::Call, errors::Answer, store::text};

const LIST: &[&str] =
    &["created", "delivery_success", "ending_before", "limit", "starting_after", "type", "types"];

/// `/v1/events…`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    Some(match (method, path) {
        ("GET", []) => list(call),
        ("GET", [id]) => find(call, id),
        _ => return None,
    })
}

fn find(call: &Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    Ok(call.store.get("evt", id, "id")?.clone())
}

fn list(call: &Call<'_>) -> Answer {
    call.allow(LIST)?;
    let mut types = call.params.list("types");
    types.extend(call.params.text("type"));
    let delivered = call.params.boolean("delivery_success")?;
    call.list("evt", "/v1/events", |row| {
        let pending = row["pending_webhooks"].as_i64().is_some_and(|count| count > 0);
        selects(&types, row) && delivered.is_none_or(|wanted| wanted != pending)
    })
}

/// Whether a list of types, which may end in `.*`, takes an event. No types take all.
#[must_use]
pub fn selects(types: &[String], event: &Value) -> bool {
    let kind = text(event, "type");
    let takes = |wanted: &String| match wanted.strip_suffix('*') {
        Some(prefix) => kind.starts_with(prefix),
        None => kind == *wanted,
    };
    types.is_empty() || types.iter().any(takes)
}
