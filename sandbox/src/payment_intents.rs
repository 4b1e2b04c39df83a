//! PaymentIntents: what they are and how they change. How one is paid is in [`crate::payments`].

use serde_json::{Value, json};

use crate::{
    call::{Call, Caller},
    chance, charges, customers,
    errors::{Answer, StripeError},
    money, payment_methods, payments, search,
    store::{number, text},
};

const PLAIN: &[&str] = &[
    "amount",
    "automatic_payment_methods",
    "capture_method",
    "currency",
    "customer",
    "description",
    "metadata",
    "payment_method",
    "payment_method_data",
    "payment_method_options.card",
    "payment_method_types",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
];
/// What confirming takes; creating takes it with `confirm`.
const CONFIRM: &[&str] = &[
    "capture_method",
    "error_on_requires_action",
    "mandate_data",
    "off_session",
    "payment_method",
    "payment_method_data",
    "payment_method_options.card",
    "payment_method_types",
    "receipt_email",
    "return_url",
    "setup_future_usage",
    "shipping",
    "use_stripe_sdk",
];
const CAPTURE: &[&str] = &[
    "amount_to_capture",
    "final_capture",
    "metadata",
    "statement_descriptor",
    "statement_descriptor_suffix",
];
const LIST: &[&str] = &["created", "customer", "ending_before", "limit", "starting_after"];
const OPEN: &[&str] = &["requires_payment_method", "requires_confirmation", "requires_action"];
const CANCELABLE: &[&str] = &[
    "requires_payment_method",
    "requires_capture",
    "requires_confirmation",
    "requires_action",
    "processing",
];

/// `/v1/payment_intents…`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    Some(match (method, path) {
        ("POST", []) => create(call),
        ("GET", []) => list(call),
        ("GET", ["search"]) => search::run(call, "pi", "/v1/payment_intents/search"),
        ("GET", [id]) => find(call, id),
        ("POST", [id]) => update(call, id),
        ("POST", [id, "confirm"]) => confirm(call, id),
        ("POST", [id, "cancel"]) => cancel(call, id),
        ("POST", [id, "capture"]) => capture(call, id),
        _ => return None,
    })
}

/// A PaymentIntent, which a page must know the client secret of.
fn known(call: &Call<'_>, id: &str) -> Answer {
    let intent = call.store.get("pi", id, "intent")?.clone();
    client_secret(call, &intent, "payment_intent_invalid_parameter")?;
    Ok(intent)
}

/// Refuses a page that does not know an intent's client secret.
///
/// # Errors
/// `parameter_missing`, or `code`.
pub fn client_secret(call: &Call<'_>, intent: &Value, code: &'static str) -> Result<(), StripeError> {
    let given = call.params.text("client_secret");
    match given {
        None if call.caller == Caller::Page => Err(StripeError::needs("client_secret")),
        Some(given) if given != text(intent, "client_secret") => Err(StripeError::invalid(
            "The client_secret provided does not match any associated intent on this account.",
        )
        .code(code)
        .on("client_secret")),
        _ => Ok(()),
    }
}

fn find(call: &Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    known(call, id)
}

fn list(call: &Call<'_>) -> Answer {
    call.allow(LIST)?;
    let customer = call.params.text("customer");
    call.list("pi", "/v1/payment_intents", |row| {
        customer.as_ref().is_none_or(|customer| text(row, "customer") == *customer)
    })
}

fn create(call: &mut Call<'_>) -> Answer {
    let known: Vec<&str> = [PLAIN, CONFIRM, &["confirm"]].concat();
    call.allow(&known)?;
    let confirm = call.params.boolean("confirm")?.unwrap_or(false);
    let mut intent = fresh(call)?;
    fill(call, &mut intent)?;
    if confirm {
        payments::check_confirm(call, &intent)?;
    } else if let Some(early) =
        ["off_session", "return_url", "error_on_requires_action"].iter().find(|p| call.params.has(p))
    {
        let message = format!(
            "The parameter `{early}` cannot be passed when creating a PaymentIntent unless `confirm` is set to true."
        );
        return Err(StripeError::invalid(message).on(*early));
    }
    if confirm && intent["payment_method"].is_null() {
        return Err(payments::no_method(None));
    }
    let id = call.store.insert(intent);
    call.emit("payment_intent.created", &id);
    if confirm { payments::confirm(call, &id) } else { Ok(call.copy(&id)) }
}

