//! A person's copy of their own data, on the page of settings.

use domain::privacy::ExportState;
use leptos::prelude::*;
use services::privacy::{self, Export};

use super::{
    charge_actions::act,
    context::{Visit, visit},
    files::size,
    format,
    forms::FlashNotice,
    i18n::{Locale, td_string},
};
use crate::{
    error::WireError,
    ui::{Button, ButtonLink, ButtonSize, ButtonVariant, Card, Glyph, StateBadge},
};

/// Where it stands.
const PAGE: &str = "/settings#your-data";

/// How many exports the page shows.
pub(super) const SHOWN: i64 = 5;

/// The copies that a person asked for, the latest first, each with the address of its file; and the form that asks for
/// another one.
#[component]
pub fn YourData(
    /// The language.
    locale: Locale,
    /// The exports with their addresses.
    exports: Vec<(Export, Option<String>)>,
) -> impl IntoView {
    let visit = visit();
    let waits = exports.iter().any(|(export, _)| export.state == ExportState::Requested);
    let form = if waits {
        view! { <p role="status">{td_string!(locale, privacy.waits)}</p> }.into_any()
    } else {
        view! {
            // Back at the section, whatever the answer is: a redirect keeps the fragment.
            <form method="post" action="/do/request_export#your-data" class="form-actions">
                <Button variant=ButtonVariant::Secondary>{td_string!(locale, privacy.ask)}</Button>
            </form>
        }
        .into_any()
    };
    let rows = exports.into_iter().map(|(export, link)| row(&visit, &export, link)).collect_view();
    view! {
        <div id="your-data" data-live="">
            <Card title=td_string!(locale, privacy.title)>
                <div class="stack">
                    <p class="quiet small">{td_string!(locale, privacy.lead)}</p>
                    <FlashNotice actions=&["request_export"]/>
                    {form}
                    <ul class="card-list">{rows}</ul>
                </div>
            </Card>
        </div>
    }
}

fn row(visit: &Visit, export: &Export, link: Option<String>) -> impl IntoView + use<> {
    let locale = visit.locale();
    let stamp = |at| format::stamp(locale, visit.zone, at);
    let (look, state) = match export.state {
        ExportState::Requested => ("requested", td_string!(locale, privacy.making)),
        ExportState::Ready => ("confirmed", td_string!(locale, privacy.ready)),
        ExportState::Expired => ("expired", td_string!(locale, privacy.over)),
    };
    let about = match export.state {
        ExportState::Requested => String::new(),
        ExportState::Ready => {
            let time = format::moment(locale, visit.zone, export.ends_at);
            td_string!(locale, privacy.until, time = time).to_string()
        }
        ExportState::Expired => td_string!(locale, privacy.removed).to_string(),
    };
    let download = link.zip(export.size).map(|(href, bytes)| {
        let text = td_string!(locale, privacy.download, size = size(locale, bytes)).to_string();
        view! {
            <ButtonLink href variant=ButtonVariant::Secondary size=ButtonSize::Small icon=Glyph::Download attr:download="">{text}</ButtonLink>
        }
    });
    view! {
        <li class="card-line">
            <div class="card-line-text">
                <p><strong>{td_string!(locale, privacy.asked, time = stamp(export.requested_at)).to_string()}</strong></p>
                <p class="quiet small">{about}</p>
            </div>
            <div class="row">
                <StateBadge state=look text=state/>
                {download}
            </div>
        </li>
    }
}

/// Asks for a copy.
///
/// # Errors
/// As `services::privacy::request_export`.
pub async fn request_export() -> Result<(), WireError> {
    act(&[], PAGE, async |services, actor| privacy::request_export(services, actor).await).await
}
