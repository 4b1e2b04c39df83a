//! People: registration, signing in, tokens, their own data.

mod devices;
mod jwt;
mod links;
pub(crate) mod password;
mod sign_in;
pub(crate) mod slug;
mod store;

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    account::{Email, Language, Password, PersonName, Role},
    ids::{TutorId, UserId},
    tutor::list,
    zone::Zone,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{Actor, AppError, Result, Services, chance};

pub use devices::{Browser, Entered, KNOWN_FOR};
pub use links::{
    Purpose, SendSignInLink, ask_sign_in, ask_verification, is_verified, look_at_link, sign_in_by_link,
    verify_email,
};
pub(crate) use sign_in::digest;
pub use sign_in::{actor_by_cookie, actor_by_jwt, refresh, revoke, sign_in, sign_out, tokens};
pub(crate) use store::{list_admins, lock};

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

/// Makes an account, and sends a link that confirms its address; a tutor gets a profile of no content with it.
///
/// # Errors
/// `INVALID_REQUEST` on `email` where it is taken, on `role` for an admin.
pub async fn register(services: &Services, registration: Registration) -> Result<Me> {
    if registration.role == Role::Admin {
        return Err(Refusal::on(Code::InvalidRequest, "role", "role").into());
    }
    create(services, registration, Some(links::Purpose::VerifyEmail)).await
}

/// Makes an admin: the command line's.
///
/// # Errors
/// `INVALID_REQUEST` on `email` where it is taken.
pub async fn create_admin(
    services: &Services,
    email: Email,
    password: Password,
    name: PersonName,
) -> Result<Me> {
    let registration = Registration {
        email,
        password,
        name,
        role: Role::Admin,
        zone: Zone::UTC,
        language: Language::default(),
        marketing_opt_in: None,
    };
    create(services, registration, None).await
}

/// Makes an account, and sends a link to its address where it is to be confirmed.
async fn create(services: &Services, registration: Registration, link: Option<links::Purpose>) -> Result<Me> {
    let hash = password::hash(registration.password.expose()).await?;
    let now = services.clock.now();
    let user: UserId = chance::id();
    let mut tx = services.begin().await?;
    store::insert_user(&mut tx, user, &registration, &hash, now).await.map_err(email_taken)?;
    if registration.role == Role::Tutor {
        insert_tutor(&mut tx, user, &registration, now).await?;
    }
    if let Some(purpose) = link {
        links::send(services, &mut tx, user, purpose, now).await?;
    }
    let me = store::find_me(&mut tx, user).await?;
    tx.commit().await?;
    Ok(me)
}

fn email_taken(error: AppError) -> AppError {
    match error.constraint() {
        Some("users_email_key") => Refusal::on(Code::InvalidRequest, "email_taken", "email").into(),
        _ => error,
    }
}

/// Takes the first free address of a name. Two of one name at the same moment: the insert of the
/// second waits for the first and then takes the next number.
async fn insert_tutor(
    tx: &mut sqlx::PgConnection,
    user: UserId,
    registration: &Registration,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<()> {
    let base = slug::base(registration.name.as_str());
    let taken = store::list_slugs(tx, &base).await?;
    let tutor: TutorId = chance::id();
    for slug in slug::candidates(&base).filter(|slug| !taken.contains(slug)) {
        if store::insert_tutor(tx, tutor, user, &slug, registration.zone, now).await? {
            return Ok(());
        }
    }
    Err(AppError::fault("no address left for a tutor of this name"))
}

/// Chooses another password, and ends every other sign-in: all browsers but this one, and all programs.
///
/// # Errors
/// `INVALID_REQUEST` on `current` where the present one is another.
pub async fn change_password(
    services: &Services,
    actor: &Actor,
    cookie: Option<&str>,
    current: &str,
    new: &Password,
) -> Result<()> {
    let now = services.clock.now();
    let kept = store::find_password(&services.db, actor.user).await?;
    if kept.is_some() && !password::verify(kept, current).await? {
        return Err(Refusal::on(Code::InvalidRequest, "password_wrong", "current").into());
    }
    let hash = password::hash(new.expose()).await?;
    let mut tx = services.begin().await?;
    store::set_password(&mut tx, actor.user, &hash).await?;
    end_sign_ins(&mut tx, actor.user, cookie, now).await?;
    tx.commit().await?;
    services.live.sign_in_ended(actor.user);
    Ok(())
}

/// Ends a person's sign-ins but for that of one cookie. No token is added to a family while it is revoked.
async fn end_sign_ins(
    tx: &mut PgConnection,
    user: UserId,
    but: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    for family in store::list_families(tx, user).await? {
        store::lock_family(tx, family).await?;
    }
    store::end_sign_ins(tx, user, but.map(sign_in::digest), now).await
}

/// Whether an account has a password: one that was entered by a link before its address was confirmed has none.
///
/// # Errors
/// Where the database cannot be read.
pub async fn has_password(services: &Services, actor: &Actor) -> Result<bool> {
    Ok(store::find_password(&services.db, actor.user).await?.is_some())
}

/// One's own data.
///
/// # Errors
/// Where the database cannot be read.
pub async fn me(services: &Services, actor: &Actor) -> Result<Me> {
    store::find_me(&mut *services.db.acquire().await?, actor.user).await
}

/// Changes one's own data.
///
/// # Errors
/// `INVALID_REQUEST` with the field.
pub async fn change_me(services: &Services, actor: &Actor, mut change: MeChange) -> Result<Me> {
    let fault = |field| Refusal::on(Code::InvalidRequest, field, field);
    if let Some(languages) = &mut change.languages {
        *languages = list(languages, 50).ok_or(fault("languages"))?;
    }
    if let Some(goals) = &mut change.goals {
        *goals = list(goals, 100).ok_or(fault("goals"))?;
    }
    let mut tx = services.begin().await?;
    store::set_me(&mut tx, actor.user, &change).await?;
    let me = store::find_me(&mut tx, actor.user).await?;
    tx.commit().await?;
    Ok(me)
}
