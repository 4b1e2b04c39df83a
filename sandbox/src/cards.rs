//! Stripe's test cards: number, token and what each of them does (<https://docs.stripe.com/testing>).

use crate::errors::StripeError;

/// A refusal of the card's bank.
#[derive(Debug, Eq, PartialEq)]
pub struct Decline {
    /// The error's code.
    pub code: &'static str,
    /// The bank's reason.
    pub decline_code: Option<&'static str>,
    /// The sentence of Stripe.
    pub message: &'static str,
}

impl Decline {
    /// As an error of the API.
    #[must_use]
    pub fn error(&self) -> StripeError {
        let error = StripeError::card(self.code, self.message);
        self.decline_code.map_or(error.clone(), |code| error.with("decline_code", code.into()))
    }
}

/// When the bank asks for 3-D Secure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Authentication {
    /// Never, even where it is asked for.
    Unsupported,
    /// Only where the request asks for it.
    Optional,
    /// On session and on setup; off session unless it was set up.
    UnlessSetUp,
    /// For every transaction.
    Always,
    /// On session; off session never: it counts as set up from the start.
    AlreadySetUp,
}

/// When the bank refuses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refuses {
    /// On saving and on paying.
    Always,
    /// On paying only.
    Payments,
}

/// What follows a payment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum After {
    /// Nothing.
    Nothing,
    /// The owner disputes it, with a reason; an inquiry takes no money yet.
    Dispute {
        /// Stripe's word for why.
        reason: &'static str,
        /// Whether it is a warning only.
        inquiry: bool,
    },
    /// The bank warns of fraud.
    FraudWarning,
    /// Its refunds are pending for a minute, then succeed.
    PendingRefund,
    /// Its refunds succeed, and fail a minute later.
    FailingRefund,
    /// The money is available at once.
    Available,
}

/// One test card.
#[derive(Debug)]
pub struct TestCard {
    /// The number.
    pub number: &'static str,
    /// The tokens after `pm_card_`.
    pub tokens: &'static [&'static str],
    /// Brand as Stripe writes it.
    pub brand: &'static str,
    /// Country of the bank.
    pub country: &'static str,
    /// `credit`, `debit` or `prepaid`.
    pub funding: &'static str,
    /// The refusal, and when.
    pub decline: Option<(Refuses, &'static Decline)>,
    /// 3-D Secure.
    pub authentication: Authentication,
    /// What follows a payment.
    pub after: After,
    /// Radar's level: `normal`, `elevated`, `highest`.
    pub risk: &'static str,
    /// Answers of the checks: CVC, postal code, first line.
    pub checks: [&'static str; 3],
}

impl TestCard {
    /// The last four digits.
    #[must_use]
    pub fn last4(&self) -> &'static str {
        self.number.get(self.number.len() - 4..).unwrap_or(self.number)
    }

    /// Digits of its CVC.
    #[must_use]
    pub fn cvc_digits(&self) -> usize {
        if self.brand == "amex" { 4 } else { 3 }
    }

    /// The refusal on saving it.
    #[must_use]
    pub fn refuses_saving(&self) -> Option<&'static Decline> {
        self.decline.and_then(|(when, decline)| (when == Refuses::Always).then_some(decline))
    }

    /// Whether saving it asks its owner.
    #[must_use]
    pub fn setup_asks(&self, requested: bool) -> bool {
        match self.authentication {
            Authentication::UnlessSetUp | Authentication::Always => true,
            Authentication::Optional => requested,
            Authentication::AlreadySetUp | Authentication::Unsupported => false,
        }
    }

    /// Whether paying with it asks its owner.
    #[must_use]
    pub fn payment_asks(&self, off_session: bool, set_up: bool, requested: bool) -> bool {
        match self.authentication {
            Authentication::Always => true,
            Authentication::UnlessSetUp => !(off_session && set_up),
            Authentication::AlreadySetUp => !off_session,
            Authentication::Optional => requested && !off_session,
            Authentication::Unsupported => false,
        }
    }
}

const DECLINED: &str = "Your card was declined.";

macro_rules! declines {
    ($($name:ident = $code:literal, $decline:expr, $message:expr;)*) => {
        $(static $name: Decline = Decline { code: $code, decline_code: $decline, message: $message };)*
    };
}

declines! {
    GENERIC = "card_declined", Some("generic_decline"), DECLINED;
    FUNDS = "card_declined", Some("insufficient_funds"), "Your card has insufficient funds.";
    LOST = "card_declined", Some("lost_card"), DECLINED;
    STOLEN = "card_declined", Some("stolen_card"), DECLINED;
    VELOCITY = "card_declined", Some("card_velocity_exceeded"),
        "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.";
    FRAUD = "card_declined", Some("fraudulent"), DECLINED;
    EXPIRED = "expired_card", None, "Your card has expired.";
    CVC = "incorrect_cvc", None, "Your card's security code is incorrect.";
    PROCESSING = "processing_error", None,
        "An error occurred while processing your card. Try again in a little bit.";
    NOT_A_TEST_CARD = "card_declined", Some("test_mode_live_card"),
        "Your card was declined. Your request was in test mode, but used a non test (live) card. \
         For a list of valid test cards, visit: https://stripe.com/docs/testing.";
    NUMBER = "incorrect_number", None, "Your card number is incorrect.";
}

