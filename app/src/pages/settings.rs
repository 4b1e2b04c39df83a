//! One's own settings.

use domain::{
    account::Role,
    notice::{Choice, Quiet},
    zone::Zone,
};
use leptos::prelude::*;
use leptos_meta::Title;
use services::{
    Actor, Result, Services,
    account::{self, Me},
    calendar::{self, Address},
    notice,
    payment::{self, Card as SavedCard},
    privacy::{self, Export},
    push,
};

use super::{
    account_links::Verified,
    cards::Cards,
    diary::Subscription,
    forms::{FlashNotice, PostForm, SavedNotice, TextField, ZoneField, error_on, kept_or},
    gate::signed_in,
    i18n::{Locale, td_string},
    load::load,
    mails::{Choices, QuietHours},
    privacy::{SHOWN, YourData},
    push::PushCard,
    signup::{LanguageField, MarketingQuestion},
    updates::Updates,
};
use crate::ui::{Button, ButtonLink, ButtonVariant, Card, Field, PageHeader, Textarea};

/// `/settings`
#[component]
pub fn Settings() -> impl IntoView {
    signed_in(|_, actor| {
        load(
            move |visit| async move {
                let me = account::me(&visit.services, &actor).await?;
                let student = me.role == Role::Student;
                let cards =
                    if student { Some(payment::list_cards(&visit.services, &actor).await?) } else { None };
                let lessons = me.role != Role::Admin;
                let address =
                    if lessons { Some(calendar::address(&visit.services, &actor).await?) } else { None };
                let refused = notice::refused(&visit.services, &actor).await?;
                let quiet = notice::quiet_hours(&visit.services, &actor).await?;
                let push = (push::server_key(&visit.services)?, push::count(&visit.services, &actor).await?);
                let verified = account::is_verified(&visit.services, &actor).await?;
                let has_password = account::has_password(&visit.services, &actor).await?;
                let exports = exports(&visit.services, &actor).await?;
                let told = Told { refused, quiet, push };
                Ok((me, cards, address, told, (verified, has_password), exports))
            },
            |visit, (me, cards, address, told, (verified, has_password), exports)| {
                let can_add = visit.services.payments.is_some();
                view! { <Shown locale=visit.locale() me cards can_add address told verified has_password exports/> }
            },
        )
    })
}

/// The latest copies of one's data, with the addresses of their files.
async fn exports(services: &Services, actor: &Actor) -> Result<Vec<(Export, Option<String>)>> {
    let exports = privacy::list_exports(services, actor, 1, SHOWN).await?.rows;
    exports.into_iter().map(|export| Ok((export, privacy::export_link(services, actor, &export)?))).collect()
}

/// How a person wants to be told of things.
struct Told {
    refused: Vec<Choice>,
    quiet: Option<Quiet>,
    /// The server's key for browsers, and how many of them are told.
    push: (String, i64),
}

#[component]
fn Shown(
    locale: Locale,
    me: Me,
    cards: Option<Vec<SavedCard>>,
    can_add: bool,
    address: Option<Option<Address>>,
    told: Told,
    verified: bool,
    has_password: bool,
    exports: Vec<(Export, Option<String>)>,
) -> impl IntoView {
    let email = me.email.clone();
    let (tutor, role) = (me.role == Role::Tutor, me.role);
    let zone = Zone::parse(&me.time_zone).unwrap_or(Zone::UTC);
    view! {
        <Title text=td_string!(locale, account.settings_title).to_string()/>
        <div class="page page-text flow">
            <PageHeader title=td_string!(locale, account.settings_title) lead=td_string!(locale, account.settings_lead)/>
            <SavedNotice/>
            <FlashNotice actions=&["choose_card", "remove_card", "renew_calendar", "choose_ways", "end_all_push", "ask_verification"]/>
            <Card title=td_string!(locale, account.profile_group)>
                <SettingsForm locale me/>
            </Card>
            {tutor.then(|| view! {
                <Card>
                    <div class="row spread">
                        <p>{td_string!(locale, account.tutor_hint)}</p>
                        <ButtonLink href="/tutor" variant=ButtonVariant::Secondary>{td_string!(locale, account.to_console)}</ButtonLink>
                    </div>
                </Card>
            })}
            {cards.map(|cards| view! { <Cards locale cards can_add/> })}
            {address.map(|address| view! { <Subscription locale address/> })}
            {(role != Role::Admin).then(|| view! {
                <Choices locale role refused=told.refused/>
                <PushCard locale key=told.push.0 browsers=told.push.1/>
                <QuietHours locale zone hours=told.quiet/>
            })}
            <Card title=td_string!(locale, account.password_group)>
                <PasswordForm locale has_password/>
            </Card>
            <div id="sign-in">
            <Card title=td_string!(locale, account.session_group)>
                <p>{td_string!(locale, site.signed_in_as, name = email)} ". " {td_string!(locale, account.session_text)}</p>
                <Verified locale verified/>
                <form method="post" action="/do/sign_out" class="form-actions">
                    <Button variant=ButtonVariant::Secondary>{td_string!(locale, site.sign_out)}</Button>
                </form>
            </Card>
            </div>
            <YourData locale exports/>
            <Updates/>
        </div>
    }
}

#[component]
fn SettingsForm(locale: Locale, me: Me) -> impl IntoView {
    let zone = Zone::parse(&me.time_zone).unwrap_or(Zone::UTC);
    let language = me.locale.parse().unwrap_or_default();
    let student = (me.role == Role::Student).then(|| (me.languages.join(", "), me.goals.join("\n")));
    view! {
        <PostForm action="change_settings" class="form">
            <TextField name="name" label=td_string!(locale, account.name) value=me.name autocomplete="name" required=true/>
            <ZoneField label=td_string!(locale, account.zone) hint=td_string!(locale, account.zone_hint) value=zone/>
            <LanguageField locale language/>
            {student.map(|(languages, goals)| view! { <StudentFields locale languages goals/> })}
            <MarketingQuestion locale answer=me.marketing_opt_in/>
            <div class="form-actions"><Button>{td_string!(locale, site.save)}</Button></div>
        </PostForm>
    }
}

#[component]
fn PasswordForm(locale: Locale, has_password: bool) -> impl IntoView {
    let current = match has_password {
        true => view! {
            <TextField name="current" kind="password" label=td_string!(locale, account.password_current) autocomplete="current-password" required=true/>
        }
        .into_any(),
        false => view! {
            <p>{td_string!(locale, account.password_none)}</p>
            <input type="hidden" name="current" value=""/>
        }
        .into_any(),
    };
    view! {
        <PostForm action="change_password" class="form">
            <p class="quiet small">{td_string!(locale, account.password_lead)}</p>
            {current}
            <TextField
                name="password" kind="password" label=td_string!(locale, account.password_new) hint=td_string!(locale, account.password_hint)
                autocomplete="new-password" required=true
            />
            <div class="form-actions"><Button variant=ButtonVariant::Secondary>{td_string!(locale, account.password_change)}</Button></div>
        </PostForm>
    }
}

#[component]
fn StudentFields(locale: Locale, languages: String, goals: String) -> impl IntoView {
    view! {
        <TextField name="languages" label=td_string!(locale, account.languages) hint=td_string!(locale, account.languages_hint) value=languages/>
        <Field id="goals" label=td_string!(locale, account.goals) hint=td_string!(locale, account.goals_hint) error=error_on("goals")>
            <Textarea name="goals" value=kept_or("goals", goals)/>
        </Field>
    }
}
