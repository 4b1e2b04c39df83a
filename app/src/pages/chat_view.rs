//! A conversation: its messages, and the form that writes the next.

use std::collections::HashMap;

use domain::{
    account::Role,
    chat::Presence,
    ids::{BookingId, TutorId},
};
use leptos::prelude::*;
use services::{
    Actor, chance,
    chat::{Message, Thread},
    files::{Attachment, Home},
};
use uuid::Uuid;

use super::{
    chat::Open,
    chat_links::written,
    chat_safety::{Silenced, report_link},
    context::Visit,
    files::files,
    format,
    forms::{PostForm, error_on, kept_or},
    gate::sign_in_address,
    i18n::{Locale, td_string},
    query,
    updates::refresh_at,
};
use crate::{
    chat::talk::{Talk, TalkTexts},
    ui::{Button, ButtonLink, ButtonSize, ButtonVariant, EmptyState, Field, Glyph, Textarea},
};

/// The messages, oldest first, and the form below them.
#[component]
pub fn Conversation(
    /// The request.
    visit: Visit,
    /// The reader.
    actor: Actor,
    /// The conversation.
    open: Open,
) -> impl IntoView {
    let locale = visit.locale();
    let address = format!("/messages/{}", open.thread.id);
    let older = open.messages.next.map(|cursor| {
        let href = format!("{address}?before={}", query::encode(&cursor.to_string()));
        view! { <p class="chat-earlier center">{way(href, td_string!(locale, chat.older))}</p> }
    });
    let newer = open.is_past.then(|| {
        view! { <p class="center">{way(address.clone(), td_string!(locale, chat.newest))}</p> }
    });
    let rows = open.messages.rows.iter().rev();
    let bubbles = rows.map(|message| bubble(&visit, &actor, &open, message)).collect_view();
    let none = open.messages.rows.is_empty().then(|| {
        let name = open.thread.other_name.clone();
        view! { <EmptyState glyph=Glyph::Message title=td_string!(locale, chat.first, name = name).to_string()/> }
    });
    let label = td_string!(locale, chat.with, name = open.thread.other_name.clone()).to_string();
    let moving = (!open.is_past).then(|| {
        let (user, thread) = (actor.user.to_string(), open.thread.id.to_string());
        view! { <Talk user thread texts=talk_texts(locale)/> }
    });
    let typing = td_string!(locale, chat.typing, name = open.thread.other_name.clone()).to_string();
    view! {
        // Its one child grows upward: the newest message is in sight at first, and stays there.
        <div class="chat-scroll" data-scrolled="" tabindex="0" role="region" aria-label=label>
            <div class="chat-lines">
                <div class="chat-lines" id="conversation" data-live="rows">
                    {older}
                    {none}
                    <ol class="chat-bubbles">{bubbles}</ol>
                    {newer}
                </div>
                {moving}
            </div>
        </div>
        <p class="chat-typing small quiet" data-typing=open.thread.id.to_string()>{typing}</p>
        {if open.thread.silence.allows_writing().is_ok() {
            view! { <Write visit thread=open.thread/> }.into_any()
        } else {
            view! { <Silenced locale thread=open.thread/> }.into_any()
        }}
    }
}

/// A way to other messages.
fn way(href: String, text: &'static str) -> impl IntoView {
    view! { <ButtonLink href variant=ButtonVariant::Secondary size=ButtonSize::Small>{text}</ButtonLink> }
}

fn bubble(visit: &Visit, actor: &Actor, open: &Open, message: &Message) -> impl IntoView + use<> {
    let (locale, thread) = (visit.locale(), &open.thread);
    let files = open.files.get(&message.id).map(|list| files(visit, actor, Home::Chat, list));
    let own = message.sender == actor.user;
    let who = if own { td_string!(locale, chat.you).to_owned() } else { thread.other_name.clone() };
    let time = format::near(locale, visit.zone, message.sent_at, visit.now);
    let state = own.then(|| format!(" · {}", receipt(locale, thread, message)));
    let masked = message.masked.then(|| {
        let text = if own { td_string!(locale, chat.masked_own) } else { td_string!(locale, chat.masked) };
        view! { <p class="chat-note small">{text}</p> }
    });
    let parts = if message.removed {
        Some(view! { <em>{td_string!(locale, chat.removed)}</em> }.into_any())
    } else {
        (!message.body.is_empty()).then(|| written(&message.body))
    };
    let text = parts.map(|parts| view! { <p class="chat-text">{parts}</p> });
    let report = (!own).then(|| report_link(locale, message));
    let name = message.client_id.clone().filter(|_| own);
    view! {
        <li class="chat-bubble" id=format!("m{}", message.id) data-own=own.then_some("") data-name=name>
            <p class="sr-only">{who}</p>
            {text}
            {files}
            {masked}
            <p class="chat-meta"><time datetime=message.sent_at.to_rfc3339()>{time}</time>{state}{report}</p>
        </li>
    }
}

/// The text of a message, or that it was removed. One that says nothing is told by what its file is called.
pub(super) fn shown_text(locale: Locale, message: &Message, file: Option<&str>) -> String {
    match file {
        _ if message.removed => td_string!(locale, chat.removed).to_owned(),
        Some(file) if message.body.is_empty() => file.to_owned(),
        _ => message.body.clone(),
    }
}

