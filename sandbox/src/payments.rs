//! How a PaymentIntent is paid: the bank's answer to a card, 3-D Secure, and what follows.

use serde_json::{Value, json};

use crate::{
    call::{Call, Caller},
    cards::{self, After, Decline},
    charges, disputes,
    errors::{Answer, StripeError},
    fraud_warnings, payment_intents, payment_methods,
    store::{Due, number, text},
};

/// Days that an authorisation holds: seven, as for cards on Stripe.
const AUTHORIZATION_DAYS: i64 = 7;

/// The refusal of confirming without a payment method.
#[must_use]
pub fn no_method(intent: Option<&Value>) -> StripeError {
    let message = "You cannot confirm this PaymentIntent because it's missing a payment method. You can either \
                   update the PaymentIntent with a payment method and then confirm it again, or confirm it again \
                   directly with a payment method or ConfirmationToken.";
    let error = StripeError::invalid(message).code("payment_intent_unexpected_state");
    intent.map_or(error.clone(), |intent| error.with("payment_intent", intent.clone()))
}

/// Refuses a payment method that another customer owns, or that needs its customer named.
///
/// # Errors
/// 400 as Stripe's.
pub fn belongs(call: &Call<'_>, method: &str, customer: &str) -> Result<(), StripeError> {
    let owner = text(&call.copy(method), "customer");
    if owner.is_empty() {
        let consumed = call.store.cards.get(method).is_some_and(|file| file.consumed);
        return if consumed { Err(payment_methods::used_up()) } else { Ok(()) };
    }
    if customer.is_empty() {
        let message = format!(
            "The payment method {method} belongs to the Customer {owner}. Please include the Customer in the \
             `customer` parameter."
        );
        return Err(StripeError::invalid(message).on("payment_method"));
    }
    if owner != customer {
        let message =
            format!("The payment method {method} does not belong to the Customer you supplied {customer}.");
        return Err(StripeError::invalid(message).on("payment_method"));
    }
    Ok(())
}

/// What is checked before an intent of either kind is confirmed: payment methods that might redirect need
/// somewhere to return to.
///
/// # Errors
/// 400 as Stripe's.
pub fn check_confirm(call: &Call<'_>, intent: &Value) -> Result<(), StripeError> {
    let redirects = intent["automatic_payment_methods"]["allow_redirects"] == "always";
    let absent = off_session(call)?;
    if absent && call.params.has("setup_future_usage") {
        return Err(
            StripeError::invalid("You cannot use `setup_future_usage` with `off_session`.").on("off_session")
        );
    }
    if redirects && !absent && call.caller == Caller::Server && !call.params.has("return_url") {
        let name = if intent["object"] == "setup_intent" { "SetupIntent" } else { "PaymentIntent" };
        let message = format!(
            "This {name} is configured to accept payment methods enabled in your Dashboard. Because some of these \
             payment methods might redirect your customer off of your page, you must provide a `return_url`. If you \
             don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to \
             `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and \
             Payment Intents."
        );
        return Err(StripeError::invalid(message).on("return_url"));
    }
    Ok(())
}

fn off_session(call: &Call<'_>) -> Result<bool, StripeError> {
    match call.params.text("off_session").as_deref() {
        Some("one_off" | "recurring") => Ok(true),
        _ => Ok(call.params.boolean("off_session")?.unwrap_or(false)),
    }
}

/// Asks the bank about an intent that has its payment method.
///
/// # Errors
/// The card error, which the intent keeps.
pub fn confirm(call: &mut Call<'_>, id: &str) -> Answer {
    let intent = call.copy(id);
    let absent = off_session(call)?;
    let Some(file) = call.store.cards.get(&text(&intent, "payment_method")).cloned() else {
        return Err(no_method(Some(&intent)));
    };
    let asked = intent["payment_method_options"]["card"]["request_three_d_secure"] != "automatic";
    if !file.card.payment_asks(absent, file.set_up, asked) {
        return pay(call, id, false);
    }
    if absent {
        return Err(refuse(call, id, &cards::AUTHENTICATION_REQUIRED));
    }
    if call.params.boolean("error_on_requires_action")?.unwrap_or(false) {
        return Err(refuse(call, id, &cards::AUTHENTICATION_REQUIRED));
    }
    let next = next_action(call, &intent);
    call.store
        .set(id, &json!({ "status": "requires_action", "next_action": next, "last_payment_error": null }));
    call.emit("payment_intent.requires_action", id);
    Ok(call.copy(id))
}

