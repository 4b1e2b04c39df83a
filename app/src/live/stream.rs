//! One stream for all tabs of a browser.
//!
//! The tab that holds the lock opens the stream and tells the others what it hears. When it goes, the browser gives the
//! lock to another one, which goes on after the last event that it was told. Where a browser has no locks (a page that
//! came without encryption, from another machine), each tab has a stream of its own.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use js_sys::{Function, Promise, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::{BroadcastChannel, EventSource, MessageEvent};

use crate::enhance::listen;

/// The events of a person's stream that change what pages show.
const KINDS: [&str; 32] = [
    "message",
    "receipt",
    "thread",
    "typing",
    "presence",
    "booking.created",
    "booking.confirmed",
    "booking.declined",
    "booking.cancelled",
    "booking.rescheduled",
    "booking.completed",
    "booking.expired",
    "lesson.joined",
    "lesson.meeting",
    "lesson.no_show",
    "lesson.recording",
    "payment.succeeded",
    "payment.failed",
    "payment.forgiven",
    "payment.refunded",
    "payment.refund_failed",
    "deposit.failed",
    "rating.submitted",
    "dispute.opened",
    "dispute.claimed",
    "dispute.answered",
    "dispute.decided",
    "dispute.charged_back",
    "dispute.bank_decided",
    "notice",
    "payout",
    "reconciliation",
];

/// The name of the lock, and of the channel on which the tabs talk.
const NAME: &str = "lectern-live";

/// The first and the longest wait before a refused stream is opened again.
const WAIT_MS: u64 = 500;
const LONGEST_WAIT_MS: u64 = 15_000;

/// What a tab hears of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is there.
    Open,
    /// It is lost, and tried again.
    Lost,
    /// Another tab asks how far it is.
    Asked,
    /// So far it is: the id of the last event that was told.
    At(String),
    /// Something happened.
    Event {
        /// The event's id.
        id: String,
        /// Such as `message`.
        kind: String,
        /// Its data, JSON.
        data: String,
    },
}

impl Told {
    /// As the tabs tell it to each other.
    fn text(&self) -> String {
        match self {
            Told::Open => "open".to_owned(),
            Told::Lost => "lost".to_owned(),
            Told::Asked => "asked".to_owned(),
            Told::At(id) => format!("at {id}"),
            Told::Event { id, kind, data } => format!("{id} {kind} {data}"),
        }
    }

    /// `None` for what a page of another release tells.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ').map(str::to_owned);
        match (parts.next()?, parts.next(), parts.next()) {
            (id, Some(kind), Some(data)) => Some(Told::Event { id, kind, data }),
            (state, None, None) if state == "open" => Some(Told::Open),
            (state, None, None) if state == "lost" => Some(Told::Lost),
            (state, None, None) if state == "asked" => Some(Told::Asked),
            (state, Some(id), None) if state == "at" => Some(Told::At(id)),
            _ => None,
        }
    }
}

/// What this tab has to do with the stream.
struct Share {
    after: Box<dyn Fn() -> String>,
    told: Box<dyn Fn(Told)>,
    /// Where the other tabs listen; `None` where each has a stream of its own.
    others: Option<BroadcastChannel>,
    /// The stream, where this tab has it.
    stream: RefCell<Option<EventSource>>,
    wait_ms: Cell<u64>,
}

thread_local! {
    /// It is no part of an island's state: the server, which drops that on any of its threads, may not drop a thing of
    /// the browser there.
    static SHARE: RefCell<Option<Rc<Share>>> = const { RefCell::new(None) };
}

/// Listens, by this tab's stream or by another tab that has one.
pub(super) fn share(after: impl Fn() -> String + 'static, told: impl Fn(Told) + 'static) {
    let locks = locks();
    let others = locks.is_some().then(|| BroadcastChannel::new(NAME).ok()).flatten();
    let share = Rc::new(Share {
        after: Box::new(after),
        told: Box::new(told),
        others,
        stream: RefCell::default(),
        wait_ms: Cell::new(WAIT_MS),
    });
    SHARE.set(Some(Rc::clone(&share)));
    match (locks, &share.others) {
        (Some(locks), Some(channel)) => {
            let heard = Rc::clone(&share);
            listen(channel, "message", false, move |event| {
                let text = event.dyn_ref::<MessageEvent>().and_then(|event| event.data().as_string());
                match text.and_then(|text| Told::read(&text)) {
                    Some(Told::Asked) => heard.answer(),
                    Some(told) => (heard.told)(told),
                    None => {}
                }
            });
            // What was told between the making of this page and now, it has not heard.
            share.post(&Told::Asked);
            lead(&locks, share);
        }
        _ => share.connect(),
    }
}

