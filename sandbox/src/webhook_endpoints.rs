//! Webhook endpoints: where events are sent.

use serde_json::{Value, json};

use crate::{
    call::{API_VERSION, Call},
    chance,
    errors::{Answer, StripeError},
};

const CREATE: &[&str] = &["api_version", "connect", "description", "enabled_events", "metadata", "url"];
const UPDATE: &[&str] = &["description", "disabled", "enabled_events", "metadata", "url"];
const LIST: &[&str] = &["ending_before", "limit", "starting_after"];

/// `/v1/webhook_endpoints…`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    Some(match (method, path) {
        ("POST", []) => create(call),
        ("GET", []) => list(call),
        ("GET", [id]) => find(call, id),
        ("POST", [id]) => update(call, id),
        ("DELETE", [id]) => delete(call, id),
        _ => return None,
    })
}

fn list(call: &Call<'_>) -> Answer {
    call.allow(LIST)?;
    call.list("we", "/v1/webhook_endpoints", |_| true)
}

fn find(call: &Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    Ok(call.store.get("we", id, "webhook_endpoint")?.clone())
}

fn address(call: &Call<'_>) -> Result<String, StripeError> {
    let text = call.params.require("url")?;
    match url::Url::parse(&text) {
        Ok(url) if url.scheme() == "http" => Ok(text),
        Ok(url) if url.scheme() == "https" => {
            Err(StripeError::invalid("The sandbox delivers to http:// addresses only.")
                .code("url_invalid")
                .on("url"))
        }
        _ => Err(StripeError::invalid("Invalid URL: URL must be explicit.").code("url_invalid").on("url")),
    }
}

fn create(call: &mut Call<'_>) -> Answer {
    call.allow(CREATE)?;
    let url = address(call)?;
    let events = call.params.list("enabled_events");
    if events.is_empty() {
        return Err(StripeError::needs("enabled_events"));
    }
    if call.params.text("api_version").is_some_and(|version| version != API_VERSION) {
        let message = format!("The sandbox speaks {API_VERSION} only.");
        return Err(StripeError::invalid(message).on("api_version"));
    }
    let secret = format!("whsec_{}", chance::letters(32));
    let endpoint = json!({
        "id": chance::id("we"), "object": "webhook_endpoint", "api_version": call.params.text("api_version"),
        "application": null, "created": call.now, "description": call.params.text("description"),
        "enabled_events": events, "livemode": false, "metadata": call.params.metadata(&Value::Null)?,
        "status": "enabled", "url": url
    });
    let id = call.store.insert(endpoint);
    call.store.secrets.insert(id.clone(), secret.clone());
    let mut shown = call.copy(&id);
    shown["secret"] = json!(secret);
    Ok(shown)
}

fn update(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(UPDATE)?;
    let mut endpoint = call.store.get("we", id, "webhook_endpoint")?.clone();
    endpoint["metadata"] = call.params.metadata(&endpoint["metadata"])?;
    if call.params.has("url") {
        endpoint["url"] = json!(address(call)?);
    }
    if call.params.has("description") {
        endpoint["description"] = json!(call.params.text("description"));
    }
    let events = call.params.list("enabled_events");
    if !events.is_empty() {
        endpoint["enabled_events"] = json!(events);
    }
    if let Some(disabled) = call.params.boolean("disabled")? {
        endpoint["status"] = json!(if disabled { "disabled" } else { "enabled" });
    }
    call.store.insert(endpoint);
    Ok(call.copy(id))
}

fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    call.store.get("we", id, "webhook_endpoint")?;
    call.store.remove(id);
    call.store.secrets.remove(id);
    Ok(json!({ "id": id, "object": "webhook_endpoint", "deleted": true }))
}
