//! Double entry: what each event about money writes, per account and currency.
//!
//! A balance is what the platform owes the account's owner. It is positive for what a tutor has earned,
//! negative for what a student still has to pay and for what the payment provider holds for the platform.
//! The entries of one event sum to zero, and so does every currency.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Code, Refusal,
    ids::{TutorId, UserId},
    money::{Money, Split},
};

/// Whose money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// A student: what is paid for and not yet taught, or taught and not yet paid for.
    Student(UserId),
    /// A tutor's earnings that are not yet paid out.
    Tutor(TutorId),
    /// The platform's own share.
    Platform,
    /// What the payment provider holds.
    Provider,
    /// What the payment provider keeps for its work.
    Fees,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::Student(id) => write!(f, "student:{id}"),
            Account::Tutor(id) => write!(f, "tutor:{id}"),
            Account::Platform => f.write_str("platform"),
            Account::Provider => f.write_str("provider"),
            Account::Fees => f.write_str("fees"),
        }
    }
}

impl Account {
    /// Reads a name of the database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Account> {
        match text.split_once(':') {
            Some(("student", id)) => id.parse().ok().map(Account::Student),
            Some(("tutor", id)) => id.parse().ok().map(Account::Tutor),
            Some(_) => None,
            None => [Account::Platform, Account::Provider, Account::Fees]
                .into_iter()
                .find(|account| account.to_string() == text),
        }
    }
}

/// A line of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose.
    pub account: Account,
    /// What is added to the balance; negative where it is taken away.
    pub amount: Money,
}

/// What happened to money between one student and one tutor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A lesson has its outcome: the student owes the charge, tutor and platform have earned theirs.
    Settled(Split),
    /// The student paid, through the provider.
    Paid(Money),
    /// The provider gave money back to the student; tutor and platform each give their part.
    Refunded(Split),
    /// A refund failed after it was given: the money is back with the provider, and tutor and platform have their parts.
    RefundFailed(Split),
    /// The bank of a card took a payment back; negative where it gave it back again.
    TakenBack(Money),
    /// The bank decided for the owner of the card, and the payment is gone: tutor and platform each do without their
    /// part.
    Lost(Split),
    /// So much of what is owed for a lesson is not owed any more, because a dispute was decided so: tutor and platform
    /// each do without their part.
    Reduced(Split),
    /// The provider gave back what was paid ahead and not charged.
    Returned(Money),
    /// What was given back so has come back to the provider.
    ReturnFailed(Money),
    /// The platform lets a student off what is owed: it bears it, the tutor keeps what was earned.
    Forgiven(Money),
    /// The provider kept its fee for a payment.
    Fee(Money),
    /// The provider passed earnings on to the tutor.
    Transferred(Money),
    /// The provider took them back.
    Reversed(Money),
    /// Less was passed on to the tutor, for what could not be taken back before.
    Withheld(Money),
}

impl Event {
    /// The name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Event::Settled(_) => "settled",
            Event::Paid(_) => "paid",
            Event::Refunded(_) => "refunded",
            Event::RefundFailed(_) => "refund_failed",
            Event::TakenBack(_) => "taken_back",
            Event::Lost(_) => "lost",
            Event::Reduced(_) => "reduced",
            Event::Returned(_) => "returned",
            Event::ReturnFailed(_) => "return_failed",
            Event::Forgiven(_) => "forgiven",
            Event::Fee(_) => "fee",
            Event::Transferred(_) => "transferred",
            Event::Reversed(_) => "reversed",
            Event::Withheld(_) => "withheld",
        }
    }

    /// The entries that it writes, none of them zero; they sum to zero.
    #[must_use]
    pub fn entries(self, student: UserId, tutor: TutorId) -> Vec<Entry> {
        let (student, tutor) = (Account::Student(student), Account::Tutor(tutor));
        let moved = |from, to, amount| vec![(from, minus(amount)), (to, amount)];
        let lines = match self {
            Event::Settled(Split { charge, fee, payout }) => {
                vec![(student, minus(charge)), (tutor, payout), (Account::Platform, fee)]
            }
            Event::Refunded(Split { charge, fee, payout }) => {
                vec![(Account::Provider, charge), (tutor, minus(payout)), (Account::Platform, minus(fee))]
            }
            Event::RefundFailed(Split { charge, fee, payout }) => {
                vec![(Account::Provider, minus(charge)), (tutor, payout), (Account::Platform, fee)]
            }
            Event::Lost(Split { charge, fee, payout }) | Event::Reduced(Split { charge, fee, payout }) => {
                vec![(student, charge), (tutor, minus(payout)), (Account::Platform, minus(fee))]
            }
            Event::TakenBack(amount) => moved(student, Account::Provider, amount),
            Event::Paid(amount) | Event::ReturnFailed(amount) => moved(Account::Provider, student, amount),
            Event::Returned(amount) => moved(student, Account::Provider, amount),
            Event::Forgiven(amount) => moved(Account::Platform, student, amount),
            Event::Fee(amount) => moved(Account::Fees, Account::Provider, amount),
            Event::Transferred(amount) => moved(tutor, Account::Provider, amount),
            Event::Reversed(amount) | Event::Withheld(amount) => moved(Account::Provider, tutor, amount),
        };
        let lines = lines.into_iter().filter(|(_, amount)| amount.minor != 0);
        lines.map(|(account, amount)| Entry { account, amount }).collect()
    }
}

/// The entries of what the provider kept, of no booking in particular: none where that is nothing.
#[must_use]
pub fn fee(amount: Money) -> Vec<Entry> {
    let lines = [(Account::Fees, minus(amount)), (Account::Provider, amount)];
    lines
        .into_iter()
        .filter(|_| amount.minor != 0)
        .map(|(account, amount)| Entry { account, amount })
        .collect()
}

fn minus(amount: Money) -> Money {
    Money { minor: -amount.minor, ..amount }
}

/// What earlier refunds of a charge gave back, minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// In all.
    pub amount: i64,
    /// Of it, the platform's part.
    pub fee: i64,
}

/// Who gives back what of a refund. The parts of all refunds of a charge sum to the charge's own parts once
/// everything is given back, whatever the steps and whichever of them failed.
///
/// # Errors
/// `INVALID_REQUEST` (`amount`) unless it is positive, of whole quanta of the currency, and no more than what
/// earlier refunds have left.
pub fn refund(charge: &Split, given: Given, amount: i64) -> Result<Split, Refusal> {
    let currency = charge.charge.currency;
    let left = charge.charge.minor - given.amount;
    if amount <= 0 || amount % currency.quantum() != 0 {
        return Err(Refusal::on(Code::InvalidRequest, "refund_amount", "amount"));
    }
    if amount > left {
        return Err(Refusal::on(Code::InvalidRequest, "refund_too_much", "amount"));
    }
    let fee = (charge.fee_of(given.amount + amount) - given.fee).clamp(0, amount);
    let money = |minor| Money { minor, currency };
    Ok(Split { charge: money(amount), fee: money(fee), payout: money(amount - fee) })
}
