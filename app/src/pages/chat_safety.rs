//! What one of the two can do against the other: the page of a report, and what a conversation shows of it.

use std::collections::HashMap;

use domain::{
    chat::{ReportReason, Silence},
    ids::ThreadId,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use services::{
    chat::{self, Message, Thread},
    files::Attachment,
};

use super::{
    chat_safety_actions::message_id,
    chat_view::{first_name, shown_text},
    context::Visit,
    forms::{FlashNotice, PostForm, error_on, kept_or},
    gate::signed_in,
    i18n::{Locale, reason_name, td_string},
    load::load,
    query,
};
use crate::ui::{
    Alert, Button, ButtonLink, ButtonSize, ButtonVariant, Card, ChoiceItem, Field, Glyph, PageHeader,
    RadioGroup, Textarea, Tone,
};

/// The way to the page of a report, in the head of a conversation.
pub fn safety_link(locale: Locale, thread: ThreadId) -> impl IntoView {
    let href = format!("/messages/{thread}/report");
    let label = td_string!(locale, safety.open);
    view! {
        <span class="chat-safety">
            <ButtonLink href variant=ButtonVariant::Ghost size=ButtonSize::Small>{label}</ButtonLink>
        </span>
    }
}

/// The way to report a message of the other person.
pub fn report_link(locale: Locale, message: &Message) -> impl IntoView + use<> {
    let href = format!("/messages/{}/report?message={}", message.thread, message.id);
    view! { " · "<a class="chat-report" href=href>{td_string!(locale, safety.report)}</a> }
}

/// What stands in place of the form of the next message where none can be sent.
#[component]
pub fn Silenced(
    /// The language.
    locale: Locale,
    /// The conversation.
    thread: Thread,
) -> impl IntoView {
    let name = thread.other_name.clone();
    let Silence { blocks, suspended, .. } = thread.silence;
    let text = if suspended {
        td_string!(locale, safety.suspended).to_owned()
    } else if blocks {
        td_string!(locale, safety.blocks, name = name).to_string()
    } else {
        td_string!(locale, safety.blocked, name = name).to_string()
    };
    let undo = blocks.then(|| block_form(locale, &thread));
    view! {
        <Alert tone=Tone::Info title=text/>
        {undo}
    }
}

/// What a conversation says after a block or a report.
pub fn safety_notice(visit: &Visit) -> impl IntoView + use<> {
    let reported = query::get(&visit.query, "reported").is_some();
    let title = td_string!(visit.locale(), safety.reported);
    reported.then(|| view! { <Alert tone=Tone::Success title/> })
}

/// The form that blocks the other person, or undoes it.
fn block_form(locale: Locale, thread: &Thread) -> impl IntoView + use<> {
    let (id, blocks) = (thread.id.to_string(), thread.silence.blocks);
    let action = if blocks { "unblock_person" } else { "block_person" };
    let variant = if blocks { ButtonVariant::Secondary } else { ButtonVariant::Danger };
    let name = thread.other_name.clone();
    let text = if blocks {
        td_string!(locale, safety.unblock, name = name).to_string()
    } else {
        td_string!(locale, safety.block, name = name).to_string()
    };
    view! {
        <PostForm action>
            <input type="hidden" name="thread" value=id/>
            <Button variant icon=Glyph::Ban>{text}</Button>
        </PostForm>
    }
}

/// `/messages/{thread_id}/report`: a message, or without `?message=` the conversation.
#[component]
pub fn ReportPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    signed_in(|_, actor| {
        load(
            move |visit| async move {
                let id: ThreadId = id.parse()?;
                let thread = chat::thread(&visit.services, &actor, id).await?;
                let message = message_id(&query::get(&visit.query, "message").unwrap_or_default())?;
                let message = match message {
                    Some(message) => {
                        let message = chat::message_of_other(&visit.services, &actor, id, message).await?;
                        let told = std::slice::from_ref(&message);
                        let files = chat::attachments(&visit.services, &actor, id, told).await?;
                        Some((message, files))
                    }
                    None => None,
                };
                Ok((thread, message))
            },
            |visit, (thread, message)| view! { <Shown locale=visit.locale() thread message/> },
        )
    })
}

/// A message, with its files.
type Reported = (Message, HashMap<i64, Vec<Attachment>>);

#[component]
fn Shown(locale: Locale, thread: Thread, message: Option<Reported>) -> impl IntoView {
    let name = thread.other_name.clone();
    let title = match message {
        Some(_) => td_string!(locale, safety.report_message, name = name.clone()).to_string(),
        None => td_string!(locale, safety.report_thread, name = name.clone()).to_string(),
    };
    let block = if thread.silence.blocks {
        td_string!(locale, safety.blocks, name = name.clone()).to_string()
    } else {
        td_string!(locale, safety.block_text, name = name.clone()).to_string()
    };
    let back = format!("/messages/{}", thread.id);
    let for_report = thread.clone();
    view! {
        <Title text=title.clone()/>
        <div class="page page-text flow">
            <ButtonLink href=back variant=ButtonVariant::Ghost icon=Glyph::ChevronLeft>
                {td_string!(locale, safety.back)}
            </ButtonLink>
            <PageHeader title/>
            <Card><ReportForm locale thread=for_report message/></Card>
            <Card title=td_string!(locale, safety.block_title)>
                <div class="stack">
                    <p>{block}</p>
                    <FlashNotice actions=&["block_person", "unblock_person"]/>
                    {block_form(locale, &thread)}
                </div>
            </Card>
        </div>
    }
}

#[component]
fn ReportForm(locale: Locale, thread: Thread, message: Option<Reported>) -> impl IntoView {
    let id = message.as_ref().map(|(message, _)| message.id.to_string()).unwrap_or_default();
    let quote = message.map(|(message, files)| {
        let text = shown_text(locale, &message, first_name(&files, &message));
        view! { <blockquote class="chat-quote">{text}</blockquote> }
    });
    let explained = td_string!(locale, safety.explained, name = thread.other_name.clone()).to_string();
    view! {
        <PostForm action="report_chat" class="form">
            {quote}
            <p class="quiet">{explained}</p>
            <input type="hidden" name="thread" value=thread.id.to_string()/>
            <input type="hidden" name="message" value=id/>
            {reasons(locale)}
            <Field id="note" label=td_string!(locale, safety.note) optional_text=td_string!(locale, site.optional) error=error_on("note")>
                <Textarea name="note" rows=3 value=kept_or("note", String::new())/>
            </Field>
            <Button icon=Glyph::ArrowRight>{td_string!(locale, safety.send)}</Button>
        </PostForm>
    }
}

fn reasons(locale: Locale) -> impl IntoView {
    let items =
        ReportReason::ALL.map(|reason| ChoiceItem::new(reason.name(), reason_name(locale, reason), ""));
    let legend = td_string!(locale, safety.reason);
    let (value, error) = (kept_or("reason", String::new()), error_on("reason"));
    view! { <RadioGroup name="reason" legend items=items.to_vec() value error required=true/> }
}
