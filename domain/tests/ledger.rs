//! Entries, refunds, and what ten thousand operations leave behind.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use domain::{
    Code,
    ids::{TutorId, UserId},
    ledger::{Account, Entry, Event, Given, refund},
    money::{Currency, Money, Split},
};
use proptest::prelude::*;
use uuid::Uuid;

const STUDENT: UserId = UserId(Uuid::from_u128(1));
const TUTOR: TutorId = TutorId(Uuid::from_u128(2));

fn eur(minor: i64) -> Money {
    Money { minor, currency: Currency::Eur }
}

fn lines(event: Event) -> Vec<(String, i64)> {
    let entries = event.entries(STUDENT, TUTOR);
    entries.into_iter().map(|Entry { account, amount }| (account.to_string(), amount.minor)).collect()
}

#[test]
fn every_event_writes_its_entries() {
    let (student, tutor) = (format!("student:{STUDENT}"), format!("tutor:{TUTOR}"));
    let split = eur(2500).split(1000);
    for (event, expected) in [
        (Event::Settled(split), vec![(&*student, -2500), (&tutor, 2250), ("platform", 250)]),
        (Event::Paid(eur(2500)), vec![("provider", -2500), (&student, 2500)]),
        (Event::Refunded(split), vec![("provider", 2500), (&tutor, -2250), ("platform", -250)]),
        (Event::Returned(eur(1250)), vec![(&student, -1250), ("provider", 1250)]),
        (Event::Forgiven(eur(7)), vec![("platform", -7), (&student, 7)]),
        (Event::Fee(eur(60)), vec![("fees", -60), ("provider", 60)]),
        (Event::Transferred(eur(2250)), vec![(&tutor, -2250), ("provider", 2250)]),
        (Event::Reversed(eur(900)), vec![("provider", -900), (&tutor, 900)]),
        (Event::Settled(eur(0).split(1000)), vec![]),
        (Event::Settled(eur(100).split(0)), vec![(&student, -100), (&tutor, 100)]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(name, minor)| (name.to_owned(), minor)).collect();
        assert_eq!(lines(event), expected, "{}", event.name());
    }
}