/// Opens the stream anew, where this tab has it.
pub(super) fn renew() {
    let share = SHARE.with_borrow(Clone::clone);
    share.filter(|share| share.stream.borrow().is_some()).iter().for_each(Share::connect);
}

/// The browser's locks, where it has any.
fn locks() -> Option<JsValue> {
    let navigator = Reflect::get(&window(), &"navigator".into()).ok()?;
    Reflect::get(&navigator, &"locks".into()).ok().filter(JsValue::is_object)
}

/// Opens the stream once the lock is this tab's, and keeps the lock for as long as the tab lives.
fn lead(locks: &JsValue, share: Rc<Share>) {
    let leads = Closure::once_into_js(move |_lock: JsValue| {
        share.connect();
        Promise::new(&mut |_, _| {})
    });
    let request = Reflect::get(locks, &"request".into()).ok().and_then(|it| it.dyn_into::<Function>().ok());
    if let Some(request) = request {
        let _ = request.call2(locks, &NAME.into(), &leads);
    }
}

impl Share {
    /// Opens the stream, in place of an older one.
    fn connect(self: &Rc<Self>) {
        if let Some(old) = self.stream.take() {
            old.close();
        }
        let after = (self.after)();
        let address =
            if after.is_empty() { "/api/events".to_owned() } else { format!("/api/events?after={after}") };
        let Ok(stream) = EventSource::new(&address) else { return };
        let share = Rc::clone(self);
        listen(&stream, "open", false, move |_| {
            share.wait_ms.set(WAIT_MS);
            share.tell(Told::Open);
            share.answer();
        });
        let share = Rc::clone(self);
        listen(&stream, "error", false, move |_| share.failed());
        for kind in KINDS {
            let share = Rc::clone(self);
            listen(&stream, kind, false, move |event| {
                let Some(event) = event.dyn_ref::<MessageEvent>() else { return };
                let data = event.data().as_string().unwrap_or_default();
                share.tell(Told::Event { id: event.last_event_id(), kind: kind.to_owned(), data });
            });
        }
        self.stream.replace(Some(stream));
    }

    /// The browser tries again by itself after a lost connection, but not after a refusal.
    fn failed(self: &Rc<Self>) {
        self.tell(Told::Lost);
        let closed =
            self.stream.borrow().as_ref().is_some_and(|stream| stream.ready_state() == EventSource::CLOSED);
        if closed {
            let wait = self.wait_ms.get();
            self.wait_ms.set((wait * 2).min(LONGEST_WAIT_MS));
            let share = Rc::clone(self);
            set_timeout(move || share.connect(), Duration::from_millis(wait));
        }
    }

    /// Tells the other tabs how far the stream is, where this tab has it.
    fn answer(&self) {
        if self.stream.borrow().is_some() {
            self.post(&Told::At((self.after)()));
        }
    }

    fn post(&self, told: &Told) {
        if let Some(others) = &self.others {
            let _ = others.post_message(&told.text().into());
        }
    }

    /// Tells this tab and the others.
    fn tell(&self, told: Told) {
        self.post(&told);
        (self.told)(told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tab_tells_is_what_another_hears() {
        let event = |data: &str| Told::Event { id: "17".into(), kind: "typing".into(), data: data.into() };
        let at = Told::At("17".into());
        for told in
            [Told::Open, Told::Lost, Told::Asked, at, event(r#"{"until": "2027-03-01 8"}"#), event("")]
        {
            assert_eq!(Told::read(&told.text()), Some(told));
        }
        for text in ["", "17", "17 typing"] {
            assert_eq!(Told::read(text), None, "{text}");
        }
    }
}
