//! Accounts with video providers: connecting and disconnecting them.

use leptos::prelude::*;
use services::video::{self, Connection, Kind};

use super::disconnect::{DisconnectDialog, DisconnectLink, Disconnecting};
use crate::{
    error::WireError,
    pages::i18n::{Locale, td_string},
    ui::{Alert, ButtonLink, ButtonVariant, Card, Glyph, Icon, StateBadge, Tone},
};

/// Where they are listed.
const PAGE: &str = "/tutor/settings?saved=1#video";

/// What a provider is called.
#[must_use]
pub fn name(locale: Locale, kind: Kind) -> &'static str {
    match kind {
        Kind::Zoom => td_string!(locale, video.zoom),
        Kind::GoogleMeet => td_string!(locale, video.google_meet),
    }
}

/// The address that leads to a provider's question.
const fn door(kind: Kind) -> &'static str {
    match kind {
        Kind::Zoom => "/connect/zoom",
        Kind::GoogleMeet => "/connect/google-meet",
    }
}

/// The providers that can be connected; nothing where there are none.
#[component]
pub fn VideoAccounts(
    /// The language.
    locale: Locale,
    /// In the order in which they are offered.
    connections: Vec<Connection>,
) -> impl IntoView {
    (!connections.is_empty()).then(move || {
        let dialogs = connections.iter().map(move |connection| {
            let kind = connection.kind;
            connection.login.clone().map(|login| view! { <Question locale kind login/> })
        });
        let dialogs = dialogs.collect_view();
        let rows =
            connections.into_iter().map(move |connection| view! { <Row locale connection/> }).collect_view();
        view! {
            <div id="video">
                <Card title=td_string!(locale, video.title)>
                    <div class="stack">
                        <p class="quiet small">{td_string!(locale, video.lead)}</p>
                        {rows}
                    </div>
                </Card>
                {dialogs}
            </div>
        }
    })
}

/// What disconnects an account.
fn removal(kind: Kind) -> Disconnecting {
    Disconnecting {
        action: "disconnect_video",
        field: "provider",
        own: kind.name().to_owned(),
        id: format!("disconnect-{}", kind.name()),
        part: "video",
    }
}

#[component]
fn Question(locale: Locale, kind: Kind, login: String) -> impl IntoView {
    let text =
        td_string!(locale, video.disconnect_text, name = name(locale, kind), login = login).to_string();
    view! { <DisconnectDialog locale what=removal(kind) title=td_string!(locale, video.disconnect_title) text/> }
}

/// One provider. The way to it is a link, because no form may lead to another site.
#[component]
fn Row(locale: Locale, connection: Connection) -> impl IntoView {
    let Connection { kind, login, is_active, is_offered } = connection;
    let called = name(locale, kind);
    let lost = login.is_some() && !is_active;
    let label = match login.is_some() {
        true => td_string!(locale, video.again, name = called).to_string(),
        false => td_string!(locale, video.connect, name = called).to_string(),
    };
    // What has to be done stands out, what is done already does not.
    let variant = match (login.is_some(), is_active) {
        (true, false) => ButtonVariant::Primary,
        (true, true) => ButtonVariant::Ghost,
        (false, _) => ButtonVariant::Secondary,
    };
    let state = login.as_ref().map(|_| match is_active {
        true => view! { <StateBadge state="active" text=td_string!(locale, video.works)/> },
        false => view! { <StateBadge state="failed" text=td_string!(locale, video.lost)/> },
    });
    let disconnect = login.as_ref().map(|login| {
        let name = format!("{called}, {login}");
        view! { <DisconnectLink locale what=removal(kind) name/> }
    });
    // Also of an account that lets us in: it may be the wrong one, or do less than it should.
    let connect = is_offered.then(|| {
        view! {
            <ButtonLink href=door(kind) variant icon=Glyph::Video class="btn-wraps" attr:rel="external">{label}</ButtonLink>
        }
    });
    let login = login.unwrap_or_else(|| td_string!(locale, video.none).to_owned());
    view! {
        <section class="stack account">
            <div class="card-line">
                <Icon glyph=Glyph::Video/>
                <div class="card-line-text">
                    <p><strong>{called}</strong></p>
                    <p class="quiet small">{login}</p>
                </div>
                <div class="row">{state}{disconnect}</div>
            </div>
            {lost.then(|| view! { <Alert tone=Tone::Warning title=td_string!(locale, video.refused, name = called).to_string()/> })}
            {connect.map(|connect| view! { <div class="form-actions">{connect}</div> })}
        </section>
    }
}

/// Disconnects an account.
///
/// # Errors
/// As `services::video::disconnect`.
pub async fn disconnect(provider: &str) -> Result<(), WireError> {
    super::actions::act(&[], PAGE, async |services, actor, tutor| {
        let kind = Kind::parse(provider);
        let kind = kind.ok_or_else(|| domain::Refusal::new(domain::Code::NotFound, "not_found"))?;
        video::disconnect(services, actor, tutor, kind).await
    })
    .await
}
