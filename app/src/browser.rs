//! Calls of the browser for which there are no types: those of scripts that pages fetch, and those that few pages make.

use js_sys::{Array, Function, JSON, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

/// A value as the browser has it.
///
/// # Errors
/// None for what is JSON.
pub(crate) fn object(value: &serde_json::Value) -> Result<JsValue, JsValue> {
    JSON::parse(&value.to_string())
}

/// A field of an object; `undefined` where it has none of that name.
pub(crate) fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

/// Calls a method.
///
/// # Errors
/// What it throws.
pub(crate) fn call(object: &JsValue, name: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = field(object, name).dyn_into()?;
    function.apply(object, &arguments.iter().copied().collect::<Array>())
}

/// What a promise comes to.
///
/// # Errors
/// What it is refused with.
pub(crate) async fn awaited(promise: Result<JsValue, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(Promise::resolve(&promise?)).await
}
