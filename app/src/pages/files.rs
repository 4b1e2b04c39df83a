//! Files that people sent, as a page shows them, and the field that takes some.

use leptos::prelude::*;
use services::{
    Actor,
    files::{Attachment, Home, Size, link},
};

use super::{
    context::Visit,
    format,
    i18n::{Locale, td_string},
};
use crate::ui::{Glyph, Icon};

/// The kinds of files that are taken, for the browser's own choice.
const KINDS: &str = "image/jpeg,image/png,image/webp,application/pdf";

/// Files: images small, with the way to the whole; others by name and size. Evidence is named in each case.
pub fn files(visit: &Visit, actor: &Actor, home: Home, files: &[Attachment]) -> impl IntoView + use<> {
    let rows = files.iter().map(|file| row(visit, actor, home, file)).collect_view();
    (!files.is_empty()).then(|| view! { <ul class="chat-files">{rows}</ul> })
}

fn row(visit: &Visit, actor: &Actor, home: Home, file: &Attachment) -> AnyView {
    let address = |size| link(&visit.services, home, actor.user, file.id, size).unwrap_or_default();
    let (href, name) = (address(Size::Whole), file.name.clone());
    let size = size(visit.locale(), file.size);
    if file.is_image() {
        let alt = td_string!(visit.locale(), chat.image, name = name.clone()).to_string();
        let (src, width, height) = (address(Size::Thumbnail), file.width, file.height);
        let caption = (home == Home::Dispute).then(|| view! { <p class="quiet small">{name}" "{size}</p> });
        return view! {
            <li><a href=href target="_blank" rel="noopener"><img src=src alt=alt width=width height=height loading="lazy"/></a>{caption}</li>
        }
        .into_any();
    }
    view! {
        <li><a class="chat-file" href=href download=""><Icon glyph=Glyph::Download/><span>{name}</span>" "<span>{size}</span></a></li>
    }
    .into_any()
}

/// Whole kilobytes, at least one.
pub(super) fn size(locale: Locale, bytes: i64) -> String {
    let kilobytes = format::number(locale, ((bytes + 999) / 1000).max(1));
    td_string!(locale, chat.kilobytes, count = kilobytes).to_string()
}

/// The control `file` of a [`crate::ui::Field`] that has a hint and the same id.
#[component]
pub fn FileInput(
    /// Takes more than one.
    #[prop(optional)]
    multiple: bool,
    /// Must be filled in.
    #[prop(optional)]
    required: bool,
) -> impl IntoView {
    view! {
        <input class="input" id="file" type="file" name="file" required=required multiple=multiple accept=KINDS aria-describedby="file-hint file-error"/>
    }
}
