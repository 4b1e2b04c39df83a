//! Joining a lesson from a page that is awake: it fetches the meeting's address as soon as joining opens, and opens it
//! though the server is away. The join is then kept in the browser, and told once the server is back. The form works as
//! it is where this is not awake.
//!
//! The address is kept for as long as the page lives and no longer: it may let its bearer in, and a page that can be
//! loaded again can fetch it again.

use std::time::Duration;

use domain::Code;
use js_sys::{Date, Math, Reflect};
use leptos::{ev, prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Event, FormData, HtmlFormElement, HtmlInputElement, Window};

use super::{
    JOIN,
    api::{self, Ahead},
};
use crate::{
    chat::outbox::{Draft, Shelf, State, name},
    enhance::{all, within},
    error::WireError,
    form,
    live::{FRESH, look_again, server_now},
    ui::{Alert, Tone},
};

/// The words of the island.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinTexts {
    /// What the new tab shows until the meeting opens in it.
    pub opening: String,
    /// The server cannot be reached.
    pub unreachable: String,
    /// Nothing was opened.
    pub not_joined: String,
    /// The meeting was opened without the server.
    pub opened: String,
    /// What that means.
    pub opened_text: String,
    /// The link to the meeting.
    pub again: String,
    /// The join is on record now.
    pub told: String,
    /// The server does not put it on record.
    pub not_told: String,
}

/// How long the server is waited for while the meeting's address is at hand.
const LIMIT: Duration = Duration::from_secs(3);

/// A server that has not answered for so long does not.
const PATIENCE: Duration = Duration::from_secs(20);

/// The first and the longest wait before the server is told again.
const WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What is said about the last press of the button.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    /// The server lets nobody in, or is away while no address is at hand.
    Refused(String),
    /// The meeting was opened at this address without the server.
    Opened(String),
    /// What was kept is on record.
    Told,
    /// What was kept is not put on record, and why.
    NotTold(String),
}

/// A press of the button.
#[derive(Clone)]
struct Press {
    number: u32,
    booking: String,
    /// The page's own name for it.
    click: String,
    /// When, by the server's clock, milliseconds.
    at_ms: f64,
    place: Place,
    ahead: Option<Ahead>,
}

/// The state of the island. All of it is `Copy`: signals and stored values.
#[derive(Clone, Copy)]
struct Joining {
    shelf: StoredValue<Shelf>,
    texts: StoredValue<JoinTexts>,
    said: RwSignal<Said>,
    /// The address that was fetched ahead, with its booking.
    ahead: StoredValue<Option<(String, Ahead)>>,
    /// Which press, and which telling, is under way; 0 for none.
    pressed: StoredValue<u32>,
    telling: StoredValue<u32>,
    numbers: StoredValue<u32>,
    wait: StoredValue<Duration>,
    /// When the last press was named, milliseconds.
    named_ms: StoredValue<f64>,
}

/// Joins though the server is away, and tells of it afterwards.
#[island(lazy)]
pub fn Join(
    /// The reader: what is kept in the browser is theirs.
    user: String,
    /// The words.
    texts: JoinTexts,
) -> impl IntoView {
    let joining = Joining {
        shelf: StoredValue::new(Shelf::new(&user, "joins")),
        texts: StoredValue::new(texts),
        said: RwSignal::new(Said::Nothing),
        ahead: StoredValue::new(None),
        pressed: StoredValue::new(0),
        telling: StoredValue::new(0),
        numbers: StoredValue::new(0),
        wait: StoredValue::new(WAIT),
        named_ms: StoredValue::new(0.0),
    };
    Effect::new(move |_| joining.wake());
    view! { <div class="join-said">{move || notice(joining.texts.get_value(), joining.said.get())}</div> }
}

