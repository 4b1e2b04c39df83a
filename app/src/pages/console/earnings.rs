//! What the tutor earns, and the account to which it is paid.

use chrono::{DateTime, Utc};
use domain::{
    payout::{AccountState, Month},
    zone::Zone,
};
use leptos::prelude::*;
use services::{
    booking::Page,
    payout::{self, PayoutView, Progress, StatementRow, Sums},
};

use super::{
    Desk, Section,
    earnings_tables::{PayoutList, StatementView, SumsView},
    section,
};
use crate::{
    pages::{
        context::Visit,
        dashboard::page_number,
        forms::PostForm,
        i18n::{Locale, td_string},
        query,
        updates::{Updates, refresh_at},
    },
    ui::{Alert, Button, ButtonVariant, Card, Glyph, StateBadge, Tone},
};

/// Its address.
pub const PAGE: &str = "/tutor/earnings";

/// Payouts on a page of their list.
pub(in crate::pages) const PAGE_SIZE: i64 = 10;

/// What the page shows.
#[derive(Clone)]
struct Loaded {
    account: AccountState,
    sums: Vec<Sums>,
    month: Month,
    statement: Vec<StatementRow>,
    payouts: Page<PayoutView>,
}

/// `/tutor/earnings`
#[component]
pub fn EarningsPage() -> impl IntoView {
    section(
        Section::Earnings,
        |visit: Visit, desk: Desk| async move { loaded(&visit, &desk).await },
        |visit, _, loaded| view! { <Shown visit loaded/> },
    )
}

/// The present month in a zone.
pub(in crate::pages) fn present_month(visit: &Visit, zone: Zone) -> Month {
    Month::of(zone.to_wall(visit.now).local.date())
}

/// The month that the address names; of months to come there is no statement.
pub(in crate::pages) fn month_of(visit: &Visit, zone: Zone) -> Month {
    let present = present_month(visit, zone);
    let named = query::get(&visit.query, "month").and_then(|text| Month::parse(&text));
    named.map_or(present, |month| month.min(present))
}

async fn loaded(visit: &Visit, desk: &Desk) -> services::Result<Loaded> {
    let Desk { actor, id, .. } = desk;
    let month = month_of(visit, actor.zone);
    let page = page_number(&visit.query);
    Ok(Loaded {
        account: account(visit, desk).await?,
        sums: payout::sums(&visit.services, actor, *id).await?,
        month,
        statement: payout::statement(&visit.services, actor, *id, month).await?,
        payouts: payout::list_payouts(&visit.services, actor, *id, page, PAGE_SIZE).await?,
    })
}

/// How far the account is; by the provider's own word where the tutor has just come from there.
async fn account(visit: &Visit, desk: &Desk) -> services::Result<AccountState> {
    if onboarding(visit).is_some()
        && let Err(error) = payout::look_again(&visit.services, &desk.actor, desk.id).await
    {
        // What is known is shown all the same; the provider's own message brings the rest.
        leptos::logging::warn!("the payout account is not looked up: {error}");
    }
    payout::account_state(&visit.services, &desk.actor, desk.id).await
}

/// How the provider's pages were left: `done` or `again`.
fn onboarding(visit: &Visit) -> Option<String> {
    query::get(&visit.query, "onboarding")
}

#[component]
fn Shown(visit: Visit, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let again = onboarding(&visit).as_deref() == Some("again");
    let Loaded { account, sums, month, statement, payouts } = loaded;
    let offers = visit.services.payments.is_some();
    let refresh = refresh_at(&visit, &held_until(&statement));
    let file = format!("{PAGE}/statement.csv?month={}", month.name());
    view! {
        {again.then(|| view! { <Alert tone=Tone::Warning title=td_string!(locale, earnings.link_used)/> })}
        <div id="payout-account" data-live="" class="no-print"><Account locale state=account offers/></div>
        <div id="earnings" data-live="" data-refresh-at=refresh class="flow">
            <SumsView locale sums/>
            <StatementView visit=visit.clone() page=PAGE file month rows=statement/>
            <PayoutList visit page=PAGE payouts/>
        </div>
        <Updates/>
    }
}

/// When what is held of these lessons is held no more.
fn held_until(statement: &[StatementRow]) -> Vec<DateTime<Utc>> {
    let held = |row: &StatementRow| match row.progress {
        Progress::Held(until) => Some(until),
        _ => None,
    };
    statement.iter().filter_map(held).collect()
}

/// The account to which earnings are paid, and the way to have one.
#[component]
fn Account(locale: Locale, state: AccountState, offers: bool) -> impl IntoView {
    let (badge, word, text) = match state {
        AccountState::Missing => {
            ("inactive", td_string!(locale, earnings.missing), td_string!(locale, earnings.missing_text))
        }
        AccountState::Begun => {
            ("pending", td_string!(locale, earnings.begun), td_string!(locale, earnings.begun_text))
        }
        AccountState::Checked => {
            ("pending", td_string!(locale, earnings.checked), td_string!(locale, earnings.checked_text))
        }
        AccountState::Ready => {
            ("active", td_string!(locale, earnings.ready), td_string!(locale, earnings.ready_text))
        }
    };
    let label = if state == AccountState::Missing {
        td_string!(locale, earnings.set_up)
    } else {
        td_string!(locale, earnings.go_on)
    };
    let variant =
        if state == AccountState::Checked { ButtonVariant::Secondary } else { ButtonVariant::Primary };
    let asks = offers && state != AccountState::Ready;
    view! {
        <Card title=td_string!(locale, earnings.account)>
            <div class="stack">
                <p class="row"><StateBadge state=badge text=word/></p>
                <p>{text}</p>
                {asks.then(|| view! {
                    <PostForm action="begin_onboarding" class="form">
                        <div class="form-actions"><Button variant icon=Glyph::External>{label}</Button></div>
                    </PostForm>
                })}
                {(!offers).then(|| view! { <p class="quiet small">{td_string!(locale, earnings.no_provider)}</p> })}
            </div>
        </Card>
    }
}
