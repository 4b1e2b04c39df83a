//! Accounts with calendar providers: connecting them, choosing which of their calendars are read, and into which lessons
//! are written.

use leptos::prelude::*;
use services::{
    busy::Connection,
    diary::{Account, Kind},
};

use super::{
    calendars::{problem_since, why},
    disconnect::{DisconnectDialog, DisconnectLink, Disconnecting},
};
use crate::{
    pages::{
        context::Visit,
        flash, format,
        forms::{PostForm, TextField},
        i18n::{Locale, td_string},
    },
    ui::{
        Alert, Button, ButtonLink, ButtonVariant, Card, Checkbox, Disclosure, Field, Glyph, Icon, Select,
        SelectOption, StateBadge, Tone,
    },
};

/// The address that leads to Google's question.
const GOOGLE: &str = "/connect/google";

/// The connected accounts, and the form that connects one.
#[component]
pub fn Accounts(
    /// The request.
    visit: Visit,
    /// The oldest first.
    accounts: Vec<Account>,
    /// Whether accounts at Google can be connected.
    google: bool,
) -> impl IntoView {
    let locale = visit.locale();
    let is_failed = flash::of("/do/connect_account", &visit.query).is_some();
    let mut by_password = accounts.iter().filter(|account| account.kind == Kind::CalDav);
    let open = accounts.is_empty() && !google || is_failed || by_password.any(Account::is_refused);
    let dialogs = accounts.iter().cloned().enumerate();
    let dialogs = dialogs.map(|(place, account)| view! { <Question locale place account/> }).collect_view();
    let rows = accounts.into_iter().enumerate();
    let rows =
        rows.map(|(place, account)| view! { <Connected visit=visit.clone() place account/> }).collect_view();
    view! {
        <div id="accounts">
            <Card title=td_string!(locale, diary.accounts_title)>
                <div class="stack">
                    <p class="quiet small">{td_string!(locale, diary.accounts_lead)}</p>
                    {rows}
                    {google.then(|| view! { <ConnectGoogle locale/> })}
                    <Disclosure summary=td_string!(locale, diary.caldav_title) open class="disclosure-last">
                        <Connect locale/>
                    </Disclosure>
                </div>
            </Card>
            {dialogs}
        </div>
    }
}

/// The way to Google, which asks for permission. A link, because no form may lead to another site.
#[component]
fn ConnectGoogle(locale: Locale) -> impl IntoView {
    view! {
        <div class="stack-tight">
            <div class="form-actions">
                <ButtonLink href=GOOGLE variant=ButtonVariant::Secondary class="btn-wraps" attr:rel="external">
                    <Icon glyph=Glyph::Calendar/>
                    {td_string!(locale, diary.google_connect)}
                </ButtonLink>
            </div>
            <p class="quiet small">{td_string!(locale, diary.google_hint)}</p>
        </div>
    }
}

#[component]
fn Connect(locale: Locale) -> impl IntoView {
    view! {
        <PostForm action="connect_account" class="form">
            <TextField
                name="address" id="account-address" required=true label=td_string!(locale, diary.caldav_address)
                hint=td_string!(locale, diary.caldav_address_hint)
            />
            <div class="field-row">
                <TextField name="login" id="account-login" required=true label=td_string!(locale, diary.caldav_login) autocomplete="off"/>
                <TextField
                    name="password" id="account-password" kind="password" required=true autocomplete="off"
                    label=td_string!(locale, diary.caldav_password) hint=td_string!(locale, diary.caldav_password_hint)
                />
            </div>
            <div class="form-actions"><Button variant=ButtonVariant::Secondary icon=Glyph::Calendar>{td_string!(locale, diary.busy_connect)}</Button></div>
        </PostForm>
    }
}

/// What disconnects an account.
fn removal(place: usize, account: &Account) -> Disconnecting {
    Disconnecting {
        action: "disconnect_account",
        field: "account",
        own: account.id.to_string(),
        id: format!("disconnect-account-{place}"),
        part: "accounts",
    }
}

/// The question before an account is disconnected.
#[component]
fn Question(locale: Locale, place: usize, account: Account) -> impl IntoView {
    let what = removal(place, &account);
    let (login, host) = (account.login, account.host);
    let text = match account.kind {
        Kind::CalDav => {
            td_string!(locale, diary.account_disconnect_text, login = login, host = host).to_string()
        }
        Kind::Google => td_string!(locale, diary.google_disconnect_text, login = login).to_string(),
    };
    view! { <DisconnectDialog locale what title=td_string!(locale, diary.account_disconnect_title) text/> }
}

/// What an account is called: its provider, or its server.
fn called(locale: Locale, account: &Account) -> String {
    match account.kind {
        Kind::CalDav => account.host.clone(),
        Kind::Google => td_string!(locale, diary.google_name).to_owned(),
    }
}

