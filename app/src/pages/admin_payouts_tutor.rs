//! `/admin/payouts/{tutor}`: the earnings of a tutor as the tutor sees them, for admins.

use domain::{
    account::Role,
    ids::TutorId,
    payout::{AccountState, Month},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use services::{
    booking::Page,
    payout::{self, PayoutView, StatementRow, Sums},
};

use super::{
    admin_payouts::{PAYOUTS, account_word},
    charge_actions::act,
    console::{
        earnings::{PAGE_SIZE, month_of},
        earnings_tables::{PayoutList, StatementView, SumsView},
    },
    context::Visit,
    dashboard::page_number,
    gate::only,
    i18n::td_string,
    load::load,
    updates::Updates,
};
use crate::{
    error::WireError,
    ui::{ButtonLink, ButtonVariant, Glyph, PageHeader, StateBadge},
};

/// What the page shows.
#[derive(Clone)]
struct Loaded {
    tutor: TutorId,
    name: String,
    account: AccountState,
    sums: Vec<Sums>,
    month: Month,
    statement: Vec<StatementRow>,
    payouts: Page<PayoutView>,
}

/// `/admin/payouts/{tutor}`
#[component]
pub fn TutorPayoutsPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("tutor").unwrap_or_default());
    only(Role::Admin, |_, actor| {
        load(
            move |visit| async move {
                let tutor: TutorId = id.parse()?;
                let services = &visit.services;
                let month = month_of(&visit, actor.zone);
                let page = page_number(&visit.query);
                Ok(Loaded {
                    tutor,
                    name: payout::tutor_name(services, &actor, tutor).await?,
                    account: payout::account_state(services, &actor, tutor).await?,
                    sums: payout::sums(services, &actor, tutor).await?,
                    month,
                    statement: payout::statement(services, &actor, tutor, month).await?,
                    payouts: payout::list_payouts(services, &actor, tutor, page, PAGE_SIZE).await?,
                })
            },
            |visit, loaded| view! { <Shown visit loaded/> },
        )
    })
}

#[component]
fn Shown(visit: Visit, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let Loaded { tutor, name, account, sums, month, statement, payouts } = loaded;
    let title = td_string!(locale, payouts.of_tutor, name = name).to_string();
    let (code, word) = account_word(locale, account);
    let page = format!("{PAYOUTS}/{tutor}");
    let file = format!("/tutor/earnings/statement.csv?tutor={tutor}&month={}", month.name());
    view! {
        <Title text=title.clone()/>
        <div class="page flow">
            <PageHeader title>
                <ButtonLink href=PAYOUTS variant=ButtonVariant::Ghost icon=Glyph::ChevronLeft>{td_string!(locale, payouts.back)}</ButtonLink>
            </PageHeader>
            <div id="earnings" data-live="" class="flow">
                <p class="row"><StateBadge state=code text=word/></p>
                <SumsView locale sums/>
                <StatementView visit=visit.clone() page=page.clone() file month rows=statement/>
                <PayoutList visit page payouts/>
            </div>
            <Updates/>
        </div>
    }
}

/// Tries at once what is due to a tutor.
///
/// # Errors
/// As `services::payout::try_again`.
pub async fn pay_again(tutor: &str) -> Result<(), WireError> {
    let page = format!("{PAYOUTS}?state=failed&saved=1");
    act(&[], &page, async |services, actor| payout::try_again(services, actor, tutor.parse()?).await).await
}
