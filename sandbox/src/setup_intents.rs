//! SetupIntents: saving a card for later.

use serde_json::{Value, json};

use crate::{
    call::Call,
    chance, customers,
    errors::{Answer, StripeError},
    payment_intents::{client_secret, fill_methods},
    payment_methods, payments,
    store::text,
};

const PLAIN: &[&str] = &[
    "automatic_payment_methods",
    "customer",
    "description",
    "metadata",
    "payment_method",
    "payment_method_data",
    "payment_method_options.card",
    "payment_method_types",
    "usage",
];
const CONFIRM: &[&str] = &[
    "mandate_data",
    "payment_method",
    "payment_method_data",
    "payment_method_options.card",
    "return_url",
    "use_stripe_sdk",
];
const LIST: &[&str] = &["created", "customer", "ending_before", "limit", "payment_method", "starting_after"];
const OPEN: &[&str] = &["requires_payment_method", "requires_confirmation", "requires_action"];

/// `/v1/setup_intents…`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    Some(match (method, path) {
        ("POST", []) => create(call),
        ("GET", []) => list(call),
        ("GET", [id]) => find(call, id),
        ("POST", [id]) => update(call, id),
        ("POST", [id, "confirm"]) => confirm(call, id),
        ("POST", [id, "cancel"]) => cancel(call, id),
        _ => return None,
    })
}

fn known(call: &Call<'_>, id: &str) -> Answer {
    let intent = call.store.get("seti", id, "intent")?.clone();
    client_secret(call, &intent, "setup_intent_invalid_parameter")?;
    Ok(intent)
}

fn find(call: &Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    known(call, id)
}

fn list(call: &Call<'_>) -> Answer {
    call.allow(LIST)?;
    let wanted = ["customer", "payment_method"].map(|name| (name, call.params.text(name)));
    call.list("seti", "/v1/setup_intents", |row| {
        wanted.iter().all(|(name, value)| value.as_ref().is_none_or(|value| text(row, name) == *value))
    })
}

fn create(call: &mut Call<'_>) -> Answer {
    let known: Vec<&str> = [PLAIN, CONFIRM, &["confirm"]].concat();
    call.allow(&known)?;
    let confirm = call.params.boolean("confirm")?.unwrap_or(false);
    let id = chance::id("seti");
    let usage = call.params.choice("usage", &["off_session", "on_session"])?;
    let mut intent = json!({
        "id": id, "object": "setup_intent", "application": null,
        "automatic_payment_methods": { "allow_redirects": "always", "enabled": true }, "cancellation_reason": null,
        "client_secret": format!("{id}_secret_{}", chance::letters(25)), "created": call.now, "customer": null,
        "customer_account": null, "description": null, "excluded_payment_method_types": null,
        "flow_directions": null, "last_setup_error": null, "latest_attempt": null, "livemode": false,
        "mandate": null, "metadata": {}, "next_action": null, "on_behalf_of": null, "payment_method": null,
        "payment_method_configuration_details": null,
        "payment_method_options": { "card": {
            "mandate_options": null, "network": null, "request_three_d_secure": "automatic"
        } },
        "payment_method_types": ["card"], "single_use_mandate": null, "status": "requires_payment_method",
        "usage": usage.unwrap_or_else(|| "off_session".into())
    });
    fill(call, &mut intent)?;
    if confirm {
        payments::check_confirm(call, &intent)?;
        if intent["payment_method"].is_null() {
            return Err(no_method());
        }
    }
    call.store.insert(intent);
    call.emit("setup_intent.created", &id);
    if confirm { attempt(call, &id) } else { Ok(call.copy(&id)) }
}

fn fill(call: &mut Call<'_>, intent: &mut Value) -> Result<(), StripeError> {
    intent["metadata"] = call.params.metadata(&intent["metadata"])?;
    if call.params.has("description") {
        intent["description"] = json!(call.params.text("description"));
    }
    if let Some(customer) = call.params.text("customer") {
        customers::living(call, &customer, "customer")?;
        intent["customer"] = json!(customer);
    }
    let asked = "payment_method_options.card.request_three_d_secure";
    if let Some(ask) = call.params.choice(asked, &["any", "automatic", "challenge"])? {
        intent["payment_method_options"]["card"]["request_three_d_secure"] = json!(ask);
    }
    fill_methods(call, intent)
}

fn update(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(PLAIN)?;
    let mut intent = call.store.get("seti", id, "intent")?.clone();
    fill(call, &mut intent)?;
    call.store.insert(intent);
    Ok(call.copy(id))
}

