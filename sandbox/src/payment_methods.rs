//! Payment methods: cards, by number, by `pm_card_…` and by `tok_…`.

use chrono::{DateTime, Datelike as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    call::Call,
    cards::{self, TestCard},
    chance, customers,
    errors::{Answer, StripeError},
    params::{Params, bracketed},
    store::{CardOnFile, text},
};

const CREATE: &[&str] = &[
    "allow_redisplay",
    "billing_details",
    "card.cvc",
    "card.exp_month",
    "card.exp_year",
    "card.number",
    "card.token",
    "metadata",
    "type",
];
const UPDATE: &[&str] =
    &["allow_redisplay", "billing_details", "card.exp_month", "card.exp_year", "metadata"];
const LIST: &[&str] = &["allow_redisplay", "customer", "ending_before", "limit", "starting_after", "type"];

/// `/v1/payment_methods…`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    Some(match (method, path) {
        ("POST", []) => create(call),
        ("GET", []) => list(call),
        ("GET", [id]) => find(call, id),
        ("POST", [id]) => update(call, id),
        ("POST", [id, "attach"]) => attach(call, id),
        ("POST", [id, "detach"]) => detach(call, id),
        _ => return None,
    })
}

fn create(call: &mut Call<'_>) -> Answer {
    call.allow(CREATE)?;
    let metadata = call.params.metadata(&Value::Null)?;
    let id = from_data(call, "")?;
    call.store.set(&id, &json!({ "metadata": metadata }));
    Ok(call.copy(&id))
}

/// Makes a payment method from the parameters of a card. `at` is where they stand: nothing, or
/// `payment_method_data.`.
///
/// # Errors
/// A card error for a number, a date or a CVC that cannot be.
pub fn from_data(call: &mut Call<'_>, at: &str) -> Result<String, StripeError> {
    let params = call.params.clone();
    let path = |name: &str| format!("{at}{name}");
    let kind = params.require(&path("type"))?;
    if kind != "card" {
        let message =
            format!("The payment method type provided: {kind} is invalid. The sandbox knows cards.");
        return Err(StripeError::invalid(message).on(bracketed(&path("type"))));
    }
    let (card, cvc, month, year) = if let Some(token) = params.text(&path("card.token")) {
        let card =
            cards::by_token(&token).ok_or_else(|| StripeError::missing("token", &token, "card[token]"))?;
        (card, true, 12, year_of(call.now) + 3)
    } else {
        typed(&params, at, call.now)?
    };
    let billing = params.at(&path("billing_details")).cloned().unwrap_or(Value::Null);
    let redisplay = params.choice(&path("allow_redisplay"), &["always", "limited", "unspecified"])?;
    let mut method = object(card, call.now, cvc, (month, year));
    fill_billing(Some(card), &mut method, &billing);
    method["allow_redisplay"] = json!(redisplay.unwrap_or_else(|| "unspecified".into()));
    Ok(keep(call, card, method))
}

/// A card as it was typed: number, date, CVC.
fn typed(params: &Params, at: &str, now: i64) -> Result<(&'static TestCard, bool, i64, i64), StripeError> {
    let path = |name: &str| format!("{at}card.{name}");
    let card = cards::by_number(&params.require(&path("number"))?)?;
    let month = params
        .integer(&path("exp_month"))?
        .ok_or_else(|| StripeError::needs(&bracketed(&path("exp_month"))))?;
    let year = params
        .integer(&path("exp_year"))?
        .ok_or_else(|| StripeError::needs(&bracketed(&path("exp_year"))))?;
    let year = if (0..100).contains(&year) { year + 2000 } else { year };
    expiry(month, year, now)?;
    let cvc = params.text(&path("cvc"));
    if cvc
        .as_ref()
        .is_some_and(|cvc| cvc.len() != card.cvc_digits() || !cvc.bytes().all(|b| b.is_ascii_digit()))
    {
        return Err(StripeError::card("invalid_cvc", "Your card's security code is invalid.").on("cvc"));
    }
    Ok((card, cvc.is_some(), month, year))
}

fn year_of(now: i64) -> i64 {
    DateTime::from_timestamp(now, 0).map_or(1970, |now| i64::from(now.year()))
}

