//! Push on the page of settings: the switch of this browser, and the end of all.

use leptos::prelude::*;
use services::{
    AppError,
    push::{self, Subscription},
};

use super::{
    charge_actions::act,
    context::{answer, visit},
    i18n::{Locale, td_string},
};
use crate::{
    error::WireError,
    notice::{PushSwitch, PushTexts},
    ui::{Button, ButtonVariant, Card},
};

/// Whether browsers are told also where no page is open.
#[component]
pub fn PushCard(
    /// The language.
    locale: Locale,
    /// The server's public key.
    key: String,
    /// How many browsers of the person are told.
    browsers: i64,
) -> impl IntoView {
    let texts = PushTexts {
        begin: td_string!(locale, push.begin).to_string(),
        end: td_string!(locale, push.end).to_string(),
        on: td_string!(locale, push.on).to_string(),
        off: td_string!(locale, push.off).to_string(),
        denied: td_string!(locale, push.denied).to_string(),
        unsupported: td_string!(locale, push.unsupported).to_string(),
        failed: td_string!(locale, push.failed).to_string(),
    };
    let all = (browsers > 0).then(|| {
        view! {
            <form method="post" action="/do/end_all_push" class="form">
                <p class="quiet small">{td_string!(locale, push.browsers, count = browsers)}</p>
                <div class="form-actions"><Button variant=ButtonVariant::Secondary>{td_string!(locale, push.end_all)}</Button></div>
            </form>
        }
    });
    view! {
        <div id="push">
            <Card title=td_string!(locale, push.title)>
                <div class="stack">
                    <p class="quiet small">{td_string!(locale, push.lead)}</p>
                    <PushSwitch texts key/>
                    {all}
                </div>
            </Card>
        </div>
    }
}

/// Tells this browser from now on.
///
/// # Errors
/// As `services::push::subscribe`.
pub async fn keep(endpoint: &str, p256dh: &str, auth: &str) -> Result<(), WireError> {
    let visit = visit();
    let keeping = async {
        let actor = visit.actor()?;
        let cookie = visit.cookie.as_deref().ok_or_else(|| {
            AppError::from(domain::Refusal::new(domain::Code::InvalidToken, "token_invalid"))
        })?;
        push::subscribe(&visit.services, actor, cookie, Subscription { endpoint, p256dh, auth }).await
    };
    answer(&visit, keeping).await
}

/// Whether this browser is told.
///
/// # Errors
/// As `services::push::is_told`.
pub async fn is_kept(endpoint: &str) -> Result<bool, WireError> {
    let visit = visit();
    answer(&visit, async { push::is_told(&visit.services, visit.actor()?, endpoint).await }).await
}

/// Tells this browser no more.
///
/// # Errors
/// As `services::push::unsubscribe`.
pub async fn end(endpoint: &str) -> Result<(), WireError> {
    let visit = visit();
    let ending = async { push::unsubscribe(&visit.services, visit.actor()?, Some(endpoint)).await };
    answer(&visit, ending).await
}

/// Tells none of the person's browsers any more.
///
/// # Errors
/// As `services::push::unsubscribe`.
pub async fn end_all() -> Result<(), WireError> {
    act(&[], "/settings?saved=1#push", async |services, actor| push::unsubscribe(services, actor, None).await)
        .await
}
