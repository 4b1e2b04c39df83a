//! Charging: many due lessons against a payment provider that takes its time, what a look for due work costs, and the
//! queue of jobs beside what Postgres alone can do.

use std::{
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use domain::{
    account::{Language, Role},
    ids::UserId,
    zone::Zone,
};
use serde_json::{Value, json};
use services::{
    Actor, Services,
    config::StripeConfig,
    db,
    invariants::{self, Violations},
    jobs, payment, sweep, testing,
};
use sqlx::PgPool;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::oneshot,
    time::sleep,
};
use uuid::Uuid;

use crate::{
    Outcome,
    cpu::{Meter, Watched},
    database::{Databases, Name},
    fixture, http,
    pgbench::{self, CLAIM},
    process::{self},
    report::Row,
};

/// The rows of the table.
const ALL_CHARGED: &str = "10,000 due lessons settled and charged";
const CLAIM_P99: &str = "a tick's claim, p99";
const IDLE_JOBS: &str = "jobs that do nothing, one worker";
const LOOK: &str = "a look for due lessons beside so many open ones, p99";

/// The lessons, and what is made of copies of them.
const LESSONS: Name = "bench_lessons";
const CHARGED: Name = "bench_charged";

/// How many lessons are due.
const DUE: i32 = 10_000;
/// Lessons that were charged before: without them the planner knows of empty tables only, as in a platform's first
/// minute.
const BEFORE: i32 = 500;
/// When all of them must be charged.
const WITHIN: Duration = Duration::from_secs(60);
/// How long the provider thinks.
const THINKS_MS: u64 = 50;
/// A claim must take less.
const CLAIM_WITHIN_MS: f64 = 20.0;
/// Open lessons beside which a look for due ones is measured.
const OPEN: [i32; 3] = [1_000, 10_000, 100_000];
/// The number of the first lesson that was charged before.
const FIRST_BEFORE: i32 = 1_000_000;
/// Looks that are measured.
const LOOKS: usize = 200;
/// Jobs that do nothing.
const JOBS: i32 = 20_000;
/// How long pgbench claims.
const CLAIMS: Duration = Duration::from_secs(4);

/// A payment provider, ended with the last of these.
#[derive(Clone)]
pub struct Provider {
    _process: Arc<Child>,
    /// What opens it.
    pub stripe: StripeConfig,
}

