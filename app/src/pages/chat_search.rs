//! `/messages/{thread_id}/search`: what was said about something, each message with the way to its place.

use std::collections::HashMap;

use domain::ids::ThreadId;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use services::{
    Actor,
    chat::{self, Message, Slice, Thread},
    files::Attachment,
};

use super::{
    chat_links::written,
    chat_view::{first_name, shown_text},
    context::Visit,
    format,
    gate::signed_in,
    i18n::{Locale, td_string},
    load::load,
    query,
};
use crate::ui::{Button, ButtonLink, ButtonSize, ButtonVariant, EmptyState, Field, Glyph, Input, PageHeader};

/// Messages on a page.
const FOUND: i64 = 30;

/// What was found.
#[derive(Clone)]
struct Found {
    thread: Thread,
    actor: Actor,
    text: String,
    messages: Slice<Message, i64>,
    /// The files of these messages.
    files: HashMap<i64, Vec<Attachment>>,
}

/// The box that searches a conversation, in its head.
pub fn search_box(locale: Locale, thread: ThreadId) -> impl IntoView {
    let label = td_string!(locale, chat.search);
    view! {
        <form class="chat-search" role="search" method="get" action=address(thread)>
            <input class="input" type="search" name="q" maxlength="200" required aria-label=label placeholder=label/>
            <Button variant=ButtonVariant::Ghost icon=Glyph::Search label/>
        </form>
    }
}

fn address(thread: ThreadId) -> String {
    format!("/messages/{thread}/search")
}

/// `/messages/{thread_id}/search`
#[component]
pub fn SearchPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    signed_in(|_, actor| {
        load(
            move |visit| async move {
                let id: ThreadId = id.parse()?;
                let thread = chat::thread(&visit.services, &actor, id).await?;
                let text = query::get(&visit.query, "q").unwrap_or_default();
                let before = query::get(&visit.query, "before").map(|cursor| cursor.parse()).transpose()?;
                let words = chat::words(&text)?;
                let messages = if words.is_empty() {
                    Slice { rows: Vec::new(), next: None }
                } else {
                    chat::search(&visit.services, &actor, id, &words, before, FOUND).await?
                };
                let files = chat::attachments(&visit.services, &actor, id, &messages.rows).await?;
                Ok(Found { thread, actor, text, messages, files })
            },
            |visit, found| view! { <Shown visit found/> },
        )
    })
}

#[component]
fn Shown(visit: Visit, found: Found) -> impl IntoView {
    let locale = visit.locale();
    let Found { thread, actor, text, messages, files } = found;
    let title = td_string!(locale, chat.search_title, name = thread.other_name.clone()).to_string();
    let rows = messages.rows.iter().map(|message| {
        let text = shown_text(locale, message, first_name(&files, message));
        row(&visit, &thread, &actor, message, &text)
    });
    let rows = rows.collect_view();
    let none = (messages.rows.is_empty() && !text.is_empty()).then(|| {
        let title = td_string!(locale, chat.search_none, text = text.clone()).to_string();
        view! { <EmptyState glyph=Glyph::Search title text=td_string!(locale, chat.search_hint)/> }
    });
    let more = messages.next.map(|cursor| {
        let pairs = [("q", text.clone()), ("before", cursor.to_string())];
        let href = format!("{}?{}", address(thread.id), query::write(pairs));
        let label = td_string!(locale, chat.older);
        view! { <p class="center"><ButtonLink href variant=ButtonVariant::Secondary size=ButtonSize::Small>{label}</ButtonLink></p> }
    });
    let (action, back) = (address(thread.id), format!("/messages/{}", thread.id));
    view! {
        <Title text=title.clone()/>
        <div class="page page-text flow">
            <ButtonLink href=back variant=ButtonVariant::Ghost icon=Glyph::ChevronLeft>
                {td_string!(locale, safety.back)}
            </ButtonLink>
            <PageHeader title/>
            <form class="form" role="search" method="get" action=action>
                <Field id="q" label=td_string!(locale, chat.search) hint=td_string!(locale, chat.search_hint)>
                    <Input name="q" kind="search" value=text attr:maxlength="200"/>
                </Field>
                <Button icon=Glyph::Search>{td_string!(locale, chat.search_do)}</Button>
            </form>
            {none}
            <ol class="chat-found">{rows}</ol>
            {more}
        </div>
    }
}

fn row(
    visit: &Visit,
    thread: &Thread,
    actor: &Actor,
    message: &Message,
    text: &str,
) -> impl IntoView + use<> {
    let locale = visit.locale();
    let who = if message.sender == actor.user {
        td_string!(locale, chat.you).to_owned()
    } else {
        thread.other_name.clone()
    };
    let href = format!("/messages/{}?at={}#m{}", thread.id, message.id, message.id);
    let time = format::near(locale, visit.zone, message.sent_at, visit.now);
    let label = format::named(locale, td_string!(locale, chat.search_show), &format!("{who}, {time}"));
    let body = written(text);
    view! {
        <li>
            <p class="chat-meta">{who}" · "<time datetime=message.sent_at.to_rfc3339()>{time}</time></p>
            <p class="chat-text">{body}</p>
            <a class="link hit" href=href aria-label=label>{td_string!(locale, chat.search_show)}</a>
        </li>
    }
}
