//! The part of a form in which a card is chosen or typed.
//!
//! It stands inside a plain form with a field `card`. Where a new card is typed, sending the form first saves it at
//! the provider; its id becomes the field's value, and the form is sent. Where something is owed (`booking`), it is
//! paid here, because the bank may ask its owner.

use leptos::{html, prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, Event, HtmlFormElement, HtmlInputElement};

use super::{api, stripe};
use crate::{
    enhance::listen,
    error::WireError,
    ui::{Button, ButtonSize, ButtonVariant, Skeleton},
};

/// The words of the card form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardTexts {
    /// "A new card".
    pub new: String,
    /// Names the group of the card's fields.
    pub details: String,
    /// Said while the form is fetched.
    pub loading: String,
    /// Said where it cannot be fetched.
    pub failed: String,
    /// The button that tries again.
    pub again: String,
    /// Said once the card is saved at the provider.
    pub kept: String,
    /// What the owner agrees to.
    pub consent: String,
}

/// How far the provider's form is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not asked for yet.
    Idle,
    Loading,
    Ready,
    Failed,
    /// The card is saved at the provider.
    Done,
}

/// The state of the form. All of it is `Copy`: signals, stored values and references.
#[derive(Clone, Copy)]
struct CardField {
    root: NodeRef<html::Div>,
    host: NodeRef<html::Div>,
    stage: RwSignal<Stage>,
    message: RwSignal<String>,
    /// The island has woken.
    awake: RwSignal<bool>,
    /// A new card is to be typed.
    new: RwSignal<bool>,
    busy: StoredValue<bool>,
    /// The next sending is our own.
    passing: StoredValue<bool>,
    locale: StoredValue<String>,
    booking: StoredValue<String>,
    failed: StoredValue<String>,
}

/// A new card: the choice of it, where there are saved ones, and the provider's form.
#[island(lazy)]
pub fn CardForm(
    /// The words.
    texts: CardTexts,
    /// The reader's language, as the provider takes it.
    locale: String,
    /// There is no saved card to choose.
    alone: bool,
    /// The booking that is owed and paid here; empty where the form is merely sent.
    booking: String,
) -> impl IntoView {
    let field = CardField {
        root: NodeRef::new(),
        host: NodeRef::new(),
        stage: RwSignal::new(Stage::Idle),
        message: RwSignal::new(String::new()),
        awake: RwSignal::new(false),
        new: RwSignal::new(alone),
        busy: StoredValue::new(false),
        passing: StoredValue::new(false),
        locale: StoredValue::new(locale),
        booking: StoredValue::new(booking),
        failed: StoredValue::new(texts.failed.clone()),
    };
    Effect::new(move |_| field.wake());
    let is = move |stage| field.stage.get() == stage;
    let again = move |_| field.start();
    view! {
        <div class="card-form" node_ref=field.root>
            {if alone {
                view! { <input type="hidden" name="card" value=""/> }.into_any()
            } else {
                view! {
                    <label class="choice" for="card-new" hidden=move || !field.awake.get()>
                        <input id="card-new" type="radio" name="card" class="radio radio-primary" value=""/>
                        <span>{texts.new}</span>
                    </label>
                }
                .into_any()
            }}
            <p class="form-error" role="alert" hidden=move || field.message.with(String::is_empty)>
                {move || field.message.get()}
            </p>
            <div class="card-form-open" role="group" aria-label=texts.details hidden=move || !field.new.get()>
                <div class="card-frame" hidden=move || is(Stage::Done) || is(Stage::Failed)>
                    <div class="card-frame-wait" hidden=move || is(Stage::Ready)><Skeleton label=texts.loading/></div>
                    <div class="card-frame-host" node_ref=field.host></div>
                </div>
                <p role="status" hidden=move || !is(Stage::Done)>{texts.kept}</p>
                <div hidden=move || !is(Stage::Failed)>
                    <Button kind="button" variant=ButtonVariant::Secondary size=ButtonSize::Small on:click=again>{texts.again}</Button>
                </div>
                <p class="quiet small">{texts.consent}</p>
            </div>
        </div>
    }
}

impl CardField {
    fn wake(self) {
        let Some(root) = self.root.get() else { return };
        let Some(form) = root.closest("form").ok().flatten() else { return };
        self.awake.set(true);
        listen(&form, "change", false, move |_| self.look());
        // Before the form's own enhancement hears of it.
        listen(&form, "submit", true, move |event| self.submitted(&event));
        if let Ok(Some(details)) = root.closest("details") {
            listen(&details, "toggle", false, move |_| self.look());
        }
        self.look();
    }

