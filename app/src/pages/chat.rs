//! `/messages`: one's threads, and the conversation of one.

use std::collections::HashMap;

use domain::ids::ThreadId;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use services::{
    Actor, Result,
    chat::{self, Message, Slice, Thread},
    files::Attachment,
};

use super::{
    chat_files::SendFile,
    chat_safety::{safety_link, safety_notice},
    chat_safety_actions::message_id,
    chat_search::search_box,
    chat_view::{Conversation, News, There, shown_text},
    context::Visit,
    format,
    gate::signed_in,
    i18n::td_string,
    load::load,
    query,
    updates::Updates,
};
use crate::ui::{Avatar, ButtonLink, ButtonVariant, EmptyState, Glyph, PageHeader};

/// Threads in the list.
const THREADS: i64 = 50;

/// Messages of a conversation on a page.
const MESSAGES: i64 = 30;

/// A conversation with what its page shows.
#[derive(Clone)]
pub struct Open {
    /// Its thread, after the reader has seen the page.
    pub thread: Thread,
    /// Its messages, newest first.
    pub messages: Slice<Message, i64>,
    /// The files of these messages.
    pub files: HashMap<i64, Vec<Attachment>>,
    /// The page shows messages from before the newest ones.
    pub is_past: bool,
}

/// `/messages`
#[component]
pub fn MessagesPage() -> impl IntoView {
    signed_in(|_, actor| {
        load(
            move |visit| async move { list(&visit, &actor).await },
            |visit, threads| {
                let locale = visit.locale();
                let title = td_string!(locale, chat.title);
                view! {
                    <Title text=title/>
                    <div class="page flow">
                        <PageHeader title/>
                        <div class="chat">
                            {aside(&visit, &threads, None)}
                            {(!threads.is_empty()).then(|| view! {
                                <div class="chat-main chat-none">
                                    <EmptyState glyph=Glyph::Message title=td_string!(locale, chat.choose)/>
                                </div>
                            })}
                        </div>
                        <Updates/>
                    </div>
                }
            },
        )
    })
}

async fn list(visit: &Visit, actor: &Actor) -> Result<Vec<Thread>> {
    Ok(chat::threads(&visit.services, actor, None, THREADS).await?.rows)
}

/// `/messages/{thread_id}`
#[component]
pub fn ThreadPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    signed_in(|_, actor| {
        load(
            move |visit| async move {
                let id: ThreadId = id.parse()?;
                let before = match message_id(&query::get(&visit.query, "at").unwrap_or_default())? {
                    Some(message) => chat::place(&visit.services, &actor, id, message).await?,
                    None => query::get(&visit.query, "before").map(|cursor| cursor.parse()).transpose()?,
                };
                let messages = chat::messages(&visit.services, &actor, id, before, MESSAGES).await?;
                let newest = messages.rows.first().map(|message| message.id);
                let thread = match newest {
                    // Whoever is shown a message has read it.
                    Some(newest) => chat::read(&visit.services, &actor, id, Some(newest)).await?,
                    None => chat::thread(&visit.services, &actor, id).await?,
                };
                let files = chat::attachments(&visit.services, &actor, id, &messages.rows).await?;
                let open = Open { thread, messages, files, is_past: before.is_some() };
                Ok((list(&visit, &actor).await?, open, actor))
            },
            |visit, (threads, open, actor)| {
                let locale = visit.locale();
                let name = open.thread.other_name.clone();
                let may_write = open.thread.silence.allows_writing().is_ok();
                let title = td_string!(locale, chat.with, name = name.clone()).to_string();
                view! {
                    <Title text=title/>
                    <div class="page flow">
                        <div class="chat" data-open="">
                            {aside(&visit, &threads, Some(open.thread.id))}
                            <div class="chat-main">
                                <header class="chat-head">
                                    <span class="chat-back">
                                        <ButtonLink href="/messages" variant=ButtonVariant::Ghost icon=Glyph::ChevronLeft label=td_string!(locale, chat.back)/>
                                    </span>
                                    <Avatar name=name.clone()/>
                                    <div>
                                        <h1 class="chat-name">{name}</h1>
                                        <There visit=visit.clone() thread=open.thread.clone()/>
                                    </div>
                                    {search_box(locale, open.thread.id)}
                                    {safety_link(locale, open.thread.id)}
                                </header>
                                {safety_notice(&visit)}
                                <Conversation visit=visit.clone() actor=actor.clone() open=open.clone()/>
                                {may_write.then(|| view! { <SendFile locale thread=open.thread.clone()/> })}
                                <News locale actor open/>
                            </div>
                        </div>
                        <Updates/>
                    </div>
                }
            },
        )
    })
}

/// The list of threads.
fn aside(visit: &Visit, threads: &[Thread], shown: Option<ThreadId>) -> impl IntoView + use<> {
    let locale = visit.locale();
    let rows = threads.iter().map(|thread| row(visit, thread, shown == Some(thread.id))).collect_view();
    let list = if threads.is_empty() {
        let text = td_string!(locale, chat.empty_text);
        view! { <EmptyState glyph=Glyph::Message title=td_string!(locale, chat.empty_title) text/> }
            .into_any()
    } else {
        view! { <ul class="chat-threads">{rows}</ul> }.into_any()
    };
    view! { <nav class="chat-aside" aria-label=td_string!(locale, chat.threads) id="threads" data-live="">{list}</nav> }
}

fn row(visit: &Visit, thread: &Thread, current: bool) -> impl IntoView + use<> {
    let locale = visit.locale();
    let time = format::near(locale, visit.zone, thread.active_at, visit.now);
    let file = thread.last_file.as_deref();
    let last = thread.last.as_ref().map(|message| shown_text(locale, message, file)).unwrap_or_default();
    let unread = (thread.unread > 0).then(|| {
        let words = td_string!(locale, chat.unread, count = thread.unread).to_string();
        view! { <span class="count tabular">{thread.unread}<span class="sr-only">" "{words}</span></span> }
    });
    view! {
        <li>
            <a class="chat-thread" href=format!("/messages/{}", thread.id) aria-current=current.then_some("page")>
                <Avatar name=thread.other_name.clone()/>
                <span class="chat-thread-text">
                    <span class="chat-thread-head">
                        <strong>{thread.other_name.clone()}</strong>
                        <time class="quiet small" datetime=thread.active_at.to_rfc3339()>{time}</time>
                    </span>
                    <span class="chat-thread-last">{last}</span>
                </span>
                {unread}
            </a>
        </li>
    }
}
