//! Stripe, spoken to over HTTP. Only this module knows its types.
//!
//! Every call that changes something carries a key that derives from the row that causes it: asked again, Stripe
//! answers as it did the first time. Until it forgets the key, after 24 hours, a lost answer is asked for again; later
//! what it did is looked up by its metadata.

mod balance;
mod chargebacks;
mod connect;
mod deposits;
mod transfers;

use std::{collections::HashMap, fmt, num::NonZeroU32, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use domain::{
    booking::Booking,
    ids::{ChargeId, UserId},
    money::Money,
};
use futures::TryStreamExt as _;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use sha2::{Digest as _, Sha256};
use stripe::{Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError, StripeRequest};
use stripe_core::{
    customer::CreateCustomer,
    payment_intent::{
        ConfirmPaymentIntent, ConfirmPaymentIntentOffSession, CreatePaymentIntent,
        CreatePaymentIntentAutomaticPaymentMethods, CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects,
        CreatePaymentIntentOffSession, ListPaymentIntent, RetrievePaymentIntent,
    },
    refund::{CreateRefund, ListRefund},
    setup_intent::{
        CreateSetupIntent, CreateSetupIntentAutomaticPaymentMethods,
        CreateSetupIntentAutomaticPaymentMethodsAllowRedirects, CreateSetupIntentUsage,
    },
};
use stripe_payment::payment_method::{AttachPaymentMethod, DetachPaymentMethod, RetrievePaymentMethod};
use stripe_shared::{ApiErrors, ApiErrorsType, PaymentIntent, PaymentIntentStatus, PaymentMethod, Refund};
use stripe_types::Currency;
use uuid::Uuid;

use crate::{AppError, Result, chance, config::StripeConfig};

pub(crate) use balance::Line;
pub(crate) use chargebacks::{Chargeback, Evidence, Taken};
pub(crate) use deposits::{Cancelled, Captured, Security, Wanted};
pub(crate) use transfers::Moved;

/// How long an answer may take before it is asked for again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Requests a second of one process: Stripe takes about 100 of an account in live mode, and pages ask too.
const PACE: NonZeroU32 = NonZeroU32::new(80).unwrap();

/// Stripe remembers a key for 24 hours; what was asked for longer ago is looked up instead.
pub(crate) const KEY_LIFE: TimeDelta = TimeDelta::hours(23);

/// A connection to the payment provider.
#[derive(Clone)]
pub struct Provider {
    client: Client,
    config: StripeConfig,
    pace: Option<Arc<DefaultDirectRateLimiter>>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider(…)")
    }
}

/// A card as the provider describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CardFacts {
    pub id: String,
    pub customer: Option<String>,
    pub brand: String,
    pub last4: String,
    pub exp_month: i16,
    pub exp_year: i16,
}

/// What is asked when a lesson is charged.
pub(crate) struct Demand<'a> {
    /// The attempt: its id is the key.
    pub attempt: Uuid,
    pub charge: ChargeId,
    pub booking: &'a Booking,
    pub amount: Money,
    pub customer: &'a str,
    pub card: &'a str,
    /// The payment of an earlier attempt, which is then tried again.
    pub intent: Option<&'a str>,
    /// The card's owner is there: the bank may ask, and gets an answer.
    pub present: bool,
}

/// What the provider said to a demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has the money.
    Paid {
        /// Its id of the payment.
        intent: String,
    },
    /// The bank asks the card's owner, who is there (3-D Secure).
    Asks {
        /// Its id of the payment.
        intent: String,
        /// Opens the payment to the owner's browser, and to nobody else.
        secret: String,
    },
    /// The card was declined, or its owner has to say so in person.
    Declined(Decline),
}

/// Why there is no money.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decline {
    pub intent: Option<String>,
    pub code: String,
    pub decline_code: Option<String>,
    pub message: Option<String>,
}

impl Decline {
    /// Nobody was asked: there is no saved card.
    pub fn no_card() -> Self {
        Decline { code: "no_card".to_owned(), ..Decline::default() }
    }
}

/// What the provider said to a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RefundAnswer {
    /// It gives the money back.
    Given {
        /// Its id of the refund.
        refund: String,
    },
    /// It does not, and says why.
    Refused(String),
}

impl Provider {
    /// Prepares the connection; nothing is asked yet.
    ///
    /// # Errors
    /// Where the configured address is none.
    pub fn new(config: &StripeConfig) -> Result<Self> {
        Provider::with_pace(config, Some(PACE))
    }

