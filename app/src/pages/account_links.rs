//! Links in mails that stand for a person: asking for one, and the pages behind them. Looking at a page uses no link
//! up: programs look at what stands in mails.

use domain::account::Email;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use services::account::{self, Purpose};

use super::{
    account::{browser_of, count, keep_signed_in, start_of},
    charge_actions::act,
    context::{answer_form, visit},
    forms::{FlashNotice, PostForm, TextField},
    i18n::{Locale, td_string},
    load::load,
    query,
};
use crate::{
    error::WireError,
    ui::{Alert, Button, ButtonLink, ButtonVariant, Card, PageHeader, Tone},
};

/// The way in without a password, on the page for signing in.
#[component]
pub fn LinkForm(
    /// The language.
    locale: Locale,
) -> impl IntoView {
    let sent = query::get(&visit().query, "sent").is_some();
    view! {
        <Card title=td_string!(locale, account.mail_link_title)>
            {sent.then(|| view! { <Alert tone=Tone::Success title=td_string!(locale, account.mail_link_sent)/> })}
            <PostForm action="ask_sign_in_link" class="form">
                <p class="quiet small">{td_string!(locale, account.mail_link_lead)}</p>
                <TextField
                    id="link_email" name="email" kind="email" label=td_string!(locale, account.mail_link_to)
                    autocomplete="username" required=true
                />
                <div class="form-actions">
                    <Button variant=ButtonVariant::Secondary class="w-full">{td_string!(locale, account.mail_link_ask)}</Button>
                </div>
            </PostForm>
        </Card>
    }
}

/// Whether one's address is confirmed, on the page of settings.
#[component]
pub fn Verified(
    /// The language.
    locale: Locale,
    /// Whether it is.
    verified: bool,
) -> impl IntoView {
    if verified {
        return view! { <p>{td_string!(locale, account.verified)}</p> }.into_any();
    }
    let sent = query::get(&visit().query, "sent").is_some();
    view! {
        {sent.then(|| view! { <Alert tone=Tone::Success title=td_string!(locale, account.verify_sent)/> })}
        <form method="post" action="/do/ask_verification" class="row spread">
            <p>{td_string!(locale, account.not_verified)}</p>
            <Button variant=ButtonVariant::Secondary>{td_string!(locale, account.verify_again)}</Button>
        </form>
    }
    .into_any()
}

/// `/verify/{token}`
#[component]
pub fn VerifyPage() -> impl IntoView {
    let visit = visit();
    if query::get(&visit.query, "done").is_none() {
        return view! { <LinkPage purpose=Purpose::VerifyEmail/> }.into_any();
    }
    let locale = visit.locale();
    let title = td_string!(locale, account.verified_title);
    let next = visit.actor.as_ref().map_or("/login", |actor| start_of(actor.role));
    view! {
        <Title text=title/>
        <div class="page page-narrow flow">
            <PageHeader title lead=td_string!(locale, account.verified)/>
            <ButtonLink href=next>{td_string!(locale, account.go_on)}</ButtonLink>
        </div>
    }
    .into_any()
}

/// `/login/{token}`
#[component]
pub fn SignInLinkPage() -> impl IntoView {
    view! { <LinkPage purpose=Purpose::SignIn/> }
}

#[component]
fn LinkPage(purpose: Purpose) -> impl IntoView {
    let token = use_params_map().with_untracked(|params| params.get("token")).unwrap_or_default();
    load(
        move |visit| async move {
            account::look_at_link(&visit.services, &token, purpose).await?;
            Ok(token)
        },
        move |visit, token| {
            let locale = visit.locale();
            let (title, lead, label, action) = match purpose {
                Purpose::VerifyEmail => (
                    td_string!(locale, account.verify_title),
                    td_string!(locale, account.verify_lead),
                    td_string!(locale, account.verify_use),
                    "verify_email",
                ),
                Purpose::SignIn => (
                    td_string!(locale, account.login_title),
                    td_string!(locale, account.mail_link_use),
                    td_string!(locale, account.login_title),
                    "use_sign_in_link",
                ),
            };
            view! {
                <Title text=title/>
                <div class="page page-narrow flow">
                    <PageHeader title lead/>
                    <FlashNotice actions=&["verify_email", "use_sign_in_link"]/>
                    <PostForm action class="form">
                        <input type="hidden" name="token" value=token/>
                        <div class="form-actions"><Button>{label}</Button></div>
                    </PostForm>
                </div>
            }
        },
    )
}

/// Sends a link that signs in.
///
/// # Errors
/// As `services::account::ask_sign_in`.
pub async fn ask_sign_in(email: &str) -> Result<(), WireError> {
    let visit = visit();
    let asking = async {
        count(&visit).await?;
        account::ask_sign_in(&visit.services, &Email::parse(email)?).await?;
        leptos_axum::redirect("/login?sent=1");
        Ok(())
    };
    answer_form(&visit, &[("email", email)], asking).await
}

/// Signs in by a link.
///
/// # Errors
/// As `services::account::sign_in_by_link`.
pub async fn use_sign_in_link(token: &str) -> Result<(), WireError> {
    let visit = visit();
    let entering = async {
        count(&visit).await?;
        let (ip, agent, device) = browser_of(&visit);
        let browser = account::Browser { ip, agent, device: device.as_deref() };
        let entered = account::sign_in_by_link(&visit.services, token, browser).await?;
        keep_signed_in(&visit, &entered, "").await
    };
    answer_form(&visit, &[], entering).await
}

/// Sends the link again that confirms one's address.
///
/// # Errors
/// As `services::account::ask_verification`.
pub async fn ask_verification() -> Result<(), WireError> {
    act(&[], "/settings?sent=1#sign-in", async |services, actor| {
        account::ask_verification(services, actor).await
    })
    .await
}

/// Confirms an address by a link.
///
/// # Errors
/// As `services::account::verify_email`.
pub async fn verify_email(token: &str) -> Result<(), WireError> {
    let visit = visit();
    let verifying = async {
        count(&visit).await?;
        account::verify_email(&visit.services, token).await?;
        leptos_axum::redirect("/verify/done?done=1");
        Ok(())
    };
    answer_form(&visit, &[], verifying).await
}
