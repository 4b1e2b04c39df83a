//! Files of a conversation: what a bubble shows of them, and the form that sends one.

use leptos::prelude::*;
use services::{
    Actor, chance,
    chat::{Attachment, Size, Thread, link},
};
use uuid::Uuid;

use super::{
    context::Visit,
    format,
    forms::{PostForm, error_on},
    i18n::{Locale, td_string},
};
use crate::ui::{Button, ButtonVariant, Disclosure, Field, Glyph, Icon};

/// The files of a message: images small, with the way to the whole; others by name and size.
pub fn files(visit: &Visit, actor: &Actor, files: &[Attachment]) -> impl IntoView + use<> {
    let rows = files.iter().map(|file| row(visit, actor, file)).collect_view();
    (!files.is_empty()).then(|| view! { <ul class="chat-files">{rows}</ul> })
}

fn row(visit: &Visit, actor: &Actor, file: &Attachment) -> AnyView {
    let address = |size| link(&visit.services, actor.user, file.id, size).unwrap_or_default();
    let (href, name) = (address(Size::Whole), file.name.clone());
    if file.is_image() {
        let alt = td_string!(visit.locale(), chat.image, name = name).to_string();
        let (src, width, height) = (address(Size::Thumbnail), file.width, file.height);
        return view! {
            <li><a href=href target="_blank" rel="noopener"><img src=src alt=alt width=width height=height loading="lazy"/></a></li>
        }
        .into_any();
    }
    let size = size(visit.locale(), file.size);
    view! {
        <li><a class="chat-file" href=href download=""><Icon glyph=Glyph::Download/><span>{name}</span>" "<span>{size}</span></a></li>
    }
    .into_any()
}

/// Whole kilobytes, at least one.
fn size(locale: Locale, bytes: i64) -> String {
    let kilobytes = format::number(locale, ((bytes + 999) / 1000).max(1));
    td_string!(locale, chat.kilobytes, count = kilobytes).to_string()
}

/// The form that sends a file.
#[component]
pub fn SendFile(
    /// The language.
    locale: Locale,
    /// The conversation.
    thread: Thread,
) -> impl IntoView {
    let form: Uuid = chance::id();
    view! {
        <Disclosure summary=td_string!(locale, chat.attach)>
            <PostForm action="send_file" class="form" files=true>
                <input type="hidden" name="thread" value=thread.id.to_string()/>
                <input type="hidden" name="form" value=form.to_string()/>
                <Field id="file" label=td_string!(locale, chat.file) hint=td_string!(locale, chat.file_hint) required=true error=error_on("file")>
                    <input class="input" id="file" type="file" name="file" required accept="image/jpeg,image/png,image/webp,application/pdf" aria-describedby="file-hint file-error"/>
                </Field>
                <Field id="caption" label=td_string!(locale, chat.caption) optional_text=td_string!(locale, site.optional) error=error_on("body")>
                    <input class="input" id="caption" name="body" maxlength="4000"/>
                </Field>
                <Button variant=ButtonVariant::Secondary icon=Glyph::ArrowRight>{td_string!(locale, chat.file_send)}</Button>
            </PostForm>
        </Disclosure>
    }
}
