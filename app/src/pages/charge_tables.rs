//! The tables of a charge: who and when, what the rule was found from, the split, refunds, the ledger.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    charge::{EarlyEnd, NobodyJoined, Terms},
    ledger::Account,
    money::Split,
};
use leptos::prelude::*;
use services::payment::{Explanation, RefundRow};

use super::{
    charge_words::{amount, length},
    chargeback::taken_back,
    context::Visit,
    format,
    i18n::{Locale, td_string},
    lesson_parts::percent,
};
use crate::ui::{Cell, Column, StateBadge, Table};

/// A row of facts.
fn fact(label: &'static str, text: String) -> impl IntoView {
    view! { <div><dt>{label}</dt><dd>{text}</dd></div> }
}

/// A row of facts that is an instant, in the reader's zone; `None` is not on record.
fn instant(visit: &Visit, label: &'static str, at: Option<DateTime<Utc>>) -> impl IntoView {
    let locale = visit.locale();
    let text = match at {
        Some(at) => {
            let text = format::moment(locale, visit.zone, at);
            view! { <time datetime=at.to_rfc3339()>{text}</time> }.into_any()
        }
        None => view! { <span class="quiet">{td_string!(locale, charge.not_recorded)}</span> }.into_any(),
    };
    view! { <div><dt>{label}</dt><dd>{text}</dd></div> }
}

/// What makes the page a receipt: between whom, for what, its number, when it was paid.
#[component]
pub fn Parties(
    /// The request.
    visit: Visit,
    /// The charge.
    explained: Explanation,
) -> impl IntoView {
    let locale = visit.locale();
    let Explanation { booking, receipt, paid_at, due_at, .. } = explained;
    let lesson = format!("{} · {}", booking.title, format::minutes(locale, booking.duration));
    let receipt = receipt.map(|number| fact(td_string!(locale, charge.receipt), number.to_string()));
    let (when, at) = match paid_at {
        Some(at) => (td_string!(locale, charge.paid_at), at),
        None => (td_string!(locale, charge.due_at), due_at),
    };
    let when = (explained.split.charge.minor > 0).then(|| instant(&visit, when, Some(at)));
    view! {
        <dl class="facts">
            {receipt}
            {fact(td_string!(locale, charge.lesson), lesson)}
            {fact(td_string!(locale, charge.student), booking.student_name)}
            {fact(td_string!(locale, charge.tutor), booking.tutor_name)}
            {when}
        </dl>
    }
}

/// What the rule was found from: times on record, and what was agreed.
#[component]
pub fn Inputs(
    /// The request.
    visit: Visit,
    /// The charge.
    explained: Explanation,
) -> impl IntoView {
    let locale = visit.locale();
    let Explanation { facts, terms, .. } = explained;
    let evidence = facts.evidence;
    let least = length(TimeDelta::minutes(facts.min_payable.into()));
    let bps = i32::try_from(terms.fee_bps).unwrap_or(i32::MAX);
    let fee = td_string!(locale, charge.percent, percent = percent(locale, bps)).to_string();
    let nobody = match terms.nobody_joined {
        NobodyJoined::ChargeFull => td_string!(locale, charge.nobody_full),
        NobodyJoined::ChargeNothing => td_string!(locale, charge.nobody_none),
    };
    view! {
        <dl class="facts">
            {instant(&visit, td_string!(locale, charge.start), Some(facts.start))}
            {instant(&visit, td_string!(locale, charge.end), Some(facts.end))}
            {instant(&visit, td_string!(locale, charge.student_joined), evidence.student_joined)}
            {instant(&visit, td_string!(locale, charge.tutor_joined), evidence.tutor_joined)}
            {instant(&visit, td_string!(locale, charge.marked), evidence.marked_no_show)}
            {instant(&visit, td_string!(locale, charge.ended), evidence.trusted_end)}
            {fact(td_string!(locale, charge.price), amount(locale, terms.price))}
            {fact(td_string!(locale, charge.fee_rate), fee)}
            {fact(td_string!(locale, charge.early), early(locale, &terms, least))}
            {fact(td_string!(locale, charge.nobody), nobody.to_owned())}
        </dl>
    }
}

/// What was agreed about an early end.
fn early(locale: Locale, terms: &Terms, least: String) -> String {
    match terms.early_end {
        EarlyEnd::Strict => td_string!(locale, charge.early_strict).to_owned(),
        EarlyEnd::Tolerance(seconds) => {
            let tolerance = length(TimeDelta::seconds(seconds.into()));
            td_string!(locale, charge.early_tolerance, tolerance = tolerance).to_string()
        }
        EarlyEnd::MinPayable => td_string!(locale, charge.early_payable, least = least).to_string(),
    }
}

/// Who gets what of the charge.
#[component]
pub fn SplitTable(
    /// The language.
    locale: Locale,
    /// The parts.
    split: Split,
) -> impl IntoView {
    let (part, sum) = (td_string!(locale, charge.part), td_string!(locale, charge.amount));
    let rows = [
        (td_string!(locale, charge.split_charge), split.charge),
        (td_string!(locale, charge.split_fee), split.fee),
        (td_string!(locale, charge.split_payout), split.payout),
    ];
    let rows = rows.map(|(name, money)| {
        view! { <tr><Cell label=part>{name}</Cell><Cell label=sum numeric=true>{amount(locale, money)}</Cell></tr> }
    });
    let columns = vec![Column::text(part), Column::number(sum)];
    let caption = td_string!(locale, charge.split_title);
    view! { <Table caption caption_hidden=true columns>{rows.collect_view()}</Table> }
}

