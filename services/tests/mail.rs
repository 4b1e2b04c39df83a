//! Mails on a real database: written once, kept, sent to a mail server of this process.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod post;
mod till;

use std::time::Duration;

use domain::booking::Booking;
use insta::assert_snapshot;
use post::Post;
use serde_json::{Value, json};
use services::{
    jobs,
    mail::{self, Mail},
    sweep,
    testing::{self, assert_invariants, number},
};
use sqlx::{PgPool, postgres::PgPoolOptions};
use till::Till;

/// A till whose student reads a language in a zone.
async fn open(db: PgPool, locale: &str, zone: &str) -> Till {
    let till = till::open(db).await;
    sqlx::query("UPDATE users SET email = 'sam@example.org', locale = $2, time_zone = $3 WHERE id = $1")
        .bind(till.student.user.0)
        .bind(locale)
        .bind(zone)
        .execute(&till.services.db)
        .await
        .expect("a reader");
    till
}

/// An hour that was taught and is due now, on the clock of the database.
async fn taught(till: &Till, hour: i64) -> Booking {
    let booking = till.taught(hour).await;
    till.services.clock.set(&till.services.db, Some(booking.end)).await.expect("the clock");
    booking
}

async fn mails(till: &Till) -> Vec<Mail> {
    mail::list(&till.services).await.expect("mails")
}