    /// The same, with so many requests a second at most; without a number as fast as it goes.
    ///
    /// # Errors
    /// Where the configured address is none.
    pub fn with_pace(config: &StripeConfig, pace: Option<NonZeroU32>) -> Result<Self> {
        Provider::with(config, pace, PATIENCE)
    }

    /// The same, with another patience: what is not answered in this time counts as lost.
    ///
    /// # Errors
    /// Where the configured address is none.
    pub fn with(config: &StripeConfig, pace: Option<NonZeroU32>, patience: Duration) -> Result<Self> {
        let mut builder = ClientBuilder::new(config.secret_key.clone()).timeout(patience);
        if let Some(base) = &config.api_base {
            builder = builder.url(base.clone());
        }
        let client = builder.build().map_err(AppError::fault)?;
        let pace = pace.map(|pace| Arc::new(RateLimiter::direct(Quota::per_second(pace))));
        Ok(Provider { client, config: config.clone(), pace })
    }

    /// The key and the script of the card form.
    #[must_use]
    pub fn config(&self) -> &StripeConfig {
        &self.config
    }

    /// Makes the customer of a person.
    pub(crate) async fn create_customer(&self, user: UserId, email: &str, name: &str) -> Result<String> {
        let request = CreateCustomer::new()
            .email(email)
            .name(name)
            .metadata(HashMap::from([("user".to_owned(), user.to_string())]));
        // A name that changes between two tries makes another request, which another key must carry.
        let told = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{email}\n{name}")));
        let made = self.ask(&request, &format!("customer-{user}-{told}")).await.map_err(AppError::fault)?;
        Ok(made.id.to_string())
    }

    /// What a payment method is. `None` where there is no such card.
    pub(crate) async fn find_card(&self, id: &str) -> Result<Option<CardFacts>> {
        match RetrievePaymentMethod::new(id).send(self.client().await).await {
            Ok(method) => Ok(facts(&method)),
            Err(StripeError::Stripe(_, 404)) => Ok(None),
            Err(error) => Err(AppError::fault(error)),
        }
    }

    /// Gives a card to a customer. A decline of the issuer comes back as one, and so does a card that was taken from
    /// its customer before: it cannot be given again.
    pub(crate) async fn attach_card(&self, id: &str, customer: &str) -> Result<Result<CardFacts, Decline>> {
        let request = AttachPaymentMethod::new(id).customer(customer);
        match self.ask(&request, &format!("attach-{}", chance::token())).await {
            Ok(method) => facts(&method).map(Ok).ok_or_else(|| AppError::fault("a card that is none")),
            Err(StripeError::Stripe(errors, status)) if status == 400 || is_of_the_card(&errors) => {
                Ok(Err(decline(*errors)))
            }
            Err(error) => Err(AppError::fault(error)),
        }
    }

    /// Takes a card from its customer. One that is gone already stays gone.
    pub(crate) async fn detach_card(&self, id: &str) -> Result<()> {
        match DetachPaymentMethod::new(id).send(self.client().await).await {
            Ok(_) | Err(StripeError::Stripe(_, 400 | 404)) => Ok(()),
            Err(error) => Err(AppError::fault(error)),
        }
    }

    /// Charges a card. What is paid already, by whichever way, is simply paid.
    pub(crate) async fn charge(&self, demand: &Demand<'_>) -> Result<Answer> {
        let key = demand.attempt.to_string();
        let asked = match demand.intent {
            None => self.ask(&create(demand)?, &key).await,
            Some(intent) => self.ask(&confirm(demand, intent), &key).await,
        };
        match asked {
            Ok(intent) => Ok(answer(&intent, demand.present)),
            // Somebody cancelled it at Stripe: no card can pay it any more, and a new one takes its place.
            Err(StripeError::Stripe(errors, _)) if is_cancelled(&errors) => self.charge_anew(demand).await,
            Err(StripeError::Stripe(errors, _)) => told(*errors),
            Err(error) => Err(AppError::fault(error)),
        }
    }

    async fn charge_anew(&self, demand: &Demand<'_>) -> Result<Answer> {
        match self.ask(&create(demand)?, &format!("{}-anew", demand.attempt)).await {
            Ok(intent) => Ok(answer(&intent, demand.present)),
            Err(StripeError::Stripe(errors, _)) => told(*errors),
            Err(error) => Err(AppError::fault(error)),
        }
    }