fn notice(texts: JoinTexts, said: Said) -> AnyView {
    let told = |tone, title, text: String| view! { <Alert tone title>{text}</Alert> }.into_any();
    match said {
        Said::Nothing => ().into_any(),
        Said::Refused(reason) => told(Tone::Warning, texts.not_joined, reason),
        Said::Told => told(Tone::Success, texts.told, String::new()),
        Said::NotTold(reason) => told(Tone::Warning, texts.not_told, reason),
        Said::Opened(url) => view! {
            <Alert tone=Tone::Warning title=texts.opened>
                <p>{texts.opened_text}</p>
                <p><a class="link hit" href=url target="_blank" rel="noopener noreferrer">{texts.again}</a></p>
            </Alert>
        }
        .into_any(),
    }
}

impl Joining {
    fn wake(self) {
        let _ = window_event_listener(ev::submit, move |event| self.submitted(&event));
        let _ = window_event_listener(ev::online, move |_| self.tell_next());
        let _ = window_event_listener_untyped(FRESH, move |_| self.page_is_fresh());
        self.page_is_fresh();
    }

    /// The page was brought up to date. While it has the form that joins, joining is open by the server's clock.
    fn page_is_fresh(self) {
        self.tell_next();
        let Some(booking) = all("form").iter().find_map(booking_of) else {
            return self.ahead.set_value(None);
        };
        spawn_local(async move {
            match api::look_ahead(booking.clone()).await {
                Ok(ahead) => {
                    self.ahead.set_value(ahead.url.starts_with("https://").then_some((booking, ahead)));
                }
                Err(error) if error.may_pass() => {}
                Err(_) => self.ahead.set_value(None),
            }
        });
    }

    /// The button is pressed. The tab is opened now: a browser lets nobody open one later.
    fn submitted(self, event: &Event) {
        let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        let Some((form, booking)) = form.and_then(|form| booking_of(&form).map(|booking| (form, booking)))
        else {
            return;
        };
        event.prevent_default();
        if self.pressed.get_value() != 0 {
            return;
        }
        let ahead = self.ahead.get_value().filter(|(of, _)| *of == booking).map(|(_, ahead)| ahead);
        let given_ms = ahead.as_ref().map(|ahead| ahead.given_ms);
        let (click, named_ms) = name(Date::now(), self.named_ms.get_value(), Math::random());
        self.named_ms.set_value(named_ms);
        let press = Press {
            number: self.next_number(),
            booking,
            click,
            // The page's clock may lag behind the server's by what the way takes.
            at_ms: server_now().into_iter().chain(given_ms).fold(0.0, f64::max),
            place: Place::open(&form.target(), &self.texts.with_value(|texts| texts.opening.clone())),
            ahead,
        };
        self.pressed.set_value(press.number);
        self.ask(&form, press);
    }

    /// Asks the server to note the join, and where to go. It is not waited for longer than is of use.
    fn ask(self, form: &HtmlFormElement, press: Press) {
        let data = form::data(form, None).and_then(|data| named(data, &press.click));
        let limit = if press.ahead.is_some() { LIMIT } else { PATIENCE };
        let late = press.clone();
        set_timeout(move || self.came_out(late, Err(WireError::unreachable())), limit);
        spawn_local(async move {
            let place = form::send(JOIN, data, false).await;
            self.came_out(press, place.and_then(|place| place.ok_or_else(WireError::unreachable)));
        });
    }

    /// What became of a press; nothing where that is known already.
    fn came_out(self, press: Press, outcome: Result<String, WireError>) {
        if self.pressed.get_value() != press.number {
            return;
        }
        self.pressed.set_value(0);
        match (outcome, press.ahead) {
            (Ok(address), _) => {
                self.said.set(Said::Nothing);
                press.place.go(&address);
            }
            (Err(error), Some(ahead)) if error.may_pass() => {
                let text = iso(press.at_ms);
                let name = format!("{}/{}", press.booking, press.click);
                self.shelf.with_value(|shelf| shelf.keep(&Draft { name, text, state: State::Waiting }));
                self.said.set(Said::Opened(ahead.url.clone()));
                press.place.go(&ahead.url);
                self.tell_later();
            }
            (Err(error), _) => {
                press.place.give_up();
                if !error.may_pass() {
                    self.ahead.set_value(None);
                    look_again();
                }
                let unreachable = self.texts.with_value(|texts| texts.unreachable.clone());
                self.said.set(Said::Refused(if error.message.is_empty() {
                    unreachable
                } else {
                    error.message
                }));
            }
        }
    }

