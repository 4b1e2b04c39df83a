//! Calls of one key in one hour.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod people;

use chrono::TimeDelta;
use domain::Code;
use people::pass;
use services::{AppError, Services, config::Config, limit};
use sqlx::PgPool;

#[sqlx::test(migrations = "../migrations")]
async fn a_key_has_so_many_calls_in_each_hour(db: PgPool) {
    let services = people::services(db);
    pass(&services, TimeDelta::minutes(59) + TimeDelta::milliseconds(500));
    for call in 1..=3 {
        assert!(limit::count(&services, "api:203.0.113.7", 3).await.is_ok(), "{call}");
    }
    for _ in 0..2 {
        match limit::count(&services, "api:203.0.113.7", 3).await {
            Err(AppError::Refused { refusal, details }) => {
                assert_eq!((refusal.code, details["retry_after"].as_i64()), (Code::RateLimited, Some(60)));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(limit::count(&services, "api:203.0.113.8", 3).await.is_ok(), "another key counts for itself");
    pass(&services, TimeDelta::seconds(60));
    assert!(limit::count(&services, "api:203.0.113.7", 3).await.is_ok(), "the next hour begins anew");
}

#[sqlx::test(migrations = "../migrations")]
async fn calls_at_once_are_all_counted(db: PgPool) {
    let services = people::services(db);
    let calls = futures::future::join_all((0..20).map(|_| limit::count(&services, "key", 12))).await;
    assert_eq!(calls.iter().filter(|call| call.is_ok()).count(), 12);
}

#[sqlx::test(migrations = "../migrations")]
async fn limits_can_be_off(db: PgPool) {
    let config = Config::read(|name| (name == "RATE_LIMITS").then(|| "off".into())).expect("a configuration");
    let on = people::services(db);
    let off = Services::new(on.db.clone(), on.clock.clone(), config, on.live.clone(), None);
    assert!(limit::count(&on, "key", 0).await.is_err());
    assert!(limit::count(&off, "key", 0).await.is_ok());
}
