//! The demonstration.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod people;

use std::collections::HashSet;

use chrono::TimeDelta;
use domain::{account::Role, tutor::Field};
use people::services;
use sandbox::{Options, Sandbox};
use services::{
    Services, account,
    booking::{self, ListQuery},
    chat,
    clock::Clock,
    config::{Config, StripeConfig},
    invariants::{self, Violations},
    jobs,
    search::{self, SearchQuery},
    seed,
    testing::services_with,
    tutor,
};
use sqlx::PgPool;

async fn number(db: &PgPool, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(db).await.expect(statement)
}

#[sqlx::test(migrations = "../migrations")]
async fn an_empty_database_is_filled_once_and_keeps_every_rule(db: PgPool) {
    let services = services(db.clone());
    assert!(seed::demonstration(&services).await.expect("filled"));
    assert!(!seed::demonstration(&services).await.expect("left alone"));
    assert_eq!(invariants::count(&services).await.expect("counted"), Violations::default());
    for (statement, least) in [
        ("SELECT count(*) FROM tutors WHERE bio IS NOT NULL AND photo_etag IS NOT NULL", 60),
        ("SELECT count(DISTINCT field) FROM tutors", 10),
        ("SELECT count(DISTINCT time_zone) FROM tutors", 12),
        ("SELECT count(DISTINCT currency) FROM offerings", 6),
        ("SELECT count(*) FROM users WHERE role = 'student'", 25),
        ("SELECT count(*) FROM weekly_windows WHERE end_min > 1440", 1),
        ("SELECT count(*) FROM weekly_windows WHERE start_min = 0 AND end_min = 1440", 7),
        ("SELECT count(*) FROM availability_overrides WHERE reason IS NOT NULL", 20),
        ("SELECT count(*) FROM availability_overrides WHERE cardinality(starts) = 0", 10),
        ("SELECT count(*) FROM bookings WHERE state = 'completed'", 200),
        ("SELECT count(*) FROM bookings WHERE state = 'confirmed'", 40),
        ("SELECT count(*) FROM bookings WHERE state = 'requested'", 2),
        ("SELECT count(*) FROM ratings WHERE feedback IS NOT NULL", 100),
        ("SELECT count(*) FROM chat_threads", 6),
        ("SELECT count(*) FROM chat_messages WHERE masked", 1),
        ("SELECT count(DISTINCT digest) FROM (SELECT sha256(content) AS digest FROM tutor_photos) p", 60),
    ] {
        let found = number(&db, statement).await;
        assert!(found >= least, "{statement}: {found}");
    }
    let unsettled = "SELECT count(*) FROM bookings WHERE state IN ('confirmed', 'requested') AND starts_at < '2026-12-01 09:00Z'";
    assert_eq!(number(&db, unsettled).await, 0, "nothing waits for a sweep");
    let swept = services::sweep::run(&services).await.expect("swept");
    assert_eq!((swept.lessons_settled, swept.requests_expired), (0, 0));
}