    /// Sees what is chosen, and fetches the form once it is needed.
    fn look(self) {
        let Some(root) = self.root.get_untracked() else { return };
        let chosen = own_input(&root).is_some_and(|input| input.type_() == "hidden" || input.checked());
        let open = root.closest("details").ok().flatten().is_none_or(|around| around.has_attribute("open"));
        self.new.set(chosen);
        if chosen && open && self.stage.get_untracked() == Stage::Idle {
            self.start();
        }
    }

    fn start(self) {
        self.stage.set(Stage::Loading);
        self.message.set(String::new());
        spawn_local(async move {
            if let Err(sentence) = self.open().await {
                self.stage.set(Stage::Failed);
                self.message.set(sentence);
            }
        });
    }

    async fn open(self) -> Result<(), String> {
        let access = api::begin_setup().await.map_err(|error| self.said(error))?;
        let host = self.host.get_untracked().ok_or_else(String::new)?;
        let ready = move || self.stage.set(Stage::Ready);
        let shown = stripe::show(&access, &self.locale.get_value(), &host, ready).await;
        shown.map_err(|_| self.failed.get_value())
    }

    fn submitted(self, event: &Event) {
        if self.passing.get_value() {
            self.passing.set_value(false);
            return;
        }
        let types = self.new.get_untracked() && self.stage.get_untracked() != Stage::Done;
        if !types && self.booking.with_value(String::is_empty) {
            return;
        }
        event.prevent_default();
        event.stop_immediate_propagation();
        let form = event.current_target().and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
        let Some(form) = form.filter(|_| !self.busy.get_value()) else { return };
        if types && self.stage.get_untracked() != Stage::Ready {
            return;
        }
        self.busy.set_value(true);
        self.message.set(String::new());
        let _ = form.set_attribute("aria-busy", "true");
        spawn_local(async move {
            let went = self.proceed(&form, types).await;
            self.busy.set_value(false);
            match went {
                // The page is about to be left: it stays busy.
                Ok(Some(place)) => {
                    let _ = window().location().set_href(&place);
                }
                Ok(None) => {
                    let _ = form.remove_attribute("aria-busy");
                    self.passing.set_value(true);
                    let _ = form.request_submit();
                }
                Err(sentence) => {
                    let _ = form.remove_attribute("aria-busy");
                    let none = sentence.is_empty();
                    self.message.set(if none { self.failed.get_value() } else { sentence });
                }
            }
        });
    }

    /// Saves the card that was typed, and pays what is owed. Answers where to go; `None` to send the form.
    async fn proceed(self, form: &HtmlFormElement, types: bool) -> Result<Option<String>, String> {
        if types {
            let card = stripe::save().await?;
            if let Some(input) = self.root.get_untracked().and_then(|root| own_input(&root)) {
                input.set_value(&card);
            }
            self.stage.set(Stage::Done);
        }
        let booking = self.booking.get_value();
        if booking.is_empty() {
            return Ok(None);
        }
        self.pay(booking, chosen(form)).await.map(Some)
    }

    async fn pay(self, booking: String, card: String) -> Result<String, String> {
        let asked = api::begin_payment(booking.clone(), card).await.map_err(|error| self.said(error))?;
        if let Some(access) = asked {
            let answered = stripe::answer_bank(&access, &self.locale.get_value()).await;
            // Whatever the browser saw: the server asks the provider.
            let finished = api::finish_payment(booking.clone()).await;
            finished.map_err(|error| {
                answered.err().filter(|sentence| !sentence.is_empty()).unwrap_or_else(|| self.said(error))
            })?;
        }
        Ok(format!("/lessons/{booking}/charge?paid=1"))
    }

    /// The sentence of an error; the page's own where the server was not reached.
    fn said(self, error: WireError) -> String {
        if error.message.is_empty() { self.failed.get_value() } else { error.message }
    }
}

/// The field of the new card.
fn own_input(root: &Element) -> Option<HtmlInputElement> {
    root.query_selector("[name=card]").ok().flatten()?.dyn_into().ok()
}

/// The card that the form would send.
fn chosen(form: &HtmlFormElement) -> String {
    let input = form.query_selector("[name=card]:checked, [name=card][type=hidden]").ok().flatten();
    let input = input.and_then(|input| input.dyn_into::<HtmlInputElement>().ok());
    input.map(|input| input.value()).unwrap_or_default()
}
