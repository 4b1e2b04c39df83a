//! The API over HTTP: keys, versions, idempotency, faults, answers.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request as HttpRequest, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    api,
    app::{App, Request},
    call::{API_VERSION, Caller},
    chance,
    errors::{Answer, StripeError},
    faults::{Fault, Kind},
    idempotency::{Claim, Stored},
    params::Params,
};

/// Marks an answer that is not sent: the connection closes instead.
#[derive(Clone, Copy, Debug)]
pub struct Dropped;

const LARGEST_BODY: usize = 1 << 20;

/// `/v1/…`
pub async fn handle(State(app): State<Arc<App>>, request: HttpRequest) -> Response {
    if request.method() == Method::OPTIONS {
        return with_cors(StatusCode::NO_CONTENT.into_response());
    }
    // The work goes on when the client hangs up, as it does at Stripe.
    let work = tokio::spawn(async move { serve(&app, request).await });
    with_cors(work.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
}

async fn serve(app: &App, request: HttpRequest) -> Response {
    let request_id = chance::id("req");
    let (parts, body) = request.into_parts();
    let method = parts.method.as_str().to_owned();
    let path = parts.uri.path().to_owned();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return answer_error(&request_id, &StripeError::invalid("The request's body cannot be read."));
    };
    let params = Params::parse(parts.uri.query().unwrap_or_default(), &String::from_utf8_lossy(&body));
    let caller =
        match authenticate(app, &parts.headers, &params).and_then(|caller| version(&parts.headers, caller)) {
            Ok(caller) => caller,
            Err(error) => return answer_error(&request_id, &error),
        };
    if app.options.rate_limit.is_some_and(|limit| !app.faults.within(limit)) {
        return answer_error(&request_id, &injected(429));
    }
    let key = header_text(&parts.headers, "idempotency-key").filter(|_| method == "POST");
    let claim = key.as_ref().map(|key| {
        let asked = json!([method, path, params.as_value()]);
        app.keys.claim(key, &asked, app.clock.seconds())
    });
    match claim {
        Some(Err(error)) => return keyed(answer_error(&request_id, &error), key.as_deref(), None),
        Some(Ok(Claim::Replay(stored))) => {
            let fault = app.faults.strike(&method, &path);
            return replay(app, fault, &request_id, key.as_deref(), &stored).await;
        }
        Some(Ok(Claim::First)) | None => {}
    }
    let request = Request { id: request_id, caller, params, key };
    perform(app, request, &method, &path).await
}

/// Does the work, with what goes wrong on purpose.
async fn perform(app: &App, request: Request, method: &str, path: &str) -> Response {
    let (id, key) = (request.id.clone(), request.key.clone());
    let fault = app.faults.strike(method, path);
    tokio::time::sleep(app.faults.latency()).await;
    if let Some(fault) = fault.as_ref().filter(|fault| before(fault.kind)) {
        wait(fault).await;
        if fault.kind != Kind::DelayBefore {
            if let Some(key) = &key {
                app.keys.finish(key, None);
            }
            return if fault.kind == Kind::DropBefore {
                dropped()
            } else {
                answer_error(&id, &injected(fault.status))
            };
        }
    }
    let answer = app.act(request, |call| api::answer(call, method, path));
    if method != "GET" {
        app.note_change();
    }
    let keep = answer.as_ref().err().is_none_or(|error| error.executed);
    let stored = store_answer(&id, &answer);
    let mut sent = respond(&id, stored.status, stored.body.clone());
    let mut kept = stored;
    if let Some(fault) = fault.as_ref().filter(|fault| !before(fault.kind)) {
        wait(fault).await;
        match fault.kind {
            Kind::DropAfter => sent = dropped(),
            Kind::ErrorAfter => {
                let error = Err(injected(fault.status));
                let shown = store_answer(&id, &error);
                sent = respond(&id, shown.status, shown.body.clone());
                kept = if fault.remember { shown } else { kept };
            }
            _ => {}
        }
    }
    if let Some(key) = &key {
        app.keys.finish(key, keep.then_some(kept));
    }
    keyed(sent, key.as_deref(), None)
}

const fn before(kind: Kind) -> bool {
    matches!(kind, Kind::DelayBefore | Kind::DropBefore | Kind::ErrorBefore)
}

async fn wait(fault: &Fault) {
    tokio::time::sleep(std::time::Duration::from_millis(fault.delay_ms)).await;
}

