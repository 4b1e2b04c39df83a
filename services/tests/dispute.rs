//! Disputes: who may open one and when, what both say, what is decided, and what that does to the money.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod till;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code,
    account::Role,
    booking::{Booking, Party},
    dispute::{Outcome, Reason, Statement},
    ids::DisputeId,
};
use services::{
    Actor, booking,
    dispute::{self, Dispute},
    lesson, mail, notice,
    payment::{self, ChargeStatus, DebtPayment},
    testing::{assert_invariants, at_hour, booked, execute, number, refused, student, user},
};
use sqlx::PgPool;
use till::Till;

const WINDOW: TimeDelta = TimeDelta::hours(72);

fn words(text: &str) -> Statement {
    Statement::parse(text).expect("a statement")
}

impl Till {
    async fn dispute(&self, actor: &Actor, booking: &Booking) -> services::Result<Dispute> {
        let said = words("We had twenty minutes only.");
        dispute::open(&self.services, actor, booking.id, Reason::CutShort, &said, &[]).await
    }

    /// A lesson that was taught and settled; `card` pays for it.
    async fn settled(&self, card: &str) -> Booking {
        self.card(card).await;
        self.settled_at(4).await
    }

    /// A lesson at this hour that was taught and settled.
    async fn settled_at(&self, hour: i64) -> Booking {
        let booking = self.taught(hour).await;
        self.stand(booking.end).await;
        self.tick().await;
        booking
    }

    /// The clock of all servers stands, and jobs leave it there.
    async fn stand(&self, now: DateTime<Utc>) {
        self.services.clock.set(&self.services.db, Some(now)).await.expect("the clock");
    }

    async fn disputed(&self, card: &str) -> (Booking, DisputeId, Actor) {
        let booking = self.settled(card).await;
        let opened = self.dispute(&self.student, &booking).await.expect("opened");
        (booking, opened.id, user(&self.services, "Ada", Role::Admin).await)
    }

    async fn decide(
        &self,
        admin: &Actor,
        id: DisputeId,
        outcome: Outcome,
        amount: Option<i64>,
    ) -> services::Result<Dispute> {
        dispute::decide(&self.services, admin, id, outcome, amount, "Half of it was lost.", None).await
    }

