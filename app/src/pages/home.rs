//! The landing page.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{context::visit, i18n::td_string};

/// `/`
#[component]
pub fn Home() -> impl IntoView {
    let locale = visit().locale();
    view! {
        <Title text=td_string!(locale, site.name).to_string()/>
        <h1>{td_string!(locale, home.title)}</h1>
    }
}
