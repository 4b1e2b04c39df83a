//! The browser's time zone, told to the server.

use js_sys::{Array, Intl, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};

/// The IANA name of the browser's zone.
fn browser_zone() -> Option<String> {
    let options = Intl::DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
    let name = Reflect::get(&options, &JsValue::from_str("timeZone")).ok()?.as_string()?;
    let usual = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte));
    (usual && !name.is_empty()).then_some(name)
}

/// Keeps the browser's zone in a cookie for the server. `true` where it was not there before and is now.
pub(crate) fn remember() -> bool {
    let Some(name) = browser_zone() else { return false };
    let document: web_sys::HtmlDocument = document().unchecked_into();
    let pair = format!("tz={name}");
    let kept = || document.cookie().unwrap_or_default().split("; ").any(|it| it == pair);
    if kept() {
        return false;
    }
    let _ = document.set_cookie(&format!("{pair}; Path=/; Max-Age=31536000; SameSite=Lax"));
    kept()
}

/// Tells the server the browser's zone; a page whose times were shown in an assumed zone is loaded anew, once.
#[island]
pub fn BrowserZone(
    /// The page's zone is known.
    known: bool,
) -> impl IntoView {
    Effect::new(move |_| {
        if remember() && !known {
            let _ = window().location().reload();
        }
    });
}
