use proptest::prelude::*;

use super::*;
use crate::money::{Currency, Money};

#[test]
fn the_end_of_the_window_belongs_to_it() {
    let settled: DateTime<Utc> = "2027-03-01T12:00:00Z".parse().expect("an instant");
    let micro = TimeDelta::microseconds(1);
    for (hours, after, open) in [
        (72, TimeDelta::zero(), true),
        (72, TimeDelta::hours(72), true),
        (72, TimeDelta::hours(72) + micro, false),
        (0, TimeDelta::zero(), true),
        (0, micro, false),
        (-1, TimeDelta::zero(), true),
        (i64::MAX, TimeDelta::hours(LONGEST), true),
    ] {
        let now = settled + after;
        assert_eq!(may_open(Some(settled), hours, now).is_ok(), open, "{hours} {after}");
        assert_eq!(window_is_over(settled, hours, now), !open, "{hours} {after}");
    }
    let refusal = may_open(None, 72, settled).expect_err("no outcome yet");
    assert_eq!((refusal.code, &*refusal.key), (Code::InvalidState, "dispute_not_settled"));
}

/// Each of the two has one claim for a lesson; a bank's dispute takes none: what they have to say is said in its case.
#[test]
fn a_claim_opens_joins_or_is_refused() {
    let settled: DateTime<Utc> = "2027-03-01T12:00:00Z".parse().expect("an instant");
    let (early, late) = (settled + TimeDelta::hours(72), settled + TimeDelta::hours(73));
    let (waiting, decided) = (Some(Claimed::Waiting), Some(Claimed::Decided));
    let (party, bank) = (Some(Open::Party), Some(Open::Bank));
    for (own, open, now, expected) in [
        (None, None, early, Ok(Claim::Opens)),
        (None, None, late, Err("dispute_window")),
        (None, party, early, Ok(Claim::Joins)),
        (None, party, late, Ok(Claim::Joins)),
        (None, bank, early, Err("dispute_of_bank")),
        (None, bank, late, Err("dispute_of_bank")),
        (waiting, party, early, Err("dispute_exists")),
        (waiting, party, late, Err("dispute_exists")),
        (decided, None, early, Err("dispute_decided")),
        (decided, party, early, Err("dispute_decided")),
        (decided, bank, early, Err("dispute_decided")),
        (decided, None, late, Err("dispute_decided")),
    ] {
        let found = claim(own, open, Some(settled), 72, now);
        assert_eq!(
            found.map_err(|refusal| refusal.key.into_owned()),
            expected.map_err(str::to_owned),
            "{own:?} {open:?}"
        );
    }
    let unsettled = claim(None, None, None, 72, early).expect_err("no outcome yet");
    assert_eq!(&*unsettled.key, "dispute_not_settled");
}

fn euros(minor: i64) -> Split {
    Money { minor, currency: Currency::Eur }.split(1000)
}

#[test]
fn names_are_read_as_they_are_written() {
    for reason in Reason::ALL {
        assert_eq!(Reason::parse(reason.name()), Ok(reason));
        assert_eq!(serde_json::to_value(reason).expect("a name"), reason.name());
    }
    for outcome in Outcome::ALL {
        assert_eq!(Outcome::parse(outcome.name()), Ok(outcome));
        assert_eq!(serde_json::to_value(outcome).expect("a name"), outcome.name());
    }
    assert!(Reason::parse("chargeback").is_err() && Outcome::parse("").is_err());
}

#[test]
fn statements_are_counted_after_trimming() {
    for (text, fits) in [
        (" ".to_owned(), false),
        ("é".to_owned(), true),
        (format!(" {} ", "é".repeat(2000)), true),
        ("é".repeat(2001), false),
        ("a\u{0}".to_owned(), false),
    ] {
        assert_eq!(Statement::parse(&text).is_ok(), fits, "{}", text.len());
    }
    assert!(note(" ").is_err() && note(&"é".repeat(500)).is_ok() && note(&"é".repeat(501)).is_err());
}

#[test]
fn a_reason_in_own_words_stands_in_front_of_what_is_stated() {
    let long = "é".repeat(MAX_STATEMENT);
    for (reason, statement, expected) in [
        ("cut_short", "Ten minutes.", Ok((Reason::CutShort, "Ten minutes."))),
        (" cut_short ", "Ten minutes.", Ok((Reason::CutShort, "Ten minutes."))),
        ("other", "It rained.", Ok((Reason::Other, "It rained."))),
        ("tutor late", " Half an hour. ", Ok((Reason::Other, "tutor late: Half an hour."))),
        (" ", "Ten minutes.", Err("dispute_reason")),
        ("chargeback", "Ten minutes.", Err("dispute_reason")),
        ("tutor late", " ", Err("dispute_statement")),
        ("tutor late", &*long, Err("dispute_statement")),
    ] {
        let read = read_claim(reason, statement);
        let read = read.as_ref().map(|(reason, said)| (*reason, said.as_str()));
        assert_eq!(read.map_err(|refusal| &*refusal.key), expected, "{reason}");
    }
}