    /// How a payment stands whose owner was asked.
    pub(crate) async fn find_payment(&self, intent: &str) -> Result<Answer> {
        let payment = RetrievePaymentIntent::new(intent).send(self.client().await).await;
        payment.map(|payment| answer(&payment, true)).map_err(AppError::fault)
    }

    /// Prepares the saving of a card of a customer, to be charged without its owner being there. Answers what
    /// opens it to the owner's browser.
    pub(crate) async fn create_setup(&self, customer: &str, key: &str) -> Result<String> {
        let mut methods = CreateSetupIntentAutomaticPaymentMethods::new(true);
        methods.allow_redirects = Some(CreateSetupIntentAutomaticPaymentMethodsAllowRedirects::Never);
        let request = CreateSetupIntent::new()
            .customer(customer)
            .automatic_payment_methods(methods)
            .usage(CreateSetupIntentUsage::OffSession);
        let made = self.ask(&request, key).await.map_err(AppError::fault)?;
        made.client_secret.ok_or_else(|| AppError::fault("a setup without a secret"))
    }

    /// The payment that an attempt came to, however long ago: by its metadata, among the customer's payments around
    /// that time. Lists are complete where a search lags.
    pub(crate) async fn find_attempt(&self, demand: &Demand<'_>) -> Result<Option<Answer>> {
        let attempt = demand.attempt.to_string();
        let mut payments = ListPaymentIntent::new()
            .customer(demand.customer)
            .limit(100)
            .paginate()
            .stream(self.client().await);
        while let Some(payment) = payments.try_next().await.map_err(AppError::fault)? {
            if payment.metadata.get("attempt") == Some(&attempt) {
                return Ok(Some(answer(&payment, demand.present)));
            }
        }
        Ok(None)
    }

    /// Gives money back.
    pub(crate) async fn refund(&self, refund: Uuid, intent: &str, amount: i64) -> Result<RefundAnswer> {
        let request = CreateRefund::new()
            .payment_intent(intent)
            .amount(amount)
            .metadata(HashMap::from([("refund".to_owned(), refund.to_string())]));
        match self.ask(&request, &refund.to_string()).await {
            Ok(made) => Ok(refunded(made)),
            Err(StripeError::Stripe(errors, 400)) => {
                Ok(RefundAnswer::Refused(errors.message.unwrap_or_default()))
            }
            Err(error) => Err(AppError::fault(error)),
        }
    }

    /// The client, once it is our turn.
    async fn client(&self) -> &Client {
        if let Some(pace) = &self.pace {
            pace.until_ready().await;
        }
        &self.client
    }

    /// What a refund came to, however long ago: by its metadata, among the payment's refunds.
    pub(crate) async fn find_refund(&self, refund: Uuid, intent: &str) -> Result<Option<RefundAnswer>> {
        let name = refund.to_string();
        let request = ListRefund::new().payment_intent(intent).limit(100);
        let mut refunds = request.paginate().stream(self.client().await);
        while let Some(made) = refunds.try_next().await.map_err(AppError::fault)? {
            if made.metadata.as_ref().and_then(|metadata| metadata.get("refund")) == Some(&name) {
                return Ok(Some(refunded(made)));
            }
        }
        Ok(None)
    }

    async fn ask<R>(&self, request: &R, key: &str) -> Result<R::Output, StripeError>
    where
        R: StripeRequest,
        R::Output: miniserde::Deserialize,
    {
        let key = IdempotencyKey::new(key).map_err(|error| StripeError::ConfigError(error.to_string()))?;
        request.customize().request_strategy(RequestStrategy::Idempotent(key)).send(self.client().await).await
    }
}

fn create(demand: &Demand<'_>) -> Result<CreatePaymentIntent> {
    let named = |name: &str, id: String| (name.to_owned(), id);
    let metadata = HashMap::from([
        named("booking", demand.booking.id.to_string()),
        named("charge", demand.charge.to_string()),
        named("attempt", demand.attempt.to_string()),
    ]);
    let request = payment(demand.booking, demand.amount, demand.customer, demand.card)?.metadata(metadata);
    Ok(if demand.present {
        request.use_stripe_sdk(true)
    } else {
        request.off_session(CreatePaymentIntentOffSession::Bool(true))
    })
}

