//! Entries, refunds, and what ten thousand operations leave behind.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use domain::{
    Code,
    dispute::{Outcome, Remedy, remedy, rest},
    ids::{TutorId, UserId},
    ledger::{Account, Entry, Event, Given, refund},
    money::{Currency, Money, Split},
    payment::ChargeState,
    payout::{sendable, take_back},
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
        (Event::RefundFailed(split), vec![("provider", -2500), (&tutor, 2250), ("platform", 250)]),
        (Event::Returned(eur(1250)), vec![(&student, -1250), ("provider", 1250)]),
        (Event::Forgiven(eur(7)), vec![("platform", -7), (&student, 7)]),
        (Event::Fee(eur(60)), vec![("fees", -60), ("provider", 60)]),
        (Event::Transferred(eur(2250)), vec![(&tutor, -2250), ("provider", 2250)]),
        (Event::Reversed(eur(900)), vec![("provider", -900), (&tutor, 900)]),
        (Event::Withheld(eur(350)), vec![("provider", -350), (&tutor, 350)]),
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
    Settle {
        price: i64,
        fee_bps: u32,
        declined: bool,
    },
    Clear {
        lesson: usize,
    },
    Forgive {
        lesson: usize,
    },
    /// What was paid out is taken back, unless the provider refuses.
    Refund {
        lesson: usize,
        amount: i64,
        refuses: bool,
    },
    /// The last refund of a lesson fails after it was given.
    FailRefund {
        lesson: usize,
    },
    /// All that is due in a currency is paid out.
    PayOut {
        currency: usize,
    },
    /// A dispute is decided.
    Decide {
        lesson: usize,
        outcome: usize,
        amount: Option<i64>,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let lesson = 0_usize..100_000;
    prop_oneof![
        6 => (0_i64..20_000, 0_u32..=10_000, any::<bool>())
            .prop_map(|(price, fee_bps, declined)| Step::Settle { price, fee_bps, declined }),
        2 => lesson.clone().prop_map(|lesson| Step::Clear { lesson }),
        2 => lesson.clone().prop_map(|lesson| Step::Forgive { lesson }),
        6 => (lesson.clone(), -10_i64..20_000, any::<bool>())
            .prop_map(|(lesson, amount, refuses)| Step::Refund { lesson, amount, refuses }),
        4 => (lesson.clone(), 0_usize..3, prop::option::of(1_i64..20_000))
            .prop_map(|(lesson, outcome, amount)| Step::Decide { lesson, outcome, amount }),
        1 => lesson.prop_map(|lesson| Step::FailRefund { lesson }),
        4 => (0..CURRENCIES).prop_map(|currency| Step::PayOut { currency }),
    ]
}

/// How many currencies a life has, so that payouts meet several lessons.
const CURRENCIES: usize = 5;

/// A lesson as the books of this test see it.
#[derive(Clone, Debug)]
struct Taught {
    split: Split,
    paid: bool,
    owed: bool,
    /// The parts of its refunds.
    refunds: Vec<Split>,
    /// Which transfer has it.
    sent: Option<usize>,
}

impl Taught {
    fn given(&self) -> Given {
        let sum = |part: fn(&Split) -> i64| self.refunds.iter().map(part).sum();
        Given { amount: sum(|parts| parts.charge.minor), fee: sum(|parts| parts.fee.minor) }
    }

    /// The tutor's part of what is left of the charge.
    fn earned(&self) -> i64 {
        self.split.payout.minor - self.given().amount + self.given().fee
    }
}

#[derive(Default)]
struct Books {
    entries: Vec<Entry>,
    lessons: Vec<Taught>,
    /// What each transfer sent, and what was taken back of it.
    transfers: Vec<(i64, i64)>,
    /// What the next payout in a currency keeps back or adds.
    carried: BTreeMap<Currency, Vec<i64>>,
}

impl Books {
    fn post(&mut self, event: Event) {
        let entries = event.entries(STUDENT, TUTOR);
        assert_eq!(entries.iter().map(|entry| entry.amount.minor).sum::<i64>(), 0, "{event:?}");
        self.entries.extend(entries);
    }

    fn take(&mut self, step: Step) {
        let pick = |lesson: usize| lesson.checked_rem(self.lessons.len());
        match step {
            Step::Settle { price, fee_bps, declined } => self.settle(price, fee_bps, declined),
            Step::PayOut { currency } => self.pay_out(Currency::ALL[currency]),
            Step::Clear { lesson } => pick(lesson).into_iter().for_each(|at| self.clear(at, true)),
            Step::Forgive { lesson } => pick(lesson).into_iter().for_each(|at| self.clear(at, false)),
            Step::Refund { lesson, amount, refuses } => {
                pick(lesson).into_iter().for_each(|at| self.refund(at, amount, refuses));
            }
            Step::FailRefund { lesson } => pick(lesson).into_iter().for_each(|at| self.fail_refund(at)),
            Step::Decide { lesson, outcome, amount } => {
                pick(lesson).into_iter().for_each(|at| self.decide(at, Outcome::ALL[outcome], amount));
            }
        }
    }

