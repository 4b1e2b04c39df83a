//! The envelope of what goes wrong: one shape for refusals and faults, on every address.

use std::{any::Any, sync::Arc};

use axum::{
    Json,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use domain::{Code, Refusal, account::Language};
use serde_json::{Map, Value, json};
use services::{AppError, mail::escape};

use crate::auth::{self, Caller};

/// The result of a call.
pub type ApiResult<T> = Result<T, ApiError>;

/// Why a call did not succeed. It becomes a body in [`render`], which knows the caller's language.
#[derive(Debug)]
pub struct ApiError {
    error: AppError,
    /// Where HTTP has a status of its own for it.
    status: Option<StatusCode>,
}

impl ApiError {
    /// A refusal of malformed input that names the input field.
    pub fn invalid(key: &'static str, field: impl Into<String>) -> Self {
        ApiError::coded(Code::InvalidRequest, key, field)
    }

    /// The same with a code of its own.
    pub fn coded(code: Code, key: &'static str, field: impl Into<String>) -> Self {
        let field = Some(field.into().into());
        Refusal { code, key: key.into(), field }.into()
    }

    /// Nothing is at this address.
    pub fn not_found() -> Self {
        Refusal::new(Code::NotFound, "not_found").into()
    }

    /// The address exists, the method does not.
    pub fn method() -> Self {
        let refusal = Refusal::new(Code::InvalidRequest, "method");
        ApiError { error: refusal.into(), status: Some(StatusCode::METHOD_NOT_ALLOWED) }
    }

    /// Nobody is signed in.
    pub fn unauthenticated() -> Self {
        Refusal::new(Code::InvalidToken, "token_invalid").into()
    }

    /// The code on the wire.
    pub fn code(&self) -> Code {
        self.error.code()
    }

    fn status(&self) -> StatusCode {
        let status = StatusCode::from_u16(self.error.code().status());
        self.status.or(status.ok()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<AppError> for ApiError {
    fn from(error: AppError) -> Self {
        ApiError { error, status: None }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        AppError::from(refusal).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Failure(Arc::new(self)));
        response
    }
}

/// A failure on its way out, before it has a body.
#[derive(Clone)]
pub(crate) struct Failure(Arc<ApiError>);

/// A panic is a fault like any other; what it said goes to the log only.
pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "a panic".to_owned());
    ApiError::from(AppError::fault(format!("panic: {text}"))).into_response()
}

/// Gives failures their body in the caller's language, and logs the faults among them, once.
pub async fn render(request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    let language = auth::language(request.headers(), None);
    let path = request.uri().path();
    let page = !path.starts_with("/api/") && auth::wants_html(request.headers());
    let mut response = next.run(request).await;
    let Some(failure) = response.extensions().get::<Failure>().cloned() else { return response };
    if let AppError::Fault(fault) = &failure.0.error {
        tracing::error!(request_id = caller.request_id, fault = ?fault, "fault");
    }
    let envelope = envelope(&failure.0.error, language, &caller.request_id);
    let body = if page { panel(&envelope, language).into_response() } else { Json(envelope).into_response() };
    let (parts, body) = body.into_parts();
    *response.body_mut() = body;
    response.headers_mut().remove(header::CONTENT_LENGTH);
    if let Some(kind) = parts.headers.get(header::CONTENT_TYPE) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
    }
    add_headers(&mut response, &failure.0.error);
    response
}

fn add_headers(response: &mut Response, error: &AppError) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Language, Cookie, Authorization"));
    if error.code().status() == 401 {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"lectern\""));
    }
    let AppError::Refused { details, .. } = error else { return };
    if let Some(seconds) = details.get("retry_after").and_then(Value::as_i64) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// `{"status":"error","error":{code,message,details,request_id}}`.
pub fn envelope(error: &AppError, language: Language, request_id: &str) -> Value {
    let locale = app::pages::i18n::locale(language);
    let (message, details) = match error {
        AppError::Refused { refusal, details } => {
            let mut all = match details {
                Value::Object(details) => details.clone(),
                _ => Map::new(),
            };
            if let Some(field) = &refusal.field {
                all.insert("field".into(), json!(field));
            }
            (app::pages::i18n::sentence(locale, refusal), all)
        }
        AppError::Fault(_) => (app::pages::i18n::code_sentence(locale, Code::Internal), Map::new()),
    };
    json!({
        "status": "error",
        "error": {
            "code": error.code().name(),
            "message": message,
            "details": details,
            "request_id": request_id,
        },
    })
}

/// A failure outside of the API for a person, where no page could be rendered.
fn panel(envelope: &Value, language: Language) -> Html<String> {
    let text = |name: &str| escape(envelope["error"][name].as_str().unwrap_or_default());
    Html(format!(
        "<!DOCTYPE html><html lang=\"{language}\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Lectern</title><main><h1>{message}</h1><p><code>{id}</code></p>\
         <p><a href=\"/\">Lectern</a></p></main></html>",
        language = language.tag(),
        message = text("message"),
        id = text("request_id"),
    ))
}
