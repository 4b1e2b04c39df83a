//! The switch of the zone in which a page shows its times.

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use domain::{Code, Refusal, zone::Zone};
use leptos::prelude::*;
use leptos_axum::{ResponseOptions, redirect};

use super::{
    context::{answer, visit},
    flash,
    i18n::td_string,
};
use crate::{
    error::WireError,
    ui::{Button, ButtonSize, ButtonVariant, Glyph, Icon},
};

/// How long the choice is kept, seconds: a year.
const KEPT: u32 = 31_536_000;

/// The names of all zones, as options of a list to search in.
static NAMES: LazyLock<String> =
    LazyLock::new(|| Zone::all().map(|zone| format!("<option value=\"{}\">", zone.name())).collect());

/// A folded form with every zone of the IANA database, found by typing a part of its name.
#[component]
pub fn ZoneSwitch() -> impl IntoView {
    let visit = visit();
    let locale = visit.locale();
    let back = visit.address();
    let flash = flash::of("/do/choose_zone", &visit.query);
    let error = flash.and_then(|flash| flash.error).map(|error| error.message).unwrap_or_default();
    view! {
        <details class="zone-details" open=!error.is_empty()>
            <summary class="btn btn-ghost btn-sm">{td_string!(locale, calendar.zone_change).to_string()}</summary>
            <form method="post" action="/do/choose_zone" class="zone-form" data-zone-form="">
                <input type="hidden" name="back" value=back/>
                <label class="field-label" for="zone">{td_string!(locale, calendar.zone_label).to_string()}</label>
                <p id="zone-hint" class="field-hint">{td_string!(locale, calendar.zone_hint).to_string()}</p>
                <input
                    id="zone" name="zone" class="input" list="zones" required=true autocomplete="off"
                    spellcheck="false" value=visit.zone.name() aria-describedby="zone-hint zone-error"
                />
                <p id="zone-error" class="field-error" data-error-for="zone" hidden=error.is_empty()>
                    <Icon glyph=Glyph::Error/>
                    <span data-error-text="">{error.clone()}</span>
                </p>
                <datalist id="zones" inner_html=NAMES.as_str()></datalist>
                <Button size=ButtonSize::Small variant=ButtonVariant::Secondary>
                    {td_string!(locale, calendar.zone_use).to_string()}
                </Button>
            </form>
        </details>
    }
}

/// Keeps the choice in a cookie and leads back to a page of this site.
///
/// # Errors
/// `INVALID_REQUEST` on `zone`.
pub async fn choose(text: String, back: String) -> Result<(), WireError> {
    let visit = visit();
    let zone = answer(&visit, async { Ok(find(&text)?) }).await?;
    let cookie = format!("tz_choice={}; Path=/; Max-Age={KEPT}; SameSite=Lax", zone.name());
    if let (Some(response), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(&cookie)) {
        response.append_header(header::SET_COOKIE, value);
    }
    redirect(&own_address(&back));
    Ok(())
}

/// A zone by one of its names, or by the one place that ends so: "new york".
fn find(text: &str) -> Result<Zone, Refusal> {
    let wanted = text.trim().replace(' ', "_").to_lowercase();
    let means = |name: &str| {
        let name = name.to_lowercase();
        name == wanted || name.rsplit('/').next() == Some(wanted.as_str())
    };
    let named = |zone: &Zone| means(zone.name()) || zone.former_names().any(means);
    Zone::parse(text.trim()).ok().or_else(|| Zone::all().find(named)).ok_or(Refusal::on(
        Code::InvalidRequest,
        "time_zone",
        "zone",
    ))
}

/// An address of this site, without a zone that would override the choice and without the traces of a failure; the start page for any other.
fn own_address(back: &str) -> String {
    let ours = back.starts_with('/')
        && !back.starts_with("//")
        && !back.contains('\\')
        && back.bytes().all(|byte| byte.is_ascii_graphic());
    if !ours {
        return "/".to_owned();
    }
    match back.split_once('?') {
        None => back.to_owned(),
        Some((path, query)) => {
            let kept: Vec<_> =
                query.split('&').filter(|pair| !pair.starts_with("tz=") && !pair.starts_with("__")).collect();
            if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_by_name_and_place() {
        for (text, name) in [
            ("Europe/Paris", Some("Europe/Paris")),
            (" europe/paris ", Some("Europe/Paris")),
            ("new york", Some("America/New_York")),
            ("Lisbon", Some("Europe/Lisbon")),
            ("kiev", Some("Europe/Kyiv")),
            ("Atlantis", None),
            ("", None),
        ] {
            assert_eq!(find(text).ok().map(Zone::name), name, "{text}");
        }
    }

    #[test]
    fn it_leads_back_to_this_site_only() {
        for (back, address) in [
            ("/tutors?field=LAW&tz=Asia/Tokyo", "/tutors?field=LAW"),
            ("/tutors?tz=Asia/Tokyo", "/tutors"),
            ("/tutors?page=2&__path=%2Fdo%2Fchoose_zone&__err=e30", "/tutors?page=2"),
            ("/tutors/ana", "/tutors/ana"),
            ("//evil.test", "/"),
            ("https://evil.test/", "/"),
            ("/\\evil.test", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("", "/"),
        ] {
            assert_eq!(own_address(back), address, "{back}");
        }
    }
}
