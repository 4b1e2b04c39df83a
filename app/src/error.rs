//! Errors as they cross the wire between server functions and the browser.

use std::fmt;

use domain::{Code, Refusal};
use leptos::{
    prelude::{FromServerFnError, ServerFnErrorErr},
    server_fn::codec::JsonEncoding,
};
use serde::{Deserialize, Serialize};

/// An error for a person: what happened, in the reader's language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WireError {
    /// The stable code.
    pub code: Code,
    /// The sentence, in the reader's language.
    pub message: String,
    /// The input field at fault.
    pub field: Option<String>,
    /// What helps to go on, such as fresh slots.
    #[serde(default)]
    pub details: serde_json::Value,
    /// Names the request in the log.
    pub request_id: Option<String>,
}

impl WireError {
    /// An error of the connection: the browser could not reach the server. Its sentence is the page's.
    #[must_use]
    pub fn unreachable() -> Self {
        WireError {
            code: Code::Internal,
            message: String::new(),
            field: None,
            details: serde_json::Value::Null,
            request_id: None,
        }
    }

    /// After how many seconds the same may succeed, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<i64> {
        self.details.get("retry_after").and_then(serde_json::Value::as_i64)
    }

    /// Whether the same may succeed later: the server was not reached, is at fault or asks for patience.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.message.is_empty() || matches!(self.code, Code::Internal | Code::RateLimited)
    }

    /// A refusal with its sentence.
    #[must_use]
    pub fn refused(refusal: &Refusal, message: String) -> Self {
        WireError {
            code: refusal.code,
            message,
            field: refusal.field.as_deref().map(str::to_owned),
            details: serde_json::Value::Null,
            request_id: None,
        }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl FromServerFnError for WireError {
    type Encoder = JsonEncoding;

    /// Malformed arguments are the caller's fault; all else is the connection's or ours.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let code = match error {
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => Code::InvalidRequest,
            _ => Code::Internal,
        };
        WireError { code, ..WireError::unreachable() }
    }
}
