//! Fixtures for tests on a real database: people, tutors and what they offer, written as rows.
//! They fail loudly: nothing of the product calls them.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a fixture that fails is a broken test"
)]

pub mod ports;
pub mod wire;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code,
    account::{Language, Role},
    booking::{Booking, BookingRequest},
    ids::{OfferingId, TutorId, UserId},
    ledger::Event,
    zone::Zone,
};
use sqlx::PgPool;

use crate::{
    Actor, AppError, Result, Services, booking, chance,
    clock::Clock,
    config::{Config, StripeConfig},
    invariants, ledger,
    live::{Hint, Hints, LiveBus, Streams},
    payment::provider::Provider,
};

/// Monday 1 March 2027, 08:00 UTC: the instant at which the clock of [`services`] stands.
#[must_use]
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_803_888_000, 0).expect("an instant")
}

/// So many hours after [`now`]. The tutors of [`tutor`] teach from hour 1 to hour 9 of each day.
#[must_use]
pub fn at_hour(hours: i64) -> DateTime<Utc> {
    now() + TimeDelta::hours(hours)
}

/// Hints within this process.
struct InProcess(Streams);

impl LiveBus for InProcess {
    fn wake(&self, users: &[UserId]) {
        for user in users {
            self.0.wake(*user, Hint::Look);
        }
    }

    fn sign_in_ended(&self, user: UserId) {
        self.0.wake(user, Hint::SignInEnded);
    }

    fn subscribe(&self, user: UserId) -> Hints {
        self.0.subscribe(user)
    }

    fn listeners(&self) -> Vec<UserId> {
        self.0.listeners()
    }
}

/// Services over a migrated database, with the configuration of development and a clock that stands at
/// [`now`] until `services.clock.show` moves it.
#[must_use]
pub fn services(db: PgPool) -> Services {
    services_with(db, None)
}

/// The same with a payment provider.
#[must_use]
pub fn services_with(db: PgPool, stripe: Option<&StripeConfig>) -> Services {
    services_in(db, &[], stripe)
}

/// The same with variables of the environment.
#[must_use]
pub fn services_in(db: PgPool, vars: &[(&str, &str)], stripe: Option<&StripeConfig>) -> Services {
    let look_up =
        |name: &str| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let config = Config::read(look_up).expect("a configuration of development");
    let payments = stripe.map(|stripe| Provider::with_pace(stripe, None).expect("an address"));
    Services::new(db, Clock::at(now()), config, Arc::new(InProcess(Streams::default())), payments)
}

/// A person with an account. The password cannot be used.
pub async fn user(services: &Services, name: &str, role: Role) -> Actor {
    let id: UserId = chance::id();
    let email = format!("{}@fixture.test", id.0.simple());
    sqlx::query!(
        "INSERT INTO users (id, email, password_hash, name, role, time_zone, created_at)
         VALUES ($1, $2, 'none', $3, $4, 'Europe/Paris', $5)",
        id.0,
        email,
        name,
        role.name(),
        services.clock.now()
    )
    .execute(&services.db)
    .await
    .expect("a user");
    let zone = Zone::parse("Europe/Paris").expect("a zone");
    Actor { user: id, role, tutor: None, name: name.to_owned(), zone, language: Language::En }
}

/// A student.
pub async fn student(services: &Services, name: &str) -> Actor {
    user(services, name, Role::Student).await
}

/// A tutor who can be booked.
#[derive(Clone, Debug)]
pub struct Tutor {
    /// Who it is.
    pub actor: Actor,
    /// The profile.
    pub id: TutorId,
    /// The offering: 30 minutes for 15 €, 60 for 25 €, 90 for 40 €, every 30 minutes, without buffers.
    pub offering: OfferingId,
}

/// A tutor with a complete profile who teaches every day from 09:00 to 17:00 UTC.
pub async fn tutor(services: &Services, name: &str) -> Tutor {
    let mut actor = user(services, name, Role::Tutor).await;
    let id: TutorId = chance::id();
    actor.tutor = Some(id);
    let now = services.clock.now();
    sqlx::query!(
        "INSERT INTO tutors (id, user_id, slug, time_zone, university, degree, field, current_year, bio,
             created_at, updated_at)
         VALUES ($1, $2, $3, 'UTC', 'Sorbonne', 'MSc Mathematics', 'SCIENCES', 3, $4, $5, $5)",
        id.0,
        actor.user.0,
        format!("tutor-{}", id.0.simple()),
        "Explains until it is understood, with examples from daily life.",
        now
    )
    .execute(&services.db)
    .await
    .expect("a tutor");
    sqlx::query!(
        "INSERT INTO weekly_windows (tutor_id, weekday, start_min, end_min)
         SELECT $1, day, 540, 1020 FROM generate_series(0, 6) AS day",
        id.0
    )
    .execute(&services.db)
    .await
    .expect("hours");
    let offering = offering(services, id, &[(30, 1500), (60, 2500), (90, 4000)]).await;
    Tutor { actor, id, offering }
}

/// One more offering of a tutor, in EUR, every 30 minutes, without buffers: minutes with their price.
pub async fn offering(services: &Services, tutor: TutorId, priced: &[(i16, i64)]) -> OfferingId {
    let id: OfferingId = chance::id();
    let (durations, prices): (Vec<_>, Vec<_>) = priced.iter().copied().unzip();
    sqlx::query!(
        "INSERT INTO offerings (id, tutor_id, position, title, durations, prices, currency, step_min)
         VALUES ($1, $2, (SELECT count(*) FROM offerings WHERE tutor_id = $2), 'Mathematics', $3, $4, 'EUR', 30)",
        id.0,
        tutor.0,
        &durations,
        &prices
    )
    .execute(&services.db)
    .await
    .expect("an offering");
    id
}

/// Asserts that nothing has happened that must never happen.
pub async fn assert_invariants(services: &Services) {
    let found = invariants::count(services).await.expect("the invariants");
    assert_eq!(found, invariants::Violations::default());
}

/// Enters events of the ledger, all in one transaction: of which booking, what, and because of what.
pub async fn post(services: &Services, events: &[(Booking, Event, String)]) {
    let now = services.clock.now();
    let mut tx = services.begin().await.expect("a transaction");
    for (booking, event, source) in events {
        ledger::post(&mut tx, booking, *event, source, now).await.expect("entered");
    }
    tx.commit().await.expect("balanced");
}

/// What books an hour with a tutor.
#[must_use]
pub fn request(tutor: &Tutor, start: DateTime<Utc>) -> BookingRequest {
    BookingRequest {
        tutor: tutor.id,
        offering: None,
        start,
        duration: 60,
        hold: None,
        note: None,
        card: None,
    }
}

/// An hour booked with a tutor.
pub async fn booked(services: &Services, student: &Actor, tutor: &Tutor, start: DateTime<Utc>) -> Booking {
    booking::place(services, student, &request(tutor, start), None).await.expect("a booking")
}

/// Runs a statement.
pub async fn execute(services: &Services, sql: &'static str) {
    sqlx::raw_sql(sql).execute(&services.db).await.expect(sql);
}

/// Runs a statement that gives one number.
pub async fn number(services: &Services, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&services.db).await.expect(sql)
}

/// The refusal of a use case: its code and its sentence.
pub fn refused<T: std::fmt::Debug>(result: Result<T>) -> (Code, String) {
    match result.expect_err("a refusal") {
        AppError::Refused { refusal, .. } => (refusal.code, refusal.key.into_owned()),
        AppError::Fault(fault) => panic!("a fault: {fault:?}"),
    }
}