#[test]
fn accounts_are_read_back() {
    for account in [
        Account::Student(STUDENT),
        Account::Tutor(TUTOR),
        Account::Platform,
        Account::Provider,
        Account::Fees,
    ] {
        assert_eq!(Account::parse(&account.to_string()), Some(account));
    }
    for wrong in ["", "student", "student:", "student:7", "nobody", "tutor:x", "platform:"] {
        assert_eq!(Account::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn refunds_give_back_all_parts_in_the_end() {
    let charge = eur(2500).split(1000);
    let first = refund(&charge, Given::default(), 1000).unwrap();
    let second = refund(&charge, Given { amount: 1000, fee: 100 }, 1500).unwrap();
    assert_eq!((first.fee.minor, first.payout.minor), (100, 900));
    assert_eq!((second.fee.minor, second.payout.minor), (150, 1350));
    for (refunded, amount, key) in [
        (0, 0, "refund_amount"),
        (0, -1, "refund_amount"),
        (0, 2501, "refund_too_much"),
        (2500, 1, "refund_too_much"),
        (0, i64::MAX, "refund_too_much"),
    ] {
        let given = Given { amount: refunded, fee: charge.fee_of(refunded) };
        let refusal = refund(&charge, given, amount).unwrap_err();
        assert_eq!((refusal.code, &*refusal.key), (Code::InvalidRequest, key), "{refunded} {amount}");
    }
    let dinars = Money { minor: 10_120, currency: Currency::Kwd }.split(1000);
    assert_eq!(refund(&dinars, Given::default(), 15).unwrap_err().key, "refund_amount");
}

#[test]
fn a_refund_that_came_to_nothing_leaves_no_cent_behind() {
    // 3 of 10 cents are the fee. The first third was given back and taken out again, the second stayed.
    let charge = Split { charge: eur(10), fee: eur(3), payout: eur(7) };
    let second = refund(&charge, Given { amount: 3, fee: 1 }, 3).unwrap();
    let rest = refund(&charge, Given { amount: 3, fee: second.fee.minor }, 7).unwrap();
    assert_eq!((second.fee.minor + rest.fee.minor, second.payout.minor + rest.payout.minor), (3, 7));
}

/// One step of a long life of a ledger.
#[derive(Clone, Copy, Debug)]
enum Step {
    Settle { price: i64, fee_bps: u32, declined: bool },
    Clear { lesson: usize },
    Forgive { lesson: usize },
    Refund { lesson: usize, amount: i64 },
    Transfer { lesson: usize },
    Reverse { lesson: usize, amount: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let lesson = 0_usize..100_000;
    prop_oneof![
        3 => (0_i64..20_000, 0_u32..=10_000, any::<bool>())
            .prop_map(|(price, fee_bps, declined)| Step::Settle { price, fee_bps, declined }),
        1 => lesson.clone().prop_map(|lesson| Step::Clear { lesson }),
        1 => lesson.clone().prop_map(|lesson| Step::Forgive { lesson }),
        2 => (lesson.clone(), -10_i64..20_000).prop_map(|(lesson, amount)| Step::Refund { lesson, amount }),
        1 => lesson.clone().prop_map(|lesson| Step::Transfer { lesson }),
        1 => (lesson, 1_i64..20_000).prop_map(|(lesson, amount)| Step::Reverse { lesson, amount }),
    ]
}

/// A lesson as the books of this test see it.
#[derive(Clone, Copy, Debug)]
struct Taught {
    split: Split,
    paid: bool,
    owed: bool,
    refunded: i64,
    transferred: i64,
}

#[derive(Default)]
struct Books {
    entries: Vec<Entry>,
    lessons: Vec<Taught>,
}

impl Books {
    fn post(&mut self, event: Event) {
        let entries = event.entries(STUDENT, TUTOR);
        assert_eq!(entries.iter().map(|entry| entry.amount.minor).sum::<i64>(), 0, "{event:?}");
        self.entries.extend(entries);
    }

    fn take(&mut self, step: Step) {
        if let Step::Settle { price, fee_bps, declined } = step {
            let currency = Currency::ALL[self.lessons.len() % Currency::ALL.len()];
            let price = Money { minor: price / currency.quantum() * currency.quantum(), currency };
            let split = price.split(fee_bps);
            self.post(Event::Settled(split));
            if !declined {
                self.post(Event::Paid(split.charge));
            }
            self.lessons.push(Taught { split, paid: !declined, owed: declined, refunded: 0, transferred: 0 });
            return;
        }
        if self.lessons.is_empty() {
            return;
        }
        let pick = |lesson: usize| lesson % self.lessons.len();
        match step {
            Step::Settle { .. } => {}
            Step::Clear { lesson } => self.clear(pick(lesson), true),
            Step::Forgive { lesson } => self.clear(pick(lesson), false),
            Step::Refund { lesson, amount } => self.refund(pick(lesson), amount),
            Step::Transfer { lesson } => self.transfer(pick(lesson)),
            Step::Reverse { lesson, amount } => self.reverse(pick(lesson), amount),
        }
    }

    fn clear(&mut self, at: usize, pays: bool) {
        let lesson = self.lessons[at];
        if !lesson.owed {
            return;
        }
        self.lessons[at] = Taught { owed: false, paid: pays, ..lesson };
        let charge = lesson.split.charge;
        self.post(if pays { Event::Paid(charge) } else { Event::Forgiven(charge) });
    }

    fn refund(&mut self, at: usize, amount: i64) {
        let lesson = self.lessons[at];
        let given = Given { amount: lesson.refunded, fee: lesson.split.fee_of(lesson.refunded) };
        let Ok(parts) = refund(&lesson.split, given, amount) else { return };
        if lesson.paid {
            self.lessons[at].refunded += amount;
            self.post(Event::Refunded(parts));
        }
    }

    fn transfer(&mut self, at: usize) {
        let lesson = self.lessons[at];
        if lesson.paid && lesson.refunded == 0 && lesson.transferred == 0 {
            self.lessons[at].transferred = lesson.split.payout.minor;
            self.post(Event::Transferred(lesson.split.payout));
        }
    }

    fn reverse(&mut self, at: usize, amount: i64) {
        let lesson = self.lessons[at];
        let amount = amount.min(lesson.transferred);
        self.lessons[at].transferred -= amount;
        self.post(Event::Reversed(Money { minor: amount, ..lesson.split.payout }));
    }

    fn balance(&self, account: Account, currency: Currency) -> i64 {
        let own = self.entries.iter().filter(|entry| entry.account == account);
        own.filter(|entry| entry.amount.currency == currency).map(|entry| entry.amount.minor).sum()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_life_of_a_ledger_leaves_every_currency_at_zero(steps in proptest::collection::vec(step(), 0..400)) {
        let mut books = Books::default();
        for step in steps {
            books.take(step);
        }
        let mut totals = BTreeMap::<Currency, i64>::new();
        for Entry { amount, .. } in &books.entries {
            *totals.entry(amount.currency).or_default() += amount.minor;
        }
        prop_assert!(totals.values().all(|total| *total == 0), "{totals:?}");
        for currency in Currency::ALL {
            let mut expected = (0, 0);
            for lesson in books.lessons.iter().filter(|lesson| lesson.split.charge.currency == *currency) {
                let fee_left = lesson.split.fee.minor - lesson.split.fee_of(lesson.refunded);
                let forgiven = if lesson.paid || lesson.owed { 0 } else { lesson.split.charge.minor };
                expected.0 += if lesson.owed { -lesson.split.charge.minor } else { 0 };
                expected.1 += fee_left - forgiven;
            }
            let student = books.balance(Account::Student(STUDENT), *currency);
            prop_assert_eq!((student, books.balance(Account::Platform, *currency)), expected, "{}", currency);
        }
    }
}