    fn settle(&mut self, price: i64, fee_bps: u32, declined: bool) {
        let currency = Currency::ALL[self.lessons.len() % CURRENCIES];
        let price = Money { minor: price / currency.quantum() * currency.quantum(), currency };
        let split = price.split(fee_bps);
        self.post(Event::Settled(split));
        if !declined {
            self.post(Event::Paid(split.charge));
        }
        self.lessons.push(Taught { split, paid: !declined, owed: declined, refunds: Vec::new(), sent: None });
    }

    fn clear(&mut self, at: usize, pays: bool) {
        let lesson = &mut self.lessons[at];
        if !lesson.owed {
            return;
        }
        (lesson.owed, lesson.paid) = (false, pays);
        let charge = lesson.split.charge;
        self.post(if pays { Event::Paid(charge) } else { Event::Forgiven(charge) });
    }

    fn carry(&mut self, currency: Currency, minor: i64) {
        if minor != 0 {
            self.carried.entry(currency).or_default().push(minor);
        }
    }

    fn refund(&mut self, at: usize, amount: i64, refuses: bool) {
        let lesson = &mut self.lessons[at];
        let Ok(parts) = refund(&lesson.split, lesson.given(), amount) else { return };
        if !lesson.paid {
            return;
        }
        lesson.refunds.push(parts);
        let sent = lesson.sent;
        self.post(Event::Refunded(parts));
        let Some(sent) = sent else { return };
        let (amount, taken) = self.transfers[sent];
        let (asked, carried) = take_back(parts.payout.minor, amount - taken);
        self.carry(parts.payout.currency, -carried);
        if refuses {
            self.carry(parts.payout.currency, -asked);
        } else {
            self.transfers[sent].1 += asked;
            self.post(Event::Reversed(Money { minor: asked, ..parts.payout }));
        }
    }

    /// A dispute is decided: what was paid is given back, what is owed is reduced.
    fn decide(&mut self, at: usize, outcome: Outcome, amount: Option<i64>) {
        let lesson = &mut self.lessons[at];
        let state = match (lesson.paid, lesson.owed) {
            (true, _) => ChargeState::Paid,
            (false, true) => ChargeState::Debt,
            (false, false) => ChargeState::Nothing,
        };
        match remedy(outcome, amount, state, &lesson.split, lesson.given()) {
            Ok(Remedy::GiveBack(parts)) => self.refund(at, parts.charge.minor, false),
            Ok(Remedy::Reduce(parts)) => {
                lesson.split = rest(&lesson.split, &parts);
                lesson.owed = lesson.split.charge.minor > 0;
                self.post(Event::Reduced(parts));
            }
            Ok(Remedy::Nothing) | Err(_) => {}
        }
    }

    fn fail_refund(&mut self, at: usize) {
        let lesson = &mut self.lessons[at];
        let Some(parts) = lesson.refunds.pop() else { return };
        let sent = lesson.sent.is_some();
        self.post(Event::RefundFailed(parts));
        if sent {
            self.carry(parts.payout.currency, parts.payout.minor);
        }
    }

    fn pay_out(&mut self, currency: Currency) {
        let due = |lesson: &&mut Taught| {
            lesson.paid
                && lesson.sent.is_none()
                && lesson.split.charge.currency == currency
                && lesson.earned() > 0
        };
        let mut due: Vec<_> = self.lessons.iter_mut().filter(due).collect();
        let carried = self.carried.get(&currency).cloned().unwrap_or_default();
        let lines: Vec<_> = due.iter().map(|lesson| lesson.earned()).chain(carried).collect();
        let Some(total) = sendable(currency, lines.iter().copied()) else { return };
        assert!(total > 0);
        due.iter_mut().for_each(|lesson| lesson.sent = Some(self.transfers.len()));
        self.transfers.push((total, 0));
        self.carried.remove(&currency);
        for minor in lines {
            let amount = Money { minor: minor.abs(), currency };
            self.post(if minor > 0 { Event::Transferred(amount) } else { Event::Withheld(amount) });
        }
    }

    fn balance(&self, account: Account, currency: Currency) -> i64 {
        let own = self.entries.iter().filter(|entry| entry.account == account);
        own.filter(|entry| entry.amount.currency == currency).map(|entry| entry.amount.minor).sum()
    }

    /// What the ledger must owe: student, platform, tutor; by plain sums over the lessons.
    fn expected(&self, currency: Currency) -> (i64, i64, i64) {
        let mut expected = (0, 0, self.carried.get(&currency).into_iter().flatten().sum());
        for lesson in self.lessons.iter().filter(|lesson| lesson.split.charge.currency == currency) {
            let charge = lesson.split.charge.minor;
            let forgiven = if lesson.paid || lesson.owed { 0 } else { charge };
            expected.0 -= if lesson.owed { charge } else { 0 };
            expected.1 += lesson.split.fee.minor - lesson.given().fee - forgiven;
            expected.2 += if lesson.sent.is_some() { 0 } else { lesson.earned() };
        }
        expected
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
        prop_assert!(books.transfers.iter().all(|(sent, taken)| (0..=*sent).contains(taken)), "{:?}", books.transfers);
        for currency in Currency::ALL {
            let owed = (
                books.balance(Account::Student(STUDENT), *currency),
                books.balance(Account::Platform, *currency),
                books.balance(Account::Tutor(TUTOR), *currency),
            );
            prop_assert_eq!(owed, books.expected(*currency), "{}", currency);
        }
    }
}
