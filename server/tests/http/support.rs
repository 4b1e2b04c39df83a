//! The real server on a free port with a database of its own, and a program that talks to it.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;

use leptos::config::{Env, LeptosOptions};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use services::{Services, clock::Clock, config::Config, live::Bus, payment::provider::Provider};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::sync::watch;

/// Monday 1 March 2027, 08:00 UTC: where the clock stands.
pub const NOW: &str = "2027-03-01T08:00:00Z";

/// A password that satisfies the rules.
pub const PASSWORD: &str = "correct horse";

/// A server.
pub struct Site {
    /// `http://127.0.0.1:port`.
    pub base: String,
    pub services: Services,
    pub client: reqwest::Client,
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
    delivering: tokio::task::JoinHandle<()>,
}

/// Starts a server of development whose clock stands at [`NOW`], without rate limits.
pub async fn start(pool: &PgPool) -> Site {
    start_with(pool, &[("RATE_LIMITS", "off")]).await
}

/// The same with variables of the environment.
pub async fn start_with(pool: &PgPool, vars: &[(&str, &str)]) -> Site {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let config = Config::read(|name| match name {
        "PUBLIC_URL" if !vars.iter().any(|(known, _)| *known == "PUBLIC_URL") => Some(base.clone()),
        name => vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
    });
    let config = config.expect("a configuration");
    let options = (*pool.connect_options()).clone();
    let db = PgPoolOptions::new().max_connections(20).connect_with(options).await.expect("a pool");
    let clock = if config.is_development() { Clock::settable() } else { Clock::real() };
    if config.is_development() {
        let now = NOW.parse().expect("an instant");
        clock.set(&db, Some(now)).await.expect("the clock");
    }
    let payments = config.stripe.as_ref().map(|stripe| Provider::new(stripe).expect("an address"));
    services::jobs::migrate(&db).await.expect("the queue");
    let live = Bus::start(db.clone(), config.nats.as_ref()).await.expect("the bus");
    let services = Services::new(db, clock, config, Arc::new(live), payments);
    let (stop, stopping) = watch::channel(false);
    let app = server::router::router(services.clone(), site_options(), stopping.clone());
    let delivering = tokio::spawn(server::run::note_deliveries(services.clone(), stopping.clone()));
    let serving = tokio::spawn(server::listen::serve(listener, app, server::run::until(stopping)));
    let no_redirects = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().redirect(no_redirects).build().expect("a client");
    Site { base, services, client, stop, serving, delivering }
}

fn site_options() -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("lectern")
        .site_root(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/site"))
        .site_pkg_dir("pkg")
        .hash_files(true)
        .env(Env::DEV)
        .build()
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// `data` of a success.
    pub fn data(&self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], "success", "{body}");
        body["data"].clone()
    }

    /// `error` of a failure, whose frame is checked.
    pub fn error(&self) -> Value {
        let body = self.json();
        assert_eq!(body["status"], "error", "{body}");
        let error = &body["error"];
        assert!(error["code"].is_string() && error["details"].is_object(), "{body}");
        assert!(error["message"].as_str().is_some_and(|text| text.len() > 10), "{body}");
        assert_eq!(error["request_id"].as_str(), self.header("x-request-id"), "{body}");
        error.clone()
    }

    /// Checks the status and code of a failure.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let error = self.error();
        assert_eq!((self.status.as_u16(), error["code"].as_str()), (status, Some(code)), "{self:?}");
        error
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Sends a request.
pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.expect("a text") }
}

impl Site {
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path)).await
    }

    pub async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        send(self.request(method, path).json(&body)).await
    }

    /// Moves the clock of all servers on the database.
    pub async fn set_clock(&self, now: &str) {
        let answer = self.call("PUT", "/dev/clock", json!({ "now": now })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Registers a person and signs them in.
    pub async fn person(&self, name: &str, role: &str) -> Person<'_> {
        let email = format!("{}@example.org", name.to_lowercase().replace(' ', "."));
        let body = json!({
            "email": email, "password": PASSWORD, "name": name, "role": role, "time_zone": "Europe/Paris",
        });
        let me = self.call("POST", "/api/v2/auth/register", body).await;
        assert_eq!(me.status, 201, "{me:?}");
        self.sign_in(me.data()).await
    }

    async fn sign_in(&self, me: Value) -> Person<'_> {
        let body = json!({ "email": me["email"], "password": PASSWORD });
        let tokens = self.call("POST", "/api/v2/auth/token", body).await.data();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let (token, refresh) = (text(&tokens["access_token"]), text(&tokens["refresh_token"]));
        Person { site: self, me, token, refresh }
    }

    /// A tutor who can be booked: Mondays to Sundays 09:00–17:00 UTC, 60 minutes for 25.00 EUR.
    pub async fn tutor(&self, name: &str) -> Person<'_> {
        let tutor = self.person(name, "tutor").await;
        let base = tutor.tutor_path();
        for (part, body) in [("profile", profile()), ("availability", hours()), ("offerings", offerings())] {
            let answer = tutor.call("PUT", &format!("{base}/{part}"), body).await;
            assert_eq!(answer.status, 200, "{part}: {answer:?}");
        }
        tutor
    }

    /// Stops the server and waits for it.
    pub async fn stop(self) {
        self.stop.send(true).expect("somebody listens");
        self.serving.await.expect("it served");
        self.delivering.await.expect("it ended");
        self.services.db.close().await;
    }

    /// Says that the server should stop, and goes on.
    pub fn tell_to_stop(&self) {
        self.stop.send(true).expect("somebody listens");
    }
}

pub fn profile() -> Value {
    json!({
        "university": "Sorbonne", "degree": "Master of Law", "field": "LAW", "current_year": 3,
        "bio": "I teach contract law with examples from daily life, slowly and with patience.",
    })
}

pub fn hours() -> Value {
    let weekly: Vec<Value> =
        (0..7).map(|day| json!({ "weekday": day, "start": "09:00", "end": "17:00" })).collect();
    json!({ "time_zone": "UTC", "weekly": weekly, "overrides": [] })
}

pub fn offerings() -> Value {
    json!([{ "title": "Contract law", "durations": [60], "prices": { "60": 2500 }, "currency": "EUR" }])
}

/// A signed-in person.
pub struct Person<'a> {
    site: &'a Site,
    pub me: Value,
    pub token: String,
    pub refresh: String,
}

impl<'a> Person<'a> {
    /// The same person with tokens of the present hour.
    pub async fn again(&self) -> Person<'a> {
        self.site.sign_in(self.me.clone()).await
    }

    pub fn id(&self) -> &str {
        self.me["id"].as_str().expect("an id")
    }

    pub fn tutor_id(&self) -> &str {
        self.me["tutor_id"].as_str().expect("a tutor's id")
    }

    /// `/api/v2/tutors/{id}`.
    pub fn tutor_path(&self) -> String {
        format!("/api/v2/tutors/{}", self.tutor_id())
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.site.request(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path)).await
    }

    pub async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        send(self.request(method, path).json(&body)).await
    }

    /// Calls without a body.
    pub async fn bare(&self, method: &str, path: &str) -> Answer {
        send(self.request(method, path)).await
    }

    /// Books an hour of a tutor.
    pub async fn book(&self, tutor: &Person<'_>, start: &str) -> Answer {
        let body = json!({ "tutor_id": tutor.tutor_id(), "start": start, "duration": 60 });
        self.call("POST", "/api/v2/bookings", body).await
    }
}
