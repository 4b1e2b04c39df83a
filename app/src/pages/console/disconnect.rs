//! The question before something is disconnected.

use leptos::prelude::*;

use crate::{
    pages::{
        context::visit,
        format,
        i18n::{Locale, td_string},
        query,
    },
    ui::{Button, ButtonLink, ButtonSize, ButtonVariant, Dialog},
};

/// What is to be disconnected, and by which form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnecting {
    /// The endpoint of the form.
    pub action: &'static str,
    /// The field that names what is disconnected.
    pub field: &'static str,
    /// What is disconnected.
    pub own: String,
    /// The id of the dialog, and of what it stands beside.
    pub id: String,
    /// The part of the page on which it is listed.
    pub part: &'static str,
}

impl Disconnecting {
    fn page(&self) -> String {
        format!("/tutor/settings#{}", self.part)
    }
}

/// What asks the question: a link to the page with the open dialog, which a script opens in place.
#[component]
pub fn DisconnectLink(
    /// The language.
    locale: Locale,
    /// What it is about.
    what: Disconnecting,
    /// What it is called, for those who do not see where the link stands.
    name: String,
) -> impl IntoView {
    let href = format!("/tutor/settings?disconnect={}#{}", what.own, what.part);
    let label = format::named(locale, td_string!(locale, diary.busy_disconnect), &name);
    view! {
        <ButtonLink href variant=ButtonVariant::Ghost size=ButtonSize::Small label attr:data-opens=what.id>
            {td_string!(locale, diary.busy_disconnect)}
        </ButtonLink>
    }
}

/// The question. Without script it arrives open at its own address.
#[component]
pub fn DisconnectDialog(
    /// The language.
    locale: Locale,
    /// What it is about.
    what: Disconnecting,
    /// The question.
    title: &'static str,
    /// What follows from it.
    text: String,
) -> impl IntoView {
    let open = query::get(&visit().query, "disconnect").as_deref() == Some(what.own.as_str());
    let page = what.page();
    let close = if open { page.clone() } else { String::new() };
    view! {
        <Dialog id=what.id title close_label=td_string!(locale, site.close) open close_href=close>
            <p>{text}</p>
            <form method="post" action=format!("/do/{}", what.action) class="form">
                <input type="hidden" name=what.field value=what.own/>
                <div class="form-actions">
                    <Button variant=ButtonVariant::Danger class="btn-solid">{td_string!(locale, diary.busy_disconnect)}</Button>
                    <ButtonLink href=page variant=ButtonVariant::Ghost attr:data-closes="">{td_string!(locale, diary.busy_keep)}</ButtonLink>
                </div>
            </form>
        </Dialog>
    }
}
