//! `/admin/payouts`: the money of tutors, by how far it is; what was refused; what students owe.

use chrono::TimeDelta;
use domain::{account::Role, payout::AccountState};
use leptos::prelude::*;
use leptos_meta::Title;
use services::{
    booking::Page,
    payout::{self, Line, Owing, Refused, Shelf, Sum},
};

use super::{
    admin_payouts_tables::{Debts, Lines, Reversals},
    context::Visit,
    dashboard::page_number,
    format,
    forms::{FlashNotice, SavedNotice},
    gate::only,
    i18n::{Locale, td_string},
    load::load,
    query,
    updates::{Updates, refresh_at},
};
use crate::ui::{Card, Cell, Column, PageHeader, TabItem, Table, Tabs};

/// Its address.
pub(super) const PAYOUTS: &str = "/admin/payouts";

/// After so long the page reads itself again.
const AGAIN_AFTER: TimeDelta = TimeDelta::minutes(1);

/// What the page shows.
#[derive(Clone)]
struct Loaded {
    shelf: Shelf,
    sums: Vec<Sum>,
    lines: Page<Line>,
    refused: Vec<Refused>,
    debts: Page<Owing>,
}

/// `/admin/payouts`
#[component]
pub fn PayoutsPage() -> impl IntoView {
    only(Role::Admin, |_, actor| {
        load(
            move |visit| async move {
                let named = query::get(&visit.query, "state").and_then(|name| Shelf::parse(&name));
                let shelf = named.unwrap_or(Shelf::Waiting);
                let services = &visit.services;
                let debts = query::parse(&visit.query, "debts").filter(|page| *page >= 1).unwrap_or(1);
                Ok(Loaded {
                    shelf,
                    sums: payout::sum_desk(services, &actor).await?,
                    lines: payout::list_desk(services, &actor, shelf, page_number(&visit.query)).await?,
                    refused: payout::list_refused(services, &actor).await?,
                    debts: payout::list_owing(services, &actor, debts).await?,
                })
            },
            |visit, loaded| view! { <Shown visit loaded/> },
        )
    })
}

#[component]
fn Shown(visit: Visit, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let title = td_string!(locale, payouts.title);
    let Loaded { shelf, sums, lines, refused, debts } = loaded;
    let items = Shelf::ALL.map(|each| tab(locale, &sums, each, shelf)).to_vec();
    let ends: Vec<_> = lines.rows.iter().map(|line| line.at).filter(|_| shelf == Shelf::Foreseen).collect();
    // What charges bring is told to nobody but their two parties: the sums are read again by and by.
    let again = visit.now + AGAIN_AFTER;
    let refresh = refresh_at(&visit, &[ends, vec![again]].concat());
    let (for_lines, for_reversals) = (visit.clone(), visit.clone());
    let refused = (!refused.is_empty()).then(|| {
        view! { <Card title=td_string!(locale, payouts.reversals)><Reversals visit=for_reversals rows=refused/></Card> }
    });
    view! {
        <Title text=title/>
        <div class="page flow">
            <PageHeader title lead=td_string!(locale, payouts.lead)/>
            <SavedNotice/>
            <FlashNotice actions=&["pay_again"]/>
            <div id="payouts" data-live="" data-refresh-at=refresh class="flow">
                <Tabs label=td_string!(locale, payouts.states) items/>
                <Card title=shelf_name(locale, shelf)>
                    <div class="stack">
                        <p class="quiet">{shelf_text(locale, shelf)}</p>
                        <Lines visit=for_lines shelf lines/>
                    </div>
                </Card>
                {(!sums.is_empty()).then(|| currencies(locale, &sums))}
                {refused}
                <Card title=td_string!(locale, payouts.debts)><Debts visit debts/></Card>
            </div>
            <Updates/>
        </div>
    }
}

/// How much is foreseen, waits, is on the way and is carried: a row for each currency.
fn currencies(locale: Locale, sums: &[Sum]) -> impl IntoView + use<> {
    let shown = [Shelf::Foreseen, Shelf::Waiting, Shelf::OnTheWay, Shelf::Carried];
    let mut found: Vec<_> =
        sums.iter().filter(|sum| shown.contains(&sum.shelf)).map(|sum| sum.currency).collect();
    found.sort_unstable();
    found.dedup();
    let name = td_string!(locale, payouts.currency);
    let rows = found.into_iter().map(|currency| {
        let cells = shown.map(|shelf| {
            let sum = sums.iter().find(|sum| sum.shelf == shelf && sum.currency == currency);
            let text = sum.map_or("–".to_owned(), |sum| format::money(locale, sum.minor, currency));
            view! { <Cell label=shelf_name(locale, shelf) numeric=true>{text}</Cell> }
        });
        view! { <tr><Cell label=name>{currency.code()}</Cell>{cells.collect_view()}</tr> }
    });
    let rows = rows.collect_view();
    let mut columns = vec![Column::text(name)];
    columns.extend(shown.map(|shelf| Column::number(shelf_name(locale, shelf))));
    let caption = td_string!(locale, payouts.by_currency);
    view! { <Card title=caption><Table caption caption_hidden=true columns>{rows}</Table></Card> }
}

/// The tab of a part; what needs somebody says how much of it there is.
fn tab(locale: Locale, sums: &[Sum], shelf: Shelf, current: Shelf) -> TabItem {
    let lines: i64 = sums.iter().filter(|sum| sum.shelf == shelf).map(|sum| sum.lines).sum();
    let counts = matches!(shelf, Shelf::Waiting | Shelf::OnTheWay | Shelf::Failed) && lines > 0;
    TabItem {
        href: format!("{PAYOUTS}?state={}", shelf.name()),
        label: shelf_name(locale, shelf).to_owned(),
        count: if counts { format::number(locale, lines) } else { String::new() },
        current: shelf == current,
    }
}

/// The name of a part.
fn shelf_name(locale: Locale, shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Foreseen => td_string!(locale, payouts.foreseen),
        Shelf::Waiting => td_string!(locale, payouts.waiting),
        Shelf::OnTheWay => td_string!(locale, payouts.on_the_way),
        Shelf::Paid => td_string!(locale, payouts.paid),
        Shelf::Failed => td_string!(locale, payouts.failed),
        Shelf::Carried => td_string!(locale, payouts.carried),
    }
}

/// What is in a part.
fn shelf_text(locale: Locale, shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Foreseen => td_string!(locale, payouts.foreseen_text),
        Shelf::Waiting => td_string!(locale, payouts.waiting_text),
        Shelf::OnTheWay => td_string!(locale, payouts.on_the_way_text),
        Shelf::Paid => td_string!(locale, payouts.paid_text),
        Shelf::Failed => td_string!(locale, payouts.failed_text),
        Shelf::Carried => td_string!(locale, payouts.carried_text),
    }
}

/// How far the account of a tutor is: the look and the word.
pub(super) fn account_word(locale: Locale, state: AccountState) -> (&'static str, &'static str) {
    match state {
        AccountState::Missing => ("inactive", td_string!(locale, payouts.account_missing)),
        AccountState::Begun => ("pending", td_string!(locale, payouts.account_begun)),
        AccountState::Checked => ("pending", td_string!(locale, payouts.account_checked)),
        AccountState::Ready => ("active", td_string!(locale, payouts.account_ready)),
    }
}