/// A new PaymentIntent with its defaults.
fn fresh(call: &Call<'_>) -> Answer {
    let amount = call.params.require("amount").map(|_| call.params.integer("amount"))??;
    let currency = money::currency(&call.params.require("currency")?)?;
    let amount = amount.unwrap_or_default();
    money::chargeable(amount, &currency)?;
    let id = chance::id("pi");
    Ok(json!({
        "id": id, "object": "payment_intent", "amount": amount, "amount_capturable": 0,
        "amount_details": { "tip": {} }, "amount_received": 0, "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": { "allow_redirects": "always", "enabled": true }, "canceled_at": null,
        "cancellation_reason": null, "capture_method": "automatic_async",
        "client_secret": format!("{id}_secret_{}", chance::letters(25)), "confirmation_method": "automatic",
        "created": call.now, "currency": currency, "customer": null, "customer_account": null,
        "description": null, "excluded_payment_method_types": null, "last_payment_error": null,
        "latest_charge": null, "livemode": false, "metadata": {}, "next_action": null, "on_behalf_of": null,
        "payment_method": null, "payment_method_configuration_details": null,
        "payment_method_options": { "card": {
            "installments": null, "mandate_options": null, "network": null, "request_three_d_secure": "automatic"
        } },
        "payment_method_types": ["card"], "processing": null, "receipt_email": null, "review": null,
        "setup_future_usage": null, "shipping": null, "source": null, "statement_descriptor": null,
        "statement_descriptor_suffix": null, "status": "requires_payment_method", "transfer_data": null,
        "transfer_group": null
    }))
}

/// Puts the parameters of creating, updating and confirming into an intent.
///
/// # Errors
/// For values that cannot be.
pub fn fill(call: &mut Call<'_>, intent: &mut Value) -> Result<(), StripeError> {
    let params = call.params.clone();
    intent["metadata"] = params.metadata(&intent["metadata"])?;
    for name in [
        "description",
        "receipt_email",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_group",
    ] {
        if params.has(name) {
            intent[name] = json!(params.text(name));
        }
    }
    if let Some(shipping) = params.at("shipping") {
        intent["shipping"] = if shipping.is_object() { shipping.clone() } else { Value::Null };
    }
    if let Some(customer) = params.text("customer") {
        customers::living(call, &customer, "customer")?;
        intent["customer"] = json!(customer);
    }
    if let Some(method) = params.choice("capture_method", &["automatic", "automatic_async", "manual"])? {
        intent["capture_method"] = json!(method);
    }
    if params.has("setup_future_usage") {
        intent["setup_future_usage"] =
            json!(params.choice("setup_future_usage", &["off_session", "on_session"])?);
    }
    if let Some(ask) = params
        .choice("payment_method_options.card.request_three_d_secure", &["any", "automatic", "challenge"])?
    {
        intent["payment_method_options"]["card"]["request_three_d_secure"] = json!(ask);
    }
    fill_methods(call, intent)
}

/// Which payment methods are allowed, and which is chosen. Shared with SetupIntents.
///
/// # Errors
/// For values that cannot be.
pub fn fill_methods(call: &mut Call<'_>, intent: &mut Value) -> Result<(), StripeError> {
    let params = call.params.clone();
    let types = params.list("payment_method_types");
    let automatic = params.boolean("automatic_payment_methods.enabled")?;
    if automatic == Some(true) && !types.is_empty() {
        return Err(StripeError::invalid(
            "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
        ));
    }
    if let Some(other) = types.iter().find(|kind| *kind != "card") {
        let message = format!("The payment method type \"{other}\" is invalid. The sandbox knows \"card\".");
        return Err(StripeError::invalid(message).on("payment_method_types"));
    }
    if params.has("automatic_payment_methods") && automatic.is_none() {
        return Err(StripeError::needs("automatic_payment_methods[enabled]"));
    }
    let redirects = params.choice("automatic_payment_methods.allow_redirects", &["always", "never"])?;
    if !types.is_empty() || automatic == Some(false) {
        intent["automatic_payment_methods"] = Value::Null;
    } else if automatic == Some(true) {
        let redirects = redirects.unwrap_or_else(|| "always".into());
        intent["automatic_payment_methods"] = json!({ "allow_redirects": redirects, "enabled": true });
    }
    choose_method(call, intent)
}

fn choose_method(call: &mut Call<'_>, intent: &mut Value) -> Result<(), StripeError> {
    let given = if call.params.has("payment_method_data") {
        Some(payment_methods::from_data(call, "payment_method_data.")?)
    } else if let Some(given) = call.params.text("payment_method") {
        Some(payment_methods::resolve(call, &given, "payment_method")?)
    } else {
        None
    };
    if let Some(method) = given {
        payments::belongs(call, &method, &text(intent, "customer"))?;
        intent["payment_method"] = json!(method);
        intent["status"] = json!("requires_confirmation");
    }
    Ok(())
}

