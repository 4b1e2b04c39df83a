//! `/join/{token}`: the meeting link of a booking.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use domain::{Code, Refusal};
use services::{
    Services,
    lesson::{self, JoinLink},
};

use crate::api::{
    error::{ApiError, ApiResult},
    extract::ApiPath,
};

/// Leads to the lesson's page; a link that a reschedule replaced is gone.
pub async fn follow(State(services): State<Services>, path: ApiPath) -> ApiResult<Response> {
    match lesson::resolve(&services, path.text("token")?).await? {
        JoinLink::Valid(booking) => Ok(Redirect::to(&format!("/lessons/{booking}")).into_response()),
        JoinLink::Retired => Err(Refusal::new(Code::LinkExpired, "link_expired").into()),
        JoinLink::Unknown => Err(ApiError::not_found()),
    }
}