/// A payment with a saved card whose owner is not there.
fn off_session(booking: &Booking, amount: Money, customer: &str, card: &str) -> Result<CreatePaymentIntent> {
    let request = payment(booking, amount, customer, card)?;
    Ok(request.off_session(CreatePaymentIntentOffSession::Bool(true)))
}

fn payment(booking: &Booking, amount: Money, customer: &str, card: &str) -> Result<CreatePaymentIntent> {
    let currency = amount.currency.code().to_lowercase();
    let currency: Currency = currency.parse().map_err(AppError::fault)?;
    let mut methods = CreatePaymentIntentAutomaticPaymentMethods::new(true);
    methods.allow_redirects = Some(CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects::Never);
    Ok(CreatePaymentIntent::new(amount.minor, currency)
        .customer(customer)
        .payment_method(card)
        .automatic_payment_methods(methods)
        .confirm(true)
        .description(booking.title.clone()))
}

fn confirm(demand: &Demand<'_>, intent: &str) -> ConfirmPaymentIntent {
    let request = ConfirmPaymentIntent::new(intent).payment_method(demand.card);
    if demand.present {
        request.use_stripe_sdk(true)
    } else {
        request.off_session(ConfirmPaymentIntentOffSession::Bool(true))
    }
}

/// What an error of the provider says about a payment.
fn told(errors: ApiErrors) -> Result<Answer> {
    let paid = errors.payment_intent.as_ref().filter(|it| it.status == PaymentIntentStatus::Succeeded);
    if let Some(intent) = paid {
        return Ok(Answer::Paid { intent: intent.id.to_string() });
    }
    if is_of_the_card(&errors) {
        return Ok(Answer::Declined(decline(errors)));
    }
    Err(AppError::fault(format!("{:?}: {}", errors.type_, errors.message.unwrap_or_default())))
}

fn answer(intent: &PaymentIntent, present: bool) -> Answer {
    let id = intent.id.to_string();
    match (&intent.status, &intent.client_secret) {
        (PaymentIntentStatus::Succeeded, _) => return Answer::Paid { intent: id },
        (PaymentIntentStatus::RequiresAction, Some(secret)) if present => {
            return Answer::Asks { intent: id, secret: secret.clone() };
        }
        _ => {}
    }
    let code = match &intent.last_payment_error {
        Some(error) => error.code.as_ref().map(ToString::to_string),
        None => Some("authentication_required".to_owned()),
    };
    Answer::Declined(Decline {
        intent: Some(id),
        code: code.unwrap_or_else(|| "card_declined".to_owned()),
        decline_code: intent.last_payment_error.as_ref().and_then(|error| error.decline_code.clone()),
        message: intent.last_payment_error.as_ref().and_then(|error| error.message.clone()),
    })
}

fn refunded(made: Refund) -> RefundAnswer {
    match made.status.as_deref() {
        Some("failed" | "canceled") => RefundAnswer::Refused(made.failure_reason.unwrap_or_default()),
        _ => RefundAnswer::Given { refund: made.id.to_string() },
    }
}

/// Whether the payment that was to be tried again is one that was cancelled.
fn is_cancelled(errors: &ApiErrors) -> bool {
    errors.payment_intent.as_ref().is_some_and(|intent| intent.status == PaymentIntentStatus::Canceled)
}

/// Whether another card, or the owner's word, would help.
fn is_of_the_card(errors: &ApiErrors) -> bool {
    let names_card = matches!(errors.param.as_deref(), Some("payment_method" | "customer"));
    errors.type_ == ApiErrorsType::CardError
        || (errors.type_ == ApiErrorsType::InvalidRequestError && names_card)
}

fn decline(errors: ApiErrors) -> Decline {
    Decline {
        intent: errors.payment_intent.map(|intent| intent.id.to_string()),
        code: errors.code.map_or_else(|| "card_declined".to_owned(), |code| code.to_string()),
        decline_code: errors.decline_code,
        message: errors.message,
    }
}

fn facts(method: &PaymentMethod) -> Option<CardFacts> {
    let card = method.card.as_ref()?;
    Some(CardFacts {
        id: method.id.to_string(),
        customer: method.customer.as_ref().map(|customer| customer.id().to_string()),
        brand: card.brand.clone(),
        last4: card.last4.clone(),
        exp_month: i16::try_from(card.exp_month).ok()?,
        exp_year: i16::try_from(card.exp_year).ok()?,
    })
}
