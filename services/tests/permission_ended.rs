//! Zoom tells that the owner of an account removed our app: the permission is over, and its tutor is told, once.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use chrono::{DateTime, TimeDelta, Utc};
use domain::Code;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use services::{
    Services, booking, jobs,
    mail::{self, Kind},
    notice,
    testing::{self, Tutor, at_hour, now, refused},
    video::{self, Heard},
};
use sha2::Sha256;
use sqlx::PgPool;

const SECRET: &str = "of tests";
const OWNER: &str = "host-tina";

async fn open(db: PgPool) -> (Services, Tutor) {
    jobs::migrate(&db).await.expect("the queue");
    let vars =
        [("ZOOM_CLIENT_ID", "lectern"), ("ZOOM_CLIENT_SECRET", "geheim"), ("ZOOM_WEBHOOK_SECRET", SECRET)];
    let services = testing::services_in(db, &vars, None);
    services.clock.set(&services.db, Some(now())).await.expect("the clock");
    let tutor = testing::tutor(&services, "Tina").await;
    connect(&services, &tutor).await;
    (services, tutor)
}

/// An account at Zoom in which the tutor's lessons take place.
async fn connect(services: &Services, tutor: &Tutor) {
    let sql = "WITH permitted AS (
                   INSERT INTO oauth_connections (id, user_id, provider, subject, scopes, access_token, expires_at,
                       refresh_token, state, created_at, renewed_at)
                   VALUES (gen_random_uuid(), $1, 'zoom', $3, '', '', $4, '', 'active', $4, $4) RETURNING id),
               account AS (
                   INSERT INTO video_connections (tutor_id, provider, account, login, oauth_id, created_at)
                   SELECT $2, 'zoom', $3, 'tina@zoom.test', id, $4 FROM permitted)
               UPDATE tutors SET provider = 'zoom' WHERE id = $2";
    let done = sqlx::query(sql).bind(tutor.actor.user.0).bind(tutor.id.0).bind(OWNER).bind(now());
    done.execute(&services.db).await.expect("an account");
}

/// What Zoom says when somebody removes an app.
fn removed(owner: &str, app: &str, at: DateTime<Utc>) -> Value {
    let told = json!({ "account_id": "a", "user_id": owner, "client_id": app, "deauthorization_time": at });
    json!({ "event": "app_deauthorized", "event_ts": at.timestamp_millis(), "payload": told })
}

async fn tell(services: &Services, message: &Value) {
    let (timestamp, body) = (services.clock.now().timestamp().to_string(), message.to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    let bytes = mac.finalize().into_bytes();
    let signature = bytes.iter().fold("v0=".to_owned(), |text, byte| format!("{text}{byte:02x}"));
    let heard = video::receive(services, &timestamp, &signature, body.as_bytes()).await;
    assert_eq!(heard.expect("taken"), Heard::Taken);
    jobs::drain(services).await.expect("all jobs");
}

/// Whether the account lets us in, and how many mails say that it does not.
async fn stands(services: &Services, tutor: &Tutor) -> (bool, usize) {
    let rows = video::list(services, &tutor.actor, tutor.id).await.expect("a list");
    let mails = mail::list(services).await.expect("mails");
    (rows[0].is_active, mails.iter().filter(|mail| mail.kind == "permission_ended").count())
}

#[sqlx::test(migrations = "../migrations")]
async fn who_removes_our_app_at_zoom_is_told_once_and_asked_again(db: PgPool) {
    let (services, tutor) = open(db).await;
    let student = testing::student(&services, "Sam").await;
    let later = now() + TimeDelta::minutes(10);
    services.clock.set(&services.db, Some(later)).await.expect("the clock");
    for of_no_account in [
        removed("host-other", "lectern", later),
        removed(OWNER, "another-app", later),
        removed(OWNER, "lectern", now() - TimeDelta::minutes(1)),
        json!({ "event": "app_deauthorized", "payload": { "user_id": OWNER } }),
    ] {
        tell(&services, &of_no_account).await;
        assert_eq!(stands(&services, &tutor).await, (true, 0), "{of_no_account}");
    }

    let message = removed(OWNER, "lectern", later);
    for _ in 0..2 {
        tell(&services, &message).await;
        assert_eq!(stands(&services, &tutor).await, (false, 1));
    }
    let refusal = booking::place(&services, &student, &testing::request(&tutor, at_hour(29)), None).await;
    assert_eq!(refused(refusal).0, Code::ProviderRequired);
    let written = mail::list(&services).await.expect("mails");
    let written = written.iter().find(|mail| mail.kind == "permission_ended").expect("a mail");
    assert!(written.text.contains("tina@zoom.test") && written.text.contains("/tutor/settings#video"));
    let noticed = notice::list(&services, &tutor.actor, 1).await.expect("notices").rows;
    assert_eq!(noticed.iter().map(|notice| notice.kind).collect::<Vec<_>>(), [Kind::PermissionEnded]);
    let (kind, subject) = notice::open(&services, &tutor.actor, noticed[0].id).await.expect("opened");
    assert_eq!(notice::page(kind, subject), "/tutor/settings");

    // Permitted again it stands, whenever the old message comes once more; and what ends then is told again.
    testing::execute(
        &services,
        "UPDATE oauth_connections SET state = 'active', renewed_at = renewed_at + interval '11 minutes'",
    )
    .await;
    tell(&services, &message).await;
    assert_eq!(stands(&services, &tutor).await, (true, 1));
    let again = later + TimeDelta::minutes(2);
    services.clock.set(&services.db, Some(again)).await.expect("the clock");
    tell(&services, &removed(OWNER, "lectern", again)).await;
    assert_eq!(stands(&services, &tutor).await, (false, 2));
}
