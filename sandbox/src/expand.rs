//! `expand[]`: ids replaced by the objects that they name.

use serde_json::{Value, json};

use crate::{
    call::Call,
    errors::StripeError,
    form::items,
    store::{kind, text},
};

/// Levels that Stripe expands at most.
const DEPTH: usize = 4;

/// Puts objects in place of ids, as `expand[]` asks.
///
/// # Errors
/// For members that are no ids, and more than four levels.
pub fn expand(call: &Call<'_>, mut answer: Value) -> Result<Value, StripeError> {
    let asked = call.params.at("expand").map(items).unwrap_or_default();
    let paths: Vec<String> = asked.into_iter().filter_map(|path| path.as_str().map(str::to_owned)).collect();
    for path in &paths {
        let steps: Vec<&str> = path.split('.').collect();
        let levels = steps.iter().filter(|step| **step != "data").count();
        if levels > DEPTH {
            let message = format!("You cannot expand more than {DEPTH} levels of a property.");
            return Err(StripeError::invalid(message).on("expand"));
        }
        walk(call, &mut answer, &steps, path)?;
    }
    Ok(answer)
}

fn walk(call: &Call<'_>, object: &mut Value, steps: &[&str], path: &str) -> Result<(), StripeError> {
    let Some((step, rest)) = steps.split_first() else { return Ok(()) };
    if *step == "data"
        && let Some(Value::Array(rows)) = object.get_mut("data")
    {
        return rows.iter_mut().try_for_each(|row| walk(call, row, rest, path));
    }
    if *step == "refunds" && object["object"] == "charge" && object["refunds"].is_null() {
        object["refunds"] = refunds(call, &text(object, "id"));
    }
    let cannot = || {
        let message = format!(
            "This property cannot be expanded ({path}). You may want to try expanding a different property, or remove \
             it from the expand parameter."
        );
        StripeError::invalid(message).on("expand")
    };
    let Some(member) = object.as_object_mut().and_then(|members| members.get_mut(*step)) else {
        return Err(cannot());
    };
    match member {
        Value::Null => return Ok(()),
        Value::String(id) => {
            let found = kind(id).and_then(|_| call.store.find(id)).cloned();
            *member = found.ok_or_else(cannot)?;
        }
        Value::Object(_) | Value::Array(_) => {}
        Value::Bool(_) | Value::Number(_) => return Err(cannot()),
    }
    walk(call, member, rest, path)
}

fn refunds(call: &Call<'_>, charge: &str) -> Value {
    let of_charge = |row: &&Value| text(row, "charge") == charge;
    let data: Vec<&Value> = call.store.all("re").rev().filter(of_charge).take(10).collect();
    json!({ "object": "list", "data": data, "has_more": false, "url": format!("/v1/charges/{charge}/refunds") })
}
