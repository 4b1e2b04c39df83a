//! Push on a real database, against a push service of our own: who is told, what the browser can read, and when it ends.
//! What is sent is decrypted by a second implementation of RFC 8291, which reads that document's example.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod letters;
mod push_service;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    chat::MessageBody,
    notice::{Channel, Choice, Quiet, Topic},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use letters::World;
use push_service::{Browser, PushService, decrypt};
use serde_json::{Value, json};
use services::{
    Actor, account, chat, jobs,
    mail::Kind,
    notice,
    push::{self, Subscription},
    testing::{self, at_hour, number, refused},
};
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;

const DEVICES: &str = "SELECT count(*) FROM push_devices";

impl World {
    /// A sign-in of a person: its cookie.
    async fn signed_in(&self, actor: &Actor, cookie: &'static str) -> &'static str {
        let now = self.services.clock.now();
        sqlx::query(
            "INSERT INTO user_sessions (token_hash, user_id, created_at, last_seen_at, expires_at)
             VALUES ($1, $2, $3, $3, $4)",
        )
        .bind(Sha256::digest(cookie).to_vec())
        .bind(actor.user.0)
        .bind(now)
        .bind(now + TimeDelta::days(30))
        .execute(&self.services.db)
        .await
        .expect("a sign-in");
        cookie
    }

    async fn subscribe(&self, actor: &Actor, cookie: &str, browser: &Browser) -> services::Result<()> {
        let (p256dh, auth) = (browser.p256dh(), browser.auth());
        let subscription = Subscription { endpoint: &browser.endpoint, p256dh: &p256dh, auth: &auth };
        push::subscribe(&self.services, actor, cookie, subscription).await
    }

    /// A browser of the tutor that is told.
    async fn tina_s(&self, service: &PushService, cookie: &'static str) -> Browser {
        let browser = service.browser(cookie);
        let cookie = self.signed_in(&self.tutor.actor, cookie).await;
        self.subscribe(&self.tutor.actor, cookie, &browser).await.expect("told from now on");
        browser
    }
}

#[test]
fn the_example_of_the_standard_is_read() {
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url");
    let browser = Browser::with(
        &bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"),
        &bytes("BTBZMqHH6r4Tts7J_aSIgg"),
    );
    let body = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK\
                6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
    assert_eq!(decrypt(&browser, &bytes(body)), b"When I grow up, I want to be a watermelon");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_browser_is_told_what_only_it_can_read(db: PgPool) {
    let (world, service) = (World::open(db, ("en", "UTC"), ("fr", "UTC")).await, PushService::open().await);
    let browser = world.tina_s(&service, "laptop").await;
    let booking = world.booked_at(at_hour(48)).await;
    for _ in 0..2 {
        testing::execute(&world.services, "UPDATE outbox SET dispatched_at = NULL").await;
        world.work().await;
    }
    let calls = service.calls();
    assert_eq!(calls.len(), 1, "once, and who did it is not told");
    let call = &calls[0];
    assert_eq!(
        (call.line.as_str(), call.header("content-encoding")),
        ("POST /laptop HTTP/1.1", Some("aes128gcm"))
    );
    assert_eq!((call.header("ttl"), call.header("urgency")), (Some("43200"), Some("normal")));
    let told: Value = serde_json::from_slice(&decrypt(&browser, &call.body)).expect("JSON");
    let subject: String =
        sqlx::query_scalar("SELECT subject FROM mails WHERE to_address = 'tina@example.org'")
            .fetch_one(&world.services.db)
            .await
            .expect("a mail");
    let tag = told["tag"].as_str().expect("a tag").to_owned();
    assert!(tag.starts_with("booking_confirmed/"), "{tag}");
    let page = format!("/lessons/{}", booking.id);
    assert_eq!(told, json!({ "sentence": subject, "page": page, "tag": tag }), "and nothing else");
    let other = service.browser("other");
    assert!(
        std::panic::catch_unwind(|| decrypt(&other, &call.body)).is_err(),
        "another browser reads nothing"
    );
}

/// The token of RFC 8292, read by the library that reads others' tokens too.
#[sqlx::test(migrations = "../migrations")]
async fn calls_say_who_we_are(db: PgPool) {
    let (world, service) = (World::in_english(db).await, PushService::open().await);
    world.tina_s(&service, "laptop").await;
    world.booked_at(at_hour(48)).await;
    world.work().await;
    let calls = service.calls();
    let sent = calls[0].header("authorization").expect("a token");
    let (token, key) =
        sent.strip_prefix("vapid t=").and_then(|rest| rest.split_once(", k=")).expect("two parts");
    assert_eq!(key, push::server_key(&world.services).expect("a key"));
    let point = URL_SAFE_NO_PAD.decode(key).expect("base64url");
    assert_eq!((point.len(), point[0]), (65, 4));
    let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
    let key = DecodingKey::from_ec_components(&part(1..33), &part(33..65)).expect("a key");
    let mut expected = Validation::new(Algorithm::ES256);
    expected.set_audience(&[service.origin()]);
    expected.validate_exp = false;
    let claims = jsonwebtoken::decode::<Value>(token, &key, &expected).expect("our token").claims;
    let until = (world.services.clock.now() + TimeDelta::hours(12)).timestamp();
    let claimed = json!({ "aud": service.origin(), "exp": until, "sub": "http://127.0.0.1:3000" });
    assert_eq!(claims, claimed);
}

/// Each answer of a push service, and whether the browser subscribed with our present key: whether it is kept, and how
/// often it is called in two tries.
#[sqlx::test(migrations = "../migrations")]
async fn answers_as_a_table(db: PgPool) {
    let (world, service) = (World::in_english(db).await, PushService::open().await);
    for (at, (status, present, kept, calls)) in [
        (201, true, 1, 1),
        (404, true, 0, 1),
        (410, true, 0, 1),
        (401, false, 0, 1),
        (403, false, 0, 1),
        // By a clock that is wrong nobody loses a browser.
        (401, true, 1, 2),
        (403, true, 1, 2),
        (400, true, 1, 1),
        (413, true, 1, 1),
        (429, true, 1, 2),
        (503, true, 1, 2),
    ]
    .into_iter()
    .enumerate()
    {
        testing::execute(&world.services, "DELETE FROM user_sessions").await;
        assert_eq!(number(&world.services, DEVICES).await, 0, "they end with the sign-in");
        world.tina_s(&service, "laptop").await;
        if !present {
            testing::execute(&world.services, "UPDATE push_devices SET server_key = 'another'").await;
        }
        service.answer(status);
        let before = service.calls().len();
        world.booked_at(at_hour(48 + 2 * i64::try_from(at).expect("small"))).await;
        world.work().await;
        jobs::retry_now(&world.services).await.expect("due again");
        world.work().await;
        assert_eq!(number(&world.services, DEVICES).await, kept, "{status} {present}");
        assert_eq!(service.calls().len() - before, calls, "{status} {present}");
        testing::execute(&world.services, "DELETE FROM graphile_worker._private_jobs").await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_refused_past_its_use_or_read_is_not_told(db: PgPool) {
    let (world, service) = (World::in_english(db).await, PushService::open().await);
    let (services, sam, tina) = (&world.services, &world.student, &world.tutor.actor);
    world.tina_s(&service, "laptop").await;
    let choose = async |wanted: fn(&Choice) -> bool| {
        let wanted: Vec<_> = Choice::all(Role::Tutor).filter(wanted).collect();
        notice::choose(services, tina, &wanted).await.expect("chosen");
    };
    choose(|choice| choice.channel != Channel::Push).await;
    let booking = world.booked_at(at_hour(48)).await;
    world.work().await;
    assert_eq!(service.calls().len(), 0, "refused");
    // By push alone: neither a mail nor a notice tells of it.
    choose(|choice| choice.channel == Channel::Push && choice.topic == Topic::Reminders).await;
    let mails = world.tick_at(booking.start - TimeDelta::hours(24)).await;
    assert_eq!(mails.iter().filter(|(to, _)| to == letters::TINA).count(), 0);
    for _ in 0..2 {
        world.tick_at(booking.start - TimeDelta::hours(24)).await;
    }
    assert_eq!(service.calls().len(), 1);
    let kinds = notice::list(services, tina, 1).await.expect("notices").rows;
    assert!(kinds.iter().all(|notice| notice.kind != Kind::ReminderDay));
    // The service is away until the hour is over.
    service.answer(503);
    world.tick_at(booking.start - TimeDelta::hours(1)).await;
    service.answer(201);
    world.set(booking.start).await;
    jobs::retry_now(services).await.expect("due again");
    world.work().await;
    assert_eq!(service.calls().len(), 2, "tried once, and past its use then");
    // Read while the service was away.
    choose(|_| true).await;
    service.answer(503);
    let thread = chat::open(services, sam, chat::Whom::Tutor(world.tutor.id)).await.expect("a thread").0.id;
    let body = MessageBody::parse("Hello").expect("a text");
    chat::send(services, sam, thread, &body, None).await.expect("sent");
    world.tick_at(booking.start + TimeDelta::minutes(5)).await;
    let tried = service.calls().len();
    notice::read_all(services, tina).await.expect("read");
    service.answer(201);
    jobs::retry_now(services).await.expect("due again");
    world.work().await;
    assert_eq!(service.calls().len(), tried);
}

#[sqlx::test(migrations = "../migrations")]
async fn quiet_hours_hold_what_can_wait(db: PgPool) {
    let (world, service) = (World::in_english(db).await, PushService::open().await);
    let (services, sam, tina) = (&world.services, &world.student, &world.tutor.actor);
    world.tina_s(&service, "laptop").await;
    let hours = Quiet::parse("22:00", "07:00").expect("hours");
    notice::set_quiet_hours(services, tina, hours).await.expect("set");
    world.set("2027-03-01T21:00:00Z".parse().expect("an instant")).await;
    let thread = chat::open(services, sam, chat::Whom::Tutor(world.tutor.id)).await.expect("a thread").0.id;
    let body = MessageBody::parse("Hello").expect("a text");
    chat::send(services, sam, thread, &body, None).await.expect("sent");
    for (at, calls) in [("2027-03-01T21:05:00Z", 0), ("2027-03-02T05:59:00Z", 0), ("2027-03-02T06:00:00Z", 1)]
    {
        world.tick_at(at.parse().expect("an instant")).await;
        assert_eq!(service.calls().len(), calls, "{at}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_browser_is_told_while_its_person_is_signed_in_there(db: PgPool) {
    let (world, service) = (World::in_english(db).await, PushService::open().await);
    let (services, sam, tina) = (&world.services, &world.student, &world.tutor.actor);
    let laptop = world.tina_s(&service, "laptop").await;
    let phone = world.tina_s(&service, "phone").await;
    world.subscribe(tina, "laptop", &laptop).await.expect("again changes nothing");
    assert_eq!(push::count(services, tina).await.expect("a count"), 2);
    let is_told = async |actor, browser: &Browser| {
        push::is_told(services, actor, &browser.endpoint).await.expect("read")
    };
    assert!(is_told(tina, &laptop).await && !is_told(sam, &laptop).await);
    account::sign_out(services, "laptop").await.expect("signed out");
    assert!(!is_told(tina, &laptop).await && is_told(tina, &phone).await);
    assert_eq!(
        refused(world.subscribe(tina, "laptop", &laptop).await).0,
        Code::InvalidToken,
        "no such sign-in"
    );
    assert_eq!(
        refused(world.subscribe(sam, "phone", &laptop).await).0,
        Code::InvalidToken,
        "another's sign-in"
    );
    push::unsubscribe(services, sam, None).await.expect("his");
    assert!(is_told(tina, &phone).await);
    push::unsubscribe(services, tina, Some(&laptop.endpoint)).await.expect("that one");
    assert!(is_told(tina, &phone).await);
    push::unsubscribe(services, tina, None).await.expect("all");
    assert_eq!(push::count(services, tina).await.expect("a count"), 0);
    // The same browser with another person.
    let cookie = world.signed_in(sam, "his").await;
    world.subscribe(sam, cookie, &phone).await.expect("told");
    assert!(is_told(sam, &phone).await);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_no_subscription_is_refused(db: PgPool) {
    let (world, service) = (World::in_english(db).await, PushService::open().await);
    let tina = &world.tutor.actor;
    let cookie = world.signed_in(tina, "laptop").await;
    let good = service.browser("laptop");
    let (p256dh, auth) = (good.p256dh(), good.auth());
    let long = format!("{}/{}", service.origin(), "x".repeat(2000));
    for (endpoint, p256dh, auth) in [
        ("", &*p256dh, &*auth),
        ("laptop", &p256dh, &auth),
        ("file:///etc/passwd", &p256dh, &auth),
        ("mailto:ada@example.org", &p256dh, &auth),
        (&long, &p256dh, &auth),
        (&good.endpoint, "", &auth),
        (&good.endpoint, &p256dh[..40], &auth),
        (&good.endpoint, &p256dh.replace(|c: char| c.is_alphabetic(), "A"), &auth),
        (&good.endpoint, &p256dh, ""),
        (&good.endpoint, &p256dh, &p256dh),
        (&good.endpoint, &p256dh, "not base64url"),
    ] {
        let subscription = Subscription { endpoint, p256dh, auth };
        let told = push::subscribe(&world.services, tina, cookie, subscription).await;
        assert_eq!(refused(told), (Code::InvalidRequest, "push".to_owned()), "{endpoint} {p256dh} {auth}");
    }
    assert_eq!(number(&world.services, DEVICES).await, 0);
}
