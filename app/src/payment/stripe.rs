//! The payment provider's script in the browser: fetched where a card is typed, and spoken to as documented
//! (<https://docs.stripe.com/js>). Card numbers are typed into a frame of the provider's own.

use std::cell::RefCell;

use js_sys::{Promise, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::Element;

use super::api::ProviderAccess;
use crate::browser::{awaited, call, field, object};

thread_local! {
    /// The page's card form. It is no part of the island's state: the server, which drops that on any of its
    /// threads, may not drop a thing of the browser there.
    static OPEN: RefCell<Option<(JsValue, JsValue)>> = const { RefCell::new(None) };
}

/// Puts the provider's card form into `host`; `ready` is called once it can be typed into.
///
/// # Errors
/// Where the script cannot be fetched, or refuses.
pub async fn show(
    access: &ProviderAccess,
    locale: &str,
    host: &Element,
    ready: impl FnOnce() + 'static,
) -> Result<(), JsValue> {
    let stripe = connect(access, locale).await?;
    let options = serde_json::json!({
        "clientSecret": access.client_secret,
        "appearance": { "theme": if is_dark(host) { "night" } else { "stripe" }, "variables": colours(host) },
    });
    let elements = call(&stripe, "elements", &[&object(&options)?])?;
    // What the owner agrees to is said by the page, in its own words.
    let form = serde_json::json!({ "terms": { "card": "never" }, "wallets": { "applePay": "never", "googlePay": "never" } });
    let element = call(&elements, "create", &[&"payment".into(), &object(&form)?])?;
    call(&element, "on", &[&"ready".into(), &Closure::once_into_js(ready)])?;
    call(&element, "mount", &[host])?;
    OPEN.set(Some((stripe, elements)));
    Ok(())
}

/// Sends what was typed to the provider, and leads the owner through the bank's question. Answers the provider's
/// id of the card.
///
/// # Errors
/// The provider's sentence, in the reader's language; empty where there is none.
pub async fn save() -> Result<String, String> {
    let open = OPEN.with_borrow(Clone::clone);
    let (stripe, elements) = open.ok_or_else(String::new)?;
    accepted(awaited(call(&elements, "submit", &[])).await)?;
    let back = window().location().href().unwrap_or_default();
    let options = serde_json::json!({ "redirect": "if_required", "confirmParams": { "return_url": back } });
    let options = object(&options).map_err(|_| String::new())?;
    let _ = Reflect::set(&options, &"elements".into(), &elements);
    let saved = accepted(awaited(call(&stripe, "confirmSetup", &[&options])).await)?;
    let method = field(&field(&saved, "setupIntent"), "payment_method");
    method.as_string().or_else(|| field(&method, "id").as_string()).ok_or_else(String::new)
}

/// Shows the bank's question about a payment to the card's owner, and waits until it was answered or closed.
///
/// # Errors
/// The provider's sentence, in the reader's language; empty where there is none.
pub async fn answer_bank(access: &ProviderAccess, locale: &str) -> Result<(), String> {
    let stripe = connect(access, locale).await.map_err(|_| String::new())?;
    let options = serde_json::json!({ "clientSecret": access.client_secret });
    let options = object(&options).map_err(|_| String::new())?;
    accepted(awaited(call(&stripe, "handleNextAction", &[&options])).await).map(drop)
}

/// The provider's object, its script fetched where the page does not have it yet.
async fn connect(access: &ProviderAccess, locale: &str) -> Result<JsValue, JsValue> {
    if !field(&window(), "Stripe").is_function() {
        fetch(&access.js_url).await?;
    }
    let options = object(&serde_json::json!({ "locale": locale }))?;
    call(&window(), "Stripe", &[&access.publishable_key.clone().into(), &options])
}

/// Adds a script to the page and waits until it has run.
async fn fetch(address: &str) -> Result<(), JsValue> {
    let script = document().create_element("script")?;
    script.set_attribute("src", address)?;
    let head = document().head().ok_or(JsValue::NULL)?;
    let loaded = Promise::new(&mut |done, failed| {
        let _ = Reflect::set(&script, &"onload".into(), &done);
        let _ = Reflect::set(&script, &"onerror".into(), &failed);
    });
    head.append_child(&script)?;
    let outcome = JsFuture::from(loaded).await;
    if outcome.is_err() {
        script.remove();
    }
    outcome.map(drop)
}

fn style(host: &Element, name: &str) -> String {
    let style = window().get_computed_style(host).ok().flatten();
    style.and_then(|style| style.get_property_value(name).ok()).unwrap_or_default().trim().to_owned()
}

fn is_dark(host: &Element) -> bool {
    style(host, "color-scheme") == "dark"
}

/// The colours of the page, for the frame that cannot see its style.
fn colours(host: &Element) -> serde_json::Value {
    serde_json::json!({
        "colorPrimary": style(host, "--color-primary"),
        "colorBackground": style(host, "--color-base-100"),
        "colorText": style(host, "--color-base-content"),
        "colorTextSecondary": style(host, "--muted"),
        "colorDanger": style(host, "--color-error"),
        "borderRadius": style(host, "--radius-field"),
        "fontFamily": "Inter, system-ui, sans-serif",
    })
}

/// What the provider answered, unless it is an error: then its sentence.
fn accepted(answer: Result<JsValue, JsValue>) -> Result<JsValue, String> {
    let answer = answer.map_err(|_| String::new())?;
    let error = field(&answer, "error");
    if error.is_object() {
        return Err(field(&error, "message").as_string().unwrap_or_default());
    }
    Ok(answer)
}
