//! Registration, signing in, tokens, one's own data.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod people;

use chrono::TimeDelta;
use domain::account::{Email, Language, Password, PersonName, Role};
use futures::future::join_all;
use people::{PASSWORD, join, pass, refusal, refused, registration, services};
use services::account::{self, Browser, MeChange};
use sqlx::PgPool;

#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_gets_an_address_from_the_name(db: PgPool) {
    let services = services(db.clone());
    let me = account::register(&services, registration("Ana@Example.org", "Ana López", Role::Tutor))
        .await
        .expect("made");
    assert_eq!((me.email.as_str(), me.role, me.marketing_opt_in), ("ana@example.org", Role::Tutor, None));
    assert!(me.tutor_id.is_some());
    for (number, name) in ["Ana Lopez", "ana  lópez", "Ana Lopez 2"].iter().enumerate() {
        let email = format!("ana{number}@example.org");
        account::register(&services, registration(&email, name, Role::Tutor)).await.expect("made");
    }
    let slugs: Vec<String> =
        sqlx::query_scalar("SELECT slug FROM tutors ORDER BY slug").fetch_all(&db).await.expect("slugs");
    assert_eq!(slugs, ["ana-lopez", "ana-lopez-2", "ana-lopez-2-2", "ana-lopez-3"]);
    let student = join(&services, "Sam", Role::Student).await;
    assert_eq!(student.tutor, None);
}