/// A kept answer, sent again; it can be lost again.
async fn replay(app: &App, fault: Option<Fault>, id: &str, key: Option<&str>, stored: &Stored) -> Response {
    tokio::time::sleep(app.faults.latency()).await;
    let original = Some(stored.request_id.as_str());
    let Some(fault) = fault else {
        return keyed(respond(id, stored.status, stored.body.clone()), key, original);
    };
    wait(&fault).await;
    match fault.kind {
        Kind::DropBefore | Kind::DropAfter => dropped(),
        Kind::ErrorBefore | Kind::ErrorAfter => keyed(answer_error(id, &injected(fault.status)), key, None),
        Kind::Delay | Kind::DelayBefore => {
            keyed(respond(id, stored.status, stored.body.clone()), key, original)
        }
    }
}

fn authenticate(app: &App, headers: &HeaderMap, params: &Params) -> Result<Caller, StripeError> {
    let given =
        header_text(headers, "authorization").and_then(|value| key_of(&value)).or_else(|| params.text("key"));
    let Some(given) = given else {
        return Err(StripeError::invalid(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using \
             Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication \
             for details, or we can help at https://support.stripe.com/.",
        )
        .status(401));
    };
    if given == app.options.secret_key {
        return Ok(Caller::Server);
    }
    if given == app.options.publishable_key {
        return Ok(Caller::Page);
    }
    let (head, tail) =
        (given.chars().take(8).collect::<String>(), given.chars().rev().take(4).collect::<Vec<_>>());
    let tail: String = tail.into_iter().rev().collect();
    Err(StripeError::invalid(format!("Invalid API Key provided: {head}****{tail}")).status(401))
}

/// The key in `Bearer sk_…`, or the user name in `Basic …`.
fn key_of(authorization: &str) -> Option<String> {
    let (scheme, value) = authorization.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.trim().to_owned()).filter(|key| !key.is_empty());
    }
    let decoded = STANDARD.decode(value.trim()).ok()?;
    String::from_utf8(decoded).ok()?.split(':').next().map(str::to_owned).filter(|key| !key.is_empty())
}

/// The one version that is spoken; a request may leave it out.
fn version(headers: &HeaderMap, caller: Caller) -> Result<Caller, StripeError> {
    if let Some(account) = header_text(headers, "stripe-account") {
        let message = format!("The sandbox keeps no objects of connected accounts: {account}");
        return Err(StripeError::invalid(message).code("account_invalid").status(403));
    }
    match header_text(headers, "stripe-version") {
        Some(asked) if asked != API_VERSION => Err(StripeError::invalid(format!(
            "Invalid Stripe API version: {asked}. The sandbox speaks {API_VERSION}."
        ))),
        _ => Ok(caller),
    }
}

/// An error that a test asked for.
fn injected(status: u16) -> StripeError {
    match status {
        429 => StripeError::invalid(
            "Request rate limit exceeded. You can learn more about rate limits here \
             https://stripe.com/docs/rate-limits.",
        )
        .code("rate_limit")
        .status(429),
        409 => StripeError::invalid(
            "This object cannot be accessed right now because another API request or Stripe process is currently \
             accessing it.",
        )
            .code("lock_timeout")
            .status(409),
        other => StripeError {
            kind: "api_error",
            ..StripeError::invalid(
                "Sorry! There was an error while talking to one of our backends. Support has been notified.",
            )
            .status(other)
        },
    }
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn store_answer(id: &str, answer: &Answer) -> Stored {
    let (status, body) = match answer {
        Ok(object) => (200, object.clone()),
        Err(error) => (error.status, error_body(id, error)),
    };
    Stored { status, body: body.to_string(), request_id: id.to_owned() }
}

fn error_body(id: &str, error: &StripeError) -> Value {
    let mut body = error.body();
    body["request_log_url"] = json!(format!("https://dashboard.stripe.com/test/logs/{id}"));
    json!({ "error": body })
}

fn answer_error(id: &str, error: &StripeError) -> Response {
    respond(id, error.status, error_body(id, error).to_string())
}

fn respond(id: &str, status: u16, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(HeaderName::from_static("stripe-version"), HeaderValue::from_static(API_VERSION));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("request-id"), id);
    }
    if status == 429 {
        headers.insert(
            HeaderName::from_static("stripe-rate-limited-reason"),
            HeaderValue::from_static("global-rate"),
        );
    }
    response
}

fn keyed(mut response: Response, key: Option<&str>, original: Option<&str>) -> Response {
    let headers = response.headers_mut();
    if let Some(Ok(key)) = key.map(HeaderValue::from_str) {
        headers.insert(HeaderName::from_static("idempotency-key"), key);
    }
    if let Some(Ok(original)) = original.map(HeaderValue::from_str) {
        headers.insert(HeaderName::from_static("original-request"), original);
        headers.insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
    }
    response
}

fn dropped() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Dropped);
    response
}

fn with_cors(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, POST, DELETE, OPTIONS"),
        ("access-control-allow-headers", "authorization, content-type, stripe-version, idempotency-key"),
        ("access-control-expose-headers", "request-id"),
        ("access-control-max-age", "300"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
