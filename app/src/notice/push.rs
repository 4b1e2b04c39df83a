//! The button that has this browser told, also where no page is open, and that ends it. What the browser knows of it,
//! it is asked for; there are no types for that here, so that pages stay small.

use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

use super::api;
use crate::{
    browser::{awaited, call, field, object},
    error::WireError,
    ui::{Button, ButtonVariant},
};

/// Where the service worker is.
const WORKER: &str = "/sw.js";

/// The words of the switch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushTexts {
    /// The button that begins.
    pub begin: String,
    /// The button that ends.
    pub end: String,
    /// Said where this browser is told.
    pub on: String,
    /// Said where it is not.
    pub off: String,
    /// Said where its person has forbidden it.
    pub denied: String,
    /// Said where it cannot, and before it was asked.
    pub unsupported: String,
    /// Said where something went wrong.
    pub failed: String,
}

/// How this browser stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Unsupported,
    Busy,
    Off,
    On,
    Denied,
    /// With the server's sentence, where it has one.
    Failed(String),
}

/// Whether this browser is told, and the button that changes it.
#[island(lazy)]
pub fn PushSwitch(
    /// The words.
    texts: PushTexts,
    /// The server's public key.
    key: String,
) -> impl IntoView {
    let stage = RwSignal::new(Stage::Unsupported);
    let key = StoredValue::new(key);
    Effect::new(move |_| spawn_local(async move { stage.set(look().await.unwrap_or(Stage::Unsupported)) }));
    let begin = move |_| {
        stage.set(Stage::Busy);
        spawn_local(async move { stage.set(begin(&key.get_value()).await.unwrap_or_else(failed)) });
    };
    let end = move |_| {
        stage.set(Stage::Busy);
        spawn_local(async move { stage.set(end().await.unwrap_or_else(failed)) });
    };
    let can_begin = move || stage.with(|stage| matches!(stage, Stage::Off | Stage::Failed(_)));
    let said = {
        let texts = texts.clone();
        move || match stage.get() {
            Stage::Unsupported => texts.unsupported.clone(),
            Stage::Busy => String::new(),
            Stage::Off => texts.off.clone(),
            Stage::On => texts.on.clone(),
            Stage::Denied => texts.denied.clone(),
            Stage::Failed(sentence) if sentence.is_empty() => texts.failed.clone(),
            Stage::Failed(sentence) => sentence,
        }
    };
    view! {
        <div id="push-switch" class="stack">
            <p role="status">{said}</p>
            <div hidden=move || !can_begin()>
                <Button kind="button" on:click=begin>{texts.begin}</Button>
            </div>
            <div hidden=move || stage.get() != Stage::On>
                <Button kind="button" variant=ButtonVariant::Secondary on:click=end>{texts.end}</Button>
            </div>
        </div>
    }
}

/// What went wrong: the browser's words are for nobody.
fn failed(error: Failure) -> Stage {
    Stage::Failed(match error {
        Failure::Browser => String::new(),
        Failure::Server(error) => error.message,
    })
}

enum Failure {
    Browser,
    Server(WireError),
}

impl From<JsValue> for Failure {
    fn from(_: JsValue) -> Self {
        Failure::Browser
    }
}

impl From<WireError> for Failure {
    fn from(error: WireError) -> Self {
        Failure::Server(error)
    }
}

/// The browser's workers; `None` where it cannot be told.
fn workers() -> Option<JsValue> {
    let has = |name: &str| !field(&window(), name).is_undefined();
    let workers = field(&field(&window(), "navigator"), "serviceWorker");
    (!workers.is_undefined() && has("PushManager") && has("Notification")).then_some(workers)
}

fn permission() -> Option<String> {
    field(&field(&window(), "Notification"), "permission").as_string()
}

/// What the browser gave, where it gave something.
async fn subscription(registration: &JsValue) -> Result<Option<JsValue>, JsValue> {
    let found = awaited(call(&field(registration, "pushManager"), "getSubscription", &[])).await?;
    Ok((!found.is_null() && !found.is_undefined()).then_some(found))
}

fn endpoint(subscription: &JsValue) -> String {
    field(subscription, "endpoint").as_string().unwrap_or_default()
}

/// How it stands: the browser and the server must both know of it.
async fn look() -> Result<Stage, Failure> {
    let Some(workers) = workers() else { return Ok(Stage::Unsupported) };
    if permission().as_deref() == Some("denied") {
        return Ok(Stage::Denied);
    }
    let registration = awaited(call(&workers, "getRegistration", &[&"/".into()])).await?;
    if !registration.is_object() {
        return Ok(Stage::Off);
    }
    let Some(found) = subscription(&registration).await? else { return Ok(Stage::Off) };
    let is_told = api::is_push_kept(endpoint(&found)).await.unwrap_or(false);
    Ok(if is_told { Stage::On } else { Stage::Off })
}

/// Asks the person, subscribes with the server's key and gives the server what it needs.
async fn begin(key: &str) -> Result<Stage, Failure> {
    let Some(workers) = workers() else { return Ok(Stage::Unsupported) };
    let notification = field(&window(), "Notification");
    let answer = awaited(call(&notification, "requestPermission", &[])).await?;
    match answer.as_string().as_deref() {
        Some("granted") => {}
        Some("denied") => return Ok(Stage::Denied),
        _ => return Ok(Stage::Off),
    }
    awaited(call(&workers, "register", &[&WORKER.into()])).await?;
    let registration = awaited(Ok(field(&workers, "ready"))).await?;
    if let Some(former) = subscription(&registration).await? {
        awaited(call(&former, "unsubscribe", &[])).await?;
    }
    let options = object(&serde_json::json!({ "userVisibleOnly": true, "applicationServerKey": key }))?;
    let given = awaited(call(&field(&registration, "pushManager"), "subscribe", &[&options])).await?;
    let given = call(&given, "toJSON", &[])?;
    let part = |object: &JsValue, name| field(object, name).as_string().unwrap_or_default();
    let keys = field(&given, "keys");
    api::keep_push(part(&given, "endpoint"), part(&keys, "p256dh"), part(&keys, "auth")).await?;
    Ok(Stage::On)
}

/// Ends it here and at the server.
async fn end() -> Result<Stage, Failure> {
    let Some(workers) = workers() else { return Ok(Stage::Unsupported) };
    let registration = awaited(call(&workers, "getRegistration", &[&"/".into()])).await?;
    let Some(found) = subscription(&registration).await? else { return Ok(Stage::Off) };
    awaited(call(&found, "unsubscribe", &[])).await?;
    api::end_push(endpoint(&found)).await?;
    Ok(Stage::Off)
}