/// The refusal of an off-session payment whose owner must be asked.
pub static AUTHENTICATION_REQUIRED: Decline = Decline {
    code: "authentication_required",
    decline_code: Some("authentication_required"),
    message: "Your card was declined. This transaction requires authentication.",
};

const PLAIN: TestCard = TestCard {
    number: "4242424242424242",
    tokens: &["visa", "us"],
    brand: "visa",
    country: "US",
    funding: "credit",
    decline: None,
    authentication: Authentication::Unsupported,
    after: After::Nothing,
    risk: "normal",
    checks: ["pass", "pass", "pass"],
};

const fn works(
    number: &'static str,
    tokens: &'static [&'static str],
    brand: &'static str,
    funding: &'static str,
    country: &'static str,
) -> TestCard {
    TestCard { number, tokens, brand, funding, country, ..PLAIN }
}

const fn refused(
    number: &'static str,
    tokens: &'static [&'static str],
    when: Refuses,
    decline: &'static Decline,
) -> TestCard {
    TestCard { number, tokens, decline: Some((when, decline)), ..PLAIN }
}

const fn asks(number: &'static str, tokens: &'static [&'static str], when: Authentication) -> TestCard {
    TestCard { number, tokens, authentication: when, ..PLAIN }
}

const fn then(number: &'static str, tokens: &'static [&'static str], after: After) -> TestCard {
    TestCard { number, tokens, after, ..PLAIN }
}

const fn checked(
    number: &'static str,
    tokens: &'static [&'static str],
    checks: [&'static str; 3],
) -> TestCard {
    TestCard { number, tokens, checks, ..PLAIN }
}

use Authentication::{AlreadySetUp, Always, Optional, UnlessSetUp};
use Refuses::Payments;

const fn dispute(reason: &'static str, inquiry: bool) -> After {
    After::Dispute { reason, inquiry }
}

/// Every card that the sandbox knows.
pub static CARDS: &[TestCard] = &[
    PLAIN,
    works("4000056655665556", &["visa_debit"], "visa", "debit", "US"),
    works("4012888888881881", &[], "visa", "credit", "US"),
    works("5555555555554444", &["mastercard"], "mastercard", "credit", "US"),
    works("2223003122003222", &["mastercard_2series"], "mastercard", "credit", "US"),
    works("5200828282828210", &["mastercard_debit"], "mastercard", "debit", "US"),
    works("5105105105105100", &["mastercard_prepaid"], "mastercard", "prepaid", "US"),
    works("378282246310005", &["amex", "amex_threeDSecureNotSupported"], "amex", "credit", "US"),
    works("371449635398431", &[], "amex", "credit", "US"),
    works("6011111111111117", &["discover"], "discover", "credit", "US"),
    works("3056930009020004", &["diners"], "diners", "credit", "US"),
    works("36227206271667", &["diners_14digits"], "diners", "credit", "US"),
    works("3566002020360505", &["jcb"], "jcb", "credit", "JP"),
    works("6200000000000005", &["unionpay"], "unionpay", "credit", "CN"),
    works("4000002500001001", &["visa_cartesBancaires", "visa_cartes_bancaires"], "visa", "credit", "FR"),
    works("4000002500000003", &["fr"], "visa", "credit", "FR"),
    works("4000008260000000", &["gb"], "visa", "credit", "GB"),
    works("4000002760000016", &["de"], "visa", "credit", "DE"),
    works("4000000560000004", &["be"], "visa", "credit", "BE"),
    works("4000007240000007", &["es"], "visa", "credit", "ES"),
    works("4000003800000008", &["it"], "visa", "credit", "IT"),
    works("4000005280000002", &["nl"], "visa", "credit", "NL"),
    works("4000007560000009", &["ch"], "visa", "credit", "CH"),
    works("4000001240000000", &["ca"], "visa", "credit", "CA"),
    works("4000000360000006", &["au"], "visa", "credit", "AU"),
    works("4000003920000003", &["jp"], "visa", "credit", "JP"),
    refused("4000000000000002", &["visa_chargeDeclined", "chargeDeclined"], Refuses::Always, &GENERIC),
    refused(
        "4000000000009995",
        &["visa_chargeDeclinedInsufficientFunds", "chargeDeclinedInsufficientFunds"],
        Refuses::Always,
        &FUNDS,
    ),
    refused("4000000000009987", &["visa_chargeDeclinedLostCard"], Refuses::Always, &LOST),
    refused("4000000000009979", &["visa_chargeDeclinedStolenCard"], Refuses::Always, &STOLEN),
    refused("4000000000000069", &["chargeDeclinedExpiredCard"], Refuses::Always, &EXPIRED),
    refused("4000000000000127", &["chargeDeclinedIncorrectCvc"], Refuses::Always, &CVC),
    refused("4000000000000119", &["chargeDeclinedProcessingError"], Refuses::Always, &PROCESSING),
    refused("4000000000006975", &["visa_chargeDeclinedVelocityLimitExceeded"], Refuses::Always, &VELOCITY),
    refused("4000000000000341", &["chargeCustomerFail"], Payments, &GENERIC),
    TestCard {
        risk: "highest",
        ..refused("4100000000000019", &["radarBlock", "chargeDeclinedFraudulent"], Payments, &FRAUD)
    },
    TestCard { risk: "highest", ..refused("4000000000004954", &["riskLevelHighest"], Payments, &FRAUD) },
    TestCard { risk: "elevated", ..then("4000000000009235", &["riskLevelElevated"], After::Nothing) },
    checked("4000000000000101", &["cvcCheckFail"], ["fail", "pass", "pass"]),
    checked("4000000000000036", &["avsZipFail"], ["pass", "fail", "pass"]),
    checked("4000000000000028", &["avsLine1Fail"], ["pass", "pass", "fail"]),
    checked("4000000000000010", &["avsFail"], ["pass", "fail", "fail"]),
    checked("4000000000000044", &["avsUnchecked"], ["pass", "unavailable", "unavailable"]),
    then("4000000000000259", &["createDispute"], dispute("fraudulent", false)),
    then("4000000000002685", &["createDisputeProductNotReceived"], dispute("product_not_received", false)),
    then("4000000000001976", &["createDisputeInquiry"], dispute("general", true)),
    then("4000000000005423", &["createIssuerFraudRecord"], After::FraudWarning),
    then("4000000000007726", &["pendingRefund"], After::PendingRefund),
    then("4000000000005126", &["refundFail"], After::FailingRefund),
    then("4000000000000077", &["bypassPending"], After::Available),
    TestCard { country: "MO", ..then("4000003720000278", &["bypassPendingInternational"], After::Available) },
    TestCard { country: "FR", ..asks("4000002500003155", &["authenticationRequiredOnSetup"], UnlessSetUp) },
    TestCard { country: "DE", ..asks("4000002760003184", &["authenticationRequired"], Always) },
    TestCard {
        country: "IT",
        ..asks("4000003800000446", &["authenticationRequiredSetupForOffSession"], AlreadySetUp)
    },
    TestCard {
        country: "GB",
        authentication: UnlessSetUp,
        ..refused(
            "4000008260003178",
            &["authenticationRequiredChargeDeclinedInsufficientFunds"],
            Payments,
            &FUNDS,
        )
    },
    asks("4000000000003220", &["threeDSecure2Required"], Always),
    TestCard {
        authentication: Always,
        ..refused("4000008400001629", &["threeDSecureRequiredChargeDeclined"], Payments, &GENERIC)
    },
    TestCard {
        authentication: Always,
        ..refused("4000008400001280", &["threeDSecureRequiredProcessingError"], Payments, &PROCESSING)
    },
    asks("4000000000003055", &["threeDSecureOptional"], Optional),
    TestCard {
        authentication: Optional,
        ..refused("4000000000003097", &["threeDSecureOptionalProcessingError"], Payments, &PROCESSING)
    },
];

/// The card behind a token: `pm_card_visa`, `tok_visa`.
#[must_use]
pub fn by_token(token: &str) -> Option<&'static TestCard> {
    let name = token.strip_prefix("pm_card_").or_else(|| token.strip_prefix("tok_"))?;
    CARDS.iter().find(|card| card.tokens.contains(&name))
}

/// The card of a number, blanks ignored.
///
/// # Errors
/// `incorrect_number` where the check digit is wrong, `card_declined` for what is no test card.
pub fn by_number(number: &str) -> Result<&'static TestCard, StripeError> {
    let digits: String = number.chars().filter(|sign| !sign.is_whitespace() && *sign != '-').collect();
    if !luhn(&digits) {
        return Err(NUMBER.error().on("number"));
    }
    CARDS.iter().find(|card| card.number == digits).ok_or_else(|| NOT_A_TEST_CARD.error())
}

/// The check digit of ISO/IEC 7812-1.
fn luhn(digits: &str) -> bool {
    let values: Option<Vec<u32>> = digits.chars().map(|sign| sign.to_digit(10)).collect();
    let Some(values) = values.filter(|values| (12..=19).contains(&values.len())) else { return false };
    let weigh = |(place, value): (usize, &u32)| match (place % 2, value * 2) {
        (0, _) => *value,
        (_, double) => double / 10 + double % 10,
    };
    values.iter().rev().enumerate().map(weigh).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_and_tokens_are_sound() {
        let mut seen = HashSet::new();
        for card in CARDS {
            assert!(luhn(card.number), "{}", card.number);
            assert!(seen.insert(card.number), "{} twice", card.number);
            for token in card.tokens {
                assert!(seen.insert(token), "{token} twice");
            }
        }
    }

    #[test]
    fn a_stranger_is_refused() {
        assert_eq!(by_number("4242424242424241").unwrap_err().code, Some("incorrect_number"));
        assert_eq!(by_number("4111 1111 1111 1111").unwrap_err().code, Some("card_declined"));
        assert_eq!(by_number("4242 4242 4242 4242").unwrap().brand, "visa");
    }
}
