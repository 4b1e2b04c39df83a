//! The tutor's own rules, and where lessons take place.

use leptos::prelude::*;
use services::{
    busy::{self, Connection},
    diary::{self, Account},
    settings::{self, PlatformSettings},
    tutor::{self, Provider, TutorSettings},
    video,
};

use super::{
    Desk, Section,
    accounts::Accounts,
    calendars::Calendars,
    section,
    video::{VideoAccounts, name},
};
use crate::{
    pages::{
        context::Visit,
        format,
        forms::{FlashNotice, PostForm, error_on, kept_or},
        i18n::{Locale, td_string},
    },
    ui::{Button, Card, ChoiceItem, Field, Input, RadioGroup},
};

/// What the page shows.
struct Loaded {
    own: TutorSettings,
    provider: Provider,
    video: Vec<video::Connection>,
    platform: PlatformSettings,
    connections: Vec<Connection>,
    accounts: Vec<Account>,
    google: bool,
}

/// `/tutor/settings`
#[component]
pub fn TutorSettingsPage() -> impl IntoView {
    section(
        Section::Settings,
        async |visit: Visit, desk: Desk| {
            let (own, provider) = tutor::settings(&visit.services, &desk.actor, desk.id).await?;
            let connections = busy::list(&visit.services, &desk.actor, desk.id).await?;
            let accounts = diary::list(&visit.services, &desk.actor, desk.id).await?;
            let video = video::list(&visit.services, &desk.actor, desk.id).await?;
            let mut db = visit.services.db.acquire().await?;
            let platform = settings::load(&mut db).await?;
            let google = diary::is_google_offered(&visit.services);
            Ok(Loaded { own, provider, video, platform, connections, accounts, google })
        },
        |visit, _, loaded| view! { <Shown visit loaded/> },
    )
}

#[component]
fn Shown(visit: Visit, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let Loaded { own, provider, video, platform, connections, accounts, google } = loaded;
    let default = |minutes: i64| {
        let span = format::span(locale, minutes);
        td_string!(locale, console.platform_default, value = span).to_string()
    };
    let accounts_of_video = video.clone();
    let accepted = platform.accepted_providers;
    let platform = platform.policy;
    let notice = default(platform.notice_min);
    let cancel = default(platform.cancel_notice_min);
    let horizon = default(platform.horizon_days * 1440);
    view! {
        <FlashNotice actions=&["disconnect_calendar", "choose_calendars", "disconnect_account", "connect_google", "connect_video", "disconnect_video"]/>
        <PostForm action="save_tutor_settings" class="form">
            <Card title=td_string!(locale, console.rules_title)>
                <div class="form">
                    <Confirm locale own=own.confirm_requests platform=platform.confirm_requests/>
                    <div class="field-row">
                        <Number key="notice_min" label=td_string!(locale, console.notice) hint=notice value=own.notice_min/>
                        <Number key="horizon_days" label=td_string!(locale, console.horizon) hint=horizon value=own.horizon_days/>
                        <Number key="cancel_notice_min" label=td_string!(locale, console.cancel_notice) hint=cancel value=own.cancel_notice_min/>
                    </div>
                    <p class="quiet small">{td_string!(locale, console.rules_hint)}</p>
                </div>
            </Card>
            <Card title=td_string!(locale, console.provider_title)>
                <div class="form"><Where locale provider accepted video/></div>
            </Card>
            <div class="form-actions"><Button>{td_string!(locale, site.save)}</Button></div>
        </PostForm>
        <VideoAccounts locale connections=accounts_of_video/>
        <Calendars visit=visit.clone() connections/>
        <Accounts visit accounts google/>
    }
}

#[component]
fn Confirm(locale: Locale, own: Option<bool>, platform: bool) -> impl IntoView {
    let (yes, no) = (td_string!(locale, console.confirm_yes), td_string!(locale, console.confirm_no));
    let inherited = if platform { yes } else { no };
    let inherited = td_string!(locale, console.platform_now, value = inherited.to_owned()).to_string();
    let items = vec![
        ChoiceItem::new("no", no, td_string!(locale, console.confirm_no_hint)),
        ChoiceItem::new("yes", yes, td_string!(locale, console.confirm_yes_hint)),
        ChoiceItem::new("", td_string!(locale, console.confirm_platform), inherited),
    ];
    let first = match own {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    view! {
        <RadioGroup
            name="settings[confirm_requests]" legend=td_string!(locale, console.confirm) items
            value=kept_or("confirm_requests", first.to_owned())
        />
    }
}

#[component]
fn Number(key: &'static str, #[prop(into)] label: String, hint: String, value: Option<i32>) -> impl IntoView {
    let value = value.map(|value| value.to_string()).unwrap_or_default();
    view! {
        <Field id=key label hint error=error_on(key)>
            <Input name=format!("settings[{key}]") kind="number" value=kept_or(key, value)/>
        </Field>
    }
}

#[component]
fn Where(
    locale: Locale,
    provider: Provider,
    accepted: Vec<String>,
    video: Vec<video::Connection>,
) -> impl IntoView {
    let url = provider.url().unwrap_or_default().to_owned();
    let is_accepted = |name: &str| accepted.iter().any(|accepted| accepted == name);
    // What is not accepted any more is shown as long as it is the choice.
    let shown = |name: &'static str, label: &'static str, hint: &'static str| {
        let hint = if is_accepted(name) { hint } else { td_string!(locale, error.provider_not_accepted) };
        (is_accepted(name) || provider.name() == name).then(|| ChoiceItem::new(name, label, hint))
    };
    let jitsi = shown("jitsi", "Jitsi", td_string!(locale, console.jitsi_hint));
    let external =
        shown("external", td_string!(locale, console.external), td_string!(locale, console.external_hint));
    let has_own = external.is_some();
    let accounts = video.into_iter().filter_map(|connection| {
        let login = connection.login?;
        let hint = match connection.is_active {
            true => td_string!(locale, video.choose_hint, login = login).to_string(),
            false => td_string!(locale, video.choose_lost, login = login).to_string(),
        };
        Some(ChoiceItem::new(connection.kind.name(), name(locale, connection.kind), hint))
    });
    let items: Vec<_> = jitsi.into_iter().chain(accounts).chain(external).collect();
    view! {
        <RadioGroup
            name="settings[provider]" legend=td_string!(locale, console.provider) items
            value=kept_or("provider", provider.name().to_owned()) error=error_on("provider") required=true
        />
        {has_own.then(|| view! {
            <Field id="external_url" label=td_string!(locale, console.external_url) hint="https://…" error=error_on("external_url")>
                <Input name="settings[external_url]" kind="url" value=kept_or("external_url", url)/>
            </Field>
        })}
    }
}
