//! `/api/v2/auth/*` and `/api/v2/me`.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use domain::account::{Email, Language, Password, PersonName, Role};
use domain::zone::Zone;
use serde::{Deserialize, Serialize};
use services::{
    Services,
    account::{self, MeChange, Registration},
};
use utoipa::ToSchema;

use super::{
    error::ApiResult,
    extract::{ApiJson, Body, SignedIn},
    wire::{Success, created, ok},
};
use crate::auth::Caller;

/// A registration.
#[derive(Deserialize, ToSchema)]
pub struct Register {
    /// The address with which the person signs in.
    #[schema(example = "ada@example.org")]
    email: String,
    /// 8 to 128 characters.
    #[schema(example = "correct horse battery")]
    password: String,
    /// The name that others see, 1 to 100 characters.
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// `student` or `tutor`.
    #[schema(example = "student")]
    role: String,
    /// An IANA zone name.
    #[schema(example = "Europe/Paris")]
    time_zone: String,
    /// `en` (default) or `fr`.
    #[schema(example = "fr")]
    locale: Option<String>,
    /// Whether news may be sent by mail; asked, never preset.
    marketing_opt_in: Option<bool>,
}

impl Body for Register {}

impl Register {
    fn parse(self) -> ApiResult<Registration> {
        Ok(Registration {
            email: Email::parse(&self.email)?,
            password: Password::parse(&self.password)?,
            name: PersonName::parse(&self.name)?,
            role: self.role.parse::<Role>()?,
            zone: Zone::parse(&self.time_zone)?,
            language: self.locale.as_deref().map(str::parse::<Language>).transpose()?.unwrap_or_default(),
            marketing_opt_in: self.marketing_opt_in,
        })
    }
}

/// A person's own data.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// Opaque.
    #[schema(example = "3f2b8c9e-6a0d-4e57-9b7e-0a4b5d1c2f33")]
    id: String,
    /// The address.
    #[schema(example = "ada@example.org")]
    email: String,
    /// The name.
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// `student`, `tutor` or `admin`.
    #[schema(example = "tutor")]
    role: &'static str,
    /// An IANA zone name.
    #[schema(example = "Europe/Paris")]
    time_zone: String,
    /// Language tag.
    #[schema(example = "en")]
    locale: String,
    /// The tutor's profile; tutors only, from registration on.
    #[serde(skip_serializing_if = "Option::is_none")]
    tutor_id: Option<String>,
    /// Languages that the person speaks.
    languages: Vec<String>,
    /// What a student wants to reach.
    goals: Vec<String>,
    /// The answer about news by mail; `null` while it was not asked.
    marketing_opt_in: Option<bool>,
}

impl From<account::Me> for Me {
    fn from(me: account::Me) -> Self {
        Me {
            id: me.id.to_string(),
            email: me.email,
            name: me.name,
            role: me.role.name(),
            time_zone: me.time_zone,
            locale: me.locale,
            tutor_id: me.tutor_id.map(|id| id.to_string()),
            languages: me.languages,
            goals: me.goals,
            marketing_opt_in: me.marketing_opt_in,
        }
    }
}

/// Make an account. A tutor gets an empty profile with it.
#[utoipa::path(post, path = "/api/v2/auth/register", tag = "auth", operation_id = "register",
    request_body = Register,
    responses((status = 201, description = "The account", body = Success<Me>)))]
pub async fn register(
    State(services): State<Services>,
    ApiJson(body): ApiJson<Register>,
) -> ApiResult<Response> {
    let me = account::register(&services, body.parse()?).await?;
    Ok(created(Me::from(me)))
}

/// An address and a password.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// The address.
    #[schema(example = "ada@example.org")]
    email: String,
    /// The password.
    #[schema(example = "correct horse battery")]
    password: String,
    /// The second factor's code, for accounts that have one.
    #[expect(dead_code, reason = "accepted; no account has a second factor yet")]
    totp: Option<String>,
}

impl Body for Credentials {}

/// A pair of tokens.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// A JWT for `Authorization: Bearer`.
    access_token: String,
    /// Opaque, to be used once.
    refresh_token: String,
    /// Seconds until the access token expires.
    #[schema(example = 900)]
    expires_in: i64,
}