/// What to do where the provider does not let us in any more.
#[component]
fn Refused(locale: Locale, kind: Kind) -> impl IntoView {
    match kind {
        Kind::CalDav => view! {
            <Alert tone=Tone::Warning title=td_string!(locale, diary.account_refused)>{td_string!(locale, diary.account_refused_text)}</Alert>
        }
        .into_any(),
        Kind::Google => view! {
            <Alert tone=Tone::Warning title=td_string!(locale, diary.google_refused)>
                <a class="link hit" href=GOOGLE rel="external">{td_string!(locale, diary.google_again)}</a>
            </Alert>
        }
        .into_any(),
    }
}

#[component]
fn Connected(visit: Visit, place: usize, account: Account) -> impl IntoView {
    let locale = visit.locale();
    let what = removal(place, &account);
    let called = called(locale, &account);
    let name = format!("{called}, {}", account.login);
    let refused = account.is_refused();
    let reading = account.calendars.iter().any(|calendar| calendar.read.is_some());
    let mut read = account.calendars.iter().filter_map(|calendar| calendar.read.as_ref());
    let failing = !refused && read.any(|read| read.failing.is_some());
    let lessons_failing = account.lessons_failing.map(|(since, problem)| {
        let why = problem_since(&visit, since, problem);
        td_string!(locale, diary.lessons_failing, why = why).to_string()
    });
    let legend = td_string!(locale, diary.choose_legend, login = account.login.clone()).to_string();
    let boxes = account.calendars.iter().enumerate().map(|(number, calendar)| {
        let hint = calendar.read.as_ref().map(|read| standing(&visit, read)).unwrap_or_default();
        // Before the first choice all of one's own are proposed: what is forgotten would be sold.
        let checked = calendar.read.is_some() || !reading && calendar.writable;
        view! {
            <Checkbox
                name=format!("calendars[{number}]") id=format!("calendar-{place}-{number}") value=calendar.id.to_string()
                label=calendar.name.clone() hint checked
            />
        }
    });
    view! {
        <section class="stack account">
            <div class="card-line">
                <Icon glyph=Glyph::Calendar/>
                <div class="card-line-text">
                    <p><strong>{called}</strong></p>
                    <p class="quiet small">{account.login.clone()}</p>
                </div>
                <div class="row">
                    <Badge locale account=account.clone()/>
                    <DisconnectLink locale what name/>
                </div>
            </div>
            {refused.then(|| view! { <Refused locale kind=account.kind/> })}
            {failing.then(|| view! { <Alert tone=Tone::Warning title=td_string!(locale, diary.busy_failing)/> })}
            {lessons_failing.map(|title| view! { <Alert tone=Tone::Warning title/> })}
            {(!reading).then(|| view! { <Alert tone=Tone::Info title=td_string!(locale, diary.account_unread)/> })}
            <form method="post" action="/do/choose_calendars" class="form">
                <input type="hidden" name="account" value=account.id.to_string()/>
                <fieldset class="stack-tight">
                    <legend>{legend}</legend>
                    {boxes.collect_view()}
                </fieldset>
                <LessonsIn locale place account=account.clone()/>
                <div class="form-actions"><Button variant=ButtonVariant::Secondary>{td_string!(locale, site.save)}</Button></div>
            </form>
        </section>
    }
}

/// The choice of the calendar into which lessons are written.
#[component]
fn LessonsIn(locale: Locale, place: usize, account: Account) -> impl IntoView {
    let nowhere = SelectOption::new("", td_string!(locale, diary.lessons_nowhere));
    let calendars = account.calendars.iter().filter(|calendar| calendar.writable);
    let calendars =
        calendars.map(|calendar| SelectOption::new(calendar.id.to_string(), calendar.name.clone()));
    let options: Vec<_> = std::iter::once(nowhere).chain(calendars).collect();
    let value = account.lessons_in.map(|calendar| calendar.to_string()).unwrap_or_default();
    view! {
        <Field id=format!("lessons-{place}") label=td_string!(locale, diary.lessons_in) hint=td_string!(locale, diary.lessons_in_hint)>
            <Select name="lessons_in" options value/>
        </Field>
    }
}

#[component]
fn Badge(locale: Locale, account: Account) -> impl IntoView {
    let mut read = account.calendars.iter().filter_map(|calendar| calendar.read.as_ref()).peekable();
    if read.peek().is_none() && account.lessons_in.is_none() {
        return None;
    }
    let failing = account.lessons_failing.is_some() || read.any(|read| read.failing.is_some());
    Some(if failing {
        view! { <StateBadge state="failed" text=td_string!(locale, diary.busy_fails)/> }.into_any()
    } else {
        view! { <StateBadge state="active" text=td_string!(locale, diary.busy_works)/> }.into_any()
    })
}

/// When a calendar was last read, and what keeps it from being read.
fn standing(visit: &Visit, read: &Connection) -> String {
    let locale = visit.locale();
    let last = match read.read_at {
        Some(at) => {
            let at = format::moment(locale, visit.zone, at);
            td_string!(locale, diary.busy_read, time = at).to_string()
        }
        None => td_string!(locale, diary.busy_never).to_owned(),
    };
    [Some(last), why(visit, read)].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
