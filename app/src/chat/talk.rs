//! The moving part of a conversation: what is written stands there at once, is sent in order, once, and tried again
//! until the server has it. The form below works as it is where this is not awake.

#![expect(missing_docs, reason = "the macro makes a struct of the island's props")]

use std::time::Duration;

use gloo_net::http::Request;
use js_sys::{Date, Math};
use leptos::{ev, html, prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, Event, HtmlFormElement, HtmlTextAreaElement, KeyboardEvent};

use super::{
    api, earlier,
    outbox::{Draft, Shelf, State, name},
};
use crate::{
    enhance::{all, listen, within},
    error::WireError,
    live::{FRESH, look_again, rows::Place},
    ui::{Button, ButtonSize, ButtonVariant},
};

/// The words of the island.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TalkTexts {
    /// "You".
    pub you: String,
    /// "Sending…".
    pub sending: String,
    /// "Sent".
    pub sent: String,
    /// Said while the server cannot be reached.
    pub waiting: String,
    /// "Not sent:", in front of the reason.
    pub refused: String,
    /// The button that tries again.
    pub again: String,
    /// The button that takes a message away.
    pub discard: String,
}

/// A server that has not answered for so long is asked again.
const PATIENCE: Duration = Duration::from_secs(20);

/// The first and the longest wait before the server is tried again.
const WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How often the other person is told that this one writes, milliseconds.
const SAY_TYPING_MS: f64 = 3_000.0;

/// The state of the island. All of it is `Copy`: signals, stored values and references.
#[derive(Clone, Copy)]
struct Talking {
    root: NodeRef<html::Ol>,
    thread: StoredValue<String>,
    shelf: StoredValue<Shelf>,
    drafts: RwSignal<Vec<Draft>>,
    /// Said to those who do not see it.
    said: RwSignal<String>,
    texts: StoredValue<TalkTexts>,
    /// Which sending is under way; 0 for none.
    sending: StoredValue<u32>,
    sendings: StoredValue<u32>,
    wait: StoredValue<Duration>,
    /// When the last message was written, and when it was last told that one is, milliseconds.
    written_ms: StoredValue<f64>,
    typing_ms: StoredValue<f64>,
}

/// The messages that are on their way, below those that the server shows.
#[island(lazy)]
pub fn Talk(
    /// The reader: what is kept in the browser is theirs.
    user: String,
    /// The conversation.
    thread: String,
    /// The words.
    texts: TalkTexts,
) -> impl IntoView {
    let talk = Talking {
        root: NodeRef::new(),
        shelf: StoredValue::new(Shelf::new(&user, &thread)),
        thread: StoredValue::new(thread),
        drafts: RwSignal::new(Vec::new()),
        said: RwSignal::new(String::new()),
        texts: StoredValue::new(texts),
        sending: StoredValue::new(0),
        sendings: StoredValue::new(0),
        wait: StoredValue::new(WAIT),
        written_ms: StoredValue::new(0.0),
        typing_ms: StoredValue::new(0.0),
    };
    Effect::new(move |_| talk.wake());
    view! {
        <ol class="chat-bubbles" node_ref=talk.root hidden=move || talk.drafts.with(Vec::is_empty)>
            {move || talk.drafts.get().into_iter().map(|draft| bubble(talk, draft)).collect_view()}
        </ol>
        <p class="sr-only" role="status">{move || talk.said.get()}</p>
    }
}

