//! The tables of earnings: what became of them, the lessons of a month, the payouts.

use chrono::{DateTime, Utc};
use domain::{money::Currency, payout::Month};
use leptos::prelude::*;
use services::{
    booking::Page,
    payout::{LineKind, PayoutLine, PayoutView, Progress, StatementRow, Sums},
};

use super::earnings::present_month;
use crate::{
    pages::{
        context::Visit,
        format,
        i18n::{Locale, td_string},
        pager::pager,
    },
    ui::{
        ButtonLink, ButtonSize, ButtonVariant, Card, Cell, Column, Disclosure, EmptyState, Glyph, Stat,
        StateBadge, Table,
    },
};

/// What became of all earnings, a row of figures for each currency.
#[component]
pub fn SumsView(
    /// The language.
    locale: Locale,
    /// For each currency.
    sums: Vec<Sums>,
) -> impl IntoView {
    let rows = sums.into_iter().map(|sums| {
        let money = |minor| format::money(locale, minor, sums.currency);
        let under_way = if sums.under_way > 0 {
            td_string!(locale, earnings.under_way_note, amount = money(sums.under_way)).to_string()
        } else {
            String::new()
        };
        let carried_note = match sums.carried {
            0 => td_string!(locale, earnings.nothing_carried),
            ..0 => td_string!(locale, earnings.carried_note),
            _ => td_string!(locale, earnings.added_note),
        };
        view! {
            <div class="grid-tiles">
                <Stat label=td_string!(locale, earnings.earned) value=money(sums.earned) note=td_string!(locale, earnings.earned_note) icon=Glyph::Success/>
                <Stat label=td_string!(locale, earnings.held) value=money(sums.held) note=td_string!(locale, earnings.held_note) icon=Glyph::Hourglass/>
                <Stat label=td_string!(locale, earnings.payable) value=money(sums.payable) note=under_way icon=Glyph::Clock/>
                <Stat label=td_string!(locale, earnings.paid) value=money(sums.paid) note=td_string!(locale, earnings.paid_note) icon=Glyph::Check/>
                <Stat label=td_string!(locale, earnings.carried) value=money(sums.carried) note=carried_note icon=Glyph::Refresh/>
            </div>
        }
    });
    rows.collect_view()
}

/// The lessons of a month, with the ways to other months, to a file and to paper.
#[component]
pub fn StatementView(
    /// The request.
    visit: Visit,
    /// The address of the page.
    #[prop(into)]
    page: String,
    /// The address of the file.
    file: String,
    /// Which month.
    month: Month,
    /// In their order.
    rows: Vec<StatementRow>,
) -> impl IntoView {
    let locale = visit.locale();
    let address = |month: Month| format!("{page}?month={}#statement", month.name());
    let others = [
        Some(month.before()),
        Some(month.after()).filter(|after| *after <= present_month(&visit, visit.zone)),
    ];
    let title =
        td_string!(locale, earnings.statement, month = format::month(locale, month.first())).to_string();
    let others = others.into_iter().flatten().map(|other| {
        let name = format::month(locale, other.first());
        view! { <ButtonLink href=address(other) variant=ButtonVariant::Secondary size=ButtonSize::Small>{name}</ButtonLink> }
    });
    let others = others.collect_view();
    let content = if rows.is_empty() {
        view! { <EmptyState glyph=Glyph::Calendar title=td_string!(locale, earnings.no_lessons) text=td_string!(locale, earnings.no_lessons_text)/> }.into_any()
    } else {
        view! { <Lessons visit rows/> }.into_any()
    };
    view! {
        <Card title>
            <div class="stack" id="statement">
                {content}
                <nav class="row no-print" aria-label=td_string!(locale, earnings.months)>
                    {others}
                    <ButtonLink href=file variant=ButtonVariant::Ghost size=ButtonSize::Small icon=Glyph::Download attr:download="">{td_string!(locale, earnings.csv)}</ButtonLink>
                </nav>
                <p class="quiet small no-print">{td_string!(locale, earnings.print_hint)}</p>
            </div>
        </Card>
    }
}