/// A mail as text, without what differs each time.
fn shown(mail: &Mail, booking: &Booking) -> String {
    let id = booking.id.to_string();
    format!("{}\n\n{}", mail.subject, mail.text).replace(&id, "BOOKING")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_receipt_is_written_once_however_often_it_is_told(db: PgPool) {
    let till = open(db, "en", "America/New_York").await;
    till.card("pm_card_visa").await;
    let booking = taught(&till, 4).await;
    assert_eq!(till.tick().await, 3, "charged, the receipt written, the booking told of");
    let kept = mails(&till).await;
    assert_eq!(kept.len(), 1);
    assert_eq!((&*kept[0].kind, &*kept[0].to, &*kept[0].locale), ("receipt", "sam@example.org", "en"));
    assert_eq!((kept[0].created_at, kept[0].sent_at), (booking.end, None));
    assert_snapshot!("receipt_en", shown(&kept[0], &booking));
    let html = kept[0].html.replace(&booking.id.to_string(), "BOOKING");
    assert_snapshot!("receipt_en_html", html);
    let id = kept[0].id;

    testing::execute(&till.services, "UPDATE outbox SET dispatched_at = NULL").await;
    assert_eq!(till.tick().await, 2, "the jobs run again");
    let kept = mails(&till).await;
    assert_eq!((kept.len(), kept[0].id), (1, id));
    assert_eq!(till.tick().await, 0);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_receipt_in_french(db: PgPool) {
    let till = open(db, "fr", "Europe/Paris").await;
    till.card("pm_card_mastercard").await;
    let booking = taught(&till, 4).await;
    till.tick().await;
    let kept = mails(&till).await;
    assert_eq!((kept.len(), &*kept[0].locale), (1, "fr"));
    assert_snapshot!("receipt_fr", shown(&kept[0], &booking));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_debt_is_told_once_with_the_way_to_pay_it(db: PgPool) {
    let till = open(db, "en", "Europe/Paris").await;
    till.card("pm_card_chargeCustomerFail").await;
    let booking = taught(&till, 4).await;
    till.tick().await;
    let kept = mails(&till).await;
    assert_eq!((kept.len(), &*kept[0].kind), (1, "payment_failed"));
    let pay = format!("http://127.0.0.1:3000/lessons/{}/charge", booking.id);
    assert!(kept[0].text.contains(&pay) && kept[0].html.contains(&pay));
    assert_snapshot!("payment_failed_en", shown(&kept[0], &booking));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_debt_without_a_card_in_french(db: PgPool) {
    let till = open(db, "fr", "Europe/Paris").await;
    let booking = taught(&till, 4).await;
    till.tick().await;
    let kept = mails(&till).await;
    assert_eq!((kept.len(), &*kept[0].kind), (1, "payment_failed"));
    assert_snapshot!("payment_failed_fr", shown(&kept[0], &booking));
}

#[sqlx::test(migrations = "../migrations")]
async fn two_servers_dispatch_each_event_once(db: PgPool) {
    let till = open(db, "en", "Europe/Paris").await;
    taught(&till, 4).await;
    till.tick().await;
    let more = "INSERT INTO outbox (kind, booking_id, payload, correlation_id, created_at)
                SELECT 'payment.failed', id, '{}', gen_random_uuid(), ends_at FROM bookings, generate_series(1, 500)";
    testing::execute(&till.services, more).await;
    let second = till.second_server();
    let (one, other) = tokio::join!(jobs::outbox::dispatch(&till.services), jobs::outbox::dispatch(&second));
    assert_eq!(one.expect("dispatched") + other.expect("dispatched"), 500);
    let kept = "SELECT count(DISTINCT o.correlation_id) FROM graphile_worker._private_jobs j
                JOIN outbox o ON o.correlation_id = (j.payload ->> 'correlation_id')::uuid";
    assert_eq!(number(&till.services, kept).await, 500);
    assert_eq!(number(&till.services, "SELECT count(*) FROM graphile_worker._private_jobs").await, 500);
    let open = "SELECT count(*) FROM outbox WHERE dispatched_at IS NULL";
    assert_eq!(number(&till.services, open).await, 0);
    let (one, other) = tokio::join!(jobs::drain(&till.services), jobs::drain(&second));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(mails(&till).await.len(), 1, "still one mail about one debt");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_running_server_writes_mails_by_itself(db: PgPool) {
    // As many connections as a server has: each worker listens on one of its own.
    let options = (*db.connect_options()).clone();
    let db = PgPoolOptions::new().max_connections(20).connect_with(options).await.expect("a pool");
    let till = open(db, "en", "Europe/Paris").await;
    taught(&till, 4).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let services = till.services.clone();
    let until = async move { drop(stopped.await) };
    let working = tokio::spawn(async move { jobs::work(&services, until).await });
    sweep::run(&till.services).await.expect("swept");
    jobs::hand_out(&till.services).await.expect("handed out");
    let written = async {
        while mails(&till).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), written).await.expect("a mail soon after the commit");
    stop.send(()).expect("it still works");
    working.await.expect("stopped orderly");
}

/// A till that sends to a mail server.
async fn sending(db: PgPool, post: &Post) -> Till {
    let mut till = open(db.clone(), "fr", "Europe/Paris").await;
    till.services =
        testing::services_in(db, &[("SMTP_URL", &post.url())], Some(&till::config(&till.sandbox)));
    till
}

#[sqlx::test(migrations = "../migrations")]
async fn a_mail_server_that_is_down_loses_nothing(db: PgPool) {
    let post = Post::closed();
    let till = sending(db, &post).await;
    let booking = taught(&till, 4).await;
    till.tick().await;
    let kept = mails(&till).await;
    assert_eq!((kept.len(), kept[0].sent_at), (1, None));
    let tries = "SELECT attempts::bigint FROM mails WHERE error IS NOT NULL";
    assert_eq!(number(&till.services, tries).await, 1);

    let post = post.open().await;
    post.refuse_next();
    till.tick().await;
    assert_eq!((mails(&till).await[0].sent_at, post.taken().len()), (None, 0), "it said: later");
    till.tick().await;
    assert_eq!(mails(&till).await[0].sent_at, Some(booking.end));
    till.tick().await;
    let taken = post.taken();
    assert_eq!(taken.len(), 1, "sent once");
    let done = "SELECT attempts::bigint FROM mails WHERE error IS NULL";
    assert_eq!(number(&till.services, done).await, 3);

    let id = format!("Message-ID: <{}@localhost>", kept[0].id);
    for part in [
        &*id,
        "From: Lectern <no-reply@localhost>",
        "To: sam@example.org",
        "Auto-Submitted: auto-generated",
        "Date: Mon, 01 Mar 2027 13:00:00 +0000",
        "Content-Type: multipart/alternative",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
    ] {
        assert!(taken[0].contains(part), "{part} is missing in {}", taken[0]);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lost_note_sends_again_under_the_same_id(db: PgPool) {
    let post = Post::closed().open().await;
    let till = sending(db, &post).await;
    taught(&till, 4).await;
    till.tick().await;
    // As if the process had died between the server's answer and the note of it.
    testing::execute(&till.services, "UPDATE mails SET sent_at = NULL").await;
    let again = mail::SendMail { mail: mails(&till).await[0].id };
    for _ in 0..2 {
        jobs::Job::run(again.clone(), &till.services).await.expect("sent");
    }
    let ids: Vec<String> = post.taken().iter().map(|mail| message_id(mail)).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

fn message_id(mail: &str) -> String {
    mail.lines().find(|line| line.starts_with("Message-ID: ")).expect("a Message-ID").to_owned()
}

#[sqlx::test(migrations = "../migrations")]
async fn kept_mails_are_written_as_json(db: PgPool) {
    let till = open(db, "en", "Europe/Paris").await;
    taught(&till, 4).await;
    till.tick().await;
    let json = serde_json::to_value(mails(&till).await).expect("JSON");
    let keys: Vec<&str> = json[0].as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "calendar",
            "created_at",
            "html",
            "id",
            "kind",
            "locale",
            "sent_at",
            "subject",
            "text",
            "to",
            "unsubscribe"
        ]
    );
    assert_eq!((&json[0]["sent_at"], &json[0]["created_at"]), (&Value::Null, &json!("2027-03-01T13:00:00Z")));
}
