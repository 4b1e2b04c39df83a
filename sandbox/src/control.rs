//! The control address: what a test or the product's development server tells the sandbox itself.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post, put},
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::{App, Request},
    faults::Fault,
    webhooks::{self, Manner, Order},
};

/// `/_control/…`
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/clock", get(clock).put(set_clock))
        .route("/faults", get(faults).post(plan).delete(clear_faults))
        .route("/latency", put(set_latency))
        .route("/webhooks", get(webhooks_report).put(set_manner))
        .route("/webhooks/release", post(release))
        .route("/webhooks/resend", post(resend))
        .route("/state", get(state))
        .route("/reset", post(reset))
        .route("/leases/{holder}", put(take_lease).delete(give_lease_back))
}

#[derive(Deserialize)]
struct Now {
    now: Option<DateTime<Utc>>,
}

async fn clock(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({ "now": app.clock.now() }))
}

/// Sets the clock, and lets everything happen whose time has come.
async fn set_clock(State(app): State<Arc<App>>, Json(body): Json<Now>) -> Json<Value> {
    app.clock.set(body.now);
    app.act(Request::own(), |_| ());
    clock(State(app)).await
}

async fn faults(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({ "faults": app.faults.planned(), "latency_ms": app.faults.latency().as_millis() }))
}

async fn plan(State(app): State<Arc<App>>, Json(fault): Json<Fault>) -> Json<Value> {
    app.faults.plan(fault);
    faults(State(app)).await
}

async fn clear_faults(State(app): State<Arc<App>>) -> Json<Value> {
    app.faults.clear();
    faults(State(app)).await
}

#[derive(Deserialize)]
struct Latency {
    ms: u64,
}

async fn set_latency(State(app): State<Arc<App>>, Json(body): Json<Latency>) -> Json<Value> {
    app.faults.set_latency(body.ms);
    faults(State(app)).await
}

async fn webhooks_report(State(app): State<Arc<App>>) -> Json<Value> {
    Json(app.deliveries.report())
}

async fn set_manner(State(app): State<Arc<App>>, Json(manner): Json<Manner>) -> Json<Value> {
    app.deliveries.set_manner(manner);
    webhooks_report(State(app)).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Release {
    order: Order,
}

async fn release(State(app): State<Arc<App>>, Json(body): Json<Release>) -> Json<Value> {
    let released = app.deliveries.release(&app, body.order).await;
    Json(json!({ "released": released }))
}

#[derive(Deserialize)]
struct Resend {
    event: String,
}

/// Delivers an event once more, as Stripe's dashboard can.
async fn resend(State(app): State<Arc<App>>, Json(body): Json<Resend>) -> Result<Json<Value>, StatusCode> {
    let found = app.act(Request::own(), |call| call.copy(&body.event));
    if found["object"] != "event" {
        return Err(StatusCode::NOT_FOUND);
    }
    webhooks::dispatch(&app, vec![found]);
    Ok(Json(json!({ "sent": body.event })))
}

/// How many objects there are, of each kind and each status of an intent, and the sums of the balance.
async fn state(State(app): State<Arc<App>>) -> Json<Value> {
    let state = app.act(Request::own(), |call| {
        let mut counts = call.store.counts();
        for (kind, name) in [("pi", "payment_intents_by_status"), ("seti", "setup_intents_by_status")] {
            let mut by_status = std::collections::BTreeMap::<String, u64>::new();
            for row in call.store.all(kind) {
                *by_status.entry(row["status"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            }
            counts[name] = json!(by_status);
        }
        counts
    });
    Json(state)
}

/// Someone uses the sandbox.
#[derive(Deserialize)]
struct Lease {
    /// Whose sandbox they take it for.
    #[serde(default)]
    name: String,
    webhook_url: Option<String>,
    /// Their clock, where it is set; a server that follows another's says it with each renewal.
    now: Option<DateTime<Utc>>,
}

/// Takes or renews a lease, and goes by its holder's clock.
async fn take_lease(
    State(app): State<Arc<App>>,
    Path(holder): Path<String>,
    Json(lease): Json<Lease>,
) -> StatusCode {
    if lease.name != app.options.name {
        return StatusCode::CONFLICT;
    }
    app.leases.take(holder, lease.webhook_url);
    app.clock.set(lease.now);
    app.act(Request::own(), |_| ());
    StatusCode::NO_CONTENT
}

/// Ends a lease. The last one ends the sandbox, where it lives by leases.
async fn give_lease_back(State(app): State<Arc<App>>, Path(holder): Path<String>) -> StatusCode {
    if app.leases.give_back(&holder) && app.options.leased {
        app.end.notify_one();
    }
    StatusCode::NO_CONTENT
}

async fn reset(State(app): State<Arc<App>>) -> StatusCode {
    app.reset();
    StatusCode::NO_CONTENT
}
