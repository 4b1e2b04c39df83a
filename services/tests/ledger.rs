//! What many random operations leave in the ledger, on a real database, beside a recount that knows nothing of it.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    booking::Booking,
    dispute::{Outcome, Reason, Statement},
    ledger::Event,
    money::{Currency, Money, Split},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;
use services::{
    Actor, Services, dispute, jobs, ledger, lesson,
    payment::{self, DebtPayment},
    payout, sweep,
    testing::{self, Tutor, assert_invariants, at_hour, booked, now, number},
};
use sqlx::PgPool;
use uuid::Uuid;

/// Where chance starts: the same operations each time. A failure names it.
const SEED: u64 = 20_261_121;

/// Currencies with two, none and three decimals.
const CURRENCIES: [Currency; 4] = [Currency::Eur, Currency::Usd, Currency::Jpy, Currency::Kwd];

/// A recount: what each account is owed, by plain sums; and what was sent to each tutor.
#[derive(Default)]
struct Recount(BTreeMap<(String, Currency), i64>, BTreeMap<String, i64>);

impl Recount {
    fn add(&mut self, account: impl Into<String>, currency: Currency, amount: i64) {
        *self.0.entry((account.into(), currency)).or_default() += amount;
    }

    /// The platform's ledger says the same, and sums to zero in every currency.
    async fn assert_same(&self, services: &Services, admin: &Actor, when: &str) {
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
fn part(amount: i64, of: i64, whole: i64, quantum: i64) -> i64 {
    let (amount, of, whole, quantum) = (amount as f64, of as f64, whole as f64, quantum as f64);
    ((amount * of / whole / quantum + 1e-9).round() * quantum) as i64
}

/// What is known of a charge besides the ledger.
struct Charge {
    booking: Booking,
    currency: Currency,
    amount: i64,
    fee: i64,
    paid: bool,
    forgiven: bool,
    given: i64,
    given_fee: i64,
    /// The parts of the last refund, until it is too old to fail.
    last: Option<Split>,
}

impl Charge {
    fn student(&self) -> String {
        format!("student:{}", self.booking.student)
    }

    fn tutor(&self) -> String {
        format!("tutor:{}", self.booking.tutor)
    }

    fn money(&self, minor: i64) -> Money {
        Money { minor, currency: self.currency }
    }

    /// It is owed from now on.
    fn settled(&self, recount: &mut Recount) -> Event {
        recount.add(self.student(), self.currency, -self.amount);
        recount.add(self.tutor(), self.currency, self.amount - self.fee);
        recount.add("platform", self.currency, self.fee);
        let (charge, fee) = (self.money(self.amount), self.money(self.fee));
        Event::Settled(Split { charge, fee, payout: self.money(self.amount - self.fee) })
    }

    /// The student paid.
    fn pay(&mut self, recount: &mut Recount) -> Event {
        self.paid = true;
        recount.add("provider", self.currency, -self.amount);
        recount.add(self.student(), self.currency, self.amount);
        Event::Paid(self.money(self.amount))
    }

    /// The platform bears it.
    fn forgive(&mut self, recount: &mut Recount) -> Event {
        self.forgiven = true;
        recount.add("platform", self.currency, -self.amount);
        recount.add(self.student(), self.currency, self.amount);
        Event::Forgiven(self.money(self.amount))
    }

    /// A dispute was decided: so much of what is owed is not owed any more.
    fn reduce(&mut self, amount: i64, recount: &mut Recount) -> Event {
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
    fn give_back(&mut self, amount: i64, recount: &mut Recount) -> Event {
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
    fn fail(&mut self, parts: Split, recount: &mut Recount) -> Event {
        let (amount, fee) = (parts.charge.minor, parts.fee.minor);
        self.given -= amount;
        self.given_fee -= fee;
        recount.add("provider", self.currency, -amount);
        recount.add(self.tutor(), self.currency, amount - fee);
        recount.add("platform", self.currency, fee);
        Event::RefundFailed(parts)
    }

    /// The provider's fee, and what passes between it and the tutor.
    fn pass(&mut self, what: u32, amount: i64, recount: &mut Recount) -> Event {
        let (from, to, event) = match what {
            0 => ("fees".to_owned(), "provider".to_owned(), Event::Fee(self.money(amount))),
            1 => (self.tutor(), "provider".to_owned(), Event::Transferred(self.money(amount))),
            2 => ("provider".to_owned(), self.tutor(), Event::Reversed(self.money(amount))),
            _ => ("provider".to_owned(), self.tutor(), Event::Withheld(self.money(amount))),
        };
        recount.add(from, self.currency, -amount);
        recount.add(to, self.currency, amount);
        event
    }
}

/// A random amount up to a limit, in whole quanta; at least one.
fn some(random: &mut StdRng, limit: i64, currency: Currency) -> i64 {
    random.random_range(1..=limit / currency.quantum()) * currency.quantum()
}

/// Bookings of a few people with one another.
async fn bookings(till: &till::Till) -> Vec<Booking> {
    let mut bookings = Vec::new();
    for name in ["Ann", "Ben", "Cleo", "Dan"] {
        let tutor = testing::tutor(&till.services, name).await;
        let student = testing::student(&till.services, name).await;
        for day in 0..2 {
            bookings.push(booked(&till.services, &student, &tutor, at_hour(24 * day + 4)).await);
        }
    }
    bookings
}

/// One more operation: what is entered, and as what.
fn operate(
    random: &mut StdRng,
    charges: &mut Vec<Charge>,
    bookings: &[Booking],
    recount: &mut Recount,
) -> (Booking, Event, String) {
    let number = charges.len();
    let index = random.random_range(0..number + number / 2 + 1);
    let Some(charge) = charges.get_mut(index) else {
        let booking = bookings[random.random_range(0..bookings.len())].clone();
        let currency = CURRENCIES[random.random_range(0..CURRENCIES.len())];
        let amount = some(random, 50_000, currency);
        let fee = part(amount, random.random_range(0..=3000), 10_000, currency.quantum());
        let charge = Charge {
            booking: booking.clone(),
            currency,
            amount,
            fee,
            paid: false,
            forgiven: false,
            given: 0,
            given_fee: 0,
            last: None,
        };
        let event = charge.settled(recount);
        charges.push(charge);
        return (booking, event, format!("charge/{number}/settled"));
    };
    let left = charge.amount - charge.given;
    let source = random.random::<u64>();
    let (event, source) = match random.random_range(0..11) {
        10 if charge.last.is_some() => {
            let parts = charge.last.take().expect("a refund");
            (charge.fail(parts, recount), format!("refund/{source}/failed"))
        }
        _ if charge.forgiven || (charge.paid && left == 0) => {
            let amount = some(random, 1000, charge.currency);
            (charge.pass(random.random_range(0..4), amount, recount), format!("{source}"))
        }
        0 if !charge.paid => (charge.forgive(recount), format!("charge/{index}/forgiven")),
        1..=2 if !charge.paid && left > charge.currency.quantum() => {
            let amount = some(random, left - charge.currency.quantum(), charge.currency);
            (charge.reduce(amount, recount), format!("dispute/{source}/reduced"))
        }
        _ if !charge.paid => (charge.pay(recount), format!("charge/{index}/paid")),
        1..=2 => (charge.give_back(left, recount), format!("refund/{source}")),
        3..=8 => {
            let amount = some(random, left, charge.currency);
            (charge.give_back(amount, recount), format!("refund/{source}"))
        }
        what => {
            let amount = some(random, 1000, charge.currency);
            (charge.pass(what % 4, amount, recount), format!("{source}"))
        }
    };
    (charge.booking.clone(), event, source)
}

/// Settling, paying, letting off, reducing, giving back some and all, the provider's fees, passing on to tutors and taking
/// back, some of it told twice.
#[sqlx::test(migrations = "../migrations")]
async fn ten_thousand_operations_leave_every_currency_at_zero(db: PgPool) {
    let till = till::open(db).await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    let bookings = bookings(&till).await;
    let mut random = StdRng::seed_from_u64(SEED);
    let (mut charges, mut recount) = (Vec::new(), Recount::default());
    for batch in 0..20 {
        let mut entered: Vec<_> =
            (0..500).map(|_| operate(&mut random, &mut charges, &bookings, &mut recount)).collect();
        let again: Vec<_> = entered.iter().step_by(7).cloned().collect();
        entered.extend(again);
        testing::post(&till.services, &entered).await;
        recount.assert_same(&till.services, &admin, &format!("batch {batch}")).await;
    }
    assert_eq!(number(&till.services, "SELECT count(*) FROM ledger_events").await, 10_000);
    let kinds = "SELECT count(DISTINCT kind) FROM ledger_events";
    assert_eq!(number(&till.services, kinds).await, 10, "all but what goes back of a deposit");
    assert_eq!(number(&till.services, "SELECT count(DISTINCT currency) FROM ledger_entries").await, 4);
    assert_invariants(&till.services).await;
}

/// Those who meet, and the cards of the student: one that pays, and whether the default is one that does not.
struct Pair {
    tutor: Tutor,
    student: Actor,
    good: String,
    declines: bool,
    currency: Currency,
}

async fn pair(till: &till::Till, index: usize) -> Pair {
    let tutor = testing::tutor(&till.services, "Tina").await;
    let student = testing::student(&till.services, "Sam").await;
    let currency = CURRENCIES[index % CURRENCIES.len()];
    sqlx::query("UPDATE offerings SET currency = $1, prices = $2 WHERE tutor_id = $3")
        .bind(currency.code())
        .bind(vec![15_010_i64, 20_330 + 10 * index as i64, 40_000])
        .bind(tutor.id.0)
        .execute(&till.services.db)
        .await
        .expect("a price");
    let declines = index.is_multiple_of(3);
    let card = |token| payment::save_card(&till.services, &student, token, "I agree.");
    if declines {
        card("pm_card_chargeCustomerFail").await.expect("a card");
    }
    let good = card("pm_card_visa").await.expect("a card").id;
    Pair { tutor, student, good, declines, currency }
}

/// What the provider itself says of transfers: so much is with the tutors, and not with the platform any more.
async fn count_transfers(till: &till::Till, pairs: &[Pair], recount: &mut Recount) {
    let rows: Vec<(String, Uuid)> = sqlx::query_as("SELECT account, tutor_id FROM payout_accounts")
        .fetch_all(&till.services.db)
        .await
        .expect("accounts");
    let owners: BTreeMap<_, _> = rows.into_iter().collect();
    for pair in pairs {
        let (tutor, minor) =
            (format!("tutor:{}", pair.tutor.id), |it: &Value| it.as_i64().expect("an amount"));
        let list = till.listed("transfers").await;
        let own = list.iter().filter(|it| {
            it["destination"].as_str().and_then(|account| owners.get(account)) == Some(&pair.tutor.id.0)
        });
        let sent: i64 = own.map(|it| minor(&it["amount"]) - minor(&it["amount_reversed"])).sum();
        let before = recount.1.insert(tutor.clone(), sent).unwrap_or_default();
        recount.add(tutor, pair.currency, before - sent);
        recount.add("provider", pair.currency, sent - before);
    }
}

/// Books and takes a lesson; sometimes the student is absent.
async fn take(till: &till::Till, pair: &Pair, slot: i64, random: &mut StdRng) -> Charge {
    let clock = |at| till.services.clock.show(Some(at));
    clock(now());
    let start = at_hour(24 * (slot / 4) + 2 * (slot % 4) + 2);
    let booking = booked(&till.services, &pair.student, &pair.tutor, start).await;
    let mut amount = booking.price_minor;
    if random.random_range(0..4) == 0 {
        clock(start);
        lesson::join(&till.services, &pair.tutor.actor, booking.id).await.expect("let in");
        clock(start + TimeDelta::minutes(20));
        lesson::mark_no_show(&till.services, &pair.tutor.actor, booking.lesson).await.expect("marked");
        amount = part(amount, 1, 2, pair.currency.quantum());
    }
    let fee = part(amount, 1000, 10_000, pair.currency.quantum());
    Charge {
        booking,
        currency: pair.currency,
        amount,
        fee,
        paid: !pair.declines,
        forgiven: false,
        given: 0,
        given_fee: 0,
        last: None,
    }
}

async fn run_due(services: &Services) {
    sweep::run(services).await.expect("swept");
    jobs::hand_out(services).await.expect("handed out");
    jobs::drain(services).await.expect("worked off");
}

/// Disputes a lesson, once, and decides about it: nothing, a part, all that is left.
async fn dispute(
    till: &till::Till,
    admin: &Actor,
    pair: &Pair,
    charge: &mut Charge,
    random: &mut StdRng,
    recount: &mut Recount,
) -> bool {
    let (services, left) = (&till.services, charge.amount - charge.given);
    let said = Statement::parse("It was short.").expect("a statement");
    let opened = dispute::open(services, &pair.student, charge.booking.id, Reason::CutShort, &said).await;
    let Ok(opened) = opened else { return false };
    let (outcome, amount) = match random.random_range(0..3) {
        _ if left == 0 => (Outcome::None, None),
        0 => (Outcome::None, None),
        1 => (Outcome::Full, None),
        _ => (Outcome::Partial, Some(some(random, left, charge.currency))),
    };
    let decided = dispute::decide(services, admin, opened.id, outcome, amount, "A test.").await;
    let amount = match (decided, outcome) {
        (Ok(decided), _) => decided.verdict.expect("a verdict").amount.minor,
        (Err(refusal), Outcome::Partial) => {
            assert_eq!(testing::refused::<()>(Err(refusal)).1, "dispute_rest");
            0
        }
        (Err(refusal), _) => panic!("{refusal}"),
    };
    match amount {
        0 => {}
        amount if charge.paid => drop(charge.give_back(amount, recount)),
        amount => drop(charge.reduce(amount, recount)),
    }
    true
}

/// Pays a debt, or asks for a refund: some, all, too much.
async fn act(
    till: &till::Till,
    admin: &Actor,
    pair: &Pair,
    charge: &mut Charge,
    random: &mut StdRng,
    recount: &mut Recount,
) {
    let booking = charge.booking.id;
    if random.random_range(0..4) == 0 && dispute(till, admin, pair, charge, random, recount).await {
        return;
    }
    if !charge.paid && charge.amount == 0 {
        return;
    }
    if !charge.paid {
        let paid = payment::begin_debt_payment(&till.services, &pair.student, booking, &pair.good).await;
        assert_eq!(paid.expect("paid"), DebtPayment::Paid);
        charge.pay(recount);
        return;
    }
    let left = charge.amount - charge.given;
    let amount = match random.random_range(0..4) {
        0 => left + charge.currency.quantum(),
        1 => left,
        _ if left == 0 => 0,
        _ => some(random, left, charge.currency),
    };
    let given = payment::refund(&till.services, admin, booking, Some(amount), "A test.").await;
    if amount > 0 && amount <= left {
        given.expect("given back");
        charge.give_back(amount, recount);
    } else {
        assert_eq!(given.expect_err("refused").code(), Code::InvalidRequest);
    }
}

/// The use cases themselves: lessons taken and missed, paid and declined, debts paid, tutors paid out, refunds of all
/// kinds before and after, disputes.
#[sqlx::test(migrations = "../migrations")]
async fn what_people_do_leaves_every_balance_as_recounted(db: PgPool) {
    let till = till::open(db).await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    let mut random = StdRng::seed_from_u64(SEED);
    let (mut pairs, mut charges, mut recount) = (Vec::new(), Vec::new(), Recount::default());
    till.at(now()).await;
    for index in 0..12 {
        pairs.push(pair(&till, index).await);
        // The last two never say where to send their earnings.
        if index < 10 {
            till.ready(&pairs[index].tutor).await;
        }
    }
    for slot in 0..16 {
        for (index, pair) in pairs.iter().enumerate() {
            charges.push((index, take(&till, pair, slot, &mut random).await));
        }
    }
    till.at(at_hour(24 * 5)).await;
    run_due(&till.services).await;
    for (_, charge) in &mut charges {
        charge.settled(&mut recount);
        if charge.paid {
            charge.pay(&mut recount);
        }
    }
    recount.assert_same(&till.services, &admin, "all charged").await;
    for round in 0..6 {
        // In the second round the lessons can be paid out, and those whose debts are paid later from then on.
        till.at(at_hour(24 * (7 + 2 * round))).await;
        run_due(&till.services).await;
        for _ in 0..100 {
            let index = random.random_range(0..charges.len());
            let (pair, charge) = &mut charges[index];
            act(&till, &admin, &pairs[*pair], charge, &mut random, &mut recount).await;
        }
        run_due(&till.services).await;
        count_transfers(&till, &pairs, &mut recount).await;
        recount.assert_same(&till.services, &admin, &format!("round {round}")).await;
        assert_invariants(&till.services).await;
        for pair in &pairs {
            for sums in payout::sums(&till.services, &pair.tutor.actor, pair.tutor.id).await.expect("sums") {
                let parts = sums.held + sums.payable + sums.under_way + sums.paid + sums.carried;
                assert_eq!(sums.earned, parts, "seed {SEED}, round {round}: {sums:?}");
            }
        }
    }
    let paid = payout::counts(&till.services).await.expect("counts");
    let reversed = number(&till.services, "SELECT count(*) FROM reversals WHERE state = 'succeeded'").await;
    assert!(paid.paid >= 10 && reversed > 20, "{paid:?}, {reversed} reversals");
    let refunds = number(&till.services, "SELECT count(*) FROM refunds WHERE state = 'succeeded'").await;
    let debts = number(&till.services, "SELECT count(*) FROM student_debts WHERE cleared_by = 'paid'").await;
    let disputes = number(&till.services, "SELECT count(*) FROM disputes WHERE amount_minor > 0").await;
    assert!(
        refunds > 100 && debts > 20 && disputes > 10,
        "{refunds} refunds, {debts} debts, {disputes} disputes"
    );
    assert_eq!(till.counted("refunds").await, refunds.unsigned_abs());
    assert_invariants(&till.services).await;
    till.assert_reconciled(&admin).await;
}
