//! Errors as Stripe answers them: type, code, decline code, parameter, sentence.

use serde_json::{Map, Value, json};

/// What an API function answers.
pub type Answer = Result<Value, StripeError>;

/// A refusal in Stripe's words.
#[derive(Clone, Debug)]
pub struct StripeError {
    /// HTTP status.
    pub status: u16,
    /// `type`: `invalid_request_error`, `card_error`, `idempotency_error` or `api_error`.
    pub kind: &'static str,
    /// `code`, where Stripe documents one.
    pub code: Option<&'static str>,
    /// The sentence, in English.
    pub message: String,
    /// The parameter concerned, in the form `a[b]`.
    pub param: Option<String>,
    /// Other members of the error: `decline_code`, `charge`, `payment_intent`, …
    pub more: Map<String, Value>,
    /// Whether work had begun, so that the answer is kept for its idempotency key.
    pub executed: bool,
}

impl StripeError {
    /// A request that is wrong in itself: 400, not kept for its idempotency key.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            kind: "invalid_request_error",
            code: None,
            message: message.into(),
            param: None,
            more: Map::new(),
            executed: false,
        }
    }

    /// A request that the state of an object refuses: 400, kept for its idempotency key.
    #[must_use]
    pub fn state(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Some(code), executed: true, ..Self::invalid(message) }
    }

    /// A card that was refused: 402.
    #[must_use]
    pub fn card(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 402, kind: "card_error", code: Some(code), executed: true, ..Self::invalid(message) }
    }

    /// Names the parameter.
    #[must_use]
    pub fn on(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Sets the code.
    #[must_use]
    pub const fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// Sets the HTTP status.
    #[must_use]
    pub const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// An object that does not exist: 404.
    #[must_use]
    pub fn missing(object: &str, id: &str, param: &str) -> Self {
        Self::invalid(format!("No such {object}: '{id}'")).code("resource_missing").on(param).status(404)
    }

    /// An address that does not exist: 404.
    #[must_use]
    pub fn unknown_address(method: &str, path: &str) -> Self {
        Self::invalid(format!(
            "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at \
             https://support.stripe.com/."
        ))
        .status(404)
    }

    /// A parameter that must be there and is not.
    #[must_use]
    pub fn needs(param: &str) -> Self {
        Self::invalid(format!("Missing required param: {param}.")).code("parameter_missing").on(param)
    }

    /// The members of `error`, without the envelope: also what an intent keeps as its last error.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = self.more.clone();
        if let Some(code) = self.code {
            body.insert("code".into(), json!(code));
            body.insert("doc_url".into(), json!(doc_url(code)));
        }
        if let Some(param) = &self.param {
            body.insert("param".into(), json!(param));
        }
        body.insert("message".into(), json!(self.message));
        body.insert("type".into(), json!(self.kind));
        Value::Object(body)
    }
}

/// Where Stripe explains a code.
fn doc_url(code: &str) -> String {
    format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"))
}
