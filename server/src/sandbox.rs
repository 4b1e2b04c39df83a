//! The payment provider of development: the sandbox of this repository, started as a child process where no Stripe key
//! is set. Servers on one database share one; it lives as long as one of them does, and its state is kept with the data.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde_json::json;
use services::{
    Services, chance,
    clock::Clock,
    config::{Config, StripeConfig},
    payment::sandbox::{Place, place},
};
use sqlx::PgPool;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    task::JoinHandle,
};
use uuid::Uuid;

/// How long the sandbox may take to start.
const START: Duration = Duration::from_secs(30);

/// How long it may take to answer.
const ANSWER: Duration = Duration::from_secs(3);

/// How often a lease is renewed: well within its life of 10 s.
const RENEW: Duration = Duration::from_secs(2);

/// What its messages are signed with: it moves no money.
const WEBHOOK_SECRET: &str = "whsec_of_development_known_to_all";

/// Our share in the sandbox of the database.
pub struct Share {
    lease: Lease,
    renewing: JoinHandle<()>,
}

/// What it takes to hold a lease, and to start the sandbox again should it have died.
#[derive(Clone)]
struct Lease {
    client: reqwest::Client,
    db: PgPool,
    clock: Clock,
    data: PathBuf,
    webhook_url: String,
    holder: Uuid,
    name: Uuid,
    url: String,
}

/// Finds the database's sandbox, or starts it. `None` in production, with a Stripe key, and where the program is
/// missing, which is said once.
///
/// # Errors
/// Where the database cannot be read.
pub async fn share(config: &Config, db: &PgPool, clock: &Clock) -> services::Result<Option<Share>> {
    if !config.is_development() || config.stripe.is_some() {
        return Ok(None);
    }
    let mut lease = Lease {
        client: reqwest::Client::builder().timeout(ANSWER).build().unwrap_or_default(),
        db: db.clone(),
        clock: clock.clone(),
        data: config.database.data.clone(),
        webhook_url: format!("http://127.0.0.1:{}/api/stripe/webhook", config.web.addr.port()),
        holder: chance::id(),
        name: Uuid::nil(),
        url: String::new(),
    };
    match lease.find_or_start().await? {
        Ok((name, url)) => (lease.name, lease.url) = (name, url),
        Err(problem) => {
            tracing::warn!(%problem, "no payment sandbox: lessons are not charged; run: cargo build -p sandbox");
            return Ok(None);
        }
    }
    let renewing = tokio::spawn(renew(lease.clone()));
    Ok(Some(Share { lease, renewing }))
}

impl Share {
    /// How it is spoken to.
    #[must_use]
    pub fn stripe(&self) -> StripeConfig {
        let url = &self.lease.url;
        StripeConfig {
            secret_key: "sk_test_sandbox".to_owned(),
            publishable_key: "pk_test_sandbox".to_owned(),
            webhook_secret: WEBHOOK_SECRET.to_owned(),
            js_url: format!("{url}/v3/"),
            api_base: Some(url.clone()),
        }
    }

    /// Gives our share up. The sandbox ends with the last one.
    pub async fn give_up(self) {
        self.renewing.abort();
        let address = self.lease.address(&self.lease.url);
        // Whether it heard us or is gone already: it ends by itself when it hears nothing.
        let _ = self.lease.client.delete(address).send().await;
    }
}

impl Lease {
    fn address(&self, url: &str) -> String {
        format!("{url}/_control/leases/{}", self.holder)
    }

    /// Takes or renews the lease; whether there is a sandbox of this name.
    async fn take(&self, url: &str, name: Uuid) -> bool {
        let shown = || self.clock.stands().then(|| self.clock.now());
        loop {
            let now = shown();
            let body = json!({ "name": name.to_string(), "webhook_url": self.webhook_url, "now": now });
            let answer = self.client.put(self.address(url)).json(&body).send().await;
            // Set meanwhile, by us or by another server, it may have been told so before it was told this.
            let _ = self.clock.follow(&self.db).await;
            if shown() == now {
                return answer.is_ok_and(|answer| answer.status().is_success());
            }
        }
    }

