//! What search engines read, and the tutors' photos.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::ids::TutorId;
use services::{Services, mail::escape, sitemap, tutor};

use crate::api::{
    error::{ApiError, ApiResult},
    extract::ApiPath,
};

/// `/robots.txt`: everything public may be read; what belongs to a person or a program may not.
pub async fn robots(State(services): State<Services>) -> Response {
    let text = format!(
        "User-agent: *\nDisallow: /api/\nDisallow: /do/\nDisallow: /join/\nDisallow: /calendar/\nDisallow: /book/\nDisallow: /lessons/\n\
         Disallow: /dashboard\nDisallow: /tutor$\nDisallow: /tutor/\nDisallow: /admin\nDisallow: /settings\n\
         Disallow: /messages\nSitemap: {}/sitemap.xml\n",
        services.config.web.public_url
    );
    ([(header::CACHE_CONTROL, "public, max-age=3600")], text).into_response()
}

/// `/sw.js`: what browsers run to show what they are told while no page is open. They look whether it changed.
pub async fn worker() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, include_str!("sw.js")).into_response()
}

/// `/sitemap.xml`: the public pages and every tutor that can be booked, each with its last change.
pub async fn sitemap(State(services): State<Services>) -> ApiResult<Response> {
    let tutors = sitemap::tutors(&services).await?;
    let newest = tutors.iter().map(|(_, changed)| *changed).max();
    let base = &services.config.web.public_url;
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for (path, changed) in [("/", newest), ("/tutors", newest), ("/privacy", None), ("/legal", None)] {
        xml.push_str(&entry(&format!("{base}{path}"), changed));
    }
    for (slug, changed) in &tutors {
        xml.push_str(&entry(&format!("{base}/tutors/{slug}"), Some(*changed)));
    }
    xml.push_str("</urlset>\n");
    let headers = [
        (header::CONTENT_TYPE, "application/xml; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    Ok((headers, xml).into_response())
}

fn entry(address: &str, changed: Option<DateTime<Utc>>) -> String {
    let changed = changed.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    let lastmod = changed.map(|at| format!("<lastmod>{at}</lastmod>")).unwrap_or_default();
    format!("<url><loc>{}</loc>{lastmod}</url>\n", escape(address))
}

/// `/photos/{tutor_id}`: the photo as JPEG. An address with a version (`?v=`) never changes.
pub async fn photo(State(services): State<Services>, path: ApiPath, request: Request) -> ApiResult<Response> {
    let name = path.text("id")?;
    let id: TutorId = name.strip_suffix(".jpg").unwrap_or(name).parse().map_err(|_| ApiError::not_found())?;
    let (photo, version) = tutor::photo(&services, id).await?.ok_or_else(ApiError::not_found)?;
    let tag = HeaderValue::from_str(&format!("\"{version}\"")).map_err(services::AppError::fault)?;
    let versioned = request.uri().query().is_some_and(|query| query.split('&').any(|q| q.starts_with("v=")));
    let kept = if versioned { "public, max-age=31536000, immutable" } else { "public, max-age=300" };
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter().any(|tags| matches(tags, &tag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "image/jpeg")], photo).into_response()
    };
    response.headers_mut().insert(header::ETAG, tag);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    Ok(response)
}

/// Whether one of the tags that a caller has is the present one: weak comparison (RFC 9110, 13.1.2).
pub fn matches(tags: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(tags), Ok(tag)) = (tags.to_str(), tag.to_str()) else { return false };
    let tag = tag.trim_start_matches("W/");
    tags.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}
