//! Customers.

use serde_json::{Value, json};

use crate::{
    call::Call,
    chance,
    errors::{Answer, StripeError},
    payment_methods, search,
    store::text,
};

const PARAMS: &[&str] = &[
    "address",
    "description",
    "email",
    "invoice_settings.default_payment_method",
    "metadata",
    "name",
    "payment_method",
    "phone",
    "preferred_locales",
    "shipping",
    "tax_exempt",
];
const LIST: &[&str] = &["created", "email", "ending_before", "limit", "starting_after"];

/// `/v1/customers…`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    Some(match (method, path) {
        ("POST", []) => create(call),
        ("GET", []) => list(call),
        ("GET", ["search"]) => search::run(call, "cus", "/v1/customers/search"),
        ("GET", [id]) => find(call, id),
        ("POST", [id]) => update(call, id),
        ("DELETE", [id]) => delete(call, id),
        ("GET", [id, "payment_methods"]) => payment_methods::list_of(call, id),
        ("GET", [id, "payment_methods", method]) => payment_methods::find_of(call, id, method),
        _ => return None,
    })
}

fn create(call: &mut Call<'_>) -> Answer {
    call.allow(PARAMS)?;
    let id = chance::id("cus");
    let metadata = call.params.metadata(&Value::Null)?;
    let mut customer = json!({
        "id": id, "object": "customer", "address": null, "balance": 0, "created": call.now, "currency": null,
        "default_source": null, "delinquent": false, "description": null, "discount": null, "email": null,
        "invoice_prefix": chance::letters(8).to_ascii_uppercase(),
        "invoice_settings": {
            "custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null
        },
        "livemode": false, "metadata": metadata, "name": null, "next_invoice_sequence": 1, "phone": null,
        "preferred_locales": [], "shipping": null, "tax_exempt": "none", "test_clock": null
    });
    fill(call, &mut customer)?;
    let attach = call.params.text("payment_method");
    let default = call.params.text("invoice_settings.default_payment_method");
    call.store.insert(customer);
    if let Some(given) = attach
        && let Err(refused) = payment_methods::attach_to(call, &given, &id, "payment_method")
    {
        call.store.remove(&id);
        return Err(refused);
    }
    if let Some(given) = default {
        set_default(call, &id, &given).inspect_err(|_| call.store.remove(&id))?;
    }
    call.emit("customer.created", &id);
    Ok(call.copy(&id))
}

/// Puts the plain parameters into a customer; an empty one unsets.
fn fill(call: &Call<'_>, customer: &mut Value) -> Result<(), StripeError> {
    for name in ["description", "email", "name", "phone"] {
        if call.params.has(name) {
            customer[name] = json!(call.params.text(name));
        }
    }
    for name in ["address", "shipping"] {
        if let Some(value) = call.params.at(name) {
            customer[name] = if value.is_object() { value.clone() } else { Value::Null };
        }
    }
    if call.params.has("preferred_locales") {
        customer["preferred_locales"] = json!(call.params.list("preferred_locales"));
    }
    if let Some(exempt) = call.params.choice("tax_exempt", &["exempt", "none", "reverse"])? {
        customer["tax_exempt"] = json!(exempt);
    }
    if customer["email"].as_str().is_some_and(|email| !email.contains('@')) {
        let email = text(customer, "email");
        return Err(StripeError::invalid(format!("Invalid email address: {email}"))
            .code("email_invalid")
            .on("email"));
    }
    Ok(())
}

fn set_default(call: &mut Call<'_>, id: &str, method: &str) -> Result<(), StripeError> {
    let param = "invoice_settings[default_payment_method]";
    let found = call.store.get("pm", method, param)?;
    if text(found, "customer") != id {
        let message = format!(
            "The customer does not have a payment method with the ID {method}. The payment method must be attached \
             to the customer."
        );
        return Err(StripeError::invalid(message).code("resource_missing").on(param));
    }
    if let Some(customer) = call.store.change(id) {
        customer["invoice_settings"]["default_payment_method"] = json!(method);
    }
    Ok(())
}

/// A customer who was not deleted.
///
/// # Errors
/// `resource_missing`.
pub fn living(call: &Call<'_>, id: &str, param: &str) -> Answer {
    let customer = call.store.get("cus", id, param)?;
    if customer["deleted"] == json!(true) {
        return Err(StripeError::missing("customer", id, param).status(400));
    }
    Ok(customer.clone())
}

fn find(call: &Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    Ok(call.store.get("cus", id, "id")?.clone())
}

fn update(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(PARAMS)?;
    call.store.get("cus", id, "id")?;
    let before = living(call, id, "id").map_err(|error| error.status(404))?;
    let mut customer = before.clone();
    customer["metadata"] = call.params.metadata(&before["metadata"])?;
    fill(call, &mut customer)?;
    if let Some(method) = call.params.text("invoice_settings.default_payment_method") {
        set_default(call, id, &method)?;
        customer["invoice_settings"]["default_payment_method"] = json!(method);
    } else if call.params.has("invoice_settings.default_payment_method") {
        customer["invoice_settings"]["default_payment_method"] = Value::Null;
    }
    call.store.insert(customer);
    call.emit_change("customer.updated", id, &before);
    Ok(call.copy(id))
}

fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    living(call, id, "id").map_err(|error| error.status(404))?;
    call.emit("customer.deleted", id);
    payment_methods::detach_all(call, id);
    let gone = json!({ "id": id, "object": "customer", "deleted": true });
    call.store.insert(gone.clone());
    Ok(gone)
}

fn list(call: &Call<'_>) -> Answer {
    call.allow(LIST)?;
    let email = call.params.text("email");
    call.list("cus", "/v1/customers", |row| {
        row["deleted"] != json!(true) && email.as_ref().is_none_or(|email| row["email"] == json!(email))
    })
}