impl From<account::Tokens> for Tokens {
    fn from(tokens: account::Tokens) -> Self {
        Tokens {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            expires_in: tokens.expires_in,
        }
    }
}

/// Sign a program in: an access token of 15 minutes and a refresh token.
#[utoipa::path(post, path = "/api/v2/auth/token", tag = "auth", operation_id = "token",
    request_body = Credentials,
    responses(
        (status = 200, description = "The tokens", body = Success<Tokens>),
        (status = 401, description = "`INVALID_TOKEN`: the address or the password is wrong", body = super::wire::Failure),
    ))]
pub async fn token(
    State(services): State<Services>,
    caller: Caller,
    ApiJson(body): ApiJson<Credentials>,
) -> ApiResult<Json<Success<Tokens>>> {
    let tokens = account::tokens(&services, &body.email, &body.password, caller.ip).await?;
    Ok(ok(tokens.into()))
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
pub struct RefreshToken {
    /// As it was given.
    refresh_token: String,
}

impl Body for RefreshToken {}

/// The next pair of tokens. A refresh token works once; a second use revokes all that came of its sign-in.
#[utoipa::path(post, path = "/api/v2/auth/refresh", tag = "auth", operation_id = "refresh",
    request_body = RefreshToken,
    responses(
        (status = 200, description = "The next pair", body = Success<Tokens>),
        (status = 401, description = "`INVALID_TOKEN` or `TOKEN_EXPIRED`", body = super::wire::Failure),
    ))]
pub async fn refresh(
    State(services): State<Services>,
    ApiJson(body): ApiJson<RefreshToken>,
) -> ApiResult<Json<Success<Tokens>>> {
    Ok(ok(account::refresh(&services, &body.refresh_token).await?.into()))
}

/// Revoke a refresh token and all that came of its sign-in. Revoking an unknown one is fine.
#[utoipa::path(post, path = "/api/v2/auth/revoke", tag = "auth", operation_id = "revoke",
    request_body = RefreshToken,
    responses((status = 204, description = "Revoked")))]
pub async fn revoke(
    State(services): State<Services>,
    ApiJson(body): ApiJson<RefreshToken>,
) -> ApiResult<StatusCode> {
    account::revoke(&services, &body.refresh_token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's own data.
#[utoipa::path(get, path = "/api/v2/me", tag = "me", operation_id = "me",
    responses((status = 200, description = "The person", body = Success<Me>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn me(State(services): State<Services>, SignedIn(actor): SignedIn) -> ApiResult<Json<Success<Me>>> {
    Ok(ok(account::me(&services, &actor).await?.into()))
}

/// A change of one's own data; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
pub struct ChangeMe {
    /// The name, 1 to 100 characters.
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
    /// An IANA zone name.
    #[schema(example = "Europe/London")]
    time_zone: Option<String>,
    /// `en` or `fr`.
    #[schema(example = "en")]
    locale: Option<String>,
    /// Languages spoken, at most 20.
    languages: Option<Vec<String>>,
    /// What a student wants to reach, at most 20.
    goals: Option<Vec<String>>,
    /// Whether news may be sent by mail.
    marketing_opt_in: Option<bool>,
}

impl Body for ChangeMe {}

impl ChangeMe {
    fn parse(self) -> ApiResult<MeChange> {
        Ok(MeChange {
            name: self.name.as_deref().map(PersonName::parse).transpose()?,
            zone: self.time_zone.as_deref().map(Zone::parse).transpose()?,
            language: self.locale.as_deref().map(str::parse).transpose()?,
            languages: self.languages,
            goals: self.goals,
            marketing_opt_in: self.marketing_opt_in,
        })
    }
}

/// Change one's own data.
#[utoipa::path(patch, path = "/api/v2/me", tag = "me", operation_id = "change_me",
    request_body = ChangeMe,
    responses((status = 200, description = "The person", body = Success<Me>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn change_me(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    ApiJson(body): ApiJson<ChangeMe>,
) -> ApiResult<Json<Success<Me>>> {
    Ok(ok(account::change_me(&services, &actor, body.parse()?).await?.into()))
}
