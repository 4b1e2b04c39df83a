//! Which rule a lesson falls under, and what is charged by it.
#![allow(clippy::unwrap_used, reason = "a test")]

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    booking::Outcome,
    charge::{EarlyEnd, Facts, NobodyJoined, Rule, Terms},
    lesson::Evidence,
    money::{Currency, Money},
};
use proptest::prelude::*;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + minute * 60, 0).unwrap()
}

fn facts(evidence: Evidence) -> Facts {
    Facts { start: at(0), end: at(60), min_payable: 40, cancelled: false, evidence }
}

fn terms() -> Terms {
    let price = Money { minor: 2501, currency: Currency::Eur };
    Terms { price, fee_bps: 1000, early_end: EarlyEnd::Strict, nobody_joined: NobodyJoined::ChargeFull }
}

fn both() -> Evidence {
    Evidence { student_joined: Some(at(1)), tutor_joined: Some(at(-2)), ..Evidence::default() }
}

fn ended(minute: i64) -> Evidence {
    Evidence { trusted_end: Some(at(minute)), ..both() }
}

#[test]
fn rules_follow_their_precedence() {
    let marked = Evidence { marked_no_show: Some(at(25)), ..ended(30) };
    let alone = |student: Option<i64>, tutor: Option<i64>| Evidence {
        student_joined: student.map(at),
        tutor_joined: tutor.map(at),
        trusted_end: Some(at(30)),
        ..Evidence::default()
    };
    let nothing = NobodyJoined::ChargeNothing;
    for (evidence, nobody_joined, expected) in [
        (marked, nothing, Rule::StudentAbsent),
        (Evidence { tutor_joined: None, ..marked }, nothing, Rule::StudentAbsent),
        (alone(Some(0), None), nothing, Rule::TutorAbsent),
        (alone(None, None), nothing, Rule::NobodyJoinedFree),
        (alone(None, None), NobodyJoined::ChargeFull, Rule::NobodyJoined),
        (alone(None, Some(0)), nothing, Rule::EndedEarly),
        (ended(30), nothing, Rule::EndedEarly),
        (ended(60), nothing, Rule::Completed),
        (ended(61), nothing, Rule::Completed),
        (both(), nothing, Rule::Completed),
        (Evidence { trusted_end: None, ..alone(None, Some(0)) }, nothing, Rule::Completed),
    ] {
        let facts = facts(evidence);
        let terms = Terms { nobody_joined, ..terms() };
        assert_eq!(Rule::of(&facts, &terms), expected, "{evidence:?}");
        assert_eq!(Rule::of(&Facts { cancelled: true, ..facts }, &terms), Rule::Cancelled);
    }
}

#[test]
fn an_early_end_is_judged_by_the_policy() {
    let second = |minute, seconds| at(minute) - TimeDelta::seconds(seconds);
    for (policy, seen, expected) in [
        (EarlyEnd::Strict, second(60, 1), Rule::EndedEarly),
        (EarlyEnd::Strict, at(60), Rule::Completed),
        (EarlyEnd::Tolerance(0), second(60, 1), Rule::EndedEarly),
        (EarlyEnd::Tolerance(120), at(58), Rule::EndedNearly),
        (EarlyEnd::Tolerance(120), second(58, 1), Rule::EndedEarly),
        (EarlyEnd::MinPayable, at(40), Rule::EndedNearly),
        (EarlyEnd::MinPayable, second(40, 1), Rule::EndedEarly),
    ] {
        let terms = Terms { early_end: policy, ..terms() };
        let evidence = Evidence { trusted_end: Some(seen), ..both() };
        assert_eq!(Rule::of(&facts(evidence), &terms), expected, "{policy:?} {seen}");
    }
}

#[test]
fn a_rule_says_the_outcome_and_the_amounts() {
    for (rule, outcome, charge, fee) in [
        (Rule::Cancelled, None, 0, 0),
        (Rule::StudentAbsent, Some(Outcome::NoShowStudent), 1251, 125),
        (Rule::TutorAbsent, Some(Outcome::NoShowTutor), 0, 0),
        (Rule::NobodyJoined, Some(Outcome::Completed), 2501, 250),
        (Rule::NobodyJoinedFree, Some(Outcome::MutualNoShow), 0, 0),
        (Rule::EndedEarly, Some(Outcome::EarlyEnd), 0, 0),
        (Rule::EndedNearly, Some(Outcome::Completed), 2501, 250),
        (Rule::Completed, Some(Outcome::Completed), 2501, 250),
    ] {
        let split = rule.charge(&terms());
        assert_eq!(rule.outcome(), outcome, "{rule:?}");
        assert_eq!((split.charge.minor, split.fee.minor), (charge, fee), "{rule:?}");
        assert_eq!(split.payout.minor, charge - fee, "{rule:?}");
        assert_eq!(Rule::parse(rule.name()), Some(rule));
        assert_eq!(serde_json::to_value(rule).unwrap(), rule.name());
    }
}

#[test]
fn policies_are_written_as_settings_are() {
    for (policy, text) in [
        (EarlyEnd::Strict, r#""strict""#),
        (EarlyEnd::Tolerance(90), r#"{"tolerance":90}"#),
        (EarlyEnd::MinPayable, r#""min_payable""#),
    ] {
        assert_eq!(serde_json::to_string(&policy).unwrap(), text);
        assert_eq!(serde_json::from_str::<EarlyEnd>(text).unwrap(), policy);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// What a charge keeps is enough to find it again, and nobody loses or wins a cent by a split.
    #[test]
    fn a_charge_can_be_recomputed_from_its_inputs(
        price in 0_i64..=99_999_990, fee_bps in 0_u32..=10_000, student in proptest::option::of(-5_i64..=60),
        tutor in proptest::option::of(-5_i64..=60), end in proptest::option::of(0_i64..=80), tolerance in 0_u32..=7200,
        currency in proptest::sample::select(Currency::ALL),
    ) {
        let price = Money { minor: price / currency.quantum() * currency.quantum(), currency };
        let terms = Terms { price, fee_bps, early_end: EarlyEnd::Tolerance(tolerance), ..terms() };
        let facts = facts(Evidence {
            student_joined: student.map(at), tutor_joined: tutor.map(at), trusted_end: end.map(at),
            marked_no_show: None,
        });
        let split = Rule::of(&facts, &terms).charge(&terms);
        prop_assert_eq!(split.fee.minor + split.payout.minor, split.charge.minor);
        prop_assert!((0..=price.minor).contains(&split.charge.minor));
        prop_assert!(split.fee.minor >= 0 && split.payout.minor >= 0);
        let (kept_facts, kept_terms) = (serde_json::to_string(&facts).unwrap(), serde_json::to_string(&terms).unwrap());
        let facts: Facts = serde_json::from_str(&kept_facts).unwrap();
        let terms: Terms = serde_json::from_str(&kept_terms).unwrap();
        prop_assert_eq!(Rule::of(&facts, &terms).charge(&terms), split);
    }
}