#[sqlx::test(migrations = "../migrations")]
async fn ten_of_one_name_at_once_get_ten_addresses(db: PgPool) {
    let services = services(db.clone());
    let made = join_all((0..10).map(|number| {
        let registration = registration(&format!("kim{number}@example.org"), "Kim Lee", Role::Tutor);
        account::register(&services, registration)
    }))
    .await;
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    let slugs: i64 =
        sqlx::query_scalar("SELECT count(DISTINCT slug) FROM tutors").fetch_one(&db).await.expect("counted");
    assert_eq!(slugs, 10);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_address_is_taken_once_and_an_admin_is_not_registered(db: PgPool) {
    let services = services(db.clone());
    let twice = join_all(
        (0..4).map(|_| account::register(&services, registration("kim@example.org", "Kim", Role::Student))),
    )
    .await;
    assert_eq!(twice.iter().filter(|made| made.is_ok()).count(), 1);
    for made in twice.into_iter().filter(Result::is_err) {
        assert_eq!(refusal(made), refused("INVALID_REQUEST", "email"));
    }
    let admin = account::register(&services, registration("adm@example.org", "Adm", Role::Admin)).await;
    assert_eq!(refusal(admin), refused("INVALID_REQUEST", "role"));
    let taken = account::create_admin(
        &services,
        Email::parse("kim@example.org").expect("an address"),
        Password::parse(PASSWORD).expect("a password"),
        PersonName::parse("Kim").expect("a name"),
    );
    assert_eq!(refusal(taken.await), refused("INVALID_REQUEST", "email"));
    let people: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&db).await.expect("counted");
    assert_eq!(people, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn signing_in_wants_the_right_pair(db: PgPool) {
    let services = services(db.clone());
    let gone = join(&services, "Gone", Role::Student).await;
    sqlx::query("UPDATE users SET deleted_at = created_at").execute(&db).await.expect("deleted");
    let actor = join(&services, "Sam", Role::Student).await;
    let ip = Some("2001:db8::7".parse().expect("an address"));
    let from = Browser { ip, ..Browser::default() };
    for (email, password) in [
        ("sam-student@example.org", "wrong horse"),
        ("sam-student@example.org", ""),
        ("nobody@example.org", PASSWORD),
        ("gone-student@example.org", PASSWORD),
        ("no address\0", PASSWORD),
    ] {
        let cookie = account::sign_in(&services, email, password, from).await;
        assert_eq!(refusal(cookie.map(|_| ())), refused("INVALID_TOKEN", ""), "{email}");
        let tokens = account::tokens(&services, email, password, ip).await;
        assert_eq!(refusal(tokens.map(|_| ())), refused("INVALID_TOKEN", ""), "{email}");
    }
    let agent = format!("agent\0{}", "x".repeat(1000));
    let cookie = account::sign_in(
        &services,
        " Sam-Student@Example.org",
        PASSWORD,
        Browser { agent: Some(&agent), ..from },
    )
    .await
    .expect("in")
    .token;
    assert_eq!(account::actor_by_cookie(&services, &cookie).await.expect("read"), Some(actor));
    let kept: (String, Option<String>) = sqlx::query_as(
        "SELECT user_agent, host(last_sign_in_ip) FROM user_sessions JOIN users ON id = user_id",
    )
    .fetch_one(&db)
    .await
    .expect("one row");
    assert_eq!((kept.0.len(), kept.1.as_deref()), (300, Some("2001:db8::7")));
    let jwt = account::actor_by_jwt(&services, "no.jwt.at-all").await;
    assert_eq!(refusal(jwt), refused("INVALID_TOKEN", ""));
    assert_ne!(
        gone.user,
        account::actor_by_cookie(&services, &cookie).await.expect("read").expect("known").user
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn a_cookie_lapses_thirty_days_after_it_was_last_seen(db: PgPool) {
    let services = services(db.clone());
    let actor = join(&services, "Sam", Role::Student).await;
    let sign_in = async || {
        let entered =
            account::sign_in(&services, "sam-student@example.org", PASSWORD, Browser::default()).await;
        entered.map(|entered| entered.token)
    };
    let cookie = sign_in().await.expect("in");
    let known = async || account::actor_by_cookie(&services, &cookie).await.expect("read").is_some();
    let seen = async || -> i64 {
        sqlx::query_scalar("SELECT extract(epoch FROM last_seen_at - created_at)::bigint FROM user_sessions")
            .fetch_one(&db)
            .await
            .expect("one row")
    };
    for (wait, good, written) in [
        (TimeDelta::seconds(299), true, 0),
        (TimeDelta::seconds(1), true, 300),
        (TimeDelta::days(30) - TimeDelta::seconds(1), true, 300 + 30 * 86_400 - 1),
        (TimeDelta::days(30), false, 300 + 30 * 86_400 - 1),
    ] {
        pass(&services, wait);
        assert_eq!((known().await, seen().await), (good, written), "{wait}");
    }
    let again = sign_in().await.expect("in");
    assert_eq!(account::actor_by_cookie(&services, &again).await.expect("read"), Some(actor));
    account::sign_out(&services, &again).await.expect("out");
    account::sign_out(&services, &again).await.expect("out twice is fine");
    assert_eq!(account::actor_by_cookie(&services, &again).await.expect("read"), None);
    assert_eq!(account::actor_by_cookie(&services, "").await.expect("read"), None);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_access_token_lives_fifteen_minutes_and_dies_with_its_account(db: PgPool) {
    let services = services(db.clone());
    let actor = join(&services, "Tia", Role::Tutor).await;
    let tokens = account::tokens(&services, "tia-tutor@example.org", PASSWORD, None).await.expect("in");
    assert_eq!(tokens.expires_in, 900);
    assert_eq!(account::actor_by_jwt(&services, &tokens.access_token).await.expect("good"), actor);
    pass(&services, TimeDelta::minutes(15));
    let late = account::actor_by_jwt(&services, &tokens.access_token).await;
    assert_eq!(refusal(late), refused("TOKEN_EXPIRED", ""));
    let tokens = account::refresh(&services, &tokens.refresh_token).await.expect("a pair");
    assert_eq!(account::actor_by_jwt(&services, &tokens.access_token).await.expect("good"), actor);
    sqlx::query("UPDATE users SET deleted_at = created_at").execute(&db).await.expect("deleted");
    let gone = account::actor_by_jwt(&services, &tokens.access_token).await;
    assert_eq!(refusal(gone), refused("INVALID_TOKEN", ""));
    let gone = account::refresh(&services, &tokens.refresh_token).await;
    assert_eq!(refusal(gone.map(|_| ())), refused("INVALID_TOKEN", ""));
}

#[sqlx::test(migrations = "../migrations")]
async fn an_access_token_ends_with_its_own_sign_in(db: PgPool) {
    let services = services(db);
    let actor = join(&services, "Tia", Role::Tutor).await;
    let sign_in =
        async || account::tokens(&services, "tia-tutor@example.org", PASSWORD, None).await.expect("in");
    let (revoked, reused, other) = (sign_in().await, sign_in().await, sign_in().await);
    account::revoke(&services, &revoked.refresh_token).await.expect("revoked");
    account::refresh(&services, &reused.refresh_token).await.expect("a pair");
    account::refresh(&services, &reused.refresh_token).await.map(|_| ()).expect_err("used before");
    for ended in [revoked, reused] {
        let late = account::actor_by_jwt(&services, &ended.access_token).await;
        assert_eq!(refusal(late), refused("INVALID_TOKEN", ""));
    }
    assert_eq!(account::actor_by_jwt(&services, &other.access_token).await.expect("good"), actor);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refresh_token_is_used_once(db: PgPool) {
    let services = services(db);
    join(&services, "Sam", Role::Student).await;
    let sign_in = || account::tokens(&services, "sam-student@example.org", PASSWORD, None);
    let next = async |token: String| account::refresh(&services, &token).await.map(|pair| pair.refresh_token);

    let (first, other) =
        (sign_in().await.expect("in").refresh_token, sign_in().await.expect("in").refresh_token);
    let second = next(first.clone()).await.expect("a pair");
    let third = next(second.clone()).await.expect("a pair");
    assert_eq!(refusal(next(first).await), refused("INVALID_TOKEN", ""), "reuse");
    assert_eq!(refusal(next(third).await), refused("INVALID_TOKEN", ""), "its family is revoked");
    let other = next(other).await.expect("another family lives on");

    account::revoke(&services, &other).await.expect("revoked");
    account::revoke(&services, &other).await.expect("revoking twice is fine");
    account::revoke(&services, "unknown").await.expect("revoking an unknown one is fine");
    assert_eq!(refusal(next(other).await), refused("INVALID_TOKEN", ""));
    assert_eq!(refusal(next(String::new()).await), refused("INVALID_TOKEN", ""));

    let old = sign_in().await.expect("in").refresh_token;
    pass(&services, TimeDelta::days(30) - TimeDelta::seconds(1));
    let young = next(old).await.expect("a pair in the last second");
    pass(&services, TimeDelta::days(30));
    assert_eq!(refusal(next(young).await), refused("TOKEN_EXPIRED", ""));
}

#[sqlx::test(migrations = "../migrations")]
async fn of_many_refreshes_at_once_one_wins_and_the_family_is_revoked(db: PgPool) {
    let services = services(db.clone());
    join(&services, "Sam", Role::Student).await;
    let pair = account::tokens(&services, "sam-student@example.org", PASSWORD, None).await.expect("in");
    let pairs = join_all((0..8).map(|_| account::refresh(&services, &pair.refresh_token))).await;
    assert_eq!(pairs.iter().filter(|pair| pair.is_ok()).count(), 1);
    let alive: i64 = sqlx::query_scalar("SELECT count(*) FROM refresh_tokens WHERE revoked_at IS NULL")
        .fetch_one(&db)
        .await
        .expect("counted");
    assert_eq!(alive, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn ones_own_data_changes_where_it_is_named(db: PgPool) {
    let services = services(db);
    let actor = join(&services, "Sam", Role::Student).await;
    let before = account::me(&services, &actor).await.expect("read");
    assert_eq!(account::change_me(&services, &actor, MeChange::default()).await.expect("nothing"), before);
    let change = MeChange {
        name: Some(PersonName::parse("Samira").expect("a name")),
        language: Some(Language::Fr),
        languages: Some(vec!["English".into(), " English ".into(), "".into()]),
        marketing_opt_in: Some(false),
        ..MeChange::default()
    };
    let after = account::change_me(&services, &actor, change).await.expect("changed");
    assert_eq!((after.name.as_str(), after.locale.as_str()), ("Samira", "fr"));
    assert_eq!((after.languages, after.marketing_opt_in), (vec!["English".to_owned()], Some(false)));
    assert_eq!((after.time_zone, after.goals), (before.time_zone, before.goals));
    for (field, change) in [
        ("languages", MeChange { languages: Some(vec!["x".repeat(51)]), ..MeChange::default() }),
        ("languages", MeChange { languages: Some(vec!["x\0".into()]), ..MeChange::default() }),
        ("goals", MeChange { goals: Some((0..21).map(|n| n.to_string()).collect()), ..MeChange::default() }),
    ] {
        let change = account::change_me(&services, &actor, change).await;
        assert_eq!(refusal(change), refused("INVALID_REQUEST", field));
    }
}
