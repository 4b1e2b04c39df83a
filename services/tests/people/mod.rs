//! People for tests: services on a database of the test's own, a clock that is moved by hand,
//! accounts of each role.
#![allow(dead_code, clippy::expect_used, reason = "each test file uses its part")]

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    account::{Email, Language, Password, PersonName, Role},
    availability::{Availability, WeeklyWindow, Window},
    ids::{BookingId, TutorId, UserId},
    money::Currency,
    tutor::{Offering, PricedDuration, ProfileInput},
    zone::Zone,
};
use services::{
    Actor, Services,
    account::{self, Me, Registration},
    clock::Clock,
    config::Config,
    live::{Hints, LiveBus, Streams},
    tutor as tutors,
};
use sqlx::PgPool;

/// The password of everybody.
pub const PASSWORD: &str = "correct horse";

/// A bus on which nobody listens.
struct Silence;

impl LiveBus for Silence {
    fn wake(&self, _users: &[UserId]) {}

    fn sign_in_ended(&self, _user: UserId) {}

    fn subscribe(&self, user: UserId) -> Hints {
        Streams::default().subscribe(user)
    }

    fn listeners(&self) -> Vec<UserId> {
        Vec::new()
    }
}

/// Tuesday 2026-12-01, 09:00 UTC.
pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_796_115_600, 0).expect("a valid instant")
}

/// Services whose clock stands at [`start`].
pub fn services(db: PgPool) -> Services {
    let config = Config::read(|_| None).expect("the configuration of development");
    Services::new(db, Clock::at(start()), config, Arc::new(Silence), None)
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

/// A complete profile.
pub fn profile() -> ProfileInput {
    ProfileInput {
        university: "Université de Genève".into(),
        degree: "MSc Mathematics".into(),
        field: "SCIENCES".into(),
        current_year: 3,
        bio: "I explain analysis and linear algebra by way of pictures first and proofs second.".into(),
        headline: Some("Proofs without fear".into()),
        languages: vec!["English".into(), "Français".into()],
        goals: vec!["Passing the exam".into()],
        ..ProfileInput::default()
    }
}

/// An offering of one currency: durations in minutes with their prices.
pub fn offering(title: &str, currency: Currency, prices: &[(u16, i64)]) -> Offering {
    let priced =
        |(minutes, price_minor): &(u16, i64)| PricedDuration { minutes: *minutes, price_minor: *price_minor };
    Offering {
        title: title.into(),
        durations: prices.iter().map(priced).collect(),
        currency,
        step_min: None,
        buffer_before_min: 0,
        buffer_after_min: 0,
        fixed: false,
    }
}

/// A tutor who can be booked: complete, with one offering of 60 minutes for 30 EUR, on the given
/// weekdays (0 is Sunday) from 09:00 to 17:00 in Paris.
pub async fn teach(services: &Services, name: &str, weekdays: &[u8]) -> Actor {
    let actor = join(services, name, Role::Tutor).await;
    set_up(services, &actor, &profile(), vec![offering("Lesson", Currency::Eur, &[(60, 3000)])], weekdays)
        .await;
    actor
}

/// Gives a tutor a profile, offerings and hours.
pub async fn set_up(
    services: &Services,
    actor: &Actor,
    profile: &ProfileInput,
    offerings: Vec<Offering>,
    weekdays: &[u8],
) {
    let id = tutor(actor);
    tutors::set_profile(services, actor, id, profile).await.expect("a profile");
    let offerings = offerings.into_iter().map(|offering| (None, offering)).collect();
    tutors::set_offerings(services, actor, id, offerings).await.expect("offerings");
    let window = Window::new(9 * 60, 17 * 60).expect("a window");
    let weekly = weekdays.iter().map(|weekday| WeeklyWindow { weekday: *weekday, window }).collect();
    let hours = Availability::new(actor.zone, weekly, Vec::new()).expect("hours");
    services::availability::set_hours(services, actor, id, &hours).await.expect("hours");
}

/// A booking with its lesson, written as rows: an hour from `start` in a state.
pub async fn booking(
    db: &PgPool,
    tutor: TutorId,
    student: UserId,
    start: DateTime<Utc>,
    state: &str,
) -> BookingId {
    let id: BookingId = services::chance::id();
    sqlx::query(
        "INSERT INTO bookings (id, tutor_id, student_id, offering_id, title, starts_at, ends_at, duration_min,
                               price_minor, currency, policy, state, join_token, created_at, updated_at)
         SELECT $1, $2, $3, o.id, o.title, $4, $4 + interval '1 hour', 60, 3000, 'EUR', $5, $6, $7, $8, $8
         FROM offerings o WHERE o.tutor_id = $2 LIMIT 1",
    )
    .bind(id.0)
    .bind(tutor.0)
    .bind(student.0)
    .bind(start)
    .bind(serde_json::to_value(domain::booking::Policy::default()).expect("a policy"))
    .bind(state)
    .bind(services::chance::token())
    .bind(start - TimeDelta::days(1))
    .execute(db)
    .await
    .expect("a booking");
    id
}