fn update(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(PLAIN)?;
    let before = call.store.get("pi", id, "intent")?.clone();
    let status = text(&before, "status");
    let harmless = ["description", "expand", "metadata", "receipt_email", "transfer_group"];
    let sent = call.params.as_value();
    let touches_money =
        sent.as_object().is_some_and(|sent| sent.keys().any(|name| !harmless.contains(&name.as_str())));
    if touches_money && !OPEN.contains(&status.as_str()) {
        return Err(in_status(&before, "This PaymentIntent could not be updated", "updated", OPEN));
    }
    let mut intent = before.clone();
    if let Some(code) = call.params.text("currency") {
        intent["currency"] = json!(money::currency(&code)?);
    }
    if let Some(amount) = call.params.integer("amount")? {
        intent["amount"] = json!(amount);
    }
    if touches_money {
        money::chargeable(number(&intent, "amount"), &text(&intent, "currency"))?;
    }
    fill(call, &mut intent)?;
    call.store.insert(intent);
    Ok(call.copy(id))
}

/// The refusal of what an intent's status does not allow.
#[must_use]
pub fn unexpected(message: impl Into<String>, intent: &Value) -> StripeError {
    StripeError::state("payment_intent_unexpected_state", message).with("payment_intent", intent.clone())
}

/// The same, with the statuses that would allow it.
fn in_status(intent: &Value, refusal: &str, done: &str, allowed: &[&str]) -> StripeError {
    let (status, allowed) = (text(intent, "status"), allowed.join(", "));
    let message = format!(
        "{refusal} because it has a status of {status}. Only a PaymentIntent with one of the following statuses \
         may be {done}: {allowed}."
    );
    unexpected(message, intent)
}

fn confirm(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(CONFIRM)?;
    let before = known(call, id)?;
    let status = text(&before, "status");
    if status == "succeeded" || status == "requires_capture" {
        let message = "You cannot confirm this PaymentIntent because it has already succeeded after being \
                       previously confirmed.";
        return Err(unexpected(message, &before));
    }
    if !OPEN.contains(&status.as_str()) {
        return Err(in_status(&before, "You cannot confirm this PaymentIntent", "confirmed", OPEN));
    }
    let mut intent = before.clone();
    fill(call, &mut intent)?;
    if intent["payment_method"].is_null() {
        return Err(payments::no_method(Some(&before)));
    }
    payments::check_confirm(call, &intent)?;
    call.store.insert(intent);
    payments::confirm(call, id)
}

fn cancel(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(&["cancellation_reason"])?;
    let reasons = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];
    let reason = call.params.choice("cancellation_reason", &reasons)?;
    let before = call.store.get("pi", id, "intent")?.clone();
    let status = text(&before, "status");
    if !CANCELABLE.contains(&status.as_str()) {
        return Err(in_status(&before, "You cannot cancel this PaymentIntent", "canceled", CANCELABLE));
    }
    close(call, id, reason.as_deref());
    Ok(call.copy(id))
}

/// Cancels an intent and gives back what it had reserved.
pub fn close(call: &mut Call<'_>, id: &str, reason: Option<&str>) {
    let before = call.copy(id);
    let held = before["status"] == "requires_capture";
    call.store.set(
        id,
        &json!({
            "status": "canceled", "canceled_at": call.now, "cancellation_reason": reason, "next_action": null,
            "amount_capturable": 0
        }),
    );
    if held {
        charges::release(call, &text(&before, "latest_charge"), reason == Some("automatic"));
    }
    call.emit("payment_intent.canceled", id);
}

fn capture(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(CAPTURE)?;
    let before = call.store.get("pi", id, "intent")?.clone();
    let status = text(&before, "status");
    if status != "requires_capture" {
        return Err(in_status(
            &before,
            "This PaymentIntent could not be captured",
            "captured",
            &["requires_capture"],
        ));
    }
    let most = number(&before, "amount_capturable");
    let amount = call.params.integer("amount_to_capture")?.unwrap_or(most);
    if !(1..=most).contains(&amount) {
        let currency = text(&before, "currency");
        let message = format!(
            "The amount to capture ({}) must be at least 1 and no more than the amount that can be captured ({}).",
            money::display(amount, &currency),
            money::display(most, &currency)
        );
        let code = if amount > most { "amount_too_large" } else { "parameter_invalid_integer" };
        return Err(StripeError::invalid(message).code(code).on("amount_to_capture"));
    }
    let metadata = call.params.metadata(&before["metadata"])?;
    charges::capture(call, &text(&before, "latest_charge"), amount);
    call.store.set(
        id,
        &json!({
            "status": "succeeded", "amount_capturable": 0, "amount_received": amount, "metadata": metadata
        }),
    );
    call.emit("payment_intent.succeeded", id);
    payments::afterwards(call, &text(&before, "latest_charge"));
    Ok(call.copy(id))
}
