//! Mails about money: receipts, debts, what was forgiven, deposits that were declined, money that did not come back.

use chrono::{DateTime, Utc};
use domain::{ids::BookingId, manners::Manners, money::Money, payment::ChargeState};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Kind,
    layout::Body,
    letter::{Letter, Reader},
    store, tell,
    texts::{Texts, fill},
};
use crate::{Result, Services, jobs::Job, notice::Subject};

/// The job that writes a mail about the money of a booking.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WriteMail {
    /// What it is about.
    pub kind: Kind,
    /// The booking.
    pub booking: BookingId,
}

impl Job for WriteMail {
    const NAME: &'static str = "write_mail";

    async fn run(self, services: &Services) -> Result<()> {
        write(services, &self).await
    }
}

/// Writes a mail, once for each charge, deposit or case and kind. What is past its use is not written: a debt that was paid
/// meanwhile, a person who is gone.
async fn write(services: &Services, job: &WriteMail) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let about = match job.kind {
        Kind::DepositFailed => store::find_about_deposit(&mut tx, job.booking, now).await?,
        Kind::RefundFailed => store::find_about_stuck(&mut tx, job.booking).await?,
        _ => store::find_about_charge(&mut tx, job.booking).await?,
    };
    let Some(about) = about else { return Ok(()) };
    let Some(letter) = compose(job.kind, &about, &services.config.web.public_url)? else { return Ok(()) };
    let told = about.subject.to_string();
    let what = (job.kind, &*told, Subject::Booking(job.booking));
    tell(services, tx, what, &about.reader, &letter).await
}

/// What a mail about money is written from.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub booking: BookingId,
    /// The charge, deposit or case: about each there is one mail of a kind.
    pub subject: Uuid,
    pub state: State,
    pub amount: Money,
    /// The number of the receipt and when it was paid, once it is.
    pub receipt: Option<(i64, DateTime<Utc>)>,
    pub title: String,
    pub start: DateTime<Utc>,
    pub reader: Reader,
    pub tutor: String,
    /// The card that was charged or declined.
    pub card: Option<CardShown>,
    /// Why it was forgiven, in an admin's words.
    pub note: Option<String>,
    /// The bank did not refuse: it wants the word of the card's owner.
    pub asks: bool,
}

/// How what a mail is about stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Charge(ChargeState),
    /// A deposit that was declined.
    Declined(Consequence),
    /// Money that was to be given back did not arrive, and an admin is asked to see to it.
    Stuck,
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

/// Writes a mail; `None` where it is past its use.
///
/// # Errors
/// Where the sentences cannot be read.
pub(super) fn compose(kind: Kind, about: &About, public_url: &str) -> Result<Option<Letter>> {
    let texts = Texts::of(about.reader.language)?;
    let (subject, body) = match (kind, about.state, about.receipt) {
        (Kind::Receipt, State::Charge(ChargeState::Paid), Some(receipt)) => {
            paid(&texts, about, receipt, public_url)
        }
        (Kind::PaymentFailed, State::Charge(ChargeState::Debt), _) => failed(&texts, about, public_url),
        (Kind::DebtForgiven, State::Charge(ChargeState::Forgiven), _) => forgiven(&texts, about, public_url),
        (Kind::DepositFailed, State::Declined(Consequence::Stands), _) => {
            not_secured(&texts, about, &texts.deposit_failed.stands, public_url)
        }
        (Kind::DepositFailed, State::Declined(Consequence::Ended), _) => {
            not_secured(&texts, about, &texts.deposit_failed.ended, public_url)
        }
        (Kind::RefundFailed, State::Stuck, _) => not_given_back(&texts, about, public_url),
        _ => return Ok(None),
    };
    Letter::lay_out(&texts, subject, &body, public_url).map(Some)
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
    rows.push((own.paid_at.clone(), about.reader.moment(at)));
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

fn forgiven(texts: &Texts, about: &About, public_url: &str) -> (String, Body) {
    let own = &texts.debt_forgiven;
    let amount = amount(about);
    let values = [("amount", &*amount), ("title", &*about.title)];
    let mut rows = lesson_rows(texts, &About { card: None, ..about.clone() }, &amount);
    rows.extend(about.note.clone().map(|note| (own.why.clone(), note)));
    let paragraphs = vec![fill(&own.lead, &values), own.consequence.clone()];
    let body = body(texts, about, paragraphs, rows, own.link.clone(), public_url);
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
    body.button.1 = format!("{public_url}/settings#cards");
    (fill(&own.subject, &values), body)
}

fn not_given_back(texts: &Texts, about: &About, public_url: &str) -> (String, Body) {
    let own = &texts.refund_failed;
    let amount = amount(about);
    let values = [("amount", &*amount), ("title", &*about.title)];
    let paragraphs = vec![fill(&own.lead, &values), own.consequence.clone()];
    let rows = lesson_rows(texts, about, &amount);
    let body = body(texts, about, paragraphs, rows, own.link.clone(), public_url);
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
        language: about.reader.language,
        greeting: fill(&texts.greeting, &[("name", &about.reader.name)]),
        paragraphs,
        rows,
        button: (link, format!("{public_url}/lessons/{}/charge", about.booking)),
        links: Vec::new(),
        reason: texts.reason.lesson.clone(),
    }
}

fn lesson_rows(texts: &Texts, about: &About, amount: &str) -> Vec<(String, String)> {
    let lesson = fill(&texts.with, &[("title", &about.title), ("name", &about.tutor)]);
    let mut rows = vec![
        (texts.lesson.clone(), lesson),
        (texts.time.clone(), about.reader.moment(about.start)),
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
    Manners::of(about.reader.language).money(about.amount)
}

/// A brand as people write it: the provider says `visa`.
pub(super) fn capitalized(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use domain::{account::Language, ids::UserId, money::Currency, zone::Zone};

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
            reader: Reader {
                user: UserId(Uuid::from_u128(3)),
                email: "sam@example.org".into(),
                name: "Sam".into(),
                language,
                zone: Zone::parse("America/New_York").expect("a zone"),
            },
            tutor: "Tina \"T\" O’Hara".into(),
            card: Some(CardShown { brand: "visa".into(), last4: "4242".into() }),
            note: Some("It was our fault.".into()),
            asks: false,
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
            (Kind::DebtForgiven, Charge(ChargeState::Forgiven), true),
            (Kind::DebtForgiven, Charge(ChargeState::Debt), false),
            (Kind::PaymentFailed, Charge(ChargeState::Forgiven), false),
            (Kind::DepositFailed, Declined(Consequence::Stands), true),
            (Kind::DepositFailed, Declined(Consequence::Ended), true),
            (Kind::DepositFailed, Declined(Consequence::None), false),
            (Kind::DepositFailed, Charge(ChargeState::Paid), false),
            (Kind::RefundFailed, State::Stuck, true),
            (Kind::RefundFailed, Charge(ChargeState::Paid), false),
        ] {
            let about = About { state, ..about(Language::En) };
            let letter = compose(kind, &about, "https://x.test").expect("sentences");
            assert_eq!(letter.is_some(), written, "{kind:?} {state:?}");
        }
    }
}
