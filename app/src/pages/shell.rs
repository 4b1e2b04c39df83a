//! The document around every page.

use leptos::prelude::*;
use leptos_meta::MetaTags;

use super::{built::BuiltFiles, context::visit, i18n::td_string, routes::App};

/// The whole document.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let visit = visit();
    view! {
        <!DOCTYPE html>
        <html lang=visit.language.tag() data-theme=visit.theme>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <AutoReload options=options.clone()/>
                <BuiltFiles options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Header, content and footer.
#[component]
pub fn Frame(children: Children) -> impl IntoView {
    let locale = visit().locale();
    view! {
        <a href="#content" class="skip-link">{td_string!(locale, site.skip)}</a>
        <main id="content">{children()}</main>
    }
}
