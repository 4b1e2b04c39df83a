//! Typed reading of a request's parameters, with Stripe's errors for what is wrong.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    errors::StripeError,
    form::{self, items},
};

/// The parameters of one request. A path is written `a.b`; errors name it `a[b]`.
#[derive(Clone, Debug, Default)]
pub struct Params(Arc<Map<String, Value>>);

/// Accepted by every address: `expand`, and what a page's script sends with a publishable key.
const EVERYWHERE: &[&str] = &["expand", "key", "client_secret"];

impl Params {
    /// Parses query and body.
    #[must_use]
    pub fn parse(query: &str, body: &str) -> Self {
        let mut all = form::parse(query);
        all.extend(form::parse(body));
        Self(Arc::new(all))
    }

    /// The parameters as they were sent, for the comparison of idempotent requests.
    #[must_use]
    pub fn as_value(&self) -> Value {
        Value::Object((*self.0).clone())
    }

    /// Refuses what the address does not take. A name `a.b` allows the member `b` of `a` and no other member
    /// that is not named; a bare `a` allows all below it.
    ///
    /// # Errors
    /// `parameter_unknown`.
    pub fn allow(&self, known: &[&str]) -> Result<(), StripeError> {
        let unknown = self.0.iter().find_map(|(name, value)| unknown_in(name, value, known));
        unknown.map_or(Ok(()), |name| {
            Err(StripeError::invalid(format!("Received unknown parameter: {name}"))
                .code("parameter_unknown")
                .on(name))
        })
    }

    /// What stands at a path.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Value> {
        let mut parts = path.split('.');
        let first = self.0.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    }

    /// Whether something was sent at a path, the empty text too.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.at(path).is_some()
    }

    /// A text; the empty one is none.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<String> {
        self.at(path)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// `parameter_missing`, `parameter_invalid_empty`.
    pub fn require(&self, path: &str) -> Result<String, StripeError> {
        let name = bracketed(path);
        match self.at(path).map(Value::as_str) {
            None => Err(StripeError::needs(&name)),
            Some(Some(text)) if !text.is_empty() => Ok(text.to_owned()),
            Some(Some(_)) => Err(StripeError::invalid(format!(
                "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a \
                 parameter; however '{name}' cannot be unset. You should remove '{name}' from your request or \
                 supply a non-empty value."
            ))
            .code("parameter_invalid_empty")
            .on(name)),
            Some(None) => Err(StripeError::invalid(format!("Invalid string: {name}")).on(name)),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// `parameter_invalid_integer`.
    pub fn integer(&self, path: &str) -> Result<Option<i64>, StripeError> {
        let Some(text) = self.text(path) else { return Ok(None) };
        let name = bracketed(path);
        text.parse().map(Some).map_err(|_| {
            StripeError::invalid(format!("Invalid integer: {text}"))
                .code("parameter_invalid_integer")
                .on(name)
        })
    }

    /// Yes or no.
    ///
    /// # Errors
    /// For what is neither `true` nor `false`.
    pub fn boolean(&self, path: &str) -> Result<Option<bool>, StripeError> {
        match self.text(path).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(other) => Err(StripeError::invalid(format!("Invalid boolean: {other}")).on(bracketed(path))),
        }
    }

    /// One of a closed list.
    ///
    /// # Errors
    /// For another value.
    pub fn choice(&self, path: &str, choices: &[&str]) -> Result<Option<String>, StripeError> {
        let Some(text) = self.text(path) else { return Ok(None) };
        if choices.contains(&text.as_str()) {
            return Ok(Some(text));
        }
        let name = bracketed(path);
        let (last, before) = choices.split_last().map_or(("", choices), |(last, before)| (*last, before));
        let listed =
            if before.is_empty() { last.to_owned() } else { format!("{}, or {last}", before.join(", ")) };
        Err(StripeError::invalid(format!("Invalid {name}: must be one of {listed}")).on(name))
    }

    /// The texts of a list.
    #[must_use]
    pub fn list(&self, path: &str) -> Vec<String> {
        let members = self.at(path).map(items).unwrap_or_default();
        members.into_iter().filter_map(|member| member.as_str().map(str::to_owned)).collect()
    }

    /// `metadata` put over what an object has: an empty value removes its name, an empty whole removes all.
    ///
    /// # Errors
    /// Where names, values or their number are over Stripe's limits (40, 500, 50).
    pub fn metadata(&self, before: &Value) -> Result<Value, StripeError> {
        let mut kept = before.as_object().cloned().unwrap_or_default();
        match self.at("metadata") {
            None => {}
            Some(Value::Object(sent)) => {
                for (name, value) in sent {
                    merge_entry(&mut kept, name, value)?;
                }
            }
            Some(Value::String(text)) if text.is_empty() => kept.clear(),
            Some(_) => return Err(StripeError::invalid("Invalid object").on("metadata")),
        }
        if kept.len() > 50 {
            return Err(StripeError::invalid("You cannot have more than 50 metadata keys.").on("metadata"));
        }
        Ok(Value::Object(kept))
    }
}

fn merge_entry(kept: &mut Map<String, Value>, name: &str, value: &Value) -> Result<(), StripeError> {
    let param = format!("metadata[{name}]");
    let Some(text) = value.as_str() else {
        return Err(StripeError::invalid("Metadata values must be strings").on(param));
    };
    if name.chars().count() > 40 {
        let message = format!("Metadata keys can have up to 40 characters: '{name}'");
        return Err(StripeError::invalid(message).on(param));
    }
    if text.chars().count() > 500 {
        let message = "Metadata values can have up to 500 characters";
        return Err(StripeError::invalid(message).on(param));
    }
    if text.is_empty() {
        kept.remove(name);
    } else {
        kept.insert(name.to_owned(), json!(text));
    }
    Ok(())
}

fn unknown_in(name: &str, value: &Value, known: &[&str]) -> Option<String> {
    if EVERYWHERE.contains(&name) || known.contains(&name) {
        return None;
    }
    let prefix = format!("{name}.");
    let members: Vec<&str> = known.iter().filter_map(|entry| entry.strip_prefix(&prefix)).collect();
    if members.is_empty() {
        return Some(name.to_owned());
    }
    let object = value.as_object()?;
    let first = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
    let stray = object.keys().find(|key| !members.iter().any(|member| first(member) == **key));
    stray.map(|key| format!("{name}[{key}]"))
}

/// `a.b` as Stripe writes it: `a[b]`.
#[must_use]
pub fn bracketed(path: &str) -> String {
    let mut parts = path.split('.');
    let head = parts.next().unwrap_or_default().to_owned();
    parts.fold(head, |name, part| format!("{name}[{part}]"))
}
