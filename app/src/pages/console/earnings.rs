//! What the tutor earns, and the account to which it is paid.

use domain::payout::AccountState;
use leptos::prelude::*;
use services::payout;

use super::{Desk, Section, section};
use crate::{
    pages::{
        context::Visit,
        forms::PostForm,
        i18n::{Locale, td_string},
        query,
        updates::Updates,
    },
    ui::{Alert, Button, ButtonVariant, Card, Glyph, StateBadge, Tone},
};

/// Its address.
pub const PAGE: &str = "/tutor/earnings";

/// `/tutor/earnings`
#[component]
pub fn EarningsPage() -> impl IntoView {
    section(
        Section::Earnings,
        |visit: Visit, desk: Desk| async move { account(&visit, &desk).await },
        |visit, _, state| view! { <Shown visit state/> },
    )
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
fn Shown(visit: Visit, state: AccountState) -> impl IntoView {
    let locale = visit.locale();
    let again = onboarding(&visit).as_deref() == Some("again");
    view! {
        {again.then(|| view! { <Alert tone=Tone::Warning title=td_string!(locale, earnings.link_used)/> })}
        <div id="payout-account" data-live=""><Account locale state offers=visit.services.payments.is_some()/></div>
        <Updates/>
    }
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
