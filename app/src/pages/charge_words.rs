//! What a charge is in words: how it stands, and the sentence of the rule that it came from.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    charge::{EarlyEnd, Facts, Rule, Terms},
    money::Money,
    payment::ChargeState,
    zone::Zone,
};
use services::payment::{ChargeStatus, Charged, Explanation};

use super::{
    format,
    i18n::{Locale, td_string},
};

/// How a charge stands, as people say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The lesson has no price.
    Free,
    /// The rule says that nothing is due.
    Nothing,
    /// Less is due than can be charged.
    Waived,
    /// Due at the scheduled end.
    Due,
    /// Paid.
    Paid,
    /// Paid, and some of it given back.
    PartlyRefunded,
    /// Paid, and all of it given back.
    Refunded,
    /// Could not be charged.
    Owed,
    /// Was owed, and the platform let it be.
    Forgiven,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Standing; 9] = [
        Standing::Free,
        Standing::Nothing,
        Standing::Waived,
        Standing::Due,
        Standing::Paid,
        Standing::PartlyRefunded,
        Standing::Refunded,
        Standing::Owed,
        Standing::Forgiven,
    ];

    /// Of a charge in a list; `price` is the booking's.
    #[must_use]
    pub fn of(charged: &Charged, price: i64) -> Self {
        match charged.state {
            _ if price == 0 => Standing::Free,
            ChargeState::Nothing => Standing::Nothing,
            ChargeState::Waived => Standing::Waived,
            ChargeState::Scheduled => Standing::Due,
            ChargeState::Debt => Standing::Owed,
            ChargeState::Forgiven => Standing::Forgiven,
            ChargeState::Paid if charged.refunded == 0 => Standing::Paid,
            ChargeState::Paid if charged.refunded == charged.amount.minor => Standing::Refunded,
            ChargeState::Paid => Standing::PartlyRefunded,
        }
    }

    /// Of a charge that is explained.
    #[must_use]
    pub fn of_explained(explained: &Explanation) -> Self {
        match explained.status {
            _ if explained.terms.price.minor == 0 => Standing::Free,
            ChargeStatus::None if explained.forgiven.is_some() => Standing::Forgiven,
            ChargeStatus::None if explained.waived => Standing::Waived,
            ChargeStatus::None => Standing::Nothing,
            ChargeStatus::Scheduled => Standing::Due,
            ChargeStatus::Debt => Standing::Owed,
            ChargeStatus::Refunded => Standing::Refunded,
            ChargeStatus::Paid if explained.refunded > 0 => Standing::PartlyRefunded,
            ChargeStatus::Paid => Standing::Paid,
        }
    }

    /// The code by which its badge looks.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Standing::Free => "free",
            Standing::Nothing => "nothing",
            Standing::Waived => "waived",
            Standing::Forgiven => "forgiven",
            Standing::Due => "scheduled",
            Standing::Paid => "paid",
            Standing::PartlyRefunded | Standing::Refunded => "refunded",
            Standing::Owed => "debt",
        }
    }

    /// Its name.
    #[must_use]
    pub fn word(self, locale: Locale) -> &'static str {
        match self {
            Standing::Free => td_string!(locale, charge.free),
            Standing::Nothing => td_string!(locale, charge.nothing),
            Standing::Waived => td_string!(locale, charge.waived),
            Standing::Due => td_string!(locale, charge.due),
            Standing::Paid => td_string!(locale, charge.paid),
            Standing::PartlyRefunded => td_string!(locale, charge.partly_refunded),
            Standing::Refunded => td_string!(locale, charge.refunded),
            Standing::Forgiven => td_string!(locale, charge.forgiven),
            Standing::Owed => td_string!(locale, charge.owed),
        }
    }
}

/// Why a lesson is charged what it is charged, with its numbers and times.
#[must_use]
pub fn why(locale: Locale, zone: Zone, explained: &Explanation) -> String {
    let Explanation { booking, terms, facts, split, .. } = explained;
    match explained.rule {
        Some(rule) if terms.price.minor > 0 || rule == Rule::Cancelled => {
            of_rule(locale, zone, rule, facts, terms, booking.no_show_wait)
        }
        _ if terms.price.minor == 0 => td_string!(locale, lesson.free_text).to_owned(),
        None if booking.state.is_active() => {
            let (end, amount) = (format::moment(locale, zone, facts.end), amount(locale, split.charge));
            td_string!(locale, charge.rule_due, end = end, amount = amount).to_string()
        }
        _ => td_string!(locale, charge.rule_before).to_owned(),
    }
}

