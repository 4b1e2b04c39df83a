//! Lessons in one's own calendar: the secret address on the page of settings, and the ways to add one lesson.

use leptos::prelude::*;
use services::calendar::{Address, Links};

use super::{
    context::visit,
    i18n::{Locale, td_string},
    query,
};
use crate::ui::{Button, ButtonLink, ButtonVariant, Card, Dialog, Disclosure, Field, Glyph, Input};

/// The page on which the address stands.
const PAGE: &str = "/settings#calendar";

/// The address of one's own calendar, and the button that renews it.
#[component]
pub fn Subscription(
    /// The language.
    locale: Locale,
    /// Where the calendar is; `None` before it has an address.
    address: Option<Address>,
) -> impl IntoView {
    let shown = match address {
        Some(address) => view! { <Subscribe locale address/> }.into_any(),
        None => view! {
            <form method="post" action="/do/renew_calendar" class="form-actions">
                <Button icon=Glyph::Calendar>{td_string!(locale, diary.make)}</Button>
            </form>
        }
        .into_any(),
    };
    view! {
        <div id="calendar">
            <Card title=td_string!(locale, diary.title)>
                <div class="stack">
                    <p class="quiet small">{td_string!(locale, diary.lead)}</p>
                    {shown}
                </div>
            </Card>
        </div>
    }
}

#[component]
fn Subscribe(locale: Locale, address: Address) -> impl IntoView {
    view! {
        <Field id="calendar-address" label=td_string!(locale, diary.address) hint=td_string!(locale, diary.address_hint)>
            <Input name="calendar-address" kind="url" value=address.https attr:readonly="" attr:spellcheck="false"/>
        </Field>
        <div class="row">
            <ButtonLink href=address.webcal variant=ButtonVariant::Secondary icon=Glyph::Calendar>{td_string!(locale, diary.subscribe)}</ButtonLink>
            <ButtonLink href="/settings?renew=1#calendar" variant=ButtonVariant::Ghost attr:data-opens="renew-calendar">{td_string!(locale, diary.renew)}</ButtonLink>
        </div>
        <RenewDialog locale/>
    }
}

/// The question before the address is renewed. Without script it arrives open at its own address.
#[component]
fn RenewDialog(locale: Locale) -> impl IntoView {
    let open = query::get(&visit().query, "renew").as_deref() == Some("1");
    let close = if open { PAGE.to_owned() } else { String::new() };
    view! {
        <Dialog id="renew-calendar" title=td_string!(locale, diary.renew_title) close_label=td_string!(locale, site.close) open close_href=close>
            <p>{td_string!(locale, diary.renew_text)}</p>
            <form method="post" action="/do/renew_calendar" class="form">
                <div class="form-actions">
                    <Button variant=ButtonVariant::Danger class="btn-solid">{td_string!(locale, diary.renew)}</Button>
                    <ButtonLink href=PAGE variant=ButtonVariant::Ghost attr:data-closes="">{td_string!(locale, diary.keep)}</ButtonLink>
                </div>
            </form>
        </Dialog>
    }
}

/// The ways to add a lesson to a calendar.
#[component]
pub fn AddToCalendar(
    /// The language.
    locale: Locale,
    /// The booking.
    id: String,
    /// Where calendars on the web take it.
    links: Links,
) -> impl IntoView {
    let web = [
        (td_string!(locale, diary.google), links.google),
        (td_string!(locale, diary.outlook), links.outlook),
        (td_string!(locale, diary.office), links.office),
    ];
    let web = web.map(|(name, href)| {
        view! { <li><a class="link hit" href=href target="_blank" rel="noopener noreferrer">{name}</a></li> }
    });
    view! {
        <Card>
            <Disclosure summary=td_string!(locale, diary.add) class="disclosure-last">
                <ul class="stack">
                    <li><a class="link hit" href=format!("/lessons/{id}/calendar.ics") download="">{td_string!(locale, diary.file)}</a></li>
                    {web.collect_view()}
                </ul>
                <p class="quiet small">{td_string!(locale, diary.add_hint)} " " <a class="link" href=PAGE>{td_string!(locale, diary.to_settings)}</a></p>
            </Disclosure>
        </Card>
    }
}
