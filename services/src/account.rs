//! People: registration, signing in, tokens, their own data.

use std::net::IpAddr;

use domain::{
    account::{Email, Language, Password, PersonName, Role},
    ids::{TutorId, UserId},
    zone::Zone,
};
use serde::{Deserialize, Serialize};

use crate::{Actor, Result, Services};

/// A registration, parsed.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The address with which the person signs in.
    pub email: Email,
    /// The password.
    pub password: Password,
    /// The name that others see.
    pub name: PersonName,
    /// Student or tutor.
    pub role: Role,
    /// The person's zone.
    pub zone: Zone,
    /// The language of pages and mails.
    pub language: Language,
    /// The answer to the question about news by mail, where it was asked.
    pub marketing_opt_in: Option<bool>,
}

/// A person's own data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// Who.
    pub id: UserId,
    /// Address.
    pub email: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// IANA name of the zone.
    pub time_zone: String,
    /// Language tag.
    pub locale: String,
    /// The tutor's profile, for tutors.
    pub tutor_id: Option<TutorId>,
    /// Languages that the person speaks.
    pub languages: Vec<String>,
    /// What a student wants to reach.
    pub goals: Vec<String>,
    /// The answer about news by mail; `None` while it was not asked.
    pub marketing_opt_in: Option<bool>,
}

/// A change of one's own data; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct MeChange {
    /// Name.
    pub name: Option<PersonName>,
    /// Zone.
    pub zone: Option<Zone>,
    /// Language.
    pub language: Option<Language>,
    /// Languages spoken.
    pub languages: Option<Vec<String>>,
    /// Goals.
    pub goals: Option<Vec<String>>,
    /// News by mail.
    pub marketing_opt_in: Option<bool>,
}

/// What an API sign-in gives.
#[derive(Clone, Debug, Serialize)]
pub struct Tokens {
    /// A JWT, 15 minutes.
    pub access_token: String,
    /// Opaque, used once.
    pub refresh_token: String,
    /// Seconds until the access token expires.
    pub expires_in: i64,
}

/// Makes an account; a tutor gets a profile of no content with it.
///
/// # Errors
/// `INVALID_REQUEST` on `email` where it is taken, on `role` for an admin.
pub async fn register(_services: &Services, _registration: Registration) -> Result<Me> {
    todo!()
}

/// Makes an admin: the command line's.
///
/// # Errors
/// `INVALID_REQUEST` on `email` where it is taken.
pub async fn create_admin(
    _services: &Services,
    _email: Email,
    _password: Password,
    _name: PersonName,
) -> Result<Me> {
    todo!()
}

/// Signs a browser in: the token for its cookie.
///
/// # Errors
/// `INVALID_TOKEN` (key `credentials`) for a wrong address or password, in equal time for both.
pub async fn sign_in(
    _services: &Services,
    _email: &str,
    _password: &str,
    _ip: Option<IpAddr>,
    _agent: Option<&str>,
) -> Result<String> {
    todo!()
}

/// Ends the sign-in of a cookie. Ending one that does not exist is fine.
///
/// # Errors
/// Where the database cannot be written.
pub async fn sign_out(_services: &Services, _token: &str) -> Result<()> {
    todo!()
}

/// Who a cookie belongs to; `None` for an unknown or lapsed one.
///
/// # Errors
/// Where the database cannot be read.
pub async fn actor_by_cookie(_services: &Services, _token: &str) -> Result<Option<Actor>> {
    todo!()
}

/// Who a JWT belongs to.
///
/// # Errors
/// `INVALID_TOKEN`, `TOKEN_EXPIRED`.
pub async fn actor_by_jwt(_services: &Services, _jwt: &str) -> Result<Actor> {
    todo!()
}

/// Signs a program in.
///
/// # Errors
/// `INVALID_TOKEN` (key `credentials`).
pub async fn tokens(
    _services: &Services,
    _email: &str,
    _password: &str,
    _ip: Option<IpAddr>,
) -> Result<Tokens> {
    todo!()
}

/// The next pair for a refresh token; a token that was used before revokes its whole family.
///
/// # Errors
/// `INVALID_TOKEN`, `TOKEN_EXPIRED`.
pub async fn refresh(_services: &Services, _refresh_token: &str) -> Result<Tokens> {
    todo!()
}

/// Revokes the family of a refresh token. Revoking an unknown one is fine.
///
/// # Errors
/// Where the database cannot be written.
pub async fn revoke(_services: &Services, _refresh_token: &str) -> Result<()> {
    todo!()
}

/// One's own data.
///
/// # Errors
/// Where the database cannot be read.
pub async fn me(_services: &Services, _actor: &Actor) -> Result<Me> {
    todo!()
}

/// Changes one's own data.
///
/// # Errors
/// `INVALID_REQUEST` with the field.
pub async fn change_me(_services: &Services, _actor: &Actor, _change: MeChange) -> Result<Me> {
    todo!()
}
