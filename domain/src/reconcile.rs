//! Comparing the ledger with the payment provider's own account of the platform's balance (rules, Charge 6).
//!
//! Each side says of every movement how much it was and in which currency. A movement is known by its kind and by the
//! row of ours that caused it, which the provider's object names.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// How long a movement may be known to one side only: an answer that was lost is asked for again meanwhile.
pub const GRACE: TimeDelta = TimeDelta::hours(3);

/// How often the two are compared.
pub const EVERY: TimeDelta = TimeDelta::hours(24);

/// What moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A student paid.
    Payment,
    /// Money went back to a student.
    Refund,
    /// A refund came back.
    RefundFailed,
    /// Earnings were passed on to a tutor.
    Transfer,
    /// They were taken back.
    Reversal,
    /// The bank of a card took a payment, or gave it back.
    Chargeback,
    /// What nothing of ours causes, and so is always a difference.
    Other,
    /// The provider's charges beside those that it keeps of a movement. They are entered, not compared.
    Fee,
    /// Between the platform's balance and the platform's own bank, or held back by the provider for a while. The ledger
    /// is not about that.
    Own,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 9] = [
        Kind::Payment,
        Kind::Refund,
        Kind::RefundFailed,
        Kind::Transfer,
        Kind::Reversal,
        Kind::Chargeback,
        Kind::Other,
        Kind::Fee,
        Kind::Own,
    ];

    /// What a line of the provider's balance is, by the type that it bears and by whether it comes from a dispute.
    #[must_use]
    pub fn of(provider_type: &str, of_dispute: bool) -> Kind {
        match provider_type {
            "charge" | "payment" => Kind::Payment,
            "refund" | "payment_refund" => Kind::Refund,
            "refund_failure" | "payment_failure_refund" => Kind::RefundFailed,
            "transfer" => Kind::Transfer,
            "transfer_refund" => Kind::Reversal,
            "adjustment" | "payment_reversal" if of_dispute => Kind::Chargeback,
            "stripe_fee" | "stripe_fx_fee" | "tax_fee" => Kind::Fee,
            "payout"
            | "payout_cancel"
            | "payout_failure"
            | "payout_minimum_balance_hold"
            | "payout_minimum_balance_release"
            | "payment_network_reserve_hold"
            | "payment_network_reserve_release"
            | "reserve_hold"
            | "reserve_release"
            | "reserve_transaction"
            | "reserved_funds"
            | "topup"
            | "topup_reversal" => Kind::Own,
            _ => Kind::Other,
        }
    }

    /// Whether the ledger has to have it too.
    #[must_use]
    pub const fn is_compared(self) -> bool {
        !matches!(self, Kind::Fee | Kind::Own)
    }

    /// The name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Payment => "payment",
            Kind::Refund => "refund",
            Kind::RefundFailed => "refund_failed",
            Kind::Transfer => "transfer",
            Kind::Reversal => "reversal",
            Kind::Chargeback => "chargeback",
            Kind::Other => "other",
            Kind::Fee => "fee",
            Kind::Own => "own",
        }
    }

    /// Reads a name of the database.
    #[must_use]
    pub fn parse(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What one side says of a movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// What came to the platform's balance; negative where it went. Minor units.
    pub minor: i64,
    /// The code of its currency; several where the side has it in several.
    pub currency: String,
    /// How many lines it has of it.
    pub lines: i64,
}

/// In what the two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The ledger has it, the provider does not.
    MissingAtProvider,
    /// The provider has it, the ledger does not.
    MissingInLedger,
    /// The provider did it more than once.
    Doubled,
    /// Both have it, in different currencies.
    OtherCurrency,
    /// Both have it, with different amounts.
    OtherAmount,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 5] = [
        Fault::MissingAtProvider,
        Fault::MissingInLedger,
        Fault::Doubled,
        Fault::OtherCurrency,
        Fault::OtherAmount,
    ];

    /// The name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Fault::MissingAtProvider => "missing_at_provider",
            Fault::MissingInLedger => "missing_in_ledger",
            Fault::Doubled => "doubled",
            Fault::OtherCurrency => "other_currency",
            Fault::OtherAmount => "other_amount",
        }
    }

    /// Reads a name of the database.
    #[must_use]
    pub fn parse(name: &str) -> Option<Fault> {
        Fault::ALL.into_iter().find(|fault| fault.name() == name)
    }
}

