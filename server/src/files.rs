//! Files of the site's build, compressed beforehand where the build did so.

use axum::{
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use leptos::config::LeptosOptions;
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

/// A year; the name of the file changes with its content.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// An hour, then a look whether it changed.
const BRIEF: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// What is asked for, without its body.
pub fn question(request: &Request) -> Option<Request> {
    let path = request.uri().path();
    if !matches!(*request.method(), Method::GET | Method::HEAD) || path.ends_with('/') || hidden(path) {
        return None;
    }
    let mut asked = Request::new(axum::body::Body::empty());
    *asked.method_mut() = request.method().clone();
    *asked.uri_mut() = request.uri().clone();
    *asked.headers_mut() = request.headers().clone();
    Some(asked)
}

/// The file that is asked for, `None` where there is none.
pub async fn find(options: &LeptosOptions, asked: Request) -> Option<Response> {
    let lasts = lasts(asked.uri().path(), options);
    let files = ServeDir::new(options.site_root.as_ref())
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip();
    let mut response = files.oneshot(asked).await.ok()?.into_response();
    let found = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    if !found && response.status() != StatusCode::RANGE_NOT_SATISFIABLE {
        return None;
    }
    let kept = if lasts { IMMUTABLE } else { BRIEF };
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    Some(response)
}

/// Built files have their hash in their name, fonts do not change.
fn lasts(path: &str, options: &LeptosOptions) -> bool {
    let built = path.strip_prefix('/').and_then(|rest| rest.strip_prefix(options.site_pkg_dir.as_ref()));
    (options.hash_files && built.is_some_and(|rest| rest.starts_with('/'))) || path.starts_with("/fonts/")
}

/// What begins with a dot is nobody's business; compressed twins are found by their plain name.
fn hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.')) || path.ends_with(".br") || path.ends_with(".gz")
}
