//! The form that sends a file in a conversation.

use leptos::prelude::*;
use services::{chance, chat::Thread};
use uuid::Uuid;

use super::{
    files::FileInput,
    forms::{PostForm, error_on},
    i18n::{Locale, td_string},
};
use crate::ui::{Button, ButtonVariant, Disclosure, Field, Glyph};

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
                    <FileInput required=true/>
                </Field>
                <Field id="caption" label=td_string!(locale, chat.caption) optional_text=td_string!(locale, site.optional) error=error_on("body")>
                    <input class="input" id="caption" name="body" maxlength="4000"/>
                </Field>
                <Button variant=ButtonVariant::Secondary icon=Glyph::ArrowRight>{td_string!(locale, chat.file_send)}</Button>
            </PostForm>
        </Disclosure>
    }
}