/// The sentence of a rule. `wait` is how many minutes the tutor waits for the student.
#[must_use]
pub fn of_rule(locale: Locale, zone: Zone, rule: Rule, facts: &Facts, terms: &Terms, wait: i32) -> String {
    let clock = |at: Option<DateTime<Utc>>| at.map(|at| format::clock(locale, zone, at)).unwrap_or_default();
    let (price, amount) = (amount(locale, terms.price), amount(locale, rule.charge(terms).charge));
    let evidence = facts.evidence;
    match rule {
        Rule::Cancelled => td_string!(locale, charge.rule_cancelled).to_owned(),
        Rule::StudentAbsent => {
            let (wait, marked) = (format::minutes(locale, wait), clock(evidence.marked_no_show));
            td_string!(
                locale,
                charge.rule_student_absent,
                wait = wait,
                marked = marked,
                price = price,
                amount = amount
            )
            .to_string()
        }
        Rule::TutorAbsent => {
            let joined = clock(evidence.student_joined);
            td_string!(locale, charge.rule_tutor_absent, joined = joined, price = price).to_string()
        }
        Rule::NobodyJoined => td_string!(locale, charge.rule_nobody_joined, amount = amount).to_string(),
        Rule::NobodyJoinedFree => {
            td_string!(locale, charge.rule_nobody_joined_free, price = price).to_string()
        }
        Rule::EndedEarly => {
            let (ended, end) = (clock(evidence.trusted_end), clock(Some(facts.end)));
            let short = length(missing(facts));
            td_string!(
                locale,
                charge.rule_ended_early,
                ended = ended,
                short = short,
                end = end,
                price = price
            )
            .to_string()
        }
        Rule::EndedNearly => nearly(locale, facts, terms, clock(evidence.trusted_end), amount),
        Rule::Completed => {
            let end = clock(Some(facts.end));
            td_string!(locale, charge.rule_completed, end = end, amount = amount).to_string()
        }
    }
}

/// An early end that is charged all the same, by the policy that lets it.
fn nearly(locale: Locale, facts: &Facts, terms: &Terms, ended: String, amount: String) -> String {
    if let EarlyEnd::Tolerance(seconds) = terms.early_end {
        let (short, tolerance) = (length(missing(facts)), length(TimeDelta::seconds(seconds.into())));
        return td_string!(
            locale,
            charge.rule_nearly_tolerance,
            ended = ended,
            short = short,
            tolerance = tolerance,
            amount = amount
        )
        .to_string();
    }
    let taught = length(facts.evidence.trusted_end.map_or(TimeDelta::zero(), |seen| seen - facts.start));
    let least = length(TimeDelta::minutes(facts.min_payable.into()));
    td_string!(
        locale,
        charge.rule_nearly_payable,
        ended = ended,
        taught = taught,
        least = least,
        amount = amount
    )
    .to_string()
}

/// How much of the lesson was missing when it was seen to end.
fn missing(facts: &Facts) -> TimeDelta {
    facts.evidence.trusted_end.map_or(TimeDelta::zero(), |seen| facts.end - seen)
}

/// A length of time to the second, in units that all languages share: "9 min 30 s".
#[must_use]
pub fn length(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    match (seconds / 60, seconds % 60) {
        (0, rest) => format!("{rest}\u{a0}s"),
        (minutes, 0) => format!("{minutes}\u{a0}min"),
        (minutes, rest) => format!("{minutes}\u{a0}min {rest}\u{a0}s"),
    }
}

/// An amount as the language writes it.
#[must_use]
pub fn amount(locale: Locale, money: Money) -> String {
    format::money(locale, money.minor, money.currency)
}

/// A card as its owner knows it: "Visa ending in 4242".
#[must_use]
pub fn card_name(locale: Locale, card: &services::payment::Card) -> String {
    let (brand, last4) = (brand(&card.brand), card.last4.clone());
    td_string!(locale, cards.card, brand = brand, last4 = last4).to_string()
}