#[sqlx::test(migrations = "../migrations")]
async fn everybody_can_be_found_and_the_accounts_work(db: PgPool) {
    let services = services(db);
    seed::demonstration(&services).await.expect("filled");
    let query = SearchQuery { page: 1, page_size: 100, ..SearchQuery::default() };
    let page = search::search(&services, &query).await.expect("a page");
    assert_eq!(page.total, 60);
    assert!(
        page.rows.iter().all(|row| row.free_slots > 0 || !row.next_slots.is_empty()),
        "everybody has free slots"
    );
    let fields: HashSet<Field> = page.rows.iter().map(|row| row.field).collect();
    assert_eq!(fields.len(), Field::ALL.len());
    for row in &page.rows {
        let (photo, _) = tutor::photo(&services, row.id).await.expect("read").expect("a photo");
        assert_eq!(
            image::load_from_memory(&photo).map(|image| (image.width(), image.height())).ok(),
            Some((400, 400))
        );
    }
    for (email, role) in [
        ("student@demo.test", Role::Student),
        ("tutor@demo.test", Role::Tutor),
        ("admin@demo.test", Role::Admin),
    ] {
        let cookie = account::sign_in(&services, email, seed::PASSWORD, account::Browser::default())
            .await
            .expect(email)
            .token;
        let actor = account::actor_by_cookie(&services, &cookie).await.expect("read").expect(email);
        assert_eq!(actor.role, role);
        if role != Role::Admin {
            let coming = ListQuery { upcoming: Some(true), page: 1, page_size: 20, ..ListQuery::default() };
            let coming = booking::list(&services, &actor, &coming).await.expect("a list");
            let soonest = coming.rows.first().expect("a coming lesson").start - services.clock.now();
            assert!(
                coming.total >= 3 && soonest <= TimeDelta::minutes(30),
                "{email}: {soonest} {}",
                coming.total
            );
            let talks = chat::threads(&services, &actor, None, 20).await.expect("a list").rows;
            let unread = talks.iter().filter(|thread| thread.unread > 0).count();
            assert!((1..talks.len()).contains(&unread), "{email}: {unread} of {}", talks.len());
            assert!(talks.iter().any(|thread| thread.read_to > 0), "{email}: something is read");
        }
    }
    let demo = tutor::find(&services, None, "camille-laurent").await.expect("the demo tutor");
    assert!(demo.readiness.check().is_ok() && demo.rating_count > 5);
    assert!(demo.offerings.iter().any(|view| view.offering.price(15) == Some(0)), "a free first talk");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_demonstration_keeps_the_rules_at_any_hour(db: PgPool) {
    for hours in [7, 19, 24 * 5 + 14, 24 * 118 + 1] {
        let services = services(db.clone());
        services.clock.show(Some(people::start() + TimeDelta::hours(hours)));
        assert!(seed::demonstration(&services).await.expect("filled"), "{hours}");
        assert_eq!(invariants::count(&services).await.expect("counted"), Violations::default(), "{hours}");
        sqlx::query("TRUNCATE users CASCADE").execute(&db).await.expect("emptied");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn people_and_production_are_left_alone(db: PgPool) {
    let development = services(db.clone());
    let secret = "x".repeat(32);
    let config = Config::read(|name| match name {
        "LECTERN_ENV" => Some("production".into()),
        "PUBLIC_URL" => Some("https://lectern.test".into()),
        "SMTP_URL" => Some("smtps://mail.lectern.test".into()),
        "SESSION_SECRET"
        | "CRON_SECRET"
        | "STRIPE_SECRET_KEY"
        | "STRIPE_PUBLISHABLE_KEY"
        | "STRIPE_WEBHOOK_SECRET" => Some(secret.clone()),
        _ => None,
    });
    let production = Services::new(
        db.clone(),
        Clock::at(people::start()),
        config.expect("a configuration"),
        development.live.clone(),
        None,
    );
    assert!(!seed::demonstration(&production).await.expect("left alone"));
    assert_eq!(number(&db, "SELECT count(*) FROM users").await, 0);
    people::join(&development, "Sam", Role::Student).await;
    assert!(!seed::demonstration(&development).await.expect("left alone"));
    assert_eq!(number(&db, "SELECT count(*) FROM users").await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_past_of_the_demonstration_was_charged_at_the_sandbox(db: PgPool) {
    let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
    let options = Options::default();
    let stripe = StripeConfig {
        secret_key: options.secret_key,
        publishable_key: options.publishable_key,
        webhook_secret: options.webhook_secret,
        api_base: Some(sandbox.url()),
        js_url: format!("{}/v3/", sandbox.url()),
    };
    let services = services_with(db.clone(), Some(&stripe));
    jobs::migrate(&db).await.expect("the queue");
    assert!(seed::demonstration(&services).await.expect("filled"));
    assert_eq!(invariants::count(&services).await.expect("counted"), Violations::default());
    let count = |query: &'static str| sqlx::query_scalar::<_, i64>(query).fetch_one(&db);
    let cardless = count(
        "SELECT count(*) FROM users u WHERE role = 'student' AND NOT EXISTS (SELECT FROM cards WHERE user_id = u.id)",
    );
    assert_eq!(cardless.await.expect("counted"), 0);
    let paid = count("SELECT count(*) FROM charges WHERE state = 'paid' AND paid_at = due_at")
        .await
        .expect("counted");
    let open =
        count("SELECT count(*) FROM charges WHERE state IN ('scheduled', 'debt')").await.expect("counted");
    let untold = count("SELECT count(*) FROM outbox WHERE dispatched_at IS NULL").await.expect("counted");
    assert!(paid > 20 && open == 0 && untold == 0, "{paid} {open} {untold}");
    let state = reqwest::get(format!("{}/_control/state", sandbox.url())).await.expect("a state");
    let state: serde_json::Value = state.json().await.expect("JSON");
    assert_eq!(state["payment_intents_by_status"]["succeeded"], paid, "{state}");
    let payouts = count("SELECT count(*) FROM payouts WHERE state = 'paid'").await.expect("counted");
    let others = count("SELECT count(*) FROM payouts WHERE state <> 'paid'").await.expect("counted");
    assert!(payouts >= 3 && others == 0, "{payouts} {others}");
    assert_eq!(state["transfers"], payouts, "{state}");
}