impl Provider {
    /// Starts the sandbox that lies beside the server.
    pub async fn start(server: &Path) -> Outcome<Self> {
        let program = server.with_file_name("sandbox");
        let mut process = Command::new(&program)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let output = process.stdout.take().ok_or("a sandbox without output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).await?;
        let url = line.trim().rsplit(' ').next().filter(|url| url.starts_with("http")).ok_or("no address")?;
        let stripe = StripeConfig {
            secret_key: "sk_test_sandbox".into(),
            publishable_key: "pk_test_sandbox".into(),
            webhook_secret: "whsec_sandbox".into(),
            api_base: Some(url.to_owned()),
            js_url: format!("{url}/v3/"),
        };
        Ok(Provider { _process: Arc::new(process), stripe })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        self.stripe.api_base.as_deref().unwrap_or_default()
    }

    /// The same as an address.
    pub fn addr(&self) -> Outcome<SocketAddr> {
        Ok(self.url().trim_start_matches("http://").parse()?)
    }

    /// Posts a form with the secret key.
    pub async fn post(&self, path: &str, form: String) -> Outcome<(u16, Bytes)> {
        let addr = self.addr()?;
        http::once(addr, http::form(addr, path, &self.stripe.secret_key, form)?).await
    }

    /// Says something to its control address.
    pub async fn control(&self, method: &str, what: &str, body: Option<Value>) -> Outcome<Value> {
        let addr = self.addr()?;
        let (status, answer) =
            http::once(addr, http::json(addr, method, &format!("/_control/{what}"), body)?).await?;
        match status {
            200 => Ok(serde_json::from_slice(&answer)?),
            status => Err(format!("the sandbox answers {status} to {what}").into()),
        }
    }
}

/// Measures.
pub async fn rows(
    databases: &Databases,
    server: &Path,
    scratch: &Path,
    now: DateTime<Utc>,
) -> Outcome<Vec<Row>> {
    let provider = Provider::start(server).await?;
    databases.create(LESSONS).await?;
    let pool = connect(databases).await?;
    jobs::migrate(&pool).await?;
    fixture::teachers(&pool, now).await?;
    let working = services(&pool, &provider, now).await?;
    give_cards(&working).await?;
    fixture::lessons(&pool, now, FIRST_BEFORE..=FIRST_BEFORE + BEFORE - 1, true).await?;
    sweep::run(&working).await?;
    jobs::hand_out(&working).await?;
    jobs::drain(&working).await?;
    drop(working);
    fixture::lessons(&pool, now, 1..=DUE, true).await?;
    pool.close().await;
    databases.copy(LESSONS, CHARGED).await?;
    databases.settle(CHARGED).await?;
    let charged = charge_all(databases, &provider, server, scratch).await.map(|row| vec![row]);
    let pool = connect(databases).await?;
    let services = services(&pool, &provider, now).await?;
    let claimed = claim_all(&services).await.map(|row| vec![row]);
    let queue = queue(&services, databases, scratch).await;
    let grown = grow(&services, now).await;
    pool.close().await;
    let parts = [(ALL_CHARGED, charged), (CLAIM_P99, claimed), (IDLE_JOBS, queue), (LOOK, grown)];
    let rows = parts.into_iter().flat_map(|(what, part)| {
        part.unwrap_or_else(|error| vec![Row::missing(what, "–", error.to_string())])
    });
    Ok(rows.collect())
}

/// As many connections as a server has.
async fn connect(databases: &Databases) -> Outcome<PgPool> {
    Ok(db::connect(databases.options(LESSONS), 20).await?)
}

/// Use cases in this process, at the same instant as everything else.
async fn services(pool: &PgPool, provider: &Provider, now: DateTime<Utc>) -> Outcome<Services> {
    let services = testing::services_with(pool.clone(), Some(&provider.stripe));
    services.clock.set(pool, Some(now)).await?;
    Ok(services)
}

/// A card for every student.
async fn give_cards(services: &Services) -> Outcome {
    let students: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM users WHERE role = 'student'").fetch_all(&services.db).await?;
    for student in students {
        let actor = Actor {
            user: UserId(student),
            role: Role::Student,
            tutor: None,
            name: String::new(),
            zone: Zone::UTC,
            language: Language::En,
        };
        payment::save_card(services, &actor, "pm_card_visa", "Agreed for the benchmark.").await?;
    }
    Ok(())
}

/// Starts a server on lessons that are due, and waits until all are charged.
async fn charge_all(
    databases: &Databases,
    provider: &Provider,
    server: &Path,
    scratch: &Path,
) -> Outcome<Row> {
    let (url, api) = (databases.url(CHARGED), provider.url());
    provider.control("PUT", "latency", Some(json!({ "ms": THINKS_MS }))).await?;
    let environment = [
        ("LECTERN_ENV", "development"),
        ("LOG_LEVEL", "warn"),
        ("RATE_LIMITS", "off"),
        ("DATABASE_URL", &*url),
        ("STRIPE_SECRET_KEY", "sk_test_sandbox"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_test_sandbox"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_sandbox"),
        ("STRIPE_API_BASE", api),
        ("STRIPE_JS_URL", api),
    ];
    let pool = databases.pool(CHARGED).await?;
    let began = Instant::now();
    let running = process::start(server, &["serve"], &environment, &scratch.join("charged.log")).await?;
    let meter = Meter::start(Watched { server: running.pid, postgres: databases.pid() });
    let paid = loop {
        let paid: i64 =
            sqlx::query_scalar("SELECT count(*) FROM charges WHERE state = 'paid'").fetch_one(&pool).await?;
        if paid == i64::from(DUE + BEFORE) || began.elapsed() > 2 * WITHIN {
            break paid;
        }
        sleep(Duration::from_millis(200)).await;
    };
    let took = began.elapsed();
    let used = meter.read();
    running.stop().await?;
    provider.control("PUT", "latency", Some(json!({ "ms": 0 }))).await?;
    let state = provider.control("GET", "state", None).await?;
    let payments = state["payment_intents"].as_i64().unwrap_or_default();
    let found = invariants::count(&services(&pool, provider, testing::now()).await?).await?;
    pool.close().await;
    let all = i64::from(DUE + BEFORE);
    if (paid, payments) != (all, all) || found != Violations::default() {
        return Err(format!("{paid} of {all} charged with {payments} payments; {found:?}").into());
    }
    Ok(Row::judged(
        ALL_CHARGED,
        format!("{:.1} s", took.as_secs_f64()),
        "< 60 s",
        took < WITHIN,
        format!(
            "from the start of one server, on a database with {BEFORE} lessons charged before; the sandbox answers after {THINKS_MS} ms, no limit on calls; as many \
             payments as lessons and no invariant broken at the end; {used}, the sandbox among the others"
        ),
    ))
}

/// Settles all lessons, then claims their charges, as each tick does.
async fn claim_all(services: &Services) -> Outcome<Row> {
    sweep::run(services).await?;
    let mut took = Vec::new();
    let mut claimed = 0;
    loop {
        let began = Instant::now();
        let batch = payment::hand_out_batch(services).await?.len();
        if batch == 0 {
            break;
        }
        took.push(began.elapsed());
        claimed += batch;
    }
    if claimed != usize::try_from(DUE)? {
        return Err(format!("{claimed} of {DUE} charges were claimed").into());
    }
    let p99 = per_mille(&mut took, 990);
    Ok(Row::judged(
        CLAIM_P99,
        format!("{p99:.1} ms"),
        "< 20 ms",
        p99 < CLAIM_WITHIN_MS,
        format!(
            "{} transactions, each of which takes {} due charges and puts their jobs into the queue, until {DUE} \
             are taken; p50 {:.1} ms",
            took.len(),
            claimed / took.len().max(1),
            per_mille(&mut took, 500)
        ),
    ))
}

/// The queue with jobs that do nothing, beside pgbench, which takes rows of a table ten at a time.
async fn queue(services: &Services, databases: &Databases, scratch: &Path) -> Outcome<Vec<Row>> {
    sqlx::raw_sql(
        "DELETE FROM graphile_worker._private_jobs;
         UPDATE outbox SET dispatched_at = created_at;
         CREATE TABLE bench_jobs AS SELECT n AS id, md5(n::text) AS payload FROM generate_series(1, 2000000) AS n;
         ALTER TABLE bench_jobs ADD PRIMARY KEY (id)",
    )
    .execute(&services.db)
    .await?;
    sqlx::query(
        "SELECT count(graphile_worker.add_job('send_mail', json_build_object(
             'correlation_id', gen_random_uuid(), 'job', json_build_object('mail', gen_random_uuid()))))
         FROM generate_series(1, $1)",
    )
    .bind(JOBS)
    .execute(&services.db)
    .await?;
    databases.settle(LESSONS).await?;
    let (stop, stopping) = oneshot::channel::<()>();
    let working = services.clone();
    let began = Instant::now();
    let worker = tokio::spawn(async move {
        jobs::work(&working, async move {
            let _ = stopping.await;
        })
        .await
    });
    while jobs::counts(services).await?.waiting > 0 {
        if began.elapsed() > WITHIN {
            return Err("the queue does not get empty".into());
        }
        sleep(Duration::from_millis(50)).await;
    }
    let rate = f64::from(JOBS) / began.elapsed().as_secs_f64();
    let _ = stop.send(());
    worker.await?;
    let floor = pgbench::run(CLAIM, &databases.options(LESSONS), 0, CLAIMS, scratch).await?.rate() * 10.0;
    Ok(vec![Row::told(
        IDLE_JOBS,
        format!("{rate:.0}/s"),
        format!(
            "taken one by one by graphile_worker with all that makes a job of ours, {:.0} % of pgbench, which takes \
             rows ten at a time and does nothing else ({floor:.0}/s); a charge waits for its provider a hundred \
             times as long",
            100.0 * rate / floor
        ),
    )])
}

/// What a look for due lessons costs as the open ones become more.
async fn grow(services: &Services, now: DateTime<Utc>) -> Outcome<Vec<Row>> {
    let mut figures = Vec::new();
    let mut made = 0;
    for open in OPEN {
        fixture::lessons(&services.db, now, DUE + made + 1..=DUE + open, false).await?;
        made = open;
        sqlx::query("VACUUM ANALYZE bookings").execute(&services.db).await?;
        let mut took = Vec::new();
        for _ in 0..LOOKS {
            let began = Instant::now();
            let due = sweep::due_lessons(services).await?;
            took.push(began.elapsed());
            if !due.is_empty() {
                return Err(format!("{} lessons are due", due.len()).into());
            }
        }
        figures.push(format!("{open}: {:.2} ms", per_mille(&mut took, 990)));
    }
    Ok(vec![Row::told(LOOK, figures.join(", "), format!("{LOOKS} looks each, of which none finds any"))])
}

/// The time within which so many of a thousand were, milliseconds.
fn per_mille(took: &mut [Duration], share: usize) -> f64 {
    took.sort_unstable();
    let at = (took.len() * share).div_ceil(1000).saturating_sub(1);
    took.get(at).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
}
