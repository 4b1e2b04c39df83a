//! The frame of every answer, and what several resources share.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use services::booking::Page;
use utoipa::ToSchema;

/// `{"status":"success","data":…}`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Success<T> {
    /// Always `success`.
    #[schema(example = "success")]
    pub status: &'static str,
    /// The answer.
    pub data: T,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing<T> {
    /// Always `success`.
    #[schema(example = "success")]
    pub status: &'static str,
    /// The rows of this page.
    pub data: Vec<T>,
    /// Which page it is.
    pub pagination: Pagination,
}

/// Where a page stands in its list.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Pagination {
    /// From 1.
    #[schema(example = 1)]
    pub page: i64,
    /// Rows on a page, at most 100.
    #[schema(example = 20)]
    pub page_size: i64,
    /// Rows in all.
    #[schema(example = 42)]
    pub total: i64,
}

/// What every failure looks like.
#[derive(Debug, Serialize, ToSchema)]
pub struct Failure {
    /// Always `error`.
    #[schema(example = "error")]
    pub status: String,
    /// What happened.
    pub error: Fault,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fault {
    /// The stable name of the error.
    #[schema(example = "BOOKING_CONFLICT")]
    pub code: String,
    /// A sentence in English or the language of `Accept-Language`.
    #[schema(example = "This time was taken in the meantime. Choose another.")]
    pub message: String,
    /// What helps to go on: `field` (the input at fault), `slots` (fresh ones), `opens_at`, `retry_after`.
    #[schema(value_type = Object, example = json!({ "field": "start" }))]
    pub details: serde_json::Value,
    /// Names the request in the log.
    #[schema(example = "5b7f0f7c7f1f4b0c9d1d0d9b0f3c2a11")]
    pub request_id: String,
}

/// 200 with data.
pub fn ok<T: Serialize>(data: T) -> Json<Success<T>> {
    Json(Success { status: "success", data })
}

/// 201 with data.
pub fn created<T: Serialize>(data: T) -> Response {
    (StatusCode::CREATED, ok(data)).into_response()
}

/// 200 with a page of a list.
pub fn listing<T, U: From<T>>(page: Page<T>) -> Json<Listing<U>> {
    let pagination = Pagination { page: page.page, page_size: page.page_size, total: page.total };
    Json(Listing { status: "success", data: page.rows.into_iter().map(U::from).collect(), pagination })
}
