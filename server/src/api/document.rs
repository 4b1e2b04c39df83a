//! The OpenAPI 3.1 document, made from the handlers.

use std::sync::OnceLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use utoipa::{
    OpenApi as _,
    openapi::{
        Components, Content, OpenApi, PathItem, Ref, RefOr, Response as Answer, ResponseBuilder,
        path::{Operation, ParameterIn},
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::wire;
use crate::auth;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Lectern",
        description = "Find a tutor, book a lesson, meet. Success is `{\"status\":\"success\",\"data\":…}`, failure \
            `{\"status\":\"error\",\"error\":{\"code\",\"message\",\"details\",\"request_id\"}}`. Instants are RFC 3339 in UTC, \
            amounts integers in minor units, ids opaque strings. Without a credential an address has 100 calls an hour.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "This platform")),
    tags(
        (name = "auth", description = "Accounts and tokens"),
        (name = "me", description = "One's own data and live events"),
        (name = "tutors", description = "Tutors, their profiles and offerings"),
        (name = "availability", description = "Hours and free slots"),
        (name = "bookings", description = "Holds, bookings and lessons"),
        (name = "disputes", description = "What a party does not accept about a lesson, and what is decided"),
        (name = "chat", description = "Messages between a tutor and a student"),
        (name = "mentoring", description = "The same calls under the names of student mentoring"),
    ),
    components(schemas(wire::Failure, wire::Fault)),
)]
struct Base;

/// The document.
#[must_use]
pub fn document() -> OpenApi {
    let mut document = Base::openapi();
    document.merge(super::calls().into_openapi());
    document.merge(super::open_calls().into_openapi());
    document.info = Base::openapi().info;
    add_security(&mut document);
    copy_mentoring_names(&mut document);
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            add_failures(operation);
        }
    }
    document
}

fn add_security(document: &mut OpenApi) {
    let components = document.components.get_or_insert_with(Components::new);
    let bearer = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The access token of `POST /api/v2/auth/token`, 15 minutes."))
        .build();
    let cookie = ApiKeyValue::with_description(
        auth::COOKIE,
        "The sign-in of a browser; writes only from pages of this site.",
    );
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
}

/// What exists under the mentoring names of a tutor's address: `super::mentoring_names`.
const MENTORING: [&str; 6] = ["", "/profile", "/status", "/stats", "/ratings", "/availability"];

/// The calls that exist under `/students` too, with operation ids of their own.
fn copy_mentoring_names(document: &mut OpenApi) {
    let tutors = "/api/v2/tutors/{id}";
    let copies: Vec<(String, PathItem)> = document
        .paths
        .paths
        .iter()
        .filter_map(|(path, item)| Some((path.strip_prefix(tutors)?, item)))
        .filter(|(rest, _)| MENTORING.contains(rest))
        .map(|(rest, item)| (format!("/api/v2/students/{{id}}{rest}"), mentoring(item.clone())))
        .collect();
    for (path, item) in copies {
        match document.paths.paths.get_mut(&path) {
            Some(existing) => existing.merge_operations(item),
            None => {
                document.paths.paths.insert(path, item);
            }
        }
    }
}

fn mentoring(mut item: PathItem) -> PathItem {
    for operation in operations(&mut item) {
        operation.tags = Some(vec!["mentoring".to_owned()]);
        operation.operation_id = operation.operation_id.take().map(|id| format!("mentor_{id}"));
    }
    item
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch]
        .into_iter()
        .filter_map(Option::as_mut)
}

/// The failures that follow from what a call is made of; those of its own rules stand at its handler.
fn add_failures(operation: &mut Operation) {
    let secured = operation.security.as_ref().is_some_and(|security| !security.is_empty());
    let named = operation.parameters.iter().flatten().any(
        |parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Path),
    );
    let body = operation.request_body.is_some();
    let failures = [
        (
            "400",
            true,
            "`INVALID_REQUEST` or a code of the rule that was broken; `details.field` names the input",
        ),
        ("401", secured, "`INVALID_TOKEN` or `TOKEN_EXPIRED`"),
        ("403", secured, "`INSUFFICIENT_PERMISSIONS`"),
        (
            "404",
            named || body,
            "`NOT_FOUND`, `PROFILE_NOT_FOUND` or `BOOKING_NOT_FOUND`, also for what one may not know exists",
        ),
        ("413", body, "`PAYLOAD_TOO_LARGE`: more than 256 KB"),
        ("429", !secured, "`RATE_LIMITED`; `Retry-After` in seconds"),
        ("500", true, "`INTERNAL`; `request_id` names it in the log"),
    ];
    for (status, applies, description) in failures {
        if applies && !operation.responses.responses.contains_key(status) {
            operation.responses.responses.insert(status.to_owned(), RefOr::T(failure(description)));
        }
    }
}

fn failure(description: &str) -> Answer {
    let schema = RefOr::Ref(Ref::from_schema_name("Failure"));
    ResponseBuilder::new()
        .description(description)
        .content("application/json", Content::new(Some(schema)))
        .build()
}

/// The document as text, ending in a line break.
///
/// # Errors
/// Where it cannot be serialized.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    document().to_pretty_json()
}

/// `/api/v2/openapi.json`
pub async fn serve() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| openapi_json().unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], text.as_str())
        .into_response()
}
