//! Signing up.

use domain::account::{Language, Role};
use leptos::prelude::*;
use leptos_meta::Title;

use super::{
    context::visit,
    forms::{PostForm, SelectField, TextField, ZoneField, error_on, kept_or},
    i18n::{Locale, td_string},
    login::{PasswordField, already_in, kept_role, next, with_next},
    query,
};
use crate::ui::{Button, ButtonSize, Card, ChoiceItem, PageHeader, RadioGroup, SelectOption};

/// `/signup`
#[component]
pub fn Signup() -> impl IntoView {
    let visit = visit();
    if let Some(sent_on) = already_in(&visit) {
        return sent_on;
    }
    let locale = visit.locale();
    let next = next(&visit);
    let login = with_next("/login", &next);
    let role = query::parse(&visit.query, "role");
    let (zone, known, language) = (visit.zone, visit.zone_known, visit.language);
    view! {
        <Title text=td_string!(locale, account.signup_title).to_string()/>
        <div class="page page-narrow flow">
            <PageHeader title=td_string!(locale, account.signup_title) lead=td_string!(locale, account.signup_lead)/>
            <Card>
                <PostForm action="sign_up" class="form">
                    <input type="hidden" name="next" value=next/>
                    <RoleChoice locale role/>
                    <TextField name="name" label=td_string!(locale, account.name) hint=td_string!(locale, account.name_hint) autocomplete="name" required=true/>
                    <TextField name="email" kind="email" label=td_string!(locale, account.email) autocomplete="username" required=true/>
                    <PasswordField locale autocomplete="new-password" hint=td_string!(locale, account.password_hint)/>
                    <ZoneField label=td_string!(locale, account.zone) hint=td_string!(locale, account.zone_hint) value=zone known/>
                    <LanguageField locale language/>
                    <MarketingQuestion locale answer=None/>
                    <div class="form-actions"><Button size=ButtonSize::Large class="w-full">{td_string!(locale, site.sign_up)}</Button></div>
                    <p class="small quiet">
                        {td_string!(locale, account.privacy_note)} " "
                        <a class="link" href="/privacy">{td_string!(locale, site.privacy)}</a>
                    </p>
                </PostForm>
            </Card>
            <p>{td_string!(locale, account.have_account)} " " <a class="link" href=login>{td_string!(locale, site.sign_in)}</a></p>
        </div>
    }
    .into_any()
}

#[component]
fn RoleChoice(locale: Locale, role: Option<Role>) -> impl IntoView {
    let items = vec![
        ChoiceItem::new(
            "student",
            td_string!(locale, account.role_student),
            td_string!(locale, account.role_student_hint),
        ),
        ChoiceItem::new(
            "tutor",
            td_string!(locale, account.role_tutor),
            td_string!(locale, account.role_tutor_hint),
        ),
    ];
    view! {
        <RadioGroup
            name="role" legend=td_string!(locale, account.role) items value=kept_role(role) error=error_on("role")
            required=true tiles=true
        />
    }
}

/// The choice of the language of pages and mails.
#[component]
pub(super) fn LanguageField(
    /// The language of the page.
    locale: Locale,
    /// The language that is chosen at first.
    language: Language,
) -> impl IntoView {
    let options =
        Language::ALL.map(|language| SelectOption::new(language.tag(), language_name(language))).to_vec();
    view! {
        <SelectField name="locale" label=td_string!(locale, account.language) options value=language.tag() required=true/>
    }
}

/// A language by its own name.
pub(super) const fn language_name(language: Language) -> &'static str {
    match language {
        Language::En => "English",
        Language::Fr => "Français",
    }
}

/// The question about news by mail: never answered beforehand.
#[component]
pub(super) fn MarketingQuestion(
    /// The language.
    locale: Locale,
    /// The answer that was given.
    answer: Option<bool>,
) -> impl IntoView {
    let hint = td_string!(locale, account.marketing_hint);
    let items = vec![
        ChoiceItem::new("yes", td_string!(locale, account.yes), ""),
        ChoiceItem::new("no", td_string!(locale, account.no), hint),
    ];
    let first = match answer {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    view! {
        <RadioGroup
            name="marketing_opt_in" legend=td_string!(locale, account.marketing) items
            value=kept_or("marketing_opt_in", first.to_owned()) error=error_on("marketing_opt_in")
        />
    }
}
