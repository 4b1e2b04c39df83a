//! People for tests: services on a database of the test's own, a clock that is moved by hand,
//! accounts of each role.
#![allow(dead_code, clippy::expect_used, reason = "each test file uses its part")]

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    account::{Email, Language, Password, PersonName, Role},
    ids::{TutorId, UserId},
    zone::Zone,
};
use services::{
    Actor, Services,
    account::{self, Me, Registration},
    clock::Clock,
    config::Config,
    live::LiveBus,
};
use sqlx::PgPool;
use tokio::sync::broadcast;

/// The password of everybody.
pub const PASSWORD: &str = "correct horse";

/// A bus on which nobody listens.
struct Silence;

#[async_trait::async_trait]
impl LiveBus for Silence {
    async fn wake(&self, _users: &[UserId]) {}

    fn subscribe(&self) -> broadcast::Receiver<UserId> {
        broadcast::channel(1).1
    }
}

/// Tuesday 2026-12-01, 09:00 UTC.
pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_796_115_600, 0).expect("a valid instant")
}

/// Services whose clock stands at [`start`].
pub fn services(db: PgPool) -> Services {
    let config = Config::read(|_| None).expect("the configuration of development");
    Services::new(db, Clock::at(start()), config, Arc::new(Silence))
}

/// Moves the clock.
pub fn pass(services: &Services, time: TimeDelta) {
    services.clock.show(Some(services.clock.now() + time));
}

/// What somebody writes to get an account.
pub fn registration(email: &str, name: &str, role: Role) -> Registration {
    Registration {
        email: Email::parse(email).expect("an address"),
        password: Password::parse(PASSWORD).expect("a password"),
        name: PersonName::parse(name).expect("a name"),
        role,
        zone: Zone::parse("Europe/Paris").expect("a zone"),
        language: Language::En,
        marketing_opt_in: None,
    }
}

/// Makes an account and acts for it.
pub async fn join(services: &Services, name: &str, role: Role) -> Actor {
    let email = format!("{}-{}@example.org", name.to_lowercase().replace(' ', "."), role.name());
    let registration = registration(&email, name, role);
    let me = match role {
        Role::Admin => {
            let Registration { email, password, name, .. } = registration;
            account::create_admin(services, email, password, name).await
        }
        _ => account::register(services, registration).await,
    };
    actor(&me.expect("an account"))
}

/// The actor of an account.
pub fn actor(me: &Me) -> Actor {
    Actor {
        user: me.id,
        role: me.role,
        tutor: me.tutor_id,
        name: me.name.clone(),
        zone: Zone::parse(&me.time_zone).expect("a zone"),
        language: me.locale.parse().expect("a language"),
    }
}

/// The tutor of an actor.
pub fn tutor(actor: &Actor) -> TutorId {
    actor.tutor.expect("a tutor")
}

/// The code and the field of a refusal.
pub fn refusal<T: std::fmt::Debug>(result: services::Result<T>) -> (String, Option<String>) {
    match result.expect_err("a refusal") {
        services::AppError::Refused { refusal, .. } => {
            (refusal.code.name().to_owned(), refusal.field.map(Into::into))
        }
        fault => panic!("{fault}"),
    }
}

/// The same, to compare with.
pub fn refused(code: &str, field: &str) -> (String, Option<String>) {
    (code.to_owned(), (!field.is_empty()).then(|| field.to_owned()))
}