/// What was given back, and why.
#[component]
pub fn Refunds(
    /// The request.
    visit: Visit,
    /// Oldest first.
    refunds: Vec<RefundRow>,
) -> impl IntoView {
    let locale = visit.locale();
    let (when, why) = (td_string!(locale, charge.when), td_string!(locale, charge.reason));
    let (state, sum) = (td_string!(locale, charge.state), td_string!(locale, charge.amount));
    let rows = refunds.into_iter().map(|refund| {
        let words = if refund.by_bank { taken_back(locale, &refund.reason) } else { refund.reason };
        let (code, word) = match refund.status.as_str() {
            "succeeded" => ("refunded", td_string!(locale, charge.refund_succeeded)),
            "failed" => ("failed", td_string!(locale, charge.refund_failed)),
            _ => ("pending", td_string!(locale, charge.refund_pending)),
        };
        let at = format::stamp(locale, visit.zone, refund.at);
        view! {
            <tr>
                <Cell label=when>{at}</Cell>
                <Cell label=why><span class="breaks">{words}</span></Cell>
                <Cell label=state><StateBadge state=code text=word/></Cell>
                <Cell label=sum numeric=true>{amount(locale, refund.amount)}</Cell>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = vec![Column::text(when), Column::text(why), Column::text(state), Column::number(sum)];
    view! { <Table caption=td_string!(locale, charge.refunds_title) caption_hidden=true columns>{rows}</Table> }
}

/// The lines of the ledger, with the names of the two parties for their accounts.
#[component]
pub fn Ledger(
    /// The request.
    visit: Visit,
    /// The charge.
    explained: Explanation,
) -> impl IntoView {
    let locale = visit.locale();
    if explained.lines.is_empty() {
        return view! { <p class="quiet">{td_string!(locale, charge.ledger_none)}</p> }.into_any();
    }
    let (when, event) = (td_string!(locale, charge.when), td_string!(locale, charge.event));
    let (account, sum) = (td_string!(locale, charge.account), td_string!(locale, charge.amount));
    let Explanation { lines, booking, .. } = explained;
    let rows = lines.into_iter().map(|line| {
        let at = format::stamp(locale, visit.zone, line.at);
        let owner = match Account::parse(&line.account) {
            Some(Account::Student(_)) => booking.student_name.clone(),
            Some(Account::Tutor(_)) => booking.tutor_name.clone(),
            Some(Account::Platform) => td_string!(locale, charge.account_platform).to_owned(),
            Some(Account::Provider) => td_string!(locale, charge.account_provider).to_owned(),
            Some(Account::Fees) => td_string!(locale, charge.account_fees).to_owned(),
            None => line.account,
        };
        view! {
            <tr>
                <Cell label=when>{at}</Cell>
                <Cell label=event>{event_name(locale, &line.event)}</Cell>
                <Cell label=account><span class="breaks">{owner}</span></Cell>
                <Cell label=sum numeric=true>{format::money(locale, line.amount, line.currency)}</Cell>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = vec![Column::text(when), Column::text(event), Column::text(account), Column::number(sum)];
    view! {
        <Table caption=td_string!(locale, charge.ledger_title) caption_hidden=true columns>{rows}</Table>
        <p class="quiet small">{td_string!(locale, charge.ledger_text)}</p>
    }
    .into_any()
}

/// What an event of the ledger is called.
fn event_name(locale: Locale, event: &str) -> String {
    let name = match event {
        "settled" => td_string!(locale, charge.event_settled),
        "paid" => td_string!(locale, charge.event_paid),
        "refunded" => td_string!(locale, charge.event_refunded),
        "taken_back" => td_string!(locale, charge.event_taken_back),
        "lost" => td_string!(locale, charge.event_lost),
        "reduced" => td_string!(locale, charge.event_reduced),
        "returned" => td_string!(locale, charge.event_returned),
        "return_failed" => td_string!(locale, charge.event_return_failed),
        "forgiven" => td_string!(locale, charge.event_forgiven),
        "fee" => td_string!(locale, charge.event_fee),
        "transferred" => td_string!(locale, charge.event_transferred),
        "reversed" => td_string!(locale, charge.event_reversed),
        "withheld" => td_string!(locale, charge.event_withheld),
        "refund_failed" => td_string!(locale, charge.event_refund_failed),
        other => return other.to_owned(),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use domain::{
        ids::{TutorId, UserId},
        ledger::Event,
        money::{Currency, Money},
    };

    use super::*;

    #[test]
    fn every_event_of_the_ledger_has_a_name() {
        let money = Money { minor: 2500, currency: Currency::Eur };
        let split = money.split(1000);
        let events = [
            Event::Settled(split),
            Event::Paid(money),
            Event::Refunded(split),
            Event::TakenBack(money),
            Event::Lost(split),
            Event::Reduced(split),
            Event::Returned(money),
            Event::ReturnFailed(money),
            Event::Forgiven(money),
            Event::Fee(money),
            Event::Transferred(money),
            Event::Reversed(money),
        ];
        for event in events {
            for locale in [Locale::en, Locale::fr] {
                assert_ne!(event_name(locale, event.name()), event.name(), "{event:?}");
            }
            let nil = uuid::Uuid::nil();
            let entries = event.entries(UserId(nil), TutorId(nil));
            assert!(entries.iter().all(|entry| Account::parse(&entry.account.to_string()).is_some()));
        }
    }
}
