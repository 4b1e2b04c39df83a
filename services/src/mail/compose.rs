//! What a mail says: from rows to subject, text and HTML, in the reader's language and zone.

use chrono::{DateTime, Utc};
use domain::{
    account::Language,
    ids::{BookingId, UserId},
    manners::{self, Manners},
    money::Money,
    payment::ChargeState,
    zone::Zone,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{Kind, layout};
use crate::{AppError, Result};

/// What a mail about money is written from.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub booking: BookingId,
    /// The charge or deposit: about each there is one mail of a kind.
    pub subject: Uuid,
    pub state: State,
    pub amount: Money,
    /// The number of the receipt and when it was paid, once it is.
    pub receipt: Option<(i64, DateTime<Utc>)>,
    pub title: String,
    pub start: DateTime<Utc>,
    pub student: UserId,
    pub email: String,
    pub name: String,
    pub language: Language,
    pub zone: Zone,
    pub tutor: String,
    /// The card that was charged or declined.
    pub card: Option<CardShown>,
    /// The bank did not refuse: it wants the word of the card's owner.
    pub asks: bool,
}

/// How what a mail is about stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Charge(ChargeState),
    /// A deposit that was declined.
    Declined(Consequence),
}

/// What a declined deposit means for its booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consequence {
    /// It stands, and another card can be chosen until its end.
    Stands,
    /// It was cancelled for that.
    Ended,
    /// Nothing any more.
    None,
}

/// A card as a person knows it.
#[derive(Clone, Debug)]
pub(super) struct CardShown {
    pub brand: String,
    pub last4: String,
}

