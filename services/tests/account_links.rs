//! Links in mails that stand for a person, alerts about sign-ins, and another password, on a real database.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use chrono::TimeDelta;
use domain::{
    Code,
    account::{Email, Language, Password, PersonName, Role},
    zone::Zone,
};
use insta::assert_snapshot;
use services::{
    Actor, Services,
    account::{self, Browser, Entered, Purpose, Registration},
    jobs,
    mail::{self, Mail},
    testing::{self, now, refused},
};
use sqlx::PgPool;

const EMAIL: &str = "sam@example.org";
const PASSWORD: &str = "correct horse battery";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";

async fn open(db: PgPool) -> Services {
    let services = testing::services(db);
    jobs::migrate(&services.db).await.expect("the queue");
    services.clock.set(&services.db, Some(now())).await.expect("the clock");
    services
}

async fn join(services: &Services, language: Language, zone: &str) -> Actor {
    let registration = Registration {
        email: Email::parse(EMAIL).expect("an address"),
        password: Password::parse(PASSWORD).expect("a password"),
        name: PersonName::parse("Sam").expect("a name"),
        role: Role::Student,
        zone: Zone::parse(zone).expect("a zone"),
        language,
        marketing_opt_in: None,
    };
    account::register(services, registration).await.expect("an account");
    let entered = sign_in(services, None).await;
    account::actor_by_cookie(services, &entered.token).await.expect("read").expect("known")
}

async fn sign_in(services: &Services, device: Option<&str>) -> Entered {
    let ip = Some("203.0.113.7".parse().expect("an address"));
    let browser = Browser { ip, agent: Some(FIREFOX), device };
    account::sign_in(services, EMAIL, PASSWORD, browser).await.expect("in")
}

async fn mails(services: &Services, kind: &str) -> Vec<Mail> {
    let mails = mail::list(services).await.expect("mails");
    mails.into_iter().filter(|mail| mail.kind == kind).collect()
}

/// The token of the newest mail of a kind.
async fn token(services: &Services, kind: &str, path: &str) -> String {
    let mail = mails(services, kind).await.into_iter().next().expect("a mail");
    let start = format!("http://127.0.0.1:3000/{path}/");
    let line = mail.text.lines().find_map(|line| line.strip_prefix(&start)).expect("a link");
    assert!(mail.html.contains(&format!("{start}{line}")));
    line.to_owned()
}

