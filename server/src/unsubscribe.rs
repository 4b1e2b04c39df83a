//! `/unsubscribe/{token}`: the address in `List-Unsubscribe` (RFC 8058). Its seal is its credential: mail programs post
//! to it without cookies and follow no redirect.

use axum::{
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use services::{Services, mail};

use crate::api::{error::ApiResult, extract::ApiPath};

/// Leads to the page that asks. What is only looked at, as programs do with links, ends nothing.
pub async fn ask(path: ApiPath) -> ApiResult<Response> {
    Ok(Redirect::to(&format!("/unsubscribe?link={}", path.text("token")?)).into_response())
}

/// Ends the mails; a mail program is told so, a person is shown it.
pub async fn end(State(services): State<Services>, path: ApiPath, body: Bytes) -> ApiResult<Response> {
    let token = path.text("token")?;
    mail::unsubscribe(&services, token).await?;
    if body.as_ref() == b"List-Unsubscribe=One-Click" {
        return Ok(StatusCode::OK.into_response());
    }
    Ok(Redirect::to(&format!("/unsubscribe?link={token}&done=1")).into_response())
}
