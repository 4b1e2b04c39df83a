//! The SDK of the product, async-stripe, drives the sandbox: what it cannot parse, the product could not use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, http::HeaderMap, routing::post};
use sandbox::{Options, Sandbox};
use stripe::{
    ApiErrorsCode, Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError, StripeRequest as _,
};
use stripe_connect::{
    account::{
        CreateAccount, CreateAccountCapabilities, CreateAccountCapabilitiesTransfers, CreateAccountType,
        RetrieveAccount,
    },
    account_link::{CreateAccountLink, CreateAccountLinkType},
    transfer::{CreateTransfer, RetrieveTransfer},
    transfer_reversal::CreateIdTransferReversal,
};
use stripe_core::{
    customer::{
        CreateCustomer, DeleteCustomer, ListPaymentMethodsCustomer, RetrieveCustomer, UpdateCustomer,
    },
    payment_intent::{
        CancelPaymentIntent, CapturePaymentIntent, ConfirmPaymentIntent, CreatePaymentIntent,
        CreatePaymentIntentAutomaticPaymentMethods, CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects,
        CreatePaymentIntentOffSession, RetrievePaymentIntent, SearchPaymentIntent,
    },
    refund::{CreateRefund, ListRefund},
    setup_intent::{CreateSetupIntent, CreateSetupIntentUsage, RetrieveSetupIntent},
};
use stripe_payment::payment_method::{AttachPaymentMethod, DetachPaymentMethod};
use stripe_types::Currency;
use stripe_webhook::{EventObject, Webhook};

async fn start(options: Options) -> (Sandbox, Client) {
    let sandbox = Sandbox::start(options).await.unwrap();
    let client = ClientBuilder::new("sk_test_sandbox").url(sandbox.url()).build().unwrap();
    (sandbox, client)
}

fn no_redirect() -> CreatePaymentIntentAutomaticPaymentMethods {
    let mut methods = CreatePaymentIntentAutomaticPaymentMethods::new(true);
    methods.allow_redirects = Some(CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects::Never);
    methods
}

fn payment(card: &str) -> CreatePaymentIntent {
    CreatePaymentIntent::new(5000, Currency::EUR)
        .payment_method(card)
        .automatic_payment_methods(no_redirect())
        .confirm(true)
}

/// Posts what a page or a person would.
async fn press(url: &str, outcome: &str) {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    client.get(url).send().await.unwrap();
    let sent = client.post(url).form(&[("outcome", outcome)]).send().await.unwrap();
    assert!(sent.status().as_u16() < 400, "{}", sent.status());
}

#[tokio::test]
async fn cards_are_saved_and_charged() {
    let (_sandbox, client) = start(Options::default()).await;
    let customer = CreateCustomer::new().email("ada@example.org").send(&client).await.unwrap();
    UpdateCustomer::new(&customer.id).name("Ada").send(&client).await.unwrap();
    let setup = CreateSetupIntent::new()
        .customer(customer.id.as_str())
        .payment_method("pm_card_authenticationRequiredOnSetup")
        .usage(CreateSetupIntentUsage::OffSession)
        .return_url("http://localhost:9/back")
        .confirm(true)
        .send(&client)
        .await
        .unwrap();
    assert_eq!(setup.status.as_str(), "requires_action");
    let next = setup.next_action.unwrap().redirect_to_url.unwrap().url.unwrap();
    press(&next, "complete").await;
    let setup = RetrieveSetupIntent::new(&setup.id).send(&client).await.unwrap();
    let method = setup.payment_method.unwrap().into_id();
    let found = ListPaymentMethodsCustomer::new(&customer.id).send(&client).await.unwrap();
    assert_eq!((found.data.len(), &found.data[0].id), (1, &method));
    let paid = payment(method.as_str())
        .customer(customer.id.as_str())
        .off_session(CreatePaymentIntentOffSession::Bool(true))
        .metadata([("booking".to_owned(), "7".to_owned())])
        .expand(vec!["latest_charge.balance_transaction".to_owned(), "payment_method".to_owned()])
        .send(&client)
        .await
        .unwrap();
    assert_eq!((paid.status.as_str(), paid.amount_received), ("succeeded", 5000));
    let charge = paid.latest_charge.unwrap().into_object().unwrap();
    assert_eq!(charge.balance_transaction.unwrap().into_object().unwrap().fee, 95);
    let found = SearchPaymentIntent::new("metadata['booking']:'7'").send(&client).await.unwrap();
    assert_eq!(found.data.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [paid.id.as_str()]);
    let refund =
        CreateRefund::new().payment_intent(paid.id.as_str()).amount(2000).send(&client).await.unwrap();
    assert_eq!(refund.status.as_deref(), Some("succeeded"));
    let refunds = ListRefund::new().payment_intent(paid.id.as_str()).send(&client).await.unwrap();
    assert_eq!(refunds.data.len(), 1);
    DetachPaymentMethod::new(&method).send(&client).await.unwrap();
    AttachPaymentMethod::new("pm_card_visa").customer(customer.id.as_str()).send(&client).await.unwrap();
    DeleteCustomer::new(&customer.id).send(&client).await.unwrap();
    RetrieveCustomer::new(&customer.id).send(&client).await.unwrap();
}