fn unexpected(message: String, intent: &Value) -> StripeError {
    StripeError::state("setup_intent_unexpected_state", message).with("setup_intent", intent.clone())
}

fn no_method() -> StripeError {
    let message = "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent \
                   with a payment method and then confirm it again.";
    StripeError::invalid(message).code("setup_intent_unexpected_state")
}

fn confirm(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(CONFIRM)?;
    let before = known(call, id)?;
    let status = text(&before, "status");
    if !OPEN.contains(&status.as_str()) {
        let message = format!(
            "You cannot confirm this SetupIntent because it has a status of {status}. Only a SetupIntent with one of \
             the following statuses may be confirmed: {}.",
            OPEN.join(", ")
        );
        return Err(unexpected(message, &before));
    }
    let mut intent = before;
    fill(call, &mut intent)?;
    if intent["payment_method"].is_null() {
        return Err(no_method());
    }
    payments::check_confirm(call, &intent)?;
    call.store.insert(intent);
    attempt(call, id)
}

/// Asks the bank about saving the card.
fn attempt(call: &mut Call<'_>, id: &str) -> Answer {
    let intent = call.copy(id);
    let Some(file) = call.store.cards.get(&text(&intent, "payment_method")).cloned() else {
        return Err(no_method());
    };
    let asked = intent["payment_method_options"]["card"]["request_three_d_secure"] != "automatic";
    if let Some(decline) = file.card.refuses_saving() {
        return Err(fail(call, id, decline.error()));
    }
    if file.card.setup_asks(asked) {
        let next = payments::next_action(call, &intent);
        call.store
            .set(id, &json!({ "status": "requires_action", "next_action": next, "last_setup_error": null }));
        call.emit("setup_intent.requires_action", id);
        return Ok(call.copy(id));
    }
    Ok(succeed(call, id))
}

fn succeed(call: &mut Call<'_>, id: &str) -> Value {
    let intent = call.copy(id);
    let (method, customer) = (text(&intent, "payment_method"), text(&intent, "customer"));
    let owned = call.copy(&method)["customer"].is_string();
    if !owned && !customer.is_empty() {
        payment_methods::bind(call, &method, &customer);
    }
    if let Some(file) = call.store.cards.get_mut(&method) {
        file.set_up = file.set_up || intent["usage"] == "off_session";
    }
    call.store.set(id, &json!({ "status": "succeeded", "next_action": null, "last_setup_error": null }));
    call.emit("setup_intent.succeeded", id);
    call.copy(id)
}

fn fail(call: &mut Call<'_>, id: &str, error: StripeError) -> StripeError {
    let method = call.copy(&text(&call.copy(id), "payment_method"));
    let error = error.with("payment_method", method);
    call.store.set(
        id,
        &json!({
            "status": "requires_payment_method", "payment_method": null, "next_action": null,
            "last_setup_error": error.body()
        }),
    );
    call.emit("setup_intent.setup_failed", id);
    error.with("setup_intent", call.copy(id))
}

/// The owner's answer to the bank.
///
/// # Errors
/// `resource_missing`.
pub fn authenticated(call: &mut Call<'_>, id: &str, agreed: bool) -> Answer {
    let intent = call.store.get("seti", id, "intent")?.clone();
    if intent["status"] != "requires_action" {
        return Ok(intent);
    }
    if agreed {
        return Ok(succeed(call, id));
    }
    let message = "We are unable to authenticate your payment method. Please choose a different payment method and \
                   try again.";
    fail(call, id, StripeError::state("setup_intent_authentication_failure", message));
    Ok(call.copy(id))
}

fn cancel(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(&["cancellation_reason"])?;
    let reasons = ["abandoned", "duplicate", "requested_by_customer"];
    let reason = call.params.choice("cancellation_reason", &reasons)?;
    let before = call.store.get("seti", id, "intent")?.clone();
    let status = text(&before, "status");
    if !OPEN.contains(&status.as_str()) {
        let message = format!(
            "You cannot cancel this SetupIntent because it has a status of {status}. Only a SetupIntent with one of \
             the following statuses may be canceled: {}.",
            OPEN.join(", ")
        );
        return Err(unexpected(message, &before));
    }
    call.store.set(id, &json!({ "status": "canceled", "cancellation_reason": reason, "next_action": null }));
    call.emit("setup_intent.canceled", id);
    Ok(call.copy(id))
}
