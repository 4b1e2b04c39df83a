//! `/api/docs`: the OpenAPI document for people, without a script.

use std::{fmt::Write as _, sync::OnceLock};

use axum::{
    http::header,
    response::{Html, IntoResponse, Response},
};
use serde_json::Value;
use services::mail::escape;

use super::document::document;

/// `/api/docs`
pub async fn serve() -> Response {
    static PAGE: OnceLock<String> = OnceLock::new();
    let page =
        PAGE.get_or_init(|| serde_json::to_value(document()).map(|doc| render(&doc)).unwrap_or_default());
    ([(header::CACHE_CONTROL, "no-cache")], Html(page.as_str())).into_response()
}

/// `/api/docs.css`
pub async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, include_str!("page.css")).into_response()
}

fn render(doc: &Value) -> String {
    let text = |at: &str| escape(doc.pointer(at).and_then(Value::as_str).unwrap_or_default());
    let mut page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} API</title><link rel=\"stylesheet\" href=\"/api/docs.css\"></head><body><main>\
         <h1>{title} API <small>{version}</small></h1><p>{about}</p>\
         <p>The same for programs: <a href=\"/api/v2/openapi.json\">openapi.json</a> (OpenAPI {openapi}).</p>",
        title = text("/info/title"),
        version = text("/info/version"),
        about = code(&text("/info/description")),
        openapi = text("/openapi"),
    );
    for tag in doc["tags"].as_array().into_iter().flatten() {
        push_tag(&mut page, doc, tag);
    }
    page.push_str("<section><h2>Shapes</h2>");
    for (name, schema) in doc["components"]["schemas"].as_object().into_iter().flatten() {
        push_schema(&mut page, name, schema);
    }
    page.push_str("</section></main></body></html>");
    page
}

fn push_tag(page: &mut String, doc: &Value, tag: &Value) {
    let name = tag["name"].as_str().unwrap_or_default();
    let about = escape(tag["description"].as_str().unwrap_or_default());
    push(page, format_args!("<section><h2 id=\"{name}\">{about}</h2>", name = escape(name)));
    for (path, item) in doc["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if operation["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == name)) {
                push_call(page, path, method, operation);
            }
        }
    }
    page.push_str("</section>");
}

fn push_call(page: &mut String, path: &str, method: &str, operation: &Value) {
    let text = |name: &str| code(&escape(operation[name].as_str().unwrap_or_default()));
    push(
        page,
        format_args!(
            "<article id=\"{id}\"><h3><b>{method}</b> <code>{path}</code></h3><p>{summary}</p>",
            id = text("operationId"),
            method = method.to_uppercase(),
            path = escape(path),
            summary = text("summary"),
        ),
    );
    let secured = operation["security"].as_array().is_some_and(|security| !security.is_empty());
    if secured {
        page.push_str("<p>Needs a bearer token or a sign-in cookie.</p>");
    }
    push_parameters(page, operation);
    if let Some(body) = operation.pointer("/requestBody/content/application~1json/schema") {
        push(page, format_args!("<p>Body: {}</p>", shape(body)));
    }
    page.push_str("<table><thead><tr><th>Status</th><th>Meaning</th><th>Body</th></tr></thead><tbody>");
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let about = code(&escape(answer["description"].as_str().unwrap_or_default()));
        let content = answer["content"].as_object().and_then(|content| content.values().next());
        let body = content.map(|content| shape(&content["schema"])).unwrap_or_default();
        let status = escape(status);
        push(page, format_args!("<tr><td>{status}</td><td>{about}</td><td>{body}</td></tr>"));
    }
    page.push_str("</tbody></table></article>");
}

fn push_parameters(page: &mut String, operation: &Value) {
    let Some(parameters) = operation["parameters"].as_array().filter(|all| !all.is_empty()) else { return };
    page.push_str("<table><thead><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr></thead><tbody>");
    for parameter in parameters {
        let text = |name: &str| code(&escape(parameter[name].as_str().unwrap_or_default()));
        let mark = if parameter["required"] == true { " (required)" } else { "" };
        let (name, place, about) = (text("name"), text("in"), text("description"));
        push(
            page,
            format_args!("<tr><td><code>{name}</code>{mark}</td><td>{place}</td><td>{about}</td></tr>"),
        );
    }
    page.push_str("</tbody></table>");
}

fn push_schema(page: &mut String, name: &str, schema: &Value) {
    let name = escape(name);
    push(page, format_args!("<article id=\"shape-{name}\"><h3><code>{name}</code></h3><table><tbody>"));
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (field, what) in schema["properties"].as_object().into_iter().flatten() {
        let mark = if required.contains(&field.as_str()) { "" } else { " (optional)" };
        let about = code(&escape(what["description"].as_str().unwrap_or_default()));
        let example =
            what.get("example").map(|example| format!("<code>{}</code>", escape(&example.to_string())));
        let (field, kind, example) = (escape(field), shape(what), example.unwrap_or_default());
        push(
            page,
            format_args!(
                "<tr><td><code>{field}</code>{mark}</td><td>{kind}</td><td>{about} {example}</td></tr>"
            ),
        );
    }
    page.push_str("</tbody></table></article>");
}

/// The name of a schema, linked where it has one.
fn shape(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#shape-{0}\">{0}</a>", escape(name));
    }
    if let Some(items) = schema.get("items") {
        return format!("list of {}", shape(items));
    }
    if let Some(any) = schema["oneOf"].as_array() {
        return any.iter().map(shape).collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::String(kind) => escape(kind),
        Value::Array(kinds) => {
            let names: Vec<String> = kinds.iter().filter_map(Value::as_str).map(escape).collect();
            names.join(" or ")
        }
        _ => "any".to_owned(),
    }
}

/// Text between back-ticks is code.
fn code(escaped: &str) -> String {
    let parts = escaped.split('`').enumerate();
    let parts =
        parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() });
    parts.collect()
}

/// Writing to a string does not fail.
fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = page.write_fmt(text);
}