    /// The ledger of a lesson, as `kind amount` in its order.
    async fn lines(&self, booking: &Booking) -> Vec<String> {
        let lines = self.explained(booking).await.lines;
        lines.into_iter().map(|line| format!("{} {}", line.event, line.amount)).collect()
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_two_of_a_settled_lesson_open_one_within_the_window(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    let booking = till.taught(4).await;
    let refusal = async |actor: &Actor| refused(till.dispute(actor, &booking).await);
    assert_eq!(refusal(&till.student).await, (Code::InvalidState, "dispute_not_settled".into()));
    till.tick().await;
    let (admin, other) =
        (user(&till.services, "Ada", Role::Admin).await, student(&till.services, "Olga").await);
    assert_eq!(refusal(&admin).await.0, Code::InsufficientPermissions);
    assert_eq!(refusal(&other).await.0, Code::BookingNotFound);
    for (after, open) in [(TimeDelta::microseconds(1), false), (TimeDelta::zero(), true)] {
        till.stand(booking.end + WINDOW + after).await;
        let until = dispute::of_lesson(&till.services, &till.student, booking.id).await.expect("read").until;
        assert_eq!(until.is_some(), open, "{after}");
        if !open {
            assert_eq!(refusal(&till.student).await, (Code::InvalidState, "dispute_window".into()));
        }
    }
    let opened = till.dispute(&till.student, &booking).await.expect("opened");
    assert_eq!(
        (opened.by.map(|by| (by.reason, by.name)), opened.statements.len()),
        (Some((Reason::CutShort, "Sam".to_owned())), 1)
    );
    assert_eq!(refusal(&till.student).await, (Code::InvalidState, "dispute_exists".into()));
    till.decide(&admin, opened.id, Outcome::None, None).await.expect("decided");
    assert_eq!(refusal(&till.student).await, (Code::InvalidState, "dispute_decided".into()));
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_window_is_that_of_the_booking(db: PgPool) {
    let till = till::open(db).await;
    execute(&till.services, "INSERT INTO settings (name, value) VALUES ('dispute_window_hours', '1')").await;
    let booking = till.settled("pm_card_visa").await;
    execute(&till.services, "UPDATE settings SET value = '100'").await;
    till.stand(booking.end + TimeDelta::minutes(61)).await;
    assert_eq!(refused(till.dispute(&till.student, &booking).await).1, "dispute_window");
    till.stand(booking.end + TimeDelta::minutes(60)).await;
    till.dispute(&till.student, &booking).await.expect("opened");
}

#[sqlx::test(migrations = "../migrations")]
async fn of_two_who_dispute_at_once_one_joins_the_other(db: PgPool) {
    let till = till::open(db).await;
    let booking = till.settled("pm_card_visa").await;
    let (one, other) =
        tokio::join!(till.dispute(&till.student, &booking), till.dispute(&till.tutor.actor, &booking));
    let [one, other] = [one, other].map(|made| made.expect("a claim"));
    assert_eq!(one.id, other.id, "one dispute");
    let found = dispute::find(&till.services, &till.student, one.id).await.expect("the dispute");
    let claims: Vec<_> =
        found.statements.iter().filter(|said| said.claim.is_some()).map(|said| said.by).collect();
    assert!(
        claims == [Party::Student, Party::Tutor] || claims == [Party::Tutor, Party::Student],
        "{claims:?}"
    );
    // One person who clicks twice has one claim.
    let admin = user(&till.services, "Ada", Role::Admin).await;
    till.decide(&admin, one.id, Outcome::None, None).await.expect("decided");
    let second = till.settled_at(6).await;
    let (one, other) =
        tokio::join!(till.dispute(&till.student, &second), till.dispute(&till.student, &second));
    let outcomes = [one, other].map(|outcome| outcome.map_err(|error| error.code()).map(|_| ()));
    assert!(outcomes.contains(&Ok(())) && outcomes.contains(&Err(Code::InvalidState)), "{outcomes:?}");
    assert_invariants(&till.services).await;
}

/// Nobody uses up the other's claim: it joins an open dispute whenever that is, and opens one of its own within the
/// window after that was decided.
#[sqlx::test(migrations = "../migrations")]
async fn each_of_the_two_has_a_claim_of_their_own(db: PgPool) {
    let till = till::open(db).await;
    let booking = till.settled("pm_card_visa").await;
    let (tutor, admin) = (&till.tutor.actor, user(&till.services, "Ada", Role::Admin).await);
    let ways = async |actor: &Actor| {
        let found = dispute::of_lesson(&till.services, actor, booking.id).await.expect("read");
        (found.until.is_some(), found.joins)
    };
    let opened = till.dispute(&till.student, &booking).await.expect("opened");
    assert_eq!(
        (ways(&till.student).await, ways(tutor).await, ways(&admin).await),
        ((false, false), (false, true), (false, false))
    );
    // A statement is no claim.
    dispute::answer(&till.services, tutor, opened.id, &words("No."), &[]).await.expect("said");
    till.stand(booking.end + WINDOW + TimeDelta::hours(1)).await;
    let said = words("The student came late.");
    let joined = dispute::open(&till.services, tutor, booking.id, Reason::WrongOutcome, &said, &[])
        .await
        .expect("joined");
    assert_eq!(joined.id, opened.id);
    let claims: Vec<_> = joined.statements.iter().map(|said| (said.by, said.claim)).collect();
    let expected = [
        (Party::Student, Some(Reason::CutShort)),
        (Party::Tutor, None),
        (Party::Tutor, Some(Reason::WrongOutcome)),
    ];
    assert_eq!(claims, expected);
    assert_eq!(refused(till.dispute(tutor, &booking).await).1, "dispute_exists");
    assert_eq!(ways(tutor).await, (false, false));
    till.tick().await;
    let mails = mail::list(&till.services).await.expect("mails");
    let told = mails.iter().filter(|mail| mail.text.contains("makes a claim of their own"));
    assert_eq!(told.map(|mail| mail.text.contains("Hello Sam")).collect::<Vec<_>>(), [true]);
    till.decide(&admin, opened.id, Outcome::Partial, Some(500)).await.expect("decided once");
    for actor in [&till.student, tutor] {
        assert_eq!(refused(till.dispute(actor, &booking).await).1, "dispute_decided");
    }
    let history = booking::history(&till.services, tutor, booking.id).await.expect("the history");
    let events: Vec<_> = history.iter().filter_map(|row| row.event.as_deref()).collect();
    assert_eq!(events, ["dispute.opened", "dispute.claimed", "dispute.decided"]);

    let booking = till.settled_at(30).await;
    let opened = till.dispute(&till.student, &booking).await.expect("opened");
    till.decide(&admin, opened.id, Outcome::None, None).await.expect("decided");
    assert_eq!(refused(till.dispute(&till.student, &booking).await).1, "dispute_decided");
    till.stand(booking.end + WINDOW + TimeDelta::microseconds(1)).await;
    assert_eq!(refused(till.dispute(tutor, &booking).await).1, "dispute_window");
    till.stand(booking.end + WINDOW).await;
    let own = till.dispute(tutor, &booking).await.expect("the tutor's own");
    assert!(own.id != opened.id && own.is_open());
    till.decide(&admin, own.id, Outcome::None, None).await.expect("decided");
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn both_say_what_they_have_to_say_until_it_is_decided(db: PgPool) {
    let till = till::open(db).await;
    let (booking, id, admin) = till.disputed("pm_card_visa").await;
    let services = &till.services;
    let answer =
        async |actor: &Actor, text: &str| dispute::answer(services, actor, id, &words(text), &[]).await;
    answer(&till.tutor.actor, "The connection was cut twice.").await.expect("said");
    let seen = answer(&till.student, "Four times.").await.expect("said");
    let said: Vec<_> = seen.statements.iter().map(|said| (&*said.name, &*said.body)).collect();
    let expected = [
        ("Sam", "We had twenty minutes only."),
        ("Tina", "The connection was cut twice."),
        ("Sam", "Four times."),
    ];
    assert_eq!(said, expected);
    let other = student(services, "Olga").await;
    assert_eq!(refused(answer(&other, "I saw it.").await).0, Code::NotFound);
    assert_eq!(refused(answer(&admin, "Who?").await).0, Code::InsufficientPermissions);
    assert_eq!(refused(dispute::find(services, &other, id).await).0, Code::NotFound);
    assert_eq!(dispute::find(services, &admin, id).await.expect("an admin sees all"), seen);
    assert_eq!(refused(dispute::queue(services, &till.student).await).0, Code::InsufficientPermissions);
    let (open, past) = dispute::queue(services, &admin).await.expect("the queue");
    assert_eq!(
        (open.len(), past.len(), dispute::count_open(services, &admin).await.expect("a count")),
        (1, 0, 1)
    );
    till.decide(&admin, id, Outcome::None, None).await.expect("decided");
    assert_eq!(refused(answer(&till.student, "But").await).1, "dispute_decided");
    let (open, past) = dispute::queue(services, &admin).await.expect("the queue");
    assert_eq!((open.len(), past.len()), (0, 1));
    let history = booking::history(services, &till.student, booking.id).await.expect("the history");
    let events: Vec<_> = history.iter().filter_map(|row| row.event.as_deref()).collect();
    assert_eq!(events, ["dispute.opened", "dispute.decided"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_happens_is_told_to_the_other_and_what_is_decided_to_both(db: PgPool) {
    let till = till::open(db).await;
    let (booking, id, admin) = till.disputed("pm_card_visa").await;
    let services = &till.services;
    till.tick().await;
    till.stand(booking.end + TimeDelta::minutes(1)).await;
    dispute::answer(services, &till.tutor.actor, id, &words("No."), &[]).await.expect("said");
    till.tick().await;
    till.stand(booking.end + TimeDelta::minutes(2)).await;
    till.decide(&admin, id, Outcome::Partial, Some(1000)).await.expect("decided");
    till.tick().await;
    let mut told: Vec<_> = mail::list(services).await.expect("mails");
    told.retain(|mail| mail.kind == "dispute");
    told.reverse();
    let mut whom: Vec<_> =
        told.iter().map(|mail| (mail.text.contains("Hello Sam"), mail.subject.clone())).collect();
    whom[2..].sort();
    let when = "Mathematics, Mon 1 Mar, 1:00\u{a0}pm";
    let expected = [
        (false, format!("Disputed: {when}")),
        (true, format!("News in the dispute about {when}")),
        (false, format!("Decided: the dispute about {when}")),
        (true, format!("Decided: the dispute about {when}")),
    ];
    assert_eq!(whom, expected);
    for (actor, notices) in [(&till.student, 2), (&till.tutor.actor, 2), (&admin, 0)] {
        let list = notice::list(services, actor, 1).await.expect("notices");
        let kinds = list.rows.iter().filter(|notice| notice.kind == mail::Kind::Dispute);
        assert_eq!(kinds.count(), notices, "{}", actor.name);
    }
    for (kind, events) in [("dispute.opened", 3), ("dispute.answered", 3), ("dispute.decided", 3)] {
        let told = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM live_events WHERE kind = $1");
        let told = told.bind(kind).fetch_one(&services.db).await.expect("a count");
        assert_eq!(
            told,
            if kind == "dispute.opened" { events - 1 } else { events },
            "{kind}: an admin too, once there is one"
        );
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_paid_lesson_is_given_back_as_decided(db: PgPool) {
    for (outcome, amount, given) in
        [(Outcome::Full, None, 2500), (Outcome::Partial, Some(1000), 1000), (Outcome::None, None, 0)]
    {
        let till = till::open(db.clone()).await;
        let (booking, id, admin) = till.disputed("pm_card_visa").await;
        let decided = till.decide(&admin, id, outcome, amount).await.expect("decided");
        let verdict = decided.verdict.expect("a verdict");
        assert_eq!((verdict.outcome, verdict.amount.minor, verdict.reduced), (outcome, given, false));
        assert_invariants(&till.services).await;
        till.tick().await;
        let explained = till.explained(&booking).await;
        assert_eq!((explained.refunded, explained.reduced), (given, 0), "{outcome:?}");
        let mut lines = vec!["settled -2500", "settled 2250", "settled 250", "paid -2500", "paid 2500"];
        match given {
            2500 => lines.extend(["refunded 2500", "refunded -2250", "refunded -250"]),
            1000 => lines.extend(["refunded 1000", "refunded -900", "refunded -100"]),
            _ => {}
        }
        assert_eq!(till.lines(&booking).await, lines);
        assert_invariants(&till.services).await;
        execute(&till.services, "TRUNCATE users, outbox, settings, payment_events CASCADE").await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn only_an_admin_decides_and_only_what_is_left(db: PgPool) {
    let till = till::open(db).await;
    let (booking, id, admin) = till.disputed("pm_card_visa").await;
    for actor in [&till.student, &till.tutor.actor] {
        let refusal = refused(till.decide(actor, id, Outcome::Full, None).await);
        assert_eq!(refusal.0, Code::InsufficientPermissions);
    }
    payment::refund(&till.services, &admin, booking.id, Some(1000), "Before").await.expect("a refund");
    for (outcome, amount, key) in [
        (Outcome::Partial, None, "dispute_amount"),
        (Outcome::Partial, Some(1501), "refund_too_much"),
        (Outcome::Partial, Some(-1), "refund_amount"),
        (Outcome::Full, Some(2500), "dispute_no_amount"),
    ] {
        assert_eq!(refused(till.decide(&admin, id, outcome, amount).await).1, key);
    }
    let unknown = DisputeId(booking.id.0);
    assert_eq!(refused(till.decide(&admin, unknown, Outcome::Full, None).await).0, Code::NotFound);
    let decided = till.decide(&admin, id, Outcome::Full, None).await.expect("decided");
    assert_eq!(decided.verdict.expect("a verdict").amount.minor, 1500);
    assert_eq!(refused(till.decide(&admin, id, Outcome::None, None).await).1, "dispute_decided");
    till.tick().await;
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Refunded);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn of_two_admins_who_decide_at_once_one_does(db: PgPool) {
    let till = till::open(db).await;
    let (booking, id, ada) = till.disputed("pm_card_visa").await;
    let eve = user(&till.services, "Eve", Role::Admin).await;
    let second = till.second_server();
    let (one, other, refund) = tokio::join!(
        till.decide(&ada, id, Outcome::Full, None),
        dispute::decide(&second, &eve, id, Outcome::Partial, Some(2000), "No.", None),
        payment::refund(&second, &eve, booking.id, Some(2000), "At the same time."),
    );
    let decided = [one, other].into_iter().filter(Result::is_ok).count();
    assert!(decided <= 1 && (decided == 1 || refund.is_ok()), "{decided} {refund:?}");
    till.tick().await;
    assert!(till.explained(&booking).await.refunded <= 2500);
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn nothing_is_decided_that_the_admin_has_not_read(db: PgPool) {
    let till = till::open(db).await;
    let (booking, id, admin) = till.disputed("pm_card_chargeCustomerFail").await;
    let decide = async |seen| {
        dispute::decide(&till.services, &admin, id, Outcome::Full, None, "All of it.", Some(seen)).await
    };
    let said = words("The line was cut.");
    // A claim of the other's, and a statement: each comes after the page was read.
    let claimed = dispute::open(&till.services, &till.tutor.actor, booking.id, Reason::Technical, &said, &[]);
    assert_eq!(claimed.await.expect("claimed").statements.len(), 2);
    assert_eq!(refused(decide(1).await), (Code::InvalidState, "dispute_changed".into()));
    dispute::answer(&till.services, &till.student, id, &said, &[]).await.expect("said");
    assert_eq!(refused(decide(2).await), (Code::InvalidState, "dispute_changed".into()));
    let found = dispute::find(&till.services, &admin, id).await.expect("found");
    assert!(found.is_open());
    let explained = till.explained(&booking).await;
    assert_eq!((explained.status, explained.reduced), (ChargeStatus::Debt, 0), "nothing moved");
    assert!(decide(3).await.expect("decided").verdict.is_some());
    assert_eq!(refused(decide(3).await).1, "dispute_decided");
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_owed_becomes_less_and_the_rest_is_paid(db: PgPool) {
    let till = till::open(db).await;
    let (booking, id, admin) = till.disputed("pm_card_chargeCustomerFail").await;
    assert_eq!(till.explained(&booking).await.status, ChargeStatus::Debt);
    assert_eq!(refused(till.decide(&admin, id, Outcome::Partial, Some(2460)).await).1, "dispute_rest");
    let decided = till.decide(&admin, id, Outcome::Partial, Some(1000)).await.expect("decided");
    assert!(decided.verdict.expect("a verdict").reduced);
    assert_invariants(&till.services).await;
    let debts = payment::open_debts(&till.services, &till.student).await.expect("debts");
    assert_eq!(debts[0].amount.minor, 1500);
    let card = till.card("pm_card_visa").await;
    let paid = payment::begin_debt_payment(&till.services, &till.student, booking.id, &card.id).await;
    assert_eq!(paid.expect("paid"), DebtPayment::Paid);
    let explained = till.explained(&booking).await;
    assert_eq!((explained.split.charge.minor, explained.reduced), (1500, 1000));
    let expected = [
        "settled -2500",
        "settled 2250",
        "settled 250",
        "reduced 1000",
        "reduced -900",
        "reduced -100",
        "paid -1500",
        "paid 1500",
    ];
    assert_eq!(till.lines(&booking).await, expected);
    assert_eq!(till.counted("payment_intents").await, 2, "the first one was cancelled");
    till.tick().await;
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_debt_of_which_nothing_is_left_is_cleared(db: PgPool) {
    let till = till::open(db).await;
    let (booking, id, admin) = till.disputed("pm_card_chargeCustomerFail").await;
    till.decide(&admin, id, Outcome::Full, None).await.expect("decided");
    let explained = till.explained(&booking).await;
    assert_eq!(
        (explained.status, explained.split.charge.minor, explained.reduced),
        (ChargeStatus::None, 0, 2500)
    );
    assert_eq!(payment::open_debts(&till.services, &till.student).await.expect("debts"), []);
    booked(&till.services, &till.student, &till.tutor, at_hour(26)).await;
    let card = till.card("pm_card_visa").await;
    let paid = payment::begin_debt_payment(&till.services, &till.student, booking.id, &card.id).await;
    assert_eq!(refused(paid).1, "nothing_due");
    till.tick().await;
    assert_invariants(&till.services).await;
}

/// The bank asked, and the student has not answered: after the decision no answer pays what is not owed any more.
#[sqlx::test(migrations = "../migrations")]
async fn a_question_of_the_bank_is_over_with_the_decision(db: PgPool) {
    let till = till::open(db).await;
    let (booking, id, admin) = till.disputed("pm_card_chargeCustomerFail").await;
    let card = till.card("pm_card_threeDSecure2Required").await;
    let asked = payment::begin_debt_payment(&till.services, &till.student, booking.id, &card.id).await;
    assert!(matches!(asked, Ok(DebtPayment::Asks { .. })), "{asked:?}");
    till.decide(&admin, id, Outcome::Partial, Some(500)).await.expect("decided");
    let after = payment::finish_debt_payment(&till.services, &till.student, booking.id).await;
    assert_eq!(refused(after).0, Code::InvalidState);
    let pending = "SELECT count(*) FROM charge_attempts WHERE state = 'pending'";
    assert_eq!(number(&till.services, pending).await, 0);
    let card = till.card("pm_card_visa").await;
    let paid = payment::begin_debt_payment(&till.services, &till.student, booking.id, &card.id).await;
    assert_eq!(paid.expect("paid"), DebtPayment::Paid);
    assert_eq!(till.explained(&booking).await.split.charge.minor, 2000);
    assert_invariants(&till.services).await;
}

/// A decision that cannot be is refused before anything is withdrawn at the provider.
#[sqlx::test(migrations = "../migrations")]
async fn a_refused_decision_leaves_the_payment_of_a_debt_alone(db: PgPool) {
    let till = till::open(db).await;
    let (booking, id, admin) = till.disputed("pm_card_chargeCustomerFail").await;
    for amount in [None, Some(0), Some(9_999_999)] {
        let refusal = till.decide(&admin, id, Outcome::Partial, amount).await;
        assert_eq!(refused(refusal).0, Code::InvalidRequest, "{amount:?}");
    }
    let intents = till.listed("payment_intents").await;
    assert!(
        !intents.is_empty() && intents.iter().all(|intent| intent["status"] != "canceled"),
        "{intents:?}"
    );
    let card = till.card("pm_card_visa").await;
    let paid = payment::begin_debt_payment(&till.services, &till.student, booking.id, &card.id).await;
    assert_eq!(paid.expect("paid"), DebtPayment::Paid);
    assert_invariants(&till.services).await;
}

/// What was paid just when it was decided is given back.
#[sqlx::test(migrations = "../migrations")]
async fn a_debt_that_was_paid_meanwhile_is_given_back(db: PgPool) {
    let till = till::open(db).await;
    let (booking, id, admin) = till.disputed("pm_card_chargeCustomerFail").await;
    let card = till.card("pm_card_visa").await;
    let (decided, paid) = tokio::join!(
        till.decide(&admin, id, Outcome::Full, None),
        payment::begin_debt_payment(&till.services, &till.student, booking.id, &card.id),
    );
    till.tick().await;
    let explained = till.explained(&booking).await;
    if decided.is_ok() {
        assert_eq!(explained.split.charge.minor, explained.refunded, "{paid:?}");
    } else {
        assert_eq!(refused(decided).1, "dispute_charge_open");
    }
    assert_invariants(&till.services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_charge_that_is_not_charged_yet_waits(db: PgPool) {
    let till = till::open(db).await;
    let policy = "INSERT INTO settings (name, value) VALUES ('early_end_policy', '\"min_payable\"')";
    execute(&till.services, policy).await;
    till.card("pm_card_visa").await;
    let booking = till.taught(4).await;
    till.stand(booking.end - TimeDelta::minutes(1)).await;
    booking::complete(&till.services, &till.tutor.actor, booking.id).await.expect("ended");
    let opened = till.dispute(&till.student, &booking).await.expect("opened");
    let admin = user(&till.services, "Ada", Role::Admin).await;
    let decide = async || till.decide(&admin, opened.id, Outcome::Full, None).await;
    assert_eq!(refused(decide().await).1, "dispute_charge_open");
    till.stand(booking.end).await;
    till.tick().await;
    assert_eq!(decide().await.expect("decided").verdict.expect("a verdict").amount.minor, 2500);
    assert_invariants(&till.services).await;
}

/// What is seen after the outcome joins the dispute, and is decided with it.
#[sqlx::test(migrations = "../migrations")]
async fn late_evidence_joins_the_dispute(db: PgPool) {
    let till = till::open(db).await;
    till.card("pm_card_visa").await;
    let booking = booked(&till.services, &till.student, &till.tutor, at_hour(4)).await;
    till.services.clock.show(Some(booking.start));
    booking::complete(&till.services, &till.tutor.actor, booking.id).await.expect("ended");
    let opened = till.dispute(&till.student, &booking).await.expect("opened");
    let admin = user(&till.services, "Ada", Role::Admin).await;
    lesson::join(&till.services, &till.student, booking.id).await.expect("let in");
    let cases = number(&till.services, "SELECT count(*) FROM cases WHERE closed_at IS NULL").await;
    assert_eq!(payment::open_cases(&till.services, &admin).await.expect("cases"), []);
    till.decide(&admin, opened.id, Outcome::None, None).await.expect("decided");
    let left = number(&till.services, "SELECT count(*) FROM cases WHERE closed_at IS NULL").await;
    assert_eq!((cases, left), (1, 0));
}