    fn tell_later(self) {
        let wait = self.wait.get_value();
        self.wait.set_value((wait * 2).min(LONGEST_WAIT));
        set_timeout(move || self.tell_next(), wait);
    }

    /// Tells the server of the first join that it has not seen. Told again under its name it is the same.
    fn tell_next(self) {
        let next = self.shelf.with_value(Shelf::drafts).into_iter().next();
        let Some(draft) = next.filter(|_| self.telling.get_value() == 0) else { return };
        let (booking, click) = draft.name.split_once('/').unwrap_or_default();
        let (booking, click) = (booking.to_owned(), click.to_owned());
        let number = self.next_number();
        self.telling.set_value(number);
        let name = draft.name.clone();
        set_timeout(move || self.told(number, &name, Err(WireError::unreachable())), PATIENCE);
        spawn_local(async move {
            let outcome = api::tell_join(booking, click, draft.text).await;
            self.told(number, &draft.name, outcome);
        });
    }

    /// What became of a telling; nothing where that is known already.
    fn told(self, number: u32, name: &str, outcome: Result<(), WireError>) {
        if self.telling.get_value() != number {
            return;
        }
        self.telling.set_value(0);
        match outcome {
            Err(error) if error.may_pass() => return self.tell_later(),
            Ok(()) => {
                self.wait.set_value(WAIT);
                self.said.set(Said::Told);
                look_again();
            }
            Err(error) => {
                self.said.set(Said::NotTold(error.message));
                if !is_final(error.code) {
                    // Whose sign-in ended tells it after the next.
                    return;
                }
            }
        }
        self.shelf.with_value(|shelf| shelf.forget(name));
        self.tell_next();
    }

    fn next_number(self) -> u32 {
        self.numbers.update_value(|number| *number += 1);
        self.numbers.get_value()
    }
}

/// Whether the server has said no for good to what it was told.
fn is_final(code: Code) -> bool {
    matches!(code, Code::InvalidRequest | Code::InvalidState | Code::JoinClosed)
}

/// The booking of a form that joins; `None` of any other.
fn booking_of(form: &web_sys::Element) -> Option<String> {
    if form.get_attribute("action").as_deref() != Some(JOIN) {
        return None;
    }
    let field = within(form, "input[name=booking]").pop()?.dyn_into::<HtmlInputElement>().ok()?;
    Some(field.value())
}

fn named(data: FormData, click: &str) -> Result<FormData, WireError> {
    data.append_with_str("click", click).map_err(|_| WireError::unreachable())?;
    Ok(data)
}

/// An instant as the server reads it.
fn iso(ms: f64) -> String {
    Date::new(&ms.into()).to_iso_string().into()
}

/// Where the meeting opens: in a tab that the press has opened, or in this one.
#[derive(Clone)]
enum Place {
    Tab(Window),
    Here,
}

impl Place {
    /// The place that a form's target names; where the browser opens no tab it is this one. The tab knows nothing of
    /// the page that opened it.
    fn open(target: &str, text: &str) -> Self {
        let opened = (!target.is_empty()).then(|| window().open_with_url_and_target("about:blank", target));
        let Some(tab) = opened.and_then(|tab| tab.ok().flatten()) else { return Place::Here };
        let _ = Reflect::set(&tab, &"opener".into(), &JsValue::NULL);
        if let Some(document) = tab.document() {
            document.set_title(text);
            if let Some(body) = document.body() {
                body.set_text_content(Some(text));
            }
        }
        Place::Tab(tab)
    }

    fn go(&self, address: &str) {
        let _ = match self {
            Place::Here => window().location().set_href(address),
            Place::Tab(tab) => {
                // An address of ours: the tab's own is empty.
                let origin = window().location().origin().unwrap_or_default();
                let address =
                    if address.starts_with('/') { format!("{origin}{address}") } else { address.to_owned() };
                tab.location().replace(&address)
            }
        };
    }

    fn give_up(&self) {
        if let Place::Tab(tab) = self {
            let _ = tab.close();
        }
    }
}
