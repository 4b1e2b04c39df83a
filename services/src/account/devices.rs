//! From where a person signs in: what was never seen before is told to them.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{account::Agent, ids::UserId};
use sqlx::PgConnection;

use super::{sign_in::digest, store};
use crate::{
    Result, Services, chance,
    mail::{SignIn, Where, tell_of_sign_in},
};

/// A browser is known for so long after its last sign-in: browsers keep a cookie no longer.
pub const KNOWN_FOR: TimeDelta = TimeDelta::days(400);

/// The length of a token of ours: what a browser sends that has another is none.
const TOKEN: usize = 43;

/// A browser that signs in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Browser<'a> {
    /// Its address.
    pub ip: Option<IpAddr>,
    /// What it says that it is.
    pub agent: Option<&'a str>,
    /// The token by which it is known, where it keeps one.
    pub device: Option<&'a str>,
}

/// What a browser keeps.
#[derive(Clone, Debug)]
pub struct Entered {
    /// The token of its sign-in.
    pub token: String,
    /// The token by which it is known at the next sign-in.
    pub device: String,
}

impl Browser<'_> {
    /// The token by which it is known: its own, else a new one.
    pub(super) fn token(&self) -> String {
        self.device.filter(|token| token.len() == TOKEN).map_or_else(chance::token, str::to_owned)
    }

    /// Notes that a person signs in with it, and tells them where they never did.
    pub(super) async fn note(
        &self,
        services: &Services,
        tx: &mut PgConnection,
        user: UserId,
        token: &str,
    ) -> Result<()> {
        let from = Where::Browser(self.agent.and_then(Agent::parse));
        note(services, tx, user, token, (from, self.ip)).await
    }
}

/// Notes that a person signs a program in. It keeps nothing: it is known by its address.
pub(super) async fn note_program(
    services: &Services,
    tx: &mut PgConnection,
    user: UserId,
    ip: Option<IpAddr>,
) -> Result<()> {
    let Some(address) = ip else { return Ok(()) };
    note(services, tx, user, &format!("program:{address}"), (Where::Program, ip)).await
}

/// The first sign-in of all is no news: a person who signs up has just done so.
async fn note(
    services: &Services,
    tx: &mut PgConnection,
    user: UserId,
    device: &str,
    (from, ip): (Where, Option<IpAddr>),
) -> Result<()> {
    let at: DateTime<Utc> = services.clock.now();
    if store::see_device(tx, user, &digest(device), at).await? {
        tell_of_sign_in(services, tx, user, &SignIn { id: chance::id(), at, from, ip }).await?;
    }
    Ok(())
}
