//! `/unsubscribe/{token}`: the address in `List-Unsubscribe` (RFC 8058). Its seal is its credential: mail programs post
//! to it without cookies and follow no redirect.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use services::{Services, mail};

use crate::{
    api::{error::ApiResult, extract::ApiPath},
    uploads,
};

/// Leads to the page that asks. What is only looked at, as programs do with links, ends nothing.
pub async fn ask(path: ApiPath) -> ApiResult<Response> {
    Ok(Redirect::to(&format!("/unsubscribe?link={}", path.text("token")?)).into_response())
}

/// Ends the mails; a mail program, which says so in a form of either encoding, is told it, a person is shown it.
pub async fn end(State(services): State<Services>, path: ApiPath, request: Request) -> ApiResult<Response> {
    let token = path.text("token")?;
    let form = uploads::read(request, false).await;
    mail::unsubscribe(&services, token).await?;
    if form.text("List-Unsubscribe") == "One-Click" {
        return Ok(StatusCode::OK.into_response());
    }
    Ok(Redirect::to(&format!("/unsubscribe?link={token}&done=1")).into_response())
}
