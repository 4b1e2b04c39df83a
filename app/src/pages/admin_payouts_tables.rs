//! The tables of the admin's page of payouts.

use domain::payout::AccountState;
use leptos::prelude::*;
use services::{
    booking::Page,
    payout::{Line, Owing, Refused, Shelf},
};

use super::{
    admin_payouts::{PAYOUTS, account_word},
    context::Visit,
    format,
    i18n::{Locale, td_string},
    pager::pager,
};
use crate::ui::{Button, ButtonSize, ButtonVariant, Cell, Column, EmptyState, Glyph, StateBadge, Table};

/// The lines of a part, with their pages.
#[component]
pub fn Lines(
    /// The request.
    visit: Visit,
    /// Which part.
    shelf: Shelf,
    /// A page of it.
    lines: Page<Line>,
) -> impl IntoView {
    let locale = visit.locale();
    if lines.rows.is_empty() {
        return view! { <EmptyState glyph=Glyph::Inbox title=td_string!(locale, payouts.none)/> }.into_any();
    }
    let links = pager(&visit, td_string!(locale, payouts.title), &lines, move |page| {
        format!("{PAYOUTS}?state={}&page={page}", shelf.name())
    });
    let (tutor, lessons) = (td_string!(locale, payouts.tutor), td_string!(locale, payouts.lessons));
    let (when, state) = (when_name(locale, shelf), td_string!(locale, payouts.standing));
    let sum = td_string!(locale, payouts.amount);
    let rows = lines.rows.into_iter().map(|line| {
        let href = format!("{PAYOUTS}/{}", line.tutor);
        let amount = format::money(locale, line.amount.minor, line.amount.currency);
        let (at, standing) = (when_text(&visit, shelf, &line), standing(locale, shelf, &line));
        view! {
            <tr>
                <Cell label=tutor><a class="link hit" href=href>{line.name.clone()}</a></Cell>
                <Cell label=when>{at}</Cell>
                <Cell label=lessons numeric=true>{format::number(locale, line.lessons)}</Cell>
                <Cell label=state>{standing}</Cell>
                <Cell label=sum numeric=true>{amount}</Cell>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = vec![
        Column::text(tutor),
        Column::text(when),
        Column::number(lessons),
        Column::text(state),
        Column::number(sum),
    ];
    view! {
        <Table caption=td_string!(locale, payouts.title) caption_hidden=true columns>{rows}</Table>
        {links}
    }
    .into_any()
}

/// What the time of a line is.
fn when_name(locale: Locale, shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Foreseen => td_string!(locale, payouts.day),
        Shelf::Paid => td_string!(locale, payouts.sent_at),
        Shelf::Waiting | Shelf::OnTheWay | Shelf::Failed | Shelf::Carried => {
            td_string!(locale, payouts.since)
        }
    }
}

/// The day, or the days, of what is foreseen; of all else the time.
fn when_text(visit: &Visit, shelf: Shelf, line: &Line) -> String {
    let locale = visit.locale();
    if shelf != Shelf::Foreseen {
        return format::stamp(locale, visit.zone, line.at);
    }
    let day = |at| format::day_short(locale, visit.zone.to_wall(at).local.date());
    let (first, last) = (day(line.at), day(line.until));
    if first == last { first } else { format!("{first} – {last}") }
}

/// What stands in the way, or that nothing does; and what can be done about it.
fn standing(locale: Locale, shelf: Shelf, line: &Line) -> AnyView {
    let (code, word) = account_word(locale, line.account);
    let account = view! { <StateBadge state=code text=word/> };
    let ready = line.account == AccountState::Ready;
    match shelf {
        Shelf::Waiting if line.disputed => {
            view! { <StateBadge state="pending" text=td_string!(locale, payouts.disputed)/> }.into_any()
        }
        Shelf::Waiting if ready => view! { <span>{td_string!(locale, payouts.next)}</span> }.into_any(),
        Shelf::OnTheWay => {
            view! { <StateBadge state="scheduled" text=td_string!(locale, payouts.asked)/> }.into_any()
        }
        Shelf::Paid => view! { <StateBadge state="paid" text=td_string!(locale, payouts.sent)/> }.into_any(),
        Shelf::Failed => failed(locale, line).into_any(),
        Shelf::Carried => {
            let (below, above) =
                (td_string!(locale, payouts.kept_back), td_string!(locale, payouts.given_again));
            view! { <span>{if line.amount.minor < 0 { below } else { above }}</span> }.into_any()
        }
        Shelf::Foreseen | Shelf::Waiting => account.into_any(),
    }
}

/// Why the provider refused, how often, and the way to try again.
fn failed(locale: Locale, line: &Line) -> impl IntoView + use<> {
    let why = failure_text(locale, line.failure.as_deref().unwrap_or_default());
    let tries = td_string!(locale, payouts.tries, count = format::number(locale, line.tries)).to_string();
    let again = td_string!(locale, payouts.again);
    let label = format::named(locale, again, &line.name);
    let (code, word) = account_word(locale, line.account);
    let way = if line.account == AccountState::Ready {
        view! {
            <form method="post" action="/do/pay_again">
                <input type="hidden" name="tutor" value=line.tutor.to_string()/>
                <Button variant=ButtonVariant::Secondary size=ButtonSize::Small label>{again}</Button>
            </form>
        }
        .into_any()
    } else {
        view! { <StateBadge state=code text=word/> }.into_any()
    };
    view! { <div class="stack-tight"><span class="breaks">{why}</span><span class="quiet small">{tries}</span>{way}</div> }
}

/// What the provider's word for a refusal means.
pub(super) fn failure_text(locale: Locale, code: &str) -> String {
    match code {
        "balance_insufficient" => td_string!(locale, payouts.short).to_owned(),
        other => td_string!(locale, payouts.refused, code = other.to_owned()).to_string(),
    }
}

/// Reversals that were refused.
#[component]
pub fn Reversals(
    /// The request.
    visit: Visit,
    /// The latest first.
    rows: Vec<Refused>,
) -> impl IntoView {
    let locale = visit.locale();
    let (tutor, lesson) = (td_string!(locale, payouts.tutor), td_string!(locale, payouts.lesson));
    let (why, sum) = (td_string!(locale, payouts.why), td_string!(locale, payouts.amount));
    let rows = rows.into_iter().map(|row| {
        let amount = format::money(locale, row.amount.minor, row.amount.currency);
        let at = format::stamp(locale, visit.zone, row.at);
        view! {
            <tr>
                <Cell label=tutor><a class="link hit" href=format!("{PAYOUTS}/{}", row.tutor)>{row.name}</a></Cell>
                <Cell label=lesson><a class="link" href=format!("/lessons/{}/charge", row.booking)>{row.title}</a></Cell>
                <Cell label=why><span class="breaks">{failure_text(locale, &row.failure)}</span><br/><span class="quiet small">{at}</span></Cell>
                <Cell label=sum numeric=true>{amount}</Cell>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = vec![Column::text(tutor), Column::text(lesson), Column::text(why), Column::number(sum)];
    view! {
        <div class="stack">
            <p class="quiet">{td_string!(locale, payouts.reversals_text)}</p>
            <Table caption=td_string!(locale, payouts.reversals) caption_hidden=true columns>{rows}</Table>
        </div>
    }
}

/// What students owe, with the way to forgive it.
#[component]
pub fn Debts(
    /// The request.
    visit: Visit,
    /// A page of them.
    debts: Page<Owing>,
) -> impl IntoView {
    let locale = visit.locale();
    if debts.rows.is_empty() {
        return view! { <p class="quiet">{td_string!(locale, payouts.debts_none)}</p> }.into_any();
    }
    let links = pager(&visit, td_string!(locale, payouts.debts), &debts, |page| {
        format!("{PAYOUTS}?debts={page}#debts")
    });
    let (student, lesson) = (td_string!(locale, payouts.student), td_string!(locale, payouts.lesson));
    let (since, sum) = (td_string!(locale, payouts.since), td_string!(locale, payouts.amount));
    let rows = debts.rows.into_iter().map(|row| {
        let amount = format::money(locale, row.amount.minor, row.amount.currency);
        let at = format::stamp(locale, visit.zone, row.since);
        view! {
            <tr>
                <Cell label=student>{row.student}</Cell>
                <Cell label=lesson><a class="link hit" href=format!("/lessons/{}/charge", row.booking)>{row.title}</a></Cell>
                <Cell label=since>{at}</Cell>
                <Cell label=sum numeric=true>{amount}</Cell>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = vec![Column::text(student), Column::text(lesson), Column::text(since), Column::number(sum)];
    view! {
        <div class="stack" id="debts">
            <p class="quiet">{td_string!(locale, payouts.debts_text)}</p>
            <Table caption=td_string!(locale, payouts.debts) caption_hidden=true columns>{rows}</Table>
            {links}
        </div>
    }
    .into_any()
}