fn expiry(month: i64, year: i64, now: i64) -> Result<(), StripeError> {
    if !(1..=12).contains(&month) {
        return Err(StripeError::card("invalid_expiry_month", "Your card's expiration month is invalid.")
            .on("exp_month"));
    }
    let today = DateTime::from_timestamp(now, 0).unwrap_or_default();
    let this = (i64::from(today.year()), i64::from(today.month()));
    if (year, month) < this || year > this.0 + 50 {
        return Err(StripeError::card("invalid_expiry_year", "Your card's expiration year is invalid.")
            .on("exp_year"));
    }
    Ok(())
}

fn object(card: &TestCard, now: i64, cvc: bool, (month, year): (i64, i64)) -> Value {
    let digest = Sha256::digest(card.number.as_bytes());
    let fingerprint: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let [cvc_check, ..] = card.checks;
    json!({
        "id": chance::id("pm"), "object": "payment_method", "allow_redisplay": "unspecified",
        "billing_details": {
            "address": {
                "city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null
            },
            "email": null, "name": null, "phone": null, "tax_id": null
        },
        "card": {
            "brand": card.brand,
            "checks": {
                "address_line1_check": null, "address_postal_code_check": null,
                "cvc_check": if cvc { json!(cvc_check) } else { Value::Null }
            },
            "country": card.country, "display_brand": card.brand, "exp_month": month, "exp_year": year,
            "fingerprint": fingerprint, "funding": card.funding, "generated_from": null,
            "last4": card.last4(), "networks": { "available": [card.brand], "preferred": null },
            "regulated_status": "unregulated",
            "three_d_secure_usage": { "supported": card.authentication != cards::Authentication::Unsupported },
            "wallet": null
        },
        "created": now, "customer": null, "livemode": false, "metadata": {}, "type": "card"
    })
}

/// Puts what is known of the payer over what a payment method has, and answers the address checks.
fn fill_billing(card: Option<&TestCard>, method: &mut Value, billing: &Value) {
    for (name, value) in billing.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("address", Value::Object(address)) => {
                for (part, value) in address {
                    method["billing_details"]["address"][part.as_str()] =
                        json!(value.as_str().filter(|v| !v.is_empty()));
                }
            }
            (name, value) => {
                method["billing_details"][name] = json!(value.as_str().filter(|v| !v.is_empty()))
            }
        }
    }
    let address = &method["billing_details"]["address"];
    let given = [address["postal_code"].is_string(), address["line1"].is_string()];
    let [_, postal, line1] = card.map_or(["pass"; 3], |card| card.checks);
    if given[0] {
        method["card"]["checks"]["address_postal_code_check"] = json!(postal);
    }
    if given[1] {
        method["card"]["checks"]["address_line1_check"] = json!(line1);
    }
}

fn keep(call: &mut Call<'_>, card: &'static TestCard, method: Value) -> String {
    let set_up = card.authentication == cards::Authentication::AlreadySetUp;
    let id = call.store.insert(method);
    call.store.cards.insert(id.clone(), CardOnFile { card, set_up, consumed: false });
    id
}

/// The id of an existing payment method, or of a new one for a token `pm_card_…`.
///
/// # Errors
/// `resource_missing`.
pub fn resolve(call: &mut Call<'_>, given: &str, param: &str) -> Result<String, StripeError> {
    if let Some(card) = cards::by_token(given) {
        let date = (12, year_of(call.now) + 3);
        let method = object(card, call.now, true, date);
        return Ok(keep(call, card, method));
    }
    call.store.get("pm", given, param).map(|method| text(method, "id"))
}

fn find(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    let id = resolve(call, id, "payment_method")?;
    Ok(call.copy(&id))
}

fn update(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(UPDATE)?;
    let before = call.store.get("pm", id, "payment_method")?.clone();
    if before["customer"].is_null() {
        let message = "You must save this PaymentMethod to a customer before you can update it.";
        return Err(StripeError::invalid(message));
    }
    let mut method = before.clone();
    method["metadata"] = call.params.metadata(&before["metadata"])?;
    let card = call.store.cards.get(id).map(|file| file.card);
    fill_billing(card, &mut method, call.params.at("billing_details").unwrap_or(&Value::Null));
    for name in ["exp_month", "exp_year"] {
        if let Some(value) = call.params.integer(&format!("card.{name}"))? {
            method["card"][name] = json!(value);
        }
    }
    let date = (method["card"]["exp_month"].as_i64(), method["card"]["exp_year"].as_i64());
    expiry(date.0.unwrap_or(0), date.1.unwrap_or(0), call.now)?;
    call.store.insert(method);
    call.emit_change("payment_method.updated", id, &before);
    Ok(call.copy(id))
}