#[test]
fn a_decision_is_found_as_a_table() {
    use ChargeState as S;
    use Outcome as O;
    let given = |amount, fee| Given { amount, fee };
    let none = given(0, 0);
    for (outcome, amount, state, given, expected) in [
        (O::None, None, S::Scheduled, none, Ok((0, 0))),
        (O::None, None, S::Nothing, none, Ok((0, 0))),
        (O::None, Some(1), S::Paid, none, Err("dispute_no_amount")),
        (O::None, Some(0), S::Paid, none, Ok((0, 0))),
        (O::Full, Some(2499), S::Paid, none, Err("dispute_no_amount")),
        (O::Full, Some(2500), S::Paid, none, Ok((2500, 250))),
        (O::Full, Some(2500), S::Paid, given(1000, 100), Err("dispute_no_amount")),
        (O::Full, None, S::Paid, none, Ok((2500, 250))),
        (O::Full, None, S::Paid, given(1000, 100), Ok((1500, 150))),
        (O::Full, None, S::Paid, given(2500, 250), Err("dispute_nothing_left")),
        (O::Full, None, S::Debt, none, Ok((2500, 250))),
        (O::Full, None, S::Scheduled, none, Err("dispute_charge_open")),
        (O::Full, None, S::Nothing, none, Err("dispute_nothing_left")),
        (O::Full, None, S::Waived, none, Err("dispute_nothing_left")),
        (O::Partial, None, S::Paid, none, Err("dispute_amount")),
        (O::Partial, Some(0), S::Paid, none, Err("refund_amount")),
        (O::Partial, Some(1000), S::Paid, none, Ok((1000, 100))),
        (O::Partial, Some(2500), S::Paid, none, Ok((2500, 250))),
        (O::Partial, Some(2501), S::Paid, none, Err("refund_too_much")),
        (O::Partial, Some(1501), S::Paid, given(1000, 100), Err("refund_too_much")),
        (O::Partial, Some(2450), S::Debt, none, Ok((2450, 245))),
        (O::Partial, Some(2451), S::Debt, none, Err("dispute_rest")),
        (O::Partial, Some(2500), S::Debt, none, Ok((2500, 250))),
        (O::Partial, Some(1000), S::Scheduled, none, Err("dispute_charge_open")),
    ] {
        let found = remedy(outcome, amount, state, &euros(2500), given);
        let shown = found.as_ref().map(|remedy| match remedy {
            Remedy::Nothing => (0, 0),
            Remedy::GiveBack(parts) | Remedy::Reduce(parts) => (parts.charge.minor, parts.fee.minor),
        });
        let case = format!("{outcome:?} {amount:?} {state:?} {given:?}");
        assert_eq!(shown.map_err(|refusal| &*refusal.key), expected, "{case}");
        if let Ok(remedy) = found {
            assert_eq!(
                matches!(remedy, Remedy::Reduce(_)),
                state == S::Debt && remedy.amount() > 0,
                "{case}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// What is left and what is not owed any more are the charge, whatever was decided.
    #[test]
    fn a_reduction_loses_nothing(price in 51_i64..1_000_000, share in 1_i64..=1_000_000, bps in 0_u32..=10_000) {
        let charge = Money { minor: price, currency: Currency::Eur }.split(bps);
        let amount = share.min(price);
        match remedy(Outcome::Partial, Some(amount), ChargeState::Debt, &charge, Given::default()) {
            Ok(Remedy::Reduce(parts)) => {
                let rest = rest(&charge, &parts);
                prop_assert_eq!(rest.charge.minor + amount, price);
                prop_assert_eq!(rest.fee.minor + parts.fee.minor, charge.fee.minor);
                prop_assert_eq!(rest.payout.minor + rest.fee.minor, rest.charge.minor);
                prop_assert!(rest.fee.minor >= 0 && rest.payout.minor >= 0);
                prop_assert!(rest.charge.minor == 0 || rest.charge.minor >= smallest(Currency::Eur));
            }
            Ok(other) => prop_assert!(false, "{:?}", other),
            Err(refusal) => prop_assert_eq!(&*refusal.key, "dispute_rest"),
        }
    }
}
