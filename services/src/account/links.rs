//! Links in mails that stand for a person: they confirm an address, or sign in without a password.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Code, Refusal, account::Email, ids::UserId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{
    Browser, Entered,
    sign_in::{begin, digest},
    store,
};
use crate::{
    Actor, Result, Services, chance,
    jobs::{self, Job},
    limit,
    mail::{self, Link},
};

/// How often a link can be asked for in an hour, for one address.
const ASKED_PER_HOUR: i32 = 5;

/// What a link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Shows that the person reads what is sent to the address.
    VerifyEmail,
    /// Signs in.
    SignIn,
}

impl Purpose {
    /// The name in the database.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Purpose::VerifyEmail => "verify_email",
            Purpose::SignIn => "sign_in",
        }
    }

    /// How long a link is good for.
    const fn life(self) -> TimeDelta {
        match self {
            Purpose::VerifyEmail => TimeDelta::hours(48),
            Purpose::SignIn => TimeDelta::minutes(15),
        }
    }
}

/// Writes the mail with a link for a person.
///
/// # Errors
/// Where the database cannot be written.
pub(super) async fn send(
    services: &Services,
    tx: &mut PgConnection,
    user: UserId,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<()> {
    let (token, expires_at) = (chance::token(), now + purpose.life());
    store::insert_link(tx, &digest(&token), user, purpose, now, expires_at).await?;
    mail::send_link(services, tx, user, &Link { purpose, token: &token, expires_at }).await
}

/// Sends a new link that confirms one's address.
///
/// # Errors
/// `RATE_LIMITED`.
pub async fn ask_verification(services: &Services, actor: &Actor) -> Result<()> {
    limit::count(services, &format!("verify_email:{}", actor.user), ASKED_PER_HOUR).await?;
    let mut tx = services.begin().await?;
    send(services, &mut tx, actor.user, Purpose::VerifyEmail, services.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// Whether one's address is confirmed.
///
/// # Errors
/// Where the database cannot be read.
pub async fn is_verified(services: &Services, actor: &Actor) -> Result<bool> {
    store::is_verified(&services.db, actor.user).await
}

/// Sends a link that signs in to whoever has this address. Whether anybody has is not told, by no time either.
///
/// # Errors
/// `INVALID_REQUEST` for what is no address, `RATE_LIMITED`.
pub async fn ask_sign_in(services: &Services, email: &Email) -> Result<()> {
    limit::count(services, &format!("sign_in_link:{}", email.as_str()), ASKED_PER_HOUR).await?;
    let mut db = services.db.acquire().await?;
    jobs::enqueue(&mut db, &SendSignInLink { email: email.as_str().to_owned() }).await
}

/// The job that writes the mail with a link that signs in, where an address has a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendSignInLink {
    /// The address as it was typed: who has it is looked up here, so that asking takes the same time for all.
    pub email: String,
}

impl Job for SendSignInLink {
    const NAME: &'static str = "send_sign_in_link";

    async fn run(self, services: &Services) -> Result<()> {
        let mut tx = services.begin().await?;
        if let Some(user) = store::find_by_email(&mut tx, &self.email).await? {
            send(services, &mut tx, user, Purpose::SignIn, services.clock.now()).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// Whether a link still works. Looking changes nothing: programs look at links in mails.
///
/// # Errors
/// `LINK_EXPIRED` for one that is used, lapsed or not ours.
pub async fn look_at_link(services: &Services, token: &str, purpose: Purpose) -> Result<()> {
    let now = services.clock.now();
    match store::is_link_good(&services.db, &digest(token), purpose, now).await? {
        true => Ok(()),
        false => Err(expired().into()),
    }
}

/// Confirms an address by the link that was sent to it.
///
/// # Errors
/// `LINK_EXPIRED`.
pub async fn verify_email(services: &Services, token: &str) -> Result<()> {
    let mut tx = services.begin().await?;
    use_link(services, &mut tx, token, Purpose::VerifyEmail).await?;
    Ok(tx.commit().await?)
}

/// Signs a browser in by a link; who reads what is sent to an address has confirmed it too. Before that anybody may have
/// made the account and wait in it for the address's owner: then its password and all its other sign-ins end.
///
/// # Errors
/// `LINK_EXPIRED`.
pub async fn sign_in_by_link(services: &Services, token: &str, browser: Browser<'_>) -> Result<Entered> {
    let mut tx = services.begin().await?;
    let user = store::use_link(&mut tx, &digest(token), Purpose::SignIn, services.clock.now()).await?;
    let user = user.ok_or_else(expired)?;
    let is_first_proof = !store::is_verified(&mut *tx, user).await?;
    if is_first_proof {
        super::end_sign_ins(&mut tx, user, None, services.clock.now()).await?;
        store::set_password(&mut tx, user, "").await?;
    }
    store::set_verified(&mut tx, user, services.clock.now()).await?;
    let entered = begin(services, &mut tx, user, browser).await?;
    tx.commit().await?;
    if is_first_proof {
        services.live.sign_in_ended(user);
    }
    Ok(entered)
}

/// Uses a link up; whose it is.
async fn use_link(
    services: &Services,
    tx: &mut PgConnection,
    token: &str,
    purpose: Purpose,
) -> Result<UserId> {
    let now = services.clock.now();
    let user = store::use_link(tx, &digest(token), purpose, now).await?.ok_or_else(expired)?;
    store::set_verified(tx, user, now).await?;
    Ok(user)
}

fn expired() -> Refusal {
    Refusal::new(Code::LinkExpired, "mail_link_expired")
}