#[tokio::test]
async fn intents_are_held_captured_and_cancelled() {
    let (_sandbox, client) = start(Options::default()).await;
    let held = CreatePaymentIntent::new(5000, Currency::EUR)
        .capture_method(stripe_shared::PaymentIntentCaptureMethod::Manual)
        .automatic_payment_methods(no_redirect())
        .send(&client)
        .await
        .unwrap();
    let held = ConfirmPaymentIntent::new(&held.id)
        .payment_method("pm_card_visa")
        .expand(vec!["latest_charge".to_owned()])
        .send(&client)
        .await
        .unwrap();
    assert_eq!((held.status.as_str(), held.amount_capturable), ("requires_capture", 5000));
    let card =
        held.latest_charge.unwrap().into_object().unwrap().payment_method_details.unwrap().card.unwrap();
    assert!(card.capture_before.is_some());
    let captured = CapturePaymentIntent::new(&held.id).amount_to_capture(3000).send(&client).await.unwrap();
    assert_eq!((captured.status.as_str(), captured.amount_received), ("succeeded", 3000));
    let error = CancelPaymentIntent::new(&held.id).send(&client).await.unwrap_err();
    let StripeError::Stripe(error, 400) = error else { panic!("{error}") };
    assert_eq!(error.code, Some(ApiErrorsCode::PaymentIntentUnexpectedState));
    assert_eq!(error.payment_intent.unwrap().id, held.id);
}

#[tokio::test]
async fn declines_are_read_with_their_intent() {
    let (_sandbox, client) = start(Options::default()).await;
    for (card, code, decline) in [
        (
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            ApiErrorsCode::CardDeclined,
            Some("insufficient_funds"),
        ),
        ("pm_card_chargeDeclinedExpiredCard", ApiErrorsCode::ExpiredCard, None),
        (
            "pm_card_authenticationRequired",
            ApiErrorsCode::AuthenticationRequired,
            Some("authentication_required"),
        ),
    ] {
        let absent = CreatePaymentIntentOffSession::Bool(true);
        let error = payment(card).off_session(absent).send(&client).await.unwrap_err();
        let StripeError::Stripe(error, 402) = error else { panic!("{error}") };
        assert_eq!((error.code, error.decline_code.as_deref()), (Some(code), decline));
        let intent = error.payment_intent.unwrap();
        assert_eq!(intent.status.as_str(), "requires_payment_method");
        assert!(error.payment_method.is_some() && error.charge.is_some());
        let again = RetrievePaymentIntent::new(&intent.id).send(&client).await.unwrap();
        assert!(again.last_payment_error.is_some());
    }
}

#[tokio::test]
async fn the_same_key_charges_once() {
    let (_sandbox, client) = start(Options::default()).await;
    let pay = async || {
        let key = IdempotencyKey::new("booking-7-attempt-1").unwrap();
        let request = payment("pm_card_visa").customize().request_strategy(RequestStrategy::Idempotent(key));
        request.send(&client).await.unwrap().id
    };
    assert_eq!(pay().await, pay().await);
}