#[component]
fn Lessons(visit: Visit, rows: Vec<StatementRow>) -> impl IntoView {
    let locale = visit.locale();
    let (when, lesson) = (td_string!(locale, earnings.when), td_string!(locale, earnings.lesson));
    let (charge, fee) = (td_string!(locale, earnings.charge), td_string!(locale, earnings.fee));
    let (part, state) = (td_string!(locale, earnings.part), td_string!(locale, earnings.state));
    let totals = totals(&rows).into_iter().map(|(currency, total)| format::money(locale, total, currency));
    let total =
        td_string!(locale, earnings.total, amount = totals.collect::<Vec<_>>().join(" · ")).to_string();
    let zone = visit.zone;
    let rows = rows.into_iter().map(move |row| {
        let currency = row.charge.currency;
        let sums = [row.charge.minor, row.fee, row.part - row.given_back];
        let [charged, kept, own] = sums.map(|minor| format::money(locale, minor, currency));
        let (code, word, instant) = progress(locale, row.progress);
        let instant = instant.map(|at| {
            let at = format::stamp(locale, zone, at);
            view! { <br/><span class="quiet small">{at}</span> }
        });
        let given_back = (row.given_back > 0).then(|| {
            let amount = format::money(locale, row.given_back, currency);
            view! { <br/><span class="quiet small">{td_string!(locale, earnings.given_back, amount = amount)}</span> }
        });
        let at = format::stamp(locale, zone, row.start);
        view! {
            <tr>
                <Cell label=when><time datetime=row.start.to_rfc3339()>{at}</time></Cell>
                <Cell label=lesson><a class="link" href=format!("/lessons/{}/charge", row.booking)>{row.title}</a><br/><span class="quiet small">{row.student}</span></Cell>
                <Cell label=charge numeric=true>{charged}</Cell>
                <Cell label=fee numeric=true>{kept}</Cell>
                <Cell label=part numeric=true>{own}{given_back}</Cell>
                <Cell label=state><span><StateBadge state=code text=word/>{instant}</span></Cell>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = vec![
        Column::text(when),
        Column::text(lesson),
        Column::number(charge),
        Column::number(fee),
        Column::number(part),
        Column::text(state),
    ];
    view! {
        <Table caption=td_string!(locale, earnings.lessons) caption_hidden=true columns>{rows}</Table>
        <p><strong class="tabular">{total}</strong></p>
    }
}

/// The tutor's parts of paid lessons, less what was given back, by currency.
fn totals(rows: &[StatementRow]) -> Vec<(Currency, i64)> {
    let mut totals = Vec::<(Currency, i64)>::new();
    for row in rows.iter().filter(|row| row.progress != Progress::Owed) {
        let currency = row.charge.currency;
        match totals.iter_mut().find(|(other, _)| *other == currency) {
            Some((_, total)) => *total += row.part - row.given_back,
            None => totals.push((currency, row.part - row.given_back)),
        }
    }
    totals
}

/// How far a lesson's money is: the look, the word, and the instant that goes with it.
fn progress(locale: Locale, progress: Progress) -> (&'static str, &'static str, Option<DateTime<Utc>>) {
    match progress {
        Progress::Owed => ("debt", td_string!(locale, earnings.is_owed), None),
        Progress::Held(until) => ("pending", td_string!(locale, earnings.is_held), Some(until)),
        Progress::Disputed => ("pending", td_string!(locale, earnings.is_disputed), None),
        Progress::Payable => ("scheduled", td_string!(locale, earnings.is_payable), None),
        Progress::UnderWay => ("scheduled", td_string!(locale, earnings.is_under_way), None),
        Progress::Paid(at) => ("paid", td_string!(locale, earnings.is_paid), Some(at)),
        Progress::GivenBack => ("refunded", td_string!(locale, earnings.is_given_back), None),
    }
}

/// The payouts, the latest first, each with what it is made of.
#[component]
pub fn PayoutList(
    /// The request.
    visit: Visit,
    /// The address of the page.
    #[prop(into)]
    page: String,
    /// A page of them.
    payouts: Page<PayoutView>,
) -> impl IntoView {
    let locale = visit.locale();
    let links = pager(&visit, td_string!(locale, earnings.payouts), &payouts, move |number| {
        format!("{page}?page={number}#payouts")
    });
    let content = if payouts.rows.is_empty() {
        view! { <p class="quiet">{td_string!(locale, earnings.no_payouts)}</p> }.into_any()
    } else {
        let rows = payouts.rows.into_iter().map(|payout| view! { <Payout visit=visit.clone() payout/> });
        view! { <ul>{rows.collect_view()}</ul> }.into_any()
    };
    view! {
        <Card title=td_string!(locale, earnings.payouts)>
            <div class="stack" id="payouts">{content} {links}</div>
        </Card>
    }
}

#[component]
fn Payout(visit: Visit, payout: PayoutView) -> impl IntoView {
    let locale = visit.locale();
    let at = format::stamp(locale, visit.zone, payout.finished_at.unwrap_or(payout.created_at));
    let (amount, currency) =
        (format::money(locale, payout.amount.minor, payout.amount.currency), payout.amount.currency);
    let word = match &*payout.state {
        "paid" => td_string!(locale, earnings.payout_paid),
        "failed" => td_string!(locale, earnings.payout_failed),
        _ => td_string!(locale, earnings.payout_pending),
    };
    let failed = (payout.state == "failed")
        .then(|| view! { <p class="small">{td_string!(locale, earnings.payout_failed_text)}</p> });
    let lines = payout.lines.into_iter().map(|line| {
        let told = line_text(locale, &visit, &line);
        let sum = format::money(locale, line.amount, currency);
        view! { <li class="row"><span><a class="link" href=format!("/lessons/{}/charge", line.booking)>{line.title}</a>" "<span class="quiet small">{told}</span></span> <span class="tabular">{sum}</span></li> }
    });
    let lines = lines.collect_view();
    let summary = format!("{amount} · {word} · {at}");
    view! {
        <li>
            <Disclosure summary class="disclosure-last">
                {failed}
                <ul class="stack-tight">{lines}</ul>
            </Disclosure>
        </li>
    }
}

/// What a line is of.
fn line_text(locale: Locale, visit: &Visit, line: &PayoutLine) -> String {
    let when = format::stamp(locale, visit.zone, line.start);
    match line.kind {
        LineKind::Lesson => when,
        LineKind::KeptBack => format!("{when} · {}", td_string!(locale, earnings.kept_back)),
        LineKind::GivenAgain => format!("{when} · {}", td_string!(locale, earnings.given_again)),
    }
}
