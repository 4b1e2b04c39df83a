//! Money while its owner is there: typing a card, and answering the bank (3-D Secure).
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use domain::{Code, booking::Booking};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use services::{
    AppError,
    payment::{self, CardSetup, ChargeStatus, DebtPayment},
    testing::{assert_invariants, number, refused},
};
use sha2::Sha256;
use sqlx::PgPool;
use till::Till;

/// Types a card into the provider's form, as its script does. Answers the provider's answer.
async fn typed(till: &Till, setup: &CardSetup, number: &str) -> Value {
    let id = setup.client_secret.split("_secret_").next().expect("an id");
    let url = format!("{}/v1/setup_intents/{id}/confirm", till.sandbox.url());
    let form = [
        ("key", &*setup.publishable_key),
        ("client_secret", &setup.client_secret),
        ("payment_method_data[type]", "card"),
        ("payment_method_data[card][number]", number),
        ("payment_method_data[card][exp_month]", "12"),
        ("payment_method_data[card][exp_year]", "2034"),
        ("payment_method_data[card][cvc]", "123"),
    ];
    till.client.post(url).form(&form).send().await.expect("asked").json().await.expect("an object")
}

/// The owner answers the bank: `complete`, `fail` or `close`.
async fn answers(till: &Till, secret: &str, outcome: &str) {
    let id = secret.split("_secret_").next().expect("an id");
    let url = format!("{}/_pages/authenticate/{id}?client_secret={secret}", till.sandbox.url());
    let done = till.client.post(url).form(&[("outcome", outcome)]).send().await.expect("answered");
    assert!(done.status().is_success(), "{outcome}");
}

/// A lesson that is owed because its bank wants the owner's word, and the card.
async fn owed(till: &Till) -> (Booking, String) {
    let card = till.card("pm_card_authenticationRequired").await;
    let booking = till.taught(4).await;
    till.tick().await;
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Debt);
    (booking, card.id)
}

async fn begin(till: &Till, booking: &Booking, card: &str) -> Result<DebtPayment, AppError> {
    payment::begin_debt_payment(&till.services, &till.student, booking.id, card).await
}

async fn finish(till: &Till, booking: &Booking) -> Result<DebtPayment, AppError> {
    payment::finish_debt_payment(&till.services, &till.student, booking.id).await
}

/// What opens the payment to its owner's browser.
async fn asked(till: &Till, booking: &Booking, card: &str) -> String {
    match begin(till, booking, card).await.expect("tried") {
        DebtPayment::Asks { client_secret } => client_secret,
        DebtPayment::Paid => panic!("the bank was to ask"),
    }
}