#[tokio::test]
async fn accounts_receive_transfers() {
    let (_sandbox, client) = start(Options::default()).await;
    let mut transfers = CreateAccountCapabilitiesTransfers::new();
    transfers.requested = Some(true);
    let mut capabilities = CreateAccountCapabilities::new();
    capabilities.transfers = Some(transfers);
    let account = CreateAccount::new()
        .type_(CreateAccountType::Express)
        .country("FR")
        .capabilities(capabilities)
        .send(&client)
        .await
        .unwrap();
    let link = CreateAccountLink::new(account.id.as_str(), CreateAccountLinkType::AccountOnboarding)
        .refresh_url("http://localhost:9/refresh")
        .return_url("http://localhost:9/return")
        .send(&client)
        .await
        .unwrap();
    press(&link.url, "complete").await;
    let account = RetrieveAccount::new(account.id).send(&client).await.unwrap();
    assert_eq!((account.payouts_enabled, account.details_submitted), (Some(true), Some(true)));
    let paid = payment("pm_card_visa").send(&client).await.unwrap();
    let transfer = CreateTransfer::new(Currency::EUR, account.id.as_str())
        .amount(4500)
        .source_transaction(paid.latest_charge.unwrap().id().as_str())
        .send(&client)
        .await
        .unwrap();
    let reversal = CreateIdTransferReversal::new(&transfer.id).amount(500).send(&client).await.unwrap();
    assert_eq!(reversal.amount, 500);
    let transfer = RetrieveTransfer::new(&transfer.id).send(&client).await.unwrap();
    assert_eq!((transfer.amount_reversed, transfer.reversals.data.len()), (500, 1));
}

type Received = Arc<Mutex<Vec<(String, String)>>>;

async fn take(State(received): State<Received>, headers: HeaderMap, body: String) {
    let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
    received.lock().unwrap().push((signature, body));
}

/// Waits until an event of this type was delivered.
async fn wait_for(received: &Received, kind: &str) {
    let mark = format!("\"type\":\"{kind}\"");
    for _ in 0..200 {
        if received.lock().unwrap().iter().any(|(_, body)| body.contains(&mark)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{kind} was not delivered");
}

#[tokio::test]
async fn every_event_is_verified_and_read() {
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let app = Router::new().route("/", post(take)).with_state(Arc::clone(&received));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let (_sandbox, client) = start(Options { webhook_url: Some(url), ..Options::default() }).await;
    let customer = CreateCustomer::new().send(&client).await.unwrap();
    AttachPaymentMethod::new("pm_card_visa").customer(customer.id.as_str()).send(&client).await.unwrap();
    payment("pm_card_createDispute").send(&client).await.unwrap();
    payment("pm_card_visa_chargeDeclined").send(&client).await.unwrap_err();
    let paid = payment("pm_card_visa").send(&client).await.unwrap();
    CreateRefund::new().payment_intent(paid.id.as_str()).send(&client).await.unwrap();
    DeleteCustomer::new(&customer.id).send(&client).await.unwrap();
    wait_for(&received, "customer.deleted").await;
    wait_for(&received, "charge.refunded").await;
    let mut kinds = BTreeMap::<String, bool>::new();
    for (signature, body) in received.lock().unwrap().iter() {
        let event = Webhook::construct_event(body, signature, "whsec_sandbox");
        let event = event.unwrap_or_else(|error| panic!("{error}: {body}"));
        let known = !matches!(event.data.object, EventObject::Unknown(_));
        kinds.insert(event.type_.to_string(), known);
    }
    for kind in [
        "charge.dispute.created",
        "charge.failed",
        "charge.refunded",
        "charge.succeeded",
        "customer.created",
        "customer.deleted",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
        "payment_method.attached",
        "refund.created",
    ] {
        assert_eq!(kinds.get(kind), Some(&true), "{kind} is not read: {kinds:?}");
    }
}
