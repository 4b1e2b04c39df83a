//! `/api/gdpr/export`: a person's copy of all that is kept about them.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use domain::{Code, privacy::ExportState};
use serde::{Deserialize, Serialize};
use services::{
    Actor, Services,
    booking::Page,
    privacy::{self, Export},
};
use utoipa::{IntoParams, ToSchema};

use super::{
    error::ApiResult,
    extract::{ApiPath, ApiQuery, SignedIn},
    parse,
    stats::PageQuery,
    wire::{Failure, Listing, Success, listing, ok},
};

/// A copy of a person's data.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Export)]
pub struct ExportView {
    /// Opaque.
    id: String,
    /// `requested` while it is being made, `ready` while it can be downloaded, then `expired`.
    #[schema(example = "ready")]
    status: &'static str,
    /// When it was asked for.
    requested_at: DateTime<Utc>,
    /// When it was ready; `null` until then.
    ready_at: Option<DateTime<Utc>>,
    /// When its file is removed, seven days after it was ready; `null` until then.
    expires_at: Option<DateTime<Utc>>,
    /// Bytes of its file.
    #[schema(example = 48_213)]
    size: Option<i64>,
    /// Where it is downloaded (ZIP) by this person, with the same credential, for an hour at least; `null` unless it is
    /// ready.
    download_url: Option<String>,
}

impl ExportView {
    fn new(services: &Services, actor: &Actor, export: &Export) -> services::Result<Self> {
        let link = privacy::export_link(services, actor, export)?;
        Ok(ExportView {
            id: export.id.to_string(),
            status: export.state.name(),
            requested_at: export.requested_at,
            ready_at: export.ready_at,
            expires_at: export.ready_at.map(|_| export.ends_at),
            size: export.size.filter(|_| export.state == ExportState::Ready),
            download_url: link.map(|link| format!("{}{link}", services.config.web.public_url)),
        })
    }
}

/// Ask for a copy of all that is kept about oneself. It is made within minutes; a mail says when it is ready.
#[utoipa::path(post, path = "/api/gdpr/export", tag = "me", operation_id = "request_export",
    responses(
        (status = 202, description = "It is being made", body = Success<ExportView>),
        (status = 409, description = "`INVALID_STATE`: one is being made", body = Failure),
        (status = 429, description = "`RATE_LIMITED`: three within 24 hours", body = Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn request_export(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Response> {
    let export = privacy::request_export(&services, &actor).await?;
    let view = ExportView::new(&services, &actor, &export)?;
    Ok((StatusCode::ACCEPTED, ok(view)).into_response())
}

/// One's own copies, the latest first.
#[utoipa::path(get, path = "/api/gdpr/export", tag = "me", operation_id = "exports", params(PageQuery),
    responses((status = 200, description = "A page of copies", body = Listing<ExportView>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn exports(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> ApiResult<Json<Listing<ExportView>>> {
    let (page, page_size) = parse::page(query.page, query.page_size)?;
    let page = privacy::list_exports(&services, &actor, page, page_size).await?;
    let rows = page.rows.iter().map(|export| ExportView::new(&services, &actor, export));
    let rows: Vec<_> = rows.collect::<services::Result<_>>()?;
    Ok(listing(Page { rows, page: page.page, page_size: page.page_size, total: page.total }))
}

/// What a link says.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LinkQuery {
    /// When it ends, seconds since 1970.
    until: i64,
    /// That it is one of ours.
    seal: String,
}

/// The file of one's own copy, by its `download_url`.
#[utoipa::path(get, path = "/api/gdpr/export/{id}/file", tag = "me", operation_id = "download_export",
    params(("id" = String, Path, description = "The copy"), LinkQuery),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/zip"),
        (status = 410, description = "`LINK_EXPIRED`: the link is too old, or the file was removed", body = Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn download(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiQuery(query): ApiQuery<LinkQuery>,
) -> ApiResult<Response> {
    let id = path.id(Code::NotFound, "not_found")?;
    let (size, pieces) = privacy::open_export(&services, &actor, id, query.until, &query.seal).await?;
    let mut response = Body::from_stream(pieces).into_response();
    let told = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CONTENT_LENGTH, HeaderValue::from(size)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"lectern-data.zip\"")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    for (name, value) in told {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}
