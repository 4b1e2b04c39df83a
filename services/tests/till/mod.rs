//! A payment provider for tests: the sandbox, in this process, on a port of its own.
#![allow(dead_code, reason = "each test file uses its part")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{booking::Booking, reconcile::GRACE};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use services::{
    Actor, Services,
    config::StripeConfig,
    jobs, lesson,
    payment::{self, provider::Provider},
    payout,
    reconcile::{self, Listed},
    sweep,
    testing::{self, Tutor, at_hour, booked, now},
};
use sqlx::PgPool;

/// Services with a provider, a tutor and a student.
pub struct Till {
    pub services: Services,
    pub sandbox: Sandbox,
    pub tutor: Tutor,
    pub student: Actor,
    pub client: reqwest::Client,
}

/// What the sandbox's key opens.
pub fn config(sandbox: &Sandbox) -> StripeConfig {
    let options = Options::default();
    StripeConfig {
        secret_key: options.secret_key,
        publishable_key: options.publishable_key,
        webhook_secret: options.webhook_secret,
        api_base: Some(sandbox.url()),
        js_url: format!("{}/v3/", sandbox.url()),
    }
}

/// A browser that says where it is sent, and does not go there.
pub fn straight() -> reqwest::Client {
    let none = reqwest::redirect::Policy::none();
    reqwest::Client::builder().redirect(none).build().expect("a client")
}

/// Opens a till on an empty database.
pub async fn open(db: PgPool) -> Till {
    open_with(db, |_| ()).await
}

/// The same, with something else in what is configured of the provider.
pub async fn open_with(db: PgPool, change: impl FnOnce(&mut StripeConfig)) -> Till {
    jobs::migrate(&db).await.expect("the queue");
    let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
    let mut configured = config(&sandbox);
    change(&mut configured);
    let services = testing::services_with(db, Some(&configured));
    // Jobs go by the clock of the database: the machine's would be another one each day.
    services.clock.set(&services.db, Some(now())).await.expect("set");
    let tutor = testing::tutor(&services, "Tina").await;
    let student = testing::student(&services, "Sam").await;
    Till { services, sandbox, tutor, student, client: reqwest::Client::new() }
}

/// How long impatient servers wait for the provider. On a busy machine an answer may take longer without a reason: what
/// should succeed is done by others.
const PATIENCE: Duration = Duration::from_millis(400);

