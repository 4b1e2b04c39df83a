//! Messages between a tutor and a student: what moves on the page of a conversation, and server functions.

pub mod api;
mod earlier;
pub(crate) mod outbox;
pub mod safety;
pub mod talk;

use wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::{Event, EventTarget};

/// Listens for as long as the page lives; `first` is before those inside.
pub(crate) fn listen(target: &EventTarget, kind: &str, first: bool, act: impl Fn(Event) + 'static) {
    let closure = Closure::<dyn Fn(Event)>::new(act);
    let listener = closure.as_ref().unchecked_ref();
    let _ = target.add_event_listener_with_callback_and_bool(kind, listener, first);
    closure.forget();
}