/// A brand as it writes itself.
fn brand(code: &str) -> String {
    let known = match code {
        "visa" => "Visa",
        "mastercard" => "Mastercard",
        "amex" | "american_express" => "American Express",
        "discover" => "Discover",
        "diners" | "diners_club" => "Diners Club",
        "jcb" => "JCB",
        "unionpay" => "UnionPay",
        "cartes_bancaires" => "Cartes Bancaires",
        other => return other.replace('_', " "),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use domain::{charge::NobodyJoined, lesson::Evidence, money::Currency};

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2026-12-03T14:00:00Z".parse().unwrap();
        start + TimeDelta::minutes(minute)
    }

    fn terms(early_end: EarlyEnd) -> Terms {
        let price = Money { minor: 2501, currency: Currency::Eur };
        Terms { price, fee_bps: 1000, early_end, nobody_joined: NobodyJoined::ChargeFull }
    }

    fn told(locale: Locale, rule: Rule, early_end: EarlyEnd) -> String {
        let evidence = Evidence {
            student_joined: Some(at(1)),
            tutor_joined: None,
            marked_no_show: Some(at(21)),
            trusted_end: Some(at(50) - TimeDelta::seconds(30)),
        };
        let facts = Facts { start: at(0), end: at(60), min_payable: 40, cancelled: false, evidence };
        let paris = Zone::parse("Europe/Paris").unwrap();
        of_rule(locale, paris, rule, &facts, &terms(early_end), 20).replace(['\u{a0}', '\u{202f}'], " ")
    }

    /// Each row: the rule, what an early end means, and what has to be read in English and in French.
    #[test]
    fn each_rule_has_its_sentence_with_the_lesson_s_own_numbers() {
        type Row<'a> = (Rule, EarlyEnd, &'a [&'a str], &'a [&'a str]);
        let rows: [Row<'_>; 9] = [
            (Rule::Cancelled, EarlyEnd::Strict, &["nothing"], &["rien"]),
            (
                Rule::StudentAbsent,
                EarlyEnd::Strict,
                &["20 min", "3:21 pm", "€25.01", "€12.51"],
                &["20 min", "15:21", "25,01 €", "12,51 €"],
            ),
            (
                Rule::TutorAbsent,
                EarlyEnd::Strict,
                &["3:01 pm", "nothing", "€25.01"],
                &["15:01", "rien", "25,01 €"],
            ),
            (Rule::NobodyJoined, EarlyEnd::Strict, &["€25.01"], &["25,01 €"]),
            (Rule::NobodyJoinedFree, EarlyEnd::Strict, &["nothing", "€25.01"], &["rien", "25,01 €"]),
            (
                Rule::EndedEarly,
                EarlyEnd::Strict,
                &["3:49 pm", "10 min 30 s", "4:00 pm", "nothing"],
                &["15:49", "10 min 30 s", "16:00", "rien"],
            ),
            (
                Rule::EndedNearly,
                EarlyEnd::Tolerance(700),
                &["3:49 pm", "10 min 30 s", "11 min 40 s", "€25.01"],
                &["15:49", "10 min 30 s", "11 min 40 s", "25,01 €"],
            ),
            (
                Rule::EndedNearly,
                EarlyEnd::MinPayable,
                &["3:49 pm", "49 min 30 s", "40 min", "€25.01"],
                &["15:49", "49 min 30 s", "40 min", "25,01 €"],
            ),
            (Rule::Completed, EarlyEnd::Strict, &["4:00 pm", "€25.01"], &["16:00", "25,01 €"]),
        ];
        for (rule, early_end, en, fr) in rows {
            for (locale, words) in [(Locale::en, en), (Locale::fr, fr)] {
                let text = told(locale, rule, early_end);
                for word in words {
                    assert!(text.contains(word), "{rule:?} {early_end:?}: no {word} in: {text}");
                }
            }
        }
        assert!(Rule::ALL.iter().all(|rule| rows.iter().any(|row| row.0 == *rule)));
    }

    #[test]
    fn a_charge_in_a_list_stands_as_it_does() {
        use ChargeState as S;
        let rows = [
            (S::Nothing, 0, 0, Standing::Free),
            (S::Nothing, 2500, 0, Standing::Nothing),
            (S::Waived, 2500, 0, Standing::Waived),
            (S::Scheduled, 2500, 0, Standing::Due),
            (S::Debt, 2500, 0, Standing::Owed),
            (S::Paid, 2500, 0, Standing::Paid),
            (S::Paid, 2500, 1, Standing::PartlyRefunded),
            (S::Paid, 2500, 2500, Standing::Refunded),
        ];
        for (state, price, refunded, standing) in rows {
            let amount = Money { minor: price, currency: Currency::Eur };
            let booking = domain::ids::BookingId(uuid::Uuid::nil());
            let charged = Charged { booking, state, amount, refunded };
            assert_eq!(Standing::of(&charged, price), standing, "{state:?} {refunded}");
        }
    }

    #[test]
    fn lengths_are_told_to_the_second() {
        let rows = [(0, "0 s"), (45, "45 s"), (60, "1 min"), (630, "10 min 30 s"), (-5, "0 s")];
        for (seconds, text) in rows {
            assert_eq!(length(TimeDelta::seconds(seconds)).replace('\u{a0}', " "), text);
        }
    }
}