/// What a page must do: open the bank's page in a dialog, or go there and come back.
#[must_use]
pub fn next_action(call: &Call<'_>, intent: &Value) -> Value {
    let (id, secret) = (text(intent, "id"), text(intent, "client_secret"));
    let url = format!("{}/_pages/authenticate/{id}?client_secret={secret}", call.base);
    let by_script =
        call.caller == Caller::Page || call.params.text("use_stripe_sdk").as_deref() == Some("true");
    match call.params.text("return_url") {
        Some(back) if !by_script => {
            json!({ "type": "redirect_to_url", "redirect_to_url": { "return_url": back, "url": url } })
        }
        _ => json!({
            "type": "use_stripe_sdk",
            "use_stripe_sdk": { "type": "three_d_secure_redirect", "stripe_js": url }
        }),
    }
}

/// Takes the money, or reserves it.
fn pay(call: &mut Call<'_>, id: &str, authenticated: bool) -> Answer {
    let intent = call.copy(id);
    let method = text(&intent, "payment_method");
    let Some(file) = call.store.cards.get(&method).cloned() else { return Err(no_method(Some(&intent))) };
    if let Some((_, decline)) = file.card.decline {
        return Err(refuse(call, id, decline));
    }
    keep_method(call, &intent);
    let manual = intent["capture_method"] == "manual";
    let charge = charges::charge(call, &intent, file.card, authenticated, AUTHORIZATION_DAYS);
    let amount = number(&intent, "amount");
    let (status, received, capturable) =
        if manual { ("requires_capture", 0, amount) } else { ("succeeded", amount, 0) };
    call.store.set(id, &json!({
        "status": status, "amount_received": received, "amount_capturable": capturable, "latest_charge": charge,
        "next_action": null, "last_payment_error": null
    }));
    call.emit("charge.succeeded", &charge);
    if manual {
        let lapses = call.now + AUTHORIZATION_DAYS * 86_400;
        call.store.schedule(lapses, Due::Lapse { intent: id.to_owned() });
        call.emit("payment_intent.amount_capturable_updated", id);
    } else {
        call.emit("payment_intent.succeeded", id);
        afterwards(call, &charge);
    }
    Ok(call.copy(id))
}

/// Saves the card for later, where that was asked for; else it is used up.
fn keep_method(call: &mut Call<'_>, intent: &Value) {
    let (method, customer) = (text(intent, "payment_method"), text(intent, "customer"));
    let usage = text(intent, "setup_future_usage");
    let owned = call.copy(&method)["customer"].is_string();
    if !owned && !customer.is_empty() && !usage.is_empty() {
        payment_methods::bind(call, &method, &customer);
    }
    if let Some(file) = call.store.cards.get_mut(&method) {
        file.set_up = file.set_up || usage == "off_session";
        file.consumed = file.consumed || (!owned && (usage.is_empty() || customer.is_empty()));
    }
}

/// What a card does after it was charged.
pub fn afterwards(call: &mut Call<'_>, charge: &str) {
    let method = text(&call.copy(charge), "payment_method");
    match call.store.cards.get(&method).map(|file| file.card.after) {
        Some(After::Dispute { reason, inquiry }) => disputes::open(call, charge, reason, inquiry),
        Some(After::FraudWarning) => fraud_warnings::open(call, charge),
        _ => {}
    }
}

/// Writes down a refusal and answers it.
fn refuse(call: &mut Call<'_>, id: &str, decline: &Decline) -> StripeError {
    let intent = call.copy(id);
    let method = call.copy(&text(&intent, "payment_method"));
    let charge = charges::failed(call, &intent, decline);
    let error = decline.error().with("charge", json!(charge)).with("payment_method", method);
    call.store.set(
        id,
        &json!({
            "status": "requires_payment_method", "payment_method": null, "latest_charge": charge,
            "last_payment_error": error.body(), "next_action": null
        }),
    );
    call.emit("charge.failed", &charge);
    call.emit("payment_intent.payment_failed", id);
    error.with("payment_intent", call.copy(id))
}

/// The owner's answer to the bank: paid where it was given, back to the start where it was refused.
pub fn authenticated(call: &mut Call<'_>, id: &str, agreed: bool) -> Answer {
    let intent = call.store.get("pi", id, "intent")?.clone();
    if intent["status"] != "requires_action" {
        return Ok(intent);
    }
    if agreed {
        return pay(call, id, true);
    }
    let method = call.copy(&text(&intent, "payment_method"));
    let message = "We are unable to authenticate your payment method. Please choose a different payment method and \
                   try again.";
    let error =
        StripeError::state("payment_intent_authentication_failure", message).with("payment_method", method);
    call.store.set(
        id,
        &json!({
            "status": "requires_payment_method", "payment_method": null, "next_action": null,
            "last_payment_error": error.body()
        }),
    );
    call.emit("payment_intent.payment_failed", id);
    Ok(call.copy(id))
}

/// An authorisation that nobody captured in time.
pub fn lapse(call: &mut Call<'_>, id: &str) {
    if call.copy(id)["status"] == "requires_capture" {
        payment_intents::close(call, id, Some("automatic"));
    }
}