/// One payment at the provider, one line of the ledger, no attempt left open.
async fn paid_once(till: &Till, booking: &Booking) {
    assert_eq!(till.explained(booking).await.status, ChargeStatus::Paid);
    assert_eq!(till.counted("payment_intents").await, 1);
    for (sql, expected) in [
        ("SELECT count(*) FROM ledger_events WHERE kind = 'paid'", 1),
        ("SELECT count(*) FROM charge_attempts WHERE state = 'succeeded'", 1),
        ("SELECT count(*) FROM charge_attempts WHERE state = 'pending'", 0),
        ("SELECT count(*) FROM outbox WHERE kind = 'payment.succeeded'", 1),
        ("SELECT count(*) FROM student_debts WHERE cleared_at IS NULL", 0),
    ] {
        assert_eq!(number(&till.services, sql).await, expected, "{sql}");
    }
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_is_typed_and_saved_with_the_words_that_were_shown(db: PgPool) {
    let till = till::open(db).await;
    let setup = payment::begin_setup(&till.services, &till.student).await.expect("a setup");
    assert_eq!(setup.js_url, format!("{}/v3/", till.sandbox.url()));
    let declined = typed(&till, &setup, "4000000000009995").await;
    assert_eq!(declined["error"]["decline_code"], "insufficient_funds");
    assert!(payment::list_cards(&till.services, &till.student).await.expect("cards").is_empty());

    let done = typed(&till, &setup, "4242424242424242").await;
    assert_eq!((&done["status"], &done["usage"]), (&json!("succeeded"), &json!("off_session")));
    let method = done["payment_method"].as_str().expect("a payment method");
    let save = async || payment::save_card(&till.services, &till.student, method, "J’accepte.").await;
    let card = save().await.expect("saved");
    assert_eq!((&*card.last4, card.is_default), ("4242", true));
    let consents = payment::list_consents(&till.services, &till.student).await.expect("consents");
    let words: Vec<_> = consents.iter().map(|it| (&*it.card, &*it.text, &*it.version)).collect();
    assert_eq!(words, [(method, "J’accepte.", payment::CONSENT)]);

    let second = payment::begin_setup(&till.services, &till.student).await.expect("another");
    assert_ne!(second.client_secret, setup.client_secret);
    assert_eq!((till.counted("setup_intents").await, till.counted("customers").await), (2, 1));
    let by_tutor = payment::begin_setup(&till.services, &till.tutor.actor).await.err().expect("refused");
    assert_eq!(by_tutor.code(), Code::InsufficientPermissions);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_bank_asks_and_its_answer_counts_once(db: PgPool) {
    let till = till::open(db).await;
    let (booking, card) = owed(&till).await;
    let secret = asked(&till, &booking, &card).await;
    let early = finish(&till, &booking).await.expect("no answer yet");
    assert_eq!(
        early,
        DebtPayment::Asks { client_secret: secret.clone() },
        "the browser cannot say that it is paid"
    );
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Debt);
    answers(&till, &secret, "complete").await;
    for _ in 0..2 {
        assert_eq!(finish(&till, &booking).await.expect("paid"), DebtPayment::Paid);
    }
    assert_eq!(begin(&till, &booking, &card).await.expect("paid before"), DebtPayment::Paid);
    paid_once(&till, &booking).await;
}

/// Each row: what the owner does, and whether the browser tells of it.
#[sqlx::test(migrations = "../migrations")]
async fn a_refused_question_leaves_the_debt_and_is_asked_again(db: PgPool) {
    let till = till::open(db).await;
    let (booking, card) = owed(&till).await;
    for (outcome, told) in [("fail", true), ("close", true), ("fail", false)] {
        let secret = asked(&till, &booking, &card).await;
        answers(&till, &secret, outcome).await;
        if told {
            for _ in 0..2 {
                assert_eq!(refused(finish(&till, &booking).await).0, Code::PaymentFailed, "{outcome}");
            }
        }
        assert_eq!(till.explained(&booking).await.status, ChargeStatus::Debt, "{outcome}");
    }
    let left = asked(&till, &booking, &card).await;
    let again = asked(&till, &booking, &card).await;
    assert_eq!(left, again, "one payment for each booking");
    answers(&till, &again, "complete").await;
    assert_eq!(finish(&till, &booking).await.expect("paid"), DebtPayment::Paid);
    paid_once(&till, &booking).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_question_that_is_left_open_does_not_keep_another_card_from_paying(db: PgPool) {
    let till = till::open(db).await;
    let (booking, card) = owed(&till).await;
    asked(&till, &booking, &card).await;
    let good = till.card("pm_card_visa").await;
    assert_eq!(begin(&till, &booking, &good.id).await.expect("paid"), DebtPayment::Paid);
    paid_once(&till, &booking).await;
    let paid_by: String = sqlx::query_scalar("SELECT card_id FROM charge_attempts WHERE state = 'succeeded'")
        .fetch_one(&till.services.db)
        .await
        .expect("one attempt");
    assert_eq!(paid_by, good.id);
}

/// The browser closes after the bank's question: what was paid is not asked for again, by whichever card.
#[sqlx::test(migrations = "../migrations")]
async fn what_was_paid_and_never_told_is_found(db: PgPool) {
    let till = till::open(db).await;
    let (booking, card) = owed(&till).await;
    let secret = asked(&till, &booking, &card).await;
    answers(&till, &secret, "complete").await;
    let other = till.card("pm_card_visa").await;
    assert_eq!(begin(&till, &booking, &other.id).await.expect("paid"), DebtPayment::Paid);
    paid_once(&till, &booking).await;
}

/// Without a card at the end of the lesson there is no payment to try again: the first one is made here.
#[sqlx::test(migrations = "../migrations")]
async fn a_debt_without_a_payment_is_paid_by_its_first(db: PgPool) {
    let till = till::open(db).await;
    let booking = till.taught(4).await;
    till.tick().await;
    assert_eq!(refused(finish(&till, &booking).await), (Code::InvalidState, "nothing_due".into()));
    let card = till.card("pm_card_authenticationRequired").await;
    let secret = asked(&till, &booking, &card.id).await;
    answers(&till, &secret, "complete").await;
    assert_eq!(finish(&till, &booking).await.expect("paid"), DebtPayment::Paid);
    paid_once(&till, &booking).await;
}

/// Each row: what goes wrong at the provider while the owner is there, and the status where one is answered.
#[sqlx::test(migrations = "../migrations")]
async fn a_lost_answer_is_asked_for_again(db: PgPool) {
    let till = till::open(db).await;
    let (booking, card) = owed(&till).await;
    let path = "/v1/payment_intents/*/confirm";
    for (kind, status) in [("drop_before", 0), ("drop_after", 0), ("error_after", 502), ("error_before", 429)]
    {
        till.fault(json!({ "method": "POST", "path": path, "kind": kind, "status": status, "times": 1 }))
            .await;
        assert_eq!(begin(&till, &booking, &card).await.expect_err("lost").code(), Code::Internal, "{kind}");
        asked(&till, &booking, &card).await;
    }
    let secret = asked(&till, &booking, &card).await;
    answers(&till, &secret, "complete").await;
    till.fault(json!({ "method": "GET", "path": "/v1/payment_intents/*", "kind": "drop_after", "times": 1 }))
        .await;
    assert_eq!(finish(&till, &booking).await.expect_err("lost").code(), Code::Internal);
    assert_eq!(finish(&till, &booking).await.expect("paid"), DebtPayment::Paid);
    paid_once(&till, &booking).await;
}

/// The provider's own message, and the browser's: whichever comes first, and both at once.
#[sqlx::test(migrations = "../migrations")]
async fn the_providers_message_and_the_browsers_agree(db: PgPool) {
    let till = till::open(db).await;
    let (booking, card) = owed(&till).await;
    let secret = asked(&till, &booking, &card).await;
    answers(&till, &secret, "complete").await;
    let charge = text_of(&till, "SELECT id::text FROM charges").await;
    let intent = text_of(&till, "SELECT payment_intent FROM charges").await;
    let event = json!({ "id": "evt_1", "type": "payment_intent.succeeded",
        "data": { "object": { "id": intent, "metadata": { "charge": charge } } } });
    let body = event.to_string();
    let at = till.services.clock.now().timestamp();
    let secret = till::config(&till.sandbox).webhook_secret;
    let header = format!("t={at},v1={}", signature(&secret, at, &body));
    let told = async {
        payment::receive(&till.services, &header, body.as_bytes()).await.expect("received");
        till.tick().await;
    };
    let (finished, ()) = tokio::join!(finish(&till, &booking), told);
    assert_eq!(finished.expect("paid"), DebtPayment::Paid);
    paid_once(&till, &booking).await;
}

async fn text_of(till: &Till, sql: &'static str) -> String {
    sqlx::query_scalar(sql).fetch_one(&till.services.db).await.expect("one row")
}

/// As the provider signs: the hex HMAC of the time and the body.
fn signature(secret: &str, at: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(format!("{at}.{body}").as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Cancels the payment of the only charge at the provider, as its owner can there; the provider's id of it.
async fn cancel_elsewhere(till: &Till) -> String {
    let intent: String = sqlx::query_scalar("SELECT payment_intent FROM charges")
        .fetch_one(&till.services.db)
        .await
        .expect("a payment");
    let url = format!("{}/v1/payment_intents/{intent}/cancel", till.sandbox.url());
    let gone = till.client.post(url).bearer_auth("sk_test_sandbox").send().await.expect("asked");
    assert!(gone.status().is_success());
    intent
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payment_that_was_cancelled_at_the_provider_gives_way_to_another(db: PgPool) {
    let till = till::open(db).await;
    let (booking, _) = owed(&till).await;
    cancel_elsewhere(&till).await;
    let good = till.card("pm_card_visa").await;
    assert_eq!(begin(&till, &booking, &good.id).await.expect("tried"), DebtPayment::Paid);
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Paid);
    assert_eq!(
        number(&till.services, "SELECT count(*) FROM student_debts WHERE cleared_at IS NULL").await,
        0
    );
    assert_invariants(&till.services).await;
}

/// The bank asks about the payment that took the place of a cancelled one: it is that one that is looked up then.
#[sqlx::test(migrations = "../migrations")]
async fn the_bank_asks_about_the_payment_in_the_place_of_a_cancelled_one(db: PgPool) {
    let till = till::open(db).await;
    let (booking, card) = owed(&till).await;
    let intent = cancel_elsewhere(&till).await;
    let secret = asked(&till, &booking, &card).await;
    assert!(!secret.starts_with(&intent));
    answers(&till, &secret, "complete").await;
    assert_eq!(finish(&till, &booking).await.expect("paid"), DebtPayment::Paid);
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Paid);
    assert_invariants(&till.services).await;
}