/// A mail that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The sentences of a language; every field is one of its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    greeting: String,
    label: String,
    pub(super) platform: String,
    pub(super) reason: String,
    lesson: String,
    with: String,
    time: String,
    amount: String,
    card: String,
    card_number: String,
    receipt: ReceiptTexts,
    payment_failed: FailedTexts,
    deposit_failed: DepositTexts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptTexts {
    subject: String,
    lead: String,
    number: String,
    paid_at: String,
    link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FailedTexts {
    subject: String,
    declined: String,
    asks: String,
    no_card: String,
    consequence: String,
    link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DepositTexts {
    subject: String,
    declined: String,
    no_card: String,
    stands: String,
    ended: String,
    link: String,
}

impl Texts {
    /// What stands before what it names: French wants a space before the colon.
    pub(super) fn labelled(&self, name: &str) -> String {
        fill(&self.label, &[("name", name)])
    }

    fn of(language: Language) -> Result<Self> {
        serde_json::from_str(Texts::file(language)).map_err(AppError::fault)
    }

    const fn file(language: Language) -> &'static str {
        match language {
            Language::En => include_str!("texts/en.json"),
            Language::Fr => include_str!("texts/fr.json"),
        }
    }
}

/// What stands in a mail, before it is laid out.
pub(super) struct Body {
    pub language: Language,
    pub greeting: String,
    pub paragraphs: Vec<String>,
    /// Labels with what they name.
    pub rows: Vec<(String, String)>,
    /// What the link leads to, and where.
    pub link: (String, String),
}

/// Writes a mail; `None` where it is past its use.
///
/// # Errors
/// Where the sentences cannot be read.
pub(super) fn compose(kind: Kind, about: &About, public_url: &str) -> Result<Option<Letter>> {
    let texts = Texts::of(about.language)?;
    let (subject, body) = match (kind, about.state, about.receipt) {
        (Kind::Receipt, State::Charge(ChargeState::Paid), Some(receipt)) => {
            paid(&texts, about, receipt, public_url)
        }
        (Kind::PaymentFailed, State::Charge(ChargeState::Debt), _) => failed(&texts, about, public_url),
        (Kind::DepositFailed, State::Declined(Consequence::Stands), _) => {
            not_secured(&texts, about, &texts.deposit_failed.stands, public_url)
        }
        (Kind::DepositFailed, State::Declined(Consequence::Ended), _) => {
            not_secured(&texts, about, &texts.deposit_failed.ended, public_url)
        }
        _ => return Ok(None),
    };
    let (text, html) = (layout::text(&texts, &body), layout::html(&texts, &body, &subject));
    Ok(Some(Letter { subject, text, html }))
}

fn paid(
    texts: &Texts,
    about: &About,
    (number, at): (i64, DateTime<Utc>),
    public_url: &str,
) -> (String, Body) {
    let own = &texts.receipt;
    let (amount, number) = (amount(about), number.to_string());
    let values = [("number", &*number), ("amount", &*amount), ("title", &*about.title)];
    let mut rows = vec![(own.number.clone(), number.clone())];
    rows.extend(lesson_rows(texts, about, &amount));
    rows.push((own.paid_at.clone(), moment(about, at)));
    let body = body(texts, about, vec![fill(&own.lead, &values)], rows, own.link.clone(), public_url);
    (fill(&own.subject, &values), body)
}

fn failed(texts: &Texts, about: &About, public_url: &str) -> (String, Body) {
    let own = &texts.payment_failed;
    let amount = amount(about);
    let values = [("amount", &*amount), ("title", &*about.title)];
    let lead = match &about.card {
        Some(_) if about.asks => &own.asks,
        Some(_) => &own.declined,
        None => &own.no_card,
    };
    let paragraphs = vec![fill(lead, &values), own.consequence.clone()];
    let rows = lesson_rows(texts, about, &amount);
    let body = body(texts, about, paragraphs, rows, fill(&own.link, &values), public_url);
    (fill(&own.subject, &values), body)
}

fn not_secured(texts: &Texts, about: &About, consequence: &str, public_url: &str) -> (String, Body) {
    let own = &texts.deposit_failed;
    let amount = amount(about);
    let values = [("amount", &*amount), ("title", &*about.title)];
    let lead = if about.card.is_some() { &own.declined } else { &own.no_card };
    let paragraphs = vec![fill(lead, &values), consequence.to_owned()];
    let rows = lesson_rows(texts, about, &amount);
    let mut body = body(texts, about, paragraphs, rows, own.link.clone(), public_url);
    body.link.1 = format!("{public_url}/settings#cards");
    (fill(&own.subject, &values), body)
}

fn body(
    texts: &Texts,
    about: &About,
    paragraphs: Vec<String>,
    rows: Vec<(String, String)>,
    link: String,
    public_url: &str,
) -> Body {
    Body {
        language: about.language,
        greeting: fill(&texts.greeting, &[("name", &about.name)]),
        paragraphs,
        rows,
        link: (link, format!("{public_url}/lessons/{}/charge", about.booking)),
    }
}

fn lesson_rows(texts: &Texts, about: &About, amount: &str) -> Vec<(String, String)> {
    let lesson = fill(&texts.with, &[("title", &about.title), ("tutor", &about.tutor)]);
    let mut rows = vec![
        (texts.lesson.clone(), lesson),
        (texts.time.clone(), moment(about, about.start)),
        (texts.amount.clone(), amount.to_owned()),
    ];
    if let Some(card) = &about.card {
        let brand = capitalized(&card.brand);
        let known = fill(&texts.card_number, &[("brand", &brand), ("last4", &card.last4)]);
        rows.push((texts.card.clone(), known));
    }
    rows
}

fn amount(about: &About) -> String {
    Manners::of(about.language).money(about.amount)
}

/// An instant in the reader's zone, which is named.
fn moment(about: &About, at: DateTime<Utc>) -> String {
    let moment = Manners::of(about.language).moment(about.zone, at);
    format!("{moment}, {}", manners::zone(about.zone, at))
}

/// A brand as people write it: the provider says `visa`.
fn capitalized(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Puts values into a sentence, in one pass: what a value contains is not looked at.
fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    let mut parts = sentence.split("{{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
        let value = values.iter().find(|(known, _)| *known == name.trim());
        out.push_str(value.map_or("", |(_, value)| value));
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::money::Currency;
    use serde_json::Value;

    use super::*;

    fn about(language: Language) -> About {
        About {
            booking: BookingId(Uuid::from_u128(1)),
            subject: Uuid::from_u128(2),
            state: State::Charge(ChargeState::Paid),
            amount: Money { minor: 123_450, currency: Currency::Eur },
            receipt: Some((17, "2027-03-01T13:00:05Z".parse().expect("an instant"))),
            title: "Maths <b>& more</b> {{ amount }}".into(),
            start: "2027-03-01T12:00:00Z".parse().expect("an instant"),
            student: UserId(Uuid::from_u128(3)),
            email: "sam@example.org".into(),
            name: "Sam".into(),
            language,
            zone: Zone::parse("America/New_York").expect("a zone"),
            tutor: "Tina \"T\" O’Hara".into(),
            card: Some(CardShown { brand: "visa".into(), last4: "4242".into() }),
            asks: false,
        }
    }

    /// `group.key` with its placeholders, sorted.
    fn keys(language: Language) -> BTreeMap<String, Vec<String>> {
        fn walk(prefix: &str, value: &Value, into: &mut BTreeMap<String, Vec<String>>) {
            match value {
                Value::Object(map) => {
                    map.iter().for_each(|(key, value)| walk(&format!("{prefix}.{key}"), value, into));
                }
                value => {
                    let text = value.as_str().filter(|text| !text.is_empty()).expect(prefix);
                    let parts = text.split("{{").skip(1).filter_map(|part| part.split_once("}}"));
                    let mut names: Vec<_> = parts.map(|(name, _)| name.trim().to_owned()).collect();
                    names.sort();
                    into.insert(prefix.to_owned(), names);
                }
            }
        }
        let mut into = BTreeMap::new();
        walk("", &serde_json::from_str(Texts::file(language)).expect("JSON"), &mut into);
        into
    }

    /// That all are used is proven by the compiler: a field of [`Texts`] that nobody reads is a warning.
    #[test]
    fn every_language_has_the_same_sentences() {
        for language in Language::ALL {
            assert_eq!(keys(language), keys(Language::En), "{language:?}");
            Texts::of(language).expect("every key is a field");
        }
    }

    #[test]
    fn values_are_not_read_as_placeholders_and_markup_is_shown_as_it_is() {
        let letter = compose(Kind::Receipt, &about(Language::En), "https://x.test").expect("sentences");
        let letter = letter.expect("a mail");
        assert_eq!(letter.subject, "Receipt no. 17: €1,234.50 for Maths <b>& more</b> {{ amount }}");
        assert!(
            letter.html.contains("Maths &lt;b&gt;&amp; more&lt;/b&gt; {{ amount }} with Tina &quot;T&quot;")
        );
        assert!(!letter.html.contains("<b>"));
    }

    #[test]
    fn times_are_the_reader_s() {
        for (language, time) in [
            (Language::En, "Monday 1 March 2027 at 7:00\u{a0}am, America/New York (UTC−5)"),
            (Language::Fr, "lundi 1er mars 2027 à 07:00, America/New York (UTC−5)"),
        ] {
            let letter = compose(Kind::Receipt, &about(language), "https://x.test").expect("sentences");
            let letter = letter.expect("a mail");
            assert!(letter.text.contains(time) && letter.html.contains(time), "{}", letter.text);
        }
    }

    #[test]
    fn what_is_past_its_use_is_not_written() {
        use State::{Charge, Declined};
        for (kind, state, written) in [
            (Kind::Receipt, Charge(ChargeState::Paid), true),
            (Kind::Receipt, Charge(ChargeState::Debt), false),
            (Kind::PaymentFailed, Charge(ChargeState::Debt), true),
            (Kind::PaymentFailed, Charge(ChargeState::Paid), false),
            (Kind::DepositFailed, Declined(Consequence::Stands), true),
            (Kind::DepositFailed, Declined(Consequence::Ended), true),
            (Kind::DepositFailed, Declined(Consequence::None), false),
            (Kind::DepositFailed, Charge(ChargeState::Paid), false),
        ] {
            let about = About { state, ..about(Language::En) };
            let letter = compose(kind, &about, "https://x.test").expect("sentences");
            assert_eq!(letter.is_some(), written, "{kind:?} {state:?}");
        }
    }
}