    /// Name and address of the sandbox, whose lease is then ours; or why there is none.
    async fn find_or_start(&self) -> services::Result<Result<(Uuid, String), std::io::Error>> {
        let place = place(&self.db).await?;
        let port = place.port;
        if let Some(url) = port.map(url_of)
            && self.take(&url, place.name).await
        {
            return Ok(Ok((place.name, url)));
        }
        // The former port first: pages and servers may know it.
        let started = match start(&place, &self.data, port.unwrap_or(0)).await {
            Err(_) if port.is_some() && self.url.is_empty() => start(&place, &self.data, 0).await,
            started => started,
        };
        let port = match started {
            Ok(port) => port,
            Err(problem) => return Ok(Err(problem)),
        };
        let (url, name) = (url_of(port), place.name);
        place.settle(port).await?;
        tracing::info!(url, "the payment sandbox is started");
        Ok(if self.take(&url, name).await {
            Ok((name, url))
        } else {
            Err(std::io::Error::other("it ended at once"))
        })
    }
}

fn url_of(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Starts the program that lies beside this one; the port on which it listens. It is not in our group of processes: it
/// ends when nobody uses it, not when someone stops one of us.
async fn start(place: &Place, data: &Path, port: u16) -> std::io::Result<u16> {
    let program = std::env::current_exe()?.with_file_name("sandbox");
    let name = place.name.to_string();
    let mut process = Command::new(program)
        .args(["--leased", "--webhook-secret", WEBHOOK_SECRET, "--name", &name, "--addr"])
        .arg(SocketAddr::from(([127, 0, 0, 1], port)).to_string())
        .arg("--state")
        .arg(data.join("sandbox").join(format!("{name}.json")))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let gone = || std::io::Error::other("it ended before it listened");
    let mut output = BufReader::new(process.stdout.take().ok_or_else(gone)?);
    let mut line = String::new();
    tokio::time::timeout(START, output.read_line(&mut line)).await.map_err(std::io::Error::other)??;
    line.trim().rsplit(':').next().and_then(|port| port.parse().ok()).ok_or_else(gone)
}

/// Keeps the lease, and the sandbox alive.
async fn renew(lease: Lease) {
    loop {
        tokio::time::sleep(RENEW).await;
        if let Err(error) = lease.clock.follow(&lease.db).await {
            tracing::debug!(%error, "the clock is not followed");
        }
        if lease.take(&lease.url, lease.name).await {
            continue;
        }
        match lease.find_or_start().await {
            Ok(Ok(_)) => {}
            Ok(Err(problem)) => {
                tracing::warn!(%problem, "the payment sandbox ended and does not start again")
            }
            Err(error) => tracing::debug!(%error, "the payment sandbox is not looked for"),
        }
    }
}

/// Tells the sandbox the time of our clock: it dates and signs by it.
pub async fn follow_clock(services: &Services) {
    let now: Option<DateTime<Utc>> = services.clock.stands().then(|| services.clock.now());
    control(services, reqwest::Method::PUT, "clock", &json!({ "now": now })).await;
}

/// Lets the sandbox forget everything.
pub async fn reset(services: &Services) {
    control(services, reqwest::Method::POST, "reset", &json!({})).await;
}

/// Says something to a sandbox of development, ours or one that `STRIPE_API_BASE` names.
async fn control(services: &Services, method: reqwest::Method, what: &str, body: &serde_json::Value) {
    let stripe = services.config.stripe.as_ref().filter(|_| services.config.is_development());
    let Some(base) = stripe.and_then(|stripe| stripe.api_base.as_ref()) else { return };
    let asked = reqwest::Client::new()
        .request(method, format!("{base}/_control/{what}"))
        .timeout(ANSWER)
        .json(body)
        .send()
        .await;
    if let Err(error) = asked {
        tracing::warn!(%error, what, "the payment sandbox does not answer");
    }
}
