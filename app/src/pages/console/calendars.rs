//! Calendars elsewhere whose busy times take slots away.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use services::busy::{Connection, Problem};

use super::disconnect::{DisconnectDialog, DisconnectLink, Disconnecting};
use crate::{
    pages::{
        context::Visit,
        format,
        forms::{PostForm, TextField},
        i18n::{Locale, td_string},
    },
    ui::{Alert, Button, ButtonVariant, Card, Glyph, Icon, StateBadge, Tone},
};

/// Where they are listed.
const PAGE: &str = "/tutor/settings#calendars";

/// The connected calendars, and the form that connects one.
#[component]
pub fn Calendars(
    /// The request.
    visit: Visit,
    /// The oldest first.
    connections: Vec<Connection>,
) -> impl IntoView {
    let locale = visit.locale();
    let none =
        connections.is_empty().then(|| view! { <p class="quiet">{td_string!(locale, diary.busy_none)}</p> });
    let failing = connections.iter().any(|connection| connection.failing.is_some());
    let rows = connections.iter().cloned().enumerate();
    let rows =
        rows.map(|(place, connection)| view! { <Row visit=visit.clone() place connection/> }).collect_view();
    let dialogs = connections.into_iter().enumerate().map(|(place, connection)| {
        let what = removal(place, &connection);
        let text = td_string!(locale, diary.busy_disconnect_text, host = connection.host).to_string();
        view! { <DisconnectDialog locale what title=td_string!(locale, diary.busy_disconnect_title) text/> }
    });
    let dialogs = dialogs.collect_view();
    view! {
        <div id="calendars">
            <Card title=td_string!(locale, diary.busy_title)>
                <div class="stack">
                    <p class="quiet small">{td_string!(locale, diary.busy_lead)}</p>
                    {failing.then(|| view! { <Alert tone=Tone::Warning title=td_string!(locale, diary.busy_failing)/> })}
                    {none}
                    <ul class="card-list">{rows}</ul>
                    <PostForm action="connect_calendar" class="form">
                        <TextField
                            name="url" kind="url" required=true label=td_string!(locale, diary.busy_address)
                            hint=td_string!(locale, diary.busy_address_hint)
                        />
                        <div class="form-actions"><Button variant=ButtonVariant::Secondary icon=Glyph::Calendar>{td_string!(locale, diary.busy_connect)}</Button></div>
                    </PostForm>
                </div>
            </Card>
            {dialogs}
        </div>
    }
}

/// What disconnects a calendar.
fn removal(place: usize, connection: &Connection) -> Disconnecting {
    Disconnecting {
        action: "disconnect_calendar",
        field: "connection",
        own: connection.id.to_string(),
        id: format!("disconnect-{place}"),
        part: "calendars",
    }
}

#[component]
fn Row(visit: Visit, place: usize, connection: Connection) -> impl IntoView {
    let locale = visit.locale();
    let what = removal(place, &connection);
    let read = connection.read_at.map(|at| {
        let at = format::moment(locale, visit.zone, at);
        td_string!(locale, diary.busy_read, time = at).to_string()
    });
    let standing = match connection.failing {
        None => view! { <StateBadge state="active" text=td_string!(locale, diary.busy_works)/> }.into_any(),
        Some(_) => {
            view! { <StateBadge state="failed" text=td_string!(locale, diary.busy_fails)/> }.into_any()
        }
    };
    let why = why(&visit, &connection).map(|why| view! { <p class="small">{why}</p> });
    let name = connection.host.clone();
    view! {
        <li class="card-line">
            <Icon glyph=Glyph::Calendar/>
            <div class="card-line-text">
                <p><strong>{connection.host}</strong></p>
                <p class="quiet small">{read}</p>
                {why}
            </div>
            <div class="row">
                {standing}
                <DisconnectLink locale what name/>
            </div>
        </li>
    }
}

/// Since when a calendar cannot be read, and what keeps it from that.
pub(super) fn why(visit: &Visit, connection: &Connection) -> Option<String> {
    connection.failing.map(|(since, problem)| problem_since(visit, since, problem))
}

/// What keeps a calendar from being read or written into, and since when.
pub(super) fn problem_since(visit: &Visit, since: DateTime<Utc>, problem: Problem) -> String {
    let locale = visit.locale();
    let since = format::moment(locale, visit.zone, since);
    match problem {
        Problem::Unreachable => td_string!(locale, diary.busy_unreachable, time = since).to_string(),
        Problem::Refused => td_string!(locale, diary.busy_refused, time = since).to_string(),
        Problem::Forbidden => td_string!(locale, diary.busy_forbidden, time = since).to_string(),
        Problem::TooLarge => td_string!(locale, diary.busy_too_large, time = since).to_string(),
        Problem::Unreadable => td_string!(locale, diary.busy_unreadable, time = since).to_string(),
    }
}

/// The warning that a calendar cannot be read, for the first page of the console.
#[component]
pub fn FailingNotice(
    /// The language.
    locale: Locale,
) -> impl IntoView {
    view! {
        <Alert tone=Tone::Warning title=td_string!(locale, diary.busy_failing)>
            <a class="link hit" href=PAGE>{td_string!(locale, diary.busy_see)}</a>
        </Alert>
    }
}
