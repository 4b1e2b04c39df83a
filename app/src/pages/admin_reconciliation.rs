//! `/admin/reconciliation`: the ledger compared with the payment provider's own account, and in what they differ.

use chrono::TimeDelta;
use domain::{
    account::Role,
    money::{Currency, Money},
    reconcile::{Fault, Kind, Side},
};
use leptos::prelude::*;
use leptos_meta::Title;
use services::{
    booking::Page,
    reconcile::{self, Counts, Difference, Listed, RunView},
};

use super::{
    admin_reconciliation_decide::{ByHand, CloseDialog, asked},
    charge_actions::act,
    charge_words::amount,
    context::Visit,
    format,
    forms::{FlashNotice, SavedNotice},
    gate::only,
    i18n::{Locale, td_string},
    load::load,
    pager::pager,
    query,
    updates::Updates,
};
use crate::{
    error::WireError,
    ui::{Button, ButtonVariant, Card, Cell, Column, EmptyState, Glyph, PageHeader, TabItem, Table, Tabs},
};

/// Where admins see it.
pub(super) const RECONCILIATION: &str = "/admin/reconciliation";

/// What the page shows.
struct Loaded {
    runs: Vec<RunView>,
    counts: Counts,
    listed: Listed,
    differences: Page<Difference>,
    /// What is about to be closed by hand.
    closing: Option<Difference>,
    /// Whether there is a provider to compare with.
    offers: bool,
}

/// `/admin/reconciliation`
#[component]
pub fn ReconciliationPage() -> impl IntoView {
    only(Role::Admin, |visit, actor| {
        let page = query::parse(&visit.query, "page").unwrap_or(1);
        let closed = query::get(&visit.query, "show").as_deref() == Some(Listed::Closed.name());
        let listed = if closed { Listed::Closed } else { Listed::Open };
        load(
            move |visit| async move {
                let services = &visit.services;
                Ok(Loaded {
                    runs: reconcile::list_runs(services, &actor).await?,
                    counts: reconcile::counts(services).await?,
                    listed,
                    differences: reconcile::list_differences(services, &actor, listed, page).await?,
                    closing: asked(&visit, &actor).await?,
                    offers: services.payments.is_some(),
                })
            },
            |visit, loaded| view! { <Shown visit loaded/> },
        )
    })
}

#[component]
fn Shown(visit: Visit, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let title = td_string!(locale, reconciliation.title);
    let Loaded { runs, counts, listed, differences, closing, offers } = loaded;
    let tab = |of: Listed, label: &str, count: String| TabItem {
        href: href(of, 1),
        label: label.to_owned(),
        count,
        current: listed == of,
    };
    let tabs = vec![
        tab(Listed::Open, td_string!(locale, reconciliation.open), format::number(locale, counts.open)),
        tab(Listed::Closed, td_string!(locale, reconciliation.closed), String::new()),
    ];
    let page = differences.page;
    let (for_runs, for_closing) = (visit.clone(), visit.clone());
    view! {
        <Title text=title/>
        <div class="page flow">
            <PageHeader title lead=td_string!(locale, reconciliation.lead)/>
            <SavedNotice/>
            <FlashNotice actions=&["reconcile", "open_difference"]/>
            <div id="reconciliation" data-live="" class="flow">
                <Card title=td_string!(locale, reconciliation.runs)><Runs visit=for_runs runs offers/></Card>
                <Card title=td_string!(locale, reconciliation.differences)>
                    <div id="differences" class="stack">
                        <Tabs label=td_string!(locale, reconciliation.differences) items=tabs/>
                        <Differences visit listed differences/>
                    </div>
                </Card>
            </div>
            {closing.map(|difference| view! { <CloseDialog visit=for_closing difference page/> })}
            <Updates/>
        </div>
    }
}

/// The address of a page of the differences.
fn href(listed: Listed, page: u64) -> String {
    match (listed, page) {
        (Listed::Open, 1) => format!("{RECONCILIATION}#differences"),
        (listed, page) => format!("{RECONCILIATION}?show={}&page={page}#differences", listed.name()),
    }
}

