//! A recount of the ledger that knows nothing of it: plain sums.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use domain::{
    booking::Booking,
    ledger::Event,
    money::{Currency, Money, Split},
};
use rand::{Rng as _, rngs::StdRng};
use services::{Actor, Services, ledger};

/// Where chance starts: the same operations each time. A failure names it.
pub const SEED: u64 = 20_261_121;

/// Currencies with two, none and three decimals.
pub const CURRENCIES: [Currency; 4] = [Currency::Eur, Currency::Usd, Currency::Jpy, Currency::Kwd];

/// A recount: what each account is owed, by plain sums; and what was sent to each tutor.
#[derive(Default)]
pub struct Recount(pub BTreeMap<(String, Currency), i64>, pub BTreeMap<String, i64>);

impl Recount {
    pub fn add(&mut self, account: impl Into<String>, currency: Currency, amount: i64) {
        *self.0.entry((account.into(), currency)).or_default() += amount;
    }

    /// The platform's ledger says the same, and sums to zero in every currency.
    pub async fn assert_same(&self, services: &Services, admin: &Actor, when: &str) {
        let told = ledger::balances(services, admin).await.expect("balances");
        let mut sums = BTreeMap::<Currency, i64>::new();
        for balance in &told {
            *sums.entry(balance.currency).or_default() += balance.balance;
        }
        assert!(sums.values().all(|sum| *sum == 0), "seed {SEED}, {when}: {sums:?}");
        let told: BTreeMap<_, _> =
            told.into_iter().map(|line| ((line.account, line.currency), line.balance)).collect();
        let not_zero = |balances: &BTreeMap<(String, Currency), i64>| -> BTreeMap<_, _> {
            let all = balances.iter().filter(|(_, balance)| **balance != 0);
            all.map(|(account, balance)| (account.clone(), *balance)).collect()
        };
        assert_eq!(not_zero(&told), not_zero(&self.0), "seed {SEED}, {when}");
    }
}

/// A part of an amount, half up to the quantum, by its own arithmetic.
pub fn part(amount: i64, of: i64, whole: i64, quantum: i64) -> i64 {
    let (amount, of, whole, quantum) = (amount as f64, of as f64, whole as f64, quantum as f64);
    ((amount * of / whole / quantum + 1e-9).round() * quantum) as i64
}

/// What is known of a charge besides the ledger.
pub struct Charge {
    pub booking: Booking,
    pub currency: Currency,
    pub amount: i64,
    pub fee: i64,
    pub paid: bool,
    pub forgiven: bool,
    pub given: i64,
    pub given_fee: i64,
    /// The parts of the last refund, until it is too old to fail.
    pub last: Option<Split>,
}

impl Charge {
    pub fn student(&self) -> String {
        format!("student:{}", self.booking.student)
    }

    pub fn tutor(&self) -> String {
        format!("tutor:{}", self.booking.tutor)
    }

    pub fn money(&self, minor: i64) -> Money {
        Money { minor, currency: self.currency }
    }

    /// It is owed from now on.
    pub fn settled(&self, recount: &mut Recount) -> Event {
        recount.add(self.student(), self.currency, -self.amount);
        recount.add(self.tutor(), self.currency, self.amount - self.fee);
        recount.add("platform", self.currency, self.fee);
        let (charge, fee) = (self.money(self.amount), self.money(self.fee));
        Event::Settled(Split { charge, fee, payout: self.money(self.amount - self.fee) })
    }

    /// The student paid.
    pub fn pay(&mut self, recount: &mut Recount) -> Event {
        self.paid = true;
        recount.add("provider", self.currency, -self.amount);
        recount.add(self.student(), self.currency, self.amount);
        Event::Paid(self.money(self.amount))
    }

    /// The platform bears it.
    pub fn forgive(&mut self, recount: &mut Recount) -> Event {
        self.forgiven = true;
        recount.add("platform", self.currency, -self.amount);
        recount.add(self.student(), self.currency, self.amount);
        Event::Forgiven(self.money(self.amount))
    }

    /// A dispute was decided: so much of what is owed is not owed any more.
    pub fn reduce(&mut self, amount: i64, recount: &mut Recount) -> Event {
        let fee = part(self.fee, amount, self.amount, self.currency.quantum());
        self.amount -= amount;
        self.fee -= fee;
        recount.add(self.student(), self.currency, amount);
        recount.add(self.tutor(), self.currency, fee - amount);
        recount.add("platform", self.currency, -fee);
        let (charge, fee) = (self.money(amount), self.money(fee));
        Event::Reduced(Split { charge, fee, payout: self.money(charge.minor - fee.minor) })
    }

    /// So much goes back.
    pub fn give_back(&mut self, amount: i64, recount: &mut Recount) -> Event {
        self.given += amount;
        let fee = part(self.fee, self.given, self.amount, self.currency.quantum()) - self.given_fee;
        self.given_fee += fee;
        recount.add("provider", self.currency, amount);
        recount.add(self.tutor(), self.currency, fee - amount);
        recount.add("platform", self.currency, -fee);
        let money = |minor| Money { minor, currency: self.currency };
        let parts = Split { charge: money(amount), fee: money(fee), payout: money(amount - fee) };
        self.last = Some(parts);
        Event::Refunded(parts)
    }

    /// The last refund came to nothing.
    pub fn fail(&mut self, parts: Split, recount: &mut Recount) -> Event {
        let (amount, fee) = (parts.charge.minor, parts.fee.minor);
        self.given -= amount;
        self.given_fee -= fee;
        recount.add("provider", self.currency, -amount);
        recount.add(self.tutor(), self.currency, amount - fee);
        recount.add("platform", self.currency, fee);
        Event::RefundFailed(parts)
    }

    /// The bank of the card has decided that so much is gone.
    pub fn lose(&mut self, amount: i64, recount: &mut Recount) -> Event {
        let Event::Refunded(parts) = self.give_back(amount, recount) else { unreachable!("a refund") };
        // It is not given back by the platform: the bank has it already.
        recount.add("provider", self.currency, -amount);
        recount.add(self.student(), self.currency, amount);
        self.last = None;
        Event::Lost(parts)
    }

    /// The provider's fee, and what passes between it and the two.
    pub fn pass(&mut self, what: u32, amount: i64, recount: &mut Recount) -> Event {
        let (fees, provider) = ("fees".to_owned(), "provider".to_owned());
        let money = self.money(amount);
        let (from, to, event) = match what {
            0 => (fees, provider, Event::Fee(money)),
            1 => (self.tutor(), provider, Event::Transferred(money)),
            2 => (provider, self.tutor(), Event::Reversed(money)),
            3 => (provider, self.tutor(), Event::Withheld(money)),
            4 => (self.student(), provider, Event::TakenBack(money)),
            5 => (provider, self.student(), Event::TakenBack(self.money(-amount))),
            6 => (self.student(), provider, Event::Returned(money)),
            _ => (provider, self.student(), Event::ReturnFailed(money)),
        };
        recount.add(from, self.currency, -amount);
        recount.add(to, self.currency, amount);
        event
    }
}

/// A random amount up to a limit, in whole quanta; at least one.
pub fn some(random: &mut StdRng, limit: i64, currency: Currency) -> i64 {
    random.random_range(1..=limit / currency.quantum()) * currency.quantum()
}