/// In what the two sides of a movement differ, if in anything. What happened twice is named before what that does to
/// the sums. The ledger may have several lines of one movement: a transfer pays for many lessons.
#[must_use]
pub fn judge(ledger: Option<&Side>, provider: Option<&Side>) -> Option<Fault> {
    match (ledger, provider) {
        (None, None) => None,
        (Some(_), None) => Some(Fault::MissingAtProvider),
        (None, Some(_)) => Some(Fault::MissingInLedger),
        (Some(_), Some(provider)) if provider.lines > 1 => Some(Fault::Doubled),
        (Some(ledger), Some(provider)) if ledger.currency != provider.currency => Some(Fault::OtherCurrency),
        (Some(ledger), Some(provider)) => (ledger.minor != provider.minor).then_some(Fault::OtherAmount),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(minor: i64, currency: &str, lines: i64) -> Option<Side> {
        Some(Side { minor, currency: currency.to_owned(), lines })
    }

    #[test]
    fn each_fault_is_named() {
        let eur = |minor, lines| side(minor, "EUR", lines);
        for (ledger, provider, fault) in [
            (None, None, None),
            (eur(2500, 1), eur(2500, 1), None),
            (eur(-4500, 3), eur(-4500, 1), None),
            (eur(2500, 1), None, Some(Fault::MissingAtProvider)),
            (None, eur(2500, 1), Some(Fault::MissingInLedger)),
            (None, eur(5000, 2), Some(Fault::MissingInLedger)),
            (eur(2500, 1), eur(5000, 2), Some(Fault::Doubled)),
            (eur(2500, 1), eur(2500, 2), Some(Fault::Doubled)),
            (eur(2500, 1), side(2500, "USD", 1), Some(Fault::OtherCurrency)),
            (eur(2500, 1), side(2700, "USD", 1), Some(Fault::OtherCurrency)),
            (eur(2500, 1), eur(2499, 1), Some(Fault::OtherAmount)),
            (eur(2500, 1), eur(-2500, 1), Some(Fault::OtherAmount)),
        ] {
            assert_eq!(judge(ledger.as_ref(), provider.as_ref()), fault, "{ledger:?} {provider:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_compared() {
        for (provider_type, of_dispute, kind) in [
            ("charge", false, Kind::Payment),
            ("payment", false, Kind::Payment),
            ("refund", false, Kind::Refund),
            ("refund_failure", false, Kind::RefundFailed),
            ("transfer", false, Kind::Transfer),
            ("transfer_refund", false, Kind::Reversal),
            ("adjustment", true, Kind::Chargeback),
            ("adjustment", false, Kind::Other),
            ("transfer_failure", false, Kind::Other),
            ("what_comes_next_year", false, Kind::Other),
            ("stripe_fee", false, Kind::Fee),
            ("payout", false, Kind::Own),
        ] {
            assert_eq!(Kind::of(provider_type, of_dispute), kind, "{provider_type}");
        }
        let not_compared: Vec<_> = Kind::ALL.into_iter().filter(|kind| !kind.is_compared()).collect();
        assert_eq!(not_compared, [Kind::Fee, Kind::Own]);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        assert!(Kind::ALL.into_iter().all(|kind| Kind::parse(kind.name()) == Some(kind)));
        assert!(Fault::ALL.into_iter().all(|fault| Fault::parse(fault.name()) == Some(fault)));
        assert_eq!((Kind::parse("gift"), Fault::parse("lost")), (None, None));
    }
}
