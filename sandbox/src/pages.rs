//! What a browser opens: the script, the card form in its frame, the bank's page, onboarding, receipts.

use std::sync::Arc;

use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    accounts,
    app::{App, Request},
    call::Call,
    money, payments, setup_intents,
    store::{number, text},
};

/// The script and the pages.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v3", get(script))
        .route("/v3/", get(script))
        .route("/v3/element", get(element))
        .route("/v3/element.css", get(element_style))
        .route("/v3/element.js", get(element_script))
        .route("/v3/messages.js", get(messages))
        .route("/_pages/authenticate/{id}", get(challenge).post(answer_challenge))
        .route("/_pages/onboarding/{secret}", get(onboarding).post(onboarded))
        .route("/_pages/receipts/{id}", get(receipt))
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

fn asset(kind: &'static str, body: &'static str) -> Response {
    let anywhere = HeaderName::from_static("access-control-allow-origin");
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache"), (anywhere, "*")], body)
        .into_response()
}

async fn script() -> Response {
    asset(
        SCRIPT,
        concat!("(() => {\n", include_str!("page/messages.js"), include_str!("page/v3.js"), "})();\n"),
    )
}

/// The card form; it judges dates by the sandbox's clock.
async fn element(State(app): State<Arc<App>>) -> Response {
    page(include_str!("page/element.html"), &[("now", &app.clock.seconds().to_string())])
}

async fn element_style() -> Response {
    asset("text/css; charset=utf-8", include_str!("page/element.css"))
}

async fn element_script() -> Response {
    asset(SCRIPT, include_str!("page/element.js"))
}

async fn messages() -> Response {
    asset(SCRIPT, include_str!("page/messages.js"))
}

/// A page with its `{{names}}` replaced, each value escaped.
fn page(template: &str, values: &[(&str, &str)]) -> Response {
    let filled = values.iter().fold(template.to_owned(), |page, (name, value)| {
        page.replace(&format!("{{{{{name}}}}}"), &escape(value))
    });
    Html(filled).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn gone(message: &str) -> Response {
    (StatusCode::NOT_FOUND, message.to_owned()).into_response()
}

#[derive(Deserialize)]
struct Challenge {
    client_secret: String,
    /// `fr` or English.
    #[serde(default)]
    locale: String,
    /// Whether the page stands in a dialog, which it tells its end.
    #[serde(default)]
    embedded: bool,
}

#[derive(Deserialize)]
struct Outcome {
    outcome: String,
}

/// An intent, for whoever knows its client secret.
fn intent_for(call: &Call<'_>, id: &str, secret: &str) -> Option<Value> {
    let intent = call.copy(id);
    (!secret.is_empty() && text(&intent, "client_secret") == secret).then_some(intent)
}

async fn challenge(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(asked): Query<Challenge>,
) -> Response {
    let found = app.act(Request::own(), |call| intent_for(call, &id, &asked.client_secret));
    let Some(intent) = found else { return gone("No such payment.") };
    let fr = asked.locale.starts_with("fr");
    let amount = money::display(number(&intent, "amount"), &text(&intent, "currency"));
    let what = match (intent["object"] == "payment_intent", fr) {
        (true, true) => format!("Votre banque demande si vous autorisez ce paiement de {amount}."),
        (true, false) => format!("Your bank asks whether you authorise this payment of {amount}."),
        (false, true) => "Votre banque demande si vous enregistrez cette carte.".to_owned(),
        (false, false) => "Your bank asks whether you save this card.".to_owned(),
    };
    let words = if fr {
        ["fr", "Authentification 3D Secure", "Autoriser", "Refuser"]
    } else {
        ["en", "3D Secure authentication", "Complete", "Fail"]
    };
    page(
        include_str!("page/authenticate.html"),
        &[
            ("lang", words[0]),
            ("title", words[1]),
            ("complete", words[2]),
            ("fail", words[3]),
            ("what", &what),
        ],
    )
}

async fn answer_challenge(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(asked): Query<Challenge>,
    Form(given): Form<Outcome>,
) -> Response {
    let agreed = given.outcome == "complete";
    let back = app.act(Request::own(), |call| {
        let before = intent_for(call, &id, &asked.client_secret)?;
        let setup = before["object"] == "setup_intent";
        // A refusal is kept by the intent; what the page needs is only where to return.
        let after = if setup {
            setup_intents::authenticated(call, &id, agreed)
        } else {
            payments::authenticated(call, &id, agreed)
        };
        let paid = after.is_ok_and(|intent| {
            ["succeeded", "requires_capture"].contains(&text(&intent, "status").as_str())
        });
        Some((text(&before["next_action"]["redirect_to_url"], "return_url"), setup, paid))
    });
    match back {
        None => gone("No such payment."),
        Some((address, setup, paid)) if !asked.embedded && !address.is_empty() => {
            redirect_back(&address, setup, &id, &asked.client_secret, paid)
        }
        Some(_) => page(include_str!("page/authenticated.html"), &[]),
    }
}

fn redirect_back(address: &str, setup: bool, id: &str, secret: &str, paid: bool) -> Response {
    let Ok(mut url) = url::Url::parse(address) else { return gone("The return_url is no address.") };
    let name = if setup { "setup_intent" } else { "payment_intent" };
    url.query_pairs_mut()
        .append_pair(name, id)
        .append_pair(&format!("{name}_client_secret"), secret)
        .append_pair("redirect_status", if paid { "succeeded" } else { "failed" });
    Redirect::to(url.as_str()).into_response()
}

/// Opens a link, once and in time; else its owner is sent to fetch a new one.
async fn onboarding(State(app): State<Arc<App>>, Path(secret): Path<String>) -> Response {
    let opened = app.act(Request::own(), |call| {
        let now = call.now;
        let link = call.store.links.get_mut(&secret)?;
        let good = !link.opened && now < link.expires_at;
        link.opened = true;
        Some((good, link.clone()))
    });
    match opened {
        None => gone("No such link."),
        Some((false, link)) => Redirect::to(&link.refresh_url).into_response(),
        Some((true, link)) => page(include_str!("page/onboarding.html"), &[("account", &link.account)]),
    }
}

async fn onboarded(
    State(app): State<Arc<App>>,
    Path(secret): Path<String>,
    Form(given): Form<Outcome>,
) -> Response {
    let back = app.act(Request::own(), |call| {
        let link = call.store.links.get(&secret).filter(|link| link.opened)?.clone();
        match given.outcome.as_str() {
            "complete" => accounts::onboard(call, &link.account, true),
            "pending" => accounts::onboard(call, &link.account, false),
            _ => {}
        }
        Some(link.return_url)
    });
    back.map_or_else(|| gone("No such link."), |address| Redirect::to(&address).into_response())
}

async fn receipt(State(app): State<Arc<App>>, Path(id): Path<String>) -> Response {
    let charge = app.act(Request::own(), |call| call.copy(&id));
    if charge["object"] != "charge" {
        return gone("No such receipt.");
    }
    let currency = text(&charge, "currency");
    let card = &charge["payment_method_details"]["card"];
    let paid = money::display(number(&charge, "amount_captured"), &currency);
    let refunded = money::display(number(&charge, "amount_refunded"), &currency);
    let with = format!("{} •••• {}", text(card, "brand"), text(card, "last4"));
    page(
        include_str!("page/receipt.html"),
        &[("id", &id), ("paid", &paid), ("refunded", &refunded), ("card", &with)],
    )
}