/// What goes wrong: the kind, the status that is answered, the milliseconds until the work or the answer.
pub type Fault = (&'static str, u16, u64);

/// Every way in which an answer is lost.
pub const FAULTS: [Fault; 9] = [
    ("drop_before", 0, 0),
    ("drop_after", 0, 0),
    ("error_before", 429, 0),
    ("error_before", 500, 0),
    ("error_before", 503, 0),
    ("error_after", 500, 0),
    ("error_after", 502, 0),
    // Longer than anybody waits: the answer comes too late, or the work itself does.
    ("delay", 0, 900),
    ("delay_before", 0, 900),
];

/// Does everything that is due, as a tick of a server does.
pub async fn tick(services: &Services) -> u64 {
    sweep::run(services).await.expect("swept");
    jobs::hand_out(services).await.expect("handed out");
    jobs::retry_now(services).await.expect("due");
    jobs::drain(services).await.expect("worked off")
}

impl Till {
    /// A server that waits less long.
    pub fn impatient(&self) -> Services {
        let provider = Provider::with(&config(&self.sandbox), None, PATIENCE).expect("an address");
        let own = &self.services;
        let (clock, config, live) = (own.clock.clone(), own.config.clone(), own.live.clone());
        Services::new(own.db.clone(), clock, config, live, Some(provider))
    }

    /// Lets a call go wrong once.
    pub async fn goes_wrong(&self, path: &str, (kind, status, delay_ms): Fault) {
        let status = status.max(400);
        self.fault(json!({ "path": path, "kind": kind, "status": status, "delay_ms": delay_ms })).await;
    }

    /// Another server on the same database and provider.
    pub fn second_server(&self) -> Services {
        let second = testing::services_with(self.services.db.clone(), Some(&config(&self.sandbox)));
        second.clock.show(Some(self.services.clock.now()));
        second
    }

    /// Gives the student a card.
    pub async fn card(&self, token: &str) -> payment::Card {
        payment::save_card(&self.services, &self.student, token, "I agree.").await.expect("a card")
    }

    /// An hour for 25 €, so many hours from now, to which both came.
    pub async fn taught(&self, hour: i64) -> Booking {
        let clock = async |at| self.services.clock.set(&self.services.db, Some(at)).await.expect("set");
        clock(now()).await;
        let booking = booked(&self.services, &self.student, &self.tutor, at_hour(hour)).await;
        clock(booking.start).await;
        for actor in [&self.student, &self.tutor.actor] {
            lesson::join(&self.services, actor, booking.id).await.expect("let in");
        }
        clock(booking.end).await;
        booking
    }

    /// Sets the clock of the platform, of its jobs and of the provider.
    pub async fn at(&self, now: DateTime<Utc>) {
        self.services.clock.set(&self.services.db, Some(now)).await.expect("set");
        let url = format!("{}/_control/clock", self.sandbox.url());
        let set = self.client.put(url).json(&json!({ "now": now })).send().await.expect("asked");
        assert!(set.status().is_success());
    }

    /// Opens a link of the provider's and goes through onboarding, which ends so; where the browser is then sent.
    pub async fn onboard(&self, link: &str, outcome: &str) -> String {
        let browser = straight();
        let page = browser.get(link).send().await.expect("asked");
        assert!(page.status().is_success(), "{link}: {}", page.status());
        let sent = browser.post(link).form(&[("outcome", outcome)]).send().await.expect("sent");
        sent.headers()["location"].to_str().expect("an address").to_owned()
    }

    /// Sets up the tutor's account, so that earnings can be paid out.
    pub async fn ready(&self, tutor: &Tutor) {
        let (services, actor) = (&self.services, &tutor.actor);
        let link = payout::begin_onboarding(services, actor, tutor.id, "/tutor/earnings").await;
        self.onboard(&link.expect("a link"), "complete").await;
        payout::look_again(services, actor, tutor.id).await.expect("looked up");
    }

    /// An hour for 25 € with a tutor on the next day, to which both come, and which is then charged where it can be.
    /// The clock stands at its end.
    pub async fn teach(&self, tutor: &Tutor) -> Booking {
        let start = at_hour(24 * ((self.services.clock.now() - now()).num_days() + 1) + 1);
        let booking = booked(&self.services, &self.student, tutor, start).await;
        self.at(booking.start).await;
        for actor in [&self.student, &tutor.actor] {
            lesson::join(&self.services, actor, booking.id).await.expect("let in");
        }
        self.at(booking.end).await;
        self.tick().await;
        booking
    }

    /// The provider's own staff asks for something.
    pub async fn elsewhere(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let url = format!("{}/v1/{path}", self.sandbox.url());
        let asked = self.client.post(url).bearer_auth(Options::default().secret_key).form(form);
        let answer = asked.send().await.expect("asked");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("an object")
    }

    /// Brings 50 € to the platform from elsewhere, available at once.
    pub async fn top_up(&self) {
        let form = [
            ("amount", "5000"),
            ("currency", "eur"),
            ("payment_method", "pm_card_bypassPending"),
            ("confirm", "true"),
            ("automatic_payment_methods[enabled]", "true"),
            ("automatic_payment_methods[allow_redirects]", "never"),
        ];
        self.elsewhere("payment_intents", &form).await;
    }

    /// Has the platform hear what the provider tells of by itself: its last event of a kind.
    pub async fn hear(&self, kind: &str) {
        let url = format!("{}/v1/events?limit=1&type={kind}", self.sandbox.url());
        let asked = self.client.get(url).bearer_auth(Options::default().secret_key);
        let list: Value = asked.send().await.expect("asked").json().await.expect("a list");
        let body = list["data"][0].to_string();
        assert_ne!(body, "null", "no {kind}");
        let secret = Options::default().webhook_secret;
        let signature = sandbox::webhooks::sign(&secret, self.services.clock.now().timestamp(), &body);
        payment::receive(&self.services, &signature, body.as_bytes()).await.expect("taken");
        self.tick().await;
    }

    /// Has the ledger compared with the provider's account once everything is past its time of grace: both have the
    /// same movements.
    pub async fn assert_reconciled(&self, admin: &Actor) {
        self.at(self.services.clock.now() + GRACE + GRACE).await;
        // What is due by then moves now, and not while the two are compared.
        self.tick().await;
        assert!(reconcile::run_now(&self.services, admin).await.expect("begun"));
        self.hand_out_and_drain().await;
        let differences = reconcile::list_differences(&self.services, admin, Listed::Open, 1).await;
        assert_eq!(differences.expect("listed").rows, []);
        let run = &reconcile::list_runs(&self.services, admin).await.expect("runs")[0];
        let lines = i64::try_from(self.counted("balance_transactions").await).expect("a number");
        assert!(run.finished_at.is_some() && run.lines == lines && lines > 0, "{run:?}, {lines} lines");
    }

    /// Does everything that is due, as a tick does.
    pub async fn tick(&self) -> u64 {
        tick(&self.services).await
    }

    /// Hands out what is due and runs each job once: one that fails waits for another try.
    pub async fn hand_out_and_drain(&self) {
        jobs::hand_out(&self.services).await.expect("handed out");
        jobs::drain(&self.services).await.expect("worked off");
    }

    /// The student's own explanation of a charge.
    pub async fn explained(&self, booking: &Booking) -> payment::Explanation {
        payment::explain(&self.services, &self.student, booking.id).await.expect("an explanation")
    }

    /// Lets something go wrong at the provider.
    pub async fn fault(&self, fault: Value) {
        let url = format!("{}/_control/faults", self.sandbox.url());
        let planned = self.client.post(url).json(&fault).send().await.expect("planned");
        assert!(planned.status().is_success(), "{fault}");
    }

    /// What the provider lists, the newest first, such as `accounts`.
    pub async fn listed(&self, kind: &str) -> Vec<Value> {
        self.page(&format!("{kind}?limit=100")).await
    }

    /// The provider's last messages of a kind, the newest first.
    pub async fn events(&self, kind: &str) -> Vec<Value> {
        self.page(&format!("events?limit=100&type={kind}")).await
    }

    async fn page(&self, path: &str) -> Vec<Value> {
        let url = format!("{}/v1/{path}", self.sandbox.url());
        let asked = self.client.get(url).bearer_auth(Options::default().secret_key);
        let list: Value = asked.send().await.expect("asked").json().await.expect("an object");
        list["data"].as_array().unwrap_or_else(|| panic!("no list of {path}: {list}")).clone()
    }

    /// How many objects of a kind the provider has, such as `payment_intents`.
    pub async fn counted(&self, kind: &str) -> u64 {
        let url = format!("{}/_control/state", self.sandbox.url());
        let state: Value = self.client.get(url).send().await.expect("asked").json().await.expect("an object");
        state[kind].as_u64().unwrap_or_else(|| panic!("no {kind} in {state}"))
    }
}

/// A fault at the creation of payments.
pub fn at_payments(kind: &str, status: u16) -> Value {
    json!({ "method": "POST", "path": "/v1/payment_intents", "kind": kind, "status": status, "times": 1 })
}
