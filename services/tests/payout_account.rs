//! The account to which a tutor's earnings are paid: begun, left, checked, ready; and a provider that fails meanwhile.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use chrono::TimeDelta;
use domain::{Code, payout::AccountState};
use serde_json::{Value, json};
use services::{
    Actor, AppError, payment, payout,
    testing::{self, now, number, refused},
};
use sqlx::PgPool;
use till::Till;

const PAGE: &str = "/tutor/earnings";

async fn state(till: &Till) -> AccountState {
    payout::account_state(&till.services, &till.tutor.actor, till.tutor.id).await.expect("a state")
}

async fn begin(till: &Till) -> String {
    payout::begin_onboarding(&till.services, &till.tutor.actor, till.tutor.id, PAGE).await.expect("a link")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_sets_up_the_account_step_by_step(db: PgPool) {
    let till = till::open(db).await;
    assert_eq!(state(&till).await, AccountState::Missing);
    for (outcome, expected) in [
        ("leave", AccountState::Begun),
        ("pending", AccountState::Checked),
        ("complete", AccountState::Ready),
    ] {
        let back = till.onboard(&begin(&till).await, outcome).await;
        let public = &till.services.config.web.public_url;
        assert_eq!(back, format!("{public}{PAGE}?onboarding=done"), "{outcome}");
        payout::look_again(&till.services, &till.tutor.actor, till.tutor.id).await.expect("looked up");
        assert_eq!(state(&till).await, expected, "{outcome}");
    }
    assert_eq!(number(&till.services, "SELECT count(*) FROM live_events WHERE kind = 'payout'").await, 2);
    assert_eq!(till.counted("accounts").await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_used_link_leads_to_another_one(db: PgPool) {
    let till = till::open(db).await;
    let link = begin(&till).await;
    till.onboard(&link, "leave").await;
    let straight = till::straight();
    let used = straight.get(&link).send().await.expect("asked");
    let public = &till.services.config.web.public_url;
    assert_eq!(used.headers()["location"], format!("{public}{PAGE}?onboarding=again"));
    assert_ne!(begin(&till).await, link);
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_else_sets_up_or_sees_it(db: PgPool) {
    let till = till::open(db).await;
    let other = testing::tutor(&till.services, "Theo").await.actor;
    let admin = testing::user(&till.services, "Ada", domain::account::Role::Admin).await;
    for actor in [&till.student, &other, &admin] {
        let begun = payout::begin_onboarding(&till.services, actor, till.tutor.id, PAGE).await;
        assert_eq!(refused(begun), (Code::InsufficientPermissions, "forbidden".to_owned()));
    }
    let seen = async |actor: &Actor| payout::account_state(&till.services, actor, till.tutor.id).await;
    assert_eq!(refused(seen(&till.student).await).0, Code::InsufficientPermissions);
    assert_eq!(refused(seen(&other).await).0, Code::InsufficientPermissions);
    assert_eq!(seen(&admin).await.expect("an admin sees it"), AccountState::Missing);
    assert_eq!(till.counted("accounts").await, 0);
}

/// Each row: the call that goes wrong, and how.
#[sqlx::test(migrations = "../migrations")]
async fn a_lost_answer_leaves_one_account(db: PgPool) {
    let mut till = till::open(db).await;
    let mut made = 0;
    for path in ["/v1/accounts", "/v1/account_links"] {
        for (kind, status) in
            [("drop_before", 0), ("drop_after", 0), ("error_before", 429), ("error_after", 500)]
        {
            till.tutor = testing::tutor(&till.services, "Tom").await;
            till.fault(json!({ "path": path, "kind": kind, "status": i32::max(status, 400) })).await;
            let begun =
                payout::begin_onboarding(&till.services, &till.tutor.actor, till.tutor.id, PAGE).await;
            assert!(matches!(begun, Err(AppError::Fault(_))), "{path} {kind}: {begun:?}");
            begin(&till).await;
            made += 1;
            assert_eq!(till.counted("accounts").await, made, "{path} {kind}");
        }
    }
    // Asked for so long ago that the provider has forgotten the key: it is looked up.
    till.tutor = testing::tutor(&till.services, "Una").await;
    till.at(now()).await;
    till.fault(json!({ "path": "/v1/accounts", "kind": "drop_after", "status": 400 })).await;
    let begun = payout::begin_onboarding(&till.services, &till.tutor.actor, till.tutor.id, PAGE).await;
    assert!(matches!(begun, Err(AppError::Fault(_))), "{begun:?}");
    till.at(now() + TimeDelta::hours(25)).await;
    begin(&till).await;
    assert_eq!(till.counted("accounts").await, made + 1);
}

/// Tells of an account as the provider does, under one of its two secrets.
async fn tell(till: &Till, secret: &str, id: &str, account: &str) -> Result<(), AppError> {
    let event = json!({
        "id": id, "object": "event", "type": "account.updated", "account": account,
        "data": { "object": { "id": account, "object": "account", "payouts_enabled": false } }
    });
    let body = event.to_string();
    let signature = sandbox::webhooks::sign(secret, till.services.clock.now().timestamp(), &body);
    payment::receive(&till.services, &signature, body.as_bytes()).await
}

#[sqlx::test(migrations = "../migrations")]
async fn the_provider_tells_by_itself_and_its_present_word_counts(db: PgPool) {
    let till =
        till::open_with(db, |config| config.webhook_secret = "whsec_own, whsec_connect,".to_owned()).await;
    till.onboard(&begin(&till).await, "complete").await;
    assert_eq!(state(&till).await, AccountState::Begun, "nobody has looked yet");
    let account: Value = till.listed("accounts").await[0]["id"].clone();
    let account = account.as_str().expect("an id");
    for wrong in ["", "whsec_other"] {
        let refusal = refused(tell(&till, wrong, "evt_wrong", account).await);
        assert_eq!(refusal, (Code::InvalidRequest, "signature".to_owned()), "{wrong}");
    }
    // Whatever the message says of the account, the account itself is asked; one that is not ours is left alone.
    for (secret, id, about) in [
        ("whsec_connect", "evt_1", account),
        ("whsec_own", "evt_2", account),
        ("whsec_connect", "evt_3", "acct_other"),
    ] {
        tell(&till, secret, id, about).await.expect("taken");
        till.tick().await;
        assert_eq!(state(&till).await, AccountState::Ready, "{id}");
    }
    let open = "SELECT count(*) FROM payment_events WHERE processed_at IS NULL";
    assert_eq!(number(&till.services, open).await, 0);
}
