//! What people, banks and admins do at random leaves every balance as a recount says that knows nothing of the ledger.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

#[path = "till/bank.rs"]
mod bank;
mod recount;
mod till;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    dispute::{Outcome, Reason, Statement},
    money::Currency,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use recount::{CURRENCIES, Charge, Recount, SEED, part, some};
use serde_json::Value;
use services::{
    Actor, Services, dispute, jobs, lesson,
    payment::{self, DebtPayment},
    payout, sweep,
    testing::{self, Tutor, assert_invariants, at_hour, booked, now, number, refused},
};
use sqlx::PgPool;
use uuid::Uuid;

/// Those who meet, and the cards of the student: one that pays, and whether the default is one that does not.
struct Pair {
    tutor: Tutor,
    student: Actor,
    good: String,
    declines: bool,
    /// Whether its bank takes every payment back.
    is_disputed: bool,
    currency: Currency,
}

/// Cards whose owners turn to their bank: as never received, as not their own, with a question only.
const DISPUTED: [&str; 3] = [bank::NOT_RECEIVED, "pm_card_createDispute", "pm_card_createDisputeInquiry"];

/// How many pairs there are without those who turn to their bank.
const PEACEFUL: usize = 12;

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
    let disputed = index.checked_sub(PEACEFUL).map(|index| DISPUTED[index]);
    let declines = disputed.is_none() && index.is_multiple_of(3);
    let card = |token| payment::save_card(&till.services, &student, token, "I agree.");
    if declines {
        card("pm_card_chargeCustomerFail").await.expect("a card");
    }
    let good = card(disputed.unwrap_or("pm_card_visa")).await.expect("a card").id;
    Pair { tutor, student, good, declines, is_disputed: disputed.is_some(), currency }
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

/// A bank's case, as the provider tells of it.
struct Case {
    id: String,
    booking: Uuid,
    /// What the bank has now, and the provider's fees for it.
    taken: (i64, i64),
    status: String,
}

impl Case {
    fn is_open(&self) -> bool {
        !["won", "lost", "warning_closed"].contains(&&*self.status)
    }
}

async fn cases(till: &till::Till) -> Vec<Case> {
    let rows: Vec<(String, Uuid)> =
        sqlx::query_as("SELECT payment_intent, booking_id FROM charges WHERE payment_intent IS NOT NULL")
            .fetch_all(&till.services.db)
            .await
            .expect("charges");
    let bookings: BTreeMap<_, _> = rows.into_iter().collect();
    let text = |it: &Value| it.as_str().expect("a text").to_owned();
    let case = |it: &Value| {
        let moves = it["balance_transactions"].as_array().expect("moves");
        let sum = |name: &str| moves.iter().map(|line| line[name].as_i64().expect("an amount")).sum::<i64>();
        Case {
            id: text(&it["id"]),
            booking: bookings[&text(&it["payment_intent"])],
            taken: (-sum("amount"), sum("fee")),
            status: text(&it["status"]),
        }
    };
    till.listed("disputes").await.iter().map(case).collect()
}

/// Cases in the order of their lessons: the provider's own changes from run to run.
fn in_order(mut cases: Vec<Case>, charges: &[(usize, Charge)]) -> Vec<Case> {
    cases.sort_by_key(|case| charges.iter().position(|(_, it)| it.booking.id.0 == case.booking));
    cases
}

/// What the platform was told of the banks' cases.
#[derive(Default)]
struct Told {
    taken: BTreeMap<String, (i64, i64)>,
    lost: BTreeSet<String>,
}

impl Told {
    /// Tells of these cases, all that there is to tell of them, in any order and some of it twice; and counts it.
    async fn tell(
        &mut self,
        till: &till::Till,
        ids: &BTreeSet<String>,
        charges: &mut [(usize, Charge)],
        random: &mut StdRng,
        recount: &mut Recount,
    ) {
        let mut messages = Vec::new();
        for kind in ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"] {
            messages.extend(till.events(&format!("charge.dispute.{kind}")).await);
        }
        messages.retain(|it| ids.contains(it["data"]["object"]["id"].as_str().expect("an id")));
        let again: Vec<_> = messages.iter().step_by(5).cloned().collect();
        messages.extend(again);
        messages.shuffle(random);
        till.told(&messages).await;
        for case in cases(till).await.iter().filter(|case| ids.contains(&case.id)) {
            let (_, charge) =
                charges.iter_mut().find(|(_, it)| it.booking.id.0 == case.booking).expect("a charge");
            self.count(case, charge, recount);
        }
    }

    /// What is new of a case: what moved, its fees, and what is gone for good.
    fn count(&mut self, case: &Case, charge: &mut Charge, recount: &mut Recount) {
        let before = self.taken.insert(case.id.clone(), case.taken).unwrap_or_default();
        charge.pass(4, case.taken.0 - before.0, recount);
        charge.pass(0, case.taken.1 - before.1, recount);
        let left = charge.amount - charge.given;
        if case.status == "lost" && left > 0 && self.lost.insert(case.id.clone()) {
            charge.lose(left, recount);
        }
    }
}