/// What the first file of a message is called.
pub(super) fn first_name<'a>(files: &'a HashMap<i64, Vec<Attachment>>, message: &Message) -> Option<&'a str> {
    files.get(&message.id).and_then(|files| files.first()).map(|file| &*file.name)
}

fn talk_texts(locale: Locale) -> TalkTexts {
    TalkTexts {
        you: td_string!(locale, chat.you).to_owned(),
        sending: td_string!(locale, chat.sending).to_owned(),
        sent: td_string!(locale, chat.sent).to_owned(),
        waiting: td_string!(locale, chat.waiting).to_owned(),
        refused: td_string!(locale, chat.refused).to_owned(),
        again: td_string!(locale, chat.again).to_owned(),
        discard: td_string!(locale, chat.discard).to_owned(),
    }
}

/// Whether the other person is there. The page looks again when that may have changed.
#[component]
pub fn There(
    /// The request.
    visit: Visit,
    /// The conversation.
    thread: Thread,
) -> impl IntoView {
    let locale = visit.locale();
    // Who may not write to each other does not see it either.
    let seen_at = thread.other_seen_at.filter(|_| thread.silence.allows_writing().is_ok());
    let presence = seen_at.map(|at| Presence::of(at, visit.now));
    let until = match presence {
        Some(Presence::Here { until }) => refresh_at(&visit, &[until]),
        _ => None,
    };
    let words = presence.map(|presence| match presence {
        Presence::Here { .. } => {
            view! { <span class="chat-here" aria-hidden="true"></span>{td_string!(locale, chat.here)} }
                .into_any()
        }
        Presence::Gone { since } => {
            let time = format::near(locale, visit.zone, since, visit.now);
            td_string!(locale, chat.seen, time = time).to_string().into_any()
        }
    });
    view! {
        <p class="chat-there small quiet" id="presence" data-live="" data-presence=thread.other.to_string() data-refresh-at=until>
            {words}
        </p>
    }
}

/// How far a message of the reader's own has come.
fn receipt(locale: Locale, thread: &Thread, message: &Message) -> &'static str {
    if message.id <= thread.read_to {
        td_string!(locale, chat.read)
    } else if message.id <= thread.delivered_to {
        td_string!(locale, chat.delivered)
    } else {
        td_string!(locale, chat.sent)
    }
}

/// The way to a conversation, on other pages.
pub struct WriteTo;

impl WriteTo {
    /// From a tutor's profile: for students, and for those who may become one.
    pub fn tutor(visit: &Visit, tutor: TutorId) -> AnyView {
        let locale = visit.locale();
        match visit.actor.as_ref().map(|actor| actor.role) {
            Some(Role::Student) => open_form(locale, "tutor", tutor.to_string(), ButtonSize::default()),
            Some(_) => ().into_any(),
            None => {
                let href = sign_in_address(visit);
                let text = td_string!(locale, chat.write);
                view! { <ButtonLink href variant=ButtonVariant::Secondary icon=Glyph::Message>{text}</ButtonLink> }
                    .into_any()
            }
        }
    }

    /// From a lesson, to its other party.
    pub fn party(visit: &Visit, booking: BookingId) -> AnyView {
        open_form(visit.locale(), "booking", booking.to_string(), ButtonSize::Small)
    }
}

fn open_form(locale: Locale, name: &'static str, value: String, size: ButtonSize) -> AnyView {
    let text = td_string!(locale, chat.write);
    view! {
        <PostForm action="open_thread">
            <input type="hidden" name=name value=value/>
            <Button variant=ButtonVariant::Secondary size icon=Glyph::Message>{text}</Button>
        </PostForm>
    }
    .into_any()
}

/// The form of the next message.
#[component]
fn Write(visit: Visit, thread: Thread) -> impl IntoView {
    let locale = visit.locale();
    let form: Uuid = chance::id();
    // Who has just sent goes on writing.
    let again = query::get(&visit.query, "sent").is_some();
    view! {
        <PostForm action="send_message" class="chat-write">
            <input type="hidden" name="thread" value=thread.id.to_string()/>
            <input type="hidden" name="form" value=form.to_string()/>
            <Field id="body" label=td_string!(locale, chat.message) required=true error=error_on("body")>
                <Textarea name="body" rows=2 value=kept_or("body", String::new()) autofocus=again/>
            </Field>
            <Button icon=Glyph::ArrowRight>{td_string!(locale, chat.send)}</Button>
        </PostForm>
    }
}

/// Says the newest message to those who do not see it arrive.
#[component]
pub fn News(
    /// The language.
    locale: Locale,
    /// The reader.
    actor: Actor,
    /// The conversation.
    open: Open,
) -> impl IntoView {
    let newest = open.messages.rows.first().filter(|message| message.sender != actor.user && !open.is_past);
    let said = newest.map(|message| {
        let file = first_name(&open.files, message);
        let (name, text) = (open.thread.other_name.clone(), shown_text(locale, message, file));
        td_string!(locale, chat.says, name = name, text = text).to_string()
    });
    view! { <p class="sr-only" role="status" id="chat-news" data-live="">{said}</p> }
}
