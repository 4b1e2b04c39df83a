//! Money that is secured before a lesson: what is asked of Stripe for a deposit.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{booking::Booking, ids::DepositId, money::Money};
use futures::TryStreamExt as _;
use stripe::StripeError;
use stripe_core::payment_intent::{
    CancelPaymentIntent, CapturePaymentIntent, CreatePaymentIntent, ListPaymentIntent, RetrievePaymentIntent,
};
use stripe_shared::{PaymentIntent, PaymentIntentCaptureMethod, PaymentIntentStatus};
use stripe_types::Expandable;

use super::{Answer, Decline, Provider, answer, decline, is_of_the_card, off_session};
use crate::{AppError, Result};

/// What is asked before a lesson.
pub(crate) struct Wanted<'a> {
    /// The deposit: the key derives from its id.
    pub deposit: DepositId,
    pub booking: &'a Booking,
    pub amount: Money,
    pub customer: &'a str,
    pub card: &'a str,
    /// Whether the money is taken at once, not only set aside.
    pub captures: bool,
}

/// What the provider said to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// It has the money, or the bank keeps it for us.
    Given {
        /// Its id of the payment.
        intent: String,
        /// Until when it can be captured, where it is only kept.
        capture_before: Option<DateTime<Utc>>,
    },
    /// The card was declined, or its owner has to say so in person.
    Refused(Decline),
}

/// What became of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Captured {
    /// The money is taken.
    Taken,
    /// It cannot be captured (any more), and why.
    Lapsed(String),
}

/// What became of money that was to be let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancelled {
    /// Nobody can take it any more.
    Gone,
    /// It was taken before: so much, minor units.
    Taken(i64),
}

impl Provider {
    /// Sets money aside on a card, or takes it at once, before its lesson.
    pub(crate) async fn secure(&self, wanted: &Wanted<'_>) -> Result<Security> {
        match self.ask(&wanted.request()?, &format!("deposit-{}", wanted.deposit)).await {
            Ok(intent) => Ok(security(&intent)),
            Err(StripeError::Stripe(errors, _)) if is_of_the_card(&errors) => {
                Ok(Security::Refused(decline(*errors)))
            }
            Err(error) => Err(AppError::fault(error)),
        }
    }

    /// What became of a deposit that was asked for long ago; as [`Provider::find_attempt`].
    pub(crate) async fn find_secured(&self, wanted: &Wanted<'_>) -> Result<Option<Security>> {
        let deposit = wanted.deposit.to_string();
        let list = ListPaymentIntent::new()
            .customer(wanted.customer)
            .limit(100)
            .expand([LATEST_CHARGE_OF_EACH.to_owned()]);
        let mut payments = list.paginate().stream(self.client().await);
        while let Some(payment) = payments.try_next().await.map_err(AppError::fault)? {
            if payment.metadata.get("deposit") == Some(&deposit) {
                return Ok(Some(security(&payment)));
            }
        }
        Ok(None)
    }

    /// Takes a part of what was set aside, or all of it; the rest is free again.
    pub(crate) async fn capture(&self, intent: &str, amount: i64, key: &str) -> Result<Captured> {
        let request = CapturePaymentIntent::new(intent).amount_to_capture(amount);
        let why = match self.ask(&request, key).await {
            Ok(_) => return Ok(Captured::Taken),
            Err(StripeError::Stripe(errors, 400)) => errors.message.unwrap_or_default(),
            Err(error) => return Err(AppError::fault(error)),
        };
        // Captured by a try whose key is forgotten, or not to be captured any more.
        let intent =
            RetrievePaymentIntent::new(intent).send(self.client().await).await.map_err(AppError::fault)?;
        let taken = intent.status == PaymentIntentStatus::Succeeded && intent.amount_received == amount;
        Ok(if taken { Captured::Taken } else { Captured::Lapsed(why) })
    }

    /// Lets what was set aside go. What is gone already stays gone.
    pub(crate) async fn cancel(&self, intent: &str, key: &str) -> Result<Cancelled> {
        let why = match self.ask(&CancelPaymentIntent::new(intent), key).await {
            Ok(_) | Err(StripeError::Stripe(_, 404)) => return Ok(Cancelled::Gone),
            Err(StripeError::Stripe(errors, 400)) => errors.message.unwrap_or_default(),
            Err(error) => return Err(AppError::fault(error)),
        };
        // It says no to what is over, and to what is not to be cancelled just now: how the payment stands tells.
        let found = RetrievePaymentIntent::new(intent).send(self.client().await).await;
        let found = found.map_err(AppError::fault)?;
        match found.status {
            PaymentIntentStatus::Canceled => Ok(Cancelled::Gone),
            PaymentIntentStatus::Succeeded => Ok(Cancelled::Taken(found.amount_received)),
            status => Err(AppError::fault(format!("a payment that is {status} is not cancelled: {why}"))),
        }
    }
}

/// What tells until when an authorization can be captured.
const LATEST_CHARGE: &str = "latest_charge";
const LATEST_CHARGE_OF_EACH: &str = "data.latest_charge";

impl Wanted<'_> {
    fn request(&self) -> Result<CreatePaymentIntent> {
        let named = |name: &str, id: String| (name.to_owned(), id);
        let metadata = HashMap::from([
            named("booking", self.booking.id.to_string()),
            named("deposit", self.deposit.to_string()),
        ]);
        let method = if self.captures {
            PaymentIntentCaptureMethod::Automatic
        } else {
            PaymentIntentCaptureMethod::Manual
        };
        let request = off_session(self.booking, self.amount, self.customer, self.card)?;
        Ok(request.capture_method(method).metadata(metadata).expand([LATEST_CHARGE.to_owned()]))
    }
}

fn security(intent: &PaymentIntent) -> Security {
    let given =
        matches!(intent.status, PaymentIntentStatus::Succeeded | PaymentIntentStatus::RequiresCapture);
    let charge = intent.latest_charge.as_ref().and_then(Expandable::as_object);
    let details = charge.and_then(|charge| charge.payment_method_details.as_ref()?.card.as_ref());
    let capture_before = details.and_then(|card| DateTime::from_timestamp(card.capture_before?, 0));
    match answer(intent, false) {
        Answer::Declined(decline) if !given => Security::Refused(decline),
        _ => Security::Given { intent: intent.id.to_string(), capture_before },
    }
}
