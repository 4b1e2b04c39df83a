//! Signing in.

use domain::account::Role;
use leptos::prelude::*;
use leptos_meta::Title;

use super::{
    account::{own_path, start_of},
    account_links::LinkForm,
    context::{Visit, visit},
    forms::{PostForm, TextField, error_on, kept_or},
    i18n::{Locale, td_string},
    query,
};
use crate::ui::{Alert, Button, Card, Field, PageHeader, Tone};

/// `/login`
#[component]
pub fn Login() -> impl IntoView {
    let visit = visit();
    if let Some(sent_on) = already_in(&visit) {
        return sent_on;
    }
    let locale = visit.locale();
    let next = next(&visit);
    let signup = with_next("/signup", &next);
    view! {
        <Title text=td_string!(locale, account.login_title).to_string()/>
        <div class="page page-narrow flow">
            <PageHeader title=td_string!(locale, account.login_title) lead=td_string!(locale, account.login_lead)/>
            <Card>
                <PostForm action="sign_in" class="form">
                    <input type="hidden" name="next" value=next/>
                    <TextField name="email" kind="email" label=td_string!(locale, account.email) autocomplete="username" required=true/>
                    <PasswordField locale autocomplete="current-password"/>
                    <div class="form-actions"><Button class="w-full">{td_string!(locale, account.login_title)}</Button></div>
                </PostForm>
            </Card>
            <LinkForm locale/>
            <p>{td_string!(locale, account.no_account)} " " <a class="link" href=signup>{td_string!(locale, site.sign_up)}</a></p>
            {visit.services.config.is_development().then(|| view! {
                <Alert tone=Tone::Info title=td_string!(locale, account.demo_title)>{td_string!(locale, account.demo_text)}</Alert>
            })}
        </div>
    }
    .into_any()
}

/// Sends a person who is signed in already on to where they wanted to go.
pub(super) fn already_in(visit: &Visit) -> Option<AnyView> {
    let actor = visit.actor.as_ref()?;
    let next = next(visit);
    leptos_axum::redirect(if next.is_empty() { start_of(actor.role) } else { &next });
    Some(().into_any())
}

/// Where to go afterwards: a path of this site, or nothing.
pub(super) fn next(visit: &Visit) -> String {
    let next = query::get(&visit.query, "next").unwrap_or_default();
    own_path(&next).unwrap_or_default().to_owned()
}

/// The address of a page that leads on to another one, where there is one.
pub(super) fn with_next(page: &str, next: &str) -> String {
    match &*query::write([("next", next.to_owned())]) {
        "" => page.to_owned(),
        query => format!("{page}?{query}"),
    }
}

/// The field for the password, with a button that shows it.
#[component]
pub(super) fn PasswordField(
    /// The language.
    locale: Locale,
    /// `current-password` or `new-password`.
    autocomplete: &'static str,
    /// What makes a good one.
    #[prop(optional, into)]
    hint: String,
) -> impl IntoView {
    view! {
        <Field id="password" label=td_string!(locale, account.password) hint required=true error=error_on("password")>
            <span class="with-button">
                <input
                    id="password" name="password" type="password" class="input" required=true
                    autocomplete=autocomplete aria-describedby="password-hint password-error"
                    aria-invalid=(!error_on("password").is_empty()).then_some("true")
                />
                <button
                    type="button" class="btn btn-ghost btn-sm" hidden=true aria-pressed="false" data-reveals="password"
                    data-shown=td_string!(locale, account.hide_password)
                >
                    {td_string!(locale, account.show_password)}
                </button>
            </span>
        </Field>
    }
}

/// The roles that can register.
pub(super) fn kept_role(first: Option<Role>) -> String {
    kept_or("role", first.map(|role| role.name().to_owned()).unwrap_or_default())
}
