//! What the site keeps and what holds: true of what exists, and changed with it.

use leptos::prelude::*;
use leptos_meta::Title;
use services::settings;

use super::{context::visit, format, i18n::td_string, load::load};
use crate::ui::PageHeader;

/// A heading with its text.
fn part(title: &'static str, text: impl IntoView) -> impl IntoView {
    view! { <h2>{title}</h2> <p>{text}</p> }
}

/// `/privacy`
#[component]
pub fn Privacy() -> impl IntoView {
    let locale = visit().locale();
    let kept = [
        td_string!(locale, legal.kept_account),
        td_string!(locale, legal.kept_student),
        td_string!(locale, legal.kept_tutor),
        td_string!(locale, legal.kept_booking),
        td_string!(locale, legal.kept_payment),
        td_string!(locale, legal.kept_sign_in),
    ];
    let cookies = [
        ("lectern_session", td_string!(locale, legal.cookie_session)),
        ("lectern_device", td_string!(locale, legal.cookie_device)),
        ("lang, theme", td_string!(locale, legal.cookie_lang)),
        ("tz, tz_choice", td_string!(locale, legal.cookie_tz)),
        ("flash", td_string!(locale, legal.cookie_flash)),
    ];
    let title = td_string!(locale, legal.privacy_title);
    view! {
        <Title text=title.to_owned()/>
        <div class="page page-text">
            <PageHeader title lead=td_string!(locale, legal.privacy_lead)/>
            <div class="prose-text">
                {part(td_string!(locale, legal.who_title), td_string!(locale, legal.who_text))}
                <h2>{td_string!(locale, legal.kept_title)}</h2>
                <ul>{kept.map(|text| view! { <li>{text}</li> }).collect_view()}</ul>
                {part(td_string!(locale, legal.not_title), td_string!(locale, legal.not_text))}
                {part(td_string!(locale, legal.video_title), td_string!(locale, legal.video_text))}
                {part(td_string!(locale, legal.cookies_title), td_string!(locale, legal.cookies_text))}
                <ul>{cookies.map(|(name, text)| view! { <li><code>{name}</code> " – " {text}</li> }).collect_view()}</ul>
                <p>{td_string!(locale, legal.storage_text)}</p>
                {part(td_string!(locale, legal.long_title), td_string!(locale, legal.long_text))}
                {part(td_string!(locale, legal.rights_title), td_string!(locale, legal.rights_text))}
            </div>
        </div>
    }
}

/// `/legal`
#[component]
pub fn Legal() -> impl IntoView {
    load(
        async |visit| {
            let mut db = visit.services.db.acquire().await?;
            Ok(settings::load(&mut db).await?.policy)
        },
        |visit, policy| {
            let locale = visit.locale();
            let title = td_string!(locale, legal.legal_title);
            let notice = format::span(locale, policy.cancel_notice_min);
            let address = visit.services.config.web.public_url.clone();
            let cancel = td_string!(locale, legal.cancel_text, notice = notice).to_string();
            view! {
                <Title text=title.to_owned()/>
                <div class="page page-text">
                    <PageHeader title lead=td_string!(locale, legal.legal_lead)/>
                    <div class="prose-text">
                        {part(td_string!(locale, legal.operator_title), td_string!(locale, legal.operator_text))}
                        <p><a href=address.clone()>{address.clone()}</a></p>
                        {part(td_string!(locale, legal.contract_title), td_string!(locale, legal.contract_text))}
                        {part(td_string!(locale, legal.cancel_title), cancel)}
                        {part(td_string!(locale, legal.pay_title), td_string!(locale, legal.pay_text))}
                        {part(td_string!(locale, legal.software_title), td_string!(locale, legal.software_text))}
                    </div>
                </div>
            }
        },
    )
}