/// For jobs too: they follow the clock in the database.
async fn pass(services: &Services, time: TimeDelta) {
    let then = services.clock.now() + time;
    services.clock.set(&services.db, Some(then)).await.expect("the clock");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_address_is_confirmed_by_its_link_once(db: PgPool) {
    let services = open(db).await;
    let actor = join(&services, Language::En, "Europe/Paris").await;
    let is_verified = async || account::is_verified(&services, &actor).await.expect("read");
    let token = token(&services, "verify_email", "verify").await;
    for _ in 0..2 {
        account::look_at_link(&services, &token, Purpose::VerifyEmail).await.expect("good");
    }
    assert!(!is_verified().await, "looking at it confirms nothing");
    let other = account::look_at_link(&services, &token, Purpose::SignIn).await;
    assert_eq!(refused(other).0, Code::LinkExpired, "it does not sign in");
    let other = account::sign_in_by_link(&services, &token, Browser::default()).await;
    assert_eq!(refused(other.map(|_| ())).0, Code::LinkExpired);
    account::verify_email(&services, &token).await.expect("confirmed");
    assert!(is_verified().await);
    assert_eq!(refused(account::verify_email(&services, &token).await).0, Code::LinkExpired, "once");
    assert_eq!(refused(account::verify_email(&services, "nonsense").await).0, Code::LinkExpired);
}

/// Each row: what happens before the link is used, and whether it still works.
#[sqlx::test(migrations = "../migrations")]
async fn a_link_lapses_and_goes_with_its_address(db: PgPool) {
    for (what, works) in [
        ("nothing", true),
        ("48 hours less a second", true),
        ("48 hours", false),
        ("another address", false),
        ("the account is deleted", false),
    ] {
        let services = open(db.clone()).await;
        join(&services, Language::En, "Europe/Paris").await;
        let token = token(&services, "verify_email", "verify").await;
        match what {
            "48 hours less a second" => pass(&services, TimeDelta::hours(48) - TimeDelta::seconds(1)).await,
            "48 hours" => pass(&services, TimeDelta::hours(48)).await,
            "another address" => {
                testing::execute(&services, "UPDATE users SET email = 'new@example.org'").await
            }
            "the account is deleted" => {
                testing::execute(&services, "UPDATE users SET deleted_at = created_at").await
            }
            _ => {}
        }
        assert_eq!(account::verify_email(&services, &token).await.is_ok(), works, "{what}");
        testing::execute(&services, "TRUNCATE users CASCADE").await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_link_signs_in_once_for_a_quarter_of_an_hour(db: PgPool) {
    let services = open(db).await;
    let actor = join(&services, Language::En, "Europe/Paris").await;
    let ask = async |email: &str| {
        account::ask_sign_in(&services, &Email::parse(email).expect("an address")).await.expect("asked");
        jobs::drain(&services).await.expect("worked off");
        mails(&services, "sign_in_link").await.len()
    };
    assert_eq!(ask("nobody@example.org").await, 0, "nobody is told whether there is an account");
    assert_eq!(ask(EMAIL).await, 1);
    let first = token(&services, "sign_in_link", "login").await;
    let entered = account::sign_in_by_link(&services, &first, Browser::default()).await.expect("in");
    let known = account::actor_by_cookie(&services, &entered.token).await.expect("read");
    assert_eq!(known.map(|known| known.user), Some(actor.user));
    assert!(account::is_verified(&services, &actor).await.expect("read"), "the mail was read");
    let again = account::sign_in_by_link(&services, &first, Browser::default()).await;
    assert_eq!(refused(again.map(|_| ())).0, Code::LinkExpired, "once");
    pass(&services, TimeDelta::seconds(1)).await;
    assert_eq!(ask(EMAIL).await, 2);
    let late = token(&services, "sign_in_link", "login").await;
    pass(&services, TimeDelta::minutes(15)).await;
    let late = account::sign_in_by_link(&services, &late, Browser::default()).await;
    assert_eq!(refused(late.map(|_| ())).0, Code::LinkExpired, "too late");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_account_that_somebody_else_prepared_is_its_address_s_owner_s_alone(db: PgPool) {
    let services = open(db).await;
    let actor = join(&services, Language::En, "Europe/Paris").await;
    let enter = async || account::sign_in(&services, EMAIL, PASSWORD, Browser::default()).await;
    let waiting = enter().await.expect("whoever made the account");
    let program = account::tokens(&services, EMAIL, PASSWORD, None).await.expect("tokens");
    account::ask_sign_in(&services, &Email::parse(EMAIL).expect("an address")).await.expect("asked");
    jobs::drain(&services).await.expect("worked off");
    let link = token(&services, "sign_in_link", "login").await;
    let owner = account::sign_in_by_link(&services, &link, Browser::default()).await.expect("in");
    assert!(account::actor_by_cookie(&services, &owner.token).await.expect("read").is_some());
    assert!(!account::actor_by_cookie(&services, &waiting.token).await.is_ok_and(|known| known.is_some()));
    assert!(account::refresh(&services, &program.refresh_token).await.is_err());
    assert_eq!(refused(enter().await.map(|_| ())).0, Code::InvalidToken, "the password is gone");
    // There is none to be asked for; and once the address is confirmed, a link ends nothing any more.
    assert!(!account::has_password(&services, &actor).await.expect("read"));
    let new = Password::parse("a sentence of my own").expect("a password");
    account::change_password(&services, &actor, Some(&owner.token), "", &new).await.expect("chosen");
    pass(&services, TimeDelta::seconds(1)).await;
    account::ask_sign_in(&services, &Email::parse(EMAIL).expect("an address")).await.expect("asked");
    jobs::drain(&services).await.expect("worked off");
    let link = token(&services, "sign_in_link", "login").await;
    account::sign_in_by_link(&services, &link, Browser::default()).await.expect("in again");
    assert!(account::has_password(&services, &actor).await.expect("read"));
    assert!(account::actor_by_cookie(&services, &owner.token).await.expect("read").is_some());
}

#[sqlx::test(migrations = "../migrations")]
async fn two_at_once_use_a_link_up_once(db: PgPool) {
    let services = open(db).await;
    join(&services, Language::En, "Europe/Paris").await;
    account::ask_sign_in(&services, &Email::parse(EMAIL).expect("an address")).await.expect("asked");
    jobs::drain(&services).await.expect("worked off");
    let token = token(&services, "sign_in_link", "login").await;
    let tries = (0..8).map(|_| account::sign_in_by_link(&services, &token, Browser::default()));
    let won = futures::future::join_all(tries).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(won, 1);
}

/// Each row: which browser signs in, and whether its person is told.
#[sqlx::test(migrations = "../migrations")]
async fn a_sign_in_from_an_unknown_browser_is_told(db: PgPool) {
    let services = open(db.clone()).await;
    join(&services, Language::En, "America/New_York").await;
    let told = async || mails(&services, "sign_in").await.len();
    assert_eq!(told().await, 0, "who signs up is not told of it");
    let known = sign_in(&services, None).await.device;
    assert_eq!(told().await, 1, "a second browser");
    assert_eq!(sign_in(&services, Some(&known)).await.device, known, "it stays the same");
    assert_eq!(told().await, 1, "known by now");
    assert_ne!(sign_in(&services, Some("short")).await.device, "short");
    assert_eq!(told().await, 2, "what is no token of ours is not taken");
    let ip = |text: &str| Some(text.parse().expect("an address"));
    for (address, expected) in [("198.51.100.1", 3), ("198.51.100.1", 3), ("198.51.100.2", 4)] {
        account::tokens(&services, EMAIL, PASSWORD, ip(address)).await.expect("in");
        assert_eq!(told().await, expected, "a program from {address}");
    }
    // Whoever was away for so long that no browser is known any more is told of a thief as well.
    testing::execute(&services, "DELETE FROM known_devices").await;
    sign_in(&services, None).await;
    assert_eq!(told().await, 5, "unknown, and not the first sign-in");
    sign_in(&services, Some(&known)).await;
    assert_eq!(told().await, 6, "a browser that was forgotten");
}

#[sqlx::test(migrations = "../migrations")]
async fn another_password_ends_all_other_sign_ins(db: PgPool) {
    let services = open(db).await;
    let actor = join(&services, Language::En, "Europe/Paris").await;
    let (mine, other) = (sign_in(&services, None).await.token, sign_in(&services, None).await.token);
    let program = account::tokens(&services, EMAIL, PASSWORD, None).await.expect("in");
    account::ask_sign_in(&services, &Email::parse(EMAIL).expect("an address")).await.expect("asked");
    jobs::drain(&services).await.expect("worked off");
    let link = token(&services, "sign_in_link", "login").await;
    let new = Password::parse("another horse battery").expect("a password");
    let wrong = account::change_password(&services, &actor, Some(&mine), "wrong", &new).await;
    assert_eq!(refused(wrong), (Code::InvalidRequest, "password_wrong".to_owned()));
    account::change_password(&services, &actor, Some(&mine), PASSWORD, &new).await.expect("changed");
    let known = async |token: &str| account::actor_by_cookie(&services, token).await.expect("read").is_some();
    assert!(known(&mine).await, "this browser stays");
    assert!(!known(&other).await);
    assert!(account::refresh(&services, &program.refresh_token).await.is_err());
    assert!(account::sign_in_by_link(&services, &link, Browser::default()).await.is_err());
    assert!(account::sign_in(&services, EMAIL, PASSWORD, Browser::default()).await.is_err());
    account::sign_in(&services, EMAIL, "another horse battery", Browser::default()).await.expect("in");
}

#[sqlx::test(migrations = "../migrations")]
async fn mails_about_accounts_in_both_languages(db: PgPool) {
    for (tag, language, zone) in
        [("en", Language::En, "America/New_York"), ("fr", Language::Fr, "Europe/Paris")]
    {
        let services = open(db.clone()).await;
        join(&services, language, zone).await;
        sign_in(&services, None).await;
        account::ask_sign_in(&services, &Email::parse(EMAIL).expect("an address")).await.expect("asked");
        jobs::drain(&services).await.expect("worked off");
        for (kind, path) in
            [("verify_email", Some("verify")), ("sign_in", None), ("sign_in_link", Some("login"))]
        {
            let mail = mails(&services, kind).await.remove(0);
            assert_eq!((&*mail.to, &mail.unsubscribe), (EMAIL, &None), "{kind}");
            let mut text = mail.text;
            if let Some(path) = path {
                text = text.replace(&token(&services, kind, path).await, "TOKEN");
            }
            assert_snapshot!(format!("{kind}_{tag}"), format!("{}\n\n{text}", mail.subject));
        }
        testing::execute(&services, "TRUNCATE users CASCADE").await;
    }
}
