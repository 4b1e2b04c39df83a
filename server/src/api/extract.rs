//! What calls are made of: bodies, queries and credentials, each refused in the envelope with its field.

use std::{collections::HashMap, time::Duration};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, RawPathParams, Request},
    http::{HeaderMap, header, request::Parts},
};
use domain::{Code, Refusal};
use serde::de::DeserializeOwned;
use serde_json::Value;
use services::Actor;

use super::error::ApiError;
use crate::auth::Caller;

/// The largest JSON body, bytes.
pub const MAX_JSON: usize = 256 * 1024;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(15);

/// A body that can be read. Which code a field of a wrong type answers with is the body's to say.
pub trait Body: DeserializeOwned {
    /// The code of a fault in this field.
    fn code(_field: &str) -> Code {
        Code::InvalidRequest
    }
}

/// A JSON body.
pub struct ApiJson<T>(pub T);

impl<T: Body, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let json = is_json(request.headers());
        let bytes = read(request).await?;
        if !json {
            return Err(Refusal::new(Code::InvalidRequest, "content_type").into());
        }
        parse(&bytes).map(ApiJson)
    }
}

/// A JSON body that may be left out.
pub struct OptionalJson<T>(pub T);

impl<T: Body + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let json = is_json(request.headers());
        let bytes = read(request).await?;
        match (bytes.trim_ascii().is_empty(), json) {
            (true, _) => Ok(OptionalJson(T::default())),
            (false, true) => parse(&bytes).map(OptionalJson),
            (false, false) => Err(Refusal::new(Code::InvalidRequest, "content_type").into()),
        }
    }
}

/// `application/json` and its kin.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

async fn read(request: Request) -> Result<Bytes, ApiError> {
    let too_large = || ApiError::from(Refusal::new(Code::PayloadTooLarge, "too_large"));
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if length.and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > MAX_JSON as u64) {
        return Err(too_large());
    }
    let unreadable = || ApiError::from(Refusal::new(Code::InvalidRequest, "malformed"));
    let reading = axum::body::to_bytes(request.into_body(), MAX_JSON);
    match tokio::time::timeout(BODY_TIME, reading).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_length_limit(&error) => Err(too_large()),
        Ok(Err(_)) | Err(_) => Err(unreadable()),
    }
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.to_string().contains("length limit") {
            return true;
        }
        source = error.source();
    }
    false
}

fn parse<T: Body>(bytes: &[u8]) -> Result<T, ApiError> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|_| Refusal::new(Code::InvalidRequest, "json"))?;
    if let Some(field) = nul(&value, "") {
        return Err(ApiError::coded(T::code(&field), "nul", field));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        shape_fault(&path, &error.into_inner().to_string(), T::code)
    })
}

/// The field whose text or name holds a NUL, which no database of ours keeps.
fn nul(value: &Value, at: &str) -> Option<String> {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match value {
        Value::String(text) => text.contains('\0').then(|| at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| nul(item, &format!("{at}[{index}]")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            if name.contains('\0') { Some(at.to_owned()) } else { nul(field, &below(name)) }
        }),
        _ => None,
    }
}

/// Says which field of a body or query has the wrong shape.
fn shape_fault(path: &str, message: &str, code: impl Fn(&str) -> Code) -> ApiError {
    let path = if path == "." || path == "?" { "" } else { path };
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        let field = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        return ApiError::coded(Code::InvalidRequest, "field_missing", field);
    }
    if path.is_empty() {
        return Refusal::new(Code::InvalidRequest, "json_shape").into();
    }
    ApiError::coded(code(path), "field_type", path)
}

/// The query of an address. An empty value is one that was not given.
pub struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let unreadable = || ApiError::from(Refusal::new(Code::InvalidRequest, "malformed"));
        let mut pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(|_| unreadable())?;
        if let Some((name, _)) = pairs.iter().find(|(name, value)| format!("{name}{value}").contains('\0')) {
            return Err(ApiError::invalid("nul", name.replace('\0', "")));
        }
        pairs.retain(|(_, value)| !value.is_empty());
        let query = serde_urlencoded::to_string(&pairs).map_err(|_| unreadable())?;
        let parser = serde_urlencoded::Deserializer::new(form_pairs(query.as_bytes()));
        serde_path_to_error::deserialize(parser).map(ApiQuery).map_err(|error| {
            let path = error.path().to_string();
            shape_fault(&path, &error.into_inner().to_string(), |_| Code::InvalidRequest)
        })
    }
}

fn form_pairs(query: &[u8]) -> url::form_urlencoded::Parse<'_> {
    url::form_urlencoded::parse(query)
}

/// The `{…}` parts of an address by name. What cannot be read names nothing: 404.
pub struct ApiPath(HashMap<String, String>);

impl ApiPath {
    /// The part of this name.
    ///
    /// # Errors
    /// `NOT_FOUND` where the address has no such part.
    pub fn text(&self, name: &str) -> Result<&str, ApiError> {
        self.0.get(name).map(String::as_str).ok_or_else(ApiError::not_found)
    }

    /// An id; what is none names nothing of the kind.
    ///
    /// # Errors
    /// 404 with the code and sentence of the kind.
    pub fn id<T: std::str::FromStr>(&self, code: Code, key: &'static str) -> Result<T, ApiError> {
        self.text("id")?.parse().map_err(|_| Refusal::new(code, key).into())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ApiPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params =
            RawPathParams::from_request_parts(parts, state).await.map_err(|_| ApiError::not_found())?;
        let parts: HashMap<_, _> =
            params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        // No name of ours is as long, and none holds a NUL.
        if parts.values().any(|value| value.contains('\0') || value.len() > 200) {
            return Err(ApiError::not_found());
        }
        Ok(ApiPath(parts))
    }
}

/// The signed-in person; nobody is 401.
pub struct SignedIn(pub Actor);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let actor = parts.extensions.get::<Caller>().and_then(|caller| caller.actor.clone());
        actor.map(SignedIn).ok_or_else(ApiError::unauthenticated)
    }
}

/// The signed-in person, if there is one.
pub struct Visitor(pub Option<Actor>);

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Visitor(parts.extensions.get::<Caller>().and_then(|caller| caller.actor.clone())))
    }
}