/// The bank of a payment decides: by itself, or on the evidence that an admin sends. Whether it was asked by us.
async fn decide_as_bank(
    till: &till::Till,
    admin: &Actor,
    told: &Told,
    case: &Case,
    pair: &Pair,
    random: &mut StdRng,
) -> bool {
    let evidence = ["winning_evidence", "losing_evidence"][random.random_range(0..2)];
    if !told.taken.contains_key(&case.id) {
        let path = format!("disputes/{}", case.id);
        match random.random_range(0..2) {
            0 => drop(till.elsewhere(&path, &[("evidence[uncategorized_text]", evidence)]).await),
            _ => drop(till.elsewhere(&format!("{path}/close"), &[]).await),
        }
        return false;
    }
    let lesson = case.booking.into();
    if case.taken.0 > 0 {
        let refund = payment::refund(&till.services, admin, lesson, None, "A test.").await;
        assert_eq!(refused(refund).1, "refund_charged_back");
    }
    let found = dispute::of_lesson(&till.services, &pair.tutor.actor, lesson).await.expect("read");
    let open = found.disputes.into_iter().next_back().expect("a dispute");
    dispute::submit_evidence(&till.services, admin, open.id, &bank::words(evidence)).await.expect("asked");
    true
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
    let opened =
        dispute::open(services, &pair.student, charge.booking.id, Reason::CutShort, &said, &[]).await;
    let Ok(opened) = opened else { return false };
    let (outcome, amount) = match random.random_range(0..3) {
        _ if left == 0 => (Outcome::None, None),
        0 => (Outcome::None, None),
        1 => (Outcome::Full, None),
        _ => (Outcome::Partial, Some(some(random, left, charge.currency))),
    };
    let decided = dispute::decide(services, admin, opened.id, outcome, amount, "A test.", None).await;
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

/// What people and banks do in one round; the cases on which a bank was given evidence by us.
async fn act_all(
    till: &till::Till,
    admin: &Actor,
    told: &Told,
    (pairs, charges): (&[Pair], &mut [(usize, Charge)]),
    random: &mut StdRng,
    recount: &mut Recount,
) -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    for _ in 0..100 {
        let index = random.random_range(0..charges.len());
        let (pair, charge) = &mut charges[index];
        let pair = &pairs[*pair];
        if !pair.is_disputed {
            act(till, admin, pair, charge, random, recount).await;
            continue;
        }
        let open = cases(till).await.into_iter().find(|case| case.booking == charge.booking.id.0);
        let open = open.filter(|case| case.is_open() && !asked.contains(&case.id));
        if let Some(case) = open
            && decide_as_bank(till, admin, told, &case, pair, random).await
        {
            asked.insert(case.id);
        }
    }
    asked
}

/// Of everything that can happen enough did.
async fn assert_enough(till: &till::Till, told: &Told) {
    let paid = payout::counts(&till.services).await.expect("counts");
    let reversed = number(&till.services, "SELECT count(*) FROM reversals WHERE state = 'succeeded'").await;
    assert!(paid.paid >= 10 && reversed > 20, "{paid:?}, {reversed} reversals");
    let refunds = "SELECT count(*) FROM refunds WHERE state = 'succeeded' AND chargeback_id IS NULL";
    let refunds = number(&till.services, refunds).await;
    let debts = number(&till.services, "SELECT count(*) FROM student_debts WHERE cleared_by = 'paid'").await;
    let disputes = number(&till.services, "SELECT count(*) FROM disputes WHERE amount_minor > 0").await;
    assert!(
        refunds > 100 && debts > 20 && disputes > 10,
        "{refunds} refunds, {debts} debts, {disputes} disputes"
    );
    assert_eq!(till.counted("refunds").await, refunds.unsigned_abs());
    let ended =
        number(&till.services, "SELECT count(*) FROM chargebacks WHERE standing IN ('won', 'lost')").await;
    assert!(ended > 20 && told.lost.len() > 5, "{ended} decided by banks, {} lost", told.lost.len());
}

/// The use cases themselves: lessons taken and missed, paid and declined, debts paid, tutors paid out, refunds of all
/// kinds before and after, disputes, payments that banks take back and what becomes of them, told late.
#[sqlx::test(migrations = "../migrations")]
async fn what_people_do_leaves_every_balance_as_recounted(db: PgPool) {
    let till = till::open(db).await;
    let admin = testing::user(&till.services, "Ada", Role::Admin).await;
    let mut random = StdRng::seed_from_u64(SEED);
    let (mut pairs, mut charges, mut recount) = (Vec::new(), Vec::new(), Recount::default());
    till.at(now()).await;
    let mut told = Told::default();
    for index in 0..PEACEFUL + DISPUTED.len() {
        pairs.push(pair(&till, index).await);
        // Two never say where to send their earnings.
        if !(PEACEFUL - 2..PEACEFUL).contains(&index) {
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
        let people = (&pairs[..], &mut charges[..]);
        let mut heard = act_all(&till, &admin, &told, people, &mut random, &mut recount).await;
        run_due(&till.services).await;
        for case in in_order(cases(&till).await, &charges) {
            if round == 5 || random.random_range(0..3) == 0 {
                heard.insert(case.id);
            }
        }
        told.tell(&till, &heard, &mut charges, &mut random, &mut recount).await;
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
    assert_enough(&till, &told).await;
    assert_invariants(&till.services).await;
    till.assert_reconciled(&admin).await;
}