/// The last comparisons, and the way to have one now.
#[component]
fn Runs(visit: Visit, runs: Vec<RunView>, offers: bool) -> impl IntoView {
    let locale = visit.locale();
    let under_way = runs.iter().any(|run| run.finished_at.is_none());
    let ask = match (offers, under_way) {
        (false, _) => view! { <p class="quiet">{td_string!(locale, reconciliation.no_provider)}</p> }.into_any(),
        (true, true) => view! { <p role="status">{td_string!(locale, reconciliation.under_way)}</p> }.into_any(),
        (true, false) => view! {
            <form method="post" action="/do/reconcile">
                <Button variant=ButtonVariant::Secondary icon=Glyph::Clock>{td_string!(locale, reconciliation.run_now)}</Button>
            </form>
        }
        .into_any(),
    };
    if runs.is_empty() {
        return view! { <div class="stack"><p class="quiet">{td_string!(locale, reconciliation.no_runs)}</p>{ask}</div> }
            .into_any();
    }
    let (when, took) = (td_string!(locale, reconciliation.when), td_string!(locale, reconciliation.took));
    let (lines, judged) =
        (td_string!(locale, reconciliation.lines), td_string!(locale, reconciliation.judged));
    let (found, gone) = (td_string!(locale, reconciliation.found), td_string!(locale, reconciliation.gone));
    let rows = runs.into_iter().map(move |run| {
        let began = format::near(locale, visit.zone, run.started_at, visit.now);
        let by = run.asked_by.unwrap_or_else(|| td_string!(locale, reconciliation.daily).to_owned());
        let took_time = match run.finished_at {
            Some(end) => seconds(locale, end - run.started_at),
            None => td_string!(locale, reconciliation.unfinished).to_owned(),
        };
        let [lines_read, compared, new, over] =
            [run.lines, run.judged, run.found, run.closed].map(|count| format::number(locale, count));
        view! {
            <tr>
                <Cell label=when>{began}<br/><span class="quiet small">{by}</span></Cell>
                <Cell label=took numeric=true>{took_time}</Cell>
                <Cell label=lines numeric=true>{lines_read}</Cell>
                <Cell label=judged numeric=true>{compared}</Cell>
                <Cell label=found numeric=true>{new}</Cell>
                <Cell label=gone numeric=true>{over}</Cell>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let mut columns = vec![Column::text(when)];
    columns.extend([took, lines, judged, found, gone].map(Column::number));
    view! {
        <div class="stack">
            <Table caption=td_string!(locale, reconciliation.runs) caption_hidden=true columns>{rows}</Table>
            {ask}
        </div>
    }
    .into_any()
}

/// A time in seconds, to one decimal.
fn seconds(locale: Locale, time: TimeDelta) -> String {
    let tenths = u32::try_from(time.num_milliseconds() / 100).unwrap_or_default();
    let count = format::tenths(locale, tenths);
    td_string!(locale, reconciliation.seconds, count = count).to_string()
}

/// In what the two differ, or differed.
#[component]
fn Differences(visit: Visit, listed: Listed, differences: Page<Difference>) -> impl IntoView {
    let locale = visit.locale();
    if differences.rows.is_empty() {
        let title = match listed {
            Listed::Open => td_string!(locale, reconciliation.none_open),
            Listed::Closed => td_string!(locale, reconciliation.none_closed),
        };
        return view! { <EmptyState glyph=Glyph::Success title/> }.into_any();
    }
    let caption = td_string!(locale, reconciliation.differences);
    let pages = pager(&visit, caption, &differences, move |page| href(listed, page));
    let page = differences.page;
    let rows = differences.rows.into_iter().map(|difference| row(&visit, difference, page)).collect_view();
    let columns = vec![
        Column::text(td_string!(locale, reconciliation.what)),
        Column::number(td_string!(locale, reconciliation.ledger)),
        Column::number(td_string!(locale, reconciliation.provider)),
        Column::text(td_string!(locale, reconciliation.where_)),
        Column::text(td_string!(locale, reconciliation.since)),
        Column::text(td_string!(locale, reconciliation.by_hand)),
    ];
    view! { <Table caption caption_hidden=true columns>{rows}</Table> {pages} }.into_any()
}

fn row(visit: &Visit, difference: Difference, page: i64) -> impl IntoView + use<> {
    let locale = visit.locale();
    let near = |at| format::near(locale, visit.zone, at, visit.now);
    let gone = difference.closed_at.filter(|_| !difference.closed_by_hand);
    let closed = gone.map(|at| {
        let text = td_string!(locale, reconciliation.gone_at, at = near(at)).to_string();
        view! { <br/><span class="quiet small">{text}</span> }
    });
    let sum = |side: &Option<Side>| match side {
        Some(side) => side_text(locale, side),
        None => td_string!(locale, reconciliation.nothing).to_owned(),
    };
    let (ledger, provider) = (sum(&difference.ledger), sum(&difference.provider));
    let sentence = fault_sentence(locale, &difference);
    let (found, kind) = (near(difference.found_at), kind_name(locale, difference.kind));
    let (id, places) = (format!("difference-{}", difference.id), places(locale, &difference));
    let for_decisions = visit.clone();
    view! {
        <tr id=id>
            <Cell label=td_string!(locale, reconciliation.what)><strong>{kind}</strong><br/>{sentence}</Cell>
            <Cell label=td_string!(locale, reconciliation.ledger) numeric=true>{ledger}</Cell>
            <Cell label=td_string!(locale, reconciliation.provider) numeric=true>{provider}</Cell>
            <Cell label=td_string!(locale, reconciliation.where_)>{places}</Cell>
            <Cell label=td_string!(locale, reconciliation.since)>{found}{closed}</Cell>
            <Cell label=td_string!(locale, reconciliation.by_hand)><ByHand visit=for_decisions difference page/></Cell>
        </tr>
    }
}

/// The ids by which it is found on both sides, and the way to the charge.
fn places(locale: Locale, difference: &Difference) -> impl IntoView + use<> {
    let charge = difference.booking.map(|booking| {
        let label = td_string!(locale, reconciliation.charge);
        view! { <a class="link hit" href=format!("/lessons/{booking}/charge")>{label}</a><br/> }
    });
    let payout = difference.payout.map(|payout| {
        let label = td_string!(locale, reconciliation.payout);
        view! { <span class="small">{label} " " <code class="breaks">{payout.to_string()}</code></span><br/> }
    });
    let own = difference.payout.is_none().then(|| {
        let label = td_string!(locale, reconciliation.reference);
        let reference = difference.reference.clone();
        view! { <span class="quiet small">{label} " " <code class="breaks">{reference}</code></span><br/> }
    });
    let object = difference.object.clone().filter(|object| *object != difference.reference).map(|object| {
        let label = td_string!(locale, reconciliation.object);
        view! { <span class="quiet small">{label} " " <code class="breaks">{object}</code></span> }
    });
    view! { {charge} {payout} {own} {object} }
}

/// An amount of one side. What is in several currencies, or in one that nobody knows here, is told as it came.
pub(super) fn side_text(locale: Locale, side: &Side) -> String {
    match Currency::parse(&side.currency) {
        Ok(currency) => amount(locale, Money { minor: side.minor, currency }),
        Err(_) => format!("{} {}", side.minor, side.currency),
    }
}

pub(super) fn kind_name(locale: Locale, kind: Kind) -> &'static str {
    match kind {
        Kind::Payment => td_string!(locale, reconciliation.payment),
        Kind::Refund => td_string!(locale, reconciliation.refund),
        Kind::RefundFailed => td_string!(locale, reconciliation.refund_failed),
        Kind::Transfer => td_string!(locale, reconciliation.transfer),
        Kind::Reversal => td_string!(locale, reconciliation.reversal),
        Kind::Chargeback => td_string!(locale, reconciliation.chargeback),
        Kind::Other | Kind::Fee | Kind::Own => td_string!(locale, reconciliation.other),
    }
}

pub(super) fn fault_sentence(locale: Locale, difference: &Difference) -> String {
    let lines = difference.provider.as_ref().map_or(0, |side| side.lines);
    match difference.fault {
        Fault::MissingAtProvider => td_string!(locale, reconciliation.missing_at_provider).to_owned(),
        Fault::MissingInLedger => td_string!(locale, reconciliation.missing_in_ledger).to_owned(),
        Fault::Doubled => {
            td_string!(locale, reconciliation.doubled, count = format::number(locale, lines)).to_string()
        }
        Fault::OtherCurrency => td_string!(locale, reconciliation.other_currency).to_owned(),
        Fault::OtherAmount => td_string!(locale, reconciliation.other_amount).to_owned(),
    }
}

/// Has the two compared now.
///
/// # Errors
/// As `services::reconcile::run_now`.
pub async fn run_now() -> Result<(), WireError> {
    act(&[], RECONCILIATION, async |services, actor| reconcile::run_now(services, actor).await).await
}