fn bubble(talk: Talking, draft: Draft) -> impl IntoView {
    let texts = talk.texts.get_value();
    let state = match &draft.state {
        State::Waiting | State::Sending => texts.sending,
        State::Sent => texts.sent,
        State::Lost => texts.waiting,
        State::Refused(reason) => format!("{} {reason}", texts.refused),
    };
    let choice = matches!(draft.state, State::Refused(_)).then(|| {
        let (again, discard) = (draft.name.clone(), draft.name.clone());
        view! {
            <p class="chat-choice">
                <Button kind="button" size=ButtonSize::Small variant=ButtonVariant::Secondary on:click=move |_| talk.again(&again)>
                    {texts.again}
                </Button>
                <Button kind="button" size=ButtonSize::Small variant=ButtonVariant::Ghost on:click=move |_| talk.remove(&discard)>
                    {texts.discard}
                </Button>
            </p>
        }
    });
    view! {
        <li class="chat-bubble" data-own="">
            <p class="sr-only">{texts.you}</p>
            <p class="chat-text">{draft.text}</p>
            <p class="chat-meta">{state}</p>
            {choice}
        </li>
    }
}

impl Talking {
    fn wake(self) {
        let Some(root) = self.root.get() else { return };
        let Some(main) = root.closest(".chat-main").ok().flatten() else { return };
        let one = |selector: &str| within(&main, selector).pop();
        if let (Some(region), Some(scrolled)) = (one("[data-live='rows']"), one("[data-scrolled]")) {
            earlier::on_the_way_up(&region, &scrolled);
        }
        if let Some(form) = one(".chat-write").and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
            // Before the form's own enhancement hears of it.
            listen(&form, "submit", true, move |event| self.submitted(&event));
            listen(&form, "keydown", false, move |event| key_pressed(&event));
            listen(&form, "input", false, move |event| self.typed(&event));
        }
        let _ = window_event_listener(ev::online, move |_| self.send_next());
        let _ = window_event_listener_untyped(FRESH, move |_| self.page_is_fresh());
        let kept = self.shelf.with_value(Shelf::drafts);
        if let Some(last) = kept.last() {
            self.written_ms.set_value(last.written_ms());
        }
        self.drafts.set(kept);
        self.page_is_fresh();
    }

    /// The form is sent: what it holds goes the way of this island.
    fn submitted(self, event: &Event) {
        let Some(form) = event.current_target().and_then(|form| form.dyn_into::<HtmlFormElement>().ok())
        else {
            return;
        };
        let Some(field) = text_of(&form) else { return };
        event.prevent_default();
        event.stop_immediate_propagation();
        let text = field.value().trim().to_owned();
        if !text.is_empty() {
            self.add(text);
            field.set_value("");
            self.typing_ms.set_value(0.0);
        }
        let _ = field.focus();
    }

    fn add(self, text: String) {
        let (name, at) = name(Date::now(), self.written_ms.get_value(), Math::random());
        self.written_ms.set_value(at);
        let draft = Draft { name, text, state: State::Waiting };
        self.shelf.with_value(|shelf| shelf.keep(&draft));
        self.drafts.update(|drafts| drafts.push(draft));
        // Who writes sees what was written.
        if let Some(scrolled) =
            self.root.get_untracked().and_then(|root| root.closest("[data-scrolled]").ok().flatten())
        {
            scrolled.set_scroll_top(0);
        }
        self.send_next();
    }

    /// Sends the first message that waits. One at a time: they arrive in the order in which they were written.
    fn send_next(self) {
        let next =
            self.drafts.with_untracked(|drafts| drafts.iter().find(|draft| draft.state.is_due()).cloned());
        let Some(draft) = next.filter(|_| self.sending.get_value() == 0) else { return };
        let number = self.sendings.get_value() + 1;
        self.sendings.set_value(number);
        self.sending.set_value(number);
        self.set_state(&draft.name, State::Sending);
        let name = draft.name.clone();
        set_timeout(move || self.came_out(number, &name, Err(WireError::unreachable())), PATIENCE);
        spawn_local(async move {
            let outcome = api::post_message(self.thread.get_value(), draft.name.clone(), draft.text).await;
            self.came_out(number, &draft.name, outcome);
        });
    }

    /// What became of a sending; nothing where its outcome is known already.
    fn came_out(self, number: u32, name: &str, outcome: Result<(), WireError>) {
        if self.sending.get_value() != number {
            return;
        }
        self.sending.set_value(0);
        match outcome {
            Ok(()) => {
                self.wait.set_value(WAIT);
                self.said.set(String::new());
                self.shelf.with_value(|shelf| shelf.forget(name));
                self.set_state(name, State::Sent);
                look_again();
            }
            Err(error) if error.may_pass() => return self.try_later(name),
            Err(error) => {
                self.said.set(format!(
                    "{} {}",
                    self.texts.with_value(|texts| texts.refused.clone()),
                    error.message
                ));
                self.set_state(name, State::Refused(error.message));
            }
        }
        self.send_next();
    }

    fn try_later(self, name: &str) {
        self.set_state(name, State::Lost);
        // They wait for the same.
        self.drafts.update(|drafts| {
            drafts
                .iter_mut()
                .filter(|draft| draft.state.is_due())
                .for_each(|draft| draft.state = State::Lost);
        });
        self.said.set(self.texts.with_value(|texts| texts.waiting.clone()));
        let wait = self.wait.get_value();
        self.wait.set_value((wait * 2).min(LONGEST_WAIT));
        set_timeout(move || self.send_next(), wait);
    }

    /// The page was brought up to date: what it shows is no longer on its way.
    fn page_is_fresh(self) {
        let is_shown = |draft: &Draft| {
            document().query_selector(&format!("[data-name='{}']", draft.name)).ok().flatten().is_some()
        };
        let shown: Vec<_> = self
            .drafts
            .with_untracked(|drafts| drafts.iter().filter(|draft| is_shown(draft)).cloned().collect());
        if !shown.is_empty() {
            let region = all("[data-live='rows']").pop();
            let place = region.as_ref().and_then(Place::of);
            shown.iter().for_each(|draft| self.remove(&draft.name));
            // They go before the next frame is drawn.
            request_animation_frame(move || Place::restore(place));
        }
        self.send_next();
    }

    fn again(self, name: &str) {
        self.set_state(name, State::Waiting);
        self.send_next();
    }

    fn remove(self, name: &str) {
        self.shelf.with_value(|shelf| shelf.forget(name));
        self.drafts.update(|drafts| drafts.retain(|draft| draft.name != name));
    }

    fn set_state(self, name: &str, state: State) {
        self.drafts.update(|drafts| {
            if let Some(draft) = drafts.iter_mut().find(|draft| draft.name == name) {
                draft.state = state;
            }
        });
    }

    /// Tells the other person now and then that this one writes. Nothing is lost where that is not told.
    fn typed(self, event: &Event) {
        let field = event.target().and_then(|field| field.dyn_into::<HtmlTextAreaElement>().ok());
        let now = Date::now();
        let early = (now - self.typing_ms.get_value()).abs() < SAY_TYPING_MS;
        if early || field.is_none_or(|field| field.value().trim().is_empty()) {
            return;
        }
        self.typing_ms.set_value(now);
        let address = format!("/api/chat/threads/{}/typing", self.thread.get_value());
        spawn_local(async move {
            let _ = Request::post(&address).send().await;
        });
    }
}

fn text_of(form: &Element) -> Option<HtmlTextAreaElement> {
    within(form, "textarea").pop()?.dyn_into().ok()
}

/// Enter sends and Shift+Enter begins a line, where there are keys; on a screen that is touched Enter begins a line.
fn key_pressed(event: &Event) {
    let Some(key) = event.dyn_ref::<KeyboardEvent>().filter(|key| key.key() == "Enter") else { return };
    let other = key.shift_key() || key.ctrl_key() || key.alt_key() || key.meta_key() || key.is_composing();
    let touched =
        || window().match_media("(hover: none)").ok().flatten().is_some_and(|screen| screen.matches());
    let field = event.target().and_then(|field| field.dyn_into::<HtmlTextAreaElement>().ok());
    let Some(form) = field.filter(|_| !other && !touched()).and_then(|field| field.form()) else { return };
    event.prevent_default();
    let _ = form.request_submit();
}