fn attach(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(&["customer"])?;
    let customer = call.params.require("customer")?;
    let id = attach_to(call, id, &customer, "payment_method")?;
    Ok(call.copy(&id))
}

/// Attaches a payment method, which the bank is asked about, and answers its id.
///
/// # Errors
/// A card error where the bank refuses, `resource_missing`, or where it belongs to somebody.
pub fn attach_to(
    call: &mut Call<'_>,
    given: &str,
    customer: &str,
    param: &str,
) -> Result<String, StripeError> {
    customers::living(call, customer, "customer")?;
    let id = resolve(call, given, param)?;
    let method = call.copy(&id);
    if text(&method, "customer") == customer {
        return Ok(id);
    }
    if method["customer"].is_string() {
        let message = "The payment method you provided has already been attached to a customer.";
        return Err(StripeError::invalid(message).code("payment_method_unexpected_state"));
    }
    let file = call.store.cards.get(&id);
    if file.is_some_and(|file| file.consumed) {
        return Err(used_up());
    }
    if let Some(decline) = file.and_then(|file| file.card.refuses_saving()) {
        return Err(decline.error());
    }
    bind(call, &id, customer);
    Ok(id)
}

/// Gives a payment method to a customer, without asking.
pub fn bind(call: &mut Call<'_>, id: &str, customer: &str) {
    call.store.set(id, &json!({ "customer": customer }));
    call.emit("payment_method.attached", id);
}

/// The refusal of a payment method that was used while it belonged to nobody, or was detached.
#[must_use]
pub fn used_up() -> StripeError {
    StripeError::invalid(
        "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared \
         with a connected account without Customer attachment, or was detached from a Customer. It may not be used \
         again. To use a PaymentMethod multiple times, you must attach it to a Customer first.",
    )
    .on("payment_method")
}

fn detach(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    let method = call.store.get("pm", id, "payment_method")?;
    if method["customer"].is_null() {
        let message =
            "The payment method you provided is not attached to a customer so detachment is impossible.";
        return Err(StripeError::invalid(message).code("payment_method_unexpected_state"));
    }
    unbind(call, id);
    Ok(call.copy(id))
}

fn unbind(call: &mut Call<'_>, id: &str) {
    let before = call.copy(id);
    let customer = text(&before, "customer");
    call.store.set(id, &json!({ "customer": null }));
    if let Some(file) = call.store.cards.get_mut(id) {
        file.consumed = true;
    }
    if let Some(owner) = call.store.change(&customer)
        && owner["invoice_settings"]["default_payment_method"] == json!(id)
    {
        owner["invoice_settings"]["default_payment_method"] = Value::Null;
    }
    call.emit_change("payment_method.detached", id, &before);
}

/// Detaches all payment methods of a customer.
pub fn detach_all(call: &mut Call<'_>, customer: &str) {
    let owned = call.store.all("pm").filter(|method| text(method, "customer") == customer);
    let ids: Vec<String> = owned.map(|method| text(method, "id")).collect();
    for id in ids {
        unbind(call, &id);
    }
}

fn list(call: &Call<'_>) -> Answer {
    call.allow(LIST)?;
    let customer = call.params.require("customer")?;
    customers::living(call, &customer, "customer")?;
    rows(call, &customer, "/v1/payment_methods")
}

/// `/v1/customers/{id}/payment_methods`
///
/// # Errors
/// `resource_missing`.
pub fn list_of(call: &Call<'_>, customer: &str) -> Answer {
    call.allow(LIST)?;
    customers::living(call, customer, "customer").map_err(|error| error.status(404))?;
    rows(call, customer, &format!("/v1/customers/{customer}/payment_methods"))
}

fn rows(call: &Call<'_>, customer: &str, url: &str) -> Answer {
    let kind = call.params.text("type");
    call.list("pm", url, |row| {
        text(row, "customer") == customer && kind.as_ref().is_none_or(|kind| text(row, "type") == *kind)
    })
}

/// `/v1/customers/{id}/payment_methods/{method}`
///
/// # Errors
/// `resource_missing`.
pub fn find_of(call: &Call<'_>, customer: &str, id: &str) -> Answer {
    call.allow(&[])?;
    customers::living(call, customer, "customer").map_err(|error| error.status(404))?;
    let method = call.store.get("pm", id, "payment_method")?;
    if text(method, "customer") != customer {
        return Err(StripeError::missing("PaymentMethod", id, "payment_method"));
    }
    Ok(method.clone())
}
